"""A town whose members have active cards and bound accounts, and something to book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import frozen
from tests.cardtown import CardTown, card_town_on
from tests.offices import applicant, engine, member, officer, serving

from szunion.adapters.identity.simulated import CODE, SimulatedIdentity
from szunion.application.bindings import Bindings, Bound
from szunion.application.bookings import Booked, Bookings
from szunion.application.office import Office
from szunion.domain.access import Principal, Role
from szunion.domain.bindings import Portal
from szunion.domain.bookings import Booking, BookingState, Offer
from szunion.domain.values import OfferId, PersonId
from szunion.ports.identity import Claimed
from szunion.text import Text

ITEM = "cu-events"


@frozen(kw_only=True)
class BookTown:
    """A town with something to book."""

    cards: CardTown

    @property
    def office(self) -> Office:
        return self.cards.office

    @property
    def provider(self) -> Principal:
        return officer("door-1", Role.PROVIDER, self.cards.town.unions[0])

    @property
    def provider2(self) -> Principal:
        return officer("door-2", Role.PROVIDER, self.cards.town.unions[0])

    def desk(self, by: Principal | PersonId) -> Bookings:
        return Bookings(self.office, serving(by) if isinstance(by, Principal) else member(by))

    def members(self, count: int, *, start: int = 0, union: int = 0) -> list[PersonId]:
        """Return members who have an active card and a bound account."""
        people = self.cards.admit(count, union, start)
        self.cards.activate(people, union)
        for index in range(count):
            self.bind(start + index)
        return people

    def bind(self, index: int) -> None:
        someone = applicant(index)
        claimed = Claimed(name=someone.name, document=someone.document, second=CODE)
        desk = Bindings(self.office, engine(), SimulatedIdentity())
        assert isinstance(desk.bind(Portal.WECHAT, f"openid-{index}", claimed), Bound)

    def offer(  # noqa: PLR0913 - what an offer says
        self,
        stock: int,
        *,
        waiting_list: bool = False,
        per_person: int = 1,
        hours: float = 24,
        opens_in: float = 0,
        item: str = ITEM,
    ) -> Offer:
        now = self.cards.clock.now()
        return self.desk(self.cards.town.c1).put_up(
            item, Text("中秋音乐会", "mid-autumn concert"), stock=stock,
            opens=now + timedelta(hours=opens_in), closes=now + timedelta(hours=hours),
            ends=now + timedelta(hours=hours + 3), per_person=per_person,
            waiting_list=waiting_list,
        )  # fmt: skip

    def held(self, offer: Offer, person: PersonId) -> Booking:
        answer = self.desk(person).book(offer.id)
        assert isinstance(answer, Booked), answer
        return answer.booking

    def bookings(self, offer: Offer, people: Sequence[PersonId]) -> list[Booking]:
        found = self.cards.look(lambda work, scope: [
            each for person in people for each in work.bookings.of_person(scope, person)
        ])  # fmt: skip
        return [each for each in found if each.offer == offer.id]

    def taken(self, offer: OfferId) -> int:
        found = self.cards.look(lambda work, scope: work.offers.get(scope, offer))
        assert found is not None
        return found.taken

    def state(self, booking: Booking) -> BookingState:
        found = self.cards.look(lambda work, scope: work.bookings.get(scope, booking.id))
        assert found is not None
        return found.state

    def messages(self, person: PersonId) -> list[str]:
        found = self.cards.look(lambda work, scope: work.messages.of_person(scope, person))
        return [each.template for each in found]


def book_town_on(office: Office) -> BookTown:
    """Return a town in *office* where things can be booked."""
    return BookTown(cards=card_town_on(office))
