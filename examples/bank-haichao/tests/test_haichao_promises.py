"""The line to the Bank of Haichao keeps the promises of szunion's kit."""

from szunion_bank_haichao.promises import HaichaoPromises

from szunion.plugins import collect


class TestHaichao(HaichaoPromises):
    """All of them."""


def test_line_and_city_are_found_through_one_entry_point() -> None:
    found = collect().sound()
    assert found.bank("haichao").distribution == "szunion-bank-haichao"
    assert found.city("haichao").distribution == "szunion-bank-haichao"
