"""Know how a signature is checked by the form of its key: Ed25519 (32 bytes) or SM2 (65)."""

from __future__ import annotations

from typing import Final

from szunion.adapters.keys.file import signed_by
from szunion.emv import sm2
from szunion.emv.errors import EmvError

_SM2_KEY: Final = 65
_UNCOMPRESSED: Final = b"\x04"


def signature_holds(public: bytes, signature: bytes, data: bytes) -> bool:
    """Return whether *signature* over *data* was made with the key of *public*.

    Args:
        public: 32 bytes: Ed25519. 65 bytes that begin with 04: SM2 with SM3 (国密).
        signature: What is checked.
        data: What was signed.
    """
    if len(public) != _SM2_KEY or not public.startswith(_UNCOMPRESSED):
        return signed_by(public, signature, data)
    try:
        return sm2.verify(sm2.PublicKey.decode(public[1:]), data, signature)
    except EmvError:
        return False
