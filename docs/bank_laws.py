"""Know the manual's page on the laws of a bank adapter: made from the kit's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from szunion.testing.bank import BankPromises, Law
from szunion.testing.bank.laws import LAWS
from szunion.text import Language, Text

_TITLE = Text("银行适配器的规则", "The laws of a bank adapter")
_INTRO = Text(
    "验收套件 `szunion.testing.bank` 自己记着银行的账（账户、卡、钱），"
    "把适配器所说的和银行所做的一一对照。每条规则是 `BankPromises` 的一个测试，"
    "`szunion adapter conform 名称 --law 规则` 单独运行一条；"
    "未守住时打印种子、步数、经过和重放命令。不在 `info.accepts` 里的请求不检验。",
    "The kit `szunion.testing.bank` keeps the bank's books (accounts, cards, money) itself, and "
    "compares what an adapter says with what the bank did. Each law is a test of `BankPromises`; "
    "`szunion adapter conform NAME --law LAW` runs one alone. A law that is not kept prints seed, "
    "step, story and the command that repeats it. What is not in `info.accepts` is not tested.",
)
_TIERS = Text(
    "铜：全部铜级规则守住，OpenCards 与 SetCardUse 必需；银：再加银级；金：再加金级"
    "（`--tier gold`）；铂：金，加上 `adapter-quality.toml` 里由人声明的四项。",
    "Bronze: every bronze law is kept; OpenCards and SetCardUse are required. Silver and gold: "
    "those too (`--tier gold`). Platinum: gold, and the four things that people say in "
    "`adapter-quality.toml`.",
)
_EACH = Text("对每种请求检验", "Tested for each kind of request")
_ONCE = Text("检验一次", "Tested once")


_SEE: Final = Text("单独检验这一条：", "Test this one alone:")
_LIST: Final = Text("规则", "law")
_TIER: Final = Text("级", "tier")
_FOR: Final = Text("检验", "tested")


def bank_laws_pages(language: Language, made: str) -> Mapping[str, str]:
    """Return the page that lists the laws, and a page for each, by their paths in the language."""
    rows = [
        f"| [{law.title.say(language)}](bank-laws/{law.anchor}.md) | "
        f"{law.tier.text.say(language)} | {_for(law).say(language)} |"
        for law in LAWS.values()
    ]
    head = f"| {_LIST.say(language)} | {_TIER.say(language)} | {_FOR.say(language)} |"
    lines = [f"# {_TITLE.say(language)}", "", made, "", _INTRO.say(language), ""]
    lines += [_TIERS.say(language), "", head, "|---|---|---|", *rows, ""]
    lines += ["```{toctree}", ":hidden:", ":glob:", "", "bank-laws/*", "```", ""]
    pages = {f"reference/bank-laws/{law.anchor}.md": _law(law, language, made)
             for law in LAWS.values()}  # fmt: skip
    return {"reference/bank-laws.md": "\n".join(lines), **pages}


def _for(law: Law) -> Text:
    return _EACH if getattr(getattr(BankPromises, law.name), "each", None) else _ONCE


def _law(law: Law, language: Language, made: str) -> str:
    lines = [f"# {law.title.say(language)}", "", made, ""]
    lines += [f"{law.tier.text.say(language)} · {_for(law).say(language)}", ""]
    lines += [law.rule.say(language), "", _SEE.say(language), ""]
    lines += ["```text", f"szunion adapter conform NAME --law {law.anchor}", "```", ""]
    return "\n".join(lines)
