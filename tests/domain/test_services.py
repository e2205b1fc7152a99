"""People, portals, bookings, participation, consent: who somebody is and what they took part in."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from attrs import evolve
from tests.domain.cards_for_tests import NOON, ROOT

from szunion.domain.bindings import (
    Binding,
    BindingEvent,
    BindingState,
    Evidence,
    Portal,
    RealNameLevel,
    real_name_level,
)
from szunion.domain.bookings import Booking, BookingEvent, BookingState, NoPlace, Offer, decide
from szunion.domain.consent import (
    RECIPIENTS,
    REFUSALS,
    Channel,
    ConsentEvent,
    ConsentPurpose,
    ConsentStanding,
    ConsentState,
    ConsentWord,
    folded,
    newest,
    standing_of,
)
from szunion.domain.diagrams import pages
from szunion.domain.identity import DocumentKind, Gender, IdentityDocument, PersonName
from szunion.domain.participation import (
    Means,
    Outcome,
    Participation,
    correction,
    interests,
    participation_key,
    standing,
)
from szunion.domain.people import (
    HeldDocument,
    Origin,
    Person,
    corrected,
    link,
    merge,
    new_person,
)
from szunion.domain.values import (
    BindingId,
    BookingId,
    CardToken,
    OfferId,
    ParticipationId,
    PersonId,
    RequestKey,
)
from szunion.errors import Conflict, InvalidInput
from szunion.text import Text

PAPER = IdentityDocument.read("11010519491231002X")
PASSPORT = IdentityDocument.of(DocumentKind.PASSPORT, "E12345678")


def person(id_: int = 7, document: IdentityDocument = PAPER) -> Person:
    return new_person(PersonId(id_), PersonName("张三"), document, recorded=NOON)


def test_a_correction_is_a_new_version_and_the_old_one_stays() -> None:
    """M02 and race 15: real-name, in versions; what was sent stays pinned to its own."""
    mended = corrected(person(), name=PersonName("张叁"), recorded=NOON, origin=Origin.MEMBER)
    assert [each.number for each in mended.versions] == [1, 2]
    assert mended.present.document == PAPER
    same = corrected(mended, name=PersonName("张叁"), recorded=NOON, origin=Origin.CITY)
    assert same is mended


def test_documents_are_linked_and_none_is_the_person() -> None:
    both = link(person(), HeldDocument(document=PASSPORT, since=date(2020, 1, 1)))
    assert both.holds(PASSPORT)
    assert both.valid_documents(date(2026, 1, 1)) == (PAPER, PASSPORT)
    ended = link(both, HeldDocument(document=PASSPORT, until=date(2025, 1, 1)))
    assert ended.valid_documents(date(2026, 1, 1)) == (PAPER,)
    assert len(ended.documents_of(DocumentKind.PASSPORT)) == 1
    renewed = corrected(ended, document=PASSPORT, recorded=NOON, origin=Origin.BANK)
    assert (renewed.present.document, len(renewed.documents)) == (PASSPORT, 2)
    assert renewed.gender is None
    assert evolve(renewed, declared_gender=Gender.FEMALE).gender is Gender.FEMALE
    assert person().birth_date == date(1949, 12, 31)


def test_a_merged_file_points_to_the_one_that_lives_on() -> None:
    """Race 16: what was held is held, and nothing is done on the old file."""
    loser, survivor = merge(person(8, PASSPORT), person(7))
    assert (loser.merged_into, survivor.holds(PASSPORT)) == (PersonId(7), True)
    with pytest.raises(Conflict, match="E-PERSON-001"):
        corrected(loser, name=PersonName("李四"), recorded=NOON, origin=Origin.CITY)
    with pytest.raises(Conflict, match="E-PERSON-001"):
        merge(loser, survivor)
    with pytest.raises(Conflict, match="E-PERSON-002"):
        merge(survivor, survivor)


def test_a_person_prints_without_name_and_number() -> None:
    shown = repr(person()) + str(person())
    assert "张三" not in shown
    assert "1949" not in shown


# --- portals and levels ------------------------------------------------------------------------


BOUND = (
    Binding(id=BindingId(1), portal=Portal.WECHAT, account="o-1")
    .after(BindingEvent.BEGIN)
    .proved(PersonId(7), 1, NOON)
)


@pytest.mark.parametrize(
    ("evidence", "binding", "expected"),
    [
        (Evidence(present_version=1), BOUND, RealNameLevel.ROSTER),
        (
            Evidence(present_version=1, verified_versions=frozenset({1})),
            BOUND,
            RealNameLevel.VERIFIED,
        ),
        (
            Evidence(
                present_version=1,
                verified_versions=frozenset({1}),
                face_signed_versions=frozenset({1}),
            ),
            None,
            RealNameLevel.FACE_SIGNED,
        ),
        (
            Evidence(
                present_version=1,
                verified_versions=frozenset({1}),
                face_signed_versions=frozenset({1}),
            ),
            BOUND,
            RealNameLevel.BOUND,
        ),
        (
            Evidence(
                present_version=2,
                verified_versions=frozenset({1}),
                face_signed_versions=frozenset({1}),
            ),
            BOUND,
            RealNameLevel.ROSTER,
        ),
    ],
)
def test_the_real_name_level_follows_from_evidence_for_the_present_identity(
    evidence: Evidence, binding: Binding | None, expected: RealNameLevel
) -> None:
    """M05 and M06: the bank's check, the face-sign, then binding by one's own proof."""
    assert real_name_level(evidence, binding) is expected


def test_an_unbound_account_has_no_person() -> None:
    """M06, race 29: a displaced account is nobody's."""
    gone = BOUND.after(BindingEvent.DISPLACE)
    assert (gone.state, gone.person, gone.identity_version) == (BindingState.UNBOUND, None, 0)
    checked = BOUND.after(BindingEvent.RECHECK)
    assert (checked.state, checked.person) == (BindingState.PROVING, PersonId(7))
    assert RealNameLevel.BOUND.number == 3


# --- bookings -----------------------------------------------------------------------------------


def offer(taken: int = 0, *, waiting_list: bool = False) -> Offer:
    return Offer(
        id=OfferId(1),
        item="cu-events",
        title=Text("音乐会", "concert"),
        stock=10,
        opens=NOON,
        closes=NOON + timedelta(days=1),
        waiting_list=waiting_list,
        taken=taken,
    )


@pytest.mark.parametrize(
    ("given", "mine", "hours", "expected"),
    [
        (offer(9), 0, 0, BookingEvent.HOLD),
        (offer(10), 0, 0, NoPlace.SOLD_OUT),
        (offer(10, waiting_list=True), 0, 0, BookingEvent.QUEUE),
        (offer(), 1, 0, NoPlace.QUOTA),
        (offer(), 0, -1, NoPlace.NOT_OPEN),
        (offer(), 0, 24, NoPlace.OVER),
    ],
)
def test_a_place_a_queue_or_a_reason(
    given: Offer, mine: int, hours: int, expected: BookingEvent | NoPlace
) -> None:
    assert decide(given, mine, NOON + timedelta(hours=hours)) is expected


def test_a_booking_takes_a_place_until_it_is_given_back() -> None:
    asked = Booking(id=BookingId(1), offer=OfferId(1), person=PersonId(7), asked=NOON)
    held = asked.after(BookingEvent.HOLD)
    assert (asked.takes_a_place, held.takes_a_place) == (False, True)
    assert not held.after(BookingEvent.LAPSE).takes_a_place
    used = held.after(BookingEvent.CONFIRM).after(BookingEvent.CHECK_IN)
    assert (used.state, used.takes_a_place) == (BookingState.USED, True)


# --- participation --------------------------------------------------------------------------------


def part(
    id_: int, category: str = "culture", outcome: Outcome = Outcome.TOOK_PART
) -> Participation:
    return Participation(
        id=ParticipationId(id_),
        key=participation_key("cu-events", f"O{id_}", PersonId(7)),
        person=PersonId(7),
        item="cu-events",
        category=category,
        occasion=f"O{id_}",
        at=NOON,
        recorded=NOON,
        means=Means.CARD,
        outcome=outcome,
        author="provider",
    )


def test_what_somebody_took_part_in_is_counted_after_corrections() -> None:
    """M09: recorded automatically, for more precise service; corrected, never overwritten."""
    missed = part(2, outcome=Outcome.NO_SHOW)
    came = correction(
        missed,
        id_=ParticipationId(9),
        outcome=Outcome.TOOK_PART,
        at=NOON,
        by="provider",
        why="scanner was down",
    )
    records = [part(1), missed, came, part(3, "fitness"), part(4, outcome=Outcome.NO_SHOW)]
    assert {each.id for each in standing(records)} == {1, 9, 3, 4}
    assert dict(interests(records)) == {"culture": 2, "fitness": 1}
    assert missed.outcome is Outcome.NO_SHOW
    assert came.key != missed.key
    with pytest.raises(Conflict, match="E-PART-001"):
        correction(
            came, id_=ParticipationId(10), outcome=Outcome.TOOK_PART, at=NOON, by="x", why="x"
        )


# --- consent --------------------------------------------------------------------------------------


def words(id_: int, day: int, *events: ConsentEvent) -> list[ConsentWord]:
    return [
        ConsentWord(
            id=10 * id_ + place, consent=id_, person=PersonId(7), event=event,
            purpose=ConsentPurpose.BANK, recipient="bank", notice="bank:1", sha256="abc",
            channel=Channel.PORTAL, at=NOON + timedelta(days=day + place),
        )
        for place, event in enumerate((ConsentEvent.ASK, *events))
    ]  # fmt: skip


_C = ConsentStanding


def stands(
    *told: list[ConsentWord], recipient: str = "bank", sha256: str = "abc"
) -> ConsentStanding:
    answers = folded([word for each in told for word in each])
    return standing_of(newest(answers, ConsentPurpose.BANK, recipient), sha256)


def test_the_newest_answer_is_the_consent() -> None:
    given = words(1, 0, ConsentEvent.GIVE)
    assert stands(given) is _C.GIVEN
    assert stands(given, recipient="somebody else") is _C.NONE
    assert stands() is _C.NONE
    assert stands(words(2, 9), given) is _C.PENDING
    assert stands(words(2, 9, ConsentEvent.REFUSE), given) is _C.REFUSED
    assert stands(words(1, 0, ConsentEvent.GIVE, ConsentEvent.WITHDRAW)) is _C.WITHDRAWN
    assert stands(given, sha256="another text") is _C.OLD_TEXT


def test_every_standing_but_a_given_one_is_refused_with_a_code() -> None:
    assert set(REFUSALS) == set(_C) - {ConsentStanding.GIVEN}
    assert set(RECIPIENTS) == set(ConsentPurpose)
    assert {standing_of(None, "")} | {
        standing_of(evolve(folded(words(1, 0))[0], state=state), "abc") for state in ConsentState
    } == set(_C)


# --- small values and pages -----------------------------------------------------------------------


def test_a_card_token_prints_its_tail_alone_and_a_key_has_one_form() -> None:
    token = CardToken("TOKEN-123456789")
    assert f"{token}" == "…6789"
    assert "12345" not in repr(token)
    for wrong in ("short", "with space", "令牌令牌令牌令牌"):
        with pytest.raises(InvalidInput, match="E-VALUE-002"):
            CardToken(wrong)
    for wrong in ("a" * 26, "A" * 25, "A" * 25 + "1", "A" * 26 + "\n"):
        with pytest.raises(InvalidInput, match="E-VALUE-002"):
            RequestKey(wrong)


@pytest.mark.parametrize("name", pages())
def test_the_manuals_generated_pages_are_fresh(name: str) -> None:
    """If not: ``python docs/generate.py``."""
    assert (ROOT / "docs" / name).read_text("utf-8") == pages()[name]
