"""Know what PBOC adds to EMV: electronic cash and the fast contactless payment: 电子现金与qPBOC.

Spec: JR/T 0025.13 (electronic cash); JR/T 0025.12 (qPBOC).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import field, frozen

from szunion.emv import bcd, oda
from szunion.emv.errors import BadField, CardFault
from szunion.emv.fields import Ctq, Ttq
from szunion.emv.flow import AuthorisationReply, AuthorisationRequest, GoOnline
from szunion.emv.oda_keys import Assurance, recover
from szunion.emv.reading import (
    ApplicationData,
    Options,
    collect,
    get_data,
    initiate,
    read_records,
)
from szunion.emv.selection import (
    Directory,
    Selected,
    build_candidate_list,
    select_application,
)
from szunion.emv.terminal import Business, Terminal, n12


@frozen(kw_only=True)
class EcashLimits:
    """What the card tells of its electronic cash, in fen; None: it does not tell: 电子现金."""

    balance: int | None
    """9F79 余额."""
    limit: int | None
    """9F77 余额上限."""
    single: int | None
    """9F78 单笔限额."""
    reset: int | None
    """9F6D 重置阈值."""


def n12_value(raw: bytes | None) -> int | None:
    """Return an amount of 12 digits in fen, None when it is none."""
    try:
        return bcd.number(raw) if raw is not None and len(raw) == 6 else None
    except BadField:
        return None


async def read_ecash() -> EcashLimits:
    """Read balance and limits; the card's state does not change."""
    return EcashLimits(
        balance=n12_value(await get_data(0x9F79)),
        limit=n12_value(await get_data(0x9F77)),
        single=n12_value(await get_data(0x9F78)),
        reset=n12_value(await get_data(0x9F6D)),
    )


async def wants_online(data: ApplicationData, terminal: Terminal, amount: int) -> bool:
    """Whether an e-cash payment shall go online to be topped up: below the reset threshold."""
    if not terminal.online:
        return False
    balance = n12_value(data.value(0x9F79) or await get_data(0x9F79))
    reset = n12_value(data.value(0x9F6D) or await get_data(0x9F6D))
    return balance is not None and reset is not None and balance - amount < reset


class Fast(Enum):
    """How a qPBOC transaction ended."""

    APPROVED_OFFLINE = "approved offline 脱机批准"
    APPROVED_ONLINE = "approved online 联机批准"
    DECLINED = "declined 拒绝"
    OTHER_INTERFACE = "use the contacts 请插卡"
    NOT_ACCEPTED = "no application in common 无可用应用"


@frozen(kw_only=True)
class FastOutcome:
    """How a qPBOC transaction went."""

    decision: Fast
    assurance: Assurance = Assurance.READ_ONLY
    verdict: oda.Verdict | None = None
    wants_signature: bool = False
    wants_pin: bool = False
    cryptogram: bytes = field(default=b"", repr=False)
    data: ApplicationData | None = field(default=None, repr=False)


def qualifiers(terminal: Terminal, amount: int) -> bytes:
    """Return the TTQ 9F66 for this amount: an online cryptogram from the floor limit on.

    Spec: part 12, 6 (pre-processing 交易预处理).
    """
    ttq = Ttq(terminal.ttq)
    if amount >= terminal.floor_limit:
        ttq |= Ttq.ONLINE_CRYPTOGRAM_REQUIRED
    if not terminal.online:
        ttq |= Ttq.OFFLINE_ONLY
    return ttq.raw


async def tap(terminal: Terminal, business: Business, values: Mapping[int, bytes]) -> FastOutcome:
    """Run one qPBOC transaction.

    Args:
        terminal: What the terminal is; its `ttq` says what it can do.
        business: What is paid.
        values: The terminal's data by tag (`szunion.emv.terminal.terminal_values`), with the
            unpredictable number 9F37.

    Raises:
        CardFault: the card answered what the flow cannot go on with.
    """
    candidates = await build_candidate_list(terminal.supported, Directory.PPSE)
    if not candidates:
        return FastOutcome(decision=Fast.NOT_ACCEPTED)
    selected = await select_application(candidates[0].aid)
    told = {**values, 0x9F66: qualifiers(terminal, business.amount), 0x9F02: n12(business.amount)}
    try:
        options = await initiate(selected, told)
    except CardFault as fault:
        if fault.sw != 0x6985:
            raise
        return FastOutcome(decision=Fast.OTHER_INTERFACE)
    return await _decide(terminal, selected, options, told)


def _kind(options: Options) -> int:
    """Return what the card decided: it stands in the fifth byte of 9F10; there is no 9F27."""
    issuer_data = next((node.value for node in options.nodes if node.tag == 0x9F10), b"")
    if len(issuer_data) < 7 or issuer_data[0] != 7 or issuer_data[3] != 3:
        raise CardFault(0x9000, "GPO-ANSWER")
    return issuer_data[4] & 0x30


async def _decide(
    terminal: Terminal, selected: Selected, options: Options, told: Mapping[int, bytes]
) -> FastOutcome:
    kind = _kind(options)
    if kind not in (0x10, 0x20):
        return FastOutcome(decision=Fast.DECLINED)
    records = await read_records(options.afl) if kind == 0x10 else ()
    data = collect(selected, options, records)
    cryptogram = data.require(0x9F26)
    ctq = _wishes(data)
    if kind == 0x20:
        return await _go_online(terminal, data, told)
    verdict = authenticate(terminal, data, told)
    if verdict.passed and not _expired(data, told):
        return FastOutcome(
            decision=Fast.APPROVED_OFFLINE,
            assurance=verdict.assurance,
            verdict=verdict,
            cryptogram=cryptogram,
            data=data,
            wants_signature=Ctq.SIGNATURE_REQUIRED in ctq,
            wants_pin=Ctq.ONLINE_PIN_REQUIRED in ctq,
        )
    if _expired(data, told):
        return FastOutcome(decision=Fast.DECLINED, verdict=verdict, data=data)
    # the CTQ counts here only towards less: a switch of interface, never an approval
    if Ctq.SWITCH_IF_FDDA_FAILS in ctq:
        return FastOutcome(decision=Fast.OTHER_INTERFACE, verdict=verdict, data=data)
    return FastOutcome(decision=Fast.DECLINED, verdict=verdict, data=data)


def _wishes(data: ApplicationData) -> Ctq:
    """Return what the card wants of its holder; nothing, when it does not say."""
    return Ctq(data.value(0x9F6C) or bytes(Ctq.LENGTH))


def authenticate(
    terminal: Terminal, data: ApplicationData, told: Mapping[int, bytes]
) -> oda.Verdict:
    """Judge the card's fast signature (fDDA)."""
    recovered = recover(data.for_authentication(), terminal.keys, terminal.policy, dynamic=True)
    fast = oda.FastData(
        challenge=told[0x9F37],
        amount=told[0x9F02],
        currency=told[0x5F2A],
        card=data.value(0x9F69),
        atc=data.require(0x9F36),
        ctq=data.value(0x9F6C),
    )
    version = data.value(0x9F08) or bytes(2)
    least = int(Ttq.FDDA_01 in Ttq(terminal.ttq) and version >= b"\x00\x30")
    return oda.check_fdda(recovered, data.value(0x9F4B), fast, least_version=least)


def _expired(data: ApplicationData, told: Mapping[int, bytes]) -> bool:
    """Whether the card's date is over, missing, or no date."""
    try:
        return bcd.day(told[0x9A]) > bcd.day(data.require(0x5F24))
    except BadField:
        return True


async def _go_online(
    terminal: Terminal, data: ApplicationData, told: Mapping[int, bytes]
) -> FastOutcome:
    """Ask the issuer; the card may already be gone."""
    cryptogram, ctq = data.require(0x9F26), _wishes(data)
    data.require(0x9F10)
    values = {**data.objects, **told, 0x84: data.selected.name}
    request = AuthorisationRequest(tuple(sorted(values.items())), cryptogram)
    reply: AuthorisationReply | None = await GoOnline(request) if terminal.online else None
    approved = reply is not None and reply.code in (b"00", b"10", b"11")
    return FastOutcome(
        decision=Fast.APPROVED_ONLINE if approved else Fast.DECLINED,
        cryptogram=cryptogram,
        data=data,
        wants_signature=Ctq.SIGNATURE_REQUIRED in ctq,
        wants_pin=Ctq.ONLINE_PIN_REQUIRED in ctq,
    )
