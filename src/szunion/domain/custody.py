"""Know who has the plastic in hand: at the bank, at a union, with the member, or nobody knows."""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from szunion.domain.machine import Actor, Machine, Owner, command, fact
from szunion.domain.values import CardId, Labelled, OrganisationId
from szunion.text import Text


class CustodyState(Labelled):
    """Where a piece of plastic is (保管状态)."""

    AT_BANK = "AT_BANK", "在银行", "at the bank"
    WITH_UNION = "WITH_UNION", "在工会", "with the union"
    WITH_MEMBER = "WITH_MEMBER", "在会员手中", "with the member"
    MISSING = "MISSING", "下落不明", "missing"
    RETURNED = "RETURNED", "已退回", "returned to the bank"
    DESTROYED = "DESTROYED", "已销毁", "destroyed"


class CustodyEvent(Labelled):
    """What happens to a piece of plastic."""

    MADE = "made", "制成", "made"
    COLLECT = "collect", "工会领取", "collected by the union"
    COLLECTED_AT_BRANCH = "collected_at_branch", "网点领取", "collected at a branch"
    PASS_ON = "pass_on", "移交", "passed on"
    HAND_OUT = "hand_out", "发放", "handed out"
    USED = "used", "到网点激活", "activated at a branch"
    MISS = "miss", "清点短少", "missing at a count"
    FIND = "find", "找回", "found"
    WRITE_OFF = "write_off", "核销", "written off"
    GIVE_BACK = "give_back", "退回", "given back"
    DESTROY = "destroy", "工会销毁", "destroyed by the union"
    DESTROYED = "destroyed", "银行销毁", "destroyed by the bank"


_S = CustodyState
_E = CustodyEvent

CUSTODY: Final = Machine(
    name="custody",
    text=Text("实体卡保管", "custody of the plastic"),
    instance=Text("一张实体卡", "one piece of plastic"),
    owner=Owner.SHARED,
    states=CustodyState,
    events=CustodyEvent,
    start=None,
    final=frozenset({_S.WITH_MEMBER, _S.DESTROYED}),
    moves=(
        fact(None, _E.MADE, _S.AT_BANK, effect=Text("批次的实体清单", "piece list of the batch")),
        command(
            _S.AT_BANK,
            _E.COLLECT,
            _S.WITH_UNION,
            Actor.UNION,
            two=True,
            guard=Text(
                "张数与掩码卡号同银行清单相符；短少逐张注明",
                "count and masked numbers agree with the bank's list; each missing piece is named",
            ),
            effect=Text("签署保管清单", "custody list signed"),
        ),
        fact((_S.AT_BANK, _S.RETURNED), _E.COLLECTED_AT_BRANCH, _S.WITH_MEMBER),
        fact((_S.AT_BANK, _S.RETURNED), _E.DESTROYED, _S.DESTROYED),
        command(
            _S.WITH_UNION,
            _E.PASS_ON,
            _S.WITH_UNION,
            Actor.NEW_UNION,
            Actor.UPPER,
            two=True,
            guard=Text(
                "会员或工会有变动；交接双方都签字",
                "the member or the union moved; giver and taker both sign",
            ),
            effect=Text("拆分保管清单", "custody list split"),
        ),
        command(
            _S.WITH_UNION,
            _E.HAND_OUT,
            _S.WITH_MEMBER,
            Actor.UNION,
            guard=Text("会员签收，或代领人持书面委托", "the member signs, or a proxy with paper"),
            effect=Text("申办明细转“已发放”", "the application row is handed out too"),
        ),
        fact(
            (_S.WITH_UNION, _S.MISSING),
            _E.USED,
            _S.WITH_MEMBER,
            means=Text(
                "清单上还在工会（或下落不明），却已在网点激活",
                "activated at a branch while our list says it is with the union, or missing",
            ),
            effect=Text(
                "保管清单记缺口；下落不明的复核事件",
                "gap in the custody list; an incident of a missing piece is reviewed",
            ),
        ),
        command(
            _S.WITH_UNION,
            _E.MISS,
            _S.MISSING,
            Actor.UNION,
            Actor.UPPER,
            guard=Text("清点发现短少", "found missing at a count"),
            effect=Text(
                "加“实体卡下落不明”锁定；通知银行；立事件",
                "hold for missing plastic; instruction to the bank; incident",
            ),
        ),
        command(
            _S.MISSING,
            _E.FIND,
            _S.WITH_UNION,
            Actor.UNION,
            Actor.UPPER,
            two=True,
            effect=Text("可解除锁定", "the hold may be lifted"),
        ),
        command(
            _S.MISSING,
            _E.WRITE_OFF,
            _S.DESTROYED,
            Actor.CITY,
            two=True,
            guard=Text("银行状态为已换卡或已销卡", "the bank's state is replaced or closed"),
            effect=Text("了结事件", "incident closed"),
        ),
        command(
            _S.WITH_UNION,
            _E.GIVE_BACK,
            _S.RETURNED,
            Actor.UNION,
            two=True,
            guard=Text("无人领取、放弃或会籍已终止", "unclaimed, declined or the member is gone"),
            effect=Text("退卡清单", "return list"),
        ),
        command(
            _S.WITH_UNION,
            _E.DESTROY,
            _S.DESTROYED,
            Actor.UNION,
            two=True,
            guard=Text("银行同意就地销毁", "the bank agreed to destroying on the spot"),
            effect=Text("销毁记录（照片或笔录）", "record with pictures or protocol"),
        ),
        command(
            _S.WITH_MEMBER,
            _E.GIVE_BACK,
            _S.RETURNED,
            Actor.UNION,
            guard=Text("会员交回", "the member gives it up"),
            effect=Text("退卡清单", "return list"),
        ),
    ),
)


@frozen(kw_only=True)
class Custody:
    """Who has a card's plastic in hand (保管)."""

    card: CardId
    state: CustodyState = CustodyState.AT_BANK
    holder: OrganisationId | None = None
    """The union that has it, while one has, or the one that missed it."""

    def after(self, event: CustodyEvent, holder: OrganisationId | None = None) -> Custody:
        """Return the custody after *event*; *holder* is the union that has the piece then.

        Raises:
            Conflict: the table has no such step (E-STATE-001).
        """
        state = CUSTODY.after(self.state, event)
        keeps = state in {CustodyState.WITH_UNION, CustodyState.MISSING}
        return evolve(self, state=state, holder=(holder or self.holder) if keeps else None)
