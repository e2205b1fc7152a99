"""Know how a database is copied into another, of the same or another engine, so that it can go on.

Table by table in the order of their keys, some rows a commit: what a kill leaves is a beginning,
and the next run goes on behind the last row that is there. At the end counts and checksums of
both sides are compared, table by table.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final

from attrs import define, field, frozen

from szunion.adapters.storage.sql.session import Row
from szunion.adapters.storage.sql.tables import KINDS, Sum, Table, Tables, batches
from szunion.errors import Conflict, StorageError

SIZE: Final = 10_000
"""Rows that are copied in one transaction; they pass by, and are never all in memory."""

_FORM: Final = 2
"""How Python writes values for itself: the last of its forms in which equal ones look the same,
however often each is met; a column's bytes are bytes whatever an engine hands them over as."""


@frozen(kw_only=True)
class Carried:
    """What was copied: of each table, what it holds on both sides.

    The checksums are of values, for comparing these two: a backup's are of its lines.
    """

    sums: Mapping[str, Sum]
    new: int
    """Rows that this run copied; the others were there from one that was broken off."""

    @property
    def rows(self) -> int:
        """How many rows in all."""
        return sum(each.rows for each in self.sums.values())


def carry(
    source: Tables,
    target: Tables,
    *,
    progress: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Carried:
    """Copy all of *source*, which does not change meanwhile, into *target*.

    Raises:
        StorageError: the two have not the same tables (E-STORE-016).
        Conflict: what is there is not what would be copied (E-STORE-017).
    """
    ours, theirs = source.tables(), {each.name: each for each in target.tables()}
    if source.schema != target.schema or {each.name for each in ours} != theirs.keys():
        raise StorageError("E-STORE-016", found=target.schema, wanted=source.schema)
    new, sums = 0, dict[str, Sum]()
    for table in ours:
        if set(theirs[table.name].columns) != set(table.columns):
            raise StorageError("E-STORE-016", found=target.schema, wanted=source.schema)
        last, passing = target.last(table), Passing()
        rows = passing.of(source.rows(table, last))
        for first in rows:
            new += target.put(table, chain([first], islice(rows, SIZE - 1)))
        if last is None:
            sums[table.name] = passing.sum()
        progress(table.name, new)
    for table in ours:
        if table.name not in sums:  # some of its rows came by before
            sums[table.name] = _sum_of(source, table)
        if _sum_of(target, table) != sums[table.name]:
            raise Conflict("E-STORE-017", table=table.name)
    return Carried(sums=sums, new=new)


@define
class Passing:
    """Adds up rows as they pass, by their values: both sides of a copy are summed here."""

    rows: int = 0
    _hash: Any = field(factory=hashlib.sha256)

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Let rows pass, and add them up."""
        for part in batches(rows):
            self.add(part)
            yield from part

    def add(self, part: list[Row]) -> None:
        """Add some rows; the same ones come together on both sides."""
        try:
            self._hash.update(marshal.dumps(part, _FORM))
        except ValueError:
            kinds = {type(value) for row in part for value in row} - KINDS
            raise StorageError("E-STORE-012", kind=min(kind.__name__ for kind in kinds)) from None
        self.rows += len(part)

    def sum(self) -> Sum:
        """Return what there was."""
        return Sum(self.rows, self._hash.hexdigest())


def _sum_of(tables: Tables, table: Table) -> Sum:
    """Return the same of a table that is read for nothing else."""
    passing = Passing()
    for part in batches(tables.rows(table)):
        passing.add(part)
    return passing.sum()
