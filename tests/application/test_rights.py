"""A person's own copy, corrections, erasure and access log, from the request to the answer."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from tomllib import loads
from typing import Any

import pytest
from attrs import evolve
from tests.application.everything import NEW_NAME, Everything, everything_on, rights_officer
from tests.canaries import canary
from tests.cardtown import card_town_on
from tests.claimtown import heir
from tests.domain.cards_for_tests import first_city
from tests.offices import ON_SQLITE, PAPER, Town, applicant, clock_of, member, office_on, officer

from szunion.adapters.keys.checks import signature_holds
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.consents import Consents
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.rights import Rights
from szunion.domain.access import Operation, Purpose, Role
from szunion.domain.audit_export import verify
from szunion.domain.consent import ConsentPurpose
from szunion.domain.consent_notices import current
from szunion.domain.erasing import kept_until, years_after
from szunion.domain.inventory import DataClass, DataSubject, inventory
from szunion.domain.lawful import PrivacyRules, Retention, RetentionTerms
from szunion.domain.own_copy_words import FIELDS, SECTIONS
from szunion.domain.policy import policy_from
from szunion.domain.rights import Access, Fate, Refusal, RequestKind, RequestState, StillOpen
from szunion.domain.values import PersonId
from szunion.errors import ConfigError, Conflict, InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

Sections = Mapping[str, Sequence[Mapping[str, Any]]]


def lifetime(fixture_name: str, config: pytest.Config) -> Any:
    """Return how long the town stands: on a server each test has databases of its own."""
    del fixture_name, config
    return "function" if os.environ.get("SZUNION_TEST_STORE") else "module"


@pytest.fixture(scope=lifetime, params=["memory", "sqlite"])
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a town with a member who has everything; tests only look at it."""
    made = everything_on(office_on(request.param, tmp_path_factory.mktemp("full")))
    yield made
    made.office.storage.close()


# --- the own copy -------------------------------------------------------------------------------


def flat(value: object) -> Iterator[str]:
    """Yield every single value of a record, as text."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from flat(each)
    elif isinstance(value, list):
        for each in value:
            yield from flat(each)
    elif value is not None:
        yield str(int(value) if isinstance(value, bool) else value)


def absent(sections: Sections, stored: Mapping[str, list[Mapping[str, Any]]]) -> set[str]:
    """Return every tagged column of a member's that the copy does not show."""
    missing = set()
    for table in inventory().values():
        for column in table.columns:
            if DataSubject.MEMBER not in column.subjects or column.data_class is DataClass.DERIVED:
                continue
            records = sections.get(table.section, ())
            shown = {word for each in records for at in column.at for word in flat(each.get(at))}
            there = bool(records) and all(any(at in each for each in records) for at in column.at)
            kept = {row[column.name] for row in stored.get(table.name, ())}
            texts = {each for each in kept if isinstance(each, str) and each}
            if table.name == "message" and column.name == "fields":
                texts = {word for each in texts for word in flat(json.loads(each))}
            if column.name == "topic":
                texts = {first_city().catalogue.topic_name(each).zh for each in texts}
            if column.name in {"problems", "missing"}:
                texts = {word for each in texts for word in each.split(",")}
            if (table.name, column.name) == ("card_standing", "holds"):
                texts = set()  # locks as JSON, with inner ids: their words are in `holds`
            if not column.at or not there or not texts <= shown:
                missing.add(f"{table.name}.{column.name}")
    return missing


def stored_of(full: Everything) -> dict[str, list[Mapping[str, Any]]]:
    """Return the rows of the member, read past the system, where there is a file to read."""
    storage = full.office.storage
    if not isinstance(storage, SqliteStorage):
        return {}
    connection = sqlite3.connect(storage.path)
    connection.row_factory = sqlite3.Row
    found: dict[str, list[Mapping[str, Any]]] = {}
    for table in inventory().values():
        names = {column.name for column in table.columns}
        where = "card_id IN (SELECT card_id FROM card WHERE person_id = ?)"
        if "person_id" in names:
            where = "person_id = ?"
        elif "card_id" not in names:
            continue
        rows = connection.execute(f"SELECT * FROM {table.name} WHERE {where}", (full.person,))
        found[table.name] = [dict(row) for row in rows]
    connection.close()
    return found


def test_the_copy_shows_every_column_that_is_tagged_as_the_member_s(full: Everything) -> None:
    stored = stored_of(full)  # before: making the copy is written down as well
    made = json.loads(full.rights().copy(full.person).to_json())
    empty = {name for name, rows in stored.items() if not rows and inventory()[name].of_members}
    assert empty <= {"quarantine"}, "the member of this test has not got everything"
    assert absent(made["sections"], stored) == set()
    told = {(each["table"], each["column"]) for each in made["derived"]}
    kept = {
        (column.table, column.name)
        for table in inventory().values()
        for column in table.columns
        if column.data_class is DataClass.DERIVED and DataSubject.MEMBER in column.subjects
    }
    assert told == kept


def test_a_field_that_is_left_out_of_the_copy_is_noticed(full: Everything) -> None:
    made = json.loads(full.rights().copy(full.person).to_json())["sections"]
    for each in made["cards"]:
        del each["psn"]
    for each in made["messages"]:
        each["fields"] = {}
    made["wishes"] = []
    found = absent(made, stored_of(full))
    assert {"card.psn", "wish.words"} <= found
    assert "message.fields" in found or not stored_of(full)


def test_the_copy_is_plain_to_its_owner_and_names_no_officer_and_no_inner_id(
    full: Everything,
) -> None:
    made = full.rights().copy(full.person)
    text, page = made.to_json(), made.to_html()
    someone = canary(0)
    for word in (someone.number, someone.mobile, someone.name):
        assert word in text
        assert word in page
    for login in ("g-0", "city-1", "review-1", "finance-1"):
        assert f'"{login}"' not in text
    assert str(int(full.person)) not in page
    assert "http" not in page.replace("http-equiv", ""), "it needs no network"
    assert page.index("身份") < page.index("操作日志")
    keys = {key for records in json.loads(text)["sections"].values() for each in records
            for key in each}  # fmt: skip
    assert keys <= set(FIELDS), keys - set(FIELDS)
    assert set(json.loads(text)["sections"]) == set(SECTIONS)
    assert full.rights().copy(full.person).mark != made.mark


def test_who_gets_a_copy(full: Everything) -> None:
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        full.rights(member(full.other)).copy(full.person)
    desk = full.rights(rights_officer())
    with pytest.raises(NotFound, match="E-PRIVACY-003"):
        desk.copy(full.person)
    with pytest.raises(NotAllowed, match="E-ACCESS-007"):
        full.rights(officer("city-1", Role.CITY)).copy(full.person)
    heirs = full.rights(heir(full.person)).copy(full.person)
    assert set(heirs.sections) == {"covers", "claims", "obligations", "orders"}
    made = desk.ask(full.other, RequestKind.COPY, paper="申请1")
    with pytest.raises(Conflict, match="E-PRIVACY-007"):
        desk.copy(full.other, request=made.id)
    desk.verify(made.id, "当面核对身份证")
    with pytest.raises(NotFound, match="E-PRIVACY-003"):
        desk.copy(full.person, request=made.id)
    assert desk.copy(full.other, request=made.id).sections["person"]
    done = desk.answer(made.id, "已交本人")
    assert done.state is RequestState.DONE


def test_the_access_log_names_officers_by_role_and_union(full: Everything) -> None:
    full.rights().copy(full.person)
    seen = full.rights().access_log(full.person)
    copies = [each for each in seen if each.action == "person.copy"]
    assert copies[-1].own
    assert copies[-1].access is Access.HANDED_OUT
    lock = next(each for each in seen if each.action.startswith("hold."))
    assert lock.role is Role.GRASSROOTS
    assert lock.union == "440304-001 甲一工会"
    assert lock.access is Access.CHANGED
    words = repr(seen)
    assert "g-0" not in words
    assert "city-1" not in words
    before = len(seen)
    full.rights(rights_officer()).access_log(full.person)
    assert len(full.rights().access_log(full.person)) == before + 1, "looking is written down"
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        full.rights(member(full.other)).access_log(full.person)


# --- requests -----------------------------------------------------------------------------------


@pytest.fixture
def town(office: Office) -> Town:
    return card_town_on(office).town


def test_a_request_is_answered_within_working_days(town: Town) -> None:
    """Asked on Thursday, 23 November 2017: 15 working days end on Thursday, 14 December."""
    person = town.admit(0, applicant(1))
    own = Rights(town.office, member(person))
    made = own.ask(person, RequestKind.COPY)
    assert made.state is RequestState.VERIFIED
    assert made.due == date(2017, 12, 14)
    assert made.limit == date(2017, 12, 23)
    assert not made.late_on(made.limit)
    assert made.late_on(made.limit + timedelta(days=1))
    over_new_year = evolve(
        town.office, policy=evolve(town.office.policy, privacy=PrivacyRules(answer_target_days=40))
    )
    later = Rights(over_new_year, member(person)).ask(person, RequestKind.EXPLAIN)
    assert later.due == later.limit, "never later than the law has it"
    assert [each.id for each in own.of(person)] == [made.id, later.id]


def test_a_correction_is_asked_for_checked_and_done(town: Town) -> None:
    person = town.admit(0, applicant(1))
    desk = Rights(town.office, rights_officer())
    with pytest.raises(InvalidInput, match="E-PRIVACY-004"):
        desk.ask(person, RequestKind.CORRECT, wanted={"name": NEW_NAME})
    with pytest.raises(InvalidInput, match="E-PRIVACY-006"):
        desk.ask(person, RequestKind.CORRECT, wanted={"employer": "x"}, paper="申请1")
    with pytest.raises(InvalidInput, match="E-VALUE"):
        desk.ask(person, RequestKind.CORRECT, wanted={"document": "1"}, paper="申请1")
    wanted = {"name": NEW_NAME, "mobile": "13900000009"}
    made = desk.ask(person, RequestKind.CORRECT, wanted=wanted, paper="申请1")
    with pytest.raises(Conflict, match="E-PRIVACY-007"):
        desk.correct(made.id, paper="户口簿1")
    desk.verify(made.id, "当面核对身份证")
    done = desk.correct(made.id, paper="户口簿1")
    assert done.state is RequestState.DONE
    shown = Members(town.office, town.g(0)).get(person)
    assert shown.name.plain() == NEW_NAME
    assert shown.mobile is not None
    assert shown.mobile.plain() == "13900000009"
    with pytest.raises(Conflict, match="E-PRIVACY-007"):
        desk.correct(made.id, paper="户口簿1")


def test_a_refusal_has_a_reason_of_the_table_and_is_told(town: Town) -> None:
    person = town.admit(0, applicant(1))
    own, desk = Rights(town.office, member(person)), Rights(town.office, rights_officer())
    made = own.ask(person, RequestKind.CORRECT, wanted={"name": NEW_NAME})
    done = desk.refuse(made.id, Refusal.NO_PROOF)
    assert (done.state, done.refusal) == (RequestState.REFUSED, Refusal.NO_PROOF)
    with pytest.raises(Conflict, match="E-PRIVACY-001"):
        own.withdraw(made.id)
    with pytest.raises(Conflict, match="E-PRIVACY-008"):
        desk.erase(own.ask(person, RequestKind.COPY).id)
    told = town.office.storage.read(
        lambda work: work.messages.of_person(
            authorise(work, town.c1, Operation.CONSENT_WRITE), person
        )
    )
    assert told[-2].template == "rights.refused"
    assert told[-2].fields["why"] == Refusal.NO_PROOF.label
    assert [each.kind for each in desk.listed()] == [RequestKind.COPY]
    with pytest.raises(NotFound, match="E-PRIVACY-003"):
        Rights(town.office, member(town.admit(0, applicant(2)))).withdraw(made.id)


# --- erasing ------------------------------------------------------------------------------------


def traces(storage: SqliteStorage, person: PersonId) -> dict[str, bytes]:
    """Return the bytes by which a member can be opened or found: sealed, salt, search keys."""
    connection = sqlite3.connect(storage.path)
    found = {}
    for name, sql in (
        ("sealed", "SELECT sealed FROM person WHERE person_id = ?"),
        ("salt", "SELECT salt FROM person_salt WHERE person_id = ?"),
        ("document", "SELECT blind FROM person_document WHERE person_id = ?"),
        ("mobile", "SELECT blind FROM person_mobile WHERE person_id = ?"),
        ("wish", "SELECT words FROM wish WHERE person_id = ?"),
        ("account", "SELECT account FROM binding WHERE person_id = ?"),
    ):
        (found[name],) = connection.execute(sql, (person,)).fetchone()
    connection.close()
    return found


def erased(full: Everything, name: str = "rights-1", second: str = "rights-2") -> Any:
    desk = full.rights(rights_officer(name))
    asked = desk.ask(full.person, RequestKind.ERASE, paper="申请9")
    desk.verify(asked.id, "当面核对身份证")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        desk.erase(asked.id)
    return full.rights(rights_officer(second)).erase(asked.id)


def test_an_erasure_waits_for_everything_that_is_open(full: Everything) -> None:
    found = full.rights().preview(full.person)
    assert set(found.against) == {
        StillOpen.MEMBERSHIP, StillOpen.CARD, StillOpen.HOLD, StillOpen.CLAIM, StillOpen.COVER,
        StillOpen.ORDER, StillOpen.RESERVATION, StillOpen.REFERRAL, StillOpen.REQUEST,
    }  # fmt: skip
    desk = full.rights(rights_officer("rights-2"))
    asked = full.rights(rights_officer()).ask(full.person, RequestKind.ERASE, paper="申请9")
    full.rights(rights_officer()).verify(asked.id, "当面核对身份证")
    with pytest.raises(Conflict, match="E-PRIVACY-005") as refused:
        desk.erase(asked.id)
    assert StillOpen.CARD.label in str(refused.value)
    full.rights().withdraw(asked.id)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_an_erasure_leaves_nothing_that_opens_or_finds_the_person(
    kind: str, tmp_path: Path
) -> None:
    full = everything_on(office_on(kind, tmp_path))
    office, storage = full.office, full.office.storage
    full.end()
    assert full.rights().preview(full.person).against == ()
    before = traces(storage, full.person) if isinstance(storage, SqliteStorage) else {}
    done = erased(full)

    # nobody finds or opens the person again
    members = Members(office, full.town.money.cards.town.c1)
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        members.get(full.person)
    assert members.find(canary(0).number) is None
    assert members.by_mobile(canary(0).mobile) == []
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        full.rights().copy(full.person)
    if isinstance(storage, SqliteStorage):
        storage.checkpoint()
        files = [file for file in tmp_path.iterdir() if file.is_file()]
        for name, secret in before.items():
            where = [file.name for file in files if secret in file.read_bytes()]
            assert where == [], f"{name} is still there"

    # the answer lists everything, with why and until when
    fates = {line.table: line.fate for line in done.lines}
    assert fates["person"] is fates["message"] is fates["wish"] is Fate.DESTROYED
    kept = [line for line in done.lines if line.retention is Retention.VOUCHER]
    assert {line.table for line in kept} >= {"obligation", "pay_order", "claim", "payee_name"}
    assert {line.until for line in kept if line.table == "pay_order"} == {date(2047, 12, 31)}
    gone = [line for line in done.lines if line.table == "claim" and line.fate is Fate.DESTROYED]
    assert len(gone) == 1, "the claim that was taken back"
    assert all(
        line.until is not None or line.retention in {Retention.FIGURES, Retention.LOG}
        for line in done.lines
        if line.fate is not Fate.DESTROYED
    )

    # the books balance, and the log is whole
    full.town.money.check_books()
    auditor = AuditLog(office, evolve(full.town.money.cards.town.c1, purpose=Purpose.OPERATE))
    auditor.seal_all()
    reader = AuditLog(office, evolve(full.town.money.cards.town.c1, purpose=Purpose.AUDIT))
    assert verify(list(reader.export()), [reader.key], signature_holds).sound

    # no second pack for whoever comes back within the year
    back = full.town.people(1)[0]
    assert back != full.person
    packs = storage.read(
        lambda work: work.entitlements.of_person(
            authorise(work, full.town.money.cards.town.c1, Operation.CONSENT_WRITE), back
        )
    )
    assert {each.since for each in packs} == {date(2017, 11, 23)}, "those of before, no other"
    assert full.town.plans(member(back)).of_person(back) == []
    office_again(full, tmp_path)
    storage.close()


def storage_look(full: Everything, noun: str) -> list[object]:
    """Return what a repository still finds of the person."""
    by = full.town.money.cards.town.c1
    return list(
        full.office.storage.read(
            lambda work: getattr(work, noun).of_person(
                authorise(work, by, Operation.CONSENT_WRITE), full.person
            )
        )
    )


NOUNS = {
    "entitlements": Retention.FRAUD,
    "cards": Retention.DISPUTE,
    "rows": Retention.DISPUTE,
    "consents": Retention.PROOF,
    "claims": Retention.VOUCHER,
    "enrolments": Retention.VOUCHER,
}
"""Under which term a repository's rows of somebody stay longest."""


def stays(full: Everything) -> tuple[set[str], str]:
    """Return what a store still has of the person, and the name that is kept with vouchers."""
    by = full.town.money.cards.town.c1

    def look(work: UnitOfWork) -> str:
        found = work.erasures.name_of(authorise(work, by, Operation.CONSENT_WRITE), full.person)
        return "" if found is None else found[0]

    return {noun for noun in NOUNS if storage_look(full, noun)}, full.office.storage.read(look)


def office_again(full: Everything, tmp_path: Path) -> None:
    """Check that the terms end one after the other, and what is destroyed then, and no more."""
    desk = full.rights(rights_officer())
    assert desk.sweep().people == 0
    _, name = stays(full)
    assert stays(full) == (set(NOUNS), name)
    assert name
    clock_of(full.office).advance(days=366)
    assert desk.sweep().people == 1
    assert stays(full) == (set(NOUNS) - {"entitlements"}, name)
    clock_of(full.office).advance(days=3 * 366)
    assert desk.sweep().people == 1
    left = desk.erased(full.person)
    assert left is not None
    assert {line.retention for line in left.lines if line.fate is not Fate.DESTROYED} == {
        Retention.FIGURES, Retention.LOG, Retention.VOUCHER,
    }  # fmt: skip
    assert left.next_due == date(2049, 1, 1)
    assert stays(full) == ({"claims", "enrolments"}, name), "a paid claim keeps its cover"
    full.town.money.check_books()
    clock_of(full.office).advance(days=31 * 366)
    assert desk.sweep().people == 1
    last = desk.erased(full.person)
    assert last is not None
    assert last.next_due is None
    assert stays(full) == (set(), "")
    assert not list(tmp_path.glob("*.tmp"))


@ON_SQLITE
def test_a_restored_copy_is_erased_again_from_the_journal(tmp_path: Path) -> None:
    full = everything_on(office_on("sqlite", tmp_path))
    storage = full.office.storage
    assert isinstance(storage, SqliteStorage)
    full.end()
    storage.checkpoint()
    backup = tmp_path / "backup.db"
    with sqlite3.connect(storage.path) as source, sqlite3.connect(backup) as target:
        source.backup(target)
    source.close()
    target.close()
    erased(full)
    journal = full.rights(rights_officer()).journal()
    assert len(journal) == 1
    assert "440" not in journal[0].replace(str(int(full.person)), ""), "it holds no number"

    restored = SqliteStorage.open(
        backup, clock=full.office.clock, ids=full.office.ids, vault=full.office.vault
    )
    office = evolve(full.office, storage=restored)
    town = full.town.money.cards.town
    assert Members(office, town.c1).find(canary(0).number) is not None
    desk = Rights(office, rights_officer())
    assert desk.erase_again(journal) == 1
    assert desk.erase_again(journal) == 0
    assert Members(office, town.c1).find(canary(0).number) is None
    with pytest.raises(InvalidInput, match="E-PRIVACY-009"):
        desk.erase_again(["{}"])
    restored.close()
    storage.close()


def test_whoever_is_not_for_rights_erases_nobody(town: Town) -> None:
    person = town.admit(0, applicant(1))
    made = Rights(town.office, member(person)).ask(person, RequestKind.ERASE)
    for by in (member(person), town.g(0), town.upper(0)):
        with pytest.raises(NotAllowed, match=r"E-ACCESS-00[17]"):
            Rights(town.office, by).erase(made.id)
    with pytest.raises(NotAllowed, match="E-ACCESS-007"):
        Rights(town.office, town.c1).erase(made.id)


# --- terms --------------------------------------------------------------------------------------


def test_terms_count_as_the_law_counts() -> None:
    terms = RetentionTerms()
    assert kept_until(Retention.VOUCHER, terms, date(2018, 1, 2)) == date(2048, 12, 31)
    assert kept_until(Retention.STATEMENT, terms, date(2018, 1, 2)) == date(2028, 12, 31)
    assert kept_until(Retention.DISPUTE, terms, date(2020, 2, 29)) == date(2023, 2, 28)
    assert kept_until(Retention.FIGURES, terms, date(2020, 2, 29)) is None
    assert years_after(date(2020, 2, 29), 4) == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ({"retention": {"voucher_years": 29}}, "voucher_years"),
        ({"retention": {"statement_years": 9}}, "statement_years"),
        ({"retention": {"log_months": 5}}, "log_months"),
        ({"answer_limit_days": 31}, "answer_limit_days"),
    ],
)
def test_a_city_that_keeps_less_than_the_law_asks_is_refused(
    rules: dict[str, Any], path: str
) -> None:
    from importlib.resources import files
    from tomllib import loads

    told = loads(files("szunion.domain.cities").joinpath("shenzhen/city.toml").read_text("utf-8"))
    with pytest.raises(ConfigError, match=f"E-POLICY-006(.|\n)*{path}"):
        policy_from(told | {"privacy": rules | {"src": "D"}})
    more = {"retention": {"voucher_years": 40}, "src": "D"}
    assert policy_from(told | {"privacy": more}).privacy.retention.voucher_years == 40


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_manual_writes_into_a_city_s_file_is_understood(language: str) -> None:
    page = Path(__file__).parents[2] / "docs" / language / "howto" / "new-city.md"
    block = page.read_text("utf-8").split("```toml\n[privacy]")[1].split("```")[0]
    city = files("szunion.domain.cities").joinpath("shenzhen/city.toml").read_text("utf-8")
    rules = policy_from(loads(city) | loads("[privacy]" + block)).privacy
    assert (rules.answer_target_days, rules.retention.dispute_years) == (10, 5)
    assert rules.retention.voucher_years == RetentionTerms().voucher_years
    assert current(rules.notices)[ConsentPurpose.BANK].id == "bank:2019-01-01"


def test_consents_are_proof_and_stay_for_their_term(town: Town) -> None:
    person = town.admit(0, applicant(1))
    Consents(town.office, town.g(0)).enter([person], ConsentPurpose.BANK, PAPER)
    town.memberships(town.g(0)).quit(person, document="申请")
    desk = Rights(town.office, rights_officer())
    made = desk.ask(person, RequestKind.ERASE, paper="申请9")
    desk.verify(made.id, "当面")
    done = Rights(town.office, rights_officer("rights-2")).erase(made.id)
    (line,) = [each for each in done.lines if each.table == "consent_word"]
    assert (line.fate, line.retention, line.count) == (Fate.KEPT, Retention.PROOF, 2)
    assert line.until == years_after(town.office.clock.today(), 3)
    clock_of(town.office).advance(days=3 * 366)
    assert desk.sweep().people == 1
