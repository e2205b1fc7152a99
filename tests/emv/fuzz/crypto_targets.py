"""Know what certificates, keys, cryptograms and scripts must survive: any bytes at all.

An RSA key with exponent 1 recovers a signature as it stands, so that any bytes can be the inside
of a rightly wrapped certificate without a private key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date

from szunion.emv import capk, certificates, crypto, cryptogram, oda, scripts, sm2
from szunion.emv.apdu import Command
from szunion.emv.card import dgi
from szunion.emv.crypto import Algorithm
from szunion.emv.errors import EmvError
from szunion.emv.issuer import Genuine, IssuerHost
from szunion.emv.oda_keys import CardData, Policy, Record, recover
from szunion.emv.rsa import RsaKey
from szunion.emv.vault import Account, MasterKeys, SoftwareVault

TODAY = date(2026, 11, 24)
POLICY = Policy(today=TODAY)
IDENTITY = RsaKey((1 << 1152) - 1, 1)
POINT = sm2.PublicKey(sm2.GX, sm2.GY)
RID = bytes.fromhex("A000000333")
ROOTS = capk.CaKeys(
    (
        capk.RsaCaKey(rid=RID, index=1, key=IDENTITY, expires=TODAY),
        capk.Sm2CaKey(rid=RID, index=2, key=POINT, expires=TODAY),
    )
)
KEYS = MasterKeys(ac=bytes(16), mac=bytes(16), enc=bytes(16))
HOST = IssuerHost(vault=SoftwareVault({(1, Algorithm.TDES): KEYS, (1, Algorithm.SM4): KEYS}))
ACCOUNT = Account(pan="6200000000000000018")


def wrapped(body: bytes, tail: bytes) -> bytes:
    """Return what a signature over *body* would recover to, right in everything but the body."""
    inside = body.ljust(IDENTITY.size - 22, b"\xbb")[: IDENTITY.size - 22]
    return b"\x6a" + inside + crypto.sha1(inside + tail) + b"\xbc"


def fuzz_rsa_certificates(data: bytes) -> None:
    extra = data[-7:]
    for form in (2, 3, 4, 5):
        block = wrapped(bytes((form,)) + data, extra + b"\3")
        issuer = certificates.open_rsa_issuer(IDENTITY, block, extra, b"\3", least_bits=512)
        icc = certificates.open_rsa_icc(IDENTITY, block, extra, b"\3", b"", least_bits=512)
        # a modulus that random bytes make is never one to be trusted: nothing gets in
        for opened in (issuer, icc):
            assert (opened.value is None) == bool(opened.reasons)
        static = certificates.open_rsa_static(IDENTITY, block, extra + b"\3")
        assert (static.value is None) == bool(static.reasons)
        dynamic = certificates.open_rsa_dynamic(IDENTITY, block, extra + b"\3")
        assert (dynamic.value is None) == bool(dynamic.reasons)
    certificates.open_rsa_issuer(IDENTITY, data, data, data, least_bits=512)


def fuzz_sm2_certificates(data: bytes) -> None:
    for length, opening in (
        (142, lambda raw: certificates.open_sm2_issuer(POINT, raw)),
        (148, lambda raw: certificates.open_sm2_icc(POINT, raw, data)),
        (67, lambda raw: certificates.open_sm2_static(POINT, raw, data)),
    ):
        # r = s = 0 is refused before any point is computed
        raw = data.ljust(length - 64, b"\x11")[: length - 64] + bytes(64)
        assert opening(raw).value is None
        assert opening(data[:length]).value is None
    assert certificates.open_sm2_dynamic(POINT, data + bytes(64), data).value is None


def fuzz_dynamic(data: bytes) -> None:
    for opened in (certificates.read_dynamic(data), certificates.read_combined(data, 20)):
        assert (opened.value is None) == bool(opened.reasons)
    with suppress(EmvError):
        certificates.expiry_reasons(data, TODAY)


def fuzz_recovery(data: bytes) -> None:
    cut = len(data) // 2
    records = tuple(
        Record(sfi=sfi, number=1, raw=raw, signed=signed)
        for sfi, raw, signed in ((1, data, True), (12, data[cut:], True), (2, data[:cut], False))
    )
    card = CardData(aid=RID + b"\1\1", df_name=data[:8], aip=data[:2], records=records)
    for dynamic in (False, True):
        recover(card, ROOTS, POLICY, dynamic=dynamic)
    assert not oda.check_sda(card, ROOTS, POLICY).passed


def fuzz_answers(data: bytes) -> None:
    card = CardData(aid=RID + b"\1\1", aip=b"\x7d\0", records=())
    keys = recover(card, ROOTS, POLICY, dynamic=True)
    assert not oda.check_dda(keys, data, data, data[:4]).passed
    assert not oda.check_cda(keys, data, data, data[:4]).passed
    fast = oda.FastData(challenge=data[:4], card=data, atc=data[:2])
    assert not oda.check_fdda(keys, data, fast, least_version=0).passed


def fuzz_download(data: bytes) -> None:
    with suppress(EmvError):
        capk.read_download(data, TODAY)


def fuzz_message(data: bytes) -> None:
    values = {0x9F10: data, 0x9F26: data[:8], 0x9F36: data[:2], 0x9F37: data[2:6], 0x9F02: data}
    for cvn in (0x01, 0x17):
        values[0x9F10] = bytes((7, 1, cvn, 3)) + data
        found = HOST.verify(ACCOUNT, values)
        assert not isinstance(found, Genuine)
    with suppress(EmvError):
        cryptogram.read_issuer_header(data)


def fuzz_script(data: bytes) -> None:
    for algorithm in Algorithm:
        with suppress(EmvError):
            clear = scripts.decipher(algorithm, bytes(16), data)
            assert (
                scripts.decipher(
                    algorithm, bytes(16), scripts.encipher(algorithm, bytes(16), clear)
                )
                == clear
            )
        with suppress(EmvError):
            command = Command.decode(data)
            assert scripts.opened(command, algorithm, b"k" * 16, b"\0\1", data[:8]) is None


def fuzz_groupings(data: bytes) -> None:
    with suppress(EmvError):
        told = dgi.read_groupings(data)
        assert len(b"".join(one.encode() for one in told)) <= len(data)
        dgi.application(RID + b"\1\1", told, lambda sealed: sealed)


CRYPTO_TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "rsa_certificates": fuzz_rsa_certificates,
    "sm2_certificates": fuzz_sm2_certificates,
    "dynamic_data": fuzz_dynamic,
    "key_recovery": fuzz_recovery,
    "signed_answers": fuzz_answers,
    "key_download": fuzz_download,
    "online_message": fuzz_message,
    "script": fuzz_script,
    "groupings": fuzz_groupings,
}
