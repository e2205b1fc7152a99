"""Know the menu as a member sees it, and what members make of it: wishes, ratings, evaluation.

From the union's set menu to the worker's à la carte: everybody sees every item, with whether it is
for him or her and everything that stands against it; asks for what is there and for what is not;
rates what he or she took part in. The union sees what is wanted, and each service as a project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit, one_look
from szunion.application.standing import (
    Facts,
    Standing,
    facts_of,
    least_level,
    needs_card,
    standing_from,
)
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bookings import Offer
from szunion.domain.catalogue import Mode, ServiceItem
from szunion.domain.city_time import day_of
from szunion.domain.participation import Outcome, Participation, interests, standing
from szunion.domain.projects import Evaluation, Project
from szunion.domain.ratings import Rating
from szunion.domain.suppression import shown, shown_side_by_side
from szunion.domain.values import ParticipationId, PersonId, shard_of
from szunion.domain.wishes import Wish, WishState
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

_MOST: Final = 100
_THROUGH_THE_UNION: Final = Text(
    "由所在工会集体报名：向工会提出，或先提心愿，工会可见需求",
    "the union signs up for its members: ask your union, or wish for it, and the union sees it",
)
_RATED: Final = frozenset({Outcome.TOOK_PART, Outcome.OFFLINE_RISK})


@frozen(kw_only=True)
class Shown:
    """One item of the menu as one member sees it (菜单项)."""

    item: ServiceItem
    standing: Standing
    """What stands against the member having it; nothing: it is for him or her."""
    offers: tuple[Offer, ...] = ()
    """What of it can be booked now or later."""
    ratings: int | None = 0
    """How many rated it; None: too few to be shown."""
    stars: int | None = 0
    """The sum of its stars."""
    wished: bool = False
    """The member has asked for it."""

    @property
    def free(self) -> bool:
        """Whether nothing stands against it."""
        return self.standing.free

    @property
    def how(self) -> Text | None:
        """How it is joined, where a member cannot ask for it alone; None: by asking for it."""
        return _THROUGH_THE_UNION if self.item.mode is Mode.COLLECTIVE else None


@frozen(kw_only=True)
class Demand:
    """How many members ask for one thing (需求): an item, or something not on a shelf yet."""

    category: str
    item: str
    """Empty: not on the menu."""
    wishes: int | None
    """None: fewer than ten members, or it would give away another such count."""


@frozen
class Services:
    """The menu (服务目录), as one principal sees it."""

    office: Office
    by: Principal

    # --- see and choose ---------------------------------------------------------------------

    @one_look
    def menu(self, work: UnitOfWork, person: PersonId | None = None) -> Sequence[Shown]:
        """Return every item of the menu, as *person* may have it (点菜单).

        The same menu for everybody: an item is never left out, but says why it is not for
        somebody. Without a person, as anybody sees it.

        Raises:
            NotFound: there is no such member within reach (E-SERVICE-003).
        """
        scope = authorise(work, self.by, Operation.SERVICE_READ)
        who = person if person is not None else self.by.person
        if who is not None and work.people.get(scope, who) is None:
            raise NotFound("E-SERVICE-003")
        return self._menu(work, scope, who)

    @one_look
    def suggested(self, work: UnitOfWork, person: PersonId | None = None) -> Sequence[Shown]:
        """Return what a member can have, what suits the member first (精准服务, M09).

        First what the member wished for, then the categories in which the member took part most
        often, else in the order of the menu. Whoever does not want this has the menu, which is the
        same for everybody (个人信息保护法, article 24).

        Raises:
            NotFound: there is no such member within reach (E-SERVICE-003).
        """
        scope = authorise(work, self.by, Operation.SERVICE_READ)
        who = self._who(work, scope, person)
        often = interests(work.participations.of_person(scope, who))
        return sorted(
            (each for each in self._menu(work, scope, who) if each.free),
            key=lambda each: (not each.wished, -often.get(each.item.category, 0)),
        )

    def _menu(self, work: UnitOfWork, scope: Scope, who: PersonId | None) -> list[Shown]:
        facts = None
        if who is not None:
            level = least_level(self.office, self.by.role)
            facts = facts_of(self.office, work, scope, who, level=level)
        offers = work.offers.open(scope, work.now)
        ratings = _rated(work.participations.ratings(scope))
        wished = {wish.item for wish in self._wishes(work, scope, who)}
        return [
            Shown(
                item=item, standing=self._standing(facts, item),
                offers=tuple(each for each in offers if each.item == item.id),
                ratings=ratings.get(item.id, (0, 0))[0], stars=ratings.get(item.id, (0, 0))[1],
                wished=item.id in wished,
            )
            for item in self.office.catalogue.menu
        ]  # fmt: skip

    def show(self, item: str, person: PersonId | None = None) -> Shown:
        """Return one item of the menu.

        Raises:
            NotFound: the catalogue has no such item (E-SERVICE-002).
        """
        self.office.catalogue.offered(item)
        return next(each for each in self.menu(person) if each.item.id == item)

    def _standing(self, facts: Facts | None, item: ServiceItem) -> Standing:
        if facts is None:
            return Standing()
        return standing_from(self.office, facts, item, with_card=needs_card(item))

    def _wishes(self, work: UnitOfWork, scope: Scope, who: PersonId | None) -> Sequence[Wish]:
        if who is None:
            return ()
        found = work.wishes.of_person(scope, who)
        return [each for each in found if each.state is WishState.OPEN]

    # --- ask for ----------------------------------------------------------------------------

    @one_commit
    def wish(
        self,
        work: UnitOfWork,
        *,
        item: str = "",
        category: str = "",
        words: str = "",
        person: PersonId | None = None,
    ) -> Wish:
        """Ask for an item of the menu, or for something that is not on it (点菜、心愿).

        The same item twice is one wish: demand counts members, not clicks.

        Args:
            work: Given by the office.
            item: The item of the catalogue; empty: something else.
            category: The shelf it belongs to; for an item, its own.
            words: What is wanted, in the member's own words; kept sealed.
            person: For whom the hotline writes it down.

        Raises:
            NotFound: no such item (E-SERVICE-002), shelf (E-WISH-002) or member
                (E-SERVICE-003).
            InvalidInput: it says nothing, or too much (E-WISH-001).
        """
        scope = authorise(work, self.by, Operation.WISH_WRITE)
        who = self._who(work, scope, person)
        if item:
            category = self.office.catalogue.offered(item).category
        elif category not in {each.code for each in self.office.catalogue.categories}:
            raise NotFound("E-WISH-002", category=category)
        wish = Wish(
            id=work.ids.new(shard_of(who)), person=who, category=category, item=item,
            words=words.strip(), at=work.now,
        )  # fmt: skip
        if not work.wishes.add(scope, wish):
            known = self._wishes(work, scope, who)
            return next(each for each in known if each.item == item)
        entry = AuditEntry(
            action="wish.add", subject=wish.id, person=who, after=f"{category}:{item}"
        )
        work.audit.add(scope, entry)
        return wish

    @one_commit
    def withdraw(self, work: UnitOfWork, wish: int) -> Wish:
        """Take a wish back (撤回).

        Raises:
            NotFound: it is not there, or somebody else's (E-WISH-003).
        """
        scope = authorise(work, self.by, Operation.WISH_WRITE)
        known = work.wishes.get(scope, wish)
        if known is None:
            raise NotFound("E-WISH-003")
        if known.state is WishState.WITHDRAWN:
            return known
        after = evolve(known, state=WishState.WITHDRAWN)
        work.wishes.put(scope, after)
        entry = AuditEntry(
            action="wish.withdraw", subject=wish, person=known.person,
            before=known.state.value, after=after.state.value,
        )  # fmt: skip
        work.audit.add(scope, entry)
        return after

    @one_look
    def wishes(self, work: UnitOfWork, person: PersonId | None = None) -> Sequence[Wish]:
        """Return a member's wishes, oldest first."""
        scope = authorise(work, self.by, Operation.SERVICE_READ)
        return work.wishes.of_person(scope, self._who(work, scope, person))

    def _who(self, work: UnitOfWork, scope: Scope, person: PersonId | None) -> PersonId:
        who = person if person is not None else self.by.person
        if who is None or work.people.get(scope, who) is None:
            raise NotFound("E-SERVICE-003")
        return who

    # --- rate -------------------------------------------------------------------------------

    @one_look
    def history(self, work: UnitOfWork, person: PersonId | None = None) -> Sequence[Participation]:
        """Return what a member took part in, as corrected, oldest first (参加记录)."""
        scope = authorise(work, self.by, Operation.SERVICE_READ)
        who = self._who(work, scope, person)
        return standing(work.participations.of_person(scope, who))

    @one_commit
    def rate(self, work: UnitOfWork, record: ParticipationId, stars: int) -> Rating:
        """Rate what one took part in, with one to five stars (评价); a new word replaces the old.

        Raises:
            NotFound: it is nothing that the member took part in (E-RATING-001).
            InvalidInput: not one to five stars (E-SERVICE-001).
        """
        scope = authorise(work, self.by, Operation.SERVICE_RATE)
        part = work.participations.get(scope, record)
        if part is None or part.outcome not in _RATED:
            raise NotFound("E-RATING-001")
        rating = Rating(
            participation=part.id, person=part.person, item=part.item, stars=stars, at=work.now
        )
        work.participations.rate(scope, rating)
        entry = AuditEntry(
            action="rating.give", subject=part.id, person=part.person, after=str(stars),
            reason=part.item,
        )  # fmt: skip
        work.audit.add(scope, entry)
        return rating

    # --- what the union sees ----------------------------------------------------------------

    @one_look
    def demand(self, work: UnitOfWork) -> Sequence[Demand]:
        """Return what members ask for, the most wanted first (需求汇总); small counts last."""
        scope = authorise(work, self.by, Operation.DEMAND_READ)
        found = [
            Demand(category=category, item=item, wishes=count)
            for (category, item), count in shown(work.wishes.counts(scope)).items()
        ]
        return sorted(found, key=lambda each: (-(each.wishes or 0), each.category, each.item))

    @one_look
    def unlisted(self, work: UnitOfWork, category: str) -> Sequence[str]:
        """Return what members ask for that is not on the menu, in their own words, unnamed."""
        scope = authorise(work, self.by, Operation.DEMAND_READ)
        return [each.words for each in work.wishes.unlisted(scope, category, _MOST)]

    @one_commit
    def argue(self, work: UnitOfWork, project: Project) -> Project:
        """Keep a service's project: why, who answers for it, how many people, what else (立项).

        Raises:
            NotFound: no such item (E-SERVICE-002) or union (E-ACCESS-002).
            Conflict: somebody else was faster (E-STORE-008).
        """
        scope = authorise(work, self.by, Operation.PROJECT_WRITE)
        self.office.catalogue.offered(project.item)
        if work.organisations.get(scope, project.responsible) is None:
            raise NotFound("E-ACCESS-002")
        before = work.projects.get(scope, project.item)
        work.projects.put(scope, project)
        entry = AuditEntry(
            action="project.write", subject=project.responsible,
            before=str(before.version) if before else "", after=project.item,
        )  # fmt: skip
        work.audit.add(scope, entry)
        return work.projects.get(scope, project.item) or project

    @one_look
    def project(self, work: UnitOfWork, item: str) -> Project | None:
        """Return a service's project; None: nobody has argued it yet."""
        scope = authorise(work, self.by, Operation.DEMAND_READ)
        return work.projects.get(scope, item)

    @one_look
    def evaluation(self, work: UnitOfWork) -> Sequence[Evaluation]:
        """Return what became of each service: demand, use, ratings, this year's money (评估)."""
        scope = authorise(work, self.by, Operation.DEMAND_READ)
        wishes = {item: n for (_, item), n in shown(work.wishes.counts(scope)).items() if item}
        figures = work.bookings.figures(scope)
        told = _used(figures, work.participations.used(scope))
        ratings = _rated(work.participations.ratings(scope))
        year = day_of(work.now).year
        found = []
        for item in self.office.catalogue.menu:
            count, stars = ratings.get(item.id, (0, 0))
            budget = work.budgets.get(scope, item.id, year)
            found.append(
                Evaluation(
                    item=item.id, wishes=wishes.get(item.id, 0),
                    places=figures.get(item.id, (0, 0, 0))[0],
                    **{measure: cells.get(item.id, 0) for measure, cells in told.items()},
                    ratings=count, stars=stars,
                    ceiling=budget.ceiling if budget else None,
                    committed=budget.committed if budget else None,
                )
            )  # fmt: skip
        return found


# --- what is left out -----------------------------------------------------------------------------

_OUTCOMES: Final = {
    "took_part": Outcome.TOOK_PART, "no_show": Outcome.NO_SHOW, "at_risk": Outcome.OFFLINE_RISK,
}  # fmt: skip


def _used(
    figures: Mapping[str, tuple[int, int, int]], outcomes: Mapping[str, Mapping[Outcome, int]]
) -> Mapping[str, Mapping[str, int | None]]:
    """Return by measure and item who booked, waits, came or did not, as far as it is shown."""
    columns = {
        "booked": {item: booked for item, (_, booked, _) in figures.items()},
        "waiting": {item: waiting for item, (_, _, waiting) in figures.items()},
    } | {
        measure: {item: counts.get(outcome, 0) for item, counts in outcomes.items()}
        for measure, outcome in _OUTCOMES.items()
    }  # fmt: skip
    return shown_side_by_side(columns, linked={"booked", *_OUTCOMES})


def _rated(
    ratings: Mapping[str, tuple[int, int]],
) -> Mapping[str, tuple[int | None, int | None]]:
    """Return by item how many rated it and their stars: an average of few is about those few."""
    told = shown({item: count for item, (count, _) in ratings.items()})
    return {
        item: (told[item], None if told[item] is None else stars)
        for item, (_, stars) in ratings.items()
    }
