"""The reference adapters keep every law of the kit."""

from __future__ import annotations

from collections.abc import Iterable

from szunion.domain.bank import BankRequest, Receipt
from szunion.domain.values import RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports.bank import BankAdapter, BankInfo, Collected, Cursor, Deadline
from szunion.testing.bank import BankBehind, BankPromises, Trouble, TroubleKind


class Direct:
    """The shortest adapter there is: it calls the bank in process."""

    def __init__(self, behind: BankBehind) -> None:
        self.behind = behind

    @property
    def info(self) -> BankInfo:
        return self.behind.bank.info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        if deadline.seconds <= 0:
            raise BankUnavailable("E-BANK-001", bank="direct")
        try:
            receipt = self.behind.take(request)
        except Trouble as trouble:
            if trouble.kind is TroubleKind.NEVER_ARRIVED:
                raise BankUnavailable("E-BANK-001", bank="direct") from None
            raise BankOutcomeUnknown("E-BANK-002", bank="direct", key=request.key) from None
        if self.behind.wire(b"whole") != b"whole":
            raise BankOutcomeUnknown("E-BANK-002", bank="direct", key=request.key)
        return receipt

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:  # noqa: ARG002
        try:
            receipt = self.behind.question(key)
        except Trouble:
            raise BankUnavailable("E-BANK-001", bank="direct") from None
        if self.behind.wire(b"whole") != b"whole":
            raise BankUnavailable("E-BANK-001", bank="direct")
        return receipt

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        try:
            news = self.behind.news(int(after or 0))
        except Trouble:
            raise BankUnavailable("E-BANK-001", bank="direct") from None
        if self.behind.wire(b"whole") != b"whole":
            raise BankUnavailable("E-BANK-001", bank="direct")
        for each in news:
            yield Collected(notice=each.notice, cursor=Cursor(str(each.place)))


class TestDirect(BankPromises):
    def make_bank(self, behind: BankBehind) -> BankAdapter:
        return Direct(behind)
