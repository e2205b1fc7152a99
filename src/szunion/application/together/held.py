"""Know how writes are held back until something must see them, or until the end (归并写入)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from szunion.domain.access import Scope
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork


class Held:
    """What is held back by all repositories of one unit, in the order in which it is written."""

    def __init__(self) -> None:
        self._writers: list[Callable[[], None]] = []

    def add(self, writer: Callable[[], None]) -> None:
        """Let *writer* write what it holds whenever all is written; the first added goes first."""
        self._writers.append(writer)

    def write(self) -> None:
        """Write all that is held back."""
        for writer in self._writers:
            writer()


class Through:
    """A repository each of whose methods is asked when all that is held back has been written."""

    def __init__(self, plain: object, before: Callable[[], None]) -> None:
        self._plain = plain
        self._before = before

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method of the store's own repository."""
        method: Callable[..., Any] = getattr(self._plain, name)

        def ask(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the method takes
            self._before()
            return method(*args, **named)

        return ask


class Together(Through):
    """A repository that answers from what was fetched, and holds back what is written.

    Only what was fetched, or is new, is ever held back. A method that a subclass does not foresee
    is asked of the store, and may change there what was fetched: so it is forgotten.
    """

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held, noun: str) -> None:
        def before() -> None:
            held.write()
            self.forget()

        super().__init__(getattr(work, noun), before)
        self.work = work
        self.scope = scope
        self.held = held
        held.add(self.write)

    def forget(self) -> None:
        """Forget what was fetched; nothing is held back any more."""

    def write(self) -> None:
        """Write what is held back, in sets."""


def all_new(count: int, given: int, entity: str) -> None:
    """Check that the store found new what was said to be new.

    Raises:
        Conflict: something of it was there (E-STORE-004).
    """
    if count != given:
        raise Conflict("E-STORE-004", constraint=f"UNIQUE({entity})")
