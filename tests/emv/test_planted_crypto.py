"""Mistakes that others made, planted into our code one by one: a test of ours must fail each time.

The numbers B01.. are those that the test names carry. A green suite that no planted bug can turn
red proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.emv import (
    test_capk,
    test_crypto,
    test_cryptogram,
    test_issuer,
    test_oda,
    test_oda_attacks,
)
from tests.emv.dialogue import TODAY
from tests.emv.published import cases

from szunion.emv import capk, certificates, crypto, cryptogram, oda_keys, scripts, tlv
from szunion.emv.card.bank import TestBank
from szunion.emv.card.personalise import personalise
from szunion.emv.card.profiles import Flaw, Profile, Scheme, pan_of
from szunion.emv.crypto import Algorithm, MasterKeyOption, Padding
from szunion.emv.scripts import Encipherment

Plant = Callable[[pytest.MonkeyPatch], None]
Check = Callable[[], object]


@pytest.fixture(scope="module")
def bank() -> TestBank:
    return TestBank.grow(7)


def caught(monkeypatch: pytest.MonkeyPatch, plant: Plant, *checks: Check) -> None:
    """The checks pass without the bug, and one of them at least fails with it."""
    for check in checks:
        check()
    with monkeypatch.context() as patched:
        plant(patched)
        failed = 0
        for check in checks:
            try:
                check()
            except Exception:  # noqa: BLE001 - whatever a bug does, it must not pass
                failed += 1
    assert failed, "the planted bug went unnoticed"


def replace(target: object, name: str, new: object) -> Plant:
    return lambda patched: patched.setattr(target, name, new)


def of_method(method: str) -> list[Any]:
    return [case for case in cases("session-keys") if case["method"] == method]


def test_b01_emv_session_keys_with_f0_in_the_seventh_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(key: bytes, r: bytes) -> bytes:
        both = r[:6] + b"\xf0" + r[7:] + r[:6] + b"\x0f" + r[7:]
        return crypto.odd_parity(crypto.encrypt(Algorithm.TDES, key, both))

    case = of_method("EMV_CSK")[0]
    caught(
        monkeypatch,
        replace(crypto, "emv_session_key", wrong),
        lambda: test_crypto.test_published_session_keys(case),
    )


def test_b02_arpc_method_2_as_a_mac_over_the_xor(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(key: bytes, arqc: bytes, csu: bytes, proprietary: bytes = b"") -> bytes:
        del proprietary
        return crypto.retail_mac(key, crypto.xor(arqc, csu + bytes(4)))[:4]

    method_2 = [case for case in cases("arqc-arpc")["arpc"] if case["method"] == 2]
    caught(
        monkeypatch,
        replace(cryptogram, "arpc_2", wrong),
        lambda: test_cryptogram.test_published_answers(method_2[0]),
    )


def test_b08_a_comparison_that_stops_early(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(left: bytes, right: bytes) -> bool:
        return left == right

    check = test_issuer.test_b08_secrets_are_compared_in_constant_time
    caught(monkeypatch, replace(crypto, "same", wrong), check)


def test_b13_a_sixteen_byte_key_given_straight_to_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = cases("arqc-arpc")["ac"][0]
    caught(
        monkeypatch,
        replace(crypto, "_expanded", lambda key: key),
        lambda: test_crypto.test_published_application_cryptograms(case),
    )


@pytest.mark.parametrize("kind", ["EMV", "Visa", "cryptogram"])
def test_b14_another_schemes_session_key_for_a_pboc_card(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def wrong(algorithm: Algorithm, key: bytes, atc: bytes, *_: object) -> bytes:
        del algorithm
        if kind == "Visa":
            return crypto.visa_session_key(key, atc)
        return crypto.emv_session_key(key, atc + bytes(6) if kind == "EMV" else b"\x5a" * 8)

    caught(
        monkeypatch,
        replace(crypto, "pboc_session_key", wrong),
        test_crypto.test_session_keys_agree_with_a_plain_implementation,
    )


def test_b15_option_b_for_long_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    right = crypto._number_block

    def wrong(option: MasterKeyOption, digits: str) -> bytes:
        return right(MasterKeyOption.B if len(digits) > 18 else option, digits)

    caught(
        monkeypatch,
        replace(crypto, "_number_block", wrong),
        test_crypto.test_master_keys_agree_with_a_plain_implementation,
    )


def test_b16_an_lc_without_the_mac_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    right = scripts.mac_input

    def wrong(order: Any, data: bytes, *rest: Any) -> bytes:
        made = bytearray(right(order, data, *rest))
        made[4] -= 4
        return bytes(made)

    caught(
        monkeypatch,
        replace(scripts, "mac_input", wrong),
        test_issuer.test_b16_lc_in_the_mac_counts_the_mac,
    )


def test_b16_padding_that_is_always_added(monkeypatch: pytest.MonkeyPatch) -> None:
    caught(
        monkeypatch,
        replace(Encipherment, "always_pads", property(lambda _: True)),
        lambda: test_issuer.test_b16_full_blocks_are_not_padded_unless_the_switch_says_so(
            Algorithm.TDES, 7, 1, 2
        ),
        lambda: test_issuer.test_b16_full_blocks_are_not_padded_unless_the_switch_says_so(
            Algorithm.SM4, 15, 1, 2
        ),
    )


@pytest.mark.parametrize("sm", [False, True])
def test_b16_a_pin_block_of_the_ac_key_or_with_f_padding(
    monkeypatch: pytest.MonkeyPatch, bank: TestBank, *, sm: bool
) -> None:
    content = personalise(bank, Profile(pan=pan_of(1), scheme=Scheme.BOTH), 5)
    right = scripts.pin_block

    def other_key(pin: str, card_key: bytes, *rest: Any) -> bytes:
        return right(pin, card_key[4:8] + card_key[:4] + card_key[8:], *rest)

    def f_padding(pin: str, card_key: bytes, current: str | None = None, *rest: Any) -> bytes:
        block = right(pin, card_key, None, *rest)
        return (
            block if current is None else crypto.xor(block, bytes.fromhex(current.ljust(16, "F")))
        )

    for wrong in (other_key, f_padding):
        caught(
            monkeypatch,
            replace(scripts, "pin_block", wrong),
            lambda: test_issuer.test_b16_a_pin_change_carries_twenty_bytes_and_the_enc_keys_bytes(
                bank, content, sm=sm
            ),
        )


def test_b17_no_padding_block_after_full_data(monkeypatch: pytest.MonkeyPatch) -> None:
    right = crypto.pad

    def wrong(data: bytes, block: int, method: Padding = Padding.METHOD_2) -> bytes:
        return data if data and len(data) % block == 0 else right(data, block, method)

    full = [
        case
        for case in cases("padding")
        if case["method"] == "80" and case["data"] and len(case["data"]) % 16 == 0
    ]
    caught(
        monkeypatch,
        replace(crypto, "pad", wrong),
        lambda: test_crypto.test_published_padding(full[0]),
        test_crypto.test_macs_agree_with_a_plain_implementation,
    )


@pytest.mark.parametrize("ignored", ["header", "trailer", "format", "hash"])
def test_b19_a_recovery_that_does_not_look(monkeypatch: pytest.MonkeyPatch, ignored: str) -> None:
    right = certificates._block
    excused = {
        "header": "RECOVERY_HEADER",
        "trailer": "RECOVERY_TRAILER",
        "format": "CERTIFICATE_FORMAT",
        "hash": "HASH_WRONG",
    }[ignored]

    def wrong(*given: Any) -> tuple[bytes, list[Any]]:
        body, reasons = right(*given)
        # a format byte counts in the hash too: whoever forgets it forgets both
        excuse = {excused, "HASH_WRONG"} if ignored == "format" else {excused}
        return body, [reason for reason in reasons if reason.name not in excuse]

    caught(
        monkeypatch,
        replace(certificates, "_block", wrong),
        lambda: test_oda_attacks.test_no_changed_byte_inside_a_signed_block_is_accepted(
            "static signature"
        ),
    )


def test_b20_an_exponent_with_leading_zeros_in_the_checksum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wrong(rid: bytes, index: int, modulus: bytes, exponent: bytes) -> bytes:
        whole = rid + bytes((index,)) + modulus + exponent.rjust(4, b"\0")
        return hashlib.sha1(whole).digest()

    caught(
        monkeypatch,
        replace(capk, "checksum", wrong),
        lambda: test_capk.test_the_schemes_own_keys_are_accepted(test_capk.GOOD[0]),
    )


def test_b20_an_aip_with_its_tag_among_the_static_data(monkeypatch: pytest.MonkeyPatch) -> None:
    right = oda_keys.gather

    def wrong(card: Any) -> Any:
        facts = right(card)
        tagged = facts.static[: -len(card.aip)] + b"\x82\x02" + card.aip
        return evolve(facts, static=tagged)

    caught(
        monkeypatch,
        replace(oda_keys, "gather", wrong),
        test_oda.test_a_published_card_is_authenticated_by_its_published_signature,
    )


def test_b20_records_of_files_above_ten_without_their_tag(
    monkeypatch: pytest.MonkeyPatch, bank: TestBank
) -> None:
    def wrong(record: Any) -> Any:
        (node,) = tlv.parse(record.raw)
        return node.children, node.value

    caught(
        monkeypatch,
        replace(oda_keys, "_content", wrong),
        lambda: test_oda.test_records_of_files_above_ten_are_signed_with_their_tag(
            bank, bank.roots(TODAY)
        ),
    )


def test_b24_a_loader_that_does_not_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    caught(
        monkeypatch,
        replace(crypto, "same", lambda *_: True),
        lambda: test_capk.test_b24_published_rows_with_wrong_checksums_are_refused(
            test_capk.BAD[0]
        ),
    )


@pytest.mark.parametrize(
    ("target", "name", "new", "flaw"),
    [
        (capk.CaKeys, "is_revoked", lambda *_: False, Flaw.REVOKED),
        (certificates, "expiry_reasons", lambda *_: (), Flaw.CARD_EXPIRED),
        (certificates, "expiry_reasons", lambda *_: (), Flaw.ISSUER_EXPIRED),
        (certificates, "weaknesses", lambda *_: (), Flaw.ROCA),
        (certificates, "weaknesses", lambda *_: (), Flaw.SHORT_KEY),
    ],
)
def test_b24_a_terminal_that_forgets_a_check(  # noqa: PLR0913, PLR0917
    monkeypatch: pytest.MonkeyPatch,
    bank: TestBank,
    target: object,
    name: str,
    new: object,
    flaw: Flaw,
) -> None:
    profile = Profile(pan=pan_of(900), flaw=flaw)
    roots = bank.roots(TODAY)
    caught(
        monkeypatch,
        replace(target, name, new),
        lambda: test_oda.test_a_flawed_card_is_refused_with_the_right_reason(
            bank, roots, profile, sm=False
        ),
    )


def test_a_bug_that_is_none_is_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    case = of_method("EMV_CSK")[0]
    same = crypto.emv_session_key
    with pytest.raises(AssertionError, match="unnoticed"):
        caught(
            monkeypatch,
            replace(crypto, "emv_session_key", same),
            lambda: test_crypto.test_published_session_keys(case),
        )
