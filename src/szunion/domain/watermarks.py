"""Know how a copy of an export is marked for the officer it was made for, and told again later.

Three marks, none of which changes what a row says of a member. The *order* of the rows follows a
keyed hash of the masked document, so any part of a copy still lies in the order of its export. A
few *canary rows* name nobody: their last digits follow from the export's key. The key itself comes
from the city's vault and the export's number, so nothing of the content needs to be kept.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from attrs import evolve, frozen

_ROWS_A_CANARY: Final = 250
_MOST_CANARIES: Final = 20
_DOCUMENT: Final = re.compile(r"[0-9A-Z]{1,3}\*{4,}([0-9A-Z]{1,4})(?![0-9A-Z*])", re.ASCII)
_MOBILE: Final = re.compile(r"1[0-9]{2}\*{4}([0-9]{4})(?![0-9*])", re.ASCII)
_LOOKED_AT: Final = 20_000
"""Lines of a leaked copy that are looked at."""
_LEAST: Final = 8
"""Rows whose order says something: eight lie in order by chance once in 40,320 times."""


@frozen(kw_only=True)
class ExportRow:
    """One member in an export; everything is masked already."""

    name: str
    document: str
    mobile: str
    union: str
    state: str
    since: str

    def cells(self) -> tuple[str, ...]:
        """Return the cells, as they stand in the file."""
        return (self.name, self.document, self.mobile, self.union, self.state, self.since)


@frozen(kw_only=True)
class Suspicion:
    """What a leaked copy has in common with one export (溯源)."""

    export: int
    canaries: int
    """Canary rows of that export that stand in the copy."""
    in_order: int
    """Neighbouring rows that lie in that export's order."""
    pairs: int
    """Neighbouring rows that were compared; about half lie in order by chance."""

    @property
    def sure(self) -> bool:
        """Whether chance is no explanation: a canary, or a whole order."""
        return self.canaries > 0 or (self.pairs >= _LEAST - 1 and self.in_order == self.pairs)


def _mac(key: str, words: str) -> bytes:
    return hmac.digest(key.encode(), words.encode(), hashlib.sha256)


def _place(key: str, document: str) -> bytes:
    return _mac(key, f"order:{document}")


def canary_tails(key: str, rows: int) -> tuple[tuple[str, str], ...]:
    """Return the last digits of document and mobile of each canary of an export."""
    found = []
    for number in range(min(_MOST_CANARIES, 1 + rows // _ROWS_A_CANARY)):
        digits = int.from_bytes(_mac(key, f"canary:{number}")[:8]) % 10**8
        found.append((f"{digits:08}"[:4], f"{digits:08}"[4:]))
    return tuple(found)


def marked(key: str, rows: Sequence[ExportRow]) -> list[ExportRow]:
    """Return *rows* in the order of the export of *key*, its canaries among them."""
    whole = list(rows)
    for number, (document, mobile) in enumerate(canary_tails(key, len(rows)) if rows else ()):
        like = rows[int.from_bytes(_mac(key, f"like:{number}")[:8]) % len(rows)]
        whole.append(
            evolve(
                like,
                document="440" + "*" * 11 + document,
                mobile=f"138****{mobile}" if like.mobile else f"139****{mobile}",
            )
        )
    return sorted(whole, key=lambda row: (_place(key, row.document), row.name))


@frozen
class Leak:
    """What can be read of a leaked copy, whatever program it went through."""

    documents: tuple[str, ...]
    tails: frozenset[tuple[str, str]]

    @classmethod
    def read(cls, lines: Iterable[str]) -> Leak:
        """Read a copy line by line: masked documents in their order, and last digits by row."""
        documents, tails = [], set()
        for _, line in zip(range(_LOOKED_AT), lines, strict=False):
            mobile = _MOBILE.search(line)
            rest = line if mobile is None else line.replace(mobile[0], "")
            document = _DOCUMENT.search(rest)
            if document is not None:
                documents.append(document[0])
                if mobile is not None:
                    tails.add((document[1], mobile[1]))
        return cls(tuple(documents), frozenset(tails))

    def compare(self, export: int, key: str, rows: int) -> Suspicion:
        """Return what the copy has in common with one export of *rows* rows."""
        canaries = self.tails & set(canary_tails(key, rows))
        places = [_place(key, document) for document in self.documents]
        steps = [first <= second for first, second in pairwise(places) if first != second]
        return Suspicion(
            export=export, canaries=len(canaries), in_order=sum(steps), pairs=len(steps)
        )


# --- cells that are no formulas -------------------------------------------------------------------
