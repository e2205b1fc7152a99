"""Know what a card may be used for, and everything that stands against it, with who can lift it."""

from __future__ import annotations

from typing import Final

from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import Labelled
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
