"""Know the texts that people are shown before they consent: versioned, hashed, a city may add.

The product's own stand in ``notices/*.toml`` beside the error codes; a city's policy adds newer
versions. Of one purpose the newest version is shown; a consent is good for the text it was given
to, and for no other.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from attrs import frozen

from szunion.domain.consent import ConsentPurpose
from szunion.domain.lawful import NoticeText
from szunion.errors import ConfigError
from szunion.text import Text


@frozen(kw_only=True)
class Notice:
    """One version of what a person is told (告知)."""

    purpose: ConsentPurpose
    version: str
    title: Text
    body: Text

    @property
    def id(self) -> str:
        """How a consent names it: purpose and version."""
        return f"{self.purpose.value}:{self.version}"

    @property
    def sha256(self) -> str:
        """The hash of everything that is shown, in both languages."""
        told = [self.id, self.title.zh, self.title.en, self.body.zh, self.body.en]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


@cache
def standard() -> tuple[Notice, ...]:
    """Return the product's own notices."""
    found = []
    for file in files("szunion").joinpath("notices").iterdir():
        if file.name.endswith(".toml"):
            told = tomllib.loads(file.read_text("utf-8"))
            found.append(
                Notice(
                    purpose=ConsentPurpose(file.name.removesuffix(".toml")),
                    version=told["version"],
                    title=Text(told["title"], told["title_en"]),
                    body=Text(told["body"].strip(), told["body_en"].strip()),
                )
            )
    return tuple(sorted(found, key=lambda each: each.id))


def current(added: Sequence[NoticeText] = ()) -> Mapping[ConsentPurpose, Notice]:
    """Return the notice that is shown for each purpose now.

    Raises:
        ConfigError: a city's notice is for a purpose that does not exist (E-CONSENT-010).
    """
    newest: dict[ConsentPurpose, Notice] = {}
    for each in _all(added):
        known = newest.get(each.purpose)
        if known is None or each.version >= known.version:
            newest[each.purpose] = each
    return newest


def _all(added: Iterable[NoticeText]) -> Iterable[Notice]:
    yield from standard()
    for each in added:
        try:
            purpose = ConsentPurpose(each.purpose)
        except ValueError:
            raise ConfigError("E-CONSENT-010", purpose=each.purpose) from None
        yield Notice(purpose=purpose, version=each.version, title=each.title, body=each.body)
