"""A whole city loaded by the import itself, then asked for members and about one service.

``python -m benchmarks.city PLACE [MEMBERS] [PER_UNION] [DESKS]`` fills the database at *PLACE*, a
folder (SQLite: ``PLACE/union.db``) or the address of a PostgreSQL database that was made: unions of
``PER_UNION`` members, each from a roster file of its own, imported at ``DESKS`` desks at a time.
What is in it already is gone on with. The files are made first, and that is not counted.
Progress goes to standard error, one line of JSON to standard output. On PostgreSQL the tables'
owner, if ``SZUNION_DATABASE_OWNER`` names them, vacuums before members are asked for again.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import psycopg

from benchmarks.bench_import import office_in, roster
from benchmarks.lines import peak_mib
from benchmarks.places import office_on, place_of
from szunion.adapters.roster.reader import read_roster
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.organisations import NewUnion, Organisations
from szunion.application.roster import Rosters
from szunion.application.standing import needs_card
from szunion.application.sweep import Sweeps
from szunion.cli.speech import progress
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.organisations import Organisation, OrganisationKind
from szunion.errors import SzunionError

CITY = 5_720_000
LARGE = 50_000
"""As many rows as a roster may have: a first load, when nobody waits, keeps each in one commit."""
LOOKS = 5_000
OWNER = "SZUNION_DATABASE_OWNER"
"""Where the address of the tables' owner stands, who may vacuum them: for PostgreSQL."""
DESKS = 2
"""On a server, one reads, judges and seals while the database takes what the other has made ready.

On SQLite one: two gain little there, and the journal is kept short by waiting."""


def opened(place: Path | str) -> Office:
    """Return an office on the database at *place*, with a city in it."""
    office = office_on(place)
    desk = Organisations(office, Principal(id="c", role=Role.CITY, purpose=Purpose.ENROL))
    try:
        there = desk.find("D") is not None
    except SzunionError:
        there = False
    if there:
        return office
    office.storage.close()
    return office_in(place)[0]


def unions(office: Office, count: int) -> list[Organisation]:
    """Return the unions of the city, made if they are not there yet."""
    chief = Principal(id="c", role=Role.CITY, purpose=Purpose.ENROL)
    desk = Organisations(office, chief)
    codes = [f"U{at:05d}" for at in range(count)]
    if desk.find(codes[0]) is None:
        kind = OrganisationKind.GRASSROOTS
        desk.register_many(
            [NewUnion(code=code, name=code, kind=kind, parent_code="D") for code in codes],
            document="1",
        )
    return [union for code in codes if (union := desk.find(code)) is not None]


def rosters(folder: Path, members: int, per_union: int) -> list[Path]:
    """Make a roster file for each union; return them."""
    files = []
    for start in range(0, members, per_union):
        file = folder / f"{start}.csv"
        file.write_bytes(roster(start, min(per_union, members - start)))
        files.append(file)
        progress(start, members, "written")
    return files


def load(
    place: Path | str, members: int, per_union: int = LARGE, desks: int = 0
) -> dict[str, float]:
    """Load *members* into the database at *place*; return what it took."""
    office = opened(place)
    desks = desks or (1 if isinstance(place, Path) else DESKS)

    def imported(work: tuple[Organisation, Path]) -> int:
        union, file = work
        officer = Principal(
            id=union.code, role=Role.GRASSROOTS, purpose=Purpose.ENROL, organisation=union.id
        )
        desk = Rosters(office, officer, read_roster)
        return len(desk.import_file(str(file), chunk=per_union).accepted)

    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(desks) as pool:
        files = rosters(Path(name), members, per_union)
        places = unions(office, len(files))
        began, before, done = time.perf_counter(), time.process_time(), 0
        for count in pool.map(imported, zip(places, files, strict=True)):
            done += count
            progress(done, members, "loaded")
        seconds, cpu = time.perf_counter() - began, time.process_time() - before
    chief = Principal(id="c", role=Role.CITY, purpose=Purpose.SERVE)
    item = next(item for item in office.catalogue.items if needs_card(item))
    began = time.perf_counter()
    found = Sweeps(office, chief).count(item.id)
    swept = time.perf_counter() - began
    office.storage.close()
    return {
        "members": found.whole.members, "load_s": round(seconds, 1), "load_cpu_s": round(cpu, 1),
        "sweep_s": round(swept, 1), "most_mib": round(peak_mib()),
    }  # fmt: skip


def numbers(members: int, seed: int) -> list[str]:
    """Return the identity numbers of some, wherever in the city: another *seed*, other people."""
    chosen = Random(seed).sample(range(members), min(members, LOOKS))
    return [roster(at, 1).decode("gb18030").splitlines()[1].split(",")[1] for at in chosen]


def looked_up(office: Office, members: int, seed: int) -> list[float]:
    """Look members of the whole city up by identity number; return the median and the 99th, ms."""
    desk = Members(office, Principal(id="c", role=Role.CITY, purpose=Purpose.SERVE))
    taken = []
    for number in numbers(members, seed):
        began = time.perf_counter()
        found = desk.find(number)
        taken.append((time.perf_counter() - began) * 1000)
        assert found is not None
    taken.sort()
    return [round(taken[len(taken) * share // 100], 3) for share in (50, 99)]


def settled(owner: str) -> float:
    """Let the server know its tables, as their *owner* does after a first load; return seconds."""
    began = time.perf_counter()
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    return round(time.perf_counter() - began, 1)


def asked(place: Path | str, members: int) -> dict[str, object]:
    """Ask for members directly after the load, after the owner's work, and once more: all warm."""
    office, owner = opened(place), os.environ.get(OWNER)
    found: dict[str, object] = {"first_looks_ms": looked_up(office, members, 1)}
    if owner is not None and isinstance(place, str):
        found["settled_s"] = settled(owner)
        found["then_looks_ms"] = looked_up(office, members, 2)
    found["warm_looks_ms"] = looked_up(office, members, 3)
    office.storage.close()
    return found


def main(words: list[str]) -> None:
    """Load a city, and ask for some of its members."""
    sizes = [int(word) for word in words[1:]] or [CITY]
    try:
        place = place_of(words[0] if words else "")
    except ValueError as error:
        sys.exit(str(error))
    print(json.dumps(load(place, *sizes) | asked(place, sizes[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
