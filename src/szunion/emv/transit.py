"""Know the transit purses of Chinese cities: which, whose number, how much, which trips: 交通卡.

Reading only: SELECT, GET BALANCE, READ BINARY, READ RECORD. What is told apart here only by one
public reader is a setting, and named so.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Literal

from attrs import field, frozen

from szunion.emv import bcd, purse
from szunion.emv.apdu import Command
from szunion.emv.errors import BadField
from szunion.emv.exchange import exchange
from szunion.emv.private import Private
from szunion.emv.selection import select

T_UNION = bytes.fromhex("A000000632010105")
CITY_UNION = bytes.fromhex("A00000000386980701")
SHENZHEN_TONG = b"PAY.SZT"

_PUBLIC_FILE, _CITY_FILE, _TRIP_SFI = 0x15, 0x17, 0x1E
_MOST_TRIPS = 30
CITIES = {"5840": "深圳 Shenzhen", "5810": "广州 Guangzhou"}
"""Known codes of the T-Union city file."""


class System(Enum):
    """Systems of transit cards, with the name their application answers to."""

    T_UNION = T_UNION
    """交通联合."""
    CITY_UNION = CITY_UNION
    """城市一卡通, 住建部."""
    SHENZHEN_TONG = SHENZHEN_TONG
    """深圳通."""


class TransitNumber(Private):
    """The number of a transit card. The last four digits print."""

    def masked(self) -> str:
        """Return the last four digits."""
        plain = self.plain()
        return "*" * (len(plain) - 4) + plain[-4:]


@frozen(kw_only=True)
class Settings:
    """Where readers of others disagree."""

    order: tuple[System, ...] = tuple(System)
    """In which order the applications are tried; some cards dislike foreign names first."""
    shenzhen_order: Literal["little", "big"] = "little"
    """Byte order of the Shenzhen Tong number: little gives plausible nine-digit numbers."""


DEFAULT = Settings()


@frozen(kw_only=True)
class Transit:
    """What a transit card tells everybody."""

    system: System
    number: TransitNumber | None
    balance: int | None
    """EP, fen."""
    begins: date | None = None
    expires: date | None = None
    city: str | None = None
    """Four digits; `CITIES` has names."""
    log: tuple[purse.LogRecord, ...] = field(default=(), repr=False)
    trips: tuple[bytes, ...] = field(default=(), repr=False)


async def read_transit(settings: Settings = DEFAULT) -> Transit | None:
    """Find a transit application and read it; None: there is none. Nothing on the card changes.

    Raises:
        CardFault: an answer of the purse has a wrong length.
    """
    for system in settings.order:
        response = await select(system.value)
        if response.sw == 0x9000:
            return await _read(system, settings)
    return None


async def _read(system: System, settings: Settings) -> Transit:
    public = await _binary(_PUBLIC_FILE, 30)
    city = await _binary(_CITY_FILE, 30) if system is System.T_UNION else b""
    return Transit(
        system=system,
        number=read_number(system, public, settings),
        balance=await purse.balance(purse.Kind.EP),
        begins=_day(public[20:24]),
        expires=_day(public[24:28]),
        city=_city(city),
        log=await purse.read_log(),
        trips=await _trips(),
    )


def read_number(
    system: System, public: bytes, settings: Settings = DEFAULT
) -> TransitNumber | None:
    """Return the card's number from file 15h, None when it has none.

    >>> raw = bytes(16) + bytes.fromhex("15CD5B07") + bytes(10)
    >>> read_number(System.SHENZHEN_TONG, raw)
    TransitNumber('*****6789')
    """
    if len(public) < 20:
        return None
    if system is System.SHENZHEN_TONG:
        return TransitNumber(str(int.from_bytes(public[16:20], settings.shenzhen_order)))
    digits = public[10:20].hex()
    if digits.strip("0123456789") or not digits.strip("0"):
        return None
    return TransitNumber(digits.lstrip("0").rjust(4, "0"))


def _day(raw: bytes) -> date | None:
    try:
        return bcd.long_day(raw)
    except BadField:
        return None


def _city(raw: bytes) -> str | None:
    """Return the first known city code in the file; where it stands differs between cards."""
    found = [code for code in CITIES if bytes.fromhex(code) in raw]
    return found[0] if found else None


async def _binary(sfi: int, size: int) -> bytes:
    response = await exchange(Command(0x00, 0xB0, 0x80 | sfi, 0x00, le=size))
    return response.data if response.sw in (0x9000, 0x6282) else b""


async def _trips() -> tuple[bytes, ...]:
    found: list[bytes] = []
    for number in range(1, _MOST_TRIPS + 1):
        response = await exchange(Command(0x00, 0xB2, number, _TRIP_SFI << 3 | 4, le=256))
        if response.sw != 0x9000:
            break
        if response.data.strip(b"\0") and response.data.strip(b"\xff"):
            found.append(response.data)
    return tuple(found)
