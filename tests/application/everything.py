"""A member who has everything that the system keeps of anybody, and the way to let it all end."""

from __future__ import annotations

from datetime import date

from attrs import evolve, frozen
from tests.booktown import BookTown
from tests.claimtown import CHILD, STAY, ClaimTown, claim_town_on, stay
from tests.offices import member, on_call, serving

from szunion.application.access import authorise
from szunion.application.bookings import Booked
from szunion.application.cards import Cards
from szunion.application.consents import Consents
from szunion.application.joinings import Joinings
from szunion.application.numbers import Numbers
from szunion.application.office import Office
from szunion.application.referrals import Referrals
from szunion.application.rights import Rights
from szunion.application.services import Services
from szunion.domain.access import Operation, Principal, Purpose, Role
from szunion.domain.bank import FaceSignResult, Waiver
from szunion.domain.bank_words import FaceSign, WaiverUse
from szunion.domain.card_files import CustodyList
from szunion.domain.claim_files import Heir
from szunion.domain.consent import ConsentPurpose
from szunion.domain.custody import CustodyEvent
from szunion.domain.holds import HoldReason
from szunion.domain.reckoning import Happening
from szunion.domain.rights import RequestKind
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork

WORDS = "想学书法，周末的班"
NOTE = "会员来电说卡找不到了"
MATTER = "车间夜班补贴没有发"
NEW_NAME = "测试改名"


def rights_officer(name: str = "rights-1") -> Principal:
    """Return somebody of the city who works for people's own requests."""
    return Principal(id=name, role=Role.CITY, purpose=Purpose.RIGHTS)


@frozen(kw_only=True)
class Everything:
    """The town, the member with everything, and another one."""

    town: ClaimTown
    person: PersonId
    other: PersonId
    asked: int
    """A correction that waits."""

    @property
    def office(self) -> Office:
        return self.town.office

    def rights(self, by: Principal | None = None) -> Rights:
        return Rights(self.office, by or member(self.person))

    def end(self) -> None:
        """Let everything that stands against an erasure come to its end."""
        cards = self.town.money.cards
        kept = cards.card(self.person)
        self.rights().withdraw(self.asked)
        own = Referrals(self.office, member(self.person))
        for each in own.of_person(self.person):
            own.withdraw(each.id)
        for hold in kept.card.holds:
            Cards(self.office, cards.town.g(0)).unlock(kept.id, hold.id, "找到了")
        self.town.pay(CHILD)
        cards.town.memberships(cards.town.g(0)).quit(self.person, document="退会申请1")
        cards.run()
        cards.bank.simulate.close(kept.card.ref)
        cards.run()
        self._give_the_number_up()
        cards.pass_time(days=400)  # the event and the covers are over, paid claims are closed

    def _give_the_number_up(self) -> None:
        def write(work: UnitOfWork) -> None:
            scope = authorise(work, rights_officer(), Operation.CONSENT_WRITE)
            for each in work.reservations.of_person(scope, self.person):
                if each.open:
                    work.reservations.put(scope, evolve(each, refused="LAPSED"))

        self.office.storage.run(write)


def everything_on(office: Office) -> Everything:
    """Return a town on *office* with a member who has everything."""
    town = claim_town_on(office)
    person, other = town.people(2)
    cards = town.money.cards
    books = BookTown(cards=cards)
    books.bind(0)
    _claimed(town, person)
    _visited(books, person)
    _told(town, person, other)
    Referrals(office, on_call(office, person)).make(MATTER)
    Joinings(office, serving(cards.town.g(0))).ask(
        office.catalogue.collective[0].id, town.today, where="三楼", expected=9, people=[person]
    )
    Numbers(town.office, cards.town.c1).reserve(person, "888")
    Cards(town.office, cards.town.g(0)).lock(
        cards.card(person).id, HoldReason.PLASTIC_MISSING, note=NOTE
    )
    move = cards.town.transfers(cards.town.g(1)).request(person, cards.town.unions[1].id)
    cards.town.transfers(member(person)).withdraw(move.id)
    cards.run()
    Consents(town.office, cards.town.g(0)).ask([person], ConsentPurpose.MERCHANT)
    asked = Rights(town.office, member(person)).ask(
        person, RequestKind.CORRECT, wanted={"name": NEW_NAME}
    )
    return Everything(town=town, person=person, other=other, asked=asked.id)


def _claimed(town: ClaimTown, person: PersonId) -> None:
    """Let a member claim for a stay and a child, have both decided, and one taken back."""
    for plan, what, number in (
        (STAY, stay(town.today, 4), "ZY1"),
        (CHILD, Happening(on=town.today), "P440300001"),
    ):
        town.decide(town.file(person, plan, what, number, papers=("出院小结",)))
    town.pay(STAY)
    late = town.file(person, STAY, stay(town.today, 2), "ZY2")
    town.claims(member(person)).withdraw(late.id)


def _visited(books: BookTown, person: PersonId) -> None:
    """Let a member book, come, rate and wish."""
    answer = books.desk(person).book(books.offer(5).id)
    assert isinstance(answer, Booked)
    books.desk(person).confirm(answer.booking.id)
    came = books.desk(books.provider).check_in(answer.booking.id)
    services = Services(books.office, member(person))
    services.rate(came.id, 5)
    shelf = books.office.catalogue.categories[0].code
    services.wish(category=shelf, words=WORDS)


def _told(town: ClaimTown, person: PersonId, other: PersonId) -> None:
    """Put what only the bank, a counter or a second person could have brought about."""
    cards = town.money.cards
    card, now = cards.card(person), cards.clock.now()

    def write(work: UnitOfWork) -> None:
        scope = authorise(work, cards.town.c1, Operation.CONSENT_WRITE)
        work.card_counters.keep(scope, card.id, 7)
        (row,) = work.rows.of_person(scope, person)
        signed = FaceSign(
            row=row.id, person=person, identity_version=1, result=FaceSignResult.PAPERS_MISSING,
            sequence=1, effective=now, received=now, bank_code="F1", bank_text="缺身份证原件",
        )  # fmt: skip
        work.face_signs.add(scope, signed)
        use = WaiverUse(
            card=card.id, person=person, month=date(2017, 11, 1), kind=Waiver.ATM_WITHDRAWAL,
            used=1, allowed=3, sequence=1, told=now,
        )  # fmt: skip
        work.fee_waivers.put(scope, use)
        made = CustodyList(
            id=work.ids.new(), organisation=cards.town.unions[0].id,
            event=CustodyEvent.GIVE_BACK, pieces=(card.id,), made_by="g-0", made=now,
        )  # fmt: skip
        work.custody_lists.add(scope, made)
        heir = Heir(
            person=person, heir=other, document="公证书1", named=now, named_by="a",
            confirmed_by="b", since=date(2017, 11, 23),
        )  # fmt: skip
        work.heirs.put(scope, heir)

    town.office.storage.run(write)
