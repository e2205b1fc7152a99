"""Know the manual's page on the language of the bank: made from the values themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

from szunion.adapters.bank.batch_file import speech
from szunion.domain.bank_requests import Receipt
from szunion.domain.values import Fen, Labelled
from szunion.text import Language, Text

_TITLE = Text("银行语言", "The language of the bank")
_INTRO = Text(
    "工会提出的请求和银行的答复，都是 `szunion.domain` 里的值；适配器只做翻译。"
    "请求带由业务算出的键；来报带银行自己的事件号、流和顺序号。"
    "下表的“字段”就是文件布局里可以写的字段名；`_psn` 是卡序列号，`_kind` 是证件类型。"
    "标 * 的可以没有。没有列在 `info.accepts` 里的请求永远不会送出。",
    "What the union asks and what the bank answers are values of `szunion.domain`; an adapter "
    "only translates. A request has a key that follows from the business; a notice has the bank's "
    "own event id, stream and sequence. The fields below are the names that a layout of files may "
    "use; `_psn` is the card's sequence number, `_kind` the kind of document. What is marked * may "
    "be missing. A request that is not in `info.accepts` is never sent.",
)
_REQUESTS = Text("请求：工会提出的", "Requests: what the union asks")
_RECEIPT = Text("回执：对一个请求的整体答复", "Receipt: the answer to a request as a whole")
_NOTICES = Text("来报：银行报告的", "Notices: what the bank tells")
_FIELD, _KIND, _VALUES = Text("字段", "field"), Text("种类", "kind"), Text("取值", "values")
_LINES = Text("每条明细：", "Each line:")
_TOLD = Text(
    "每条来报另有 `event_id`、`stream`、`sequence`、`effective`；文件里没有的，"
    "由适配器从业务日期、文件号、行号得出。",
    "Each notice also has `event_id`, `stream`, `sequence`, `effective`; where a file has none, "
    "the adapter makes them of business date, file number and line.",
)
_SETTLED = Text(
    "看不懂的来报成为 `NotUnderstood`，原文加密保存、搁置，不影响其他来报。",
    "What is not understood becomes `NotUnderstood`: its words are kept sealed, it is set aside, "
    "and it blocks no other.",
)
_KINDS: Final[Mapping[type, Text]] = {
    str: Text("文字", "text"),
    int: Text("整数", "whole number"),
    bool: Text("是否", "yes or no"),
    Fen: Text("金额（分）", "money in fen"),
}


def bank_language_page(language: Language, made: str) -> str:
    """Return the page of the bank's language."""
    lines = [f"# {_TITLE.say(language)}", "", made, "", _INTRO.say(language), ""]
    lines += [f"## {_REQUESTS.say(language)}", ""]
    for kind in speech.REQUESTS.values():
        lines += _value(kind, language)
    lines += [f"## {_RECEIPT.say(language)}", "", *_table(Receipt, language), ""]
    lines += [f"## {_NOTICES.say(language)}", "", _TOLD.say(language), "", _SETTLED.say(language)]
    lines.append("")
    for kind in speech.NOTICES.values():
        lines += _value(kind, language)
    return "\n".join(lines).rstrip() + "\n"


def _value(kind: type, language: Language) -> Iterator[str]:
    yield f"### `{kind.__name__}` {_called(kind, language)}".rstrip()
    yield ""
    yield from _table(kind, language)
    if kind in speech.MANY:
        yield ""
        yield _LINES.say(language)
        yield ""
        yield from _table(speech.MANY[kind][1], language)
    yield ""


def _called(kind: type, language: Language) -> str:
    """Return what the first line of the docstring says, in one language."""
    first = (kind.__doc__ or "").partition("\n")[0]
    chinese = re.findall(r"[（(]([^()（）]*[\u4e00-\u9fff][^()（）]*)[)）]", first)
    if language is Language.ZH:
        return chinese[0] if chinese else ""
    return re.sub(r"\s*[（(][^()（）]*[\u4e00-\u9fff][^()（）]*[)）]", "", first)


def _table(kind: type, language: Language) -> Iterator[str]:
    head = [each.say(language) for each in (_FIELD, _KIND, _VALUES)]
    yield f"| {' | '.join(head)} |"
    yield "|---|---|---|"
    for word in speech.words_of(kind).values():
        mark = "" if word.needed and not word.optional else " *"
        values = _values(word.kind, language)
        yield f"| `{word.name}`{mark} | {_kind(word.kind, language)} | {values} |"


def _kind(kind: type, language: Language) -> str:
    if issubclass(kind, Enum):
        return Text("代码", "code").say(language)
    if kind in _KINDS:
        return _KINDS[kind].say(language)
    return Text("日期", "day").say(language)


def _values(kind: type, language: Language) -> str:
    if not issubclass(kind, Enum):
        return ""
    said = []
    for each in kind:
        label = each.text.say(language) if isinstance(each, Labelled) else ""
        said.append(f"`{each.value}` {label}".rstrip())
    return (", " if language is Language.EN else "、").join(said)
