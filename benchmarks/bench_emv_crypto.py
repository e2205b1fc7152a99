"""How fast the issuer's job and card authentication are, beside pyemv, gmssl, bare library calls.

The issuer's job goes through the public host: read 9F10, derive master and session key, check the
cryptogram, make the ARPC. pyemv has no PBOC keys, so it does the same steps with EMV's. Processor
time: nothing here waits, and neighbours on the machine must not count.
"""

from __future__ import annotations

import subprocess
import time
import warnings
from collections.abc import Callable
from datetime import date
from importlib import import_module
from shutil import which
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from pyemv import ac, kd

from szunion.emv import certificates, crypto, cryptogram, oda, sm2, tlv
from szunion.emv.apdu import Command
from szunion.emv.card.bank import TestBank
from szunion.emv.card.chance import Chance
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import DEBIT_AID, personalise
from szunion.emv.card.profiles import Profile, Scheme, pan_of
from szunion.emv.card.signing import sign_dynamic
from szunion.emv.card.testca import rsa_private
from szunion.emv.crypto import Algorithm
from szunion.emv.issuer import IssuerHost
from szunion.emv.mismatch import explain_arqc
from szunion.emv.oda_keys import CardData, Policy, Record, recover
from szunion.emv.rsa import LONGEST_BITS, RsaKey
from szunion.emv.vault import Account, MasterKeys, SoftwareVault

ROUNDS = 40
TODAY = date(2026, 11, 24)
ACCOUNT = Account(pan="6200001234567890123", psn="01")
KEYS = MasterKeys(ac=bytes(range(16)), mac=bytes(range(16, 32)), enc=bytes(range(32, 48)))
MESSAGE = {
    0x9F02: bytes.fromhex("000000012345"),
    0x9F03: bytes(6),
    0x9F1A: bytes.fromhex("0156"),
    0x95: bytes(5),
    0x5F2A: bytes.fromhex("0156"),
    0x9A: bytes.fromhex("261124"),
    0x9C: b"\x00",
    0x9F37: bytes.fromhex("9ABCDEF1"),
    0x82: bytes.fromhex("7D00"),
    0x9F36: bytes.fromhex("0102"),
}


def _rates(works: dict[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """Return runs per second of each: the best of many short interleaved rounds.

    The best, because what else runs on the machine only ever takes away.
    """
    found: dict[str, list[float]] = {name: [] for name in works}
    for work, _ in works.values():
        work()
    for _ in range(ROUNDS):
        for name, (work, count) in works.items():
            start = time.process_time()
            for _ in range(count):
                work()
            found[name].append(count / (time.process_time() - start))
    return {name: max(rates) for name, rates in found.items()}


def _job(algorithm: Algorithm) -> Callable[[], object]:
    host = IssuerHost(vault=SoftwareVault({(1, algorithm): KEYS}))
    told: dict[int, bytes] = MESSAGE | {
        0x9F10: bytes.fromhex("07010103A00000") + bytes((algorithm.value,))
    }
    master = KEYS.for_card(algorithm, ACCOUNT).ac
    key = crypto.pboc_session_key(algorithm, master, told[0x9F36])
    data = cryptogram.assemble(cryptogram.PBOC_01, told)
    told[0x9F26] = cryptogram.cryptogram(algorithm, key, data)

    def work() -> object:
        found = host.verify_and_answer(ACCOUNT, told, b"00")
        if not isinstance(found, tuple):
            raise TypeError(found)
        return found

    return work


def _pyemv() -> object:
    master = kd.derive_icc_mk_a(KEYS.ac, ACCOUNT.pan, ACCOUNT.psn)
    session = kd.derive_common_sk(master, MESSAGE[0x9F36] + bytes(6))
    made = ac.generate_ac(session, bytes(37), ac.PaddingType.EMV)
    return ac.generate_arpc_1(session, made, b"00")


def _bare_tdes() -> object:
    """Make the library calls that no 3DES job can do without, each key set up once."""
    ecb = ECB()

    def block(key: bytes, data: bytes) -> bytes:
        return Cipher(TripleDES(key + key[:8]), ecb).encryptor().update(data)

    session = block(block(KEYS.ac, bytes(16)), bytes(16))
    chain = Cipher(TripleDES(session[:8] * 3), CBC(bytes(8))).encryptor().update(bytes(32))
    last = Cipher(TripleDES(session + session[:8]), ecb).encryptor().update
    return last(last(chain[-8:]))


def _bare_sm4() -> object:
    """Make the library calls that no SM4 job can do without, each key set up once."""
    ecb = ECB()

    def block(key: bytes, data: bytes) -> bytes:
        return Cipher(SM4(key), ecb).encryptor().update(data)

    session = block(block(KEYS.ac, bytes(16)), bytes(16))
    chain = Cipher(SM4(session), CBC(bytes(16))).encryptor().update
    return chain(chain(bytes(48))[-16:])


def _gmssl() -> tuple[Callable[[], object] | None, str]:
    """Return gmssl's verification, or why there is none."""
    try:
        peer = import_module("gmssl.sm2")
    except ImportError:
        return None, "gmssl is not installed"
    key = sm2.PrivateKey(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)
    point = key.public.encode().hex()
    message = b"message digest"
    signature = sm2.sign(key, message).hex()
    crypt = peer.CryptSM2(private_key="", public_key=point)
    digest = sm2.message_digest(key.public, message)

    def work() -> object:
        if not crypt.verify(signature, digest):
            raise ValueError
        return None

    return work, ""


def _card(scheme: Scheme) -> tuple[CardData, Any, bytes]:
    """Read a card and let it sign a challenge."""
    bank = TestBank.grow(7)
    card = SimulatedCard(personalise(bank, Profile(pan=pan_of(1), scheme=scheme), 1))
    card.reset()

    def sent(cla: int, ins: int, p1: int, p2: int, data: bytes = b"") -> bytes:
        answer = card.process(Command(cla, ins, p1, p2, data, 256))
        while answer.sw >> 8 in (0x61, 0x6C):
            le = answer.sw & 0xFF or 256
            again = Command(0, 0xC0, 0, 0, le=le)
            if answer.sw >> 8 == 0x6C:
                again = Command(cla, ins, p1, p2, data, le)
            answer = card.process(again)
        if answer.sw != 0x9000:
            raise ValueError(answer)
        return answer.data

    fci = tlv.parse(sent(0, 0xA4, 4, 0, DEBIT_AID))
    pdol = tlv.first(fci, 0x9F38) or b""
    told = bytes(10) + b"\x01" if pdol.endswith(b"\xdf\x69\x01") else bytes(9)
    sent_data = told[-sum(pdol[i] for i in _lengths(pdol)) :]
    options = tlv.parse(sent(0x80, 0xA8, 0, 0, b"\x83" + bytes((len(sent_data),)) + sent_data))
    aip, afl = options[0].value[:2], options[0].value[2:]
    records = tuple(
        Record(
            sfi=afl[at] >> 3,
            number=number,
            raw=sent(0, 0xB2, number, afl[at] | 4),
            signed=number - afl[at + 1] < afl[at + 3],
        )
        for at in range(0, len(afl), 4)
        for number in range(afl[at + 1], afl[at + 2] + 1)
    )
    answer = sent(0, 0x88, 0, 0, b"1234")
    return CardData(aid=DEBIT_AID, aip=aip, records=records), bank.roots(TODAY), answer


def _lengths(dol: bytes) -> list[int]:
    places, at = [], 0
    while at < len(dol):
        at += 2 if dol[at] & 0x1F == 0x1F else 1
        places.append(at)
        at += 1
    return places


def _authentication(scheme: Scheme) -> Callable[[], object]:
    card, roots, answer = _card(scheme)
    policy = Policy(today=TODAY)

    def work() -> object:
        keys = recover(card, roots, policy, dynamic=True)
        verdict = oda.check_dda(keys, answer, b"1234", b"1234")
        if not verdict.passed:
            raise ValueError(verdict.reasons)
        return verdict

    return work


def _dynamic() -> dict[str, tuple[Callable[[], object], int]]:
    """Return a DDA signature under the longest key, opened and compared, and its bare power."""
    signer = rsa_private(Chance(15), LONGEST_BITS)
    key, terminal = RsaKey(signer.modulus, signer.exponent), b"1234"
    signed = sign_dynamic(signer, b"\x02\x00\x07", terminal)
    number = int.from_bytes(signed, "big")

    def opened() -> object:
        found = certificates.open_rsa_dynamic(key, signed, terminal)
        if found.value is None:
            raise ValueError(found.reasons)
        return found

    return {
        "dda at hand": (opened, 100),
        "bare power": (lambda: pow(number, key.exponent, key.modulus), 100),
    }


def _openssl() -> float | None:
    """Return how many SM2 signatures a second ``openssl speed`` verifies, where there is one."""
    program = which("openssl")
    if program is None:
        return None
    run = subprocess.run(
        [program, "speed", "-seconds", "1", "sm2"], capture_output=True, text=True, check=False
    )
    rates = [line.split() for line in run.stdout.splitlines() if "SM2" in line]
    return float(rates[-1][-1]) if run.returncode == 0 and rates else None


def lines() -> list[dict[str, Any]]:
    """Return the measured lines: the best of interleaved rounds."""
    key = sm2.PrivateKey(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)
    public, message = key.public, b"message digest"
    signature, prepared = sm2.sign(key, message), sm2.prepare(public)
    peer, why = _gmssl()
    vault = SoftwareVault({(1, Algorithm.TDES): KEYS})
    works: dict[str, tuple[Callable[[], object], int]] = {
        "tdes": (_job(Algorithm.TDES), 150),
        "pyemv": (_pyemv, 100),
        "bare tdes": (_bare_tdes, 150),
        "sm4": (_job(Algorithm.SM4), 150),
        "bare sm4": (_bare_sm4, 150),
        "verify": (lambda: sm2.verify(public, message, signature), 3),
        "verify prepared": (lambda: sm2.verify(prepared, message, signature), 8),
        "dda rsa": (_authentication(Scheme.RSA), 8),
        "dda sm2": (_authentication(Scheme.SM), 2),
        **_dynamic(),
        "explain": (lambda: explain_arqc(vault, ACCOUNT, MESSAGE | {0x9F26: bytes(8)}), 1),
    }
    if peer is not None:
        works["gmssl"] = (peer, 1)
    bare = [_openssl()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyemv's own, about the 3DES keys that it uses
        rate = _rates(works)
    bare.append(_openssl())
    openssl = max((each for each in bare if each is not None), default=None)
    beside = f"beside gmssl ({why})" if why else "beside gmssl"
    return [
        _line("issuer job 3DES: jobs/s, beside pyemv; limit: bare library calls",
              rate["tdes"], rate["pyemv"], rate["bare tdes"], rate["tdes"] / rate["pyemv"], 1.2),
        _line("issuer job 3DES: jobs/s, beside the 20,000 demanded",
              rate["tdes"], None, 20_000, rate["tdes"] / 20_000, 1),
        _line("issuer job SM4: jobs/s, beside pyemv (3DES; it has no SM4)",
              rate["sm4"], rate["pyemv"], rate["bare sm4"], rate["sm4"] / rate["pyemv"], 1.5),
        _line("issuer job SM4: jobs/s, beside the 30,000 demanded",
              rate["sm4"], None, 30_000, rate["sm4"] / 30_000, 1),
        _line(f"SM2 verification: verifications/s, {beside}; demanded: 500 (2 ms)",
              rate["verify"], rate.get("gmssl"), 500, rate["verify"] / 500, 1),
        *_table(rate, openssl, beside),
        _line("15 DDA signature opened and compared, 1,984 bits, e=3, keys at hand, 1/s, "
              "beside the bare power", rate["dda at hand"], None, rate["bare power"],
              rate["dda at hand"] / rate["bare power"], 0.8),
        _line("DDA with RSA, certificates and all: cards/s, beside 10 ms a card",
              rate["dda rsa"], None, 100, rate["dda rsa"] / 100, 1),
        _line("DDA with SM2, three signatures: cards/s, beside 10 ms a card",
              rate["dda sm2"], None, 100, rate["dda sm2"] / 100, 1),
        _line("explain_arqc, nothing fits: explanations/s, beside 1 s each",
              rate["explain"], None, 1, rate["explain"], 1),
    ]  # fmt: skip


def _table(rate: dict[str, float], openssl: float | None, beside: str) -> list[dict[str, Any]]:
    """Return the lines of a signature that is verified with a table for its key."""
    ours, what = rate["verify prepared"], "14 SM2 verification with a table for the key, 1/s"
    found = [_line(f"{what}, beside none", ours, None, rate["verify"], ours / rate["verify"], 1.6)]
    if "gmssl" in rate:
        found.append(
            _line(f"{what}, {beside}", ours, rate["gmssl"], None, ours / rate["gmssl"], 20)
        )
    if openssl is not None:
        found.append(
            _line(f"{what}, beside openssl speed sm2", ours, None, openssl, ours / openssl, 0.8)
        )
    return found


def _line(  # noqa: PLR0917, PLR0913 - the columns of the table
    name: str, ours: float, peer: float | None, limit: float | None, ratio: float, floor: float
) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(ours, 1),
        "peer": None if peer is None else round(peer, 1),
        "limit": None if limit is None else round(limit, 1),
        "ratio": round(ratio, 3),
        "floor": floor,
        "ok": ratio >= floor,
    }
