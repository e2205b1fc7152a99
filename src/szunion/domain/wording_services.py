"""Know what people are told about grants and payments, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

SERVICE_MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "grant.decided": Text(
            "“{item}”已核准，金额 {yuan} 元，将打入您的会员服务卡账户。",
            "“{item_en}” was granted: {yuan} yuan will be paid into your card's account.",
        ),
        "grant.refused": Text(
            "“{item}”未获核准（{reason}）。如有疑问请联系工会或拨打 12351。",
            "“{item_en}” was not granted ({reason}). Ask your union or call 12351.",
        ),
        "payout.settled": Text(
            "“{item}”{yuan} 元已到账。",
            "{yuan} yuan for “{item_en}” have arrived in your account.",
        ),
        "payout.returned": Text(
            "“{item}”{yuan} 元被银行退回，工会会再次发放，您的权益不变。",
            "{yuan} yuan for “{item_en}” came back from the bank; your union will pay again, "
            "nothing is lost.",
        ),
    }
)
"""What a message's template says, with ``{names}`` to fill in."""
