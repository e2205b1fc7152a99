"""Know what the three standard streams can carry, and that no character ends a command.

A terminal or a file in another encoding (GBK, Latin-1) lacks characters of ours, and what comes in
may be no text at all. What cannot be written is written as its escape; what cannot be read is kept
as it is, and refused by whoever wants text.
"""

from __future__ import annotations

import re
from io import TextIOWrapper
from typing import Final, TextIO

#: What a terminal obeys and does not show, but for the ends of lines: commands to it, and what
#: turns the direction of a line around.
_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def any_text(stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
    """Let the three streams take whatever comes, in each locale alike."""
    for stream, how in (
        (stdin, "surrogateescape"),
        (stdout, "backslashreplace"),
        (stderr, "backslashreplace"),
    ):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=how)


def has_every_character(stream: TextIO) -> bool:
    """Return whether *stream* is written in an encoding of all of Unicode."""
    return (stream.encoding or "").lower().startswith("utf")


def harmless(words: str) -> str:
    """Return *words* without what a terminal would obey: it is shown as its escape.

    A name or a reason may have been written by anybody, and before names were held to a form.
    """
    if words.isprintable():
        return words
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), words)


def in_a_cell(words: str) -> str:
    """Return *words* on one line, and harmless."""
    if words.isprintable():
        return words
    return harmless(words).replace("\n", "\\n").replace("\t", " ")
