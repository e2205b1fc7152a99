"""Know how rows are added where Citus spreads them: each with its own values, to its own node.

Rows that a statement takes from columns go through the coordinator and on by COPY, and PostgreSQL
refuses COPY to whomever row-level security holds; insertions into tables of several places are no
one statement either. What lies on the coordinator alone goes as on one server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from attrs import define, field

from szunion.adapters.storage.postgres.citus import TABLES, Place
from szunion.adapters.storage.postgres.connection import Connection
from szunion.adapters.storage.postgres.dialect import POSTGRES, statements
from szunion.adapters.storage.postgres.inserts import Write
from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.sql.columns import Column, rows_of
from szunion.adapters.storage.sql.dialect import SHARED, texts
from szunion.adapters.storage.sql.session import Parameters, Row, Session

_FROM_COLUMNS: Final = re.compile(
    r"INSERT INTO (\w+) \(([^()]*)\)\s+(SELECT .* FROM unnest\(.*)", re.DOTALL
)
_NAMED: Final = re.compile(r"\b(?:INTO|UPDATE|FROM|JOIN) (\w+)")

_AS_SHARED: Final = ("roster.on_file", "card.records")
"""What one server looks up row by row, or page by page of its own table: Citus joins the former,
for it sends no such look to a worker, and has no table of its own."""


@cache
def statements_here() -> Mapping[str, str]:
    """Return every named statement as it is asked of a coordinator."""
    return {**statements(), **{name: POSTGRES.spelled(texts(SHARED)[name]) for name in _AS_SHARED}}


@cache
def _stays(text: str) -> bool:
    """Return whether all tables that a statement names lie on the coordinator alone."""
    tables = TABLES.keys() & set(_NAMED.findall(text))
    return all(TABLES[table] is Place.COORDINATOR for table in tables)


@define
class SpreadSession(PostgresSession):
    """One connection to a coordinator; it says to no worker what could end in a COPY."""

    statements: Mapping[str, str] = field(factory=statements_here)

    def do(self, name: str, parameters: Parameters = ()) -> int:
        found = _FROM_COLUMNS.match(self.statements[name])
        if found is None or TABLES[found[1]] is Place.COORDINATOR:
            return super().do(name, parameters)
        table, columns, rows = found.groups()
        marks = ", ".join("%s" for _ in columns.split(","))
        return self._one_by_one(
            name,
            self._asked(name, rows, parameters).fetchall(),
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of ours
        )

    def many(self, name: str, rows: Iterable[Parameters]) -> int:
        text = self.statements[name]
        return super().many(name, rows) if _stays(text) else self._one_by_one(name, rows, text)

    send = Session.send

    def columns(self, name: str, columns: Sequence[Column]) -> int:
        text = self.statements[name]
        if _stays(text):
            return super().columns(name, columns)
        return self._one_by_one(name, rows_of(columns), text)

    def joined(
        self, name: str, join: Callable[[Sequence[Row]], Sequence[bytes]], size: int
    ) -> Iterator[Sequence[bytes]]:
        del size
        return map(join, self.pages(name))

    def _write(self, writes: Sequence[Write]) -> None:
        """Tell the server of *writes*, one by one."""
        for write in writes:
            _, text, given, entity = write
            count = self._run(text, given).rowcount
            if entity:
                self._check(count, write)


def session_on(connection: Connection, *, spread: bool, hosted: bool = False) -> PostgresSession:
    """Return a session on a connection of the pool, or of a host, as the tables lie."""
    kind = SpreadSession if spread else PostgresSession
    return kind(connection, hosted=hosted, by_name=not hosted)
