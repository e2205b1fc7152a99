"""Write the pages of the manual that are generated: ``python docs/generate.py [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

from szunion.domain.diagrams import pages

DOCS = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """Write every generated page, or with ``--check`` only say which are out of date."""
    stale = 0
    for name, text in pages().items():
        page = DOCS / name
        fresh = page.exists() and page.read_text("utf-8") == text
        if fresh:
            continue
        stale += 1
        if "--check" in arguments:
            print(f"out of date: docs/{name}")
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf-8")
            print(f"written: docs/{name}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
