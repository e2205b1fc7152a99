"""Know the form of a command to the card and of its answer: C-APDU, R-APDU 命令与响应.

Spec: ISO/IEC 7816-4, 5.1; JR/T 0025.3, 9.
"""

from __future__ import annotations

from attrs import field, frozen

from szunion.emv.errors import BadApdu

_SHORT_LE = 256
_LONGEST_LE = 65536
_SHORT_DATA = 255
_LONGEST_DATA = 65535


@frozen(repr=False)
class Command:
    """A command APDU 命令. Its ``repr`` shows the header and the number of data bytes only.

    Args:
        cla: Class byte, 0-255.
        ins: Instruction byte.
        p1: First parameter.
        p2: Second parameter.
        data: Command data, at most 255 bytes (65,535 extended).
        le: Number of answer bytes expected: 1-256 (65,536 extended); None when there is no Le.
        extended: Write the lengths in the extended form although the short one would do.

    Raises:
        BadApdu: A byte or a length is out of range.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    extended: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if (self.cla | self.ins | self.p1 | self.p2) & ~0xFF:
            raise BadApdu("APDU-COMMAND", why="CLA INS P1 P2")
        if len(self.data) > _LONGEST_DATA:
            raise BadApdu("APDU-COMMAND", why="Lc")
        if self.le is not None and not 1 <= self.le <= _LONGEST_LE:
            raise BadApdu("APDU-COMMAND", why="Le")

    def encode(self) -> bytes:
        """Return the bytes of the command.

        >>> Command(0x80, 0xCA, 0x9F, 0x36, le=256).encode().hex()
        '80ca9f3600'
        """
        head = bytes((self.cla, self.ins, self.p1, self.p2))
        size = len(self.data)
        wide = self.extended or size > _SHORT_DATA or (self.le or 0) > _SHORT_LE
        if not wide:
            lc = bytes((size,)) + self.data if size else b""
            le = b"" if self.le is None else bytes((self.le & 0xFF,))
            return head + lc + le
        lc = b"\0" + size.to_bytes(2, "big") + self.data if size else b""
        le = b"" if self.le is None else (self.le & 0xFFFF).to_bytes(2, "big")
        return head + (lc + le if lc or not le else b"\0" + le)

    @classmethod
    def decode(cls, raw: bytes) -> Command:
        """Read the bytes of a command, short or extended.

        Raises:
            BadApdu: *raw* has none of the seven forms of ISO/IEC 7816-4.
        """
        if len(raw) < 4:
            raise BadApdu("APDU-COMMAND", why="CLA INS P1 P2")
        body = raw[4:]
        head = raw[0], raw[1], raw[2], raw[3]
        if not body:
            return cls(*head)
        if len(body) == 1:
            return cls(*head, le=body[0] or _SHORT_LE)
        data, le = _short(body) if body[0] else _wide(body)
        return cls(*head, data=data, le=le, extended=not body[0])

    @property
    def name(self) -> str:
        """The header as hex, such as ``00A40400``."""
        return bytes((self.cla, self.ins, self.p1, self.p2)).hex().upper()

    def __repr__(self) -> str:
        return f"Command({self.name}, {len(self.data)} bytes, le={self.le})"


def _short(body: bytes) -> tuple[bytes, int | None]:
    size = body[0]
    data, rest = body[1 : 1 + size], body[1 + size :]
    if len(data) < size or len(rest) > 1:
        raise BadApdu("APDU-COMMAND", why="Lc")
    return data, (rest[0] or _SHORT_LE) if rest else None


def _wide(body: bytes) -> tuple[bytes, int | None]:
    size = int.from_bytes(body[1:3], "big")
    if len(body) == 3:
        return b"", size or _LONGEST_LE
    data, rest = body[3 : 3 + size], body[3 + size :]
    if not size or len(data) < size or len(rest) not in (0, 2):
        raise BadApdu("APDU-COMMAND", why="Lc")
    return data, (int.from_bytes(rest, "big") or _LONGEST_LE) if rest else None


@frozen(repr=False)
class Response:
    """A response APDU 响应. Its ``repr`` shows the status word and the number of bytes only.

    Args:
        sw: Status word SW1 SW2 状态字, 0x0000-0xFFFF.
        data: Answer data.

    Raises:
        BadApdu: The status word is out of range.
    """

    sw: int
    data: bytes = b""

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.sw <= 0xFFFF:
            raise BadApdu("APDU-RESPONSE", got=0)

    @property
    def ok(self) -> bool:
        """Whether the status word is 9000."""
        return self.sw == 0x9000

    def encode(self) -> bytes:
        """Return data and status word."""
        return self.data + self.sw.to_bytes(2, "big")

    @classmethod
    def decode(cls, raw: bytes) -> Response:
        """Read data and status word.

        Raises:
            BadApdu: Fewer than two bytes.
        """
        if len(raw) < 2:
            raise BadApdu("APDU-RESPONSE", got=len(raw))
        return cls(int.from_bytes(raw[-2:], "big"), bytes(raw[:-2]))

    def __repr__(self) -> str:
        return f"Response({self.sw:04X}, {len(self.data)} bytes)"
