"""Everything with which a city, a bank and a card can be simulated, and promises be tested."""

from szunion.adapters.bank.habits import Habits
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.testing.checks import Findings, check_bank, check_collected, check_effects
from szunion.testing.clock import SeededChance, SeededIds, SimClock
from szunion.testing.faults import Fault, FaultKind, FaultPlan, shrink
from szunion.testing.world import DemoCity, demo_city, demo_world

__all__ = [
    "DemoCity",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "Findings",
    "Habits",
    "SeededChance",
    "SeededIds",
    "SimClock",
    "SimulatedBank",
    "check_bank",
    "check_collected",
    "check_effects",
    "demo_city",
    "demo_world",
    "shrink",
]
