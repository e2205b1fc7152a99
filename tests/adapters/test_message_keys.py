"""Keys that sign messages: each suite against somebody else's answer, files that are refused."""

from __future__ import annotations

import ctypes.util
import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from szunion.adapters.keys import sm2_library
from szunion.adapters.keys.messages import SUITES, HmacSha256, HmacSm3, signer_of, verifier_of
from szunion.adapters.keys.sm2_library import Sm2Library, system_library
from szunion.emv import crypto, sm2
from szunion.errors import ConfigError, KeysUnavailable, SignatureInvalid
from szunion.ports.keys import MessageSigner, MessageVerifier

MESSAGE = "退票 3,000.00 元\n".encode()
PRIVATE = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
PUBLIC = (
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)


def _file(folder: Path, name: str, content: bytes | str, mode: int = 0o600) -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(mode)
    return file


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def sm2_or_skip() -> Sm2Library:
    try:
        return system_library()
    except KeysUnavailable:
        pytest.skip("this machine has no libcrypto with SM2")


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(params=SUITES)
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, rsa_key: rsa.RSAPrivateKey
) -> tuple[MessageSigner, MessageVerifier]:
    suite: str = request.param
    match suite:
        case "rsa-pss-sha256":
            ours, theirs = (
                _file(tmp_path, "a", _pem(rsa_key)),
                _file(tmp_path, "b", _public(rsa_key)),
            )
        case "sm2":
            sm2_or_skip()
            ours = _file(tmp_path, "a", f"{PRIVATE}\n{PUBLIC}\n")
            theirs = _file(tmp_path, "b", PUBLIC, 0o644)
        case _:
            ours = theirs = _file(tmp_path, "a", secrets.token_hex(32))
    return signer_of(suite, ours), verifier_of(suite, theirs)


def test_what_a_suite_signs_it_checks_and_every_change_is_found(
    pair: tuple[MessageSigner, MessageVerifier],
) -> None:
    signer, verifier = pair
    signature = signer.sign(MESSAGE)
    assert signer.suite == verifier.suite
    verifier.verify(MESSAGE, signature)
    for at in range(len(signature)):
        worse = bytearray(signature)
        worse[at] ^= 1 << at % 8
        with pytest.raises(SignatureInvalid):
            verifier.verify(MESSAGE, bytes(worse))
    for at in range(len(MESSAGE)):
        other = bytearray(MESSAGE)
        other[at] ^= 1
        with pytest.raises(SignatureInvalid):
            verifier.verify(bytes(other), signature)
    for form in (b"", signature[:-1], signature + b"\0", b"\0" * len(signature), b"\xff" * 64):
        with pytest.raises(SignatureInvalid):
            verifier.verify(MESSAGE, form)


def test_a_key_does_not_print(pair: tuple[MessageSigner, MessageVerifier]) -> None:
    for each in pair:
        assert "secret" not in repr(each)
        assert PRIVATE[:8] not in repr(each).lower()
        assert len(repr(each)) < 400


# --- against somebody else's answer ----------------------------------------------------------


def test_hmac_sha256_is_that_of_rfc_4231() -> None:
    found = HmacSha256(b"Jefe").sign(b"what do ya want for nothing?")
    assert found.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.parametrize("length", [1, 32, 63, 64, 65, 200])
def test_hmac_sm3_is_the_construction_over_sm3(length: int) -> None:
    """RFC 2104 by hand, over a digest that another module computes."""
    secret = bytes(range(length))
    block = (crypto.sm3(secret) if length > 64 else secret).ljust(64, b"\0")
    inner = crypto.sm3(bytes(byte ^ 0x36 for byte in block) + MESSAGE)
    outer = crypto.sm3(bytes(byte ^ 0x5C for byte in block) + inner)
    assert HmacSm3(secret).sign(MESSAGE) == outer


def test_rsa_is_pss_with_sha256_and_no_other_salt(
    tmp_path: Path, rsa_key: rsa.RSAPrivateKey
) -> None:
    verifier = verifier_of("rsa-pss-sha256", _file(tmp_path, "b", _public(rsa_key)))
    for other in (
        padding.PSS(padding.MGF1(hashes.SHA256()), 20),
        padding.PSS(padding.MGF1(hashes.SHA1()), 32),
        padding.PKCS1v15(),
    ):
        with pytest.raises(SignatureInvalid):
            verifier.verify(MESSAGE, rsa_key.sign(MESSAGE, other, hashes.SHA256()))


# --- SM2 --------------------------------------------------------------------------------------


def test_sm2_of_the_library_and_sm2_over_integers_say_the_same() -> None:
    library = sm2_or_skip()
    key = sm2.PublicKey.decode(bytes.fromhex(PUBLIC)[1:])
    private, public = bytes.fromhex(PRIVATE), bytes.fromhex(PUBLIC)
    for number in range(40):
        message, user = hashlib.sha256(bytes([number])).digest() * number, b"user%d" % number
        signature = library.sign(private, public, message, user)
        assert sm2.verify(key, message, signature, user)
        assert library.verifies(public, message, signature, user)
        for other in (signature[32:] + signature[:32], signature[:63] + b"\0"):
            assert library.verifies(public, message, other, user) == sm2.verify(
                key, message, other, user
            )


def test_sm2_keys_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    library = sm2_or_skip()
    wrong = PRIVATE[:-1] + "9"
    for content in (f"{wrong}\n{PUBLIC}", PRIVATE, f"{PRIVATE}\n{PUBLIC[:-2]}00", PRIVATE + PUBLIC):
        with pytest.raises(KeysUnavailable) as raised:
            signer_of("sm2", _file(tmp_path, "a", content))
        assert raised.value.code == "E-KEYS-003"
    off_curve = PUBLIC[:-2] + "14"
    with pytest.raises(KeysUnavailable):
        verifier_of("sm2", _file(tmp_path, "b", off_curve))
    assert not library.is_key(bytes(65))
    assert library.verifies(bytes.fromhex(off_curve), b"x", bytes(64), b"u") is False


def _no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: "libc.so.6")


def _old_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: "libnothing-at-all.so")


def _wrong_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a library that accepts everything."""
    monkeypatch.setattr(Sm2Library, "verifies", lambda *_: True)


def _wrong_signer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a library whose signatures only it accepts."""
    monkeypatch.setattr(Sm2Library, "sign", lambda *_: bytes(31) + b"\1" + bytes(31) + b"\1")


@pytest.mark.parametrize("fault", [_no_library, _old_library, _wrong_verifier, _wrong_signer])
def test_without_a_library_to_be_trusted_sm2_is_refused_with_its_remedy(
    fault: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    system_library.cache_clear()
    fault(monkeypatch)
    try:
        with pytest.raises(KeysUnavailable) as raised:
            signer_of("sm2", _file(tmp_path, "a", f"{PRIVATE}\n{PUBLIC}"))
    finally:
        system_library.cache_clear()
    assert raised.value.code == "E-KEYS-006"
    assert "MessageSigner" in raised.value.do()


def test_pure_python_never_signs_for_a_bank() -> None:
    """The module that asks the library uses the integers for checking alone."""
    source = Path(str(sm2_library.__file__)).read_text("utf-8")
    assert "sm2.verify" in source
    assert "sm2.sign" not in source
    assert "PrivateKey" not in source


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_the_command_line_of_openssl_accepts_our_signature(tmp_path: Path) -> None:
    library = sm2_or_skip()
    point = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200") + bytes.fromhex(
        PUBLIC
    )
    raw = library.sign(bytes.fromhex(PRIVATE), bytes.fromhex(PUBLIC), MESSAGE, b"1234567812345678")
    files = {"key": point, "message": MESSAGE, "signature": sm2_library._der(raw)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin",
         "-in", "message", "-sigfile", "signature", "-digest", "sm3",
         "-pkeyopt", "distid:1234567812345678"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert "Verified Successfully" in done.stdout, done.stderr


# --- files ------------------------------------------------------------------------------------


def test_files_that_are_no_keys_are_refused_by_name_alone(
    tmp_path: Path, rsa_key: rsa.RSAPrivateKey
) -> None:
    small = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    for suite, content in (
        ("hmac-sha256", "00" * 31), ("hmac-sha256", "AB" * 32), ("hmac-sm3", "0" * 63),
        ("hmac-sm3", "z" * 64), ("hmac-sha256", ""), ("hmac-sha256", "１" * 64),
        ("rsa-pss-sha256", "-----BEGIN"), ("rsa-pss-sha256", _pem(small)),
        ("rsa-pss-sha256", _pem(curve)), ("rsa-pss-sha256", "a" * 70_000),
        ("hmac-sha256", "ab" * 40_000),
    ):  # fmt: skip
        for load in (signer_of, verifier_of):
            with pytest.raises(KeysUnavailable) as raised:
                load(suite, _file(tmp_path, "wrong.key", content))
            assert raised.value.code == "E-KEYS-003"
            assert raised.value.context == {"path": "wrong.key"}
    with pytest.raises(KeysUnavailable):
        signer_of("hmac-sha256", tmp_path / "gone.key")
    with pytest.raises(KeysUnavailable) as open_to_all:
        signer_of("rsa-pss-sha256", _file(tmp_path, "open.key", _pem(rsa_key), 0o640))
    assert open_to_all.value.code == "E-KEYS-004"
    for load in (signer_of, verifier_of):
        with pytest.raises(ConfigError) as unknown:
            load("md5", _file(tmp_path, "a", "00" * 32))
        assert unknown.value.code == "E-KEYS-005"
