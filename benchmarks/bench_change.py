"""A card changes, with its audit entry and its order to the bank, in one durable commit on SQLite.

The limit is a plain UPDATE of the same row in a transaction of its own, as durable. The peer is an
aggregate of the ``eventsourcing`` library, loaded, changed and saved in SQLite.

The same for many cards at once, as the bank's notices are obeyed: each of them is read, changed and
logged, and each has its order; all of a set are in one commit. And by 256 callers at once, tasks of
one event loop, each of whom wants one card changed and is told after the commit: the same change,
and what a bank's call leads to (a card is frozen, or not any more: heard, told of the card, kept,
logged, written to its holder), both gathered by the system's own combiner.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import UUID

from attrs import evolve, field, frozen
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from tests.cardtown import CardTown, card_town_on
from tests.offices import office_on

from benchmarks.callers import Answer, tasks
from benchmarks.lines import Line, faster, rates
from szunion.adapters.crowd import Combiner
from szunion.adapters.storage.sqlite.session import prepare
from szunion.application.access import authorise
from szunion.application.bank_ear import BankEar
from szunion.domain.access import Operation, engine
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import BankEvent, BankState, CardChanged, Told
from szunion.domain.card_files import KeptCard
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.ports.storage import UnitOfWork

CHANGES = 100
SET = 500
"""How many cards change in one commit, where they change together."""
CALLERS = 256
ROUNDS = 9
_DAY = datetime(2017, 11, 24, tzinfo=UTC)
_MOVES = ((BankEvent.UNFROZEN, BankState.ACTIVE), (BankEvent.FROZEN, BankState.FROZEN))


class PeersCard(Aggregate):
    """A card as that library has it."""

    @event("Created")
    def __init__(self) -> None:
        self.gap = False

    @event("Changed")
    def change(self, gap: bool) -> None:  # noqa: FBT001 - what happened
        self.gap = gap


def changed(place: CardTown, kept: KeptCard, changes: int = CHANGES) -> int:
    """Change a card so many times, each with its entry and its order; return how many."""

    def change(work: UnitOfWork) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        card = work.cards.get(scope, kept.id)
        assert card is not None
        work.cards.put(scope, evolve(card, gap=not card.gap))
        work.audit.add(scope, _entry(card))
        work.outbox.add(scope, _order(work, card))

    for _ in range(changes):
        place.office.storage.run(change)
    return changes


def changed_together(place: CardTown, cards: Sequence[KeptCard]) -> int:
    """Change cards once in one commit, each with its entry and its order; return how many."""
    ids = [kept.id for kept in cards]

    def change(work: UnitOfWork) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        found = work.bulk.cards(scope, ids)
        assert len(found) == len(ids)
        work.bulk.put_cards(scope, [evolve(card, gap=not card.gap) for card in found])
        work.audit.add_many(scope, map(_entry, found))
        work.outbox.add_many(scope, [_order(work, card) for card in found])

    place.office.storage.run(change)
    return len(ids)


@frozen
class AtOnce:
    """Many callers at one moment, each about one card; each asks again when it has its answer."""

    place: CardTown
    cards: Sequence[KeptCard]
    called: Sequence[KeptCard]
    """Cards that the bank calls about: each call is one more fact of its card."""
    crowd: Combiner = field(factory=Combiner)
    ear: BankEar = field(init=False)
    _numbers: count[int] = field(factory=count, init=False)
    _told: Counter[int] = field(factory=Counter, init=False)

    def __attrs_post_init__(self) -> None:
        ear = self.place.worker.desk.ear
        ear = evolve(ear, office=evolve(ear.office, bank_calls=self.crowd))
        object.__setattr__(self, "ear", ear)

    def changes(self) -> int:
        """Let each want a card changed as a single one is; return how many there were."""

        def decide(cards: Sequence[KeptCard]) -> Sequence[KeptCard]:
            changed_together(self.place, cards)
            return cards

        return self._all(self.cards, lambda card, told: self.crowd.ask_soon(card, decide, told))

    def calls(self) -> int:
        """Let each be a call of the bank's about a card; return how many there were."""
        return self._all(
            self.called, lambda card, told: self.ear.brought_soon([self._notice(card)], told)
        )

    def _all(
        self,
        cards: Sequence[KeptCard],
        hand_in: Callable[[KeptCard, Callable[[Answer], object]], object],
    ) -> int:
        def one(_: int, told: Callable[[Answer], object]) -> None:
            hand_in(cards[next(self._numbers) % len(cards)], told)

        return tasks(one, CALLERS, 2)

    def _notice(self, kept: KeptCard) -> CardChanged:
        self._told[kept.id] += 1
        number = self._told[kept.id]
        event, state = _MOVES[number % 2]
        told = Told(event_id=f"{kept.id}-{number}", stream=f"card-{kept.id}", sequence=number + 2,
                    effective=_DAY)  # fmt: skip
        return CardChanged(told=told, card=kept.card.ref, event=event, state=state)

    def close(self) -> None:
        """Let the crowd go home."""
        self.crowd.close()


def _entry(card: KeptCard) -> AuditEntry:
    return AuditEntry(action="card.gap", subject=card.id, person=card.person)


def _order(work: UnitOfWork, card: KeptCard) -> Dispatch:
    id_ = work.ids.new()
    return Dispatch(
        id=id_, kind=DispatchKind.SET_CARD_USE, key=work.vault.request_key(f"bench:{id_}"),
        digest="", subject=card.id, aggregate=id_, sequence=1, created=work.now,
        due=datetime(2099, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def peers(app: Application[UUID], card: UUID, changes: int) -> int:
    """Load, change and save the peer's card so many times; return how many."""
    for turn in range(changes):
        found: PeersCard = app.repository.get(card)
        found.change(turn % 2 == 0)
        app.save(found)
    return changes


def lines() -> list[Line]:
    """Return the lines of one changed state."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = card_town_on(office_on("sqlite", folder))
        cards = place.activate(place.admit(SET))
        kept = cards[0]
        plain = sqlite3.connect(folder / "union.db")
        prepare(plain)
        app: Application[UUID] = Application(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(folder / "events.db"),
            }
        )
        first = PeersCard()
        app.save(first)

        def bare() -> int:
            for _ in range(CHANGES):
                plain.execute("BEGIN IMMEDIATE")
                plain.execute(
                    "UPDATE card SET bank_gap = 1 - bank_gap WHERE shard = ? AND card_id = ?",
                    (kept.id >> 53, kept.id),
                )
                plain.execute("COMMIT")
            return CHANGES

        at_once = AtOnce(place, cards, place.activate(place.admit(SET, start=SET)))
        found = rates(
            ROUNDS, ours=lambda: changed(place, kept), bare=bare,
            sets=lambda: changed_together(place, cards),
            changes=at_once.changes, calls=at_once.calls,
            peer=lambda: peers(app, first.id, CHANGES),
        )  # fmt: skip
        at_once.close()
        plain.close()
        app.close()
        place.office.storage.close()
    what = "11 a card read, changed, logged and ordered at the bank, SQLite FULL, 1/s"
    return [
        faster(f"{what}, beside eventsourcing", found["ours"], peer=found["peer"], floor=2.5),
        faster(f"{what}, beside a plain UPDATE", found["ours"], limit=found["bare"], floor=0.8),
        faster(f"{what}, in sets of {SET}, beside a plain UPDATE", found["sets"],
               limit=found["bare"], floor=0.8),
        faster(f"{what}, by {CALLERS} callers at once, beside a plain UPDATE", found["changes"],
               limit=found["bare"], floor=0.8),
        faster(f"11 a card frozen by a call of the bank's, {CALLERS} calls at once, SQLite FULL, "
               "1/s, beside a plain UPDATE", found["calls"], limit=found["bare"], floor=0.3),
    ]  # fmt: skip
