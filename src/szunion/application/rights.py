"""Know how a person's requests about his or her own data are taken, checked and answered.

A request is asked for, the person is identified, and it is done or refused with a reason of the
table, within working days that a calendar counts. Everything here is at the person's own request:
an officer comes with that purpose, and what was handed out is in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from attrs import frozen

from szunion.application.access import authorise, second_person
from szunion.application.access_log import Looked, looked_at
from szunion.application.erasing import destroy, everyone, found_of, lines_of, still_open
from szunion.application.members import correct_file
from szunion.application.office import Office, one_commit, one_look
from szunion.application.own_copy import FOR_HEIRS, sections_of
from szunion.application.retention import MOST, Over, end, look_for
from szunion.application.rights_requests import (
    checked,
    done,
    kept,
    must_be,
    request_of,
    written,
    wrong_kind,
)
from szunion.application.working_days import working_day
from szunion.domain.access import Operation, Principal, Purpose, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.erasure_journal import journal_lines, read_journal
from szunion.domain.identity import IdentityDocument, Mobile, PersonName
from szunion.domain.own_copy import OwnCopy
from szunion.domain.rights import (
    OPEN,
    Erasure,
    ErasureLine,
    Refusal,
    RequestKind,
    RequestState,
    RightsRequest,
    StillOpen,
)
from szunion.domain.values import PersonId, shard_of
from szunion.errors import Conflict, InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork

_OWN: Final = frozenset({Role.MEMBER, Role.HEIR})
_PAGE: Final = 500


@frozen(kw_only=True)
class ErasurePreview:
    """What an erasure would do now (删除预览)."""

    against: tuple[StillOpen, ...]
    lines: tuple[ErasureLine, ...]


@frozen
class Rights:
    """The desk of a person's rights over his or her own data (个人信息权利)."""

    office: Office
    by: Principal

    # --- asking -----------------------------------------------------------------------------

    @one_commit
    def ask(
        self,
        work: UnitOfWork,
        person: PersonId,
        kind: RequestKind,
        *,
        wanted: Mapping[str, str] | None = None,
        paper: str = "",
    ) -> RightsRequest:
        """Take a request: the person's own in a portal, or a written one (提出请求).

        Asked in a portal, the person is identified by the login; a written one waits for that.

        Args:
            work: Given by the office.
            person: Whose data.
            kind: What is asked for.
            wanted: For a correction: ``name``, ``document`` or ``mobile``, as it should be.
            paper: The number of the written request; an officer must give it.

        Raises:
            NotAllowed: an officer comes for something else (E-ACCESS-007).
            NotFound: not within reach (E-ACCESS-002).
            InvalidInput: an officer names no paper (E-PRIVACY-004), a correction says nothing
                (E-PRIVACY-006), or what it says is malformed.
        """
        scope = self._scope(work, Operation.RIGHTS_ASK)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        own = self.by.role in _OWN
        if not own and not paper.strip():
            raise InvalidInput("E-PRIVACY-004")
        told = checked(wanted or {}) if kind is RequestKind.CORRECT else {}
        today, rules = self.office.clock.today(), self.office.policy.privacy
        limit = today + timedelta(days=rules.answer_limit_days)
        due = working_day(self.office.calendar, today, rules.answer_target_days)
        made = RightsRequest(
            id=work.ids.new(shard_of(person)), person=person, kind=kind, asked=work.now,
            made_by=self.by.id, due=min(due, limit), limit=limit, wanted=told, paper=paper.strip(),
        )  # fmt: skip
        if own:
            made = made.verified(self.by.id, "portal")
        work.requests.add(scope, made)
        written(work, scope, made, "rights.ask", made.paper or "portal")
        words = {
            "kind": kind.label, "kind_en": kind.label_en, "limit": made.limit.isoformat(),
        }  # fmt: skip
        work.messages.add(scope, person, "rights.asked", words)
        return made

    @one_commit
    def withdraw(self, work: UnitOfWork, request: int) -> RightsRequest:
        """Take a request back (撤回请求)."""
        scope = self._scope(work, Operation.RIGHTS_ASK)
        old = request_of(work, scope, request)
        return kept(work, scope, old, old.withdrawn(work.now), "rights.withdraw")

    # --- answering --------------------------------------------------------------------------

    @one_commit
    def verify(self, work: UnitOfWork, request: int, evidence: str) -> RightsRequest:
        """Note by what the person was identified, before anything is shown or done (核实身份)."""
        scope = self._scope(work, Operation.RIGHTS_ANSWER)
        old = request_of(work, scope, request)
        if not evidence.strip():
            raise InvalidInput("E-PRIVACY-007")
        new = old.verified(self.by.id, evidence.strip())
        return kept(work, scope, old, new, "rights.verify", evidence.strip())

    @one_commit
    def correct(self, work: UnitOfWork, request: int, *, paper: str) -> RightsRequest:
        """Correct what a verified request says, in the same commit (更正).

        Args:
            work: Given by the office.
            request: A request for a correction.
            paper: What shows that it is right: the number of the document, never its content.
        """
        scope = self._scope(work, Operation.RIGHTS_ANSWER)
        old = request_of(work, scope, request)
        must_be(old, RequestKind.CORRECT)
        writing = authorise(work, self.by, Operation.PERSON_WRITE)
        correct_file(
            work, writing, old.person, paper=paper,
            name=PersonName(old.wanted["name"]) if "name" in old.wanted else None,
            document=(
                IdentityDocument.read(old.wanted["document"]) if "document" in old.wanted else None
            ),
            mobile=Mobile.of(old.wanted["mobile"]) if "mobile" in old.wanted else None,
        )  # fmt: skip
        return done(work, scope, old, self.by, paper)

    @one_commit
    def answer(self, work: UnitOfWork, request: int, note: str) -> RightsRequest:
        """Note that a request for a copy or an explanation was answered (办结)."""
        scope = self._scope(work, Operation.RIGHTS_ANSWER)
        old = request_of(work, scope, request)
        if old.kind in {RequestKind.CORRECT, RequestKind.ERASE}:
            raise wrong_kind(old.kind)
        return done(work, scope, old, self.by, note)

    @one_commit
    def refuse(self, work: UnitOfWork, request: int, why: Refusal) -> RightsRequest:
        """Refuse a request with a reason of the table; the person is told it (不予办理)."""
        scope = self._scope(work, Operation.RIGHTS_ANSWER)
        old = request_of(work, scope, request)
        new = old.refused(self.by.id, work.now, why)
        words = {
            "kind": old.kind.label, "kind_en": old.kind.label_en,
            "why": why.label, "why_en": why.label_en,
        }  # fmt: skip
        work.messages.add(scope, old.person, "rights.refused", words)
        return kept(work, scope, old, new, "rights.refuse", why.value)

    # --- the own copy -----------------------------------------------------------------------

    @one_commit
    def copy(self, work: UnitOfWork, person: PersonId, *, request: int = 0) -> OwnCopy:
        """Return everything that is kept of a person; it is written into the log (本人副本).

        Args:
            work: Given by the office.
            person: The member; an heir gets what is still to be received, and no more.
            request: The verified request at which an officer makes it.

        Raises:
            NotAllowed: an officer comes for something else (E-ACCESS-007).
            NotFound: not within reach (E-ACCESS-002), or no such request (E-PRIVACY-003).
            Conflict: the person has not been identified (E-PRIVACY-007), or asked for something
                else (E-PRIVACY-008).
        """
        scope = self._scope(work, Operation.RIGHTS_READ)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        if self.by.role not in _OWN:
            asked = request_of(work, scope, request)
            if asked.person != person:
                raise NotFound("E-PRIVACY-003")
            must_be(asked, RequestKind.COPY)
        found = sections_of(self.office, work, self._everything(work), person)
        if self.by.role is Role.HEIR:
            found = {name: found[name] for name in FOR_HEIRS}
        mark = self.office.vault.outward("k", work.ids.new(shard_of(person)))
        entry = AuditEntry(action="person.copy", subject=person, person=person, reason=mark)
        work.audit.add(scope, entry)
        return OwnCopy(
            person=self.office.vault.outward("m", person), made=work.now, mark=mark,
            made_by=self.by.role.text, sections=found,
        )  # fmt: skip

    # --- erasing ----------------------------------------------------------------------------

    @one_look
    def preview(self, work: UnitOfWork, person: PersonId) -> ErasurePreview:
        """Return what stands against an erasure, and what it would destroy and keep (预览)."""
        scope = self._scope(work, Operation.RIGHTS_READ)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        reading = self._everything(work)
        people = everyone(work, reading, person)
        mine = [each for each in work.requests.of_person(reading, person) if each.open]
        request = next((each.id for each in mine if each.kind is RequestKind.ERASE), 0)
        found = found_of(work, reading, people)
        return ErasurePreview(
            against=still_open(work, reading, people, request),
            lines=lines_of(self.office, work, reading, people, found),
        )

    @one_commit
    def erase(self, work: UnitOfWork, request: int) -> Erasure:
        """Erase the person who asked for it, for good (删除); the answer lists everything.

        The key of the identity is destroyed, so that no copy of the row opens again; what the law
        has kept stays under a pseudonym, each thing with its reason and its day.

        Raises:
            Conflict: something is still open (E-PRIVACY-005), or the request is not verified.
            NotAllowed: who identified the person may not be who erases (E-ACCESS-004).
        """
        scope = self._scope(work, Operation.RIGHTS_ERASE)
        old = request_of(work, scope, request)
        must_be(old, RequestKind.ERASE)
        second_person(work, old.verified_by, self.by, old.asked)
        people = everyone(work, scope, old.person)
        against = still_open(work, scope, people, old.id)
        if against:
            raise Conflict(
                "E-PRIVACY-005", current=against[0], allowed=(),
                open="、".join(each.label for each in against),
                open_en=", ".join(each.label_en for each in against),
            )  # fmt: skip
        new = old.done(self.by.id, work.now)
        kept(work, scope, old, new, "rights.done", "")
        return destroy(self.office, work, scope, people, old.id, old.paper or old.evidence)

    @one_look
    def erased(self, work: UnitOfWork, person: PersonId) -> Erasure | None:
        """Return what the journal says of a person; None: never erased."""
        scope = self._scope(work, Operation.RIGHTS_ERASE)
        return work.erasures.get(scope, person)

    @one_look
    def journal(self, work: UnitOfWork) -> Sequence[str]:
        """Return the journal as lines, to be kept away from the backups (删除日志)."""
        scope = self._scope(work, Operation.RIGHTS_ERASE)
        found: list[Erasure] = []
        while page := work.erasures.journal(
            scope, found[-1].person if found else PersonId(0), _PAGE
        ):
            found += page
        return list(journal_lines(found))

    def erase_again(self, lines: Iterable[str]) -> int:
        """Do again what the journal says, in a copy that was restored; return how many (重做).

        Nothing is asked: it was decided once. Who is erased already is passed over.
        """
        self._may_erase()
        return sum(self._again(each) for each in read_journal(lines))

    @one_look
    def _may_erase(self, work: UnitOfWork) -> None:
        """Ask first: a journal may have no line."""
        self._scope(work, Operation.RIGHTS_ERASE)

    @one_commit
    def _again(self, work: UnitOfWork, told: Erasure) -> bool:
        scope = self._scope(work, Operation.RIGHTS_ERASE)
        if work.people.get(scope, told.person) is None:
            return False
        people = everyone(work, scope, told.person)
        destroy(self.office, work, scope, people, told.request, told.by, "person.erase_again")
        return True

    @one_commit
    def sweep(self, work: UnitOfWork, *, most: int = MOST) -> Over:
        """Destroy what is over its term, at most so many of each kind (到期清理); return what.

        The engine does the same by itself.
        """
        return end(self.office, work, self._scope(work, Operation.RIGHTS_ERASE), most)

    @one_look
    def over(self, work: UnitOfWork, *, most: int = MOST) -> Over:
        """Return what :meth:`sweep` would destroy now."""
        return look_for(self.office, work, self._scope(work, Operation.RIGHTS_ERASE), most)

    # --- looking ----------------------------------------------------------------------------

    @one_look
    def of(self, work: UnitOfWork, person: PersonId) -> Sequence[RightsRequest]:
        """Return a person's requests, oldest first."""
        scope = self._scope(work, Operation.RIGHTS_READ)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        return work.requests.of_person(scope, person)

    @one_look
    def listed(
        self, work: UnitOfWork, states: Iterable[RequestState] = OPEN, *, most: int = 200
    ) -> Sequence[RightsRequest]:
        """Return requests within reach, the most urgent first."""
        scope = self._scope(work, Operation.RIGHTS_READ)
        return work.requests.listed(scope, states, most)

    @one_commit
    def access_log(self, work: UnitOfWork, person: PersonId) -> Sequence[Looked]:
        """Return who looked at a person's data, changed them or handed them out (访问记录).

        Officers are named by role and union. Looking at it is written down as well.
        """
        scope = self._scope(work, Operation.RIGHTS_READ)
        if self.by.role is Role.HEIR or work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        reading = self._everything(work)
        found = [looked_at(work, reading, each) for each in work.audit.of_person(reading, person)]
        if self.by.role is not Role.MEMBER:
            entry = AuditEntry(action="person.access_log", subject=person, person=person)
            work.audit.add(scope, entry)
        return found

    # --- within -----------------------------------------------------------------------------

    def _scope(self, work: UnitOfWork, operation: Operation) -> Scope:
        return authorise(work, self.by, operation)

    def _everything(self, work: UnitOfWork) -> Scope:
        """Return the scope in which a file is read whole, after it was allowed to be read."""
        reader = Principal(id=self.by.id, role=Role.ENGINE, purpose=Purpose.OPERATE)
        return authorise(work, reader, Operation.BANK_DESK)
