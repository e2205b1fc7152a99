"""Know what a point without a line writes down, and what it is answered later (离线记录与回执)."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from szunion.domain.values import CardRef, Labelled, ParticipationId


@frozen(kw_only=True)
class OfflineRecord:
    """One use of a card at a point without a line (离线记录): by whom, and by which list."""

    point: str
    number: int
    """The point's own count, without holes: its name for this record."""
    card: CardRef
    item: str
    occasion: str
    at: datetime
    author: str
    """Who worked at the point."""
    list_made: datetime
    list_ends: datetime


class Taken(Labelled):
    """What became of an offline record (回执结果)."""

    RECORDED = "RECORDED", "已记录", "recorded"
    AT_RISK = "AT_RISK", "已记录，离线待核", "recorded, to be looked at"
    ALREADY = "ALREADY", "这一场已有记录", "there is a record for this occasion"
    UNKNOWN_CARD = "UNKNOWN_CARD", "不是登记在册的会员卡", "no card of the register"


@frozen(kw_only=True)
class OfflineReceipt:
    """The answer to one record (回执). The same record has the same receipt, however often sent."""

    point: str
    number: int
    taken: Taken
    record: ParticipationId | None = None
