"""Know how a terminal hands the issuer's scripts to the card: 发卡行脚本处理.

PBOC knows template 72 only, one at most, 128 bytes at most; 71 is treated by the rules of EMV.
A script comes from the issuer's answer to this very transaction and from nowhere else.

Spec: JR/T 0025.6, 7.12; EMV book 3, 10.10.
"""

from __future__ import annotations

from attrs import frozen

from szunion.emv import tlv
from szunion.emv.apdu import Command
from szunion.emv.errors import BadData
from szunion.emv.exchange import exchange

MOST_BYTES = 128
MOST_COMMANDS = 32
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
        identifiers = [node.value for node in inside if node.tag == 0x9F18]
        commands = tuple(Command.decode(node.value) for node in inside if node.tag == 0x86)
    except BadData:
        return None
    odd = [node for node in inside if node.tag not in (0x9F18, 0x86)]
    if odd or len(identifiers) > 1 or not 1 <= len(commands) <= MOST_COMMANDS:
        return None
    identifier = identifiers[0] if identifiers else bytes(4)
    return (identifier, commands) if len(identifier) == 4 else None


async def run_scripts(scripts: tuple[bytes, ...], template: int) -> tuple[ScriptResult, ...]:
    """Run the first script of *template*; further ones are reported as not understood."""
    wanted = [raw for raw in scripts if raw[:1] == bytes((template,))]
    results: list[ScriptResult] = []
    for number, raw in enumerate(wanted):
        found = read_script(raw) if number == 0 else None
        if found is None:
            results.append(ScriptResult(_NOT_PARSED))
            continue
        results.append(await _run(*found))
    return tuple(results)


async def _run(identifier: bytes, commands: tuple[Command, ...]) -> ScriptResult:
    for number, command in enumerate(commands, start=1):
        response = await exchange(command)
        if response.sw >> 8 not in _GOES_ON:
            return ScriptResult(_FAILED_AT | min(number, 15), identifier)
    return ScriptResult(_ALL_DONE, identifier)
