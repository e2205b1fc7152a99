"""A stranger's bank package: installed as one, found through the door, used by a whole system."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "bank-yunhai"


def copied(target: Path) -> None:
    """Install by hand: the package, and what its distribution says of itself."""
    shutil.copytree(
        PACKAGE / "src", target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    info = target / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = project["entry-points"]["szunion"].items()
    (info / "entry_points.txt").write_text(
        "[szunion]\n" + "".join(f"{key} = {value}\n" for key, value in points)
    )


def built(target: Path) -> None:
    """Install as people do: pip builds a wheel, and installs it."""
    source = target.parent / "source"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--no-build-isolation", "--disable-pip-version-check", "--target", str(target),
         str(source)],
        check=True,
    )  # fmt: skip


@pytest.mark.parametrize("install", [copied, built], ids=["by hand", "by pip"])
def test_the_package_of_another_city_works_when_it_is_installed(
    install: object, tmp_path: Path
) -> None:
    if install is built and importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed here")
    target = tmp_path / "site"
    target.mkdir()
    assert callable(install)
    install(target)
    tests = PACKAGE / "tests"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error",
         "--rootdir", str(tests), "-c", os.devnull, str(tests)],
        env={**os.environ, "PYTHONPATH": f"{target}{os.pathsep}{tests}",
             "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
