"""Know how ``szunion explain CODE`` prints the page of an error or warning code."""

from __future__ import annotations

import re

import click

from szunion.cli.frame import Frame, framed, helps
from szunion.cli.streams import put
from szunion.errors import NotFound, code_pages
from szunion.text import Text

_BLANK = re.compile(r"(\{)\{|(\})\}|\{[^{}]*\}")


def _whole(words: str) -> str:
    """Return a page's words; what only the case itself can fill in is an ellipsis.

    A brace that is written twice is a brace, as in what the case fills in.
    """
    return _BLANK.sub(lambda found: found[1] or found[2] or "…", words)


@click.command(
    help=helps(
        "说明一个错误码；不带参数则列出全部。Explain one code, or list all.",
        "szunion explain E-ROSTER-012",
        "szunion --lang en explain E-BANK-002",
        "szunion --json explain",
    )
)
@click.argument("code", required=False)
@framed
def explain(frame: Frame, code: str | None) -> None:
    pages = code_pages()
    if code is None:
        titles = (Text("代码", "code"), Text("含义", "what it means"))
        rows = [(page.code, _whole(page.what.say(frame.language))) for page in pages.values()]
        frame.rows(("code", "what"), titles, rows)
        return
    page = pages.get(code.upper())
    if page is None:
        raise NotFound("E-CLI-001", code=code)
    parts = {"what": page.what, "do": page.do} | ({"why": page.why} if page.why else {})
    frame.value(
        {"code": page.code} | {key: _whole(text.say(frame.language)) for key, text in parts.items()}
    )
    if not frame.as_json:
        titles_of = {
            "what": Text("含义", "what happened"),
            "do": Text("处理", "what to do"),
            "why": Text("原因", "why"),
        }
        put(page.code)
        for key, text in parts.items():
            put(f"  {titles_of[key].say(frame.language)}  {_whole(text.say(frame.language))}")
