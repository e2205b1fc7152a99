"""Who a person is: numbers decide by structure, date and check digit, never by area."""

from __future__ import annotations

import pickle
from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.many_for_tests import check_many

from szunion.domain.documents import (
    DocumentKind,
    Gender,
    Verdict,
    birth_check,
    birth_date_of,
    check_character,
    kind_by_form,
    number_check,
    to_18,
)
from szunion.domain.identity import (
    DocumentNumber,
    IdentityDocument,
    Mobile,
    PersonName,
    age_on,
    half_width,
)
from szunion.errors import InvalidInput
from szunion.text import Language

TODAY = date(2026, 11, 24)
CHECK = number_check(TODAY)
GOOD = "440301199003071230"

births = st.dates(date(1900, 1, 1), TODAY)
areas = st.integers(100_000, 799_999).map(str)
sequences = st.integers(0, 999).map(lambda number: f"{number:03d}")


@st.composite
def numbers(draw: st.DrawFn) -> str:
    body = f"{draw(areas)}{draw(births):%Y%m%d}{draw(sequences)}".rjust(17, "0")
    return body + check_character(body)


def weighted(number: str) -> bool:
    """The check digit as the standard writes it: weights 2^(18-i), sum ≡ 1 (mod 11)."""
    values = [10 if c == "X" else int(c) for c in number]
    return sum(value << (17 - at) for at, value in enumerate(values)) % 11 == 1


@given(numbers())
@settings(derandomize=True, max_examples=300)
def test_every_number_made_by_the_standard_is_accepted(number: str) -> None:
    assert weighted(number)
    assert CHECK(number) is Verdict.OK


@given(numbers(), st.integers(0, 17), st.sampled_from("0123456789"))
@settings(derandomize=True, max_examples=500)
def test_one_wrong_digit_is_always_found(number: str, at: int, digit: str) -> None:
    wrong = number[:at] + digit + number[at + 1 :]
    assert (CHECK(wrong) is Verdict.OK) == (wrong == number)


@given(st.one_of(numbers(), st.text("0123456789X０ x", min_size=16, max_size=19)), st.booleans())
@settings(derandomize=True, max_examples=500)
def test_the_birth_date_is_told_of_exactly_the_numbers_that_hold(number: str, ends: bool) -> None:  # noqa: FBT001
    if ends and len(number) >= 17 and number[:17].isascii() and number[:17].isdigit():
        number = number[:17] + check_character(number[:17])
    holds = CHECK(number) is Verdict.OK
    assert birth_check(TODAY)(number) == (birth_date_of(number, TODAY) if holds else None)


@given(numbers(), st.integers(0, 15))
@settings(derandomize=True, max_examples=300)
def test_two_neighbours_swapped_are_always_found(number: str, at: int) -> None:
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert (CHECK(swapped) is Verdict.OK) == (swapped == number)


@given(st.text(max_size=20))
@settings(derandomize=True, max_examples=500)
def test_no_text_makes_the_check_raise(text: str) -> None:
    assert CHECK(text) in Verdict


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        ("", Verdict.LENGTH),
        (GOOD[:-1], Verdict.LENGTH),
        (GOOD + "0", Verdict.LENGTH),
        ("４" + GOOD[1:], Verdict.CHARACTERS),
        ("²" + GOOD[1:], Verdict.CHARACTERS),
        ("+" + GOOD[1:], Verdict.CHARACTERS),
        (GOOD[:5] + "_" + GOOD[6:], Verdict.CHARACTERS),
        (GOOD[:17] + "x", Verdict.CHARACTERS),
        (GOOD[:17] + "\n", Verdict.CHARACTERS),
        ("A" + GOOD[1:], Verdict.CHARACTERS),
        (GOOD[:6] + "19900230" + GOOD[14:], Verdict.DATE),
        (GOOD[:6] + "19000229" + GOOD[14:], Verdict.DATE),
        (GOOD[:6] + "18991231" + GOOD[14:], Verdict.DATE),
        (GOOD[:6] + "20261125" + GOOD[14:], Verdict.DATE),
        (GOOD[:17] + "1", Verdict.CHECK_DIGIT),
    ],
)
def test_what_is_wrong_is_said(number: str, verdict: Verdict) -> None:
    assert CHECK(number) is verdict


@pytest.mark.parametrize("area", ["440303", "440309", "440310", "440311", "441900", "999999"])
@pytest.mark.parametrize("year", ["1950", "1970", "1988", "2000"])
def test_the_area_code_never_rejects(area: str, year: str) -> None:
    """County codes were renamed for forty years; a table of them refuses real members."""
    body = f"{area}{year}0701123"
    assert CHECK(body + check_character(body)) is Verdict.OK


def test_born_on_the_first_day_of_summer_time_is_born_on_that_day() -> None:
    """Asia/Shanghai was UTC+9 in the summers 1986 to 1991: a date never goes through a zone."""
    body = "44030119880701123"
    document = IdentityDocument.read(body + check_character(body))
    assert document.birth_date() == date(1988, 7, 1)


def test_a_leap_day_is_a_birth_date_and_ages_on_the_first_of_march() -> None:
    body = "44030120040229124"
    document = IdentityDocument.read(body + check_character(body))
    assert document.birth_date() == date(2004, 2, 29)
    assert age_on(date(2004, 2, 29), date(2022, 2, 28)) == 17
    assert age_on(date(2004, 2, 29), date(2022, 3, 1)) == 18


SAMPLES = {
    DocumentKind.RESIDENT: GOOD,
    DocumentKind.RESIDENT_15: "440301900307123",
    DocumentKind.HMT_RESIDENCE: "81000019900307123" + check_character("81000019900307123"),
    DocumentKind.HM_TRAVEL: "H12345678",
    DocumentKind.TW_TRAVEL: "12345678",
    DocumentKind.FOREIGN_RESIDENCE: "91144019900307123" + check_character("91144019900307123"),
    DocumentKind.FOREIGN_RESIDENCE_OLD: "USA440390030712",
    DocumentKind.PASSPORT: "E12345678",
}


@pytest.mark.parametrize("kind", DocumentKind)
def test_every_kind_of_document_takes_its_own_number(kind: DocumentKind) -> None:
    document = IdentityDocument.of(kind, SAMPLES[kind])
    assert document.number.plain() == SAMPLES[kind]


@pytest.mark.parametrize("kind", [kind for kind in DocumentKind if kind.value != "PASSPORT"])
def test_the_form_tells_every_kind_but_a_passport(kind: DocumentKind) -> None:
    assert kind_by_form(SAMPLES[kind]) is kind
    assert kind_by_form(SAMPLES[DocumentKind.PASSPORT]) is None


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (kind, number)
        for kind in DocumentKind
        for other, number in SAMPLES.items()
        if kind not in {other, DocumentKind.PASSPORT}
    ],
)
def test_no_kind_takes_the_number_of_another(kind: DocumentKind, number: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        IdentityDocument.of(kind, number)
    assert refused.value.code == "E-VALUE-002"
    assert number not in str(refused.value)


def test_the_old_and_the_new_number_are_linked_and_not_equal() -> None:
    old = IdentityDocument.read("440301900307123")
    new = old.successor()
    assert new == IdentityDocument.read(GOOD)
    assert new != old
    assert old.birth_date() == date(1990, 3, 7)
    assert IdentityDocument.read(GOOD).successor() is None


@given(numbers().filter(lambda number: number[6:8] == "19"))
@settings(derandomize=True, max_examples=100)
def test_fifteen_digits_become_the_eighteen_that_were_issued(number: str) -> None:
    assert to_18(number[:6] + number[8:17]) == number


@pytest.mark.parametrize(("digit", "gender"), [("1", Gender.MALE), ("2", Gender.FEMALE)])
def test_the_seventeenth_digit_says_the_sex(digit: str, gender: Gender) -> None:
    body = "4403011990030712"[:16] + digit
    assert IdentityDocument.read(body + check_character(body)).gender() is gender
    assert IdentityDocument.of(DocumentKind.HM_TRAVEL, "M12345678").gender() is None
    assert IdentityDocument.of(DocumentKind.HM_TRAVEL, "M12345678").birth_date() is None


def test_a_number_is_read_as_people_write_it() -> None:
    body = "44030119900307104"
    number = body + check_character(body)
    spaced = f"　{number[:6]} {number[6:14]}-{number[14:]} "
    wide = spaced.translate({code: code + 0xFEE0 for code in range(0x30, 0x3A)})
    assert DocumentNumber.of(wide.lower()).plain() == number


def test_documents_print_masked_and_refuse_pickling() -> None:
    document = IdentityDocument.read(GOOD)
    assert GOOD not in f"{document} {document!r} {document.number}"
    assert "440***********1230" in repr(document)
    with pytest.raises(TypeError):
        pickle.dumps(document)


@pytest.mark.parametrize(
    "name",
    [
        "张三",
        "欧阳修远",
        "张䶮",
        "周𬱖",
        "㑇",
        "阿卜杜拉·买买提",
        "John Smith",
        "O'Brien",
        "José García",
        "Jean-Luc",
        "李〇",
        "A. Müller",
        "赵\ue863",
        "\U000323b0三",
        "字" * 64,
    ],
)
def test_names_with_rare_characters_and_other_scripts_are_names(name: str) -> None:
    assert PersonName.of(name).plain() == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "张3", "张三!", "张 三", "=张三", "张三\n", "·张三", "字" * 65, "Jose\u0301",
     "张\u200b三", "张三　", "A  B", "<b>"],
)  # fmt: skip
def test_what_cannot_be_a_name_is_refused_without_showing_it(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        PersonName(name)
    assert refused.value.code == "E-VALUE-002"


def test_a_name_is_read_as_people_write_it() -> None:
    assert PersonName.of(" 张　三 ").plain() == "张三"
    assert PersonName.of("阿卜杜拉•买买提").plain() == "阿卜杜拉·买买提"
    assert PersonName.of("  John   Smith ").plain() == "John Smith"
    assert PersonName.of("Jose\u0301").plain() == "José"


def test_characters_of_private_use_are_found() -> None:
    assert PersonName("赵\ue863").private_use() == (1,)
    assert PersonName("张䶮").private_use() == ()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("0086 13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+852 6123 4567", "+85261234567"),
        ("0085361234567", "+85361234567"),
        ("+886 912 345 678", "+886912345678"),
    ],
)
def test_a_mobile_is_read_as_people_write_it(written: str, number: str) -> None:
    assert Mobile.of(written).plain() == number


@pytest.mark.parametrize("number", ["12800138000", "1380013800", "138001380001", "+85212345678901"])
def test_what_is_no_mobile_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput):
        Mobile.of(number)


@pytest.mark.parametrize(
    "texts",
    [[], ["13800138000"], ["13800138000", "+85261234567", "+886912345678", "+85361234567"],
     ["13800138000", ""], ["1380013800"], ["13800138000", "138001380001"], ["13800138000\n"],
     ["13800138000\n13900139000"], ["13800138000", "1380013800０"], ["13800138000", "+8521"]],
)  # fmt: skip
def test_many_mobiles_are_what_each_is(texts: list[str]) -> None:
    check_many(Mobile, texts, Mobile.plain)


@given(st.text(max_size=40))
@settings(derandomize=True, max_examples=300)
def test_half_width_changes_full_width_characters_only(text: str) -> None:
    after = half_width(text)
    assert len(after) == len(text)
    changed = [one for one, other in zip(text, after, strict=True) if one != other]
    assert all(one == "\u3000" or "\uff01" <= one <= "\uff5e" for one in changed)


def test_our_verdict_is_the_oracle_s_but_for_its_areas() -> None:
    """python-stdnum agrees on every number whose area it knows."""
    ric = pytest.importorskip("stdnum.cn.ric")
    from szunion.testing.rosters import synthetic_number

    random = Random(5)
    agreed = 0
    for _ in range(300):
        number = synthetic_number(random)
        if random.random() < 0.5:
            number = number[:17] + random.choice("0123456789X")
        try:
            ric.validate(number)
        except ric.InvalidComponent:
            continue
        except ric.InvalidChecksum:
            assert CHECK(number) is Verdict.CHECK_DIGIT
        else:
            assert CHECK(number) is Verdict.OK
        agreed += 1
    assert agreed > 50


def test_what_is_refused_is_named_in_both_languages() -> None:
    with pytest.raises(InvalidInput) as refused:
        Mobile("1")
    assert refused.value.what(Language.ZH) == "“手机号”格式不对"
    assert refused.value.what(Language.EN) == "this is not a valid mobile number"
