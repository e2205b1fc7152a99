"""Know a purse for tests and a plain oracle of its codes, written apart from the product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from tests.emv.cards import fci

from szunion.emv.card.content import PersonalisedCard, PurseApplication, PurseKeys
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.flow import Performer, run
from szunion.emv.purse import (
    Kind,
    Load,
    LoadOffer,
    Moment,
    Paid,
    Purchase,
    PurchaseOffer,
    load,
    pay,
)

AID = bytes.fromhex("A000000632010105")
LOAD_KEY = bytes(range(16))
PURCHASE_KEY = bytes(range(16, 32))
TAC_KEY = bytes(range(32, 48))
TERMINAL = bytes.fromhex("112233445566")
NOW = Moment.of("20261124", "120000")


def content(**changes: Any) -> PersonalisedCard:
    values: dict[str, Any] = {
        "aid": AID,
        "fci": fci(AID),
        "purse": 10_000,
        "deposit": 700,
        "keys": PurseKeys(load={1: LOAD_KEY}, purchase={1: PURCHASE_KEY}, tac=TAC_KEY),
    }
    application = PurseApplication(**{**values, **changes})
    return PersonalisedCard(applications=(application,))


def purse_card(**changes: Any) -> SimulatedCard:
    made = SimulatedCard(content(**changes), 3)
    made.reset()
    return made


# --- the oracle ---------------------------------------------------------------------------------


def tdes(key: bytes, data: bytes) -> bytes:
    return Cipher(TripleDES(key + key[:8]), ECB()).encryptor().update(data)


def des_cbc_mac(key: bytes, data: bytes) -> bytes:
    data += b"\x80"
    data += bytes(-len(data) % 8)
    return Cipher(TripleDES(key * 3), CBC(bytes(8))).encryptor().update(data)[-8:][:4]


def half(key: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(key[:8], key[8:], strict=True))


def u4(number: int) -> bytes:
    return number.to_bytes(4, "big")


def load_once(transmit: Callable[[bytes], bytes], amount: int, kind: Kind = Kind.EP) -> Paid | None:
    wanted = Load(kind, amount, 1, TERMINAL)
    stamp = NOW.date + NOW.time
    tacs: list[bytes] = []

    def issuer(offer: LoadOffer) -> bytes | None:
        key = tdes(LOAD_KEY, offer.random + offer.sequence + b"\x80\0")
        mac1 = des_cbc_mac(key, u4(offer.balance) + u4(amount) + bytes((kind,)) + TERMINAL)
        if mac1 != offer.mac1:
            return None
        new = u4(offer.balance + amount) + offer.sequence
        tacs.append(
            des_cbc_mac(half(TAC_KEY), new + u4(amount) + bytes((kind,)) + TERMINAL + stamp)
        )
        return des_cbc_mac(key, u4(amount) + bytes((kind,)) + TERMINAL + stamp)

    paid = run(load(wanted, NOW, issuer), Performer(transmit=transmit))
    if paid is not None:
        assert paid.tac == tacs[0]
    return paid


def pay_once(
    transmit: Callable[[bytes], bytes], amount: int, kind: Kind = Kind.EP, number: int = 7
) -> Paid:
    wanted = Purchase(kind, amount, 1, TERMINAL, u4(number))
    stamp = NOW.date + NOW.time
    body = u4(amount) + bytes((kind + 4,)) + TERMINAL

    def secure(offer: PurchaseOffer) -> tuple[bytes, Callable[[bytes], bool]]:
        key = tdes(PURCHASE_KEY, offer.random + offer.sequence + u4(number)[2:])
        mac2 = des_cbc_mac(key, u4(amount))
        return des_cbc_mac(key, body + stamp), lambda told: told == mac2

    paid = run(pay(wanted, NOW, secure), Performer(transmit=transmit))
    assert paid.tac == des_cbc_mac(half(TAC_KEY), body + u4(number) + stamp)
    return paid
