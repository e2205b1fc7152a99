"""Know the card's two logs: transactions 交易日志 and e-cash loads 圈存日志.

A record has no tags of its own: 9F4F (DF4F for loads) lists what stands in it. Amounts are in
the smallest unit of the currency (fen).

Spec: JR/T 0025.13, annex C (tables 9 to 13); EMV 4.3 Book 3, annex D.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import Self, TypeVar

from attrs import field, frozen

from szunion.emv import bcd, dol
from szunion.emv.errors import BadData, BadField, LimitExceeded
from szunion.emv.holder import gbk

_T = TypeVar("_T")
_MOST_RECORDS = 30
_LOADS_HEAD = 14  # P1, P2, old and new balance
_LOADS_ROW = 22
_MOST_LOADS = 10


@frozen
class LogEntry:
    """Where a log is: tag 9F4D, or DF4D for loads 日志入口.

    Args:
        sfi: Short file identifier, 1-30; usually 11 (12 for loads).
        records: How many records the file has, at most 30 in the books.

    Raises:
        BadField: The SFI is out of range.
        LimitExceeded: More records than a log has.
    """

    sfi: int
    records: int

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.sfi <= 30:
            raise BadField("FIELD-CONTENT", name="9F4D", why=f"SFI {self.sfi}")
        if not 0 <= self.records <= _MOST_RECORDS:
            raise LimitExceeded("9F4D", _MOST_RECORDS)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the value of tag 9F4D or DF4D.

        Raises:
            BadField: Not two bytes, or the SFI is out of range.
            LimitExceeded: More records than a log has.
        """
        if len(raw) != 2:
            raise BadField("FIELD-LENGTH", name="9F4D", want=2, got=len(raw))
        return cls(raw[0], raw[1])

    def encode(self) -> bytes:
        """Return the value."""
        return bytes((self.sfi, self.records))


@frozen(kw_only=True)
class LogRecord:
    """One transaction 交易记录. What the format leaves out, or is nonsense, is None.

    Where somebody shopped is personal: the merchant and the raw values do not print.

    Attributes:
        date: Tag 9A.
        time: Tag 9F21.
        amount: Tag 9F02, fen.
        other_amount: Tag 9F03, fen.
        country: Tag 9F1A, ISO 3166 number.
        currency: Tag 5F2A, ISO 4217 number; 156 is the yuan.
        merchant: Tag 9F4E, from GBK.
        kind: Tag 9C, 00 purchase, 01 cash, 60-63 e-cash loads.
        atc: Tag 9F36.
        values: Every value by tag, as read.
    """

    date: date | None = None
    time: time | None = None
    amount: int | None = None
    other_amount: int | None = None
    country: int | None = None
    currency: int | None = None
    merchant: str | None = field(default=None, repr=False)
    kind: int | None = None
    atc: int | None = None
    values: Mapping[int, bytes] = field(factory=dict, repr=False)


def read_record(listed: Iterable[dol.Entry], record: bytes) -> LogRecord | None:
    """Read one record of the transaction log.

    Args:
        listed: What 9F4F lists.
        record: The answer to READ RECORD.

    Returns:
        None for an empty record (all 00 or all FF).

    Raises:
        BadDol: The record has another length than the format.
    """
    parts = dol.split(listed, record)
    if _empty(record):
        return None
    values = {entry.tag: value for entry, value in parts}
    return LogRecord(
        date=_soft(bcd.day, values.get(0x9A)),
        time=_soft(bcd.clock, values.get(0x9F21)),
        amount=_soft(bcd.number, values.get(0x9F02)),
        other_amount=_soft(bcd.number, values.get(0x9F03)),
        country=_soft(bcd.number, values.get(0x9F1A)),
        currency=_soft(bcd.number, values.get(0x5F2A)),
        merchant=gbk(values[0x9F4E])[0] if 0x9F4E in values else None,
        kind=_soft(bcd.number, values.get(0x9C)),
        atc=int.from_bytes(values[0x9F36], "big") if 0x9F36 in values else None,
        values=values,
    )


@frozen(kw_only=True)
class LoadRecord:
    """One load of e-cash 圈存记录: PUT DATA changed a balance.

    Attributes:
        tag: Which balance, from P1 P2 of the command: 0x9F79, or 0xDF79 for a second currency.
        old: Balance before, fen.
        new: Balance after, fen.
        details: The rest, as DF4F lists it.
    """

    tag: int
    old: int
    new: int
    details: LogRecord | None = None


def read_load(listed: Iterable[dol.Entry], record: bytes) -> LoadRecord | None:
    """Read one record of the load log; None for an empty one.

    Raises:
        BadDol: The record has another length than the format.
        BadField: Shorter than its fixed part, or a balance is no number.
    """
    if len(record) < _LOADS_HEAD:
        raise BadField("FIELD-LENGTH", name="load log", want=f">= {_LOADS_HEAD}", got=len(record))
    if _empty(record):
        return None
    return LoadRecord(
        tag=int.from_bytes(record[:2], "big"),
        old=bcd.number(record[2:8], "load log"),
        new=bcd.number(record[8:14], "load log"),
        details=read_record(listed, record[_LOADS_HEAD:]),
    )


@frozen
class LoadLog:
    """The whole load log in one answer (READ RECORD with P1 = 00).

    Attributes:
        atc: The card's counter.
        loads: At most ten, newest first.
        mac: Four bytes over ``covered``.
        covered: ATC, count and records as the card sent them.
    """

    atc: int
    loads: tuple[LoadRecord, ...]
    mac: bytes
    covered: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the answer.

        Raises:
            BadField: The length does not fit the count, or a balance is no number.
            LimitExceeded: More than ten records.
        """
        if len(raw) < 3 or len(raw) != 3 + raw[2] * _LOADS_ROW + 4:
            raise BadField("FIELD-LENGTH", name="load log", want="7 + 22n", got=len(raw))
        if raw[2] > _MOST_LOADS:
            raise LimitExceeded("load log", _MOST_LOADS)
        rows = [raw[at : at + _LOADS_ROW] for at in range(3, len(raw) - 4, _LOADS_ROW)]
        read = (read_load(_LOADS_FORMAT, row) for row in rows)
        return cls(
            atc=int.from_bytes(raw[:2], "big"),
            loads=tuple(load for load in read if load is not None),
            mac=raw[-4:],
            covered=raw[:-4],
        )


_LOADS_FORMAT = (dol.Entry(0x9A, 3), dol.Entry(0x9F21, 3), dol.Entry(0x9F36, 2))


def _empty(record: bytes) -> bool:
    return not record.strip(b"\0") or not record.strip(b"\xff")


def _soft(read: Callable[[bytes], _T], raw: bytes | None) -> _T | None:
    """Return what *read* makes of *raw*; None where a log has nonsense, which real ones do."""
    if raw is None:
        return None
    try:
        return read(raw)
    except BadData:
        return None
