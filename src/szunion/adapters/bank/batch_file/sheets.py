"""Know a whole file: how it is written, and that it is whole before a line of it is believed.

A file is read twice. The first time every byte passes through the digest, every line is counted
and every amount is added up; only if header, lines and trailer say the same is the second reading
begun, which yields one line after the other. So a file of a million lines needs no memory, and a
file that was cut anywhere yields nothing.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO, Final

from attrs import field, frozen

from szunion.adapters.bank.batch_file.charset import Unwritable
from szunion.adapters.bank.batch_file.layout import (
    COUNT,
    DIGEST,
    TOTAL,
    BankLayout,
    FileLayout,
)
from szunion.adapters.bank.batch_file.records import BadField, Record, lines_in
from szunion.adapters.bank.batch_file.speech import Plain

_LONGEST_LINE: Final = 64 * 1024
_CHUNK: Final = 1 << 20
_PAGE: Final = 1 << 14
"""Some hundreds of lines: more of them at once are not read faster."""
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_FEN: Final = "fen"


class Broken(Exception):
    """A file is not whole: nothing of it counts.

    ``EMPTY``, ``ENCODING``, ``HEADER``, ``TRAILER``, ``CUT``, ``COUNT``, ``TOTAL``, ``DIGEST``,
    ``LINE`` (longer than any line may be), ``REST`` (something stands behind the trailer).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@frozen
class BadLine:
    """A line of a whole file that cannot be read: set aside, and no reason to stop."""

    rule: str
    raw: str = field(repr=False)


@frozen
class Head:
    """What a whole file says of itself."""

    words: Mapping[str, Plain]
    """Header and trailer together."""
    count: int
    size: int


@frozen
class Sheet:
    """One kind of file, ready to be written and read."""

    bank: BankLayout
    file: FileLayout
    header: Record = field(init=False)
    detail: Record = field(init=False)
    trailer: Record = field(init=False)

    def __attrs_post_init__(self) -> None:
        for name in ("header", "detail", "trailer"):
            record = Record.of(getattr(self.file, name), self.file, self.bank)
            object.__setattr__(self, name, record)

    def _digest(self) -> Any:  # noqa: ANN401 - hashlib's own
        return hashlib.new(self.bank.digest.lower())

    # --- writing ----------------------------------------------------------------------------

    def write(
        self, out: BinaryIO, head: Mapping[str, Plain], lines: Iterable[Mapping[str, Plain]]
    ) -> None:
        """Write a whole file.

        Raises:
            BadField: something of it cannot be written; a ``row`` of its says which line.
        """
        end, known = self.bank.end, dict(head)
        written = []
        total = 0
        for number, words in enumerate(lines, start=1):
            try:
                written.append(self.detail.write(words) + end)
            except BadField as error:
                raise BadField(error.name, f"{error.rule} @ {number}") from None
            fen = words.get(_FEN)
            total += fen if isinstance(fen, int) else 0
        known |= {COUNT: len(written), TOTAL: total}
        digest = self._digest()
        if any(each.field == DIGEST for each in self.file.header):
            for line in written:
                digest.update(line)
            known[DIGEST] = digest.hexdigest()
        first = self.header.write(known) + end
        if DIGEST not in known:
            digest.update(first)
            for line in written:
                digest.update(line)
            known[DIGEST] = digest.hexdigest()
        out.write(first)
        out.writelines(written)
        out.write(self.trailer.write(known) + end)

    # --- reading ----------------------------------------------------------------------------

    def verify(self, file: BinaryIO) -> Head:
        """Read *file* from its beginning to its end; return what it says if it is whole.

        Raises:
            Broken: it is not; nothing of it counts.
        """
        self._look_at_the_end(file)
        file.seek(0)
        lines = self._lines(file)
        first = next(lines)
        if first.startswith(_MARKS):
            raise Broken("ENCODING")
        words = self._edge(self.header, first, "HEADER")
        of_details = any(each.field == DIGEST for each in self.file.header)
        digest = self._digest()
        if not of_details:
            digest.update(first)
        count, total, last = 0, 0, b""
        summing = TOTAL in self.file.checks
        for line in lines:
            if last:
                count += 1
                digest.update(last)
                if summing:
                    total += self._fen(last)
            last = line
        words |= self._edge(self.trailer, last, "TRAILER")
        if words.get(COUNT) != count:
            raise Broken("COUNT")
        if summing and words.get(TOTAL) != total:
            raise Broken("TOTAL")
        told = words.get(DIGEST)
        if DIGEST in self.file.checks and str(told).lower() != digest.hexdigest():
            raise Broken("DIGEST")
        return Head(words, count, file.tell())

    def blocks(self, file: BinaryIO, head: Head) -> Iterator[bytes]:
        """Yield the details of a file that :meth:`verify` found whole, some hundreds together.

        Raises:
            Broken: it is not the whole file any more.
        """
        file.seek(0)
        file.readline()
        end, rest, left = self.bank.end, b"", head.count
        while left and (chunk := file.read(_PAGE)):
            whole, some, rest = (rest + chunk).rpartition(end)
            block = whole + some
            count = block.count(end)
            if count > left:
                block = end.join([*block.split(end)[:left], b""])
            left -= min(count, left)
            if block:
                yield block
        if left:
            raise Broken("CUT")

    def parted(self, block: bytes) -> list[bytes]:
        """Return the lines of a block without their ends."""
        return lines_in(block, self.bank.end)

    def lines(self, file: BinaryIO, head: Head) -> Iterator[bytes]:
        """Yield the details one by one, without their ends."""
        return chain.from_iterable(map(self.parted, self.blocks(file, head)))

    def words(self, line: bytes) -> dict[str, Plain] | BadLine:
        """Return the words of a detail without its end."""
        try:
            return self.detail.read(line)
        except BadField as error:
            return BadLine(f"{error.name}: {error.rule}", self._as_text(line))

    def details(self, file: BinaryIO, head: Head) -> Iterator[dict[str, Plain] | BadLine]:
        """Yield the words of every detail of a file that :meth:`verify` found whole."""
        return map(self.words, self.lines(file, head))

    def _look_at_the_end(self, file: BinaryIO) -> None:
        """See at once that a file was cut: most are found out before a line of them is read."""
        size = file.seek(0, io.SEEK_END)
        if not size:
            raise Broken("EMPTY")
        file.seek(max(size - _LONGEST_LINE, 0))
        rest = file.read()
        if not rest.endswith(self.bank.end):
            raise Broken("CUT")
        last = rest[: -len(self.bank.end)].rpartition(b"\n")[2]
        self._edge(self.trailer, last + self.bank.end, "TRAILER")

    def _as_text(self, line: bytes) -> str:
        try:
            return self.bank.writing.read(line)
        except Unwritable:
            return line.decode("ascii", "backslashreplace")

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        end = self.bank.end
        bare = end == b"\n"
        while line := file.readline(_LONGEST_LINE):
            if not line.endswith(end) or (bare and line.endswith(b"\r\n")):
                raise Broken("LINE" if len(line) == _LONGEST_LINE else "CUT")
            yield line

    def _edge(self, record: Record, line: bytes, reason: str) -> dict[str, Plain]:
        try:
            return record.read(line[: -len(self.bank.end)])
        except BadField:
            raise Broken(reason) from None

    def _fen(self, line: bytes) -> int:
        try:
            fen = self.detail.read_one(line[: -len(self.bank.end)], _FEN)
        except BadField:
            raise Broken("TOTAL") from None
        return fen if isinstance(fen, int) else 0


def digest_of(file: BinaryIO) -> str:
    """Return the SM3 digest of a whole file."""
    file.seek(0)
    digest = hashlib.new("sm3")
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
