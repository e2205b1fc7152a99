"""The attacks of Project Wycheproof against our wrappers; the folder is named, none is committed.

``SZUNION_WYCHEPROOF=/path/to/wycheproof pytest tests/adapters/test_wycheproof.py``: a checkout of
C2SP/wycheproof (Apache-2.0). What is valid must be accepted, what is invalid refused; the policy
says beforehand which valid vectors our narrower wrappers refuse, and those are counted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from szunion.adapters.keys.file import signed_by
from szunion.adapters.keys.messages import HmacSha256, HmacSm3, RsaPssVerifier
from szunion.adapters.keys.suites import mac_sha256
from szunion.emv import crypto
from szunion.errors import SignatureInvalid

Verdict = bool | None
"""Accepted, refused; None: our wrapper takes no such thing at all."""


def _verified(check: Callable[[bytes, bytes], None], message: bytes, signature: bytes) -> bool:
    try:
        check(message, signature)
    except SignatureInvalid:
        return False
    return True


def _whole_tags(mac: Callable[[bytes, bytes, bytes], bool]) -> Callable[[Any, Any], Verdict]:
    def judge(group: Any, test: Any) -> Verdict:
        if group["tagSize"] != 256:  # a cut MAC is not accepted by anything of ours
            return None
        return mac(*(bytes.fromhex(test[name]) for name in ("key", "msg", "tag")))

    return judge


def _hmac_sha256(key: bytes, message: bytes, tag: bytes) -> bool:
    assert (mac_sha256(key)(message) == tag) == _verified(HmacSha256(key).verify, message, tag)
    return _verified(HmacSha256(key).verify, message, tag)


def _hmac_sm3(key: bytes, message: bytes, tag: bytes) -> bool:
    assert crypto.same(crypto.hmac_sm3(key, message), tag) == _verified(
        HmacSm3(key).verify, message, tag
    )
    return _verified(HmacSm3(key).verify, message, tag)


def _ed25519(group: Any, test: Any) -> Verdict:
    public = bytes.fromhex(group["publicKey"]["pk"])
    return signed_by(public, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))


def _rsa_pss(group: Any, test: Any) -> Verdict:
    key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
    assert isinstance(key, RSAPublicKey)
    if (group["sha"], group["mgfSha"], group["sLen"]) != ("SHA-256", "SHA-256", 32):
        return None
    check = RsaPssVerifier(key).verify
    return _verified(check, bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))


#: The file, what judges a vector, and how many vectors our wrappers have a verdict on.
FILES: dict[str, tuple[Callable[[Any, Any], Verdict], int]] = {
    "hmac_sha256": (_whole_tags(_hmac_sha256), 87),
    "hmac_sm3": (_whole_tags(_hmac_sm3), 87),
    "ed25519": (_ed25519, 150),
    "rsa_pss_2048_sha256_mgf1_32": (_rsa_pss, 100),
}


@cache
def _folder() -> Path | None:
    named = os.environ.get("SZUNION_WYCHEPROOF")
    return Path(named, "testvectors_v1") if named else None


@pytest.mark.parametrize("name", FILES)
def test_no_vector_of_wycheproof_gets_a_wrong_verdict(name: str) -> None:
    folder = _folder()
    if folder is None:
        pytest.skip("SZUNION_WYCHEPROOF names no checkout of C2SP/wycheproof")
    judge, least = FILES[name]
    wrong, judged = [], 0
    for group in json.loads((folder / f"{name}_test.json").read_text("utf-8"))["testGroups"]:
        for test in group["tests"]:
            verdict = judge(group, test)
            judged += verdict is not None
            right = {"valid": True, "invalid": False}.get(test["result"], verdict)
            if verdict is not None and verdict != right:
                wrong.append((test["tcId"], test["comment"]))
    assert not wrong
    assert judged >= least


def test_the_judges_see_a_wrong_verdict() -> None:
    """A judge that never refuses would make the rest worthless."""
    group = {"tagSize": 256}
    good = {"key": "00" * 32, "msg": "", "tag": HmacSha256(bytes(32)).sign(b"").hex()}
    judge = FILES["hmac_sha256"][0]
    assert judge(group, good) is True
    assert judge(group, {**good, "tag": "00" * 32}) is False
    assert judge({"tagSize": 128}, good) is None
