"""Know how a card decides on a payment: approve, go online, decline: 卡片行为分析.

Pure functions over what the card knows. The application default action 9F52 (ADA 应用缺省行为)
says what follows from what.

Spec: JR/T 0025.5, 7.8 and 7.10, and annex on card risk management.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

from attrs import frozen


class Answer(IntEnum):
    """What kind of cryptogram: the two high bits of P1 and of the CID 密文类型."""

    AAC = 0x00
    """Declined 拒绝."""
    TC = 0x40
    """Approved 批准."""
    ARQC = 0x80
    """Ask the issuer 联机请求."""


class Ada(IntFlag):
    """Application default action 9F52, bytes 1 and 2."""

    ONLINE_AFTER_AUTHENTICATION_FAILED = 0x8000
    DECLINE_AUTHENTICATION_FAILED = 0x4000
    DECLINE_AUTHENTICATION_MISSING = 0x2000
    ADVICE_DECLINED = 0x1000
    ADVICE_PIN = 0x0800
    ADVICE_AUTHENTICATION = 0x0400
    NEW_ONLINE = 0x0200
    NEW_DECLINE_OFFLINE = 0x0100
    PIN_BLOCKS = 0x0080
    PIN_BEFORE_DECLINES = 0x0040
    PIN_BEFORE_ONLINE = 0x0020
    PIN_BEFORE_DECLINE_OFFLINE = 0x0010
    SCRIPT_FAILED_ONLINE = 0x0008
    PIN_BEFORE_BLOCKS = 0x0004


class Memo(IntFlag):
    """What the card remembers from one transaction to the next: 卡片内部指示位."""

    ONLINE_OPEN = 0x80
    """The last online transaction was not completed."""
    AUTHENTICATION_FAILED = 0x40
    AUTHENTICATION_MISSING = 0x20
    BLOCKED = 0x10
    BLOCKED_BY_PIN = 0x08
    SDA_FAILED = 0x04
    DDA_FAILED = 0x02
    SCRIPT_FAILED = 0x01


@frozen(kw_only=True)
class Risk:
    """What the card knows when it decides."""

    wanted: Answer
    """What the terminal asked for."""
    ada: Ada = Ada(0)
    memo: Memo = Memo(0)
    is_new: bool = False
    """The card was never online: last online ATC is 0."""
    pin_blocked_before: bool = False
    """Its PIN tries were used up in an earlier transaction."""
    pin_blocked_now: bool = False
    over_lower: bool = False
    """A velocity counter is beyond its lower limit."""
    over_upper: bool = False
    """A velocity counter is beyond its upper limit."""
    authentication_mandatory: bool = False
    """9F56."""
    authentication: bool | None = None
    """How issuer authentication went in this transaction; None: there was none."""


def first(risk: Risk) -> Answer:
    """Decide on the first GENERATE AC. The card may only be stricter than the terminal."""
    ada, memo = risk.ada, risk.memo
    decline = (
        Memo.BLOCKED in memo
        or risk.wanted is Answer.AAC
        or (risk.pin_blocked_before and Ada.PIN_BEFORE_DECLINES in ada)
    )
    if decline:
        return Answer.AAC
    online = (
        Memo.ONLINE_OPEN in memo
        or (Memo.AUTHENTICATION_FAILED in memo and Ada.ONLINE_AFTER_AUTHENTICATION_FAILED in ada)
        or (Memo.AUTHENTICATION_MISSING in memo and risk.authentication_mandatory)
        or (Memo.SCRIPT_FAILED in memo and Ada.SCRIPT_FAILED_ONLINE in ada)
        or (risk.is_new and Ada.NEW_ONLINE in ada)
        or (risk.pin_blocked_before and Ada.PIN_BEFORE_ONLINE in ada)
        or risk.pin_blocked_now
        or risk.over_lower
    )
    return Answer.ARQC if online or risk.wanted is Answer.ARQC else Answer.TC


def second(risk: Risk) -> Answer:
    """Decide on the second GENERATE AC after the issuer answered.

    The terminal asks for a TC or an AAC; there is no third way.
    """
    if risk.wanted is not Answer.TC or Memo.BLOCKED in risk.memo:
        return Answer.AAC
    if risk.authentication is False and Ada.DECLINE_AUTHENTICATION_FAILED in risk.ada:
        return Answer.AAC
    missing = risk.authentication is None and risk.authentication_mandatory
    if missing and Ada.DECLINE_AUTHENTICATION_MISSING in risk.ada:
        return Answer.AAC
    return Answer.TC


def second_offline(risk: Risk) -> Answer:
    """Decide on the second GENERATE AC when the issuer could not be reached."""
    if risk.wanted is not Answer.TC or Memo.BLOCKED in risk.memo:
        return Answer.AAC
    decline = (
        risk.over_upper
        or (risk.is_new and Ada.NEW_DECLINE_OFFLINE in risk.ada)
        or (risk.pin_blocked_before and Ada.PIN_BEFORE_DECLINE_OFFLINE in risk.ada)
    )
    return Answer.AAC if decline else Answer.TC


def wants_advice(risk: Risk, answer: Answer) -> bool:
    """Whether the issuer shall be told of a decline (CID bit 4): 通知."""
    if answer is not Answer.AAC:
        return False
    authentication = risk.authentication is False or (
        risk.authentication is None and risk.authentication_mandatory
    )
    return (
        Ada.ADVICE_DECLINED in risk.ada
        or (risk.pin_blocked_now and Ada.ADVICE_PIN in risk.ada)
        or (authentication and Ada.ADVICE_AUTHENTICATION in risk.ada)
    )
