"""Know how to make keys and certificates for test cards: a certification authority 测试根.

Everything grows from a seed, so a deck of cards is the same on every machine. **Never a real
authority**: keys are predictable by design, and `TestAuthority` prints as what it is.

Spec: EMV book 2, 5.1, 6.1 and A2.1; JR/T 0025.17, 8.2.
"""

from __future__ import annotations

from datetime import date
from math import gcd
from typing import Final

from attrs import field, frozen

from szunion.emv import capk, crypto, rsa, sm2
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import RsaPrivate, Sm2Private
from szunion.emv.card.signing import private_operation

PrivateKey = RsaPrivate | Sm2Private

_ROUNDS: Final = 12
_ROCA_PRIMES: Final = 39


# --- keys


def _number(chance: Chance, bits: int) -> int:
    size = (bits + 7) // 8
    return int.from_bytes(chance.bytes(size), "big") >> (8 * size - bits)


def is_prime(number: int, chance: Chance) -> bool:
    """Tell whether *number* is prime (Miller and Rabin, 12 rounds; test keys need no more)."""
    if number < 5 or number % 2 == 0:
        return number in (2, 3)
    odd = number - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for _ in range(_ROUNDS):
        value = pow(2 + _number(chance, number.bit_length()) % (number - 3), odd, number)
        if value in (1, number - 1):
            continue
        for _ in range(twos - 1):
            value = value * value % number
            if value == number - 1:
                break
        else:
            return False
    return True


def _prime(chance: Chance, bits: int, exponent: int) -> int:
    """Return a prime whose two highest bits are 1, so that two of them fill a modulus."""
    sieve = rsa.small_primes(2000)
    while True:
        start = _number(chance, bits) | 3 << (bits - 2) | 1
        rests = [start % small for small in sieve]
        for step in range(0, 4096, 2):
            if any((rest + step) % small == 0 for rest, small in zip(rests, sieve, strict=True)):
                continue
            candidate = start + step
            usable = candidate.bit_length() == bits and gcd(candidate - 1, exponent) == 1
            if usable and pow(2, candidate - 1, candidate) == 1 and is_prime(candidate, chance):
                return candidate


def rsa_private(chance: Chance, bits: int, exponent: int = 3) -> RsaPrivate:
    """Make an RSA key of exactly *bits* (a multiple of 16)."""
    while True:
        p, q = _prime(chance, bits // 2, exponent), _prime(chance, bits // 2, exponent)
        if p != q:
            return RsaPrivate(modulus=p * q, exponent=exponent, p=p, q=q)


def roca_private(chance: Chance, bits: int, exponent: int = 3) -> RsaPrivate:
    """Make a weak key like those of CVE-2017-15361: primes k * M + (65537 ** a mod M).

    For negative tests only.
    """
    small = [2, *rsa.small_primes(200)][:_ROCA_PRIMES]
    product = 1
    for prime in small:
        product *= prime
    primes: list[int] = []
    half = bits // 2
    while len(primes) < 2:
        tail = pow(65537, _number(chance, 64), product)
        candidate = (_number(chance, half) | 3 << (half - 2)) // product * product + tail
        usable = candidate >> (half - 2) == 3 and gcd(candidate - 1, exponent) == 1
        if usable and pow(2, candidate - 1, candidate) == 1 and is_prime(candidate, chance):
            primes.append(candidate)
    p, q = primes
    return RsaPrivate(modulus=p * q, exponent=exponent, p=p, q=q)


def sm2_private(chance: Chance) -> Sm2Private:
    """Make an SM2 key."""
    key = sm2.PrivateKey(1 + _number(chance, 256) % (sm2.N - 2))
    return Sm2Private(d=key.d, public=key.public.encode())


# --- certificates


@frozen(kw_only=True)
class Certificate:
    """A certificate and what stands beside it on the card; SM2 has the first alone."""

    body: bytes = field(repr=False)  # an SM2 certificate has the card number in the clear
    remainder: bytes = field(default=b"", repr=False)
    exponent: bytes = b""


def bcd(digits: str, size: int) -> bytes:
    """Return digits filled up with F on the right."""
    return bytes.fromhex(digits.ljust(2 * size, "F"))


def sign_block(key: RsaPrivate, body: bytes, tail: bytes) -> bytes:
    """Sign with message recovery: 6A || body || SHA-1(body || tail) || BC.

    *body* must fill the key: 22 bytes less than the modulus.
    """
    block = b"\x6a" + body + crypto.sha1(body + tail) + b"\xbc"
    return private_operation(key, int.from_bytes(block, "big")).to_bytes(key.size, "big")


def _exponent(key: RsaPrivate) -> bytes:
    return key.exponent.to_bytes((key.exponent.bit_length() + 7) // 8, "big")


def _rsa_certificate(signer: RsaPrivate, head: bytes, key: RsaPrivate, tail: bytes) -> Certificate:
    """Make a certificate whose body is *head*, algorithms, lengths and as much key as fits."""
    modulus, exponent = key.modulus.to_bytes(key.size, "big"), _exponent(key)
    room = signer.size - 22 - len(head) - 4
    inside, remainder = modulus[:room], modulus[room:]
    body = head + bytes((1, 1, key.size, len(exponent))) + inside.ljust(room, b"\xbb")
    signed = sign_block(signer, body, remainder + exponent + tail)
    return Certificate(body=signed, remainder=remainder, exponent=exponent)


def _sm2_signed(signer: Sm2Private, body: bytes, tail: bytes = b"") -> bytes:
    return body + sm2.sign(sm2.PrivateKey(signer.d), body + tail)


def certify_issuer(
    root: PrivateKey, iin: str, expiry: bytes, serial: bytes, key: PrivateKey
) -> Certificate:
    """Make an issuer's certificate (tag 90).

    Args:
        root: the authority's key; its kind must be the issuer's.
        iin: 3 to 8 digits.
        expiry: MMYY, BCD.
        serial: 3 bytes.
        key: the issuer's key.
    """
    if isinstance(root, Sm2Private) and isinstance(key, Sm2Private):
        head = b"\x12" + bcd(iin, 4) + expiry + serial + b"\x04\x00\x11\x40"
        return Certificate(body=_sm2_signed(root, head + key.public))
    if isinstance(root, RsaPrivate) and isinstance(key, RsaPrivate):
        return _rsa_certificate(root, b"\x02" + bcd(iin, 4) + expiry + serial, key, b"")
    msg = "root and issuer must be of one kind"
    raise TypeError(msg)


def certify_card(  # noqa: PLR0913, PLR0917 - the fields of a certificate
    issuer: PrivateKey, pan: str, expiry: bytes, serial: bytes, key: PrivateKey, static: bytes
) -> Certificate:
    """Make a card's certificate (tag 9F46) over its key and its static data."""
    if isinstance(issuer, Sm2Private) and isinstance(key, Sm2Private):
        head = b"\x14" + bcd(pan, 10) + expiry + serial + b"\x04\x00\x11\x40"
        return Certificate(body=_sm2_signed(issuer, head + key.public, static))
    if isinstance(issuer, RsaPrivate) and isinstance(key, RsaPrivate):
        return _rsa_certificate(issuer, b"\x04" + bcd(pan, 10) + expiry + serial, key, static)
    msg = "issuer and card must be of one kind"
    raise TypeError(msg)


def sign_static(issuer: PrivateKey, code: bytes, static: bytes) -> bytes:
    """Make the static signature (tag 93) with a data authentication code of 2 bytes."""
    if isinstance(issuer, Sm2Private):
        return _sm2_signed(issuer, b"\x13" + code, static)
    body = (b"\x03\x01" + code).ljust(issuer.size - 22, b"\xbb")
    return sign_block(issuer, body, static)


# --- the authority


@frozen(kw_only=True)
class TestAuthority:
    """A root for test cards, one key of one kind."""

    __test__ = False  # pytest: this is no test class

    rid: bytes
    index: int
    key: PrivateKey
    expires: date

    @classmethod
    def rsa(
        cls, chance: Chance, *, rid: bytes, index: int, expires: date, bits: int = 1408
    ) -> TestAuthority:
        """Make an RSA root of 1024 to 1984 bits."""
        return cls(rid=rid, index=index, key=rsa_private(chance, bits), expires=expires)

    @classmethod
    def sm2(cls, chance: Chance, *, rid: bytes, index: int, expires: date) -> TestAuthority:
        """Make an SM2 root."""
        return cls(rid=rid, index=index, key=sm2_private(chance), expires=expires)

    def public(self, today: date) -> capk.CaKey:
        """Return the root as a terminal loads it, checksum and all.

        Raises:
            KeyRefused: it has expired.
        """
        key = self.key
        if isinstance(key, Sm2Private):
            return capk.sm2_key(
                rid=self.rid, index=self.index, point=key.public, expires=self.expires, today=today
            )
        modulus, exponent = key.modulus.to_bytes(key.size, "big"), _exponent(key)
        return capk.rsa_key(
            rid=self.rid,
            index=self.index,
            modulus=modulus,
            exponent=exponent,
            check=capk.checksum(self.rid, self.index, modulus, exponent),
            expires=self.expires,
            today=today,
        )
