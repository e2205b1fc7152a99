"""Know what is counted over all members at once: who stands how, cards, activations, uses.

A statement groups by what decides; the rules are applied to each group, not to each person. All
members are counted in parts, by shard: a person never changes shards, so nobody is counted twice
when something moves between two parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from attrs import frozen

from szunion.domain.access import Scope
from szunion.domain.bank import BankState
from szunion.domain.cards import UnionReason, UnionState
from szunion.domain.holds import Hold
from szunion.domain.identity import Gender
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.values import OrganisationId, PersonId


@frozen
class CardShape:
    """What of a current card decides on its use, but for its holds."""

    bank: BankState | None
    contradictory: bool
    union: UnionState
    reason: UnionReason | None


@frozen
class Shape:
    """What of a member decides on a service: the newest membership, and the current card."""

    organisation: OrganisationId
    state: MembershipState
    reason: MembershipReason | None
    card: CardShape | None


@frozen
class MonthCount:
    """How often something happened to members of a union in a month (月度计数)."""

    organisation: OrganisationId
    year: int
    month: int
    count: int


class Figures(Protocol):
    """Counts over many members. A member is who has an open episode, and no newer one."""

    def shapes(self, scope: Scope, programme: str, shards: range) -> Sequence[tuple[Shape, int]]:
        """Return how many members there are of each shape; those with an open hold are left out."""
        ...

    def held(
        self, scope: Scope, programme: str, shards: range
    ) -> Sequence[tuple[PersonId, Shape, Hold]]:
        """Return each open hold on the current card of a member, by person and hold."""
        ...

    def each(
        self, scope: Scope, programme: str, unions: Iterable[OrganisationId]
    ) -> Iterator[tuple[PersonId, Shape, Hold | None]]:
        """Yield the members of unions, by union and person, once for each open hold or once."""
        ...

    def shapes_by_gender(
        self, scope: Scope, programme: str, shards: range
    ) -> Sequence[tuple[Shape, Gender | None, int]]:
        """Return the same as :meth:`shapes`, apart by what the present document says (None: not).

        Every file is opened for it.
        """
        ...

    def activations(self, scope: Scope, programme: str, shards: range) -> Sequence[MonthCount]:
        """Return how many current cards the bank has first activated, by union and month."""
        ...

    def uses(self, scope: Scope, shards: range) -> Sequence[MonthCount]:
        """Return how often members took part in something, by union and month.

        A record that another corrects does not count, nor does the correction.
        """
        ...
