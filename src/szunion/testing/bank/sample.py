"""Know the made-up people, batches and payments that the kit sends to a bank."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from szunion.domain.bank_requests import (
    AccountClass,
    CardApplicant,
    OpenCards,
    PayLine,
    PayOut,
    SetCardUse,
)
from szunion.domain.documents import DocumentKind
from szunion.domain.identity import DocumentNumber, IdentityDocument, Mobile, PersonName
from szunion.domain.values import CardRef, Fen, RequestKey

PROGRAMME: Final = "测试卡"
TORTURE_NAMES: Final = (
    "张三",
    "欧阳模拟",
    "买买提·测试",
    "TEST MEMBER",
    "张䶮",
    "𠮷田测试",
    "㑇测试",
    "周𬱖",
    "龴测试",
)
"""Names that real offices send: with a middle dot, in Latin letters, with characters that GBK
lacks (䶮 㑇), beyond the basic plane (𠮷 𬱖), or whose code moved in GB 18030-2022 (龴)."""

TORTURE_FEN: Final = (1, 10, 29, 57, 115, 100_001, 250_000, 300_000, 350_000, 999_999_999_99)
"""Amounts that binary floating point gets wrong when somebody counts in yuan, and a large one."""


def key(word: str) -> RequestKey:
    """Return a key that belongs to *word*."""
    return RequestKey(base64.b32encode(hashlib.sha256(word.encode()).digest()).decode()[:26])


def person(
    number: int, *, row: str | None = None, name: str = "测试", document: int | None = None
) -> CardApplicant:
    """Return the made-up person *number* as a row of a batch."""
    passport = f"E{number if document is None else document:08d}"
    return CardApplicant(
        row=key(row or f"row-{number}"),
        name=PersonName(name),
        document=IdentityDocument(DocumentKind.PASSPORT, DocumentNumber(passport)),
        mobile=Mobile(f"139{number:08d}"),
        account_class=AccountClass.I,
    )


def people(word: str, count: int) -> list[CardApplicant]:
    """Return *count* made-up people who belong to *word* and to no other."""
    first = int(hashlib.sha256(word.encode()).hexdigest()[:6], 16) % 9_000_000 + 10_000
    return [person(first + number, row=f"{word}-{number}") for number in range(count)]


def batch(word: str, people: Iterable[CardApplicant]) -> OpenCards:
    """Return an application for cards."""
    return OpenCards(key=key(word), programme=PROGRAMME, rows=tuple(people))


def payment(word: str, lines: Sequence[tuple[str, CardRef, int]]) -> PayOut:
    """Return a pay-out: for each line its order's word, the card, and fen."""
    return PayOut(
        key=key(word),
        lines=tuple(
            PayLine(order=key(order), payee=card, fen=Fen(fen), remark=key(order).text)
            for order, card, fen in lines
        ),
    )


def stop(word: str, card: CardRef, *, allowed: bool = False) -> SetCardUse:
    """Return an instruction to stop a card, or to let it be used again."""
    return SetCardUse(key=key(word), card=card, allowed=allowed, reason="LEFT_UNION")
