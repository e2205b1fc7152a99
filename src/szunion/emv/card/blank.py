"""Know a card that waits for its personaliser: 待个人化卡片.

A passive object like the finished card: it answers commands and never raises. What it was told by
STORE DATA makes a payment application, which a `SimulatedCard` then is.

Spec: JR/T 0025.10; GlobalPlatform Card Specification 2.3, annex E.
"""

from __future__ import annotations

from szunion.emv.apdu import Command, Response
from szunion.emv.card import dgi
from szunion.emv.card.chance import Chance
from szunion.emv.card.channel import ChannelKeys, Session, session_keys
from szunion.emv.card.content import PaymentApplication
from szunion.emv.crypto import same
from szunion.emv.errors import BadApdu, EmvError

_MOST_BYTES = 32_768
_LAST, _SEQUENCE_END = 0x80, 0xFFFF
_KEY_INFORMATION = bytes.fromhex("FF02")  # SCP02


class BlankCard:
    """A card with one empty payment application.

    Args:
        aid: The name under which the application was installed.
        keys: The channel's static keys.
        seed: Where the card's challenges grow from.
    """

    def __init__(self, aid: bytes, keys: ChannelKeys, seed: int = 0) -> None:
        self._aid = aid
        self._keys = keys
        self._chance = Chance(seed)
        self._sequence = 0
        self._session: Session | None = None
        self._open = False
        self._told = b""
        self._number = 0
        self.application: PaymentApplication | None = None
        """What was personalised; None until the last STORE DATA was right."""

    def reset(self) -> None:
        """Forget the session and what it told."""
        self._session, self._open, self._told, self._number = None, False, b"", 0

    def process_bytes(self, raw: bytes) -> bytes:
        """Answer the bytes of a command."""
        try:
            command = Command.decode(raw)
        except BadApdu:
            return Response(0x6700).encode()
        return self.process(command).encode()

    def process(self, command: Command) -> Response:
        """Answer one command."""
        match command.cla, command.ins:
            case 0x00, 0xA4:
                self.reset()
                return Response(0x9000 if command.data == self._aid else 0x6A82)
            case 0x80, 0x50:
                return self._initialize(command)
            case 0x84, 0x82:
                return self._authenticate(command)
            case 0x84, 0xE2:
                return self._store(command)
            case _:
                return Response(0x6D00)

    def _initialize(self, command: Command) -> Response:
        """Answer INITIALIZE UPDATE: a challenge, and a cryptogram that proves the keys."""
        self.reset()
        if len(command.data) != 8:
            return Response(0x6700)
        if self.application is not None or self._sequence == _SEQUENCE_END:
            return Response(0x6985)
        sequence = self._sequence.to_bytes(2, "big")
        keys = session_keys(self._keys, sequence)
        session = Session(keys, sequence, self._chance.bytes(6), command.data)
        self._session = session
        head = bytes(10) + _KEY_INFORMATION + sequence
        return Response(0x9000, head + session.card_challenge + session.of_card())

    def _authenticate(self, command: Command) -> Response:
        """Answer EXTERNAL AUTHENTICATE; only a right one uses the counter up."""
        session = self._session
        if session is None or self._open:
            return Response(0x6985)
        told = session.checked(command)
        if command.p1 != 0x01 or told is None or not same(told, session.of_host()):
            self.reset()
            return Response(0x6982)
        self._open = True
        self._sequence += 1
        return Response(0x9000)

    def _store(self, command: Command) -> Response:
        """Take one part; the last one makes the application, or nothing is kept."""
        session = self._session
        if session is None or not self._open:
            return Response(0x6985)
        told = session.checked(command)
        if told is None:
            self.reset()
            return Response(0x6982)
        if command.p2 != self._number & 0xFF or len(self._told) + len(told) > _MOST_BYTES:
            self.reset()
            return Response(0x6A80)
        self._told += told
        self._number += 1
        if not command.p1 & _LAST:
            return Response(0x9000)
        try:
            made = dgi.application(self._aid, dgi.read_groupings(self._told), session.unseal)
        except (EmvError, ValueError):  # ValueError: content that no card can be
            self.reset()
            return Response(0x6A80)
        self.application = made
        self.reset()
        return Response(0x9000)
