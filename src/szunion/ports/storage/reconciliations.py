"""Know how comparisons with the bank are kept, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.reconciliation import Difference, DifferenceKind, ReconKind, ReconRun


class Reconciliations(Protocol):
    """Runs, and differences that stay open until something closes them."""

    def find(self, scope: Scope, kind: ReconKind, day: date, digest: str) -> ReconRun | None:
        """Return the run over that very list."""
        ...

    def get(self, scope: Scope, run: int) -> ReconRun | None:
        """Return a run with the differences that it was the first to find."""
        ...

    def last(self, scope: Scope, kind: ReconKind, day: date | None = None) -> ReconRun | None:
        """Return the newest run of a kind, over lists of one day where one is named."""
        ...

    def add(self, scope: Scope, run: ReconRun) -> None:
        """Keep a run with its differences, which no earlier run has open (E-STORE-004)."""
        ...

    def open(self, scope: Scope, kinds: Sequence[DifferenceKind] = ()) -> Sequence[Difference]:
        """Return every open difference, oldest first; no kinds: all of them."""
        ...

    def close(self, scope: Scope, differences: Sequence[Difference], at: datetime) -> None:
        """Keep differences that have been closed."""
        ...

    def was_closed(self, scope: Scope, kind: DifferenceKind, name: str) -> bool:
        """Return whether a difference of that name was closed by a person."""
        ...

    def first_found(self, scope: Scope, difference: int) -> datetime | None:
        """Return when a difference was found first: its age counts from there."""
        ...
