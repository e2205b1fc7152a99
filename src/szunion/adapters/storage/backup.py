r"""Know how a backup is laid out: sealed chunks, an order nobody can change, an end mark.

``szunion-backup/1\n``, 16 random bytes that name the backup, then chunks: four bytes of length and
that many bytes, sealed with the city's keys. What a chunk opens with holds the backup's name and
the chunk's number; the last one is sealed as the last one. So a chunk that was taken out, doubled,
moved or brought from another backup does not open, and a file that was cut has no end. Inside are
lines of JSON: what the backup is, then each table with its columns, its rows and its checksum.
Nothing of it lies on a disk in the clear, and no more than a chunk of it in memory.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, Final

from attrs import define, field, frozen

from szunion.adapters.storage.sql.session import Row
from szunion.adapters.storage.sql.tables import (
    BATCH,
    Sum,
    Summing,
    Table,
    Tables,
    batches,
    lines_of,
    rows_of,
)
from szunion.errors import StorageError
from szunion.ports.keys import Place, Vault

MAGIC: Final = b"szunion-backup/1\n"
NAME: Final = 16
CHUNK: Final = 256 * 1024
"""Bytes of lines that are sealed together."""
LONGEST: Final = 16 * 1024 * 1024
"""A chunk that claims to be longer is none; a single row may be longer than ``CHUNK``."""
_LENGTH: Final = struct.Struct(">I")
_MIDDLE: Final = "chunk"
_END: Final = "end"


@frozen(kw_only=True)
class Head:
    """What a backup says of itself."""

    name: bytes
    schema: int
    """The schema version of the data in it."""
    city: str
    made: datetime
    audit: str
    """The audit log's head at that moment: its size and root; empty: it had none."""


@frozen(kw_only=True)
class Contents:
    """What was in a backup that was read to its end."""

    head: Head
    sums: Mapping[str, Sum]

    @property
    def rows(self) -> int:
        """How many rows in all."""
        return sum(each.rows for each in self.sums.values())


def damaged(why: str, why_en: str) -> StorageError:
    """Return the error for a backup that cannot be believed."""
    return StorageError("E-STORE-013", why=why, why_en=why_en)


# --- sealing --------------------------------------------------------------------------------------


@define
class _Sealer:
    """Gathers lines into chunks and writes them sealed."""

    out: BinaryIO
    vault: Vault
    name: bytes
    _number: int = 0
    _lines: list[bytes] = field(factory=list)
    _size: int = 0

    def line(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line) + 1
        if self._size >= CHUNK:
            self._flush(_MIDDLE)

    def tell(self, told: Mapping[str, object]) -> None:
        self.line(json.dumps(told, ensure_ascii=False).encode())

    def end(self) -> None:
        self._flush(_END)

    def _flush(self, kind: str) -> None:
        plain = zlib.compress(b"\n".join(self._lines), 1)
        sealed = self.vault.seal(_place(self.name, self._number, kind), plain)
        self.out.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1
        self._lines.clear()
        self._size = 0


def _place(name: bytes, number: int, kind: str) -> Place:
    return Place(f"backup/{name.hex()}", 0, number, column=kind)


def write(
    source: Tables,
    vault: Vault,
    out: BinaryIO,
    *,
    head: Head,
    progress: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Contents:
    """Write everything in *source*, as it is at one moment, to *out*.

    The caller sees to it that *source* does not change meanwhile: a snapshot.
    """
    out.write(MAGIC + head.name)
    sealer = _Sealer(out, vault, head.name)
    sealer.tell(
        {
            "schema": head.schema, "city": head.city, "made": head.made.isoformat(),
            "audit": head.audit,
        }
    )  # fmt: skip
    sums = {}
    for table in source.tables():
        sealer.tell({"table": table.name, "columns": table.columns, "key": table.key})
        summing = Summing()
        for part in batches(source.rows(table)):
            lines = lines_of(part)
            summing.add(lines)
            for line in lines:
                sealer.line(line)
        sums[table.name] = found = summing.sum()
        sealer.tell({"end": table.name, "rows": found.rows, "sha256": found.sha256})
        progress(table.name, found.rows)
    sealer.end()
    return Contents(head=head, sums=sums)


# --- opening --------------------------------------------------------------------------------------


@define
class Backup:
    """A backup that is being read, from its beginning to its end, once."""

    source: BinaryIO
    vault: Vault
    head: Head = field(init=False)
    _lines: Iterator[bytes] = field(init=False)
    _name: bytes = field(init=False, default=b"")

    def __attrs_post_init__(self) -> None:
        """Read what it says of itself.

        Raises:
            StorageError: it is no backup, or is damaged (E-STORE-013), or was sealed with other
                keys, moved or altered (E-KEYS-002).
        """
        start = self.source.read(len(MAGIC) + NAME)
        if not start.startswith(MAGIC) or len(start) != len(MAGIC) + NAME:
            raise damaged("不是备份文件", "it is not a backup file")
        self._name = start[len(MAGIC) :]
        self._lines = self._opened()
        told = self._told()
        try:
            self.head = Head(
                name=self._name, schema=int(told["schema"]), city=str(told["city"]),
                made=datetime.fromisoformat(told["made"]), audit=str(told["audit"]),
            )  # fmt: skip
        except (KeyError, ValueError, TypeError):
            raise damaged("开头无法理解", "its beginning cannot be understood") from None

    def _opened(self) -> Iterator[bytes]:
        """Yield the lines of all chunks; the last must say that it is the last."""
        number, sealed = 0, self._chunk()
        while sealed is not None:
            after = self._chunk()
            kind = _END if after is None else _MIDDLE
            plain = self.vault.open(_place(self._name, number, kind), sealed)
            try:
                lines = zlib.decompress(plain)
            except zlib.error:
                raise damaged("有一块无法解开", "a chunk cannot be unpacked") from None
            yield from lines.split(b"\n") if lines else ()
            number, sealed = number + 1, after

    def _chunk(self) -> bytes | None:
        start = self.source.read(_LENGTH.size)
        if not start:
            return None
        length = _LENGTH.unpack(start)[0] if len(start) == _LENGTH.size else LONGEST + 1
        sealed = self.source.read(length) if length <= LONGEST else b""
        if len(sealed) != length:
            raise damaged("文件被截断", "the file was cut")
        return sealed

    def _told(self) -> dict[str, Any]:
        line = next(self._lines, None)
        told = None if line is None else _json(line)
        if not isinstance(told, dict):
            raise damaged("内容的顺序不对", "its contents are out of order")
        return told

    def tables(self) -> Iterator[tuple[Table, Iterator[Row]]]:
        """Yield each table and its rows; the rows are to be taken before the next table is.

        Raises:
            StorageError: a row or a checksum is not as it was written (E-STORE-013).
        """
        for line in self._lines:
            told = _json(line)
            try:
                table = Table(told["table"], tuple(told["columns"]), tuple(told["key"]))
            except (KeyError, TypeError):
                raise damaged("内容的顺序不对", "its contents are out of order") from None
            yield table, self._rows(table)

    def _rows(self, table: Table) -> Iterator[Row]:
        summing, ends = Summing(), list[bytes]()
        while lines := list(islice(self._of_rows(ends), BATCH)):
            summing.add(lines)
            yield from rows_of(lines)
        if not ends:
            raise damaged("文件被截断", "the file was cut")
        told, found = _json(ends[0]), summing.sum()
        if told != {"end": table.name, "rows": found.rows, "sha256": found.sha256}:
            raise damaged("表的校验不符", "the checksum of a table is another")
        self._sums[table.name] = found

    def _of_rows(self, ends: list[bytes]) -> Iterator[bytes]:
        """Yield lines that are rows; what comes behind them goes into *ends*."""
        if ends:
            return
        for line in self._lines:
            if not line.startswith(b"["):
                ends.append(line)
                return
            yield line

    _sums: dict[str, Sum] = field(factory=dict, init=False)

    def contents(self) -> Contents:
        """Return what has been read to its end."""
        return Contents(head=self.head, sums=self._sums)


def _json(line: bytes) -> Any:  # noqa: ANN401 - JSON is of any kind
    try:
        return json.loads(line)
    except ValueError:
        raise damaged("有一行无法理解", "a line cannot be understood") from None


def verify(source: BinaryIO, vault: Vault) -> Contents:
    """Read a backup to its end and return what is in it; nothing is written anywhere.

    Raises:
        StorageError: see :class:`Backup`.
    """
    backup = Backup(source, vault)
    for _table, rows in backup.tables():
        for _row in rows:
            pass
    return backup.contents()


def fill(
    backup: Backup,
    target: Tables,
    progress: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Contents:
    """Write what is in *backup* into the empty *target*.

    Raises:
        StorageError: see :class:`Backup`; a table of it is not there (E-STORE-013).
    """
    there = {each.name: each for each in target.tables()}
    for told, rows in backup.tables():
        table = there.get(told.name)
        if table is None or set(table.columns) != set(told.columns):
            raise damaged("有一张表这里没有", "it has a table that is not here")
        for part in batches(rows):
            target.put(told, part)
        progress(told.name, target.count(told))
    return backup.contents()


def fresh_name() -> bytes:
    """Return the name of a new backup."""
    return os.urandom(NAME)
