"""Know how a roster becomes rows in SQL: columns computed in sets, tables filled in key order.

Nothing here makes a value object for a row. What a chunk takes was prepared before (see
:mod:`szunion.adapters.storage.sql.prepared`); here its tables are filled, each in the order of its
key, so that a chunk touches each page once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from attrs import frozen

from szunion.adapters.storage.sql.blind import BlindIndex
from szunion.adapters.storage.sql.prepared import ON_FILE, PreparedRows, RowPreparer
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.adapters.storage.sql.within import paths
from szunion.domain.access import Scope
from szunion.domain.documents import DocumentKind, to_18
from szunion.domain.roster_rows import PlainRow
from szunion.domain.values import OrganisationId, PersonId
from szunion.ports.keys import IndexField, Vault
from szunion.ports.storage.imports import Looked, Prepared, Prepares, RosterImport
from szunion.ports.system import Ids

_OLD: Final = DocumentKind.RESIDENT_15


@frozen
class SqlLooked:
    """Looked-up rows."""

    prepared: PreparedRows
    on_file: Mapping[int, PersonId]
    kinds: frozenset[str]
    """Which kinds of documents anybody holds."""

    @property
    def rows(self) -> Sequence[PlainRow]:
        """The rows."""
        return self.prepared.rows

    @property
    def by_keys_alone(self) -> bool:
        """Whether keys alone tell these people from all others."""
        return not self.on_file and all(row.kind is not _OLD for row in self.rows)


def _run(row: Row) -> RosterImport:
    id_, union, sha256, actor, began, ended, line, added, changed, unchanged, rejected = row
    return RosterImport(
        id=id_, organisation=OrganisationId(union), sha256=sha256, actor=actor,
        began=moment(began), ended=maybe_moment(ended), last_line=line, added=added,
        changed=changed, unchanged=unchanged, rejected=rejected,
    )  # fmt: skip


def _columns(run: RosterImport) -> dict[str, object]:
    return {
        "id": run.id, "organisation": run.organisation, "sha256": run.sha256, "actor": run.actor,
        "began": micros(run.began), "ended": maybe_micros(run.ended), "last_line": run.last_line,
        "added": run.added, "changed": run.changed, "unchanged": run.unchanged,
        "rejected": run.rejected,
    }  # fmt: skip


def counterpart(row: PlainRow) -> str | None:
    """Return the other form of a resident's number with its kind; None: it has none."""
    if row.kind is DocumentKind.RESIDENT and row.number[6:8] == "19":
        return f"{_OLD.value}:{row.number[:6]}{row.number[8:17]}"
    if row.kind is _OLD:
        return f"{DocumentKind.RESIDENT.value}:{to_18(row.number)}"
    return None


@frozen
class SqlImports:
    """Imports of rosters in SQL."""

    session: Session
    ids: Ids
    vault: Vault
    now: datetime
    beside: bool = False
    """Whether chunks of newcomers may be written side by side."""

    def run_of(
        self, scope: Scope, organisation: OrganisationId, sha256: str
    ) -> RosterImport | None:
        row = self.session.one("roster.run_of", {"organisation": organisation, "sha256": sha256})
        return None if row is None else _run(row)

    def add_run(self, scope: Scope, run: RosterImport) -> None:
        self.session.do("roster.add_run", _columns(run))

    def put_run(self, scope: Scope, run: RosterImport) -> None:
        self.session.do("roster.put_run", _columns(run))

    def side_by_side(self) -> bool:
        return self.beside

    def queue(self, *, more: bool = False, beside: bool = False) -> None:
        self.session.do("roster.patience")
        self.session.do("roster.beside" if beside else "roster.queue")
        if more:
            self.session.more_follows()

    def _keys(self, *, held: bool) -> tuple[int, int]:
        of = BlindIndex(self.session, self.vault).filing_key
        return of(IndexField.DOCUMENT, held=held), of(IndexField.MOBILE, held=held)

    def preparer(self, scope: Scope) -> Prepares:
        return self._preparer(self._keys(held=False))

    def _preparer(self, keys: tuple[int, int]) -> RowPreparer:
        return RowPreparer(self.vault, self.ids, keys, self.session.packed)

    def look_up(self, scope: Scope, prepared: Prepared) -> SqlLooked:
        assert isinstance(prepared, PreparedRows)
        keys, rows = self._keys(held=True), prepared.rows
        if (prepared.sealing, *prepared.keys) != (self.vault.sealing_key, *keys):
            prepared = self._preparer(keys)(rows, self.now)
        key = keys[0]
        found = self._on_file(prepared.shards, prepared.texts, prepared.wanted, key)
        kinds = self._kinds()
        left = [at for at in range(len(rows)) if at not in found]
        found.update(self._in_other_form(rows, left, kinds, key))
        return SqlLooked(prepared, found, kinds)

    def _kinds(self) -> frozenset[str]:
        return frozenset(kind for (kind,) in self.session.all("roster.kinds"))

    def _in_other_form(
        self, rows: Sequence[PlainRow], places: Iterable[int], kinds: frozenset[str], key: int
    ) -> dict[int, PersonId]:
        """Return who holds the other form of the numbers at *places*, where anybody may."""
        seek_old = _OLD.value in kinds
        others = {
            place: other
            for place in places
            if (seek_old or rows[place].kind is _OLD)
            and (other := counterpart(rows[place])) is not None
        }
        if not others:
            return {}
        numbers = [text.partition(":")[2] for text in others.values()]
        seen, shards = list(others.values()), self.vault.route_many(numbers)
        blinds = self.vault.index_many(IndexField.DOCUMENT, seen, key=key)
        wanted = self.session.packed(ON_FILE, {"shard": shards, "blind": blinds})
        there = self._on_file(shards, seen, wanted, key)
        positions = list(others)
        return {positions[at]: person for at, person in there.items()}

    def _on_file(
        self, shards: Sequence[int], texts: Sequence[str], wanted: Mapping[str, object], key: int
    ) -> dict[int, PersonId]:
        """Return who holds each document; *wanted* asks for them under the filing *key*."""
        found: dict[int, PersonId] = {}
        for each in self.vault.index_keys(IndexField.DOCUMENT):  # while it rotates there are two
            asked = wanted
            if each != key:
                blinds = self.vault.index_many(IndexField.DOCUMENT, texts, key=each)
                asked = self.session.packed(ON_FILE, {"shard": shards, "blind": blinds})
            found.update({at: PersonId(id_) for at, id_ in self.session.all(ON_FILE, asked)})
        return found

    def admit(  # noqa: PLR0913, PLR0917 - the columns of a chunk
        self,
        scope: Scope,
        looked: Looked,
        positions: Sequence[int],
        organisation: OrganisationId,
        today: date,
        run: int,
    ) -> Sequence[PersonId]:
        assert isinstance(looked, SqlLooked)
        ready = looked.prepared
        people = ready.people.only(positions)
        for name, parameters in ready.filed(positions).items():
            self.session.do(name, parameters)
        rows = [ready.rows[at] for at in people.places]
        self._keep_memberships(scope, rows, people.keys, organisation, today, run)
        # Last, and in order: who adds the same kind at the same time waits for this commit.
        new = {row.kind.value for row in rows} - looked.kinds
        self.session.many("roster.add_kind", [(kind,) for kind in sorted(new)])
        return [PersonId(ready.ids[at]) for at in positions]

    def still_holds(self, scope: Scope, looked: Looked, organisation: OrganisationId) -> bool:
        assert isinstance(looked, SqlLooked)
        rows, (key, _) = looked.rows, looked.prepared.keys
        if self._in_other_form(rows, range(len(rows)), self._kinds(), key):
            return False
        return self.session.do("roster.union_stands", {"id": organisation, **paths(scope)}) == 1

    def _keep_memberships(  # noqa: PLR0913, PLR0917 - the columns of a chunk
        self,
        scope: Scope,
        rows: Sequence[PlainRow],
        keys: Sequence[int],
        organisation: OrganisationId,
        today: date,
        run: int,
    ) -> None:
        """Fill the tables of memberships. A newcomer's first row of each has the person's number.

        One statement a table: a CHECK … IN list is then set up once, and not for every row.
        """
        who = scope.principal
        days = {day: (day or today).isoformat() for day in {row.joined for row in rows}}
        told = {"person": keys, "day": [days[row.joined] for row in rows]}
        columns = self.session.packed("roster.admit", told)  # and "roster.affiliate" has the same
        at = micros(self.now)
        self.session.do("roster.admit", {**columns, "union": organisation, "at": at})
        self.session.do("roster.affiliate", {**columns, "union": organisation, "at": at})
        log = {
            **self.session.packed("roster.log", {"person": keys}),
            "at": at, "actor": who.id, "role": who.role.value, "node": who.organisation or 0,
            "purpose": who.purpose.value, "reason": f"import {run}",
        }  # fmt: skip
        self.session.do("roster.log", log)
