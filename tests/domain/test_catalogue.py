"""The catalogue and the policy: what a city says, with its source, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.cards_for_tests import NOON, ROOT, first_city, yunhai

from szunion.domain.bank_requests import CardApplicant
from szunion.domain.benefits import Allowance, Benefit, DailyRate, Subject
from szunion.domain.catalogue import Mode, grant_key
from szunion.domain.catalogue_file import catalogue_from
from szunion.domain.cities import city_from
from szunion.domain.city_time import months_later
from szunion.domain.eligibility import Ineligible, ineligible
from szunion.domain.identity import Gender, IdentityDocument, PersonName
from szunion.domain.members import MembershipState, Rights
from szunion.domain.packs import open_pack
from szunion.domain.policy import Source, policy_from, unmark
from szunion.domain.rows import Row
from szunion.domain.values import BatchId, CardId, Fen, PersonId, RequestKey, RowId
from szunion.errors import ConfigError, InvalidInput
from szunion.text import Language

CITY = first_city()
MENU = CITY.catalogue
FOLDER = ROOT / "src" / "szunion" / "domain" / "cities" / "shenzhen"
MEMBER = CITY.policy.rights_of(MembershipState.ACTIVE, None)


def test_m17_the_published_counts_are_the_citys_and_only_named_items_are_listed() -> None:
    """M17: 36 items in the first batch, 18 collective, 8 categories; the city adds the unnamed."""
    counts = MENU.counts
    assert (counts.items, counts.collective, counts.categories) == (36, 18, 8)
    assert len(MENU.categories) == 8
    assert {each.category for each in MENU.items} == {each.code for each in MENU.categories}
    assert len(MENU.items) <= counts.items
    assert len(MENU.in_category("mutual-aid")) == counts.mutual_aid_plans == 5


def test_m26_the_collective_items_that_were_named_are_listed_and_nobody_has_one_alone() -> None:
    """M26: everybody sees them, and each says that it is joined through the union."""
    assert [each.name.zh.replace("“", "").replace("”", "") for each in MENU.collective] == [
        "职工素质教育讲座", "女职工素质教育流动课堂", "职工文化大讲堂公益讲座", "企业班组长培训",
        "国际质量人才培训", "职业核心能力培训", "职工技术创新运动会", "律师入企", "律师驻点",
    ]  # fmt: skip
    for each in MENU.collective:
        item = MENU.item(each.id)
        assert item is not None
        assert ineligible(item, rights=MEMBER, gender=Gender.FEMALE, level=3, least_level=3) == (
            Ineligible.BY_UNION,
        )


def test_legal_services_ask_for_membership_and_nothing_else() -> None:
    """M19, M16: without threshold, for every member alike."""
    assert CITY.policy.services.legal_threshold is False
    for item in MENU.in_category("legal-aid"):
        for gender in (None, Gender.MALE, Gender.FEMALE):
            assert ineligible(item, rights=MEMBER, gender=gender, level=3, least_level=3) == ()
        assert ineligible(item, rights=Rights(), gender=None, level=3, least_level=3) == (
            Ineligible.NO_BENEFITS,
        )


def test_every_individual_item_is_open_to_every_member_but_for_its_own_condition() -> None:
    """M16: no difference between members."""
    for item in MENU.items:
        for gender in Gender:
            against = ineligible(item, rights=MEMBER, gender=gender, level=3, least_level=3)
            expected = []
            if item.mode is Mode.UNION:
                expected.append(Ineligible.BY_UNION)
            if item.eligibility.gender not in {None, gender}:
                expected.append(Ineligible.GENDER)
            assert list(against) == expected
    women = MENU.item("ma-women")
    assert women is not None
    assert Ineligible.GENDER_UNKNOWN in ineligible(
        women, rights=MEMBER, gender=None, level=0, least_level=3
    )
    assert Ineligible.REAL_NAME in ineligible(
        women, rights=MEMBER, gender=Gender.FEMALE, level=2, least_level=3
    )


@pytest.mark.parametrize(
    ("item", "study", "yuan"),
    [
        ("ha-spring-festival", "", 3000),
        ("ha-golden-autumn", "senior-high", 2500),
        ("ha-golden-autumn", "secondary-vocational", 2500),
        ("ha-golden-autumn", "junior-college", 3500),
        ("ha-golden-autumn", "bachelor", 3500),
    ],
)
def test_the_published_amounts_of_help_in_hardship(item: str, study: str, yuan: int) -> None:
    """M22: 3,000 a household; 2,500 and 3,500 a student; paid into the card account (M21)."""
    found = MENU.item(item)
    assert found is not None
    assert found.benefit is not None
    assert found.benefit.amount({"study": study}) == Fen(yuan * 100)
    assert found.pay_to_card
    assert found.once_per is not None
    assert found.once_per.subject is found.benefit.per


def test_a_study_that_no_tier_names_has_no_amount() -> None:
    found = MENU.item("ha-golden-autumn")
    assert found is not None
    assert found.benefit is not None
    assert found.benefit.amount({"study": "primary"}) is None
    assert found.benefit.amount({}) is None


def test_the_same_household_in_the_same_year_has_one_key() -> None:
    """M22: once per household."""
    item = MENU.item("ha-spring-festival")
    assert item is not None
    assert grant_key(item, "2026", "H1") == "pay:ha-spring-festival:2026:household:H1:1"
    assert grant_key(item, "2026", "H1") != grant_key(item, "2027", "H1")
    assert grant_key(item, "2026", "H1") != grant_key(item, "2026", "H2")


def test_the_hospital_allowance_comes_to_10800_and_21600_yuan() -> None:
    """M25: 60 yuan a day, 120 for cancer, two claims of 90 days at most."""
    item = MENU.pack_item("gp-hospital-allowance")
    assert item is not None
    benefit = item.benefit
    assert benefit is not None
    general = benefit.allowance(90, "fracture", 0, Fen(0))
    assert (general.fen * 2, general.rate) == (Fen(1_080_000), Fen(6000))
    cancer = benefit.allowance(90, "cancer", 0, Fen(0))
    assert cancer.fen * 2 == Fen(2_160_000) == benefit.cap


def test_the_91st_day_and_the_third_claim_are_cut_by_rule() -> None:
    """Race 20, M25: with the reckoning."""
    item = MENU.pack_item("gp-hospital-allowance")
    assert item is not None
    benefit = item.benefit
    assert benefit is not None
    long = benefit.allowance(91, "fracture", 1, Fen(0))
    assert (long.days, long.days_counted, long.fen) == (91, 90, Fen(540_000))
    third = benefit.allowance(5, "cancer", 2, Fen(0))
    assert (third.days_counted, third.fen) == (0, Fen(0))
    near = benefit.allowance(90, "cancer", 1, Fen(2_000_000))
    assert (near.before_cap, near.fen) == (Fen(1_080_000), Fen(160_000))


FEW = st.none() | st.integers(0, 9)


@given(
    rates=st.dictionaries(st.sampled_from(["cancer", "birth", None]), st.integers(0, 9)),
    limits=st.tuples(FEW, FEW, FEW),
    stay=st.tuples(st.integers(0, 12), st.sampled_from(["cancer", "flu"])),
    before=st.tuples(st.integers(0, 9), st.integers(0, 20)),
)
def test_an_allowance_is_days_by_rate_within_every_limit(
    rates: dict[str | None, int],
    limits: tuple[int | None, int | None, int | None],
    stay: tuple[int, str],
    before: tuple[int, int],
) -> None:
    (claims, most_days, cap), (days, cause), (claimed, paid) = limits, stay, before
    benefit = Benefit(
        per=Subject.MEMBER,
        daily=tuple(DailyRate(cause=each, fen=Fen(fen)) for each, fen in rates.items()),
        most_claims=claims, most_days=most_days, cap=None if cap is None else Fen(cap),
    )  # fmt: skip
    rate = rates.get(cause, rates.get(None, 0))
    open_ = claims is None or claimed < claims
    counted = min(days, days if most_days is None else most_days) if open_ else 0
    whole = rate * counted
    gets = whole if cap is None else min(whole, max(0, cap - paid))
    assert benefit.allowance(days, cause, claimed, Fen(paid)) == Allowance(
        days, counted, Fen(rate), Fen(whole), Fen(gets)
    )


def pack_of(card: int, activated: date, *, had: bool, rights: Rights = MEMBER) -> list[str]:
    return [
        each.key
        for each in open_pack(
            MENU.pack,
            programme="P",
            person=PersonId(7),
            card=CardId(card),
            activated=activated,
            carries_benefits=rights.benefits,
            had=had,
        )
    ]


def test_the_pack_is_given_once_to_a_person_whatever_the_card() -> None:
    """M25, races 8 and 9: four items, on the first activation by a member."""
    first = pack_of(1, date(2026, 11, 24), had=False)
    assert first == [
        "pack:P:gp-maternity:7",
        "pack:P:gp-hospital-allowance:7",
        "pack:P:gp-ebook:7",
        "pack:P:gp-tickets:7",
    ]
    assert pack_of(2, date(2027, 1, 1), had=True) == []
    assert pack_of(2, date(2027, 1, 1), had=False) == first, "one key, whatever the card"
    assert pack_of(1, date(2026, 11, 24), had=False, rights=Rights()) == []


def test_the_packs_amounts_and_months() -> None:
    """M25: 1,000 yuan for mother and child; one year of e-books; tickets free of charge."""
    maternity, ebook, tickets = (
        MENU.pack_item(each) for each in ("gp-maternity", "gp-ebook", "gp-tickets")
    )
    assert maternity is not None
    assert maternity.benefit is not None
    assert maternity.benefit.amount({}) == Fen(100_000)
    assert maternity.once_per is not None
    assert (maternity.once_per.subject, maternity.once_per.across_household) == (
        Subject.CHILD,
        True,
    )
    assert ebook is not None
    assert ebook.months == 12
    assert tickets is not None
    assert tickets.price == Fen(0)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 24), 12, date(2027, 11, 24)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_a_year_of_cover_ends_on_the_same_day_or_the_months_last(
    day: date, months: int, expected: date
) -> None:
    assert months_later(day, months) == expected


def test_special_digits_can_be_wished_for_in_a_card_number() -> None:
    """M33: card numbers with 12351; the wish travels with the row to the bank."""
    row = Row(
        id=RowId(1),
        batch=BatchId(1),
        person=PersonId(7),
        programme="P",
        key=RequestKey("A" * 26),
        wish=CITY.policy.hotline,
        changed=NOON,
    )
    applicant = CardApplicant(
        row=row.key,
        name=PersonName("测试"),
        document=IdentityDocument.read("11010519491231002X"),
        mobile=None,
        wish=row.wish,
    )
    assert applicant.wish == "12351"
    for wrong in ("", "12a", "１２３５１", "123456789"):
        with pytest.raises(InvalidInput, match="E-BATCH-005"):
            evolve(row, wish=wrong)


# --- sources ------------------------------------------------------------------------------------


def test_every_value_names_its_source_and_days_are_never_called_published() -> None:
    for sources in (CITY.policy.sources, MENU.sources):
        assert set(sources.values()) <= set(Source)
        assert len(sources) > 50
    for path, source in CITY.policy.sources.items():
        if path.startswith(("deadlines.", "limits.", "cards.payable")):
            assert source is Source.D, path
    press = {path for path, source in MENU.sources.items() if source is Source.P}
    assert any(path.endswith("price_percent") for path in press)
    assert any(".daily[" in path for path in press)


def test_every_published_amount_is_marked_as_published() -> None:
    amounts = {
        path: source
        for path, source in MENU.sources.items()
        if path.endswith((".fen", ".cap", ".price")) and ".daily[" not in path
    }
    assert Counter(amounts.values()) == {Source.A: 6}


def test_names_are_in_both_languages() -> None:
    names = [each.name for each in MENU.categories]
    names += [each.name for each in MENU.items]
    names += [each.name for each in MENU.pack.items]
    names += [each.name for each in MENU.collective]
    names += [each.name for each in MENU.topics]
    assert len(names) == 8 + 35 + 4 + 9 + 9
    for name in names:
        assert re.search("[一-鿿]", name.zh)
        assert not re.search("[一-鿿]", name.en)


# --- another city, and wrong files ----------------------------------------------------------------


def test_another_city_is_a_folder_and_nothing_else() -> None:
    """M32: another city's card, by its own files."""
    other = yunhai()
    assert other.policy.name.zh == "云海市"
    assert [each.id for each in other.catalogue.items] == ["lighthouse", "storm-aid"]
    assert other.policy.deadlines != CITY.policy.deadlines
    assert other.policy.hotline_hold_limit() < CITY.policy.hotline_hold_limit()


def test_nothing_in_the_code_knows_the_first_city() -> None:
    """M32: only its folder names it. (The card layer names the transit systems that it reads.)"""
    source = ROOT / "src" / "szunion"
    naming = [
        str(path.relative_to(source))
        for path in sorted(source.rglob("*"))
        if path.is_file()
        and path.suffix in {".py", ".toml", ".sql"}
        and FOLDER not in path.parents
        and source / "emv" not in path.parents
        and re.search("shenzhen|深圳", path.read_text("utf-8"), re.IGNORECASE)
    ]
    assert naming == []


def tables(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda given: given["deadlines"].update(unclaimed="soon"), "E-POLICY-001"),
        (lambda given: given["deadlines"].update(unclaimed=-1), "E-POLICY-001"),
        (lambda given: given["deadlines"].update(unclaimed=True), "E-POLICY-001"),
        (lambda given: given["deadlines"].update(invented=3), "E-POLICY-001"),
        (lambda given: given["deadlines"].pop("unclaimed"), "E-POLICY-001"),
        (lambda given: given["limits"].update(single_reviewer=10.5), "E-POLICY-001"),
        (lambda given: given["services"].update(realname_level=3), None),
        (lambda given: given.pop("src"), "E-POLICY-002"),
        (lambda given: given["deadlines"].update(src="hearsay"), "E-POLICY-003"),
        (lambda given: given["cards"]["payable"].pop("FROZEN"), "E-POLICY-004"),
        (lambda given: given["organisation"]["levels"].pop("POOL"), "E-POLICY-004"),
    ],
)
def test_a_wrong_policy_is_refused_with_the_path(change: Any, code: str | None) -> None:
    given = tables("city.toml")
    change(given)
    if code is None:
        assert policy_from(given).services.realname_level == 3
        return
    with pytest.raises(ConfigError, match=code) as wrong:
        policy_from(given)
    words = wrong.value.what() + wrong.value.do() + wrong.value.what(Language.EN)
    assert str(wrong.value.context["path"]) in words


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda given: given["items"][0].pop("name"), "E-CATALOGUE-001"),
        (lambda given: given["items"][0].update(kind="magic"), "E-CATALOGUE-001"),
        (lambda given: given["items"][0].update(id="ma-men"), "E-CATALOGUE-002"),
        (lambda given: given["topics"][0].update(id="legal"), "E-CATALOGUE-002"),
        (lambda given: given["items"][0].update(category="elsewhere"), "E-CATALOGUE-003"),
        (lambda given: given["items"][0].update(topic="weather"), "E-CATALOGUE-006"),
        (lambda given: given["counts"].update(items=3), "E-CATALOGUE-004"),
        (lambda given: given["pack"]["items"][1]["benefit"].update(cap=1), "E-CATALOGUE-005"),
        (lambda given: given["pack"]["items"][0]["benefit"].pop("fen"), "E-CATALOGUE-005"),
    ],
)
def test_a_wrong_catalogue_is_refused(change: Any, code: str) -> None:
    given = tables("catalogue.toml")
    change(given)
    with pytest.raises(ConfigError, match=code):
        catalogue_from(given)


def test_a_term_is_of_a_topic_that_the_city_has() -> None:
    def read(name: str) -> str:
        text = (FOLDER / name).read_text("utf-8")
        return text.replace("{ legal = 3 }", "{ LEGAL = 3 }")

    with pytest.raises(ConfigError, match="E-POLICY-007") as wrong:
        city_from(read)
    assert "formation" in wrong.value.do()
    assert "LEGAL" in wrong.value.what(Language.EN)


def test_a_file_that_is_not_toml_is_refused_with_its_name() -> None:
    with pytest.raises(ConfigError, match=r"E-POLICY-005.*"):
        city_from(lambda name: f"{name} = = 1")


def test_marks_are_taken_off_and_kept_by_path() -> None:
    plain, sources = unmark(
        {"src": "A", "days": {"value": 3, "src": "D", "note": "ours"}, "list": [{"a": 1}]}
    )
    assert plain == {"days": 3, "list": [{"a": 1}]}
    assert sources == {"days": Source.D, "list[0].a": Source.A}


def test_the_cities_folder_ships_with_the_package() -> None:
    assert {path.name for path in Path(FOLDER).iterdir()} == {"city.toml", "catalogue.toml"}
