"""Know a trace: what was sent to a card and what it answered, in order 交互记录.

A trace is text, either a transcript or one JSON object a line::

    # a comment
    >> 00B2020C00        # READ RECORD 2, SFI 1
    << 6C05

    {"c": "00B2020C00", "r": "6C05", "ms": 12.5}

A trace holds what the card said: keep it as carefully as the card, or ``redact`` it first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import evolve, field, frozen

from szunion.emv.apdu import Command, Response
from szunion.emv.errors import BadApdu, BadData, BadTlv, LimitExceeded
from szunion.emv.tags import Scheme, Secrecy, lookup
from szunion.emv.tlv import Node, build, parse

_HEX = re.compile(r"[0-9A-Fa-f]*", re.ASCII)
_MOST_EXCHANGES = 10_000
_LONGEST_LINE = 140_000
_HIDDEN = b"\xee"  # neither a digit nor a letter: what was there cannot be taken for data


@frozen
class Exchange:
    """One command and its answer.

    Args:
        command: What was sent.
        response: What came back.
        millis: How long it took, if it was measured.
        note: What the recorder wrote beside it.
    """

    command: Command
    response: Response
    millis: float | None = None
    note: str = field(default="", repr=False)


def read_trace(text: str) -> tuple[Exchange, ...]:
    """Read a transcript or JSON lines.

    Raises:
        BadData: A line cannot be understood; the error names it.
        LimitExceeded: Over 10,000 exchanges.
    """
    out: list[Exchange] = []
    asked: tuple[Command, str] | None = None
    for at, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if len(line) > _LONGEST_LINE:
            raise LimitExceeded("trace", _LONGEST_LINE)
        if line.startswith("{"):
            out.append(_from_json(line, at))
        elif line.startswith(">>"):
            if asked is not None:
                raise BadData("TRACE-FORM", line=at, why=">> >>")
            sent, note = _hex(line[2:], at)
            asked = _command(sent, at), note
        elif line.startswith("<<"):
            if asked is None:
                raise BadData("TRACE-FORM", line=at, why="<<")
            got, _ = _hex(line[2:], at)
            out.append(Exchange(asked[0], _response(got, at), note=asked[1]))
            asked = None
        elif line and not line.startswith("#"):
            raise BadData("TRACE-FORM", line=at, why=">> << # {")
        if len(out) > _MOST_EXCHANGES:
            raise LimitExceeded("trace", _MOST_EXCHANGES)
    return tuple(out)


def write_trace(trace: Iterable[Exchange]) -> str:
    """Write a trace as JSON lines. Nothing is hidden: see ``redact``."""
    lines = []
    for exchange in trace:
        row: dict[str, object] = {
            "c": exchange.command.encode().hex().upper(),
            "r": exchange.response.encode().hex().upper(),
        }
        if exchange.millis is not None:
            row["ms"] = exchange.millis
        if exchange.note:
            row["note"] = exchange.note
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


def redact(trace: Iterable[Exchange], scheme: Scheme = Scheme.PBOC) -> Iterator[Exchange]:
    """Yield the trace with every personal and unknown value overwritten by EE bytes.

    Structure, lengths, counters and status words stay, so that a stranger can help. Command
    data stay only where a command cannot carry anything personal.
    """
    for exchange in trace:
        command, response = exchange.command, exchange.response
        if (command.cla, command.ins) not in _OPEN_COMMANDS and command.data:
            command = evolve(command, data=_HIDDEN * len(command.data))
        if response.data and command.ins in _TLV_ANSWERS:
            response = evolve(response, data=_redacted(response.data, scheme))
        elif response.data:
            response = evolve(response, data=_HIDDEN * len(response.data))
        yield evolve(exchange, command=command, response=response, note="")


def is_redacted(value: bytes) -> bool:
    """Whether *value* is what `redact` leaves of a value."""
    return bool(value) and not value.strip(_HIDDEN)


#: SELECT, GET PROCESSING OPTIONS, GENERATE AC, EXTERNAL and INTERNAL AUTHENTICATE.
_OPEN_COMMANDS = {(0x00, 0xA4), (0x80, 0xA8), (0x80, 0xAE), (0x00, 0x82), (0x00, 0x88)}
#: SELECT, GET PROCESSING OPTIONS, GENERATE AC, GET DATA, READ RECORD, INTERNAL AUTHENTICATE, and
#: GET RESPONSE, which fetches what they left.
_TLV_ANSWERS = {0xA4, 0xA8, 0xAE, 0xCA, 0xB2, 0x88, 0xC0}


def _redacted(data: bytes, scheme: Scheme) -> bytes:
    try:
        nodes = parse(data)
    except BadTlv:
        return _HIDDEN * len(data)
    return build(_hide(node, scheme) for node in nodes) + nodes.tail


def _hide(node: Node, scheme: Scheme) -> Node:
    if node.children:
        hidden = build(_hide(child, scheme) for child in node.children) + node.children.tail
        return Node(node.tag, hidden, header=node.header)
    if lookup(node.tag, scheme).secrecy is Secrecy.OPEN:
        return node
    return Node(node.tag, _HIDDEN * len(node.value), header=node.header)


def _from_json(line: str, at: int) -> Exchange:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadData("TRACE-FORM", line=at, why="JSON") from error
    sent, got, millis, note = (row.get(key) for key in ("c", "r", "ms", "note"))
    if not (isinstance(sent, str) and isinstance(got, str)):
        raise BadData("TRACE-FORM", line=at, why="c, r")
    if not (millis is None or (isinstance(millis, int | float) and 0 <= millis < 1e9)):
        raise BadData("TRACE-FORM", line=at, why="ms")
    return Exchange(
        _command(_hex(sent, at)[0], at),
        _response(_hex(got, at)[0], at),
        None if millis is None else float(millis),
        note if isinstance(note, str) else "",
    )


def _hex(text: str, at: int) -> tuple[bytes, str]:
    """Return the bytes and the comment of one line."""
    digits, _, note = text.partition("#")
    digits = "".join(digits.split())
    if len(digits) % 2 or _HEX.fullmatch(digits) is None:
        raise BadData("TRACE-FORM", line=at, why="hex")
    return bytes.fromhex(digits), note.strip()


def _command(raw: bytes, at: int) -> Command:
    try:
        return Command.decode(raw)
    except BadApdu as error:
        raise BadData("TRACE-FORM", line=at, why="APDU") from error


def _response(raw: bytes, at: int) -> Response:
    try:
        return Response.decode(raw)
    except BadApdu as error:
        raise BadData("TRACE-FORM", line=at, why="APDU") from error
