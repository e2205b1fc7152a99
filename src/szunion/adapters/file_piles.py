"""Know how more records than fit into memory are dealt into piles, by their first byte, on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import BinaryIO, Final

from attrs import define, field, frozen

_PILES: Final = 256
_HELD: Final = 1 << 15
"""So many records are held in memory before they go to disk: few enough for a processor's cache."""


@define
class _Dealt:
    """The piles of one deal, and where in the file the parts of each lie."""

    held: list[list[bytes]] = field(factory=lambda: [[] for _ in range(_PILES)])
    lies: list[list[tuple[int, int]]] = field(factory=lambda: [[] for _ in range(_PILES)])

    def put_away(self, file: BinaryIO) -> None:
        """Write what is held behind what lies in *file*."""
        at = file.tell()
        for pile, lies in zip(self.held, self.lies, strict=True):
            if pile:
                size = file.write(b"".join(pile))
                lies.append((at, size))
                at += size
                pile.clear()

    def taken(self, pile: int, file: BinaryIO | None) -> bytes:
        """Return a whole pile."""
        parts = []
        for at, size in self.lies[pile]:
            assert file is not None
            file.seek(at)
            parts.append(file.read(size))
        parts += self.held[pile]
        self.held[pile] = []
        return b"".join(parts)


@frozen
class FilePiles:
    """Deals records in constant memory: :class:`szunion.ports.system.Piles`.

    A deal is one unnamed file that vanishes with the process, whatever ends it.
    """

    most: int = _HELD
    folder: str | None = None

    def __call__(self, pages: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
        """Yield the piles, each whole; all records are read before the first is yielded."""
        dealt, count = _Dealt(), 0
        with ExitStack() as open_:
            file: BinaryIO | None = None
            put = [pile.append for pile in dealt.held]
            for page in pages:
                for record in page:
                    put[record[0]](record)
                count += len(page)
                if count >= self.most:
                    if file is None:
                        file = open_.enter_context(tempfile.TemporaryFile(dir=self.folder))
                    dealt.put_away(file)
                    count = 0
            for pile in range(_PILES):
                yield dealt.taken(pile, file)
