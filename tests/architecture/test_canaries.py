"""The canary scan finds what it is there to find."""

from __future__ import annotations

import base64
from datetime import date

import pytest
from tests.canaries import canary, found_in

from szunion.domain.documents import Verdict, number_check
from szunion.domain.identity import Mobile, PersonName


@pytest.mark.parametrize("index", [0, 7, 999])
def test_a_leak_is_found_however_it_is_written(index: int) -> None:
    one = canary(index)
    for word in (one.name, one.number, one.mobile, one.token):
        for data in (
            word.encode(),
            b"..." + word.encode() + b"...",
            word.encode().hex().encode(),
            word.encode()[::-1],
            base64.b64encode(b"a" + word.encode() + b"zz"),
            base64.b64encode(b"ab" + word.encode()),
        ):
            assert found_in(data), data


def test_a_masked_value_is_no_leak() -> None:
    one = canary(3)
    shown = f"{PersonName(one.name)!r} {Mobile(one.mobile)} {one.number[:3]}***{one.number[-4:]}"
    assert found_in(shown.encode()) == set()


def test_a_canary_has_a_number_that_the_product_accepts() -> None:
    check = number_check(date(2026, 1, 1))
    assert {check(canary(index).number) for index in range(1000)} == {Verdict.OK}
