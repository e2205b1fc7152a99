"""Know what stands in the history of a card: what the union has decided of it, and its locks."""

from __future__ import annotations

import json
from collections.abc import Sequence

from szunion.adapters.storage.sql.times import maybe_micros, micros
from szunion.domain.cards import Card
from szunion.domain.holds import Hold


def plain_holds(holds: Sequence[Hold]) -> str:
    """Return holds as they stand in the history of a card; their notes stay with the holds."""
    if not holds:
        return ""
    return json.dumps(
        [
            [
                hold.id, hold.owner, hold.reason.value, micros(hold.since),
                maybe_micros(hold.until), hold.state.value, hold.placed_as.value,
            ]
            for hold in holds
        ],
        separators=(",", ":"),
    )  # fmt: skip


def is_noted(card: Card, read: Card | None) -> bool:
    """Return whether the history is known to say what the union has decided of *card*.

    Each version was noted when it was put, and this one follows the one that was *read*. Locks that
    are older than the history may not be in it.
    """
    return (
        read is not None
        and (read.version, read.person, read.union, read.current, read.replaced_by)
        == (card.version, card.person, card.union, card.current, card.replaced_by)
        and not (read.holds or card.holds)
    )
