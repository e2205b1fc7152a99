"""Know what was so on a day, as was known at a moment: members and cards in two times (时点问题).

Each question has two days. *On* is the day that is asked about; *known* is the moment whose
knowledge answers. What is recorded later changes no answer for an earlier moment, so a decision
can be looked at by what was known when it was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from szunion.domain.affiliations import Affiliation, affiliation_on
from szunion.domain.cards import Card, UnionFacet
from szunion.domain.city_time import end_of
from szunion.domain.eligibility import Ineligible
from szunion.domain.facets import BankFact, fold
from szunion.domain.holds import Hold
from szunion.domain.members import Membership, MembershipReason, MembershipState, Rights
from szunion.domain.use import Why
from szunion.domain.values import CardId, MembershipId, OrganisationId, PersonId

SETTLING: Final = timedelta(minutes=10)
"""After so long no transaction runs any more that began before: an answer is final."""


@frozen(kw_only=True)
class MembershipVersion:
    """What the file said of a membership from a moment on, and from which day it was so."""

    membership: Membership
    holds_from: date
    recorded: datetime


@frozen(kw_only=True)
class CardStanding:
    """What the union had decided of a card from a moment on: it holds from when it is recorded."""

    card: CardId
    version: int
    recorded: datetime
    union: UnionFacet
    current: bool
    replaced_by: CardId | None
    holds: tuple[Hold, ...]


@frozen(kw_only=True)
class Standing:
    """What somebody was on a day, as the file said at a moment (某日会籍)."""

    membership: MembershipId
    organisation: OrganisationId
    state: MembershipState
    reason: MembershipReason | None
    rights: Rights


@frozen(kw_only=True)
class AsOf:
    """Who somebody was on a day, as known at a moment (某日会籍，按某时所知)."""

    person: PersonId
    on: date
    known: datetime
    final: bool
    """Whether nothing that is still under way can change the answer."""
    standing: Standing | None
    """None: no member on that day."""
    rules: int
    """The number of the policy version that said what the membership carries; 0: today's file."""


@frozen(kw_only=True)
class Entitled:
    """Whether somebody was entitled to an item on a day, as known at a moment, and why not."""

    who: AsOf
    item: str
    against: tuple[Ineligible, ...] = ()
    card: frozenset[Why] = frozenset()
    no_card: bool = False
    """There was no current card, where one was needed."""

    @property
    def free(self) -> bool:
        """Whether nothing stood against it."""
        return not (self.against or self.card or self.no_card)


@frozen(kw_only=True)
class MemberOn:
    """One line of the list of a union's members on a day."""

    person: PersonId
    membership: MembershipId
    since: date
    state: MembershipState
    reason: MembershipReason | None


def version_on(
    versions: Iterable[MembershipVersion], membership: MembershipId, day: date, known: datetime
) -> Membership | None:
    """Return what was said of a membership for *day* by *known*: the last word that covers it.

    Args:
        versions: In the order in which they were recorded.
        membership: Of which episode.
        day: The day that is asked about.
        known: The moment whose knowledge answers.
    """
    said = [
        each.membership
        for each in versions
        if each.membership.id == membership and each.holds_from <= day and each.recorded <= known
    ]
    return said[-1] if said else None


def place_and_version(
    places: Iterable[Affiliation],
    versions: Iterable[MembershipVersion],
    day: date,
    known: datetime,
) -> tuple[Affiliation, Membership] | None:
    """Return where somebody belonged on *day* and as what, by *known*; None: no member."""
    place = affiliation_on(places, day, known)
    if place is None:
        return None
    row = version_on(versions, place.membership, day, known)
    return None if row is None else (place, row)


def card_on(
    card: Card,
    facts: Iterable[BankFact],
    standings: Sequence[CardStanding],
    day: date,
    known: datetime,
) -> Card | None:
    """Return a card as it was at the end of *day*, by *known*; None: nothing was known of it.

    The bank's facts are so from when the bank says and known from when it told us. What the union
    decides is so from when it is recorded.
    """
    end = end_of(day)
    said = [each for each in standings if each.recorded <= known and each.recorded < end]
    if not said:
        return None
    last = said[-1]
    told = (each for each in facts if each.received <= known and each.effective < end)
    return evolve(
        card, bank=fold(told), union=last.union, current=last.current,
        replaced_by=last.replaced_by, holds=last.holds,
    )  # fmt: skip
