"""Know how a data element is made of single bits, each with a meaning of its own 位定义.

The books count bytes from 1 on the left and bits from 8 down to 1; so do we.
"""

from __future__ import annotations

from typing import ClassVar, Self

from attrs import field, frozen

from szunion.emv.errors import BadField


@frozen
class Bit:
    """One bit: byte 1 is the first, bit 8 the highest."""

    byte: int
    bit: int
    zh: str
    en: str

    @property
    def mask(self) -> int:
        """The bit within its byte."""
        return 1 << (self.bit - 1)


@frozen(repr=False)
class BitField:
    """A data element of single bits; subclasses name them.

    Args:
        raw: Exactly ``LENGTH`` bytes.

    Raises:
        BadField: The length is wrong.
    """

    NAME: ClassVar[str]
    LENGTH: ClassVar[int]
    _BITS: ClassVar[tuple[Bit, ...]] = ()

    raw: bytes = field()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = [value for value in vars(cls).values() if type(value) is Bit]
        cls._BITS = tuple(sorted([*cls._BITS, *own], key=lambda bit: (bit.byte, -bit.bit)))

    def __attrs_post_init__(self) -> None:
        if len(self.raw) != self.LENGTH:
            raise BadField("FIELD-LENGTH", name=self.NAME, want=self.LENGTH, got=len(self.raw))

    @classmethod
    def of(cls, *bits: Bit) -> Self:
        """Make a value that has exactly *bits* on."""
        return cls(bytes(cls.LENGTH)).plus(*bits)

    @classmethod
    def bits(cls) -> tuple[Bit, ...]:
        """Return every named bit, first byte and highest bit first."""
        return cls._BITS

    def has(self, bit: Bit) -> bool:
        """Whether *bit* is on."""
        return bool(self.raw[bit.byte - 1] & bit.mask)

    def __contains__(self, bit: Bit) -> bool:
        return self.has(bit)

    def __or__(self, other: Self | Bit) -> Self:
        """Return the value that has on what is on in either, or one bit more."""
        if isinstance(other, Bit):
            return self.plus(other)
        return type(self)(bytes(one | two for one, two in zip(self.raw, other.raw, strict=True)))

    def meets(self, mask: bytes) -> bool:
        """Whether a bit is on that is on in *mask* too, such as an action code."""
        return any(one & two for one, two in zip(self.raw, mask, strict=True))

    def plus(self, *bits: Bit) -> Self:
        """Return the value with *bits* on."""
        raw = bytearray(self.raw)
        for bit in bits:
            raw[bit.byte - 1] |= bit.mask
        return type(self)(bytes(raw))

    def minus(self, *bits: Bit) -> Self:
        """Return the value with *bits* off."""
        raw = bytearray(self.raw)
        for bit in bits:
            raw[bit.byte - 1] &= ~bit.mask & 0xFF
        return type(self)(bytes(raw))

    def on(self) -> tuple[Bit, ...]:
        """Return the named bits that are on."""
        return tuple(bit for bit in self.bits() if self.has(bit))

    def unnamed(self) -> tuple[tuple[int, int], ...]:
        """Return byte and bit of what is on without having a name: reserved bits."""
        named = {(bit.byte, bit.bit) for bit in self.bits()}
        return tuple(
            (byte, bit)
            for byte, value in enumerate(self.raw, start=1)
            for bit in range(8, 0, -1)
            if value >> (bit - 1) & 1 and (byte, bit) not in named
        )

    def __bytes__(self) -> bytes:
        return self.raw

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.raw.hex().upper()})"
