"""The line to the Bank of Yunhai (云海银行), announced to szunion."""

from collections.abc import Iterable

from szunion.plugins import AdapterSpec, BankSpec, hookimpl
from szunion.text import Text
from szunion_bank_yunhai.line import YunhaiBank, YunhaiConfig

__all__ = ["YunhaiBank", "YunhaiConfig", "szunion_adapters"]


@hookimpl
def szunion_adapters() -> Iterable[AdapterSpec]:
    """Offer the line."""
    yield BankSpec(
        name="yunhai",
        title=Text("云海银行", "Bank of Yunhai"),
        config=YunhaiConfig,
        make=lambda config, _clock: YunhaiBank(config),
        promises="szunion_bank_yunhai.promises:YunhaiPromises",
    )
