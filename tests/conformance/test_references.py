"""The reference adapters keep every law of the kit; and the kit lets everything happen."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.plain import PlainPromises

from szunion.testing.bank.base import NOTICES
from szunion.testing.bank.notices import let_everything_happen
from szunion.testing.bank.references import SignedHttpPromises, SimulatedPromises


class TestPlain(PlainPromises):
    """JSON over a function call."""


class TestSimulated(SimulatedPromises):
    """The simulated bank's own line."""


class TestSignedHttp(SignedHttpPromises):
    """Signed JSON, in process."""


def test_the_kits_bank_tells_every_kind_of_notice_there_is(tmp_path: Path) -> None:
    world = PlainPromises().make_world("", tmp_path, 7)
    let_everything_happen(world)
    told = {type(notice).__name__ for notice in world.truth.told}
    assert told == {kind.__name__ for kind in NOTICES} - {"NotUnderstood"}
