"""Know what a card answers to GENERATE AC: the application cryptogram: 应用密文.

Spec: EMV book 3, 6.5.5; JR/T 0025.5, 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen

from szunion.emv import tlv
from szunion.emv.action import Ask
from szunion.emv.errors import BadTlv, CardFault

_NO_MORE_THAN: Mapping[Ask, tuple[Ask, ...]] = MappingProxyType(
    {Ask.AAC: (Ask.AAC,), Ask.ARQC: (Ask.AAC, Ask.ARQC), Ask.TC: (Ask.AAC, Ask.ARQC, Ask.TC)}
)


@frozen
class Cryptogram:
    """What GENERATE AC answered: 应用密文."""

    cid: int
    atc: bytes
    ac: bytes = field(repr=False)
    issuer_data: bytes = field(repr=False)
    raw: bytes = field(repr=False)
    signed: bool = False
    """The answer carries a signature (9F4B) over it."""

    @property
    def kind(self) -> Ask:
        """AAC, TC or ARQC.

        Raises:
            CardFault: the fourth kind, which does not exist.
        """
        try:
            return Ask(self.cid & 0xC0)
        except ValueError as error:
            raise CardFault(0x9000, "AC-ANSWER") from error

    def within(self, ask: Ask) -> bool:
        """Whether the card answered no more than it was asked for, as it must.

        Spec: EMV book 3, 9.3 (a TC stands above an ARQC, and that above an AAC).
        """
        return self.cid & 0xC0 in _NO_MORE_THAN[ask]

    @property
    def advice(self) -> bool:
        """Whether the card wants the issuer told."""
        return bool(self.cid & 0x08)


def read_cryptogram(raw: bytes) -> Cryptogram:
    """Read the answer to GENERATE AC, format 1 (80) or 2 (77).

    Raises:
        CardFault: it is neither, or without CID and ATC, or without AC and signature.
    """
    try:
        nodes = tlv.parse(raw)
    except BadTlv as error:
        raise CardFault(0x9000, "AC-ANSWER") from error
    outer = nodes[0] if len(nodes) == 1 else None
    if outer is not None and outer.tag == 0x80 and 11 <= len(outer.value) <= 43:
        body = outer.value
        found = Cryptogram(body[0], body[1:3], body[3:11], body[11:], raw)
    elif outer is not None and outer.tag == 0x77:
        inside = outer.children
        cid, atc = tlv.first(inside, 0x9F27) or b"", tlv.first(inside, 0x9F36) or b""
        ac = tlv.first(inside, 0x9F26)
        signed = tlv.first(inside, 0x9F4B) is not None
        whole = len(cid) == 1 and len(atc) == 2 and (signed or (ac is not None and len(ac) == 8))
        if not whole:
            raise CardFault(0x9000, "AC-ANSWER")
        issuer_data = tlv.first(inside, 0x9F10) or b""
        found = Cryptogram(cid[0], atc, ac or b"", issuer_data, raw, signed)
    else:
        raise CardFault(0x9000, "AC-ANSWER")
    return found
