"""Know what a line of the bank's statement is found to be, held against the books (流水核对)."""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import frozen

from szunion.domain.bank import StatementKind
from szunion.domain.values import Fen, Labelled, RequestKey


class LineVerdict(Labelled):
    """What a line of the bank's statement was found to be (流水核对结果)."""

    AGREES = "AGREES", "相符", "agrees"
    NEWS = "NEWS", "补记", "was not known yet; followed"
    OTHER_AMOUNT = "OTHER_AMOUNT", "金额不符", "another amount"
    UNKNOWN_ORDER = "UNKNOWN_ORDER", "无此指令", "no such order"
    NOT_EXPECTED = "NOT_EXPECTED", "状态不符", "does not go with the order's state"


@frozen(kw_only=True)
class CheckedLine:
    """One line of a statement and what it was found to be (流水明细)."""

    day: date
    position: int
    key: RequestKey
    kind: StatementKind
    fen: Fen
    verdict: LineVerdict
    explained: str = ""
    """Why it differs, in the words of who looked into it."""

    @property
    def differs(self) -> bool:
        """Whether it stands against the books and nobody has said why."""
        return self.verdict in DIFFERS and not self.explained


DIFFERS: Final = frozenset(
    {LineVerdict.OTHER_AMOUNT, LineVerdict.UNKNOWN_ORDER, LineVerdict.NOT_EXPECTED}
)
"""Verdicts that a person has to look into."""
