"""Know how the city federation resolves files that may be one person (重复核查、人员合并)."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, field, frozen

from szunion.application import consequences
from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.binding_moves import close_bindings
from szunion.application.membership_moves import keep_step
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, propose
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.members import MEMBERSHIP, Membership, MembershipEvent, MembershipReason
from szunion.domain.people import Person, merge
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import PersonId
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.people import Quarantined

_MERGE = "person.merge"
_APART = "person.keep_apart"


@frozen
class Duplicates:
    """The city's desk for files in quarantine and for merging persons."""

    office: Office
    by: Principal = field()

    @one_look
    def waiting(self, work: UnitOfWork) -> Sequence[Quarantined]:
        """Return the files in quarantine, oldest first."""
        return work.people.quarantined(authorise(work, self.by, Operation.QUARANTINE_READ))

    @one_commit
    def keep_apart(self, work: UnitOfWork, person: PersonId, *, document: str) -> Proposal:
        """Propose that a file in quarantine is another person after all (非同一人); two decide.

        Args:
            work: Given by the office.
            person: The file in quarantine.
            document: What it rests on: the number of a letter, never personal data.

        Raises:
            NotFound: the file is not in quarantine (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.PERSON_MERGE)
        self._waiting(work, scope, person)
        return propose(work, scope, _APART, person, {"document": document})

    @one_commit
    def merge(
        self, work: UnitOfWork, loser: PersonId, *, into: PersonId, document: str
    ) -> Proposal:
        """Propose that two files are one person (人员合并); another person of the city confirms.

        Raises:
            NotFound: one of them is not there (E-ACCESS-002).
            Conflict: the file that would go has the only open membership (E-PERSON-003): merge
                the other way round.
        """
        scope = authorise(work, self.by, Operation.PERSON_MERGE)
        self._both(work, scope, loser, into)
        return propose(work, scope, _MERGE, loser, {"into": str(into), "document": document})

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> Person:
        """Confirm, as another person, that two files are one, or that they are not.

        Of two that are one, one file is left, with all documents: the double episode is void, what
        hung on it ends or goes to the file that is left.

        Returns:
            The file that is left, or that stays beside the other.
        """
        scope = authorise(work, self.by, Operation.PERSON_MERGE)
        decided = decide(work, scope, proposal, {_MERGE, _APART})
        if decided.operation == _APART:
            return self._kept_apart(work, scope, PersonId(decided.subject), decided)
        gone, left = PersonId(decided.subject), PersonId(int(decided.terms["into"]))
        loser, survivor, double, kept = self._both(work, scope, gone, left)
        if double is not None:
            self._void(work, scope, double, kept, decided.terms["document"])
        lost, whole = merge(loser, survivor)
        work.people.put(scope, lost)
        work.people.put(scope, whole)
        close_bindings(work, scope, gone)
        for each in work.people.quarantined(scope):
            if {each.person, each.on_file} == {gone, left}:
                work.people.resolve_quarantine(scope, each.person)
        consequences.persons_merged(work, scope, gone, left)
        work.audit.add_many(
            scope,
            (
                AuditEntry(
                    action=_MERGE,
                    subject=person,
                    person=person,
                    before=str(gone),
                    after=str(left),
                    reason=decided.terms["document"],
                )
                for person in (gone, left)
            ),
        )
        return evolve(whole, version=whole.version + 1)

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Refuse, as another person, what was proposed."""
        scope = authorise(work, self.by, Operation.PERSON_MERGE)
        return decide(work, scope, proposal, {_MERGE, _APART}, ProposalState.REFUSED)

    def _waiting(self, work: UnitOfWork, scope: Scope, person: PersonId) -> None:
        if person not in {each.person for each in work.people.quarantined(scope)}:
            raise NotFound("E-ACCESS-002")

    def _kept_apart(
        self, work: UnitOfWork, scope: Scope, person: PersonId, decided: Proposal
    ) -> Person:
        self._waiting(work, scope, person)
        work.people.resolve_quarantine(scope, person)
        reason = decided.terms["document"]
        entry = AuditEntry(action=_APART, subject=person, person=person, reason=reason)
        work.audit.add(scope, entry)
        kept = work.people.get(scope, person)
        if kept is None:
            raise NotFound("E-ACCESS-002")
        return kept

    def _both(
        self, work: UnitOfWork, scope: Scope, gone: PersonId, left: PersonId
    ) -> tuple[Person, Person, Membership | None, Membership | None]:
        loser, survivor = work.people.get(scope, gone), work.people.get(scope, left)
        if loser is None or survivor is None:
            raise NotFound("E-ACCESS-002")
        merge(loser, survivor)
        double, kept = work.members.open_of(scope, gone), work.members.open_of(scope, left)
        if double is not None and kept is None:
            raise Conflict("E-PERSON-003", current=gone, allowed=(left,))
        return loser, survivor, double, kept

    def _void(
        self,
        work: UnitOfWork,
        scope: Scope,
        double: Membership,
        kept: Membership | None,
        note: str,
    ) -> None:
        event, today = MembershipEvent.VOID_DUPLICATE, self.office.clock.today()
        check_actor(MEMBERSHIP, double.state, event, acting_as(self.by.role))
        void = double.after(
            event,
            today,
            reason=MembershipReason.DUPLICATE_PERSON,
            survivor=None if kept is None else kept.id,
        )
        keep_step(work, scope, double, void, event, today, note)
