"""Know how the bank's list of cards becomes lines that can be put in order (日终全量清单).

A line names its card by the keyed name that our own scan goes by, so two orders are one, and what
lies on disk while it is sorted names no card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from attrs import frozen

from szunion.domain.bank import BankState, ListedCard
from szunion.ports.keys import IndexField, Vault

NAME: Final = 36
"""Letters of a card's keyed name: 32 of its blind index, a dash, three of its sequence number."""
_PAGE: Final = 2_000


@frozen
class Line:
    """One card of the bank's list, under its keyed name."""

    name: str
    state: BankState
    sequence: int

    @classmethod
    def of(cls, text: bytes) -> Line:
        """Read one."""
        name, state, sequence, _ = text.decode().split()
        return cls(name, BankState(state), int(sequence))


def named_lines(vault: Vault, cards: Iterable[ListedCard]) -> Iterator[bytes]:
    """Yield a line for each listed card: its keyed name, its state, its place in the list."""
    coming, number = iter(cards), 0
    while part := list(islice(coming, _PAGE)):
        blind = vault.index_many(IndexField.CARD, [line.card.token.plain() for line in part])
        for index, line in zip(blind, part, strict=True):
            name = f"{index.hex()}-{line.card.psn:03d}"
            yield f"{name} {line.state.value} {line.sequence} {number}".encode()
            number += 1


def last_words(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the line of each name; of a card that is listed twice, the one that came last."""
    before: bytes | None = None
    for line in lines:
        if before is not None:
            if before[:NAME] == line[:NAME]:
                before = max(before, line, key=lambda text: int(text.rsplit(b" ", 1)[1]))
                continue
            yield before
        before = line
    if before is not None:
        yield before
