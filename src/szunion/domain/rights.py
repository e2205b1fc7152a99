"""Know a person's request about his or her own data, and what an erasure did (个人信息权利请求)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.lawful import Retention
from szunion.domain.values import Labelled, PersonId
from szunion.errors import Conflict


class RequestKind(Labelled):
    """What is asked for (请求种类); articles 44 to 50 of the personal information law."""

    COPY = "copy", "查阅、复制", "a copy"
    CORRECT = "correct", "更正、补充", "a correction"
    ERASE = "erase", "删除", "erasure"
    EXPLAIN = "explain", "解释处理规则", "an explanation"


class RequestState(Labelled):
    """Where a request stands (请求状态)."""

    ASKED = "ASKED", "已提出", "asked"
    VERIFIED = "VERIFIED", "身份已核实", "identity verified"
    DONE = "DONE", "已办结", "done"
    REFUSED = "REFUSED", "已拒绝", "refused"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"


class Refusal(Labelled):
    """Why a request is refused (拒绝理由); article 50: the reason is told."""

    NOT_THE_PERSON = "NOT_THE_PERSON", "不能核实是本人", "not shown to be the person"
    NO_PROOF = "NO_PROOF", "没有证明现有信息有误", "nothing shows that what is kept is wrong"
    CORRECT_ALREADY = "CORRECT_ALREADY", "现有信息无误", "what is kept is right"
    LAW_KEEPS_IT = "LAW_KEEPS_IT", "法律要求保存", "the law has it kept"
    STILL_OPEN = "STILL_OPEN", "尚有未了结的事项", "something is still open"
    OTHERS_RIGHTS = "OTHERS_RIGHTS", "会泄露他人信息", "it would show somebody else's data"
    REPEATED = "REPEATED", "同一请求已经办结", "the same was done already"


_S = RequestState
_STEPS: Final[Mapping[RequestState, frozenset[RequestState]]] = {
    _S.ASKED: frozenset({_S.VERIFIED, _S.REFUSED, _S.WITHDRAWN}),
    _S.VERIFIED: frozenset({_S.DONE, _S.REFUSED, _S.WITHDRAWN}),
    _S.DONE: frozenset(),
    _S.REFUSED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}
OPEN: Final = frozenset({_S.ASKED, _S.VERIFIED})


@frozen(kw_only=True)
class RightsRequest:
    """One request of one person about his or her own data (权利请求)."""

    id: int
    person: PersonId
    kind: RequestKind
    asked: datetime
    made_by: str
    due: date
    """By this day it should be answered: working days."""
    limit: date
    """By this day it must be."""
    wanted: Mapping[str, str] = field(factory=dict, repr=False)
    """What is to be corrected into what; the store seals it."""
    paper: str = ""
    """The number of the written request."""
    state: RequestState = _S.ASKED
    verified_by: str = ""
    evidence: str = ""
    """By what the person was identified: a portal session, or the number of a paper."""
    answered_by: str = ""
    answered: datetime | None = None
    refusal: Refusal | None = None
    version: int = 1

    @property
    def open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state in OPEN

    def late_on(self, day: date) -> bool:
        """Return whether it is past the day by which it must be answered."""
        return self.open and day > self.limit

    def _moved(self, target: RequestState) -> None:
        if target not in _STEPS[self.state]:
            allowed = tuple(sorted(_STEPS[self.state], key=lambda each: each.value))
            raise Conflict("E-PRIVACY-001", current=self.state, allowed=allowed)

    def verified(self, by: str, evidence: str) -> RightsRequest:
        """Return the request with the person identified (E-PRIVACY-001 if it is past that)."""
        self._moved(_S.VERIFIED)
        return evolve(self, state=_S.VERIFIED, verified_by=by, evidence=evidence)

    def done(self, by: str, at: datetime) -> RightsRequest:
        """Return the request as it is when it was done (E-PRIVACY-001)."""
        self._moved(_S.DONE)
        return evolve(self, state=_S.DONE, answered_by=by, answered=at)

    def refused(self, by: str, at: datetime, why: Refusal) -> RightsRequest:
        """Return the request as it is when it was refused, with the reason (E-PRIVACY-001)."""
        self._moved(_S.REFUSED)
        return evolve(self, state=_S.REFUSED, answered_by=by, answered=at, refusal=why)

    def withdrawn(self, at: datetime) -> RightsRequest:
        """Return the request taken back by the person (E-PRIVACY-001)."""
        self._moved(_S.WITHDRAWN)
        return evolve(self, state=_S.WITHDRAWN, answered=at)


class Fate(Labelled):
    """What an erasure does to something (处置)."""

    DESTROYED = "destroyed", "已销毁", "destroyed"
    STRIPPED = "stripped", "已去标识，保留法定最少字段", "stripped to what the law asks for"
    KEPT = "kept", "依法保留", "kept by law"


@frozen(kw_only=True)
class ErasureLine:
    """One line of the answer to somebody who asked for erasure (处置清单的一行)."""

    table: str
    """The table of the inventory."""
    fate: Fate
    count: int
    subject: int = 0
    """The id of the thing where the line is about one; 0: all that there is."""
    retention: Retention = Retention.NONE
    """Why it is kept."""
    until: date | None = None
    """Kept until this day, and destroyed then; None: not for a term."""


class StillOpen(Labelled):
    """What stands against an erasure now (不能删除的原因)."""

    MEMBERSHIP = "MEMBERSHIP", "会籍尚未终止：先办理退会", "the membership is open: leave first"
    TRANSFER = "TRANSFER", "会籍接转在办", "a move between unions is under way"
    APPLICATION = "APPLICATION", "卡片申办在办", "an application for a card is under way"
    CARD = "CARD", "卡片在银行尚未销户", "a card is not closed at the bank"
    INSTRUCTION = "INSTRUCTION", "对银行的指令未有结果", "the bank has not answered an instruction"
    HOLD = "HOLD", "有未解除的锁定", "a lock is open"
    CLAIM = "CLAIM", "申领在办", "a claim is open"
    COVER = "COVER", "保障在期", "a cover is in force or asked for"
    ORDER = "ORDER", "有未付或在途的款项", "money is owed or on its way"
    BOOKING = "BOOKING", "有未到期的预约", "a booking is not over"
    RESERVATION = "RESERVATION", "预留卡号在办", "a number is reserved or asked for"
    QUARANTINE = "QUARANTINE", "档案待核重复", "the file waits as a possible duplicate"
    REFERRAL = "REFERRAL", "热线派单在办", "a matter is with a union"
    REQUEST = "REQUEST", "另有权利请求在办", "another request is open"


@frozen(kw_only=True)
class Erasure:
    """One erasure, as the journal keeps it: a pseudonym, days, and no personal data (删除日志)."""

    person: PersonId
    at: datetime
    by: str
    request: int
    """The request that asked for it; 0: none is in this store, as after a restore."""
    lines: tuple[ErasureLine, ...]
    next_due: date | None
    """When the next kept thing runs out; None: nothing is kept for a term."""
    files: int = 1
    """How many files' keys were destroyed: merged ones go with the survivor."""


class Access(Labelled):
    """What somebody did with a person's data (操作)."""

    READ = "read", "查看", "looked at"
    CHANGED = "changed", "变更", "changed"
    HANDED_OUT = "handed_out", "导出或提供", "handed out"
