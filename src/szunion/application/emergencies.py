"""Know how a file is opened beyond one's reach in an emergency: by two, for an hour (破窗).

A grant is a proposal that a second person has confirmed: it names one document, opens one file to
one login, is told to the member at once, and ends by itself. Each use of it is written into the
log under its number. Nothing can be changed by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.disclosing import about_to, checked_reason
from szunion.application.masked import MaskedFile, masked_file
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide
from szunion.application.reveals import plain_value
from szunion.domain.access import Operation, Principal, Purpose, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.disclosures import DisclosureKind, Revealed
from szunion.domain.identity import IdentityDocument
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import PersonId
from szunion.errors import InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

_EMERGENCY: Final = "emergency.open"
_ENDED: Final = "ended"
"""Under which term stands when a grant was ended before its time."""
LONGEST: Final = timedelta(minutes=60)
"""How long a grant opens a file at most."""


@frozen(kw_only=True)
class Emergency:
    """A grant, or what waits to be one (应急查看). It does not say whether there is a file."""

    id: int
    by: str
    reason: str
    asked: datetime
    state: ProposalState
    confirmed_by: str | None
    until: datetime | None
    """When it ends; None: not confirmed."""


def _told(found: Proposal) -> Emergency:
    return Emergency(
        id=found.id, by=found.maker, reason=found.terms["reason"], asked=found.made,
        state=found.state, confirmed_by=found.checker, until=_until(found),
    )  # fmt: skip


def _until(found: Proposal) -> datetime | None:
    if found.state is not ProposalState.CONFIRMED or found.checked is None:
        return None
    until = found.checked + min(timedelta(minutes=int(found.terms["minutes"])), LONGEST)
    ended = found.terms.get(_ENDED)
    return until if ended is None else min(until, datetime.fromisoformat(ended))


@frozen
class Emergencies:
    """The desk at which the glass is broken (应急查看台)."""

    office: Office
    by: Principal

    @one_commit
    def ask(self, work: UnitOfWork, id_number: str, *, reason: str, minutes: int = 60) -> Emergency:
        """Ask for one file by the whole document number (申请); nothing is opened yet.

        The answer is the same whether there is such a file or not.

        Args:
            work: Given by the office.
            id_number: The whole number.
            reason: Why now and why here; nothing personal.
            minutes: For how long, from the confirmation on; 60 at most.

        Raises:
            InvalidInput: no reason (E-EXPORT-001), no such time (E-EMERGENCY-002), or the number
                is not well-formed (E-VALUE-002).
        """
        scope = authorise(work, self.by, Operation.EMERGENCY_ASK)
        if not timedelta(0) < timedelta(minutes=minutes) <= LONGEST:
            raise InvalidInput("E-EMERGENCY-002", most=LONGEST // timedelta(minutes=1))
        words = checked_reason(reason)
        document = IdentityDocument.read(id_number)
        who = work.people.find(self._everything(work), document) or PersonId(0)
        id_ = work.ids.new()
        asked = Proposal(
            id=id_, operation=_EMERGENCY, subject=id_, maker=self.by.id, made=work.now,
            terms={"person": str(who), "reason": words, "minutes": str(minutes)},
        )  # fmt: skip
        work.proposals.add(scope, asked)
        self._log(work, scope, "emergency.ask", asked, reason=words)
        return _told(asked)

    @one_commit
    def confirm(self, work: UnitOfWork, grant: int) -> Emergency:
        """Confirm, as another person of the city: the alarm goes out, and the hour begins.

        Raises:
            NotFound: there is nothing of the kind (E-ACCESS-002).
            NotAllowed: whoever asked, or acts for who asked, confirms (E-ACCESS-004).
        """
        scope = authorise(work, self.by, Operation.EMERGENCY_DECIDE)
        decided = decide(work, scope, grant, {_EMERGENCY})
        self._alarm(work, scope, decided)
        return _told(decided)

    @one_commit
    def refuse(self, work: UnitOfWork, grant: int) -> Emergency:
        """Refuse, as another person of the city."""
        scope = authorise(work, self.by, Operation.EMERGENCY_DECIDE)
        return _told(decide(work, scope, grant, {_EMERGENCY}, ProposalState.REFUSED))

    @one_commit
    def end(self, work: UnitOfWork, grant: int, *, why: str = "") -> Emergency:
        """End a grant before its time: whoever has it, or the city federation (提前关闭).

        The next use of it is refused. A second time does nothing.

        Raises:
            NotFound: it is not there, not the own, or was never confirmed (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.EMERGENCY_END)
        found = work.proposals.get(scope, grant)
        may = found is not None and (found.maker == self.by.id or self.by.role is Role.CITY)
        until = _until(found) if found is not None and may else None
        if found is None or found.operation != _EMERGENCY or until is None:
            raise NotFound("E-ACCESS-002")
        if until <= work.now:
            return _told(found)
        ended = evolve(found, terms={**found.terms, _ENDED: work.now.isoformat()})
        work.proposals.put_terms(scope, ended, found)
        self._log(work, scope, "emergency.end", ended, reason=why.strip()[:200])
        return _told(ended)

    @one_commit
    def file(self, work: UnitOfWork, grant: int) -> MaskedFile:
        """Return the file that a grant opens, masked; by then it is in the log (应急查看).

        Raises:
            NotAllowed: it is not the own grant, not confirmed, or over (E-EMERGENCY-001).
            NotFound: there is no such file (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.EMERGENCY_USE)
        found, who = self._opened(work, scope, grant)
        reading = self._everything(work)
        seen = masked_file(self.office, work, reading, reading, who)
        self._log(work, scope, "emergency.file", found)
        return seen

    @one_commit
    def reveal(self, work: UnitOfWork, grant: int, what: Revealed) -> str:
        """Return one plain value of the file that a grant opens, counted and in the log first.

        Raises:
            NotAllowed: as :meth:`file`; or more than the day's number (E-REVEAL-002).
            NotFound: there is no such file (E-ACCESS-002) or no such value (E-REVEAL-001).
        """
        scope = authorise(work, self.by, Operation.EMERGENCY_USE)
        found, who = self._opened(work, scope, grant)
        value = plain_value(self.office, work, self._everything(work), who, what)
        most = self.office.policy.access.reveals
        record = about_to(
            work, self.by, DisclosureKind.REVEAL, rows=1, reason=found.terms["reason"], person=who,
            what=what.value,
        )  # fmt: skip
        if not work.disclosures.add(scope, record, most):
            raise NotAllowed("E-REVEAL-002", most=most)
        self._log(work, scope, "emergency.reveal", found, after=what.value)
        return value

    @one_look
    def waiting(self, work: UnitOfWork) -> Sequence[Emergency]:
        """Return what waits for a second person, oldest first."""
        scope = authorise(work, self.by, Operation.EMERGENCY_READ)
        found = work.proposals.waiting(scope)
        return [_told(each) for each in found if each.operation == _EMERGENCY]

    @one_look
    def granted(self, work: UnitOfWork) -> Sequence[Emergency]:
        """Return every grant that was ever confirmed, oldest first: for those who look after it."""
        scope = authorise(work, self.by, Operation.EMERGENCY_READ)
        found = work.proposals.decided(scope, _EMERGENCY)
        return [_told(each) for each in found if each.state is ProposalState.CONFIRMED]

    # --- within -----------------------------------------------------------------------------

    def _opened(self, work: UnitOfWork, scope: Scope, grant: int) -> tuple[Proposal, PersonId]:
        found = work.proposals.get(scope, grant)
        mine = found is not None and (found.operation, found.maker) == (_EMERGENCY, self.by.id)
        until = None if found is None or not mine else _until(found)
        if found is None or until is None or work.now >= until:
            raise NotAllowed("E-EMERGENCY-001")
        who = PersonId(int(found.terms["person"]))
        if work.people.get(self._everything(work), who) is None:
            raise NotFound("E-ACCESS-002")
        return found, who

    def _alarm(self, work: UnitOfWork, scope: Scope, decided: Proposal) -> None:
        """Tell the member, in this commit; auditors find it in the log and in the list."""
        who = PersonId(int(decided.terms["person"]))
        if work.people.get(self._everything(work), who) is not None:
            words = {"minutes": decided.terms["minutes"]}
            work.messages.add(scope, who, "emergency.opened", words)
        self._log(work, scope, "emergency.alarm", decided, reason=decided.terms["reason"])

    def _everything(self, work: UnitOfWork) -> Scope:
        """Return the scope in which a file is read whole, after it was allowed to be read."""
        reader = Principal(id=self.by.id, role=Role.ENGINE, purpose=Purpose.OPERATE)
        return authorise(work, reader, Operation.BANK_DESK)

    def _log(  # noqa: PLR0913, PLR0917 - what an entry says
        self,
        work: UnitOfWork,
        scope: Scope,
        action: str,
        grant: Proposal,
        after: str = "",
        reason: str = "",
    ) -> None:
        entry = AuditEntry(
            action=action, subject=grant.id, person=PersonId(int(grant.terms["person"])),
            after=after or grant.state.value, reason=reason,
        )  # fmt: skip
        work.audit.add(scope, entry)
