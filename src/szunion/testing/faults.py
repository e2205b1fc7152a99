"""Know how to make things go wrong on purpose, and how to find the few faults that matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from szunion.adapters.bank.faults import Fault, FaultKind, FaultPlan

__all__ = ["Fault", "FaultKind", "FaultPlan", "shrink"]


def shrink(
    plan: FaultPlan, happened: Sequence[Fault], fails: Callable[[FaultPlan], bool]
) -> FaultPlan:
    """Return *plan* with a smallest set of the faults that *happened* with which it still fails.

    Taking away any one fault of the answer makes the failure go away. *fails* is run once for
    each attempt, on a fresh bank.

    Raises:
        ValueError: it does not even fail with all of them.
    """
    faults = list(dict.fromkeys(happened))
    if not fails(plan.only(frozenset(faults))):
        msg = "with exactly the faults that happened, nothing fails: the failure is not theirs"
        raise ValueError(msg)
    size = max(1, len(faults) // 2)
    while True:
        without = _first_without(plan, faults, size, fails)
        if without is not None:
            faults = without
            size = max(1, min(size, len(faults) // 2))
        elif size > 1:
            size //= 2
        else:
            return plan.only(frozenset(faults))


def _first_without(
    plan: FaultPlan, faults: list[Fault], size: int, fails: Callable[[FaultPlan], bool]
) -> list[Fault] | None:
    for start in range(0, len(faults), size):
        rest = faults[:start] + faults[start + size :]
        if fails(plan.only(frozenset(rest))):
            return rest
    return None
