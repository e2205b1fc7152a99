"""Know what ``szunion version`` prints."""

from __future__ import annotations

import platform
import sqlite3

import click

from szunion import __version__
from szunion.cli.frame import Frame, framed


@click.command()
@framed
def version(frame: Frame) -> None:
    """
    \b
    szunion version
    szunion --json version
    szunion --version

    版本。The version, and of what it stands on.
    """  # noqa: D205, D212, D301, D415 - click's own mark for text that is not wrapped
    parts = {
        "szunion": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    frame.value(parts)
    frame.say("szunion {szunion} · Python {python} · SQLite {sqlite}",
              "szunion {szunion} · Python {python} · SQLite {sqlite}", **parts)  # fmt: skip
