"""Limited stock grabbed on PostgreSQL by 256 and by 2,000 callers of one event loop.

Two pairs of lines, as on SQLite. *A claim alone*: the combiner with a claim of one row; the peer is
the same statement for one claim each by 32 clients of pgbench, the limit the same clients that
insert the row and count nothing. *Whole use case*: ``book_soon``, which asks who may, takes the
stock, keeps the booking, its audit entry and its message; peer and limit write the same three rows
of every booking, and ask nobody whether they may.

Beside them, at 256 callers, a script in Redis that flushes every command (where Redis is there).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import psycopg
from attrs import evolve, field, frozen
from tests.booktown import BookTown, book_town_on
from tests.offices import member

from benchmarks.callers import tasks
from benchmarks.lines import Line, faster, rates
from benchmarks.servers import Served, postgres, redis_socket
from szunion.adapters.crowd import Combiner
from szunion.application.bookings import Booked, Bookings, NotBooked
from szunion.application.office import Office
from szunion.domain.values import OfferId, PersonId

MEMBERS = 512
ROUNDS = 3
SECONDS = 1
"""How long one round of pgbench runs."""
FEW, MANY = 256, 2_000
BARE = 10_000
"""How many claims are made in a round, about."""

_TABLES = """
CREATE SCHEMA bare;
CREATE TABLE bare.claim (offer bigint, member bigint, at bigint, PRIMARY KEY (offer, member));
CREATE TABLE bare.stock (offer bigint PRIMARY KEY, quota bigint, taken bigint);
INSERT INTO bare.stock VALUES (1, 1000000000, 0);
"""
_CLAIMS = """
WITH took AS (UPDATE bare.stock SET taken = taken + cardinality({members})
              WHERE offer = 1 AND taken + cardinality({members}) <= quota RETURNING offer)
INSERT INTO bare.claim SELECT took.offer, m, 0 FROM took, unnest({members}) m
"""
_ANYBODY = "\\set m random(1, 9000000000000000)\n"
_CLAIM = _ANYBODY + _CLAIMS.format(members="ARRAY[CAST(:m AS bigint)]")
_CLAIM_ONLY = _ANYBODY + "INSERT INTO bare.claim VALUES (1, :m, 0)"

_ROWS = """
b AS (INSERT INTO szunion.booking (shard, booking_id, offer_id, person_id, place, state, asked,
                                   confirm_by, refused, version)
      SELECT m % 1024, m, id, m, 1, 'HELD', 1, 2, NULL, 0 FROM took),
a AS (INSERT INTO szunion.audit (shard, audit_id, person_id, at, actor, role, node, purpose, action,
                                 subject, before, after, reason, committed)
      SELECT m % 1024, m, m, 1, 'm' || m, 'M', 0, 'serve', 'booking.hold', m, 'REQUESTED',
             'HELD', '', '' FROM took)
INSERT INTO szunion.message (shard, message_id, person_id, template, fields, created, due, attempts,
                             state)
SELECT m % 1024, m, m, 'booking.held',
       '{{"title": "中秋音乐会", "title_en": "mid-autumn concert", "until": "2017-11-24 0800"}}',
       1, 1, 0, 'WAITING' FROM took
"""
_BOOKING = (
    "WITH took AS (UPDATE szunion.offer SET taken = taken + 1, version = version + 1"
    " WHERE offer_id = {offer} AND taken + 1 <= stock RETURNING offer_id AS id,"
    " CAST(:m AS bigint) AS m)," + _ROWS
)
_BOOKING_ONLY = (
    "WITH took AS (SELECT CAST({offer} AS bigint) AS id, CAST(:m AS bigint) AS m)," + _ROWS
)
_LOOK = "SELECT taken < stock FROM szunion.offer WHERE offer_id = {offer}"

_SCRIPT = """
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 0 end
if redis.call('DECR', KEYS[2]) < 0 then redis.call('INCR', KEYS[2]); return -1 end
redis.call('SADD', KEYS[1], ARGV[1])
return 1
"""


@frozen
class _Claims:
    """The combiner with claims of one row, on a connection of its own."""

    served: Served
    crowd: Combiner = field(factory=Combiner)
    numbers: count[int] = field(factory=count)
    connection: psycopg.Connection[tuple[object, ...]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.served.tell(_TABLES)
        made = psycopg.connect(self.served.database.admin, autocommit=True)
        object.__setattr__(self, "connection", made)

    def decide(self, wishes: Sequence[int]) -> Sequence[int]:
        text = _CLAIMS.format(members="CAST(%(members)s AS bigint[])")
        self.connection.execute(text, {"members": list(wishes)}, prepare=True, binary=True)
        return wishes

    def by(self, callers: int) -> int:
        start = next(self.numbers) * BARE * 2
        return tasks(
            lambda at, told: self.crowd.ask_soon(start + at, self.decide, told),
            callers, BARE // callers,
        )  # fmt: skip

    def close(self) -> None:
        self.crowd.close()
        self.connection.close()


@frozen
class _Grabbed:
    """Members who book through the use case."""

    town: BookTown
    office: Office
    people: Sequence[PersonId]

    @classmethod
    def in_(cls, served: Served) -> _Grabbed:
        town = book_town_on(served.office)
        people = town.members(MEMBERS)
        return cls(town, evolve(served.office, crowd=Combiner()), people)

    def by(self, callers: int, each: int) -> int:
        offers = [self.town.offer(MEMBERS, hours=100).id
                  for _ in range(-(-callers * each // MEMBERS))]  # fmt: skip
        return self._ask(offers, callers, each, Booked)

    def _ask(self, offers: Sequence[OfferId], callers: int, each: int, wanted: type[object]) -> int:
        people, office, found = self.people, self.office, set[type[object]]()

        def hand_in(at: int, told: Callable[[Callable[[], object]], object]) -> None:
            desk = Bookings(office, member(people[at % MEMBERS]))
            desk.book_soon(offers[at // MEMBERS % len(offers)], told)

        done = tasks(hand_in, callers, each, seen=lambda answer: found.add(type(answer)))
        assert found == {wanted}
        return done

    def late(self, offer: OfferId, callers: int, each: int) -> int:
        return self._ask([offer], callers, each, NotBooked)

    def sold_out(self) -> OfferId:
        offer = self.town.offer(1, hours=100)
        Bookings(self.office, member(self.people[0])).book(offer.id)
        return offer.id


def _redis(path: str) -> Callable[[], int]:
    """Return 256 callers of the script, from one event loop."""
    import redis.asyncio  # noqa: PLC0415 - only where there is a server

    numbers = count()

    async def ask(script: redis.commands.core.AsyncScript, number: int, each: int) -> None:
        for turn in range(each):
            assert await script(keys=["have", "left"], args=[f"{number}-{turn}"]) == 1

    async def all_(start: int) -> int:
        pool = redis.asyncio.BlockingConnectionPool(
            connection_class=redis.asyncio.UnixDomainSocketConnection, path=path,
            max_connections=FEW, timeout=None,
        )  # fmt: skip
        client = redis.asyncio.Redis(connection_pool=pool)
        await client.set("left", 10**12)
        script = client.register_script(_SCRIPT)
        each = BARE // 8 // FEW
        await asyncio.gather(*(ask(script, start + each_, each) for each_ in range(FEW)))
        await client.aclose()
        await pool.disconnect()
        return FEW * each

    return lambda: asyncio.run(all_(next(numbers) * FEW))


def _bench(served: Served, script: str) -> Callable[[], int]:
    return lambda: round(served.pgbench(script, seconds=SECONDS) * SECONDS)


def lines() -> list[Line]:
    """Return the lines of grabbing on PostgreSQL."""
    made: list[Line] = []
    with tempfile.TemporaryDirectory() as name, postgres(Path(name)) as served:
        made += _alone(served, Path(name))
        grabbed = _Grabbed.in_(served)
        made += _whole(served, grabbed)
        served.server.reload({"commit_delay": "2000", "commit_siblings": "0"})
        made += _slow(served, grabbed)
        grabbed.office.crowd.close()
    return made


def _alone(served: Served, folder: Path) -> list[Line]:
    claims = _Claims(served)
    with redis_socket(folder) as path:
        works: dict[str, Callable[[], int]] = {
            "few": lambda: claims.by(FEW), "many": lambda: claims.by(MANY),
            "peer": _bench(served, _CLAIM), "limit": _bench(served, _CLAIM_ONLY),
        }  # fmt: skip
        if path is not None:
            works["redis"] = _redis(path)
        found = rates(ROUNDS, **works)
    claims.close()
    what = "6 grab, PostgreSQL, {} callers, a claim alone, 1/s (peer: pgbench, the same SQL, c=32)"
    made = [
        faster(what.format(f"{MANY:,}"), found["many"], peer=found["peer"], floor=8),
        faster(what.format(FEW), found["few"], peer=found["peer"], floor=4),
        faster(f"6 grab, PostgreSQL, {MANY:,} callers, a claim alone, 1/s"
               " (limit: pgbench, INSERT only, c=32)",
               found["many"], limit=found["limit"], floor=1),
    ]  # fmt: skip
    if "redis" in found:
        made.append(
            faster(f"6 grab, PostgreSQL, {FEW} callers, a claim alone, 1/s"
                   " (peer: redis-py, Lua, fsync always)",
                   found["few"], peer=found["redis"], floor=1.2)
        )  # fmt: skip
    return made


def _whole(served: Served, grabbed: _Grabbed) -> list[Line]:
    offer = grabbed.town.offer(10**9, hours=100).id
    gone = grabbed.sold_out()
    grabbed.by(FEW, 8)
    served.tell("ANALYZE")  # as autovacuum would within seconds: rounds before and after it differ
    found = rates(
        ROUNDS,
        few=lambda: grabbed.by(FEW, 8),
        many=lambda: grabbed.by(MANY, 2),
        late=lambda: grabbed.late(gone, FEW, 32),
        peer=_bench(served, _ANYBODY + _BOOKING.format(offer=offer)),
        limit=_bench(served, _ANYBODY + _BOOKING_ONLY.format(offer=offer)),
        look=_bench(served, _LOOK.format(offer=offer)),
    )
    what = (
        "6 grab, PostgreSQL, {} callers, whole use case, 1/s (peer: pgbench, its three rows, c=32)"
    )
    late = f"9 sold-out answer, PostgreSQL, {FEW} callers, whole use case, 1/s"
    return [
        faster(what.format(f"{MANY:,}"), found["many"], peer=found["peer"], floor=8),
        faster(what.format(FEW), found["few"], peer=found["peer"], floor=4),
        faster(f"6 grab, PostgreSQL, {MANY:,} callers, whole use case, 1/s"
               " (limit: pgbench, INSERTs only, c=32)",
               found["many"], limit=found["limit"], floor=1),
        faster(f"{late} (peer: a place, the same way)", found["late"], peer=found["few"], floor=5),
        faster(f"{late} (limit: pgbench, SELECT, c=32)", found["late"], limit=found["look"],
               floor=0.6),
    ]  # fmt: skip


def _slow(served: Served, grabbed: _Grabbed) -> list[Line]:
    offer = grabbed.town.offer(10**9, hours=100).id
    found = rates(
        ROUNDS,
        ours=lambda: grabbed.by(MANY, 2),
        peer=_bench(served, _ANYBODY + _BOOKING.format(offer=offer)),
    )
    return [
        faster(f"7 grab with +2 ms a commit, PostgreSQL, {MANY:,} callers, whole use case, 1/s"
               " (peer: pgbench, its three rows, c=32)",
               found["ours"], peer=found["peer"], floor=30),
    ]  # fmt: skip
