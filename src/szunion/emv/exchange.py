"""Know the manners of one command: GET RESPONSE, the right Le, warnings: 命令交换."""

from __future__ import annotations

from attrs import evolve

from szunion.emv.apdu import Command, Response
from szunion.emv.errors import CardFault, LimitExceeded
from szunion.emv.flow import Transmit

MOST_ROUNDS = 64
"""61xx and 6Cxx in a row; more is a card that promises for ever."""

_ALL = 256
_GET_RESPONSE_INS = 0xC0


async def exchange(command: Command) -> Response:
    """Send *command* and return the whole answer, at T=0 and T=1 alike.

    Readers hand 61xx and 6Cxx through as they came. A warning (62xx, 63xx) without data, on a
    command that expects data, has its data behind GET RESPONSE; the caller gets data and warning.

    Raises:
        LimitExceeded: the card promised more data `MOST_ROUNDS` times.

    Spec: JR/T 0025.3, annex A.1 to A.7; EMV book 1, 9.3.1.1.
    """
    data = b""
    warning: int | None = None
    current = command
    for _ in range(MOST_ROUNDS):
        response = await Transmit(current)
        data += response.data
        sw1, sw2 = response.sw >> 8, response.sw & 0xFF
        match sw1:
            case 0x61:
                current = _get_response(sw2)
            case 0x6C if not response.data:
                current = evolve(current, le=sw2 or _ALL)
            case 0x62 | 0x63 if warning is None and _awaits_data(command) and not data:
                warning = response.sw
                current = _get_response(0)
            case _ if warning is not None:
                return Response(warning, data)
            case _:
                return Response(response.sw, data)
    raise LimitExceeded("61xx and 6Cxx in a row", MOST_ROUNDS)


async def insist(command: Command, *accepted: int) -> Response:
    """Send *command* and return the answer if its status is 9000 or one of *accepted*.

    Raises:
        CardFault: another status word.
    """
    response = await exchange(command)
    if response.sw != 0x9000 and response.sw not in accepted:
        raise CardFault(response.sw)
    return response


def _awaits_data(command: Command) -> bool:
    """Whether this is a case 4 command, which at T=0 cannot bring its data at once."""
    return bool(command.data) and command.le is not None


def _get_response(size: int) -> Command:
    return Command(0x00, _GET_RESPONSE_INS, 0x00, 0x00, le=size or _ALL)
