"""Know how what the bank tells is kept: each event id once, for ever; what must wait, sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.inbox import HeardNotice, Hearing, WaitingNotice
from szunion.ports.bank import Cursor


class Inbox(Protocol):
    """Notices of the bank, and how far collecting has come."""

    def hear(self, scope: Scope, notice: HeardNotice) -> HeardNotice | None:
        """Write *notice* down unless its event id is known; return the one that was there."""
        ...

    def put(self, scope: Scope, notice: HeardNotice) -> None:
        """Keep what became of a notice."""
        ...

    def get(self, scope: Scope, source: str, event_id: str) -> HeardNotice | None:
        """Return one notice."""
        ...

    def listed(
        self, scope: Scope, hearings: Iterable[Hearing], *, most: int = 200
    ) -> Sequence[HeardNotice]:
        """Return notices that stand in *hearings*, oldest first."""
        ...

    def contradicted(self, scope: Scope, subjects: Iterable[int]) -> Mapping[int, datetime]:
        """Return which of *subjects* the bank contradicts itself about, each with the last time."""
        ...

    def wait(self, scope: Scope, waiting: WaitingNotice) -> None:
        """Keep a notice that cannot be obeyed yet."""
        ...

    def waiting(self, scope: Scope, about: str) -> Sequence[WaitingNotice]:
        """Return what waits for *about*, in the order in which it came."""
        ...

    def waiting_longest(self, scope: Scope, most: int) -> Sequence[WaitingNotice]:
        """Return notices that wait for something, oldest first; not those set aside."""
        ...

    def waits_no_more(self, scope: Scope, waiting: WaitingNotice) -> None:
        """Forget a waiting notice: it has been obeyed."""
        ...

    def cursor(self, scope: Scope, source: str) -> Cursor | None:
        """Return where collecting goes on."""
        ...

    def move_cursor(self, scope: Scope, source: str, cursor: Cursor, now: datetime) -> None:
        """Keep where collecting goes on."""
        ...
