"""Letters are handed over in sets, each by one worker at a time, whoever else is about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define, evolve, field
from tests.offices import ENGINES, Town, applicant, clock_of, engine, office_on, town_on

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.application import letters
from szunion.application.access import authorise
from szunion.application.letters import LEASE, MOST_TRIES, LetterDesk
from szunion.application.office import Office
from szunion.application.worker import Worker
from szunion.domain.access import Operation
from szunion.domain.messages import Message, MessageState
from szunion.domain.values import PersonId
from szunion.ports.notifier import Delivery, Letter
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

_NONE = Text("", "")


class Killed(BaseException):
    """The worker's process ends here."""


@define
class Gateway:
    """Writes down every letter that it is handed, each time, and does what a test wants first."""

    first: Callable[[Letter], object] = lambda _: None
    answer: Delivery = Delivery.DELIVERED
    handed: list[int] = field(factory=list)

    def deliver(self, letter: Letter) -> Delivery:
        self.handed.append(letter.message.id)
        self.first(letter)
        return self.answer


@define
class Place:
    """A town with one member, who is told things."""

    town: Town
    person: PersonId

    @property
    def office(self) -> Office:
        return self.town.office

    def desk(self, gateway: Gateway) -> LetterDesk:
        return LetterDesk(office=self.office, by=engine(), notifier=gateway)

    def write(self, count: int) -> list[int]:
        """Put so many into the queue, beside nothing else; return their ids."""

        def told(work: UnitOfWork) -> None:
            scope = authorise(work, engine(), Operation.BANK_DESK)
            work.messages.add_many(scope, [(self.person, "card.restored", {})] * count)

        self.office.storage.run(told)
        return [each.id for each in self.kept() if each.state is MessageState.WAITING]

    def kept(self) -> Sequence[Message]:
        return self.office.storage.read(
            lambda work: work.messages.of_person(
                authorise(work, engine(), Operation.BANK_DESK), self.person
            )
        )

    def states(self) -> set[MessageState]:
        return {each.state for each in self.kept()}

    def wait(self, time: timedelta) -> None:
        clock_of(self.office).advance(seconds=time.total_seconds())


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    town = town_on(office_on(request.param, tmp_path))
    made = Place(town, town.admit(0, applicant(0)))
    while made.desk(Gateway()).deliver():
        pass
    yield made
    town.office.storage.close()


def test_a_second_worker_finds_nothing_of_what_the_first_is_handing_over(place: Place) -> None:
    """It runs while the first is inside the notifier, with its first letter and with its last."""
    ids = place.write(3)
    second = Gateway()
    first = Gateway(lambda _: place.desk(second).deliver())
    assert place.desk(first).deliver()
    assert (first.handed, second.handed) == (ids, [])
    assert place.states() == {MessageState.DELIVERED}


def test_a_letter_has_the_number_of_its_member_and_the_words(place: Place) -> None:
    place.write(1)
    found: list[Letter] = []
    place.desk(Gateway(found.append)).deliver()
    assert [each.mobile for each in found] == [applicant(0).mobile]
    assert all(each.words.zh and each.words.en for each in found)


def test_in_one_set_each_has_its_own_number_and_its_own_words(place: Place) -> None:
    """What several are told in the same words is put once; what cannot be put is given up."""
    other = place.town.admit(0, evolve(applicant(1), mobile=None))
    third = place.town.admit(0, applicant(2))
    while place.desk(Gateway()).deliver():
        pass
    told = [
        (place.person, "of", {"what": "甲"}), (other, "of", {"what": "乙"}),
        (third, "of", {"what": "甲"}), (place.person, "of", {}), (third, "nobody knows", {}),
        (other, "nothing", {}), (third, "plain", {}), (place.person, "plain", {}),
    ]  # fmt: skip
    place.office.storage.run(
        lambda work: work.messages.add_many(authorise(work, engine(), Operation.BANK_DESK), told)
    )
    texts = {
        "of": Text("{what}到", "{what} is here"),
        "nothing": _NONE,
        "plain": Text("好", "well"),
    }
    found: list[Letter] = []
    evolve(place.desk(Gateway(found.append)), texts=texts).deliver()
    assert {(each.message.person, each.mobile, each.words) for each in found} == {
        (place.person, applicant(0).mobile, Text("甲到", "甲 is here")),
        (other, None, Text("乙到", "乙 is here")),
        (third, applicant(2).mobile, Text("甲到", "甲 is here")),
        (third, applicant(2).mobile, Text("好", "well")),
        (place.person, applicant(0).mobile, Text("好", "well")),
    }
    assert len(found) == 5
    states = [each.state for each in place.kept() if each.template in {"of", "plain"}]
    assert sorted(states, key=list(MessageState).index) == [
        MessageState.DELIVERED, MessageState.DELIVERED, MessageState.GIVEN_UP,
    ]  # fmt: skip


def test_a_second_worker_takes_the_next_set(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "TOGETHER", 2)
    ids = place.write(3)
    second = Gateway()
    first = Gateway(lambda _: place.desk(second).deliver())
    assert place.desk(first).deliver()
    assert (first.handed, second.handed) == (ids[:2], ids[2:])


def test_a_worker_goes_from_set_to_set_while_its_turn_lasts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quick gateway is handed all; after a slow one's set the worker looks after other things."""
    monkeypatch.setattr(letters, "TOGETHER", 2)
    ids = place.write(5)
    slow = Gateway(lambda _: place.wait(timedelta(seconds=0.5)))
    assert place.desk(slow).deliver()
    assert slow.handed == ids[:2]
    quick = Gateway()
    assert place.desk(quick).deliver()
    assert quick.handed == ids[2:]
    assert place.states() == {MessageState.DELIVERED}


def test_a_set_is_ended_and_the_next_one_leased_in_one_commit(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever dies with the second set has ended the first; nobody else takes either."""
    monkeypatch.setattr(letters, "TOGETHER", 2)
    ids = place.write(4)

    def die(letter: Letter) -> None:
        if letter.message.id == ids[2]:
            raise Killed

    with pytest.raises(Killed):
        place.desk(Gateway(die)).deliver()
    states = {each.id: each.state for each in place.kept()}
    assert [states[each] for each in ids] == [MessageState.DELIVERED] * 2 + [
        MessageState.WAITING
    ] * 2
    other = Gateway()
    assert not place.desk(other).deliver()
    place.wait(LEASE)
    assert place.desk(other).deliver()
    assert other.handed == ids[2:]


def test_four_workers_at_once_hand_each_letter_over_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "TOGETHER", 7)
    ids = place.write(200)
    gateways = [Gateway() for _ in range(4)]
    together = threading.Barrier(len(gateways))

    def work(gateway: Gateway) -> None:
        together.wait()
        while place.desk(gateway).deliver():
            pass

    with ThreadPoolExecutor(len(gateways)) as threads:
        list(threads.map(work, gateways))
    assert sorted(id_ for gateway in gateways for id_ in gateway.handed) == ids
    assert place.states() == {MessageState.DELIVERED}


def test_what_a_dead_worker_had_is_handed_over_again_when_its_lease_has_run_out(
    place: Place,
) -> None:
    ids = place.write(2)

    def die(_: Letter) -> None:
        raise Killed

    dead = Gateway(die)
    with pytest.raises(Killed):
        place.desk(dead).deliver()
    assert dead.handed == ids[:1]
    other = Gateway()
    place.wait(LEASE - timedelta(seconds=1))
    assert not place.desk(other).deliver()
    place.wait(timedelta(seconds=1))
    assert place.desk(other).deliver()
    assert other.handed == ids, "the same message id: a gateway sends it once"
    assert place.states() == {MessageState.DELIVERED}


def test_who_comes_back_after_its_lease_changes_nothing_of_what_another_has_done(
    place: Place,
) -> None:
    (id_,) = place.write(1)
    other = Gateway()

    def slow(_: Letter) -> None:
        place.wait(LEASE)
        place.desk(other).deliver()

    late = Gateway(slow, answer=Delivery.IMPOSSIBLE)
    place.desk(late).deliver()
    assert late.handed == other.handed == [id_]
    assert [(each.state, each.attempts) for each in place.kept() if each.id == id_] == [
        (MessageState.DELIVERED, 1)
    ]


def test_a_slow_gateway_is_handed_no_letter_that_another_worker_may_take(place: Place) -> None:
    """The letters it did not come to are due again with the lease, untried."""
    ids = place.write(3)
    slow = Gateway(lambda _: place.wait(LEASE / 2))
    assert place.desk(slow).deliver()
    assert slow.handed == ids[:2], "the third would begin when the lease has ended"
    assert [each.attempts for each in place.kept() if each.id in ids] == [1, 1, 0]
    next_ = Gateway()
    assert place.desk(next_).deliver()
    assert next_.handed == ids[2:]


def test_a_notifier_that_breaks_is_told_of_and_holds_up_only_its_own_letter(place: Place) -> None:
    ids = place.write(3)

    def breaks(letter: Letter) -> None:
        if letter.message.id == ids[1]:
            msg = "a fault of the adapter's"
            raise RuntimeError(msg)

    gateway = Gateway(breaks)
    with pytest.raises(RuntimeError):
        place.desk(gateway).deliver()
    states = {each.id: each for each in place.kept()}
    assert states[ids[0]].state is MessageState.DELIVERED
    assert states[ids[1]].attempts == 1
    for _ in range(MOST_TRIES - 1):
        place.wait(timedelta(hours=4))
        with pytest.raises(RuntimeError):
            place.desk(gateway).deliver()
    place.wait(LEASE)
    place.desk(gateway).deliver()
    states = {each.id: each for each in place.kept()}
    assert [states[each].state for each in ids] == [
        MessageState.DELIVERED, MessageState.GIVEN_UP, MessageState.DELIVERED,
    ]  # fmt: skip


def test_a_set_that_meets_a_busy_gateway_comes_back_each_letter_after_its_own_tries(
    place: Place,
) -> None:
    (older,) = place.write(1)
    busy = Gateway(answer=Delivery.LATER)
    place.desk(busy).deliver()
    place.wait(timedelta(minutes=1))
    newer = (set(place.write(1)) - {older}).pop()
    place.desk(busy).deliver()
    assert busy.handed == [older, older, newer]
    due = {each.id: each.due - clock_of(place.office).now() for each in place.kept()}
    assert (due[older], due[newer]) == (timedelta(minutes=2), timedelta(minutes=1))


def test_a_letter_of_who_was_erased_meanwhile_is_kept_nowhere(place: Place) -> None:
    """What became of a message that is no more changes nothing."""
    place.write(1)
    (message,) = [each for each in place.kept() if each.state is MessageState.WAITING]

    def end(work: UnitOfWork) -> int:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        gone = evolve(message, id=message.id + 1)
        taken = work.messages.lease(scope, work.now, work.now + LEASE, 1)
        assert taken is not None
        ways = {(MessageState.DELIVERED, work.now): [gone.id]}
        return work.messages.end(scope, evolve(taken, messages=[gone]), ways)

    assert place.office.storage.run(end) == 0
    assert len(place.states() & {MessageState.WAITING}) == 1


def worker_of(place: Place, gateway: Gateway) -> Worker:
    return Worker(office=place.office, bank=SimulatedBank(), notifier=gateway)


def test_a_worker_that_sleeps_wakes_for_a_letter_that_comes_back(place: Place) -> None:
    """Nothing waits for the bank; a busy gateway is tried again after a minute."""
    gateway = Gateway(answer=Delivery.LATER)
    worker = worker_of(place, gateway)
    worker.run_until_idle()
    assert worker.idle_for() is None
    ids = place.write(1)
    assert worker.idle_for() == timedelta(0)
    worker.run_until_idle()
    assert worker.idle_for() == timedelta(minutes=1)
    gateway.answer = Delivery.DELIVERED
    place.wait(timedelta(minutes=1))
    worker.run_until_idle()
    assert gateway.handed == ids * 2
    assert worker.idle_for() is None


def test_a_worker_does_not_spin_beside_letters_that_another_holds(place: Place) -> None:
    """They can be taken when the lease has run out, and no sooner."""
    place.write(3)

    def die(_: Letter) -> None:
        raise Killed

    with pytest.raises(Killed):
        place.desk(Gateway(die)).deliver()
    assert worker_of(place, Gateway()).idle_for() == LEASE
    place.write(1)
    assert worker_of(place, Gateway()).idle_for() == timedelta(0)


def test_what_a_worker_did_not_come_to_is_due_at_once(place: Place) -> None:
    ids = place.write(3)
    slow = Gateway(lambda _: place.wait(LEASE - timedelta(seconds=10)))
    place.desk(slow).deliver()
    assert slow.handed == ids[:1]
    next_ = Gateway()
    assert place.desk(next_).deliver(), "before the first one's lease has run out"
    assert next_.handed == ids[1:]
