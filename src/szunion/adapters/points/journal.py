"""Know how a point without a line keeps its records in a file of its own: sealed, line by line."""

from __future__ import annotations

import base64
import errno
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from szunion.adapters.files import sync_folder
from szunion.domain.offline import OfflineReceipt, OfflineRecord
from szunion.domain.values import CardRef, CardToken
from szunion.errors import StorageError, StorageFull
from szunion.ports.keys import Place, Vault

_TABLE: Final = "offline_record"
_BEGINS: Final = b'{"number": '
"""How every journal begins; a file that does not is somebody else's, and stays as it is."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@define
class FileJournal:
    """A journal in a file. A line is written and flushed before anything rests on it.

    What a kill leaves half written at the end is no record: nobody was let in for it.
    """

    path: Path
    vault: Vault = field(repr=False)
    _records: dict[int, OfflineRecord] = field(factory=dict, init=False, repr=False)
    _answered: set[int] = field(factory=set, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Read what is there.

        Raises:
            StorageError: a whole line of it is no record, or does not open (E-KEYS-002).
        """
        if not self.path.exists():
            return
        whole, _, torn = self.path.read_bytes().rpartition(b"\n")
        for line in whole.splitlines():
            self._read(line)
        if torn:  # the next line begins on its own
            if not (whole or torn.startswith(_BEGINS[: len(torn)])):
                raise StorageError("E-KEYS-002", table=_TABLE)
            with self.path.open("r+b") as file:
                file.truncate(len(whole) + 1 if whole else 0)
                os.fsync(file.fileno())

    def _read(self, line: bytes) -> None:
        try:
            told = json.loads(line)
            if "answered" in told:
                self._answered.add(int(told["answered"]))
                return
            number = int(told["number"])
            sealed = base64.b64decode(told["sealed"], validate=True)
        except (ValueError, KeyError, TypeError):
            raise StorageError("E-KEYS-002", table=_TABLE) from None
        plain = json.loads(self.vault.open(Place(_TABLE, 0, number), sealed))
        self._records[number] = _record(number, plain)

    def next_number(self) -> int:
        """See :class:`szunion.ports.points.PointJournal`."""
        return max(self._records, default=0) + 1

    def add(self, record: OfflineRecord) -> None:
        """See :class:`szunion.ports.points.PointJournal`."""
        plain = json.dumps(_plain(record), ensure_ascii=False).encode()
        sealed = self.vault.seal(Place(_TABLE, 0, record.number), plain)
        line = {"number": record.number, "sealed": base64.b64encode(sealed).decode("ascii")}
        self._append([line])
        self._records[record.number] = record

    def waiting(self) -> Sequence[OfflineRecord]:
        """See :class:`szunion.ports.points.PointJournal`."""
        return [self._records[at] for at in sorted(self._records) if at not in self._answered]

    def every(self) -> Sequence[OfflineRecord]:
        """See :class:`szunion.ports.points.PointJournal`."""
        return [self._records[at] for at in sorted(self._records)]

    def answered(self, receipts: Sequence[OfflineReceipt]) -> None:
        """See :class:`szunion.ports.points.PointJournal`."""
        new = [each for each in receipts if each.number not in self._answered]
        self._append([{"answered": each.number, "taken": each.taken.value} for each in new])
        self._answered.update(each.number for each in new)

    def _append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        if not lines:
            return
        data = "".join(json.dumps(line) + "\n" for line in lines).encode("ascii")
        fresh = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            end = os.fstat(handle).st_size
            try:
                _write_whole(handle, data)
                os.fsync(handle)
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(handle, end)  # what comes later begins on its own line
                if error.errno in _NO_ROOM:
                    raise StorageFull("E-STORE-002") from None
                raise StorageError("E-STORE-005", kind=errorcode(error)) from None
        finally:
            os.close(handle)
        if fresh:
            sync_folder(self.path.parent)


def _write_whole(handle: int, data: bytes) -> None:
    """Write all of *data*: a disk that fills up takes a part and says how much."""
    while data:
        data = data[os.write(handle, data) :]


def errorcode(error: OSError) -> str:
    """Return the name of what the machine says, such as ``EIO``."""
    return errno.errorcode.get(error.errno or 0, "EUNKNOWN")


def _plain(record: OfflineRecord) -> dict[str, object]:
    return {
        "point": record.point, "token": record.card.token.plain(), "psn": record.card.psn,
        "item": record.item, "occasion": record.occasion, "at": record.at.isoformat(),
        "author": record.author, "made": record.list_made.isoformat(),
        "ends": record.list_ends.isoformat(),
    }  # fmt: skip


def _record(number: int, plain: Mapping[str, Any]) -> OfflineRecord:
    return OfflineRecord(
        point=plain["point"], number=number,
        card=CardRef(CardToken(plain["token"]), plain["psn"]), item=plain["item"],
        occasion=plain["occasion"], at=datetime.fromisoformat(plain["at"]),
        author=plain["author"], list_made=datetime.fromisoformat(plain["made"]),
        list_ends=datetime.fromisoformat(plain["ends"]),
    )  # fmt: skip
