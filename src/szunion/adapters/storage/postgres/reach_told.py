"""Know how the second net is told for whom a statement is asked: the setting ``szunion.scope``."""

from __future__ import annotations

import re
from typing import Final

from szunion.domain.access import OnePerson, Scope, WholeCity

EVERYTHING: Final = "*"
NOTHING: Final = ""
_PLACE: Final = re.compile(r"/(?:[0-9]+/)*", re.ASCII)


def place_of(scope: Scope | None) -> str:
    """Return how the second net is told of a scope: ``*``, a path, ``p`` and a person, or nothing.

    Raises:
        ValueError: a path is not made of ids; it would not be safe to say.
    """
    if scope is None:
        return NOTHING
    if isinstance(scope.reach, WholeCity):
        return EVERYTHING
    if isinstance(scope.reach, OnePerson):
        return f"p{scope.reach.person:d}"
    if _PLACE.fullmatch(scope.reach.path) is None:
        msg = "a place in the tree is made of ids"
        raise ValueError(msg)
    return scope.reach.path
