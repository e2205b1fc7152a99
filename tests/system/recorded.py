"""Record the system calls of a child, and read the record: what it asked of the disk, in order."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from attrs import frozen

ROOT: Final = Path(__file__).parents[2]
#: What can change what a disk holds, or says which file is meant.
CALLS: Final = (
    "openat", "open", "creat", "close", "write", "pwrite64", "writev", "pwritev", "pwritev2",
    "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "sync_file_range", "unlink",
    "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "lseek", "dup", "dup2", "dup3",
    "mmap",
)  # fmt: skip


@frozen
class Call:
    """One system call that succeeded: its name, its arguments as strace wrote them, its answer."""

    name: str
    words: str
    answer: int

    def arguments(self) -> list[str]:
        """Return the arguments; a text between quotes is one, whatever it holds."""
        return _ARGUMENT.findall(self.words)

    def data(self) -> bytes:
        """Return the bytes of the first text among the arguments."""
        start = self.words.index('"') + 1
        return text(self.words[start : self.words.index('"', start)])


_LINE: Final = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+)(?: .*)?$", re.DOTALL)
_STARTED: Final = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$", re.DOTALL)
_RESUMED: Final = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$", re.DOTALL)
_ARGUMENT: Final = re.compile(r'"[^"]*"(?:\.\.\.)?|[^,\s][^,]*')


def text(quoted: str) -> bytes:
    r"""Return the bytes that strace wrote as ``\x41\x42``."""
    return bytes.fromhex(quoted.replace("\\x", ""))


@cache
def cannot_trace() -> str:
    """Return why processes cannot be traced on this machine; empty: they can."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        return "strace is not installed (Debian: strace)"
    run = subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "-e", "trace=none", "true"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return "" if run.returncode == 0 else f"ptrace is not permitted: {run.stderr[:120]}"


def record(trace: Path, *arguments: str) -> None:
    """Run ``python -m ARGUMENTS`` and write every call of :data:`CALLS` to *trace*.

    The interpreter's own program is traced, not a script that may stand in front of it.
    """
    python = Path(sys.executable)
    run = subprocess.run(
        [
            "strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-s", "16777216", "-e", "signal=none",
            "-e", "trace=" + ",".join(CALLS), "-o", str(trace), str(python), "-m", *arguments,
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]


def calls(trace: Path) -> Iterator[Call]:
    """Yield the successful calls of a record, in the order in which they ended."""
    begun: dict[str, str] = {}
    with trace.open("r", encoding="ascii") as lines:
        for raw in lines:
            line = raw.rstrip("\n")
            if started := _STARTED.match(line):
                begun[started[1]] = started[2]
                continue
            if resumed := _RESUMED.match(line):
                line = f"{resumed[1]} {begun.pop(resumed[1])}{resumed[2]}"
            found = _LINE.match(line)
            if found is None:
                assert " = -1 " in line or " = ? " in line or "+++" in line, line[:200]
                continue
            answer = int(found[4], 0)
            if answer >= 0:
                yield Call(found[2], found[3], answer)
