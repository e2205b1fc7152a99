"""One masking table: two views, and the strict one never shows what the other hides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from szunion.domain.documents import check_character
from szunion.domain.identity import DocumentNumber, Mobile, PersonName
from szunion.domain.masking import COMPOUND_SURNAMES, MASKS, Field, View, graphemes, mask

NUMBER = "440301199003071230"
HMT = "81000019900307123" + check_character("81000019900307123")
FOREIGN = "91144019900307123" + check_character("91144019900307123")

TABLE = [
    (Field.IDENTITY_NUMBER, NUMBER, "440***********1230", "4****************0"),
    (Field.IDENTITY_NUMBER, NUMBER[:17] + "X", "440***********123X", "4****************X"),
    (Field.IDENTITY_NUMBER, "440301900307123", "440**********23", "4*************3"),
    (Field.IDENTITY_NUMBER, HMT, f"810*************{HMT[-2:]}", f"8****************{HMT[-1]}"),
    (Field.IDENTITY_NUMBER, FOREIGN, f"911*************{FOREIGN[-2:]}", f"9****************{FOREIGN[-1]}"),  # noqa: E501
    (Field.IDENTITY_NUMBER, "USA440390030712", "USA**********12", "U*************2"),
    (Field.IDENTITY_NUMBER, "E12345678", "E******78", "E*******8"),
    (Field.IDENTITY_NUMBER, "12345678", "1*****78", "1******8"),
    (Field.IDENTITY_NUMBER, "H1234567801", "H12******01", "H*********1"),
    (Field.MOBILE, "13812340000", "138****0000", "***0000"),
    (Field.MOBILE, "+86 138 1234 0000", "138****0000", "***0000"),
    (Field.MOBILE, "+85261234567", "+852****4567", "***4567"),
    (Field.CARD_NUMBER, "6200001234567890123", "620000*********0123", "***************0123"),
    (Field.CARD_NUMBER, "6200001234567890", "620000******7890", "************7890"),
    (Field.BANK_ACCOUNT, "123456789012", "********9012", "********9012"),
    (Field.NAME, "张三", "张*", "**"),
    (Field.NAME, "张三丰", "张**", "***"),
    (Field.NAME, "张王李赵", "张**", "****"),
    (Field.NAME, "欧阳修", "欧阳**", "***"),
    (Field.NAME, "欧阳", "欧*", "**"),
    (Field.NAME, "张", "*", "*"),
    (Field.NAME, "𬱖䶮", "𬱖*", "**"),
    (Field.NAME, "阿卜杜·买买提", "阿**·买**", "*******"),
    (Field.NAME, "John Smith", "J*** S****", "**********"),
    (Field.ADDRESS, "广东省某某市福田区某街道1号", "广东省某某市福田区***", "广东省某某市***"),
    (Field.ADDRESS, "某某市坂田街道某小区3栋", "某某市***", "某某市***"),
    (Field.ADDRESS, "不知道哪里3栋", "***", "***"),
    (Field.EMAIL, "zhangsan@example.org", "z***@example.org", "***@***"),
    (Field.EMAIL, "@example.org", "***", "***@***"),
    (Field.EMAIL, "zhangsan", "***", "***@***"),
    (Field.CASE_REASON, "住院", "***", "***"),
    (Field.CARD_SECRET, "1234", "***", "***"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "plain", "default", "strict"), TABLE)
def test_the_table_holds(field: Field, plain: str, default: str, strict: str) -> None:
    assert mask(field, plain) == default
    assert mask(field, plain, View.STRICT) == strict


def test_every_field_has_its_row() -> None:
    assert set(MASKS) == set(Field)


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize(("field", "plain", "_default", "_strict"), TABLE)
def test_masking_twice_is_masking(
    field: Field, plain: str, _default: str, _strict: str, view: View
) -> None:
    once = mask(field, plain, view)
    assert mask(field, once, view) == once


SHOWN = {
    Field.IDENTITY_NUMBER: [(4, 0, 0), (7, 1, 0), (10, 1, 2), (25, 3, 2)],
    Field.MOBILE: [(11, 0, 0), (25, 3, 4)],
    Field.CARD_NUMBER: [(8, 0, 0), (16, 0, 4), (20, 6, 4), (25, 0, 4)],
    Field.BANK_ACCOUNT: [(8, 0, 0), (25, 0, 4)],
}
"""Of a value shorter than the first number, how many characters are seen before and after."""


@pytest.mark.parametrize("field", SHOWN)
def test_how_much_is_seen_grows_with_the_length_where_the_table_says_so(field: Field) -> None:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    for length in range(len(letters)):
        first, last = next((a, b) for below, a, b in SHOWN[field] if length < below)
        text = letters[:length]
        stars = "*" * (length - first - last)
        assert mask(field, text) == text[:first] + stars + text[length - last :], length


digits = st.text("0123456789", min_size=15, max_size=18).map(lambda text: text + "1")


@given(st.text("0123456789X", min_size=7, max_size=19), st.sampled_from(View))
@settings(derandomize=True, max_examples=300)
def test_a_masked_number_keeps_its_length_and_shows_seven_at_most(number: str, view: View) -> None:
    shown = mask(Field.IDENTITY_NUMBER, number, view)
    assert len(shown) == len(number)
    assert len(shown.replace("*", "")) <= (7 if view is View.DEFAULT else 2)


@given(st.text("0123456789", min_size=9, max_size=19), st.sampled_from(list(Field)))
@settings(derandomize=True, max_examples=300)
def test_two_views_together_show_no_more_than_the_wider_one(text: str, field: Field) -> None:
    default, strict = mask(field, text), mask(field, text, View.STRICT)
    hidden = default.rjust(len(strict))[-len(strict) :]
    for wide, narrow in zip(reversed(hidden), reversed(strict), strict=True):
        assert narrow in {"*", "@", wide}


def _full_width(text: str) -> str:
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


@pytest.mark.parametrize(
    "written",
    [NUMBER, f"  {NUMBER} ", _full_width(NUMBER), f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
     f"\u200b{NUMBER}", f"{NUMBER[:9]}\u3000{NUMBER[9:]}"],
)  # fmt: skip
def test_padding_and_full_width_show_no_more(written: str) -> None:
    assert mask(Field.IDENTITY_NUMBER, written) == "440***********1230"


@pytest.mark.parametrize("field", [field for field in Field if field is not Field.EMAIL])
@pytest.mark.parametrize("length", [300, 70_000])
def test_an_over_long_value_shows_nothing_much(field: Field, length: int) -> None:
    for view in View:
        shown = mask(field, "8" * length, view)
        assert 3 <= len(shown) <= 260
        assert shown.count("8") <= 7


@given(st.text(max_size=30), st.sampled_from(list(Field)), st.sampled_from(View))
@settings(derandomize=True, max_examples=500)
def test_no_text_makes_a_mask_fail(text: str, field: Field, view: View) -> None:
    assert isinstance(mask(field, text, view), str)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=6))
@settings(derandomize=True, max_examples=300)
def test_a_name_shows_its_surname_only(name: str) -> None:
    shown = mask(Field.NAME, name)
    surname = name[:2] if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else name[:1]
    assert shown == surname + "*" * min(len(name) - 1, 2) or shown == surname + "**"
    assert mask(Field.NAME, shown) == shown


def test_a_character_is_what_a_reader_sees() -> None:
    assert graphemes("e\u0301a") == ["e\u0301", "a"]
    assert graphemes("葛\U000e0100城") == ["葛\U000e0100", "城"]
    assert graphemes("👩\u200d🏭a") == ["👩\u200d🏭", "a"]
    assert mask(Field.NAME, "葛\U000e0100城") == "葛\U000e0100*"


def test_values_print_by_the_table() -> None:
    assert f"{DocumentNumber(NUMBER)} {Mobile('13812340000')} {PersonName('张三')}" == (
        "440***********1230 138****0000 张*"
    )
    assert DocumentNumber(NUMBER).masked(View.STRICT) == "4****************0"
