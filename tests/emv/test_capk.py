from __future__ import annotations

from datetime import date
from math import gcd, prod
from typing import Any

import pytest
from tests.emv.dialogue import TODAY
from tests.emv.published import cases, raw

from szunion.emv import capk, rsa, sm2, tlv
from szunion.emv.card import testca
from szunion.emv.card.chance import Chance
from szunion.emv.errors import KeyRefused
from szunion.emv.reasons import Reason
from szunion.emv.tlv import Node

FAR = date(2040, 1, 1)
RID = raw("A000000333")
GOOD = cases("ca-unionpay")
BAD = cases("ca-wrong-checksums")


def loaded(case: dict[str, Any], listed: str, /, **more: Any) -> capk.RsaCaKey:
    fields = {
        "rid": raw(case["rid"]),
        "index": int(case["index"], 16),
        "modulus": raw(case["modulus"]),
        "exponent": raw(case["exponent"]),
        "check": raw(case[listed]),
        "expires": FAR,
        "today": TODAY,
    }
    return capk.rsa_key(**{**fields, **more})


def reasons_of(told: pytest.ExceptionInfo[KeyRefused]) -> tuple[Reason, ...]:
    found = told.value.context["reasons"]
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("case", GOOD, ids=lambda c: c["index"])
def test_the_schemes_own_keys_are_accepted(case: dict[str, Any]) -> None:
    key = loaded(case, "sha1")
    assert key.key.modulus.bit_length() == case["bits"]
    store = capk.CaKeys((key,))
    assert store.find(RID, key.index, TODAY) is key


@pytest.mark.parametrize("case", GOOD, ids=lambda c: c["index"])
def test_b24_a_key_with_one_wrong_digit_in_its_checksum_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(KeyRefused) as told:
        loaded(case, "sha1", check=raw(case["sha1"])[:-1] + b"\0")
    assert reasons_of(told) == (Reason.CHECKSUM_WRONG,)


def test_the_list_of_wrong_checksums_has_eighteen_rows() -> None:
    assert len(BAD) == 18


@pytest.mark.parametrize("case", BAD, ids=lambda c: c["rid"] + c["index"] + str(c["bits"]))
def test_b24_published_rows_with_wrong_checksums_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(KeyRefused) as told:
        loaded(case, "sha1_listed")
    assert Reason.CHECKSUM_WRONG in reasons_of(told)
    right = capk.checksum(
        raw(case["rid"]), int(case["index"], 16), raw(case["modulus"]), raw(case["exponent"])
    )
    assert right == raw(case["sha1_computed"])


def test_leading_zeros_of_the_exponent_do_not_count() -> None:
    case = GOOD[0]
    assert loaded(case, "sha1", exponent=b"\0\0\3") == loaded(case, "sha1")


def test_the_last_day_counts_and_the_day_after_does_not() -> None:
    key = loaded(GOOD[0], "sha1", expires=TODAY)
    store = capk.CaKeys((key,))
    assert store.find(RID, 1, TODAY) is key
    assert store.find(RID, 1, date(2026, 11, 25)) is Reason.KEY_EXPIRED
    with pytest.raises(KeyRefused) as told:
        loaded(GOOD[0], "sha1", expires=date(2026, 11, 23))
    assert reasons_of(told) == (Reason.KEY_EXPIRED,)


def test_every_reason_is_told_at_once_in_both_languages() -> None:
    with pytest.raises(KeyRefused) as told:
        loaded(GOOD[0], "sha1", exponent=b"\5", expires=date(2020, 1, 1))
    assert set(reasons_of(told)) == {
        Reason.CHECKSUM_WRONG,
        Reason.EXPONENT_NOT_ALLOWED,
        Reason.KEY_EXPIRED,
    }
    assert "校验值不符；" in told.value.what("zh")
    assert "the key has expired" in told.value.what("en")
    assert Reason.KEY_EXPIRED.say() == "密钥已过期"
    assert Reason.KEY_EXPIRED.say("en") == "the key has expired"


@pytest.mark.parametrize(("rid", "index"), [(b"\xa0", 1), (RID, 256), (RID, -1)])
def test_malformed_names_are_refused(rid: bytes, index: int) -> None:
    with pytest.raises(KeyRefused):
        loaded(GOOD[0], "sha1", rid=rid, index=index)
    with pytest.raises(KeyRefused):
        capk.sm2_key(rid=rid, index=index, point=bytes(64), expires=FAR, today=TODAY)


def test_unknown_and_revoked_keys_are_not_found() -> None:
    key = loaded(GOOD[0], "sha1")
    store = capk.CaKeys((key,))
    assert store.find(RID, 2, TODAY) is Reason.CA_KEY_UNKNOWN
    assert store.find(raw("A000000003"), 1, TODAY) is Reason.CA_KEY_UNKNOWN
    revoked = store.with_revoked([capk.Revocation(rid=RID, index=1)])
    assert revoked.find(RID, 1, TODAY) is Reason.KEY_REVOKED
    partly = store.with_revoked([capk.Revocation(rid=RID, index=1, serial=b"\0\0\7")])
    assert partly.find(RID, 1, TODAY) is key
    assert partly.is_revoked(RID, 1, b"\0\0\7")
    assert not partly.is_revoked(RID, 1, b"\0\0\1")
    with pytest.raises(KeyRefused):
        capk.CaKeys((key, key))


@pytest.mark.parametrize(
    ("line", "serial"),
    [("revoked A000000333 0b 00a7F1", "00A7F1"), ("revoked  a000000333  0B", None)],
)
def test_a_line_of_a_revocation_list_is_read(line: str, serial: str | None) -> None:
    wanted = None if serial is None else raw(serial)
    assert capk.read_revocation(line) == capk.Revocation(rid=RID, index=11, serial=wanted)


@pytest.mark.parametrize(
    "line",
    [
        "revoked",
        "revoked A000000333",
        "revoked A0000003 0B",
        "revoked A00000033301 0B",
        "revoked A000000333 B",
        "revoked A000000333 00B",
        "revoked A000000333 0B 1",
        "revoked A000000333 0B 00000001",
        "revoked A000000333 0B 00000G",
        "revoked A000000333 0B 00000１",
        "revoked A000000333 0B 000001 000002",
        "revokedA000000333 0B 000001",
        "revoked A000000333 0B 000001\n",
        "Revoked A000000333 0B 000001",
        "A000000333 0B 000001",
    ],
)
def test_a_broken_line_of_a_revocation_list_is_refused(line: str) -> None:
    with pytest.raises(KeyRefused) as told:
        capk.read_revocation(line)
    assert reasons_of(told) == (Reason.REVOCATION_MALFORMED,)


# --- parameter download ---------------------------------------------------------------------------


def download(case: dict[str, Any], **changes: bytes | None) -> bytes:
    objects: dict[str, bytes | None] = {
        "9F06": raw(case["rid"]),
        "9F22": raw(case["index"]),
        "DF05": raw("20401231"),
        "DF06": b"\1",
        "DF07": b"\1",
        "DF02": raw(case["modulus"]),
        "DF04": raw(case["exponent"]),
        "DF03": raw(case["sha1"]),
        **changes,
    }
    return tlv.build([Node.of(int(t, 16), v) for t, v in objects.items() if v is not None])


def test_a_parameter_download_is_read() -> None:
    key = capk.read_download(download(GOOD[3]), TODAY)
    assert isinstance(key, capk.RsaCaKey)
    assert (key.index, key.expires) == (4, date(2040, 12, 31))
    written = capk.read_download(download(GOOD[3], DF05=b"20401231"), TODAY)
    assert written == key


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"DF03": None}, Reason.CHECKSUM_MISSING),
        ({"DF03": bytes(20)}, Reason.CHECKSUM_WRONG),
        ({"DF05": None}, Reason.KEY_EXPIRY_MISSING),
        ({"DF05": raw("20401331")}, Reason.KEY_EXPIRY_MISSING),
        ({"DF05": "２０４０１２３１".encode()}, Reason.KEY_EXPIRY_MISSING),
        ({"DF05": raw("20201231")}, Reason.KEY_EXPIRED),
        ({"DF07": b"\4"}, Reason.KEY_ALGORITHM),
        ({"DF02": None}, Reason.KEY_MALFORMED),
        ({"DF04": None}, Reason.CHECKSUM_WRONG),
        ({"9F22": b""}, Reason.KEY_MALFORMED),
        ({"9F06": None}, Reason.KEY_MALFORMED),
    ],
)
def test_a_broken_parameter_download_is_refused(
    changes: dict[str, bytes | None], reason: Reason
) -> None:
    with pytest.raises(KeyRefused) as told:
        capk.read_download(download(GOOD[0], **changes), TODAY)
    assert reason in reasons_of(told)


def test_a_download_with_two_values_for_one_object_is_refused() -> None:
    twice = download(GOOD[0]) + raw("9F220102")
    with pytest.raises(KeyRefused) as told:
        capk.read_download(twice, TODAY)
    assert reasons_of(told) == (Reason.DUPLICATE_TAG,)
    with pytest.raises(KeyRefused):
        capk.read_download(b"\x9f\x06\x05\xa0", TODAY)


def test_an_sm2_root_is_read_without_a_checksum() -> None:
    point = sm2.PrivateKey(5).public.encode()
    row = {"rid": "A000000333", "index": "57", "modulus": point.hex(), "exponent": "", "sha1": ""}
    data = download(row, DF06=b"\7", DF07=b"\4", DF03=None, DF04=None)
    key = capk.read_download(data, TODAY)
    assert isinstance(key, capk.Sm2CaKey)
    fast = capk.sm2_key(rid=RID, index=0x57, point=point, expires=FAR, today=TODAY, prepared=True)
    assert isinstance(fast.key, sm2.PreparedKey)
    with pytest.raises(KeyRefused) as told:
        capk.sm2_key(rid=RID, index=1, point=point[:-1] + b"\0", expires=FAR, today=TODAY)
    assert reasons_of(told) == (Reason.POINT_NOT_ON_CURVE,)
    with pytest.raises(KeyRefused) as told:
        capk.sm2_key(rid=RID, index=1, point=point, expires=date(2020, 1, 1), today=TODAY)
    assert reasons_of(told) == (Reason.KEY_EXPIRED,)


# --- moduli ---------------------------------------------------------------------------------------


def test_a_hundred_roca_moduli_are_found() -> None:
    chance = Chance(17)
    assert all(rsa.has_roca_print(testca.roca_private(chance, 512).modulus) for _ in range(100))


def test_ten_thousand_good_moduli_are_not_suspected() -> None:
    # like a modulus of two random primes: a random number without any of the 39 small factors
    chance, good = Chance(18), 0
    small = prod(prime for prime, _, _ in rsa._logarithms())
    while good < 10_000:
        number = int.from_bytes(chance.bytes(128), "big")
        if gcd(number, small) == 1:
            good += 1
            assert not rsa.has_roca_print(number)


def test_the_strict_print_is_not_the_weak_one() -> None:
    # in the group of every prime, and still no power of 65537 modulo all of them at once
    chance = Chance(19)
    for _ in range(20):
        residues = [
            (prime, list(powers)[chance.bytes(1)[0] % order])
            for prime, powers, order in rsa._logarithms()
        ]
        number, period = 0, 1
        for prime, residue in residues:
            number += period * ((residue - number) * pow(period, -1, prime) % prime)
            period *= prime
        assert all(number % prime in powers for prime, powers, _ in rsa._logarithms())
        assert not rsa.has_roca_print(number)


@pytest.mark.parametrize(
    ("modulus", "exponent", "reason"),
    [
        (b"\0" * 128, 3, Reason.KEY_MALFORMED),
        (b"", 3, Reason.KEY_MALFORMED),
        (b"\xc1" * 128, 5, Reason.EXPONENT_NOT_ALLOWED),
        (b"\xc1" * 128, 1, Reason.EXPONENT_NOT_ALLOWED),
        (b"\xc1" * 96, 3, Reason.MODULUS_TOO_SHORT),
        (b"\xc1" * 256, 3, Reason.MODULUS_TOO_LONG),
        (b"\x00" + b"\xc1" * 128, 3, Reason.MODULUS_NOT_WHOLE),
        (b"\x71" * 128, 3, Reason.MODULUS_NOT_WHOLE),
        (b"\xc0" * 128, 3, Reason.MODULUS_EVEN),
        (b"\xc1" * 128, 3, Reason.MODULUS_SMALL_FACTOR),
        ((((1 << 511) + 111) ** 2).to_bytes(128, "big"), 3, Reason.MODULUS_SQUARE),
    ],
)
def test_a_weak_modulus_has_its_reason(modulus: bytes, exponent: int, reason: Reason) -> None:
    assert reason in rsa.weaknesses(modulus, exponent, 1024)


def test_a_factor_below_two_to_the_sixteen_is_found_and_one_above_is_not() -> None:
    prime = testca.rsa_private(Chance(3), 1024).p
    just_below, just_above = 65521, 65537
    for factor, found in ((just_below, True), (just_above, False)):
        modulus = (prime**2 * factor).to_bytes(130, "big").lstrip(b"\0")
        told = rsa.weaknesses(modulus, 3, 512)
        assert (Reason.MODULUS_SMALL_FACTOR in told) is found


def test_public_keys_show_their_size_only() -> None:
    key = loaded(GOOD[0], "sha1")
    assert "1024 bits" in repr(key)
    assert f"{key.key.modulus}" not in repr(key)


def test_recovery_wants_the_exact_length_and_a_number_below_the_modulus() -> None:
    key = loaded(GOOD[0], "sha1").key
    assert rsa.recover(key, bytes(127)) is None
    assert rsa.recover(key, bytes(129)) is None
    assert rsa.recover(key, b"\xff" * 128) is None
    assert rsa.recover(key, bytes(127) + b"\2") == bytes(127) + b"\x08"
