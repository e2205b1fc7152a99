"""Strangers' bank packages: installed as such, found through the door, held to the kit, used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bank-yunhai", "bank-haichao")


def copied(package: Path, target: Path) -> None:
    """Install by hand: the package, and what its distribution says of itself."""
    shutil.copytree(
        package / "src", target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    project = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    info = target / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = project["entry-points"]["szunion"].items()
    (info / "entry_points.txt").write_text(
        "[szunion]\n" + "".join(f"{key} = {value}\n" for key, value in points)
    )


def built(package: Path, target: Path) -> None:
    """Install as people do: pip builds a wheel, and installs it."""
    source = target.parent / "source"
    shutil.copytree(package, source, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--no-build-isolation", "--disable-pip-version-check", "--target", str(target),
         str(source)],
        check=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("install", [copied, built], ids=["by hand", "by pip"])
def test_the_package_of_another_city_works_when_it_is_installed(
    install: object, name: str, tmp_path: Path
) -> None:
    package = ROOT / "examples" / name
    target = tmp_path / "site"
    target.mkdir()
    assert callable(install)
    install(package, target)
    tests = package / "tests"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error",
         "--rootdir", str(tests), "-c", os.devnull, str(tests)],
        env={**os.environ, "PYTHONPATH": f"{target}{os.pathsep}{tests}",
             "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
