"""Know what a terminal checks by itself before it decides: 处理限制与终端风险管理.

Spec: JR/T 0025.6, 7.6 and 7.8; EMV book 3, 10.4 and 10.6.
"""

from __future__ import annotations

from datetime import date

from szunion.emv.reading import ApplicationData, get_data
from szunion.emv.terminal import Business, RandomSelection, Terminal, Tvr

_DOMESTIC_CASH, _ABROAD_CASH = 0x8000, 0x4000
_DOMESTIC_GOODS, _ABROAD_GOODS = 0x2000, 0x1000
_DOMESTIC_SERVICES, _ABROAD_SERVICES = 0x0800, 0x0400
_ATM, _ELSEWHERE = 0x0200, 0x0100
_DOMESTIC_BACK, _ABROAD_BACK = 0x0080, 0x0040
_ATM_KINDS = (0x14, 0x15, 0x16)


def read_date(raw: bytes | None) -> date | None:
    """Return YYMMDD as a date, None when it is no date; years 50-99 are 19xx.

    >>> read_date(bytes.fromhex("291231"))
    datetime.date(2029, 12, 31)
    """
    if raw is None or len(raw) != 3 or raw.hex().strip("0123456789"):
        return None
    year, month, day = int(raw.hex()[:2]), int(raw.hex()[2:4]), int(raw.hex()[4:])
    try:
        return date((2000 if year < 50 else 1900) + year, month, day)
    except ValueError:
        return None


def restrictions(data: ApplicationData, terminal: Terminal, business: Business) -> Tvr:
    """Check versions, usage control and dates: 处理限制.  Spec: EMV book 3, 10.4.

    A date that is no date counts against the card.
    """
    tvr = Tvr(0)
    version = data.value(0x9F08)
    if version is not None and version != terminal.version:
        tvr |= Tvr.VERSIONS_DIFFER
    today = read_date(bytes.fromhex(business.date))
    expires = read_date(data.value(0x5F24))
    if today is None or expires is None or today > expires:
        tvr |= Tvr.EXPIRED
    effective = data.value(0x5F25)
    if effective is not None:
        begins = read_date(effective)
        if today is None or begins is None or today < begins:
            tvr |= Tvr.NOT_YET_EFFECTIVE
    if not _may_be_used(data, terminal, business):
        tvr |= Tvr.SERVICE_NOT_ALLOWED
    return tvr


def _may_be_used(data: ApplicationData, terminal: Terminal, business: Business) -> bool:
    """Check the application usage control 9F07 应用用途控制."""
    usage = data.value(0x9F07)
    if usage is None or len(usage) != 2:
        return usage is None
    bits = int.from_bytes(usage, "big")
    if not bits & (_ATM if terminal.kind in _ATM_KINDS else _ELSEWHERE):
        return False
    issuer = data.value(0x5F28)
    if issuer is None:
        return True
    at_home = issuer == terminal.country
    if business.kind == 0x01:
        allowed = _DOMESTIC_CASH if at_home else _ABROAD_CASH
    else:
        allowed = (
            _DOMESTIC_GOODS | _DOMESTIC_SERVICES if at_home else _ABROAD_GOODS | _ABROAD_SERVICES
        )
    if not bits & allowed:
        return False
    back = _DOMESTIC_BACK if at_home else _ABROAD_BACK
    return not business.other or bool(bits & back)


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
    share = (amount - how.threshold) * 100 // max(floor_limit - how.threshold, 1)
    return number <= how.target + (how.most - how.target) * share // 100


def percent(random: bytes) -> int:
    """Return a number from 1 to 99 from random bytes; eight of them leave no bias worth a name."""
    return int.from_bytes(random, "big") % 99 + 1


async def manage_risk(data: ApplicationData, terminal: Terminal, business: Business) -> Tvr:
    """Check floor limit, random selection, velocity and the lists: 终端风险管理."""
    tvr = Tvr.EXCEPTION_FILE if business.on_exception_file else Tvr(0)
    if business.force_online:
        tvr |= Tvr.MERCHANT_FORCED
    if business.amount >= terminal.floor_limit:
        tvr |= Tvr.FLOOR_LIMIT
    elif terminal.online and is_selected(
        business.amount, terminal.floor_limit, terminal.selection, percent(terminal.random(8))
    ):
        tvr |= Tvr.RANDOMLY_SELECTED
    return tvr | await velocity(data)


async def velocity(data: ApplicationData) -> Tvr:
    """Compare the card's counters with its limits 9F14 and 9F23: 频度检查.

    Without both limits nothing is checked. A card that has limits and does not tell its counters
    has exceeded both.  Spec: EMV book 3, 10.6.3.
    """
    lower, upper = data.value(0x9F14), data.value(0x9F23)
    if lower is None or upper is None:
        return Tvr(0)
    atc, last = await get_data(0x9F36), await get_data(0x9F13)
    both = Tvr.LOWER_LIMIT | Tvr.UPPER_LIMIT
    if atc is None or last is None or len(atc) != 2 or len(last) != 2:
        return both
    count, online = int.from_bytes(atc, "big"), int.from_bytes(last, "big")
    tvr = Tvr(0) if online else Tvr.NEW_CARD
    since = count - online
    if since < 0:
        return tvr | both
    if since > int.from_bytes(lower, "big"):
        tvr |= Tvr.LOWER_LIMIT
    if since > int.from_bytes(upper, "big"):
        tvr |= Tvr.UPPER_LIMIT
    return tvr
