"""Rules of the house that a machine can look after."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "szunion"
MODULES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_module_says_first_what_it_knows(file: Path) -> None:
    text = file.read_text("utf-8")
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "a module begins with what it knows"


#: Longer than a module should be: two tables that stay whole, and parts of the card layer.
LONG = {
    "domain/__init__.py", "domain/permissions.py",
    "emv/crypto.py", "emv/explain_values.py", "emv/tlv.py",
}  # fmt: skip


def test_a_module_has_about_four_hundred_lines() -> None:
    """It is split at the "and" of its first sentence, not by length."""
    long = {
        file.relative_to(SOURCE).as_posix()
        for file in MODULES
        if len(file.read_text("utf-8").splitlines()) > 420
    }
    assert long <= LONG


@pytest.mark.parametrize("folder", ["application", "domain"])
def test_a_folder_of_many_modules_has_a_map(folder: str) -> None:
    """Each module stands on it once: who adds one says to which flow it belongs."""
    door = SOURCE / folder / "__init__.py"
    told = (ast.get_docstring(ast.parse(door.read_text("utf-8"))) or "").splitlines()
    named = " ".join(line for line in told if line.startswith("    ")).split()
    packages = [path.parent.name for path in door.parent.glob("*/__init__.py")]
    modules = [path.stem for path in door.parent.glob("*.py") if path != door]
    assert sorted(named) == sorted(modules + packages)


def test_only_the_authoriser_makes_a_scope() -> None:
    makers = {
        file.relative_to(SOURCE).as_posix()
        for file in MODULES
        if re.search(r"Scope\.__new__|\bScope\(|domain\.issuing", file.read_text("utf-8"))
    }
    assert makers == {"application/access.py", "domain/issuing.py"}


def test_nothing_outside_its_folder_depends_on_shenzhen() -> None:
    """M32: any Guangdong city can embed the product.

    The card layer names transit schemes that are called after cities, as it names every other.
    """
    named = [
        str(file.relative_to(SOURCE))
        for file in SOURCE.rglob("*")
        if file.suffix in {".py", ".sql", ".toml"}
        and "cities/shenzhen" not in file.as_posix()
        and file.relative_to(SOURCE).parts[0] != "emv"
        and re.search("深圳|shenzhen", file.read_text("utf-8"), re.IGNORECASE)
    ]
    assert named == []


def written() -> list[Path]:
    """Return every text of the project that people wrote, whatever its name ends with."""
    skip = {"build", "dist", "_build", "szunion-demo", "__pycache__"}
    found = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [
            name for name in inner if name == ".ci" or (name[0] != "." and name not in skip)
        ]
        found += [Path(folder, name) for name in names if name != ".git"]
    return [path for path in found if b"\0" not in path.read_bytes()[:1024]]


#: Where somebody builds this is nobody's business: no path of a machine, no name of its tools.
MACHINES = re.compile(
    r"/work/|/home/[a-z]|/root/|(?<![.\w])\.\./shared|\bland\.sh\b|\bissues show\b|/Users/[a-z]",
    re.ASCII,
)


def test_no_path_of_a_machine_is_in_the_project() -> None:
    own = Path(__file__)
    texts = {path: path.read_text("utf-8", "replace") for path in written() if path != own}
    assert len(texts) > 500
    named = {path: found[0] for path, text in texts.items() if (found := MACHINES.search(text))}
    assert named == {}


@pytest.mark.parametrize("word", ["/work/x", "~: /root/.venv", "see ../shared/a.md", "/home/me"])
def test_a_planted_path_is_noticed(word: str) -> None:
    assert MACHINES.search(word)


_STREAMS = {"sys.stdout.write", "sys.stderr.write"}


def printed_beside(text: str) -> list[int]:
    """Return the lines on which a module prints without the door through which all words go."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Name) and node.id == "print")
        or (isinstance(node, ast.Attribute) and node.attr in {"echo", "secho", "echo_via_pager"})
        or (isinstance(node, ast.Attribute) and ast.unparse(node) in _STREAMS)
    ]


def test_a_command_prints_by_the_one_door() -> None:
    """What a terminal would obey is shown there, not sent: names and reasons are anybody's."""
    beside = {
        f"{file.relative_to(SOURCE).as_posix()}:{line}"
        for file in MODULES
        if file.is_relative_to(SOURCE / "cli") and file != SOURCE / "cli" / "streams.py"
        for line in printed_beside(file.read_text("utf-8"))
    }
    assert not beside


@pytest.mark.parametrize(
    "planted", ["print(1)", "click.echo(1)", "click.secho(1)", "sys.stderr.write('1')"]
)
def test_what_prints_beside_the_door_is_found(planted: str) -> None:
    assert printed_beside(planted) == [1]
