"""Know every way in which a promise or a rule of szunion can be broken.

::

    SzunionError
    ├─ ConfigError              a setting or a city's policy is wrong
    ├─ InvalidInput             what was handed in cannot be understood or used
    ├─ NotFound                 nothing here by that name, or nothing you may see
    ├─ Conflict                 wrong state or version; .current and .allowed say more
    ├─ NotAllowed               scope, purpose, or a second person is missing
    ├─ BankError
    │  ├─ BankUnavailable       it never arrived: it waits and is sent again
    │  └─ BankOutcomeUnknown    it may have arrived: ask by key, never send blindly
    ├─ ReaderError
    │  ├─ NoReader  NoCard  CardRemoved  SharingViolation
    │  └─ CardFault             the card answered with a status word, or nonsense
    ├─ StorageError
    │  ├─ SchemaOutOfDate  StorageFull
    │  ├─ StorageBusy           somebody else is writing; the decision may be made again
    │  ├─ StorageUnreachable    no server answers, or the line broke before anything was kept
    │  ├─ CommitUnknown         the commit was in flight: repeat with the same key
    │  └─ StorageClosed         the system was closed: open it again
    ├─ NodeDown                 one machine of several cannot be used now: names it
    ├─ WrongNode                this member is another machine's: names the one that was asked
    ├─ PluginError              names the distribution
    ├─ WitnessUnavailable       nobody outside saw the log's newest checkpoint: ask again
    ├─ KeysUnavailable          sensitive columns cannot be read or written now
    └─ SignatureInvalid         one class for every way a message can be wrong

What a bank or a rule *decides* (refused, not eligible, sold out) is a value, not an error.
Every error has a stable code; what happened and what to do stand, in Chinese and English, in
``codes/*.toml`` beside this module. ``szunion explain CODE`` prints the page.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import ClassVar

from attrs import frozen

from szunion.text import Language, Text

__all__ = [
    "BankError",
    "BankOutcomeUnknown",
    "BankUnavailable",
    "CardFault",
    "CardRemoved",
    "CodePage",
    "CommitUnknown",
    "ConfigError",
    "Conflict",
    "InvalidInput",
    "KeysUnavailable",
    "NoCard",
    "NoReader",
    "NodeDown",
    "NotAllowed",
    "NotFound",
    "PluginError",
    "ReaderError",
    "SchemaOutOfDate",
    "SharingViolation",
    "SignatureInvalid",
    "StorageBusy",
    "StorageClosed",
    "StorageError",
    "StorageFull",
    "StorageUnreachable",
    "SzunionError",
    "WitnessUnavailable",
    "WrongNode",
    "code_pages",
]


@frozen
class CodePage:
    """What is known of one code: 说明页."""

    code: str
    what: Text
    do: Text
    why: Text | None = None


@cache
def code_pages() -> Mapping[str, CodePage]:
    """Return the page of every error (``E-…``) and warning (``W-…``) code, by code."""
    pages: dict[str, CodePage] = {}
    for area in sorted(files("szunion").joinpath("codes").iterdir(), key=lambda entry: entry.name):
        if not area.name.endswith(".toml"):
            continue
        for code, entry in tomllib.loads(area.read_text("utf-8")).items():
            pages[code] = CodePage(
                code,
                Text(entry["what"], entry["what_en"]),
                Text(entry["do"], entry["do_en"]),
                Text(entry["why"], entry["why_en"]) if "why" in entry else None,
            )
    return pages


class SzunionError(Exception):
    """A broken rule or promise: a code, what happened, what to do, in two languages.

    Args:
        code: The stable code, such as ``E-CARD-021``.
        context: What fills the ``{names}`` of the code's texts. Values that identify a person
            must be of a type that prints masked.
    """

    retry: ClassVar[bool] = False
    """Whether the same call may simply be made again, with the same key."""

    def __init__(self, code: str, /, **context: object) -> None:
        super().__init__(code)
        self.code = code
        self.context = context

    def what(self, language: Language = Language.ZH) -> str:
        """Return what happened."""
        return code_pages()[self.code].what.say(language, **self.context)

    def do(self, language: Language = Language.ZH) -> str:
        """Return what to do about it."""
        return code_pages()[self.code].do.say(language, **self.context)

    def __str__(self) -> str:
        return (
            f"[{self.code}] {self.what()}\n  处理：{self.do()}\n"
            f"  说明：szunion explain {self.code}      English: {self.what(Language.EN)}"
        )


class ConfigError(SzunionError):
    """A setting or a city's policy is wrong."""


class InvalidInput(SzunionError):
    """What was handed in cannot be understood or used."""


class NotFound(SzunionError):
    """Nothing here by that name, or nothing you may see: both read the same."""


class Conflict(SzunionError):
    """The thing is in another state or version than the request needs."""

    @property
    def current(self) -> object:
        """The state or version it is in."""
        return self.context.get("current")

    @property
    def allowed(self) -> Sequence[object]:
        """What may be done now."""
        allowed = self.context.get("allowed", ())
        return allowed if isinstance(allowed, Sequence) else (allowed,)


class NotAllowed(SzunionError):
    """Scope, purpose, or the second person is missing."""


class BankError(SzunionError):
    """The way to the bank failed."""


class BankUnavailable(BankError):
    """It never arrived: it waits in the outbox and is sent again."""

    retry = True


class BankOutcomeUnknown(BankError):
    """It may have arrived: ask by key before anything is sent again."""


class ReaderError(SzunionError):
    """The way to the card failed."""


class NoReader(ReaderError):
    """There is no such reader."""


class NoCard(ReaderError):
    """There is no card in the reader."""


class CardRemoved(ReaderError):
    """The card went away in the middle of a conversation."""


class SharingViolation(ReaderError):
    """Another program holds the reader."""


class CardFault(ReaderError):
    """The card answered with a status word that stops us, or with nonsense."""


class StorageError(SzunionError):
    """The store cannot do what was asked; nothing was half done."""


class SchemaOutOfDate(StorageError):
    """The schema is older or newer than this code."""


class StorageFull(StorageError):
    """No space left; the store stays readable and goes on when there is space."""

    retry = True


class StorageBusy(StorageError):
    """Somebody else is writing, or the database asked to try again."""

    retry = True


class StorageUnreachable(StorageError):
    """No server answers, or the line to it broke before anything was kept."""

    retry = True


class CommitUnknown(StorageError):
    """The commit was in flight when the line broke: repeat with the same key."""

    retry = True


class StorageClosed(StorageError):
    """The store was closed, with its system or by the end of a ``with`` block; nothing began."""


class NodeDown(SzunionError):
    """One machine of several cannot be used now; the others go on."""

    retry = True

    @property
    def node(self) -> str:
        """Its name."""
        return str(self.context["node"])


class WrongNode(SzunionError):
    """Somebody belongs to another machine than the one that was asked: ask where the map says."""

    @property
    def node(self) -> str:
        """The name of the one that was asked."""
        return str(self.context["node"])


class PluginError(SzunionError):
    """A plug-in cannot be used; names its distribution."""


class WitnessUnavailable(SzunionError):
    """A witness of the audit log cannot be asked now: the log goes on, and asks again."""

    retry = True


class KeysUnavailable(SzunionError):
    """The keys cannot be reached: sensitive columns cannot be read or written now."""

    retry = True


class SignatureInvalid(SzunionError):
    """A message is not what it says it is. It never says which of its ways was wrong."""
