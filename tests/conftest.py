"""What every test has: the scans over all that a run leaves behind, canaries and connections."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from tests import canaries, connections
from tests.databases import database, databases, give_back, stop

from szunion.emv.errors import TEXTS, EmvError
from szunion.errors import SzunionError, code_pages
from szunion.testing.postgres_databases import CITUS_DSN

#: A file that a test hands in, as an office would: it holds plain data on purpose.
HANDED_IN: Final = frozenset({".xlsx", ".xls", ".csv", ".py", ".pyc"})
FOR_THE_BANK: Final = "/files/out/"
"""What a test lays out for its bank names the people it is about: that is what it is for."""
MUST_RUN: Final = "SZUNION_MUST_RUN"

__all__ = ["database", "databases"]  # fixtures are here for every test

# on a busy machine slow input says nothing about us
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

_found: Final[list[str]] = []
"""What is wrong with the test that runs now; at the end, with the files."""

connections.watch()


def _look(where: str, data: bytes) -> None:
    marks = canaries.found_in(data)
    if marks:
        _found.append(f"personal data in the clear in {where}: {len(marks)} kinds")


def _texts_of(code: str) -> Iterable[str]:
    page = code_pages().get(code)
    texts = (page.what, page.do) if page else ()
    return [words for text in texts for words in (text.zh, text.en)]


def _watch_errors(kind: type[Any], texts_of: Callable[[str], Iterable[str]]) -> None:
    """Look at every error of *kind* that is ever made, also at one that is caught.

    Its text must be whole: a name that nobody fills in would stand there in braces.
    """
    make = kind.__init__

    def made(self: Any, code: str, /, **context: object) -> None:
        make(self, code, **context)
        names = {name for words in texts_of(code) for _, name, _, _ in Formatter().parse(words)}
        missing = sorted({re.split(r"[.\[]", name)[0] for name in names if name} - context.keys())
        if missing:
            _found.append(f"error {code} was made without {missing}")
        elif names:
            _look(f"error {code}", f"{self} {self!r}".encode("utf-8", "surrogatepass"))

    kind.__init__ = made


_watch_errors(SzunionError, _texts_of)
_watch_errors(EmvError, lambda code: TEXTS.get(code, ()))


#: Tests of these marks run only where the variable is set, also where their group must run.
ASKED_FOR: Final = {
    "soak": ("SZUNION_SOAK", "long: make soak"),
    "citus": (CITUS_DSN, f"no Citus cluster: {CITUS_DSN} names none"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long runs to ``make soak``, and a cluster to whoever has one."""
    for mark, (variable, reason) in ASKED_FOR.items():
        if not os.environ.get(variable):
            for item in items:
                if item.get_closest_marker(mark):
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    connections.runs(item.nodeid)
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """When a module ends, what it left open is its fault, and not that of a test to come."""
    yield
    give_back()
    if nextitem is None or nextitem.path != item.path:
        left = sorted(set(connections.forgotten()))
        if left:
            pytest.fail("connections left open by: " + ", ".join(left), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]
    for title, text in report.sections:
        _look(f"{item.nodeid} [{title}]", text.encode("utf-8", "surrogatepass"))
    if call.excinfo is not None:
        _look(f"{item.nodeid} [error]", str(call.excinfo.value).encode("utf-8", "surrogatepass"))
    if _found:
        report.outcome = "failed"
        report.longrepr = "\n".join(sorted(set(_found)))
        _found.clear()
    wanted = set(filter(None, os.environ.get(MUST_RUN, "").split(",")))
    marks = {mark.name for mark in item.iter_markers()}
    if report.skipped and wanted & marks and ASKED_FOR.keys().isdisjoint(marks):
        report.outcome = "failed"
        report.longrepr = f"this group must run here, and it was skipped: {report.longrepr}"
    return report  # type: ignore[return-value]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    stop()
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is not None and factory._basetemp is not None:
        for folder, _, names in os.walk(factory._basetemp):
            for name in names:
                path = Path(folder, name)
                if path.suffix in HANDED_IN or FOR_THE_BANK in path.as_posix():
                    continue
                if path.is_file() and not path.is_symlink():
                    _look(str(path), path.read_bytes())
    if _found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("", *sorted(set(_found))[:20], sep="\n")  # noqa: T201
