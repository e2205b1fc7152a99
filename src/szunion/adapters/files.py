"""Know how a file appears on disk: whole, under its name and for good, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def appear(path: Path, write: Callable[[BinaryIO], object], *, durable: bool = True) -> None:
    """Let a file appear at *path* whole, on disk and under its name, or not at all.

    Args:
        path: Where it is to be.
        write: Writes it.
        durable: Whether it must survive a loss of power. What can be fetched again, and tells by
            its own trailer that it is whole, need not.

    Raises:
        OSError: it did not; nothing is there, or what was there before.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as out:
            write(out)
            if durable:
                out.flush()
                os.fsync(out.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names of a folder on disk: a rename is durable after that alone."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
