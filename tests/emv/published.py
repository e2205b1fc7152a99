"""Know where published values stand, and how to read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "vectors"


def cases(title: str) -> Any:
    """Return the cases of one file of published values."""
    return json.loads((FOLDER / f"{title}.json").read_text(encoding="utf-8"))["cases"]


def raw(text: str | None) -> bytes:
    return bytes.fromhex(text or "")
