"""Our own files outside the store: whole and for good, or not there, whatever the disk says."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from szunion.adapters.files import appear
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.points.journal import FileJournal
from szunion.domain.offline import OfflineRecord
from szunion.domain.values import CardRef, CardToken
from szunion.errors import StorageError, StorageFull, SzunionError

NOON = datetime(2017, 11, 23, 4, tzinfo=UTC)
RECORD = OfflineRecord(
    point="p", number=1, card=CardRef(CardToken("SECRETTOKEN01"), 1), item="x", occasion="y",
    at=NOON, author="w", list_made=NOON, list_ends=NOON + timedelta(hours=1),
)  # fmt: skip
CODES = pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])


def fails(monkeypatch: pytest.MonkeyPatch, call: str, code: int, number: int = 1) -> None:
    """Let the *number*-th ``os.CALL`` fail; half of what it was to write is there."""
    real: Callable[..., Any] = getattr(os, call)
    left = number

    def failing(handle: Any, *more: Any) -> Any:
        nonlocal left
        left -= 1
        if left:
            return real(handle, *more)
        if call == "write":
            real(handle, more[0][: len(more[0]) // 2])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, failing)


@CODES
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_point_that_could_not_write_its_record_says_so_and_goes_on(
    call: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = FileKeys(bytes(range(32))).vault()
    journal = FileJournal(tmp_path / "j", vault)
    journal.add(RECORD)
    with monkeypatch.context() as broken:
        fails(broken, call, code)
        with pytest.raises(StorageError) as told:
            journal.add(evolve(RECORD, number=2))
    assert isinstance(told.value, StorageFull) == (code == errno.ENOSPC)
    assert [each.number for each in journal.every()] == [1]
    journal.add(evolve(RECORD, number=2))
    assert [each.number for each in FileJournal(tmp_path / "j", vault).every()] == [1, 2]


def test_a_write_that_takes_a_part_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:7]))
    vault = FileKeys(bytes(range(32))).vault()
    FileJournal(tmp_path / "j", vault).add(RECORD)
    assert [each.number for each in FileJournal(tmp_path / "j", vault).every()] == [1]


@CODES
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_file_appears_whole_or_what_was_there_stays(
    call: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"before")
    with monkeypatch.context() as broken:
        fails(broken, call, code)
        with pytest.raises(OSError, match=os.strerror(code)):
            appear(file, lambda out: out.write(b"after"))
    assert file.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["f"]
    appear(file, lambda out: out.write(b"after"))
    assert file.read_bytes() == b"after"


@CODES
@pytest.mark.parametrize("call", ["fsync", "link"])
def test_a_key_file_is_there_whole_or_not_at_all(
    call: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        fails(broken, call, code)
        with pytest.raises((OSError, SzunionError)):
            FileKeys.open(tmp_path / "k")
    assert not (tmp_path / "k").exists()
    first = FileKeys.open(tmp_path / "k").keyset()
    assert FileKeys.open(tmp_path / "k").keyset() == first
