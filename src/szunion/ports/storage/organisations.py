"""Know how unions are kept and found: the tree of organisations."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from szunion.domain.organisations import OrganisationState
from szunion.domain.values import OrganisationId


@frozen
class Standing:
    """Where a union stands in the tree now, and whether it may do business."""

    path: str
    state: OrganisationState


class Organisations(Protocol):
    """The unions of a city."""

    def standing(self, organisation: OrganisationId) -> Standing | None:
        """Return where a union stands: for the authoriser, who has no scope yet."""
        ...
