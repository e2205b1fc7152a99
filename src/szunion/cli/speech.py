"""Know how a command speaks: in which language, as a table or as JSON (表达方式).

Data goes to stdout, progress and prompts to stderr. Codes and JSON keys are the same in every
language.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from attrs import define

from szunion.cli.streams import has_every_character, in_json, put, put_over
from szunion.cli.tables import NOTHING, table
from szunion.domain.city_time import local
from szunion.text import Language, Text


@define
class Speech:
    """The language somebody is spoken to in, and whether a program listens."""

    language: Language
    as_json: bool

    def say(self, zh: str, en: str, /, **context: object) -> None:
        """Print one sentence for a person; nothing when JSON was asked for."""
        if not self.as_json:
            put(Text(zh, en).say(self.language, **context))

    def note(self, zh: str, en: str, /, **context: object) -> None:
        """Print progress to stderr."""
        put(Text(zh, en).say(self.language, **context), err=True)

    def text(self, zh: str, en: str) -> str:
        """Return the one of the two that is spoken here."""
        return zh if self.language is Language.ZH else en

    def rows(
        self, keys: Sequence[str], titles: Sequence[Text], rows: Iterable[Sequence[object]]
    ) -> None:
        """Print rows as a table, or as JSON Lines under *keys*."""
        if self.as_json:
            for row in rows:
                put(dumps(dict(zip(keys, row, strict=True))))
        else:
            shown = [[self.cell(value) for value in row] for row in rows]
            if shown:
                put(table([title.say(self.language) for title in titles], shown))
            else:
                put(self.text("（没有）", "(none)"))

    def value(self, value: Mapping[str, object]) -> None:
        """Print one JSON object when JSON was asked for."""
        if self.as_json:
            put(dumps(value))

    def cell(self, value: object) -> str:
        """Return one cell in the spoken language."""
        label = getattr(value, "text", None)
        if isinstance(label, Text):
            return label.say(self.language)
        return NOTHING if value is None or value == "" else str(value)

    def local(self, moment: datetime | None) -> str:
        """Return a moment as a person in the city writes it; in JSON, with its zone."""
        if moment is None:
            return "—"
        if self.as_json:
            return moment.isoformat()
        return local(moment)


def dumps(value: object) -> str:
    """Return *value* as one line of JSON; values of ours by their code or their masked text."""
    ascii_alone = not has_every_character(sys.stdout)
    return in_json(json.dumps(value, ensure_ascii=ascii_alone, default=_plain))


def _plain(value: Any) -> object:  # noqa: ANN401 - json hands over anything
    code = getattr(value, "value", None)
    return code if isinstance(code, str | int) else str(value)


def spoken_language(asked: str | None) -> Language:
    """Return the language: ``--lang``, ``SZUNION_LANG``, the locale, else Chinese."""
    for words in (asked, os.environ.get("SZUNION_LANG")):
        if words:
            return Language.EN if words.lower().startswith("en") else Language.ZH
    return Language.ZH


def prepare(context: click.Context, *, no_color: bool) -> None:
    """Decide about colour: click itself leaves it out where nobody looks."""
    plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    if plain:
        context.color = False


def progress(done: int, whole: int | None, words: str) -> None:
    """Show progress on stderr when somebody is looking."""
    if sys.stderr.isatty():
        of = f"/{whole:,}" if whole else ""
        put_over(f"{words} {done:,}{of}")
