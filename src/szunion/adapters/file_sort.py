"""Know how to put more lines in order than fit into memory: sorted runs on disk, then one merge."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO, Final

from attrs import frozen

_RUN: Final = 100_000
"""Lines of one run: some ten megabytes."""


@frozen
class FileSort:
    """Sorts lines of bytes in constant memory: :class:`szunion.ports.system.Sorts`.

    The runs are unnamed files that vanish with the process, whatever ends it.
    """

    run: int = _RUN
    folder: str | None = None

    def __call__(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield *lines* in order; all of them are read before the first is yielded."""
        coming = iter(lines)
        with ExitStack() as open_:
            runs: list[BinaryIO] = []
            while part := sorted(islice(coming, self.run)):
                if not runs and len(part) < self.run:
                    yield from part
                    return
                file = open_.enter_context(tempfile.TemporaryFile(dir=self.folder))
                file.write(b"\n".join(part))
                file.write(b"\n")
                file.seek(0)
                runs.append(file)
            for line in heapq.merge(*runs):
                yield line[:-1]
