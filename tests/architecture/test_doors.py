"""The doors show exactly the names that are promised, and opening one costs little.

``public.txt`` is the frozen list. A name that leaves it is a breaking change; a name that joins it
is a promise: both are written there by hand.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from inspect import isclass, isfunction, ismodule
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from tests.architecture.doors import DOORS

LAZY: Final = (
    "szunion",
    "szunion.adapters",
    "szunion.application",
    "szunion.domain",
    "szunion.emv",
    "szunion.ports",
    "szunion.testing",
)
PUBLIC: Final = Path(__file__).with_name("public.txt")
HEAVY: Final = ("httpx", "cryptography", "click", "sqlite3", "smartcard", "pluggy", "attr")


def shown(door: ModuleType) -> set[str]:
    """Return the public names that somebody finds behind a door, submodules apart."""
    names = {name for name in dir(door) if not name.startswith("_")}
    if not hasattr(door, "__path__"):  # a module of its own: what it defines, not what it imports
        return {name for name in names if _defined_in(door, name)}
    return {name for name in names if not ismodule(getattr(door, name))}


def _defined_in(door: ModuleType, name: str) -> bool:
    value = getattr(door, name)
    return (isclass(value) or isfunction(value)) and value.__module__ == door.__name__


@pytest.mark.parametrize("name", DOORS)
def test_a_door_shows_exactly_what_it_promises(name: str) -> None:
    door = import_module(name)
    assert list(door.__all__) == sorted(set(door.__all__), key=lambda it: (not it.isupper(), it))
    assert shown(door) <= set(door.__all__)
    for each in door.__all__:
        assert getattr(door, each) is not None


@pytest.mark.parametrize("name", DOORS)
def test_no_promised_name_is_hidden_by_a_module_of_the_same_name(name: str) -> None:
    door = import_module(name)
    folder = Path(str(door.__file__)).parent
    modules = {path.stem for path in folder.iterdir()} if hasattr(door, "__path__") else set()
    assert modules & set(door.__all__) == set()


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_door_says_of_a_name_that_it_has_not_got_it(name: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = import_module(name).no_such_name


def test_the_promised_names_are_the_frozen_ones() -> None:
    promised = [f"{name}.{each}" for name in DOORS for each in import_module(name).__all__]
    assert promised == PUBLIC.read_text("utf-8").split()


@pytest.mark.parametrize("name", LAZY)
def test_opening_a_lazy_door_loads_nothing_heavy(name: str) -> None:
    code = f"import sys, {name}; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"
