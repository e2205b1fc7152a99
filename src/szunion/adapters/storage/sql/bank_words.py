"""Know how the bank's further words are kept in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from szunion.adapters.storage.sql.batches import people_seen
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_day, maybe_iso, micros, moment
from szunion.domain.access import Scope
from szunion.domain.bank import FaceSignResult, NumberResult, Waiver
from szunion.domain.bank_words import FaceSign, Reservation, ReservationId, WaiverUse
from szunion.domain.values import CardId, PersonId, RequestKey, RowId, shard_of


def sign_of(row: Row) -> FaceSign:
    row_id, sequence, person, version, result, effective, received, code, text = row
    return FaceSign(
        row=RowId(row_id), sequence=sequence, person=PersonId(person), identity_version=version,
        result=FaceSignResult(result), effective=moment(effective), received=moment(received),
        bank_code=code, bank_text=text,
    )  # fmt: skip


def known_sign(sign: FaceSign) -> tuple[object, ...]:
    """Return the columns of a signing."""
    return (
        shard_of(sign.person), sign.row, sign.sequence, sign.person, sign.identity_version,
        sign.result.value, micros(sign.effective), micros(sign.received), sign.bank_code,
        sign.bank_text,
    )  # fmt: skip


@frozen
class SqlFaceSigns:
    """Signings in SQL."""

    session: Session

    def add(self, scope: Scope, sign: FaceSign) -> bool:
        return self.session.do("face_sign.add", known_sign(sign)) == 1

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[FaceSign]:
        if not people_seen(self.session, scope, [person]):
            return []
        where = {"shard": shard_of(person), "person": person}
        return [sign_of(row) for row in self.session.all("face_sign.of_person", where)]


def waiver_use(row: Row) -> WaiverUse:
    """Return the count that a row says."""
    card, month, kind, person, used, allowed, sequence, told = row
    return WaiverUse(
        card=CardId(card), month=date.fromisoformat(month), kind=Waiver(kind),
        person=PersonId(person), used=used, allowed=allowed, sequence=sequence, told=moment(told),
    )  # fmt: skip


@frozen
class SqlFeeWaivers:
    """Counts of free services in SQL. The newest word stands by the statement's own guard."""

    session: Session

    def put(self, scope: Scope, use: WaiverUse) -> bool:
        row = {
            "shard": shard_of(use.card), "card": use.card, "month": use.month.isoformat(),
            "kind": use.kind.value, "person": use.person, "used": use.used,
            "allowed": use.allowed, "sequence": use.sequence, "told": micros(use.told),
        }  # fmt: skip
        return self.session.do("fee_waiver.put", row) == 1

    def of_card(self, scope: Scope, card: CardId, month: date) -> Sequence[WaiverUse]:
        where = {"shard": shard_of(card), "card": card, "month": month.isoformat()}
        found = [waiver_use(row) for row in self.session.all("fee_waiver.of_card", where)]
        seen = people_seen(self.session, scope, {each.person for each in found})
        return [each for each in found if each.person in seen]


def _reservation(row: Row) -> Reservation:
    (
        id_, person, programme, digits, number, key, identity_version, asked, asked_by, result,
        until, sequence, refused, version,
    ) = row  # fmt: skip
    return Reservation(
        id=ReservationId(id_), person=PersonId(person), programme=programme, digits=digits,
        number=number, key=RequestKey(key), identity_version=identity_version,
        asked=moment(asked), asked_by=asked_by, result=NumberResult(result) if result else None,
        until=maybe_day(until), sequence=sequence, refused=refused, version=version,
    )  # fmt: skip


def _known(one: Reservation) -> dict[str, object]:
    return {
        "shard": shard_of(one.id), "id": one.id, "person": one.person,
        "programme": one.programme, "digits": one.digits, "number": one.number,
        "key": one.key.text, "identity_version": one.identity_version,
        "asked": micros(one.asked), "asked_by": one.asked_by,
        "result": one.result.value if one.result else None, "until": maybe_iso(one.until),
        "sequence": one.sequence, "refused": one.refused, "version": one.version,
    }  # fmt: skip


@frozen
class SqlReservations:
    """Reserved numbers in SQL."""

    session: Session

    def add(self, scope: Scope, reservation: Reservation) -> None:
        self.session.do("reservation.add", _known(reservation))

    def get(self, scope: Scope, reservation: ReservationId) -> Reservation | None:
        where = {"shard": shard_of(reservation), "id": reservation}
        row = self.session.one("reservation.get", where)
        found = None if row is None else _reservation(row)
        if found is None or not people_seen(self.session, scope, [found.person]):
            return None
        return found

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Reservation]:
        if not people_seen(self.session, scope, [person]):
            return []
        where = {"shard": shard_of(person), "person": person}
        return [_reservation(row) for row in self.session.all("reservation.of_person", where)]

    def put(self, scope: Scope, reservation: Reservation) -> None:
        self.session.put("reservation.put", _known(reservation), "number_reservation")
