"""Know how a card signs dynamic data: the SDAD of DDA, CDA and fDDA: 动态签名.

Written from the card's side only; the terminal verifies with code of its own.

Spec: EMV book 2, 6.5 and 6.6; JR/T 0025.17, 8.2.
"""

from __future__ import annotations

from szunion.emv import crypto, sm2
from szunion.emv.card.content import RsaPrivate, Sm2Private

Signer = RsaPrivate | Sm2Private


def digest(signer: Signer, data: bytes) -> bytes:
    """Return the hash that goes with the key: SHA-1 with RSA, SM3 with SM2."""
    return crypto.sha1(data) if isinstance(signer, RsaPrivate) else crypto.sm3(data)


def sign_dynamic(signer: Signer, dynamic: bytes, terminal: bytes) -> bytes:
    """Return the signed dynamic application data 9F4B.

    Args:
        signer: The card's key.
        dynamic: ICC dynamic data: length, number, and for CDA more.
        terminal: What the terminal gave: the DDOL data, or the unpredictable number for CDA.
    """
    if isinstance(signer, Sm2Private):
        body = b"\x15" + bytes((len(dynamic),)) + dynamic
        return body + sm2.sign(sm2.PrivateKey(signer.d), body + terminal)
    filled = dynamic.ljust(signer.size - 25, b"\xbb")
    body = b"\x05\x01" + bytes((len(dynamic),)) + filled
    block = b"\x6a" + body + crypto.sha1(body + terminal) + b"\xbc"
    return private_operation(signer, int.from_bytes(block, "big")).to_bytes(signer.size, "big")


def private_operation(key: RsaPrivate, number: int) -> int:
    """Return *number* to the power of the private exponent, by the Chinese remainder theorem."""
    d = pow(key.exponent, -1, (key.p - 1) * (key.q - 1))
    first = pow(number % key.p, d % (key.p - 1), key.p)
    second = pow(number % key.q, d % (key.q - 1), key.q)
    return second + key.q * ((first - second) * pow(key.q, -1, key.p) % key.p)


def decipher(key: RsaPrivate, data: bytes) -> bytes | None:
    """Return the block inside an enciphered PIN, None when it cannot be one."""
    if len(data) != key.size:
        return None
    return private_operation(key, int.from_bytes(data, "big")).to_bytes(key.size, "big")
