"""Know what differs between two explanations: two cards, or one card before and after 对比讲解."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import zip_longest

from attrs import frozen

from szunion.emv.errors import Language
from szunion.emv.explain_model import Explanation, Item, Said, Step, walk


@frozen
class Difference:
    """One thing that is not the same.

    Attributes:
        step: What was asked when it showed.
        path: Where, such as ``answer/6F/A5/9F38``; ``sw`` for the status word.
        name: What it is called.
        left: What the first has; None if it has nothing there. Dots when hidden.
        right: What the second has.
    """

    step: Said
    path: str
    name: Said
    left: str | None
    right: str | None


def diff(left: Explanation, right: Explanation) -> tuple[Difference, ...]:
    """Return what differs, in the order of the conversation.

    Steps are paired by what they ask; a hidden value is compared, but never shown.
    """
    one, other = ([_key(step) for step in side.steps] for side in (left, right))
    out: list[Difference] = []
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        lefts, rights = left.steps[i1:i2], right.steps[j1:j2]
        if kind == "equal":
            for first, second in zip(lefts, rights, strict=True):
                out += _steps(first, second)
        else:
            out += [_lone(step, left=True) for step in lefts]
            out += [_lone(step, left=False) for step in rights]
    return tuple(out)


def as_text(differences: Iterable[Difference], language: Language = "zh") -> str:
    """Return the differences as text, grouped by step."""
    nothing = Said("（无）", "(none)").say(language)
    lines: list[str] = []
    step: Said | None = None
    for found in differences:
        if found.step != step:
            step = found.step
            lines.append(step.say(language))
        lines.append(f"   {found.path}  {found.name.say(language)}")
        lines.append(f"      - {nothing if found.left is None else found.left}")
        lines.append(f"      + {nothing if found.right is None else found.right}")
    if not lines:
        lines.append(Said("没有差别", "no difference").say(language))
    return "\n".join(lines) + "\n"


def _key(step: Step) -> tuple[str, Said]:
    return step.header, step.title


def _lone(step: Step, *, left: bool) -> Difference:
    shown = f"{step.sw:04X}"
    return Difference(
        step.title,
        "sw",
        Said("只有一方有这一步", "only one side has this step"),
        shown if left else None,
        None if left else shown,
    )


def _steps(left: Step, right: Step) -> Iterator[Difference]:
    if left.sw != right.sw:
        name = Said("状态字", "status word")
        yield Difference(left.title, "sw", name, f"{left.sw:04X}", f"{right.sw:04X}")
    for side in ("asked", "answer"):
        ours, theirs = _leaves(getattr(left, side)), _leaves(getattr(right, side))
        for path in dict.fromkeys([*ours, *theirs]):
            pairs = zip_longest(ours.get(path, ()), theirs.get(path, ()))
            for first, second in pairs:
                if first is None or second is None or first.raw != second.raw:
                    some = first or second
                    assert some is not None
                    yield Difference(
                        left.title, f"{side}/{path}", some.name, _shown(first), _shown(second)
                    )


def _leaves(items: tuple[Item, ...]) -> dict[str, list[Item]]:
    """Return what has bytes of its own, by path; duplicates in order."""
    out: dict[str, list[Item]] = {}
    for path, item in walk(items):
        if item.raw:
            out.setdefault(path, []).append(item)
    return out


def _shown(item: Item | None) -> str | None:
    return None if item is None else item.value
