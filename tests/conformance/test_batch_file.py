"""The line of files keeps every law of the kit, with both reference layouts."""

from __future__ import annotations

from szunion.testing.bank.references import BatchFilePromises


class TestFixed(BatchFilePromises):
    """Fixed width, GB 18030, fen."""


class TestDelimited(BatchFilePromises):
    """Delimited, yuan with two places."""

    layout = "delimited"
    # the storms are of the exchange, not of the form of a record: one layout goes through them
    test_after_a_storm_both_sides_agree = None  # type: ignore[assignment]
    test_the_same_seed_gives_the_same_story = None  # type: ignore[assignment]
