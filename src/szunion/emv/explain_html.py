"""Know how an explanation looks as one HTML page that needs nothing else 网页讲解.

No script, no outside file: the page can be mailed and opened anywhere, and printed. What the card
said is escaped, whatever it is. Each tag links to a short glossary at the end, or to the pages of
the manual when their address is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from szunion.emv.errors import Language
from szunion.emv.explain_model import Explanation, Item, Said, Step, walk
from szunion.emv.explain_text import summary
from szunion.emv.tags import Scheme, Tag, lookup

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--back:#fff;
--card:#f6f8fa;--bad:#b3261e;--good:#1a6b35;--warn:#8a4b00;--link:#0b57a4}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa4af;--line:#30363d;
--back:#0d1117;--card:#161b22;--bad:#ff8a80;--good:#7ee2a0;--warn:#f0b072;--link:#79b8ff}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",
sans-serif;max-width:62rem;margin:0 auto;padding:1rem;color:var(--ink);background:var(--back)}
h1{font-size:1.5rem;margin:.5rem 0 .2rem}
h2{font-size:1.05rem;margin:0}
h2 a{color:inherit;text-decoration:none}
p{margin:.4rem 0}
.lead{color:var(--soft);margin:0 0 1rem}
section{border:1px solid var(--line);border-radius:10px;margin:0 0 .9rem;overflow:hidden}
section>h2{background:var(--card);padding:.5rem .9rem;border-bottom:1px solid var(--line)}
section>div{padding:.3rem .9rem .6rem}
ul{list-style:none;margin:.1rem 0;padding-left:1.1rem;border-left:1px solid var(--line)}
div>ul{padding-left:.6rem}
li{margin:.12rem 0}
summary{cursor:pointer}
code{font:.875em/1.4 ui-monospace,"SFMono-Regular",Consolas,monospace;overflow-wrap:anywhere}
.tag{display:inline-block;background:var(--card);border:1px solid var(--line);border-radius:4px;
padding:0 .35em;color:var(--ink)}
a .tag,a{color:var(--link)}
.raw{color:var(--soft)}
.say{font-weight:500}
.sw{font-weight:700;color:var(--good)}
.bad,.sw.bad{color:var(--bad)}
.effect{color:var(--warn);font-weight:500}
.hidden{color:var(--soft);letter-spacing:.1em}
table{border-collapse:collapse;width:100%;font-size:.9rem}
td,th{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}
tr:target{background:var(--card)}
@media print{section{break-inside:avoid}body{max-width:none}}
"""
_TAG = re.compile(r"(?:[0-9A-F]{2}){1,4}", re.ASCII)


def as_html(explanation: Explanation, language: Language = "zh", *, reference: str = "") -> str:
    """Return the whole explanation as a page.

    Args:
        explanation: What to show.
        language: ``zh`` or ``en``.
        reference: Address of the page of tags; each tag links to its anchor there. Without it
            the page has a glossary of its own.
    """
    title = Said("卡片交互讲解", "A card conversation, explained").say(language)
    code = "zh-CN" if language == "zh" else "en"
    head = (
        f'<!DOCTYPE html>\n<html lang="{code}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>\n"
        f'<p class="lead">{summary(explanation).say(language)}</p>\n'
    )
    body = "\n".join(_step(step, language, reference) for step in explanation.steps)
    chains = _certificates(explanation, language, reference)
    glossary = "" if reference else _glossary(explanation, language)
    return f"{head}{body}\n{chains}{glossary}</body></html>\n"


def _step(step: Step, language: Language, reference: str) -> str:
    bad = "" if step.good else " bad"
    timing = f" · {step.millis:.0f} ms" if step.millis is not None else ""
    note = f'<p class="raw">{escape(step.note)}</p>' if step.note else ""
    effects = "".join(
        f'<p class="effect">! {escape(effect.say(language))}</p>' for effect in step.effects
    )
    here = f"step-{step.number}"
    return (
        f'<section id="{here}"><h2><a href="#{here}">#{step.number}</a> '
        f"{escape(step.title.say(language))}</h2><div>{note}"
        f"<p>→ <code>{step.header}</code></p>{_list(step.asked, language, reference)}"
        f'<p>← <code class="sw{bad}">{step.sw:04X}</code> '
        f"{escape(step.outcome.say(language))}{timing}</p>"
        f"{_list(step.answer, language, reference)}{effects}</div></section>"
    )


def _certificates(explanation: Explanation, language: Language, reference: str) -> str:
    if not explanation.certificates:
        return ""
    title = Said("证书链", "Certificates").say(language)
    items = _list(explanation.certificates, language, reference)
    return f'<section id="certificates"><h2>{title}</h2><div>{items}</div></section>\n'


def _list(items: tuple[Item, ...], language: Language, reference: str) -> str:
    if not items:
        return ""
    rows = "".join(f"<li>{''.join(_item(item, language, reference))}</li>" for item in items)
    return f"<ul>{rows}</ul>"


def _item(item: Item, language: Language, reference: str) -> Iterator[str]:
    label = f'<code class="tag">{escape(item.label)}</code>'
    if _entry(item) is not None:
        label = f'<a href="{escape(reference)}#{item.label.lower()}">{label}</a>'
    opener = f"{label} {escape(item.name.say(language))}"
    if item.children:
        yield "<details open><summary>"
    yield f'<span class="bad">✗ {opener}</span>' if item.wrong else opener
    if item.hidden:
        yield ' <span class="hidden">●●●●</span>'
    elif item.raw:
        yield f' <code class="raw">{item.value}</code>'
    for said in item.meaning:
        yield f' · <span class="say">{escape(said.say(language))}</span>'
    if item.children:
        yield f"</summary>{_list(item.children, language, reference)}</details>"


def _entry(item: Item) -> Tag | None:
    """Return the dictionary's entry for an item that is a data object."""
    if _TAG.fullmatch(item.label) is None:
        return None
    tag = int(item.label, 16)
    found = (lookup(tag, scheme) for scheme in Scheme)
    return next((entry for entry in found if entry.known and entry.zh == item.name.zh), None)


def _glossary(explanation: Explanation, language: Language) -> str:
    """Return a table of the tags that occur, each where the links to it lead."""
    groups = [
        explanation.certificates,
        *(part for step in explanation.steps for part in (step.asked, step.answer)),
    ]
    entries = {
        item.label: entry
        for items in groups
        for _, item in walk(items)
        if (entry := _entry(item)) is not None
    }
    if not entries:
        return ""
    head = Said(
        "<tr><th>标签</th><th>名称</th><th>格式</th><th>长度</th><th>出处</th></tr>",
        "<tr><th>tag</th><th>name</th><th>format</th><th>length</th><th>source</th></tr>",
    ).say(language)
    rows = "\n".join(
        f'<tr id="{label.lower()}"><td><code>{label}</code></td>'
        f"<td>{escape(Said(entry.zh, entry.en).say(language))}</td>"
        f"<td>{entry.format.value}</td><td>{entry.length}</td><td>{escape(entry.source)}</td></tr>"
        for label, entry in sorted(entries.items())
    )
    title = Said("出现的标签", "Tags on this page").say(language)
    return (
        f'<section id="tags"><h2>{title}</h2><div><table>{head}\n{rows}</table></div></section>\n'
    )
