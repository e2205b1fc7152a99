"""Know what was paid and should not have been: found by two, got back or written off by two (追回).

Nothing is taken by machine: the list says who is to be spoken with, and finance writes down what
came of it. Money that was got back goes the other way through the books, under the same claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.claim_moves import RECOVERED, keep_claim
from szunion.application.money_moves import pseudonym
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, propose
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.claim_files import Claim
from szunion.domain.claims import CLAIM, ClaimEvent, ClaimState
from szunion.domain.ledger import Entry, Transfer, fund
from szunion.domain.orders import OrderState
from szunion.domain.payouts import Obligation
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import ClaimId, EnrolmentId, Fen
from szunion.errors import Conflict, InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork

_E = ClaimEvent
_OWED: Final = frozenset({ClaimState.DECIDED, ClaimState.PAYABLE, ClaimState.PAID})
_FOUND: Final = "claim.overpaid"


def void_cover(
    work: UnitOfWork, scope: Scope, enrolment: EnrolmentId, claims: Sequence[Claim], why: str
) -> None:
    """Put what is owed or paid under a cover that never was on the list; two have said so."""
    for claim in claims:
        if claim.enrolment == enrolment and claim.state in _OWED:
            keep_claim(work, scope, claim, claim.after(_E.OVERPAID, work.now), _E.OVERPAID, why)


@frozen
class Recovery:
    """The desk of what is to be got back (追回)."""

    office: Office
    by: Principal

    @one_commit
    def overpaid(self, work: UnitOfWork, claim: ClaimId, *, evidence: str) -> Proposal:
        """Propose, as a reviewer, that a paid claim should not have been paid (发现多付).

        Raises:
            InvalidInput: no evidence is named (E-CLAIM-010).
        """
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        self._found(work, scope, claim, evidence)
        return propose(work, scope, _FOUND, claim, {"evidence": evidence.strip()})

    @one_look
    def preview_overpaid(self, work: UnitOfWork, claim: ClaimId, *, evidence: str) -> Claim:
        """Return the claim as it would be once two had found it overpaid; raises what that does."""
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        return self._found(work, scope, claim, evidence).after(_E.OVERPAID, work.now)

    @one_commit
    def confirm_overpaid(self, work: UnitOfWork, proposal: int) -> Claim:
        """Confirm it, as another reviewer: the claim is on the list.

        Raises:
            NotAllowed: it is who proposed (E-ACCESS-004).
        """
        scope = authorise(work, self.by, Operation.CLAIM_DECIDE)
        decided = decide(work, scope, proposal, (_FOUND,))
        old = self._get(work, scope, ClaimId(decided.subject))
        new = old.after(_E.OVERPAID, work.now)
        return keep_claim(work, scope, old, new, _E.OVERPAID, decided.terms["evidence"])

    @one_commit
    def done(self, work: UnitOfWork, claim: ClaimId, *, recovered: Fen, document: str) -> Proposal:
        """Propose, in finance, what came of it: so much was got back, the rest is written off.

        Raises:
            InvalidInput: no document is named (E-CLAIM-010).
            Conflict: more came back than was paid and is not with us again (E-CLAIM-011), or an
                order of it is still on its way (E-CLAIM-012).
        """
        scope = authorise(work, self.by, Operation.PAY_WRITE)
        self._ended(work, scope, claim, recovered, document)
        terms = {"fen": str(recovered.amount), "document": document.strip()}
        return propose(work, scope, RECOVERED, claim, terms)

    @one_look
    def preview_done(
        self, work: UnitOfWork, claim: ClaimId, *, recovered: Fen, document: str
    ) -> Fen:
        """Return what would be written off if so much were got back; raises what its end does."""
        scope = authorise(work, self.by, Operation.PAY_WRITE)
        return self._ended(work, scope, claim, recovered, document)

    @one_commit
    def confirm_done(self, work: UnitOfWork, proposal: int) -> Claim:
        """Confirm it, as another person of finance: booked the other way round, and closed (办结).

        Raises:
            NotAllowed: it is who proposed (E-ACCESS-004).
            Conflict: its money has moved since (E-CLAIM-011, E-CLAIM-012).
        """
        scope = authorise(work, self.by, Operation.PAY_WRITE)
        decided = decide(work, scope, proposal, (RECOVERED,))
        old = self._get(work, scope, ClaimId(decided.subject))
        new = old.after(_E.DONE, work.now)
        fen = Fen(int(decided.terms["fen"]))
        owed = self._owed(work, scope, old)
        _fits(work, scope, old, owed, fen)  # the bank may have told of its money since
        if fen > Fen(0):
            self._book(work, scope, old, owed, fen)
        return keep_claim(work, scope, old, new, _E.DONE, decided.terms["document"])

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Refuse, as the second person, what was proposed."""
        review = self._proposed(work, proposal).operation == _FOUND
        asked = Operation.CLAIM_DECIDE if review else Operation.PAY_WRITE
        scope = authorise(work, self.by, asked)
        return decide(work, scope, proposal, (_FOUND, RECOVERED), ProposalState.REFUSED)

    @one_look
    def proposed(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Return what a second person is to confirm, or what became of it.

        Raises:
            NotFound: nothing of a recovery was proposed under that id (E-ACCESS-002).
        """
        return self._proposed(work, proposal)

    @one_look
    def listed(
        self, work: UnitOfWork, *, after: ClaimId | None = None, most: int = 200
    ) -> Sequence[Claim]:
        """Return a page of what is to be got back, by id (追回清单)."""
        scope = authorise(work, self.by, Operation.RECOVERY_READ)
        return work.claims.listed(scope, (ClaimState.RECOVERY,), after=after, most=most)

    def _proposed(self, work: UnitOfWork, proposal: int) -> Proposal:
        found = work.proposals.get(authorise(work, self.by, Operation.RECOVERY_READ), proposal)
        if found is None or found.operation not in {_FOUND, RECOVERED}:
            raise NotFound("E-ACCESS-002")
        return found

    def _found(self, work: UnitOfWork, scope: Scope, claim: ClaimId, evidence: str) -> Claim:
        """Return the claim, once it is clear that it may be found overpaid."""
        old = self._get(work, scope, claim)
        check_actor(CLAIM, old.state, _E.OVERPAID, acting_as(self.by.role))
        if not evidence.strip():
            raise InvalidInput("E-CLAIM-010")
        return old

    def _ended(
        self, work: UnitOfWork, scope: Scope, claim: ClaimId, recovered: Fen, document: str
    ) -> Fen:
        """Return what is written off, once it is clear that the recovery may end so."""
        old = self._get(work, scope, claim)
        check_actor(CLAIM, old.state, _E.DONE, acting_as(self.by.role))
        if not document.strip():
            raise InvalidInput("E-CLAIM-010")
        return _fits(work, scope, old, self._owed(work, scope, old), recovered)

    def _get(self, work: UnitOfWork, scope: Scope, claim: ClaimId) -> Claim:
        found = work.claims.get(scope, claim)
        if found is None:
            raise NotFound("E-CLAIM-008")
        return found

    def _owed(self, work: UnitOfWork, scope: Scope, claim: Claim) -> Obligation:
        owed = work.obligations.get(scope, claim.obligation) if claim.obligation else None
        if owed is None:
            raise NotFound("E-PAY-009")
        return owed

    def _book(
        self, work: UnitOfWork, scope: Scope, claim: Claim, owed: Obligation, fen: Fen
    ) -> None:
        """Book what was got back: from whoever received it to the fund, and into its budget."""
        paid_to = [
            order.payee
            for order in work.orders.of_obligation(scope, owed.id)
            if order.state is OrderState.SETTLED
        ]
        back = Transfer(
            id=work.ids.new(), debit=fund(owed.item, owed.year),
            credit=pseudonym(work, paid_to[-1] if paid_to else claim.person), fen=fen,
            entry=Entry.DIRECT, code=_code(claim), at=work.now,
        )  # fmt: skip
        work.ledger.add_many(scope, [back])
        work.budgets.commit(scope, owed.item, owed.year, -fen)


def _fits(work: UnitOfWork, scope: Scope, claim: Claim, owed: Obligation, recovered: Fen) -> Fen:
    """Hold what was got back to what is with the member; return the rest, which is written off.

    What the bank returned is not, nor what was got back before the bank spoke again.
    """
    if owed.in_flight > Fen(0):
        raise Conflict("E-CLAIM-012", current=owed.in_flight, allowed=(), fen=owed.in_flight)
    before = sum(each.fen.amount for each in work.ledger.of_codes(scope, [_code(claim)]))
    most = max(owed.settled - Fen(before), Fen(0))
    if not Fen(0) <= recovered <= most:
        raise Conflict("E-CLAIM-011", current=most, allowed=(), fen=recovered, paid=most)
    return most - recovered


def _code(claim: Claim) -> str:
    """Return under which code the books hold what was got back of a claim."""
    return f"recovered:{claim.id}"
