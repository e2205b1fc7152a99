"""Know that each service is a project: why it is there, who answers for it, what it has (项目化).

What became of it (how many ask for it, use it, rate it, what it costs) is counted, never typed in.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import field, frozen

from szunion.domain.city_time import a_day
from szunion.domain.values import Fen, OrganisationId
from szunion.errors import InvalidInput

_MOST_WORDS: Final = 2_000


@frozen(kw_only=True)
class Project:
    """One service as a project (立项): argument, people, resources; its money is a budget."""

    item: str
    """The service item of the catalogue."""
    argument: str = field()
    """Why it is there, and on what evidence (论证)."""
    responsible: OrganisationId
    """The union that answers for it (责任单位)."""
    people: int = field()
    """How many people work on it (人)."""
    resources: str = field(default="")
    """Rooms, teachers, partners (物)."""
    since: date = field(validator=a_day)
    version: int = 0

    @argument.validator
    def _argued(self, _: object, value: str) -> None:
        if not 1 <= len(value.strip()) <= _MOST_WORDS or len(self.resources) > _MOST_WORDS:
            raise InvalidInput("E-PROJECT-001", most=_MOST_WORDS)

    @people.validator
    def _counted(self, _: object, value: int) -> None:
        if type(value) is not int or value < 0:
            raise InvalidInput("E-PROJECT-001", most=_MOST_WORDS)


@frozen(kw_only=True)
class Evaluation:
    """What became of one service (评估): counted from what happened, for one year's money.

    None: a count of fewer than ten people, or one that would give such a count away.
    """

    item: str
    wishes: int | None
    """How many members ask for it."""
    places: int
    """Places that were put up for booking."""
    booked: int | None
    """Places that were taken."""
    waiting: int | None
    """Members who wait for a place."""
    took_part: int | None
    no_show: int | None
    at_risk: int | None
    """Recorded offline, waiting to be looked at."""
    ratings: int | None
    stars: int | None
    """The sum of their stars."""
    ceiling: Fen | None
    """What it may cost this year; None: no budget."""
    committed: Fen | None

    @property
    def demand(self) -> int | None:
        """How many want it: booked, waiting, wished for (需求); None: one of them is not shown."""
        if self.wishes is None or self.booked is None or self.waiting is None:
            return None
        return self.wishes + self.booked + self.waiting

    @property
    def hundredths(self) -> int | None:
        """The average rating in hundredths of a star; None: nobody rated it, or too few did."""
        if not self.ratings or self.stars is None:
            return None
        return (self.stars * 100 + self.ratings // 2) // self.ratings
