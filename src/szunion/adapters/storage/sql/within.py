"""Know how a statement keeps to a scope."""

from __future__ import annotations

from szunion.domain.access import Scope


def within(scope: Scope) -> dict[str, object]:
    """Return the parameters by which a statement keeps to a scope."""
    low, high = scope.path_range
    return {
        "low": low, "high": high, "only": scope.only_person, "whole": scope.whole_city,
    }  # fmt: skip
