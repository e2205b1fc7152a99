"""Know what the log says of a call to the bank, and of what waits for a person because of one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from attrs import define

from szunion.domain.bank_requests import Receipt
from szunion.domain.outbox import Dispatch
from szunion.log import Fields, say
from szunion.ports.system import Clock

ADAPTER_FAULT: Final = "E-BANK-024"
"""An adapter raised what it may not; the kind of the error stands beside it, never its text."""
UNREACHED: Final = "unreached"
UNKNOWN: Final = "unknown"
FAULT: Final = "fault"
NEVER_SEEN: Final = "never_seen"
_AGAIN: Final = frozenset({UNREACHED, UNKNOWN, FAULT})
"""What is tried, or asked for, again by itself."""


@define
class Call:
    """One call to the bank while it lasts: what came of it, told by whoever makes it."""

    outcome: str = UNKNOWN
    code: str = ""

    def heard(self, receipt: Receipt | None) -> None:
        """Note the bank's answer; None: it has never seen it."""
        self.outcome = NEVER_SEEN if receipt is None else receipt.answer.name.lower()

    def fault(self, error: Exception) -> None:
        """Note that the adapter raised what none may."""
        self.outcome, self.code = FAULT, type(error).__name__


@contextmanager
def call(event: str, dispatch: Dispatch, bank: str, clock: Clock) -> Iterator[Call]:
    """Have one line written about a call when it has ended, whatever came of it."""
    made, since = Call(), clock.now()
    try:
        yield made
    finally:
        told: Fields = {
            "request": dispatch.kind.name, "key": dispatch.key.text, "bank": bank,
            "ms": round((clock.now() - since).total_seconds() * 1000), "outcome": made.outcome,
        }  # fmt: skip
        if made.code:
            told["code"] = made.code
        level = logging.WARNING if made.outcome in _AGAIN else logging.INFO
        say("bank", level, event, **told)


def set_aside(dispatch: Dispatch) -> None:
    """Say that a person is needed. It may be said twice of one: a transaction may run again."""
    say(
        "bank", logging.ERROR, "bank.aside", request=dispatch.kind.name, key=dispatch.key.text,
        code=dispatch.outcome.split(" ", 1)[0],
    )  # fmt: skip


def notices_heard(bank: str, count: int, *, moved: bool, code: str = "") -> None:
    """Say that notices of a bank were heard in one commit, or that one is for a person to see.

    Nothing is said where another worker had heard them before: it has said so.
    """
    if not moved:
        return
    if code:
        kind = code.split(" ", 1)[0]
        say("bank", logging.ERROR, "bank.heard", bank=bank, count=count, outcome="aside", code=kind)
    else:
        say("bank", logging.INFO, "bank.heard", bank=bank, count=count)
