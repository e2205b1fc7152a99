"""Know what the three standard streams can carry, and the one door through which words go out.

A terminal or a file in another encoding (GBK, Latin-1) lacks characters of ours, and what comes in
may be no text at all. What cannot be written is written as its escape; what cannot be read is kept
as it is, and refused by whoever wants text. What a terminal would obey is shown, not sent: every
command prints by :func:`put`, or by :func:`hand_over` where a program reads on.
"""

from __future__ import annotations

import re
import sys
from io import TextIOWrapper
from typing import Final, TextIO

import click

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


def put(words: str, *, err: bool = False, end: str = "\n") -> None:
    """Print words for a person, harmless."""
    click.echo(harmless(words) + end, err=err, nl=False)


def put_over(words: str) -> None:
    """Print words over what stands on this line of stderr."""
    click.echo(f"\r{harmless(words)}", err=True, nl=False)


def hand_over(data: str, *, end: str = "") -> None:
    """Print what a program is to read: to the letter, unless a terminal would obey it."""
    put(data, end=end) if sys.stdout.isatty() else click.echo(data + end, nl=False)


def in_json(words: str) -> str:
    """Return a line of JSON, harmless and still JSON: it escapes less than a terminal obeys."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", words)


def in_a_cell(words: str) -> str:
    """Return *words* on one line, and harmless."""
    if words.isprintable():
        return words
    return harmless(words).replace("\n", "\\n").replace("\t", " ")
