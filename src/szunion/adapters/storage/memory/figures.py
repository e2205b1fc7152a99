"""Know how members, cards, activations and uses are counted in memory: person by person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.services import ServiceTables
from szunion.domain.access import Scope
from szunion.domain.bank import BankEvent
from szunion.domain.card_files import KeptCard
from szunion.domain.city_time import CITY_TIME
from szunion.domain.holds import Hold
from szunion.domain.identity import Gender
from szunion.domain.members import Membership, MembershipState
from szunion.domain.values import OrganisationId, PersonId, shard_of
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.figures import CardShape, MonthCount, Shape

_OPEN: Final = frozenset(
    {MembershipState.APPLIED, MembershipState.ACTIVE, MembershipState.RETAINED}
)
_ALL: Final = range(1 << 10)


@frozen
class MemoryFigures:
    """Counts over many members, in memory."""

    work: UnitOfWork
    sight: Sight
    services: ServiceTables

    def _members(self, scope: Scope, shards: range) -> Iterator[Membership]:
        newest: dict[PersonId, Membership] = {}
        for row in self.sight.tables.memberships:
            known = newest.get(row.person)
            if shard_of(row.person) in shards and (known is None or row.id > known.id):
                newest[row.person] = row
        for row in sorted(newest.values(), key=lambda each: each.person):
            if row.state in _OPEN and self.sight.union(scope, row.organisation):
                yield row

    def _card(self, scope: Scope, row: Membership, programme: str) -> KeptCard | None:
        return self.work.cards.current(scope, row.person, programme)

    def _shapes(
        self, scope: Scope, programme: str, shards: range
    ) -> Iterator[tuple[Membership, Shape, Sequence[Hold]]]:
        for row in self._members(scope, shards):
            kept, shape = self._card(scope, row, programme), None
            if kept is not None:
                card = kept.card
                shape = CardShape(
                    card.bank.state, card.bank.contradictory, card.union.state, card.union.reason
                )
            holds = kept.card.open_holds if kept is not None else ()
            by_id = sorted(holds, key=lambda hold: hold.id)
            yield row, Shape(row.organisation, row.state, row.reason, shape), by_id

    def shapes(self, scope: Scope, programme: str, shards: range) -> Sequence[tuple[Shape, int]]:
        found = Counter(
            shape for _, shape, holds in self._shapes(scope, programme, shards) if not holds
        )
        return list(found.items())

    def held(
        self, scope: Scope, programme: str, shards: range
    ) -> Sequence[tuple[PersonId, Shape, Hold]]:
        return [
            (row.person, shape, hold)
            for row, shape, holds in self._shapes(scope, programme, shards)
            for hold in holds
        ]

    def each(
        self, scope: Scope, programme: str, unions: Iterable[OrganisationId]
    ) -> Iterator[tuple[PersonId, Shape, Hold | None]]:
        wanted = set(unions)
        for union in self.work.organisations.all(scope):
            if union.id not in wanted:
                continue
            for row, shape, holds in self._shapes(scope, programme, _ALL):
                if row.organisation == union.id:
                    yield from ((row.person, shape, hold) for hold in holds or (None,))

    def shapes_by_gender(
        self, scope: Scope, programme: str, shards: range
    ) -> Sequence[tuple[Shape, Gender | None, int]]:
        found: Counter[tuple[Shape, Gender | None]] = Counter()
        for row, shape, holds in self._shapes(scope, programme, shards):
            if not holds:
                genders = dict(self.work.people.genders(scope, [row.person]))
                found[shape, genders.get(row.person)] += 1
        return [(*alike, count) for alike, count in found.items()]

    def activations(self, scope: Scope, programme: str, shards: range) -> Sequence[MonthCount]:
        found: Counter[tuple[OrganisationId, int, int]] = Counter()
        for row in self._members(scope, shards):
            kept = self._card(scope, row, programme)
            told = [
                fact.effective
                for fact in (self.work.cards.facts(scope, kept.id) if kept is not None else ())
                if fact.event is BankEvent.ACTIVATED
            ]
            if told:
                found[row.organisation, *_month(min(told))] += 1
        return _counts(found)

    def uses(self, scope: Scope, shards: range) -> Sequence[MonthCount]:
        members = {row.person: row.organisation for row in self._members(scope, shards)}
        records = list(self.services.participations)
        corrected = {each.corrects for each in records}
        found: Counter[tuple[OrganisationId, int, int]] = Counter()
        for each in records:
            if each.person in members and each.corrects is None and each.id not in corrected:
                found[members[each.person], *_month(each.at)] += 1
        return _counts(found)


def _month(at: datetime) -> tuple[int, int]:
    there = at.astimezone(CITY_TIME)
    return there.year, there.month


def _counts(found: Mapping[tuple[OrganisationId, int, int], int]) -> list[MonthCount]:
    return [MonthCount(*place, count) for place, count in sorted(found.items())]
