"""Know how an event becomes a line of the log: name, then ``key=value``, nothing personal (日志).

The fields of a line are a closed list, and so are the forms of their values: what has another form,
or is another field, is left out, whoever hands it in. Names and codes are the same in every
language. A library configures nothing: lines go to the standard loggers ``szunion.<area>``, which
say nothing until a host, or the command line, listens.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Final, TypedDict, Unpack

APDU: Final = 5
"""Below DEBUG: one line for each command to a card, without its data."""
LEVELS: Final = {
    "off": logging.CRITICAL + 1, "warn": logging.WARNING, "info": logging.INFO,
    "debug": logging.DEBUG, "apdu": APDU,
}  # fmt: skip
"""What ``SZUNION_LOG`` may be."""
ROOT: Final = "szunion"
_LEFT_OUT: Final = "?"
_MOST: Final = 10**9
"""A number of a line is a count, a time or a size: less than any number of a document or card."""
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}", re.ASCII)
_LONG_NUMBER: Final = re.compile(r"[0-9]{5}", re.ASCII)
_KEY: Final = re.compile(r"[A-Z2-7]{26}", re.ASCII)
"""The form of our request keys (``RequestKey``): derived, and nobody's."""
_HEADER: Final = re.compile(r"[0-9A-F]{8}", re.ASCII)
_STATUS: Final = re.compile(r"[0-9A-F]{4}", re.ASCII)

logging.getLogger(ROOT).addHandler(logging.NullHandler())


class Fields(TypedDict, total=False):
    """All that a line may say."""

    request: str
    """The kind of request."""
    key: str
    """The request key: it leads through all lines of one request."""
    bank: str
    ms: int
    outcome: str
    code: str
    """A code of ours, such as ``E-BANK-011``, or the name of an exception."""
    count: int
    year: int
    state: str
    step: str
    method: str
    status: int
    sent: int
    """Bytes."""
    got: int
    """Bytes."""
    apdu: str
    """Class, instruction and parameters of a command, in hex: never its data."""
    sw: str
    """The status word of an answer, in hex."""


_FORMS: Final = {"key": _KEY, "apdu": _HEADER, "sw": _STATUS}


def _said(name: str, value: object) -> str:
    if type(value) is int:
        return str(value) if abs(value) < _MOST else _LEFT_OUT
    if not isinstance(value, str):
        return _LEFT_OUT
    form = _FORMS.get(name)
    if form is not None:
        return value if form.fullmatch(value) else _LEFT_OUT
    plain = _WORD.fullmatch(value) and not _LONG_NUMBER.search(value)
    return value if plain else _LEFT_OUT


def line(event: str, fields: Fields) -> str:
    """Return what is said of an event: fields in the order in which they are given."""
    known = (
        f"{name}={_said(name, value)}"
        for name, value in fields.items()
        if name in Fields.__annotations__
    )
    return " ".join((event, *known))


def say(area: str, level: int, event: str, **fields: Unpack[Fields]) -> None:
    """Say that something happened, if anybody listens at that level.

    Args:
        area: The part of the product, such as ``bank``.
        level: INFO for each call of the bank, WARNING when something is tried again by itself,
            ERROR when a person is needed, DEBUG and :data:`APDU` for the wires.
        event: Its name, such as ``bank.send``.
        fields: What is known of it.
    """
    logger = logging.getLogger(f"{ROOT}.{area}")
    if logger.isEnabledFor(level):
        logger.log(level, "%s", line(event, fields))


class Lines(logging.Formatter):
    """One event a line: UTC, level, logger, event."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an exception is named and not shown: its words may hold anything."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level = "APDU" if record.levelno == APDU else record.levelname
        return f"{at.replace('+00:00', 'Z')} {level} {record.name} {record.getMessage()}"
