"""What every test has: the scans over all that a run leaves behind, canaries and connections."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from tests import canaries, connections

#: A file that a test hands in, as an office would: it holds plain data on purpose.
HANDED_IN: Final = frozenset({".xlsx", ".xls", ".csv", ".py", ".pyc"})
MUST_RUN: Final = "SZUNION_MUST_RUN"

# on a busy machine slow input says nothing about us
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

_leaks: list[str] = []


connections.watch()


def _look(where: str, data: bytes) -> None:
    marks = canaries.found_in(data)
    if marks:
        _leaks.append(f"{where}: {len(marks)} kinds of plain personal data")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long runs to ``make soak``."""
    if not os.environ.get("SZUNION_SOAK"):
        for item in items:
            if item.get_closest_marker("soak"):
                item.add_marker(pytest.mark.skip(reason="long: make soak"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    connections.runs(item.nodeid)
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """When a module ends, what it left open is its fault, and not that of a test to come."""
    yield
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
    wanted = set(filter(None, os.environ.get(MUST_RUN, "").split(",")))
    if report.skipped and wanted & {mark.name for mark in item.iter_markers()}:
        report.outcome = "failed"
        report.longrepr = f"this group must run here, and it was skipped: {report.longrepr}"
    return report  # type: ignore[return-value]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is not None and factory._basetemp is not None:
        for folder, _, names in os.walk(factory._basetemp):
            for name in names:
                path = Path(folder, name)
                if path.suffix not in HANDED_IN and path.is_file() and not path.is_symlink():
                    _look(str(path), path.read_bytes())
    if _leaks:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\npersonal data in the clear:", *sorted(set(_leaks))[:20], sep="\n  ")  # noqa: T201
