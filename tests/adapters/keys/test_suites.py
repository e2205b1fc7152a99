"""Published values pass through our own wrappers of the algorithms, and nothing altered does."""

from __future__ import annotations

import hmac
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from szunion.adapters.keys.suites import Sm4Gcm, mac_sha256, mac_sm3

(SM4_GCM,) = json.loads(
    (Path(__file__).parents[2] / "emv" / "vectors" / "sm4.json").read_text("utf-8")
)["cases"]["gcm"]  # RFC 8998, appendix A.1

LETTERS = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#: GM/T 0042-2015, appendix D.3: key, message, HMAC-SM3.
HMAC_SM3 = [
    (bytes(range(1, 33)), LETTERS * 2,
     "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"),
    (bytes(range(1, 38)), b"\xcd" * 50,
     "220bf579ded555393f0159f66c99877822a3ecf610d1552154b41d44b94db3ae"),
    (b"\x0b" * 32, b"Hi There",
     "c0ba18c68b90c88bc07de794bfc7d2c8d19ec31ed8773bc2b390c9604e0be11e"),
    (b"Jefe", b"what do ya want for nothing?",
     "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882"),
]  # fmt: skip


def test_sm4_gcm_gives_the_published_text_and_tag() -> None:
    key, nonce, aad, plain, text, tag = (
        bytes.fromhex(SM4_GCM[name]) for name in ("key", "iv", "aad", "plain", "cipher", "tag")
    )
    cipher = Sm4Gcm.under(key)
    assert cipher.encrypt(nonce, plain, aad) == text + tag
    assert cipher.decrypt(nonce, text + tag, aad) == plain
    for at in range(0, len(text + tag), 7):
        changed = bytearray(text + tag)
        changed[at] ^= 1
        with pytest.raises(InvalidTag):
            cipher.decrypt(nonce, bytes(changed), aad)
    with pytest.raises(InvalidTag):
        cipher.decrypt(nonce, text + tag, aad[:-1])
    for short in (b"", tag[:15]):
        with pytest.raises(InvalidTag):
            cipher.decrypt(nonce, short, aad)


@pytest.mark.parametrize("length", [0, 8, 11, 13, 16])
def test_sm4_gcm_takes_nonces_of_twelve_bytes_alone(length: int) -> None:
    cipher = Sm4Gcm.under(bytes(16))
    with pytest.raises(ValueError, match="12 bytes"):
        cipher.encrypt(bytes(length), b"x", None)
    with pytest.raises(ValueError, match="12 bytes"):
        cipher.decrypt(bytes(length), bytes(17), None)


@pytest.mark.parametrize(("key", "message", "mac"), HMAC_SM3)
def test_hmac_sm3_gives_the_published_values(key: bytes, message: bytes, mac: str) -> None:
    assert mac_sm3(key)(message).hex() == mac


@pytest.mark.parametrize("length", [1, 32, 63, 64, 65, 200])
def test_a_mac_with_its_states_kept_is_the_mac(length: int) -> None:
    """RFC 2104, also for keys longer than a block; a state that was kept serves many messages."""
    key = bytes(range(length))
    made = mac_sha256(key)
    for message in (b"", b"a", bytes(1000)):
        assert made(message) == hmac.digest(key, message, "sha256")
