"""Know what becomes of a notice when it arrives: each event id is heard once, for ever."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from szunion.domain.values import Labelled


class Hearing(Labelled):
    """What became of a notice (来报处理)."""

    OBEYED = "OBEYED", "已处理", "obeyed"
    LATE = "LATE", "迟到", "late: history only"
    GAP = "GAP", "缺口", "obeyed; something before it has not been told"
    WAITING = "WAITING", "等待", "waits for something that has not been told"
    DUPLICATE = "DUPLICATE", "重复", "duplicate"
    CONFLICT = "CONFLICT", "矛盾", "contradiction"
    ASIDE = "ASIDE", "已搁置", "set aside"


@frozen(kw_only=True)
class HeardNotice:
    """One notice as it stands in the inbox (来报). It holds no personal data."""

    source: str
    """The bank adapter's name."""
    event_id: str
    kind: str
    stream: str
    sequence: int
    digest: str
    """A keyed hash of its content."""
    received: datetime
    """When it came; of an event id with two contents, when the second one came."""
    hearing: Hearing
    subject: int = 0
    """The card, row or order that it moved; 0: none."""
    copies: int = 0
    """How often it came again."""
    reason: str = ""
    """A code: why it was set aside."""


@frozen(kw_only=True)
class WaitingNotice:
    """A notice that cannot be obeyed yet, sealed, and what it waits for."""

    id: int
    source: str
    event_id: str
    about: str
    sealed: bytes
    received: datetime
