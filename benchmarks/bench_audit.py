"""The audit log: how quickly entries are sealed, how small a proof is, what somebody touched.

Sealing is measured twice, by the processor's clock: the work itself (canonical bytes, leaf, tree)
beside the bare hashes that any such tree needs, and the whole of it on a SQLite file, checkpoint
and commit included. What a change costs that is logged is in `bench_change`.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import starmap
from pathlib import Path

from benchmarks.bench_import import office_in
from benchmarks.lines import Line, faster, rates, smaller
from szunion.application.audit import AuditLog
from szunion.domain.access import engine
from szunion.domain.audit import Touching, canonical
from szunion.domain.merkle import Frontier, inclusion_proof, leaf_hash

ENTRIES = 50_000
SCOPE = 1_000_000
"""Entries of the log that is asked what an account touched; the aim is 60 s for ten millions."""
HUGE = 10_000_000
_NOON = datetime(2017, 11, 23, 4, tzinfo=UTC)

_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
INSERT INTO audit (shard, audit_id, person_id, at, actor, role, node, purpose, action, subject,
                   before, after, reason)
SELECT i % 1024, (i % 1024 << 53) + :base + i, (i % 1024 << 53) + i, 1511400000000000 + i,
       'officer-' || (i % 997), 'G', 93, 'enrol', 'membership.approve', i, 'APPLIED', 'ACTIVE', ''
FROM n
"""


def filled(path: Path, rows: int, base: int = 0) -> None:
    """Put *rows* entries into the log, as an import would."""
    with sqlite3.connect(path) as connection:
        connection.execute(_FILL, {"rows": rows, "base": base})
    connection.close()


def _columns(number: int) -> tuple[object, ...]:
    return (
        (number % 1024 << 53) + number, number, 1511400000000000 + number,
        f"officer-{number % 997}", "G", 93, "enrol", "membership.approve", number, "APPLIED",
        "ACTIVE", "", "",
    )  # fmt: skip


def _sealing() -> Iterator[Line]:
    """Measure the work of sealing beside the bare hashes: one for each leaf, one for each node."""
    rows = [_columns(number) for number in range(ENTRIES)]
    entries: list[bytes] = list(starmap(canonical, rows))
    pairs = [entry[:32] + entry[-32:] for entry in entries]
    sha = hashlib.sha256

    def ours() -> int:
        tree = Frontier()
        for start in range(0, ENTRIES, 10_000):
            part = starmap(canonical, rows[start : start + 10_000])
            tree = tree.append(map(leaf_hash, part))
        assert tree.size == ENTRIES
        return ENTRIES

    def bare() -> int:
        for entry, pair in zip(entries, pairs, strict=True):
            sha(entry).digest()
            sha(pair).digest()
        return ENTRIES

    found = rates(7, clock=time.process_time, ours=ours, bare=bare)
    what = "audit: sealed entries/s (bytes, leaf, tree)"
    yield faster(f"{what}, beside bare SHA-256", found["ours"], limit=found["bare"], floor=0.3)
    yield faster(f"{what}, beside 200,000", found["ours"], limit=200_000, floor=1)


def _proof() -> Line:
    size = sum(map(len, inclusion_proof(HUGE // 3, HUGE, lambda *_: bytes(32))))
    return smaller("audit: inclusion proof among 10,000,000 entries, bytes", size, limit=1024)


def _whole(folder: Path) -> Iterator[Line]:
    """Measure sealing on a file, and what it holds in memory: ten times as many, no more of it."""
    office, _ = office_in(folder)
    log = AuditLog(office, engine())
    log.seal_all()
    rows, peaks = [], []
    for base, entries in enumerate((ENTRIES, ENTRIES, ENTRIES), start=1):
        filled(folder / "union.db", entries, base=base * HUGE)
        start = time.process_time()
        log.seal_all()
        rows.append(entries / (time.process_time() - start))
    for base, entries in ((4, 10_000), (5, 100_000)):
        filled(folder / "union.db", entries, base=base * HUGE)
        tracemalloc.start()
        log.seal_all()
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
    office.storage.close()
    yield faster("audit: sealed entries/s, whole, on SQLite", max(rows), limit=200_000, floor=0.3)
    name = "audit: memory of sealing 100,000 entries, MiB, beside 10,000"
    yield smaller(name, peaks[1], limit=peaks[0] * 1.25)


def _scope(folder: Path) -> Line:
    office, _ = office_in(folder)
    filled(folder / "union.db", SCOPE)
    asked = Touching(actor="officer-7", since=_NOON - timedelta(days=1),
                     until=_NOON + timedelta(days=1))  # fmt: skip
    log = AuditLog(office, engine())
    start = time.perf_counter()
    found = sum(1 for _ in log.touched(asked.actor, asked.since, asked.until))
    took = time.perf_counter() - start
    assert found >= SCOPE // 997
    office.storage.close()
    name = f"audit: what an account touched, among {SCOPE:,} entries, s"
    return smaller(name, took, limit=60 * SCOPE / HUGE)


def lines() -> list[Line]:
    """Return the lines of the audit log."""
    made: list[Line] = [*_sealing(), _proof()]
    for measure in (_whole, lambda folder: iter([_scope(folder)])):
        with tempfile.TemporaryDirectory() as name:
            made += measure(Path(name))
    return made
