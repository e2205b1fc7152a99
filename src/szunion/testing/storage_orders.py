"""Know what every store promises of what is asked of the bank about many cards at once.

Part of :class:`szunion.testing.storage.StoragePromises`.
"""

from __future__ import annotations

from typing import Final

import pytest
from attrs import evolve

from szunion.domain.access import Scope
from szunion.domain.instructions import Instruction, InstructionKind
from szunion.domain.outbox import Dispatch, DispatchKind, DispatchState
from szunion.domain.values import SHARDS, CardId, InstructionId, PersonId, RequestKey
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork
from szunion.testing.storage_world import NOON, SHIFT, StorageWorld

_CARDS: Final = tuple(CardId((shard << SHIFT) + 7) for shard in (0, 5, SHARDS - 1))


class OrderPromises:
    """What every store promises of instructions and dispatches that are written in sets."""

    def test_many_are_queued_together_or_none_is(self, world: StorageWorld) -> None:
        """A set goes into the outbox whole: each as it was queued; none, if a key is known."""
        new = [_dispatch(number, card) for number, card in enumerate(_CARDS)]
        new[1] = evolve(new[1], state=DispatchState.UNKNOWN, attempts=2, sent=NOON, outcome="X")
        world.run(lambda work, scope: work.outbox.add_many(scope, []))
        world.run(lambda work, scope: work.outbox.add_many(scope, new))
        for each in new:
            assert world.run(lambda w, s, each=each: w.outbox.by_key(s, each.key)) == each  # type: ignore[misc]
        known = [_dispatch(3, _CARDS[0], 2), evolve(_dispatch(4, _CARDS[1], 2), key=new[0].key)]
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda work, scope: work.outbox.add_many(scope, known))
        assert world.run(lambda work, scope: work.outbox.by_key(scope, known[0].key)) is None
        one = [known[0]]
        world.run(lambda work, scope: work.outbox.add_many(scope, one))
        assert world.run(lambda work, scope: work.outbox.of(scope, _CARDS[0])) == [new[0], *one]

    def test_what_was_asked_about_many_cards_is_read_in_its_order(
        self, world: StorageWorld
    ) -> None:
        """Instructions of a set are there whole, each card's in its order; no cause comes twice."""
        stops = [_asked(number, card) for number, card in enumerate(_CARDS)]
        again = evolve(
            _asked(8, _CARDS[1]), kind=InstructionKind.ALLOW, sequence=2, reason="EXPIRE"
        )

        def step(work: UnitOfWork, scope: Scope) -> None:
            bulk = work.bulk
            bulk.add_instructions(scope, [])
            bulk.add_instructions(scope, [again, *stops])
            assert bulk.instructions(scope, []) == []
            found = bulk.instructions(scope, _CARDS[1:])
            assert [each for each in found if each.card == _CARDS[1]] == [stops[1], again]
            assert [each for each in found if each.card == _CARDS[2]] == [stops[2]]
            assert work.instructions.of_card(scope, _CARDS[0]) == [stops[0]]

        world.run(step)
        same = evolve(_asked(9, _CARDS[2]), sequence=2)
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda work, scope: work.bulk.add_instructions(scope, [same]))


def _key(number: int) -> RequestKey:
    return RequestKey("ABCDEFGHIJ"[number] * 26)


def _dispatch(number: int, card: CardId, sequence: int = 1) -> Dispatch:
    return Dispatch(
        id=card + number, kind=DispatchKind.SET_CARD_USE, key=_key(number), digest="D",
        subject=number, aggregate=card, sequence=sequence, created=NOON, due=NOON,
    )  # fmt: skip


def _asked(number: int, card: CardId) -> Instruction:
    return Instruction(
        id=InstructionId(card + number), card=card, person=PersonId(card + 1), sequence=1,
        kind=InstructionKind.STOP, cause="union:1", reason="LEFT_UNION", key=_key(number),
        created=NOON,
    )  # fmt: skip
