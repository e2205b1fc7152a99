"""Every public use case has a cell in the one table of permissions: quick, for whoever adds one."""

from __future__ import annotations

from tests.relations import operations_of, uses

from szunion.domain.permissions import MATRIX, OPEN


def test_a_use_case_without_a_cell_breaks_the_build() -> None:
    """Write it into ``uses`` of the row it asks for, in ``domain/permissions.py``."""
    homeless = sorted(use for use in uses() if not operations_of(use) and use not in OPEN)
    assert homeless == []


def test_the_table_names_no_use_case_that_is_not_there() -> None:
    assert {use for rule in MATRIX.values() for use in rule.uses} <= set(uses())
