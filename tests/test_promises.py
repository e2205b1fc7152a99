"""Which test keeps which promise: each fact of the product, each race, and the tests naming them.

A test names a fact with its number in its name (``test_m05_…``) or docstring (``M05``), a race with
``test_race_17_…``. ``python -m tests.test_promises`` prints the map.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]

#: What the city's system is to do (facts).
FACTS: Final[Mapping[str, str]] = {
    "M01": "city federation, districts, grassroots unions, community and industry unions",
    "M02": "millions of members, mobile, real names throughout",
    "M03": "the grassroots union collects the data and applies for cards",
    "M04": "workers without a union join at the community or industry union",
    "M05": "the bank checks the name, the member signs face to face, results come back",
    "M06": "real-name authentication and binding before the portals are used",
    "M07": "membership ends: the bank is told, the card's use changes",
    "M08": "the card changes at the bank: the service card is locked",
    "M09": "every participation is recorded",
    "M10": "four portals: hotline, WeChat, app, website",
    "M11": "three platforms: members, grassroots unions, union organs",
    "M12": "two databases: organisations and members",
    "M13": "one closed loop of work and service",
    "M14": "see, choose, ask for and rate services",
    "M15": "each service is a project with people, money and evaluation",
    "M16": "universal: every member, without difference",
    "M17": "36 items in 8 categories, 18 joined through the grassroots union",
    "M18": "the five plans of mutual aid",
    "M19": "legal help without threshold",
    "M20": "bank functions; so many services a month free of fee",
    "M21": "aid and subsidies are paid through the card",
    "M22": "Spring Festival aid by household; study aid by level",
    "M23": "courses, lectures, e-books, events: look up and apply; the Culture Palace",
    "M24": "discounts shown with their condition, used by card and recorded",
    "M25": "the activation pack",
    "M26": "the collective items that were named",
    "M27": "the Shenzhen Tong purse on the card",
    "M28": "the 12351 hotline: what it is asked about, complaints and suggestions",
    "M29": "the card is membership certificate and financial IC card",
    "M30": "the union sees the state of the workforce",
    "M31": "districts act under clear duties, top-down linkage",
    "M32": "other cities have their own card",
    "M33": "special card numbers for chosen members",
}
RACES: Final = range(1, 33)

_FACT: Final = re.compile(r"(?<![A-Za-z0-9])m([0-3][0-9])(?![0-9])", re.ASCII | re.IGNORECASE)
_RACE: Final = re.compile(r"^test_race_([0-3][0-9])_", re.ASCII)


def all_tests() -> Iterator[tuple[str, str, str]]:
    """Yield every test: its file, its name, and what its docstring says."""
    for folder in ("tests", "examples"):
        for file in sorted((ROOT / folder).rglob("test_*.py")):
            tree = ast.parse(file.read_text("utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    words = ast.get_docstring(node) or ""
                    yield file.relative_to(ROOT).as_posix(), node.name, words


@cache
def kept() -> Mapping[str, list[str]]:
    """Return the tests that name each fact and race; every test is read, so once."""
    found: dict[str, list[str]] = defaultdict(list)
    for file, name, words in all_tests():
        if file == "tests/test_promises.py":
            continue
        where = f"{file}::{name}"
        for number in {*_FACT.findall(name.replace("_", " ")), *_FACT.findall(words)}:
            found[f"M{number}"].append(where)
        if race := _RACE.match(name):
            found[f"race {race[1]}"].append(where)
    return found


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_has_a_test_that_names_it(fact: str) -> None:
    assert kept().get(fact), f"no test names {fact}: {FACTS[fact]}"


@pytest.mark.parametrize("race", RACES)
def test_each_race_has_a_test_of_its_own(race: int) -> None:
    assert kept().get(f"race {race:02d}"), f"no test is called test_race_{race:02d}_…"


def test_no_test_names_a_race_or_fact_that_does_not_exist() -> None:
    known = {*(f"M{number:02d}" for number in range(1, 34)), *(f"race {r:02d}" for r in RACES)}
    assert set(kept()) <= known


def test_two_tests_of_one_file_never_have_the_same_name() -> None:
    """A second test of the same name would silently take the place of the first."""
    seen: set[tuple[str, str]] = set()
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                mark = (file.as_posix(), node.name)
                assert mark not in seen, mark
                seen.add(mark)


if __name__ == "__main__":
    for promise, tests in sorted(kept().items()):
        sys.stdout.write(f"{promise}  {FACTS.get(promise, '')}\n")
        sys.stdout.writelines(f"    {test}\n" for test in tests)
