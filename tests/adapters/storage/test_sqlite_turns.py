"""The threads of one process write to a SQLite file by turns, and none keeps its turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tests.offices import ON_SQLITE, office_on

from szunion.adapters.storage.sqlite import session
from szunion.adapters.storage.sqlite import storage as module
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.errors import StorageBusy, StorageError
from szunion.ports.storage import UnitOfWork

pytestmark = ON_SQLITE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStorage]:
    made = office_on("sqlite", tmp_path).storage
    assert isinstance(made, SqliteStorage)
    yield made
    made.close()


def nothing(_: object) -> None:
    """Write nothing: it is about the turn."""


def elsewhere(work: Callable[[], object]) -> object:
    """Do it in a thread of its own; return what came of it."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def written_at_once(store: SqliteStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let eight threads write again and again; SQLite itself lets nobody wait."""
    monkeypatch.setattr(session, "BUSY_MS", 0)

    def slowly(_: UnitOfWork) -> None:
        time.sleep(0.002)

    def write() -> None:
        for _ in range(10):
            store.run(slowly)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(write) for _ in range(8)]:
            done.result()


def test_threads_wait_for_each_other_and_not_for_sqlite(
    store: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_at_once(store, monkeypatch)


def test_that_they_would_not_is_found(
    store: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: nobody takes a turn."""
    monkeypatch.setattr(SqliteStorage, "_take_turn", nothing)
    with pytest.raises(StorageBusy):
        written_at_once(store, monkeypatch)


def test_whose_turn_does_not_come_is_told_so(
    store: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_MS", 20)

    def work(_: UnitOfWork) -> None:
        with pytest.raises(StorageBusy, match="E-STORE-001"):
            elsewhere(lambda: store.run(nothing))

    store.run(work)
    elsewhere(lambda: store.run(nothing))


def test_a_unit_that_is_refused_or_fails_ends_its_turn_and_no_other(
    store: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_MS", 20)

    def work(_: UnitOfWork) -> None:
        with pytest.raises(StorageError, match="E-STORE-005"):
            store.run(nothing)  # a unit inside of one
        with pytest.raises(StorageBusy):  # the outer one is still writing
            elsewhere(lambda: store.run(nothing))
        raise LookupError

    with pytest.raises(LookupError):
        store.run(work)
    elsewhere(lambda: store.run(nothing))


def interrupted_at(number: int, work: Callable[[], object]) -> bool:
    """Interrupt at that line of the store's module; return whether there were so many."""
    left = number

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            left -= 1
            if not left:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return left <= 0


def interrupts(store: SqliteStorage) -> int:
    """Interrupt a unit at each of its lines; after each, another thread must have its turn."""
    number = 0
    while True:
        number += 1
        with suppress(KeyboardInterrupt):
            if not interrupted_at(number, lambda: store.run(nothing)):
                return number
        elsewhere(lambda: store.run(nothing))


def test_an_interrupt_at_any_line_keeps_no_turn(
    store: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_MS", 100)
    assert interrupts(store) > 30


def test_a_turn_that_is_not_ended_is_found(
    store: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: whoever is interrupted goes away with the turn."""
    monkeypatch.setattr(module, "BUSY_MS", 20)
    monkeypatch.setattr(SqliteStorage, "_end_turn", nothing)
    with pytest.raises(StorageBusy):
        interrupts(store)
