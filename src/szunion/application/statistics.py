"""Know how many members, cards, activations and uses there are by union, district, month (统计).

Everything is counted by the store, a range of shards at a time; here the counts are added up and
small ones are left out. Nothing is kept of a single person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import define, field, frozen

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.application.side_by_side import in_parts
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.bank import BankState
from szunion.domain.cards import UnionState
from szunion.domain.organisations import Organisation, OrganisationKind
from szunion.domain.suppression import shown, shown_in_groups, total_shown
from szunion.domain.values import SHARDS, Labelled, OrganisationId
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.figures import MonthCount, Shape

_TOGETHER: Final = 64


class Grouping(Labelled):
    """By what is counted (统计口径)."""

    UNION = "union", "按工会", "by union"
    DISTRICT = "district", "按区（产业）", "by district or industry"
    MONTH = "month", "按月", "by month"


@frozen(kw_only=True)
class Counts:
    """One line: counts of which small ones are None (不足最小数，不显示)."""

    place: str
    """The union's code, or the month, such as ``2017-11``."""
    name: str
    members: int | None
    cards: int | None
    """Current cards."""
    active: int | None
    """Current cards that are active at the bank, enabled by the union, and held by nobody."""
    activated: int | None
    """Current cards that were ever activated; by month: in that month."""
    uses: int | None
    """Times that members took part in something; by month: in that month."""


@frozen(kw_only=True)
class Report:
    """Lines, and their sums: what is left out of a line is in the sum (统计表)."""

    lines: tuple[Counts, ...]
    whole: Counts


MEASURES: Final = ("members", "cards", "active", "activated", "uses")
_Counted: TypeAlias = dict[str, Counter[str]]


@define
class _Sums:
    """What has been counted so far, by measure and place."""

    of: Callable[[OrganisationId], str]
    by_month: bool
    found: _Counted = field(factory=lambda: {measure: Counter() for measure in MEASURES})

    def add(self, measure: str, union: OrganisationId, count: int) -> None:
        if not self.by_month:
            self.found[measure][self.of(union)] += count

    def add_months(self, measure: str, counts: Iterable[MonthCount]) -> None:
        for each in counts:
            month = f"{each.year:04d}-{each.month:02d}"
            place = month if self.by_month else self.of(each.organisation)
            self.found[measure][place] += each.count


@frozen
class Statistics:
    """The desk of statistics (统计台)."""

    office: Office
    by: Principal

    def count(
        self, grouping: Grouping, *, on_part: Callable[[int], object] | None = None
    ) -> Report:
        """Return the counts within reach.

        Args:
            grouping: By union, by district (or city-wide industry), by month.
            on_part: Called with the number of shards done, of 1,024, after each part.

        Raises:
            NotAllowed: the role sees no statistics (E-ACCESS-001).
        """
        unions = self.office.storage.read(
            lambda work: list(work.organisations.all(self._scope(work)))
        )
        codes = {union.id: union.code for union in unions}
        sums = _Sums(codes.__getitem__, grouping is Grouping.MONTH)
        parts = [range(start, start + _TOGETHER) for start in range(0, SHARDS, _TOGETHER)]
        # Added up outside the look: the store may ask for the same look twice.
        for shards, part in zip(
            parts, in_parts(self.office.storage, self._part, parts), strict=True
        ):
            _add(sums, part)
            if on_part is not None:
                on_part(shards.stop)
        return _report(sums.found, unions, grouping)

    def _scope(self, work: UnitOfWork) -> Scope:
        return authorise(work, self.by, Operation.STATISTICS_READ)

    def _part(self, work: UnitOfWork, shards: range) -> _Part:
        scope, programme = self._scope(work), self.office.policy.cards.programme
        held = work.figures.held(scope, programme, shards)
        return _Part(
            free=work.figures.shapes(scope, programme, shards),
            held=list({person: shape for person, shape, _ in held}.values()),
            activated=work.figures.activations(scope, programme, shards),
            uses=work.figures.uses(scope, shards),
        )


@frozen(kw_only=True)
class _Part:
    """What a range of shards holds."""

    free: Sequence[tuple[Shape, int]]
    held: Sequence[Shape]
    activated: Sequence[MonthCount]
    uses: Sequence[MonthCount]


def _add(sums: _Sums, part: _Part) -> None:
    for shape, count in part.free:
        sums.add("members", shape.organisation, count)
        if shape.card is not None:
            sums.add("cards", shape.organisation, count)
            usable = shape.card.bank is BankState.ACTIVE and not shape.card.contradictory
            if usable and shape.card.union is UnionState.ENABLED:
                sums.add("active", shape.organisation, count)
    for shape in part.held:
        sums.add("members", shape.organisation, 1)
        sums.add("cards", shape.organisation, 1)
    sums.add_months("activated", part.activated)
    sums.add_months("uses", part.uses)


def _names(unions: Sequence[Organisation]) -> dict[str, str]:
    return {union.code: union.name for union in unions}


def _districts(unions: Sequence[Organisation]) -> dict[str, str]:
    """Return the code of the district, or city-wide industry, of each union by its code."""
    by_id = {union.id: union for union in unions}
    found: dict[str, str] = {}
    for union in unions:
        at = union
        while at.kind is not OrganisationKind.CITY:
            above = by_id.get(at.parent) if at.parent is not None else None
            if above is None or above.kind is OrganisationKind.CITY:
                break
            at = above
        found[union.code] = at.code
    return found


def _report(found: _Counted, unions: Sequence[Organisation], grouping: Grouping) -> Report:
    columns: dict[str, Mapping[str, int | None]] = {}
    sums: dict[str, int | None] = {}
    names, districts = _names(unions), _districts(unions)
    for measure in MEASURES:
        counts = found[measure]
        if grouping is Grouping.MONTH:
            columns[measure], sums[measure] = shown(counts), total_shown(counts)
            continue
        grouped: dict[str, dict[str, int]] = {}
        for code, count in counts.items():
            grouped.setdefault(districts[code], {})[code] = count
        told = shown_in_groups(grouped)
        by_union = {code: count for part in told.within.values() for code, count in part.items()}
        columns[measure] = told.groups if grouping is Grouping.DISTRICT else by_union
        sums[measure] = told.total
    untold = {"members", "cards", "active"} if grouping is Grouping.MONTH else set()
    places = sorted({place for column in columns.values() for place in column})
    lines = tuple(
        Counts(
            place=place, name=names.get(place, ""),
            **{measure: None if measure in untold else columns[measure].get(place, 0)
               for measure in MEASURES},
        )
        for place in places
    )  # fmt: skip
    whole = {measure: None if measure in untold else sums[measure] for measure in MEASURES}
    return Report(lines=lines, whole=Counts(place="", name="", **whole))
