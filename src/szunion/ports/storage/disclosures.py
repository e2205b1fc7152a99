"""Know how exports and plain values shown are counted and kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.disclosures import Disclosure, DisclosureKind


class Disclosures(Protocol):
    """What was shown to whom. The count of a day is one row, so that two at once cannot pass."""

    def add(self, scope: Scope, disclosure: Disclosure, most: int) -> bool:
        """Keep a disclosure and count its rows; False, and nothing kept: above *most* that day."""
        ...

    def counted(self, scope: Scope, actor: str, day: date, kind: DisclosureKind) -> int:
        """Return how many rows were disclosed to somebody on a day."""
        ...

    def older(self, scope: Scope, day: date, most: int) -> int:
        """Return how many are of before a day, counted to *most*."""
        ...

    def end_older(self, scope: Scope, day: date, most: int) -> int:
        """Delete those of before a day, the oldest first, with the counts of those days."""
        ...

    def listed(
        self, scope: Scope, kind: DisclosureKind, *, after: int = 0, most: int = 200
    ) -> Sequence[Disclosure]:
        """Return a page of them within the scope by id, those with a greater id than *after*."""
        ...
