"""Know what a member thinks of what he or she took part in (评价)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import field, frozen

from szunion.domain.values import ParticipationId, PersonId
from szunion.errors import InvalidInput

MOST_STARS: Final = 5


@frozen(kw_only=True)
class Rating:
    """One to five stars for one participation (评分); the person may change his or her mind."""

    participation: ParticipationId
    person: PersonId
    item: str
    stars: int = field()
    at: datetime

    @stars.validator
    def _in_range(self, _: object, value: int) -> None:
        if type(value) is not int or not 1 <= value <= MOST_STARS:
            raise InvalidInput("E-SERVICE-001", most=MOST_STARS)
