"""What the bank brings in many calls at once is obeyed in one commit, and nobody is told before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from random import Random
from threading import Event, Lock, Thread
from time import sleep
from typing import Any

import pytest
from attrs import evolve, field, frozen
from tests.application.test_together import shuffled, spoilt, standing, town_with_news
from tests.cardtown import CardTown, card_town_on

from szunion.adapters.crowd import Combiner
from szunion.application import bank_rows
from szunion.application.bank_ear import BankEar
from szunion.application.office import Alone, Office
from szunion.domain.bank import (
    BankEvent,
    BankNotice,
    BankState,
    CardChanged,
    DailyCardList,
    Told,
)
from szunion.domain.card_files import KeptCard
from szunion.domain.inbox import Hearing
from szunion.errors import StorageBusy, StorageFull, SzunionError
from szunion.ports.system import Crowd

CALLERS = 24


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


def told(event_id: str, sequence: int = 9) -> Told:
    at = datetime(2017, 11, 23, tzinfo=UTC)
    return Told(event_id=event_id, stream="x", sequence=sequence, effective=at)


def frozen_at_the_bank(kept: KeptCard, event_id: str, sequence: int = 9) -> CardChanged:
    return CardChanged(
        told=told(event_id, sequence), card=kept.card.ref, event=BankEvent.FROZEN,
        state=BankState.FROZEN,
    )  # fmt: skip


def ear_of(place: CardTown, crowd: Crowd) -> BankEar:
    ear = place.worker.desk.ear
    return evolve(ear, office=evolve(ear.office, bank_calls=crowd))


@contextmanager
def gathering() -> Iterator[Combiner]:
    crowd = Combiner()
    try:
        yield crowd
    finally:
        crowd.close()


def known(place: CardTown, event_id: str) -> bool:
    """Return whether the store has a notice: a look of its own sees what is committed, no more."""
    source = place.bank.info.name
    return place.look(lambda work, scope: work.inbox.get(scope, source, event_id)) is not None


@frozen
class Line:
    """Calls that come in one after the other and are obeyed when the test says so, in one go."""

    calls: list[Any] = field(factory=list)
    decide: list[Any] = field(factory=list)

    def ask(self, wish: Any, decide: Any, /) -> Any:
        self.calls.append(wish)
        self.decide.append(decide)

    def go(self) -> Sequence[Any]:
        answers: Sequence[Any] = self.decide[0](self.calls)
        return answers


@pytest.mark.parametrize("seed", [1, 2])
def test_many_calls_in_one_commit_come_to_what_they_come_to_one_after_the_other(
    seed: int, tmp_path: Path
) -> None:
    """Doubled, spoilt and out of order; each call brings one to three notices."""
    ends = []
    for kind in ("together", "alone"):
        place, people, payout, news = town_with_news("sqlite", tmp_path / kind)
        notices = [*news, *spoilt(place.cards, people, payout)]
        left, luck, line = shuffled(notices, seed), Random(seed), Line()
        ear = ear_of(place.cards, line if kind == "together" else Alone())  # type: ignore[arg-type]
        while left:
            size = luck.randint(1, 3)
            ear.brought(left[:size])
            left = left[size:]
        if kind == "together":
            assert line.go() == [None] * len(line.calls)
        ends.append(standing(place.cards, people, notices))
        place.office.storage.close()
    together, alone = ends
    assert together == alone


# --- who is told what, and when ---------------------------------------------------------------


def nobody_hears(answer: object) -> None:
    """Hear no answer."""


def early(crowd: Combiner) -> Crowd:
    """Return a crowd with a planted fault: it answers at once, and what is asked is done later."""

    @frozen
    class Early(Alone):
        def ask(self, wish: Any, decide: Any, /) -> Any:
            crowd.ask_soon(wish, decide, nobody_hears)

    return Early()


def told_too_early(place: CardTown, crowd: Crowd, cards: Sequence[KeptCard]) -> list[str]:
    """Let each card's notice come in a thread of its own; return those answered before a commit."""
    ear, found, lock = ear_of(place, crowd), list[str](), Lock()

    def call(kept: KeptCard, event_id: str) -> None:
        ear.brought([frozen_at_the_bank(kept, event_id)])
        if not known(place, event_id):
            with lock:
                found.append(event_id)

    threads = [Thread(target=call, args=(kept, f"C{at}")) for at, kept in enumerate(cards)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_nobody_is_told_before_the_commit(place: CardTown) -> None:
    cards = place.activate(place.admit(CALLERS))
    with gathering() as crowd:
        assert told_too_early(place, crowd, cards) == []
    assert {place.heard(f"C{at}").hearing for at in range(CALLERS)} == {Hearing.OBEYED}
    assert {place.by_ref(kept.card.ref).card.bank.state for kept in cards} == {BankState.FROZEN}


def test_a_crowd_that_answers_before_it_has_committed_is_noticed(
    place: CardTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above is no decoration: with the fault in it, it tells."""
    cards = place.activate(place.admit(CALLERS))
    gate = Lock()
    with gathering() as crowd, monkeypatch.context() as patched, gate:
        obey = BankEar.receive

        def slowly(self: BankEar, notices: Sequence[BankNotice]) -> None:
            with gate:
                obey(self, notices)

        patched.setattr(BankEar, "receive", slowly)
        found = told_too_early(place, early(crowd), cards)
        gate.release()
        crowd.close()
        gate.acquire()
    assert len(found) == CALLERS
    assert all(known(place, f"C{at}") for at in range(CALLERS)), "they were obeyed all the same"


def test_calls_that_come_while_one_is_obeyed_share_a_commit(
    place: CardTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same notice twice, two of one card, and those of others: in one set, each as alone."""
    one, other, third = place.activate(place.admit(3))
    again = frozen_at_the_bank(one, "A")
    calls = [
        [again], [frozen_at_the_bank(other, "B", 9)], [again],
        [evolve(frozen_at_the_bank(other, "C", 10), event=BankEvent.UNFROZEN,
                state=BankState.ACTIVE)],
        [frozen_at_the_bank(third, "D"), again],
    ]  # fmt: skip
    sets = list[int]()
    obey = BankEar.receive

    def counted(self: BankEar, notices: Sequence[BankNotice]) -> None:
        sets.append(len(notices))
        obey(self, notices)

    monkeypatch.setattr(BankEar, "receive", counted)
    with gathering() as crowd, ThreadPoolExecutor(len(calls) + 1) as threads:
        ear, busy, gate = ear_of(place, crowd), Event(), Event()

        def keeps_busy(wishes: Sequence[None]) -> Sequence[None]:
            busy.set()
            gate.wait(60)
            return wishes

        crowd.ask_soon(None, keeps_busy, nobody_hears)
        assert busy.wait(60)
        done = []
        for at, notices in enumerate(calls):  # one after the other, so that their order is known
            done.append(threads.submit(ear.brought, notices))
            while len(crowd._queue) == at:
                sleep(0)
        gate.set()
        assert [each.result(60) for each in done] == [None] * len(calls)
    assert sets == [6]
    assert place.heard("A").copies == 2
    assert place.by_ref(one.card.ref).card.bank.state is BankState.FROZEN
    assert place.by_ref(other.card.ref).card.bank.state is BankState.ACTIVE
    assert place.by_ref(third.card.ref).card.bank.state is BankState.FROZEN
    log = [entry.action for entry in place.log_of(other.person)]
    assert log[-2:] == ["card.bank.frozen", "card.bank.unfrozen"]


def test_one_that_cannot_be_obeyed_spoils_nobody_elses(
    place: CardTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = place.activate(place.admit(CALLERS))
    bad = cards[5].card.ref
    obey = bank_rows.changed

    def broken(*args: Any) -> Any:
        if args[3].card == bad:
            raise KeyError("x")
        return obey(*args)

    monkeypatch.setattr(bank_rows, "changed", broken)
    with gathering() as crowd:
        assert told_too_early(place, crowd, cards) == []
    assert place.heard("C5").reason == "E-BANK-013 KeyError"
    state = {kept.card.ref: place.by_ref(kept.card.ref).card.bank.state for kept in cards}
    assert state.pop(bad) is BankState.ACTIVE
    assert set(state.values()) == {BankState.FROZEN}


def test_where_the_store_fails_every_caller_is_told_and_nothing_is_half_heard(
    place: CardTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has an error of its own; who brings it again is heard."""
    cards = place.activate(place.admit(CALLERS))
    notices = [frozen_at_the_bank(kept, f"F{at}") for at, kept in enumerate(cards)]

    def full(*_: object) -> None:
        raise StorageFull("E-STORE-002")

    with gathering() as crowd, ThreadPoolExecutor(CALLERS) as threads:
        ear = ear_of(place, crowd)

        def call(notice: BankNotice) -> SzunionError | None:
            try:
                ear.brought([notice])
            except SzunionError as error:
                return error
            return None

        with monkeypatch.context() as patched:
            patched.setattr(BankEar, "_hear_all", full)
            errors = list(threads.map(call, notices))
        assert {type(error) for error in errors} == {StorageFull}
        assert len(set(map(id, errors))) == CALLERS
        assert not any(known(place, f"F{at}") for at in range(CALLERS))
        assert list(threads.map(call, notices)) == [None] * CALLERS
    assert {place.heard(f"F{at}").copies for at in range(CALLERS)} == {0}


def test_who_hands_in_is_told_after_the_commit_and_of_what_stood_in_the_way(
    place: CardTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crowd, and an office without one: no thread waits."""
    (kept,) = place.activate(place.admit(1))
    answers: Queue[tuple[Callable[[], None], bool]] = Queue()

    def full(*_: object) -> None:
        raise StorageFull("E-STORE-002")

    with gathering() as crowd:
        crowds: tuple[Crowd, ...] = (crowd, Alone())
        for at, each in enumerate(crowds):
            ear, event = ear_of(place, each), f"S{at}"
            call = [frozen_at_the_bank(kept, event, 9 + at)]

            def told(answer: Callable[[], None], event: str = event) -> None:
                with suppress(StorageFull):
                    answer()
                answers.put((answer, known(place, event)))

            with monkeypatch.context() as patched:
                patched.setattr(BankEar, "_hear_all", full)
                ear.brought_soon(call, told)
                answer, heard = answers.get(timeout=60)
            assert not heard
            if each is crowd:
                with pytest.raises(StorageFull):
                    answer()
            ear.brought_soon(call, told)
            assert answers.get(timeout=60)[1]


# --- who waits for nobody, and lets nobody wait -----------------------------------------------


@frozen
class Closed(Alone):
    """A crowd to which nobody may come."""

    def ask(self, wish: Any, decide: Any, /) -> Any:  # noqa: ARG002 - the port's
        raise StorageBusy("E-BOOKING-001", most=0)


def test_a_list_and_a_part_by_itself_let_no_other_call_wait(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    ear = ear_of(place, Closed())
    many = [frozen_at_the_bank(kept, f"M{at}", 9 + at) for at in range(512)]
    with pytest.raises(StorageBusy):
        ear.brought(many[:1])
    ear.brought(many)
    assert place.heard("M511").hearing is not Hearing.ASIDE
    listed = DailyCardList(told=told("L"), day=place.office.clock.today(), cards=())
    ear.brought([listed])
    assert place.heard("L").kind == "DailyCardList"


def test_an_office_that_gathers_nobody_obeys_each_call_by_itself(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.worker.desk.ear.brought([frozen_at_the_bank(kept, "S")])
    assert place.by_ref(kept.card.ref).card.bank.state is BankState.FROZEN
