"""Know whether whoever asks is somebody whom the state table lets fire an event."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from szunion.domain.access import Role
from szunion.domain.machine import Actor, Machine
from szunion.domain.values import Labelled
from szunion.errors import NotAllowed

S = TypeVar("S", bound=Labelled)
E = TypeVar("E", bound=Labelled)

_ALWAYS = {
    Role.MEMBER: {Actor.MEMBER},
    Role.HEIR: {Actor.HEIR},
    Role.CITY: {Actor.CITY},
    Role.FINANCE: {Actor.FINANCE},
    Role.REVIEW: {Actor.REVIEWERS},
    Role.PROVIDER: {Actor.PROVIDER},
    Role.HOTLINE: {Actor.HOTLINE},
    Role.BANK: {Actor.BANK},
    Role.ENGINE: {Actor.ENGINE},
}


def acting_as(role: Role, *, own: bool = False, above: bool = False) -> frozenset[Actor]:
    """Return as what somebody of *role* acts.

    Args:
        role: The role.
        own: The thing is in the charge of the principal's own union.
        above: The principal's union is above the union in charge, and acts for it.
    """
    actors = set(_ALWAYS.get(role, ()))
    if own and role in {Role.GRASSROOTS, Role.UPPER, Role.CITY}:
        actors |= {Actor.UNION}
    if above and role in {Role.UPPER, Role.CITY}:
        actors |= {Actor.UPPER}
    return frozenset(actors)


def check_actor(
    machine: Machine[S, E], state: S | None, event: E, actors: Collection[Actor]
) -> None:
    """Check that one of *actors* may fire *event*.

    Raises:
        Conflict: the table has no such step (E-STATE-001).
        NotAllowed: it is somebody else's to decide (E-ACCESS-005).
    """
    transition = machine.transition(state, event)
    if transition is None:
        raise machine.conflict(state, event)
    if not set(actors) & set(transition.who):
        raise NotAllowed(
            "E-ACCESS-005",
            event=event.label,
            event_en=event.label_en,
            who="、".join(each.label for each in transition.who),
            who_en=", ".join(each.label_en for each in transition.who),
        )
