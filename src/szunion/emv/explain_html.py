"""Know how an explanation looks as one HTML page that needs nothing else 网页讲解.

No script, no outside file: the page can be mailed and opened anywhere. What the card said is
escaped, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from szunion.emv.errors import Language
from szunion.emv.explain_model import Explanation, Item, Said, Step

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem;
color:#1a1a1a;background:#fff}
h1{font-size:1.4rem}
section{border:1px solid #ddd;border-radius:8px;margin:1rem 0;padding:.5rem 1rem}
h2{font-size:1.1rem;margin:.2rem 0}
ul{list-style:none;margin:0;padding-left:1.2rem;border-left:1px dotted #aaa}
code{font:14px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
.sw{font-weight:600}.bad{color:#a40000}.effect{color:#8a4b00}.hidden{color:#666}
"""
_TAG = re.compile(r"[0-9A-F]{2,8}", re.ASCII)


def as_html(explanation: Explanation, language: Language = "zh", *, reference: str = "") -> str:
    """Return the whole explanation as a page.

    Args:
        explanation: What to show.
        language: ``zh`` or ``en``.
        reference: Address of the page of tags; each tag links to its anchor there.
    """
    title = Said("卡片交互讲解", "A card conversation, explained").say(language)
    code = "zh-CN" if language == "zh" else "en"
    head = (
        f'<!DOCTYPE html>\n<html lang="{code}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>\n"
    )
    body = "\n".join(_step(step, language, reference) for step in explanation.steps)
    return f"{head}{body}\n</body></html>\n"


def _step(step: Step, language: Language, reference: str) -> str:
    bad = "" if step.good else " bad"
    timing = f" · {step.millis:.0f} ms" if step.millis is not None else ""
    note = f'<p class="hidden">{escape(step.note)}</p>' if step.note else ""
    effects = "".join(
        f'<p class="effect">! {escape(effect.say(language))}</p>' for effect in step.effects
    )
    return (
        f'<section id="step-{step.number}">'
        f"<h2>#{step.number} {escape(step.title.say(language))}</h2>{note}"
        f"<p>→ <code>{step.header}</code></p>{_list(step.asked, language, reference)}"
        f'<p>← <code class="sw{bad}">{step.sw:04X}</code> '
        f"{escape(step.outcome.say(language))}{timing}</p>"
        f"{_list(step.answer, language, reference)}{effects}</section>"
    )


def _list(items: tuple[Item, ...], language: Language, reference: str) -> str:
    if not items:
        return ""
    rows = "".join(f"<li>{''.join(_item(item, language, reference))}</li>" for item in items)
    return f"<ul>{rows}</ul>"


def _item(item: Item, language: Language, reference: str) -> Iterator[str]:
    label = escape(item.label)
    if reference and _TAG.fullmatch(item.label):
        label = f'<a href="{escape(reference)}#{label.lower()}">{label}</a>'
    name = escape(item.name.say(language))
    opener = f"<code>{label}</code> {name}"
    if item.children:
        yield "<details open><summary>"
    yield f'<span class="bad">{opener}</span>' if item.wrong else opener
    if item.hidden:
        yield ' <span class="hidden">●●●●</span>'
    elif item.raw:
        yield f" <code>{item.value}</code>"
    for said in item.meaning:
        yield f" · {escape(said.say(language))}"
    if item.children:
        yield f"</summary>{_list(item.children, language, reference)}</details>"
