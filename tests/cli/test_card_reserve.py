"""A chosen number and the free services of a month, on the command line (M20, M33)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cardtown import CardTown
from tests.cli.speaking import Said, say
from tests.offices import town_on

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.bootstrap import UnionSystem
from szunion.domain.bank import Waiver
from szunion.settings import load_settings

SETTINGS = """
[szunion]
city = "shenzhen"
database = "sqlite:///union.db"
[szunion.bank]
settings = { journal = "bank.journal" }
"""


def said(*words: str) -> Said:
    return say(words)


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return the outward names of a member and of that member's active card."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("szunion.toml").write_text(SETTINGS, "utf-8")
    with UnionSystem.from_settings(load_settings()) as system:
        bank = system.bank
        assert isinstance(bank, SimulatedBank)
        place = CardTown(town=town_on(system.office), bank=bank)
        (kept,) = place.activate(place.admit(1))
        bank.simulate.free_service(kept.card.ref, Waiver.ATM_WITHDRAWAL, 2)
        place.run()
        vault = system.office.vault
        found = vault.outward("m", kept.person), vault.outward("c", kept.id)
        bank.close()
    return found


def test_m33_a_number_is_asked_for_once_and_its_result_is_shown(names: tuple[str, str]) -> None:
    who, _ = names
    assert said("card", "reserve", who, "１２").code == "E-BATCH-005"
    (asked,) = said("--json", "card", "reserve", who, "12351").rows
    assert (asked["digits"], asked["state"]) == ("12351", None)
    assert said("worker", "--once").status == 0
    (kept,) = said("--json", "card", "reserve", who).rows
    assert kept["state"] == "RESERVED"
    assert said("card", "reserve", who, "66666").code == "E-BANK-023"


def test_m20_what_is_left_free_this_month_is_shown_with_the_card(names: tuple[str, str]) -> None:
    _, card = names
    told = said("--json", "card", "show", card).data
    assert told["free_this_month"] == {"ATM_WITHDRAWAL": 2}
    assert "已用 2，还剩 1" in said("--lang", "zh", "card", "show", card).out
