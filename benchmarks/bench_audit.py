"""The audit log: how quickly entries are sealed, what a change costs that is logged and sent.

Sealing is measured twice, by the processor's clock: the work itself (canonical bytes, leaf, tree)
beside the bare hashes that any such tree needs, and the whole of it on a SQLite file, checkpoint
and commit included. A change of a card with its entry and its order to the bank stands beside a
plain UPDATE, as durable as ours.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, starmap
from pathlib import Path

from attrs import evolve

from benchmarks.bench_import import office_in
from benchmarks.lines import Line, faster, rates, smaller
from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.bank_desk import engine
from szunion.application.office import Office
from szunion.domain.access import Operation
from szunion.domain.audit import AuditEntry, Touching, canonical
from szunion.domain.bank import CardRef
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import Card, UnionEvent, UnionFacet, UnionReason
from szunion.domain.custody import Custody
from szunion.domain.merkle import Frontier, inclusion_proof, leaf_hash
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.values import CardId, CardToken, PersonId, RequestKey
from szunion.ports.storage import UnitOfWork

ENTRIES = 50_000
SCOPE = 1_000_000
"""Entries of the log that is asked what an account touched; the aim is 60 s for ten millions."""
CHANGES = 60
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


# --- a change that is logged and sent, beside a plain UPDATE --------------------------------


def _key(number: int) -> RequestKey:
    word = ""
    for _ in range(26):
        number, letter = divmod(number, 26)
        word += _LETTERS[letter]
    return RequestKey(word)


def _card(office: Office) -> KeptCard:
    """Keep a card that is enabled; return it."""
    card = Card(
        id=CardId((7 << 53) + 1), person=PersonId((7 << 53) + 2),
        ref=CardRef(CardToken("BENCHCARD0001")), last_four="0001", current=True,
        union=UnionFacet().after(UnionEvent.ENABLE),
    )  # fmt: skip
    kept = KeptCard(card=card, custody=Custody(card=card.id), programme="BENCH", born=_NOON)

    def keep(work: UnitOfWork) -> None:
        work.cards.add(authorise(work, engine(), Operation.BANK_DESK), kept)

    office.storage.run(keep)
    return kept


def _turning(office: Office) -> Callable[[], int]:
    """Return what revokes a card and lets it back, each time with entry and order to the bank."""
    kept, numbers = _card(office), count(1)

    def change(work: UnitOfWork, now: KeptCard, number: int) -> KeptCard:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        union = now.card.union
        if number % 2:
            moved = union.after(UnionEvent.REVOKE, UnionReason.DECISION)
        else:
            moved = union.after(UnionEvent.REJOIN)
        new = evolve(now, card=evolve(now.card, union=moved))
        work.cards.put(scope, new)
        entry = AuditEntry(
            action="card.revoke", subject=now.id, person=now.person,
            before=union.state.value, after=moved.state.value,
        )  # fmt: skip
        work.audit.add(scope, entry)
        dispatch = Dispatch(
            id=(7 << 53) + 1000 + number, kind=DispatchKind.SET_CARD_USE, key=_key(number),
            digest="D", subject=number, aggregate=now.id, sequence=number, created=work.now,
            due=work.now,
        )  # fmt: skip
        work.outbox.add(scope, dispatch)
        return evolve(new, card=evolve(new.card, version=now.card.version + 1))

    def turn() -> int:
        nonlocal kept
        for _ in range(CHANGES):
            number, now = next(numbers), kept
            kept = office.storage.run(lambda work, now=now, n=number: change(work, now, n))  # type: ignore[misc]
        return CHANGES

    return turn


def _plain(path: Path) -> Callable[[], int]:
    """Return what changes a card's state by a plain UPDATE, durable as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")

    def update() -> int:
        for number in range(CHANGES):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "UPDATE card SET union_state = ?, version = version + 0 "
                "WHERE shard = 7 AND card_id = ?",
                (("ENABLED", "REVOKED")[number % 2], (7 << 53) + 1),
            )
            connection.execute("COMMIT")
        connection.execute("UPDATE card SET union_state = 'ENABLED' WHERE shard = 7")
        return CHANGES

    return update


def _change(folder: Path) -> Line:
    office, _ = office_in(folder)
    ours = _turning(office)
    plain = _plain(folder / "union.db")
    found = rates(15, ours=ours, plain=plain)
    office.storage.close()
    return faster(
        "state change with audit and outbox, SQLite, /s, beside a plain UPDATE",
        found["ours"], limit=found["plain"], floor=0.8,
    )  # fmt: skip


def lines() -> list[Line]:
    """Return the lines of the audit log."""
    made: list[Line] = [*_sealing(), _proof()]
    for measure in (_whole, lambda folder: [_scope(folder)], lambda folder: [_change(folder)]):
        with tempfile.TemporaryDirectory() as name:
            made += measure(Path(name))
    return made
