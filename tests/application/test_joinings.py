"""A union signs up for what its members join together, is given a day, and says who came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from attrs import evolve, frozen
from tests.cardtown import CardTown, card_town_on
from tests.chips import READER, chip, equipment
from tests.offices import (
    ENGINES,
    applicant,
    engine,
    member,
    office_on,
    officer,
    on_call,
    operating,
    serving,
)

from szunion.application.counter import Counter
from szunion.application.joining_deadlines import JoiningDeadlines
from szunion.application.joinings import Joinings, NotListed, OnList
from szunion.application.organisations import Organisations
from szunion.application.rights import Rights
from szunion.application.services import Services
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.eligibility import Ineligible
from szunion.domain.identity import Gender
from szunion.domain.joinings import MOST_LISTED, Joining, JoiningState, NoListing
from szunion.domain.participation import Means, Outcome
from szunion.domain.projects import Project
from szunion.domain.rights import RequestKind
from szunion.domain.values import PersonId
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound, SzunionError

LECTURE, WOMEN, LAWYER = "co-quality-lecture", "co-women-classroom", "co-lawyer-visit"
TODAY = date(2017, 11, 23)
S = JoiningState


@frozen
class Place:
    """A town with members, and unions that sign up."""

    cards: CardTown

    def desk(self, by: Principal) -> Joinings:
        return Joinings(self.cards.office, by)

    def union(self, number: int = 0, name: str = "g") -> Joinings:
        return self.desk(serving(self.cards.town.g(number, name)))

    @property
    def district(self) -> Joinings:
        return self.desk(serving(self.cards.town.upper(0)))

    def people(self, count: int, union: int = 0, start: int = 0) -> list[PersonId]:
        return sorted(self.cards.admit(count, union, start))

    def asked(self, *people: PersonId, item: str = LECTURE, expected: int = 30) -> Joining:
        signed = self.union().ask(
            item, TODAY + timedelta(days=3), last=TODAY + timedelta(days=9), where="厂区食堂",
            expected=expected, session="下午", people=people,
        )  # fmt: skip
        return signed.joining

    def accepted(self, *people: PersonId, item: str = LECTURE) -> Joining:
        made = self.asked(*people, item=item)
        return self.district.accept(made.id, TODAY + timedelta(days=5), 20)

    def next_day(self, days: int = 1) -> None:
        self.cards.clock.advance(days=days)

    def parts(self, person: PersonId) -> list[tuple[str, Means, Outcome]]:
        services = Services(self.cards.office, member(person))
        return [(each.item, each.means, each.outcome) for each in services.history()]

    def told(self, person: PersonId) -> list[str]:
        found = self.cards.look(lambda work, scope: work.messages.of_person(scope, person))
        return [
            each.template.removeprefix("joining.")
            for each in found if each.template.startswith("joining.")
        ]  # fmt: skip

    def mine(self, person: PersonId) -> list[tuple[int, bool]]:
        found = self.desk(member(person)).of_person(person)
        return [(each.joining, each.came) for each in found]


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    office = office_on(request.param, tmp_path)
    yield Place(card_town_on(office))
    office.storage.close()


# --- the whole way --------------------------------------------------------------------------------


def test_m17_a_union_signs_up_is_given_a_day_and_its_members_take_part(place: Place) -> None:
    """M17, M26, M09: asked, accepted, held, confirmed by a second officer, recorded and rated."""
    first, second, third = place.people(3)
    made = place.asked(first, second)
    assert (made.state, made.asked_by, made.occasion) == (S.ASKED, "g-0", f"joining-{made.id}")
    assert [place.told(each) for each in (first, third)] == [["listed"], []]
    (waits,) = place.district.listed()
    assert (waits.id, waits.number) == (made.id, 30)
    on = TODAY + timedelta(days=5)
    accepted = place.district.accept(made.id, on, 20, session="14:00")
    assert (accepted.first, accepted.last, accepted.number) == (on, on, 20)
    assert (accepted.session, accepted.decided_by) == ("14:00", "upper-0")
    assert place.told(second) == ["listed", "accepted"]
    union = place.union()
    with pytest.raises(Conflict, match="E-JOIN-006"):
        union.held(made.id, [first])
    place.next_day(5)
    handed = union.held(made.id, [first, third])
    assert (handed.joining.state, handed.refused) == (S.HELD, ())
    assert place.parts(first) == [], "one officer's word is no record"
    assert [place.mine(each) for each in (first, second, third)] == [
        [(made.id, True)], [(made.id, False)], [(made.id, True)],
    ]  # fmt: skip
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        union.confirm(handed.proposal.id)
    done = place.union(name="second").confirm(handed.proposal.id)
    assert (done.joining.state, done.joining.came) == (S.CLOSED, 2)
    assert (done.listed, done.refused) == ((first, third), ())
    for came in (first, third):
        assert place.parts(came) == [(LECTURE, Means.DESK, Outcome.TOOK_PART)]
    assert place.parts(second) == [], "of who was listed and did not come nothing is kept"
    assert [place.mine(each) for each in (first, second, third)] == [[], [], []]
    services = Services(place.cards.office, member(first))
    (record,) = services.history()
    assert record.at.date() == on
    assert services.rate(record.id, 5).item == LECTURE


def test_a_tap_on_the_day_and_a_name_on_the_list_are_one_record(place: Place) -> None:
    """M09, M26: by tap as everywhere, and the list adds who had no card with them."""
    tapped, listed = place.people(2)
    place.cards.activate([tapped])
    made = place.accepted(tapped, listed)
    place.next_day(5)
    machine = equipment(place.cards, chip(place.cards, place.cards.card(tapped)))
    door = officer("door-1", Role.PROVIDER, place.cards.town.unions[0])
    counter = Counter(place.cards.office, door, machine)
    assert counter.tap(READER, made.item, made.occasion).yes
    handed = place.union().held(made.id, [tapped, listed])
    place.union(name="second").confirm(handed.proposal.id)
    assert place.parts(tapped) == [(LECTURE, Means.CARD, Outcome.TOOK_PART)]
    assert place.parts(listed) == [(LECTURE, Means.DESK, Outcome.TOOK_PART)]


def test_it_may_be_held_without_any_list(place: Place) -> None:
    made = place.accepted()
    place.next_day(5)
    handed = place.union().held(made.id)
    done = place.union(name="second").confirm(handed.proposal.id)
    assert (done.joining.state, done.joining.came, done.listed) == (S.CLOSED, 0, ())


def test_what_a_second_officer_refuses_is_said_anew(place: Place) -> None:
    first, second = place.people(2)
    made = place.accepted(first)
    place.next_day(5)
    union, other = place.union(), place.union(name="second")
    handed = union.held(made.id, [first, second])
    with pytest.raises(Conflict, match="E-JOIN-007"):
        other.held(made.id, [first])
    assert place.mine(second) == [(made.id, True)]
    assert other.refuse(handed.proposal.id).state is S.HELD
    again = union.held(made.id, [first])
    assert place.mine(second) == [(made.id, False)]
    assert other.confirm(again.proposal.id).listed == (first,)
    with pytest.raises(Conflict, match="E-PROPOSAL-001"):
        other.confirm(handed.proposal.id)


# --- the menu -------------------------------------------------------------------------------------


def test_m26_every_collective_item_is_on_the_menu_and_says_how_it_is_joined(place: Place) -> None:
    """M17, M26, M14: a member sees it and may wish for it; the union sees the demand."""
    (person,) = place.people(1)
    services = Services(place.cards.office, member(person))
    together = place.cards.office.catalogue.collective
    for item in together:
        shown = services.show(item.id)
        assert Ineligible.BY_UNION in shown.standing.item
        assert shown.how is not None
        assert "工会" in shown.how.zh
    assert services.show("cu-events").how is None
    wish = services.wish(item=LAWYER)
    assert (wish.item, wish.category) == (LAWYER, "legal-aid")
    assert services.show(LAWYER).wished
    city = Services(place.cards.office, serving(place.cards.town.c1))
    assert [(each.item, each.wishes) for each in city.demand()] == [(LAWYER, None)]
    assert {each.id for each in together} <= {each.item for each in city.evaluation()}


@pytest.mark.parametrize(
    ("item", "code"), [("cu-events", "E-JOIN-001"), ("no-such-item", "E-SERVICE-002")]
)
def test_what_members_ask_for_themselves_no_union_signs_up_for(
    place: Place, item: str, code: str
) -> None:
    with pytest.raises(SzunionError, match=code):
        place.asked(item=item)


# --- who may be on a list -------------------------------------------------------------------------


def test_the_womens_classroom_lists_women_alone(place: Place) -> None:
    """M26: each is judged by the item's own rule; who may not is named with the reason."""
    people = {place.people(1, start=index)[0]: applicant(index) for index in range(6)}
    women = [one for one, who in people.items() if who.document.gender() is Gender.FEMALE]
    men = sorted(set(people) - set(women))
    assert women
    assert men
    signed = place.union().ask(
        WOMEN, TODAY, where="会议室", expected=9, people=people
    )  # fmt: skip
    assert signed.listed == tuple(sorted(women))
    assert signed.refused == tuple(
        NotListed(person=one, reasons=(Ineligible.GENDER,)) for one in men
    )
    assert [each.person for each in place.union().members(signed.joining.id)] == sorted(women)


def test_who_is_of_another_union_or_nobody_gets_one_answer(place: Place) -> None:
    (own,) = place.people(1)
    (other,) = place.people(1, union=1, start=1)
    (left,) = place.people(1, start=2)
    town = place.cards.town
    town.memberships(town.g(0)).quit(left, document="申请")
    nobody = PersonId(own + 4096)
    for desk in (place.union(), place.desk(serving(town.upper(0)))):
        signed = desk.ask(
            LECTURE, TODAY, where="三楼", expected=9, people=[own, other, left, nobody],
            organisation=town.unions[0].id,
        )  # fmt: skip
        assert signed.listed == (own,)
        assert {each.person: each.reasons for each in signed.refused} == dict.fromkeys(
            (other, left, nobody), (NoListing.NOT_OURS,)
        )
        assert place.told(other) == []


def test_a_membership_without_benefits_joins_nothing(place: Place) -> None:
    (own,) = place.people(1)
    town = place.cards.town
    waits = town.memberships(town.g(0)).apply(applicant(5), town.unions[0].id).person
    signed = place.union().ask(LECTURE, TODAY, where="三楼", expected=9, people=[own, waits])
    assert signed.refused == (NotListed(person=waits, reasons=(Ineligible.NO_BENEFITS,)),)


def test_a_list_is_put_in_the_place_of_the_one_before(place: Place) -> None:
    first, second, third = place.people(3)
    made = place.asked(first, second)
    union = place.union()
    assert union.enlist(made.id, [second, third]).listed == (second, third)
    assert [place.told(each) for each in (first, second, third)] == [
        ["listed", "unlisted"], ["listed"], ["listed"],
    ]  # fmt: skip
    place.district.accept(made.id, TODAY + timedelta(days=3), 2)
    union.enlist(made.id, [first, third])
    assert place.told(first) == ["listed", "unlisted", "accepted"]
    assert place.told(second) == ["listed", "accepted", "unlisted"]
    union.enlist(made.id, [third, first])
    assert place.told(first) == ["listed", "unlisted", "accepted"], "the same list tells nobody"
    with pytest.raises(InvalidInput, match="E-JOIN-004"):
        union.enlist(made.id, [first, second, third])
    place.next_day(3)
    union.held(made.id, [first])
    with pytest.raises(Conflict, match="E-STATE-001"):
        union.enlist(made.id, [second])


def test_names_are_masked_and_each_reading_of_a_list_is_in_the_log(place: Place) -> None:
    (person,) = place.people(1)
    made = place.asked(person)
    (seen,) = place.union().members(made.id)
    name = applicant(0).name
    assert seen == OnList(person=person, name=str(name), came=False)
    assert name.plain() not in repr(seen)
    actions = [each.action for each in place.cards.log_of(person)]
    assert [each for each in actions if each.startswith("joining.")] == [
        "joining.list", "joining.members",
    ]  # fmt: skip


@pytest.mark.parametrize("expected", [1, 9_999])
def test_a_list_has_its_bounds(place: Place, expected: int) -> None:
    people = [PersonId(each << 12) for each in range(1, min(expected, MOST_LISTED) + 2)]
    with pytest.raises(InvalidInput, match="E-JOIN-004"):
        place.asked(*people, expected=expected)
    assert place.union().listed() == [], "nothing of it was kept"


# --- who comes, who left --------------------------------------------------------------------------


def test_who_leaves_between_the_list_and_the_day_is_not_recorded(place: Place) -> None:
    """The officer hears it; the union sees no name of who is out of its reach."""
    stays, leaves = place.people(2)
    made = place.accepted(stays, leaves)
    town = place.cards.town
    town.memberships(town.g(0)).quit(leaves, document="申请")
    place.next_day(5)
    handed = place.union().held(made.id, [stays, leaves])
    assert handed.refused == (NotListed(person=leaves, reasons=(NoListing.NOT_OURS,)),)
    assert place.union(name="second").confirm(handed.proposal.id).listed == (stays,)
    assert place.parts(leaves) == []


def test_who_leaves_before_the_second_word_is_named_and_not_recorded(place: Place) -> None:
    stays, leaves = place.people(2)
    made = place.accepted(stays, leaves)
    place.next_day(5)
    handed = place.union().held(made.id, [stays, leaves])
    town = place.cards.town
    move = town.transfers(town.g(2)).request(leaves, town.unions[2].id)
    town.transfers(town.g(0)).release(move.id)
    town.transfers(town.g(2)).accept(move.id)
    names = {each.person: each.name for each in place.union().members(made.id)}
    assert (names[stays] != "", names[leaves]) == (True, "")
    done = place.union(name="second").confirm(handed.proposal.id)
    assert (done.listed, [each.person for each in done.refused]) == ((stays,), [leaves])
    assert (place.parts(leaves), place.mine(leaves)) == ([], [])


def test_an_erased_member_is_on_no_list(place: Place) -> None:
    stays, leaves = place.people(2)
    made = place.accepted(stays, leaves)
    town = place.cards.town
    desk = Rights(town.office, evolve(member(leaves), purpose=Purpose.RIGHTS))
    (shown,) = desk.copy(leaves).sections["joinings"]
    assert (shown["item"], shown["where"], shown["came"]) == (LECTURE, "厂区食堂", False)
    assert "甲一工会" in shown["organisation"]
    town.memberships(town.g(0)).quit(leaves, document="申请")
    request = desk.ask(leaves, RequestKind.ERASE)
    Rights(town.office, evolve(town.c1, purpose=Purpose.RIGHTS)).erase(request.id)
    assert [each.person for each in place.union().members(made.id)] == [stays]


# --- the organiser --------------------------------------------------------------------------------


def test_the_organiser_is_above_or_answers_for_the_service_and_never_who_asked(
    place: Place,
) -> None:
    town = place.cards.town
    on = TODAY + timedelta(days=3)
    made = place.asked()
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        place.union().accept(made.id, on, 9)
    own = place.desk(serving(officer("own", Role.UPPER, town.unions[0])))
    with pytest.raises(NotAllowed, match="E-ACCESS-005"):
        own.accept(made.id, on, 9)
    other = place.desk(serving(town.upper(1)))
    with pytest.raises(NotFound, match="E-JOIN-002"):
        other.accept(made.id, on, 9)
    both = place.district.ask(
        LECTURE, on, where="三楼", expected=5, organisation=town.unions[0].id
    ).joining
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        place.district.accept(both.id, on, 5)
    provider = place.desk(officer("p", Role.PROVIDER, town.community))
    with pytest.raises(NotFound, match="E-JOIN-002"):
        provider.accept(made.id, on, 9)
    assert provider.listed() == []
    Services(town.office, serving(town.c1)).argue(
        Project(item=LECTURE, argument="需要", responsible=town.community.id, people=2, since=TODAY)
    )
    assert {each.id for each in provider.listed()} == {made.id, both.id}
    assert provider.accept(made.id, on, 9).decided_by == "p"
    city = place.desk(serving(town.c1))
    assert city.accept(both.id, on, 5).state is S.ACCEPTED
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        provider.members(made.id)


@pytest.mark.parametrize(("days", "places"), [(-1, 9), (400, 9), (3, 0)])
def test_a_day_that_cannot_be_is_refused(place: Place, days: int, places: int) -> None:
    made = place.asked()
    with pytest.raises(InvalidInput, match="E-JOIN-003"):
        place.district.accept(made.id, TODAY + timedelta(days=days), places)
    assert place.district.get(made.id).state is S.ASKED


def test_nobody_is_told_of_a_place_that_there_is_not(place: Place) -> None:
    first, second = place.people(2)
    made = place.asked(first, second)
    with pytest.raises(InvalidInput, match="E-JOIN-008"):
        place.district.accept(made.id, TODAY + timedelta(days=3), 1)
    assert place.district.get(made.id) == made
    assert place.told(first) == place.told(second) == ["listed"]


def test_a_union_that_does_not_work_or_has_no_members_signs_up_for_nothing(place: Place) -> None:
    town = place.cards.town
    city = place.desk(serving(town.c1))
    with pytest.raises(Conflict, match="E-MEMBER-005"):
        city.ask(LECTURE, TODAY, where="楼", expected=9, organisation=town.districts[0].id)
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        city.ask(LECTURE, TODAY, where="楼", expected=9)
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        place.union().ask(LECTURE, TODAY, where="楼", expected=9, organisation=town.unions[1].id)


def withdrawn(place: Place, made: Joining) -> Joining:
    return place.union().withdraw(made.id)


def declined(place: Place, made: Joining) -> Joining:
    return place.district.decline(made.id, "师资不足")


def cancelled(place: Place, made: Joining) -> Joining:
    return place.district.cancel(made.id, "台风")


@pytest.mark.parametrize(
    ("asked", "end", "state", "why"),
    [
        (1, withdrawn, S.WITHDRAWN, "已撤回"),
        (0, withdrawn, S.WITHDRAWN, "已撤回"),
        (1, declined, S.DECLINED, "师资不足"),
        (0, cancelled, S.CANCELLED, "台风"),
    ],
)
def test_what_comes_to_nothing_tells_who_was_listed_and_keeps_no_list(
    place: Place, asked: int, end: Callable[[Place, Joining], Joining], state: S, why: str
) -> None:
    (person,) = place.people(1)
    made = place.asked(person) if asked else place.accepted(person)
    done = end(place, made)
    assert (done.state, done.open) == (state, False)
    assert place.told(person)[-1] == "off"
    last = place.cards.look(lambda work, scope: work.messages.of_person(scope, person))[-1]
    assert last.fields["reason"] == why
    assert (place.mine(person), place.union().members(made.id)) == ([], [])
    assert place.union().listed() == []
    assert [each.state for each in place.union().listed(S)] == [state]
    with pytest.raises(Conflict, match="E-STATE-001"):
        place.union().withdraw(made.id)


def test_another_union_sees_nothing_of_it(place: Place) -> None:
    made = place.accepted()
    other = place.union(1)
    assert other.listed() == []
    for act in (other.get, other.withdraw, other.members, other.held, lambda each: other.enlist(
        each, []
    )):  # fmt: skip
        with pytest.raises(NotFound, match="E-JOIN-002"):
            act(made.id)
    place.next_day(5)
    handed = place.union().held(made.id)
    for decide in (other.confirm, other.refuse):
        with pytest.raises(NotFound, match="E-ACCESS-002"):
            decide(handed.proposal.id)


def test_a_member_sees_the_own_places_alone_also_on_the_telephone(place: Place) -> None:
    first, second = place.people(2)
    made = place.asked(first)
    assert place.mine(first) == [(made.id, False)]
    assert place.desk(member(second)).of_person(first) == []
    caller = on_call(place.cards.office, first)
    (told,) = place.desk(caller).of_person(first)
    assert (told.item, told.where, told.session) == (LECTURE, "厂区食堂", "下午")
    assert place.desk(caller).of_person(second) == []


# --- two at once ----------------------------------------------------------------------------------


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Let several act at one moment; return what came of each."""
    gate, told = Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
            told.append("did")
        except SzunionError as error:
            told.append(error.code)

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


def test_two_officers_accept_at_once_and_one_of_them_does(place: Place) -> None:
    (person,) = place.people(1)
    made = place.asked(person)
    town = place.cards.town
    days = {"upper-0": 3, "late-0": 4}
    desks = {name: place.desk(serving(town.upper(0, name[:-2]))) for name in days}
    told = at_once(
        *(
            lambda name=name: desks[name].accept(
                made.id, TODAY + timedelta(days=days[name]), days[name]
            )
            for name in days
        )
    )
    assert told[1] == "did"
    assert told[0] in {"E-STATE-001", "E-STORE-008"}
    kept = place.district.get(made.id)
    assert kept.number == days[kept.decided_by]
    assert kept.first == TODAY + timedelta(days=kept.number)
    assert place.told(person) == ["listed", "accepted"], "nobody is told two days"


def test_a_list_and_its_withdrawal_at_once_leave_no_list_behind(place: Place) -> None:
    first, second = place.people(2)
    made = place.asked(first)
    union, other = place.union(), place.union(name="second")
    told = at_once(lambda: union.enlist(made.id, [second]), lambda: other.withdraw(made.id))
    kept = union.get(made.id)
    if kept.state is S.WITHDRAWN:
        assert (place.mine(first), place.mine(second)) == ([], [])
        assert told in (["did", "did"], ["E-STATE-001", "did"], ["E-STORE-008", "did"])
    else:
        assert (place.mine(first), place.mine(second)) == ([], [(made.id, False)])
        assert told == ["E-STORE-008", "did"]


# --- what nobody ends -----------------------------------------------------------------------------


def test_what_nobody_brings_to_its_end_lapses_and_its_list_goes(place: Place) -> None:
    (person,) = place.people(1)
    asked, accepted, held = (place.accepted(person) for _ in range(3))
    asked = place.asked(person)
    place.next_day(5)
    handed = place.union().held(held.id, [person])
    clock = JoiningDeadlines(place.cards.office, engine())
    place.next_day(30)
    assert not clock.keep(), "thirty days after its last day are its own"
    place.next_day(1)
    assert clock.keep()
    assert {each.id: each.state for each in place.union().listed(S)}[accepted.id] is S.LAPSED
    with pytest.raises(Conflict, match="E-PROPOSAL-001"):
        place.union(name="second").confirm(handed.proposal.id)
    log = place.cards.look(lambda work, scope: b"".join(work.audit.unsealed(scope, 9999)))
    assert log.count(b"joining.close.refuse") == 1, (
        "what was proposed is refused, as a person would"
    )
    assert place.mine(person)[-1] == (asked.id, False)
    place.next_day(4)
    assert clock.keep()
    assert not clock.keep()
    assert (place.mine(person), place.parts(person)) == ([], [])
    assert {each.state for each in place.union().listed(S)} == {S.LAPSED}
    assert place.told(person)[-1] == "listed", "nobody is told of what is long past"


def test_what_is_open_at_a_union_that_ends_goes_to_its_heir_with_its_list(place: Place) -> None:
    (person,) = place.people(1)
    done, waits = place.asked(), place.accepted(person)
    place.union().withdraw(done.id)
    town = place.cards.town
    unions = Organisations(town.office, operating(town.c1))
    proposal = unions.merge(town.unions[0].id, target=town.unions[1].id, document="合并")
    Organisations(town.office, operating(town.c2)).confirm(proposal.id)
    heir = place.union(1)
    (listed,) = heir.listed()
    assert (listed.id, listed.organisation) == (waits.id, town.unions[1].id)
    assert [each.person for each in heir.members(waits.id)] == [person]
    place.next_day(5)
    handed = heir.held(waits.id, [person])
    assert place.union(1, "second").confirm(handed.proposal.id).listed == (person,)
