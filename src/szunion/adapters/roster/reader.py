"""Know how to open a roster file of any form we read: the content decides, not the name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import SEEK_END, BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO, Final

from attrs import frozen

from szunion.adapters.roster import limits as words
from szunion.adapters.roster.csv import open_csv
from szunion.adapters.roster.excel import open_excel
from szunion.adapters.roster.limits import Limits, too_much
from szunion.errors import InvalidInput
from szunion.ports.roster import RosterReader, RosterSheet

_ZIP: Final = b"PK\x03\x04"
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_OLD_BIFF: Final = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
_OTHERS: Final = (
    (b"%PDF", "PDF"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"{\\rtf", "rtf"),
    (b"PK", "zip"),
    (b"MZ", "exe"),
    (b"\x7fELF", "elf"),
)
_CHUNK: Final = 256 * 1024


@frozen
class FileRosterReader:
    """Reads rosters from xlsx, xls and text files, within limits (花名册读取)."""

    limits: Limits = Limits()

    @contextmanager
    def open(
        self, source: BinaryIO, *, filename: str, sheet: str | None = None
    ) -> Iterator[RosterSheet]:
        """Open the roster in *source*; see :class:`szunion.ports.roster.RosterReader`."""
        digest = _digest(source, self.limits)
        form = _form(source, filename)
        if form == "csv":
            text = open_csv(source, self.limits)
            yield RosterSheet(filename, form, text.encoding, digest, text.heading, text.rows)
            return
        with open_excel(source, form, self.limits, sheet) as found:
            yield RosterSheet(
                found.name, form, form, digest, found.heading, found.rows, found.passed_over
            )


@contextmanager
def read_roster(
    source: str | PathLike[str] | BinaryIO,
    *,
    filename: str | None = None,
    sheet: str | None = None,
    limits: Limits | None = None,
) -> Iterator[RosterSheet]:
    """Open the roster at a path, or in a stream; what cannot seek, as a pipe, is read whole.

    Args:
        source: A path, or a binary stream at its beginning.
        filename: The name to show; of a path, its own.
        sheet: The sheet to read instead of the first visible one with a header.
        limits: Other limits than the usual ones.

    Raises:
        InvalidInput: as :class:`szunion.ports.roster.RosterReader` says.
        OSError: the path cannot be opened.
    """
    limits = limits or Limits()
    reader = FileRosterReader(limits)
    if isinstance(source, str | PathLike):
        path = Path(fspath(source))
        with (
            path.open("rb") as file,
            reader.open(_seekable(file, limits), filename=filename or path.name, sheet=sheet) as it,
        ):
            yield it
        return
    with reader.open(_seekable(source, limits), filename=filename or "-", sheet=sheet) as it:
        yield it


def _seekable(stream: BinaryIO, limits: Limits) -> BinaryIO:
    """Return *stream*, or all of it: a pipe is read once."""
    return stream if stream.seekable() else BytesIO(stream.read(limits.upload + 1))


def _digest(source: BinaryIO, limits: Limits) -> str:
    """Return the SHA-256 of the file; refuse one that is too large before reading it."""
    if source.seek(0, SEEK_END) > limits.upload:
        raise too_much(words.UPLOAD, limits.upload)
    source.seek(0)
    digest, read = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        read += len(chunk)
        if read > limits.upload:  # a device has no size, and need not end
            raise too_much(words.UPLOAD, limits.upload)
        digest.update(chunk)
    return digest.hexdigest()


def _form(source: BinaryIO, filename: str) -> str:
    """Return ``xlsx``, ``xls`` or ``csv``, told by the first bytes.

    Raises:
        InvalidInput: another form (E-ROSTER-003 where saving it again helps, else E-ROSTER-001).
    """
    source.seek(0)
    head = source.read(4096)
    if head.startswith(_ZIP):
        return "xlsx"
    if head.startswith(_COMPOUND):
        if filename.lower().endswith((".et", ".ett")):
            raise InvalidInput("E-ROSTER-003", form=".et")
        if _holds(source, _ENCRYPTED):
            raise InvalidInput("E-ROSTER-003", form="有密码 / with a password")
        return "xls"
    if head.startswith(_OLD_BIFF):
        raise InvalidInput("E-ROSTER-003", form="Excel 4 / Excel 5")
    for magic, form in _OTHERS:
        if head.startswith(magic):
            raise InvalidInput("E-ROSTER-001", form=form)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise InvalidInput("E-ROSTER-003", form="HTML / XML")
    return "csv"


def _holds(source: BinaryIO, word: bytes) -> bool:
    source.seek(0)
    tail = b""
    while chunk := source.read(_CHUNK):
        if word in tail + chunk:
            return True
        tail = chunk[-len(word) :]
    return False


def _conforms(reader: FileRosterReader) -> RosterReader:
    return reader
