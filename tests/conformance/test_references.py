"""The reference adapters keep every law of the kit."""

from __future__ import annotations

from tests.conformance.plain import PlainPromises


class TestPlain(PlainPromises):
    """JSON over a function call."""
