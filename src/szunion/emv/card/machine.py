"""Know how one simulated card behaves as a whole: power, selection, transport: 模拟卡.

The card is a passive object: a command goes in, an answer comes out. It never raises; what it
does not understand has a status word. The same content and the same seed give the same answers.
"""

from __future__ import annotations

from typing import Protocol

from szunion.emv.apdu import Command, Response
from szunion.emv.card.cells import Cells
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import (
    Application,
    FileApplication,
    PaymentApplication,
    PersonalisedCard,
    PurseApplication,
)
from szunion.emv.card.debit import DebitCard
from szunion.emv.card.file_card import FileCard
from szunion.emv.card.memory import Key, Memory, Power, PowerLostError
from szunion.emv.card.purse_card import PurseCard
from szunion.emv.errors import BadApdu, EmvError

_PSE = b"1PAY.SYS.DDF01"
_PPSE = b"2PAY.SYS.DDF01"
_SELECT, _GET_RESPONSE, _READ_RECORD = 0xA4, 0xC0, 0xB2
_BLOCKED = Response(0x6A81)
_CARD_AREA = "card"
_BLOCKED_CELL = 1
_MOST_AT_ONCE = 256

CONTACTLESS_ATR = bytes.fromhex("3B8180018080")
"""What a contactless reader makes up for a card of type A without historical bytes."""


class CardApplication(Protocol):
    """An application at work on the card."""

    @property
    def aid(self) -> bytes:
        """The DF name."""
        ...

    def reachable(self, *, contactless: bool) -> bool:
        """Whether it can be selected on this interface."""
        ...

    def power_up(self, *, contactless: bool) -> None:
        """Forget everything volatile."""
        ...

    def select(self) -> Response:
        """Answer SELECT."""
        ...

    def process(self, command: Command) -> tuple[Response, bool]:
        """Answer one command; the flag says that the whole card is blocked from now on."""
        ...


class SimulatedCard:
    """One card with its memory.

    Args:
        content: What the personaliser put on it.
        seed: Where its random numbers grow from.
    """

    def __init__(self, content: PersonalisedCard, seed: int = 0) -> None:
        self._content = content
        self._power = Power()
        chance = Chance(seed)
        cells: dict[Key, bytes] = {(_CARD_AREA, _BLOCKED_CELL): b"\0"}
        for application in content.applications:
            cells |= _fresh(application)
        self._memory = Memory(self._power, cells)
        self._applications = tuple(
            _at_work(application, self._memory, chance) for application in content.applications
        )
        self._current: CardApplication | None = None
        self._in_pse = False
        self._waiting: Response | None = None
        self._asked: tuple[str, Response] | None = None
        self._contactless = False

    @property
    def powered(self) -> bool:
        """Whether there is current; a card without it does not answer."""
        return self._power.on

    @property
    def name(self) -> str:
        """What tests call it."""
        return self._content.name

    def reset(self, *, contactless: bool = False) -> bytes:
        """Power up, cold or warm, and return the answer to reset.

        What a cut left half written is made whole first.
        """
        self._power.up()
        self._memory.recover()
        self._contactless = contactless
        self._current = None
        self._in_pse = False
        self._waiting = None
        self._asked = None
        for application in self._applications:
            application.power_up(contactless=contactless)
        return CONTACTLESS_ATR if contactless else self._content.atr

    def power_cut_after(self, count: int) -> None:
        """Let the power end after *count* more bytes, counted in, written, and out."""
        self._power.cut_after(count)

    def power_off(self) -> None:
        """Take the power away now."""
        self._power.on = False

    def cell(self, aid: bytes, tag: int) -> bytes | None:
        """Return what the memory of application *aid* holds, for tests that look inside."""
        return self._memory.get(aid.hex(), tag)

    def process_bytes(self, raw: bytes) -> bytes:
        """Answer the bytes of a command; empty when the power was gone before the end."""
        if self._power.spend(len(raw)) < len(raw) or not self._power.on:
            return b""
        try:
            response = self._answer(raw)
        except PowerLostError:
            return b""
        out = response.encode()
        return out if self._power.spend(len(out)) == len(out) else b""

    def process(self, command: Command) -> Response:
        """Answer one command; 6F00 when there is no power."""
        out = self.process_bytes(command.encode())
        return Response.decode(out) if out else Response(0x6F00)

    def _answer(self, raw: bytes) -> Response:
        try:
            command = Command.decode(raw)
        except BadApdu:
            return Response(0x6700)
        try:
            return self._carry(command)
        except EmvError:
            # only content that no personaliser should make leads here; a card must still answer
            return Response(0x6F00)

    def _carry(self, command: Command) -> Response:
        """Answer as the transport wants it: at T=0 data wait for GET RESPONSE or the right Le."""
        if command.ins == _GET_RESPONSE and command.cla == 0x00:
            return self._rest(command)
        self._waiting = None
        asked, self._asked = self._asked, None
        if asked is not None and asked[0] == command.name and not command.data:
            # the same command with another Le: it was carried out already
            response = asked[1]
        else:
            response = self._dispatch(command)
        if not self._content.get_response or self._contactless or not response.data:
            return response
        size = len(response.data)
        if command.data:
            self._waiting = response
            warning = response.sw >> 8 in (0x62, 0x63)
            return Response(response.sw if warning else 0x6100 | min(size, 255))
        if command.le is None or (command.le != size and size <= _MOST_AT_ONCE):
            self._asked = command.name, response
            return Response(0x6C00 | size & 0xFF)
        return response

    def _rest(self, command: Command) -> Response:
        waiting = self._waiting
        if waiting is None or command.p1 or command.p2:
            return Response(0x6985)
        size = len(waiting.data)
        wanted = command.le or _MOST_AT_ONCE
        if wanted > size:
            return Response(0x6C00 | size & 0xFF)
        head, rest = waiting.data[:wanted], waiting.data[wanted:]
        if not rest:
            self._waiting = None
            return Response(0x9000, head)
        self._waiting = Response(waiting.sw, rest)
        return Response(0x6100 | min(len(rest), 255), head)

    def _dispatch(self, command: Command) -> Response:
        blocked = self._memory.get(_CARD_AREA, _BLOCKED_CELL) == b"\1"
        if command.ins == _SELECT and command.cla == 0x00:
            return _BLOCKED if blocked else self._select(command)
        if self._current is None:
            if blocked:
                return _BLOCKED
            if self._in_pse and command.ins == _READ_RECORD:
                return self._directory_record(command)
            return Response(0x6985)
        response, blocks_card = self._current.process(command)
        if blocks_card:
            self._memory.write({(_CARD_AREA, _BLOCKED_CELL): b"\1"})
        return response

    def _select(self, command: Command) -> Response:
        if command.p1 != 0x04 or command.p2 not in (0x00, 0x02):
            return Response(0x6A86)
        content, name = self._content, command.data
        directory = {_PSE: content.pse_fci, _PPSE: content.ppse_fci}.get(name)
        right_way = (name == _PPSE) == self._contactless
        if directory is not None and right_way:
            self._current, self._in_pse = None, name == _PSE
            return Response(0x9000, directory)
        matching = [
            application
            for application in self._applications
            if application.aid.startswith(name)
            and application.reachable(contactless=self._contactless)
        ]
        if command.p2:
            after = [at for at, application in enumerate(matching) if application is self._current]
            matching = matching[after[0] + 1 :] if after else []
        if not name or not matching:
            return Response(0x6A82)
        self._current, self._in_pse = matching[0], False
        return self._current.select()

    def _directory_record(self, command: Command) -> Response:
        records = self._content.pse or {}
        record = records.get((command.p2 >> 3, command.p1))
        return Response(0x6A83) if record is None else Response(0x9000, record)


def _area(application: Application) -> str:
    return application.aid.hex()


def _fresh(application: Application) -> dict[Key, bytes]:
    match application:
        case PaymentApplication():
            return Cells.personalised(_area(application), application)
        case PurseApplication():
            return PurseCard.personalised(_area(application), application)
        case FileApplication():
            return FileCard.personalised(_area(application), application)


def _at_work(application: Application, memory: Memory, chance: Chance) -> CardApplication:
    match application:
        case PaymentApplication():
            return DebitCard(application, Cells(memory, _area(application)), chance)
        case PurseApplication():
            return PurseCard(application, memory, _area(application), chance)
        case FileApplication():
            return FileCard(application, memory, _area(application), chance)
