"""Know what a terminal checks by itself before it decides: 处理限制与终端风险管理.

Spec: JR/T 0025.6, 7.6 and 7.8; EMV book 3, 10.4 and 10.6.
"""

from __future__ import annotations

from szunion.emv import bcd
from szunion.emv.bits import Bit
from szunion.emv.errors import BadField
from szunion.emv.fields import Auc, Tvr
from szunion.emv.reading import ApplicationData, get_data
from szunion.emv.terminal import Business, RandomSelection, Terminal


def restrictions(data: ApplicationData, terminal: Terminal, business: Business) -> Tvr:
    """Check versions, usage control and dates: 处理限制.  Spec: EMV book 3, 10.4.

    Raises:
        BadField: a date that is no date; the transaction ends (EMV book 3, 7.5).
    """
    tvr = Tvr.of()
    version = data.value(0x9F08)
    if version is not None and version != terminal.version:
        tvr |= Tvr.VERSIONS_DIFFER
    if business.day > bcd.day(data.require(0x5F24), "5F24"):
        tvr |= Tvr.EXPIRED
    begins = data.value(0x5F25)
    if begins is not None and business.day < bcd.day(begins, "5F25"):
        tvr |= Tvr.NOT_YET_EFFECTIVE
    if not _may_be_used(data, terminal, business):
        tvr |= Tvr.SERVICE_NOT_ALLOWED
    return tvr


#: At home, abroad.
_CASH = Auc.DOMESTIC_CASH, Auc.INTERNATIONAL_CASH
_GOODS = Auc.DOMESTIC_GOODS, Auc.INTERNATIONAL_GOODS
_SERVICES = Auc.DOMESTIC_SERVICES, Auc.INTERNATIONAL_SERVICES
_CASHBACK = Auc.DOMESTIC_CASHBACK, Auc.INTERNATIONAL_CASHBACK


def _may_be_used(data: ApplicationData, terminal: Terminal, business: Business) -> bool:
    """Check the application usage control 9F07 应用用途控制.  Spec: EMV book 3, 10.4.2, table 36.

    What is neither cash nor a purchase, such as an inquiry, is not restricted by country.
    """
    told = data.value(0x9F07)
    if told is None:
        return True
    try:
        usage = Auc(told)
    except BadField:
        return False
    if not usage.has(Auc.ATM if terminal.is_atm else Auc.OTHER_TERMINALS):
        return False
    issuer = data.value(0x5F28)
    if issuer is None:
        return True
    abroad = issuer != terminal.country

    def allows(*pairs: tuple[Bit, Bit]) -> bool:
        return any(usage.has(pair[abroad]) for pair in pairs)

    return (
        (not business.is_cash or allows(_CASH))
        and (not business.is_purchase or allows(_GOODS, _SERVICES))
        and (not business.other or allows(_CASHBACK))
    )


def is_selected(amount: int, floor_limit: int, how: RandomSelection, number: int) -> bool:
    """Decide random selection with *number* from 1 to 99.  Spec: part 6, 7.8.3, table 23.

    From the floor limit on nothing is selected: such a transaction goes online anyway.

    >>> rule = RandomSelection(threshold=40, target=20, most=50)
    >>> [is_selected(amount, 100, rule, 25) for amount in (20, 60, 150)]
    [False, True, False]
    """
    if amount >= floor_limit:
        return False
    if amount < how.threshold:
        return number <= how.target
    beyond, span = amount - how.threshold, floor_limit - how.threshold
    return number <= how.target + (how.most - how.target) * beyond // span


def percent(random: bytes) -> int:
    """Return a number from 1 to 99 from random bytes; eight of them leave no bias worth a name."""
    return int.from_bytes(random, "big") % 99 + 1


async def manage_risk(data: ApplicationData, terminal: Terminal, business: Business) -> Tvr:
    """Check floor limit, random selection, velocity and the lists: 终端风险管理."""
    tvr = listed(business)
    if business.amount >= terminal.floor_limit:
        tvr |= Tvr.FLOOR_LIMIT_EXCEEDED
    elif terminal.online and is_selected(
        business.amount, terminal.floor_limit, terminal.selection, percent(terminal.random(8))
    ):
        tvr |= Tvr.RANDOMLY_SELECTED
    return tvr | await velocity(data)


def listed(business: Business) -> Tvr:
    """Return what the terminal's list of exceptions and its merchant say about this payment."""
    tvr = Tvr.of(Tvr.ON_EXCEPTION_FILE) if business.on_exception_file else Tvr.of()
    return tvr | Tvr.MERCHANT_FORCED_ONLINE if business.force_online else tvr


async def velocity(data: ApplicationData) -> Tvr:
    """Compare the card's counters with its limits 9F14 and 9F23: 频度检查.

    Without both limits nothing is checked. A card that has limits and does not tell its counters,
    or tells one that cannot be, has exceeded both.  Spec: EMV book 3, 10.6.3 and table 35.
    """
    lower, upper = data.value(0x9F14), data.value(0x9F23)
    if lower is None or upper is None:
        return Tvr.of()
    now, online = _counter(await get_data(0x9F36)), _counter(await get_data(0x9F13))
    tvr = Tvr.of(Tvr.NEW_CARD) if online == 0 else Tvr.of()
    both = Tvr.LOWER_LIMIT_EXCEEDED, Tvr.UPPER_LIMIT_EXCEEDED
    if now is None or online is None:
        return tvr.plus(Tvr.ICC_DATA_MISSING, *both)
    since = now - online
    if since <= 0:
        return tvr.plus(*both)
    if since > int.from_bytes(lower, "big"):
        tvr |= Tvr.LOWER_LIMIT_EXCEEDED
        if since > int.from_bytes(upper, "big"):
            tvr |= Tvr.UPPER_LIMIT_EXCEEDED
    return tvr


def _counter(raw: bytes | None) -> int | None:
    """Return a counter of two bytes, None when the card did not tell it."""
    return int.from_bytes(raw, "big") if raw is not None and len(raw) == 2 else None
