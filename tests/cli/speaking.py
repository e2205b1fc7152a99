"""Know how a test speaks with the command line in its own process: words in, what came out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from attrs import frozen
from click.testing import CliRunner

from szunion.cli import main


@frozen
class Said:
    """What one command left behind."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def code(self) -> str:
        """The code of the error on stderr, empty without one."""
        found = re.search(r"^\[(E-[A-Z]+-[0-9]+)\]", self.err, re.ASCII | re.MULTILINE)
        return found[1] if found else ""


def say(words: Sequence[str], given: str = "") -> Said:
    """Run one command line; its stdin is no terminal."""
    told = CliRunner().invoke(main, list(words), input=given, catch_exceptions=False)
    return Said(told.exit_code, told.stdout, told.stderr)
