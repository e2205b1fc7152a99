"""An office on both stores, and a town in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.offices import Town, office_on, town_on

from szunion.application.office import Office


@pytest.fixture(params=["memory", "sqlite"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    made = office_on(request.param, tmp_path)
    yield made
    made.storage.close()


@pytest.fixture
def town(office: Office) -> Town:
    return town_on(office)
