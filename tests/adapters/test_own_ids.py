"""Ids of one machine of several: what is nobody's is the machine's, a member's is the member's."""

from __future__ import annotations

from szunion.adapters.own_ids import OwnIds
from szunion.domain.values import shard_of
from szunion.testing.clock import SeededIds, SimClock


def test_what_is_nobodys_carries_the_machines_first_shard() -> None:
    ids = OwnIds(SeededIds(SimClock()), 512)
    assert shard_of(ids.new()) == 512


def test_a_shard_that_was_said_stays_also_the_first_of_all() -> None:
    """A portal's account may fall into shard 0, and is looked for there."""
    ids = OwnIds(SeededIds(SimClock()), 512)
    assert [shard_of(ids.new(shard)) for shard in (0, 7, 1023)] == [0, 7, 1023]
    assert [shard_of(id_) for id_ in ids.many([0, 600])] == [0, 600]
