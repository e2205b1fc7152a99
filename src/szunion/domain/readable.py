"""Know what words that people write may be kept in the clear: readable ones, and not without end.

Sealed words have limits of their own. What stands in the clear is read by people and by programs
for years: it hides nothing, turns no line around, and every engine keeps it.
"""

from __future__ import annotations

import re
from typing import Final

from szunion.domain.values import malformed
from szunion.text import Text

MOST_WORDS: Final = 1000
"""Code points, at most: a reason, the number of a paper, the name of a login."""

MOST_NAME: Final = 100
"""Code points of what has a name: a union, something that can be booked."""

#: Control characters but for the ends of lines; what turns the direction of a line around; halves
#: of characters.
_UNREADABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NO_NAME: Final = re.compile(f"{_UNREADABLE.pattern}|[\t\n\r\u2028\u2029]")


def check_readable(*texts: str) -> None:
    """Check that *texts* may stand in the clear.

    Raises:
        InvalidInput: one is too long, or holds what nobody can read (E-VALUE-002).
    """
    for text in texts:
        if len(text) > MOST_WORDS or not (text.isprintable() or _UNREADABLE.search(text) is None):
            raise malformed(
                Text("文字", "text"),
                Text(
                    f"至多 {MOST_WORDS} 字，不含控制字符",
                    f"at most {MOST_WORDS} characters, and no control characters",
                ),
            )


def check_name(kind: Text, *names: str) -> None:
    """Check that *names* may be what something of *kind* is called: one line, and not empty.

    Whoever reads a list believes its lines: a name that ended one could begin another.

    Raises:
        InvalidInput: one may not (E-VALUE-002).
    """
    for name in names:
        if not name.strip() or len(name) > MOST_NAME or _NO_NAME.search(name):
            raise malformed(
                kind,
                Text(
                    f"一行，1–{MOST_NAME} 字，不含控制字符",
                    f"one line, 1 to {MOST_NAME} characters, no control characters",
                ),
            )
