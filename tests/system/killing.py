"""Work through a small town's year while the process, or the server, is killed again and again.

Run as ``python -m tests.system.killing ENGINE FOLDER SEED KILLS [PLANT]``: a fork server without
threads. A *life* is one town: its store, the simulated bank's journal, and a file in which the
client notes what was acknowledged to it. Each generation of a life is a child that opens all three,
does what is not acknowledged yet, and dies by SIGKILL: at a moment that its parent chooses
(``time``), at the n-th call of a Python function (``call``), or at the n-th edge of a commit, a
bank call or an acknowledgement (``edge``). PostgreSQL dies as well, postmaster and all: under a
client that lives on when it is up again (``server``), or together with the client (``machine``).
What a generation that lives to its end leaves behind is then checked.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from attrs import asdict, define, field, frozen
from tests.databases import database_for
from tests.offices import Town, office_on, town_on
from tests.places import copied, damage, grounds, opened, removed
from tests.system.kill_client import (
    PHASES,
    SENDS,
    START,
    Acks,
    Client,
    Countdown,
    Edge,
    EdgedBank,
    EdgedStorage,
    careless,
    city,
    die_at_call,
    keep_time,
    phase_of,
    rosters,
)
from tests.system.kill_findings import wrong_with

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.notifier.recording import RecordingNotifier
from szunion.adapters.storage.postgres.dialect import statements
from szunion.adapters.system import ChineseCalendar
from szunion.application.office import Office
from szunion.application.worker import Worker
from szunion.domain.documents import number_check
from szunion.domain.values import (
    OrganisationId,
)
from szunion.errors import CommitUnknown, StorageUnreachable
from szunion.testing.clock import SeededChance, SeededIds, SimClock
from szunion.testing.postgres import PostgresServer

KINDS: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": ("time", "call", "edge"),
    "postgres": ("time", "call", "edge", "server", "machine"),
}
"""The ways of dying on each engine."""

LONGEST: Final = {"sqlite": 0.15, "postgres": 0.6}
"""Seconds after which a generation is killed at the latest: PostgreSQL takes longer for as much."""

PATIENCE: Final = 100
"""How often a client looks for a server that is gone before it gives up."""


T = TypeVar("T")


@define
class Story:
    """How a run of lives went: kills by way of dying and by what was being done, and findings."""

    killed: dict[str, int]
    phases: dict[str, int]
    lives: int = 0
    wrong: list[str] = field(factory=list)


# --- generations ---------------------------------------------------------------------------


def found(kind: str, folder: Path) -> None:
    """Make the town as it is before the first generation."""
    office = office_on(kind, folder)
    town: Town = town_on(office)
    (folder / "unions").write_text(json.dumps([one.id for one in town.unions]), "ascii")
    office.storage.close()


class DamagedError(Exception):
    """What a kill left behind is damaged."""


def client_in(  # noqa: PLR0913, PLR0917 - what a life is made of
    kind: str, folder: Path, seed: int, generation: int, edge: Edge, plant: str
) -> Client:
    """Open what the last generation left behind.

    Raises:
        DamagedError: that is not whole.
    """
    clock_file = folder / "clock"
    clock = SimClock(START)
    if clock_file.exists():
        clock = SimClock(datetime.fromisoformat(clock_file.read_text("ascii")))
    clock.advance(hours=1)
    keep_time(clock_file, clock)
    ids = SeededIds(clock)
    keys = FileKeys(bytes(range(32)))
    vault = keys.vault(chance=SeededChance(seed * 1000 + generation).bytes)
    storage = opened(kind, folder, clock=clock, ids=ids, vault=vault)
    if found := damage(kind, folder):
        raise DamagedError(found)
    if plant == "no_transaction":
        careless(kind)
    bank = SimulatedBank.open(folder / "bank.journal", seed=7, clock=clock, info=SENDS)
    office = Office(
        storage=EdgedStorage(storage, edge), clock=clock, ids=ids, vault=vault,
        signer=keys.signer("szunion/440300"), calendar=ChineseCalendar(), policy=city().policy,
        catalogue=city().catalogue, bank_info=bank.info,
    )  # fmt: skip
    line = EdgedBank(bank, edge)
    acks = Acks(folder / "acks")
    acks.load()
    unions = [OrganisationId(one) for one in json.loads((folder / "unions").read_text("ascii"))]
    worker = Worker(office=office, bank=line, notifier=RecordingNotifier())
    return Client(
        office, bank, worker, acks, unions, seed, edge, plant, clock, clock_file
    )  # fmt: skip


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


class ChildFailedError(Exception):
    """A child neither was killed nor came to its end."""


def ended(pid: int) -> bool:
    """Wait for a child; return whether it was killed.

    Raises:
        ChildFailedError: it neither was killed nor came to its end.
    """
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        return False
    msg = f"a child ended with {status}"
    raise ChildFailedError(msg)


def phase_in(folder: Path) -> str:
    """Return what the life in *folder* was about when it was last killed."""
    acks = Acks(folder / "acks")
    acks.load()
    return phase_of(acks.known)


def patiently(work: Callable[[], T]) -> T:
    """Live through the death of the server: what was not acknowledged is done again."""
    for _ in range(PATIENCE):
        try:
            return work()
        except (CommitUnknown, StorageUnreachable):
            time.sleep(0.02)
    return work()


@frozen
class Reaper:
    """Who kills: on which engine, with which bug planted, and the server where there is one."""

    kind: str
    seed: int
    plant: str
    luck: random.Random
    server: PostgresServer | None

    @property
    def kinds(self) -> Sequence[str]:
        """The ways of dying; with a plant none is by the clock, so the findings are the same."""
        ways = KINDS[self.kind]
        return [way for way in ways if way in {"call", "edge"}] if self.plant else ways

    def restart(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.server.up()

    def one_generation(self, life: Path, seed: int, generation: int, way: str) -> bool:
        """Let one generation live and, mostly, be killed; return whether it was killed."""
        pause, rest = (self.luck.uniform(0.0, LONGEST[self.kind]) for _ in range(2))
        calls, edges = self.luck.randrange(1, 150_000), self.luck.randrange(1, 120)

        def live() -> None:
            edge = Countdown(edges if way == "edge" else 0)
            client = patiently(
                lambda: client_in(self.kind, life, seed, generation, edge, self.plant)
            )
            if way == "call":
                die_at_call(calls)
            patiently(client.live)

        pid = child(live)
        if way in {"call", "edge"}:
            return ended(pid)
        time.sleep(pause)
        if way == "server":
            self.restart()
            time.sleep(rest)
        os.kill(pid, signal.SIGKILL)  # before it is waited for, the pid is still the child's
        if way == "machine":
            self.restart()
        return ended(pid)

    def finish(self, life: Path, seed: int, generation: int) -> list[str]:
        """Let the last generation live to its end, and return what is then wrong."""
        report = life / "report"

        def live() -> None:
            client = client_in(self.kind, life, seed, generation, Countdown(), self.plant)
            client.live()
            client.live()  # once more: nothing is left to do
            report.write_text(json.dumps(wrong_with(client)), "utf-8")

        ended(child(live))
        wrong: list[str] = json.loads(report.read_text("utf-8"))
        return wrong

    def one_life(self, life: Path, seed: int, left: int, story: Story) -> None:
        """Live one life through at most *left* kills, and look at what it leaves behind."""
        generation = 0
        try:
            while generation < left:
                # In turn over all lives: on a quick machine most end before they die often.
                way = self.kinds[sum(story.killed.values()) % len(self.kinds)]
                if not self.one_generation(life, seed, generation, way):
                    break
                story.killed[way] += 1
                story.phases[phase_in(life)] += 1
                generation += 1
            story.wrong += self.finish(life, seed, generation + 1)
        except ChildFailedError as error:
            story.wrong.append(str(error))

    def lives(self, folder: Path, kills: int) -> Story:
        """Live until *kills* children were killed, or a planted bug was found."""
        template = folder / "template"
        template.mkdir()
        if self.kind == "postgres":
            database_for(template)  # it is made here, for this process is the one that copies it
        ended(child(lambda: found(self.kind, template)))
        story = Story(dict.fromkeys(self.kinds, 0), dict.fromkeys(PHASES, 0))
        while sum(story.killed.values()) < kills and not (self.plant and story.wrong):
            story.lives += 1
            seed = self.seed + story.lives
            life = folder / f"life-{story.lives}"
            rosters(seed)
            copied(self.kind, template, life)
            shutil.copyfile(template / "unions", life / "unions")
            self.one_life(life, seed, kills - sum(story.killed.values()), story)
            removed(self.kind, life)
        return story


def main(kind: str, folder: Path, seed: int, kills: int, plant: str) -> Story:
    """Make what every process makes once before they are forked; then live."""
    city()
    statements()
    for day in range(4):
        number_check(START + timedelta(days=day))
    with grounds(kind) as server:
        reaper = Reaper(kind, seed, plant, random.Random(seed), server)
        return reaper.lives(folder, kills)


if __name__ == "__main__":
    engine_, where, number, wanted, *more = sys.argv[1:]
    done = main(engine_, Path(where), int(number), int(wanted), more[0] if more else "")
    sys.stdout.write(json.dumps(asdict(done)) + "\n")
