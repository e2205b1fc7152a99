"""Know under which keys documents and mobiles are looked up and filed while their index rotates.

Looked up is under every enabled key, the oldest first: rows only ever move from an older to the
filing key, so what moves in between is found at one of the two. Filed is under the key that the
store names; before that, what there is of the same document is brought under it, so that the
table's own key holds every document once, whoever files under whatever key.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from szunion.adapters.storage.sql.session import Session
from szunion.domain.identity import IdentityDocument, Mobile
from szunion.domain.people import Person
from szunion.domain.values import PersonId
from szunion.errors import KeysUnavailable
from szunion.ports.keys import IndexField, Vault


def document_key(document: IdentityDocument) -> str:
    """Return what the blind index of a document is made of: kind and number."""
    return f"{document.kind.value}:{document.number.plain()}"


def documents_of(person: Person) -> set[IdentityDocument]:
    """Return every document under which a person may be filed."""
    held = {each.document for each in person.documents}
    return held | {each.document for each in person.versions}


def shard_of_blind(blind: bytes) -> int:
    """Return the shard of an index row that stands apart from its person: its first 10 bits."""
    return int.from_bytes(blind[:2]) >> 6


@frozen
class BlindIndex:
    """The blind indexes of people in one transaction."""

    session: Session
    vault: Vault

    def filing_key(self, field: IndexField, *, held: bool = True) -> int:
        """Return the key under which is filed; *held*, it stays so until this transaction ends."""
        name = "sealed.filing_key" if held else "sealed.filing_key_seen"
        row = self.session.one(name, {"field": field.value})
        assert row is not None, "the schema names one"
        key = int(row[0])
        if key not in self.vault.index_keys(field) and not self.vault.refresh():
            raise KeysUnavailable("E-KEYS-001", version=key)
        return key

    def documents(self, document: IdentityDocument) -> Sequence[dict[str, object]]:
        """Return where *document* may be filed, in the order of looking."""
        field, text = IndexField.DOCUMENT, document_key(document)
        shard, index = self.vault.route(document.number.plain()), self.vault.index
        keys = self.vault.index_keys(field)
        return [{"shard": shard, "blind": index(field, text, key=key)} for key in keys]

    def filed(self, document: IdentityDocument) -> dict[str, object]:
        """Return where *document* is filed, having brought there what there is of it."""
        key = self.filing_key(IndexField.DOCUMENT)
        text, index = document_key(document), self.vault.index
        new = index(IndexField.DOCUMENT, text, key=key)
        where = {"shard": self.vault.route(document.number.plain()), "blind": new}
        self.bring(document, where, key)
        return where

    def bring(self, document: IdentityDocument, where: dict[str, object], key: int) -> int:
        """Bring what is filed of *document* under another key to *where*; return how many rows."""
        text, field, moved = document_key(document), IndexField.DOCUMENT, 0
        for other in self.vault.index_keys(field):
            if other != key:
                old = self.vault.index(field, text, key=other)
                moved += self.session.do("sealed.move_document", {**where, "old": old})
        return moved

    def mobiles(self, mobile: Mobile) -> Sequence[dict[str, object]]:
        """Return where *mobile* may be filed, in the order of looking."""
        keys = self.vault.index_keys(IndexField.MOBILE)
        return [self.mobile(mobile, key) for key in keys]

    def mobile(self, mobile: Mobile, key: int) -> dict[str, object]:
        """Return where *mobile* is filed under *key*."""
        blind = self.vault.index(IndexField.MOBILE, mobile.plain(), key=key)
        return {"shard": shard_of_blind(blind), "blind": blind}

    def bring_mobile(self, person: PersonId, mobile: Mobile, key: int) -> int:
        """Bring a person's *mobile* from other keys to *key*; return how many rows."""
        moved = 0
        for other in self.vault.index_keys(IndexField.MOBILE):
            if other == key:
                continue
            old = self.mobile(mobile, other)
            gone = self.session.do("person.drop_mobile", {**old, "person": person})
            if gone:  # the shard follows from the index: it is another row in another place
                where = self.mobile(mobile, key)
                self.session.do("person.add_mobile", (*where.values(), person))
                moved += gone
        return moved
