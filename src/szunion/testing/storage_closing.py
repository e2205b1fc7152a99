"""Know what a store promises about its end: what has begun is done, and nothing begins after it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from szunion.domain.access import Scope
from szunion.errors import StorageClosed
from szunion.ports.bank import Cursor
from szunion.ports.storage import UnitOfWork
from szunion.testing.storage_world import NOON, StorageWorld

_PATIENCE: Final = 30.0
"""Seconds until a thread that should have come is given up."""


class ClosingPromises:
    """What every store promises about being closed (关闭之后)."""

    def test_a_closed_store_is_used_no_more(self, world: StorageWorld) -> None:
        """Whoever asks a closed store for anything is told so, in whatever thread."""
        world.run(_nothing)
        world.storage.close()
        world.storage.close()
        with ThreadPoolExecutor(1) as another:
            for ask in (lambda: world.run(_nothing), lambda: world.storage.read(_seen)):
                _refused(ask)
                another.submit(_refused, ask).result()

    def test_a_unit_that_has_begun_ends_when_its_store_is_closed(self, world: StorageWorld) -> None:
        """A unit goes on to its end while its store is closed; the next one is refused."""
        begun, closed = threading.Event(), threading.Event()

        def write(work: UnitOfWork, scope: Scope) -> Cursor | None:
            begun.set()
            assert closed.wait(_PATIENCE), "closing waits for whoever is at work"
            work.inbox.move_cursor(scope, "b", Cursor("p1"), NOON)
            return work.inbox.cursor(scope, "b")

        def work_on() -> Cursor | None:
            done = world.run(write)
            _refused(lambda: world.run(_nothing))
            return done

        with ThreadPoolExecutor(1) as worker:
            written = worker.submit(work_on)
            assert begun.wait(_PATIENCE)
            world.storage.close()
            closed.set()
            assert written.result(_PATIENCE) == "p1"


def _nothing(_: UnitOfWork, __: Scope) -> None:
    """Ask nothing: it is about whether there is a unit at all."""


def _seen(_: UnitOfWork) -> None:
    """Look at nothing, likewise."""


def _refused(ask: Callable[[], object]) -> None:
    with pytest.raises(StorageClosed, match="E-STORE-038"):
        ask()
