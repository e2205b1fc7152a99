"""A newcomer begins a bank adapter: what is generated works, is typed, and keeps its promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from szunion.cli import main
from szunion.cli.new import package
from szunion.errors import InvalidInput

DOCS = Path(__file__).parents[2] / "docs"


def announce(folder: Path, name: str) -> None:
    """Install by hand: say beside the sources what the distribution says of itself."""
    module = f"szunion_bank_{name.replace('-', '_')}"
    info = folder / "src" / f"{module}-0.1.0.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: szunion-bank-{name}\nVersion: 0.1.0\n"
    (info / "METADATA").write_text(metadata)
    (info / "entry_points.txt").write_text(f"[szunion]\n{name} = {module}\n")


def begin(out: Path, *words: str, name: str = "zhuhai-demo") -> Path:
    result = CliRunner().invoke(
        main,
        ["--lang", "en", "new", "bank-adapter", "--name", name, "--bank", "珠海某银行",
         "--out", str(out), *words],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return out / f"szunion-bank-{name}"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("new"))


def run(folder: Path, command: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name(command), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_what_is_generated_is_green_on_its_first_run(fresh: Path) -> None:
    announce(fresh, "zhuhai-demo")
    tests = run(fresh, "pytest", "-q", "-p", "no:cacheprovider")
    assert tests.returncode == 0, tests.stdout + tests.stderr
    passed = int(tests.stdout.rsplit(" passed", 1)[0].rsplit(maxsplit=1)[-1])
    assert passed >= 100
    named = run(fresh, "szunion", "--json", "adapter", "matrix", "zhuhai-demo")
    assert named.returncode == 0, named.stdout + named.stderr
    assert '"zhuhai-demo": "SILVER"' in named.stdout


def test_the_tutorials_adapter_passes_with_less_than_two_hundred_lines(tmp_path: Path) -> None:
    """A newcomer's measure: the one file of the tutorial, over what was generated."""
    page = (DOCS / "zh/tutorial/bank-adapter.md").read_text("utf-8")
    (own,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert sum(1 for line in own.splitlines() if line.strip()) <= 200
    folder = begin(tmp_path, name="zhuhai")
    target = folder / own.splitlines()[0].removeprefix("# ")
    assert target.exists()
    target.write_text(own, "utf-8")
    announce(folder, "zhuhai")
    tests = run(folder, "pytest", "-q", "-p", "no:cacheprovider")
    assert tests.returncode == 0, tests.stdout + tests.stderr
    types = run(folder, "mypy", "--cache-dir", str(folder / ".mypy_cache"))
    assert types.returncode == 0, types.stdout + types.stderr
    tier = run(folder, "szunion", "--json", "adapter", "matrix", "zhuhai")
    assert '"zhuhai": "SILVER"' in tier.stdout, tier.stdout + tier.stderr


def test_mypy_strict_accepts_what_is_generated(fresh: Path) -> None:
    types = run(fresh, "mypy", "--cache-dir", str(fresh / ".mypy_cache"))
    assert types.returncode == 0, types.stdout + types.stderr


def test_nothing_is_overwritten_and_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    assert not begin(tmp_path, "--dry-run").exists()
    folder = begin(tmp_path)
    (folder / "README.md").write_text("mine")
    again = CliRunner().invoke(
        main, ["new", "bank-adapter", "--name", "zhuhai-demo", "--out", str(tmp_path)]
    )
    assert (again.exit_code, "E-NEW-002" in again.stderr) == (5, True)
    assert (folder / "README.md").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "Zhuhai", "1zh", "zh_hai", "../zh", "zh-", "a" * 41, "珠海"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="E-NEW-001"):
        package(name, "bank")


@pytest.mark.parametrize("title", ['a"b', "a\nb", "a\\b", "$a", "`a`", "x" * 61])
def test_a_title_that_would_break_the_files_is_refused(title: str) -> None:
    with pytest.raises(InvalidInput, match="E-NEW-001"):
        package("zhuhai", title)
