"""Know what the union has asked of the bank about a card, and what became of the asking.

An instruction (联动指令) is never equal to what the bank did: the bank's own facts say that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from szunion.domain.machine import Gap, Machine, Owner, Refused, engine, fact
from szunion.domain.values import CardId, InstructionId, Labelled, PersonId, RequestKey
from szunion.text import Text


class InstructionState(Labelled):
    """Where an instruction stands (指令状态)."""

    QUEUED = "QUEUED", "待发送", "queued"
    SENT = "SENT", "已发送", "sent"
    UNKNOWN = "UNKNOWN", "结果未知", "outcome unknown"
    ACKED = "ACKED", "银行已受理", "taken in by the bank"
    REJECTED = "REJECTED", "银行已拒绝", "rejected by the bank"
    CANCELLED = "CANCELLED", "已取消", "cancelled"


class InstructionEvent(Labelled):
    """What happens to an instruction on its way."""

    SEND = "send", "发送", "send"
    SUPERSEDE = "supersede", "被新指令取代", "superseded"
    ACK = "ack", "受理", "taken in"
    NACK = "nack", "拒绝", "rejected"
    UNREACHED = "unreached", "未送达", "never arrived"
    NO_ANSWER = "no_answer", "无应答", "no answer"
    NOT_FOUND = "not_found", "银行查无此笔", "the bank never saw it"
    RESEND = "resend", "原样重发", "sent again unchanged"


_S = InstructionState
_E = InstructionEvent

INSTRUCTION: Final = Machine(
    name="instruction",
    text=Text("联动指令", "instruction to the bank"),
    instance=Text("工会请银行做的一件事", "one thing that the union asked of the bank"),
    owner=Owner.SHARED,
    states=InstructionState,
    events=InstructionEvent,
    start=_S.QUEUED,
    final=frozenset({_S.ACKED, _S.REJECTED, _S.CANCELLED}),
    moves=(
        engine(
            _S.QUEUED,
            _E.SEND,
            _S.SENT,
            guard=Text(
                "键和内容摘要在入队时已定；同一张卡更早的指令都已有答复（不换序）",
                "key and content hash were fixed when queued; older instructions for the same card "
                "are answered (never reordered)",
            ),
            effect=Text("发出第一个字节之前先记下", "written down before the first byte leaves"),
        ),
        engine(
            _S.QUEUED,
            _E.SUPERSEDE,
            _S.CANCELLED,
            guard=Text(
                "同卡同类已有更新的指令，本条从未发出",
                "a newer instruction for the same card and kind exists; this one was never sent",
            ),
        ),
        fact((_S.SENT, _S.UNKNOWN), _E.ACK, _S.ACKED),
        fact(
            (_S.SENT, _S.UNKNOWN),
            _E.NACK,
            _S.REJECTED,
            means=Text("保留银行自己的代码", "the bank's own code is kept"),
            effect=Text("给市总一项待办", "a task for the city federation"),
        ),
        engine(
            _S.SENT,
            _E.UNREACHED,
            _S.QUEUED,
            guard=Text("没有送达", "it never arrived"),
            effect=Text("稍后再送", "back-off"),
        ),
        engine(
            _S.SENT,
            _E.NO_ANSWER,
            _S.UNKNOWN,
            guard=Text("不知是否送达，或已过时限", "may have arrived, or the deadline passed"),
            effect=Text("按键询问；绝不换新键", "ask by key; never a new key"),
        ),
        fact(
            _S.UNKNOWN,
            _E.NOT_FOUND,
            _S.QUEUED,
            means=Text(
                "询问结果为从未收到，且已过适配器声明的沉淀时间",
                "the key was never seen, and the adapter's settling time has passed",
            ),
            effect=Text("用同一个键、同样的字节再送", "sent again, same key and bytes"),
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


class InstructionKind(Labelled):
    """What is asked for (指令种类)."""

    STOP = "STOP", "停用", "stop"
    ALLOW = "ALLOW", "允许", "allow"
    RESTORE = "RESTORE", "恢复", "restore"

    @property
    def allows(self) -> bool:
        """What ``SetCardUse.allowed`` says."""
        return self is not InstructionKind.STOP


MAY_HAVE_ARRIVED: Final = "MAY_HAVE_ARRIVED"
"""Kept as the code of an instruction that was sent and not answered. “Never seen” is no proof:
a copy may turn up after all, so such an instruction is sent again, and never superseded."""


@frozen(kw_only=True)
class Instruction:
    """One thing that the union asked of the bank about one card (联动指令)."""

    id: InstructionId
    card: CardId
    person: PersonId
    kind: InstructionKind
    cause: str
    """What gave rise to it: one cause, one instruction, however often it is noticed."""
    reason: str
    key: RequestKey
    sequence: int
    """Its place among the instructions for this card."""
    state: InstructionState = InstructionState.QUEUED
    created: datetime
    bank_code: str = ""
    """The bank's own code; until it has spoken, :data:`MAY_HAVE_ARRIVED` if it might have it."""
    bank_text: str = ""
    version: int = 0

    @property
    def may_have_arrived(self) -> bool:
        """Whether a copy of it may be with the bank, or still turn up there."""
        doubtful = self.state in {InstructionState.SENT, InstructionState.UNKNOWN}
        return doubtful or self.bank_code == MAY_HAVE_ARRIVED

    @property
    def open(self) -> bool:
        """Whether it waits for the bank's word."""
        return self.state not in INSTRUCTION.final

    def after(self, event: InstructionEvent) -> Instruction:
        """Return it after a move of the engine (E-STATE-001 if the table has no such step)."""
        doubtful = event is InstructionEvent.NO_ANSWER
        return evolve(
            self,
            state=INSTRUCTION.after(self.state, event),
            bank_code=MAY_HAVE_ARRIVED if doubtful else self.bank_code,
        )

    def told(
        self, event: InstructionEvent, code: str = "", text: str = ""
    ) -> Instruction | Gap[InstructionState, InstructionEvent]:
        """Return it after the bank's word; a word that has no step here comes back as a gap."""
        match INSTRUCTION.step(self.state, event):
            case Gap() as gap:
                return gap
            case Refused():
                raise INSTRUCTION.conflict(self.state, event)
            case InstructionState.QUEUED:
                return evolve(self, state=InstructionState.QUEUED, bank_code=MAY_HAVE_ARRIVED)
            case state:
                return evolve(self, state=state, bank_code=code, bank_text=text)


def queued(
    earlier: Iterable[Instruction], new: Instruction
) -> tuple[tuple[Instruction, ...], Instruction]:
    """Return the earlier instructions that *new* supersedes, cancelled, and *new* in its place.

    An earlier one that cannot have arrived is superseded; any other stays, and *new* is queued
    behind it, never before it.

    Args:
        earlier: The instructions for the same card.
        new: The one to be queued; its sequence is set here.
    """
    known = tuple(earlier)
    waiting = [
        each
        for each in known
        if each.state is InstructionState.QUEUED and not each.may_have_arrived
    ]
    cancelled = tuple(each.after(InstructionEvent.SUPERSEDE) for each in waiting)
    last = max((each.sequence for each in known), default=0)
    return cancelled, evolve(new, sequence=last + 1)


def next_to_send(instructions: Iterable[Instruction]) -> Instruction | None:
    """Return the one that may leave now: the oldest open one, if it is not in flight already."""
    waiting = [each for each in instructions if each.open]
    oldest = min(waiting, key=lambda each: each.sequence, default=None)
    return oldest if oldest and oldest.state is InstructionState.QUEUED else None
