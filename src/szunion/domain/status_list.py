"""Know how the cards that may be used are written down for points without a line (离线状态清单).

A list is a set of fingerprints, packed as Golomb-Rice coded differences: less than 10 bits a card
(5.72 million in 7.1 million bytes), and it names nobody. A card that is on it is found for certain;
one that is not passes for one that is in 1 of 256 cases, so what was done offline is looked at
again when the line is back. The list says when it was made and when it ends, and is signed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from typing import Final

from attrs import field, frozen

from szunion.domain.values import CardRef

#: A card that is not on the list passes in one of 2**BITS cases.
BITS: Final = 8
BUCKET: Final = 256
"""How many fingerprints are walked through for one look."""
_JOINED: Final = 4096
"""Bits that are kept as one number: short numbers are quick, few joins are too."""
_MAGIC: Final = b"szunion-status/1"
_HEAD: Final = struct.Struct(">16sBQqq16s")
_PLACE: Final = struct.Struct(">QI")
_SIGNATURE: Final = 64


class Unreadable(ValueError):
    """These bytes are no status list. The application says so in both languages."""


def fingerprint(salt: bytes, ref: CardRef) -> int:
    """Return 64 bits that stand for a card in the list of that salt, and for nothing elsewhere."""
    told = f"{ref.token.plain()}|{ref.psn:03d}".encode()
    return int.from_bytes(blake2b(told, digest_size=8, key=salt).digest())


@frozen(kw_only=True)
class StatusList:
    """The cards that may be used, as of ``made``; not to be relied on from ``ends`` on."""

    made: datetime
    ends: datetime
    salt: bytes
    count: int
    """How many cards are on it."""
    bits: int = BITS
    places: bytes = field(repr=False)
    """Where each bucket begins: its first value and its bit in ``packed``."""
    packed: bytes = field(repr=False)

    def has(self, ref: CardRef) -> bool:
        """Return whether a card is on the list."""
        if not self.count:
            return False
        wanted = _spread(fingerprint(self.salt, ref), self.count, self.bits)
        bucket = self._bucket_of(wanted)
        return bucket >= 0 and wanted in self._walk(bucket, wanted)

    def _place(self, bucket: int) -> tuple[int, int]:
        value, bit = _PLACE.unpack_from(self.places, bucket * _PLACE.size)
        return value, bit

    def _bucket_of(self, wanted: int) -> int:
        """Return the last bucket that begins at or before *wanted*; -1: it lies before all."""
        low, high = 0, len(self.places) // _PLACE.size
        while low < high:
            middle = (low + high) // 2
            if self._place(middle)[0] <= wanted:
                low = middle + 1
            else:
                high = middle
        return low - 1

    def _walk(self, bucket: int, until: int) -> Iterator[int]:
        """Yield the values of a bucket, as far as *until*."""
        value, bit = self._place(bucket)
        yield value
        left = min(BUCKET, self.count - bucket * BUCKET) - 1
        start = bit // 8
        end = len(self.packed)
        if (bucket + 1) * _PLACE.size < len(self.places):
            end = -(-self._place(bucket + 1)[1] // 8)  # the next may end the list at a whole byte
        bits = int.from_bytes(self.packed[start:end])
        at = (end - start) * 8 - bit % 8
        mask = (1 << self.bits) - 1
        for _ in range(left):
            if value >= until:
                return
            # A zero ends the unary part, which is ones.
            rest = ~bits & ((1 << at) - 1)
            ones = at - rest.bit_length()
            at -= ones + 1 + self.bits
            value += ones << self.bits | (bits >> at & mask)
            yield value

    # --- as bytes ---------------------------------------------------------------------------

    def body(self) -> bytes:
        """Return what is signed."""
        head = _HEAD.pack(
            _MAGIC, self.bits, self.count, _seconds(self.made), _seconds(self.ends), self.salt
        )
        return head + self.places + self.packed

    @classmethod
    def read(cls, body: bytes) -> StatusList:
        """Return the list in *body*; whether it is believed, the caller has checked before.

        Raises:
            Unreadable: it is none.
        """
        if len(body) < _HEAD.size:
            raise Unreadable
        magic, bits, count, made, ends, salt = _HEAD.unpack_from(body)
        buckets = -(-count // BUCKET)
        edge = _HEAD.size + buckets * _PLACE.size
        if magic != _MAGIC or not 1 <= bits <= 32 or len(body) < edge:  # noqa: PLR2004 - bits
            raise Unreadable
        return cls(
            made=datetime.fromtimestamp(made, UTC), ends=datetime.fromtimestamp(ends, UTC),
            salt=salt, count=count, bits=bits, places=body[_HEAD.size : edge],
            packed=body[edge:],
        )  # fmt: skip


def signed(body: bytes, signature: bytes) -> bytes:
    """Return a list as it travels: its body and the signature over it."""
    return signature + body


def opened(data: bytes) -> tuple[bytes, bytes]:
    """Return body and signature of a list that has travelled.

    Raises:
        Unreadable: it is too short to be one.
    """
    if len(data) <= _SIGNATURE:
        raise Unreadable
    return data[_SIGNATURE:], data[:_SIGNATURE]


def made_of(
    cards: Iterable[CardRef], *, made: datetime, ends: datetime, salt: bytes, bits: int = BITS
) -> StatusList:
    """Return the list of *cards*; 5.72 million take half a minute and 360 MiB."""
    prints = sorted(fingerprint(salt, ref) for ref in cards)
    count = len(prints) - sum(one == two for one, two in pairwise(prints))
    places = bytearray()
    packed = bytearray()
    held, length, total, at = 0, 0, 0, 0
    before, last = -1, 0
    for print_ in prints:
        if print_ == before:
            continue
        before, value = print_, _spread(print_, count, bits)
        ahead, last = value - last, value
        at += 1
        if (at - 1) % BUCKET == 0:
            places += _PLACE.pack(value, total)
            continue
        ones = ahead >> bits
        code = ((1 << ones) - 1) << (1 + bits) | (ahead & (1 << bits) - 1)
        size = ones + 1 + bits
        held, length, total = held << size | code, length + size, total + size
        if length >= _JOINED:
            keep = length % 8
            packed += (held >> keep).to_bytes(length // 8)
            held, length = held & (1 << keep) - 1, keep
    if length:
        spare = -length % 8
        packed += (held << spare).to_bytes((length + spare) // 8)
    return StatusList(
        made=_whole(made), ends=_whole(ends), salt=salt, count=count, bits=bits,
        places=bytes(places), packed=bytes(packed),
    )  # fmt: skip


def _spread(print_: int, count: int, bits: int) -> int:
    """Map 64 bits evenly onto ``count * 2**bits`` values, keeping their order."""
    return print_ * (count << bits) >> 64


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _whole(moment: datetime) -> datetime:
    return datetime.fromtimestamp(_seconds(moment), UTC)
