"""Know what no engine keeps, and how that is told: text that is no Unicode, a number out of range.

The drivers refuse such a value before the server hears of it, each with an error of Python's that
quotes the whole text; so what goes on is an error of ours without it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from szunion.errors import InvalidInput

P = ParamSpec("P")
T = TypeVar("T")


def keepable(method: Callable[P, T]) -> Callable[P, T]:
    """Have a unit of work that brings what no engine keeps refused (E-VALUE-004)."""

    @wraps(method)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except (UnicodeEncodeError, OverflowError):
            pass
        raise InvalidInput("E-VALUE-004")

    return run
