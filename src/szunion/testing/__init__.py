"""Everything with which a city, a bank and a card can be simulated, and promises be tested.

The door is lazy, so that a pytest plug-in behind it loads nothing before it is used.
"""

from szunion.door import lazy

TYPE_CHECKING = False  # checkers take it for true; importing typing would cost more than all this
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

_ROOMS = {
    ".cards": "SampleCard",
    ".checks": "Findings check_bank check_collected check_effects",
    ".clock": "SeededChance SeededIds SimClock",
    ".faults": "Fault FaultKind FaultPlan shrink",
    ".rosters": "SyntheticRoster synthetic_roster",
    ".world": "DemoCity demo_city demo_world",
    "szunion.adapters.bank.habits": "Habits",
    "szunion.adapters.bank.simulated": "SimulatedBank",
    "szunion.adapters.reader.simulated": "SimulatedReader",
}

if not TYPE_CHECKING:  # a type checker sees the names above, and no others
    __getattr__, __dir__ = lazy(__name__, __all__, _ROOMS)
