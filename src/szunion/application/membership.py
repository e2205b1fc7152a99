"""Know how somebody becomes a member, stays one, and stops being one (入会、保留、终止)."""

from __future__ import annotations

from datetime import date

from attrs import evolve, field, frozen

from szunion.application import consequences
from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.filing import Applicant, file_for, quarantine_source
from szunion.application.membership_moves import (
    check_takes_members,
    in_charge,
    keep_step,
    log_membership,
    open_affiliation,
)
from szunion.application.office import Office, one_commit
from szunion.application.proposals import decide, propose
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.machine import Actor
from szunion.domain.members import (
    MEMBERSHIP,
    Membership,
    MembershipEvent,
    MembershipReason,
    MembershipState,
)
from szunion.domain.organisations import OrganisationKind, OrganisationState
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import MembershipId, OrganisationId, PersonId, shard_of
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork

_E = MembershipEvent
_BY_TWO = {
    "membership.expel": (_E.EXPEL, MembershipReason.EXPELLED),
    "membership.death": (_E.DEATH, MembershipReason.DECEASED),
    "membership.reinstate": (_E.REINSTATE, None),
}


@frozen
class Memberships:
    """The desk for memberships (会籍管理)."""

    office: Office
    by: Principal = field()

    # --- beginning ---------------------------------------------------------------------------

    @one_commit
    def apply(
        self, work: UnitOfWork, applicant: Applicant, organisation: OrganisationId
    ) -> Membership:
        """Apply for membership in a union (申请入会); again is the same application.

        The answer for somebody who is a member of another union is the same as for anybody; such
        an application is quarantined for the city federation.

        Raises:
            NotFound: the union is not within reach (E-ACCESS-002).
            Conflict: the union is not active (E-ORG-001) or takes no members (E-MEMBER-005).
        """
        scope = authorise(work, self.by, Operation.MEMBERSHIP_WRITE)
        return self._begin(work, scope, applicant, organisation, _E.APPLY)

    @one_commit
    def transfer_in(
        self, work: UnitOfWork, applicant: Applicant, organisation: OrganisationId, *, proof: str
    ) -> Membership:
        """Enter a member who comes in from another city (市外转入), with the *proof*'s number."""
        scope = authorise(work, self.by, Operation.MEMBERSHIP_WRITE)
        return self._begin(work, scope, applicant, organisation, _E.TRANSFER_IN, proof)

    @one_commit
    def approve(self, work: UnitOfWork, person: PersonId, *, on: date | None = None) -> Membership:
        """Approve an application (批准入会): the membership runs from a day, today if not said."""
        return self._move(work, person, _E.APPROVE, on=on)

    @one_commit
    def reject(self, work: UnitOfWork, person: PersonId, *, why: str) -> Membership:
        """Refuse an application (不予批准)."""
        return self._move(work, person, _E.REJECT, note=why)

    @one_commit
    def withdraw(self, work: UnitOfWork, person: PersonId) -> Membership:
        """Take back one's own application (撤回申请)."""
        return self._move(work, person, _E.WITHDRAW)

    # --- staying -----------------------------------------------------------------------------

    @one_commit
    def retain(
        self,
        work: UnitOfWork,
        person: PersonId,
        *,
        reason: MembershipReason,
        on: date | None = None,
    ) -> Membership:
        """Retain a membership (保留会籍): retired, unemployed or in military service."""
        return self._move(work, person, _E.RETAIN, reason=reason, on=on)

    @one_commit
    def resume(self, work: UnitOfWork, person: PersonId, *, on: date | None = None) -> Membership:
        """Resume a retained membership (恢复)."""
        return self._move(work, person, _E.RESUME, on=on)

    # --- ending ------------------------------------------------------------------------------

    @one_commit
    def quit(
        self, work: UnitOfWork, person: PersonId, *, document: str, on: date | None = None
    ) -> Membership:
        """Accept a member's own wish to quit (退会); *document* names the request."""
        reason = MembershipReason.VOLUNTARY
        return self._move(work, person, _E.QUIT, reason=reason, note=document, on=on)

    @one_commit
    def lapse(
        self, work: UnitOfWork, person: PersonId, *, document: str, on: date | None = None
    ) -> Membership:
        """Regard somebody as having quit (视为自动退会); *document* names the record of the talk.

        Source: 中国工会章程, article 5 (six months without dues and without taking part).
        """
        reason = MembershipReason.AUTO_LAPSE
        return self._move(work, person, _E.LAPSE, reason=reason, note=document, on=on)

    @one_commit
    def move_out(self, work: UnitOfWork, person: PersonId, *, on: date | None = None) -> Membership:
        """Note that somebody left employment in the city (转出本市): M07's second cause."""
        return self._move(work, person, _E.MOVE_OUT, reason=MembershipReason.LEFT_CITY, on=on)

    @one_commit
    def expel(
        self, work: UnitOfWork, person: PersonId, *, document: str, on: date | None = None
    ) -> Proposal:
        """Propose to expel a member (开除会籍) on a decision; another person confirms."""
        return self._propose(work, person, "membership.expel", document, on)

    @one_commit
    def death(
        self, work: UnitOfWork, person: PersonId, *, document: str, on: date | None = None
    ) -> Proposal:
        """Propose to note a death (去世) with its evidence; another person confirms."""
        return self._propose(work, person, "membership.death", document, on)

    @one_commit
    def reinstate(self, work: UnitOfWork, person: PersonId, *, document: str) -> Proposal:
        """Propose that a wrong ending is undone (更正恢复); another person of the city confirms.

        Coming back later is no reinstatement but a new episode.
        """
        return self._propose(work, person, "membership.reinstate", document, None)

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> Membership:
        """Confirm, as another person, what was proposed: it happens in this commit.

        Raises:
            NotAllowed: the proposer confirms (E-ACCESS-004), or it is not yours (E-ACCESS-005).
            Conflict: it was decided before (E-PROPOSAL-001), or the membership has moved on.
        """
        scope = authorise(work, self.by, Operation.MEMBERSHIP_WRITE)
        decided = self._decided(work, scope, proposal, ProposalState.CONFIRMED)
        event, reason = _BY_TWO[decided.operation]
        person = PersonId(int(decided.terms["person"]))
        on = date.fromisoformat(decided.terms["on"])
        note = decided.terms["document"]
        if event is _E.REINSTATE:
            return self._reinstate(work, scope, person, note)
        return self._move(work, person, event, reason=reason, note=note, on=on)

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Refuse, as another person who might confirm it, what was proposed.

        Raises:
            NotAllowed: the proposer refuses (E-ACCESS-004), or it is not yours (E-ACCESS-005).
        """
        scope = authorise(work, self.by, Operation.MEMBERSHIP_WRITE)
        decided = self._decided(work, scope, proposal, ProposalState.REFUSED)
        event, _ = _BY_TWO[decided.operation]
        row = self._open(work, scope, PersonId(int(decided.terms["person"])))
        if MEMBERSHIP.transition(row.state, event) is not None:  # else it has moved on by itself
            check_actor(MEMBERSHIP, row.state, event, self._actors(work, scope, row))
        return decided

    # --- inside ------------------------------------------------------------------------------

    def _decided(
        self, work: UnitOfWork, scope: Scope, proposal: int, state: ProposalState
    ) -> Proposal:
        def within(found: Proposal) -> bool:
            person = PersonId(int(found.terms["person"]))
            return work.members.newest(scope, person) is not None

        return decide(work, scope, proposal, _BY_TWO.keys(), state, within=within)

    def _begin(  # noqa: PLR0913, PLR0917 - the two ways of beginning share all this
        self,
        work: UnitOfWork,
        scope: Scope,
        applicant: Applicant,
        organisation: OrganisationId,
        event: MembershipEvent,
        note: str = "",
    ) -> Membership:
        check_takes_members(work, scope, organisation, anywhere=self.by.role is Role.MEMBER)
        own = in_charge(work, self.by, scope, organisation)
        above = organisation != self.by.organisation
        check_actor(MEMBERSHIP, None, event, acting_as(self.by.role, own=own, above=above))
        self.office.check_ours(applicant.document.number.plain())
        filed = file_for(work, scope, applicant, quarantine_source(organisation))
        if self.by.role is Role.MEMBER and filed.person != self.by.person:
            raise NotFound("E-ACCESS-002")  # nobody applies for somebody else; nothing is kept
        if filed.membership is not None:
            return filed.membership
        today = self.office.clock.today()
        state = MEMBERSHIP.after(None, event)
        active = state is MembershipState.ACTIVE
        new = Membership(
            id=MembershipId(work.ids.new(shard_of(filed.person))),
            person=filed.person,
            state=state,
            organisation=organisation,
            applied=today,
            since=today if active else None,
        )
        work.members.add(scope, new, today)
        if active:
            open_affiliation(work, scope, new, today)
            consequences.membership_began(work, scope, new)
        log_membership(work, scope, new, event, None, note)
        return new

    def _open(self, work: UnitOfWork, scope: Scope, person: PersonId) -> Membership:
        found = work.members.open_of(scope, person)
        if found is None:
            # Ended ones go on to the table, which says what is possible.
            found = work.members.newest(scope, person)
        if found is None:
            raise NotFound("E-ACCESS-002")
        return found

    def _actors(self, work: UnitOfWork, scope: Scope, row: Membership) -> frozenset[Actor]:
        """An upper union decides only where there is no grassroots one that could."""
        standing = work.organisations.standing(row.organisation)
        vacant = standing is not None and (
            standing.kind is OrganisationKind.POOL or standing.state is not OrganisationState.ACTIVE
        )
        own = in_charge(work, self.by, scope, row.organisation)
        return acting_as(self.by.role, own=own, above=vacant)

    def _propose(
        self,
        work: UnitOfWork,
        person: PersonId,
        operation: str,
        document: str,
        on: date | None,
    ) -> Proposal:
        scope = authorise(work, self.by, Operation.MEMBERSHIP_WRITE)
        row = self._open(work, scope, person)
        event, _ = _BY_TWO[operation]
        check_actor(MEMBERSHIP, row.state, event, self._actors(work, scope, row))
        day = on or self.office.clock.today()
        terms = {"person": str(person), "on": day.isoformat(), "document": document}
        return propose(work, scope, operation, row.id, terms)

    def _move(  # noqa: PLR0913 - what any step of the table may need
        self,
        work: UnitOfWork,
        person: PersonId,
        event: MembershipEvent,
        *,
        reason: MembershipReason | None = None,
        on: date | None = None,
        note: str = "",
    ) -> Membership:
        scope = authorise(work, self.by, Operation.MEMBERSHIP_WRITE)
        row = self._open(work, scope, person)
        check_actor(MEMBERSHIP, row.state, event, self._actors(work, scope, row))
        day = on or self.office.clock.today()
        moved = row.after(event, day, reason=reason)
        return keep_step(work, scope, row, moved, event, day, note)

    def _reinstate(self, work: UnitOfWork, scope: Scope, person: PersonId, note: str) -> Membership:
        row = self._open(work, scope, person)
        check_actor(MEMBERSHIP, row.state, _E.REINSTATE, self._actors(work, scope, row))
        since = row.until or self.office.clock.today()
        again = row.after(_E.REINSTATE, since)
        work.members.put(scope, again, since)
        open_affiliation(work, scope, again, since)
        log_membership(work, scope, again, _E.REINSTATE, row.state, note)
        now = evolve(again, version=again.version + 1)
        consequences.membership_began(work, scope, now)
        return now
