"""A step of a flow that is not awaited does not run."""

from szunion.emv.apdu import Command
from szunion.emv.exchange import exchange


async def read(command: Command) -> None:
    exchange(command)  # bad: unused-coroutine
