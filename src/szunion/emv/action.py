"""Know what a terminal asks the card for, from everything it found out: 终端行为分析.

Spec: JR/T 0025.6, 7.9; EMV book 3, 10.7.
"""

from __future__ import annotations

from enum import IntEnum

from szunion.emv.fields import Tvr
from szunion.emv.reading import ApplicationData
from szunion.emv.terminal import Terminal

_NOTHING, _EVERYTHING = bytes(5), b"\xff" * 5

OFFLINE_DECLINED = b"Z1"
UNABLE_ONLINE_DECLINED = b"Z3"
OFFLINE_APPROVED = b"Y1"
UNABLE_ONLINE_APPROVED = b"Y3"


class Ask(IntEnum):
    """What GENERATE AC asks for, as the high bits of P1: 请求的密文类型."""

    AAC = 0x00
    TC = 0x40
    ARQC = 0x80


def _hit(tvr: Tvr, issuer: bytes | None, own: bytes, missing: bytes) -> bool:
    """Whether a bit of the TVR is set that issuer or terminal action code names."""
    code = issuer if issuer is not None and len(issuer) == 5 else missing
    return tvr.meets(code) or tvr.meets(own)


def analyse(data: ApplicationData, terminal: Terminal, tvr: Tvr) -> Ask:
    """Return what to ask the card for.

    A missing IAC-Denial is zeros, missing IAC-Online and IAC-Default are ones. The default codes
    are looked at only when the terminal can never go online; one that approves nothing by itself
    need not look at the online codes.
    """
    codes = terminal.action_codes
    if _hit(tvr, data.value(0x9F0E), codes.denial, _NOTHING):
        return Ask.AAC
    if not terminal.online:
        return Ask.AAC if default_hit(data, terminal, tvr) else Ask.TC
    if terminal.online_only or _hit(tvr, data.value(0x9F0F), codes.online, _EVERYTHING):
        return Ask.ARQC
    return Ask.TC


def default_hit(data: ApplicationData, terminal: Terminal, tvr: Tvr) -> bool:
    """Whether the default codes decline: asked only when the issuer cannot be reached."""
    return _hit(tvr, data.value(0x9F0D), terminal.action_codes.default, _EVERYTHING)
