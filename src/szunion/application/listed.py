"""Know how the bank's list of cards and ours are compared with neither in memory (日终全量清单).

Each card becomes one record of :data:`RECORD` bytes: its blind index, its PSN and its state, then
eight bytes that are each side's own. So both say the same of a card in the same bytes, cards that
agree are compared without being read, and what lies on disk meanwhile names none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from struct import Struct
from typing import Final, Protocol, TypeAlias, runtime_checkable

from attrs import frozen

from szunion.domain.bank import BankState, ListedCard
from szunion.domain.values import CardId
from szunion.ports.keys import IndexField, Vault

_INDEX: Final = 16
_TAIL: Final = Struct(">qBq")
NAME: Final = _INDEX + 8
"""Bytes of a record that say which card it is about."""
SAID: Final = NAME + 1
"""Bytes of a record that say that, and where the card stands."""
RECORD: Final = _INDEX + _TAIL.size
_BY_NAME: Final = Struct(f"{NAME}s{RECORD - NAME}s")
_BY_SAID: Final = Struct(f"{SAID}s{RECORD - SAID}s")
_MOST: Final = (1 << 63) - 1
_PAGE: Final = 2_000
_REMEMBERED: Final = 1 << 14
_STATES: Final = (None, *BankState)
_CODES: Final = {state: code for code, state in enumerate(_STATES)}

Said: TypeAlias = tuple[int, BankState, int]
"""What a list says of a card beside its token: PSN, state, sequence."""


@runtime_checkable
class Plainly(Protocol):
    """A list that can be gone through without a value made for each of its cards."""

    def plainly(self) -> Iterator[tuple[Sequence[str], Sequence[Said]]]:
        """Yield what the list's values say, in their order: tokens as plain text, and the rest."""
        ...


def plainly(cards: Iterable[ListedCard]) -> Iterator[tuple[Sequence[str], Sequence[Said]]]:
    """Yield what listed cards say, some thousands at a time, the quickest way the list has."""
    if isinstance(cards, Plainly):
        yield from cards.plainly()
        return
    coming = iter(cards)
    while part := list(islice(coming, _PAGE)):
        yield (
            [line.card.token.plain() for line in part],
            [(line.card.psn, line.state, line.sequence) for line in part],
        )


class _Tails(dict[Said, bytes]):
    """What stands behind a blind index; few cards of a city say what no other does."""

    def __missing__(self, said: Said) -> bytes:
        psn, state, number = said
        # A number that no column holds is no card's of ours: the largest one says as much.
        made = _TAIL.pack(min(psn, _MOST), _CODES[state], min(number, _MOST))
        if len(self) >= _REMEMBERED:
            self.clear()
        self[said] = made
        return made


class _Says(dict[tuple[int, str | None], bytes]):
    """What stands behind a blind index of ours, but for the card's id."""

    def __missing__(self, said: tuple[int, str | None]) -> bytes:
        psn, state = said
        code = _CODES[None if state is None else BankState(state)]
        made = self[said] = _TAIL.pack(psn, code, 0)[:-8]
        return made


def told_records(vault: Vault, cards: Iterable[ListedCard]) -> Iterator[Sequence[bytes]]:
    """Yield pages of records of what the bank lists, in its order; last comes the sequence."""
    tails = _Tails()
    for tokens, said in plainly(cards):
        blind = vault.index_many(IndexField.CARD, tokens)
        yield [index + tails[each] for index, each in zip(blind, said, strict=True)]


def kept_records(
    pages: Iterable[Sequence[tuple[bytes, int, str | None, CardId]]],
) -> Iterator[Sequence[bytes]]:
    """Yield pages of records of what we hold; last comes the card's id."""
    says = _Says()
    for page in pages:
        yield [index + says[psn, state] + id_.to_bytes(8) for index, psn, state, id_ in page]


@frozen
class Told:
    """What the bank lists of one card."""

    name: str
    state: BankState
    sequence: int


@frozen
class Kept:
    """What we hold of one card; its state is None if the bank has told none."""

    name: str
    state: BankState | None
    card: CardId


def _name(head: bytes) -> str:
    psn = int.from_bytes(head[_INDEX:NAME], signed=True)
    return f"{head[:_INDEX].hex()}-{psn:03d}"


def _told(name: bytes, rest: bytes) -> Told:
    state = _STATES[rest[0]]
    assert state is not None, "a list says no card without its state"
    return Told(_name(name), state, int.from_bytes(rest[1:], signed=True))


def _kept(said: bytes, card: bytes) -> Kept:
    return Kept(_name(said), _STATES[said[-1]], CardId(int.from_bytes(card)))


@frozen(kw_only=True)
class Compared:
    """What comes of a pile of the list beside the pile of ours with the same cards, by name."""

    ours: int
    """How many cards of it we hold."""
    agreed: int
    apart: Sequence[tuple[Told, Kept]]
    unknown: Sequence[Told]
    not_listed: Sequence[Kept]


def compared(told: bytes, kept: bytes) -> Compared:
    """Compare two piles of records; of a card listed twice, the line that came last counts."""
    listed: dict[bytes, bytes] = dict(_BY_NAME.iter_unpack(told))
    theirs = {name + rest[:1] for name, rest in listed.items()}
    ours: dict[bytes, bytes] = dict(_BY_SAID.iter_unpack(kept))
    mine = {said[:NAME]: said for said in ours.keys() - theirs}
    others = sorted(said[:NAME] for said in theirs.difference(ours))
    return Compared(
        ours=len(ours),
        agreed=len(ours) - len(mine),
        apart=[
            (_told(name, listed[name]), _kept(mine[name], ours[mine[name]]))
            for name in others
            if name in mine
        ],
        unknown=[_told(name, listed[name]) for name in others if name not in mine],
        not_listed=[
            _kept(mine[name], ours[mine[name]]) for name in sorted(mine.keys() - listed.keys())
        ],
    )
