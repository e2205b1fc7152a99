"""Know for all members at once whether each may use one service, and why not (资格普查).

The store counts members by what decides; the rule is applied to each such group, so a city of
millions asks it a few thousand times. It is the same rule that answers for one person, and the
sweep says of everybody what that answer says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Final

from attrs import evolve, field, frozen

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.application.side_by_side import in_parts
from szunion.application.standing import Standing, least_level, needs_card
from szunion.domain import use
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.catalogue import ServiceItem
from szunion.domain.eligibility import ineligible
from szunion.domain.holds import Hold
from szunion.domain.identity import Gender
from szunion.domain.values import SHARDS, OrganisationId, PersonId
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.figures import Shape
from szunion.text import Text

_PART: Final = 16
"""Shards of one part: a hundred thousand members of a large city."""
_UNIONS: Final = 64
_PAGE: Final = 2_000
_NO_CARD: Final = Text("没有当前卡", "no current card")


@frozen
class Tally:
    """How many members of one union may, and how many not (工会小计)."""

    members: int = 0
    entitled: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(self.members + other.members, self.entitled + other.entitled)


@frozen(kw_only=True)
class Swept:
    """What a sweep has found so far (普查结果); it goes on from here."""

    item: str
    shards: int = 0
    """Members of the shards below this are counted; :data:`SHARDS`: all."""
    unions: Mapping[OrganisationId, Tally] = field(factory=dict)
    reasons: Mapping[Text, int] = field(factory=dict)
    """How many members each reason stands against; one member may have several."""

    @property
    def done(self) -> bool:
        """Whether everybody is counted."""
        return self.shards >= SHARDS

    @property
    def whole(self) -> Tally:
        """The sum over all unions."""
        each = self.unions.values()
        return Tally(sum(one.members for one in each), sum(one.entitled for one in each))


@frozen(kw_only=True)
class Judged:
    """One member's answer, for a list."""

    person: PersonId
    organisation: OrganisationId
    against: tuple[Text, ...]
    """Everything that stands against it; empty: entitled."""


def reasons_of(standing: Standing) -> tuple[Text, ...]:
    """Return the reasons of a standing in words, each once, in a fixed order."""
    card = sorted({why.text for why in standing.card}, key=lambda text: text.en)
    none = (_NO_CARD,) if standing.no_card else ()
    return (*(why.text for why in standing.item), *none, *card)


@frozen
class Sweeps:
    """Who of all members may use a service (资格普查台)."""

    office: Office
    by: Principal

    def count(
        self,
        item: str,
        *,
        since: Swept | None = None,
        on_part: Callable[[Swept], object] | None = None,
    ) -> Swept:
        """Count the members within reach who may use *item*, and what stands against the others.

        Each part of the shards is one look. A person never changes shards, so nobody is counted
        twice, whatever moves meanwhile.

        Args:
            item: The item of the menu.
            since: What an earlier run had found when it was stopped: this one goes on from there.
            on_part: Called with what is found after each part.

        Raises:
            NotFound: the menu has no such item (E-SERVICE-002).
            Conflict: *since* is about another item (E-SERVICE-010).
        """
        wanted = self.office.catalogue.offered(item)
        found = since or Swept(item=item)
        if found.item != item:
            raise Conflict("E-SERVICE-010", current=found.item, allowed=(item,), item=found.item)
        parts = [
            range(first, min(first + _PART, SHARDS)) for first in range(found.shards, SHARDS, _PART)
        ]
        for part in in_parts(
            self.office.storage, lambda work, shards: self._part(work, wanted, shards), parts
        ):
            found = _and(found, part)
            if on_part is not None:
                on_part(found)
        return found

    def listed(self, item: str) -> Iterator[Judged]:
        """Yield the answer for every member within reach, by union in the order of the tree.

        Raises:
            NotFound: the menu has no such item (E-SERVICE-002).
        """
        wanted = self.office.catalogue.offered(item)
        unions = self.office.storage.read(
            lambda work: [union.id for union in work.organisations.all(self._scope(work))]
        )
        for start in range(0, len(unions), _UNIONS):
            some = unions[start : start + _UNIONS]
            yield from self.office.storage.read(
                lambda work, some=some: self._of_unions(work, wanted, some)  # type: ignore[misc]
            )

    # --- within -----------------------------------------------------------------------------

    def _scope(self, work: UnitOfWork) -> Scope:
        return authorise(work, self.by, Operation.SERVICE_READ)

    def _part(self, work: UnitOfWork, item: ServiceItem, shards: range) -> Swept:
        scope = self._scope(work)
        judge = _Judge(self.office, item, least_level(self.office, self.by.role))
        unions: dict[OrganisationId, Tally] = {}
        reasons = Counter[Text]()
        for shape, holds, gender, count in self._groups(work, scope, item, shards):
            against = judge(shape, holds, gender)
            one = Tally(count, 0 if against else count)
            unions[shape.organisation] = unions.get(shape.organisation, Tally()) + one
            for reason in against:
                reasons[reason] += count
        return Swept(item=item.id, shards=shards.stop, unions=unions, reasons=dict(reasons))

    def _groups(
        self, work: UnitOfWork, scope: Scope, item: ServiceItem, shards: range
    ) -> Iterator[tuple[Shape, Sequence[Hold], Gender | None, int]]:
        """Yield members alike in all that decides, and how many they are."""
        programme = self.office.policy.cards.programme
        held = work.figures.held(scope, programme, shards)
        genders: Mapping[PersonId, Gender | None] = {}
        if item.eligibility.gender is None:
            for shape, count in work.figures.shapes(scope, programme, shards):
                yield shape, (), None, count
        else:
            for shape, gender, count in work.figures.shapes_by_gender(scope, programme, shards):
                yield shape, (), gender, count
            genders = _genders(work, scope, list(dict.fromkeys(row[0] for row in held)))
        for person, rows in groupby(held, key=lambda row: row[0]):
            same = list(rows)
            yield same[0][1], [hold for _, _, hold in same], genders.get(person), 1

    def _of_unions(
        self, work: UnitOfWork, item: ServiceItem, unions: Sequence[OrganisationId]
    ) -> list[Judged]:
        scope = self._scope(work)
        judge = _Judge(self.office, item, least_level(self.office, self.by.role))
        programme = self.office.policy.cards.programme
        people = list(_grouped(work.figures.each(scope, programme, unions)))
        genders: dict[PersonId, Gender | None] = {}
        if item.eligibility.gender is not None:
            for page in _pages(people, _PAGE):
                genders |= _genders(work, scope, [person for person, _, _ in page])
        return [
            Judged(
                person=person,
                organisation=shape.organisation,
                against=judge(shape, holds, genders.get(person)),
            )
            for person, shape, holds in people
        ]


@frozen
class _Judge:
    """The rule of one item, asked once for all who are alike."""

    office: Office
    item: ServiceItem
    level: int
    known: dict[object, tuple[Text, ...]] = field(factory=dict)

    def __call__(
        self, shape: Shape, holds: Sequence[Hold], gender: Gender | None
    ) -> tuple[Text, ...]:
        """Return everything that stands against a member of this shape."""
        if holds:
            return self._against(shape, holds, gender)
        alike = (shape.state, shape.reason, shape.card, gender)
        found = self.known.get(alike)
        if found is None:
            found = self.known[alike] = self._against(shape, (), gender)
        return found

    def _against(
        self, shape: Shape, holds: Sequence[Hold], gender: Gender | None
    ) -> tuple[Text, ...]:
        policy, card = self.office.policy, shape.card
        # Whoever sweeps is an officer, who vouches for the member: no real-name level is asked.
        of_item = ineligible(
            self.item, rights=policy.rights_of(shape.state, shape.reason), gender=gender, level=0,
            least_level=self.level,
        )  # fmt: skip
        if not needs_card(self.item):
            return reasons_of(Standing(item=of_item))
        if card is None:
            return reasons_of(Standing(item=of_item, no_card=True))
        why = [
            *use.of_facets(card.bank, card.union, card.reason, contradictory=card.contradictory),
            *map(use.of_hold, holds),
            *use.of_membership(shape.state, shape.reason, policy),
        ]
        return reasons_of(Standing(item=of_item, card=frozenset(why)))


def _and(found: Swept, part: Swept) -> Swept:
    """Return what was found before and in the next part."""
    unions = dict(found.unions)
    for union, tally in part.unions.items():
        unions[union] = unions.get(union, Tally()) + tally
    reasons = Counter(found.reasons) + Counter(part.reasons)
    return evolve(found, shards=part.shards, unions=unions, reasons=dict(reasons))


def _grouped(
    rows: Iterable[tuple[PersonId, Shape, Hold | None]],
) -> Iterator[tuple[PersonId, Shape, list[Hold]]]:
    """Yield each member once, with all open holds."""
    for person, same in groupby(rows, key=lambda row: row[0]):
        first, *more = same
        holds = [hold for _, _, hold in (first, *more) if hold is not None]
        yield person, first[1], holds


def _pages(
    people: Iterable[tuple[PersonId, Shape, list[Hold]]], most: int
) -> Iterator[list[tuple[PersonId, Shape, list[Hold]]]]:
    rest = iter(people)
    while page := list(islice(rest, most)):
        yield page


def _genders(
    work: UnitOfWork, scope: Scope, people: Sequence[PersonId]
) -> dict[PersonId, Gender | None]:
    return dict(work.people.genders(scope, people))
