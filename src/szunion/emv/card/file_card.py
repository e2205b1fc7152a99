"""Know how a card's file application answers each command: 卡上的文件应用."""

from __future__ import annotations

from attrs import define

from szunion.emv import crypto
from szunion.emv.apdu import Command, Response
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import FileApplication
from szunion.emv.card.memory import Key, Memory

_MAC = 4
WRONG_P1P2 = Response(0x6A86)


def update_mac(key: bytes, challenge: bytes, head: bytes, data: bytes) -> bytes:
    """Return the 4-byte MAC that UPDATE BINARY carries.

    Over the card's challenge, CLA INS P1 P2 Lc (with the MAC counted) and the data, 3DES.
    """
    return crypto.retail_mac(key, challenge + head + data)[:_MAC]


@define
class FileCard:
    """The application at work: transparent files, read freely, written with a key."""

    content: FileApplication
    memory: Memory
    area: str
    chance: Chance
    challenge: bytes = b""

    @staticmethod
    def personalised(area: str, content: FileApplication) -> dict[Key, bytes]:
        """Return the cells of a fresh card."""
        return {(area, sfi): value for sfi, value in content.files.items()}

    @property
    def aid(self) -> bytes:
        """The DF name."""
        return self.content.aid

    def reachable(self, *, contactless: bool) -> bool:
        """Both ways."""
        del contactless
        return True

    def power_up(self, *, contactless: bool) -> None:
        """Forget the challenge."""
        del contactless
        self.challenge = b""

    def select(self) -> Response:
        """Answer SELECT."""
        self.challenge = b""
        return Response(0x9000, self.content.fci)

    def process(self, command: Command) -> tuple[Response, bool]:
        """Answer one command. A challenge serves the next command only."""
        challenge, self.challenge = self.challenge, b""
        match command.cla, command.ins:
            case 0x00, 0xB0:
                return self._read(command), False
            case 0x00, 0x84 if not command.p1 | command.p2:
                self.challenge = self.chance.bytes(8)
                return Response(0x9000, self.challenge), False
            case 0x04, 0xD6:
                return self._update(command, challenge), False
            case _:
                return Response(0x6D00), False

    def _read(self, command: Command) -> Response:
        """READ BINARY by SFI: P1 = 80 | SFI, P2 = offset: 读二进制."""
        found = self._file(command)
        if isinstance(found, Response):
            return found
        if command.p2 >= len(found):
            return Response(0x6B00)
        return Response(0x9000, found[command.p2 :][: command.le or 256])

    def _file(self, command: Command) -> bytes | Response:
        if not command.p1 & 0x80:
            return WRONG_P1P2
        found = self.memory.get(self.area, command.p1 & 0x1F)
        return Response(0x6A82) if found is None else found

    def _update(self, command: Command, challenge: bytes) -> Response:
        """UPDATE BINARY with a MAC over the card's challenge: 修改二进制."""
        found = self._file(command)
        if isinstance(found, Response):
            return found
        key = self.content.key
        if key is None or not challenge:
            return Response(0x6982)
        if len(command.data) <= _MAC:
            return Response(0x6987)
        data, mac = command.data[:-_MAC], command.data[-_MAC:]
        head = bytes((command.cla, command.ins, command.p1, command.p2, len(command.data)))
        if not crypto.same(update_mac(key, challenge, head, data), mac):
            return Response(0x6988)
        end = command.p2 + len(data)
        if end > len(found):
            return Response(0x6B00)
        new = found[: command.p2] + data + found[end:]
        self.memory.write({(self.area, command.p1 & 0x1F): new})
        return Response(0x9000)
