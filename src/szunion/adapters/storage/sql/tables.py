"""Know how whole tables are carried, in the order of their keys, from any engine to any other.

A row travels as one line of JSON, the same from every engine; the checksum of a table is SHA-256
over its lines. Values stay as the store keeps them: what is sealed stays sealed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from szunion.adapters.storage.sql.session import Row
from szunion.errors import StorageError

BATCH: Final = 500
"""Rows that are written by one statement's preparation."""
_BYTES: Final = "b"


@frozen
class Table:
    """One table: its name, its columns in their order, and those that its rows are ordered by."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


@frozen
class Sum:
    """How many rows, and the checksum of them all in the order of their keys."""

    rows: int
    sha256: str


class Tables(Protocol):
    """A database of ours as tables: what each engine offers for carrying."""

    @property
    def schema(self) -> int:
        """The schema version."""
        ...

    def tables(self) -> Sequence[Table]:
        """Return the tables with data, by name."""
        ...

    def count(self, table: Table) -> int:
        """Return how many rows a table has."""
        ...

    def rows(self, table: Table, after: Row | None = None) -> Iterator[Row]:
        """Yield rows in the order of their keys, from behind the key *after* on."""
        ...

    def last(self, table: Table) -> Row | None:
        """Return the key of the last row; None: it is empty."""
        ...

    def put(self, table: Table, rows: Iterable[Row]) -> int:
        """Write rows as they are, in one transaction; return how many."""
        ...

    def audit_head(self) -> str:
        """Return the newest checkpoint of the audit log as one word; empty: there is none."""
        ...


def head_of(row: Row | None) -> str:
    """Return a checkpoint (its size, edge and signature) as one word, the same on every engine."""
    if row is None:
        return ""
    size, edge, signature = row
    return f"{size}:{bytes(edge).hex().upper()}:{bytes(signature).hex().upper()}"


HEAD: Final = "SELECT size, edge, signature FROM audit_checkpoint ORDER BY size DESC LIMIT 1"


def line_of(row: Row) -> bytes:
    """Return a row as one line of JSON, the same from every engine."""
    values = [_plain(value) for value in row]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> object:  # noqa: ANN401 - a driver hands over anything
    if isinstance(value, bytes | bytearray | memoryview):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | str | float):
        return value
    raise StorageError("E-STORE-012", kind=type(value).__name__)


def row_of(line: bytes) -> Row:
    """Return the row of such a line.

    Raises:
        StorageError: it is none (E-STORE-013).
    """
    try:
        values = json.loads(line)
        return tuple(
            base64.b64decode(value[_BYTES], validate=True) if isinstance(value, dict) else value
            for value in values
        )
    except (ValueError, KeyError, TypeError):
        raise StorageError(
            "E-STORE-013", why="一行数据无法理解", why_en="a row is no row"
        ) from None


@define
class Summing:
    """Adds up the rows that pass."""

    rows: int = 0
    _hash: Any = field(factory=hashlib.sha256)

    def add(self, line: bytes) -> None:
        """Count one line."""
        self.rows += 1
        self._hash.update(line)
        self._hash.update(b"\n")

    def sum(self) -> Sum:
        """Return what there was."""
        return Sum(self.rows, self._hash.hexdigest())


def sum_of(source: Tables, table: Table) -> Sum:
    """Return the count and the checksum of a table, in constant memory."""
    summing = Summing()
    for row in source.rows(table):
        summing.add(line_of(row))
    return summing.sum()


def only_in(tables: Tables, these: Collection[str]) -> bool:
    """Return whether no table but *these* has a row."""
    return all(each.name in these or tables.last(each) is None for each in tables.tables())


def batches(rows: Iterable[Row], size: int = BATCH) -> Iterator[list[Row]]:
    """Yield rows in lists of *size*."""
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
