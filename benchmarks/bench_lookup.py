"""A member looked up by identity number among a million, as a desk does it, on SQLite.

The million comes in by the import itself, in files of 50,000 rows, so its rate in a full registry
is measured as well.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.bench_import import ROWS, imported, office_in, roster
from benchmarks.lines import Line, faster, smaller
from szunion.application.members import Members
from szunion.domain.identity import IdentityDocument
from szunion.ports.keys import IndexField, Vault

MEMBERS = int(os.environ.get("SZUNION_BENCH_MEMBERS", "1000000"))
LOOKS = 3_000


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)] * 1000


def lines() -> list[Line]:
    """Return the lines of look-up, and of importing into a full registry."""
    random = Random(1)
    numbers: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        office, officer = office_in(folder)
        rates = []
        for start in range(0, MEMBERS, ROWS):
            data = roster(start, ROWS)
            rows = data.decode("gb18030").splitlines()[1:]
            numbers += [random.choice(rows).split(",")[1] for _ in range(LOOKS * ROWS // MEMBERS)]
            began = time.perf_counter()
            imported(office, officer, data)
            rates.append(ROWS / (time.perf_counter() - began))
        random.shuffle(numbers)
        desk = Members(office, officer)
        for number in numbers[:200]:
            desk.find(number)
        times = []
        for number in numbers:
            began = time.perf_counter()
            found = desk.find(number)
            times.append(time.perf_counter() - began)
            assert found is not None
        bare = _bare(folder / "union.db", office.vault, numbers)
        office.storage.close()
    p50, p99 = _percentile(times, 0.5), _percentile(times, 0.99)
    what = f"look-up by identity number among {MEMBERS:,} members"
    return [
        smaller(f"{what}, p99, ms", p99, limit=1),
        smaller(f"{what}, p50, ms", p50, limit=1),
        smaller(
            f"{what}, p50, ms, beside the two bare SELECTs", p50,
            limit=_percentile(bare, 0.5), floor=0.1,
        ),
        faster(
            f"import into a registry of {MEMBERS:,}, rows/s, beside 10,000",
            median(rates[-3:]), limit=10_000, floor=1,
        ),
    ]  # fmt: skip


def _bare(path: Path, vault: Vault, numbers: list[str]) -> list[float]:
    """Return the times of the two bare SELECTs that any look-up needs."""
    connection = sqlite3.connect(path)
    times = []
    for number in numbers[:1000]:
        kind = IdentityDocument.read(number).kind.value
        key = (vault.route(number), vault.index(IndexField.DOCUMENT, f"{kind}:{number}"))
        began = time.perf_counter()
        person = connection.execute(
            "SELECT person_id FROM person_document WHERE shard = ? AND blind = ? AND rank = 0", key
        ).fetchone()[0]
        connection.execute(
            "SELECT sealed FROM person WHERE shard = ? AND person_id = ?", (key[0], person)
        ).fetchone()
        times.append(time.perf_counter() - began)
    connection.close()
    return times
