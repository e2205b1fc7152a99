"""Operations that rest on consent wait for it; a withdrawal holds from its own commit on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on
from tests.claimtown import CHILD, STAY, claim_town_on, stay
from tests.offices import ON_SQLITE, PAPER, Town, applicant, member, office_on, serving

from szunion.adapters.roster.reader import read_roster
from szunion.application.access import authorise
from szunion.application.batches import Batches
from szunion.application.claims import Claims, Filed
from szunion.application.consents import Consents
from szunion.application.numbers import Numbers
from szunion.application.office import Office
from szunion.application.plans import Joined, NoCover, NotJoined, Plans
from szunion.application.roster import Rosters
from szunion.domain.access import Operation
from szunion.domain.catalogue import CoverTerms, ServiceKind
from szunion.domain.consent import (
    GATES,
    RECIPIENTS,
    Channel,
    ConsentEvent,
    ConsentPurpose,
    ConsentStanding,
    ConsentState,
    ConsentWord,
    Proof,
)
from szunion.domain.consent_notices import current, standard
from szunion.domain.lawful import NoticeText, PrivacyRules
from szunion.domain.reckoning import Happening
from szunion.domain.rows import RowState
from szunion.domain.values import PersonId, shard_of
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound, SzunionError
from szunion.ports.storage import UnitOfWork
from szunion.testing.rosters import synthetic_roster
from szunion.text import Text

_E = ConsentEvent
_P = ConsentPurpose
NONE, GIVEN, WITHDRAWN, REFUSED, OLD = "none", "given", "withdrawn", "refused", "old text"

#: What each standing must lead to: a code, or nothing.
VERDICTS = {
    NONE: "E-CONSENT-001", WITHDRAWN: "E-CONSENT-002", REFUSED: "E-CONSENT-002",
    OLD: "E-CONSENT-003", GIVEN: None,
}  # fmt: skip
WORDS = {
    NONE: (_E.ASK,), GIVEN: (_E.ASK, _E.GIVE), OLD: (_E.ASK, _E.GIVE),
    WITHDRAWN: (_E.ASK, _E.GIVE, _E.WITHDRAW), REFUSED: (_E.ASK, _E.REFUSE),
}  # fmt: skip


def put(
    town: Town, person: PersonId, purpose: ConsentPurpose, how: str, recipient: str = ""
) -> None:
    """Write an answer straight into the store, so that nothing else follows from it."""
    notice = current()[purpose]

    def write(work: UnitOfWork) -> None:
        scope = authorise(work, town.c1, Operation.CONSENT_WRITE)
        consent = work.ids.new(shard_of(person))
        work.consents.add_many(
            scope,
            [
                ConsentWord(
                    id=work.ids.new(shard_of(person)), consent=consent, person=person, event=event,
                    purpose=purpose, recipient=recipient or RECIPIENTS[purpose],
                    notice=notice.id, sha256="0" * 64 if how == OLD else notice.sha256,
                    channel=Channel.PORTAL, at=work.now,
                )
                for event in WORDS[how]
            ],
        )  # fmt: skip

    town.office.storage.run(write)


Try = Callable[[PersonId, str], str | None]


def code_of(act: Callable[[], object]) -> str | None:
    try:
        act()
    except SzunionError as error:
        return error.code
    return None


# --- one driver for each line of the table of gates ---------------------------------------------


def checking(office: Office) -> tuple[Town, Try]:
    town = card_town_on(office).town

    def attempt(person: PersonId, how: str) -> str | None:
        put(town, person, _P.BANK, how)
        desk = Batches(town.office, town.g(0))
        (batch,) = desk.draft([person]).batches
        _, (row,) = desk.check(batch.id)
        assert (row.state is RowState.VALID) == (not row.problems)
        return row.problems[0] if row.problems else None

    return town, attempt


def approving(office: Office) -> tuple[Town, Try]:
    town = card_town_on(office).town

    def attempt(person: PersonId, how: str) -> str | None:
        desk = Batches(town.office, town.g(0))
        (batch,) = desk.draft([person], paper=PAPER).batches
        desk.check(batch.id)
        desk.submit(batch.id)
        put(town, person, _P.BANK, how)
        return code_of(lambda: Batches(town.office, town.c1).approve(batch.id))

    return town, attempt


def reserving(office: Office) -> tuple[Town, Try]:
    town = card_town_on(office).town

    def attempt(person: PersonId, how: str) -> str | None:
        put(town, person, _P.BANK, how)
        return code_of(lambda: Numbers(town.office, town.c1).reserve(person, "888"))

    return town, attempt


def insured(office: Office) -> tuple[Office, str]:
    """Return the office with a plan of the menu that another handler insures."""
    items = office.catalogue.items
    plan = next(each for each in items if each.kind is ServiceKind.COVER)
    terms = evolve(plan.cover or CoverTerms(), insurer="insurer-1")
    changed = tuple(evolve(each, cover=terms) if each is plan else each for each in items)
    return evolve(office, catalogue=evolve(office.catalogue, items=changed)), plan.id


def joining(office: Office) -> tuple[Town, Try]:
    other, plan = insured(office)
    town = card_town_on(other).town

    def attempt(person: PersonId, how: str) -> str | None:
        put(town, person, _P.INSURER, how, "insurer-1")
        desk = Plans(town.office, serving(town.g(0)))
        many = desk.join_many([person], plan)[0]
        found = code_of(lambda: desk.join(person, plan))
        against = isinstance(many, NotJoined) and many.reasons == (NoCover.NO_CONSENT,)
        assert against == (found is not None)
        return found

    return town, attempt


def claiming(plan: str, purpose: ConsentPurpose) -> Callable[[Office], tuple[Town, Try]]:
    def made(office: Office) -> tuple[Town, Try]:
        place = claim_town_on(office)
        town = place.money.cards.town
        activated: list[PersonId] = []

        def attempt(person: PersonId, how: str) -> str | None:
            place.money.cards.activate([person])
            activated.append(person)
            put(town, person, purpose, how)
            what = stay(place.today, 2) if plan == STAY else Happening(on=place.today)
            desk = Claims(town.office, member(person))
            found = code_of(lambda: desk.ask(person, plan, what, numbers=[f"N{person}"]))
            assert bool(place.claims_of(person)) == (found is None)
            return found

        return town, attempt

    return made


DRIVERS: dict[tuple[str, ConsentPurpose], Callable[[Office], tuple[Town, Try]]] = {
    ("batch.check", _P.BANK): checking,
    ("batch.approve", _P.BANK): approving,
    ("number.reserve", _P.BANK): reserving,
    ("plan.join", _P.INSURER): joining,
    ("claim.ask", _P.MEDICAL): claiming(STAY, _P.MEDICAL),
    ("claim.ask", _P.CHILD): claiming(CHILD, _P.CHILD),
}


def test_every_gate_has_a_driver_and_none_is_left_over() -> None:
    assert set(DRIVERS) == {(gate.operation, gate.purpose) for gate in GATES}
    assert len(DRIVERS) == len(GATES)


@pytest.mark.parametrize("gate", list(DRIVERS), ids=lambda gate: f"{gate[0]}-{gate[1].value}")
def test_an_operation_fails_without_its_consent_and_goes_on_with_it(
    office: Office, gate: tuple[str, ConsentPurpose]
) -> None:
    town, attempt = DRIVERS[gate](office)
    people = [town.admit(0, applicant(20 + index)) for index in range(len(VERDICTS))]
    found = {how: attempt(person, how) for person, how in zip(people, VERDICTS, strict=True)}
    assert found == VERDICTS


def test_every_gate_of_the_table_is_asked_for_by_the_code() -> None:
    """A gate that nobody passes through would be a promise on paper."""
    source = Path(__file__).parents[2] / "src" / "szunion" / "application"
    code = "\n".join(file.read_text("utf-8") for file in source.glob("*.py"))
    asked = {gate.operation for gate in GATES if f'"{gate.operation}", ' in code}
    assert asked == {gate.operation for gate in GATES}


# --- asking and answering -----------------------------------------------------------------------


def standings(desk: Consents, person: PersonId) -> dict[ConsentPurpose, ConsentStanding]:
    return {each.purpose: each.standing for each in desk.of(person)}


def test_a_roster_is_no_consent_and_signed_paper_is_one_for_the_bank_alone(town: Town) -> None:
    desk = Rosters(town.office, town.g(0), read_roster)
    bare = desk.import_file(BytesIO(synthetic_roster(7, 60).as_csv())).accepted
    signed = desk.import_file(BytesIO(synthetic_roster(8, 60).as_csv()), paper=PAPER).accepted
    consents = Consents(town.office, town.g(0))
    assert set(standings(consents, bare[0]).values()) == {ConsentStanding.NONE}
    found = standings(consents, signed[0])
    assert found.pop(_P.BANK) is ConsentStanding.GIVEN
    assert set(found.values()) == {ConsentStanding.NONE}
    (given,) = [each.consent for each in consents.of(signed[0]) if each.consent]
    assert given.channel is Channel.PAPER
    assert given.proof == Proof(login="g-0", paper=PAPER)

    assert consents.ask(signed, _P.MERCHANT) == len(signed)
    assert consents.ask(signed, _P.MERCHANT) == 0, "the question waits already"
    assert standings(consents, signed[0])[_P.MERCHANT] is ConsentStanding.PENDING
    assert ConsentStanding.PENDING.value == "pending_member_confirmation"
    own = Consents(town.office, member(signed[0]))
    with pytest.raises(NotAllowed, match="E-CONSENT-001"):
        own.check(signed[0], _P.MERCHANT)
    answered = own.give(signed[0], _P.MERCHANT, proof=Proof(device="d1"))
    assert (answered.state, answered.channel) == (ConsentState.GIVEN, Channel.PORTAL)
    own.check(signed[0], _P.MERCHANT)
    assert standings(own, signed[0])[_P.MEDICAL] is ConsentStanding.NONE, "never bundled"


def test_paper_that_an_officer_enters_does_not_overrule_the_person(town: Town) -> None:
    person = town.admit(0, applicant(1))
    own, desk = Consents(town.office, member(person)), Consents(town.office, town.g(0))
    own.refuse(person, _P.BANK)
    assert desk.enter([person], _P.BANK, PAPER) == 0
    assert standings(own, person)[_P.BANK] is ConsentStanding.REFUSED
    own.give(person, _P.BANK)
    assert standings(own, person)[_P.BANK] is ConsentStanding.GIVEN
    own.withdraw(person, _P.BANK)
    assert desk.enter([person], _P.BANK, PAPER) == 0
    assert standings(own, person)[_P.BANK] is ConsentStanding.WITHDRAWN


def test_who_may_answer_and_with_what(town: Town) -> None:
    person, other = town.admit(0, applicant(1)), town.admit(2, applicant(2))
    desk = Consents(town.office, town.g(0))
    with pytest.raises(InvalidInput, match="E-CONSENT-005"):
        desk.give(person, _P.BANK)
    with pytest.raises(InvalidInput, match="E-CONSENT-005"):
        desk.enter([person], _P.BANK, " ")
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        desk.give(other, _P.BANK, proof=Proof(paper=PAPER))
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        Consents(town.office, member(person)).give(other, _P.BANK)
    with pytest.raises(NotAllowed, match="E-CONSENT-004"):
        Consents(town.office, member(person)).give(person, _P.CHILD)
    made = Consents(town.office, member(person)).give(person, _P.CHILD, guardian=True)
    assert made.by_guardian
    with pytest.raises(Conflict, match="E-CONSENT-006"):
        Consents(town.office, member(person)).withdraw(person, _P.MEDICAL)


def newer(office: Office, purpose: str = "bank") -> Office:
    text = NoticeText(
        purpose=purpose, version="2019-01-01", title=Text("新", "new"), body=Text("新", "new")
    )
    return evolve(office, policy=evolve(office.policy, privacy=PrivacyRules(notices=(text,))))


def test_a_new_text_is_asked_anew_and_the_old_answer_is_superseded(town: Town) -> None:
    person = town.admit(0, applicant(1))
    own = Consents(town.office, member(person))
    old = own.give(person, _P.BANK, shown=own.notice(_P.BANK).sha256)
    later = Consents(newer(town.office), member(person))
    assert standings(later, person)[_P.BANK] is ConsentStanding.OLD_TEXT
    with pytest.raises(Conflict, match="E-CONSENT-007"):
        later.give(person, _P.BANK, shown=old.sha256)
    new = later.give(person, _P.BANK)
    assert new.id != old.id
    assert new.sha256 != old.sha256
    assert standings(later, person)[_P.BANK] is ConsentStanding.GIVEN
    words = [word.event for word in later.history(person)]
    assert words == [_E.ASK, _E.GIVE, _E.SUPERSEDE, _E.ASK, _E.GIVE]
    with pytest.raises(SzunionError, match="E-CONSENT-010"):
        Consents(newer(town.office, "nothing"), member(person)).notice(_P.BANK)


def test_every_purpose_has_a_notice_in_both_languages() -> None:
    assert {each.purpose for each in standard()} == set(ConsentPurpose)
    assert len({each.sha256 for each in standard()}) == len(standard())
    for each in standard():
        assert each.body.zh != each.body.en
        changed = evolve(each, body=Text(each.body.zh + "。", each.body.en))
        assert changed.sha256 != each.sha256


# --- withdrawing --------------------------------------------------------------------------------


@pytest.fixture
def cards(office: Office) -> CardTown:
    return card_town_on(office)


def test_an_application_that_has_not_left_is_cancelled_in_the_same_commit(cards: CardTown) -> None:
    """Race 28 of the card's states: one of two waits in the outbox when its consent goes."""
    people = cards.admit(2)
    cards.approve(people)
    done = Consents(cards.office, member(people[0])).withdraw(people[0], _P.BANK)
    assert (done.cancelled["applications"], done.at_recipient) == (1, 0)
    assert cards.row(people[0]).state is RowState.EXCLUDED
    cards.run()
    assert cards.row(people[1]).state is RowState.SENT
    assert cards.row(people[0]).state is RowState.EXCLUDED
    assert [entry.action for entry in cards.log_of(people[0])][-2:] == [
        "consent.withdraw", "row.member_gone",
    ]  # fmt: skip


def test_what_is_at_the_bank_runs_out_and_is_counted(cards: CardTown) -> None:
    people = cards.admit(1)
    cards.approve(people)
    cards.run()
    done = Consents(cards.office, member(people[0])).withdraw(people[0], _P.BANK)
    assert (done.cancelled["applications"], done.at_recipient) == (0, 1)
    cards.pass_time(days=1)
    told = cards.look(lambda work, scope: work.messages.of_person(scope, people[0]))
    (letter,) = [each for each in told if each.template == "consent.withdrawn"]
    assert letter.fields["there"] == "1"
    with pytest.raises(NotAllowed, match="E-CONSENT-002"):
        Numbers(cards.office, cards.town.c1).reserve(people[0], "888")


def test_a_number_that_was_not_asked_for_yet_is_given_up(cards: CardTown) -> None:
    (person,) = cards.admit(1)
    Numbers(cards.office, cards.town.c1).reserve(person, "888")
    done = Consents(cards.office, member(person)).withdraw(person, _P.BANK)
    assert done.cancelled["numbers"] == 1
    assert not Numbers(cards.office, cards.town.c1).of(person)[0].open


def test_an_undecided_claim_stops_with_the_consent_it_rests_on(office: Office) -> None:
    town = claim_town_on(office)
    (person,) = town.people()
    filed = town.file(person, STAY, stay(town.today, 2), "ZY1")
    child = town.file(person, CHILD, Happening(on=town.today), "P1")
    done = Consents(town.office, member(person)).withdraw(person, _P.MEDICAL)
    assert done.cancelled == {"claims": 1}
    states = {each.id: each.state.value for each in town.claims_of(person)}
    assert states == {filed.id: "WITHDRAWN", child.id: "SUBMITTED"}


def test_an_officer_files_with_the_member_s_signed_paper(office: Office) -> None:
    town = claim_town_on(office)
    (person,) = town.money.cards.admit(1)
    town.money.cards.activate([person])
    desk = town.claims(town.money.cards.town.g(0))
    what = stay(town.today, 2)
    with pytest.raises(NotAllowed, match="E-CONSENT-001"):
        desk.ask(person, STAY, what, numbers=["ZY1"])
    filed = desk.ask(person, STAY, what, numbers=["ZY1"], paper=PAPER)
    assert isinstance(filed, Filed)


def test_joining_without_another_handler_asks_no_consent(town: Town) -> None:
    plan = next(each for each in town.office.catalogue.items if each.kind is ServiceKind.COVER)
    person = town.admit(0, applicant(1))
    found = Plans(town.office, serving(town.g(0))).join_many([person], plan.id)[0]
    assert isinstance(found, Joined) or NoCover.NO_CONSENT not in found.reasons


@ON_SQLITE
def test_words_of_consent_are_never_changed_or_deleted(tmp_path: Path) -> None:
    town = card_town_on(office_on("sqlite", tmp_path)).town
    person = town.admit(0, applicant(1))
    Consents(town.office, member(person)).give(person, _P.BANK)
    town.office.storage.close()
    with sqlite3.connect(tmp_path / "union.db") as connection:
        for statement in ("UPDATE consent_word SET event = 'give'", "DELETE FROM consent_word"):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(statement)
    connection.close()
