"""Know how the system's libcrypto signs and checks with SM2, and whether it may be trusted to.

``cryptography`` has no SM2, and integers in Python are no place for a bank's private key. So the
operating system's OpenSSL is used through ctypes, once it has answered the standard's known
question (GB/T 32918.5, annex A) and refused every altered one. Otherwise SM2 is refused, with a
code that names the remedy: an HSM or a key device behind
:class:`szunion.ports.keys.MessageSigner`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_ubyte, c_void_p
from functools import cache
from typing import Any, Final

from szunion.emv import sm2
from szunion.emv.errors import EmvError
from szunion.errors import KeysUnavailable

_HALF: Final = 32
_KEYPAIR: Final = 0x87
_PUBLIC: Final = 0x86
_LONGEST_DER: Final = 72

# GB/T 32918.5-2017, annex A: key, signer's id, message, signature.
_KNOWN_PRIVATE: Final = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
_KNOWN_PUBLIC: Final = (
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
_KNOWN_ID: Final = b"1234567812345678"
_KNOWN_MESSAGE: Final = b"message digest"
_KNOWN_SIGNATURE: Final = (
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)

#: What is used of libcrypto: arguments, result. All of it is public API since OpenSSL 3.0.
_FUNCTIONS: Final[dict[str, tuple[list[Any], Any]]] = {
    "EVP_PKEY_CTX_new_from_name": ([c_void_p, c_char_p, c_char_p], c_void_p),
    "EVP_PKEY_CTX_free": ([c_void_p], None),
    "EVP_PKEY_fromdata_init": ([c_void_p], c_int),
    "EVP_PKEY_fromdata": ([c_void_p, POINTER(c_void_p), c_int, c_void_p], c_int),
    "EVP_PKEY_free": ([c_void_p], None),
    "OSSL_PARAM_BLD_new": ([], c_void_p),
    "OSSL_PARAM_BLD_free": ([c_void_p], None),
    "OSSL_PARAM_BLD_push_utf8_string": ([c_void_p, c_char_p, c_char_p, c_size_t], c_int),
    "OSSL_PARAM_BLD_push_octet_string": ([c_void_p, c_char_p, c_char_p, c_size_t], c_int),
    "OSSL_PARAM_BLD_push_BN": ([c_void_p, c_char_p, c_void_p], c_int),
    "OSSL_PARAM_BLD_to_param": ([c_void_p], c_void_p),
    "OSSL_PARAM_free": ([c_void_p], None),
    "BN_bin2bn": ([c_char_p, c_int, c_void_p], c_void_p),
    "BN_clear_free": ([c_void_p], None),
    "EVP_MD_CTX_new": ([], c_void_p),
    "EVP_MD_CTX_free": ([c_void_p], None),
    "EVP_MD_CTX_set_pkey_ctx": ([c_void_p, c_void_p], None),
    "EVP_PKEY_CTX_new": ([c_void_p, c_void_p], c_void_p),
    "EVP_PKEY_CTX_set1_id": ([c_void_p, c_char_p, c_size_t], c_int),
    "EVP_sm3": ([], c_void_p),
    "EVP_DigestSignInit": ([c_void_p, c_void_p, c_void_p, c_void_p, c_void_p], c_int),
    "EVP_DigestSign": ([c_void_p, c_void_p, POINTER(c_size_t), c_char_p, c_size_t], c_int),
    "EVP_DigestVerifyInit": ([c_void_p, c_void_p, c_void_p, c_void_p, c_void_p], c_int),
    "EVP_DigestVerify": ([c_void_p, c_char_p, c_size_t, c_char_p, c_size_t], c_int),
    "ERR_clear_error": ([], None),
}


class _Failed(Exception):
    """A call of the library said no."""


class Sm2Library:
    """SM2 with SM3 in one libcrypto. Signatures are ``r‖s``, 64 bytes."""

    def __init__(self, name: str) -> None:
        """Load the library *name* and put the known question to it.

        Raises:
            KeysUnavailable: it is not there, is too old, has no SM2, or answers wrongly
                (E-KEYS-006).
        """
        try:
            self._lib = ctypes.CDLL(name)
            for function, (arguments, result) in _FUNCTIONS.items():
                one = getattr(self._lib, function)
                one.argtypes, one.restype = arguments, result
        except (OSError, AttributeError):
            raise KeysUnavailable("E-KEYS-006") from None
        if not self._answers_rightly():
            raise KeysUnavailable("E-KEYS-006")

    def is_key(self, public: bytes) -> bool:
        """Return whether *public* (``04‖X‖Y``) is a point of the curve."""
        try:
            sm2.PublicKey.decode(public[1:])
        except EmvError:
            return False
        return public[:1] == b"\x04"

    def is_pair(self, private: bytes, public: bytes) -> bool:
        """Return whether the two belong together."""
        try:
            signature = self.sign(private, public, b"pair", b"pair")
        except KeysUnavailable:
            return False
        return self.is_key(public) and self.verifies(public, b"pair", signature, b"pair")

    def sign(self, private: bytes, public: bytes, message: bytes, user: bytes) -> bytes:
        """Return a signature over *message* by *user*.

        Raises:
            KeysUnavailable: the library refuses the key (E-KEYS-006).
        """
        try:
            with self._key(public, private) as key, self._ready(key, user, "Sign") as context:
                size = c_size_t(_LONGEST_DER)
                buffer = (c_ubyte * _LONGEST_DER)()
                _done(self._lib.EVP_DigestSign(context, buffer, byref(size), message, len(message)))
                return _raw(bytes(buffer)[: size.value])
        except (_Failed, ValueError):
            self._lib.ERR_clear_error()
            raise KeysUnavailable("E-KEYS-006") from None

    def verifies(self, public: bytes, message: bytes, signature: bytes, user: bytes) -> bool:
        """Return whether *signature* over *message* is *user*'s."""
        if len(signature) != 2 * _HALF:
            return False
        der = _der(signature)
        try:
            with self._key(public, None) as key, self._ready(key, user, "Verify") as context:
                return bool(
                    self._lib.EVP_DigestVerify(context, der, len(der), message, len(message)) == 1
                )
        except _Failed:
            return False
        finally:
            self._lib.ERR_clear_error()

    # --- within -----------------------------------------------------------------------------

    @contextmanager
    def _key(self, public: bytes, private: bytes | None) -> Iterator[c_void_p]:
        lib = self._lib
        builder = lib.OSSL_PARAM_BLD_new()
        maker = lib.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
        number = lib.BN_bin2bn(private, len(private), None) if private else None
        parameters = None
        key = c_void_p()
        try:
            _done(maker and lib.EVP_PKEY_fromdata_init(maker))
            _done(lib.OSSL_PARAM_BLD_push_utf8_string(builder, b"group", b"SM2", 3))
            _done(lib.OSSL_PARAM_BLD_push_octet_string(builder, b"pub", public, len(public)))
            if number is not None:
                _done(lib.OSSL_PARAM_BLD_push_BN(builder, b"priv", number))
            parameters = lib.OSSL_PARAM_BLD_to_param(builder)
            kind = _PUBLIC if private is None else _KEYPAIR
            _done(lib.EVP_PKEY_fromdata(maker, byref(key), kind, parameters))
            yield key
        finally:
            lib.EVP_PKEY_free(key)
            lib.OSSL_PARAM_free(parameters)
            lib.OSSL_PARAM_BLD_free(builder)
            lib.BN_clear_free(number)
            lib.EVP_PKEY_CTX_free(maker)

    @contextmanager
    def _ready(self, key: c_void_p, user: bytes, what: str) -> Iterator[c_void_p]:
        lib = self._lib
        context = lib.EVP_MD_CTX_new()
        of_key = lib.EVP_PKEY_CTX_new(key, None)
        try:
            _done(of_key and lib.EVP_PKEY_CTX_set1_id(of_key, user, len(user)))
            lib.EVP_MD_CTX_set_pkey_ctx(context, of_key)
            start = getattr(lib, f"EVP_Digest{what}Init")
            _done(start(context, None, lib.EVP_sm3(), None, key))
            yield context
        finally:
            lib.EVP_MD_CTX_free(context)
            lib.EVP_PKEY_CTX_free(of_key)

    def _answers_rightly(self) -> bool:
        """Put the standard's example, and altered copies of it, to the library."""
        public, known = bytes.fromhex(_KNOWN_PUBLIC), bytes.fromhex(_KNOWN_SIGNATURE)
        if not self.verifies(public, _KNOWN_MESSAGE, known, _KNOWN_ID):
            return False
        wrong = [
            (_KNOWN_MESSAGE + b".", known, _KNOWN_ID),
            (_KNOWN_MESSAGE, known, _KNOWN_ID[:-1] + b"9"),
            (_KNOWN_MESSAGE, known[_HALF:] + known[:_HALF], _KNOWN_ID),
            (_KNOWN_MESSAGE, bytes(_HALF) + known[_HALF:], _KNOWN_ID),
            (_KNOWN_MESSAGE, known[:_HALF] + bytes(_HALF), _KNOWN_ID),
            (_KNOWN_MESSAGE, known[:-1] + bytes([known[-1] ^ 1]), _KNOWN_ID),
        ]
        if any(self.verifies(public, message, sign, user) for message, sign, user in wrong):
            return False
        try:
            fresh = self.sign(bytes.fromhex(_KNOWN_PRIVATE), public, _KNOWN_MESSAGE, _KNOWN_ID)
        except KeysUnavailable:
            return False
        # What it signs is checked by somebody else: over integers, with public data alone.
        key = sm2.PublicKey.decode(public[1:])
        return fresh != known and sm2.verify(key, _KNOWN_MESSAGE, fresh, _KNOWN_ID)


@cache
def system_library() -> Sm2Library:
    """Return the library of this machine, asked once.

    Raises:
        KeysUnavailable: there is none to be trusted (E-KEYS-006).
    """
    return Sm2Library(ctypes.util.find_library("crypto") or "libcrypto.so.3")


def _done(result: object) -> None:
    if result != 1:
        raise _Failed


def _der(raw: bytes) -> bytes:
    """Return ``SEQUENCE { r, s }`` of ``r‖s``."""
    numbers = b"".join(map(_integer, (raw[:_HALF], raw[_HALF:])))
    return bytes([0x30, len(numbers)]) + numbers


def _integer(big: bytes) -> bytes:
    number = int.from_bytes(big)
    body = number.to_bytes(number.bit_length() // 8 + 1)
    return bytes([0x02, len(body)]) + body


def _raw(der: bytes) -> bytes:
    """Return ``r‖s`` of the library's own ``SEQUENCE { r, s }``.

    Raises:
        ValueError: it is something else.
    """
    half = der[3]
    r, s = der[4 : 4 + half], der[6 + half :]
    if der[:1] != b"\x30" or len(der) != der[1] + 2 or len(s) != der[5 + half]:
        msg = "not a sequence of two numbers"
        raise ValueError(msg)
    return int.from_bytes(r).to_bytes(_HALF) + int.from_bytes(s).to_bytes(_HALF)
