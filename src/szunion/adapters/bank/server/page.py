"""Know the page on which a person makes the simulated bank act (模拟银行柜台页).

One page of plain HTML in two languages: no script, nothing from elsewhere, one stylesheet of its
own. Card numbers, tokens and names are not on it: a card is its last four digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from attrs import frozen

from szunion.adapters.bank.server.desk import (
    PRESSES,
    batches_of,
    name_of,
    ready_of_card,
    ready_of_order,
)
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.text import Language, Text

MOST: Final = 50
"""So many batches, cards and payments are shown, the newest first."""

STYLE: Final = """
:root{font:17px/1.41 system-ui,sans-serif;color:#191919;background:#ededed}
main{max-width:64rem;margin:0 auto;padding:1rem}h1{font-size:22px;line-height:1.36}
h2{font-size:15px;color:#666}section{background:#fff;padding:.5rem 1rem;margin:1rem 0}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.4rem .5rem;border-top:1px solid #ccc}
form{display:inline}
button{font:inherit;min-height:44px;padding:.25rem .75rem;margin:.15rem;
border:1px solid #c8102e;border-radius:8px;background:#fff;color:#c8102e}
button:hover,button:focus{background:#c8102e;color:#fff}
.said{border-left:4px solid #b3261e;padding:.5rem}
@media (prefers-color-scheme:dark){
:root{color:#ededed;background:#111}section{background:#191919}h2{color:#a0a0a0}a{color:#9db4e0}}
""".strip()

_CLOCK: Final = (
    (3_600, Text("过 1 小时", "1 hour later")),
    (86_400, Text("过 1 天", "1 day later")),
    (6 * 86_400, Text("过 6 天", "6 days later")),
    (30 * 86_400, Text("过 30 天", "30 days later")),
)


@frozen(kw_only=True)
class Look:
    """What the page is made of besides the bank."""

    language: Language
    token: str
    """What every form carries, and a stranger's page cannot know."""
    now: str
    movable: bool
    """Whether the clock is a simulated one."""
    said: str = ""
    """What the last press led to, when it was refused."""
    faults: Mapping[str, int]

    def say(self, text: Text) -> str:
        """Return *text* in the page's language, for HTML."""
        return escape(text.say(self.language))


def page(bank: SimulatedBank, look: Look) -> str:
    """Return the whole page."""
    zh = look.language is Language.ZH
    other, label = ("en", "English") if zh else ("zh", "中文")
    title = look.say(Text("模拟银行", "Simulated bank"))
    parts = [
        f'<!doctype html><html lang="{"zh-CN" if zh else "en"}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f'<title>{title}</title><link rel="stylesheet" href="/style.css"></head><body><main>',
        f'<h1>{title} · {escape(look.now)}</h1><p><a href="/?lang={other}">{label}</a></p>',
    ]
    if look.said:
        parts.append(f'<p class="said" role="alert">{escape(look.said)}</p>')
    parts += [_clock(look), _batches(bank, look), _cards(bank, look), _orders(bank, look)]
    parts += [_files(look), _faults(look), "</main></body></html>"]
    return "".join(parts)


def _button(look: Look, act: str, target: str, label: Text, place: str = "/do") -> str:
    hidden = {"token": look.token, "act": act, "target": target, "lang": look.language.value}
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    return f'<form method="post" action="{place}">{fields}<button>{look.say(label)}</button></form>'


def _buttons(look: Look, acts: Iterable[str], target: str) -> str:
    return "".join(_button(look, act, target, PRESSES[act][0]) for act in acts)


def _table(look: Look, title: Text, head: Iterable[Text], rows: list[list[str]]) -> str:
    if not rows:
        return f"<section><h2>{look.say(title)}</h2><p>—</p></section>"
    heads = "".join(f"<th>{look.say(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<section><h2>{look.say(title)}</h2><table><tr>{heads}</tr>{body}</table></section>"


def _clock(look: Look) -> str:
    if not look.movable:
        return ""
    buttons = "".join(
        _button(look, "advance", str(seconds), label, "/clock") for seconds, label in _CLOCK
    )
    return f"<section><h2>{look.say(Text('时钟', 'Clock'))}</h2>{buttons}</section>"


def _batches(bank: SimulatedBank, look: Look) -> str:
    rows = []
    for each in batches_of(bank, MOST):
        states = Text(
            " · ".join(f"{state.value} {count}" for state, count in each.states.items()),
            " · ".join(f"{state.name.lower()} {count}" for state, count in each.states.items()),
        )
        rows.append([each.key[:8], look.say(states), _buttons(look, each.ready, each.key)])
    head = (Text("批次", "batch"), Text("明细", "rows"), Text("操作", "press"))
    return _table(look, Text("开卡批次", "Batches"), head, rows)


def _cards(bank: SimulatedBank, look: Look) -> str:
    rows = [
        [
            f"****{each.last_four} / {each.card.psn}",
            look.say(each.state.text),
            look.say(Text("允许", "allowed") if each.allowed else Text("已停用", "stopped")),
            _buttons(look, ready_of_card(each.state), name_of(each.card)),
        ]
        for each in bank.truth.cards[-MOST:][::-1]
    ]
    head = (
        Text("卡", "card"),
        Text("银行状态", "state"),
        Text("工会使用", "use"),
        Text("操作", "press"),
    )
    return _table(look, Text("卡片", "Cards"), head, rows)


def _orders(bank: SimulatedBank, look: Look) -> str:
    rows = [
        [
            each.order.text[:8],
            escape(str(each.fen)),
            look.say(Text(each.state.value, each.state.name.lower())),
            _buttons(look, ready_of_order(each.state), each.order.text),
        ]
        for each in list(bank.truth.orders.values())[-MOST:][::-1]
    ]
    head = (
        Text("订单", "order"),
        Text("金额（元）", "yuan"),
        Text("状态", "state"),
        Text("操作", "press"),
    )
    return _table(look, Text("代发", "Payments"), head, rows)


def _files(look: Look) -> str:
    buttons = _buttons(look, ("daily_list", "statement", "refuse_next"), "")
    return f"<section><h2>{look.say(Text('文件', 'Files'))}</h2>{buttons}</section>"


def _faults(look: Look) -> str:
    rows = [[escape(kind), str(count)] for kind, count in sorted(look.faults.items())]
    head = (Text("故障", "fault"), Text("次数", "times"))
    return _table(look, Text("已发生的故障", "Faults that happened"), head, rows)
