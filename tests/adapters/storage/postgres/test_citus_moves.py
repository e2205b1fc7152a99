"""A city moves into a cluster and out of it again, row for row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.adapters.storage.postgres.test_citus import claim, claimed, shards_of_two_nodes
from tests.adapters.storage.postgres.test_net import scope_of
from tests.adapters.storage.test_backups import backed, change, opened, populate, restored_at, sums
from tests.databases import ON_CITUS

from szunion.adapters.storage.backing import copy
from szunion.adapters.storage.postgres import admin, backing
from szunion.adapters.storage.postgres.backing import PostgresDatabase
from szunion.adapters.storage.postgres.connection import Limits, connect, tell
from szunion.adapters.storage.postgres.migrate import has_table
from szunion.adapters.storage.postgres.moving import Move, Side
from szunion.adapters.storage.postgres.tables import PostgresTables
from szunion.adapters.storage.sql.tables import Table
from szunion.adapters.storage.sqlite.backing import SqliteFile
from szunion.adapters.system import SystemChance, SystemClock, SystemIds
from szunion.domain.access import WholeCity
from szunion.domain.nodes import Shards
from szunion.domain.values import SHARDS
from szunion.errors import Conflict, StorageBusy, StorageError
from szunion.testing import SimClock
from szunion.testing.postgres_databases import Databases, ready

pytestmark = [pytest.mark.postgres, ON_CITUS]


SIGNED = (
    "INSERT INTO payout (payout_id, key, item, year, orders, total, state, made, made_by,"
    " approved_by, version) VALUES (1, '0', 'x', 2017, 1, 100, 'APPROVED', 0, 'wang', 'li', 0)"
)
CAME_LATER = (
    "INSERT INTO delegation (delegation_id, delegate, delegator, operations, since, until, made,"
    " version) VALUES (1, 'li', 'wang', 'x', 1, 2, 1, 0)"
)
"""The signer acts for the maker since: whoever signed before was another side, and stays so."""


def silent(_table: str, _rows: int) -> None:
    """Nobody looks."""


class Dead(BaseException):
    """The machine died."""


def test_a_city_moves_into_a_cluster_and_out_again(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, back = SqliteFile(tmp_path / "a.db"), SqliteFile(tmp_path / "b.db")
    populate("sqlite", file, tmp_path)
    change(file, SIGNED)
    change(file, CAME_LATER)
    made = databases.filled(ready)
    cluster = PostgresDatabase(made.app, made.owner)
    with pytest.raises(Conflict, match="E-STORE-019"):
        restored_at(cluster, backed(file))
    put = PostgresTables.put

    def dies(tables: PostgresTables, table: Table, rows: Any) -> int:
        if table.name == "person":
            raise Dead
        return put(tables, table, rows)

    monkeypatch.setattr(PostgresTables, "put", dies)
    with pytest.raises(Dead):
        copy(file, cluster, at=0, progress=silent)
    with pytest.raises(StorageError):  # nobody works on half a copy
        opened(cluster, SimClock())
    monkeypatch.undo()

    assert copy(file, cluster, at=0, progress=silent).rows > 20
    assert sums(cluster) == sums(file)
    with pytest.raises(Conflict, match="payout_by_two_sides"):
        change(cluster, "UPDATE szunion.payout SET version = 1")
    state = admin.state(made.app)
    assert state.sound
    assert state.engine == "citus"
    copy(cluster, back, at=0, progress=silent)
    assert sums(back) == sums(file)


def test_what_is_looked_at_is_of_one_moment_on_every_node(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy begins while nobody writes; what is written later is in no part of it."""
    with databases.lent("szunion", ready) as lent:
        owner, app = connect(lent.owner, Limits()), connect(lent.app, Limits())
        here, there = shards_of_two_nodes(owner)
        seen = PostgresDatabase(lent.app)
        with seen.snapshot() as tables:
            for shard in (here, there):
                claim(app, shard)
            assert tables.count(Table("claimed", ("shard",), ("shard",))) == 0
            assert claimed(app, here) == claimed(app, there) == 1
        monkeypatch.setattr(backing, "_PATIENT", Limits(lock=0.05))
        with app.transaction():
            tell(app, "LOCK TABLE write_gate IN ROW SHARE MODE")
            with pytest.raises(StorageBusy, match="E-STORE-001"), seen.snapshot():
                pass
        app.close()
        owner.close()


def test_no_range_of_shards_moves_by_us(databases: Databases) -> None:
    """Citus moves its own: it is told before anybody is held."""
    with databases.lent("szunion", ready) as here, databases.lent("szunion", ready) as there:
        low, high = (
            Side(
                name=name, application=each.app, owner=each.owner, scope=scope_of(WholeCity())
            )
            for name, each in (("low", here), ("high", there))
        )  # fmt: skip
        clock = SystemClock()
        move = Move(
            source=low, target=high, shards=Shards(0, SHARDS - 1), now=clock.now(),
            ids=SystemIds(clock, SystemChance()),
        )  # fmt: skip
        for begin in (move.plan, move.run):
            with pytest.raises(Conflict, match=r"E-NODES-020.*citus"):
                begin()
        for each in (here, there):
            owner = connect(each.owner, Limits())
            assert not has_table(owner, "moving")
            owner.close()
