"""Know how consents, people's requests about their data, and erasures are kept and gathered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.bank_words import WaiverUse
from szunion.domain.consent import ConsentWord
from szunion.domain.ratings import Rating
from szunion.domain.rights import Erasure, RequestState, RightsRequest
from szunion.domain.values import CardId, PersonId


class ConsentWords(Protocol):
    """What people answered: words are added, never changed; the present answer is a fold."""

    def add_many(self, scope: Scope, words: Iterable[ConsentWord]) -> None:
        """Keep words."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[ConsentWord]:
        """Return all words of a person, in their order."""
        ...

    def of_people(
        self, scope: Scope, people: Iterable[PersonId]
    ) -> Mapping[PersonId, Sequence[ConsentWord]]:
        """Return the words of many people; who has none is not in it: the bulk path."""
        ...


class RightsRequests(Protocol):
    """Requests of people about their own data."""

    def get(self, scope: Scope, request: int) -> RightsRequest | None:
        """Return a request; None: not there, or not within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[RightsRequest]:
        """Return a person's requests, oldest first."""
        ...

    def listed(
        self, scope: Scope, states: Iterable[RequestState], most: int
    ) -> Sequence[RightsRequest]:
        """Return requests within the scope, the most urgent first."""
        ...

    def add(self, scope: Scope, request: RightsRequest) -> None:
        """Keep a new request, sealed."""
        ...

    def put(self, scope: Scope, request: RightsRequest) -> None:
        """Keep a changed request; its ``version`` is the one that was read.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...


class Erasures(Protocol):
    """What was erased, and how: the journal, and the deeds themselves."""

    def get(self, scope: Scope, person: PersonId) -> Erasure | None:
        """Return what the journal says of a person."""
        ...

    def put(self, scope: Scope, erasure: Erasure) -> None:
        """Write a person into the journal, or anew after something kept ran out."""
        ...

    def journal(self, scope: Scope, after: PersonId, most: int) -> Sequence[Erasure]:
        """Return a page of the journal, by person."""
        ...

    def due(self, scope: Scope, day: date, most: int) -> Sequence[Erasure]:
        """Return those of whom something that was kept runs out by *day*."""
        ...

    def wipe(self, scope: Scope, person: PersonId, deeds: Iterable[str]) -> None:
        """Do to a person's rows what *deeds* name (``domain/erasing.py``), in that order."""
        ...

    def wipe_claims(self, scope: Scope, person: PersonId, claims: Iterable[int]) -> None:
        """Delete claims with the keys that they hold: what was not paid."""
        ...

    def keep_name(self, scope: Scope, person: PersonId, name: str, until: date) -> None:
        """Keep the name of who was paid apart, sealed under a salt of its own (凭证姓名)."""
        ...

    def name_of(self, scope: Scope, person: PersonId) -> tuple[str, date] | None:
        """Return the name that was kept apart, and until when."""
        ...

    def drop_name(self, scope: Scope, person: PersonId) -> None:
        """Destroy the name that was kept apart."""
        ...


class PersonFiles(Protocol):
    """What no other repository finds by person: for the own copy and the answer to an erasure."""

    def fee_waivers(self, scope: Scope, person: PersonId) -> Sequence[WaiverUse]:
        """Return what was free of fee for a person, by month."""
        ...

    def ratings(self, scope: Scope, person: PersonId) -> Sequence[Rating]:
        """Return a person's ratings, oldest first."""
        ...

    def plastic(self, scope: Scope, cards: Iterable[CardId]) -> Sequence[tuple[int, CardId, bool]]:
        """Return on which lists cards were, and whether they were there."""
        ...

    def counters(
        self, scope: Scope, cards: Iterable[CardId]
    ) -> Sequence[tuple[CardId, int, datetime | None]]:
        """Return how far cards have counted, and when that was told where it is known."""
        ...

    def merged(self, scope: Scope, person: PersonId) -> Sequence[PersonId]:
        """Return the files that were merged into a person's, and into those, by id."""
        ...

    def counts(self, scope: Scope, person: PersonId) -> Mapping[str, int]:
        """Return how many rows there are of a person, by table of the inventory."""
        ...
