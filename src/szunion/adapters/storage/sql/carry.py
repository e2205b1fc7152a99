"""Know how a database is copied into another, of the same or another engine, so that it can go on.

Table by table in the order of their keys, some rows a commit: what a kill leaves is a beginning,
and the next run goes on behind the last row that is there. At the end counts and checksums of
both sides are compared, table by table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Final

from attrs import frozen

from szunion.adapters.storage.sql.session import Row
from szunion.adapters.storage.sql.tables import Sum, Summing, Tables, batches, lines_of, sum_of
from szunion.errors import Conflict, StorageError

SIZE: Final = 10_000
"""Rows that are copied in one transaction; they pass by, and are never all in memory."""


@frozen(kw_only=True)
class Carried:
    """What was copied: of each table, what it holds on both sides."""

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
        last, summing = target.last(table), Summing()
        rows = _summed(source.rows(table, last), summing)
        for first in rows:
            new += target.put(table, chain([first], islice(rows, SIZE - 1)))
        if last is None:
            sums[table.name] = summing.sum()
        progress(table.name, new)
    for table in ours:
        if table.name not in sums:  # some of its rows came by before
            sums[table.name] = sum_of(source, table)
        if sum_of(target, table) != sums[table.name]:
            raise Conflict("E-STORE-017", table=table.name)
    return Carried(sums=sums, new=new)


def _summed(rows: Iterable[Row], summing: Summing) -> Iterator[Row]:
    """Let rows pass, and add them up."""
    for part in batches(rows):
        summing.add(lines_of(part))
        yield from part
