from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.published import cases, raw

from szunion.emv import crypto, sm2, sm2_envelope
from szunion.emv.errors import AuthenticationFailed, KeyRefused

CASE = cases("sm2")["signature"][0]
KEY = sm2.PrivateKey(int(CASE["d"], 16))
PUBLIC = KEY.public
MESSAGE = raw(CASE["msg"])
SIGNATURE = raw(CASE["r"]) + raw(CASE["s"])
ORDER = sm2.N.to_bytes(32, "big")


def numbers(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_the_curve_is_the_standards() -> None:
    curve = {name: int(value, 16) for name, value in cases("sm2")["curve"].items()}
    assert curve == {"p": sm2.P, "a": sm2.A, "b": sm2.B, "n": sm2.N, "gx": sm2.GX, "gy": sm2.GY}


def test_the_published_signature_is_made_and_accepted() -> None:
    assert (PUBLIC.x, PUBLIC.y) == (int(CASE["x"], 16), int(CASE["y"], 16))
    assert sm2.identity_digest(PUBLIC, raw(CASE["id"])) == raw(CASE["za"])
    assert sm2.message_digest(PUBLIC, MESSAGE) == raw(CASE["e"])
    made = sm2.sign_with_nonce(KEY, int(CASE["e"], 16), int(CASE["k"], 16))
    assert made == SIGNATURE
    assert sm2.verify(PUBLIC, MESSAGE, SIGNATURE, raw(CASE["id"]))
    assert sm2.verify(sm2.prepare(PUBLIC), MESSAGE, SIGNATURE)
    assert raw(cases("pboc-spec-examples")["sm2_id"]["id"]) == sm2.CARD_ID


def _altered() -> dict[str, tuple[bytes, bytes, bytes]]:
    r, s = int(CASE["r"], 16), int(CASE["s"], 16)
    id_, out = sm2.CARD_ID, {}
    out["r = 0"] = MESSAGE, numbers(0, s), id_
    out["s = 0"] = MESSAGE, numbers(r, 0), id_
    out["r = n"] = MESSAGE, numbers(sm2.N, s), id_
    out["s = n"] = MESSAGE, numbers(r, sm2.N), id_
    out["r + s = n"] = MESSAGE, numbers(r, sm2.N - r), id_
    for bit in range(0, 512, 37):
        changed = int.from_bytes(SIGNATURE, "big") ^ 1 << bit
        out[f"bit {bit} of the signature"] = MESSAGE, changed.to_bytes(64, "big"), id_
    out["message"] = MESSAGE[:-1] + b"u", SIGNATURE, id_
    out["id"] = MESSAGE, SIGNATURE, id_[:-1] + b"9"
    out["63 bytes"] = MESSAGE, SIGNATURE[:-1], id_
    out["65 bytes"] = MESSAGE, SIGNATURE + b"\0", id_
    out["r and s swapped"] = MESSAGE, SIGNATURE[32:] + SIGNATURE[:32], id_
    out["a longer id"] = MESSAGE, SIGNATURE, id_ + b"1"
    return out


@pytest.mark.parametrize("what", list(_altered()))
def test_a_changed_signature_is_refused(what: str) -> None:
    message, signature, user_id = _altered()[what]
    assert not sm2.verify(PUBLIC, message, signature, user_id)
    assert not sm2.verify(sm2.prepare(PUBLIC), message, signature, user_id)


@pytest.mark.parametrize(
    "point", [bytes(64), PUBLIC.encode()[:-1] + b"\xa1", b"\xff" * 64, PUBLIC.encode()[:-1], b""]
)
def test_a_key_that_is_no_point_does_not_exist(point: bytes) -> None:
    with pytest.raises(KeyRefused):
        sm2.PublicKey.decode(point)


@pytest.mark.parametrize("scalar", [0, -1, sm2.N - 1, sm2.N])
def test_a_private_key_out_of_range_does_not_exist(scalar: int) -> None:
    with pytest.raises(KeyRefused):
        sm2.PrivateKey(scalar)


def _plain_add(
    first: tuple[int, int] | None, second: tuple[int, int] | None
) -> tuple[int, int] | None:
    """Textbook addition with inversions: the oracle."""
    if first is None or second is None:
        return first or second
    if first[0] == second[0]:
        if (first[1] + second[1]) % sm2.P == 0:
            return None
        slope = (3 * first[0] ** 2 + sm2.A) * pow(2 * first[1], -1, sm2.P)
    else:
        slope = (second[1] - first[1]) * pow(second[0] - first[0], -1, sm2.P)
    x = (slope * slope - first[0] - second[0]) % sm2.P
    return x, (slope * (first[0] - x) - first[1]) % sm2.P


def _plain_times(point: tuple[int, int], scalar: int) -> tuple[int, int] | None:
    out: tuple[int, int] | None = None
    adding: tuple[int, int] | None = point
    while scalar:
        if scalar & 1:
            out = _plain_add(out, adding)
        adding = _plain_add(adding, adding)
        scalar >>= 1
    return out


#: Groups of eight bits at their ends, and what is carried from each to the next, up to the last.
_CARRIED = [127, 128, 129, 255, 256, 257, 0x8180, 2**255, 2**256 - 1, 2**256 - 129]


@pytest.mark.parametrize(
    "scalar",
    [
        1,
        2,
        3,
        4,
        15,
        16,
        17,
        31,
        32,
        33,
        *_CARRIED,
        2**128,
        sm2.N - 2,
        sm2.N - 1,
        0xDEADBEEF << 200,
    ],
)
def test_multiples_agree_with_textbook_addition(scalar: int) -> None:
    base = sm2.PublicKey(sm2.GX, sm2.GY)
    product = sm2.multiply(base, scalar)
    assert (product.x, product.y) == _plain_times((sm2.GX, sm2.GY), scalar % sm2.N)
    assert sm2._affine(sm2._base_times(scalar)) == (product.x, product.y)
    other = sm2.multiply(PUBLIC, scalar)
    assert (other.x, other.y) == _plain_times((PUBLIC.x, PUBLIC.y), scalar % sm2.N)
    table = sm2.prepare(PUBLIC).table
    assert sm2._affine(sm2._comb_times(table, scalar)) == (other.x, other.y)


def test_the_order_brings_every_point_to_infinity() -> None:
    with pytest.raises(KeyRefused):
        sm2.multiply(PUBLIC, sm2.N)
    assert sm2._times((PUBLIC.x, PUBLIC.y), sm2.N)[2] == 0
    assert sm2._doubled(sm2._INFINITY)[2] == 0
    opposite = (PUBLIC.x, sm2.P - PUBLIC.y)
    assert sm2._add_affine((PUBLIC.x, PUBLIC.y, 1), opposite)[2] == 0


def test_a_signature_whose_point_is_infinity_is_refused() -> None:
    # s G + (r + s) P = 0 for s = -(r + s) d: then there is no x to compare with
    t = 12345
    s = -t * KEY.d % sm2.N
    assert not sm2.verify(PUBLIC, MESSAGE, numbers((t - s) % sm2.N, s))


@settings(derandomize=True, max_examples=25)
@given(scalar=st.integers(1, sm2.N - 2), message=st.binary(max_size=50))
def test_what_is_signed_is_accepted_and_nothing_else(scalar: int, message: bytes) -> None:
    key = sm2.PrivateKey(scalar)
    signature = sm2.sign(key, message)
    assert sm2.verify(key.public, message, signature)
    assert not sm2.verify(key.public, message + b"\0", signature)
    assert not sm2.verify(PUBLIC, message, signature) or scalar == KEY.d
    assert sm2.sign(key, message) == signature


def test_nonces_differ_between_messages_and_between_keys() -> None:
    signatures = [sm2.sign(KEY, bytes([i])) for i in range(20)]
    signatures += [sm2.sign(sm2.PrivateKey(7), bytes([i])) for i in range(20)]
    assert len({signature[:32] for signature in signatures}) == 40


def test_unlucky_nonces_are_passed_over() -> None:
    # r + k = n, r = 0 and s = 0 are the three cases in which the standard takes another nonce
    nonce = 99
    x = sm2._affine(sm2._base_times(nonce))[0]
    assert sm2.sign_with_nonce(KEY, -x % sm2.N, nonce) is None
    assert sm2.sign_with_nonce(KEY, (-nonce - x) % sm2.N, nonce) is None
    r = nonce * pow(KEY.d, -1, sm2.N) % sm2.N
    assert sm2.sign_with_nonce(KEY, (r - x) % sm2.N, nonce) is None


def test_nonce_candidates_above_the_order_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(
        [b"k" * 32, b"v" * 32] * 2 + [ORDER, b"k" * 32, b"v" * 32, (5).to_bytes(32, "big")]
    )
    monkeypatch.setattr(crypto, "hmac_sm3", lambda _key, _data: next(answers))
    assert next(iter(sm2._nonces(KEY, bytes(32)))) == 5


def test_private_keys_do_not_print() -> None:
    assert str(KEY.d) not in repr(KEY)
    assert f"{KEY.d:x}" not in repr(KEY).lower()


# --- encryption -----------------------------------------------------------------------------------

SEALED = cases("sm2")["encryption"][0]


def test_the_published_encryption_goes_both_ways() -> None:
    key = sm2.PrivateKey(int(SEALED["d"], 16))
    made = sm2_envelope.encrypt(key.public, raw(SEALED["msg"]), int(SEALED["k"], 16))
    assert made == b"\x04" + raw(SEALED["c1"]) + raw(SEALED["c3"]) + raw(SEALED["c2"])
    assert sm2_envelope.decrypt(key, made) == raw(SEALED["msg"])


def test_no_changed_byte_of_an_envelope_is_accepted() -> None:
    key = sm2.PrivateKey(77)
    sealed = sm2_envelope.encrypt(key.public, b"secret", 12345)
    for at in range(len(sealed)):
        with pytest.raises(AuthenticationFailed):
            sm2_envelope.decrypt(key, sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :])
    for cut in (0, 1, 96, 97):
        with pytest.raises(AuthenticationFailed):
            sm2_envelope.decrypt(key, sealed[:cut])


@pytest.mark.parametrize(("message", "nonce"), [(b"", 5), (b"x", 0), (b"x", sm2.N)])
def test_an_envelope_needs_a_message_and_a_nonce(message: bytes, nonce: int) -> None:
    with pytest.raises(AuthenticationFailed):
        sm2_envelope.encrypt(PUBLIC, message, nonce)
