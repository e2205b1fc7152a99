"""Know how several machines of one city draw ids of which no two are ever the same."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from szunion.ports.system import Ids

_NOBODYS: Final = -1


@frozen
class OwnIds:
    """Ids of one machine: what is no member's carries its first shard, which is its alone."""

    ids: Ids
    first: int

    def new(self, shard: int = _NOBODYS) -> int:
        """Return a new id in *shard*; not said, for what is no member's: in the first one here."""
        return self.ids.new(self.first if shard == _NOBODYS else shard)

    def many(self, shards: list[int]) -> list[int]:
        """Return one new id for each shard of the list, in order."""
        return self.ids.many(shards)
