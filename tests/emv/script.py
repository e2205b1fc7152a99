"""Know how a test plays a recorded conversation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "vectors"


def vector(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


class Script:
    """Answers the commands of a transcript in order; anything else is an `AssertionError`."""

    def __init__(self, exchanges: Any) -> None:
        self._exchanges: Sequence[Sequence[str]] = exchanges
        self._at = 0

    def transmit(self, command: bytes) -> bytes:
        assert self._at < len(self._exchanges), f"after the end: {command.hex().upper()}"
        expected, answer = self._exchanges[self._at]
        assert command.hex().upper() == expected
        self._at += 1
        return bytes.fromhex(answer)

    def finished(self) -> None:
        assert self._at == len(self._exchanges)
