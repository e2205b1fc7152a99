"""A primary killed with SIGKILL under eight writers: what is lost, and how long nobody is answered.

The writers go through our store and one pool, by an address that names both servers. The standby is
promoted at once, by hand: what finds out that a primary is dead, and decides, takes its own time on
top of this. The worst of the rounds is told, not the median.
"""

from __future__ import annotations

import time
from typing import Final

from attrs import frozen
from tests.system.pg_load import opened
from tests.system.writers import Writers, both, two

from benchmarks.lines import Line, kept, smaller
from szunion.testing.postgres import PostgresServer

ROUNDS: Final = 3
THREADS: Final = 8
SECONDS: Final = 3.0
MOST: Final = 2.0
"""Seconds without an acknowledgement."""


@frozen
class _Round:
    """How many were acknowledged, lost and doubled, and the longest time without an answer."""

    told: int
    lost: int
    doubled: int
    silence: float


def _round() -> _Round:
    with PostgresServer.start() as primary, two(primary) as (database, standby):
        store = opened(both(database, primary, standby))
        writers = Writers(store, THREADS)
        writers.start()
        time.sleep(SECONDS)
        primary.kill()
        standby.reload({"synchronous_standby_names": ""})
        standby.promote()
        time.sleep(SECONDS)
        writers.stop()
        store.close()
        lost, doubled = writers.lost_and_doubled(standby.dsn(database.name))
        return _Round(len(writers.told), len(lost), doubled, writers.gap())


def lines() -> list[Line]:
    """Return the lines of a failover."""
    rounds = [_round() for _ in range(ROUNDS)]
    told = sum(each.told for each in rounds)
    what = "18 primary killed under eight writers, synchronous standby"
    return [
        kept(f"{what}, acknowledged and lost", sum(each.lost for each in rounds), of=told),
        kept(f"{what}, kept twice", sum(each.doubled for each in rounds), of=told),
        smaller(f"{what}, longest silence, s", max(each.silence for each in rounds), limit=MOST),
    ]
