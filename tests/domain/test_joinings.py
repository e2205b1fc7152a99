"""A union signs up for what its members join together: states, events, days, lists, rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from tests.offices import shenzhen

from szunion.domain.catalogue import Mode, ServiceItem, ServiceKind
from szunion.domain.eligibility import Ineligible
from szunion.domain.identity import Gender
from szunion.domain.joinings import (
    JOINING,
    MOST_LISTED,
    MOST_PLACES,
    MOST_WORDS,
    OPEN,
    Joining,
    JoiningEvent,
    JoiningState,
    against,
    checked,
    listed_once,
)
from szunion.domain.machine import Actor, Refused
from szunion.domain.members import Rights
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import Conflict, InvalidInput

S, E = JoiningState, JoiningEvent
NOON = datetime(2017, 11, 23, 4, tzinfo=UTC)
TODAY = date(2017, 11, 23)
ASKED = Joining(
    id=1, item="co-quality-lecture", organisation=OrganisationId(7), first=TODAY, last=TODAY,
    place="三楼", number=30, asked=NOON, asked_by="g", changed=NOON,
)  # fmt: skip
WAY = {
    (S.ASKED, E.ACCEPT): S.ACCEPTED,
    (S.ASKED, E.DECLINE): S.DECLINED,
    (S.ASKED, E.WITHDRAW): S.WITHDRAWN,
    (S.ASKED, E.LAPSE): S.LAPSED,
    (S.ACCEPTED, E.WITHDRAW): S.WITHDRAWN,
    (S.ACCEPTED, E.CANCEL): S.CANCELLED,
    (S.ACCEPTED, E.HOLD): S.HELD,
    (S.ACCEPTED, E.LAPSE): S.LAPSED,
    (S.HELD, E.CLOSE): S.CLOSED,
    (S.HELD, E.LAPSE): S.LAPSED,
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("event", E)
def test_every_event_in_every_state(state: JoiningState, event: JoiningEvent) -> None:
    here = evolve(ASKED, state=state)
    if (state, event) in WAY:
        after = here.after(event, NOON + timedelta(hours=1))
        assert after == evolve(here, state=WAY[state, event], changed=NOON + timedelta(hours=1))
        return
    assert isinstance(JOINING.step(state, event), Refused)
    with pytest.raises(Conflict, match="E-STATE-001"):
        here.after(event, NOON)


def test_who_moves_it_and_what_two_do() -> None:
    assert {each.event for each in JOINING.edges() if each.two} == {E.CLOSE}
    union = {each.event for each in JOINING.edges() if each.who == (Actor.UNION,)}
    assert union == {E.WITHDRAW, E.HOLD, E.CLOSE}
    others = {each.who for each in JOINING.edges() if each.event not in union | {E.LAPSE}}
    assert others == {(Actor.UPPER, Actor.CITY, Actor.PROVIDER)}
    assert frozenset(S) - JOINING.final == OPEN
    assert [evolve(ASKED, state=each).open for each in S] == [each in OPEN for each in S]


def test_accepted_it_has_a_day_and_places_and_keeps_its_session_if_none_is_said() -> None:
    asked = evolve(ASKED, session="上午")
    on = TODAY + timedelta(days=9)
    given = asked.accepted("u", NOON, on=on, places=20, session=" ")
    assert (given.first, given.last, given.number, given.session) == (on, on, 20, "上午")
    assert (given.state, given.decided_by) == (S.ACCEPTED, "u")
    assert asked.accepted("u", NOON, on=on, places=20, session="14:00").session == "14:00"


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": TODAY - timedelta(days=1)},
        {"last": TODAY - timedelta(days=1)},
        {"last": TODAY + timedelta(days=367)},
        {"number": 0},
        {"number": MOST_PLACES + 1},
        {"place": ""},
        {"place": "字" * (MOST_WORDS + 1)},
        {"session": "字" * (MOST_WORDS + 1)},
    ],
    ids=["past", "turned round", "too far", "nobody", "too many", "nowhere", "place", "session"],
)
def test_a_sign_up_that_cannot_be_is_refused(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="E-JOIN-003"):
        checked(evolve(ASKED, **wrong), TODAY)


def test_a_sign_up_may_go_to_its_bounds() -> None:
    most = evolve(
        ASKED, last=TODAY + timedelta(days=366), number=MOST_PLACES, place="字" * MOST_WORDS,
        session="字" * MOST_WORDS,
    )  # fmt: skip
    assert checked(most, TODAY) is most


@pytest.mark.parametrize("event", [E.DECLINE, E.CANCEL])
@pytest.mark.parametrize(
    "why", ["", " ", "字" * (MOST_WORDS + 1)], ids=["nothing", "blank", "too long"]
)
def test_an_organiser_says_why_not(event: JoiningEvent, why: str) -> None:
    state = S.ASKED if event is E.DECLINE else S.ACCEPTED
    with pytest.raises(InvalidInput, match="E-JOIN-005"):
        evolve(ASKED, state=state).ended(event, NOON, why, "u")


def test_a_union_withdraws_with_or_without_a_word() -> None:
    assert ASKED.ended(E.WITHDRAW, NOON, "", "g").reason == ""
    done = evolve(ASKED, decided_by="u", state=S.ACCEPTED).ended(E.WITHDRAW, NOON, " 停产 ", "g")
    assert (done.reason, done.decided_by) == ("停产", "u")


def test_a_list_names_each_once_in_order_and_not_too_many() -> None:
    people = [PersonId(each) for each in (3, 1, 3)]
    assert listed_once(people, 2) == (PersonId(1), PersonId(3))
    with pytest.raises(InvalidInput, match="E-JOIN-004") as told:
        listed_once(people, 1)
    assert "1" in told.value.what()
    many = [PersonId(each) for each in range(MOST_LISTED + 1)]
    assert len(listed_once(many[1:], MOST_PLACES)) == MOST_LISTED
    with pytest.raises(InvalidInput, match="E-JOIN-004"):
        listed_once(many, MOST_PLACES)


# --- who may be on a list -------------------------------------------------------------------------

ALL = Rights(benefits=True)


def item_of(name: str) -> ServiceItem:
    found = shenzhen().catalogue.item(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("item", "rights", "gender", "reasons"),
    [
        ("co-quality-lecture", ALL, None, ()),
        ("co-quality-lecture", Rights(), Gender.MALE, (Ineligible.NO_BENEFITS,)),
        ("co-women-classroom", ALL, Gender.FEMALE, ()),
        ("co-women-classroom", ALL, Gender.MALE, (Ineligible.GENDER,)),
        ("co-women-classroom", ALL, None, (Ineligible.GENDER_UNKNOWN,)),
        (
            "co-women-classroom", Rights(), Gender.MALE,
            (Ineligible.NO_BENEFITS, Ineligible.GENDER),
        ),
    ],
)  # fmt: skip
def test_the_rule_of_every_item_says_who_may_be_listed(
    item: str, rights: Rights, gender: Gender | None, reasons: tuple[Ineligible, ...]
) -> None:
    """M26: the women's classroom is for women, as the catalogue says; no real-name level."""
    assert against(item_of(item), rights, gender) == reasons


def test_m17_the_menu_shows_what_is_joined_through_the_union() -> None:
    menu = shenzhen().catalogue
    together = [each for each in menu.menu if each.mode is Mode.COLLECTIVE]
    assert [each.id for each in together] == [each.id for each in menu.collective]
    assert {each.kind for each in together} == {ServiceKind.ACTIVITY}
    assert {each.category for each in together} <= {each.code for each in menu.categories}
    assert [menu.item(each.id) for each in menu.collective] == together
