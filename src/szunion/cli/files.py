"""Know how a file that a person named is treated: never written over, its troubles in words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from szunion.errors import Conflict, InvalidInput
from szunion.text import Text

#: Why a file cannot be used, in words; what is not here keeps the machine's own.
_FILE_TROUBLES: Final[Mapping[int, Text]] = {
    errno.ENOENT: Text("没有这个文件或文件夹", "no such file or folder"),
    errno.EACCES: Text("没有权限", "permission denied"),
    errno.EPERM: Text("没有权限", "permission denied"),
    errno.EISDIR: Text("是文件夹，不是文件", "it is a folder, not a file"),
    errno.ENOTDIR: Text("路径中有一段不是文件夹", "a part of the path is no folder"),
    errno.ENOSPC: Text("磁盘已满", "the disk is full"),
    errno.EDQUOT: Text("超出磁盘配额", "the disk quota is used up"),
    errno.EROFS: Text("所在磁盘只读", "the disk is read-only"),
    errno.EEXIST: Text("文件已存在", "the file is there already"),
}


def unusable(path: str | Path, error: OSError | UnicodeDecodeError) -> InvalidInput:
    """Return the error for a file that cannot be read or written (E-CLI-005)."""
    if isinstance(error, UnicodeDecodeError):
        why = Text("不是 UTF-8 文本", "it is not UTF-8 text")
    else:
        own = error.strerror or type(error).__name__
        why = _FILE_TROUBLES.get(error.errno or 0, Text(own, own))
    return InvalidInput(
        "E-CLI-005", path=Path(path).name or str(path), reason=why.zh, reason_en=why.en
    )


def must_be_new(path: str | Path, *, force: bool) -> None:
    """Check that no file is at *path*, before what is counted or logged is done for it.

    Raises:
        Conflict: there is one (E-CLI-008).
        InvalidInput: nobody can say (E-CLI-005).
    """
    try:
        taken = not force and Path(path).is_file()
    except OSError as error:
        raise unusable(path, error) from None
    if taken:
        raise Conflict("E-CLI-008", path=Path(path).name)


def write_new(path: str | Path, data: bytes, *, force: bool, private: bool = False) -> None:
    """Write a file that a person may have worked on: never over one that is there, unasked.

    Args:
        path: Where.
        data: What.
        force: Whether a file that is there may be written over. It keeps its mode.
        private: Whether a new file is for its owner's eyes alone: personal data in plain.

    Raises:
        Conflict: it is there already, with another content (E-CLI-008).
        InvalidInput: it cannot be written (E-CLI-005).
    """
    target = Path(path)
    try:
        if not force and target.is_file() and target.read_bytes() != data:
            raise Conflict("E-CLI-008", path=target.name)
        mode = 0o600 if private else 0o666  # less the umask
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
    except OSError as error:
        raise unusable(path, error) from None


def write_lines_new(path: str | Path, lines: Iterable[str], *, force: bool) -> None:
    """Write a file line by line, whole or not at all; never over one that is there, unasked.

    Raises:
        Conflict: it is there already (E-CLI-008).
        InvalidInput: it cannot be written (E-CLI-005).
    """
    from szunion.adapters.files import appear  # noqa: PLC0415 - every command knows this module

    target = Path(path)
    must_be_new(target, force=force)

    def write(out: BinaryIO) -> None:
        out.writelines(f"{line}\n".encode() for line in lines)

    try:
        if target.exists() and not target.is_file():  # a pipe is written into, not put aside
            with target.open("wb") as out:
                write(out)
        else:
            appear(target, write)
    except OSError as error:
        raise unusable(path, error) from None
