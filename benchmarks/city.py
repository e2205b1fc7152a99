"""A whole city loaded by the import itself, and then asked about one service: time and memory.

``python -m benchmarks.city FOLDER [MEMBERS] [PER_UNION]`` makes ``FOLDER/union.db``: unions of
``PER_UNION`` members, each from a roster of its own. What is in it already is gone on with.
Progress goes to standard error, one line of JSON to standard output.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.bench_import import imported, office_in, roster
from szunion.application.office import Office
from szunion.application.organisations import NewUnion, Organisations
from szunion.application.standing import needs_card
from szunion.application.sweep import Sweeps
from szunion.cli.frame import progress
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.organisations import Organisation, OrganisationKind

CITY = 5_720_000
LARGE = 25_000


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


def load(folder: Path, members: int, per_union: int = LARGE) -> dict[str, float]:
    """Load *members* into the database in *folder*; return what it took."""
    office, _ = office_in(folder, found=not (folder / "union.db").exists())
    done, seconds, making = 0, 0.0, 0.0
    for union in unions(office, -(-members // per_union)):
        began = time.perf_counter()
        data = roster(done, min(per_union, members - done))
        made = time.perf_counter()
        officer = Principal(
            id=union.code, role=Role.GRASSROOTS, purpose=Purpose.ENROL, organisation=union.id
        )
        done += len(imported(office, officer, data).accepted)
        making += made - began
        seconds += time.perf_counter() - made
        progress(done, members, "loaded")
    cpu = time.process_time() - making
    began = time.perf_counter()
    item = next(item for item in office.catalogue.items if needs_card(item))
    chief = Principal(id="c", role=Role.CITY, purpose=Purpose.SERVE)
    found = Sweeps(office, chief).count(item.id)
    swept = time.perf_counter() - began
    office.storage.close()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "members": found.whole.members, "load_s": round(seconds, 1), "load_cpu_s": round(cpu, 1),
        "sweep_s": round(swept, 1), "most_mib": round(most),
    }  # fmt: skip


def main(words: list[str]) -> None:
    """Load a city."""
    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [int(word) for word in words[1:]] or [CITY]
    print(json.dumps(load(folder, *numbers)))


if __name__ == "__main__":
    main(sys.argv[1:])
