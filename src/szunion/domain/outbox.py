"""Know what waits to be sent to the bank, how far it has come, and when it is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.bank_requests import (
    AskCardList,
    AskStatement,
    BankRequest,
    OpenCards,
    PayOut,
    ReserveNumber,
    SetCardUse,
)
from szunion.domain.values import Labelled, RequestKey


class DispatchKind(Labelled):
    """What is asked of the bank (发送种类)."""

    OPEN_CARDS = "OPEN_CARDS", "批量办卡", "open cards"
    SET_CARD_USE = "SET_CARD_USE", "停用或恢复", "stop or allow a card"
    PAY_OUT = "PAY_OUT", "批量代发", "pay out"
    RESERVE_NUMBER = "RESERVE_NUMBER", "预留吉祥号", "reserve a card number"
    CARD_LIST = "CARD_LIST", "索取日终全量", "ask for the daily list"
    STATEMENT = "STATEMENT", "索取流水", "ask for the statement"


REQUESTS: Final[Mapping[DispatchKind, type[BankRequest]]] = {
    DispatchKind.OPEN_CARDS: OpenCards,
    DispatchKind.SET_CARD_USE: SetCardUse,
    DispatchKind.PAY_OUT: PayOut,
    DispatchKind.RESERVE_NUMBER: ReserveNumber,
    DispatchKind.CARD_LIST: AskCardList,
    DispatchKind.STATEMENT: AskStatement,
}
"""Which request a dispatch carries."""
KIND_OF: Final = {request: kind for kind, request in REQUESTS.items()}


class DispatchState(Labelled):
    """Where a dispatch stands (发送状态)."""

    QUEUED = "QUEUED", "待发送", "queued"
    SENT = "SENT", "发送中", "being sent"
    UNKNOWN = "UNKNOWN", "结果未知", "outcome unknown"
    DONE = "DONE", "银行已受理", "taken in by the bank"
    REFUSED = "REFUSED", "银行已拒绝", "refused by the bank"
    CANCELLED = "CANCELLED", "已取消", "cancelled"
    ASIDE = "ASIDE", "已搁置", "set aside"


OPEN: Final = frozenset({DispatchState.QUEUED, DispatchState.SENT, DispatchState.UNKNOWN})
"""What still has a way to go."""
IN_FLIGHT: Final = frozenset({DispatchState.SENT, DispatchState.UNKNOWN})
"""What the bank may have; of one aggregate there is at most one."""
MOST_FAULTS: Final = 8
"""After so many faults of its own a dispatch is set aside. A bank that is away is no fault."""
_FIRST: Final = timedelta(seconds=1)
_LONGEST: Final = timedelta(hours=1)
_DOUBLINGS: Final = 12


def back_off(key: RequestKey, attempts: int) -> timedelta:
    """Return how long to wait after the *attempts*-th try: 1 s doubled each time, 1 h at most.

    Up to half of it is taken away by the key, so that many dispatches that failed together do not
    come back together; the same key waits the same time in every run.
    """
    whole = min(_LONGEST, _FIRST * (1 << min(attempts, _DOUBLINGS)))
    drawn = int.from_bytes(sha256(f"{key}|{attempts}".encode()).digest()[:4]) / 2**32
    return whole * (1 - drawn / 2)


@frozen(kw_only=True)
class Dispatch:
    """One thing on its way to the bank (出站). Its request is rebuilt from frozen rows to be sent.

    It holds no personal data: who is concerned stands in the rows of *subject*.
    """

    id: int
    kind: DispatchKind
    key: RequestKey
    digest: str
    """A keyed hash of the request's content, fixed when it was queued."""
    subject: int
    """The batch, the instruction, the pay-out."""
    aggregate: int
    """What its order counts within: a card, else the subject itself."""
    sequence: int
    """Its place in the aggregate: a later one is never sent before an earlier one is answered."""
    created: datetime
    due: datetime
    state: DispatchState = DispatchState.QUEUED
    attempts: int = 0
    """How often it was sent, or asked for, since it was last due at once."""
    faults: int = 0
    """How often it could not be made or handled, for reasons of its own."""
    sent: datetime | None = None
    """Until when its first byte may have left, most recently."""
    lease_until: datetime | None = None
    worker: str = ""
    outcome: str = ""
    """A code: of the bank's answer, or of the fault."""
    version: int = field(default=0, eq=False)

    def leased(self, worker: str, until: datetime) -> Dispatch:
        """Return it in the hands of *worker* until then."""
        return evolve(self, worker=worker, lease_until=until)

    def leaving(self, now: datetime) -> Dispatch:
        """Return it as written down before the first byte leaves."""
        state, tries = DispatchState.SENT, self.attempts + 1
        return evolve(self, state=state, attempts=tries, sent=now)

    def waiting(self, state: DispatchState, now: datetime) -> Dispatch:
        """Return it in *state*, due again after its back-off, in nobody's hands."""
        tries = max(self.attempts, 1) - 1
        due = now + back_off(self.key, tries)
        return evolve(self, state=state, due=due, lease_until=None, worker="")

    def doubtful(self, now: datetime) -> Dispatch:
        """Return it as something that may have left until now; asking begins soon.

        It was written down as leaving with others, some time before its own turn came.
        """
        return evolve(self, attempts=1, sent=now).waiting(DispatchState.UNKNOWN, now)

    def asked(self, now: datetime) -> Dispatch:
        """Return it asked for once more, without an answer to rely on."""
        return evolve(self, attempts=self.attempts + 1).waiting(DispatchState.UNKNOWN, now)

    def ended(self, state: DispatchState, outcome: str) -> Dispatch:
        """Return it finished."""
        return evolve(self, state=state, outcome=outcome, lease_until=None, worker="")

    def faulty(self, code: str, now: datetime) -> Dispatch:
        """Return it after a fault of its own: tried again, in the end set aside (死信)."""
        again = evolve(self, faults=self.faults + 1, outcome=code)
        if again.faults >= MOST_FAULTS:
            return again.ended(DispatchState.ASIDE, code)
        return evolve(again, attempts=again.faults).waiting(DispatchState.QUEUED, now)

    def again(self, now: datetime) -> Dispatch:
        """Return it queued anew: the same key, the same content."""
        state = DispatchState.QUEUED
        return evolve(self, state=state, due=now, attempts=0, faults=0, lease_until=None, worker="")
