"""How fast identity numbers and roster rows are judged, beside the usual library and the limit."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from random import Random

from stdnum.cn import ric

from benchmarks.lines import Line, faster
from szunion.domain.documents import Verdict, number_check
from szunion.domain.roster import PlainRow, RawRow, judge_plain, read_heading
from szunion.testing.rosters import synthetic_mobile, synthetic_name, synthetic_number

TODAY = date(2026, 11, 24)
COUNT = 100_000
PEER_COUNT = 3_000
ROUNDS = 5


def _rate(work: Callable[[Sequence[str]], object], over: Sequence[str]) -> float:
    start = time.perf_counter()
    work(over)
    return len(over) / (time.perf_counter() - start)


def _ours(numbers: Sequence[str]) -> None:
    check = number_check(TODAY)
    right = Verdict.OK
    for number in numbers:
        if check(number) is not right:
            raise AssertionError


def _peer(numbers: Sequence[str]) -> None:
    for number in numbers:
        ric.is_valid(number)


def _limit(bodies: Sequence[str]) -> None:
    for body in bodies:
        int(body, 13) % 11


def _numbers() -> list[str]:
    random = Random(20171123)
    return list(dict.fromkeys(synthetic_number(random) for _ in range(COUNT)))


def _rows(numbers: Iterable[str]) -> list[RawRow]:
    random = Random(7)
    return [
        RawRow(line, (str(line), synthetic_name(random), number, synthetic_mobile(random),
                      f"2017-{line % 9 + 1:02d}-{line % 28 + 1:02d}", ""))
        for line, number in enumerate(numbers, start=2)
    ]  # fmt: skip


def _judged(rows: Sequence[RawRow], *, twins: bool) -> float:
    heading = read_heading(RawRow(1, ("序号", "姓名", "身份证号", "手机", "入会时间", "备注")))
    assert heading is not None
    start = time.perf_counter()
    good = sum(type(one) is PlainRow for one in judge_plain(rows, heading, TODAY, twins=twins))
    seconds = time.perf_counter() - start
    assert good == len(rows)
    return len(rows) / seconds


def lines() -> list[Line]:
    """Return the measured lines: medians of interleaved rounds."""
    numbers = _numbers()
    bodies, rows = [number[:17] for number in numbers], _rows(numbers)
    # Only numbers that the peer takes too: what it refuses for their area costs it an exception.
    few = [number for number in numbers[: 4 * PEER_COUNT] if ric.is_valid(number)][:PEER_COUNT]
    _ours(numbers[:1000])
    _peer(few[:100])
    ours, peer, limit, judged, bulk = [list[float]() for _ in range(5)]
    for _ in range(ROUNDS):
        peer.append(_rate(_peer, few))
        ours.append(_rate(_ours, numbers))
        limit.append(_rate(_limit, bodies))
        judged.append(_judged(rows, twins=True))
        bulk.append(_judged(rows, twins=False))
    a, b, c, d, e = map(statistics.median, (ours, peer, limit, judged, bulk))
    return [
        faster("1 identity check, numbers/s, beside stdnum.cn.ric", a, peer=b, floor=25),
        faster("1 identity check, numbers/s, beside bare int(s, 13) % 11", a, limit=c, floor=0.12),
        faster("roster rows judged, doubles sought, rows/s, beside the bare number check",
               d, limit=a, floor=0.1),
        faster("roster rows judged in bulk, rows/s, beside the bare number check",
               e, limit=a, floor=0.15),
    ]  # fmt: skip
