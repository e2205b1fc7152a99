"""A host writes all of its application, with its types, from the doors alone."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from tests.architecture.doors import DOORS, INSIDE, held, promised, raised_by, spoken_of

ROOT: Final = Path(__file__).parents[2]
FENCE: Final = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
IMPORT: Final = re.compile(
    r"^\s*(?:from (szunion[.\w]*) import (\([^)]*\)|.+)|import (szunion[.\w]*))", re.MULTILINE
)
VERBS: Final = {"szunion.emv": {"dol", "explain", "explain_diff", "tags", "tlv"}}
"""Modules that a door hands out whole, as its docstring says."""
PAGES: Final = [
    *sorted(ROOT.glob("README*.md")),
    *sorted(page for language in ("en", "zh") for page in (ROOT / "docs" / language).rglob("*.md")),
]
PROGRAMS: Final = [
    *sorted((ROOT / "examples").rglob("*.py")),
    *sorted((ROOT / "src" / "szunion" / "cli" / "templates").rglob("*.py.txt")),
]


def strayed(text: str) -> list[str]:
    """Return what the Python of *text* imports of ours that comes from no door."""
    found = []
    for door, names, module in IMPORT.findall(text):
        for each in re.sub(r"#.*|[()]", "", names).replace("\n", " ").split(","):
            name = each.strip().partition(" as ")[0]
            if name and not _promised(door, name):
                found.append(f"{door}.{name}")
        if module and module not in DOORS and not module.startswith("szunion_"):
            found.append(module)
    return found


def _promised(door: str, name: str) -> bool:
    if door.startswith("szunion_") or f"{door}.{name}" in DOORS:
        return True
    return door in DOORS and name in {*import_module(door).__all__, *VERBS.get(door, ())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_imports_from_doors_alone(page: Path) -> None:
    assert strayed("\n".join(FENCE.findall(page.read_text("utf-8")))) == []


def test_examples_and_what_is_made_for_a_new_adapter_import_from_doors_alone() -> None:
    assert len(PROGRAMS) > 20
    found = {file.name: lost for file in PROGRAMS if (lost := strayed(file.read_text("utf-8")))}
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "from szunion.application.grab import Booked",
        "from szunion.application import Booked, Office",
        "from szunion.domain import (\n    Fen,  # money\n    Nobody,\n)",
        "import szunion.domain.use",
        "    from szunion.emv.card import dgi",
    ],
)
def test_a_planted_way_past_the_doors_is_noticed(line: str) -> None:
    assert len(strayed(line)) == 1


def test_every_type_that_a_host_meets_can_be_had_from_a_door() -> None:
    known = promised()
    met = spoken_of(held())
    assert len(met) > 400
    lost = {f"{each.__module__}.{each.__name__}": at for each, at in met.items()
            if each not in known and each.__name__ not in INSIDE}  # fmt: skip
    assert lost == {}


def test_every_error_that_a_host_is_told_of_can_be_had_from_a_door() -> None:
    raised = raised_by(held())
    assert len(raised) > 10
    names = {*import_module("szunion.errors").__all__, *import_module("szunion.emv").__all__}
    assert {error: at for error, at in raised.items() if error not in names} == {}
