"""Know what a card is: five parts, each with its own owner, and never one status.

The bank's facet is the bank's word, the union's facet the union's; holds have owners; the plastic
has somebody in hand; a link says what replaces what. ``use.py`` computes what follows.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from szunion.domain.bank_requests import AccountClass
from szunion.domain.facets import BankFacet
from szunion.domain.holds import Hold, HoldEvent, HoldReason
from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.members import MembershipReason
from szunion.domain.values import CardId, CardRef, HoldId, Labelled, PersonId
from szunion.errors import Conflict, NotFound
from szunion.text import Text


class UnionState(Labelled):
    """What the union decided about the use of a card (工会使用状态)."""

    PENDING = "PENDING", "待启用", "pending"
    ENABLED = "ENABLED", "已启用", "enabled"
    SUSPENDED = "SUSPENDED", "暂停使用", "suspended"
    REVOKED = "REVOKED", "停止使用", "revoked"


class UnionEvent(Labelled):
    """What moves the union's facet."""

    ENABLE = "enable", "启用", "enable"
    SUSPEND = "suspend", "暂停", "suspend"
    STOPPED = "stopped", "系统停用", "stopped by the engine"
    LIFT = "lift", "解除一项锁定", "lift one hold of several"
    ONE_EXPIRED = "one_expired", "一项锁定到期", "one hold of several ran out"
    RESUME = "resume", "恢复使用", "resume"
    HOLD_EXPIRED = "hold_expired", "锁定全部到期", "the last hold ran out"
    REVOKE = "revoke", "停用", "revoke"
    MEMBERSHIP_ENDED = "membership_ended", "会籍终止停用", "membership ended"
    SUPERSEDED = "superseded", "换卡停用", "superseded by a new card"
    REJOIN = "rejoin", "重新入会", "rejoin"


class UnionReason(Labelled):
    """Why the union's use of a card was revoked (停用原因)."""

    LEFT_UNION = "LEFT_UNION", "退会", "left the union"
    LEFT_CITY = "LEFT_CITY", "离开本市就业", "left employment in the city"
    DECEASED = "DECEASED", "去世", "deceased"
    DUPLICATE_PERSON = "DUPLICATE_PERSON", "重复建档", "the person was on file twice"
    SUPERSEDED = "SUPERSEDED", "已换新卡", "a new card took its place"
    DECISION = "DECISION", "组织决定", "decision of the federation"


_S = UnionState
_E = UnionEvent
_ANY: Final = (_S.PENDING, _S.ENABLED, _S.SUSPENDED)

CARD_UNION: Final = Machine(
    name="card_union",
    text=Text("工会使用状态", "card, union facet"),
    instance=Text("一张卡；只有工会能写", "one card; only the union writes it"),
    owner=Owner.UNION,
    states=UnionState,
    events=UnionEvent,
    start=_S.PENDING,
    final=frozenset({_S.REVOKED}),
    reasons=UnionReason,
    moves=(
        engine(
            _S.PENDING,
            _E.ENABLE,
            _S.ENABLED,
            guard=Text(
                "会籍在籍（政策允许时含保留）；身份已绑定到卡；没有存续锁定",
                "membership active (or retained if the policy says so); identity bound to the "
                "card; no hold open",
            ),
            effect=Text("银行需要时发“允许”指令", "instruction to allow, if the bank wants one"),
        ),
        command(
            (_S.ENABLED, _S.SUSPENDED),
            _E.SUSPEND,
            _S.SUSPENDED,
            Actor.UNION,
            Actor.UPPER,
            Actor.CITY,
            Actor.HOTLINE,
            guard=Text(
                "基层工会限本会会员，上级限所辖；热线只能保护性暂停且有期限",
                "own members, own subtree; the hotline only protectively, with an end",
            ),
            effect=Text(
                "开一项锁定（锁定方、原因、期限）；原因需要时发指令",
                "a hold opened with owner, reason and end; instruction if the reason says so",
            ),
        ),
        engine(
            (_S.ENABLED, _S.SUSPENDED),
            _E.STOPPED,
            _S.SUSPENDED,
            guard=Text("开了消息矛盾锁定", "a contradiction hold was opened"),
            effect=Text("给市总一项待办", "a task for the city federation"),
        ),
        command(
            _S.SUSPENDED,
            _E.LIFT,
            _S.SUSPENDED,
            Actor.OWNER,
            guard=Text("自己的锁定；还有其他锁定", "own hold; others remain"),
            effect=Text("该项锁定解除", "that hold is lifted"),
        ),
        engine(
            _S.SUSPENDED,
            _E.ONE_EXPIRED,
            _S.SUSPENDED,
            guard=Text("一项锁定到期；还有其他锁定", "one hold ran out; others remain"),
            effect=Text("该项锁定到期", "that hold is expired"),
        ),
        command(
            _S.SUSPENDED,
            _E.RESUME,
            _S.ENABLED,
            Actor.OWNER,
            guard=Text("最后一项锁定", "the last hold"),
            effect=Text(
                "该项锁定解除；曾告知银行停用的，发“允许”指令",
                "that hold is lifted; instruction to allow if a stop was told",
            ),
        ),
        engine(
            _S.SUSPENDED,
            _E.HOLD_EXPIRED,
            _S.ENABLED,
            guard=Text("最后一项锁定有期限且已过", "the last hold had an end, and it passed"),
            effect=Text("同恢复", "as on resuming"),
        ),
        command(
            _ANY,
            _E.REVOKE,
            _S.REVOKED,
            Actor.CITY,
            two=True,
            guard=Text("组织决定，有文件", "decision of the federation, document"),
            effect=Text("发“停用”指令；锁定仍存续", "instruction to stop; holds stay open"),
        ),
        engine(
            _ANY,
            _E.MEMBERSHIP_ENDED,
            _S.REVOKED,
            guard=Text(
                "会籍终止或作废；原因随会籍的原因",
                "membership left or void; the reason follows from its reason",
            ),
            effect=Text(
                "发带原因的“停用”指令，同一起因只发一次；锁定仍存续",
                "instruction to stop with the reason, once per cause; holds stay open",
            ),
        ),
        engine(
            _ANY,
            _E.SUPERSEDED,
            _S.REVOKED,
            guard=Text("新卡已激活", "the successor is activated"),
            effect=Text(
                "存续锁定移到新卡；不必告知银行",
                "open holds move to the successor; nothing is told to the bank: it knows",
            ),
        ),
        command(
            _S.REVOKED,
            _E.REJOIN,
            _S.PENDING,
            Actor.CITY,
            guard=Text(
                "新的或更正恢复的会籍在籍；银行状态不是终局；原因不是重复建档或已换新卡；去世者须先更正恢复",
                "a new or reinstated episode is active; the bank's state is not absorbing; reason "
                "neither duplicate nor superseded; deceased only after a reinstatement",
            ),
            effect=Text(
                "发“恢复”指令，排在未答复的“停用”之后",
                "instruction to restore, queued behind an unanswered stop",
            ),
        ),
    ),
)


_BECAUSE: Final = {
    MembershipReason.LEFT_CITY: UnionReason.LEFT_CITY,
    MembershipReason.DECEASED: UnionReason.DECEASED,
    MembershipReason.DUPLICATE_PERSON: UnionReason.DUPLICATE_PERSON,
}


def because(reason: MembershipReason | None) -> UnionReason:
    """Return why a card is revoked when its holder's membership ended for *reason*."""
    return (
        UnionReason.LEFT_UNION if reason is None else _BECAUSE.get(reason, UnionReason.LEFT_UNION)
    )


@frozen
class UnionFacet:
    """What the union decided (工会使用状态), and which of its decisions that was.

    The sequence counts the union's decisions on this card. Inside the register they come in
    order; a copy elsewhere (a status list at a service point) keeps the highest.
    """

    state: UnionState = UnionState.PENDING
    reason: UnionReason | None = None
    sequence: int = 0

    def after(self, event: UnionEvent, reason: UnionReason | None = None) -> UnionFacet:
        """Return the facet after the union's next decision (E-STATE-001 if there is no step)."""
        return UnionFacet(CARD_UNION.after(self.state, event), reason, self.sequence + 1)

    def told(self, other: UnionFacet) -> UnionFacet:
        """Return the later of two states of this facet: for copies, in any order."""
        return other if other.sequence > self.sequence else self


@frozen(kw_only=True)
class Card:
    """One card (会员服务卡). The bank's part changes by facts alone, the union's by decisions."""

    id: CardId
    person: PersonId
    ref: CardRef
    last_four: str
    account_class: AccountClass = AccountClass.I
    bank: BankFacet = BankFacet()
    union: UnionFacet = UnionFacet()
    holds: tuple[Hold, ...] = ()
    replaces: CardId | None = None
    replaced_by: CardId | None = None
    current: bool = False
    """Whether it is the person's current card: moved by the successor's activation alone."""
    version: int = 0

    @property
    def open_holds(self) -> tuple[Hold, ...]:
        """The holds that stand against it now."""
        return tuple(hold for hold in self.holds if hold.open)

    def hold(self, id_: HoldId) -> Hold:
        """Return one of its holds.

        Raises:
            NotFound: the card has no such hold (E-CARD-001).
        """
        for each in self.holds:
            if each.id == id_:
                return each
        raise NotFound("E-CARD-001", hold=id_)

    def settled(self, *, carries_use: bool) -> Card:
        """Return the card with the union facet enabled, if nothing of the union's is against it.

        Args:
            carries_use: Whether the holder's membership carries the use of a card, by policy.
        """
        if self.union.state is not UnionState.PENDING or self.open_holds or not carries_use:
            return self
        return evolve(self, union=self.union.after(UnionEvent.ENABLE))

    def locked(self, hold: Hold) -> Card:
        """Return the card with one more open hold; what is enabled is suspended by it (锁定)."""
        event = UnionEvent.STOPPED if hold.reason is HoldReason.CONFLICT else UnionEvent.SUSPEND
        stands = self.union.state in {UnionState.ENABLED, UnionState.SUSPENDED}
        union = self.union.after(event) if stands else self.union
        return evolve(self, holds=(*self.holds, hold), union=union)

    def unlocked(self, id_: HoldId, how: HoldEvent) -> Card:
        """Return the card with a hold lifted, expired or void; the last one resumes use (解锁).

        Raises:
            NotFound: the card has no such hold (E-CARD-001).
            Conflict: the hold is not open (E-STATE-001), or *how* does not end one (E-CARD-002).
        """
        old = self.hold(id_)
        match how:
            case HoldEvent.LIFT:
                new = old.lifted()
            case HoldEvent.EXPIRE:
                new = old.expired()
            case HoldEvent.VOID:
                new = old.voided()
            case _:
                raise Conflict("E-CARD-002", current=how, allowed=_ENDINGS, event=how.label)
        holds = tuple(new if each.id == id_ else each for each in self.holds)
        union = self.union
        if union.state is UnionState.SUSPENDED:
            ran_out = how is HoldEvent.EXPIRE
            if any(each.open for each in holds):
                event = UnionEvent.ONE_EXPIRED if ran_out else UnionEvent.LIFT
            else:
                event = UnionEvent.HOLD_EXPIRED if ran_out else UnionEvent.RESUME
            union = union.after(event)
        return evolve(self, holds=holds, union=union)

    def ended(self, reason: MembershipReason | None) -> Card:
        """Return the card after its holder's membership ended; a revoked one stays as it is."""
        if self.union.state is UnionState.REVOKED:
            return self
        return evolve(self, union=self.union.after(UnionEvent.MEMBERSHIP_ENDED, because(reason)))

    def revoked(self) -> Card:
        """Return the card after a decision of the federation to end its use."""
        return evolve(self, union=self.union.after(UnionEvent.REVOKE, UnionReason.DECISION))

    def rejoined(self) -> Card:
        """Return the card after its holder came back; it is enabled when nothing is against it.

        Raises:
            Conflict: it was superseded or belonged to a duplicate, or the bank ended it
                (E-CARD-003); or E-STATE-001.
        """
        over = self.bank.absorbing is not None
        if over or self.union.reason in {UnionReason.SUPERSEDED, UnionReason.DUPLICATE_PERSON}:
            raise Conflict(
                "E-CARD-003", current=self.bank.state if over else self.union.reason, allowed=()
            )
        return evolve(self, union=self.union.after(UnionEvent.REJOIN))


_ENDINGS: Final = (HoldEvent.LIFT, HoldEvent.EXPIRE, HoldEvent.VOID)


def make_current(successor: Card, predecessor: Card | None) -> tuple[Card, Card | None]:
    """Return both cards after *successor* was activated: the pointer moves, holds move with it.

    A replacement that is only ordered moves nothing (补卡、换卡).

    Args:
        successor: The card that the bank has just told to be activated.
        predecessor: The person's current card until now, if there is one.
    """
    if predecessor is None or predecessor.id == successor.id:
        return evolve(successor, current=True), predecessor
    moved = predecessor.open_holds
    known = {hold.id for hold in successor.holds}
    for hold in moved:
        if hold.id not in known:
            successor = successor.locked(evolve(hold, card=successor.id))
    old = evolve(
        predecessor,
        current=False,
        replaced_by=successor.id,
        holds=tuple(hold for hold in predecessor.holds if not hold.open),
        union=(
            predecessor.union
            if predecessor.union.state is UnionState.REVOKED
            else predecessor.union.after(UnionEvent.SUPERSEDED, UnionReason.SUPERSEDED)
        ),
    )
    return evolve(successor, current=True, replaces=predecessor.id), old
