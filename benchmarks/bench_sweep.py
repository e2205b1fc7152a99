"""All members asked about one service, and counted for statistics, on SQLite.

The limit is what a city of 5.72 million in a minute asks for; beside it, one bare scan of the same
rows that only counts them.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.bench_import import imported, office_in, roster
from benchmarks.lines import Line, faster
from szunion.adapters.storage.sqlite.session import prepare
from szunion.application.office import Office
from szunion.application.standing import needs_card
from szunion.application.statistics import Grouping, Statistics
from szunion.application.sweep import Sweeps
from szunion.domain.access import Principal, Purpose, Role

MEMBERS = int(os.environ.get("SZUNION_BENCH_SWEPT", "200000"))
ROUNDS = 3
_CITY = 5_720_000
_BARE = (
    "SELECT count(*) FROM membership m LEFT JOIN card c ON c.shard = m.shard"
    " AND c.person_id = m.person_id AND c.programme = ? AND c.current = 1 WHERE m.state = 'ACTIVE'"
)


def with_cards(path: Path, programme: str) -> sqlite3.Connection:
    """Give eight members of ten a card, in all sorts of states; return a connection."""
    connection = sqlite3.connect(path)
    prepare(connection)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT INTO card (shard, card_id, person_id, programme, token_sealed, token_index, psn,"
        " last_four, account_class, bank_state, bank_sequence, bank_conflict, bank_gap,"
        " union_state, union_sequence, custody, current, born, version)"
        " SELECT shard, person_id, person_id, ?, x'', randomblob(16), 1, '', 'I',"
        " CASE person_id % 20 WHEN 0 THEN 'ISSUED' WHEN 1 THEN 'LOSS_WRITTEN' ELSE 'ACTIVE' END,"
        " 3, 0, 0, CASE person_id % 50 WHEN 0 THEN 'PENDING' ELSE 'ENABLED' END, 0, 'WITH_MEMBER',"
        " 1, 0, 0 FROM membership WHERE person_id % 10 < 8",
        (programme,),
    )
    connection.execute("COMMIT")
    return connection


def lines() -> list[Line]:
    """Return the lines of the sweep and of statistics."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        office, officer = office_in(folder)
        for start in range(0, MEMBERS, 50_000):
            imported(office, officer, roster(start, min(50_000, MEMBERS - start)))
        programme = office.policy.cards.programme
        bare = with_cards(folder / "union.db", programme)
        swept, gendered, counted, scanned = [list[float]() for _ in range(4)]
        for _ in range(ROUNDS):
            swept.append(_swept(office, gender=False))
            gendered.append(_swept(office, gender=True))
            start_at = time.perf_counter()
            chief = Principal(id="c", role=Role.CITY, purpose=Purpose.OPERATE)
            report = Statistics(office, chief).count(Grouping.UNION)
            counted.append(MEMBERS / (time.perf_counter() - start_at))
            assert report.whole.members == MEMBERS
            start_at = time.perf_counter()
            bare.execute(_BARE, (programme,)).fetchone()
            scanned.append(MEMBERS / (time.perf_counter() - start_at))
        bare.close()
        office.storage.close()
    what = f"sweep of {MEMBERS:,} members for one service, members/s"
    return [
        faster(f"{what}, beside a city in a minute", median(swept), limit=_CITY / 60, floor=1),
        faster(f"{what}, beside a bare scan", median(swept), limit=median(scanned), floor=0.2),
        faster(f"{what} that asks for the gender, beside a city in a minute", median(gendered),
               limit=_CITY / 60, floor=1),
        faster(f"statistics of {MEMBERS:,} members, members/s, beside a city in a minute",
               median(counted), limit=_CITY / 60, floor=1),
    ]  # fmt: skip


def _swept(office: Office, *, gender: bool) -> float:
    """Return members a second of a sweep for an item with a card, or for one of a gender."""
    chief = Principal(id="c", role=Role.CITY, purpose=Purpose.SERVE)
    item = next(
        item for item in office.catalogue.items
        if (item.eligibility.gender is not None) == gender and (gender or needs_card(item))
    )  # fmt: skip
    start = time.perf_counter()
    found = Sweeps(office, chief).count(item.id)
    taken = time.perf_counter() - start
    assert found.whole.members == MEMBERS
    return MEMBERS / taken
