"""The line to the Bank of Yunhai keeps the promises of szunion's kit."""

from szunion_bank_yunhai.promises import YunhaiPromises

from szunion.plugins import collect


class TestYunhai(YunhaiPromises):
    """All of them."""


def test_the_promises_are_announced_with_the_adapter() -> None:
    assert (
        collect().sound().bank("yunhai").promises == "szunion_bank_yunhai.promises:YunhaiPromises"
    )
