"""A million lines of a bank's result file: read, checked and made notices of, in constant memory.

The peer is a bare parse of the same bytes: each line cut at the same places, its numbers made
integers, nothing checked and nothing made of it. Memory is the growth of the whole process while
the file is read, measured in a process of its own. The bank desk then obeys such a file, with all
that a notice moves, in the commits of a real database.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.adapters.bank.filed import file_town
from tests.offices import office_on

from benchmarks.lines import Line, faster, smaller
from szunion.adapters.bank.batch_file.carrier import FolderCarrier
from szunion.adapters.bank.batch_file.layout import BankLayout
from szunion.adapters.bank.batch_file.line import BatchFileBank
from szunion.adapters.bank.batch_file.make import layout_named
from szunion.adapters.bank.batch_file.sheets import Sheet
from szunion.adapters.bank.batch_file.speech import Plain
from szunion.adapters.bank.batch_file.spool import Spool
from szunion.testing.clock import SimClock

MEMBERS = 1000
LINES = int(os.environ.get("SZUNION_BENCH_FILE_LINES", "1000000"))
_GROWTH = 32.0
"""MiB that reading a file of any length may take."""
_NAME = "DR201711230001.txt"


def _laid(layout: BankLayout, folder: Path, count: int) -> Path:
    """Write a result file of *count* payments that arrived, as a bank does."""
    sheet = Sheet(layout, layout.collect["orders"])
    one = io.BytesIO()
    head: dict[str, Plain] = {"day": SimClock("2017-11-23").today(), "number": 1}
    row: dict[str, Plain] = {
        "notice": "S", "event_id": "E000000000", "stream": "o000000000", "sequence": 1,
        "order": "A" * 26, "fen": 300_000, "effective": SimClock("2017-11-23").now(),
    }  # fmt: skip
    path = folder / _NAME
    # Written a part at a time: the adapter's writer keeps a request in memory, a bank does not.
    digest = sheet._digest()  # noqa: SLF001 - the same bytes as the writer's
    with path.open("wb") as out:
        first = sheet.header.write(head) + layout.end
        digest.update(first)
        out.write(first)
        pattern = sheet.detail.write(row) + layout.end
        for start in range(0, count, 1000):
            part = b"".join(
                pattern.replace(b"000000000 ", b"%09d " % (start + each))
                for each in range(min(1000, count - start))
            )
            digest.update(part)
            out.write(part)
        known = {**head, "count": count, "total": 300_000 * count, "digest": digest.hexdigest()}
        out.write(sheet.trailer.write(known) + layout.end)
    one.close()
    return path


def _collected(layout: BankLayout, folder: Path, spool: Path) -> int:
    bank = BatchFileBank(
        layout, Spool(spool), FolderCarrier(folder, folder), SimClock("2017-11-23")
    )
    return sum(1 for _ in bank.collect(after=None))


def _bare(path: Path) -> int:
    count = 0
    with path.open("rb") as file:
        next(file)
        for line in file:
            if line[:1] == b"T":
                break
            (
                line[:1], line[1:25].rstrip(), line[25:65].rstrip(), int(line[65:77]),
                line[77:97], line[97:123], int(line[123:138]), line[138:178].rstrip(),
                line[178:188].rstrip(), line[188:248].rstrip(),
            )  # fmt: skip
            count += 1
    return count


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    """Return what *work* did and how much processor time it took: both sides are one thread."""
    start = time.process_time()
    return work(), time.process_time() - start


def _cut(path: Path) -> int:
    """Read a file as barely as can be: its lines decoded and cut into words."""
    return sum(len(line.decode("gb18030").split()) > 1 for line in path.open("rb"))


def _through_the_desk(folder: Path) -> Line:
    """Return how quickly the bank desk obeys a result file: each row, in commits on SQLite."""
    folder.mkdir()
    place, both = file_town(folder / "files", office_on("sqlite", folder))
    people = place.admit(MEMBERS)
    asked = place.approve(people)
    place.run()
    both.peer.visit()
    place.pass_time(hours=2)
    assert asked.key is not None
    both.bank.simulate.verify(asked.key)
    both.peer.visit()
    (path,) = both.inbox.glob("JG*.txt")
    count, seconds = _timed(place.worker.desk.collect)
    assert count >= MEMBERS, count
    rows, bare = _timed(lambda: sum(_cut(path) for _ in range(20)))
    assert rows >= 20 * MEMBERS, rows
    place.office.storage.close()
    return faster(
        "bank_desk + batch_file: notices of a result file obeyed, on SQLite, a processor second "
        "/ bare parse of the file",
        count / seconds, peer=rows / bare, floor=0.002,
    )  # fmt: skip


_CHILD = """
import sys
from pathlib import Path
from benchmarks.bench_bank_files import _collected, layout_named
from benchmarks.lines import peak_mib
layout = layout_named("fixed")
folder, spool = Path(sys.argv[1]), Path(sys.argv[2])
before = peak_mib()
count = _collected(layout, folder, spool)
print(count, peak_mib() - before)
"""


def _growth(folder: Path, spool: Path) -> tuple[int, float]:
    told = subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), str(spool)],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    return int(told[0]), float(told[1])


def lines() -> list[Line]:
    """Return the lines of a result file: how quick, and in how much memory."""
    layout = layout_named("fixed")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folder = root / "in"
        folder.mkdir()
        path = _laid(layout, folder, LINES)
        bare, ours = [], []
        for turn in range(3 if LINES <= 100_000 else 1):
            count, seconds = _timed(lambda: _bare(path))
            bare.append(count / seconds)
            spool = root / f"spool-{turn}"
            count, seconds = _timed(lambda spool=spool: _collected(layout, folder, spool))  # type: ignore[misc]
            assert count == LINES
            ours.append(count / seconds)
        desk = _through_the_desk(root / "desk")
        count, grown = _growth(folder, root / "spool-child")
        assert count == LINES
    quick, plain = max(ours), max(bare)
    return [
        faster(
            f"result file of {LINES:,} lines: checked, made notices, lines a processor second",
            quick, peer=plain, floor=0.04,
        ),
        smaller(f"result file of {LINES:,} lines: memory while it is read, MiB", max(grown, 0.1),
                limit=_GROWTH),
        desk,
    ]  # fmt: skip
