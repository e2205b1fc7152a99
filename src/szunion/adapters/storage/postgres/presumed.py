"""Know what a look takes for answers until it has asked (先猜后核).

Most looks begin with questions that have the answer they had last time: which posts the caller
holds, how their union stands. What they are asked for, the scope, is needed to ask the next one,
and nothing else; so the last answer stands in for it, and they are asked together. Nothing that
came under a scope made of it is used before the server has answered the same, in the same snapshot:
otherwise the whole look is made again, and asks first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import define, field, frozen

from szunion.adapters.storage.postgres.asking import Answer, Question
from szunion.adapters.storage.postgres.faults import TryAgain
from szunion.adapters.storage.sql.session import Parameters, Row

MOST: Final = 4_096
"""How many answers are kept: of so many callers, and unions; the one kept first goes first."""

_Key = tuple[str, tuple[object, ...]]


@define(eq=False)
class Latest:
    """What was answered last, for all threads; a guess, which decides nothing."""

    _rows: dict[_Key, Sequence[Row]] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)

    def get(self, name: str, given: Parameters) -> Sequence[Row] | None:
        """Return what was answered last; None: it is not known."""
        return self._rows.get(_key(name, given))

    def keep(self, name: str, given: Parameters, rows: Sequence[Row]) -> None:
        """Keep what was answered."""
        with self._lock:
            self._rows[_key(name, given)] = rows
            if len(self._rows) > MOST:
                del self._rows[next(iter(self._rows))]

    def forget(self, name: str, given: Parameters) -> None:
        """Keep it no longer: it is asked before anything rests on it."""
        with self._lock:
            self._rows.pop(_key(name, given), None)


def _key(name: str, given: Parameters) -> _Key:
    return name, tuple(given.values() if isinstance(given, Mapping) else given)


@frozen
class _Taken:
    name: str
    question: Question
    rows: Sequence[Row]


@define(eq=False)
class Presumed:
    """What one look has taken for answers."""

    latest: Latest
    _taken: list[_Taken] = field(factory=list, init=False)
    _mistaken: bool = field(default=False, init=False)

    def take(self, name: str, text: str, given: Parameters) -> Sequence[Row] | None:
        """Return what is presumed to be the answer; None: nothing is."""
        rows = self.latest.get(name, given)
        if rows is not None:
            self._taken.append(_Taken(name, (text, given), rows))
        return rows

    @property
    def questions(self) -> Sequence[Question]:
        """What was taken for answered, and is still to be asked."""
        return [each.question for each in self._taken]

    def compare(self, answers: Iterable[Answer]) -> None:
        """Compare what was taken with the answers, which begin with those to :attr:`questions`."""
        taken, self._taken = self._taken, []
        for each, answer in zip(taken, answers, strict=False):
            if answer.fetchall() != each.rows:
                self._forget(each)

    def give_up(self) -> None:
        """Count all that was taken as wrong: the answers did not come."""
        taken, self._taken = self._taken, []
        for each in taken:
            self._forget(each)

    def _forget(self, each: _Taken) -> None:
        self._mistaken = True
        self.latest.forget(each.name, each.question[1])

    def check(self) -> None:
        """Check that nothing was taken wrongly; else the look is over, whatever it catches.

        Raises:
            TryAgain: something was.
        """
        if self._mistaken:
            raise TryAgain("E-STORE-001")
