"""Know what else the bank has said of a person or a card: signings, free services, kept numbers.

Each is a register of the bank's own word: the highest sequence stands, whatever came last.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final, NewType

from attrs import evolve, field, frozen

from szunion.domain.bank import FaceSignResult, NumberResult, Waiver
from szunion.domain.values import CardId, PersonId, RequestKey, RowId
from szunion.errors import InvalidInput

ReservationId = NewType("ReservationId", int)
_DIGITS: Final = re.compile(r"[0-9]{1,8}", re.ASCII)


@frozen(kw_only=True)
class FaceSign:
    """What came of one signing face to face for an application row (面签结果)."""

    row: RowId
    person: PersonId
    identity_version: int
    """The identity version that the bank had before it."""
    result: FaceSignResult
    sequence: int
    """Its place in the row's stream."""
    effective: datetime
    received: datetime
    bank_code: str = ""
    bank_text: str = ""


@frozen(kw_only=True)
class WaiverUse:
    """How often a card was served free of fee in a month (本月已免手续费次数)."""

    card: CardId
    person: PersonId
    month: date
    kind: Waiver
    used: int
    allowed: int | None
    """How many are free; None: any number."""
    sequence: int
    told: datetime

    @property
    def left(self) -> int | None:
        """How many are still free this month; None: any number."""
        return None if self.allowed is None else max(self.allowed - self.used, 0)


@frozen(kw_only=True)
class Reservation:
    """A card number that was asked for on behalf of one person (预留吉祥号)."""

    id: ReservationId
    person: PersonId
    programme: str
    digits: str = field()
    number: int
    """The person's how-manieth in this programme; one is open at a time."""
    key: RequestKey
    identity_version: int
    """The identity version that is sent."""
    asked: datetime
    asked_by: str
    result: NumberResult | None = None
    """The bank's last word; None: it has not spoken."""
    until: date | None = None
    sequence: int = 0
    refused: str = ""
    """The bank's code when it refused the request as a whole."""
    version: int = field(default=0, eq=False)

    @digits.validator
    def _check(self, _: object, value: str) -> None:
        if _DIGITS.fullmatch(value) is None:
            raise InvalidInput("E-BATCH-005")

    @property
    def open(self) -> bool:
        """Whether it may still become a card's number: a person has one such in a programme."""
        return not self.refused and self.result in {None, NumberResult.RESERVED}

    def told(self, result: NumberResult, until: date | None, sequence: int) -> Reservation | None:
        """Return it with the bank's word; None: a later word is known."""
        if sequence < self.sequence:
            return None
        return evolve(self, result=result, until=until, sequence=sequence)
