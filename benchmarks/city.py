"""A whole city loaded by the import itself, then asked for members and about one service.

``python -m benchmarks.city PLACE [MEMBERS] [PER_UNION] [DESKS]`` fills the database at *PLACE*, a
folder (SQLite: ``PLACE/union.db``) or the address of a PostgreSQL database that was made: unions of
``PER_UNION`` members, each from a roster file of its own, imported at ``DESKS`` desks at a time.
What is in it already is gone on with. The files are made first, and that is not counted.
Progress goes to standard error, one line of JSON to standard output.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from benchmarks.bench_import import office_in, roster
from benchmarks.lines import peak_mib
from benchmarks.places import office_on, place_of
from szunion.adapters.roster.reader import read_roster
from szunion.application.enrolment import Enrolment
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.organisations import NewUnion, Organisations
from szunion.application.standing import needs_card
from szunion.application.sweep import Sweeps
from szunion.cli.frame import progress
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.organisations import Organisation, OrganisationKind
from szunion.errors import SzunionError

CITY = 5_720_000
LARGE = 50_000
"""As many rows as a roster may have: a first load, when nobody waits, keeps each in one commit."""
LOOKS = 5_000
UNIONS_ASKED = 20
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
        desk = Enrolment(office, officer, read_roster)
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


def looked_up(place: Path | str, members: int, per_union: int = LARGE) -> dict[str, float]:
    """Look members of every part of the city up by identity number; return what each look takes."""
    random = Random(1)
    starts = list(range(0, members, per_union))
    numbers = [
        row.split(",")[1]
        for start in random.sample(starts, min(len(starts), UNIONS_ASKED))
        for row in random.choices(
            roster(start, min(per_union, members - start)).decode("gb18030").splitlines()[1:],
            k=LOOKS // UNIONS_ASKED,
        )
    ]
    random.shuffle(numbers)
    office = opened(place)
    desk = Members(office, Principal(id="c", role=Role.CITY, purpose=Purpose.SERVE))
    taken = []
    for number in numbers:
        began = time.perf_counter()
        found = desk.find(number)
        taken.append((time.perf_counter() - began) * 1000)
        assert found is not None
    office.storage.close()
    taken.sort()
    return {
        "look_up_p50_ms": round(taken[len(taken) // 2], 3),
        "look_up_p99_ms": round(taken[len(taken) * 99 // 100], 3),
    }


def main(words: list[str]) -> None:
    """Load a city, and ask for some of its members."""
    numbers = [int(word) for word in words[1:]] or [CITY]
    place = place_of(words[0])
    print(json.dumps(load(place, *numbers) | looked_up(place, *numbers[:2])))


if __name__ == "__main__":
    main(sys.argv[1:])
