"""Know RSA as card certificates use it: recovery with a public key, moduli not to be trusted.

Cards sign with message recovery (ISO/IEC 9796-2, 6A .. BC), which no library offers, so the public
operation is plain ``pow``. Every modulus is looked at before it is used: size, evenness, small
factors, squares, and the fingerprint of ROCA keys.

Spec: EMV book 2, A2.1; Nemec and others, "The Return of Coppersmith's Attack", 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import gcd, isqrt
from typing import Final

from attrs import frozen

from szunion.emv.reasons import Reason

EXPONENTS: Final = frozenset({3, 65537})
#: EMV's longest key
LONGEST_BITS: Final = 1984
#: no factor below this
_SMALL: Final = 1 << 16
#: the primes of the smallest ROCA family; bigger keys of the family show the same print
_PRINT_PRIMES: Final = 39


@frozen
class RsaKey:
    """A public key. Its ``repr`` shows the size only."""

    modulus: int
    exponent: int

    @property
    def size(self) -> int:
        """Return the modulus length in bytes."""
        return (self.modulus.bit_length() + 7) // 8

    def __repr__(self) -> str:
        return f"RsaKey(<{self.modulus.bit_length()} bits>, e={self.exponent})"


def recover(key: RsaKey, signature: bytes) -> bytes | None:
    """Return the signed block, as long as the modulus; None if the length or value is wrong."""
    number, size = int.from_bytes(signature, "big"), key.size
    if len(signature) != size or number >= key.modulus:
        return None
    return pow(number, key.exponent, key.modulus).to_bytes(size, "big")


def weaknesses(modulus: bytes, exponent: int, least_bits: int) -> tuple[Reason, ...]:
    """Return every reason not to trust a public key; none if it may be used.

    Args:
        modulus: its bytes as they came, whose first bit must be 1.
        exponent: 3 or 65537.
        least_bits: how short a modulus may be, in bits.
    """
    number = int.from_bytes(modulus, "big")
    if number < 2:
        return (Reason.KEY_MALFORMED,)
    checks = (
        (exponent not in EXPONENTS, Reason.EXPONENT_NOT_ALLOWED),
        (number.bit_length() < least_bits, Reason.MODULUS_TOO_SHORT),
        (number.bit_length() > LONGEST_BITS, Reason.MODULUS_TOO_LONG),
        (number.bit_length() != 8 * len(modulus), Reason.MODULUS_NOT_WHOLE),
        (number % 2 == 0, Reason.MODULUS_EVEN),
        (gcd(number, _small_primes_product() % number) != 1, Reason.MODULUS_SMALL_FACTOR),
        (isqrt(number) ** 2 == number, Reason.MODULUS_SQUARE),
        (has_roca_print(number), Reason.MODULUS_ROCA),
    )
    return tuple(reason for found, reason in checks if found)


def small_primes(below: int) -> list[int]:
    """Return the odd primes below a bound."""
    sieve = bytearray([1]) * below
    for number in range(3, isqrt(below) + 1, 2):
        if sieve[number]:
            sieve[number * number :: 2 * number] = bytes(
                len(range(number * number, below, 2 * number))
            )
    return [number for number in range(3, below, 2) if sieve[number]]


@cache
def _small_primes_product() -> int:
    factors = small_primes(_SMALL)
    while len(factors) > 1:
        if len(factors) % 2:
            factors.append(1)
        pairs = zip(factors[::2], factors[1::2], strict=True)
        factors = [left * right for left, right in pairs]
    return factors[0]


# --- ROCA: primes are k * M + (65537 ** a mod M), so the modulus is a power of 65537 mod M


@cache
def _logarithms() -> tuple[tuple[int, dict[int, int], int], ...]:
    """Return for each prime: the prime, the powers of 65537 with their logarithms, the order."""
    out = []
    for prime in [2, *small_primes(200)][:_PRINT_PRIMES]:
        powers = dict(_powers(65537 % prime, prime))
        out.append((prime, powers, len(powers)))
    return tuple(out)


def _powers(base: int, prime: int) -> Iterator[tuple[int, int]]:
    value, exponent = 1, 0
    while True:
        yield value, exponent
        value, exponent = value * base % prime, exponent + 1
        if value == 1:
            return


def has_roca_print(modulus: int) -> bool:
    """Tell whether *modulus* looks like a key of CVE-2017-15361.

    It does if one logarithm to the base 65537 fits modulo all the first 39 primes at once; a good
    key has a chance of about 2^-154 to look so.
    """
    exponent, period = 0, 1
    for prime, powers, order in _logarithms():
        logarithm = powers.get(modulus % prime)
        if logarithm is None:
            return False
        common = gcd(period, order)
        if (logarithm - exponent) % common:
            return False
        step = (logarithm - exponent) // common * pow(period // common, -1, order // common)
        exponent += period * (step % (order // common))
        period = period // common * order
    return True
