"""Know how PostgreSQL spells the marks of the shared statements, and takes a chunk's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from szunion.adapters.storage.postgres.arrays import KINDS
from szunion.adapters.storage.sql.dialect import Columns, Dialect, chunks, spelled

_PARAMETER: Final = re.compile(r":([a-z_][a-z_0-9]*)|\?|%")


def _chunk(columns: Columns) -> str:
    names = ", ".join(name for name, _ in columns)
    arrays = ", ".join(f"CAST(:{name} AS {KINDS[kind][0]}[])" for name, kind in columns)
    return (
        f"(SELECT u.place - 1 AS place, {names}"  # noqa: S608 - names of ours
        f" FROM unnest({arrays}) WITH ORDINALITY AS u ({names}, place))"
    )


def _parameters(text: str) -> str:
    """Write ``:name`` and ``?`` as the driver wants them."""

    def written(found: re.Match[str]) -> str:
        if found[0] == "%":
            return "%%"
        return f"%({found[1]})s" if found[1] else "%s"

    return _PARAMETER.sub(written, text)


_TEXTS: Final = r"json_array_elements_text(CAST(CAST(:\1 AS TEXT) AS JSON))"
_CAST: Final = f"(SELECT CAST(value AS BIGINT) AS value FROM {_TEXTS})"  # noqa: S608 - ours
_NUMBERS: Final = f"(SELECT value, value >> 53 AS shard FROM {_CAST} t OFFSET 0)"  # noqa: S608 - ours
"""Ids with their shards, reckoned apart from what they are joined with (``OFFSET 0``).

Where row-level security holds, an index is used for nothing but what a leakproof comparison asks of
plain columns: not for ``shard = p.value >> 53``, because ``>>`` might tell of a row by an error.
"""

POSTGRES: Final = Dialect(
    package="szunion.adapters.storage.postgres",
    marks=(
        (r"\bEACH_ID\(:(\w+)\)", _NUMBERS),
        (r"\b(\w+)\.value >> 53\b", r"\1.shard"),
        (r"\bEACH_TEXT\(:(\w+)\)", _TEXTS),
        (r"= ONE_OF\(:(\w+)\)", f"= ANY (ARRAY(SELECT {_TEXTS}))"),
        (r"\bLISTED\(", "string_agg("),
        (r"\bJOINED\(([\w.]+)\)", r"string_agg(\1, '')"),
        (r"\bFOR_UPDATE\b", "FOR UPDATE"),
        (r"\bFOR_SHARE\b", "FOR SHARE"),
        (r"\bSKIP_LOCKED\b", "FOR UPDATE SKIP LOCKED"),
    ),
    chunk=_chunk,
    finish=_parameters,
)


@cache
def statements() -> Mapping[str, str]:
    """Return every named statement in PostgreSQL's words, with the driver's parameters."""
    return spelled(POSTGRES)


@cache
def _chunks() -> Mapping[str, Columns]:
    return chunks(POSTGRES)


def packed(name: str, columns: Mapping[str, Sequence[Any]]) -> dict[str, object]:
    """Return the parameters that hand a statement the columns of its ``CHUNK``: arrays."""
    return {column: KINDS[kind][1](columns[column]) for column, kind in _chunks()[name]}
