"""An office on each store, and a town in it.

Every test runs in memory and on SQLite; what races runs on PostgreSQL too, where many write at
once. All the rest does so with ``SZUNION_TEST_STORE=postgres``, in place of SQLite. Where the same
was seen before, on another Python, ``SZUNION_TEST_OFFICES=sqlite`` leaves the store in memory out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.offices import Town, office_on, town_on

from szunion.application.office import Office

ON_POSTGRES = frozenset(
    {"test_bank_calls", "test_races_cards", "test_races_claims", "test_races_money"}
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "office" in metafunc.fixturenames and not _has_its_own(metafunc):
        stores: list[object] = [*os.environ.get("SZUNION_TEST_OFFICES", "memory,sqlite").split(",")]
        if metafunc.module.__name__.rpartition(".")[2] in ON_POSTGRES:
            stores.append(pytest.param("postgres", marks=pytest.mark.postgres))
        metafunc.parametrize("office", stores, indirect=True)


def _has_its_own(metafunc: pytest.Metafunc) -> bool:
    return "office" in vars(metafunc.module) or any(
        "office" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    )


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    made = office_on(request.param, tmp_path)
    yield made
    made.storage.close()


@pytest.fixture
def town(office: Office) -> Town:
    return town_on(office)
