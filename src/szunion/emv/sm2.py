"""Know SM2 signatures over plain integers: verify anywhere, sign for test cards only.

SM2 国密椭圆曲线签名 is not in ``cryptography``, so points are computed here: Jacobian
coordinates, a comb for the base point, a windowed form for the key. `verify` takes public data
only and may run anywhere. `sign` is **not constant in time**: it makes certificates of test
authorities and answers of simulated cards, never a bank's signature.

Spec: GB/T 32918.2 and .5; JR/T 0025.17, 8.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from attrs import field, frozen

from szunion.emv import crypto
from szunion.emv.errors import KeyRefused

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

#: the signer's name that PBOC fixes, 16 characters
CARD_ID: Final = b"1234567812345678"

_Affine = tuple[int, int]
_Jacobian = tuple[int, int, int]
_INFINITY: Final[_Jacobian] = (1, 1, 0)
_COMB_BITS: Final = 8
_HALF: Final = 2 ** (_COMB_BITS - 1)
_WINDOW: Final = 5


def _refused(reason: str, zh: str, en: str) -> KeyRefused:
    return KeyRefused("KEY", reason=reason, zh=zh, en=en)


def on_curve(x: int, y: int) -> bool:
    """Tell whether (x, y) is a point of the curve; the point at infinity (0, 0) is not."""
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x + A) * x - B) % P == 0


@frozen
class PublicKey:
    """A point of the curve: checked at birth, so that no other key exists.

    Raises:
        KeyRefused: the point is not on the curve.
    """

    x: int
    y: int

    def __attrs_post_init__(self) -> None:
        if not on_curve(self.x, self.y):
            raise _refused("SM2_POINT", "不是 SM2 曲线上的点", "it is not a point of the SM2 curve")

    @classmethod
    def decode(cls, raw: bytes) -> PublicKey:
        """Read X||Y, 64 bytes.

        Raises:
            KeyRefused: another length, or no point of the curve.
        """
        if len(raw) != 64:
            raise _refused("SM2_LENGTH", "SM2 公钥应为 64 字节", "an SM2 public key has 64 bytes")
        return cls(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))

    def encode(self) -> bytes:
        """Return X||Y, 64 bytes."""
        return self.x.to_bytes(32, "big") + self.y.to_bytes(32, "big")


@frozen
class PrivateKey:
    """A signing key of a test authority or a simulated card. It does not print.

    Raises:
        KeyRefused: not within 1 to n-2.
    """

    d: int = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.d <= N - 2:
            raise _refused("SM2_SCALAR", "SM2 私钥超出范围", "the SM2 private key is out of range")

    @property
    def public(self) -> PublicKey:
        """Return the public half."""
        return PublicKey(*_affine(_base_times(self.d)))


# --- points ------------------------------------------------------------------------------------


def _doubled(point: _Jacobian, times: int = 1) -> _Jacobian:
    """Double a point several times: most of a verification's time is spent here."""
    x, y, z = point
    for _ in range(times):
        square = z * z % P
        slope = 3 * (x - square) * (x + square) % P  # a = -3
        twice = 2 * y * y % P
        beta = 2 * x * twice % P
        x = (slope * slope - 2 * beta) % P
        z = 2 * y * z % P
        y = (slope * (beta - x) - 2 * twice * twice) % P
    return x, y, z


def _add_affine(point: _Jacobian, other: _Affine) -> _Jacobian:
    x1, y1, z1 = point
    x2, y2 = other
    if not z1:
        return x2, y2, 1
    square = z1 * z1 % P
    h = (x2 * square - x1) % P
    r = (y2 * square * z1 - y1) % P
    if not h:
        return _INFINITY if r else _doubled(point)
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P


def _affine(point: _Jacobian) -> _Affine:
    x, y, z = point
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P


def _all_affine(points: list[_Jacobian]) -> list[_Affine]:
    """Bring many points down with one inversion."""
    products = [1]
    for _, _, z in points:
        products.append(products[-1] * z % P)
    inverse = pow(products.pop(), -1, P)
    out: list[_Affine] = []
    for (x, y, z), before in zip(reversed(points), reversed(products), strict=True):
        own = inverse * before % P
        inverse = inverse * z % P
        square = own * own % P
        out.append((x * square % P, y * square * own % P))
    out.reverse()
    return out


Table = tuple[tuple[_Affine, ...], ...]


def _comb(point: _Affine) -> Table:
    """Return for every group of eight bits its multiples: 32 rows of 128 points, and one to carry.

    A group counts from -127 to 128, so half of its multiples do, and the rest are their negatives.
    """
    rows: list[_Jacobian] = []
    base: _Affine = point
    for _ in range(0, 256, _COMB_BITS):
        multiple: _Jacobian = (*base, 1)
        multiples = [multiple]
        for _ in range(_HALF - 1):
            multiple = _add_affine(multiple, base)
            multiples.append(multiple)
        rows += multiples
        base = _affine(_doubled(multiple))
    flat = [*_all_affine(rows), base]
    return tuple(tuple(flat[i : i + _HALF]) for i in range(0, len(flat), _HALF))


@cache
def _base_table() -> Table:
    return _comb((GX, GY))


def _comb_times(table: Table, scalar: int, start: _Jacobian = _INFINITY) -> _Jacobian:
    point = start
    for row in table:
        digit = scalar & (2 * _HALF - 1)
        scalar >>= _COMB_BITS
        if digit > _HALF:
            x, y = row[2 * _HALF - 1 - digit]
            point = _add_affine(point, (x, P - y))
            scalar += 1
        elif digit:
            point = _add_affine(point, row[digit - 1])
    return point


def _base_times(scalar: int) -> _Jacobian:
    return _comb_times(_base_table(), scalar)


def _signed_digits(scalar: int) -> list[tuple[int, int]]:
    """Return (odd digit within ±15, doublings below it), lowest first."""
    out: list[tuple[int, int]] = []
    full, half = 2**_WINDOW, 2 ** (_WINDOW - 1)
    run = 0
    while scalar:
        zeros = (scalar & -scalar).bit_length() - 1
        scalar >>= zeros
        digit = scalar & (full - 1)
        if digit >= half:
            digit -= full
        out.append((digit, run + zeros))
        scalar = (scalar - digit) >> _WINDOW
        run = _WINDOW
    return out


def _times(point: _Affine, scalar: int) -> _Jacobian:
    """Multiply a point of which nothing is known beforehand."""
    twice = _affine(_doubled((*point, 1)))
    multiple: _Jacobian = (*point, 1)
    odd = [multiple]
    for _ in range(2 ** (_WINDOW - 2) - 1):
        multiple = _add_affine(multiple, twice)
        odd.append(multiple)
    table = _all_affine(odd)
    result = _INFINITY
    for digit, doublings in reversed(_signed_digits(scalar)):
        if digit > 0:
            result = _add_affine(result, table[digit >> 1])
        else:
            x, y = table[-digit >> 1]
            result = _add_affine(result, (x, P - y))
        result = _doubled(result, doublings)
    return result


def multiply(key: PublicKey, scalar: int) -> PublicKey:
    """Return *scalar* times a point, for a scalar that is no multiple of n.

    Raises:
        KeyRefused: the product is the point at infinity.
    """
    point = _times((key.x, key.y), scalar % N)
    if not point[2]:
        raise _refused("SM2_POINT", "不是 SM2 曲线上的点", "it is not a point of the SM2 curve")
    return PublicKey(*_affine(point))


@frozen
class PreparedKey:
    """A public key with a table of its multiples: four times faster to verify with.

    Worth its 800 kB for keys used often, such as a scheme's root.
    """

    key: PublicKey
    table: Table = field(repr=False, eq=False)


def prepare(key: PublicKey) -> PreparedKey:
    """Compute the table of *key* (some tens of milliseconds, once)."""
    return PreparedKey(key, _comb((key.x, key.y)))


# --- signatures --------------------------------------------------------------------------------


def identity_digest(key: PublicKey, user_id: bytes = CARD_ID) -> bytes:
    """Return ZA, 32 bytes: the digest of the signer's name, the curve and the key."""
    parts = (A, B, GX, GY, key.x, key.y)
    entl = (8 * len(user_id)).to_bytes(2, "big")
    return crypto.sm3(entl + user_id + b"".join(v.to_bytes(32, "big") for v in parts))


def message_digest(key: PublicKey, message: bytes, user_id: bytes = CARD_ID) -> bytes:
    """Return e = SM3(ZA || message), 32 bytes."""
    return crypto.sm3(identity_digest(key, user_id) + message)


def verify(
    key: PublicKey | PreparedKey, message: bytes, signature: bytes, user_id: bytes = CARD_ID
) -> bool:
    """Tell whether *signature* (r||s, exactly 64 bytes) is *key*'s over *message*.

    Spec: GB/T 32918.2, 7.1.
    """
    if len(signature) != 64:
        return False
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N and t):
        return False
    public = key if isinstance(key, PublicKey) else key.key
    if isinstance(key, PreparedKey):
        point = _comb_times(key.table, t)
    else:
        point = _times((public.x, public.y), t)
    point = _comb_times(_base_table(), s, point)
    if not point[2]:
        return False
    e = int.from_bytes(message_digest(public, message, user_id), "big")
    return (e + _affine(point)[0]) % N == r


def sign_with_nonce(key: PrivateKey, digest: int, nonce: int) -> bytes | None:
    """Return r||s for one nonce, or ``None`` where the standard asks for another nonce."""
    r = (digest + _affine(_base_times(nonce))[0]) % N
    if not r or r + nonce == N:
        return None
    s = pow(1 + key.d, -1, N) * (nonce - r * key.d) % N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") if s else None


def sign(key: PrivateKey, message: bytes, user_id: bytes = CARD_ID) -> bytes:
    """Sign for a test card: r||s, 64 bytes, the same for the same key and message.

    The nonce comes from HMAC-SM3 over key and digest in the manner of RFC 6979, so no
    randomness is needed and no nonce serves two messages.
    """
    e = message_digest(key.public, message, user_id)
    number = int.from_bytes(e, "big")
    signatures = (sign_with_nonce(key, number, nonce) for nonce in _nonces(key, e))
    return next(signature for signature in signatures if signature)


def _nonces(key: PrivateKey, digest: bytes) -> Iterator[int]:
    """Yield the candidates of RFC 6979, 3.2, with HMAC-SM3."""
    seed = key.d.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    k, v = bytes(32), b"\x01" * 32
    for mark in (b"\x00", b"\x01"):
        k = crypto.hmac_sm3(k, v + mark + seed)
        v = crypto.hmac_sm3(k, v)
    while True:  # each candidate fits with a probability of 1 - 2**-32
        v = crypto.hmac_sm3(k, v)
        candidate = int.from_bytes(v, "big")
        if 0 < candidate < N:
            yield candidate
        k = crypto.hmac_sm3(k, v + b"\x00")
        v = crypto.hmac_sm3(k, v)
