"""Work through a small town's year in a process that is killed at random points, again and again.

Run as ``python -m tests.system.killing FOLDER SEED KILLS [PLANT]``: a fork server without threads.
A *life* is one town: its store, the simulated bank's journal, and a file in which the client notes
what was acknowledged to it. Each generation of a life is a child that opens all three, does what is
not acknowledged yet, and dies by SIGKILL: at a moment that its parent chooses (``time``), at the
n-th call of a Python function (``call``), or at the n-th edge of a commit, a bank call or an
acknowledgement (``edge``). What a generation that lives to its end leaves behind is then checked.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.offices import Town, office_on, town_on
from tests.system.kill_client import (
    KINDS,
    PHASES,
    SENDS,
    START,
    Acks,
    Careless,
    Client,
    Countdown,
    Edge,
    EdgedBank,
    EdgedStorage,
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
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.adapters.system import ChineseCalendar
from szunion.application.office import Office
from szunion.application.worker import Worker
from szunion.domain.documents import number_check
from szunion.domain.values import (
    OrganisationId,
)
from szunion.testing.clock import SeededChance, SeededIds, SimClock

# --- generations ---------------------------------------------------------------------------


def found(folder: Path) -> None:
    """Make the town as it is before the first generation."""
    office = office_on("sqlite", folder)
    town: Town = town_on(office)
    (folder / "unions").write_text(json.dumps([one.id for one in town.unions]), "ascii")
    office.storage.close()


def check_file(connection: sqlite3.Connection) -> None:
    """Check the file that a killed process left, after SQLite has recovered it.

    Raises:
        RuntimeError: a page is damaged, or a row refers to nothing.
    """
    (word,) = connection.execute("PRAGMA integrity_check").fetchone()
    loose = connection.execute("PRAGMA foreign_key_check").fetchall()
    if word != "ok" or loose:
        msg = f"integrity: {word}, foreign keys: {len(loose)}"
        raise RuntimeError(msg)


def client_in(folder: Path, seed: int, generation: int, edge: Edge, plant: str) -> Client:
    """Open what the last generation left behind."""
    clock_file = folder / "clock"
    clock = SimClock(START)
    if clock_file.exists():
        clock = SimClock(datetime.fromisoformat(clock_file.read_text("ascii")))
    clock.advance(hours=1)
    keep_time(clock_file, clock)
    ids = SeededIds(clock)
    keys = FileKeys(bytes(range(32)))
    vault = keys.vault(chance=SeededChance(seed * 1000 + generation).bytes)
    kept_in = Careless if plant == "no_transaction" else SqliteStorage
    storage = kept_in.open(folder / "union.db", clock=clock, ids=ids, vault=vault)
    check_file(storage._connection())
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


def one_generation(  # noqa: PLR0913, PLR0917 - what a life is made of
    folder: Path, seed: int, generation: int, luck: random.Random, plant: str, kind: str
) -> bool:
    """Let one generation live and, mostly, be killed; return whether it was killed."""
    delay = luck.uniform(0.0, 0.15)
    calls = luck.randrange(1, 150_000)
    edges = luck.randrange(1, 120)

    def live() -> None:
        client = client_in(
            folder, seed, generation, Countdown(edges if kind == "edge" else 0), plant
        )
        if kind == "call":
            die_at_call(calls)
        client.live()

    pid = child(live)
    if kind == "time":
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)  # before it is waited for, the pid is still the child's
    return ended(pid)


def finish(folder: Path, seed: int, generation: int, plant: str) -> list[str]:
    """Let the last generation live to its end, and return what is then wrong."""
    report = folder / "report"

    def live() -> None:
        client = client_in(folder, seed, generation, Countdown(), plant)
        client.live()
        client.live()  # once more: nothing is left to do
        report.write_text(json.dumps(wrong_with(client)), "utf-8")

    ended(child(live))
    wrong: list[str] = json.loads(report.read_text("utf-8"))
    return wrong


def main(folder: Path, seed: int, kills: int, plant: str) -> dict[str, Any]:
    """Live until *kills* children were killed, or a planted bug was found; return how it went.

    With a plant, no child dies by the clock: what the harness finds is then the same everywhere.
    """
    kinds = KINDS[1:] if plant else KINDS
    luck = random.Random(seed)
    city()
    for day in range(4):  # what every process makes once is made before they are forked
        number_check(START + timedelta(days=day))
    template = folder / "template"
    template.mkdir()
    ended(child(lambda: found(template)))
    killed = dict.fromkeys(KINDS, 0)
    phases = dict.fromkeys(PHASES, 0)
    wrong: list[str] = []
    lives = 0
    while sum(killed.values()) < kills and not (plant and wrong):
        lives += 1
        life = folder / f"life-{lives}"
        rosters(seed + lives)
        shutil.copytree(template, life)
        generation = 0
        while sum(killed.values()) < kills:
            kind = kinds[generation % len(kinds)]
            try:
                lived = not one_generation(life, seed + lives, generation, luck, plant, kind)
            except ChildFailedError as error:
                wrong.append(str(error))
                lived = True
            if lived:
                break
            killed[kind] += 1
            phases[phase_in(life)] += 1
            generation += 1
        try:
            wrong += finish(life, seed + lives, generation + 1, plant)
        except ChildFailedError as error:
            wrong.append(str(error))
    return {"killed": killed, "phases": phases, "lives": lives, "wrong": wrong}


if __name__ == "__main__":
    where, number, wanted, *rest = sys.argv[1:]
    done = main(Path(where), int(number), int(wanted), rest[0] if rest else "")
    sys.stdout.write(json.dumps(done) + "\n")
