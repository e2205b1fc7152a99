"""Know the form of an explanation: steps, and trees of things with their meaning 讲解.

Every sentence is born in both languages. Values that identify a person are in the tree, so that
two cards can be compared, but every renderer shows them hidden unless they were revealed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from attrs import field, frozen

from szunion.emv.errors import Language


class Said(NamedTuple):
    """One thing said in Chinese and English."""

    zh: str
    en: str

    def say(self, language: Language) -> str:
        """Return the sentence in *language*."""
        return self.zh if language == "zh" else self.en


def in_bytes(count: int) -> Said:
    """Return how long something is: 1 byte, 2 bytes."""
    return Said(f"{count} 字节", f"{count} byte" if count == 1 else f"{count} bytes")


@frozen
class Item:
    """One thing in the tree: a data object, or a part of one.

    Attributes:
        label: The tag as hex, or a short name for a part.
        name: What it is called.
        raw: Its bytes; they do not print.
        hidden: Whether renderers must not show the bytes.
        meaning: What it means, one sentence a fact.
        children: Its parts, in order.
        wrong: Something about it is not as it should be.
    """

    label: str
    name: Said
    raw: bytes = field(default=b"", repr=False)
    hidden: bool = False
    meaning: tuple[Said, ...] = ()
    children: tuple[Item, ...] = ()
    wrong: bool = False

    @property
    def value(self) -> str:
        """The bytes as hex; dots when they are hidden."""
        if self.hidden:
            return "●●●●"
        return self.raw.hex().upper()


@frozen(kw_only=True)
class Step:
    """One command with its answer, 61xx and 6Cxx joined.

    Attributes:
        number: From 1.
        title: What was asked.
        header: CLA INS P1 P2 as hex.
        size: Bytes of command data.
        asked: What the command data are.
        sw: The status word.
        outcome: What it means.
        good: Whether the command did what it was asked to.
        answer: What the answer data are.
        answer_size: Bytes of answer data.
        effects: What the command changed on the card.
        millis: How long it took in all, if measured.
        note: What the recorder wrote beside it.
    """

    number: int
    title: Said
    header: str
    size: int
    asked: tuple[Item, ...]
    sw: int
    outcome: Said
    good: bool
    answer: tuple[Item, ...]
    answer_size: int
    effects: tuple[Said, ...] = ()
    millis: float | None = None
    note: str = field(default="", repr=False)


@frozen
class Explanation:
    """A whole trace, explained.

    Attributes:
        steps: In order.
        certificates: The chains in it, when roots were at hand: see ``explain_certificates``.
    """

    steps: tuple[Step, ...]
    certificates: tuple[Item, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether a command changed something on the card."""
        return any(step.effects for step in self.steps)


def walk(items: tuple[Item, ...], path: str = "") -> Iterator[tuple[str, Item]]:
    """Yield every item with its path, such as ``6F/A5/9F38``, each before its children."""
    for item in items:
        here = f"{path}/{item.label}" if path else item.label
        yield here, item
        yield from walk(item.children, here)
