"""Know how limited stock, bookings, participation and ratings are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

from attrs import frozen

from szunion.adapters.storage.sql.batches import people_seen
from szunion.adapters.storage.sql.columns import column
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.domain.access import Scope
from szunion.domain.bookings import Booking, BookingState, NoPlace, Offer
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.participation import Means, Outcome, Participation
from szunion.domain.ratings import Rating
from szunion.domain.values import (
    BookingId,
    CardId,
    OfferId,
    OrganisationId,
    ParticipationId,
    PersonId,
    age_of,
    shard_of,
)
from szunion.errors import Conflict
from szunion.text import Text


def _offer(row: Row) -> Offer:
    (
        id_, item, title, title_en, stock, taken, per_person, opens, closes, ends, waiting, version
    ) = row  # fmt: skip
    return Offer(
        id=OfferId(id_), item=item, title=Text(title, title_en), stock=stock, taken=taken,
        per_person=per_person, opens=moment(opens), closes=moment(closes),
        ends=moment(ends), waiting_list=bool(waiting), version=version,
    )  # fmt: skip


@frozen
class SqlOffers:
    """Offers in SQL. The stock is counted by the database's own guarded step."""

    session: Session

    def add(self, scope: Scope, offer: Offer) -> None:
        self.session.do(
            "offer.add",
            {
                "id": offer.id, "item": offer.item, "title": offer.title.zh,
                "title_en": offer.title.en, "stock": offer.stock, "taken": offer.taken,
                "per_person": offer.per_person, "opens": micros(offer.opens),
                "closes": micros(offer.closes), "ends": micros(offer.over),
                "waiting_list": int(offer.waiting_list),
            },
        )  # fmt: skip

    def get(self, scope: Scope, offer: OfferId) -> Offer | None:
        row = self.session.one("offer.get", {"id": offer})
        return None if row is None else _offer(row)

    def some(self, scope: Scope, offers: Collection[OfferId]) -> Mapping[OfferId, Offer]:
        rows = self.session.all("offer.some", {"offers": json.dumps(list(offers))})
        return {offer.id: offer for offer in map(_offer, rows)}

    def open(self, scope: Scope, now: datetime) -> Sequence[Offer]:
        return [_offer(row) for row in self.session.all("offer.open", {"now": micros(now)})]

    def take(self, scope: Scope, places: Mapping[OfferId, int]) -> bool:
        rows = [{"id": offer, "places": count} for offer, count in places.items()]
        return self.session.many("offer.take", rows) == len(rows)

    def give_back(self, scope: Scope, offer: OfferId, places: int) -> None:
        if self.session.do("offer.give_back", {"id": offer, "places": places}) != 1:
            raise Conflict("E-STORE-004", constraint="CHECK(offer.taken)")


def _booking(row: Row) -> Booking:
    id_, offer, person, place, state, asked, confirm_by, refused, version = row
    return Booking(
        id=BookingId(id_), offer=OfferId(offer), person=PersonId(person), place=place,
        state=BookingState(state), asked=moment(asked), confirm_by=maybe_moment(confirm_by),
        refused=NoPlace(refused) if refused else None, version=version,
    )  # fmt: skip


@frozen
class SqlBookings:
    """Bookings in SQL. Who sees the person's membership sees the booking."""

    session: Session

    def add_many(self, scope: Scope, bookings: Sequence[Booking]) -> None:
        ids = [each.id for each in bookings]
        self.session.columns(
            "booking.add",
            (
                [id_ >> 53 for id_ in ids], ids,
                column([each.offer for each in bookings], int),
                [each.person for each in bookings],
                column([each.place for each in bookings], int),
                column([each.state for each in bookings], lambda state: state.value),
                column([each.asked for each in bookings], maybe_micros),
                column([each.confirm_by for each in bookings], maybe_micros),
                column([each.refused for each in bookings], lambda why: why and why.value),
            ),
        )  # fmt: skip

    def get(self, scope: Scope, booking: BookingId) -> Booking | None:
        row = self.session.one("booking.get", {"shard": shard_of(booking), "id": booking})
        return next(iter(self._seen(scope, [] if row is None else [row])), None)

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Booking]:
        where = {"shard": shard_of(person), "person": person}
        return self._seen(scope, self.session.all("booking.of_person", where))

    def _seen(self, scope: Scope, rows: Sequence[Row]) -> list[Booking]:
        found = [_booking(row) for row in rows]
        seen = people_seen(self.session, scope, {each.person for each in found}) if found else set()
        return [each for each in found if each.person in seen]

    def of_people(
        self, scope: Scope, people: Mapping[OfferId, Collection[PersonId]]
    ) -> Mapping[tuple[OfferId, PersonId], Sequence[Booking]]:
        pairs = {(offer, person) for offer, theirs in people.items() for person in theirs}
        offers, persons = map(list, zip(*pairs, strict=True)) if pairs else ([], [])
        homes = list(map(shard_of, persons))
        columns = {"person": persons, "home": homes, "offer": offers}
        where = self.session.packed("booking.of_people", columns)
        found: dict[tuple[OfferId, PersonId], list[Booking]] = {}
        for booking in map(_booking, self.session.all("booking.of_people", where)):
            found.setdefault((booking.offer, booking.person), []).append(booking)
        return found

    def put(self, scope: Scope, booking: Booking) -> None:
        self.session.put(
            "booking.put",
            {
                "shard": shard_of(booking.id), "id": booking.id, "state": booking.state.value,
                "confirm_by": maybe_micros(booking.confirm_by),
                "refused": booking.refused.value if booking.refused else None,
                "version": booking.version,
            },
            "booking",
        )  # fmt: skip

    def waiting(self, scope: Scope, offer: OfferId, most: int) -> Sequence[Booking]:
        rows = self.session.all("booking.waiting", {"offer": offer, "most": most})
        return [_booking(row) for row in rows]

    def lapsed(self, scope: Scope, now: datetime, most: int) -> Sequence[Booking]:
        rows = self.session.all("booking.lapsed", {"now": micros(now), "most": most})
        return [_booking(row) for row in rows]

    def over(self, scope: Scope, now: datetime, most: int) -> Sequence[Booking]:
        rows = self.session.all("booking.over", {"now": micros(now), "most": most})
        return [_booking(row) for row in rows]

    def ahead(self, scope: Scope, booking: Booking) -> int:
        where = {"offer": booking.offer, "asked": micros(booking.asked), "age": age_of(booking.id)}
        row = self.session.one("booking.ahead", where)
        return row[0] if row else 0

    def clean(
        self, scope: Scope, people: Iterable[PersonId], programme: str
    ) -> Mapping[PersonId, tuple[MembershipState, MembershipReason | None]]:
        where = {"people": json.dumps(list(people)), "programme": programme}
        newest: dict[PersonId, tuple[int, str, str | None]] = {}
        for person, *membership in self.session.all("booking.clean", where):
            if person not in newest or newest[person][0] < membership[0]:
                newest[person] = tuple(membership)
        known = cache(_standing)  # a crowd stands alike
        return {person: known(state, reason) for person, (_, state, reason) in newest.items()}

    def figures(self, scope: Scope) -> Mapping[str, tuple[int, int, int]]:
        return {item: (stock, taken, waiting)
                for item, stock, taken, waiting in self.session.all("booking.figures")}  # fmt: skip


def _standing(state: str, reason: str | None) -> tuple[MembershipState, MembershipReason | None]:
    return MembershipState(state), MembershipReason(reason) if reason else None


def _participation(row: Row) -> Participation:
    (
        id_, key, person, item, category, occasion, at, recorded, means, outcome,
        card, organisation, author, corrects, reason,
    ) = row  # fmt: skip
    return Participation(
        id=ParticipationId(id_), key=key, person=PersonId(person), item=item, category=category,
        occasion=occasion, at=moment(at), recorded=moment(recorded), means=Means(means),
        outcome=Outcome(outcome), card=CardId(card) if card else None,
        organisation=OrganisationId(organisation) if organisation else None, author=author,
        corrects=ParticipationId(corrects) if corrects else None, reason=reason,
    )  # fmt: skip


def known_participation(record: Participation) -> tuple[object, ...]:
    """Return the columns of a record."""
    return (
        shard_of(record.id), record.id, record.key, record.person, record.item,
        record.category, record.occasion, micros(record.at), micros(record.recorded),
        record.means.value, record.outcome.value, record.card, record.organisation,
        record.author, record.corrects, record.reason,
    )  # fmt: skip


@frozen
class SqlParticipations:
    """Who took part in what, in SQL."""

    session: Session

    def add(self, scope: Scope, record: Participation) -> bool:
        return self.session.do("participation.add", known_participation(record)) == 1

    def get(self, scope: Scope, record: ParticipationId) -> Participation | None:
        row = self.session.one("participation.get", {"shard": shard_of(record), "id": record})
        found = None if row is None else _participation(row)
        if found is None or not people_seen(self.session, scope, [found.person]):
            return None
        return found

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Participation]:
        if not people_seen(self.session, scope, [person]):
            return []
        where = {"shard": shard_of(person), "person": person}
        return [_participation(row) for row in self.session.all("participation.of_person", where)]

    def by_key(self, scope: Scope, key: str, person: PersonId) -> Participation | None:
        where = {"shard": shard_of(person), "key": key}
        row = self.session.one("participation.by_key", where)
        found = None if row is None else _participation(row)
        return found if found and people_seen(self.session, scope, [found.person]) else None

    def used(self, scope: Scope) -> Mapping[str, Mapping[Outcome, int]]:
        found: dict[str, dict[Outcome, int]] = {}
        for item, outcome, count in self.session.all("participation.used"):
            found.setdefault(item, {})[Outcome(outcome)] = count
        return found

    def rate(self, scope: Scope, rating: Rating) -> None:
        row = (
            shard_of(rating.participation), rating.participation, rating.person, rating.item,
            rating.stars, micros(rating.at),
        )  # fmt: skip
        self.session.do("participation.rate", row)

    def ratings(self, scope: Scope) -> Mapping[str, tuple[int, int]]:
        rows = self.session.all("participation.ratings")
        return {item: (count, stars) for item, count, stars in rows}
