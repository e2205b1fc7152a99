"""Every public function of the card layer that takes bytes alone survives any bytes.

The functions are found, not listed: whoever writes a new one has it tried here from its first day.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.fuzz.mutation import corpus

import szunion.emv
from szunion.emv.bits import BitField
from szunion.emv.errors import EmvError

GOOD = corpus()


def _members(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield public functions, and the constructors and class methods of public classes."""
    for name, found in vars(module).items():
        if name.startswith("_") or getattr(found, "__module__", None) != module.__name__:
            continue
        if found is BitField:  # which only its subclasses are
            continue
        yield name, found
        if inspect.isclass(found):
            for inner in vars(found):
                if not inner.startswith("_"):
                    yield f"{name}.{inner}", getattr(found, inner)


def _takes_bytes_alone(found: Any) -> bool:
    if not callable(found) or inspect.iscoroutinefunction(found):
        return False
    try:
        parameters = [*inspect.signature(found).parameters.values()]
    except (TypeError, ValueError):
        return False
    if not parameters or parameters[0].kind is parameters[0].KEYWORD_ONLY:
        return False
    if not str(parameters[0].annotation).startswith("bytes"):
        return False
    return all(each.default is not each.empty for each in parameters[1:])


def _readers() -> dict[str, Callable[[bytes], Any]]:
    names = sorted(each.name for each in walk_packages(szunion.emv.__path__, "szunion.emv."))
    return {
        f"{module.removeprefix('szunion.emv.')}.{name}": found
        for module in names
        for name, found in _members(import_module(module))
        if _takes_bytes_alone(found)
    }


READERS = _readers()


def test_the_readers_are_found() -> None:
    """Functions, class methods and constructors: an empty search would prove nothing."""
    assert {"tlv.parse", "dol.parse", "lists.CvmList.parse", "fields.Tvr", "iad.Iad.parse"} <= set(
        READERS
    )
    assert len(READERS) > 60


@pytest.mark.parametrize("name", READERS)
def test_any_bytes_raise_only_our_errors(name: str) -> None:
    read = READERS[name]

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(st.one_of(st.binary(max_size=80), st.sampled_from(GOOD)))
    def run(data: bytes) -> None:
        with suppress(EmvError):
            repr(read(data))

    run()
