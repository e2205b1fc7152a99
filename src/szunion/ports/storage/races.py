"""Know what a store does, and says, where somebody else was faster (并发修改).

A change that came too late is told what stands there now; an id that is taken is drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from attrs import evolve

from szunion.domain.orders import Order
from szunion.domain.outbox import Dispatch
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.rows import Row
from szunion.errors import Conflict
from szunion.ports.system import Ids

MOST_TRIES: Final = 5
"""How often a decision is made before whoever asked for it is told that an id is taken."""

R = TypeVar("R", Dispatch, Order, Row)
T = TypeVar("T")


class TurnNeeded(Exception):
    """What was begun beside others has to be done in a turn of its own: this unit is undone."""


class KeyTaken(Conflict):
    """A primary key is taken: most likely two processes drew one id in one millisecond."""


def draw_elsewhere(ids: Ids, tried: int) -> None:
    """Let ids pass that somebody else has drawn at the same moment: eight times as many each time.

    Two that begin at one number draw the same ones after it; the next one would most likely be
    taken, too. After five tries it is more than a millisecond has.
    """
    ids.many([0] * 8**tried)


def drawn_anew(ids: Ids, once: Callable[[], T]) -> T:
    """Return what *once* decides; where an id that it drew is taken, it decides again, with others.

    Args:
        ids: Where it draws them.
        once: Decides, and undoes all of it when it raises.

    Raises:
        KeyTaken: each time one was taken.
    """
    for tried in range(1, MOST_TRIES):
        with suppress(KeyTaken):
            return once()
        draw_elsewhere(ids, tried)
    return once()


def lost_race(entity: str, expected: object, current: object = None) -> Conflict:
    """Return the error of a change that came too late (E-STORE-008).

    Args:
        entity: What was to be changed.
        expected: The version, or the state, of which the change was made.
        current: What stands there now; None: it is not there, or not within reach.
    """
    now = "?" if current is None else current
    return Conflict("E-STORE-008", entity=entity, expected=expected, current=now)


def lost_of_set(entity: str, changes: Iterable[tuple[object, bool, object]]) -> Conflict:
    """Return the error of a set of changes of which one or more came too late.

    Args:
        entity: What was to be changed.
        changes: Of each in its order: the version that it expects, whether what stands there now
            is what it put, and the version of that. The first that does not stand is named.
    """
    known = list(changes)
    expected, _, current = next((each for each in known if not each[1]), known[-1])
    return lost_race(entity, expected, current)


def lost_of_versions(entity: str, put: Sequence[R], there: Mapping[int, R]) -> Conflict:
    """Return the error of a set of rows that name their versions: one was put too late.

    Args:
        entity: What was to be changed.
        put: The rows as they were put, with the versions that they expect.
        there: What stands there now, by id.
    """
    now = [there.get(each.id) for each in put]
    written = [evolve(each, version=each.version + 1) for each in put]
    return lost_of_set(
        entity,
        [
            (each.version, stands == after, None if stands is None else stands.version)
            for each, stands, after in zip(put, now, written, strict=True)
        ],
    )


def proposal_lost(now: Proposal | None, expected: ProposalState) -> Conflict:
    """Return the error of a proposal that was decided, or changed, by somebody else meanwhile."""
    state = None if now is None else now.state.value
    current = "other terms" if state == expected.value else state
    return lost_race("proposal", expected.value, current)
