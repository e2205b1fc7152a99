"""Know what a member asks the union for: an item of the menu, or something not on it (点菜)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import field, frozen

from szunion.domain.values import Labelled, PersonId
from szunion.errors import InvalidInput

MOST_WORDS: Final = 200


class WishState(Labelled):
    """What became of a wish (心愿状态)."""

    OPEN = "OPEN", "已提出", "asked for"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"


@frozen(kw_only=True)
class Wish:
    """One thing that one member asks for (心愿): once per item, however often it is said."""

    id: int
    person: PersonId
    category: str
    """The shelf of the catalogue it belongs to."""
    item: str = ""
    """The item of the catalogue; empty: something that is not on the menu."""
    words: str = field(default="", repr=False)
    """The member's own words: kept sealed, for they may say anything."""
    at: datetime
    state: WishState = WishState.OPEN

    @words.validator
    def _short(self, _: object, value: str) -> None:
        if len(value) > MOST_WORDS or not (self.item or value.strip()):
            raise InvalidInput("E-WISH-001", most=MOST_WORDS)
