"""Know how a roster becomes rows in SQLite: columns computed in sets, tables filled in key order.

Nothing here makes a value object for a row. Every table is filled in the order of its key, so that
a chunk touches each page once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import accumulate

from attrs import frozen

from szunion.adapters.storage.sqlite.people import shard_of_blind
from szunion.adapters.storage.sqlite.sealed_person import new_plain
from szunion.adapters.storage.sqlite.session import Row, Session
from szunion.adapters.storage.sqlite.times import maybe_micros, maybe_moment, micros, moment
from szunion.domain.access import Scope
from szunion.domain.documents import TELLING, DocumentKind, to_18
from szunion.domain.roster_rows import PlainRow
from szunion.domain.values import OrganisationId, PersonId
from szunion.ports.keys import IndexField, Vault
from szunion.ports.storage.imports import Looked, RosterImport
from szunion.ports.system import Ids


@frozen
class SqliteLooked:
    """Looked-up rows with shard and blind index of each document."""

    rows: Sequence[PlainRow]
    on_file: Mapping[int, PersonId]
    shards: Sequence[int]
    blinds: Sequence[bytes]


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


def _object(members: Iterable[str]) -> str:
    """Return a JSON object of written members: numbers and days, which need no escaping."""
    return "{" + ",".join(list(members)) + "}"


def counterpart(row: PlainRow) -> str | None:
    """Return the other form of a resident's number with its kind; None: it has none."""
    if row.kind is DocumentKind.RESIDENT and row.number[6:8] == "19":
        return f"{DocumentKind.RESIDENT_15.value}:{row.number[:6]}{row.number[8:17]}"
    if row.kind is DocumentKind.RESIDENT_15:
        return f"{DocumentKind.RESIDENT.value}:{to_18(row.number)}"
    return None


@frozen
class SqliteImports:
    """Imports of rosters in SQLite."""

    session: Session
    ids: Ids
    vault: Vault
    now: datetime

    def run_of(
        self, scope: Scope, organisation: OrganisationId, sha256: str
    ) -> RosterImport | None:
        row = self.session.one("roster.run_of", {"organisation": organisation, "sha256": sha256})
        return None if row is None else _run(row)

    def add_run(self, scope: Scope, run: RosterImport) -> None:
        self.session.do("roster.add_run", _columns(run))

    def put_run(self, scope: Scope, run: RosterImport) -> None:
        self.session.do("roster.put_run", _columns(run))

    def look_up(self, scope: Scope, rows: Sequence[PlainRow]) -> SqliteLooked:
        shards = self.vault.route_many([row.number for row in rows])
        kinds = {kind: f"{kind.value}:" for kind in DocumentKind}
        blinds = self.vault.index_many(
            IndexField.DOCUMENT, [kinds[row.kind] + row.number for row in rows]
        )
        found = self._on_file(shards, blinds)
        known = {kind for (kind,) in self.session.all("roster.kinds")}
        others = {
            position: other
            for position, row in enumerate(rows)
            if position not in found
            and (row.kind is DocumentKind.RESIDENT_15 or "RESIDENT_15" in known)
            and (other := counterpart(row)) is not None
        }
        if others:
            numbers = [text.partition(":")[2] for text in others.values()]
            there = self._on_file(
                self.vault.route_many(numbers),
                self.vault.index_many(IndexField.DOCUMENT, others.values()),
            )
            positions = list(others)
            found.update({positions[at]: person for at, person in there.items()})
        return SqliteLooked(rows, found, shards, blinds)

    def _on_file(self, shards: Sequence[int], blinds: Sequence[bytes]) -> dict[int, PersonId]:
        wanted = {"shards": json.dumps(shards), "blinds": b"".join(blinds)}
        return {at: PersonId(id_) for at, id_ in self.session.all("roster.on_file", wanted)}

    def admit(  # noqa: PLR0913, PLR0917 - the columns of a chunk
        self,
        scope: Scope,
        looked: Looked,
        positions: Sequence[int],
        organisation: OrganisationId,
        today: date,
        run: int,
    ) -> Sequence[PersonId]:
        assert isinstance(looked, SqliteLooked)
        shards = [looked.shards[at] for at in positions]
        ids = self.ids.many(shards)
        order = sorted(range(len(ids)), key=ids.__getitem__)
        rows = [looked.rows[positions[at]] for at in order]
        keys = [ids[at] for at in order]
        shards = [shards[at] for at in order]
        self._keep_people(shards, keys, rows)
        blinds = looked.blinds
        documents = sorted((ids[at] >> 53, blinds[positions[at]], ids[at]) for at in order)
        self.session.do(
            "roster.file_documents",
            {
                "persons": json.dumps([person for _, _, person in documents]),
                "blinds": b"".join([blind for _, blind, _ in documents]),
            },
        )
        self.session.many("roster.add_kind", [(kind.value,) for kind in {r.kind for r in rows}])
        self._keep_memberships(scope, keys, rows, organisation, today, run)
        return [PersonId(id_) for id_ in ids]

    def _keep_people(
        self, shards: Sequence[int], keys: Sequence[int], rows: Sequence[PlainRow]
    ) -> None:
        at, salts = micros(self.now), self.vault.salts(len(rows))
        kinds = {kind: kind.value for kind in DocumentKind}
        plains = [
            new_plain(name, kinds[kind], number, mobile or "", at)
            if kind in TELLING
            else new_plain(
                name, kinds[kind], number, mobile or "", at,
                "" if gender is None else gender.value, "" if birth is None else str(birth),
            )
            for _, name, kind, number, mobile, _, gender, birth, _, _ in rows
        ]  # fmt: skip
        sealed = self.vault.seal_many("person", list(zip(shards, keys, salts, plains, strict=True)))
        ends = list(accumulate(map(len, sealed)))
        self.session.do(
            "roster.file_people",
            {
                "places": _object(
                    f'"{key}":{(end - len(blob)) << 16 | len(blob)}'
                    for key, end, blob in zip(keys, ends, sealed, strict=True)
                ),
                "sealed": b"".join(sealed),
            },
        )
        salted = {"persons": json.dumps(keys), "salts": b"".join(salts)}
        self.session.do("roster.file_salts", salted)
        mobiles = [(row.mobile, key) for row, key in zip(rows, keys, strict=True) if row.mobile]
        blinds = self.vault.index_many(IndexField.MOBILE, [mobile for mobile, _ in mobiles])
        reached = sorted(
            (blind, key) for blind, (_, key) in zip(blinds, mobiles, strict=True)
        )  # by the index, and so by its first bits, which are the shard
        self.session.do(
            "roster.file_mobiles",
            {
                "places": _object(
                    f'"{key}":{shard_of_blind(blind) << 32 | at}'
                    for at, (blind, key) in enumerate(reached)
                ),
                "blinds": b"".join([blind for blind, _ in reached]),
            },
        )

    def _keep_memberships(  # noqa: PLR0913, PLR0917 - the columns of a chunk
        self,
        scope: Scope,
        keys: Sequence[int],
        rows: Sequence[PlainRow],
        organisation: OrganisationId,
        today: date,
        run: int,
    ) -> None:
        """Fill the tables of memberships. A newcomer's first row of each has the person's number.

        One statement a table: a CHECK … IN list is then set up once, and not for every row.
        """
        day, who = today.isoformat(), scope.principal
        joined = {row.joined for row in rows}
        days = {known: day if known is None else known.isoformat() for known in joined}
        told = {
            "since": _object(
                f'"{key}":"{days[row.joined]}"' for key, row in zip(keys, rows, strict=True)
            ),
            "union": organisation,
            "at": micros(self.now),
        }
        self.session.do("roster.admit", told)
        self.session.do("roster.affiliate", told)
        self.session.do(
            "roster.log",
            {
                "persons": json.dumps(keys),
                "at": micros(self.now), "actor": who.id, "role": who.role.value,
                "node": who.organisation or 0, "purpose": who.purpose.value,
                "reason": f"import {run}",
            },
        )  # fmt: skip
