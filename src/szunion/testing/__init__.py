"""Everything with which a city, a bank and a card can be simulated, and promises be tested.

The door is lazy, so that a pytest plug-in behind it loads nothing before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from szunion.adapters.bank.habits import Habits
    from szunion.adapters.bank.simulated import SimulatedBank
    from szunion.adapters.reader.simulated import SimulatedReader
    from szunion.testing.cards import SampleCard
    from szunion.testing.checks import Findings, check_bank, check_collected, check_effects
    from szunion.testing.clock import SeededChance, SeededIds, SimClock
    from szunion.testing.faults import Fault, FaultKind, FaultPlan, shrink
    from szunion.testing.rosters import SyntheticRoster, synthetic_roster
    from szunion.testing.world import DemoCity, demo_city, demo_world

__all__ = [
    "DemoCity",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "Findings",
    "Habits",
    "SampleCard",
    "SeededChance",
    "SeededIds",
    "SimClock",
    "SimulatedBank",
    "SimulatedReader",
    "SyntheticRoster",
    "check_bank",
    "check_collected",
    "check_effects",
    "demo_city",
    "demo_world",
    "shrink",
    "synthetic_roster",
]

_BEHIND = {
    "DemoCity": "szunion.testing.world",
    "Fault": "szunion.testing.faults",
    "FaultKind": "szunion.testing.faults",
    "FaultPlan": "szunion.testing.faults",
    "Findings": "szunion.testing.checks",
    "Habits": "szunion.adapters.bank.habits",
    "SampleCard": "szunion.testing.cards",
    "SeededChance": "szunion.testing.clock",
    "SeededIds": "szunion.testing.clock",
    "SimClock": "szunion.testing.clock",
    "SimulatedBank": "szunion.adapters.bank.simulated",
    "SimulatedReader": "szunion.adapters.reader.simulated",
    "SyntheticRoster": "szunion.testing.rosters",
    "check_bank": "szunion.testing.checks",
    "check_collected": "szunion.testing.checks",
    "check_effects": "szunion.testing.checks",
    "demo_city": "szunion.testing.world",
    "demo_world": "szunion.testing.world",
    "shrink": "szunion.testing.faults",
    "synthetic_roster": "szunion.testing.rosters",
}


def __getattr__(name: str) -> object:
    if name in _BEHIND:
        return getattr(import_module(_BEHIND[name]), name)
    msg = f"module 'szunion.testing' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
