"""Know how a terminal hands the issuer's scripts to the card: 发卡行脚本处理.

An issuer of PBOC sends one template 72 at most, of 128 bytes at most; more of them, and 71, are
treated by the rules of EMV.
A script comes from the issuer's answer to this very transaction and from nowhere else.

Spec: JR/T 0025.6, 7.12; EMV book 3, 10.10 and annex E; EMV book 4, 6.3.9 and 12.2.4.
"""

from __future__ import annotations

from attrs import frozen

from szunion.emv import tlv
from szunion.emv.apdu import Command
from szunion.emv.errors import BadData, BadTlv
from szunion.emv.exchange import exchange

MOST_BYTES = 128
"""Of all scripts of one answer."""
_IDENTIFIER = 0x9F18
_GOES_ON = (0x90, 0x62, 0x63)
_NOT_PARSED, _ALL_DONE, _FAILED_AT = 0x00, 0x20, 0x10


@frozen
class ScriptResult:
    """How one script went; five bytes for the next online message: 脚本执行结果."""

    result: int
    """20: all done; 1n: failed at command n (F: 15 or later); 00: not understood."""
    identifier: bytes = bytes(4)
    """9F18."""

    @property
    def done(self) -> bool:
        """Whether every command succeeded."""
        return self.result == _ALL_DONE

    def encode(self) -> bytes:
        """Return the five bytes."""
        return bytes((self.result,)) + self.identifier


def read_script(raw: bytes) -> tuple[bytes, tuple[Command, ...]] | None:
    """Return identifier and commands of a template 71 or 72; None when it is not understood.

    Two commands of one script stand in two objects of one tag; both are kept, in order.
    """
    if len(raw) > MOST_BYTES:
        return None
    try:
        nodes = tlv.parse(raw)
        if len(nodes) != 1 or nodes[0].tag not in (0x71, 0x72):
            return None
        inside = nodes[0].children
        identifiers = [node.value for node in inside if node.tag == _IDENTIFIER]
        commands = tuple(Command.decode(node.value) for node in inside if node.tag == 0x86)
    except BadData:
        return None
    odd = [node for node in inside if node.tag not in (_IDENTIFIER, 0x86)]
    if odd or len(identifiers) > 1 or not commands:
        return None
    identifier = identifiers[0] if identifiers else bytes(4)
    return (identifier, commands) if len(identifier) == 4 else None


def read_identifier(raw: bytes) -> bytes:
    """Return the identifier of a script, as far as it can be made out of one not understood.

    Spec: EMV book 4, 12.2.4.
    """
    try:
        identifier = tlv.first(tlv.parse(raw), _IDENTIFIER) or b""
    except BadTlv as error:
        identifier = tlv.first(error.nodes, _IDENTIFIER) or b""
    return identifier if len(identifier) == 4 else bytes(4)


async def run_scripts(scripts: tuple[bytes, ...], template: int) -> tuple[ScriptResult, ...]:
    """Run the scripts of *template* in order, as many as fit `MOST_BYTES` together.

    One that is not understood, or too much, is reported so; the next ones are run all the same.
    """
    results: list[ScriptResult] = []
    size = 0
    for raw in scripts:
        size += len(raw)
        if raw[:1] != bytes((template,)):
            continue
        found = read_script(raw) if size <= MOST_BYTES else None
        if found is None:
            results.append(ScriptResult(_NOT_PARSED, read_identifier(raw)))
        else:
            results.append(await _run(*found))
    return tuple(results)


async def _run(identifier: bytes, commands: tuple[Command, ...]) -> ScriptResult:
    for number, command in enumerate(commands, start=1):
        response = await exchange(command)
        if response.sw >> 8 not in _GOES_ON:
            return ScriptResult(_FAILED_AT | min(number, 15), identifier)
    return ScriptResult(_ALL_DONE, identifier)
