"""Time, ids, chance and working days: the machine's and the simulated ones keep one promise."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from szunion.adapters.system import ChineseCalendar, SystemChance, SystemClock, SystemIds
from szunion.domain.values import shard_of
from szunion.errors import ConfigError, InvalidInput
from szunion.ports.system import Chance, Clock, Ids, WorkCalendar
from szunion.testing import SeededChance, SeededIds, SimClock


def test_the_adapters_are_what_the_ports_ask_for() -> None:
    clocks: list[Clock] = [SystemClock(), SimClock()]
    chances: list[Chance] = [SystemChance(), SeededChance(1)]
    ids: list[Ids] = [SystemIds(clocks[0], chances[0]), SeededIds(SimClock())]
    calendar: WorkCalendar = ChineseCalendar()
    assert all(clock.now().tzinfo is UTC for clock in clocks)
    assert all(len(chance.bytes(33)) == 33 for chance in chances)
    assert all(one.new() > 0 for one in ids)
    assert calendar.is_working(date(2017, 11, 23))


def test_the_simulated_clock_moves_by_hand_and_only_forward() -> None:
    clock = SimClock("2017-11-23")
    assert clock.now() == datetime(2017, 11, 23, 1, tzinfo=UTC)
    assert clock.advance(days=31, hours=15, seconds=1) == datetime(
        2017, 12, 24, 16, 0, 1, tzinfo=UTC
    )
    assert clock.today() == date(2017, 12, 25)
    assert clock.monotonic() == timedelta(days=31, hours=15, seconds=1).total_seconds()
    with pytest.raises(InvalidInput):
        clock.advance(seconds=-1)
    with pytest.raises(InvalidInput):
        SimClock(datetime(2017, 11, 23))  # noqa: DTZ001


def test_a_clock_that_is_set_wrong_leaves_the_monotonic_one_alone() -> None:
    clock = SimClock("2017-11-23")
    clock.jump(timedelta(days=-1))
    assert clock.today() == date(2017, 11, 22)
    assert clock.monotonic() == 0


@pytest.mark.parametrize(
    "make",
    [
        SeededIds,
        lambda clock: SystemIds(clock, SeededChance(1)),
        lambda _: SystemIds(SystemClock(), SystemChance()),
    ],
)
def test_ids_carry_their_shard_grow_and_never_come_twice(make: Callable[[SimClock], Ids]) -> None:
    clock = SimClock("2017-11-23")
    ids = make(clock)
    made: list[int] = []

    def work() -> None:
        for _ in range(5):
            made.extend(ids.many([7] * 500))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.jump(timedelta(days=-400))
    last = max(made)
    made.append(ids.new(7))
    assert made[-1] > last
    assert len(set(made)) == 10_001
    assert {shard_of(one) for one in made} == {7}
    assert max(made) < 1 << 63


def test_seeded_ids_and_chance_are_the_same_in_every_run() -> None:
    one, other = SeededIds(SimClock()), SeededIds(SimClock())
    assert one.many([1, 2, 3]) == other.many([1, 2, 3])
    first, second, third = SeededChance(1), SeededChance(1), SeededChance(2)
    assert first.bytes(100) == second.bytes(100)
    assert first.bytes(100) != third.bytes(100)


def test_make_up_days_are_worked_and_days_off_are_not(tmp_path: Path) -> None:
    file = tmp_path / "calendar.toml"
    file.write_text("[2030]\noff = [2030-10-01, 2030-10-02]\non = [2030-09-29]\n", "utf-8")
    calendar = ChineseCalendar.read(file)
    assert not calendar.is_working(date(2030, 10, 1))
    assert calendar.is_working(date(2030, 9, 29))
    assert not calendar.is_working(date(2030, 9, 28))
    assert calendar.is_working(date(2030, 9, 27))
    assert calendar.missing(date(2029, 1, 1), date(2031, 1, 1)) == (2029, 2031)


def test_a_year_without_a_notice_counts_monday_to_friday_and_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calendar = ChineseCalendar()
    with caplog.at_level(logging.WARNING, "szunion.calendar"):
        assert calendar.is_working(date(2031, 10, 1))
        assert not calendar.is_working(date(2031, 10, 4))
    assert [record.getMessage() for record in caplog.records] == ["W-CAL-001 year=2031"]


@pytest.mark.parametrize(
    "text",
    [
        "[year]\n",
        "[2030]\nholidays = []\n",
        "[2030]\noff = [2031-01-01]\n",
        '[2030]\noff = ["2030-01-01"]\n',
        "[2030]\noff = 1\n",
        "2030 = 1\n",
        "not toml",
    ],
)
def test_a_calendar_file_that_is_not_one_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "calendar.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        ChineseCalendar.read(file)
    assert raised.value.code == "E-CAL-001"
    with pytest.raises(ConfigError):
        ChineseCalendar.read(tmp_path / "nothing.toml")


@pytest.mark.parametrize("code", ["E-SIM-001", "E-SIM-006", "E-CAL-001", "W-CAL-001"])
def test_the_codes_have_pages(code: str) -> None:
    from szunion.errors import code_pages

    page = code_pages()[code]
    assert page.what.zh != page.what.en
    assert page.do.zh
    assert page.do.en
