"""Know the doors, and everything that somebody meets who goes through them."""

from __future__ import annotations

import ast
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from inspect import getmembers_static, getsource, isfunction
from types import UnionType
from typing import Any, Final, NewType

DOORS: Final = (
    "szunion",
    "szunion.adapters",
    "szunion.application",
    "szunion.domain",
    "szunion.emv",
    "szunion.errors",
    "szunion.plugins",
    "szunion.ports",
    "szunion.settings",
    "szunion.testing",
    "szunion.testing.bank",
    "szunion.testing.keys",
    "szunion.testing.reader",
    "szunion.testing.storage",
    "szunion.text",
)
HELD: Final = ("szunion", "szunion.application", "szunion.plugins")
"""The doors of what a host holds and calls: whatever these speak of can be named."""
INSIDE: Final = frozenset({"Office", "Storage", "UnitOfWork"})
"""What desks are made of: a host passes it on and looks into none of it."""
ACTING: Final = (
    "szunion.adapters",
    "szunion.application.offline",
    "szunion.bootstrap",
    "szunion.nodes",
)
_RAISES: Final = re.compile(r"^ *Raises:\n(.*?)(?=^ *\w+:\n|\Z)", re.MULTILINE | re.DOTALL)
_RAISED: Final = re.compile(r"^ +([A-Z]\w+(?:, [A-Z]\w+)*): ", re.MULTILINE)


def promised() -> dict[object, str]:
    """Return everything that the doors hand out, and where."""
    names = [(door, name) for door in DOORS for name in import_module(door).__all__]
    found = [(getattr(import_module(door), name), f"{door}.{name}") for door, name in names]
    return {value: name for value, name in found if value.__hash__ is not None}


def spoken_of(roots: Iterable[type]) -> dict[type, str]:
    """Return the types of ours that somebody meets who holds *roots*, each with one place.

    Of what acts (a desk, an adapter, a port) that is what its calls take and give; of a value,
    what can be read from it and what its methods return.
    """
    met: dict[type, str] = {}
    todo: list[Any] = list(roots)
    done: set[object] = set()
    while todo:
        each = todo.pop()
        if each in done or each.__name__ in INSIDE or isinstance(each, NewType):
            continue
        done.add(each)
        for name, hint in _signatures(each):
            for kind in _kinds(hint):
                met.setdefault(kind, f"{each.__name__}.{name}")
                todo.append(kind)
    return met


def raised_by(roots: Iterable[type]) -> dict[str, str]:
    """Return the errors that the docstrings of *roots* name, each with one place."""
    met: dict[str, str] = {}
    for each in roots:
        for name, call in _calls(each):
            for part in _RAISES.findall(call.__doc__ or ""):
                for names in _RAISED.findall(part):
                    met.update((error, f"{each.__name__}.{name}") for error in names.split(", "))
    return met


def held() -> list[type]:
    """Return the classes behind the doors of what a host holds."""
    found = [getattr(import_module(door), name) for door in HELD for name in _all(door)]
    return [each for each in found if isinstance(each, type)]


def _all(door: str) -> list[str]:
    return list(import_module(door).__all__)


def _signatures(each: type) -> Iterator[tuple[str, object]]:
    fields = _fields(each)
    desk = "office" in fields
    acts = desk or getattr(each, "_is_protocol", False) or each.__module__.startswith(ACTING)
    if not desk:
        yield from fields.items()
    made = getmembers_static(each, isfunction)
    if acts and not desk:
        yield from (pair for name, call in made if name == "__init__"
                    for pair in _hints(call).items())  # fmt: skip
    for name, call in _calls(each):
        hints = _hints(call)
        yield from ((name, hint) for at, hint in hints.items() if acts or at == "return")


def _calls(each: type) -> Iterator[tuple[str, Callable[..., object]]]:
    for name, member in getmembers_static(each):
        call: Any = member
        if isinstance(member, staticmethod | classmethod):
            call = member.__func__
        elif isinstance(member, property):
            call = member.fget
        elif isinstance(member, cached_property):
            call = member.func
        made_here = isfunction(call) and (call.__module__ or "").startswith("szunion")
        if made_here and not name.startswith("_"):
            yield name, call


def _fields(each: type) -> dict[str, object]:
    found: dict[str, object] = {}
    for kind in each.__mro__:
        if _ours(kind) and "__annotations__" in vars(kind):
            hints = _hints(kind)
            found |= {name: hints[name] for name in vars(kind)["__annotations__"] if name in hints}
    return {name: hint for name, hint in found.items() if not name.startswith("_")}


def _hints(of: Any) -> dict[str, object]:
    homes = [kind.__module__ for kind in getattr(of, "__mro__", [of]) if _ours(kind)]
    known = {name: value for home in reversed(homes) for name, value in _names(home).items()}
    return typing.get_type_hints(of, globalns=known)


@cache
def _names(module: str) -> Mapping[str, object]:
    """Return the names of a module, with those that only a type checker imports."""
    known = dict(vars(sys.modules[module]))
    for node in ast.walk(ast.parse(getsource(sys.modules[module]))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                behind = import_module(node.module)
                known.setdefault(each.asname or each.name, getattr(behind, each.name, None))
        elif isinstance(node, ast.Import):
            for each in node.names:
                known.setdefault(each.name, import_module(each.name))
    return known


def _kinds(hint: object) -> Iterator[type]:
    """Return the types of ours in an annotation."""
    origin = typing.get_origin(hint)
    if origin is not None and not isinstance(hint, UnionType):
        yield from _kinds(origin)
    for each in typing.get_args(hint):
        yield from (kind for part in (each if isinstance(each, list) else [each])
                    for kind in _kinds(part))  # fmt: skip
    if isinstance(hint, type | NewType) and _ours(hint) and origin is None:
        yield typing.cast(type, hint)


def _ours(kind: object) -> bool:
    return (getattr(kind, "__module__", "") or "").split(".")[0] == "szunion"
