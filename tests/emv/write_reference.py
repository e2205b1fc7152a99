"""Write the reference pages again: ``python tests/emv/write_reference.py``."""

from __future__ import annotations

from pathlib import Path

from szunion.emv.reference import pages

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    for path, text in pages().items():
        page = DOCS / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
