from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.published import cases, raw

from szunion.emv import crypto
from szunion.emv.crypto import Algorithm, MasterKeyOption, Padding, Sm4Mac, Sm4Session
from szunion.emv.errors import BadField, KeyRefused

TDES, SM4_ = Algorithm.TDES, Algorithm.SM4
PADDING = {"00": Padding.METHOD_1, "80": Padding.METHOD_2}


def name(case: dict[str, Any]) -> str:
    return "-".join(str(value)[:10] for value in list(case.values())[:4])


@pytest.mark.parametrize("case", cases("master-keys"), ids=name)
def test_published_master_keys(case: dict[str, Any]) -> None:
    option = MasterKeyOption(case["option"])
    made = crypto.master_key(TDES, raw(case["imk"]), case["pan"], case["psn"], option)
    assert made == raw(case["out"])


@pytest.mark.parametrize("case", cases("session-keys"), ids=name)
def test_published_session_keys(case: dict[str, Any]) -> None:
    key = raw(case["mk"])
    match case["method"]:
        case "EMV_CSK":
            made = crypto.emv_session_key(key, raw(case["r"]))
        case "VISA_SM_XOR":
            made = crypto.visa_session_key(key, raw(case["atc"]))
        case "EMV2000_TREE":
            made = crypto.tree_session_key(
                key,
                raw(case["atc"]),
                height=case["height"],
                branch=case["branch"],
                vector=raw(case["iv"]),
            )
        case other:
            pytest.fail(other)
    assert made == raw(case["out"])


@pytest.mark.parametrize("case", cases("padding"), ids=name)
def test_published_padding(case: dict[str, Any]) -> None:
    data = raw(case["data"])
    padded = crypto.pad(data, case["block"], PADDING[case["method"]])
    assert padded == raw(case["out"])
    if case["method"] == "80":
        assert crypto.unpad(padded) == data


@pytest.mark.parametrize("case", cases("arqc-arpc")["ac"], ids=name)
def test_published_application_cryptograms(case: dict[str, Any]) -> None:
    made = crypto.retail_mac(raw(case["key"]), raw(case["data"]), PADDING[case["padding"]])
    assert made == raw(case["out"])


@pytest.mark.parametrize("case", cases("script-mac")["mac"], ids=name)
def test_published_script_macs(case: dict[str, Any]) -> None:
    made = crypto.retail_mac(raw(case["key"]), raw(case["data"]))
    assert made[: case["length"]] == raw(case["out"])


@pytest.mark.parametrize("case", cases("script-mac")["iso9797_3"], ids=name)
def test_published_algorithm_3(case: dict[str, Any]) -> None:
    key = raw(case["k1"]) + raw(case["k2"])
    made = crypto.retail_mac(key, raw(case["data"]), PADDING[case["padding"]])
    assert made == raw(case["out"])


@pytest.mark.parametrize("case", cases("sm3"), ids=name)
def test_published_sm3(case: dict[str, Any]) -> None:
    assert crypto.sm3(raw(case["msg"]) * case["repeat"]) == raw(case["out"])


def test_published_sm4_block() -> None:
    case = cases("sm4")["block"][0]
    key, data, out = (raw(case[part]) for part in ("key", "data", "out"))
    assert crypto.encrypt(SM4_, key, data) == out
    assert crypto.decrypt(SM4_, key, out) == data


def test_published_sm4_million_rounds() -> None:
    case = cases("sm4")["block"][1]
    prepared, data = crypto.prepare(SM4_, raw(case["key"])), raw(case["data"])
    for _ in range(case["rounds"]):
        data = prepared._update(data)
    assert data == raw(case["out"])


def _counted(key: bytes, first: int, size: int, data: bytes) -> bytes:
    """CTR mode built from the product's block: the counter stands in the last *size* bytes."""
    head = first >> 8 * size
    out = b""
    for place in range(0, len(data), 16):
        low = (first + place // 16) % (1 << 8 * size)
        block = (head << 8 * size | low).to_bytes(16, "big")
        piece = data[place : place + 16]
        out += crypto.xor(crypto.encrypt(SM4_, key, block)[: len(piece)], piece)
    return out


def _ghash(h: int, data: bytes) -> int:
    y = 0
    for at in range(0, len(data), 16):
        y ^= int.from_bytes(data[at : at + 16], "big")
        z, v = 0, h
        for bit in range(127, -1, -1):
            if y >> bit & 1:
                z ^= v
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
        y = z
    return y


def test_published_sm4_gcm_follows_from_the_block() -> None:
    case = cases("sm4")["gcm"][0]
    key, iv, aad, plain = (raw(case[part]) for part in ("key", "iv", "aad", "plain"))
    first = int.from_bytes(iv, "big") << 32 | 1
    cipher = _counted(key, first + 1, 4, plain)
    h = int.from_bytes(crypto.encrypt(SM4_, key, bytes(16)), "big")
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(cipher)).to_bytes(8, "big")
    hashed = _ghash(h, aad + bytes(-len(aad) % 16) + cipher + bytes(-len(cipher) % 16) + lengths)
    tag = _counted(key, first, 4, hashed.to_bytes(16, "big"))
    assert (cipher, tag) == (raw(case["cipher"]), raw(case["tag"]))


def test_published_sm4_ccm_follows_from_the_block() -> None:
    case = cases("sm4")["ccm"][0]
    key, nonce, aad, plain = (raw(case[part]) for part in ("key", "nonce", "aad", "plain"))
    flags = bytes((0x40 | (16 - 2) // 2 << 3 | 15 - len(nonce) - 1,))
    size = 15 - len(nonce)
    first = flags + nonce + len(plain).to_bytes(size, "big")
    extra = len(aad).to_bytes(2, "big") + aad
    blocks = first + extra + bytes(-len(extra) % 16) + plain + bytes(-len(plain) % 16)
    mac = crypto.encrypt_cbc(SM4_, key, blocks)[-16:]
    counter = int.from_bytes(bytes((size - 1,)) + nonce + bytes(size), "big")
    cipher = _counted(key, counter + 1, size, plain)
    assert cipher == raw(case["cipher"])
    assert _counted(key, counter, size, mac) == raw(case["tag"])


def test_known_single_des_and_passport_mac() -> None:
    # ICAO 9303 part 11, appendix D: a retail MAC that has nothing to do with payment
    key = raw("7962D9ECE03D1ACD4C76089DCE131543")
    data = raw("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
    assert crypto.retail_mac(key, data) == raw("5F1448EEA8AD90A7")
    assert crypto.encrypt(TDES, raw("133457799BBCDFF1"), raw("0123456789ABCDEF")) == raw(
        "85E813540F0AB405"
    )


# --- a second, plain implementation of PBOC's recipes ---------------------------------------------


def _des3(key: bytes, block: bytes) -> bytes:
    return Cipher(TripleDES(key + key[:8]), ECB()).encryptor().update(block)


def _sm4(key: bytes, block: bytes) -> bytes:
    return Cipher(SM4(key), ECB()).encryptor().update(block)


def _odd(key: bytes) -> bytes:
    return bytes(b if b.bit_count() % 2 else b ^ 1 for b in key)


def plain_session_key(algorithm: Algorithm, key: bytes, atc: int) -> bytes:
    left, right = b"\0" * 6 + atc.to_bytes(2, "big"), b"\0" * 6 + (atc ^ 0xFFFF).to_bytes(2, "big")
    if algorithm is TDES:
        return _odd(_des3(key, left) + _des3(key, right))
    return _sm4(key, left + right)


def plain_master_key(algorithm: Algorithm, key: bytes, pan: str, psn: str) -> bytes:
    y = bytes.fromhex((pan + psn)[-16:])
    z = bytes(b ^ 0xFF for b in y)
    if algorithm is TDES:
        return _odd(_des3(key, y) + _des3(key, z))
    return _sm4(key, y + z)


def plain_mac(algorithm: Algorithm, key: bytes, data: bytes) -> bytes:
    data += b"\x80"
    size = 8 if algorithm is TDES else 16
    while len(data) % size:
        data += b"\0"
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    state = bytes(size)
    if algorithm is TDES:
        for block in blocks:
            mixed = bytes(a ^ b for a, b in zip(state, block, strict=True))
            state = _des3(key[:8] * 2, mixed)
        opened = Cipher(TripleDES(key[8:] * 3), ECB()).decryptor().update(state)
        return Cipher(TripleDES(key[:8] * 3), ECB()).encryptor().update(opened)
    for block in blocks:
        state = _sm4(key, bytes(a ^ b for a, b in zip(state, block, strict=True)))
    return state[:8]


KEYS = st.binary(min_size=16, max_size=16)
PANS = st.text("0123456789", min_size=14, max_size=19)


@settings(derandomize=True, max_examples=60)
@given(
    key=KEYS,
    pan=PANS,
    psn=st.sampled_from(["00", "01", "99"]),
    algorithm=st.sampled_from(Algorithm),
)
def test_master_keys_agree_with_a_plain_implementation(
    key: bytes, pan: str, psn: str, algorithm: Algorithm
) -> None:
    made = crypto.master_key(algorithm, key, pan, psn)
    assert made == plain_master_key(algorithm, key, pan, psn)
    assert crypto.master_key(algorithm, crypto.prepare(algorithm, key), pan, psn) == made
    if algorithm is TDES:
        assert all(byte.bit_count() % 2 for byte in made)


@settings(derandomize=True, max_examples=60)
@given(key=KEYS, atc=st.integers(0, 65535), algorithm=st.sampled_from(Algorithm))
def test_session_keys_agree_with_a_plain_implementation(
    key: bytes, atc: int, algorithm: Algorithm
) -> None:
    made = crypto.pboc_session_key(algorithm, key, atc.to_bytes(2, "big"))
    assert made == plain_session_key(algorithm, key, atc)


@settings(derandomize=True, max_examples=80)
@given(key=KEYS, data=st.binary(max_size=70), algorithm=st.sampled_from(Algorithm))
def test_macs_agree_with_a_plain_implementation(
    key: bytes, data: bytes, algorithm: Algorithm
) -> None:
    assert crypto.card_mac(algorithm, key, data) == plain_mac(algorithm, key, data)


def test_the_switches_of_the_contradicting_parts_do_what_they_say() -> None:
    key, data = bytes(range(16)), bytes(20)
    whole = crypto.encrypt_cbc(SM4_, key, crypto.pad(data, 16))[-16:]
    assert crypto.sm4_mac(key, data, Sm4Mac.FOLDED) == crypto.xor(whole[:8], whole[8:])
    assert crypto.pboc_session_key(SM4_, key, b"\0\7", Sm4Session.PART_5) == _sm4(
        key, bytes(14) + b"\0\7"
    )


def test_purse_macs_are_single_des_with_short_and_triple_des_with_long_keys() -> None:
    key, data = bytes(range(8)), bytes(9)
    assert crypto.des_mac(key, data) == crypto.encrypt_cbc(TDES, key, crypto.pad(data, 8))[-8:]
    assert crypto.des_mac(key * 2, data) == crypto.des_mac(key, data)
    assert crypto.des_mac(key + bytes(8), data) != crypto.des_mac(key, data)


def test_data_that_are_no_whole_blocks_are_refused_and_cbc_goes_both_ways() -> None:
    key = bytes(range(16))
    for algorithm in Algorithm:
        blocks = bytes(range(3 * algorithm.block))
        sealed = crypto.encrypt_cbc(algorithm, key, blocks)
        assert crypto.decrypt_cbc(algorithm, key, sealed) == blocks
        with pytest.raises(BadField):
            crypto.encrypt(algorithm, key, blocks[1:])
        with pytest.raises(BadField):
            crypto.prepare(algorithm, key).encrypt(b"1")
    with pytest.raises(BadField):
        crypto.unpad(b"\x01\x00")
    with pytest.raises(BadField):
        crypto.xor(b"1", b"22")


@pytest.mark.parametrize("size", [0, 7, 15, 17, 25])
def test_keys_of_other_lengths_are_refused_without_showing_them(size: int) -> None:
    key = b"\xa5" * size
    for algorithm in Algorithm:
        with pytest.raises(KeyRefused) as told:
            crypto.encrypt(algorithm, key, bytes(16))
        assert told.value.reason == "KEY_LENGTH"
        assert not size or key.hex() not in str(told.value).lower()
    with pytest.raises(KeyRefused):
        crypto.retail_mac(key, b"")


def test_check_values_and_long_keys() -> None:
    assert crypto.check_value(TDES, bytes(24)) == crypto.check_value(TDES, bytes(16))
    assert crypto.check_value(SM4_, bytes(16)) == raw("9F1F7B")


def test_prepared_keys_do_not_print() -> None:
    assert repr(crypto.prepare(TDES, b"\xa5" * 16)) == "PreparedKey(algorithm=<Algorithm.TDES: 1>)"


def test_importing_the_card_layer_does_not_load_cryptography() -> None:
    program = (
        "import sys, szunion.emv, szunion.emv.issuer, szunion.emv.oda\n"
        "import szunion.emv.card.personalise\n"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
