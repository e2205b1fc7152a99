"""Know a person's own copy: sections of records, as JSON for machines and one page for people.

A section holds the records of one noun, a record the fields of a value as it is kept. Whoever holds
the copy is the person, so names and numbers stand in plain; ids are opaque names, officers are
named by role and union alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any, Final

from attrs import frozen

from szunion.domain.city_time import local
from szunion.domain.inventory import DataClass, inventory
from szunion.domain.lawful import GROUNDS
from szunion.domain.own_copy_words import FIELDS, SECTIONS
from szunion.domain.values import Labelled
from szunion.text import Language, Text

FORM: Final = 1

Record = Mapping[str, Any]


@frozen(kw_only=True)
class OwnCopy:
    """Everything that is kept of one person (本人副本)."""

    person: str
    """The person's opaque name."""
    made: datetime
    mark: str
    """The copy's own number, which stands in the log too (水印)."""
    made_by: Text
    """In which role it was made, and for whom."""
    sections: Mapping[str, Sequence[Record]]

    def to_json(self) -> str:
        """Return the copy for machines: codes, ISO dates, whole fen."""
        told = {
            "form": FORM,
            "person": self.person,
            "made": self.made.isoformat(),
            "mark": self.mark,
            "made_by": self.made_by.zh,
            "sections": {name: list(records) for name, records in self.sections.items()},
            "derived": derived(),
            "uses": uses(),
        }
        return json.dumps(told, ensure_ascii=False, indent=1, default=_code) + "\n"

    def to_html(self, language: Language = Language.ZH) -> str:
        """Return the copy as one page that needs no network."""
        body = [_section(name, records, language) for name, records in self.sections.items()]
        return _PAGE.format(
            language="zh-CN" if language is Language.ZH else "en",
            title=escape(_TITLE.say(language)),
            head=escape(
                _HEAD.say(
                    language, person=self.person, mark=self.mark,
                    made=local(self.made), by=self.made_by.say(language),
                )
            ),
            body="\n".join(body),
            derived=_derived_part(language),
            uses=_uses_part(language),
        )  # fmt: skip


_TITLE: Final = Text("个人信息副本", "A copy of your personal data")
_HEAD: Final = Text(
    "会员 {person} · 制作于 {made} · {by} · 水印 {mark}。本副本含完整的个人信息，请妥善保管。",
    "Member {person} · made {made} · {by} · mark {mark}. It holds your data in full: keep it safe.",
)
_DERIVED: Final = Text(
    "另存有下列由个人信息算出的键，看不懂，也不能还原",
    "Keys made of your data are kept too; nobody can read them or turn them back",
)
_USES: Final = Text("为什么处理，存多久", "What for, and how long")
_NOTHING: Final = Text("没有。", "None.")

_PAGE: Final = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<style>
body{{font:15px/1.6 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}}
table{{border-collapse:collapse;margin:.5em 0 1.5em;width:100%}}
th,td{{border:1px solid #ccc;padding:.25em .5em;text-align:left;vertical-align:top;
font-size:13px;word-break:break-all}}
th{{background:#f4f4f4;white-space:nowrap}}h2{{font-size:1.15em;margin:1.5em 0 .3em}}
.head{{color:#555}}
</style></head><body>
<h1>{title}</h1><p class="head">{head}</p>
{body}
{derived}
{uses}
</body></html>
"""


def _section(name: str, records: Sequence[Record], language: Language) -> str:
    title = escape(SECTIONS[name].say(language))
    if not records:
        return f"<h2>{title}</h2><p>{escape(_NOTHING.say(language))}</p>"
    keys = list(dict.fromkeys(key for record in records for key in record))
    head = [FIELDS.get(key, Text(key, key)).say(language) for key in keys]
    rows = [[_cell(record.get(key), language) for key in keys] for record in records]
    return f"<h2>{title}</h2>" + _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    first = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{first}</tr>{body}</table>"


def _cell(value: object, language: Language) -> str:  # noqa: PLR0911 - one line a kind
    match value:
        case None | "":
            return ""
        case bool():
            return Text("是", "yes").say(language) if value else Text("否", "no").say(language)
        case Labelled():
            return value.text.say(language)
        case datetime():
            return local(value)
        case date():
            return value.isoformat()
        case {"zh": str() as zh, "en": str() as en}:
            return Text(zh, en).say(language)
        case Mapping():
            parts = ((FIELDS.get(key, Text(key, key)), each) for key, each in value.items())
            said = [
                f"{name.say(language)}：{words}"
                for name, each in parts
                if (words := _cell(each, language))
            ]
            return "；".join(said)
        case str():
            return value
        case Sequence():
            return "、".join(_cell(each, language) for each in value)
        case _:
            return str(value)


def _code(value: object) -> object:
    code = getattr(value, "value", None)
    if isinstance(code, str | int):
        return code
    return value.isoformat() if isinstance(value, date) else str(value)


def derived() -> list[dict[str, str]]:
    """Return the keys that are kept of a member and say nothing to anybody, from the inventory."""
    return [
        {"table": table.name, "column": column.name, "title": table.title.zh}
        for table in inventory().values()
        for column in table.columns
        if column.data_class is DataClass.DERIVED and table.of_members
    ]


def uses() -> list[dict[str, str]]:
    """Return for what each table's data are processed, on which basis, and how long."""
    return [
        {
            "table": table.name,
            "title": table.title.zh,
            "use": table.columns[0].use.value,
            "basis": GROUNDS[table.columns[0].use].basis.value,
            "keep": table.columns[0].keep.value,
        }
        for table in inventory().values()
        if table.of_members
    ]


def _derived_part(language: Language) -> str:
    names = dict.fromkeys(
        table.title.say(language)
        for table in inventory().values()
        if table.of_members and any(each.data_class is DataClass.DERIVED for each in table.columns)
    )
    title, words = escape(_DERIVED.say(language)), escape("、".join(names))
    return f"<h2>{title}</h2><p>{words}</p>"


def _uses_part(language: Language) -> str:
    head = [
        Text("内容", "what").say(language), Text("目的", "what for").say(language),
        Text("依据", "basis").say(language), Text("法律", "law").say(language),
        Text("期限", "how long").say(language),
    ]  # fmt: skip
    rows = []
    for table in inventory().values():
        if table.of_members:
            first = table.columns[0]
            ground = GROUNDS[first.use]
            rows.append(
                [
                    table.title.say(language), first.use.text.say(language),
                    ground.basis.text.say(language), ground.law.say(language),
                    first.keep.text.say(language),
                ]
            )  # fmt: skip
    return f"<h2>{escape(_USES.say(language))}</h2>" + _table(head, rows)
