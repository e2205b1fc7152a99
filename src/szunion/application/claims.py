"""Know how a benefit is claimed and decided: asked for, reckoned, by one or two people (申领).

Whom or what a claim is about (a child, a stay in hospital) is named by numbers of papers, such as
that of the birth certificate. They are kept as blind indexes only: both parents' claims for one
child meet in one key, and nobody learns from the store, or from the other's answer, whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, TypeAlias

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.claim_decisions import (
    APPROVE,
    Decided,
    Decision,
    Rejected,
    ToConfirm,
    approved,
    rejected,
)
from szunion.application.claim_moves import keep_claim, tell_claimant
from szunion.application.claim_rules import fingerprints, plan_of, reckoned
from szunion.application.consent_gate import plan_needs, require
from szunion.application.consent_words import on_paper
from szunion.application.membership_moves import in_charge
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, let_lapse, propose
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.city_time import day_of
from szunion.domain.claim_files import Claim
from szunion.domain.claims import CLAIM, ClaimEvent, ClaimReason, ClaimState
from szunion.domain.enrolments import covering
from szunion.domain.machine import Actor
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.reckoning import Happening, Reckoning
from szunion.domain.values import ClaimId, Fen, PersonId, shard_of
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

_S = ClaimState
_E = ClaimEvent
OPEN: Final = (_S.SUBMITTED, _S.REVIEW, _S.APPEAL, _S.INCOMPLETE)
"""States in which a claim waits for somebody's decision or papers."""


@frozen(kw_only=True)
class Filed:
    """It was filed (已受理)."""

    claim: Claim


@frozen(kw_only=True)
class AlreadyClaimed:
    """The event was claimed before (同一事项已申领): when, and nothing about by whom."""

    on: date
    own: ClaimId | None = None
    """The claim, where it is the same person's."""


@frozen(kw_only=True)
class NotClaimable:
    """There is nothing to claim under."""

    reasons: tuple[ClaimReason, ...]


Asked: TypeAlias = Filed | AlreadyClaimed | NotClaimable


@frozen
class Claims:
    """The desk of claims (申领)."""

    office: Office
    by: Principal

    # --- asking -----------------------------------------------------------------------------

    @one_commit
    def ask(  # noqa: PLR0913 - a claim with all that decides it
        self,
        work: UnitOfWork,
        person: PersonId,
        plan: str,
        happening: Happening,
        *,
        numbers: Sequence[str],
        papers: Sequence[str] = (),
        paper: str = "",
    ) -> Asked:
        """File a claim: by the member, an heir, or the member's union (提交申领).

        Args:
            work: Given by the office.
            person: Under whose cover it is.
            plan: The plan's id.
            happening: What happened.
            numbers: What names the child or the stay: of the birth certificate, of the admission;
                several, where there are several. They are kept blind.
            papers: What is handed in, by name.
            paper: Where an officer files for a member: the number of the form with the member's
                signed consents, one for each purpose that the plan needs.

        Raises:
            NotFound: no such plan (E-CLAIM-001), or no such member within reach (E-SERVICE-003).
            InvalidInput: nothing can be reckoned under the plan (E-CLAIM-002), the days are
                missing (E-CLAIM-003), or the numbers (E-CLAIM-004).
            NotAllowed: the member does not consent to the processing of medical data, or as a
                guardian of the child's (E-CONSENT-001 to 003); heirs have another ground.
        """
        scope = authorise(work, self.by, Operation.CLAIM_WRITE)
        terms = plan_of(self.office, plan)
        if work.people.get(scope, person) is None:
            raise NotFound("E-SERVICE-003")
        check_actor(CLAIM, _S.DRAFT, _E.SUBMIT, self._actors(work, scope, person))
        if self.by.role is not Role.HEIR:
            for purpose in plan_needs(terms):
                if paper.strip() and self.by.role is not Role.MEMBER:
                    on_paper(self.office, work, scope, (person,), purpose, paper.strip())
                require(self.office, work, scope, "claim.ask", purpose, person)
        keys = fingerprints(work, terms, person, numbers)
        held = work.claims.holder(scope, keys)
        if held is not None:
            own = held.id if held.person == person else None
            return AlreadyClaimed(on=day_of(held.asked), own=own)
        cover = covering(work.enrolments.of_person(scope, person), plan, happening.on)
        if cover is None:
            return NotClaimable(reasons=(ClaimReason.OUT_OF_COVER,))
        claim = Claim(
            id=ClaimId(work.ids.new(shard_of(person))),
            keys=keys,
            person=person,
            plan=plan,
            enrolment=cover.id,
            happening=happening,
            papers=tuple(papers),
            asked=work.now,
            changed=work.now,
            made_by=self.by.id,
        )
        reckoned(self.office, work, scope, claim)  # what cannot be reckoned is not filed
        filed = claim.after(_E.SUBMIT, work.now)
        keep_claim(work, scope, None, filed, _E.SUBMIT)
        tell_claimant(self.office, work, scope, filed, "claim.submitted")
        return Filed(claim=filed)

    @one_commit
    def supplement(self, work: UnitOfWork, claim: ClaimId, papers: Sequence[str]) -> Claim:
        """Hand in what was asked for (补件)."""
        scope = authorise(work, self.by, Operation.CLAIM_WRITE)
        old = self._asked(work, scope, claim, _E.SUPPLEMENT)
        after = old.after(_E.SUPPLEMENT, work.now)
        whole = (*old.papers, *papers)
        new = evolve(after, papers=whole, missing=(), reminders=0)
        return keep_claim(work, scope, old, new, _E.SUPPLEMENT)

    @one_commit
    def withdraw(self, work: UnitOfWork, claim: ClaimId) -> Claim:
        """Take a claim back; the event may be claimed again (撤回)."""
        scope = authorise(work, self.by, Operation.CLAIM_WRITE)
        old = self._asked(work, scope, claim, _E.WITHDRAW)
        let_lapse(work, scope, APPROVE, old.id)
        return keep_claim(work, scope, old, old.after(_E.WITHDRAW, work.now), _E.WITHDRAW)

    @one_commit
    def appeal(self, work: UnitOfWork, claim: ClaimId) -> Claim:
        """Ask for another look by another reviewer, once and in time (申请复核).

        Raises:
            Conflict: it was appealed before, or the time is over (E-CLAIM-009).
        """
        scope = authorise(work, self.by, Operation.CLAIM_WRITE)
        old = self._asked(work, scope, claim, _E.APPEAL)
        window = timedelta(days=self.office.policy.deadlines.claim_appeal)
        if old.appealed or work.now > old.changed + window:
            raise Conflict("E-CLAIM-009", current=old.state, allowed=())
        new = evolve(old.after(_E.APPEAL, work.now), appealed=True)
        return keep_claim(work, scope, old, new, _E.APPEAL)

    # --- deciding ---------------------------------------------------------------------------

    @one_commit
    def take(self, work: UnitOfWork, claim: ClaimId) -> Claim:
        """Take a claim up, with its reckoning (受理审核); an appeal, by another reviewer.

        Raises:
            NotAllowed: it is who decided before (E-CLAIM-005).
        """
        scope, old = self._reviewed(work, claim, _E.TAKE)
        if old.state is _S.APPEAL and old.reviewer == self.by.id:
            raise NotAllowed("E-CLAIM-005")
        new = evolve(
            old.after(_E.TAKE, work.now), reviewer=self.by.id,
            reckoning=reckoned(self.office, work, scope, old),
        )  # fmt: skip
        return keep_claim(work, scope, old, new, _E.TAKE)

    @one_commit
    def ask_more(self, work: UnitOfWork, claim: ClaimId, papers: Sequence[str]) -> Claim:
        """Ask for papers that are missing; the clock stops (要求补件).

        Raises:
            InvalidInput: none is named (E-CLAIM-004).
        """
        scope, old = self._reviewed(work, claim, _E.ASK_MORE)
        if not any(each.strip() for each in papers):
            raise InvalidInput("E-CLAIM-004")
        let_lapse(work, scope, APPROVE, old.id)
        new = evolve(old.after(_E.ASK_MORE, work.now), missing=tuple(papers), reminders=0)
        kept = keep_claim(work, scope, old, new, _E.ASK_MORE)
        days = str(self.office.policy.deadlines.claim_supplement)
        tell_claimant(self.office, work, scope, kept, "claim.incomplete", {"days": days})
        return kept

    @one_commit
    def decide(self, work: UnitOfWork, claim: ClaimId, fen: Fen | None = None) -> Decision:
        """Decide by the rules: reckoned anew, cut or rejected as they say (核定).

        Number and sum of the cover's claims are taken in this commit. Above the policy's threshold
        it waits for a second reviewer, and takes nothing yet.

        Args:
            work: Given by the office.
            claim: In this reviewer's hands.
            fen: Less than was reckoned; None: what was reckoned.

        Raises:
            NotAllowed: another reviewer took it up (E-CLAIM-007).
            Conflict: more than was reckoned (E-CLAIM-006).
        """
        scope, old = self._reviewed(work, claim, _E.APPROVE)
        self._in_hand(old)
        found = reckoned(self.office, work, scope, old)
        if found.against:
            return rejected(self.office, work, scope, old, found.against[0], found)
        wanted = found.fen if fen is None else fen
        if not Fen(0) < wanted <= found.fen:
            raise Conflict("E-CLAIM-006", current=found.fen, allowed=(), fen=wanted, most=found.fen)
        if wanted <= self.office.policy.limits.single_reviewer:
            return approved(self.office, work, scope, old, found, wanted, self.by)
        terms = {"fen": str(wanted.amount)}
        proposal = propose(work, scope, APPROVE, old.id, terms)
        return ToConfirm(claim=old, proposal=proposal, reckoning=found)

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> Decided | Rejected:
        """Decide, as a second reviewer, what another one proposed; reckoned anew (第二人核定).

        Raises:
            NotAllowed: it is who proposed (E-ACCESS-004).
            Conflict: meanwhile less is left than was proposed (E-CLAIM-006), or the claim has
                moved on (E-STATE-001).
        """
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        decided = decide(work, scope, proposal, (APPROVE,))
        old = self._get(work, scope, ClaimId(decided.subject))
        check_actor(CLAIM, old.state, _E.APPROVE, acting_as(self.by.role))
        found = reckoned(self.office, work, scope, old)
        if found.against:
            return rejected(self.office, work, scope, old, found.against[0], found)
        fen = Fen(int(decided.terms["fen"]))
        if fen > found.fen:
            raise Conflict("E-CLAIM-006", current=found.fen, allowed=(), fen=fen, most=found.fen)
        return approved(self.office, work, scope, old, found, fen, self.by, second=self.by.id)

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Refuse, as a second reviewer, what was proposed: the first one looks again."""
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        return decide(work, scope, proposal, (APPROVE,), ProposalState.REFUSED)

    @one_commit
    def reject(self, work: UnitOfWork, claim: ClaimId, reason: ClaimReason) -> Rejected:
        """Reject a claim for a reason that no rule finds: papers, cause (不予给付)."""
        scope, old = self._reviewed(work, claim, _E.REJECT)
        self._in_hand(old)
        let_lapse(work, scope, APPROVE, old.id)
        return rejected(self.office, work, scope, old, reason, old.reckoning)

    # --- looking ----------------------------------------------------------------------------

    @one_look
    def get(self, work: UnitOfWork, claim: ClaimId) -> Claim:
        """Return a claim with its reckoning (E-CLAIM-008: there is none within reach)."""
        return self._get(work, authorise(work, self.by, Operation.CLAIM_READ), claim)

    @one_look
    def preview(self, work: UnitOfWork, claim: ClaimId) -> Reckoning:
        """Return what a claim comes to now, without deciding anything (试算)."""
        scope = authorise(work, self.by, Operation.CLAIM_READ)
        return reckoned(self.office, work, scope, self._get(work, scope, claim))

    @one_look
    def of_person(self, work: UnitOfWork, person: PersonId) -> Sequence[Claim]:
        """Return a person's claims, oldest first."""
        scope = authorise(work, self.by, Operation.CLAIM_READ)
        return work.claims.of_person(scope, person)

    @one_look
    def listed(
        self,
        work: UnitOfWork,
        states: Iterable[ClaimState] = OPEN,
        *,
        after: ClaimId | None = None,
        most: int = 200,
    ) -> Sequence[Claim]:
        """Return a page of claims in some states, by id: the review body's desk."""
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        return work.claims.listed(scope, states, after=after, most=most)

    @one_look
    def waiting(self, work: UnitOfWork) -> Sequence[Proposal]:
        """Return the decisions that wait for a second reviewer."""
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        return [each for each in work.proposals.waiting(scope) if each.operation == APPROVE]

    @one_look
    def second_word(self, work: UnitOfWork, claim: ClaimId) -> Proposal | None:
        """Return the decision of a claim that waits for a second reviewer, if there is one."""
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        return work.proposals.open_of(scope, APPROVE, claim)

    # --- within -----------------------------------------------------------------------------

    def _get(self, work: UnitOfWork, scope: Scope, claim: ClaimId) -> Claim:
        found = work.claims.get(scope, claim)
        if found is None:
            raise NotFound("E-CLAIM-008")
        return found

    def _actors(self, work: UnitOfWork, scope: Scope, person: PersonId) -> frozenset[Actor]:
        membership = work.members.newest(scope, person)
        own = membership is not None and in_charge(work, self.by, scope, membership.organisation)
        return acting_as(self.by.role, own=own)

    def _asked(self, work: UnitOfWork, scope: Scope, claim: ClaimId, event: ClaimEvent) -> Claim:
        old = self._get(work, scope, claim)
        check_actor(CLAIM, old.state, event, self._actors(work, scope, old.person))
        return old

    def _reviewed(self, work: UnitOfWork, claim: ClaimId, event: ClaimEvent) -> tuple[Scope, Claim]:
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        old = self._get(work, scope, claim)
        check_actor(CLAIM, old.state, event, acting_as(self.by.role))
        return scope, old

    def _in_hand(self, claim: Claim) -> None:
        if claim.reviewer != self.by.id:
            raise NotAllowed("E-CLAIM-007")
