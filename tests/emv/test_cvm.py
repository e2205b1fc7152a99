from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from tests.emv.script import vector
from tests.emv.world import BUSINESS, terminal

from szunion.emv import cvm
from szunion.emv.apdu import Command
from szunion.emv.bits import Bit
from szunion.emv.cvm import HolderCheck, Method, applies, is_able, verify_holder
from szunion.emv.errors import BadField, CardFault
from szunion.emv.fields import Tvr
from szunion.emv.flow import AskPin, Effect, Performer, Pin, Transmit, run
from szunion.emv.lists import CvmList, CvmRule
from szunion.emv.reading import ApplicationData, Options
from szunion.emv.rsa import RsaKey
from szunion.emv.selection import Selected
from szunion.emv.terminal import Business, Terminal

SELECTED = Selected(b"AAAAA", b"AAAAA", (), b"")


def data(cvm_list: str | None, aip: bytes = b"\x10\0", **more: bytes) -> ApplicationData:
    objects = {int(tag.removeprefix("t"), 16): value for tag, value in more.items()}
    if cvm_list is not None:
        objects[0x8E] = bytes.fromhex(cvm_list)
    return ApplicationData(SELECTED, Options(aip, b""), (), objects)


def check(
    card: ApplicationData,
    made: Terminal | None = None,
    business: Business = BUSINESS,
    answers: dict[int, list[str]] | None = None,
    **answer: Any,
) -> HolderCheck:
    left = {ins: list(texts) for ins, texts in (answers or {}).items()}

    def transmit(raw: bytes) -> bytes:
        return bytes.fromhex(left[Command.decode(raw).ins].pop(0))

    performer = Performer(transmit=transmit, **answer)
    return run(verify_holder(card, made or terminal(), business), performer)


PIN: dict[str, Any] = {"ask_pin": lambda _: Pin("1234")}
TRIES: dict[int, list[str]] = {0xCA: ["9F1701039000"]}


@pytest.mark.parametrize("case", vector("cvm-list")["cases"], ids=lambda case: case["why"])
def test_every_published_list_is_walked_or_refused(case: Any) -> None:
    card = data(case["cvm_list"])
    if case["error"]:
        with pytest.raises(BadField):
            CvmList.parse(card.require(0x8E))
        return
    got = check(card, answers={0xCA: ["6A88"] * 9})
    assert len(got.results) == 3


@pytest.mark.parametrize("broken", ["00", "0000000000000000001F", "00000000000000001F001F"])
def test_a_list_with_half_a_rule_ends_the_transaction(broken: str) -> None:
    """EMV book 3, 10.5 and 7.5."""
    with pytest.raises(BadField):
        check(data(broken[:-2] if len(broken) == 20 else broken))


def test_a_list_without_rules_is_none() -> None:
    """EMV book 3, 10.5, note; book 4, table 2: nothing performed, and the data are missing."""
    got = check(data("0000000000000000"))
    assert (got.results, got.tvr) == (bytes.fromhex("3F0000"), Tvr.of(Tvr.ICC_DATA_MISSING))


def test_without_a_list_or_without_the_aip_bit_nothing_is_done() -> None:
    assert check(data(None)).results == bytes.fromhex("3F0000")
    assert check(data(None)).tvr == Tvr.of(Tvr.ICC_DATA_MISSING)
    assert check(data("00000000000000001F00", aip=b"\0\0")).results == bytes.fromhex("3F0000")


def test_no_rule_that_applies_fails() -> None:
    got = check(data("00000000000000001F01"))
    assert (got.results, got.tvr) == (bytes.fromhex("3F0001"), Tvr.of(Tvr.CVM_NOT_SUCCESSFUL))


def test_no_verification_wanted_is_a_success() -> None:
    assert check(data("00000000000000001F00")).results == bytes.fromhex("1F0002")


def test_a_signature_is_for_people_to_compare() -> None:
    got = check(data("00000000000000001E03"))
    assert got.wants_signature
    assert got.results == bytes.fromhex("1E0300")


def test_the_first_rule_that_fails_without_a_next_ends_it() -> None:
    got = check(data("000000000000000000001F00"))
    assert (got.results, got.tvr) == (bytes.fromhex("000001"), Tvr.of(Tvr.CVM_NOT_SUCCESSFUL))


@pytest.mark.parametrize("code", ["00", "40"])
def test_fail_processing_ends_it_even_where_the_list_would_go_on(code: str) -> None:
    """EMV book 3, 10.5, step 1: regardless of b7."""
    got = check(data(f"0000000000000000{code}001F00"))
    assert (got.results, got.tvr) == (bytes.fromhex(f"{code}0001"), Tvr.of(Tvr.CVM_NOT_SUCCESSFUL))


@pytest.mark.parametrize(
    ("rules", "capabilities", "results", "tvr"),
    [
        ("4800", "E0F9C8", "3F0001", Tvr.of(Tvr.UNRECOGNISED_CVM)),
        ("0803", "E0F9C8", "3F0001", Tvr.of()),
        ("1E00", "E0D9C8", "3F0001", Tvr.of()),
        ("5E000800", "E0D9C8", "3F0001", Tvr.of(Tvr.UNRECOGNISED_CVM)),
        ("42000400", "E028C8", "3F0001", Tvr.of(Tvr.PIN_PAD_NOT_WORKING)),
        ("0200", "E0B8C8", "3F0001", Tvr.of(Tvr.PIN_PAD_NOT_WORKING)),
        ("0400", "E0E8C8", "3F0001", Tvr.of()),
        ("0100", "E078C8", "3F0001", Tvr.of()),
        ("0300", "E0D8C8", "3F0001", Tvr.of()),
        ("4200" + "0800", "E0F9C8", "420001", Tvr.of(Tvr.PIN_NOT_ENTERED, Tvr.UNRECOGNISED_CVM)),
    ],
)
def test_a_method_that_is_unknown_or_not_to_be_done_is_not_performed(
    rules: str, capabilities: str, results: str, tvr: Tvr
) -> None:
    """EMV book 4, 6.3.4.5 and table 2; book 3, 10.5: when a missing PIN pad is told."""
    made = terminal(capabilities=bytes.fromhex(capabilities))
    got = check(data("00" * 8 + rules), made)
    assert (got.results.hex().upper(), got.tvr) == (results, tvr | Tvr.of(Tvr.CVM_NOT_SUCCESSFUL))


def test_an_unknown_method_is_told_and_the_next_is_tried() -> None:
    got = check(data("000000000000000048001F00"))
    assert (got.results, got.tvr) == (bytes.fromhex("1F0002"), Tvr.of(Tvr.UNRECOGNISED_CVM))


# --- conditions ------------------------------------------------------------------------------


def _applies(condition: int, *, currency: bytes | None = b"\x01\x56", **more: Any) -> bool:
    listed = CvmList(2_000, 500, (CvmRule(0x1F, False, condition),))
    made = terminal(**{key: more.pop(key) for key in ("kind", "capabilities") if key in more})
    return applies(listed.rules[0], listed, made, evolve(BUSINESS, **more), currency)


@pytest.mark.parametrize(
    ("condition", "more", "wanted"),
    [
        (0x00, {}, True),
        (0x01, {"kind": 0x14}, False),
        (0x02, {}, True),
        (0x03, {}, True),
        (0x04, {}, False),
        (0x05, {}, False),
        (0x06, {"amount": 1_999}, True),
        (0x06, {"amount": 2_000}, False),
        (0x07, {"amount": 2_001}, True),
        (0x08, {"amount": 499}, True),
        (0x09, {"amount": 501}, True),
        (0x0A, {}, False),
        (0x80, {}, False),
    ],
)
def test_conditions(condition: int, more: dict[str, Any], wanted: bool) -> None:  # noqa: FBT001
    assert _applies(condition, **more) == wanted


def test_cash_and_cashback_conditions() -> None:
    cash = evolve(BUSINESS, kind=1)
    back = evolve(BUSINESS, kind=9)
    listed = CvmList(0, 0, (CvmRule(0x1F, False, 4),))
    rule = CvmRule(0x1F, False, 1)
    assert applies(rule, listed, terminal(kind=0x14), cash, None)
    assert applies(listed.rules[0], listed, terminal(), cash, None)
    assert applies(CvmRule(0x1F, False, 5), listed, terminal(), back, None)
    assert not applies(CvmRule(0x1F, False, 2), listed, terminal(), back, None)


def test_cashback_is_told_by_the_type_or_by_the_second_amount() -> None:
    """EMV book 3, annex C3, conditions 02 and 05."""
    for back in (evolve(BUSINESS, kind=9), evolve(BUSINESS, other=100)):
        listed = CvmList(0, 0, (CvmRule(0x1F, False, 5),))
        assert applies(listed.rules[0], listed, terminal(), back, None)
        assert not applies(CvmRule(0x1F, False, 2), listed, terminal(), back, None)


def test_x_and_y_count_only_in_the_cards_currency_b06() -> None:
    assert not any(_applies(c, currency=b"\x08\x40", amount=501) for c in (6, 7, 8, 9))
    assert not any(_applies(c, currency=None, amount=501) for c in (6, 7, 8, 9))


def test_an_unknown_condition_makes_a_rule_unusable_b06() -> None:
    assert not any(_applies(condition) for condition in range(0x0A, 0x100))


def test_capability_bits_b07() -> None:
    one_bit = {
        Method.PLAIN_PIN: 0x80,
        Method.ONLINE_PIN: 0x40,
        Method.SIGNATURE: 0x20,
        Method.ENCIPHERED_PIN: 0x10,
        Method.NOTHING: 0x08,
        Method.DOCUMENT: 0x01,
    }
    for method, bit in one_bit.items():
        able = {
            other for other in one_bit if is_able(terminal(capabilities=bytes((0, bit, 0))), other)
        }
        assert able == {method}
    both = {Method.PLAIN_PIN_SIGNATURE: 0xA0, Method.ENCIPHERED_PIN_SIGNATURE: 0x30}
    for method, bits in both.items():
        for byte in range(256):
            made = terminal(capabilities=bytes((0, byte, 0)))
            assert is_able(made, method) == (byte & bits == bits)
    assert not is_able(terminal(), 0x21)


# --- PIN -----------------------------------------------------------------------------------------


def test_a_right_plain_pin_succeeds() -> None:
    got = check(data("00000000000000000103"), answers={**TRIES, 0x20: ["9000"]}, **PIN)
    assert (got.results, got.offline_pin) == (bytes.fromhex("010302"), True)


def test_a_pin_with_signature_leaves_the_result_open() -> None:
    got = check(data("00000000000000000303"), answers={**TRIES, 0x20: ["9000"]}, **PIN)
    assert got.wants_signature
    assert got.results == bytes.fromhex("030300")


def test_wrong_pins_are_asked_again_until_the_card_says_stop() -> None:
    answers = {**TRIES, 0x20: ["63C2", "63C1", "63C0"]}
    got = check(data("00000000000000000103"), answers=answers, **PIN)
    assert Tvr.PIN_TRY_LIMIT_EXCEEDED in got.tvr
    assert got.results == bytes.fromhex("010301")


@pytest.mark.parametrize("sw", ["6983", "6984"])
def test_a_blocked_pin_is_told(sw: str) -> None:
    got = check(data("00000000000000000103"), answers={**TRIES, 0x20: [sw]}, **PIN)
    assert Tvr.PIN_TRY_LIMIT_EXCEEDED in got.tvr


@pytest.mark.parametrize("sw", ["6A80", "6300", "6985", "6F00"])
def test_an_odd_answer_to_verify_ends_the_transaction(sw: str) -> None:
    """EMV book 3, figure 11: neither 9000, 63Cx, 6983 nor 6984."""
    with pytest.raises(CardFault) as caught:
        check(data("00000000000000000103"), answers={**TRIES, 0x20: [sw]}, **PIN)
    assert caught.value.sw == int(sw, 16)


@pytest.fixture
def trusted_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card whose certificates are in order."""
    monkeypatch.setattr(cvm, "pin_key", lambda *_: RsaKey((1 << 1023) + 1, 3))


@pytest.mark.parametrize("challenge", ["6D00", "9000", "11223344556677" + "9000"])
@pytest.mark.usefixtures("trusted_key")
def test_a_card_that_gives_no_challenge_verifies_no_enciphered_pin(challenge: str) -> None:
    """EMV book 3, figure 11: the method failed, the list goes on."""
    left = {0xCA: ["9F1701039000"], 0x84: [challenge]}

    def transmit(raw: bytes) -> bytes:
        return bytes.fromhex(left[Command.decode(raw).ins].pop(0))

    card = data("000000000000000044001F00")
    performer = Performer(transmit=transmit, **PIN)
    got = run(verify_holder(card, terminal(), BUSINESS), performer)
    assert got.results == bytes.fromhex("1F0002")


@pytest.mark.usefixtures("trusted_key")
def test_the_challenge_is_asked_for_as_the_book_writes_it() -> None:
    """EMV book 3, 6.5.6: Le is 00."""
    sent: list[bytes] = []
    left = {0xCA: "9F1701039000", 0x84: "11223344556677889000", 0x20: "9000"}

    def transmit(raw: bytes) -> bytes:
        sent.append(raw)
        return bytes.fromhex(left[raw[1]])

    performer = Performer(transmit=transmit, **PIN)
    got = run(verify_holder(data("00000000000000000400"), terminal(), BUSINESS), performer)
    assert got.results == bytes.fromhex("040002")
    assert sent[1].hex() == "0084000000"


def test_a_counter_at_zero_is_not_asked() -> None:
    got = check(data("00000000000000000103"), answers={0xCA: ["9F1701009000"]}, **PIN)
    assert Tvr.PIN_TRY_LIMIT_EXCEEDED in got.tvr


@pytest.mark.parametrize("tries", ["9F1701029000", "9F1701019000", "6A88"])
def test_a_counter_never_uses_up_the_last_tries_of_a_members_card(tries: str) -> None:
    """Three tries must be left, and known, before a counter sends VERIFY."""
    sent: list[Effect] = []

    def perform(effect: Effect) -> object:
        sent.append(effect)
        assert isinstance(effect, Transmit)
        from szunion.emv.apdu import Response

        return Response.decode(bytes.fromhex(tries))

    made = terminal(least_pin_tries=3)
    got = run(verify_holder(data("00000000000000000103"), made, BUSINESS), perform)
    assert got.tvr == Tvr.of(Tvr.CVM_NOT_SUCCESSFUL, Tvr.PIN_NOT_ENTERED)
    assert len(sent) == 1


def test_a_pin_that_nobody_enters_is_told() -> None:
    got = check(data("00000000000000000103"), answers=TRIES)
    assert Tvr.PIN_NOT_ENTERED in got.tvr


def test_a_pin_without_a_pad_is_told() -> None:
    made = terminal(capabilities=b"\0\x08\0")
    got = check(data("000000000000000042001F00"), made)
    assert (got.results, got.tvr) == (bytes.fromhex("1F0002"), Tvr.of(Tvr.PIN_PAD_NOT_WORKING))


def test_an_online_pin_goes_to_the_issuer() -> None:
    got = check(data("00000000000000000203"), **PIN)
    assert (got.results, got.tvr) == (bytes.fromhex("020300"), Tvr.of(Tvr.ONLINE_PIN_ENTERED))
    assert got.pin == Pin("1234")
    assert "1234" not in repr(got)
    nobody = check(data("00000000000000000203"))
    assert Tvr.PIN_NOT_ENTERED in nobody.tvr


def test_an_enciphered_pin_needs_the_cards_key() -> None:
    got = check(data("00000000000000000403"), answers=TRIES, **PIN)
    assert got.results == bytes.fromhex("040301")


@pytest.mark.parametrize(
    ("counter", "answers", "entry", "why"),
    [
        ("9F1701039000", ["6983"], PIN, [Tvr.PIN_TRY_LIMIT_EXCEEDED]),  # blocked
        ("9F1701039000", ["6984"], PIN, [Tvr.PIN_TRY_LIMIT_EXCEEDED]),
        ("9F1701039000", [], {}, [Tvr.PIN_NOT_ENTERED]),
        ("9F1701009000", [], PIN, [Tvr.PIN_TRY_LIMIT_EXCEEDED]),  # none left: nobody is asked
        ("6A88", ["63C0"], PIN, [Tvr.PIN_TRY_LIMIT_EXCEEDED]),  # the card does not tell
    ],
)
@pytest.mark.parametrize("method", [Method.PLAIN_PIN, Method.PLAIN_PIN_SIGNATURE])
def test_a_pin_that_is_not_proved_right_has_failed_whatever_the_reason(
    method: Method,
    counter: str,
    answers: list[str],
    entry: dict[str, Any],
    why: list[Bit],
) -> None:
    rule = bytes(8) + bytes((method, 0x03))
    got = check(data(rule.hex()), answers={0xCA: [counter], 0x20: answers}, **entry)
    assert got == HolderCheck(
        results=bytes((method, 0x03, 0x01)), tvr=Tvr.of(*why, Tvr.CVM_NOT_SUCCESSFUL)
    )


def test_a_pin_entry_tells_how_many_tries_are_left() -> None:
    asked: list[int | None] = []

    def ask(effect: AskPin) -> None:
        asked.append(effect.tries_left)

    check(data("00000000000000000103"), answers=TRIES, ask_pin=ask)
    assert asked == [3]


# --- the identity document ---------------------------------

DOCUMENT: dict[str, Any] = {"t9F61": b"44030019900101001X", "t9F62": b"\0", "t5F20": b"A"}


def test_the_holder_shows_a_document() -> None:
    got = check(data("00000000000000002003", **DOCUMENT), check_document=lambda _: True)
    assert (got.results, got.document_shown) == (bytes.fromhex("200302"), True)


@pytest.mark.parametrize("answer", [False, None])
def test_a_document_that_does_not_agree_fails(answer: bool | None) -> None:  # noqa: FBT001
    got = check(data("00000000000000002003", **DOCUMENT), check_document=lambda _: answer)
    assert got.results == bytes.fromhex("200301")


@pytest.mark.parametrize("wrong", [{"t9F61": b""}, {"t9F62": b"\6"}, {"t9F62": b""}])
def test_a_card_without_document_data_cannot_use_it(wrong: dict[str, bytes]) -> None:
    got = check(
        data("00000000000000002000", **{**DOCUMENT, **wrong}), check_document=lambda _: True
    )
    assert got.results == bytes.fromhex("200001")


def test_an_unattended_terminal_has_nobody_to_look_at_a_document() -> None:
    got = check(data("00000000000000002003", **DOCUMENT), terminal(kind=0x25))
    assert got.results == bytes.fromhex("3F0001")
