"""Know what one payment application remembers, and where: 应用的非易失数据."""

from __future__ import annotations

from collections.abc import Mapping

from szunion.emv.card.content import PaymentApplication
from szunion.emv.card.decision import Memo
from szunion.emv.card.memory import Key, Memory

ATC = 0x9F36
LAST_ONLINE = 0x9F13
PIN_TRIES = 0x9F17
BALANCE = 0x9F79
BALANCE_LIMIT = 0x9F77
SINGLE_LIMIT = 0x9F78

# beyond any tag of a card: the card's own counters
_OWN = 0x01_00_00_00
MEMO = _OWN | 1
SCRIPTS = _OWN | 2
"""Number of script commands after the last online transaction, 0-15."""
TOTAL = _OWN | 3
"""CTTA, sum of offline amounts since the last online transaction, 6 bytes n12."""
ABROAD = _OWN | 4
"""Offline transactions in another currency since the last online one, 1 byte."""
PIN = _OWN | 5
LOG = _OWN | 6
LOAD_LOG = _OWN | 7
FOREIGN = _OWN | 8
"""The same, counted by country."""
_RECORD = 0x02_00_00_00


def record_cell(sfi: int, number: int) -> int:
    """Return the cell of a record that an issuer may change."""
    return _RECORD | sfi << 8 | number


def pin_cell(pin: str) -> bytes:
    """Return how the card keeps a PIN: the block that VERIFY carries."""
    return bytes.fromhex(f"2{len(pin):X}{pin}".ljust(16, "F"))


class Cells:
    """One application's part of the card's memory, read by tag and written all at once."""

    def __init__(self, memory: Memory, area: str) -> None:
        self._memory = memory
        self._area = area

    @staticmethod
    def personalised(area: str, application: PaymentApplication) -> dict[Key, bytes]:
        """Return the cells of a fresh card."""
        cells = {(area, tag): value for tag, value in application.data.items()}
        cells.setdefault((area, ATC), bytes(2))
        cells.setdefault((area, LAST_ONLINE), bytes(2))
        cells[area, MEMO] = b"\0"
        cells[area, SCRIPTS] = b"\0"
        cells[area, TOTAL] = bytes(6)
        cells[area, ABROAD] = b"\0"
        cells[area, FOREIGN] = b"\0"
        cells[area, LOG] = b""
        cells[area, LOAD_LOG] = b""
        if application.pin is not None:
            cells.setdefault((area, PIN_TRIES), bytes((application.pin_tries,)))
            cells[area, PIN] = pin_cell(application.pin)
        for (sfi, number), record in application.records.items():
            if sfi in application.updatable:
                cells[area, record_cell(sfi, number)] = record
        return cells

    def get(self, tag: int) -> bytes | None:
        """Return a cell."""
        return self._memory.get(self._area, tag)

    def number(self, tag: int) -> int:
        """Return a cell as a binary number, 0 when it is not there."""
        return int.from_bytes(self.get(tag) or b"", "big")

    def amount(self, tag: int) -> int | None:
        """Return a cell of decimal digits in fen, None when it is not there or no number."""
        return amount(self.get(tag))

    @property
    def memo(self) -> Memo:
        """What the card remembers."""
        return Memo(self.number(MEMO))

    def write(self, changes: Mapping[int, bytes]) -> None:
        """Write *changes* in one transaction of the journal."""
        self._memory.write({(self._area, tag): value for tag, value in changes.items()})


def amount(value: bytes | None) -> int | None:
    """Return decimal digits (n12) as a number of fen, None when they are none."""
    if not value:
        return None
    digits = value.hex()
    return None if digits.strip("0123456789") else int(digits)


def digits(number: int) -> bytes:
    """Return *number* of fen as n12, 6 bytes."""
    return bytes.fromhex(f"{number:012d}")
