"""Collecting goes on from any cursor and loses nothing, whatever the line does."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.bank.sample import SOON, a_bank, batch, key

from szunion.domain.bank import BankNotice
from szunion.errors import BankUnavailable
from szunion.ports.bank import Cursor
from szunion.testing import FaultPlan, SimulatedBank, check_collected

RATES = st.sampled_from([0.0, 0.2, 0.6, 1.0])
PLANS = st.builds(
    FaultPlan,
    seed=st.integers(0, 1000),
    duplicate_notice=RATES,
    reorder_notices=RATES,
    delay_notice=RATES,
    truncate_file=st.sampled_from([0.0, 0.5]),
    wrong_total=st.sampled_from([0.0, 0.5]),
    break_collect=st.sampled_from([0.0, 0.5]),
    clock_skew=st.sampled_from([timedelta(0), timedelta(hours=30)]),
    most_delay=st.sampled_from([timedelta(hours=1), timedelta(days=4)]),
)
#: What happens: the bank acts on a row, time passes, somebody collects and keeps so many.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("act"), st.integers(1, 12)),
        st.tuples(st.just("wait"), st.integers(0, 48)),
        st.tuples(st.just("collect"), st.integers(0, 12)),
        st.tuples(st.just("restart"), st.booleans().map(int)),
    ),
    max_size=40,
)


def _act(bank: SimulatedBank, number: int) -> None:
    row = bank.truth.rows[key(f"row-{number}")]
    if row.state.name == "RECEIVED":
        bank.simulate.verify(row.row)
    elif row.state.name == "VERIFIED":
        bank.simulate.produce(row.row)
    else:
        bank.simulate.daily_list()


@settings(derandomize=True, max_examples=150, deadline=None)
@given(PLANS, STEPS)
def test_from_any_cursor_no_notice_is_lost_in_the_end(
    plan: FaultPlan, steps: list[tuple[str, int]]
) -> None:
    """Also when whoever collects stops in the middle, and when the bank restarts."""
    bank, clock = a_bank(plan)
    bank.send(batch(count=12), deadline=SOON)
    cursors: dict[Cursor | None, list[BankNotice]] = {None: []}
    cursor: Cursor | None = None
    for what, amount in steps:
        if what == "act":
            _act(bank, amount)
        elif what == "wait":
            clock.advance(hours=amount)
        elif what == "restart":
            healed = FaultPlan.none() if amount else plan
            bank = SimulatedBank.restore(bank.snapshot(), seed=7, clock=clock, faults=healed)
        else:
            got = list(cursors[cursor])
            try:
                for each in bank.collect(after=cursor):
                    if amount == 0:
                        break
                    amount -= 1  # noqa: PLW2901
                    got.append(each.notice)
                    cursor = each.cursor
                    cursors[cursor] = list(got)
            except BankUnavailable:
                pass
    bank.heal()
    for start, got in cursors.items():
        rest = [each.notice for each in bank.collect(after=start)]
        assert check_collected(bank.truth, [*got, *rest]).fine
        assert set(got + rest) == set(bank.truth.told)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(PLANS, STEPS)
def test_the_same_cursor_gives_the_same_beginning_however_late_it_is_used(
    plan: FaultPlan, steps: list[tuple[str, int]]
) -> None:
    bank, clock = a_bank(plan)
    bank.send(batch(count=12), deadline=SOON)
    earlier: list[BankNotice] = []
    for what, amount in steps:
        if what == "act":
            _act(bank, amount)
        elif what == "wait":
            clock.advance(hours=amount)
        else:
            try:
                now = [each.notice for each in bank.collect(after=None)]
            except BankUnavailable:
                continue
            assert now[: len(earlier)] == earlier
            earlier = now
