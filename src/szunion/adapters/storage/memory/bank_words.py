"""Know how the bank's further words are kept in memory."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.bank import Waiver
from szunion.domain.bank_words import FaceSign, Reservation, ReservationId, WaiverUse
from szunion.domain.values import CardId, PersonId, RowId


def _open(row: Reservation) -> Hashable | None:
    return (row.person, row.programme) if row.open else None


@define
class BankWordTables:
    """Signings, counts of free services, reserved numbers."""

    signs: Table[tuple[RowId, int], FaceSign] = field(factory=lambda: Table("face_sign"))
    waivers: Table[tuple[CardId, date, Waiver], WaiverUse] = field(
        factory=lambda: Table("fee_waiver")
    )
    reservations: Table[ReservationId, Reservation] = field(
        factory=lambda: Table("number_reservation", {"key": lambda row: row.key, "open": _open})
    )


@frozen
class MemoryFaceSigns:
    """Signings in memory."""

    tables: BankWordTables
    sight: Sight
    undo: Undo

    def add(self, scope: Scope, sign: FaceSign) -> bool:
        key = (sign.row, sign.sequence)
        if self.tables.signs.get(key) is not None:
            return False
        self.tables.signs.insert(self.undo, key, sign)
        return True

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[FaceSign]:
        if not self.sight.person(scope, person):
            return []
        found = [each for each in self.tables.signs if each.person == person]
        return sorted(found, key=lambda each: (each.row, each.sequence))


@frozen
class MemoryFeeWaivers:
    """Counts of free services in memory."""

    tables: BankWordTables
    sight: Sight
    undo: Undo

    def put(self, scope: Scope, use: WaiverUse) -> bool:
        key = (use.card, use.month, use.kind)
        old = self.tables.waivers.get(key)
        if old is None:
            self.tables.waivers.insert(self.undo, key, use)
            return True
        if old.sequence >= use.sequence:
            return False
        self.tables.waivers.replace(self.undo, key, use)
        return True

    def of_card(self, scope: Scope, card: CardId, month: date) -> Sequence[WaiverUse]:
        found = [
            each
            for each in self.tables.waivers
            if (each.card, each.month) == (card, month) and self.sight.person(scope, each.person)
        ]
        return sorted(found, key=lambda each: each.kind.value)


@frozen
class MemoryReservations:
    """Reserved numbers in memory."""

    tables: BankWordTables
    sight: Sight
    undo: Undo

    def add(self, scope: Scope, reservation: Reservation) -> None:
        self.tables.reservations.insert(self.undo, reservation.id, reservation)

    def get(self, scope: Scope, reservation: ReservationId) -> Reservation | None:
        row = self.tables.reservations.get(reservation)
        return row if row is not None and self.sight.person(scope, row.person) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Reservation]:
        if not self.sight.person(scope, person):
            return []
        found = [each for each in self.tables.reservations if each.person == person]
        return sorted(found, key=lambda each: each.id)

    def put(self, scope: Scope, reservation: Reservation) -> None:
        check_version(
            self.tables.reservations.get(reservation.id), reservation, "number_reservation"
        )
        changed = evolve(reservation, version=reservation.version + 1)
        self.tables.reservations.replace(self.undo, reservation.id, changed)
