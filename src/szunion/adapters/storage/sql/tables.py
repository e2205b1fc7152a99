"""Know how whole tables are carried, in the order of their keys, from any engine to any other.

A row travels as one line of JSON, the same from every engine; the checksum of a table is SHA-256
over its lines. Values stay as the store keeps them: what is sealed stays sealed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from binascii import b2a_base64
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from szunion.adapters.storage.sql.session import Row
from szunion.errors import StorageError

BATCH: Final = 500
"""Rows that become lines, or come of them, together."""
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


def lines_of(rows: Sequence[Row]) -> list[bytes]:
    """Return each row as one line of JSON, the same from every engine: made column by column."""
    words = [_words(column) for column in zip(*rows, strict=True)]
    return [f"[{line}]".encode() for line in map(",".join, zip(*words, strict=True))]


def _bytes_word(value: bytes) -> str:
    return f'{{"{_BYTES}":"{b2a_base64(value, newline=False).decode("ascii")}"}}'


_WORDS: Final[Mapping[type, Callable[[Any], str]]] = {
    int: str,
    str: json.JSONEncoder(ensure_ascii=False).encode,
    bytes: _bytes_word,
    bytearray: _bytes_word,
    memoryview: _bytes_word,
    bool: lambda value: str(int(value)),
    float: json.JSONEncoder().encode,
    type(None): lambda _: "null",
}
"""How a value of each kind stands in a line."""
KINDS: Final = _WORDS.keys()
"""The kinds of value that a table of ours has."""


def _words(column: Sequence[Any]) -> list[str]:
    kinds = {*map(type, column)}
    if strange := kinds - KINDS:
        raise StorageError("E-STORE-012", kind=min(kind.__name__ for kind in strange))
    if len(kinds) == 1:
        return list(map(_WORDS[kinds.pop()], column))
    return [_WORDS[type(value)](value) for value in column]


def rows_of(lines: Sequence[bytes]) -> list[Row]:
    """Return the rows of such lines, all of one table.

    Raises:
        StorageError: one of them is none (E-STORE-013).
    """
    with suppress(ValueError, KeyError, TypeError):
        rows = json.loads(b"[%b]" % b",".join(lines))
        if len(rows) == len(lines) and {*map(type, rows)} == {list}:
            return list(zip(*map(_values, zip(*rows, strict=True)), strict=True))
    raise StorageError("E-STORE-013", why="一行数据无法理解", why_en="a row is no row")


def _values(column: Sequence[Any]) -> Sequence[Any]:
    if dict not in {*map(type, column)}:
        return column
    return [
        base64.b64decode(value[_BYTES], validate=True) if isinstance(value, dict) else value
        for value in column
    ]


@define
class Summing:
    """Adds up the rows that pass."""

    rows: int = 0
    _hash: Any = field(factory=hashlib.sha256)

    def add(self, lines: Sequence[bytes]) -> None:
        """Count some lines."""
        self.rows += len(lines)
        self._hash.update(b"\n".join([*lines, b""]))

    def sum(self) -> Sum:
        """Return what there was."""
        return Sum(self.rows, self._hash.hexdigest())


def sum_of(source: Tables, table: Table) -> Sum:
    """Return the count and the checksum of a table, in constant memory."""
    summing = Summing()
    for part in batches(source.rows(table)):
        summing.add(lines_of(part))
    return summing.sum()


def only_in(tables: Tables, these: Collection[str]) -> bool:
    """Return whether no table but *these* has a row."""
    return all(each.name in these or tables.last(each) is None for each in tables.tables())


def batches(rows: Iterable[Row], size: int = BATCH) -> Iterator[list[Row]]:
    """Yield rows in lists of *size*."""
    coming = iter(rows)
    while part := list(islice(coming, size)):
        yield part
