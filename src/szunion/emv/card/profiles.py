"""Know what kinds of test cards there are: whole ones, and ones with a named flaw: 卡片模板.

A profile says what a bank would order from its personaliser. A `Flaw` says what is wrong with a
card made for a negative test, and which reason a terminal or an issuer must give for refusing it.
Numbers are test numbers (BIN 620000); people are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from szunion.emv.errors import BadField
from szunion.emv.pan import check_digit
from szunion.emv.reasons import Reason

IIN: Final = "620000"


@unique
class Scheme(Enum):
    """Which cryptography a card carries."""

    RSA = "RSA and 3DES 国际算法"
    SM = "SM2 and SM4 国密算法"
    BOTH = "both, chosen by DF69 双算法"

    @property
    def has_rsa(self) -> bool:
        """Whether RSA and 3DES are on the card."""
        return self is not Scheme.SM

    @property
    def has_sm(self) -> bool:
        """Whether SM2 and SM4 are on the card."""
        return self is not Scheme.RSA


@unique
class Flaw(Enum):
    """What is wrong with a card made for a negative test: 中文, English."""

    CARD_EXPIRED = "卡证书过期", "the card's certificate has expired"
    ISSUER_EXPIRED = "发卡行证书过期", "the issuer's certificate has expired"
    WRONG_IIN = "发卡行证书的标识是别家的", "the issuer's certificate is for another IIN"
    REVOKED = "发卡行证书已吊销", "the issuer's certificate is revoked"
    UNKNOWN_ROOT = "根公钥索引不存在", "no terminal has the root"
    CLONED = "复制的数据，没有原卡私钥", "copied data without the original's private keys"
    OTHER_PAN = "数据中的卡号不是证书中的", "the number in the data is not the certified one"
    WRONG_PSN = "密钥按另一序列号分散", "its keys belong to another sequence number"
    ROCA = "ROCA 弱密钥", "a weak key of the ROCA kind"
    SHORT_KEY = "卡密钥过短", "the card's key is too short"

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en


#: what a terminal must say of each flaw over RSA; WRONG_PSN only the issuer can see, and SM cards
#: have neither short nor ROCA keys
REFUSED_FOR: Final[Mapping[Flaw, Reason]] = MappingProxyType(
    {
        Flaw.CARD_EXPIRED: Reason.CERTIFICATE_EXPIRED,
        Flaw.ISSUER_EXPIRED: Reason.CERTIFICATE_EXPIRED,
        Flaw.WRONG_IIN: Reason.IIN_MISMATCH,
        Flaw.REVOKED: Reason.CERTIFICATE_REVOKED,
        Flaw.UNKNOWN_ROOT: Reason.CA_KEY_UNKNOWN,
        Flaw.CLONED: Reason.HASH_WRONG,
        Flaw.OTHER_PAN: Reason.PAN_MISMATCH,
        Flaw.ROCA: Reason.MODULUS_ROCA,
        Flaw.SHORT_KEY: Reason.MODULUS_TOO_SHORT,
    }
)


@frozen(kw_only=True)
class Holder:
    """Whose card it is. Invented people only; nothing of it prints."""

    name: str = field(default="测试甲", repr=False)
    """Written in GBK, at most 26 bytes."""
    id_type: int = 0
    """9F62 证件类型: 00 ID card 身份证, 01 military, 02 passport, 03 entry permit, 05 other."""
    id_number: str = field(default="44030019900101001X", repr=False)
    """9F61, at most 40 characters."""


@frozen(kw_only=True)
class Ecash:
    """Electronic cash 电子现金, amounts in fen."""

    balance: int = 10_000
    limit: int = 100_000
    single_limit: int = 50_000
    reset_threshold: int = 1_000


def pan_of(number: int, iin: str = IIN, length: int = 16) -> str:
    """Return the *number*-th test card number of an IIN.

    Raises:
        BadField: it does not fit the length.
    """
    body = iin + f"{number:0{length - len(iin) - 1}d}"
    if number < 0 or len(body) != length - 1:
        raise BadField("FIELD-CONTENT", name="test PAN", why=f"{length}")
    return body + check_digit(body)


@frozen(kw_only=True)
class Profile:
    """What to put on one card. Number and PIN do not print."""

    name: str = "union card"
    pan: str = field(repr=False)
    psn: str = "01"
    scheme: Scheme = Scheme.RSA
    holder: Holder = Holder()
    effective: date = date(2024, 1, 1)
    expires: date = date(2031, 12, 31)
    icc_bits: int = 1024
    """RSA only. fDDA with more than 1024 sends its signature in a record."""
    pin_bits: int | None = None
    """RSA only: the length of a key for enciphered PINs alone (9F2D); None: the card's serves."""
    aip: bytes = b"\x7d\x00"
    """SDA, DDA, CDA, cardholder verification, risk management, issuer authentication."""
    pin: str | None = field(default="1234", repr=False)
    cvm_list: bytes = bytes.fromhex("0000000000000000020101035E031F00")
    """8E: cash online PIN; goods offline PIN; signature; none.  JR/T 0025.5, table 21."""
    ecash: Ecash | None = Ecash()
    contactless: bool = True
    """qPBOC as well; needs electronic cash for offline payments."""
    purse: int | None = None
    """Balance in fen of a transit purse (T-Union) on the same chip; None: there is none."""
    membership: bytes | None = field(default=None, repr=False)
    """The union's signed membership record, read by anybody; None: no such application."""
    issuer_data: int | None = None
    """Id 1-5 of issuer-defined data in 9F10."""
    tc_hash: bool = False
    """The CDOL asks for a TC hash (98)."""
    signs_aac: bool = False
    """Test switch: with CDA, sign a decline too."""
    flaw: Flaw | None = None


def standard_profiles(count: int, first: int = 1) -> tuple[Profile, ...]:
    """Return *count* whole cards: RSA, SM and both in turn, key lengths and features mixed."""
    schemes = tuple(Scheme)
    bits = (1024, 1152, 1024, 1408)
    return tuple(
        Profile(
            name=f"card {number}",
            pan=pan_of(number, length=16 + 3 * (number % 2)),
            psn=f"{number % 4:02d}",
            scheme=schemes[number % 3],
            icc_bits=bits[number % 4],
            ecash=None if number % 5 == 0 else Ecash(balance=number * 100),
            contactless=number % 5 != 0,
            issuer_data=None if number % 5 == 0 else (None, 1, 2, 3, 4)[number % 5],
            purse=5_000 if number % 7 == 0 else None,
        )
        for number in range(first, first + count)
    )


def flawed_profiles(scheme: Scheme = Scheme.RSA, first: int = 900_001) -> tuple[Profile, ...]:
    """Return one card of every flaw that *scheme* can have."""
    rsa_only = {Flaw.ROCA, Flaw.SHORT_KEY}
    flaws = [flaw for flaw in Flaw if scheme.has_rsa or flaw not in rsa_only]
    return tuple(
        Profile(name=flaw.name, pan=pan_of(first + place), scheme=scheme, flaw=flaw)
        for place, flaw in enumerate(flaws)
    )
