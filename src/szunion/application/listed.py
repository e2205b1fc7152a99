"""Know how the bank's list of cards and ours are compared with neither in memory (日终全量清单).

Each card becomes one record (:mod:`szunion.domain.card_records`) of either side: two sets of bytes
are compared, and only what one of them lacks is read.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from operator import add, attrgetter
from struct import Struct
from typing import Final, Protocol, runtime_checkable

from attrs import frozen

from szunion.domain.bank import BankState, ListedCard
from szunion.domain.card_records import INDEX, NAME, RECORD, SAID, STATES, Said
from szunion.domain.values import CardId
from szunion.ports.keys import IndexField, Vault

_BY_SAID: Final = Struct(f"{SAID}s{RECORD - SAID}s")
_PAGE: Final = 2_000
_TAIL: Final = attrgetter("tail")


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


def told_records(vault: Vault, cards: Iterable[ListedCard]) -> Iterator[Sequence[bytes]]:
    """Yield pages of records of what the bank lists, in its order; last comes the sequence."""
    for tokens, said in plainly(cards):
        yield list(map(add, vault.index_bytes(IndexField.CARD, tokens), map(_TAIL, said)))


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
    psn = int.from_bytes(head[INDEX:NAME], signed=True)
    return f"{head[:INDEX].hex()}-{psn:03d}"


def _told(said: bytes, sequence: bytes) -> Told:
    state = STATES[said[-1]]
    assert state is not None, "a list says no card without its state"
    return Told(_name(said), state, int.from_bytes(sequence, signed=True))


def _kept(said: bytes, card: bytes) -> Kept:
    return Kept(_name(said), STATES[said[-1]], CardId(int.from_bytes(card)))


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
    left, mine = _apart(dict(_BY_SAID.iter_unpack(told)), kept)
    if _twice(left, mine, kept):
        left, mine = _apart(_last(told), kept)
    apart, unknown = [], []
    for said in sorted(left):
        held = mine.pop(said[:NAME], None)
        line = _told(said, left[said])
        if held is None:
            unknown.append(line)
        else:
            apart.append((line, _kept(*held)))
    ours = len(kept) // RECORD
    return Compared(
        ours=ours,
        agreed=ours - len(apart) - len(mine),
        apart=apart,
        unknown=unknown,
        not_listed=[_kept(*mine[name]) for name in sorted(mine)],
    )


def _apart(
    theirs: dict[bytes, bytes], kept: bytes
) -> tuple[dict[bytes, bytes], dict[bytes, tuple[bytes, bytes]]]:
    """Return what is left of *theirs* that we do not say, and by name what they do not say."""
    agrees = theirs.pop
    mine = {
        said[:NAME]: (said, card)
        for said, card in _BY_SAID.iter_unpack(kept)
        if agrees(said, None) is None
    }
    return theirs, mine


def _twice(left: Iterable[bytes], mine: Container[bytes], kept: bytes) -> bool:
    """Return whether a card may be listed with two states: one of them is not as we hold it."""
    names = [said[:NAME] for said in left]
    return len({*names}) < len(names) or any(name not in mine and name in kept for name in names)


def _last(told: bytes) -> dict[bytes, bytes]:
    """Return what the last line of each card says, where some card has several."""
    last = {said[:NAME]: (said, rest) for said, rest in _BY_SAID.iter_unpack(told)}
    return dict(last.values())
