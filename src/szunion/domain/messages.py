"""Know what a message to a person is, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from szunion.domain.values import Labelled, PersonId


class MessageState(Labelled):
    """How far a message has come."""

    WAITING = "WAITING", "待发送", "waiting"
    DELIVERED = "DELIVERED", "已送达", "delivered"
    GIVEN_UP = "GIVEN_UP", "放弃", "given up"


@frozen(kw_only=True)
class Message:
    """One message to one person. It names a bilingual template; it holds no personal data."""

    id: int
    person: PersonId
    template: str
    fields: Mapping[str, str]
    created: datetime
    due: datetime
    attempts: int = 0
    state: MessageState = MessageState.WAITING


@frozen(kw_only=True)
class MessageSet:
    """Messages in the hands of one worker, until a moment (一批待发信件)."""

    id: int
    """The first of them: a message is in one set at most."""
    until: datetime
    messages: Sequence[Message]
