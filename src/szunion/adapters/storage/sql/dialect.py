"""Know how one SQL text serves two engines: marks that each of them spells in its own words.

A statement stands once, in ``sql/statements/NOUN.sql``, in what both engines understand. What they
say differently is written as a mark, and spelled out once, when the statements are loaded:

========================== ====================================================================
mark                       what it means
========================== ====================================================================
``EACH_ID(:ids) p``        a table of the whole numbers in a JSON array; its column is ``value``
``EACH_TEXT(:words) p``    the same of texts
``= ONE_OF(:words)``       equal to one of the texts in a JSON array
``CHUNK(a ID, b KEY) c``   a table of columns that Python computed, for the bulk paths: ``place``
                           (from 0) and the columns that it names, each a parameter of its name
``LISTED(x, ',')``         the texts of a group as one, in the same order for each that is asked for
``JOINED(a.b)``            the bytes of a group one behind the other, in that same order
``FOR_UPDATE``             lock what was read until the transaction ends
``FOR_SHARE``              keep what was read from being changed until the transaction ends
``SKIP_LOCKED``            the same, and pass over what another transaction has locked
========================== ====================================================================

Where a mark is not enough, an engine has a statement of the same name in its own folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from attrs import frozen

SHARED: Final = "szunion.adapters.storage.sql"

KINDS: Final = frozenset({"ID", "SHARD", "KEY", "BLOB", "DAY"})
"""What a column of a ``CHUNK`` holds: whole numbers, shards, keys of 16 bytes, sealed bytes of any
length, days as text."""

_CHUNK: Final = re.compile(r"\bCHUNK\(([^)]*)\)")
_COMMENT: Final = re.compile(r"^\s*--[^\n]*\n?", re.MULTILINE)

Columns = tuple[tuple[str, str], ...]
"""The names and kinds of the columns of a ``CHUNK``; the first is of whole numbers or shards."""


@frozen
class Dialect:
    """How one engine spells the marks."""

    package: str
    """Where its own statements lie."""
    marks: tuple[tuple[str, str], ...]
    """Regular expressions of marks, and what stands for them."""
    chunk: Callable[[Columns], str]
    """What stands for a ``CHUNK`` of these columns."""
    finish: Callable[[str], str]
    """Writes the parameters as the driver wants them."""

    def spelled(self, text: str) -> str:
        """Return *text* in this engine's words, without comments."""
        text = _COMMENT.sub("", text).strip()
        for mark, words in self.marks:
            text = re.sub(mark, words, text)
        text = _CHUNK.sub(lambda found: self.chunk(columns_in(found[0])), text)
        return self.finish(text)


def columns_in(text: str) -> Columns:
    """Return the columns of the ``CHUNK`` in a statement; none: it has none."""
    found = _CHUNK.search(text)
    pairs = found[1].split(",") if found else []
    columns = tuple(
        (name, kind) for name, _, kind in (pair.strip().partition(" ") for pair in pairs)
    )
    unknown = {kind for _, kind in columns} - KINDS
    if unknown:
        msg = f"CHUNK has no columns of the kind {sorted(unknown)}"
        raise ValueError(msg)
    return columns


@cache
def texts(package: str) -> Mapping[str, str]:
    """Return the statements of a folder as they are written: ``noun.name`` → text.

    A statement begins with a line ``-- name: get``; what follows up to the next one is its text.
    """
    found: dict[str, str] = {}
    folder = files(package).joinpath("statements")
    for file in folder.iterdir() if folder.is_dir() else ():
        noun, dot, ending = file.name.partition(".")
        if dot and ending == "sql":
            for part in file.read_text("utf-8").split("-- name: ")[1:]:
                name, _, text = part.partition("\n")
                found[f"{noun}.{name.strip()}"] = text.strip()
    return found


def written(dialect: Dialect) -> Mapping[str, str]:
    """Return every statement of an engine as it is written: its own before the shared ones."""
    return {**texts(SHARED), **texts(dialect.package)}


def spelled(dialect: Dialect) -> Mapping[str, str]:
    """Return every statement of an engine in its own words."""
    return {name: dialect.spelled(text) for name, text in written(dialect).items()}


def chunks(dialect: Dialect) -> Mapping[str, Columns]:
    """Return the columns of every statement that has a ``CHUNK``."""
    found = {name: columns_in(text) for name, text in written(dialect).items()}
    return {name: columns for name, columns in found.items() if columns}
