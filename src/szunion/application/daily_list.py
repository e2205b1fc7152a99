"""Know how the bank's daily list is compared with our cards before anything follows (日终全量清单).

Each card becomes one record (:mod:`szunion.domain.card_records`) of either side: two sets of bytes
are compared, with neither in memory, and only what one of them lacks is read.

A city's list takes half a minute to compare, and on SQLite whoever writes keeps all others from
writing. So both sides are compared in a transaction that only reads; the one that follows looks
again at the few cards that differed, and is short.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from operator import add, attrgetter
from struct import Struct
from typing import Final

from attrs import frozen

from szunion.application.canonical import digest
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.bank import BankState, DailyCardList, ListedCard
from szunion.domain.card_records import INDEX, NAME, RECORD, SAID, STATES, plainly
from szunion.domain.reconciliation import ReconKind
from szunion.domain.values import CardId
from szunion.ports.keys import IndexField, Vault
from szunion.ports.storage import UnitOfWork

_BY_SAID: Final = Struct(f"{SAID}s{RECORD - SAID}s")
_TAIL: Final = attrgetter("tail")


def told_records(vault: Vault, cards: Iterable[ListedCard]) -> Iterator[Sequence[bytes]]:
    """Yield pages of records of what the bank lists, in its order; last comes the sequence."""
    for tokens, said in plainly(cards):
        yield list(map(add, vault.index_bytes(IndexField.CARD, tokens), map(_TAIL, said)))


@frozen
class Listed:
    """What the bank lists of one card."""

    name: str
    state: BankState
    sequence: int


@frozen
class Held:
    """What we hold of one card; its state is None if the bank has told none."""

    name: str
    state: BankState | None
    card: CardId


def _name(head: bytes) -> str:
    psn = int.from_bytes(head[INDEX:NAME], signed=True)
    return f"{head[:INDEX].hex()}-{psn:03d}"


def _told(said: bytes, sequence: bytes) -> Listed:
    state = STATES[said[-1]]
    assert state is not None, "a list says no card without its state"
    return Listed(_name(said), state, int.from_bytes(sequence, signed=True))


def _kept(said: bytes, card: bytes) -> Held:
    return Held(_name(said), STATES[said[-1]], CardId(int.from_bytes(card)))


@frozen(kw_only=True)
class ComparedPile:
    """What comes of a pile of the list beside the pile of ours with the same cards, by name."""

    ours: int
    """How many cards of it we hold."""
    agreed: int
    apart: Sequence[tuple[Listed, Held]]
    unknown: Sequence[Listed]
    not_listed: Sequence[Held]


def compare_piles(told: bytes, kept: bytes) -> ComparedPile:
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
    return ComparedPile(
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


@frozen
class Comparison:
    """What was found of a list beside ours."""

    last: int | None
    """The newest run of its kind by then."""
    piles: Sequence[ComparedPile]


def compare(office: Office, work: UnitOfWork, scope: Scope, notice: DailyCardList) -> Comparison:
    """Compare every card with the bank's list pile by pile, and change nothing.

    Almost every card agrees to the letter: its record is compared as it is, and not read. Memory
    grows with what differs.
    """
    theirs = office.piles(told_records(work.vault, notice.cards))
    ours = office.piles(work.cards.records(scope))
    return Comparison(newest(work, scope), tuple(map(compare_piles, theirs, ours)))


def newest(work: UnitOfWork, scope: Scope) -> int | None:
    """Return the id of the newest comparison of cards."""
    last = work.reconciliations.last(scope, ReconKind.CARDS)
    return None if last is None else last.id


@frozen
class Ahead:
    """What is known of a notice before it is obeyed."""

    digest: str
    comparison: Comparison | None = None
    """Of a list of cards that was gone through in an earlier transaction."""


def ahead(
    office: Office, notice: DailyCardList, source: str, scope: Callable[[UnitOfWork], Scope]
) -> Ahead:
    """Go through a list outside of the commit in which it is obeyed."""

    def see(work: UnitOfWork) -> Comparison | None:
        sees = scope(work)
        if work.inbox.get(sees, source, notice.told.event_id) is not None:
            return None
        return compare(office, work, sees, notice)

    return Ahead(digest(office.vault, notice), office.storage.read(see))
