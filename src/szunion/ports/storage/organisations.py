"""Know how unions are kept and found: the tree of organisations, with its versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from szunion.domain.access import Scope
from szunion.domain.organisations import (
    Organisation,
    OrganisationKind,
    OrganisationState,
)
from szunion.domain.values import OrganisationId


@frozen
class Standing:
    """Where a union stands in the tree now, and whether it may do business."""

    path: str
    state: OrganisationState
    kind: OrganisationKind


class Organisations(Protocol):
    """The unions of a city. What is outside the scope is not there."""

    def standing(self, organisation: OrganisationId) -> Standing | None:
        """Return where a union stands: for the authoriser, who has no scope yet."""
        ...

    def root(self) -> OrganisationId | None:
        """Return the city federation, for the authoriser and the first registration."""
        ...

    def get(self, scope: Scope, organisation: OrganisationId) -> Organisation | None:
        """Return a union; None: it is not there, or not within the scope."""
        ...

    def by_code(self, scope: Scope, code: str) -> Organisation | None:
        """Return the union of that code within the scope."""
        ...

    def children(self, scope: Scope, organisation: OrganisationId) -> Sequence[Organisation]:
        """Return the living unions directly below, by code."""
        ...

    def all(self, scope: Scope) -> Iterator[Organisation]:
        """Yield every union within the scope in the order of the tree."""
        ...

    def add(self, scope: Scope, organisation: Organisation) -> None:
        """Keep a new union at its place in the tree, which follows from its parent.

        Raises:
            Conflict: its code is taken, or its credit code by a living union (E-STORE-004).
        """
        ...

    def add_many(self, scope: Scope, organisations: Iterable[Organisation]) -> None:
        """Keep many new unions, upper ones first: the bulk path."""
        ...

    def put(self, scope: Scope, organisation: Organisation) -> None:
        """Keep a changed union; its ``version`` is the one that was read.

        Where its newest placement names another parent, it and all below it move in the tree, and
        scopes follow in the same commit.

        Raises:
            Conflict: somebody else was faster, or it is outside the scope (E-STORE-008).
        """
        ...

    def counts(self, scope: Scope) -> Mapping[tuple[OrganisationKind, OrganisationState], int]:
        """Return how many unions there are within the scope, by kind and state."""
        ...
