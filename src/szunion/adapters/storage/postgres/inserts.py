"""Know how writes travel together: what a unit writes without asking for an answer (归并写入).

A statement for each costs a message, a plan's start and an answer. So they become the parts of one.
All parts of a statement see what was there before it, so none may look at what another writes.

That one has the server's own places (``$1``) and is written once for each combination: the driver
goes through the words of a long statement anew each time that it is asked by names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen

from szunion.adapters.storage.postgres.net import looks_at
from szunion.adapters.storage.sql.session import Parameters

MOST_TOGETHER: Final = 8
"""How many writes become one statement: each combination of them is prepared once."""
MOST_WAITING: Final = 2_000
"""How many writes wait: so many rows are in memory at once."""

_PLAIN: Final = re.compile(r"INSERT INTO \w+ \([^()]*\)\s+VALUES \((?:%\(\w+\)s|[^()])*\)")
_CHANGE: Final = "UPDATE "
_WRITTEN: Final = re.compile(r"(?:INSERT INTO|UPDATE) (\w+)")
_NAMED: Final = re.compile(r"\b(?:FROM|JOIN) (\w+)")
_COUNT: Final = "(SELECT count(*) FROM part{})"
MARK: Final = re.compile(r"%s|%\((\w+)\)s")

#: statement: a table of which it asks only that a row is there. No change takes one away.
_FOR_A_ROW: Final[Mapping[str, str]] = {"card.note": "card"}

#: table: what a trigger of a change looks at.
_BY_TRIGGER: Final[Mapping[str, str]] = dict.fromkeys(
    ("batch", "custody_list", "payout", "proposal"), "delegation"
)

Write: TypeAlias = tuple[str, str, Parameters, str]
"""Name, text, parameters; and of what the version is expected, if it is."""

Key = str | int
"""What a parameter is found by: its name, or its place."""


def keys_of(text: str) -> tuple[Key, ...]:
    """Return what the parameters of a text are found by, in their order."""
    return tuple(found[1] or place for place, found in enumerate(MARK.finditer(text)))


@frozen
class Touch:
    """What a write has to do with other tables."""

    plain: bool
    """Whether it inserts values, and looks at nothing."""
    written: str
    looked: frozenset[str]
    """What it looks at, and what row-level security looks at before it may."""


@lru_cache(maxsize=1_000)
def touch(name: str, text: str) -> Touch:
    """Return what a write touches.

    Raises:
        ValueError: it meets rows as they come (``ON CONFLICT``), or is no write.
    """
    plain = _PLAIN.fullmatch(text) is not None
    found = _WRITTEN.match(text)
    if found is None or "ON CONFLICT" in text:
        msg = "only insertions and changes are told together"
        raise ValueError(msg)
    tables = set() if plain else {found[1], *_NAMED.findall(text)}
    looked = tables.union(*map(looks_at, tables)) - {_FOR_A_ROW.get(name)}
    if not plain and found[1] in _BY_TRIGGER:
        looked.add(_BY_TRIGGER[found[1]])
    return Touch(plain, found[1], frozenset(looked))


@define
class Waiting:
    """Writes that wait to be told, in one statement or in as few as may be."""

    writes: list[Write] = field(factory=list)
    _written: set[str] = field(factory=set)
    _changed: set[str] = field(factory=set)
    """Those tables of them that are not only added to."""

    def takes(self, write: Touch) -> bool:
        """Return whether *write* may be told together with all that wait."""
        apart = self._changed.isdisjoint if write.plain else self._written.isdisjoint
        most = MOST_WAITING if write.plain and not self._changed else MOST_TOGETHER
        return len(self.writes) < most and apart({write.written, *write.looked})

    def add(self, write: Touch, name: str, text: str, given: Parameters, entity: str) -> None:
        """Let one more write wait."""
        self._written.add(write.written)
        if not write.plain:
            self._changed.add(write.written)
        self.writes.append((name, text, given, entity))


@frozen
class Together:
    """Several writes as one statement, and what its parameters are found by, part by part."""

    text: bytes
    """With the server's places: ``$1`` and on."""
    keys: tuple[tuple[Key, ...], ...]

    def parameters(self, given: Sequence[Parameters]) -> list[Any]:
        """Return the parameters of all parts, in the order of their places."""
        parts: Sequence[Any] = given  # by names or by places, as their statements say
        return [part[key] for part, keys in zip(parts, self.keys, strict=True) for key in keys]


@lru_cache(maxsize=1_000)
def together(texts: tuple[str, ...]) -> Together:
    """Return writes as one statement; its answer says of each change how many rows it changed."""
    keys = tuple(tuple(dict.fromkeys(keys_of(text))) for text in texts)
    firsts = accumulate(map(len, keys), initial=1)
    parts = list(map(_part, texts, firsts))
    changes = [at for at, text in enumerate(texts) if text.startswith(_CHANGE)]
    if changes:
        counts = ", ".join([_COUNT.format(at) for at in changes])
        parts.append(f"SELECT {counts}")
    *first, last = parts
    told = ", ".join(f"part{at} AS ({part})" for at, part in enumerate(first))
    return Together((f"WITH {told} {last}" if told else last).encode(), keys)


def placed(text: str, first: int = 1) -> tuple[str, tuple[Key, ...]]:
    """Return a text with the server's places, from *first* on, and what its parameters are."""
    marks = keys_of(text)
    keys = tuple(dict.fromkeys(marks))
    places = {key: f"${place}" for place, key in enumerate(keys, first)}
    left = iter(marks)
    return MARK.sub(lambda _: places[next(left)], text).replace("%%", "%"), keys


def _part(text: str, first: int) -> str:
    """Return a write with the places that its parameters have among all: from *first* on."""
    part, _ = placed(text, first)
    return f"{part} RETURNING 1" if part.startswith(_CHANGE) else part
