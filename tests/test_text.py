"""A sentence in two languages, and how English counts."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from szunion.errors import code_pages
from szunion.text import _COUNTED, Language, Text, counted

SOURCE = Path(__file__).parents[1] / "src" / "szunion"
#: A number and what it counts, side by side: it would be "1 rows". Up to a number there are many.
PLURAL = re.compile(
    r"(?<!1 to )\{\w+(?::,)?\} (?!holds )(?:[a-z]+ )?"
    r"(?:rows|tables|entries|people|members|orders|notices|tries|hours|errors|warnings|keys|mobiles"
    r"|rounds|things|claims|disclosures|days|bytes|cards|seconds|commits|lines|differences"
    r"|payments|places|affiliations|households|comparisons|cases|adapters|files)\b",
    re.ASCII,
)
SAID = Text("{rows:,} 行，{left} 次", "{rows:,|row waits|rows wait}, {left:|try|tries} left")


@pytest.mark.parametrize(
    ("rows", "left", "said"),
    [
        (1, 2, "1 row waits, 2 tries left"), (0, 1, "0 rows wait, 1 try left"),
        (1200, 11, "1,200 rows wait, 11 tries left"), (-1, 10, "-1 rows wait, 10 tries left"),
    ],
)  # fmt: skip
def test_what_is_counted_stands_in_the_form_that_goes_with_its_number(
    rows: int, left: int, said: str
) -> None:
    assert SAID.say(Language.EN, rows=rows, left=left) == said
    assert SAID.say(Language.ZH, rows=rows, left=left) == f"{rows:,} 行，{left} 次"


def test_where_nothing_is_filled_in_it_is_many() -> None:
    assert SAID.say(Language.EN) == "{rows} rows wait, {left} tries left"
    assert Text("a|b", "{a}|{b}").say(Language.EN, a=1, b=2) == "1|2"


def test_a_number_by_itself_is_counted_likewise() -> None:
    assert [counted(each, "row", "rows") for each in (0, 1, 1234)] == [
        "0 rows", "1 row", "1,234 rows",
    ]  # fmt: skip


def _said() -> list[tuple[str, str]]:
    """Return every English sentence of the codes, and every string of the command line."""
    said = [
        (code, words.en)
        for code, page in code_pages().items()
        for words in (page.what, page.do, page.why)
        if words is not None
    ]
    for file in sorted((SOURCE / "cli").glob("*.py")):
        said += [
            (file.name, node.value)
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    return said


def test_no_sentence_says_1_rows() -> None:
    """Whoever writes a number beside its word gives both forms: ``{rows:,|row|rows}``."""
    wrong = [(where, words) for where, words in _said() if PLURAL.search(words)]
    assert wrong == []
    assert any(_COUNTED.search(words) for _, words in _said())


def test_both_forms_are_filled_in_by_name() -> None:
    """A form of a number is told by :meth:`Text.say` alone; ``str.format`` would not know it."""
    for _, words in _said():
        for name, one, many in ((each[1], each[3], each[4]) for each in _COUNTED.finditer(words)):
            assert Text("", words).say(Language.EN, **dict.fromkeys(_names(words), 1)).count(one)
            assert f"{{{name}}} {many}" in Text("", words).say(Language.EN)


def _names(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}
