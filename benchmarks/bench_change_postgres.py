"""A card changes, with its audit entry and its order to the bank, on PostgreSQL at 8 connections.

Ours is a whole unit of work: it reads the card with the bank's facts and its holds, opens its
sealed token, decides, and keeps the card, its history, the entry and the order. The limit is a
plain UPDATE of the same rows by 8 clients of pgbench, which read and log nothing; the peer is an
aggregate of the ``eventsourcing`` library, loaded, changed and saved by 8 threads. The same for
many cards in one commit, as the bank's notices are obeyed, is done by one thread; and by 256
callers at once, as on SQLite, by the combiner's.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from tests.cardtown import card_town_on

from benchmarks.bench_change import (
    CALLERS,
    SET,
    AtOnce,
    PeersCard,
    changed,
    changed_together,
    peers,
)
from benchmarks.lines import Line, faster, rates
from benchmarks.servers import SECONDS, Served, postgres

CONNECTIONS = 8
CHANGES = 25
"""By each connection in a round."""
SETS = 10
"""In a round, one after the other: it is as long as the others' then, not one set after a pause."""
ROUNDS = 5

_PLAIN = """
UPDATE szunion.card SET bank_gap = 1 - bank_gap
WHERE shard = (ARRAY[{cards}])[CAST(:client_id AS int) + 1] >> 53
  AND card_id = (ARRAY[{cards}])[CAST(:client_id AS int) + 1]
"""


def lines() -> list[Line]:
    """Return the lines of one changed state at 8 connections."""
    with (
        tempfile.TemporaryDirectory() as name,
        postgres(Path(name)) as served,
        ThreadPoolExecutor(CONNECTIONS) as threads,
    ):
        place = card_town_on(served.office)
        together = place.activate(place.admit(SET))
        cards = together[:CONNECTIONS]
        app = _peer(served)
        theirs = [PeersCard() for _ in range(CONNECTIONS)]
        app.save(*theirs)
        plain = _PLAIN.format(cards=", ".join(str(card.id) for card in cards))
        called = place.activate(
            place.admit(SET, start=SET)
        )  # who is told of again and again has more to read
        at_once = AtOnce(place, together, called)
        found = rates(
            ROUNDS,
            ours=lambda: sum(threads.map(lambda card: changed(place, card, CHANGES), cards)),
            sets=lambda: sum(changed_together(place, together) for _ in range(SETS)),
            changes=lambda: at_once.changes() + at_once.changes(),
            calls=at_once.calls,
            bare=lambda: round(served.pgbench(plain, clients=CONNECTIONS) * SECONDS),
            peer=lambda: sum(threads.map(lambda card: peers(app, card.id, CHANGES), theirs)),
        )
        at_once.close()
        app.close()
    what = (
        f"11 a card read, changed, logged and ordered, PostgreSQL, {CONNECTIONS} connections, 1/s"
    )
    return [
        faster(f"{what}, beside eventsourcing", found["ours"], peer=found["peer"], floor=2.5),
        faster(f"{what}, beside a plain UPDATE by pgbench", found["ours"], limit=found["bare"],
               floor=0.8),
        faster(f"{what}, in sets of {SET}, beside a plain UPDATE by pgbench", found["sets"],
               limit=found["bare"], floor=0.8),
        faster(f"{what}, by {CALLERS} callers at once, beside a plain UPDATE by pgbench",
               found["changes"], limit=found["bare"], floor=0.8),
        faster(f"11 a card frozen by a call of the bank's, {CALLERS} calls at once, PostgreSQL, "
               "1/s, beside a plain UPDATE by pgbench", found["calls"], limit=found["bare"],
               floor=0.15),
    ]  # fmt: skip


def _peer(served: Served) -> Application[UUID]:
    return Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": served.database.name,
            "POSTGRES_HOST": str(served.server.folder),
            "POSTGRES_PORT": "5432",
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD": "none",
            "POSTGRES_POOL_SIZE": str(CONNECTIONS),
        }
    )
