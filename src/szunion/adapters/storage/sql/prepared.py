"""Know what a chunk of a roster takes before the store is asked: ids, indexes, sealed files.

All of it is computed outside of the transaction, and written as the engine takes it: the
transaction then holds its locks for as long as the database works and no longer. It is computed
for every row, also for one that will turn out to be on file: a few microseconds, for which no
transaction seals while others wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from struct import iter_unpack
from typing import Any, Final, Self, TypeAlias

from attrs import evolve, fields, frozen

from szunion.adapters.storage.sql.sealed_person import new_plains
from szunion.adapters.storage.sql.times import micros
from szunion.domain.documents import DocumentKind, leading
from szunion.domain.roster_rows import PlainRow
from szunion.ports.keys import IndexField, Vault
from szunion.ports.system import Ids

_OLD_FORM: Final = 15
"""Digits of a resident's number in its old form."""

ON_FILE: Final = "roster.on_file"

Packs: TypeAlias = Callable[[str, Mapping[str, Sequence[Any]]], dict[str, object]]
"""Writes columns as an engine's statement takes them: :meth:`…sql.session.Session.packed`."""


@frozen
class _Columns:
    """Columns of one length, in the order of a key."""

    places: Sequence[int]
    """Where each stands among the rows of the chunk."""
    keys: Sequence[int]
    """The person's id."""

    def only(self, positions: Sequence[int]) -> Self:
        """Return the columns of those rows alone, in the same order."""
        wanted = frozenset(positions)
        if wanted.issuperset(self.places):
            return self
        kept = [at for at, place in enumerate(self.places) if place in wanted]
        names = [each.name for each in fields(type(self))]
        return evolve(
            self, **{name: [getattr(self, name)[at] for at in kept] for name in names}
        )  # fmt: skip


@frozen
class PeopleColumns(_Columns):
    """What is filed of every person, by id."""

    salts: Sequence[bytes]
    sealed: Sequence[bytes]


@frozen
class IndexColumns(_Columns):
    """Where documents are filed, or mobiles of those who gave one, in the order of their index.

    Two chunks that hold the same people meet at the first of them, and wait at no two places.
    """

    shards: Sequence[int]
    blinds: Sequence[bytes]


Filing: TypeAlias = Mapping[str, Mapping[str, object]]
"""Statements that file people, in their order, and the parameters of each."""


def filing(
    pack: Packs, people: PeopleColumns, documents: IndexColumns, mobiles: IndexColumns
) -> Filing:
    """Return what files these people."""
    keys = people.keys
    columns: Mapping[str, Mapping[str, Sequence[Any]]] = {
        "roster.file_people": {"person": keys, "sealed": people.sealed},
        "roster.file_salts": {"person": keys, "salt": people.salts},
        "roster.file_documents": {
            "person": documents.keys, "shard": documents.shards, "blind": documents.blinds,
        },
        "roster.file_mobiles": {
            "person": mobiles.keys, "shard": mobiles.shards, "blind": mobiles.blinds,
        },
    }  # fmt: skip
    return {name: pack(name, each) for name, each in columns.items()}


@frozen
class PreparedRows:
    """A chunk of rows, ready to be looked up and filed."""

    rows: Sequence[PlainRow]
    texts: Sequence[str]
    """What the index of each document is made of."""
    shards: Sequence[int]
    blinds: Sequence[bytes]
    ids: Sequence[int]
    """What each will be called if it is new."""
    people: PeopleColumns
    documents: IndexColumns
    mobiles: IndexColumns
    sealing: int
    """The key under which the files are sealed."""
    keys: tuple[int, int]
    """The keys of the indexes: of documents, of mobiles."""
    pack: Packs
    wanted: Mapping[str, object]
    """What asks who holds these documents."""
    filing: Filing
    """What files all of them, as if each were new."""

    def filed(self, positions: Sequence[int]) -> Filing:
        """Return what files those that are new: nearly always it is ready."""
        if len(positions) == len(self.rows):
            return self.filing
        parts = (self.documents.only(positions), self.mobiles.only(positions))
        return filing(self.pack, self.people.only(positions), *parts)


@frozen
class RowPreparer:
    """Prepares chunks; holds no connection, and may do it in any thread."""

    vault: Vault
    ids: Ids
    keys: tuple[int, int]
    pack: Packs

    def __call__(self, rows: Sequence[PlainRow], at: datetime, /) -> PreparedRows:
        """See :class:`szunion.ports.storage.imports.Prepares`."""
        usual, before = DocumentKind.RESIDENT, f"{DocumentKind.RESIDENT.value}:"
        texts = [
            before + row.number if row.kind is usual else f"{row.kind.value}:{row.number}"
            for row in rows
        ]
        shards = self.vault.route_many([row.number for row in rows])
        blinds = self.vault.index_many(IndexField.DOCUMENT, texts, key=self.keys[0])
        ids = self.ids.many(self._homes(rows, shards))
        people = self._people(rows, ids, at)
        documents, mobiles = _documents(ids, shards, blinds), self._mobiles(rows, ids)
        return PreparedRows(
            rows=rows, texts=texts, shards=shards, blinds=blinds, ids=ids, people=people,
            documents=documents, mobiles=mobiles, keys=self.keys, pack=self.pack,
            wanted=self.pack(ON_FILE, {"shard": shards, "blind": blinds}),
            filing=filing(self.pack, people, documents, mobiles),
            sealing=self.vault.key_of(people.sealed[0]) if rows else self.vault.sealing_key,
        )  # fmt: skip

    def _homes(self, rows: Sequence[PlainRow], shards: Sequence[int]) -> list[int]:
        """Return the shard of each new file: of its number's, but for the old form of one."""
        homes = list(shards)
        for place, row in enumerate(rows):
            if len(row.number) == _OLD_FORM:
                homes[place] = self.vault.route(leading(row.number))
        return homes

    def _people(self, rows: Sequence[PlainRow], ids: Sequence[int], at: datetime) -> PeopleColumns:
        order = sorted(range(len(ids)), key=ids.__getitem__)
        keys = [ids[place] for place in order]
        salts = self.vault.salts(len(rows))
        plains = new_plains([rows[place] for place in order], micros(at))
        return PeopleColumns(
            places=order, keys=keys, salts=salts,
            sealed=self.vault.seal_many("person", keys, salts, plains),
        )  # fmt: skip

    def _mobiles(self, rows: Sequence[PlainRow], ids: Sequence[int]) -> IndexColumns:
        reached = [place for place, row in enumerate(rows) if row.mobile]
        texts = [mobile for row in rows if (mobile := row.mobile)]
        blinds = self.vault.index_many(IndexField.MOBILE, texts, key=self.keys[1])
        # In the order of the index, which begins with the shard.
        order = sorted(range(len(blinds)), key=blinds.__getitem__)
        blinds = [blinds[at] for at in order]
        places = [reached[at] for at in order]
        return IndexColumns(
            places=places, keys=[ids[place] for place in places], blinds=blinds,
            shards=[first >> 6 for (first,) in iter_unpack(">H14x", b"".join(blinds))],
        )  # fmt: skip


def _documents(ids: Sequence[int], shards: Sequence[int], blinds: Sequence[bytes]) -> IndexColumns:
    order = sorted(range(len(ids)), key=blinds.__getitem__)
    order.sort(key=shards.__getitem__)
    return IndexColumns(
        places=order, keys=[ids[place] for place in order],
        shards=[shards[place] for place in order], blinds=[blinds[place] for place in order],
    )  # fmt: skip
