"""Know what one row of the table of permissions says: who, how far, for what (权限规则)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from szunion.domain.access import Purpose, Range, Relation, Role


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _purposes(given: Iterable[Purpose]) -> frozenset[Purpose]:
    return frozenset(given)


@frozen(kw_only=True)
class Rule:
    """One row: an operation, who may do it how far, for which purposes."""

    cells: Mapping[Role, Range]
    purposes: frozenset[Purpose] = field(converter=_purposes)
    uses: tuple[str, ...] = field(converter=_words)
    """The use cases that ask for it, ``desk.method``."""
    reads: bool = False
    """It changes nothing: a suspended union's officers keep it."""
    step_up: bool = False
    """A second thing must say that the person is there, such as a one-time code."""

    def relations(self, role: Role) -> frozenset[Relation]:
        """Return whose records somebody of *role* may do it with."""
        cell = self.cells.get(role)
        return frozenset() if cell is None else cell.relations
