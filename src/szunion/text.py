"""Know how one thing is said to people in Chinese and in English.

A text is born with both languages, so neither can be forgotten (docs/adr/0002).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import frozen

__all__ = ["Language", "Text", "counted"]

_COUNTED: Final = re.compile(r"\{(\w+):([^{}|]*)\|([^{}|]*)\|([^{}|]*)\}", re.ASCII)


class Language(StrEnum):
    """A language that szunion speaks; Chinese comes first."""

    ZH = "zh"
    EN = "en"


@frozen
class Text:
    """One sentence or label in both languages, with ``{names}`` to fill in.

    English has two forms of what is counted, and both stand with the number:
    ``{rows:,|row waits|rows wait}``.
    """

    zh: str
    en: str

    def say(self, language: Language = Language.ZH, /, **context: object) -> str:
        """Return the text in *language*, its ``{names}`` filled from *context*."""
        words = self.zh if language is Language.ZH else _with_its_number(self.en, context)
        return words.format_map(context) if context else words


def counted(number: int, one: str, many: str) -> str:
    """Return *number* with the English word that goes with it: 1 row, 1,200 rows."""
    return f"{number:,} {one if number == 1 else many}"


def _with_its_number(words: str, context: Mapping[str, object]) -> str:
    """Choose between one and many; where nothing is filled in, it is many."""
    if "|" not in words:
        return words

    def chosen(found: re.Match[str]) -> str:
        name, form, one, many = found.groups()
        shown = f"{name}:{form}" if form and context else name
        return f"{{{shown}}} {one if str(context.get(name)) == '1' else many}"

    return _COUNTED.sub(chosen, words)
