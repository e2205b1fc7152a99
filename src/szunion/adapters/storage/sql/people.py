"""Know how people are kept in SQL: sealed rows, salts apart, blind indexes beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from szunion.adapters.storage.sql.blind import BlindIndex, document_key, documents_of
from szunion.adapters.storage.sql.members import membership_of
from szunion.adapters.storage.sql.sealed_person import (
    gender_in,
    mobiles_in,
    person_of,
    plain_bytes,
)
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.adapters.storage.sql.within import within
from szunion.domain.access import Scope, WholeCity
from szunion.domain.identity import Gender, IdentityDocument, Mobile
from szunion.domain.members import Membership
from szunion.domain.people import Person
from szunion.domain.values import OrganisationId, PersonId, shard_of
from szunion.errors import Conflict, StorageError
from szunion.ports.keys import IndexField, Place, Vault
from szunion.ports.storage.people import IndexEntry, Quarantined, QuarantineSource
from szunion.ports.storage.races import lost_race

TABLE = "person"


_SALT: Final = 3
"""Where in a row the salt is; whose is destroyed has no file any more."""
_FILE: Final = 6
"""How many columns of a row are the file; a membership, where there is one, comes after it."""

_OF_SHARD: Final = 2
"""Bytes of a token that say where it lies; the blind index follows."""
_FIRST: Final = (-1).to_bytes(_OF_SHARD, signed=True)
"""Before every token, by the place that it names."""
_IN_ORDER: Final[Mapping[IndexField, str]] = {
    IndexField.DOCUMENT: "person.documents_in_order",
    IndexField.MOBILE: "person.mobiles_in_order",
}


@frozen
class SqlPeople:
    """The people of a city in SQL."""

    session: Session
    vault: Vault
    now: datetime

    def get(self, scope: Scope, person: PersonId) -> Person | None:
        row = self.session.one(
            "person.get", {"shard": shard_of(person), "person": person, **within(scope)}
        )
        return None if row is None else self._person(row)

    def many(self, scope: Scope, persons: Iterable[PersonId]) -> Sequence[Person]:
        wanted = json.dumps(list(persons))
        rows = self.session.all("person.many", {"persons": wanted, **within(scope)})
        return [self._person(row) for row in rows]

    def _person(self, row: Row) -> Person:
        shard, id_, sealed, salt, merged_into, version = row
        if sealed is None:
            raise StorageError("E-KEYS-002", table=TABLE)
        plain = self.vault.open(Place(TABLE, shard, id_), sealed, salt=salt)
        survivor = None if merged_into is None else PersonId(merged_into)
        return person_of(PersonId(id_), plain, survivor, version)

    def _member(self, row: Row) -> tuple[Person, Membership | None]:
        filed, membership = row[:_FILE], row[_FILE:]
        return self._person(filed), None if membership[0] is None else membership_of(membership)

    @property
    def _blind(self) -> BlindIndex:
        return BlindIndex(self.session, self.vault)

    def genders(
        self, scope: Scope, persons: Iterable[PersonId]
    ) -> Mapping[PersonId, Gender | None]:
        found = self._plains(scope, persons)
        return {person: gender_in(plain) for person, plain in found.items()}

    def mobiles(
        self, scope: Scope, persons: Iterable[PersonId]
    ) -> Mapping[PersonId, Mobile | None]:
        found = self._plains(scope, persons)
        return dict(zip(found, mobiles_in(found.values()), strict=True))

    def _plains(self, scope: Scope, persons: Iterable[PersonId]) -> Mapping[PersonId, bytes]:
        """Return what was sealed of each of *persons*, where there is anything."""
        wanted = json.dumps(list(persons))
        rows = self.session.all("person.sealed", {"persons": wanted, **within(scope)})
        plains = self.vault.open_many(TABLE, rows)
        return {PersonId(row[0]): plain for row, plain in zip(rows, plains, strict=True)}

    def find(self, scope: Scope, document: IdentityDocument) -> PersonId | None:
        reach = within(scope)
        for where in self._blind.documents(document):
            row = self.session.one("person.by_document", where | reach)
            if row is not None:
                return PersonId(row[0])
        # Perhaps it stands under a key that came after ours were read.
        return self.find(scope, document) if self.vault.refresh() else None

    def with_document(
        self, scope: Scope, document: IdentityDocument
    ) -> tuple[Person, Membership | None] | None:
        reach = within(scope)
        for where in self._blind.documents(document):
            row = self.session.one("person.with_document", where | reach)
            if row is not None:
                return None if row[_SALT] is None else self._member(row)
        return self.with_document(scope, document) if self.vault.refresh() else None

    def on_file(self, scope: Scope, document: IdentityDocument) -> Person | None:
        for where in self._blind.documents(document):
            row = self.session.one("person.on_file", where)
            if row is not None:
                return self._person(row)
        return self.on_file(scope, document) if self.vault.refresh() else None

    def by_mobile(self, scope: Scope, mobile: Mobile) -> Sequence[PersonId]:
        self.vault.refresh()
        reach = within(scope)
        found = {
            PersonId(id_)
            for where in self._blind.mobiles(mobile)
            for (id_,) in self.session.all("person.by_mobile", where | reach)
        }
        return sorted(found)

    def entries(
        self, scope: Scope, field: IndexField, after: IndexEntry | None, most: int
    ) -> Sequence[IndexEntry]:
        token, person = after or (_FIRST, PersonId(0))
        asked = {
            "shard": int.from_bytes(token[:_OF_SHARD], signed=True), "blind": token[_OF_SHARD:],
            "person": person, "most": most, "whole": isinstance(scope.reach, WholeCity),
        }  # fmt: skip
        rows = self.session.all(_IN_ORDER[field], asked)
        return [
            (int(shard).to_bytes(_OF_SHARD, signed=True) + blind, PersonId(id_))
            for shard, blind, id_ in rows
        ]

    def add(self, scope: Scope, person: Person) -> None:
        self._add_row(person)
        self._index(person, None)

    def add_in_quarantine(
        self, scope: Scope, person: Person, on_file: PersonId, source: QuarantineSource
    ) -> None:
        self._add_row(person)
        for held in person.documents:
            key = self._blind.filed(held.document)
            row = self.session.one("person.next_rank", key)
            assert row is not None
            self.session.do("person.add_document", (*key.values(), row[0], person.id))
        if person.mobile is not None:
            self._add_mobile(person.id, person.mobile)
        self.session.do(
            "person.add_in_quarantine",
            (
                shard_of(person.id), person.id, on_file, source.organisation, source.import_id,
                source.line, micros(self.now),
            ),
        )  # fmt: skip

    def quarantined(self, scope: Scope) -> Sequence[Quarantined]:
        return [
            Quarantined(
                person=PersonId(person), on_file=PersonId(on_file), recorded=moment(recorded),
                source=QuarantineSource(
                    organisation=OrganisationId(union), import_id=import_id, line=line
                ),
            )
            for person, on_file, union, import_id, line, recorded in self.session.all(
                "person.quarantined", {"whole": isinstance(scope.reach, WholeCity)}
            )
        ]  # fmt: skip

    def resolve_quarantine(self, scope: Scope, person: PersonId) -> None:
        key = {"shard": shard_of(person), "person": person, "at": micros(self.now)}
        self.session.do("person.resolve_quarantine", key)

    def _add_row(self, person: Person) -> None:
        shard, salt = shard_of(person.id), self.vault.salt()
        sealed = self.vault.seal(Place(TABLE, shard, person.id), plain_bytes(person), salt=salt)
        row = (shard, person.id, sealed, person.merged_into, person.version)
        self.session.do("person.add", row)
        self.session.do("person.add_salt", (shard, person.id, salt))

    def put(self, scope: Scope, person: Person) -> None:
        shard = shard_of(person.id)
        row = self.session.one("person.row", {"shard": shard, "person": person.id})
        if row is None:
            raise lost_race(TABLE, person.version)
        old, salt = self._person(row), row[3]
        place = Place(TABLE, shard, person.id)
        self.session.put(
            "person.put",
            {
                "shard": shard, "person": person.id, "version": person.version,
                "sealed": self.vault.seal(place, plain_bytes(person), salt=salt),
                "merged_into": person.merged_into,
            },
            TABLE,
        )  # fmt: skip
        self._index(person, old)

    def _index(self, person: Person, old: Person | None) -> None:
        known = {held.document for held in old.documents} if old else set()
        for held in person.documents:
            if held.document not in known:
                key = self._blind.filed(held.document)
                self._tell_new_form(person.id, held.document)
                if old is None:  # as much as a file in quarantine asks for
                    self.session.one("person.next_rank", key)
                row = {**key, "person": person.id}
                kept = self.session.do("person.keep_document", row)
                if not kept:  # it is somebody else's, unless that is whom this person took in
                    kept = self.session.do("person.inherit_document", row)
                if kept != 1:
                    raise Conflict("E-STORE-004", constraint="UNIQUE(person_document.blind)")
                self.session.do("roster.add_kind", (held.document.kind.value,))
        before = old.mobile if old else None
        if before is not None and before != person.mobile:
            self._drop_mobile(person.id, before)
        if person.mobile is not None and person.mobile != before:
            self._add_mobile(person.id, person.mobile)

    def _tell_new_form(self, person: PersonId, document: IdentityDocument) -> None:
        """Stand for a moment where the new form of an old number is filed.

        Chunks of a roster that are written beside others are told by keys alone who is filed
        meanwhile, and the forms of a number are two keys. So whoever files the new one waits for
        us and looks for the old one afterwards, or has been first, and we decide again.
        """
        new = document.successor()
        if new is not None:
            where = {**self._blind.filed(new), "person": person}
            if self.session.do("person.stand_for", where):
                self.session.do("person.stand_aside", where)

    def _add_mobile(self, person: PersonId, mobile: Mobile) -> None:
        index = self._blind
        where = index.mobile(mobile, index.filing_key(IndexField.MOBILE))
        self.session.do("person.add_mobile", (*where.values(), person))

    def _drop_mobile(self, person: PersonId, mobile: Mobile) -> None:
        index = self._blind
        index.filing_key(IndexField.MOBILE)  # so that every key is known that it may stand under
        for where in index.mobiles(mobile):
            self.session.do("person.drop_mobile", {**where, "person": person})

    def destroy_key(self, scope: Scope, person: PersonId) -> int:
        merged = self.session.all("person.merged", {"person": person})
        below = sum(self.destroy_key(scope, PersonId(each)) for (each,) in merged)
        where = {"shard": shard_of(person), "person": person}
        row = self.session.one("person.row", where)
        if row is None:
            return below
        old = self._person(row)
        for document in documents_of(old):
            key = self._blind.filed(document)
            stone = self.vault.tombstone(document_key(document))
            self.session.do("person.add_tombstone", (key["shard"], person, stone, micros(self.now)))
            self.session.do("person.drop_document", {**key, "person": person})
            self.session.do("person.move_up", key)
        if old.mobile is not None:
            self._drop_mobile(person, old.mobile)
        self.session.do("person.drop_salt", where)
        self.session.do("person.drop_sealed", where)
        return below + 1

    def erased(self, scope: Scope, document: IdentityDocument) -> Sequence[PersonId]:
        where = {"shard": self.vault.route(document.number.plain())}
        text = document_key(document)
        return [
            PersonId(id_)
            for stone, id_ in self.session.all("person.tombstones", where)
            if self.vault.remembers(stone, text)
        ]

    def erased_many(
        self, scope: Scope, people: Sequence[Person]
    ) -> Mapping[PersonId, Sequence[PersonId]]:
        texts = [
            (self.vault.route(held.document.number.plain()), document_key(held.document), each.id)
            for each in people
            for held in each.documents
        ]
        shards = json.dumps(sorted({shard for shard, _, _ in texts}))
        stones: dict[int, list[tuple[bytes, int]]] = {}
        for shard, stone, id_ in self.session.all("person.tombstones_in", {"shards": shards}):
            stones.setdefault(shard, []).append((stone, id_))
        found: dict[PersonId, list[PersonId]] = {}
        for shard, text, person in texts if stones else ():
            for stone, id_ in stones.get(shard, ()):
                if self.vault.remembers(stone, text):
                    found.setdefault(person, []).append(PersonId(id_))
        return found
