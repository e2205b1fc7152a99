"""Know how a statement keeps to a scope."""

from __future__ import annotations

from szunion.domain.access import Scope


def paths(scope: Scope) -> dict[str, object]:
    """Return the parameters by which a statement keeps to the unions of a scope."""
    low, high = scope.path_range
    return {"low": low, "high": high}


def within(scope: Scope) -> dict[str, object]:
    """Return the parameters by which a statement keeps to a scope."""
    return {**paths(scope), "only": scope.only_person, "whole": scope.whole_city}
