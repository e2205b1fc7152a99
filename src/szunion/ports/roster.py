"""Know what szunion asks of roster files: rows read from them, workbooks written for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from attrs import frozen

from szunion.domain.roster_rows import RejectedRow
from szunion.domain.roster_sheet import Heading, RawRow


@frozen
class RosterSheet:
    """One opened sheet: its header found, its rows to come."""

    name: str
    """The sheet's name; of a text file, the file's."""
    form: str
    """``xlsx``, ``xls`` or ``csv``."""
    encoding: str
    """How the text was written: ``utf-8``, ``gb18030``; of a workbook, its form."""
    sha256: str
    """The SHA-256 of the whole file, in hex: it goes to the audit log, the file does not stay."""
    heading: Heading
    rows: Iterator[RawRow]
    """The rows below the header, streamed; to be read once, inside the ``with``."""
    passed_over: Sequence[tuple[str, str]] = ()
    """Other sheets and why they are not read: (W-ROSTER-…, name)."""


class RosterReader(Protocol):
    """A way to read roster files that may be damaged or hostile."""

    def open(
        self, source: BinaryIO, *, filename: str, sheet: str | None = None
    ) -> AbstractContextManager[RosterSheet]:
        """Open the roster in *source*; the first visible sheet with a header, or *sheet*.

        Args:
            source: The file, readable and seekable, at its beginning; it is not closed.
            filename: Its name, which decides nothing but is checked against the content.
            sheet: The name of the sheet to read.

        Raises:
            InvalidInput: it cannot be read, is hostile, or breaks a limit (E-ROSTER-001 to 009),
                also while rows are being taken.
        """
        ...


class RosterWriter(Protocol):
    """A way to write workbooks for people in offices."""

    def template(self) -> bytes:
        """Return an empty roster (花名册模板) as xlsx: text columns, drop-downs, notes, samples."""
        ...

    def to_mend(self, heading: Heading, rejected: Iterable[RejectedRow]) -> bytes:
        """Return the to-mend workbook (待修正) as xlsx: the bad rows only, and what to do.

        It has the file's own columns, the wrong cells red with a note, and three columns more:
        错误代码, 怎么改 and 原行号. It can be imported as it is.
        """
        ...
