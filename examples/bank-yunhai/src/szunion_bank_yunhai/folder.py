"""Know how a file appears in a shared folder: whole, for good, and under one name."""

from __future__ import annotations

import os
from pathlib import Path


def appear(path: Path, data: bytes) -> None:
    """Let *data* appear at *path*: after this it outlives a power cut, before it is not there.

    Raises:
        OSError: it could not be written; nothing appeared.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def content(path: Path) -> bytes | None:
    """Return what stands at *path*; None: nothing does."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
