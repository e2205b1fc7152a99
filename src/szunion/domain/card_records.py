"""Know how what is said of a card becomes one record of bytes, the same from whoever says it.

A record is :data:`RECORD` bytes: the card's blind index, its PSN and its state, then eight bytes
that are each side's own. So both say the same of a card in the same bytes, cards that agree are
compared without being read, and what lies on disk meanwhile names none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from struct import Struct
from typing import Final, Protocol, runtime_checkable

from attrs import field, frozen

from szunion.domain.bank import BankState, ListedCard
from szunion.domain.values import CardId

INDEX: Final = 16
TAIL: Final = Struct(">qBq")
NAME: Final = INDEX + 8
"""Bytes of a record that say which card it is about."""
SAID: Final = NAME + 1
"""Bytes of a record that say that, and where the card stands."""
RECORD: Final = INDEX + TAIL.size
STATES: Final = (None, *BankState)
"""A state by the byte that stands for it."""
CODES: Final = {state: code for code, state in enumerate(STATES)}
"""The byte that stands for a state. A database that joins records itself has them in its words."""

_MOST: Final = (1 << 63) - 1
_PAGE: Final = 2_000


@frozen
class Said:
    """What a list says of a card beside its token; lines that say the same may share it."""

    psn: int
    state: BankState
    sequence: int
    tail: bytes = field(init=False, repr=False)
    """What stands behind the blind index in the card's record."""
    text: bytes = field(init=False, repr=False)
    """What stands behind the token in the list's digest."""

    def __attrs_post_init__(self) -> None:
        # A number that no column holds is no card's of ours: the largest one says as much.
        tail = TAIL.pack(min(self.psn, _MOST), CODES[self.state], min(self.sequence, _MOST))
        object.__setattr__(self, "tail", tail)
        text = f" {self.psn} {self.state.value} {self.sequence}\n"
        object.__setattr__(self, "text", text.encode())


@runtime_checkable
class Plainly(Protocol):
    """A list that can be gone through without a value made for each of its cards."""

    def plainly(self) -> Iterator[tuple[Sequence[bytes], Sequence[Said]]]:
        """Yield what the list's values say, in their order: tokens as they are, and the rest."""
        ...


def plainly(cards: Iterable[ListedCard]) -> Iterator[tuple[Sequence[bytes], Sequence[Said]]]:
    """Yield what listed cards say, some thousands at a time, the quickest way the list has."""
    if isinstance(cards, Plainly):
        yield from cards.plainly()
        return
    coming = iter(cards)
    while part := list(islice(coming, _PAGE)):
        yield (
            [line.card.token.plain().encode() for line in part],
            [Said(line.card.psn, line.state, line.sequence) for line in part],
        )


@lru_cache(1 << 14)
def _says(psn: int, state: str | None) -> bytes:
    """Return what stands behind a blind index of ours, but for the card's id."""
    return TAIL.pack(psn, CODES[None if state is None else BankState(state)], 0)[:-8]


def kept_records(rows: Iterable[tuple[bytes, int, str | None, CardId]]) -> list[bytes]:
    """Return records of what we hold, from index, PSN, state's code, id; last comes the id."""
    return [index + _says(psn, state) + id_.to_bytes(8) for index, psn, state, id_ in rows]
