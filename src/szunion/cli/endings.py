"""Know how a command ends that did not do all it should: the words, and the exit code (退出码).

Exit codes are the same in every language.
"""

from __future__ import annotations

import errno
import os
import tempfile
import traceback
from collections.abc import Mapping
from io import StringIO
from typing import IO, Any, Final

import click

from szunion.cli.files import unusable
from szunion.cli.speech import Speech, dumps
from szunion.cli.streams import put
from szunion.errors import (
    BankOutcomeUnknown,
    BankUnavailable,
    ConfigError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    ReaderError,
    SzunionError,
    code_pages,
)

PARTLY: Final = 3
UNKNOWN: Final = 4
"""What was named is not there."""
REFUSED: Final = 5
"""The answer is no."""
INTERRUPTED: Final = 130

_OF_THE_MACHINE: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
)
"""What a disk or its owner does not allow, whatever we do."""

#: The first match wins; specific before general. 3 (partly done) is chosen by commands.
EXIT: Final[Mapping[type[SzunionError], int]] = {
    InvalidInput: 2,
    ConfigError: 2,
    NotFound: UNKNOWN,
    Conflict: REFUSED,
    NotAllowed: REFUSED,
    BankUnavailable: 6,
    ReaderError: 6,
    BankOutcomeUnknown: 7,
    SzunionError: 1,
}


def exit_code(error: SzunionError) -> int:
    """Return the exit code of an error."""
    return next(code for kind, code in EXIT.items() if isinstance(error, kind))


def kept_traceback(speech: Speech) -> str:
    """Write the traceback, without values of variables, to a file; return what to say."""
    handle, path = tempfile.mkstemp(prefix="szunion-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exc(file=file)
    page = code_pages()["E-CLI-003"]
    what, do = page.what.say(speech.language, path=path), page.do.say(speech.language)
    return f"[E-CLI-003] {what}\n  {speech.text('处理：', 'do: ')}{do}"


def unexpected(speech: Speech, error: Exception) -> int:
    """Tell of what is no rule of ours; return the exit code.

    No room, or no leave to write, is the machine's trouble; all else is a defect of ours.
    """
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        refused = unusable(error.filename or "stdout", error)
        report(speech, refused)
        return exit_code(refused)
    put(kept_traceback(speech), err=True)
    return 1


class Misused(click.ClickException):
    """A command line that click does not understand: told in click's words, or as other errors."""

    exit_code = click.UsageError.exit_code

    def __init__(self, error: click.UsageError, speech: Speech) -> None:
        super().__init__(error.format_message())
        self.error = error
        self.speech = speech

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's
        """Print it to stderr."""
        if self.speech.as_json:
            of, reason = self.error.ctx, self.message
            if isinstance(self.error, click.exceptions.NoArgsIsHelpError):  # its words are a page
                reason = self.speech.text("缺少命令", "a command is missing")
            command = of.command_path if of is not None else "szunion"
            report(self.speech, InvalidInput("E-CLI-011", reason=reason, command=command))
            return
        words = StringIO()
        self.error.show(words)
        put(words.getvalue(), err=True, end="")


def report(speech: Speech, error: SzunionError) -> None:
    """Print an error: the words to stderr, and one JSON object when JSON was asked for."""
    if speech.as_json:
        told = {
            "error": error.code,
            "what": error.what(speech.language),
            "do": error.do(speech.language),
            "retry": error.retry,
        }
        put(dumps(told), err=True)
        return
    what, do = speech.text("处理：", "do: "), speech.text("说明：", "more: ")
    put(f"[{error.code}] {error.what(speech.language)}", err=True)
    put(f"  {what}{error.do(speech.language)}", err=True)
    put(f"  {do}szunion explain {error.code}", err=True)
