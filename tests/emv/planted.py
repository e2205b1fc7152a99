"""Know how to plant a mistake in one function of the product, for the length of a test.

The tests of a mistake must fail when it is made; otherwise their green means nothing.
"""

from __future__ import annotations
import __future__ as features

import inspect
import sys
import textwrap
from types import ModuleType
from typing import Any

import pytest


def plant(
    monkeypatch: pytest.MonkeyPatch, owner: ModuleType | type, name: str, old: str, new: str
) -> None:
    """Replace *old*, which must stand there once, by *new* in the function *name* of *owner*."""
    found: Any = owner.__dict__[name]
    original: Any = found.__func__ if isinstance(found, classmethod) else found
    source = textwrap.dedent(inspect.getsource(original)).removeprefix("@classmethod\n")
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {name}"
    module = owner if isinstance(owner, ModuleType) else sys.modules[owner.__module__]
    space: dict[str, Any] = {}
    code = compile(
        source.replace(old, new),
        f"<planted {name}>",
        "exec",
        flags=features.annotations.compiler_flag,
    )
    exec(code, module.__dict__ | {"__name__": module.__name__}, space)
    # the copy must see later patches of its module too: it runs in the module's own names
    mutant = type(original)(
        space[name].__code__,
        module.__dict__,
        name,
        original.__defaults__,
        original.__closure__,
    )
    mutant.__kwdefaults__ = original.__kwdefaults__
    monkeypatch.setattr(owner, name, mutant if original is found else classmethod(mutant))
    for other in list(sys.modules.values()):
        if not getattr(other, "__name__", "").startswith(("szunion.emv", "tests.emv")):
            continue
        for key, value in list(vars(other).items()):
            if value is original:
                monkeypatch.setattr(other, key, mutant)
            elif isinstance(value, dict) and key.startswith("_") and original in value.values():
                changed = {k: mutant if v is original else v for k, v in value.items()}
                monkeypatch.setattr(other, key, changed)
