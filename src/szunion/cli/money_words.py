"""Know how people write an amount of money on the command line."""

from __future__ import annotations

import re
from typing import Final

import click

from szunion.cli.frame import Frame
from szunion.domain.values import Fen

_YUAN: Final = re.compile(
    r"([0-9]{1,12}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,3})(?:\.([0-9]{2}))?", re.ASCII
)
"""A comma parts thousands and nothing else: 12,50 is no amount, and least of all 1250."""


def fen_of(frame: Frame, yuan: str) -> Fen:
    """Return an amount that was written in yuan: ``3000`` or ``3,000.00``.

    Raises:
        UsageError: it is written otherwise.
    """
    found = _YUAN.fullmatch(yuan)
    if found is None:
        raise click.UsageError(frame.text("金额应写成 3000.00", "write an amount as 3000.00"))
    return Fen(int(found[1].replace(",", "")) * 100 + int(found[2] or 0))
