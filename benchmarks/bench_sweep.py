"""All members asked about one service, and counted for statistics, on both engines.

The limit is what a city of 5.72 million in a minute asks for; beside it, one bare scan of the same
rows that only counts them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

from benchmarks.bench_import import imported, roster
from benchmarks.lines import Line, faster
from benchmarks.places import (
    ENGINES,
    Place,
    engine_of,
    founded,
    office_on,
    postgres_place,
    postgres_rows,
    sqlite_place,
    sqlite_rows,
)
from szunion.application.office import Office
from szunion.application.standing import needs_card
from szunion.application.statistics import Grouping, Statistics
from szunion.application.sweep import Sweeps
from szunion.domain.access import Principal, Purpose, Role

MEMBERS = int(os.environ.get("SZUNION_BENCH_SWEPT", "200000"))
ROUNDS = 3
_CITY: Final = 5_720_000
_ROSTER: Final = 50_000
_BARE: Final = (
    "SELECT count(*) FROM membership m LEFT JOIN card c ON c.shard = m.shard"
    " AND c.person_id = m.person_id AND c.programme = {programme} AND c.current = 1"
    " WHERE m.state = 'ACTIVE'"
)
_CARDS: Final = (
    "INSERT INTO card (shard, card_id, person_id, programme, token_sealed, token_index, psn,"
    " last_four, account_class, bank_state, bank_sequence, bank_conflict, bank_gap,"
    " union_state, union_sequence, custody, current, born, version)"
    " SELECT shard, person_id, person_id, {programme}, {nothing}, {random}, 1, '', 'I',"
    " CASE person_id % 20 WHEN 0 THEN 'ISSUED' WHEN 1 THEN 'LOSS_WRITTEN' ELSE 'ACTIVE' END,"
    " 3, 0, 0, CASE person_id % 50 WHEN 0 THEN 'PENDING' ELSE 'ENABLED' END, 0, 'WITH_MEMBER',"
    " 1, 0, 0 FROM membership WHERE person_id % 10 < 8"
)
"""Eight members of ten get a card, in all sorts of states."""


def filled(office: Office) -> None:
    """Import the members, one roster after the other."""
    officer = founded(office)
    for start in range(0, MEMBERS, _ROSTER):
        imported(office, officer, roster(start, min(_ROSTER, MEMBERS - start)))


def _on_sqlite() -> Iterator[Line]:
    with sqlite_place() as place:
        office = office_on(place)
        filled(office)
        programme = f"'{office.policy.cards.programme}'"
        bare = sqlite_rows(place)
        bare.execute("BEGIN IMMEDIATE")
        bare.execute(_CARDS.format(programme=programme, nothing="x''", random="randomblob(16)"))
        bare.execute("COMMIT")
        count = _BARE.format(programme=programme)
        yield from _measured(place, office, lambda: bare.execute(count).fetchone())
        bare.close()
        office.storage.close()


def _on_postgres() -> Iterator[Line]:
    with postgres_place() as (app, admin, _):
        office = office_on(app)
        filled(office)
        programme = f"'{office.policy.cards.programme}'"
        with postgres_rows(admin) as bare:
            random = "decode(md5(person_id::text), 'hex')"
            bare.execute(_CARDS.format(programme=programme, nothing="''", random=random))
            bare.execute("VACUUM ANALYZE")
            count = _BARE.format(programme=programme)
            yield from _measured(app, office, lambda: bare.execute(count).fetchone())
        office.storage.close()


def _measured(place: Place, office: Office, scan: Callable[[], object]) -> Iterator[Line]:
    swept, gendered, counted, scanned = [list[float]() for _ in range(4)]
    for _ in range(ROUNDS):
        swept.append(_swept(office, gender=False))
        gendered.append(_swept(office, gender=True))
        start = time.perf_counter()
        chief = Principal(id="c", role=Role.CITY, purpose=Purpose.OPERATE)
        report = Statistics(office, chief).count(Grouping.UNION)
        counted.append(MEMBERS / (time.perf_counter() - start))
        assert report.whole.members == MEMBERS
        start = time.perf_counter()
        scan()
        scanned.append(MEMBERS / (time.perf_counter() - start))
    on = f"{MEMBERS:,} members on {engine_of(place)}"
    what = f"sweep of {on} for one service, members/s"
    in_a_minute = _CITY / 60
    yield faster(f"{what}, beside a city in a minute", median(swept), limit=in_a_minute, floor=1)
    yield faster(f"{what}, beside a bare scan", median(swept), limit=median(scanned), floor=0.2)
    yield faster(
        f"{what} that asks for the gender, beside a city in a minute", median(gendered),
        limit=in_a_minute, floor=1,
    )  # fmt: skip
    yield faster(
        f"statistics of {on}, members/s, beside a city in a minute", median(counted),
        limit=in_a_minute, floor=1,
    )  # fmt: skip


def lines() -> list[Line]:
    """Return the lines of the sweep and of statistics."""
    on = {"sqlite": _on_sqlite, "postgres": _on_postgres}
    return [line for engine in ENGINES for line in on[engine]()]


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
