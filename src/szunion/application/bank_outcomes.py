"""Know what obeying a notice of the bank's comes to, and how what it waits for is named (结果)."""

from __future__ import annotations

from attrs import frozen

from szunion.domain.inbox import Hearing
from szunion.domain.values import CardRef, RequestKey
from szunion.ports.storage import UnitOfWork


@frozen(kw_only=True)
class Outcome:
    """What obeying a notice came to."""

    hearing: Hearing
    subject: int = 0
    reason: str = ""
    """A code, where a person has to see why."""
    about: str = ""
    """What it waits for, if it waits."""
    moved: tuple[str, ...] = ()
    """What has moved, so that notices that wait for it are tried again."""


def row_name(key: RequestKey) -> str:
    """Return what a notice waits for that waits for a row."""
    return f"row:{key}"


def card_name(work: UnitOfWork, ref: CardRef) -> str:
    """Return what a notice waits for that waits for a card: a keyed name that says nothing."""
    return f"card:{work.vault.request_key(f'waits:{ref.token.plain()}:{ref.psn}')}"
