"""An adapter that cannot be asked is no bank adapter."""

from collections.abc import Iterable

from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.ports.bank import BankAdapter, BankInfo, Collected, Cursor, Deadline


class Line:
    @property
    def info(self) -> BankInfo:
        return BankInfo(name="x", accepts=frozenset())

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        raise NotImplementedError

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        raise NotImplementedError


bank: BankAdapter = Line()  # bad: assignment
