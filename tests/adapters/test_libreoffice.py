"""A real spreadsheet opens what leaves as a file, and evaluates nothing of it.

Skipped where there is no LibreOffice: on Debian, ``apt install libreoffice-calc-nogui``.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest
from openpyxl import Workbook

from szunion.adapters.roster.writer import ExcelRosterWriter
from szunion.domain.cells import csv_text, safe_cell
from szunion.domain.roster_rows import RejectedRow
from szunion.domain.roster_sheet import Heading

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
pytestmark = pytest.mark.skipif(
    OFFICE is None, reason="没有 LibreOffice · no LibreOffice on this machine"
)
_UTF8 = "Text - txt - csv (StarCalc):44,34,76"
_AS = {".csv": (f"--infilter={_UTF8}",), ".xlsx": ()}
BEFORE = ["", " ", "\u3000", "\t", "\r", "\n", "\0", "\ufeff", "\u200b", "\u2028", "\xad", "\x1f"]
STARTS = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r"]
BODIES = ["1+1", "SUM(40;2)", 'HYPERLINK("http://127.0.0.1/";"x")', "cmd|'/C calc'!A0"]
ATTACKS = list(product(BEFORE, STARTS, BODIES))


def opened(source: Path, folder: Path) -> list[list[str]]:
    """Return the values that LibreOffice has in a file after it has reckoned all formulas."""
    assert OFFICE is not None
    subprocess.run(
        [OFFICE, "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}",
         *_AS[source.suffix], "--convert-to", f"csv:{_UTF8}", "--outdir", str(folder), str(source)],
        check=True, capture_output=True, timeout=120,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    told = (folder / f"{source.stem}.csv").read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(told, newline="")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where LibreOffice writes; what is opened lies beside it."""
    made = tmp_path / "out"
    made.mkdir()
    return made


def test_no_cell_of_a_list_of_members_is_evaluated(tmp_path: Path, folder: Path) -> None:
    cells = [safe_cell("".join(attack)) for attack in ATTACKS]
    source = tmp_path / "made.csv"
    source.write_bytes(csv_text((cell, "名") for cell in cells).encode("utf-8-sig"))
    assert opened(source, folder) == [[cell, "名"] for cell in cells]


def test_no_cell_of_a_workbook_to_mend_is_evaluated(tmp_path: Path, folder: Path) -> None:
    bad = [
        RejectedRow(row=number, cells=("".join(attack), "名"), errors=())
        for number, attack in enumerate(ATTACKS, start=2)
    ]
    heading = Heading(line=1, headers=("姓名", "备注"), columns={})
    source = tmp_path / "made.xlsx"
    source.write_bytes(ExcelRosterWriter().to_mend(heading, bad))
    rows = opened(source, folder)[1:]
    assert len(rows) == len(ATTACKS)
    # What is not shown may be lost on the way; a formula would have become what it says.
    wrong = [
        (attack, row)
        for attack, row in zip(ATTACKS, rows, strict=True)
        if not row[0].endswith(attack[2]) or row[1] != "名"
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_spreadsheet_evaluates_what_was_not_made_safe(
    kind: str, tmp_path: Path, folder: Path
) -> None:
    """Else the tests above could not fail."""
    source = tmp_path / f"made.{kind}"
    if kind == "csv":
        source.write_bytes(csv_text([("=1+1",)]).encode("utf-8-sig"))
    else:
        book = Workbook()
        assert book.active is not None
        book.active.append(["=1+1"])
        book.save(source)
    assert opened(source, folder) == [["2"]]
