"""Know how one attempt to pay goes: its states, and what the bank says of it (拨付指令)."""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.machine import Actor, Gap, Machine, Owner, Refused, command, engine, fact
from szunion.domain.values import (
    CardId,
    Fen,
    Labelled,
    ObligationId,
    OrderId,
    PayoutBatchId,
    PersonId,
    RequestKey,
)
from szunion.errors import InvalidInput
from szunion.text import Text


class OrderState(Labelled):
    """Where one attempt to pay stands (拨付状态)."""

    DRAFT = "DRAFT", "草稿", "draft"
    APPROVED = "APPROVED", "已复核", "approved"
    BATCHED = "BATCHED", "已组批", "batched"
    SENT = "SENT", "已报送", "sent"
    UNKNOWN = "UNKNOWN", "结果未知", "outcome unknown"
    ACCEPTED = "ACCEPTED", "银行已受理", "taken in by the bank"
    SETTLED = "SETTLED", "已到账", "settled"
    RETURNED = "RETURNED", "已退票", "returned"
    REJECTED = "REJECTED", "银行拒付", "rejected by the bank"
    CANCELLED = "CANCELLED", "已取消", "cancelled"


class OrderEvent(Labelled):
    """What happens to an attempt to pay."""

    APPROVE = "approve", "复核", "approve"
    BATCH = "batch", "组批", "put into a batch"
    CANCEL = "cancel", "取消", "cancel"
    STOP = "stop", "自动停发", "stopped by the engine"
    SEND = "send", "报送", "send"
    ACCEPTED = "accepted", "受理", "taken in"
    REJECTED = "rejected", "拒付", "rejected"
    SETTLED = "settled", "到账", "settled"
    RETURNED = "returned", "退票", "returned"
    UNREACHED = "unreached", "未送达", "never arrived"
    NO_ANSWER = "no_answer", "无应答", "no answer"
    NOT_FOUND = "not_found", "银行查无此笔", "the bank never saw it"
    RESEND = "resend", "原样重发", "sent again unchanged"


_S = OrderState
_E = OrderEvent
_OUT: Final = (_S.SENT, _S.UNKNOWN, _S.ACCEPTED)
_VOID: Final = Text("账务撤销；应付仍在", "ledger void; the obligation stays open")

DISBURSEMENT: Final = Machine(
    name="disbursement",
    text=Text("拨付指令", "disbursement order"),
    instance=Text(
        "为一笔应付所作的一次支付；还欠多少是算出来的，不是状态",
        "one attempt to pay one obligation; what is still owed is computed, never a state",
    ),
    owner=Owner.SHARED,
    states=OrderState,
    events=OrderEvent,
    start=_S.DRAFT,
    final=frozenset({_S.SETTLED, _S.RETURNED, _S.REJECTED, _S.CANCELLED}),
    moves=(
        command(
            _S.DRAFT,
            _E.APPROVE,
            _S.APPROVED,
            Actor.FINANCE,
            two=True,
            guard=Text(
                "已到账 − 已退票 + 在途 + 本笔 ≤ 应付，由数据库约束保证",
                "settled - returned + in flight + this <= obligation, as a database constraint",
            ),
            effect=Text(
                "金额、账户、键冻结；账务挂起", "amount, account and key frozen; ledger pending"
            ),
        ),
        command(_S.DRAFT, _E.CANCEL, _S.CANCELLED, Actor.FINANCE),
        engine(_S.APPROVED, _E.BATCH, _S.BATCHED, guard=Text("控制总数", "control totals")),
        command(
            (_S.APPROVED, _S.BATCHED),
            _E.CANCEL,
            _S.CANCELLED,
            Actor.FINANCE,
            guard=Text("未发出，或证实未送达", "not sent, or proved not to have arrived"),
            effect=_VOID,
        ),
        engine(
            (_S.APPROVED, _S.BATCHED),
            _E.STOP,
            _S.CANCELLED,
            guard=Text(
                "账户已销或不可入账，或收款人去世；从未发出",
                "account closed or credits blocked, or payee deceased; never sent",
            ),
            effect=Text("账务撤销；给财务一项待办", "ledger void; a task for finance"),
        ),
        engine(
            _S.BATCHED,
            _E.SEND,
            _S.SENT,
            guard=Text(
                "加锁后再读状态；应付日为今天或更早；昨日流水已核平",
                "state read again under lock; due today or earlier; yesterday's statement is "
                "reconciled",
            ),
            effect=Text("发出第一个字节之前先记下", "written down before the first byte leaves"),
        ),
        fact((_S.SENT, _S.UNKNOWN), _E.ACCEPTED, _S.ACCEPTED),
        fact(
            _OUT,
            _E.REJECTED,
            _S.REJECTED,
            means=Text(
                "明确表示没有也不会执行", "a positive word: it was not and will not be executed"
            ),
            effect=_VOID,
        ),
        fact(
            _OUT,
            _E.SETTLED,
            _S.SETTLED,
            means=Text(
                "流水按键、金额、账户对上", "statement line matched on key, amount and account"
            ),
            effect=Text("账务入账", "ledger post"),
        ),
        fact(
            _S.REJECTED,
            _E.SETTLED,
            _S.SETTLED,
            means=Text("银行付了先前拒付的", "the bank paid what it had refused"),
            effect=Text(
                "账务即时入账；计入应付，不再另付；列为矛盾，由人查看",
                "ledger posted at once; it counts against the obligation, so nothing is paid "
                "beside it; listed as a contradiction for a person",
            ),
        ),
        fact(
            _OUT,
            _E.RETURNED,
            _S.RETURNED,
            effect=Text(
                "记缺口，直到到账流水到来；应付仍在",
                "gap until the settlement line comes; the obligation stays open",
            ),
        ),
        fact(
            _S.SETTLED,
            _E.RETURNED,
            _S.RETURNED,
            means=Text("有原因", "a reason"),
            effect=Text(
                "冲回；应付仍在；新指令指明本笔",
                "reversing transfer; the obligation is open; a new order names this one",
            ),
        ),
        engine(
            _S.SENT,
            _E.UNREACHED,
            _S.BATCHED,
            guard=Text("没有送达", "it never arrived"),
            effect=Text("稍后再送", "back-off"),
        ),
        engine(
            _S.SENT,
            _E.NO_ANSWER,
            _S.UNKNOWN,
            guard=Text("超时、文件残缺、半个答复", "time-out, broken file, half an answer"),
            effect=Text("只询问；不为同一应付另开指令", "ask only; no second order beside it"),
        ),
        fact(
            _S.UNKNOWN,
            _E.NOT_FOUND,
            _S.BATCHED,
            means=Text(
                "询问结果为从未收到，且已过适配器声明的沉淀时间",
                "the key was never seen, and the adapter's settling time has passed",
            ),
            effect=Text(
                "同一笔可再送，同键同字节；绝不另开一笔",
                "the same order may be sent again, same key and bytes; never a new one beside it",
            ),
        ),
        engine(
            _S.UNKNOWN,
            _E.RESEND,
            _S.SENT,
            guard=Text(
                "同键同字节，且适配器声明可重复发送",
                "same key and bytes, only if the adapter declares idempotent sending",
            ),
        ),
    ),
)


IN_FLIGHT: Final = frozenset({_S.APPROVED, _S.BATCHED, _S.SENT, _S.UNKNOWN, _S.ACCEPTED})
"""States of an order that count against the obligation though no money has arrived yet."""


def positive(_: object, __: object, value: Fen) -> None:
    """Hold an amount of money above nothing (E-PAY-004)."""
    if value <= Fen(0):
        raise InvalidInput("E-PAY-004", given=value)


@frozen(kw_only=True)
class Order:
    """One attempt to pay one obligation (拨付指令)."""

    id: OrderId
    obligation: ObligationId
    payee: PersonId
    card: CardId
    """The card whose account takes the money; frozen at approval."""
    fen: Fen = field(validator=positive)
    key: RequestKey
    due: date
    state: OrderState = OrderState.DRAFT
    made_by: str
    approved_by: str | None = None
    batch: PayoutBatchId | None = None
    part: int = 0
    """Which request of the pay-out carries it: a bank takes only so many lines at once."""
    replaces: OrderId | None = None
    """The returned or rejected order that this one follows."""
    settlement_missing: bool = False
    """GAP: it was returned before its settlement was told."""
    sequence: int = 0
    bank_code: str = ""
    bank_text: str = ""
    version: int = 0

    def after(self, event: OrderEvent) -> Order:
        """Return the order after a command or a move of the engine (E-STATE-001 if none)."""
        return evolve(self, state=DISBURSEMENT.after(self.state, event))

    def contradicted_by(self, event: OrderEvent, sequence: int) -> bool:
        """Return whether the bank's word and what it said before cannot both be (矛盾).

        Refused and paid are never both true, whichever was said first. Paid after it came back may
        be a copy of the first word, unless the bank's own sequence says that it is later.
        """
        match self.state, event:
            case (OrderState.REJECTED, OrderEvent.SETTLED) | (
                OrderState.SETTLED,
                OrderEvent.REJECTED,
            ):
                return True
            case (OrderState.REJECTED, OrderEvent.ACCEPTED) | (
                OrderState.RETURNED,
                OrderEvent.SETTLED,
            ):
                return sequence > self.sequence and not self.settlement_missing
            case _:
                return False

    def told(self, event: OrderEvent, sequence: int) -> Order | Gap[OrderState, OrderEvent]:
        """Return the order after the bank's word.

        A settlement told after the return fills a gap and moves nothing. A word without a step
        comes back as a gap: kept waiting by the caller, shown, and tried again.
        """
        highest = max(sequence, self.sequence)
        if event is OrderEvent.SETTLED and self.settlement_missing:
            return evolve(self, settlement_missing=False, sequence=highest)
        match DISBURSEMENT.step(self.state, event):
            case Gap() as gap:
                return gap
            case Refused():
                raise DISBURSEMENT.conflict(self.state, event)
            case state:
                early = state is OrderState.RETURNED and self.state is not OrderState.SETTLED
                return evolve(
                    self,
                    state=state,
                    sequence=highest,
                    settlement_missing=self.settlement_missing or early,
                )
