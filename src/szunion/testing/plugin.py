"""Know the options that the kits add to pytest. Nothing else of szunion is loaded for them."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the conformance kits."""
    group = parser.getgroup("szunion", "szunion conformance kits")
    group.addoption("--szunion-seed", type=int, help="the seed of every law, as a story prints it")
    group.addoption(
        "--szunion-tier",
        choices=["bronze", "silver", "gold"],
        help="up to which tier laws are run (silver)",
    )
