"""Know how to keep rows in memory with unique keys and an undo log, so a unit can roll back."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, Protocol, TypeVar

from attrs import define, field

from szunion.errors import Conflict
from szunion.ports.storage.races import KeyTaken, lost_race

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Undo = list[Callable[[], object]]


class Versioned(Protocol):
    """A row that knows how often it was changed."""

    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Versioned)


def check_version(old: R | None, new: R, entity: str) -> R:
    """Return what is kept, which *new* must have been made of.

    Raises:
        Conflict: somebody else was faster, or it is not there (E-STORE-008).
    """
    if old is None or old.version != new.version:
        raise lost_race(entity, new.version, None if old is None else old.version)
    return old


@define
class Table(Generic[K, V]):
    """Rows by key, with named unique constraints over them.

    A unique constraint is a function from a row to its key, or to None when it does not take part
    (a partial unique index).
    """

    name: str
    unique: dict[str, Callable[[V], Hashable | None]] = field(factory=dict)
    rows: dict[K, V] = field(factory=dict)
    taken: dict[tuple[str, Hashable], K] = field(factory=dict)

    def get(self, key: K) -> V | None:
        return self.rows.get(key)

    def find(self, constraint: str, value: Hashable) -> V | None:
        """Return the row that holds *value* under a unique constraint."""
        key = self.taken.get((constraint, value))
        return None if key is None else self.rows[key]

    def __iter__(self) -> Iterator[V]:
        return iter(list(self.rows.values()))

    def insert(self, undo: Undo, key: K, row: V) -> None:
        """Add a row.

        Raises:
            Conflict: the key or a unique value is taken (E-STORE-004).
        """
        if key in self.rows:
            raise KeyTaken("E-STORE-004", constraint=f"UNIQUE({self.name})")
        self._claim(undo, key, row)
        self.rows[key] = row
        undo.append(lambda: self.rows.pop(key))

    def replace(self, undo: Undo, key: K, row: V) -> None:
        """Put another row in the place of the one at *key*.

        Raises:
            Conflict: a unique value is taken by another row (E-STORE-004).
        """
        old = self.rows[key]
        self._free(undo, key, old)
        self._claim(undo, key, row)
        self.rows[key] = row
        undo.append(lambda: self.rows.__setitem__(key, old))

    def delete(self, undo: Undo, key: K) -> None:
        """Remove the row at *key*."""
        old = self.rows.pop(key)
        undo.append(lambda: self.rows.__setitem__(key, old))
        self._free(undo, key, old)

    def _claim(self, undo: Undo, key: K, row: V) -> None:
        for constraint, of in self.unique.items():
            value = of(row)
            if value is None:
                continue
            mark = (constraint, value)
            if self.taken.get(mark, key) != key:
                raise Conflict("E-STORE-004", constraint=f"UNIQUE({self.name}.{constraint})")
            self.taken[mark] = key
            undo.append(lambda mark=mark: self.taken.pop(mark, None))  # type: ignore[misc]

    def _free(self, undo: Undo, key: K, row: V) -> None:
        for constraint, of in self.unique.items():
            value = of(row)
            if value is None:
                continue
            mark = (constraint, value)
            if self.taken.pop(mark, None) is not None:
                undo.append(lambda mark=mark: self.taken.__setitem__(mark, key))  # type: ignore[misc]
