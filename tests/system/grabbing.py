"""Let many processes book from one store, and kill them in the middle.

Run as ``python -m tests.system.grabbing ENGINE FOLDER MODE [PLANT]``: a fork server without
threads. The town is made once; then children ask for places. What was told to a member is written
to a file that survives the child, as a member would remember it.

``storm``: 64 processes, one request each, for the last 10 places.
``race``: 1,000 requests of 250 members for 100 places, in processes that are killed by SIGKILL at
random moments and begun again, until every request was answered.

A *plant* puts a naive way of booking in the place of ours; the findings must then not be empty.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, Final

from tests.booktown import BookTown, book_town_on
from tests.offices import member, office_on, shenzhen
from tests.places import damage, grounds, opened

from szunion.adapters.crowd import Combiner
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.system import ChineseCalendar, SystemChance, SystemIds
from szunion.application.access import authorise
from szunion.application.bookings import Booked, Bookings, Queued
from szunion.application.office import Office
from szunion.domain.access import Operation
from szunion.domain.bookings import Booking, BookingEvent
from szunion.domain.values import BookingId, OfferId, PersonId, shard_of
from szunion.testing.clock import SimClock

PROCESSES: Final = 64
LAST: Final = 10
MEMBERS: Final = 250
REQUESTS: Final = 1_000
STOCK: Final = 100
KILLS: Final = 12
THREADS: Final = 16


def made(kind: str, folder: Path, members: int) -> tuple[BookTown, list[PersonId]]:
    """Make the town with its members, once."""
    office = office_on(kind, folder)
    town = book_town_on(office)
    return town, town.members(members)


def office_in(kind: str, folder: Path) -> Office:
    """Open the store as a process of its own does: own connection, own ids, own crowd."""
    clock, chosen = SimClock("2017-11-24"), shenzhen()
    ids = SystemIds(clock, SystemChance())
    keys = FileKeys(bytes(range(32)))
    vault = keys.vault()
    return Office(
        storage=opened(kind, folder, clock=clock, ids=ids, vault=vault),
        clock=clock, ids=ids, vault=vault, signer=keys.signer("szunion/440300"),
        calendar=ChineseCalendar(), policy=chosen.policy, catalogue=chosen.catalogue,
        crowd=Combiner(),
    )  # fmt: skip


# --- naive ways of booking, to be caught -----------------------------------------------------


def look_then_write(office: Office, offer: OfferId, person: PersonId) -> str:
    """Look how many are left, then write: what everybody writes first."""
    by = member(person)

    def left(work: Any) -> int:
        found = work.offers.get(authorise(work, by, Operation.SERVICE_READ), offer)
        return int(found.left)

    def write(work: Any) -> None:
        scope = authorise(work, by, Operation.BOOKING_WRITE)
        id_ = BookingId(work.ids.new(shard_of(person)))
        asked = Booking(id=id_, offer=offer, person=person, asked=work.now)
        work.bookings.add_many(scope, [asked.after(BookingEvent.HOLD)])
        found = work.offers.get(scope, offer)
        if found.left:
            work.offers.take(scope, {offer: 1})

    if office.storage.read(left) <= 0:
        return "no"
    time.sleep(0.002)  # between a look and a write there is always a little time
    office.storage.run(write)
    return "sold"


def told_before_it_is_true(office: Office, offer: OfferId, person: PersonId) -> str:
    """Answer before the commit: the process may die in between."""
    promised.append("sold")
    time.sleep(0.005)
    return properly(office, offer, person)


def properly(office: Office, offer: OfferId, person: PersonId) -> str:
    """Book as the product does."""
    answer = Bookings(office, member(person)).book(offer)
    match answer:
        case Booked():
            return "sold"
        case Queued():
            return "waits"
        case _:
            return "no"


promised: list[str] = []
WAYS: Final[dict[str, Callable[[Office, OfferId, PersonId], str]]] = {
    "": properly,
    "look_then_write": look_then_write,
    "ack_first": told_before_it_is_true,
}


# --- processes -----------------------------------------------------------------------------


def child(work: Callable[[], None]) -> int:
    """Run *work* in a forked child; return its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - the parent must hear of everything
        os.write(2, f"child: {type(error).__name__} {error}\n".encode())
        os._exit(1)
    os._exit(0)


def note(file: Path, person: PersonId, said: str) -> None:
    """Write down what a member was told; a line is whole or not there."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, json.dumps([person, said]).encode() + b"\n")
    finally:
        os.close(handle)


def storm(kind: str, folder: Path, plant: str) -> dict[str, Any]:
    """Let 64 processes book the last ten places at once."""
    town, people = made(kind, folder, PROCESSES // 2)
    offer = town.offer(LAST, hours=100).id
    town.office.storage.close()
    gate_out, gate_in = os.pipe()
    told = folder / "told"

    def ask(person: PersonId) -> None:
        os.close(gate_in)
        office = office_in(kind, folder)
        os.read(gate_out, 1)  # all begin when the gate is opened
        note(told, person, WAYS[plant](office, offer, person))

    pids = [child(lambda person=person: ask(person)) for person in people * 2]  # type: ignore[misc]
    os.close(gate_in)
    os.close(gate_out)
    statuses = [os.waitpid(pid, 0)[1] for pid in pids]
    return findings(kind, folder, offer, LAST, told) | {"failed": sum(map(bool, statuses))}


def race(kind: str, folder: Path, plant: str) -> dict[str, Any]:
    """Let 1,000 requests meet 100 places while processes die."""
    town, people = made(kind, folder, MEMBERS)
    offer = town.offer(STOCK, waiting_list=True, hours=100).id
    town.office.storage.close()
    luck = random.Random(21)
    requests = people * (1 if plant else REQUESTS // MEMBERS)
    luck.shuffle(requests)
    told, done = folder / "told", folder / "done"
    killed = 0
    while True:
        answered = done.read_bytes().count(b"\n") if done.exists() else 0
        left = requests[answered:]
        if not left:
            break
        pid = child(lambda left=left: crowd(kind, folder, offer, left, told, done, plant))  # type: ignore[misc]
        if killed < KILLS:
            time.sleep(luck.uniform(0.03, 0.12))
            os.kill(pid, signal.SIGKILL)
            killed += 1
        _, status = os.waitpid(pid, 0)
        if status and not os.WIFSIGNALED(status):
            return {"wrong": ["a child failed"], "killed": killed}
    return findings(kind, folder, offer, STOCK, told) | {"killed": killed}


def crowd(  # noqa: PLR0913, PLR0917 - one process of the race
    kind: str,
    folder: Path,
    offer: OfferId,
    requests: list[PersonId],
    told: Path,
    done: Path,
    plant: str,
) -> None:
    """Make the requests in sixteen threads at once; note each answer when it has come."""
    office = office_in(kind, folder)
    coming = iter(requests)

    def ask() -> None:
        for person in coming:
            said = WAYS[plant](office, offer, person)
            note(told, person, said)
            note(done, person, said)

    if plant == "ack_first":
        for person in coming:
            note(told, person, "sold")
            said = WAYS[plant](office, offer, person)
            note(done, person, said)
        return
    threads = [Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- what must hold --------------------------------------------------------------------------


def findings(kind: str, folder: Path, offer: OfferId, stock: int, told: Path) -> dict[str, Any]:
    """Return what is wrong with what is in the store, and with what members were told."""
    office = office_in(kind, folder)
    wrong: list[str] = []
    lines = [json.loads(line) for line in told.read_bytes().splitlines()]

    def look(work: Any) -> tuple[int, list[Booking]]:
        from szunion.domain.access import engine

        scope = authorise(work, engine(), Operation.BOOKING_WRITE)
        everybody = sorted({person for person, _ in lines})
        found = work.bookings.of_people(scope, {offer: everybody})
        return work.offers.get(scope, offer).taken, [
            each for all_ in found.values() for each in all_
        ]

    taken, rows = office.storage.read(look)
    places = [row for row in rows if row.takes_a_place]
    if len(places) != taken or taken > stock:
        wrong.append(f"oversold: {len(places)} places, {taken} taken, stock {stock}")
    if len(lines) >= stock and taken != stock:
        wrong.append(f"not sold out: {taken} of {stock}")
    counted = [row.person for row in rows if row.counts]
    if len(counted) != len(set(counted)):
        wrong.append("somebody has two")
    holders = {row.person for row in places}
    lost = {person for person, said in lines if said == "sold"} - holders
    if lost:
        wrong.append(f"{len(lost)} were told that they have a place, and have none")
    waiting = {row.person for row in rows} - holders
    forgotten = {person for person, said in lines if said == "waits"} - waiting - holders
    if forgotten:
        wrong.append(f"{len(forgotten)} were told that they wait, and do not")
    office.storage.close()
    wrong += filter(None, [damage(kind, folder)])
    return {"wrong": wrong, "sold": len(places), "waiting": len(waiting), "answers": len(lines)}


if __name__ == "__main__":
    engine_, where, mode, *rest = sys.argv[1:]
    with grounds(engine_):
        done_ = {"storm": storm, "race": race}[mode](engine_, Path(where), rest[0] if rest else "")
    sys.stdout.write(json.dumps(done_) + "\n")
