"""Know SM2 public-key encryption: C1 || C3 || C2, for test data only.

SM2 公钥加密 is not part of card authentication; it is here because banks send keys and PINs under
it and simulators have to speak it. Like signing in `szunion.emv.sm2` it takes varying time.

Spec: GB/T 32918.4; GB/T 32918.5 for the curve.
"""

from __future__ import annotations

from szunion.emv import crypto, sm2
from szunion.emv.errors import KeyRefused
from szunion.emv.reasons import Reason, failed
from szunion.emv.sm2 import PrivateKey, PublicKey

_MOST = 1 << 16


def _stream(x: bytes, y: bytes, size: int) -> bytes:
    """Return *size* bytes of the key derivation function over SM3."""
    out = b"".join(
        crypto.sm3(x + y + counter.to_bytes(4, "big")) for counter in range(1, size // 32 + 2)
    )
    return out[:size]


def encrypt(key: PublicKey, message: bytes, nonce: int) -> bytes:
    """Encipher a message: 04 || C1 (64) || C3 (32) || C2.

    Args:
        key: the receiver's.
        message: 1 to 65,536 bytes.
        nonce: 1 to n-1, never used twice; the caller's randomness.

    Raises:
        AuthenticationFailed: the nonce or the length is out of range.
    """
    if not (0 < nonce < sm2.N and 0 < len(message) <= _MOST):
        raise failed(Reason.KEY_MALFORMED)
    first = sm2.multiply(sm2.PublicKey(sm2.GX, sm2.GY), nonce).encode()
    shared = sm2.multiply(key, nonce).encode()
    stream = _stream(shared[:32], shared[32:], len(message))
    digest = crypto.sm3(shared[:32] + message + shared[32:])
    return b"\x04" + first + digest + crypto.xor(message, stream)


def decrypt(key: PrivateKey, sealed: bytes) -> bytes:
    """Decipher what `encrypt` made.

    Raises:
        AuthenticationFailed: altered, too short, or C1 is no point of the curve. The same error
            for all, so that nothing is learned from it.
    """
    size = len(sealed) - 97
    if not 0 < size <= _MOST or sealed[0] != 4:
        raise failed(Reason.HASH_WRONG)
    try:
        point = PublicKey.decode(sealed[1:65])
    except KeyRefused as error:
        raise failed(Reason.HASH_WRONG) from error
    shared = sm2.multiply(point, key.d).encode()
    message = crypto.xor(sealed[97:], _stream(shared[:32], shared[32:], size))
    if not crypto.same(crypto.sm3(shared[:32] + message + shared[32:]), sealed[65:97]):
        raise failed(Reason.HASH_WRONG)
    return message
