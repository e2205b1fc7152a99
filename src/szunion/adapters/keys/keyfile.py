"""Know how a key set stands in a file: which keys there are, wrapped, and what wraps them.

A file of the second format is only ever replaced whole: written beside, flushed, renamed. One of
the first format holds a root from which every key follows; it stays readable.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from szunion.domain.keyset import KeyEntry, KeyProfile, Keyset, KeyStatus, KeyUse
from szunion.errors import KeysUnavailable

_FIRST: Final = "szunion-keys/1"
_SECOND: Final = "szunion-keys/2"
_LONGEST: Final = 4 * 1024 * 1024
_OTHERS: Final = 0o077


@frozen
class Stamp:
    """By what one sees that a file has been replaced."""

    inode: int
    changed: int
    size: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Return the stamp of the file at *path*."""
        seen = path.stat()
        return cls(seen.st_ino, seen.st_mtime_ns, seen.st_size)


@frozen(kw_only=True)
class KeyFile:
    """What a key file says: a root (first format), or a key set and what wraps its keys."""

    root: bytes | None = field(default=None, repr=False)
    keyset: Keyset | None = None
    wrapping: Mapping[str, str] = field(factory=dict, repr=False)


def text(data: bytes) -> str:
    """Return bytes as they stand in the file."""
    return base64.b64encode(data).decode("ascii")


def plain(word: str) -> bytes:
    """Return the bytes of a word of the file, or raise ValueError."""
    return base64.b64decode(word, validate=True)


def read(path: Path) -> tuple[KeyFile, Stamp]:
    """Return what the file says, and its stamp.

    Raises:
        KeysUnavailable: it cannot be read, or is no key file (E-KEYS-003), or others may read it
            (E-KEYS-004).
    """
    try:
        with path.open("rb") as file:
            seen = os.fstat(file.fileno())
            if seen.st_mode & _OTHERS:
                raise KeysUnavailable("E-KEYS-004", path=path.name)
            told = json.loads(file.read(_LONGEST))
            stamp = Stamp(seen.st_ino, seen.st_mtime_ns, seen.st_size)
            return _read(told), stamp
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise KeysUnavailable("E-KEYS-003", path=path.name) from None


def _read(told: Mapping[str, Any]) -> KeyFile:
    if told["format"] == _FIRST:
        root = plain(told["root"])
        if len(root) != 32:  # noqa: PLR2004 - the root's length
            raise ValueError
        return KeyFile(root=root)
    if told["format"] != _SECOND:
        raise ValueError
    keys = tuple(
        KeyEntry(
            id=int(each["id"]), use=KeyUse(each["use"]), suite=each["suite"],
            status=KeyStatus(each["status"]), label=each["label"],
            created=datetime.fromisoformat(each["created"]) if each["created"] else None,
            wrapped=plain(each["wrapped"]),
        )
        for each in told["keys"]
    )  # fmt: skip
    keyset = Keyset(
        profile=KeyProfile(told["profile"]), keys=keys, generation=int(told["generation"]),
        primary={KeyUse(use): int(key) for use, key in told["primary"].items()},
    )  # fmt: skip
    return KeyFile(keyset=keyset, wrapping=dict(told["kek"]))


def _written(keyset: Keyset, wrapping: Mapping[str, str]) -> bytes:
    told = {
        "format": _SECOND,
        "profile": keyset.profile.value,
        "generation": keyset.generation,
        "kek": dict(wrapping),
        "primary": {use.value: key for use, key in keyset.primary.items()},
        "keys": [
            {
                "id": each.id, "use": each.use.value, "suite": each.suite,
                "status": each.status.value, "label": each.label,
                "created": each.created.isoformat() if each.created else None,
                "wrapped": text(each.wrapped),
            }
            for each in keyset.keys
        ],
    }  # fmt: skip
    return (json.dumps(told, indent=1) + "\n").encode("ascii")


def create(path: Path, keyset: Keyset, wrapping: Mapping[str, str]) -> bool:
    """Write a new file, readable by its owner alone; return False if there is one by now.

    Raises:
        KeysUnavailable: it cannot be written (E-KEYS-024).
    """
    try:
        beside = _beside(path, f"{os.getpid()}", _written(keyset, wrapping))
        try:
            os.link(beside, path)
        except FileExistsError:
            return False
        finally:
            beside.unlink()
        _flush_folder(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KeysUnavailable("E-KEYS-024", path=path.name, reason=reason) from None
    return True


def replace(path: Path, keyset: Keyset, wrapping: Mapping[str, str]) -> Stamp:
    """Put a new file in the place of the one at *path*; whoever reads sees the one or the other."""
    beside = _beside(path, "new", _written(keyset, wrapping))
    beside.replace(path)
    _flush_folder(path)
    return Stamp.of(path)


def _beside(path: Path, name: str, data: bytes) -> Path:
    beside = path.with_name(f".{path.name}.{name}")
    with suppress(FileNotFoundError):  # what a kill left
        beside.unlink()
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return beside


def _flush_folder(path: Path) -> None:
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time change the file at *path*."""
    while True:
        try:
            handle = os.open(path, os.O_RDONLY)
        except OSError:
            raise KeysUnavailable("E-KEYS-003", path=path.name) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_ino != path.stat().st_ino:
                continue  # it was replaced while we waited
            yield
            return
        finally:
            os.close(handle)
