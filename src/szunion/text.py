"""Know how one thing is said to people in Chinese and in English.

A text is born with both languages, so neither can be forgotten (docs/adr/0002).
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

__all__ = ["Language", "Text"]


class Language(StrEnum):
    """A language that szunion speaks; Chinese comes first."""

    ZH = "zh"
    EN = "en"


@frozen
class Text:
    """One sentence or label in both languages, with ``{names}`` to fill in."""

    zh: str
    en: str

    def say(self, language: Language = Language.ZH, /, **context: object) -> str:
        """Return the text in *language*, its ``{names}`` filled from *context*."""
        words = self.zh if language is Language.ZH else self.en
        return words.format_map(context) if context else words
