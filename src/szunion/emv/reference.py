"""Know how the dictionaries look as pages of the manual: tags and status words 参考页.

The pages in ``docs/zh/reference`` and ``docs/en/reference`` are what these functions return; a
test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator

from szunion.emv.errors import Language
from szunion.emv.explain_model import Said
from szunion.emv.status_words import status_words
from szunion.emv.tags import Origin, Scheme, Secrecy, entries

_MADE = Said(
    "本页由 `szunion.emv.reference` 从代码中的表生成，请勿手改。",
    "This page is made by `szunion.emv.reference` from the tables in the code; do not edit it.",
)
_ORIGINS = {
    Origin.CARD: Said("卡", "card"),
    Origin.TERMINAL: Said("终端", "terminal"),
    Origin.ISSUER: Said("发卡行", "issuer"),
}
_SECRECIES = {
    Secrecy.OPEN: Said("公开", "open"),
    Secrecy.PERSONAL: Said("个人", "personal"),
    Secrecy.SECRET: Said("机密", "secret"),
}
_SCHEMES = {
    Scheme.EMV: Said("EMV 共用", "EMV, shared by all"),
    Scheme.PBOC: Said("PBOC 3.0 与银联", "PBOC 3.0 and UnionPay"),
}


def tags_page(language: Language) -> str:
    """Return the page of all tags, one table a scheme."""
    return "\n".join(_tags(language)) + "\n"


def status_words_page(language: Language) -> str:
    """Return the page of all status words."""
    return "\n".join(_status_words(language)) + "\n"


def pages() -> dict[str, str]:
    """Return every page by its path below ``docs``."""
    out = {}
    for language in ("zh", "en"):
        out[f"{language}/reference/tags.md"] = tags_page(language)
        out[f"{language}/reference/status-words.md"] = status_words_page(language)
    return out


def _tags(language: Language) -> Iterator[str]:
    yield f"# {Said('标签字典', 'Dictionary of tags').say(language)}"
    yield ""
    yield _MADE.say(language)
    yield ""
    yield Said(
        "同一标签在不同卡组织可以有不同含义，查询时须指明卡组织；查不到时用 EMV 共用表。"
        "长度单位为字节。“个人”数据缺省隐藏，“机密”数据从不显示。",
        "One tag may mean different things to different schemes, so a question names the scheme; "
        "what it does not define is looked up in the shared table. Lengths are in bytes. "
        "*Personal* values are hidden unless revealed, *secret* ones are never shown.",
    ).say(language)
    head = Said(
        "| 标签 | 名称 | 格式 | 长度 | 来源 | 敏感性 | 出处 |",
        "| tag | name | format | length | set by | secrecy | source |",
    )
    for scheme in Scheme:
        yield ""
        yield f"## {_SCHEMES.get(scheme, Said(scheme.value, scheme.value)).say(language)}"
        yield ""
        yield head.say(language)
        yield "|---|---|---|---|---|---|---|"
        for entry in entries(scheme):
            anchor = f'<a id="{entry.hex.lower()}"></a>' if scheme in _SCHEMES else ""
            name = Said(entry.zh, entry.en).say(language)
            yield (
                f"| {anchor}`{entry.hex}` | {name} | {entry.format.value} | {entry.length} "
                f"| {_ORIGINS[entry.origin].say(language)} "
                f"| {_SECRECIES[entry.secrecy].say(language)} | {entry.source} |"
            )


def _status_words(language: Language) -> Iterator[str]:
    yield f"# {Said('状态字', 'Status words').say(language)}"
    yield ""
    yield _MADE.say(language)
    yield ""
    yield Said(
        "`x` 代表任意半字节，{n} 为其数值。有“命令”的行只对该命令（CLA INS）成立，并优先。",
        "`x` stands for any half-byte, {n} for its number. A row with a command (CLA INS) holds "
        "for that command only, and goes before the others.",
    ).say(language)
    yield ""
    yield Said("| 状态字 | 命令 | 含义 |", "| status word | command | meaning |").say(language)
    yield "|---|---|---|"
    for row in status_words():
        command = f"`{row.command}`" if row.command else ""
        yield f"| `{row.pattern}` | {command} | {row.zh if language == 'zh' else row.en} |"
