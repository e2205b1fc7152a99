"""The law of imports holds, and each way of breaking it is noticed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: file, line to plant, words of the contract that must break
PLANTED = [
    ("emv/tlv.py", "import szunion.domain.values", "emv knows nothing"),
    ("emv/tlv.py", "import szunion.errors", "emv knows nothing"),
    ("domain/values.py", "import os", "no input or output"),
    ("domain/values.py", "import time", "no input or output"),
    ("domain/values.py", "import szunion.ports.bank", "flow downwards"),
    ("domain/values.py", "import szunion.adapters.storage", "flow downwards"),
    ("application/office.py", "import sqlite3", "no input or output"),
    ("application/cards.py", "import szunion.domain.issuing", "Only the authoriser"),
    ("adapters/storage/sql/people.py", "import szunion.domain.issuing", "Only the authoriser"),
    ("application/office.py", "import szunion.bootstrap", "flow downwards"),
    ("ports/bank.py", "import szunion.application.office", "flow downwards"),
    (
        "adapters/storage/sqlite/session.py",
        "import szunion.adapters.keys.vault",
        "No adapter family",
    ),
    ("adapters/storage/sqlite/session.py", "import cryptography", "One module knows"),
    ("adapters/storage/sqlite/session.py", "import pluggy", "One module knows"),
    ("application/office.py", "import click", "One module knows"),
    ("adapters/bank/signed_http.py", "import httpx", "One module knows httpx"),
    ("adapters/bank/signed_http.py", "import httpcore", "One module knows httpx"),
    ("adapters/bank/signed_http.py", "import szunion.adapters.keys.messages", "No adapter family"),
    ("adapters/storage/sqlite/session.py", "import smartcard", "One module knows smartcard"),
    ("application/office.py", "import smartcard", "One module knows smartcard"),
    ("adapters/roster/csv.py", "import szunion.adapters.storage.memory.storage", "No adapter"),
    ("emv/tlv.py", "import szunion.adapters.reader.pcsc", "emv knows nothing"),
    ("emv/tlv.py", "import socket", "no input or output"),
    ("application/office.py", "import random", "no input or output"),
    ("testing/clock.py", "import szunion.cli", "flow downwards"),
    ("plugins.py", "import szunion.adapters.builtin", "flow downwards"),
    ("errors.py", "import szunion.domain.values", "flow downwards"),
    ("domain/values.py", "import szunion.domain.bank", "No circles"),
    ("newcomer.py", '"""Has no place in the layers."""', "flow downwards"),
]


#: A reading of the machine's clock or chance, which only one module may do.
READINGS = (
    "from datetime import UTC, datetime\nnow = datetime.now(UTC)\n",
    "from datetime import date\ntoday = date.today()\n",
    "import time\nnow = time.time()\n",
    "import uuid\nname = uuid.uuid4()\n",
)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(
    ("file", "found"), [("application/office.py", True), ("adapters/system.py", False)]
)
def test_a_planted_reading_of_the_clock_is_noticed(reading: str, file: str, found: bool) -> None:  # noqa: FBT001
    result = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "--config",
         str(ROOT / "pyproject.toml"), "--stdin-filename", str(ROOT / "src" / "szunion" / file)],
        cwd=ROOT, input=reading, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode != 0) is found
    assert ("TID251" in result.stdout) is found


def lint(source: Path, config: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--config", config, "--no-cache"],
        cwd=source,
        env={"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> tuple[Path, Path]:
    shutil.copytree(
        ROOT / "src" / "szunion", tmp_path / "szunion", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path, tmp_path / "pyproject.toml"


def test_the_law_of_imports_holds(copy: tuple[Path, Path]) -> None:
    result = lint(*copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED)
def test_a_planted_import_is_noticed(
    copy: tuple[Path, Path], file: str, line: str, contract: str
) -> None:
    source, config = copy
    target = source / "szunion" / file
    text = target.read_text("utf-8") if target.exists() else ""
    target.write_text(f"{text}\n{line}\n", "utf-8")
    result = lint(source, config)
    assert result.returncode != 0
    broken = [row for row in result.stdout.splitlines() if "BROKEN" in row]
    assert any(contract in row for row in broken), result.stdout
