"""Know how all that is sealed and indexed is walked through, till nothing is under an old key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import frozen

from szunion.domain.access import Scope
from szunion.ports.keys import IndexField


@frozen(kw_only=True)
class Walk:
    """How far a walk through one column or index has come (进度)."""

    name: str
    """What is walked through, and towards which key."""
    shard: int = -1
    id: int = 0
    """The last row that was looked at."""
    seen: int = 0
    changed: int = 0
    ended: bool = False


class SealedData(Protocol):
    """Everything in the store that a key of the set has made (密文与盲索引)."""

    def columns(self) -> Sequence[str]:
        """Return every column that holds sealed values: ``table.column``."""
        ...

    def alone(self, scope: Scope) -> None:
        """Wait until every unit that began earlier has ended; later ones wait for this one.

        Whoever begins later seals under the present key: it looks which that is when it begins.
        """
        ...

    def rows(self, scope: Scope, column: str) -> Mapping[int, int]:
        """Return how many values of *column* each key has sealed, by the key's number."""
        ...

    def reseal(self, scope: Scope, column: str, walk: Walk, most: int) -> Walk:
        """Seal the next *most* values of *column* with the present key, where another had sealed.

        Somebody who changes a row meanwhile wins.

        Raises:
            KeysUnavailable: a key that sealed one of them cannot be had now (E-KEYS-001).
        """
        ...

    def filing_key(self, scope: Scope, field: IndexField) -> int:
        """Return the number of the key under which documents or mobiles are filed now.

        It stands in the store and not in the key set: so all processes change over in one commit,
        and nobody files under the old key what another has just filed under the new one.
        """
        ...

    def file_under(self, scope: Scope, field: IndexField, key: int) -> None:
        """File under *key* from this commit on; waits for those who file at this moment."""
        ...

    def reindex(self, scope: Scope, field: IndexField, walk: Walk, most: int) -> Walk:
        """Bring the documents or mobiles of the next *most* people under the filing key.

        Raises:
            KeysUnavailable: the filing key cannot be had now (E-KEYS-001).
        """
        ...

    def walk(self, scope: Scope, name: str) -> Walk:
        """Return how far the walk of that name has come; one that nobody began is at the start."""
        ...

    def put_walk(self, scope: Scope, walk: Walk) -> None:
        """Keep how far a walk has come: whoever goes on begins there."""
        ...
