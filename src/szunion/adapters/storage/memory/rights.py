"""Know how consents and people's requests about their own data are kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.consent import ConsentWord
from szunion.domain.rights import Erasure, RequestState, RightsRequest
from szunion.domain.values import PersonId


@define
class RightsTables:
    """Words of consent, requests, the journal, names kept apart."""

    words: Table[int, ConsentWord] = field(factory=lambda: Table("consent_word"))
    words_of: dict[PersonId, list[int]] = field(factory=dict)
    requests: Table[int, RightsRequest] = field(factory=lambda: Table("rights_request"))
    erasures: Table[PersonId, Erasure] = field(factory=lambda: Table("erasure"))
    names: Table[PersonId, tuple[str, date]] = field(factory=lambda: Table("payee_name"))


@frozen
class MemoryConsentWords:
    """What people answered, in memory."""

    tables: RightsTables
    undo: Undo

    def add_many(self, scope: Scope, words: Iterable[ConsentWord]) -> None:
        for word in words:
            self.tables.words.insert(self.undo, word.id, word)
            mine = self.tables.words_of.setdefault(word.person, [])
            mine.append(word.id)
            self.undo.append(mine.pop)

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[ConsentWord]:
        if scope.only_person not in {None, person}:
            return []
        return self._words(person)

    def _words(self, person: PersonId) -> list[ConsentWord]:
        found = (self.tables.words.get(id_) for id_ in self.tables.words_of.get(person, ()))
        return sorted((word for word in found if word is not None), key=lambda word: word.id)

    def of_people(
        self, scope: Scope, people: Iterable[PersonId]
    ) -> Mapping[PersonId, Sequence[ConsentWord]]:
        return {person: words for person in people if (words := self._words(person))}


@frozen
class MemoryRightsRequests:
    """Requests of people about their own data, in memory."""

    tables: RightsTables
    sight: Sight
    undo: Undo

    def get(self, scope: Scope, request: int) -> RightsRequest | None:
        found = self.tables.requests.get(request)
        return found if found is not None and self.sight.person(scope, found.person) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[RightsRequest]:
        if scope.only_person not in {None, person}:
            return []
        mine = (each for each in self.tables.requests if each.person == person)
        return sorted(mine, key=lambda each: each.id)

    def listed(
        self, scope: Scope, states: Iterable[RequestState], most: int
    ) -> Sequence[RightsRequest]:
        wanted = set(states)
        seen = [
            each
            for each in self.tables.requests
            if each.state in wanted and self.sight.person(scope, each.person)
        ]
        return sorted(seen, key=lambda each: (each.limit, each.id))[:most]

    def add(self, scope: Scope, request: RightsRequest) -> None:
        self.tables.requests.insert(self.undo, request.id, request)

    def put(self, scope: Scope, request: RightsRequest) -> None:
        check_version(self.tables.requests.get(request.id), request, "rights_request")
        new = evolve(request, version=request.version + 1)
        self.tables.requests.replace(self.undo, request.id, new)
