"""Know what the three standard streams can carry, and that no character ends a command.

A terminal or a file in another encoding (GBK, Latin-1) lacks characters of ours, and what comes in
may be no text at all. What cannot be written is written as its escape; what cannot be read is kept
as it is, and refused by whoever wants text.
"""

from __future__ import annotations

from io import TextIOWrapper
from typing import TextIO


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
