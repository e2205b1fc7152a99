"""A roster upload cannot hurt the server: hostile files are refused, quickly, and nothing dies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.roster import hostile

#: Reads every file of a folder in one process, as a server would; a line of JSON for each.
READER = """
import json, resource, sys
from pathlib import Path
from szunion.adapters.roster import read_roster
from szunion.errors import InvalidInput

def used():
    me, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return me.ru_utime + me.ru_stime + children.ru_utime + children.ru_stime

def peak():     # not ru_maxrss: that begins with the peak of whoever started this process
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmHWM:") + 1]) / 1024

files = sorted(Path(sys.argv[1]).iterdir())
with read_roster(files[0]) as sheet:      # a good one: what is loaded lazily is loaded
    list(sheet.rows)
first = peak()
for file in files[1:]:
    begin = used()
    try:
        with read_roster(file) as sheet:
            code = f"read {sum(1 for _ in sheet.rows)} rows"
    except InvalidInput as error:
        code = error.code
    line = {"name": file.name, "code": code, "seconds": used() - begin, "mib": peak() - first}
    print(json.dumps(line))
"""
FILES = hostile.files()
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc"
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "000-good.xlsx").write_bytes(hostile.book())
    for name, (make, _) in FILES.items():
        (folder / name).write_bytes(make())
    work = tmp_path_factory.mktemp("work")
    done = subprocess.run(
        [sys.executable, "-c", READER, str(folder)],
        capture_output=True, text=True, check=False, cwd=work, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(work.iterdir()) == []
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for file in folder.iterdir():
        file.unlink()
    return {line["name"]: line for line in lines}


def test_there_are_sixty_and_more() -> None:
    assert len(FILES) >= 60


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_within_two_seconds_of_work(
    name: str, seen: dict[str, dict[str, Any]]
) -> None:
    assert seen[name]["code"] in FILES[name][1]
    assert seen[name]["seconds"] <= 2


def test_the_reading_process_grows_by_64_mib_at_most(seen: dict[str, dict[str, Any]]) -> None:
    assert len(seen) == len(FILES)
    assert 0 < max(line["mib"] for line in seen.values()) <= 64


def test_the_file_that_they_are_made_from_is_good(tmp_path: Path) -> None:
    from szunion.adapters.roster import read_roster

    good = tmp_path / "good.xlsx"
    row = '<row r="2"><c r="A2" t="inlineStr"><is><t>张</t></is></c></row>'
    good.write_bytes(hostile.book(hostile.sheet(row)))
    with read_roster(good) as sheet:
        assert [row.cells[0] for row in sheet.rows] == ["张"]
