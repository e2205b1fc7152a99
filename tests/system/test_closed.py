"""A system that was closed is used no more, and what is borrowed from another stays that one's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from szunion import UnionSystem
from szunion.adapters.storage.sqlite.session import prepare
from szunion.domain.access import Principal, Purpose, Role
from szunion.errors import StorageClosed
from szunion.ports.storage import UnitOfWork

ORGAN = Principal(id="organ", role=Role.CITY, purpose=Purpose.ENROL)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[UnionSystem]:
    with UnionSystem.open(f"sqlite:///{tmp_path}/union.db", city="shenzhen") as made:
        yield made


def nothing(_: UnitOfWork) -> None:
    """Ask nothing."""


def test_nothing_is_asked_of_a_closed_system(system: UnionSystem, tmp_path: Path) -> None:
    desk, worker = system.desk(ORGAN), system.worker()
    desk.organisations.tree()
    system.close()
    system.close()
    for ask in (desk.organisations.tree, worker.run_until_idle):
        with pytest.raises(StorageClosed, match="E-STORE-038"):
            ask()
    for crowd in (system.office.crowd, system.office.bank_calls):
        with pytest.raises(StorageClosed, match="E-STORE-038"):
            crowd.ask(1, list)
    with UnionSystem.open(f"sqlite:///{tmp_path}/union.db", city="shenzhen") as again:
        again.desk(ORGAN).organisations.tree()


def test_a_closed_system_goes_into_no_host_s_transaction(
    system: UnionSystem, tmp_path: Path
) -> None:
    """The host's connection is open and would answer; what is within already comes to its end."""
    with closing(sqlite3.connect(tmp_path / "union.db")) as host:
        prepare(host)
        host.execute("BEGIN IMMEDIATE")
        inside = system.within(host)
        system.close()
        inside.desk(ORGAN).organisations.tree()
        inside.close()
        for closed in (system, inside):
            with pytest.raises(StorageClosed, match="E-STORE-038"):
                closed.within(host)
        assert host.in_transaction


def test_a_file_is_let_go_of_by_whoever_is_last_on_it(system: UnionSystem, tmp_path: Path) -> None:
    journal = tmp_path / "union.db-wal"

    def close(_: UnitOfWork) -> None:
        system.close()
        assert journal.exists()

    system.office.storage.read(close)
    assert not journal.exists(), "the last connection to go takes its journal with it"


def test_the_end_within_a_host_s_transaction_ends_nothing_else(
    system: UnionSystem, tmp_path: Path
) -> None:
    class Line:
        def close(self) -> None:
            ended.append(self)

    ended: list[Line] = []
    line: Any = Line()
    ours = evolve(system, bank=line, owns_bank=True)
    with closing(sqlite3.connect(tmp_path / "union.db")) as host:
        prepare(host)
        host.execute("BEGIN IMMEDIATE")
        with ours.within(host) as inside:
            inside.desk(ORGAN).organisations.tree()
        for ask in (inside.office.storage.run, inside.office.storage.read):
            with pytest.raises(StorageClosed, match="E-STORE-038"):
                ask(nothing)
        assert host.in_transaction
        host.rollback()
    assert not ended
    ours.desk(ORGAN).organisations.tree()
    ours.close()
    assert ended == [line]
