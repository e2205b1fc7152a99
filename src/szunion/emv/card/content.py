"""Know what a personalised card holds on the day it leaves the personaliser: 卡片内容.

Plain frozen data. The personaliser fills it, the simulated card is built from it and never
changes it: what changes while a card lives stands in the card's own state.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from szunion.emv.crypto import Algorithm
from szunion.emv.cryptogram import PART_17, Sm4Rules


def _fixed(pairs: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a copy of *pairs* that nobody can change."""
    return MappingProxyType(dict(pairs))


class Path(Enum):
    """The way a GET PROCESSING OPTIONS may take: 交易路径.

    A card with both algorithms has both members of a pair; the terminal's DF69 chooses.
    """

    DEBIT = "debit"
    """Debit and credit over contacts 借贷记, RSA and 3DES."""
    DEBIT_SM = "debit-sm"
    """The same with SM2 and SM4."""
    ECASH = "ecash"
    """Electronic cash 电子现金 over contacts."""
    ECASH_SM = "ecash-sm"
    QPBOC = "qpboc"
    """Fast contactless 快速借记贷记; its AFL is that of an answer with a TC."""
    QPBOC_SM = "qpboc-sm"

    @property
    def algorithm(self) -> Algorithm:
        """The symmetric algorithm of this path; SM paths authenticate with SM2."""
        return Algorithm.SM4 if self.value.endswith("-sm") else Algorithm.TDES


@frozen(kw_only=True)
class RsaPrivate:
    """A card's or a test authority's RSA key: RSA私钥. Only its size prints."""

    modulus: int = field(repr=lambda n: f"<{n.bit_length()} bits>")
    exponent: int = 3
    """The public exponent, 3 or 65537."""
    p: int = field(repr=False)
    q: int = field(repr=False)

    @property
    def size(self) -> int:
        """Length of the modulus in bytes."""
        return (self.modulus.bit_length() + 7) // 8


@frozen(kw_only=True)
class Sm2Private:
    """An SM2 key pair for a test card or a test authority: SM2私钥."""

    d: int = field(repr=False)
    public: bytes
    """X || Y, 64 bytes."""


@frozen(kw_only=True)
class ApplicationKeys:
    """The card's own three master keys, 16 bytes each, already diversified: 卡片子密钥."""

    ac: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    enc: bytes = field(repr=False)


@frozen(kw_only=True)
class ProcessingOptions:
    """What GET PROCESSING OPTIONS answers on one path."""

    aip: bytes
    """Application interchange profile 应用交互特征, 2 bytes."""
    afl: bytes
    """Application file locator 应用文件定位器, 4 bytes for each range; may be empty."""


RecordId = tuple[int, int]
"""SFI 1-30 and record number 1-255."""


@frozen(kw_only=True)
class PaymentApplication:
    """A PBOC debit/credit application with e-cash and qPBOC if personalised so: 借贷记应用."""

    aid: bytes
    fci: bytes
    """The whole answer (template 6F) to SELECT over contacts. PDOL and 9F4D/DF4D are in it."""
    fci_contactless: bytes | None = None
    """The same over the air, with the PDOL of qPBOC; None: not reachable over the air."""
    options: Mapping[Path, ProcessingOptions] = field(converter=_fixed)
    records: Mapping[RecordId, bytes] = field(converter=_fixed, repr=False)
    """Whole records (template 70), as READ RECORD answers them. CDOL1 and CDOL2 are in them."""
    data: Mapping[int, bytes] = field(converter=_fixed, repr=False)
    """Data objects by tag, values only: counters 9F36 9F13, limits 9F14 9F23 9F51 9F52 9F53
    9F54 9F56 9F57 9F58 9F59 9F5C 9F72, e-cash 9F79 9F77 9F78 9F6D, formats 9F4F DF4F,
    contactless 9F68 9F6C 9F69 9F63 5F20 57 5F34, and what else an issuer wants there."""
    readable: frozenset[int] = frozenset(
        {0x9F36, 0x9F13, 0x9F17, 0x9F4F, 0x9F79, 0x9F77, 0x9F78, 0x9F6D, 0xDF4F}
    )
    """Tags that GET DATA tells; others are 6A88."""
    writable: frozenset[int] = frozenset({0x9F58, 0x9F59, 0x9F79, 0x9F77, 0x9F78, 0x9F6D})
    """Tags that an issuer's PUT DATA may change."""
    updatable: frozenset[int] = frozenset()
    """SFIs whose records an issuer's UPDATE RECORD may change."""
    keys: Mapping[Algorithm, ApplicationKeys] = field(converter=_fixed)
    rsa: RsaPrivate | None = None
    rsa_pin: RsaPrivate | None = None
    """A key for enciphered PINs alone; None: `rsa` serves for them too."""
    sm2: Sm2Private | None = None
    pin: str | None = field(default=None, repr=False)
    """4 to 12 digits; None: the card knows no offline PIN."""
    pin_tries: int = 3
    """Wrong PINs in a row until it is blocked (9F17 starts here)."""
    key_index: int = 0x01
    """DKI, 分散密钥索引."""
    cvn: int = 0x01
    """Cryptogram version as it stands in 9F10, contact."""
    cvn_contactless: int = 0x17
    """The same for qPBOC: CVN 17."""
    issuer_data: int | None = None
    """The id (1-5) of the issuer-defined data in 9F10 自定义数据; None: there are none."""
    sm4: Sm4Rules = PART_17
    """Where parts of the standard disagree about SM4."""
    currency: bytes = bytes.fromhex("0156")
    """Application currency for e-cash and limits when there is no 9F51: ISO 4217, CNY."""
    signs_aac: bool = False
    """Test switch: with CDA, sign a decline too. A right card does not."""

    def __attrs_post_init__(self) -> None:
        if not 5 <= len(self.aid) <= 16:
            msg = f"an AID is 5 to 16 bytes, not {len(self.aid)}"
            raise ValueError(msg)
        if missing := {path.algorithm for path in self.options} - set(self.keys):
            msg = f"no keys for {sorted(algorithm.name for algorithm in missing)}"
            raise ValueError(msg)


@frozen(kw_only=True)
class PurseKeys:
    """The purse's keys by key index, 16 bytes each: 圈存、消费、TAC 密钥."""

    load: Mapping[int, bytes] = field(converter=_fixed, repr=False)
    purchase: Mapping[int, bytes] = field(converter=_fixed, repr=False)
    tac: bytes = field(repr=False)


@frozen(kw_only=True)
class PurseApplication:
    """An ED/EP purse, with the files of transit cards: 电子存折、电子钱包、交通卡."""

    aid: bytes
    """The DF name: the T-Union AID, or ``PAY.SZT``."""
    fci: bytes
    deposit: int = 0
    """ED 电子存折, fen."""
    purse: int = 0
    """EP 电子钱包, fen."""
    limit: int = 0x7FFFFFFF
    """What a balance may not exceed after a load, fen."""
    keys: PurseKeys
    pin: str | None = field(default=None, repr=False)
    """Asked for before a load and before an ED purchase; None: not asked for."""
    files: Mapping[int, bytes] = field(factory=dict, converter=_fixed, repr=False)
    """Transparent files by SFI: 15h public data, 17h city, ..."""
    trips: tuple[bytes, ...] = field(default=(), repr=False)
    """Records of the trip log, SFI 1Eh, newest first."""
    log_size: int = 10
    """How many records the transaction log (SFI 18h) keeps."""
    balance_p1: frozenset[int] = frozenset({0x00})
    """The P1 values GET BALANCE answers to; T-Union cards know 01, 02, 03 too."""
    high_bit: bool = False
    """Some cards answer a balance with bit 31 set."""


@frozen(kw_only=True)
class FileApplication:
    """Transparent files that anybody may read: the union's signed membership record 会员凭证."""

    aid: bytes
    fci: bytes
    files: Mapping[int, bytes] = field(converter=_fixed, repr=False)
    """Transparent files by SFI; the size is fixed by what was personalised."""
    key: bytes | None = field(default=None, repr=False)
    """16-byte 3DES key for UPDATE BINARY with a MAC over a challenge; None: never changes."""


Application = PaymentApplication | PurseApplication | FileApplication


@frozen(kw_only=True)
class PersonalisedCard:
    """Everything that the machine needs to be one card: 个人化后的卡片."""

    name: str = "card"
    """What tests and transcripts call it; never a person's or an account's name."""
    applications: tuple[Application, ...]
    pse: Mapping[RecordId, bytes] | None = field(default=None, repr=False)
    """Records of the PSE directory (template 70); None: the card has no PSE."""
    pse_fci: bytes | None = None
    ppse_fci: bytes | None = None
    """The whole answer to SELECT PPSE; None: the card has no PPSE."""
    atr: bytes = bytes.fromhex("3B690000535A554E494F4E0000")
    """Answer to reset over contacts: T=0."""
    get_response: bool = True
    """At T=0 answers wait for GET RESPONSE (61xx); False: they come at once, as at T=1."""

    def __attrs_post_init__(self) -> None:
        names = [application.aid for application in self.applications]
        if len(set(names)) != len(names):
            msg = "two applications have one AID"
            raise ValueError(msg)
