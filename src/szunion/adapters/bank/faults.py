"""Know what a line to a bank can do to a message, and decide it from a seed.

A decision depends only on the seed and on what it is about: the kind of fault, its subject (a
request key, an event id, a file) and the how-manieth time. Taking one fault away therefore
changes no other, which is what makes a storm shrinkable: :meth:`FaultPlan.only` repeats it with
a part of its faults.
"""

from __future__ import annotations

import json
from datetime import timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final, Self

from attrs import asdict, evolve, field, fields, frozen

from szunion.errors import InvalidInput


class FaultKind(StrEnum):
    """One way in which a line misbehaves (故障)."""

    UNREACHABLE = "unreachable"
    """The bank cannot be reached: nothing arrives, and it is known (F1)."""
    DROP_REQUEST = "drop_request"
    """The request is lost on its way; nobody can tell (F2)."""
    DROP_RESPONSE = "drop_response"
    """The bank acted, its answer is lost (F2)."""
    ERROR_AFTER_ACTING = "error_after_acting"
    """The bank acted and then answered 500 (F3)."""
    DOUBLE_REQUEST = "double_request"
    """The network hands one request over twice (F4)."""
    DELAY_REQUEST = "delay_request"
    """No answer now; the request arrives later."""
    DROP_QUESTION = "drop_question"
    """A question by key, or its answer, is lost."""
    LATE_RECEIPT = "late_receipt"
    """The lost answer is also told later, as a notice."""
    DUPLICATE_NOTICE = "duplicate_notice"
    """A notice is told again with the same event id (F4)."""
    REORDER_NOTICES = "reorder_notices"
    """A notice comes behind later ones (F6)."""
    DELAY_NOTICE = "delay_notice"
    """A notice comes late, up to days (F5)."""
    TRUNCATE_FILE = "truncate_file"
    """Half a file arrives (F10)."""
    WRONG_TOTAL = "wrong_total"
    """A file's trailer does not fit its lines (F10)."""
    WRONG_ENCODING = "wrong_encoding"
    """A file comes in another encoding than was agreed on (F13)."""
    LATE_FILE = "late_file"
    """A file comes after the one behind it (F5)."""
    DOUBLE_FILE = "double_file"
    """A file comes again, the same under the same name (F12)."""
    BREAK_COLLECT = "break_collect"
    """The line breaks while notices are being fetched."""
    CLOCK_SKEW = "clock_skew"
    """The bank's clock is wrong by up to ``clock_skew`` (F21)."""

    # What only a line of real bytes can do.
    HTML_ANSWER = "html_answer"
    """The bank acted; a gateway puts its page in HTML in place of the answer."""
    TRUNCATE_ANSWER = "truncate_answer"
    """The bank acted; its answer breaks off."""
    SLOW_ANSWER = "slow_answer"
    """The bank acted; its answer drips, byte by byte, and never ends (slow loris)."""
    WRONG_CHARSET = "wrong_charset"
    """The bank acted; its answer is signed and is no UTF-8 (F13)."""
    FORGED_ANSWER = "forged_answer"
    """The bank acted; the answer's signature is not the bank's (F7)."""
    STALE_ANSWER = "stale_answer"
    """The bank acted; its clock is ten minutes off, so that its answer is stale (F21)."""
    SWAPPED_ANSWER = "swapped_answer"
    """The bank acted; an earlier answer, genuinely signed, comes in place of its own (F8)."""
    EXPIRED_CERTIFICATE = "expired_certificate"
    """The bank shows a certificate that has run out: nothing arrives (F1)."""
    FORGE_CALLBACK = "forge_callback"
    """Somebody without a key calls back first, with other content (F7)."""
    REPLAY_CALLBACK = "replay_callback"
    """Somebody plays a genuine callback back again (F8)."""
    STALE_CALLBACK = "stale_callback"
    """A callback comes first with a stamp outside the window."""


@frozen(order=True)
class Fault:
    """One fault that happened: its kind, what it hit, and the how-manieth time that was."""

    kind: FaultKind
    subject: str
    occurrence: int

    def to_json(self) -> list[str | int]:
        """Return a form that JSON can hold."""
        return [self.kind.value, self.subject, self.occurrence]


_SPAN: Final = 1 << 64
_RATES: Final = tuple(kind.value for kind in FaultKind if kind is not FaultKind.CLOCK_SKEW)


def _rate() -> float:
    return field(default=0.0)


@frozen(kw_only=True)
class FaultPlan:
    """How often each fault happens (故障计划): rates from 0 to 1, decided by ``seed``.

    Raises:
        InvalidInput: a rate is not between 0 and 1, or a span is negative (E-SIM-001).
    """

    seed: int = 0
    unreachable: float = _rate()
    drop_request: float = _rate()
    drop_response: float = _rate()
    error_after_acting: float = _rate()
    double_request: float = _rate()
    delay_request: float = _rate()
    drop_question: float = _rate()
    late_receipt: float = _rate()
    duplicate_notice: float = _rate()
    reorder_notices: float = _rate()
    delay_notice: float = _rate()
    truncate_file: float = _rate()
    wrong_total: float = _rate()
    wrong_encoding: float = _rate()
    late_file: float = _rate()
    double_file: float = _rate()
    break_collect: float = _rate()
    html_answer: float = _rate()
    truncate_answer: float = _rate()
    slow_answer: float = _rate()
    wrong_charset: float = _rate()
    forged_answer: float = _rate()
    stale_answer: float = _rate()
    swapped_answer: float = _rate()
    expired_certificate: float = _rate()
    forge_callback: float = _rate()
    replay_callback: float = _rate()
    stale_callback: float = _rate()
    clock_skew: timedelta = timedelta(0)
    """The bank's stamps are wrong by up to this much, either way."""
    most_delay: timedelta = timedelta(days=3)
    """A late request or notice is late by up to this much."""
    most_copies: int = 2
    """A doubled notice is told up to this many times more."""
    reach: int = 20
    """A notice out of order falls up to this many places back."""
    kept: frozenset[Fault] | None = None
    """When set, only these faults happen, whatever the rates say."""

    def __attrs_post_init__(self) -> None:
        for name in _RATES:
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidInput("E-SIM-001", name=name)
        if min(self.clock_skew, self.most_delay) < timedelta(0) or self.most_copies < 1:
            raise InvalidInput("E-SIM-001", name="clock_skew / most_delay / most_copies")

    @classmethod
    def none(cls) -> Self:
        """Return the plan under which nothing goes wrong."""
        return cls()

    @classmethod
    def storm(cls, seed: int) -> Self:
        """Return a plan in which everything goes wrong often: one answer in five is lost."""
        return cls(
            seed=seed,
            unreachable=0.05,
            drop_request=0.05,
            drop_response=0.2,
            error_after_acting=0.05,
            double_request=0.05,
            delay_request=0.02,
            drop_question=0.1,
            late_receipt=0.3,
            duplicate_notice=0.1,
            reorder_notices=0.1,
            delay_notice=0.1,
            truncate_file=0.2,
            wrong_total=0.1,
            wrong_encoding=0.05,
            late_file=0.1,
            double_file=0.1,
            break_collect=0.05,
            html_answer=0.01,
            truncate_answer=0.01,
            slow_answer=0.001,
            wrong_charset=0.01,
            forged_answer=0.01,
            stale_answer=0.01,
            swapped_answer=0.01,
            expired_certificate=0.01,
            forge_callback=0.05,
            replay_callback=0.05,
            stale_callback=0.05,
            clock_skew=timedelta(hours=24),
            most_delay=timedelta(hours=24),
        )

    @classmethod
    def swarm(cls, seed: int) -> Self:
        """Return :meth:`storm` with each kind of fault switched on or off by *seed*."""
        whole = cls.storm(seed)
        off = {name: 0.0 for name in _RATES if draw(seed, "swarm", name, 0) < 0.5}  # noqa: PLR2004
        return cls(**{**asdict(whole, recurse=False), **off})

    def happens(self, kind: FaultKind, subject: str, occurrence: int = 0) -> bool:
        """Return whether *kind* strikes *subject* the *occurrence*-th time."""
        if self.kept is not None:
            return Fault(kind, subject, occurrence) in self.kept
        rate: float = getattr(self, kind.value)
        return rate > 0 and draw(self.seed, kind.value, subject, occurrence) < rate

    def share(self, what: str, subject: str, occurrence: int = 0) -> float:
        """Return a number from 0 up to 1 that belongs to this decision alone."""
        return draw(self.seed, what, subject, occurrence)

    def only(self, faults: frozenset[Fault]) -> Self:
        """Return this plan with *faults* alone, each as it was."""
        return evolve(self, kept=faults)

    @property
    def quiet(self) -> bool:
        """Whether no fault can come of this plan."""
        if self.kept is not None:
            return not self.kept
        return not self.clock_skew and not any(getattr(self, name) for name in _RATES)

    def to_json(self) -> str:
        """Return the plan as one line of JSON, for a replay file."""
        plain = asdict(self, recurse=False)
        plain["clock_skew"] = self.clock_skew.total_seconds()
        plain["most_delay"] = self.most_delay.total_seconds()
        plain["kept"] = None if self.kept is None else [one.to_json() for one in sorted(self.kept)]
        return json.dumps(plain, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the plan that :meth:`to_json` wrote.

        Raises:
            InvalidInput: it is not such a line (E-SIM-001).
        """
        try:
            plain: dict[str, Any] = json.loads(text)
            known = {each.name for each in fields(cls)}
            if unknown := sorted(plain.keys() - known):
                raise InvalidInput("E-SIM-001", name=unknown[0])
            for name in ("clock_skew", "most_delay"):
                if name in plain:
                    plain[name] = timedelta(seconds=plain[name])
            if plain.get("kept") is not None:
                kept = [Fault(FaultKind(kind), on, nth) for kind, on, nth in plain["kept"]]
                plain["kept"] = frozenset(kept)
            return cls(**plain)
        except (ValueError, TypeError, AttributeError) as error:
            raise InvalidInput("E-SIM-001", name="JSON") from error


def draw(seed: int, what: str, subject: str, occurrence: int) -> float:
    """Return a number from 0 up to 1: the same on every machine and every Python."""
    told = f"{seed}|{what}|{subject}|{occurrence}".encode()
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "big") / _SPAN
