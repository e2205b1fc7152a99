"""What is kept of somebody goes when its term is over: the day after its last day, and once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from szunion.domain.erasing import AT_THE_END, next_due, over
from szunion.domain.lawful import Retention
from szunion.domain.rights import Erasure, ErasureLine, Fate
from szunion.domain.values import PersonId

FIRST = date(2018, 1, 1)
LINE = st.builds(
    ErasureLine,
    table=st.sampled_from(["card", "claim", "consent_word"]),
    fate=st.sampled_from([Fate.KEPT, Fate.KEPT, Fate.STRIPPED, Fate.DESTROYED]),
    count=st.just(1),
    retention=st.sampled_from(list(AT_THE_END)),
    until=st.integers(0, 40).map(lambda days: FIRST + timedelta(days=days)),
)
LINES = st.lists(
    LINE | LINE.map(lambda line: evolve(line, retention=Retention.LOG, until=None)), max_size=12
)


@given(LINES)
def test_each_term_is_over_the_day_after_the_last_thing_that_is_kept_under_it(
    lines: list[ErasureLine],
) -> None:
    waits = [each for each in lines if each.fate is not Fate.DESTROYED and each.until is not None]
    ends: dict[Retention, date] = {}
    for each in waits:
        assert each.until is not None
        ends[each.retention] = max(each.until, ends.get(each.retention, each.until))
    now = Erasure(
        person=PersonId(1), at=datetime(2018, 1, 1, tzinfo=UTC), by="rights-1", request=1,
        lines=tuple(lines), next_due=next_due(lines), files=1,
    )  # fmt: skip
    if waits:
        assert now.next_due == min(each.until for each in waits if each.until) + timedelta(days=1)
    found: dict[Retention, date] = {}
    while now.next_due is not None:
        today = now.next_due
        done, now = over(now, today)
        found |= dict.fromkeys(done, today)
        assert now.next_due is None or now.next_due > today, "it would be looked at for ever"
        assert over(now, today) == (frozenset(), now), "a second look finds nothing"
    assert found == {kept: last + timedelta(days=1) for kept, last in ends.items()}
    assert now.lines == tuple(
        evolve(each, fate=Fate.DESTROYED) if each in waits else each for each in lines
    )
