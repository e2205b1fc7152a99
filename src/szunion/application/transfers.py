"""Know how a membership moves between two unions, and that it belongs to exactly one throughout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve, field, frozen

from szunion.application import card_holds
from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.membership_moves import check_takes_members, in_charge
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.affiliations import move_affiliation
from szunion.domain.audit import AuditEntry
from szunion.domain.identity import IdentityDocument, PersonName
from szunion.domain.machine import Actor
from szunion.domain.members import Membership, MembershipState
from szunion.domain.transfers import TRANSFER, Transfer, TransferEvent, TransferState
from szunion.domain.values import AffiliationId, OrganisationId, PersonId, TransferId, shard_of
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork

_E = TransferEvent


@frozen
class Transfers:
    """The desk for moves between unions (会籍接转)."""

    office: Office
    by: Principal = field()

    @one_look
    def get(self, work: UnitOfWork, transfer: TransferId) -> Transfer:
        """Return a transfer that either union, and those above, may see."""
        return _get(work, authorise(work, self.by, Operation.PERSON_READ), transfer)

    @one_look
    def waiting(self, work: UnitOfWork, organisation: OrganisationId) -> Sequence[Transfer]:
        """Return the transfers on their way from or to a union."""
        scope = authorise(work, self.by, Operation.PERSON_READ)
        return work.transfers.open_touching(scope, organisation)

    @one_look
    def holds(self, work: UnitOfWork, transfer: TransferId) -> Sequence[int]:
        """Return the holds of the old union that the new one would take over."""
        scope = authorise(work, self.by, Operation.TRANSFER_WRITE)
        row = _get(work, scope, transfer)
        return card_holds.holds_of_union(work, scope, row.person, row.source)

    @one_commit
    def request(self, work: UnitOfWork, person: PersonId, target: OrganisationId) -> Transfer:
        """Ask to move to another union (提出接转), for oneself; again is the same request."""
        scope = authorise(work, self.by, Operation.TRANSFER_WRITE)
        if self.by.role is Role.MEMBER and person != self.by.person:
            raise NotFound("E-ACCESS-002")
        return self._request(work, scope, person, target)

    @one_commit
    def request_by_document(
        self,
        work: UnitOfWork,
        document: IdentityDocument,
        name: PersonName,
        target: OrganisationId,
    ) -> Transfer:
        """Ask for a worker who shows the document to the new union.

        Raises:
            NotFound: nobody is a member with that document *and* that name; which of the two
                is wrong, or whether it is the first, is not said (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.TRANSFER_WRITE)
        holder = work.people.on_file(scope, document)
        if holder is None or holder.present.name != name:
            raise NotFound("E-ACCESS-002")
        if self.by.role is Role.MEMBER and holder.id != self.by.person:
            raise NotFound("E-ACCESS-002")  # a document in the hand is for an officer to look at
        return self._request(work, scope, holder.id, target)

    def _request(
        self, work: UnitOfWork, scope: Scope, person: PersonId, target: OrganisationId
    ) -> Transfer:
        row = work.members.open_anywhere(scope, person)
        if row is None or row.state is MembershipState.APPLIED:
            raise NotFound("E-ACCESS-002")
        check_takes_members(work, scope, target, anywhere=self.by.role is Role.MEMBER)
        actors = set(acting_as(self.by.role))
        if in_charge(work, self.by, scope, target):
            actors.add(Actor.NEW_UNION)
        check_actor(TRANSFER, None, _E.REQUEST, actors)
        if row.organisation == target:
            raise Conflict("E-TRANSFER-001", current=target, allowed=())
        waiting = work.transfers.open_of(scope, person)
        if waiting is not None and waiting.target == target:
            return waiting
        new = Transfer(
            id=TransferId(work.ids.new(shard_of(person))),
            membership=row.id,
            person=person,
            source=row.organisation,
            target=target,
            requested=work.now,
            answer_by=work.now + timedelta(days=self.office.policy.deadlines.transfer_answer),
        )
        work.transfers.add(scope, new)
        _log(work, scope, new, _E.REQUEST, None)
        return new

    @one_commit
    def release(self, work: UnitOfWork, transfer: TransferId) -> Transfer:
        """Let a member go (同意转出), by the old union."""
        return self._step(work, transfer, _E.RELEASE)

    @one_commit
    def refuse(self, work: UnitOfWork, transfer: TransferId, *, why: str) -> Transfer:
        """Refuse (拒绝), by either union; the member may appeal within the city's days."""
        return self._step(work, transfer, _E.REFUSE, why)

    @one_commit
    def withdraw(self, work: UnitOfWork, transfer: TransferId) -> Transfer:
        """Take one's request back (撤回)."""
        return self._step(work, transfer, _E.WITHDRAW)

    @one_commit
    def appeal(self, work: UnitOfWork, transfer: TransferId) -> Transfer:
        """Appeal against a refusal (申诉).

        Raises:
            Conflict: the days for it are over (E-TRANSFER-003).
        """
        scope = authorise(work, self.by, Operation.TRANSFER_WRITE)
        row = _get(work, scope, transfer)
        days = timedelta(days=self.office.policy.deadlines.transfer_appeal)
        if row.refused is not None and work.now > row.refused + days:
            raise Conflict("E-TRANSFER-003", current=row.state, allowed=(), days=days.days)
        return self._step(work, transfer, _E.APPEAL)

    @one_commit
    def deny(self, work: UnitOfWork, transfer: TransferId, *, why: str) -> Transfer:
        """Deny a move for good (裁定不予), by the upper union."""
        return self._step(work, transfer, _E.DENY, why)

    @one_commit
    def accept(
        self, work: UnitOfWork, transfer: TransferId, *, take_over_holds: bool = False
    ) -> Transfer:
        """Take a member in (接收): the old affiliation closes and the new opens at one instant.

        Args:
            work: Given by the office.
            transfer: Which one.
            take_over_holds: The explicit yes to every hold of the old union.

        Raises:
            Conflict: somebody was faster (E-STATE-001, ``.current`` says how it ended), or the
                old union's holds are not taken over (E-TRANSFER-002).
        """
        return self._finish(work, transfer, _E.ACCEPT, take_over_holds=take_over_holds)

    @one_commit
    def order(
        self, work: UnitOfWork, transfer: TransferId, *, target: OrganisationId | None = None
    ) -> Transfer:
        """Order the move (裁定接转), by the upper union, to the target or to another union."""
        return self._finish(work, transfer, _E.ORDER, target=target, take_over_holds=True)

    @one_commit
    def escalate_due(self, work: UnitOfWork, most: int = 500) -> int:
        """Hand transfers that nobody answered in time to the upper unions; return how many."""
        scope = authorise(work, self.by, Operation.TRANSFER_WRITE)
        due = work.transfers.due(scope, work.now, most)
        for row in due:
            moved = row.after(_E.TIMEOUT)
            work.transfers.put(scope, moved)
            _log(work, scope, moved, _E.TIMEOUT, row.state)
        return len(due)

    # --- inside ------------------------------------------------------------------------------

    def _actors(self, work: UnitOfWork, scope: Scope, row: Transfer) -> set[Actor]:
        actors = set(acting_as(self.by.role))
        if in_charge(work, self.by, scope, row.source):
            actors.add(Actor.OLD_UNION)
        if in_charge(work, self.by, scope, row.target):
            actors.add(Actor.NEW_UNION)
        ends = [work.organisations.standing(union) for union in (row.source, row.target)]
        over_both = all(
            end is not None and scope.covers(end.path) for end in ends
        ) and self.by.organisation not in {row.source, row.target}
        if over_both and self.by.role in {Role.UPPER, Role.CITY}:
            actors.add(Actor.UPPER)
        return actors

    def _step(
        self, work: UnitOfWork, transfer: TransferId, event: TransferEvent, why: str = ""
    ) -> Transfer:
        scope = authorise(work, self.by, Operation.TRANSFER_WRITE)
        row = _get(work, scope, transfer)
        check_actor(TRANSFER, row.state, event, self._actors(work, scope, row))
        moved = row.after(event, reason=why)
        if event is _E.REFUSE:
            moved = evolve(moved, refused=work.now)
        work.transfers.put(scope, moved)
        _log(work, scope, moved, event, row.state, why)
        return evolve(moved, version=moved.version + 1)

    def _finish(
        self,
        work: UnitOfWork,
        transfer: TransferId,
        event: TransferEvent,
        *,
        target: OrganisationId | None = None,
        take_over_holds: bool,
    ) -> Transfer:
        scope = authorise(work, self.by, Operation.TRANSFER_WRITE)
        row = _get(work, scope, transfer)
        check_actor(TRANSFER, row.state, event, self._actors(work, scope, row))
        moved = row.after(event)
        if target is not None:
            moved = evolve(moved, target=target)
        check_takes_members(work, scope, moved.target)
        membership = work.members.open_anywhere(scope, row.person)
        if membership is None or membership.id != row.membership:
            raise NotFound("E-ACCESS-002")
        holds = card_holds.holds_of_union(work, scope, row.person, row.source)
        if holds and not take_over_holds:
            raise Conflict("E-TRANSFER-002", current=row.state, allowed=(), count=len(holds))
        work.transfers.put(scope, moved)
        self._carry_over(work, scope, membership, moved.target)
        if holds:
            card_holds.take_over_holds(work, scope, row.person, row.source, moved.target)
        _log(work, scope, moved, event, row.state)
        return evolve(moved, version=moved.version + 1)

    def _carry_over(
        self, work: UnitOfWork, scope: Scope, membership: Membership, target: OrganisationId
    ) -> None:
        """Move the affiliation at one instant, and the charge of the episode with it."""
        today, shard = self.office.clock.today(), shard_of(membership.person)
        ids = (AffiliationId(work.ids.new(shard)), AffiliationId(work.ids.new(shard)))
        rows = work.members.affiliations_anywhere(scope, membership.person)
        own = [row for row in rows if row.membership == membership.id]
        work.members.rewrite(scope, move_affiliation(own, target, today, work.now, ids))
        moved = evolve(membership, organisation=target)
        work.members.put(scope, moved, today)
        entry = AuditEntry(
            action="membership.move",
            subject=membership.id,
            person=membership.person,
            before=str(membership.organisation),
            after=str(target),
        )
        work.audit.add(scope, entry)


def _get(work: UnitOfWork, scope: Scope, transfer: TransferId) -> Transfer:
    found = work.transfers.get(scope, transfer)
    if found is None:
        raise NotFound("E-ACCESS-002")
    return found


def _log(  # noqa: PLR0913, PLR0917 - the columns of the log
    work: UnitOfWork,
    scope: Scope,
    row: Transfer,
    event: TransferEvent,
    before: TransferState | None,
    note: str = "",
) -> None:
    entry = AuditEntry(
        action=f"transfer.{event.value}",
        subject=row.id,
        person=row.person,
        before=before.value if before else "",
        after=row.state.value,
        reason=note,
    )
    work.audit.add(scope, entry)
    work.messages.add(
        scope, row.person, f"transfer.{row.state.value.lower()}", {"state": row.state.label}
    )
