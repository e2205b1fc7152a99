"""Know how one plain value of one member is shown: confirmed, counted, and in the log first."""

from __future__ import annotations

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.disclosing import about_to, checked_reason
from szunion.application.office import Office, one_commit
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.disclosures import DisclosureKind, Revealed
from szunion.domain.people import Person
from szunion.domain.values import PersonId
from szunion.errors import NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork


@frozen
class Reveals:
    """The desk at which a masked value is shown in plain (查看明文)."""

    office: Office
    by: Principal

    @one_commit
    def show(self, work: UnitOfWork, person: PersonId, what: Revealed, *, reason: str) -> str:
        """Return one value of a member in plain; by then it is counted and in the audit log.

        The member finds it in the list of who looked: each one is an entry about that person.

        Args:
            work: Given by the office.
            person: Whose.
            what: Which value.
            reason: What for; nothing personal.

        Raises:
            NotFound: the member is not there, or not within reach (E-ACCESS-002); or has no such
                value on file (E-REVEAL-001).
            NotAllowed: not confirmed by a second thing (E-ACCESS-008); or more than the day's
                number (E-REVEAL-002).
            InvalidInput: no reason, or a whole story (E-EXPORT-001).
        """
        scope = authorise(work, self.by, Operation.PERSON_REVEAL)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        words = checked_reason(reason)
        value = plain_value(self.office, work, scope, person, what)
        most = self.office.policy.access.reveals
        record = about_to(
            work, self.by, DisclosureKind.REVEAL, rows=1, reason=words, person=person,
            what=what.value,
        )  # fmt: skip
        if not work.disclosures.add(scope, record, most):
            raise NotAllowed("E-REVEAL-002", most=most)
        entry = AuditEntry(
            action="person.reveal", subject=record.id, person=person, after=what.value, reason=words
        )
        work.audit.add(scope, entry)
        return value


def plain_value(
    office: Office, work: UnitOfWork, scope: Scope, person: PersonId, what: Revealed
) -> str:
    """Return one value of somebody in plain: whoever asks has written it down.

    Raises:
        NotFound: there is no such file (E-ACCESS-002), or no such value in it (E-REVEAL-001).
    """
    file = work.people.get(scope, person)
    if file is None:
        raise NotFound("E-ACCESS-002")
    value = _value(office, work, scope, file, what)
    if value is None:
        raise NotFound("E-REVEAL-001", what=what.label, what_en=what.label_en)
    return value


def _value(
    office: Office, work: UnitOfWork, scope: Scope, file: Person, what: Revealed
) -> str | None:
    match what:
        case Revealed.DOCUMENT:
            return file.present.document.number.plain()
        case Revealed.MOBILE:
            return None if file.mobile is None else file.mobile.plain()
        case Revealed.CARD:
            kept = work.cards.current(scope, file.id, office.policy.cards.programme)
            return None if kept is None else kept.card.ref.token.plain()
