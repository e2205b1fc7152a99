"""The canary scan finds what it is there to find."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from tests.canaries import canary, found_in

from szunion.domain.documents import Verdict, number_check
from szunion.domain.identity import Mobile, PersonName

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("index", [0, 7, 999])
def test_a_leak_is_found_however_it_is_written(index: int) -> None:
    one = canary(index)
    for word in (one.name, one.number, one.mobile, one.token):
        for data in (
            word.encode(),
            b"..." + word.encode() + b"...",
            word.encode().hex().encode(),
            word.encode()[::-1],
            base64.b64encode(b"a" + word.encode() + b"zz"),
            base64.b64encode(b"ab" + word.encode()),
        ):
            assert found_in(data), data


def test_a_masked_value_is_no_leak() -> None:
    one = canary(3)
    shown = f"{PersonName(one.name)!r} {Mobile(one.mobile)} {one.number[:3]}***{one.number[-4:]}"
    assert found_in(shown.encode()) == set()


def test_a_canary_has_a_number_that_the_product_accepts() -> None:
    check = number_check(date(2026, 1, 1))
    assert {check(canary(index).number) for index in range(1000)} == {Verdict.OK}


PLANTED = {
    "printed": "print(canary(3).name)",
    "logged": "logging.getLogger('szunion.x').debug('mobile %s', canary(3).mobile)",
    "in a caught error": "with suppress(InvalidInput):\n"
    "        raise InvalidInput('E-VALUE-001', given=canary(3).number)",
    "in a failure": "raise RuntimeError(canary(3).token)",
    "in a file": "(tmp_path / 'x.log').write_text(canary(3).name)",
}


def planted(body: str, tmp_path: Path, workers: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a test of that body, perhaps on workers of its own, under the scans of this run."""
    (tmp_path / "test_planted.py").write_text(
        "import logging\nfrom contextlib import suppress\n"
        "from tests.canaries import canary\nfrom szunion.errors import InvalidInput\n"
        f"\ndef test_planted(tmp_path):\n    {body}\n",
        "utf-8",
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-p", "tests.conftest",
         "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path),
         "--basetemp", str(tmp_path / "run"), "test_planted.py"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    shutil.rmtree(
        tmp_path / "run", ignore_errors=True
    )  # the scan of this run is not to find it as well
    return run


@pytest.mark.parametrize("leak", PLANTED)
def test_a_planted_leak_fails_the_run_also_on_many_processes(leak: str, tmp_path: Path) -> None:
    run = planted(PLANTED[leak], tmp_path, workers=int(leak in {"printed", "in a file"}))
    assert run.returncode == 1, run.stdout + run.stderr
    assert "personal data in the clear" in run.stdout


def test_an_error_that_cannot_be_printed_fails_the_run(tmp_path: Path) -> None:
    """A text names what fills it; an error raised without that would break where it is shown."""
    run = planted(
        "with suppress(InvalidInput):\n        raise InvalidInput('E-VALUE-001')", tmp_path
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "E-VALUE-001" in run.stdout
