from __future__ import annotations

import pytest

from szunion.emv.card.profiles import (
    REFUSED_FOR,
    Flaw,
    Holder,
    Scheme,
    flawed_profiles,
    pan_of,
    standard_profiles,
)
from szunion.emv.errors import BadField


@pytest.mark.parametrize("length", [13, 16, 19])
def test_test_numbers_have_the_test_bin_and_a_right_check_digit(length: int) -> None:
    for number in range(50):
        pan = pan_of(number, length=length)
        assert (len(pan), pan[:6]) == (length, "620000")
        digits = [int(digit) for digit in reversed(pan)]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
        assert (sum(digits[::2]) + sum(doubled)) % 10 == 0


@pytest.mark.parametrize(("number", "length"), [(-1, 16), (10**9, 16), (1, 7)])
def test_a_number_that_does_not_fit_is_refused(number: int, length: int) -> None:
    with pytest.raises(BadField):
        pan_of(number, length=length)


def test_a_deck_has_every_scheme_and_every_number_once() -> None:
    deck = standard_profiles(60)
    assert {profile.scheme for profile in deck} == set(Scheme)
    assert len({profile.pan for profile in deck}) == 60
    assert any(profile.purse is not None for profile in deck)
    assert any(profile.ecash is None for profile in deck)


def test_every_flaw_has_a_card_and_a_reason_for_refusing_it() -> None:
    assert [profile.flaw for profile in flawed_profiles()] == list(Flaw)
    assert set(Flaw) - set(REFUSED_FOR) == {Flaw.WRONG_PSN}  # the issuer alone can see it
    sm = {profile.flaw for profile in flawed_profiles(Scheme.SM)}
    assert set(Flaw) - sm == {Flaw.ROCA, Flaw.SHORT_KEY}
    assert all(flaw.zh and flaw.en for flaw in Flaw)


def test_holders_and_numbers_do_not_print() -> None:
    shown = repr((Holder(), standard_profiles(1)))
    assert "测试甲" not in shown
    assert pan_of(1, length=19) not in shown
