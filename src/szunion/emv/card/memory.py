"""Know how a card keeps what must survive a pulled plug: 非易失存储与掉电保护.

A chip loses power at any byte: while a command comes in, while its memory is being written,
while the answer goes out. All writes of one command are therefore one transaction of a redo
journal: written whole, then marked valid with one byte, then carried out; what the power cut
short is carried out again at the next power-up, or was never marked and is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from szunion.emv.errors import LimitExceeded

Key = tuple[str, int]
"""An area of memory and a tag or a slot number in it."""

_MOST_AREA = 255
_MOST_JOURNAL = 65_535


class PowerLostError(Exception):
    """The current is gone. Never leaves the simulated card."""


class Power:
    """Counts the bytes that come in, are written, and go out; may end after some of them."""

    def __init__(self) -> None:
        self.on = False
        self._left: int | None = None

    def cut_after(self, count: int | None) -> None:
        """Let the power end after *count* more bytes; None: never."""
        self._left = count

    def up(self) -> None:
        """Switch on; an earlier appointment to end is over."""
        self.on = True
        self._left = None

    def spend(self, count: int) -> int:
        """Use power for *count* bytes and return for how many it lasted."""
        if not self.on:
            return 0
        if self._left is None:
            return count
        lasted = min(count, self._left)
        self._left -= lasted
        if lasted < count or not self._left:
            self.on = False
        return lasted


class Memory:
    """Cells of bytes behind a redo journal.

    Args:
        power: What every written byte uses.
        cells: What the personaliser wrote.
    """

    def __init__(self, power: Power, cells: Mapping[Key, bytes]) -> None:
        self._power = power
        self._cells: dict[Key, bytes] = dict(cells)
        self._journal = b""
        self._valid = False

    def get(self, area: str, tag: int) -> bytes | None:
        """Return the cell, None when nothing was ever written there."""
        return self._cells.get((area, tag))

    def keys(self, area: str) -> frozenset[int]:
        """Return the tags written in *area*."""
        return frozenset(tag for name, tag in self._cells if name == area)

    def write(self, changes: Mapping[Key, bytes]) -> None:
        """Write all *changes* or, if the power ends too early, none of them.

        Raises:
            PowerLostError: the power ended; after the next `recover` all or none are there.
            LimitExceeded: more than a journal holds.
        """
        changed = {key: value for key, value in changes.items() if self._cells.get(key) != value}
        if not changed:
            return
        journal = b"".join(_entry(key, value) for key, value in changed.items())
        if len(journal) > _MOST_JOURNAL:
            raise LimitExceeded("journal bytes", _MOST_JOURNAL)
        self._journal = b""
        self._journal = journal[: self._use(len(journal))]
        self._check()
        self._valid = self._use(1) == 1
        self._check()
        self._carry_out()

    def recover(self) -> None:
        """Carry out what was marked valid before the power went. Does nothing twice."""
        if self._valid:
            self._carry_out()
        self._journal = b""

    def _carry_out(self) -> None:
        for key, value in _entries(self._journal):
            old = self._cells.get(key, b"")
            done = self._use(len(value))
            # a cell that is cut short holds new bytes before old ones, as in a real chip
            self._cells[key] = value[:done] + old[done : len(value)]
            self._check()
        self._valid = self._use(1) != 1
        self._check()

    def _use(self, count: int) -> int:
        return self._power.spend(count)

    def _check(self) -> None:
        if not self._power.on:
            raise PowerLostError


def _entry(key: Key, value: bytes) -> bytes:
    area, tag = key[0].encode("ascii"), key[1].to_bytes(4, "big")
    return bytes((min(len(area), _MOST_AREA),)) + area + tag + len(value).to_bytes(2, "big") + value


def _entries(journal: bytes) -> Iterator[tuple[Key, bytes]]:
    at = 0
    while at < len(journal):
        size = journal[at]
        area = journal[at + 1 : at + 1 + size].decode("ascii")
        at += 1 + size
        tag = int.from_bytes(journal[at : at + 4], "big")
        length = int.from_bytes(journal[at + 4 : at + 6], "big")
        at += 6
        yield (area, tag), journal[at : at + length]
        at += length
