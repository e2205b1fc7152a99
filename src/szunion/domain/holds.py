"""Know what a hold is: one lock on one card, with an owner, a reason and perhaps an end."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import CardId, HoldId, Labelled, OrganisationId
from szunion.errors import NotAllowed
from szunion.text import Text


class HoldState(Labelled):
    """Where a hold stands (锁定状态)."""

    OPEN = "OPEN", "锁定中", "open"
    LIFTED = "LIFTED", "已解除", "lifted"
    EXPIRED = "EXPIRED", "已到期", "expired"
    VOID = "VOID", "已作废", "void"


class HoldEvent(Labelled):
    """What is done with a hold."""

    PLACE = "place", "锁定", "place"
    STOP = "stop", "系统停用（消息矛盾）", "stopped by the engine: contradictory messages"
    EXTEND = "extend", "延长", "extend"
    TAKE_OVER = "take_over", "接管", "take over"
    LIFT = "lift", "解除", "lift"
    EXPIRE = "expire", "到期", "expire"
    VOID = "void", "作废", "void"


class HoldReason(Labelled):
    """Why a card is locked by the union (锁定原因)."""

    MISUSE = "MISUSE", "涉嫌违规使用", "suspected misuse"
    REPORTED_LOST = "REPORTED_LOST", "会员报失待银行确认", "reported lost, the bank to confirm"
    DATA_DOUBT = "DATA_DOUBT", "资料存疑", "doubtful data"
    INVESTIGATION = "INVESTIGATION", "核查中", "under investigation"
    PLASTIC_MISSING = "PLASTIC_MISSING", "实体卡下落不明", "the plastic is missing"
    CONFLICT = "CONFLICT", "银行来报矛盾", "the bank's messages contradict each other"


_S = HoldState
_E = HoldEvent
_LAST: Final = Text(
    "若是最后一项，工会使用状态恢复", "if it was the last one, the union facet resumes"
)

HOLD: Final = Machine(
    name="hold",
    text=Text("锁定", "hold"),
    instance=Text(
        "一张卡上的一项锁定，有锁定方、原因，可有期限",
        "one lock on one card, with an owner, a reason and, if wanted, an end",
    ),
    owner=Owner.UNION,
    states=HoldState,
    events=HoldEvent,
    start=None,
    final=frozenset({_S.LIFTED, _S.EXPIRED, _S.VOID}),
    reasons=HoldReason,
    moves=(
        command(
            None,
            _E.PLACE,
            _S.OPEN,
            Actor.UNION,
            Actor.UPPER,
            Actor.CITY,
            Actor.HOTLINE,
            guard=Text(
                "基层工会限本会会员，上级限所辖；热线只能保护性锁定，且不超过政策最长期限；有原因代码",
                "own members, own subtree; the hotline only protectively and within the policy's "
                "longest term; reason code",
            ),
            effect=Text(
                "暂停工会使用状态；告知会员原因及谁能解除",
                "union facet suspended; the member is told why and who can lift it",
            ),
        ),
        engine(
            None,
            _E.STOP,
            _S.OPEN,
            guard=Text(
                "消息矛盾：同一编号两种内容，或与终局状态相反",
                "contradiction: one id with two contents, or a fact against an absorbing state",
            ),
            effect=Text(
                "只停这一张；锁定方为市总；给市总一项待办",
                "that card only; the city federation owns it and gets a task",
            ),
        ),
        command(
            _S.OPEN,
            _E.EXTEND,
            _S.OPEN,
            Actor.OWNER,
            guard=Text(
                "到期之前；有原因；热线不得延长", "before its end; a reason; never the hotline"
            ),
            effect=Text("新期限", "new end"),
        ),
        command(
            _S.OPEN,
            _E.TAKE_OVER,
            _S.OPEN,
            Actor.NEW_UNION,
            Actor.UPPER,
            guard=Text(
                "因接转、合并或撤销，锁定方已不管此会员；须明示同意",
                "the owner lost the member by transfer, merger or dissolution; an explicit yes",
            ),
            effect=Text("变更锁定方；保留历史", "owner changed; history kept"),
        ),
        command(
            _S.OPEN,
            _E.LIFT,
            _S.LIFTED,
            Actor.OWNER,
            guard=Text(
                "有原因；矛盾锁定须有银行澄清",
                "a reason; a contradiction hold needs the bank's clarification",
            ),
            effect=_LAST,
        ),
        engine(
            _S.OPEN,
            _E.EXPIRE,
            _S.EXPIRED,
            guard=Text("有期限且已过", "it had an end, and that passed"),
            effect=_LAST,
        ),
        command(
            _S.OPEN,
            _E.VOID,
            _S.VOID,
            Actor.CITY,
            two=True,
            guard=Text("锁错了卡", "placed on the wrong card"),
            effect=Text("同解除；在历史中注明", "as on lifting; marked in the history"),
        ),
    ),
)


@frozen(kw_only=True)
class Hold:
    """One lock on one card (锁定). Only its owner, or a higher organ of the same side, lifts it."""

    id: HoldId
    card: CardId
    owner: OrganisationId
    """The union that placed it; of a contradiction, the city federation."""
    reason: HoldReason
    since: datetime
    until: datetime | None = None
    state: HoldState = HoldState.OPEN
    placed_as: Actor = Actor.UNION
    note: str = ""

    @property
    def open(self) -> bool:
        """Whether it stands against the card."""
        return self.state is HoldState.OPEN

    def due(self, now: datetime) -> bool:
        """Return whether it is open and its end has passed."""
        return self.open and self.until is not None and self.until <= now

    def lifted(self) -> Hold:
        """Return the hold, lifted (E-STATE-001 if it is not open)."""
        return evolve(self, state=HOLD.after(self.state, HoldEvent.LIFT))

    def expired(self) -> Hold:
        """Return the hold, run out (E-STATE-001 if it is not open)."""
        return evolve(self, state=HOLD.after(self.state, HoldEvent.EXPIRE))

    def voided(self) -> Hold:
        """Return the hold, void because it was placed on the wrong card."""
        return evolve(self, state=HOLD.after(self.state, HoldEvent.VOID))

    def extended(self, until: datetime) -> Hold:
        """Return the hold with a new end.

        Raises:
            NotAllowed: the hotline may never extend (E-HOLD-002).
        """
        if self.placed_as is Actor.HOTLINE:
            raise NotAllowed("E-HOLD-002", hold=self.id)
        return evolve(self, state=HOLD.after(self.state, HoldEvent.EXTEND), until=until)

    def taken_over(self, owner: OrganisationId) -> Hold:
        """Return the hold with a new owner: after a transfer, merger or dissolution."""
        return evolve(self, state=HOLD.after(self.state, HoldEvent.TAKE_OVER), owner=owner)


def check_may_lift(hold: Hold, owner_path: str, actor_path: str) -> None:
    """Check that the union at *actor_path* owns *hold* or stands above its owner.

    Args:
        hold: The hold to be lifted or extended.
        owner_path: The owner's place in the tree, such as ``/1/7/93/``.
        actor_path: The place of the union that wants to act.

    Raises:
        NotAllowed: it is neither the owner nor above it (E-HOLD-001).
    """
    if not owner_path.startswith(actor_path):
        raise NotAllowed(
            "E-HOLD-001", hold=hold.id, reason=hold.reason.label, reason_en=hold.reason.label_en
        )
