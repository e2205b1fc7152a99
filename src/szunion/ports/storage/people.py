"""Know how people are kept, and found by a document or a mobile number without either in plain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from attrs import frozen

from szunion.domain.access import Scope
from szunion.domain.identity import Gender, IdentityDocument, Mobile
from szunion.domain.members import Membership
from szunion.domain.people import Person
from szunion.domain.values import OrganisationId, PersonId
from szunion.ports.keys import IndexField

IndexEntry: TypeAlias = tuple[bytes, PersonId]
"""A token and whose it is (索引项): equal tokens are equal values, and a token says no more."""


@frozen(kw_only=True)
class QuarantineSource:
    """Where a file in quarantine comes from: a union, and a line of an import (0: no import)."""

    organisation: OrganisationId
    import_id: int = 0
    line: int = 0


@frozen(kw_only=True)
class Quarantined:
    """A file in quarantine and the one whose document it names (待核重复)."""

    person: PersonId
    on_file: PersonId
    source: QuarantineSource
    recorded: datetime


class People(Protocol):
    """The people of a city: each row sealed, found by keyed blind index.

    Somebody is within a scope through the union in charge of the newest membership; a file
    without any membership is the city's alone.
    """

    def get(self, scope: Scope, person: PersonId) -> Person | None:
        """Return a person; None: not there, or not within the scope."""
        ...

    def many(self, scope: Scope, persons: Iterable[PersonId]) -> Sequence[Person]:
        """Return those of *persons* who are within the scope, by id: the bulk path."""
        ...

    def genders(
        self, scope: Scope, persons: Iterable[PersonId]
    ) -> Mapping[PersonId, Gender | None]:
        """Return the sex that each person's present document says: the bulk path."""
        ...

    def mobiles(
        self, scope: Scope, persons: Iterable[PersonId]
    ) -> Mapping[PersonId, Mobile | None]:
        """Return where each person is reached, and open nothing else of them: the bulk path."""
        ...

    def find(self, scope: Scope, document: IdentityDocument) -> PersonId | None:
        """Return who holds *document*, within the scope."""
        ...

    def with_document(
        self, scope: Scope, document: IdentityDocument
    ) -> tuple[Person, Membership | None] | None:
        """Return the file of whom :meth:`find` finds, and the newest membership: one question."""
        ...

    def on_file(self, scope: Scope, document: IdentityDocument) -> Person | None:
        """Return the file of who holds *document* in the whole city.

        For deciding alone: an officer must not learn from it that somebody is a member elsewhere.
        """
        ...

    def by_mobile(self, scope: Scope, mobile: Mobile) -> Sequence[PersonId]:
        """Return the people within the scope who gave *mobile*: a number is no identity."""
        ...

    def entries(
        self, scope: Scope, field: IndexField, after: IndexEntry | None, most: int
    ) -> Sequence[IndexEntry]:
        """Return the next page of an index of people, by token and person: for the city alone.

        Stores with the same keys give equal values the same token, so what two of them have in
        common is found without opening anything. Of a document only who is on file with it.

        Args:
            scope: Of the whole city; nothing is there for another.
            field: Documents or mobiles.
            after: The last entry of the page before; None: from the beginning.
            most: So many at most; fewer only at the end.
        """
        ...

    def add(self, scope: Scope, person: Person) -> None:
        """Keep a new person, sealed, with documents and mobile in the blind indexes.

        Raises:
            Conflict: a document is on file for somebody else (E-STORE-004).
        """
        ...

    def add_in_quarantine(
        self, scope: Scope, person: Person, on_file: PersonId, source: QuarantineSource
    ) -> None:
        """Keep a file whose document is on file for somebody else, until the city has decided.

        It behaves as any new file does; the documents keep pointing to who was there before.
        """
        ...

    def quarantined(self, scope: Scope) -> Sequence[Quarantined]:
        """Return the files in quarantine that the city has not resolved: for the city alone."""
        ...

    def resolve_quarantine(self, scope: Scope, person: PersonId) -> None:
        """Note that the city has decided on a file in quarantine."""
        ...

    def put(self, scope: Scope, person: Person) -> None:
        """Keep a changed person; its ``version`` is the one that was read.

        Documents that are new get into the index; none is taken out, for answers to what was sent
        with an old one must still find their way. Of a merged person all point to the survivor.

        Raises:
            Conflict: somebody else was faster (E-STORE-008), or a document is on file for
                somebody else (E-STORE-004).
        """
        ...

    def destroy_key(self, scope: Scope, person: PersonId) -> int:
        """Destroy the key of a person's file, and of each file merged into it (销毁密钥).

        What was sealed with it opens for nobody again, in no copy of the row; documents and mobile
        are out of the indexes. Of each document a tombstone stays, made with a key of its own
        (:meth:`erased`). Memberships, cards and money keep their pseudonym, the person's id.

        Returns:
            How many files were destroyed; 0: there was none left.
        """
        ...

    def erased(self, scope: Scope, document: IdentityDocument) -> Sequence[PersonId]:
        """Return the ids under which somebody with *document* was erased, oldest first.

        For deciding alone, such as about a second pack (防止重复领取): nothing else can be learned
        from a tombstone, and nothing at all once its key is destroyed.
        """
        ...

    def erased_many(
        self, scope: Scope, people: Sequence[Person]
    ) -> Mapping[PersonId, Sequence[PersonId]]:
        """Return the same of everybody's documents, by the present id; who has none is not in it.

        The bulk path: for deciding alone.
        """
        ...
