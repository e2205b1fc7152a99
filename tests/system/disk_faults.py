"""Work through units of a store whose disk fails at the n-th call: nothing is told that is not so.

Run as ``python -m tests.system.disk_faults FOLDER STRIDE [PLANT]``: a fork server without threads.
Each child waits until ``strace`` holds it, which then makes the n-th write, sync or cut of it fail.
The child goes on after each refusal: it must be able to read at once, and to write again.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tests.offices import engine

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.sqlite.session import connect
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.domain.access import Operation
from szunion.domain.audit import AuditEntry
from szunion.domain.values import PersonId
from szunion.errors import CommitUnknown, StorageError, StorageFull
from szunion.ports.storage import UnitOfWork
from szunion.testing.clock import SeededChance, SeededIds, SimClock

UNITS: Final = 8
#: Which calls fail, how, and how far to count: more calls than these a child does not make.
FAULTS: Final = (
    ("pwrite64", "error=EIO"), ("pwrite64", "error=ENOSPC"), ("pwrite64", "retval=0"),
    ("fdatasync", "error=EIO"), ("fdatasync", "error=ENOSPC"), ("ftruncate", "error=EIO"),
    ("pwrite64", "error=EINTR"),
)  # fmt: skip
FAR: Final = {"pwrite64": 110, "fdatasync": 14, "ftruncate": 4}
_ATTACH: Final = 30.0


def store_in(folder: Path) -> SqliteStorage:
    clock = SimClock("2017-11-23")
    vault = FileKeys(bytes(range(32))).vault(chance=SeededChance(1).bytes)
    ids = SeededIds(clock)
    return SqliteStorage.open(folder / "union.db", clock=clock, ids=ids, vault=vault)


def unit(work: UnitOfWork, number: int) -> None:
    """Write two things that belong together."""
    scope = authorise(work, engine(), Operation.BANK_DESK)
    person = PersonId(work.ids.new(3))
    work.messages.add(scope, person, f"unit.{number}", {})
    work.audit.add(scope, AuditEntry(action=f"unit.n{number}", subject=number, person=person))


def told(storage: SqliteStorage, number: int, *, lies: bool) -> str:
    """Do one unit; return what its caller was told."""
    try:
        storage.run(lambda work: unit(work, number))
    except CommitUnknown:
        return "unknown"
    except StorageFull:
        return "done" if lies else "full"
    except StorageError as error:
        return "done" if lies else error.code
    return "done"


def child(folder: Path, gate: int, ready: int, *, plant: str) -> None:
    """Do the units, and write down what was told of each."""
    storage = store_in(folder)
    storage._connection().execute("PRAGMA wal_autocheckpoint=12")
    os.write(ready, b"x")
    os.read(gate, 1)
    answers, unread = [], 0
    for number in range(UNITS):
        answers.append(told(storage, number, lies=plant == "lies"))
        if answers[-1] != "done":
            try:
                storage.read(lambda work: work.now)
            except StorageError:
                unread += 1
    (folder / "told").write_text(json.dumps([answers, unread]), "ascii")
    os._exit(0)  # as if killed: nothing is closed


def held(pid: int) -> bool:
    words = Path(f"/proc/{pid}/status").read_text("ascii").split("TracerPid:")[1]
    return words.split()[0] != "0"


def run_one(folder: Path, call: str, fault: str, when: str, plant: str) -> None:
    """Let one child work under one fault."""
    outward, inward = os.pipe()
    heard, ready = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(inward)
        child(folder, outward, ready, plant=plant)
    os.close(outward)
    os.close(ready)
    os.read(heard, 1)  # it has opened its store: what fails from now on is work
    os.close(heard)
    with subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
         f"inject={call}:{fault}:when={when}", "-p", str(pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as tracer:  # fmt: skip
        end = time.monotonic() + _ATTACH
        while not held(pid) and time.monotonic() < end:
            time.sleep(0.002)
        os.write(inward, b"x")
        os.close(inward)
        os.waitpid(pid, 0)
        tracer.wait()


def wrong_in(folder: Path, *, again: bool) -> Iterator[str]:
    """Yield what is wrong with what one child told, and left behind."""
    answers, unread = json.loads((folder / "told").read_text("ascii"))
    with closing(connect(folder / "union.db")) as connection:
        there = {name for (name,) in connection.execute("SELECT template FROM message")}
        logged = {name for (name,) in
                  connection.execute("SELECT action FROM audit")}  # fmt: skip
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if sound != "ok":
        yield f"damaged: {sound[:60]}"
    if unread:
        yield "could not be read at once"
    for number, answer in enumerate(answers):
        here = f"unit.{number}" in there
        if here != (f"unit.n{number}" in logged):
            yield "half a unit"
        if answer == "done" and not here:
            yield "acknowledged, and not there"
        if answer not in {"done", "unknown"} and here:
            yield "refused, and there"
    if again and sum(each != "done" for each in answers) > 1 and answers[-1] != "done":
        yield f"did not go on: {answers}"


def main(folder: Path, stride: int, plant: str) -> dict[str, Any]:
    """Let every fault happen at every *stride*-th call; return what was told and what was wrong."""
    template = folder / "template"
    template.mkdir()
    store_in(template).close()
    said: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    runs = 0
    for turn, (call, fault) in enumerate(FAULTS):
        for number in range(1 + turn % stride, FAR[call], stride):
            for lasting in ("", "+")[: 1 if "EINTR" in fault else 2]:  # who is interrupted repeats
                place = folder / f"{call}-{fault.replace('=', '-')}-{number}{lasting}"
                shutil.copytree(template, place)
                run_one(place, call, fault, f"{number}{lasting}", plant)
                answers, _ = json.loads((place / "told").read_text("ascii"))
                said.update(f"{fault} {call}: {each}" for each in answers)
                runs += 1
                for each in wrong_in(place, again=not lasting):
                    wrong[f"{call} {fault} {number}{lasting}: {each}"] += 1
                if plant and wrong:
                    return {"runs": runs, "said": said, "wrong": wrong}
                shutil.rmtree(place)
    return {"runs": runs, "said": said, "wrong": wrong}


if __name__ == "__main__":
    assert sqlite3.threadsafety
    where, every, *rest = sys.argv[1:]
    done = main(Path(where), int(every), rest[0] if rest else "")
    sys.stdout.write(json.dumps(done) + "\n")
