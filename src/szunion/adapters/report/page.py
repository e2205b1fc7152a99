"""Know how a report becomes one HTML file: no script, no request, the same bytes every time."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from html import escape
from typing import Final, TypeAlias

from szunion.adapters.report.pictures import Cell, Picture, Report, Table
from szunion.text import Language, Text

Draw: TypeAlias = Callable[[Picture, Language, bool], str | None]
"""Draws a picture as SVG, for a dark page if wanted; None: it cannot be drawn here."""

_CSS: Final = """
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#555;--line:#d0d0d0;--paper:#fff;--card:#f6f6f4;
--good:#00563f;--bad:#a85000;--bar:#0072b2}
@media(prefers-color-scheme:dark){:root{--ink:#eee;--soft:#b8b8b8;--line:#444;--paper:#161616;
--card:#222;--good:#6fd3b0;--bad:#f0a860;--bar:#6ab7e8}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .5rem}
p{margin:.3rem 0}.soft{color:var(--soft)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.7rem;margin:1.2rem 0}
dl div{background:var(--card);border-radius:.4rem;padding:.6rem .8rem}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.35rem;font-weight:600}
dd.good{color:var(--good)}dd.bad{color:var(--bad)}
section{break-inside:avoid}
img{display:block;width:100%;height:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.4rem 0}
th,td{border-bottom:1px solid var(--line);padding:.25rem .6rem .25rem 0;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
meter{width:8rem;height:.8rem}summary{cursor:pointer;color:var(--soft)}
details{overflow-x:auto}
@media print{@page{size:A4;margin:16mm}body{max-width:none;padding:0;font-size:11pt}
details>*{display:block}}
""".strip()


def page(report: Report, language: Language, draw: Draw) -> str:
    """Return *report* as one HTML file in *language*."""
    return "\n".join(_lines(report, language, draw)) + "\n"


def _lines(report: Report, language: Language, draw: Draw) -> Iterator[str]:
    tag = "zh-CN" if language is Language.ZH else "en"
    yield f'<!doctype html>\n<html lang="{tag}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{_say(report.title, language)}</title>\n<style>{_CSS}</style>\n</head>\n<body>"
    yield f"<header><h1>{_say(report.title, language)}</h1>"
    yield f'<p class="soft">{_say(report.subtitle, language)}</p></header>\n<main>\n<dl>'
    for figure in report.figures:
        mark = "" if figure.good is None else ' class="good"' if figure.good else ' class="bad"'
        label = _say(figure.label, language)
        yield f"<div><dt>{label}</dt><dd{mark}>{escape(figure.value)}</dd></div>"
    yield "</dl>"
    for picture in report.pictures:
        yield from _picture(picture, language, draw)
    for title, table in report.tables:
        yield f"<section>\n<h2>{_say(title, language)}</h2>"
        yield from _table(table, language, meters=True)
        yield "</section>"
    yield f'</main>\n<footer><p class="soft">{_say(report.footer, language)}</p></footer>'
    yield "</body>\n</html>"


def _picture(picture: Picture, language: Language, draw: Draw) -> Iterator[str]:
    finding = _say(picture.finding, language)
    yield f'<section id="{escape(picture.key)}">\n<h2>{finding}</h2>'
    light = draw(picture, language, False)
    if light is None:
        yield from _table(picture.table, language, meters=True)
    else:
        dark = draw(picture, language, True)
        yield "<picture>"
        if dark is not None:
            media = "(prefers-color-scheme: dark)"
            yield f'<source media="{media}" srcset="{_data(dark)}">'
        yield f'<img src="{_data(light)}" alt="{finding}">\n</picture>'
        words = "数据" if language is Language.ZH else "Numbers"
        yield f"<details open><summary>{words}</summary>"
        yield from _table(picture.table, language, meters=False)
        yield "</details>"
    if picture.note is not None:
        yield f'<p class="soft">{_say(picture.note, language)}</p>'
    yield "</section>"


def _table(table: Table, language: Language, *, meters: bool) -> Iterator[str]:
    numeric = [
        all(isinstance(row[at], int | float) or row[at] is None for row in table.rows)
        for at in range(len(table.head))
    ]
    most = _most(table) if meters and table.meter is not None else 0.0
    yield "<table>\n<thead><tr>"
    for title, number in zip(table.head, numeric, strict=True):
        yield f'<th scope="col"{_class(number)}>{_say(title, language)}</th>'
    yield "</tr></thead>\n<tbody>"
    for row in table.rows:
        cells = [
            f"<td{_class(number)}>{_cell(cell, language)}{_meter(table, at, cell, most)}</td>"
            for at, (cell, number) in enumerate(zip(row, numeric, strict=True))
        ]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody>\n</table>"


def _most(table: Table) -> float:
    assert table.meter is not None
    values = [row[table.meter] for row in table.rows]
    return max((float(each) for each in values if isinstance(each, int | float)), default=0.0)


def _meter(table: Table, at: int, cell: Cell, most: float) -> str:
    if not most or at != table.meter or not isinstance(cell, int | float):
        return ""
    return f' <meter min="0" max="{most:g}" value="{cell:g}">{cell:g}</meter>'


def _class(number: bool) -> str:  # noqa: FBT001 - whether a column holds numbers
    return ' class="n"' if number else ""


def _cell(cell: Cell, language: Language) -> str:
    match cell:
        case Text():
            return _say(cell, language)
        case None:
            return "—"
        case int():
            return f"{cell:,}"
        case float():
            return f"{cell:,.1f}"
        case _:
            return escape(str(cell))


def _say(text: Text, language: Language) -> str:
    return escape(text.say(language))


def _data(svg: str) -> str:
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
