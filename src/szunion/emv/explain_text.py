"""Know how an explanation looks as plain text: a tree for a terminal of 100 columns 文本讲解."""

from __future__ import annotations

from collections.abc import Iterator

from szunion.emv.errors import Language
from szunion.emv.explain_model import Explanation, Item, Said, Step, in_bytes

_LONGEST_HEX = 64


def as_text(explanation: Explanation, language: Language = "zh") -> str:
    """Return the whole explanation as text, a blank line between steps."""
    blocks = ["\n".join(_step(step, language)) for step in explanation.steps]
    if explanation.certificates:
        blocks.append("\n".join(tree(explanation.certificates, language)))
    return "\n\n".join([*blocks, summary(explanation).say(language)]) + "\n"


def tree(items: tuple[Item, ...], language: Language = "zh", indent: str = "") -> Iterator[str]:
    """Yield the lines of a tree."""
    for at, item in enumerate(items):
        last = at == len(items) - 1
        yield f"{indent}{'└─ ' if last else '├─ '}{_line(item, language)}"
        yield from tree(item.children, language, indent + ("   " if last else "│  "))


def _step(step: Step, language: Language) -> Iterator[str]:
    yield f"#{step.number} {step.title.say(language)}"
    if step.note:
        yield f"   # {step.note}"
    yield f"   → {step.header}{_size(step.size, language)}"
    yield from tree(step.asked, language, "     ")
    timing = f" · {step.millis:.0f} ms" if step.millis is not None else ""
    outcome = step.outcome.say(language)
    yield f"   ← {step.sw:04X} {outcome}{_size(step.answer_size, language)}{timing}"
    yield from tree(step.answer, language, "     ")
    for effect in step.effects:
        yield f"   ! {effect.say(language)}"


def _line(item: Item, language: Language) -> str:
    parts = [item.label, item.name.say(language)]
    if item.raw:
        value = item.value
        parts.append(value if len(value) <= _LONGEST_HEX else f"{value[:_LONGEST_HEX]}…")
    line = "  ".join(parts)
    meaning = _joined(item.meaning, language)
    if meaning:
        line += f"  {meaning}"
    return f"{line}  ✗" if item.wrong else line


def _joined(said: tuple[Said, ...], language: Language) -> str:
    return ("；" if language == "zh" else "; ").join(one.say(language) for one in said)


def _size(count: int, language: Language) -> str:
    if not count:
        return ""
    size = in_bytes(count)
    return Said(f"（{size.zh}）", f" ({size.en})").say(language)


def summary(explanation: Explanation) -> Said:
    """Say how long it was, and whether the card was changed."""
    count = len(explanation.steps)
    if explanation.changed:
        return Said(f"共 {count} 步；卡片有改变", f"{count} steps; the card was changed")
    return Said(f"共 {count} 步；卡片未改变", f"{count} steps; the card was not changed")
