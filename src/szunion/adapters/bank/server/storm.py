"""Know the file that describes a storm: which faults strike how often, in TOML.

::

    seed = 7                    # the same seed, the same storm
    begin_with = "storm"        # or "calm", which is the default
    drop_response = 0.2         # one rate for each kind of fault, from 0 to 1
    duplicate_notice = 0.1
    most_delay = "24h"          # spans: s, m, h, d
    clock_skew = "90s"
    replay = [["drop_response", "7Q2K…", 1]]    # only these faults happen, each as it did
"""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from attrs import evolve, fields_dict

from szunion.adapters.bank.faults import Fault, FaultKind, FaultPlan
from szunion.errors import InvalidInput

_SPAN: Final = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SPANS: Final = frozenset({"clock_skew", "most_delay"})
_COUNTS: Final = frozenset({"most_copies", "reach"})


def read_storm(path: Path | str, *, seed: int | None = None) -> FaultPlan:
    """Return the plan that the file *path* describes; *seed* goes before the file's own.

    Raises:
        InvalidInput: it cannot be read, or a line is not understood (E-SIM-001 with its name).
    """
    file = Path(path)
    try:
        told = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        raise InvalidInput("E-SIM-001", name=file.name) from None
    return storm_of(told, seed=seed)


def storm_of(told: dict[str, Any], *, seed: int | None = None) -> FaultPlan:
    """Return the plan of what such a file says.

    Raises:
        InvalidInput: a line is not understood (E-SIM-001 with its name).
    """
    lines = dict(told)
    chosen = lines.pop("seed", 7) if seed is None else seed
    lines.pop("seed", None)
    if type(chosen) is not int:
        raise InvalidInput("E-SIM-001", name="seed")
    match lines.pop("begin_with", "calm"):
        case "calm":
            plan = FaultPlan(seed=chosen)
        case "storm":
            plan = FaultPlan.storm(chosen)
        case _:
            raise InvalidInput("E-SIM-001", name="begin_with")
    replay = lines.pop("replay", None)
    if replay is not None:
        plan = plan.only(_replayed(replay))
    known = fields_dict(FaultPlan).keys() - {"seed", "kept"}
    for name in lines:
        if name not in known:
            raise InvalidInput("E-SIM-001", name=name[:40])
    return evolve(plan, **{name: _value(name, value) for name, value in lines.items()})


def _replayed(told: Any) -> frozenset[Fault]:  # noqa: ANN401 - what TOML holds
    """Return the faults of a failure, in the form of :meth:`Fault.to_json`."""
    try:
        faults = [Fault(FaultKind(kind), str(on), int(nth)) for kind, on, nth in told]
    except (TypeError, ValueError):
        raise InvalidInput("E-SIM-001", name="replay") from None
    return frozenset(faults)


def _value(name: str, value: object) -> Any:  # noqa: ANN401 - a rate, a span or a count
    if name in _SPANS:
        found = _SPAN.fullmatch(value) if isinstance(value, str) else None
        if found is not None:
            return timedelta(**{_UNITS[found[2]]: int(found[1])})
    elif name in _COUNTS:
        if type(value) is int and value > 0:
            return value
    elif type(value) in {int, float}:
        return float(value)  # type: ignore[arg-type] # a rate; the plan checks its bounds
    raise InvalidInput("E-SIM-001", name=name)
