"""Know what the card tells the issuer: CVR, issuer application data (9F10) and CID (9F27).

A PBOC card writes ``07 | DKI | CVN | CVR 4 | algorithm``; the first byte is a length, not Visa's
``06``, and the CVR begins with its own length 03.

Spec: JR/T 0025.5, annex E; JR/T 0025.12, annexes D and E.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Self

from attrs import frozen

from szunion.emv.bits import Bit, BitField
from szunion.emv.errors import BadField
from szunion.emv.tags import Scheme


class Cryptogram(Enum):
    """What kind of application cryptogram 应用密文类型. The value is the two bits."""

    AAC = 0b00
    TC = 0b01
    ARQC = 0b10
    AAR = 0b11

    @property
    def zh(self) -> str:
        """The name for people in Chinese."""
        return _CRYPTOGRAM_WORDS[self][0]

    @property
    def en(self) -> str:
        """The name for people in English."""
        return _CRYPTOGRAM_WORDS[self][1]


_CRYPTOGRAM_WORDS = {
    Cryptogram.AAC: ("AAC 拒绝", "AAC, declined"),
    Cryptogram.TC: ("TC 批准", "TC, approved"),
    Cryptogram.ARQC: ("ARQC 请求联机", "ARQC, go online"),
    Cryptogram.AAR: ("AAR（保留）", "AAR (reserved)"),
}

#: Reason codes of the CID, 中文 and English.
CID_REASONS = {
    0: ("无", "no reason given"),
    1: ("不允许的服务", "service not allowed"),
    2: ("PIN 重试次数超限", "PIN try limit exceeded"),
    3: ("发卡行认证失败", "issuer authentication failed"),
}


@frozen
class Cid:
    """Cryptogram information data 密文信息数据, tag 9F27: one byte.

    Raises:
        BadField: Not a byte.
    """

    byte: int

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.byte <= 0xFF:
            raise BadField("FIELD-CONTENT", name="9F27 CID", why="0-255")

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the value of tag 9F27.

        Raises:
            BadField: Not one byte.
        """
        if len(raw) != 1:
            raise BadField("FIELD-LENGTH", name="9F27 CID", want=1, got=len(raw))
        return cls(raw[0])

    @property
    def cryptogram(self) -> Cryptogram:
        """The kind of cryptogram, bits 8 and 7."""
        return Cryptogram(self.byte >> 6)

    @property
    def advice(self) -> bool:
        """Whether an advice is required, bit 4."""
        return bool(self.byte & 0x08)

    @property
    def reason(self) -> int:
        """The reason code, bits 3-1; see ``CID_REASONS``."""
        return self.byte & 0x07


class Cvr(BitField):
    """Card verification results 卡片验证结果 of PBOC: four bytes, the first is 03."""

    NAME: ClassVar = "CVR"
    LENGTH: ClassVar = 4

    ISSUER_AUTHENTICATION_FAILED = Bit(2, 4, "发卡行认证失败", "issuer authentication failed")
    OFFLINE_PIN_DONE = Bit(2, 3, "已进行脱机 PIN 验证", "offline PIN verification performed")
    OFFLINE_PIN_FAILED = Bit(2, 2, "脱机 PIN 验证失败", "offline PIN verification failed")
    UNABLE_TO_GO_ONLINE = Bit(2, 1, "不能联机", "unable to go online")
    LAST_ONLINE_NOT_COMPLETED = Bit(
        3, 8, "上次联机交易未完成", "last online transaction not completed"
    )
    PIN_TRY_LIMIT_EXCEEDED = Bit(3, 7, "PIN 重试次数超限", "PIN try limit exceeded")
    VELOCITY_EXCEEDED = Bit(3, 6, "超过频度检查限制", "velocity checking counters exceeded")
    NEW_CARD = Bit(3, 5, "新卡", "new card")
    LAST_ISSUER_AUTHENTICATION_FAILED = Bit(
        3,
        4,
        "上次联机交易发卡行认证失败",
        "issuer authentication failed on last online transaction",
    )
    ISSUER_AUTHENTICATION_NOT_PERFORMED = Bit(
        3, 3, "联机后未进行发卡行认证", "issuer authentication not performed after going online"
    )
    BLOCKED_BY_PIN = Bit(
        3, 2, "PIN 超限，应用被锁定", "application blocked because PIN try limit exceeded"
    )
    LAST_SDA_FAILED = Bit(
        3, 1, "上次脱机交易 SDA 失败", "SDA failed on last transaction and it was declined"
    )
    SCRIPT_FAILED = Bit(4, 4, "发卡行脚本处理失败", "issuer script processing failed")
    LAST_DDA_FAILED = Bit(
        4, 3, "上次脱机交易 DDA 失败", "DDA failed on last transaction and it was declined"
    )
    DDA_PERFORMED = Bit(4, 2, "已进行 DDA", "DDA performed")

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.raw[0] != 0x03:
            raise BadField("FIELD-CONTENT", name=self.NAME, why="03 xx xx xx")

    @property
    def second(self) -> Cryptogram | None:
        """What the second GENERATE AC gave; None when it was not asked for."""
        bits = self.raw[1] >> 6
        return Cryptogram(bits) if bits < 2 else None

    @property
    def first(self) -> Cryptogram:
        """What the first GENERATE AC gave."""
        return Cryptogram(self.raw[1] >> 4 & 0b11)

    @property
    def scripts(self) -> int:
        """How many script commands were received since the last online transaction, 0-15."""
        return self.raw[3] >> 4


@frozen
class Idd:
    """Issuer discretionary data 发卡行自定义数据 at the end of a PBOC 9F10.

    Attributes:
        kind: 01 e-cash balance, 02 CTTA, 03 both, 04 CTTA and its limit, 05 available offline
            amount; None when the bytes are static.
        amounts: The amounts in fen, 5 bytes BCD each, as far as they are BCD.
        mac: Four bytes over ATC and amounts; empty when static.
        raw: All bytes.
    """

    kind: int | None
    amounts: tuple[int, ...]
    mac: bytes
    raw: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the bytes after the length; anything unknown is static."""
        count = _IDD_AMOUNTS.get(raw[0], 0) if raw else 0
        if not count or len(raw) != 1 + 5 * count + 4:
            return cls(None, (), b"", raw)
        texts = [raw[1 + 5 * n : 6 + 5 * n].hex() for n in range(count)]
        if not all(text.isdecimal() for text in texts):
            return cls(None, (), b"", raw)
        return cls(raw[0], tuple(map(int, texts)), raw[-4:], raw)


_IDD_AMOUNTS = {0x01: 1, 0x02: 1, 0x03: 2, 0x04: 2, 0x05: 1}


@frozen
class Iad:
    """Issuer application data 发卡行应用数据, tag 9F10.

    Attributes:
        scheme: Whose form it has.
        key_index: Derivation key index (DKI) 分散密钥索引.
        version: Cryptogram version number (CVN) 密文版本号.
        cvr: Card verification results, as bytes with their length if they have one.
        algorithm: 01 3DES, 04 SM4; None where the scheme does not say.
        rest: What follows, without its length byte, which may announce more than there is: the
            data of personalisation stop where the card goes on by itself.
        raw: All bytes.
    """

    scheme: Scheme
    key_index: int
    version: int
    cvr: bytes
    algorithm: int | None
    rest: bytes
    raw: bytes

    @classmethod
    def parse(cls, raw: bytes, scheme: Scheme = Scheme.PBOC) -> Self:
        """Read the value of tag 9F10.

        The first byte tells PBOC (07) from Visa (06, 1F); *scheme* matters only for Mastercard,
        whose data have no mark.

        Raises:
            BadField: None of the known forms.
        """
        size = len(raw)
        if scheme is Scheme.MASTERCARD and size in _MCHIP_SIZES:
            return cls(Scheme.MASTERCARD, raw[0], raw[1], raw[2:8], None, raw[8:], raw)
        if 8 <= size <= 32 and raw[0] == 0x07 and raw[3] == 0x03:
            return cls(Scheme.PBOC, raw[1], raw[2], raw[3:7], raw[7], raw[9:], raw)
        if 7 <= size <= 32 and raw[0] == 0x06 and raw[3] == 0x03:
            return cls(Scheme.VISA, raw[1], raw[2], raw[3:7], None, raw[8:], raw)
        if size == 32 and raw[0] == 0x1F:
            return cls(Scheme.VISA, raw[2], raw[1], raw[3:8], None, raw[8:], raw)
        raise BadField("FIELD-CONTENT", name="9F10 IAD", why=f"{size} bytes of no known form")

    @property
    def pboc_cvr(self) -> Cvr:
        """The CVR with names for its bits.

        Raises:
            BadField: Not the data of a PBOC card.
        """
        if self.scheme is not Scheme.PBOC:
            raise BadField("FIELD-CONTENT", name="9F10 IAD", why=self.scheme.name)
        return Cvr(self.cvr)

    @property
    def idd(self) -> Idd | None:
        """The issuer discretionary data of a PBOC card, if there are any."""
        if self.scheme is not Scheme.PBOC or not self.rest:
            return None
        return Idd.parse(self.rest)

    @property
    def decision(self) -> Cryptogram:
        """The card's decision: bits 6-5 of byte 5; a qPBOC answer has no CID.

        Raises:
            BadField: Not the data of a PBOC card.
        """
        return self.pboc_cvr.first


_MCHIP_SIZES = {18, 20, 26, 28}
