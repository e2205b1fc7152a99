"""The audit log: how quickly entries are sealed, what a change costs that is logged and sent.

Sealing is measured twice, by the processor's clock: the work itself (canonical bytes, leaf, tree)
beside the bare hashes that any such tree needs, and the whole of it on a SQLite file, checkpoint
and commit included. A change of a card with its entry and its order to the bank stands beside a
plain UPDATE, as durable as ours, of eight at once on PostgreSQL; `bench_change` has it on SQLite.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import starmap
from pathlib import Path

import psycopg
from attrs import define, evolve

from benchmarks.bench_import import office_in
from benchmarks.lines import Line, faster, rates, smaller
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.office import Office
from szunion.domain.access import Operation, engine
from szunion.domain.audit import AuditEntry, Touching, canonical
from szunion.domain.bank import CardRef
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import Card, UnionEvent, UnionFacet, UnionReason
from szunion.domain.custody import Custody
from szunion.domain.merkle import Frontier, inclusion_proof, leaf_hash
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.values import CardId, CardToken, PersonId, RequestKey
from szunion.ports.storage import UnitOfWork
from szunion.testing.postgres_databases import Databases, ready

ENTRIES = 50_000
SCOPE = 1_000_000
"""Entries of the log that is asked what an account touched; the aim is 60 s for ten millions."""
CHANGES = 60
DESKS = 8
HUGE = 10_000_000
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
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


# --- a change that is logged and sent, on PostgreSQL, by eight at once --------------------------


def _key(number: int) -> RequestKey:
    word = ""
    for _ in range(26):
        number, letter = divmod(number, 26)
        word += _LETTERS[letter]
    return RequestKey(word)


def _card(office: Office, desk: int) -> KeptCard:
    """Keep a card that is enabled, one for each who works; return it."""
    shard = desk << 53
    card = Card(
        id=CardId(shard + 1), person=PersonId(shard + 2),
        ref=CardRef(CardToken(f"BENCHCARD{desk:04d}")), last_four="0001", current=True,
        union=UnionFacet().after(UnionEvent.ENABLE),
    )  # fmt: skip
    kept = KeptCard(card=card, custody=Custody(card=card.id), programme="BENCH", born=_NOON)

    def keep(work: UnitOfWork) -> None:
        work.cards.add(authorise(work, engine(), Operation.BANK_DESK), kept)

    office.storage.run(keep)
    return kept


@define
class _Desk:
    """Somebody who revokes a card and lets it back, each time with entry and order to the bank."""

    office: Office
    number: int
    kept: KeptCard
    done: int = 0

    def turn(self) -> None:
        for _ in range(CHANGES):
            self.done += 1
            self.kept = self.office.storage.run(self._change)

    def _change(self, work: UnitOfWork) -> KeptCard:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        now = self.kept
        union, away = now.card.union, self.done % 2
        reason = UnionReason.DECISION if away else None
        moved = union.after(UnionEvent.REVOKE if away else UnionEvent.REJOIN, reason)
        work.cards.put(scope, evolve(now, card=evolve(now.card, union=moved)))
        entry = AuditEntry(
            action="card.revoke", subject=now.id, person=now.person,
            before=union.state.value, after=moved.state.value,
        )  # fmt: skip
        work.audit.add(scope, entry)
        order = Dispatch(
            id=(self.number << 53) + 1000 + self.done, kind=DispatchKind.SET_CARD_USE,
            key=_key(self.number * 1_000_000 + self.done), digest="D", subject=self.done,
            aggregate=now.id, sequence=self.done, created=work.now, due=work.now,
        )  # fmt: skip
        work.outbox.add(scope, order)
        return evolve(now, card=evolve(now.card, union=moved, version=now.card.version + 1))


def _together(works: Sequence[Callable[[], None]]) -> int:
    """Let each work in a thread of its own; return how many changes were made."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return CHANGES * len(works)


def _plain(connection: psycopg.Connection[tuple[object, ...]], card: int) -> None:
    """Change one card's state again and again, each time in a durable commit of its own."""
    for number in range(CHANGES):
        connection.execute(
            "UPDATE szunion.card SET union_state = %s WHERE shard = %s AND card_id = %s",
            (("ENABLED", "REVOKED")[number % 2], card >> 53, card),
        )
    connection.execute(
        "UPDATE szunion.card SET union_state = 'ENABLED' WHERE card_id = %s", (card,)
    )


def _change(folder: Path) -> Iterator[Line]:
    with Databases.opened() as databases, databases.lent("szunion", ready) as database:
        office, _ = office_in(folder)
        office.storage.close()
        store = PostgresStorage.open(
            database.app, clock=office.clock, ids=office.ids, vault=office.vault
        )
        office = evolve(office, storage=store)
        desks = [_Desk(office, number, _card(office, number)) for number in range(1, DESKS + 1)]
        bare = [psycopg.connect(database.admin, autocommit=True) for _ in desks]
        try:
            found = rates(
                7,
                ours=lambda: _together([desk.turn for desk in desks]),
                plain=lambda: _together(
                    [
                        partial(_plain, line, desk.kept.id)
                        for line, desk in zip(bare, desks, strict=True)
                    ]
                ),
            )
        finally:
            for line in bare:
                line.close()
            store.close()
    what = f"state change with audit and outbox, PostgreSQL, {DESKS} at once, /s"
    yield faster(f"{what}, beside a plain UPDATE", found["ours"], limit=found["plain"], floor=0.8)


def lines() -> list[Line]:
    """Return the lines of the audit log."""
    made: list[Line] = [*_sealing(), _proof()]
    for measure in (_whole, lambda folder: iter([_scope(folder)]), _change):
        with tempfile.TemporaryDirectory() as name:
            made += measure(Path(name))
    return made
