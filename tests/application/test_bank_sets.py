# ruff: noqa: ARG002 - a port has more parameters than a bank of a test needs
"""The bank is told in sets, and no less is known of each dispatch than of one alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define, evolve, field
from tests.cardtown import CardTown, card_town_on
from tests.offices import ENGINES, office_on

from szunion.adapters.bank.simulated import SIMULATED
from szunion.application.access import authorise
from szunion.application.bank_desk import LEASE, TOGETHER, BankDesk
from szunion.domain.access import Operation, engine
from szunion.domain.bank_requests import Answer, BankRequest, Receipt, SetCardUse
from szunion.domain.card_files import KeptCard
from szunion.domain.holds import HoldReason
from szunion.domain.outbox import Dispatch, DispatchState
from szunion.domain.values import CardId, Fen, RequestKey
from szunion.errors import BankOutcomeUnknown, Conflict
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.ports.storage import UnitOfWork

CARDS = 6


class Killed(BaseException):
    """The worker's process ends here."""


@define
class Bank:
    """Takes in what it is sent, after what a test wants first; remembers it by its key."""

    place: CardTown
    info: BankInfo = SIMULATED
    slow: timedelta = timedelta(0)
    dies_at: int = -1
    lost_at: int = -1
    sent: list[RequestKey] = field(factory=list)

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        place = len(self.sent)
        if place == self.dies_at:
            raise Killed
        self.sent.append(request.key)
        self.place.clock.advance(seconds=self.slow.total_seconds())
        if place == self.lost_at:
            raise BankOutcomeUnknown("E-BANK-002", bank="x", key=str(request.key))
        return self._receipt(request.key)

    def _receipt(self, key: RequestKey) -> Receipt:
        return Receipt(key=key, answer=Answer.ACCEPTED, rows=1, total=Fen(0))

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        return self._receipt(key) if key in self.sent else None

    def collect(self, *, after: Cursor | None) -> Iterator[Collected]:
        return iter(())


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CardTown]:
    """A town in which each of six cards is to be stopped."""
    made = card_town_on(office_on(request.param, tmp_path))
    for each in made.activate(made.admit(CARDS)):
        made.cards().lock(each.id, HoldReason.PLASTIC_MISSING)
    yield made
    made.office.storage.close()


def desk_of(place: CardTown, bank: Bank) -> BankDesk:
    return BankDesk(office=place.office, bank=bank)


def states(place: CardTown) -> Counter[DispatchState]:
    return Counter(
        each.state for each in place.books().dispatches() if each.kind.value == "SET_CARD_USE"
    )


def test_a_set_leaves_at_once_and_each_is_sent_once(place: CardTown) -> None:
    bank = Bank(place)
    assert CARDS <= TOGETHER
    assert desk_of(place, bank).deliver()
    assert states(place) == {DispatchState.DONE: CARDS}
    assert len(set(bank.sent)) == len(bank.sent) == CARDS
    assert not desk_of(place, bank).deliver()


def test_all_of_a_set_are_written_down_before_the_first_byte(place: CardTown) -> None:
    seen: list[Counter[DispatchState]] = []

    class Looking(Bank):
        def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
            assert isinstance(request, SetCardUse)
            seen.append(states(place))
            return super().send(request, deadline=deadline)

    desk_of(place, Looking(place)).deliver()
    assert seen == [{DispatchState.SENT: CARDS}] * CARDS


def test_a_worker_that_dies_in_a_set_leaves_what_is_asked_for_and_nothing_is_sent_twice(
    place: CardTown,
) -> None:
    """The bank had three of them; that three never left, it says itself."""
    bank = Bank(place, dies_at=3)
    with pytest.raises(Killed):
        desk_of(place, bank).deliver("first")
    bank.dies_at = -1
    other = desk_of(place, bank)
    assert not other.deliver("second"), "they are in somebody's hands"
    place.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert other.recover()
    assert states(place) == {DispatchState.UNKNOWN: CARDS}
    for _ in range(40):
        place.clock.advance(hours=1)
        while other.ask("second"):
            pass
        other.deliver("second")
    assert states(place) == {DispatchState.DONE: CARDS}
    assert len(set(bank.sent)) == len(bank.sent) == CARDS


def test_what_left_late_is_not_believed_lost_sooner_than_its_own_settling_time(
    place: CardTown,
) -> None:
    """It was written down with the first, and sent a minute after it; 40 s must pass from then."""

    class NeverSaw(Bank):
        def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
            return None

    info = evolve(SIMULATED, settling=timedelta(seconds=40))
    bank = NeverSaw(place, info=info, slow=timedelta(seconds=20), lost_at=3)
    desk = desk_of(place, bank)
    desk.deliver()
    lost, bank.lost_at = bank.sent[3], -1
    place.clock.advance(seconds=1)
    desk.ask()
    desk.deliver()
    assert bank.sent.count(lost) == 1
    place.clock.advance(seconds=40)
    desk.ask()
    desk.deliver()
    assert bank.sent.count(lost) == 2


def test_nothing_is_sent_when_the_lease_is_about_to_end(place: CardTown) -> None:
    """The rest waits, as what never arrived, and goes with the next set."""
    bank = Bank(place, slow=timedelta(seconds=50))
    desk_of(place, bank).deliver()
    assert len(bank.sent) == 2
    assert states(place) == {DispatchState.DONE: 2, DispatchState.QUEUED: CARDS - 2}
    bank.slow = timedelta(0)
    place.clock.advance(seconds=2)
    desk_of(place, bank).deliver()
    assert states(place) == {DispatchState.DONE: CARDS}
    assert len(set(bank.sent)) == len(bank.sent) == CARDS


def test_an_answer_waits_for_others_a_second_at_most(place: CardTown) -> None:
    seen: list[int] = []

    class Looking(Bank):
        def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
            seen.append(states(place)[DispatchState.DONE])
            return super().send(request, deadline=deadline)

    desk_of(place, Looking(place, slow=timedelta(seconds=0.6))).deliver()
    assert seen == [0, 0, 2, 2, 4, 4]
    assert states(place) == {DispatchState.DONE: CARDS}


def test_a_lost_race_of_a_set_names_the_version_that_was_expected(place: CardTown) -> None:
    """Also where somebody else has moved it on by one, to where the set would have."""
    ours = [each for each in place.books().dispatches() if each.kind.value == "SET_CARD_USE"]
    moved = ours[2]

    def put(work: UnitOfWork, *these: Dispatch) -> None:
        work.outbox.put_many(authorise(work, engine(), Operation.BANK_DESK), these)

    other = evolve(moved, digest="theirs")
    place.office.storage.run(lambda work: put(work, other))
    with pytest.raises(Conflict) as lost:
        place.office.storage.run(lambda work: put(work, *ours))
    assert lost.value.context == {
        "entity": "outbox", "expected": moved.version, "current": moved.version + 1,
    }  # fmt: skip


def test_a_lost_race_of_cards_names_the_one_that_another_has_changed(place: CardTown) -> None:
    """Those before it were put in the unit that is undone, and stand at the same version then."""
    sent = [each for each in place.books().dispatches() if each.kind.value == "SET_CARD_USE"]
    ids = [CardId(each.aggregate) for each in sent]
    ours = place.look(lambda work, scope: list(work.bulk.cards(scope, ids)))
    assert len(ours) == CARDS
    moved = ours[2]

    def put(work: UnitOfWork, *these: KeptCard) -> None:
        work.bulk.put_cards(authorise(work, engine(), Operation.BANK_DESK), these)

    place.office.storage.run(lambda work: put(work, evolve(moved, gap=True)))
    with pytest.raises(Conflict) as lost:
        place.office.storage.run(lambda work: put(work, *ours))
    assert (lost.value.code, lost.value.context) == (
        "E-STORE-008",
        {"entity": "card", "expected": moved.card.version, "current": moved.card.version + 1},
    )
