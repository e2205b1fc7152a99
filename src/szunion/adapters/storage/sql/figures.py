"""Know how members, cards, activations and uses are counted by SQL, a range of shards at a time."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate, chain, islice, pairwise
from struct import Struct
from typing import Final

from attrs import frozen

from szunion.adapters.storage.sql.cards import hold_of
from szunion.adapters.storage.sql.people import TABLE
from szunion.adapters.storage.sql.sealed_person import gender_in
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.within import paths
from szunion.domain.access import Scope
from szunion.domain.bank import BankState
from szunion.domain.cards import UnionReason, UnionState
from szunion.domain.holds import Hold
from szunion.domain.identity import Gender
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.values import OrganisationId, PersonId
from szunion.ports.keys import Vault
from szunion.ports.storage.figures import CardShape, MonthCount, Shape

_EPOCH: Final = date(1970, 1, 1)
_PAGE: Final = 10_000
"""Members whose files are opened in one turn, or somewhat more: a few megabytes of them."""
_TURN: Final = threading.Lock()
"""Whose turn it is to open files. Only one of several looks can, for it is Python that does: where
they take turns, the database works for another meanwhile; side by side they would all wait for it
together."""
_WIDTH: Final = 8
"""Columns of a shape."""
_FILED: Final = _WIDTH
"""Where a group says whether its members have files that open; behind it come the files."""
_SALT: Final = Struct("16s")


def _shape(row: Row) -> Shape:
    union, state, reason, programme, bank, conflict, ours, why = row
    card = None
    if programme is not None:
        card = CardShape(
            BankState(bank) if bank else None, bool(conflict), UnionState(ours),
            UnionReason(why) if why else None,
        )  # fmt: skip
    return Shape(
        OrganisationId(union), MembershipState(state),
        MembershipReason(reason) if reason else None, card,
    )  # fmt: skip


@frozen
class SqlFigures:
    """Counts over many members, by SQL."""

    session: Session
    vault: Vault

    def _within(self, scope: Scope, shards: range) -> dict[str, object]:
        return {"first": shards.start, "last": shards.stop, **paths(scope)}

    def shapes(self, scope: Scope, programme: str, shards: range) -> Sequence[tuple[Shape, int]]:
        where = {"programme": programme, **self._within(scope, shards)}
        rows = self.session.all("figures.shapes", where)
        return [(_shape(row[:_WIDTH]), row[_WIDTH]) for row in rows]

    def held(
        self, scope: Scope, programme: str, shards: range
    ) -> Sequence[tuple[PersonId, Shape, Hold]]:
        where = {"programme": programme, **self._within(scope, shards)}
        rows = self.session.all("figures.held", where)
        return [
            (PersonId(row[0]), _shape(row[1 : _WIDTH + 1]), hold_of(row[_WIDTH + 1 :]))
            for row in rows
        ]

    def each(
        self, scope: Scope, programme: str, unions: Iterable[OrganisationId]
    ) -> Iterator[tuple[PersonId, Shape, Hold | None]]:
        where = {"programme": programme, "unions": json.dumps(list(unions)), **paths(scope)}
        return _one_by_one(self.session.stream("figures.each", where))

    def shapes_by_gender(
        self, scope: Scope, programme: str, shards: range
    ) -> Sequence[tuple[Shape, Gender | None, int]]:
        where = {"programme": programme, **self._within(scope, shards)}
        found: list[tuple[Shape, Gender | None, int]] = []
        for alike in _some(self.session.stream("figures.by_gender", where)):
            with _TURN:
                found += self._by_gender(alike)
        return found

    def _by_gender(self, rows: Sequence[Row]) -> Iterator[tuple[Shape, Gender | None, int]]:
        """Open the files of some groups together; whoever has none any more is of no known sex."""
        plains = iter(self.vault.open_many(TABLE, chain.from_iterable(map(_files, rows))))
        for row in rows:
            shape, members = _shape(row[:_WIDTH]), _members(row)
            if not row[_FILED]:
                yield shape, None, members
                continue
            same = [gender_in(plain) for plain in islice(plains, members)]
            for gender in (None, *Gender):
                if count := same.count(gender):
                    yield shape, gender, count

    def activations(self, scope: Scope, programme: str, shards: range) -> Sequence[MonthCount]:
        where = {"programme": programme, **self._within(scope, shards)}
        return _by_month(self.session.all("figures.activations", where))

    def uses(self, scope: Scope, shards: range) -> Sequence[MonthCount]:
        return _by_month(self.session.all("figures.uses", self._within(scope, shards)))


def _members(row: Row) -> int:
    """Return how many members a group has."""
    ids: str = row[_FILED + 1]
    return ids.count(",") + 1


def _files(row: Row) -> Iterable[tuple[int, bytes, bytes]]:
    """Return id, sealed file and salt of each member of a group whose files there are."""
    if not row[_FILED]:
        return ()
    ids, lengths, sealed, salts = row[_FILED + 1 :]
    ends = accumulate(map(int, lengths.split(",")), initial=0)
    return zip(
        map(int, ids.split(",")),
        [sealed[start:end] for start, end in pairwise(ends)],
        [salt for (salt,) in _SALT.iter_unpack(salts)],
        strict=True,
    )


def _some(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield groups of members together, until they are a page of members or more."""
    some, members = list[Row](), 0
    for row in rows:
        some.append(row)
        members += _members(row)
        if members >= _PAGE:
            yield some
            some, members = [], 0
    if some:
        yield some


def _one_by_one(rows: Iterable[Row]) -> Iterator[tuple[PersonId, Shape, Hold | None]]:
    """Read members; those who are alike share one shape."""
    known: dict[Row, Shape] = {}
    for row in rows:
        alike = row[1 : _WIDTH + 1]
        shape = known.get(alike)
        if shape is None:
            shape = known[alike] = _shape(alike)
        hold = None if row[_WIDTH + 1] is None else hold_of(row[_WIDTH + 1 :])
        yield PersonId(row[0]), shape, hold


def _by_month(rows: Iterable[Row]) -> list[MonthCount]:
    """Return counts by day, ``(union, days since 1970, count)``, as counts by month."""
    found: Counter[tuple[int, int, int]] = Counter()
    for union, days, count in rows:
        day = _EPOCH + timedelta(days=days)
        found[union, day.year, day.month] += count
    return [
        MonthCount(OrganisationId(union), year, month, count)
        for (union, year, month), count in sorted(found.items())
    ]
