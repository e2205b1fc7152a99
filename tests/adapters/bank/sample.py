"""Synthetic requests, and a careful client, for the tests of the simulated bank."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime

from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import (
    AccountClass,
    Answer,
    BankRequest,
    CardApplicant,
    OpenCards,
    PayLine,
    PayOut,
    Receipt,
    SetCardUse,
)
from szunion.domain.identity import DocumentKind, DocumentNumber, IdentityDocument, PersonName
from szunion.domain.values import CardRef, Fen, RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports.bank import BankAdapter, Cursor, Deadline
from szunion.testing import FaultPlan, SimClock, SimulatedBank

SOON = Deadline(5.0)


def key(word: str) -> RequestKey:
    return RequestKey(base64.b32encode(hashlib.sha256(word.encode()).digest()).decode()[:26])


def passport(number: int) -> IdentityDocument:
    return IdentityDocument(DocumentKind.PASSPORT, DocumentNumber(f"E{number:08d}"))


def applicant(  # noqa: PLR0913
    number: int,
    *,
    row: str | None = None,
    name: str = "测试",
    person: int | None = None,
    account_class: AccountClass = AccountClass.I,
    wish: str | None = None,
) -> CardApplicant:
    return CardApplicant(
        row=key(row or f"row-{number}"),
        name=PersonName(name),
        document=passport(number if person is None else person),
        mobile=None,
        account_class=account_class,
        wish=wish,
    )


def batch(word: str = "batch", *rows: CardApplicant, count: int = 3) -> OpenCards:
    return OpenCards(
        key=key(word),
        programme="测试卡",
        rows=rows or tuple(applicant(number) for number in range(1, count + 1)),
    )


def payout(word: str, *lines: tuple[str, CardRef, int]) -> PayOut:
    return PayOut(
        key=key(word),
        lines=tuple(
            PayLine(order=key(order), payee=card, fen=Fen(fen), remark="测试")
            for order, card, fen in lines
        ),
    )


def a_bank(faults: FaultPlan | None = None) -> tuple[SimulatedBank, SimClock]:
    clock = SimClock("2017-11-23")
    return SimulatedBank(seed=7, clock=clock, faults=faults), clock


def a_bank_with_cards(count: int = 3) -> tuple[SimulatedBank, SimClock, tuple[CardRef, ...]]:
    """Return a bank at which *count* people have signed for their cards."""
    bank, clock = a_bank()
    request = batch(count=count)
    bank.send(request, deadline=SOON)
    bank.simulate.produce(request.key)
    bank.simulate.face_sign(request.key)
    return bank, clock, tuple(card.card for card in bank.truth.cards)


def told(bank: SimulatedBank) -> list[BankNotice]:
    return [each.notice for each in bank.collect(after=None)]


def names(notices: Sequence[BankNotice]) -> list[str]:
    return [type(notice).__name__ for notice in notices]


class CarefulClient:
    """What a union must be like: a key for ever, ask before anything is sent again."""

    def __init__(self, bank: BankAdapter, clock: SimClock) -> None:
        self.bank = bank
        self.clock = clock
        self.waiting: dict[RequestKey, BankRequest] = {}
        self.unknown: dict[RequestKey, datetime] = {}
        self.attempted: dict[RequestKey, datetime] = {}
        self.acknowledged: dict[RequestKey, Answer] = {}
        self.cursor: Cursor | None = None
        self.collected: list[BankNotice] = []

    def want(self, request: BankRequest) -> None:
        self.waiting[request.key] = request
        self.attempted.setdefault(request.key, self.clock.now())

    def turn(self) -> None:
        """Send what waits, ask after what is unknown, collect."""
        for key_, request in list(self.waiting.items()):
            if key_ in self.unknown:
                self._ask(key_)
            else:
                self._send(request)
        try:
            for each in self.bank.collect(after=self.cursor):
                self.collected.append(each.notice)
                self.cursor = each.cursor
        except BankUnavailable:
            pass

    def _send(self, request: BankRequest) -> None:
        try:
            self._learn(self.bank.send(request, deadline=SOON))
        except BankUnavailable:
            pass
        except BankOutcomeUnknown:
            self.unknown[request.key] = self.clock.now()

    def _ask(self, key_: RequestKey) -> None:
        try:
            receipt = self.bank.ask(key_, deadline=SOON)
        except BankUnavailable:
            return
        if receipt is not None:
            self._learn(receipt)
        elif self.clock.now() - self.unknown[key_] > self.bank.info.settling:
            del self.unknown[key_]

    def _learn(self, receipt: Receipt) -> None:
        self.acknowledged[receipt.key] = receipt.answer
        self.waiting.pop(receipt.key, None)
        self.unknown.pop(receipt.key, None)


def stop(word: str, card: CardRef, *, allowed: bool = False) -> SetCardUse:
    return SetCardUse(key=key(word), card=card, allowed=allowed, reason="LEFT_UNION")
