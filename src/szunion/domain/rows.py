"""Know what became of one person's application for a card (申办明细), from roster to activation."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.bank import RowReason
from szunion.domain.bank_requests import AccountClass
from szunion.domain.machine import Actor, Gap, Machine, Owner, Refused, command, engine, fact
from szunion.domain.values import BatchId, CardId, Labelled, PersonId, RequestKey, RowId
from szunion.errors import InvalidInput
from szunion.text import Text


class RowState(Labelled):
    """Where one person's application stands (明细状态)."""

    NEW = "NEW", "新录入", "new"
    INVALID = "INVALID", "校验不通过", "invalid"
    VALID = "VALID", "校验通过", "valid"
    QUEUED = "QUEUED", "待报送", "queued"
    SENT = "SENT", "已报送", "sent"
    UNKNOWN = "UNKNOWN", "结果未知", "outcome unknown"
    BANK_REJECTED = "BANK_REJECTED", "银行退回", "sent back by the bank"
    VERIFIED = "VERIFIED", "实名核验通过", "name verified"
    PRODUCED = "PRODUCED", "已制卡", "card produced"
    WITH_UNION = "WITH_UNION", "工会待发放", "at the union, to be handed out"
    HANDED = "HANDED", "已发放", "handed out"
    ACTIVATED = "ACTIVATED", "已激活", "activated"
    UNCLAIMED = "UNCLAIMED", "逾期未领未激活", "unclaimed"
    DECLINED = "DECLINED", "放弃", "declined"
    EXCLUDED = "EXCLUDED", "已剔除", "excluded"


class RowEvent(Labelled):
    """What happens to a row."""

    VALIDATE_OK = "validate_ok", "校验通过", "valid"
    VALIDATE_BAD = "validate_bad", "校验不通过", "not valid"
    FIX = "fix", "更正", "mend"
    EXCLUDE = "exclude", "剔除", "exclude"
    MEMBER_GONE = "member_gone", "会籍已终止", "membership ended"
    FREEZE = "freeze", "锁定待报", "freeze for sending"
    SEND = "send", "报送", "send"
    UNREACHED = "unreached", "未送达", "never arrived"
    NO_ANSWER = "no_answer", "无应答", "no answer"
    NOT_FOUND = "not_found", "银行查无此笔", "the bank never saw it"
    FILE_BACK = "file_back", "随整批退回", "sent back with its file"
    VERIFIED = "verified", "核验通过", "name verified"
    REJECTED = "rejected", "银行退回", "sent back by the bank"
    PRODUCED = "produced", "制卡完成", "card produced"
    RECEIVED = "received", "工会收卡", "received by the union"
    HANDED = "handed", "发放", "handed out"
    ACTIVATED = "activated", "面签激活", "activated face to face"
    UNCLAIMED = "unclaimed", "逾期", "overdue"
    GIVE_UP = "give_up", "本人放弃", "given up by the member"
    DECLINED = "declined", "银行告知放弃", "declined, as the bank tells"


_S = RowState
_E = RowEvent
_OUT: Final = (_S.SENT, _S.UNKNOWN)
_LATER: Final = (_S.PRODUCED, _S.WITH_UNION, _S.HANDED, _S.UNCLAIMED)

ROW: Final = Machine(
    name="row",
    text=Text("申办明细", "application row"),
    instance=Text(
        "一人、一项目、一次申办；结果按明细键对应，不按行号或姓名",
        "one person, programme and application; answers map by row key, never by line or name",
    ),
    owner=Owner.SHARED,
    states=RowState,
    events=RowEvent,
    start=_S.NEW,
    final=frozenset({_S.ACTIVATED, _S.DECLINED, _S.EXCLUDED}),
    reasons=RowReason,
    moves=(
        engine(
            _S.NEW,
            _E.VALIDATE_OK,
            _S.VALID,
            guard=Text(
                "格式、校验位、年龄；文件内和登记簿无重复，无在途申办；有同意",
                "format, check digit, age; no duplicate in file or registry, no open application; "
                "consent",
            ),
        ),
        engine(
            _S.NEW,
            _E.VALIDATE_BAD,
            _S.INVALID,
            effect=Text("每栏一个代码", "one code per field"),
        ),
        command(_S.INVALID, _E.FIX, _S.NEW, Actor.UNION, Actor.MEMBER),
        command(
            _S.BANK_REJECTED,
            _E.FIX,
            _S.NEW,
            Actor.UNION,
            Actor.MEMBER,
            guard=Text(
                "新的身份版本，或一类户改二类户", "new identity version, or account class I to II"
            ),
            effect=Text("明细键不变，次数加一", "same row key, attempt + 1"),
        ),
        command(
            _S.INVALID,
            _E.EXCLUDE,
            _S.EXCLUDED,
            Actor.UNION,
            guard=Text("说明原因", "a reason"),
        ),
        command(
            _S.VALID,
            _E.EXCLUDE,
            _S.EXCLUDED,
            Actor.UNION,
            Actor.UPPER,
            Actor.CITY,
            guard=Text("说明原因", "a reason"),
        ),
        command(
            _S.BANK_REJECTED,
            _E.EXCLUDE,
            _S.EXCLUDED,
            Actor.UNION,
            Actor.CITY,
            guard=Text("说明原因", "a reason"),
        ),
        engine(
            _S.VALID,
            _E.FREEZE,
            _S.QUEUED,
            guard=Text("批次已审核", "batch approved"),
            effect=Text("固定身份版本", "identity version pinned"),
        ),
        engine(_S.QUEUED, _E.SEND, _S.SENT),
        engine(
            (_S.NEW, _S.INVALID, _S.VALID, _S.QUEUED),
            _E.MEMBER_GONE,
            _S.EXCLUDED,
            guard=Text(
                "报送前会籍终止或申请撤回",
                "membership ended, or application withdrawn, before sending",
            ),
        ),
        engine(_S.SENT, _E.UNREACHED, _S.QUEUED, guard=Text("没有送达", "it never arrived")),
        engine(
            _S.SENT,
            _E.NO_ANSWER,
            _S.UNKNOWN,
            guard=Text("不知是否送达，或已过时限", "may have arrived, or the deadline passed"),
            effect=Text("询问", "ask"),
        ),
        fact(
            _S.UNKNOWN,
            _E.NOT_FOUND,
            _S.QUEUED,
            means=Text("已过适配器声明的沉淀时间", "the adapter's settling time has passed"),
            effect=Text("同一个键再送", "same key again"),
        ),
        fact(
            _OUT,
            _E.FILE_BACK,
            _S.VALID,
            means=Text("整批退回，这一行未办", "the file came back whole; nothing was done"),
            effect=Text("可进新草稿，或剔除", "may go into a new draft, or be excluded"),
        ),
        fact(
            _OUT,
            _E.VERIFIED,
            _S.VERIFIED,
            means=Text("实名核验通过", "real-name check passed"),
            effect=Text("实名等级 1", "level 1"),
        ),
        fact(
            (*_OUT, _S.VERIFIED),
            _E.REJECTED,
            _S.BANK_REJECTED,
            means=Text("原因代码和银行自己的代码", "reason code and the bank's own code"),
            effect=Text("用工会的话告诉工会", "told to the union in its words"),
        ),
        fact(
            (*_OUT, _S.VERIFIED),
            _E.PRODUCED,
            _S.PRODUCED,
            effect=Text(
                "卡诞生，在银行；缺核验结果的记缺口",
                "card born, at the bank; a gap if the check's answer is missing",
            ),
        ),
        fact(
            (*_OUT, _S.VERIFIED, *_LATER),
            _E.ACTIVATED,
            _S.ACTIVATED,
            effect=Text(
                "实名等级 2；成为当前卡；缺中间消息的记缺口",
                "level 2; becomes the current card; a gap if a step before it is missing",
            ),
        ),
        fact((*_OUT, _S.VERIFIED, *_LATER), _E.DECLINED, _S.DECLINED),
        command(
            _S.PRODUCED,
            _E.RECEIVED,
            _S.WITH_UNION,
            Actor.UNION,
            two=True,
            guard=Text("批次的保管清单", "custody list of the batch"),
            effect=Text("实体卡在工会", "the plastic is with the union"),
        ),
        command(
            (_S.WITH_UNION, _S.UNCLAIMED),
            _E.HANDED,
            _S.HANDED,
            Actor.UNION,
            guard=Text("实体卡在工会；会员签收", "the plastic is with the union; the member signs"),
            effect=Text("实体卡在会员手中", "the plastic is with the member"),
        ),
        engine(
            (_S.PRODUCED, _S.WITH_UNION, _S.HANDED),
            _E.UNCLAIMED,
            _S.UNCLAIMED,
            guard=Text("超过规定天数未领或未激活", "not collected or activated in so many days"),
            effect=Text(
                "提醒；退回银行或两人销毁", "reminder; back to the bank, or destroyed by two"
            ),
        ),
        command(
            _S.UNCLAIMED,
            _E.GIVE_UP,
            _S.DECLINED,
            Actor.MEMBER,
            Actor.UNION,
            guard=Text("本人表示", "the member's word"),
            effect=Text("退卡；发销卡指令", "card returned; instruction to close"),
        ),
    ),
)


EXPECTED: Final = {
    RowEvent.PRODUCED: (RowState.VERIFIED, RowEvent.VERIFIED),
    RowEvent.ACTIVATED: (RowState.PRODUCED, RowEvent.PRODUCED),
}
"""What the bank should have told before a fact: the least state, and the fact that leads there."""

_PROGRESS: Final = (
    RowState.SENT,
    RowState.UNKNOWN,
    RowState.VERIFIED,
    RowState.PRODUCED,
    RowState.WITH_UNION,
    RowState.HANDED,
    RowState.UNCLAIMED,
    RowState.ACTIVATED,
)


def missing_before(state: RowState, event: RowEvent) -> tuple[RowEvent, ...]:
    """Return the facts that should have come before *event* and have not (缺口), oldest first."""
    lacking: list[RowEvent] = []
    while event in EXPECTED:
        least, event = EXPECTED[event]
        if state in _PROGRESS and _PROGRESS.index(state) < _PROGRESS.index(least):
            lacking.insert(0, event)
    return tuple(lacking)


_WISH: Final = re.compile(r"[0-9]{1,8}", re.ASCII)


@frozen(kw_only=True)
class Row:
    """One person's application in one programme (申办明细). Answers find it by its key."""

    id: RowId
    batch: BatchId
    person: PersonId
    programme: str
    number: int = 1
    """The person's how-manieth application; one is open at a time."""
    attempt: int = 1
    """How often it was mended and sent again under the same key."""
    key: RequestKey
    state: RowState = RowState.NEW
    identity_version: int = 0
    """The version of the identity that is sent; 0 until it is pinned."""
    account_class: AccountClass = AccountClass.I
    wish: str | None = field(default=None)
    """Digits that the member would like in the card number, such as ``12351`` (吉祥号)."""
    problems: tuple[str, ...] = ()
    """Codes of what is wrong with it, one for each field."""
    reason: RowReason | None = None
    bank_code: str = ""
    bank_text: str = ""
    sequence: int = 0
    """The highest of the bank's sequence, in this row's stream, that was obeyed."""
    missing: tuple[RowEvent, ...] = ()
    """GAP: facts that should have come before one that came."""
    card: CardId | None = None
    changed: datetime
    version: int = 0

    @wish.validator
    def _digits(self, _: object, value: str | None) -> None:
        if value is not None and _WISH.fullmatch(value) is None:
            raise InvalidInput("E-BATCH-005")

    @property
    def open(self) -> bool:
        """Whether it still has a way to go; a person has one such row in a programme."""
        return self.state not in ROW.final

    def after(self, event: RowEvent, at: datetime) -> Row:
        """Return the row after a command or a move of the engine (E-STATE-001 if none)."""
        return evolve(self, state=ROW.after(self.state, event), changed=at)

    def told(self, event: RowEvent, at: datetime, sequence: int) -> Row | Gap[RowState, RowEvent]:
        """Return the row after a fact of the bank, flagged with what has not been told before.

        A fact that fills such a gap moves nothing. A fact without a step comes back as it is: it
        is kept waiting by the caller, and tried again after the row's next move.
        """
        if event in self.missing:
            filled = tuple(each for each in self.missing if each is not event)
            return evolve(self, missing=filled, sequence=max(sequence, self.sequence))
        match ROW.step(self.state, event):
            case Gap() as gap:
                return gap
            case Refused():
                raise ROW.conflict(self.state, event)
            case state:
                return evolve(
                    self,
                    state=state,
                    missing=(*self.missing, *missing_before(self.state, event)),
                    sequence=max(sequence, self.sequence),
                    changed=at,
                )

    def mended(self, at: datetime, account_class: AccountClass | None = None) -> Row:
        """Return the row to be checked again, under the same key (更正后重报)."""
        return evolve(
            self.after(RowEvent.FIX, at),
            attempt=self.attempt + 1,
            identity_version=0,
            account_class=account_class or self.account_class,
            problems=(),
            reason=None,
            bank_code="",
            bank_text="",
        )
