"""Know small cards for tests, made without the personaliser."""

from __future__ import annotations

from szunion.emv.tlv import Node, build


def fci(aid: bytes, pdol: bytes | None = None, label: bytes = b"UNION") -> bytes:
    inside = [Node.of(0x50, label), Node.of(0x87, b"\x01")]
    if pdol is not None:
        inside.append(Node.of(0x9F38, pdol))
    log = [Node.of(0x9F4D, b"\x0b\x0a"), Node.of(0xDF4D, b"\x0c\x0a")]
    inside.append(Node.of(0xBF0C, log))
    return build([Node.of(0x6F, [Node.of(0x84, aid), Node.of(0xA5, inside)])])
