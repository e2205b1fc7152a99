"""Know what people may do with a card: see what stands against it, lock, unlock, revoke."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.card_facts import settle
from szunion.application.card_holds import acting_union, place_hold
from szunion.application.card_moves import (
    allow_again,
    card_of,
    instruct,
    keep,
    stop_use,
    with_card,
)
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, propose
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.bank import BankState
from szunion.domain.bank_words import FaceSign, WaiverUse
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import CARD_UNION, UnionEvent
from szunion.domain.facets import BankFact
from szunion.domain.holds import HOLD, Hold, HoldEvent, HoldReason, check_may_lift
from szunion.domain.instructions import Instruction, InstructionKind
from szunion.domain.machine import Actor
from szunion.domain.members import Membership
from szunion.domain.packs import Entitlement
from szunion.domain.policy import CityPolicy, Payable
from szunion.domain.proposals import Proposal
from szunion.domain.use import Why, payable, use
from szunion.domain.values import CardId, HoldId, PersonId
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork

_REVOKE = "card.revoke"
_VOID = "hold.void"


@frozen(kw_only=True)
class CardUse:
    """A card with everything that stands against its use (能否使用); nothing: it is usable."""

    card: KeptCard
    against: frozenset[Why]
    payable: Payable

    @classmethod
    def of(cls, kept: KeptCard, membership: Membership | None, policy: CityPolicy) -> CardUse:
        """Return what stands against a card whose holder has *membership*."""
        against = use(kept.card, membership, policy)
        return cls(card=kept, against=against, payable=payable(kept.card, policy))

    @property
    def usable(self) -> bool:
        """Whether nothing stands against it."""
        return not self.against


@frozen
class Cards:
    """Cards, as one principal may see and lock them (会员服务卡)."""

    office: Office
    by: Principal

    # --- looking ----------------------------------------------------------------------------

    @one_look
    def get(self, work: UnitOfWork, card: CardId) -> KeptCard:
        """Return a card.

        Raises:
            NotFound: it is not there, or not within reach (E-CARD-010).
        """
        return card_of(work, authorise(work, self.by, Operation.CARD_READ), card)

    @one_look
    def of_person(self, work: UnitOfWork, person: PersonId) -> Sequence[KeptCard]:
        """Return a person's cards, oldest first."""
        return work.cards.of_person(authorise(work, self.by, Operation.CARD_READ), person)

    @one_look
    def use(self, work: UnitOfWork, card: CardId) -> CardUse:
        """Return everything that stands against a card: computed now, with who can lift it."""
        scope = authorise(work, self.by, Operation.CARD_READ)
        return self._use(work, scope, card_of(work, scope, card))

    @one_look
    def current(self, work: UnitOfWork, person: PersonId) -> CardUse | None:
        """Return a person's current card with everything that stands against it."""
        scope = authorise(work, self.by, Operation.CARD_READ)
        programme = self.office.policy.cards.programme
        kept = work.cards.current(scope, person, programme)
        return None if kept is None else self._use(work, scope, kept)

    @one_look
    def free_services(self, work: UnitOfWork, card: CardId) -> Sequence[WaiverUse]:
        """Return what a card was served free of fee this month, as the bank tells (免手续费)."""
        scope = authorise(work, self.by, Operation.CARD_READ)
        month = self.office.clock.today().replace(day=1)
        return work.fee_waivers.of_card(scope, card_of(work, scope, card).id, month)

    @one_look
    def signings(self, work: UnitOfWork, person: PersonId) -> Sequence[FaceSign]:
        """Return what came of a person's signings face to face (面签结果)."""
        return work.face_signs.of_person(authorise(work, self.by, Operation.CARD_READ), person)

    def _use(self, work: UnitOfWork, scope: Scope, kept: KeptCard) -> CardUse:
        return CardUse.of(kept, work.members.newest(scope, kept.person), self.office.policy)

    @one_look
    def facts(self, work: UnitOfWork, card: CardId) -> Sequence[BankFact]:
        """Return all that the bank has told of a card."""
        return work.cards.facts(authorise(work, self.by, Operation.CARD_READ), card)

    @one_look
    def instructions(self, work: UnitOfWork, card: CardId) -> Sequence[Instruction]:
        """Return what the bank was asked about a card, in its order."""
        scope = authorise(work, self.by, Operation.CARD_READ)
        return work.instructions.of_card(scope, card_of(work, scope, card).id)

    @one_look
    def pack(self, work: UnitOfWork, person: PersonId) -> Sequence[Entitlement]:
        """Return what a person was given with the activation pack (激活大礼包)."""
        scope = authorise(work, self.by, Operation.CARD_READ)
        seen = work.members.newest(scope, person)
        return [] if seen is None else work.entitlements.of_person(scope, person)

    # --- holds ------------------------------------------------------------------------------

    @one_commit
    def lock(
        self,
        work: UnitOfWork,
        card: CardId,
        reason: HoldReason,
        *,
        until: datetime | None = None,
        note: str = "",
    ) -> KeptCard:
        """Place a hold on a card (锁定). The same union's open hold for the same reason stands.

        Raises:
            NotAllowed: the hotline places protective holds with an end only (E-CARD-014).
            InvalidInput: the reason is the engine's alone (E-CARD-017).
        """
        scope = authorise(work, self.by, Operation.CARD_HOLD)
        kept = card_of(work, scope, card)
        return place_hold(self.office, work, scope, kept, reason, until=until, note=note)

    @one_commit
    def extend(
        self, work: UnitOfWork, card: CardId, hold: HoldId, until: datetime, note: str
    ) -> KeptCard:
        """Give a hold another end, before the old one (延长); never the hotline's."""
        scope = authorise(work, self.by, Operation.CARD_HOLD)
        kept = card_of(work, scope, card)
        old = self._own_hold(work, kept, hold)
        if until <= work.now or old.due(work.now):
            raise Conflict("E-STATE-001", **_ended(old))
        holds = tuple(each.extended(until) if each.id == hold else each for each in kept.card.holds)
        after = with_card(kept, evolve(kept.card, holds=holds))
        return keep(work, scope, kept, after, "hold.extend", note[:200])

    @one_commit
    def unlock(self, work: UnitOfWork, card: CardId, hold: HoldId, note: str) -> KeptCard:
        """Lift a hold; only its owner, or a union above it, may (解除).

        Raises:
            NotAllowed: it is somebody else's (E-HOLD-001).
            Conflict: the bank has not cleared its contradiction (E-CARD-015); or E-STATE-001.
        """
        scope = authorise(work, self.by, Operation.CARD_HOLD)
        kept = card_of(work, scope, card)
        old = self._own_hold(work, kept, hold)
        if old.reason is HoldReason.CONFLICT and kept.card.bank.contradictory:
            raise Conflict("E-CARD-015", current=kept.card.bank.state, allowed=())
        return self._end_hold(work, scope, kept, old, HoldEvent.LIFT, note)

    def _own_hold(self, work: UnitOfWork, kept: KeptCard, id_: HoldId) -> Hold:
        hold = kept.card.hold(id_)
        if self.by.role is Role.HOTLINE:
            actors = {Actor.OWNER} if hold.placed_as is Actor.HOTLINE else set()
            check_actor(HOLD, hold.state, HoldEvent.LIFT, actors)
            return hold
        owner = work.organisations.standing(hold.owner)
        actor = work.organisations.standing(acting_union(work, self.by))
        if owner is None or actor is None:
            raise NotFound("E-ACCESS-002")
        check_may_lift(hold, owner.path, actor.path)
        return hold

    def _end_hold(  # noqa: PLR0913, PLR0917 - what an audit entry says
        self,
        work: UnitOfWork,
        scope: Scope,
        kept: KeptCard,
        hold: Hold,
        how: HoldEvent,
        note: str,
    ) -> KeptCard:
        after = with_card(kept, kept.card.unlocked(hold.id, how))
        done = keep(work, scope, kept, after, f"hold.{how.value}", note[:200])
        words = {"reason": hold.reason.label, "reason_en": hold.reason.label_en}
        work.messages.add(scope, kept.person, "card.unlocked", words)
        if done.card.open_holds:
            return done
        if CARD_UNION.transition(done.card.union.state, UnionEvent.SUSPEND) is not None:
            allow_again(work, scope, done, how.value)
        membership = work.members.newest(scope, done.person)
        return settle(self.office, work, scope, done, membership)

    # --- decisions of the city --------------------------------------------------------------

    @one_commit
    def propose_void(self, work: UnitOfWork, card: CardId, hold: HoldId, note: str) -> Proposal:
        """Propose that a hold was placed on the wrong card (作废); a second person confirms."""
        scope = authorise(work, self.by, Operation.CARD_DECIDE)
        kept = card_of(work, scope, card)
        check_actor(HOLD, kept.card.hold(hold).state, HoldEvent.VOID, acting_as(self.by.role))
        return propose(work, scope, _VOID, hold, {"card": str(card), "note": note[:200]})

    @one_commit
    def propose_revoke(self, work: UnitOfWork, card: CardId, document: str) -> Proposal:
        """Propose to end the use of a card by a decision (停用), with its document."""
        scope = authorise(work, self.by, Operation.CARD_DECIDE)
        kept = card_of(work, scope, card)
        state = kept.card.union.state
        check_actor(CARD_UNION, state, UnionEvent.REVOKE, acting_as(self.by.role))
        return propose(work, scope, _REVOKE, card, {"document": document[:200]})

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> KeptCard:
        """Confirm what another person of the city federation proposed, and do it.

        Raises:
            NotAllowed: the maker cannot be the checker (E-ACCESS-004).
        """
        scope = authorise(work, self.by, Operation.CARD_DECIDE)
        decided = decide(work, scope, proposal, {_VOID, _REVOKE})
        if decided.operation == _REVOKE:
            kept = card_of(work, scope, CardId(decided.subject))
            after = with_card(kept, kept.card.revoked())
            note = decided.terms["document"]
            done = keep(work, scope, kept, after, _REVOKE, note)
            stop_use(work, scope, done, "DECISION")
            return done
        kept = card_of(work, scope, CardId(int(decided.terms["card"])))
        hold = kept.card.hold(HoldId(decided.subject))
        return self._end_hold(work, scope, kept, hold, HoldEvent.VOID, decided.terms["note"])

    @one_commit
    def rejoin(self, work: UnitOfWork, card: CardId) -> KeptCard:
        """Let a card be used again that was revoked by a decision (重新入会、恢复).

        Raises:
            Conflict: the bank ended it, or another took its place (E-CARD-003); or E-STATE-001.
        """
        scope = authorise(work, self.by, Operation.CARD_DECIDE)
        kept = card_of(work, scope, card)
        membership = work.members.open_of(scope, kept.person)
        rights = (
            self.office.policy.rights_of(membership.state, membership.reason)
            if membership is not None
            else None
        )
        if rights is None or not rights.card:
            state = kept.card.bank.state or BankState.CLOSED
            raise Conflict("E-CARD-003", current=state, allowed=())
        after = keep(work, scope, kept, with_card(kept, kept.card.rejoined()), "card.rejoin")
        cause = f"union:{after.card.union.sequence}"
        instruct(work, scope, after, InstructionKind.RESTORE, cause, "REJOIN")
        return settle(self.office, work, scope, after, membership)


def _ended(hold: Hold) -> dict[str, object]:
    """Return what E-STATE-001 says of a hold whose end has passed, or would lie in the past."""
    text = HOLD.text
    return {
        "current": hold.state,
        "allowed": (),
        "machine": text.zh,
        "machine_en": text.en,
        "current_zh": hold.state.label,
        "current_en": hold.state.label_en,
        "event_zh": HoldEvent.EXTEND.label,
        "event_en": HoldEvent.EXTEND.label_en,
        "allowed_zh": HoldEvent.PLACE.label,
        "allowed_en": HoldEvent.PLACE.label_en,
    }
