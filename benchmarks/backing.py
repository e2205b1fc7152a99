"""One backup, restore or copy in a process of its own: how long it takes, and its peak memory.

``python -m benchmarks.backing OPERATION SOURCE TARGET OWNER FILE``: *OPERATION* is ``backup``
(source to file), ``restore`` (file to target) or ``copy``; *OWNER* is the target's, or ``-``.
Prints one line of JSON: rows, seconds, the peak in MiB and what it was before the work.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.lines import peak_mib
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.backing import back_up, copy
from szunion.cli.databases import database_at

ROOT = Path(__file__).parents[1]
_NOON = datetime(2017, 11, 23, 4, tzinfo=UTC)


def _silent(_table: str, _rows: int) -> None:
    """Nobody looks."""


def run(operation: str, source: str, target: str, owner: str, file: Path) -> dict[str, float]:
    """Do it in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.backing", operation, source, target, owner, str(file)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(operation: str, source: str, target: str, owner: str, file: Path) -> dict[str, Any]:
    """Do it here."""
    vault = FileKeys(bytes(range(32))).vault()
    there = database_at(target, "" if owner == "-" else owner)
    before, began = peak_mib(), time.perf_counter()
    if operation == "backup":
        with file.open("wb") as out:
            rows = back_up(
                database_at(source), vault, out, city="440300", at=_NOON, progress=_silent
            ).rows
    elif operation == "restore":
        with file.open("rb") as data:
            rows = there.restore(data, vault, at=_NOON, progress=_silent).rows
    else:
        rows = copy(database_at(source), there, at=0, progress=_silent).rows
    seconds = time.perf_counter() - began
    return {"rows": rows, "seconds": seconds, "peak": peak_mib(), "before": before}


if __name__ == "__main__":
    what, here, goal, tables_owner, place = sys.argv[1:]
    sys.stdout.write(json.dumps(main(what, here, goal, tables_owner, Path(place))) + "\n")
