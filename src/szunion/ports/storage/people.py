"""Know how people are kept, and found by a document or a mobile number without either in plain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.identity import IdentityDocument, Mobile
from szunion.domain.people import Person
from szunion.domain.values import PersonId


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

    def find(self, scope: Scope, document: IdentityDocument) -> PersonId | None:
        """Return who holds *document*, within the scope."""
        ...

    def on_file(self, scope: Scope, document: IdentityDocument) -> PersonId | None:
        """Return who holds *document* in the whole city.

        For deciding alone: an officer must not learn from it that somebody is a member elsewhere.
        """
        ...

    def by_mobile(self, scope: Scope, mobile: Mobile) -> Sequence[PersonId]:
        """Return the people within the scope who gave *mobile*: a number is no identity."""
        ...

    def add(self, scope: Scope, person: Person) -> None:
        """Keep a new person, sealed, with documents and mobile in the blind indexes.

        Raises:
            Conflict: a document is on file for somebody else (E-STORE-004).
        """
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
