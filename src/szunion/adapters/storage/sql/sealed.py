"""Know every column that holds sealed values, and how it is brought under the present key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from szunion.adapters.storage.sql.blind import BlindIndex, documents_of
from szunion.adapters.storage.sql.sealed_person import person_of
from szunion.adapters.storage.sql.session import Session
from szunion.domain.access import Scope
from szunion.domain.people import Person
from szunion.domain.values import PersonId
from szunion.ports.keys import IndexField, Place, Vault
from szunion.ports.storage.sealed import Walk

COLUMNS: Final[Mapping[str, str]] = {
    "person": "sealed",
    "card": "token_sealed",
    "application": "mobile_sealed",
    "inbox_waiting": "sealed",
    "claim": "sealed",
    "wish": "words",
    "rights_request": "wanted",
    "referral": "sealed",
    "payee_name": "sealed",
}
"""Table and column of everything that is sealed; each has its three statements in sealed.sql."""


@frozen
class SqlSealedData:
    """What the keys have made, in SQL."""

    session: Session
    vault: Vault

    def columns(self) -> Sequence[str]:
        return [f"{table}.{column}" for table, column in COLUMNS.items()]

    def alone(self, scope: Scope) -> None:
        self.session.do("sealed.alone")

    def rows(self, scope: Scope, column: str) -> Mapping[int, int]:
        table = column.partition(".")[0]
        found: dict[int, int] = {}
        for head, count in self.session.all(f"sealed.keys_{table}"):
            key = self.vault.key_of(bytes(head))
            found[key] = found.get(key, 0) + count
        return found

    def reseal(self, scope: Scope, column: str, walk: Walk, most: int) -> Walk:
        table, _, name = column.partition(".")
        where = {"shard": walk.shard, "id": walk.id, "most": most}
        page = self.session.all(f"sealed.page_{table}", where)
        present = self.vault.sealing_key
        changed = 0
        for shard, id_, salt, sealed in page:
            if self.vault.key_of(sealed) == present:
                continue
            place = Place(table, shard, id_, name)
            plain = self.vault.open(place, sealed, salt=salt)
            new = self.vault.seal(place, plain, salt=salt)
            told = {"shard": shard, "id": id_, "old": sealed, "new": new}
            changed += self.session.do(f"sealed.put_{table}", told)
        return _further(walk, [row[:2] for row in page], changed, most)

    def filing_key(self, scope: Scope, field: IndexField) -> int:
        return BlindIndex(self.session, self.vault).filing_key(field)

    def file_under(self, scope: Scope, field: IndexField, key: int) -> None:
        self.session.do("sealed.file_under", {"field": field.value, "key": key})

    def reindex(self, scope: Scope, field: IndexField, walk: Walk, most: int) -> Walk:
        index = BlindIndex(self.session, self.vault)
        key = index.filing_key(field)
        where = {"shard": walk.shard, "id": walk.id, "most": most}
        page = self.session.all("sealed.page_person", where)
        changed = 0
        for shard, id_, salt, sealed in page:
            plain = self.vault.open(Place("person", shard, id_), sealed, salt=salt)
            person = person_of(PersonId(id_), plain, None, 0)
            changed += self._brought(index, field, person, key)
        return _further(walk, [row[:2] for row in page], changed, most)

    def _brought(self, index: BlindIndex, field: IndexField, person: Person, key: int) -> int:
        if field is IndexField.MOBILE:
            return 0 if person.mobile is None else index.bring_mobile(person.id, person.mobile, key)
        moved = 0
        for document in documents_of(person):
            blinds = dict(zip(self.vault.index_keys(field), index.documents(document), strict=True))
            moved += index.bring(document, blinds[key], key)
        return moved

    def walk(self, scope: Scope, name: str) -> Walk:
        row = self.session.one("sealed.walk", {"walk": name})
        if row is None:
            return Walk(name=name)
        shard, id_, seen, changed, ended = row
        return Walk(
            name=name, shard=shard, id=id_, seen=seen, changed=changed, ended=bool(ended)
        )  # fmt: skip

    def put_walk(self, scope: Scope, walk: Walk) -> None:
        self.session.do(
            "sealed.put_walk",
            {
                "walk": walk.name, "at": walk.shard, "id": walk.id, "seen": walk.seen,
                "changed": walk.changed, "ended": int(walk.ended),
            },
        )  # fmt: skip


def _further(walk: Walk, page: Sequence[tuple[int, int]], changed: int, most: int) -> Walk:
    shard, id_ = page[-1] if page else (walk.shard, walk.id)
    return evolve(
        walk, shard=shard, id=id_, seen=walk.seen + len(page), changed=walk.changed + changed,
        ended=len(page) < most,
    )  # fmt: skip
