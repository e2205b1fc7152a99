"""Know how the bank's further words are kept: signings, free services, reserved numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.bank_words import FaceSign, Reservation, ReservationId, WaiverUse
from szunion.domain.values import CardId, PersonId


class FaceSigns(Protocol):
    """What came of signing face to face."""

    def add(self, scope: Scope, sign: FaceSign) -> bool:
        """Keep a result; False: one with its row and sequence is there."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[FaceSign]:
        """Return a person's results, by row and sequence."""
        ...


class FeeWaivers(Protocol):
    """What was free of fee."""

    def put(self, scope: Scope, use: WaiverUse) -> bool:
        """Keep a count; False: a later one is known for that card, month and kind."""
        ...

    def of_card(self, scope: Scope, card: CardId, month: date) -> Sequence[WaiverUse]:
        """Return a card's counts of a month, by kind."""
        ...


class Reservations(Protocol):
    """Reserved card numbers."""

    def add(self, scope: Scope, reservation: Reservation) -> None:
        """Keep a new one.

        Raises:
            Conflict: the person has an open one in that programme (E-STORE-004).
        """
        ...

    def get(self, scope: Scope, reservation: ReservationId) -> Reservation | None:
        """Return one within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Reservation]:
        """Return a person's, oldest first."""
        ...

    def put(self, scope: Scope, reservation: Reservation) -> None:
        """Change one.

        Raises:
            Conflict: somebody else has changed it (E-STORE-008).
        """
        ...
