"""The city of Haichao (海潮市) and the line to its bank, both invented, announced to szunion."""

from collections.abc import Iterable
from importlib.resources import files

from szunion.plugins import AdapterSpec, BankSpec, CitySpec, hookimpl
from szunion.text import Text
from szunion_bank_haichao.adapter import HaichaoBank, HaichaoConfig

__all__ = ["HaichaoBank", "HaichaoConfig", "szunion_adapters", "szunion_cities"]


@hookimpl
def szunion_adapters() -> Iterable[AdapterSpec]:
    """Offer the line."""
    yield BankSpec(
        name="haichao",
        title=Text("海潮银行", "Bank of Haichao"),
        config=HaichaoConfig,
        make=HaichaoBank,
        promises="szunion_bank_haichao.promises:HaichaoPromises",
    )


@hookimpl
def szunion_cities() -> Iterable[CitySpec]:
    """Offer the city: what differs from others is data."""
    folder = files("szunion_bank_haichao").joinpath("city")
    yield CitySpec(
        name="haichao",
        title=Text("海潮市", "Haichao"),
        read=lambda name: folder.joinpath(name).read_text("utf-8"),
    )
