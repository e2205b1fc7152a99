"""Know whether a bank's line can do what a city needs: asked once, when the system opens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final, get_args

from szunion.domain.bank_requests import BankRequest
from szunion.domain.outbox import REQUESTS
from szunion.domain.policy import CityPolicy
from szunion.errors import ConfigError
from szunion.ports.bank import BankInfo

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_LONGEST_SETTLING: Final = timedelta(days=60)


def check_bank(policy: CityPolicy, info: BankInfo) -> None:
    """Check what an adapter says of itself, and that it accepts what the city needs.

    Raises:
        ConfigError: a request is missing (E-BANK-021), or the adapter says something impossible
            of itself (E-BANK-022).
    """
    for what in _impossible(info):
        raise ConfigError("E-BANK-022", bank=info.name, what=what)
    missing = sorted(
        (kind for kind in policy.bank.needs if REQUESTS[kind] not in info.accepts),
        key=lambda kind: kind.value,
    )
    if missing:
        raise ConfigError(
            "E-BANK-021",
            bank=info.name,
            missing="、".join(kind.label for kind in missing),
            missing_en=", ".join(kind.label_en for kind in missing),
        )


def _impossible(info: BankInfo) -> Iterator[str]:
    if _NAME.fullmatch(info.name) is None:
        yield "name"
    if not info.accepts <= set(get_args(BankRequest)):
        yield "accepts"
    if info.most_rows < 1:
        yield "most_rows"
    try:
        "工".encode(info.charset)
    except (LookupError, UnicodeError):
        yield "charset"
    if not timedelta(0) <= info.settling <= _LONGEST_SETTLING:
        yield "settling"
