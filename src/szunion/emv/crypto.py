"""Know the symmetric cryptography of cards: 3DES and SM4 blocks, MACs, digests, card keys.

The only module of the card layer that touches ``cryptography``, and it does so inside functions:
``import szunion.emv`` stays light, and the day ``TripleDES`` leaves the library costs one file.

Names: 3DES (TDES) and SM4 国密分组密码, SM3 国密杂凑, MAC 报文鉴别码, master key 主密钥,
session key 过程密钥. Keys and results are ``bytes``; nothing here keeps them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from enum import Enum, unique
from functools import cache
from typing import Final, NamedTuple, Protocol, TypeAlias

from attrs import field, frozen

from szunion.emv.errors import BadField, KeyRefused


@unique
class Algorithm(Enum):
    """A block cipher, by the number that PBOC gives it in 9F10.  Spec: JR/T 0025.17, 5."""

    TDES = 1
    SM4 = 4

    __hash__ = object.__hash__  # a member is one object; Enum's own is a call in Python

    @property
    def block(self) -> int:
        """Return the block size in bytes: 8 for 3DES, 16 for SM4."""
        return 8 if self is Algorithm.TDES else 16


@unique
class Padding(Enum):
    """How the last block is filled: ISO/IEC 9797-1 method 1 (zeros) or 2 (80 00..)."""

    METHOD_1 = 1
    METHOD_2 = 2


@unique
class Sm4Mac(Enum):
    """How 16 bytes of SM4 CBC-MAC become a cryptogram: the parts of the standard disagree.

    ``LEFTMOST`` is part 17, 6.1 (the default); ``FOLDED`` (left half xor right half) is part 7,
    11.1.2.2.
    """

    LEFTMOST = "part 17"
    FOLDED = "part 7"


class _Encryptor(Protocol):
    def update(self, data: bytes, /) -> bytes: ...


class _Cipher(Protocol):
    def encryptor(self) -> _Encryptor: ...
    def decryptor(self) -> _Encryptor: ...


class _Library(NamedTuple):
    """What we use of ``cryptography``, looked up once."""

    ecb: Callable[[Algorithm, bytes], _Cipher]
    cbc: Callable[[Algorithm, bytes], _Cipher]
    sm3: Callable[[bytes], bytes]
    hmac_sm3: Callable[[bytes, bytes], bytes]


_ZERO_6: Final = bytes(6)
_ZERO_8: Final = bytes(8)
_ZERO_16: Final = bytes(16)
#: The members that every job asks for: Python 3.11 takes 0.1 to 0.2 us to find one in its class.
_TDES: Final = Algorithm.TDES
_SM4: Final = Algorithm.SM4
_METHOD_2: Final = Padding.METHOD_2
_LEFTMOST: Final = Sm4Mac.LEFTMOST

#: every byte with its lowest bit set so that the number of ones is odd
_ODD: Final = bytes(b & 0xFE | (b >> 1).bit_count() % 2 ^ 1 for b in range(256))
#: every byte with its bits turned over
_TURNED: Final = bytes(range(255, -1, -1))


@cache
def _library() -> _Library:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.algorithms import SM4  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SM3, Hash  # noqa: PLC0415
    from cryptography.hazmat.primitives.hmac import HMAC  # noqa: PLC0415

    electronic_codebook = ECB()  # noqa: S305 - the card schemes define single blocks in ECB
    zero_8, zero_16 = CBC(_ZERO_8), CBC(_ZERO_16)

    def ecb(algorithm: Algorithm, key: bytes) -> _Cipher:
        if algorithm is _TDES:
            return Cipher(TripleDES(_expanded(key)), electronic_codebook)
        return Cipher(SM4(_sm4_key(key)), electronic_codebook)

    def cbc(algorithm: Algorithm, key: bytes) -> _Cipher:
        if algorithm is _TDES:
            return Cipher(TripleDES(_expanded(key)), zero_8)
        return Cipher(SM4(_sm4_key(key)), zero_16)

    def digest(data: bytes) -> bytes:
        running = Hash(SM3())
        running.update(data)
        return running.finalize()

    def keyed_digest(key: bytes, data: bytes) -> bytes:
        running = HMAC(key, SM3())
        running.update(data)
        return running.finalize()

    return _Library(ecb=ecb, cbc=cbc, sm3=digest, hmac_sm3=keyed_digest)


def _wrong_length(key: bytes, expected: str) -> KeyRefused:
    return KeyRefused(
        "KEY",
        reason="KEY_LENGTH",
        zh=f"长度应为 {expected} 字节，实为 {len(key)} 字节",
        en=f"it must have {expected} bytes, it has {len(key)}",
    )


def _expanded(key: bytes) -> bytes:
    """Return *key* as the 24 bytes that the library wants: K1 K2 K1, or K K K for single DES."""
    size = len(key)
    if size == 16:
        return key + key[:8]
    if size == 8:
        return key * 3
    if size != 24:
        raise _wrong_length(key, "8, 16, 24")
    return key


def _sm4_key(key: bytes) -> bytes:
    if len(key) != 16:
        raise _wrong_length(key, "16")
    return key


def _whole(algorithm: Algorithm, data: bytes) -> bytes:
    if len(data) % (8 if algorithm is _TDES else 16):
        raise BadField("FIELD-LENGTH", name="data", want=f"n x {algorithm.block}", got=len(data))
    return data


@frozen
class PreparedKey:
    """A key set up once for many single blocks, such as an issuer's. It does not print."""

    algorithm: Algorithm
    _update: Callable[[bytes], bytes] = field(repr=False, eq=False)

    def encrypt(self, data: bytes) -> bytes:
        """Encipher whole blocks in ECB, as `encrypt` does.

        Raises:
            BadField: *data* is not a whole number of blocks.
        """
        return self._update(_whole(self.algorithm, data))


def prepare(algorithm: Algorithm, key: bytes) -> PreparedKey:
    """Set up *key* for `PreparedKey.encrypt`; ECB keeps nothing from one call to the next.

    Raises:
        KeyRefused: the key has a wrong length.
    """
    return PreparedKey(algorithm, _library().ecb(algorithm, key).encryptor().update)


def encrypt(algorithm: Algorithm, key: bytes, data: bytes) -> bytes:
    """Encipher whole blocks in ECB.

    Raises:
        KeyRefused: the key has a wrong length.
        BadField: *data* is not a whole number of blocks.

    >>> encrypt(Algorithm.SM4, bytes(16), bytes(16)).hex()[:8]
    '9f1f7bff'
    """
    return _library().ecb(algorithm, key).encryptor().update(_whole(algorithm, data))


def decrypt(algorithm: Algorithm, key: bytes, data: bytes) -> bytes:
    """Decipher whole blocks in ECB; the inverse of `encrypt`, with the same errors."""
    return _library().ecb(algorithm, key).decryptor().update(_whole(algorithm, data))


def encrypt_cbc(algorithm: Algorithm, key: bytes, data: bytes) -> bytes:
    """Encipher whole blocks in CBC with a zero vector; the same errors as `encrypt`."""
    return _library().cbc(algorithm, key).encryptor().update(_whole(algorithm, data))


def decrypt_cbc(algorithm: Algorithm, key: bytes, data: bytes) -> bytes:
    """Decipher whole blocks in CBC with a zero vector; the same errors as `encrypt`."""
    return _library().cbc(algorithm, key).decryptor().update(_whole(algorithm, data))


def pad(data: bytes, block: int, method: Padding = Padding.METHOD_2) -> bytes:
    """Return *data* filled to whole blocks.  Spec: ISO/IEC 9797-1, 6.3.

    Method 2 always adds at least the byte 80, so data that fill the last block get one more.
    Method 1 adds zeros only where they are needed (and one block for empty data).

    >>> pad(bytes.fromhex("46"), 8).hex(), pad(bytes(8), 8).hex()
    ('4680000000000000', '00000000000000008000000000000000')
    """
    if method is _METHOD_2:
        return data + b"\x80" + bytes(-(len(data) + 1) % block)
    return data + bytes(-len(data) % block) if data else bytes(block)


def unpad(data: bytes) -> bytes:
    """Take 80 00.. off the end.

    Raises:
        BadField: there is no such padding.
    """
    body = data.rstrip(b"\x00")
    if body[-1:] != b"\x80":
        raise BadField("FIELD-CONTENT", name="padding", why="80 00..")
    return body[:-1]


def odd_parity(key: bytes) -> bytes:
    """Return *key* with every byte's lowest bit set to make its number of ones odd."""
    return key.translate(_ODD)


def complement(data: bytes) -> bytes:
    """Return *data* with every bit turned over."""
    return data.translate(_TURNED)


def xor(left: bytes, right: bytes) -> bytes:
    """Return the bitwise exclusive or of two strings of one length.

    Raises:
        BadField: the lengths differ.
    """
    if len(left) != len(right):
        raise BadField("FIELD-LENGTH", name="xor", want=len(left), got=len(right))
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(len(left))


def same(left: bytes, right: bytes) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(left, right)


# --- message authentication ------------------------------------------------------------------


Encipher: TypeAlias = Callable[[bytes], bytes]


def retail_mac(key: bytes, data: bytes, padding: Padding = Padding.METHOD_2) -> bytes:
    """Return the 8-byte MAC of ISO/IEC 9797-1 algorithm 3: single DES, last block 3DES.

    *key* is 16 bytes. The book's figure D.3 prints the wrong half of the key in the last step;
    it is K1 again.  Spec: JR/T 0025.5, D.2; JR/T 0025.7, 11.1.

    Raises:
        KeyRefused: the key is not 16 bytes.
    """
    return _retail_mac(key, data, padding)[0]


def _retail_mac(key: bytes, data: bytes, padding: Padding) -> tuple[bytes, Encipher]:
    if len(key) != 16:
        raise _wrong_length(key, "16")
    filled = pad(data, 8, padding)
    library = _library()
    chain = _ZERO_8
    if len(filled) > 8:
        chain = library.cbc(_TDES, key[:8]).encryptor().update(filled[:-8])[-8:]
    encipher = library.ecb(_TDES, key).encryptor().update
    return encipher(xor(chain, filled[-8:])), encipher


def sm4_mac(key: bytes, data: bytes, form: Sm4Mac = Sm4Mac.LEFTMOST) -> bytes:
    """Return 8 bytes of the SM4 CBC-MAC, 80-padding to 16 always.  Spec: JR/T 0025.17, 6.1."""
    return _sm4_mac(key, data, form)[0]


def _sm4_mac(key: bytes, data: bytes, form: Sm4Mac) -> tuple[bytes, Encipher]:
    chain = _library().cbc(_SM4, key).encryptor().update
    whole = chain(pad(data, 16))[-16:]
    mac = whole[:8] if form is _LEFTMOST else xor(whole[:8], whole[8:])
    return mac, lambda block: chain(xor(whole, block))  # the chain would add what came before


def mac_and_more(
    algorithm: Algorithm,
    key: bytes,
    data: bytes,
    padding: Padding = Padding.METHOD_2,
    sm4_form: Sm4Mac = Sm4Mac.LEFTMOST,
) -> tuple[bytes, Encipher]:
    """Return the MAC of *data*, and what enciphers one block more under *key*, as `encrypt` does.

    To set a key up takes ten times as long as to encipher a block with it, and an issuer answers
    under the key with which it checks. What is returned is used once.

    Raises:
        KeyRefused: the key is not 16 bytes.
    """
    if algorithm is _TDES:
        return _retail_mac(key, data, padding)
    return _sm4_mac(key, data, sm4_form)


def card_mac(
    algorithm: Algorithm, key: bytes, data: bytes, sm4_form: Sm4Mac = Sm4Mac.LEFTMOST
) -> bytes:
    """Return the 8-byte MAC that a PBOC card makes: `retail_mac` or `sm4_mac`, 80-padding."""
    if algorithm is _TDES:
        return retail_mac(key, data)
    return sm4_mac(key, data, sm4_form)


def des_mac(key: bytes, data: bytes) -> bytes:
    """Return the 8-byte DES CBC-MAC of the electronic purse (电子钱包), 80-padding.

    With an 8-byte key every step is single DES, with 16 bytes every step is 3DES.  Spec: the
    purse parts of PBOC (withdrawn in 2013; transit cards still use them), MAC1, MAC2 and TAC.
    """
    return encrypt_cbc(Algorithm.TDES, key, pad(data, 8))[-8:]


def check_value(algorithm: Algorithm, key: bytes) -> bytes:
    """Return the 3-byte check value (校验值) of *key*: the head of zeros enciphered."""
    return encrypt(algorithm, key, bytes(algorithm.block))[:3]


# --- digests -----------------------------------------------------------------------------------


def sm3(data: bytes) -> bytes:
    """Return the 32-byte SM3 digest.  Spec: GB/T 32905."""
    return _library().sm3(data)


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """Return the 32-byte HMAC-SM3."""
    return _library().hmac_sm3(key, data)


_SHA1: Final = hashlib.sha1(usedforsecurity=False)


def sha1(data: bytes) -> bytes:
    """Return the 20-byte SHA-1 digest: the hash of RSA card certificates, and of nothing else."""
    made = _SHA1.copy()  # half of what a new one costs
    made.update(data)
    return made.digest()


# --- card keys -----------------------------------------------------------------------------------


@unique
class MasterKeyOption(Enum):
    """How a card's master key grows from the issuer's.  Spec: EMV book 2, A1.4.

    PBOC knows only ``A``; ``B`` (for numbers longer than 16 digits) is other schemes'.
    """

    A = "A"
    B = "B"


_OPTION_A: Final = MasterKeyOption.A


def _number_block(option: MasterKeyOption, digits: str) -> bytes:
    """Return Y, 8 bytes, from the digits of PAN and sequence number."""
    if option is _OPTION_A or len(digits) <= 18:
        return bytes.fromhex(digits[-16:].rjust(16, "0"))
    digest = sha1(bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)).hex()
    chosen = [c for c in digest if c.isdecimal()]
    chosen += [str(ord(c) - ord("a")) for c in digest if not c.isdecimal()]
    return bytes.fromhex("".join(chosen[:16]))


def master_key(
    algorithm: Algorithm,
    issuer_key: bytes | PreparedKey,
    pan: str,
    psn: str | None,
    option: MasterKeyOption = MasterKeyOption.A,
) -> bytes:
    """Derive a card's 16-byte master key (子密钥) from the issuer's.

    Args:
        algorithm: 3DES (two blocks, odd parity) or SM4 (one block, no parity).
        issuer_key: the issuer master key, 16 bytes, or the same prepared.
        pan: 12 to 19 digits.
        psn: the two digits of 5F34; ``None`` where the card has none, counts as ``00``.
        option: ``A`` for PBOC, whatever the length of the number.

    Raises:
        KeyRefused: the issuer key has a wrong length.

    Spec: JR/T 0025.5, C; JR/T 0025.17, 6.
    """
    number = _number_block(option, pan + (psn or "00"))
    both = number + complement(number)
    if isinstance(issuer_key, PreparedKey):
        out = issuer_key.encrypt(both)
    else:
        out = encrypt(algorithm, issuer_key, both)
    return odd_parity(out) if algorithm is _TDES else out


@unique
class Sm4Session(Enum):
    """What SM4 enciphers to make a session key: the parts of the standard disagree.

    ``PART_17`` (the default) is 00x6 ATC 00x6 (ATC xor FFFF); ``PART_5`` (C.4) is 00x14 ATC.
    """

    PART_17 = "part 17"
    PART_5 = "part 5"


_PART_5: Final = Sm4Session.PART_5


def pboc_session_key(
    algorithm: Algorithm, key: bytes, atc: bytes, sm4_input: Sm4Session = Sm4Session.PART_17
) -> bytes:
    """Derive the 16-byte PBOC session key (过程密钥) for AC, MAC and ENC alike.

    The diversifier is the two-byte ATC (never the cryptogram): 00x6 ATC, 00x6 (ATC xor FFFF).
    This is neither EMV's common session key nor Visa's xor.  Spec: JR/T 0025.5, C; .17, 6.

    Raises:
        KeyRefused: the key has a wrong length.
    """
    if sm4_input is _PART_5 and algorithm is not _TDES:
        return encrypt(algorithm, key, bytes(14) + atc)
    out = encrypt(algorithm, key, _ZERO_6 + atc + _ZERO_6 + complement(atc))
    return odd_parity(out) if algorithm is _TDES else out


def emv_session_key(key: bytes, diversifier: bytes) -> bytes:
    """Derive EMV's common session key (CSK) from 8 bytes.  Spec: EMV book 2, A1.3.1.

    The *third* byte becomes F0 for the left half and 0F for the right one.
    """
    head, tail = diversifier[:2], diversifier[3:]
    return odd_parity(encrypt(Algorithm.TDES, key, head + b"\xf0" + tail + head + b"\x0f" + tail))


def visa_session_key(key: bytes, atc: bytes) -> bytes:
    """Return Visa's key of secure messaging: the halves xor 00x6 ATC and its complement.

    Spec: Visa Integrated Circuit Card Specification, appendix B.
    """
    return odd_parity(xor(key, bytes(6) + atc + bytes(6) + complement(atc)))


def tree_session_key(
    key: bytes, atc: bytes, *, height: int = 8, branch: int = 4, vector: bytes = _ZERO_16
) -> bytes:
    """Derive the session key of EMV 2000's tree, for comparison with old cards.

    Spec: EMV 4.1 book 2, A1.3 (withdrawn).
    """
    count = int.from_bytes(atc, "big")
    digits = [count // branch**level % branch for level in range(height)]

    def child(parent: bytes, grandparent: bytes, digit: int) -> bytes:
        left, right = grandparent[:7], grandparent[8:15]
        left += bytes((grandparent[7] ^ digit,))
        right += bytes((grandparent[15] ^ 0xF0 ^ digit,))
        return encrypt(Algorithm.TDES, parent, left + right)

    grandparent, parent = vector, key
    for digit in reversed(digits[1:]):
        grandparent, parent = parent, child(parent, grandparent, digit)
    leaf = child(parent, grandparent, digits[0])
    return odd_parity(xor(leaf, grandparent))
