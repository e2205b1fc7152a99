"""Know what every store promises of the bank's words about money: contradictions, statements.

Part of :class:`szunion.testing.storage.StoragePromises`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from attrs import evolve

from szunion.domain.access import Scope
from szunion.domain.bank import StatementKind
from szunion.domain.inbox import HeardNotice, Hearing
from szunion.domain.statement_lines import CheckedLine, LineVerdict
from szunion.domain.values import Fen
from szunion.ports.storage import UnitOfWork
from szunion.testing.storage_bank import MINUTE, key_of
from szunion.testing.storage_world import DAY, NOON, StorageWorld

_ONE, _OTHER, _CALM = 7, 8, 9


class MoneyPromises:
    """What every store promises of what the bank says about money (款项说法、流水)."""

    def test_only_a_contradiction_stands_against_what_it_is_about(
        self, world: StorageWorld
    ) -> None:
        """Of those asked for, whom a contradiction is about: nobody else, whatever was heard."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            for number, hearing in enumerate(Hearing):
                about = _ONE if hearing is Hearing.CONFLICT else _CALM
                work.inbox.hear(scope, _heard(number, about, hearing))
            work.inbox.hear(scope, _heard(99, _OTHER, Hearing.CONFLICT))
            assert work.inbox.contradicted(scope, [_ONE, _CALM]) == {_ONE: NOON}
            assert work.inbox.contradicted(scope, iter([_OTHER, _ONE])).keys() == {_ONE, _OTHER}
            assert work.inbox.contradicted(scope, []) == {}

        world.run(step)

    def test_the_newest_contradiction_counts(self, world: StorageWorld) -> None:
        """Of several about one subject the last moment counts, in whatever order they are kept."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            for number, minutes in enumerate((1, 5, 3)):
                heard = _heard(number, _ONE, Hearing.CONFLICT)
                work.inbox.hear(scope, evolve(heard, received=NOON + minutes * MINUTE))
            assert work.inbox.contradicted(scope, [_ONE]) == {_ONE: NOON + 5 * MINUTE}

        world.run(step)

    def test_a_notice_that_turns_out_a_contradiction_has_the_moment_of_that(
        self, world: StorageWorld
    ) -> None:
        """What was obeyed first and contradicted later stands against its subject from then on."""
        first = _heard(1, _ONE, Hearing.OBEYED)
        later = evolve(first, hearing=Hearing.CONFLICT, received=NOON + MINUTE)

        def step(work: UnitOfWork, scope: Scope) -> None:
            work.inbox.hear(scope, first)
            work.inbox.put(scope, later)
            assert work.inbox.contradicted(scope, [_ONE]) == {_ONE: NOON + MINUTE}
            assert work.inbox.get(scope, first.source, first.event_id) == later

        world.run(step)

    def test_the_lines_of_an_order_are_found_whatever_their_day(self, world: StorageWorld) -> None:
        """All lines of the orders asked for, in the order of days and lines, each of them once."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            work.statements.add_many(scope, [_LATER, _SECOND, _FIRST, _ANOTHERS])
            keys = [_FIRST.key, _SECOND.key]
            assert work.statements.of_keys(scope, keys) == [_FIRST, _SECOND, _LATER]
            assert work.statements.of_keys(scope, [_FIRST.key] * 2) == [_FIRST, _LATER]
            assert work.statements.of_keys(scope, [key_of(4)]) == []
            assert work.statements.of_keys(scope, iter(())) == []

        world.run(step)

    def test_a_line_is_found_by_its_order_as_it_stands(self, world: StorageWorld) -> None:
        """A line that was kept before stays as it was; an explanation is there once it is given."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            work.statements.add_many(scope, [_LATER])
            work.statements.add_many(scope, [evolve(_LATER, key=key_of(3))])
            assert work.statements.of_keys(scope, [key_of(3), _LATER.key]) == [_LATER]
            assert work.statements.explain(scope, _LATER.day, _LATER.position, "更正")
            explained = evolve(_LATER, explained="更正")
            assert work.statements.of_keys(scope, [_LATER.key]) == [explained]

        world.run(step)


def _heard(number: int, subject: int, hearing: Hearing) -> HeardNotice:
    return HeardNotice(
        source="b", event_id=f"E{number}", kind="K", stream="s", sequence=1, digest="d",
        received=NOON, hearing=hearing, subject=subject,
    )  # fmt: skip


def _line(day: date, position: int, number: int, verdict: LineVerdict) -> CheckedLine:
    return CheckedLine(
        day=day, position=position, key=key_of(number), kind=StatementKind.PAID, fen=Fen(5),
        verdict=verdict,
    )  # fmt: skip


_FIRST: Final = _line(DAY, 0, 1, LineVerdict.AGREES)
_SECOND: Final = _line(DAY, 2, 2, LineVerdict.NEWS)
_ANOTHERS: Final = _line(DAY, 1, 3, LineVerdict.AGREES)
_LATER: Final = _line(DAY + timedelta(days=1), 0, 1, LineVerdict.NOT_EXPECTED)
