"""Know the whole contact transaction, step by step in the order of the book: 接触式交易流程.

The outcome is a value: approved or declined, online or not, or not accepted. What raises is a card
that breaks the standard, or a reader that lost it.

Spec: JR/T 0025.6, 7; EMV book 3, 10; EMV book 4, 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import evolve, field, frozen

from szunion.emv import crypto, dol, oda, pboc
from szunion.emv.action import (
    OFFLINE_APPROVED,
    OFFLINE_DECLINED,
    UNABLE_ONLINE_APPROVED,
    UNABLE_ONLINE_DECLINED,
    Ask,
    analyse,
    default_hit,
)
from szunion.emv.apdu import Command
from szunion.emv.cvm import HolderCheck, verify_holder
from szunion.emv.errors import CardFault
from szunion.emv.exchange import exchange, insist
from szunion.emv.flow import AuthorisationReply, AuthorisationRequest, GoOnline
from szunion.emv.generated import Cryptogram, read_cryptogram
from szunion.emv.issuer_script import ScriptResult, run_scripts
from szunion.emv.oda_keys import Assurance, Recovered, recover
from szunion.emv.reading import ApplicationData, collect, initiate, read_records
from szunion.emv.risk import manage_risk, restrictions
from szunion.emv.rsa import RsaKey
from szunion.emv.selection import build_candidate_list, choose, select_application
from szunion.emv.terminal import Business, Terminal, Tsi, Tvr, terminal_values

_CDA, _TC_HASH = 0x10, 0x98
_USE_NOT_SATISFIED = 0x6985
_MOST_APPLICATIONS = 8
_MANDATORY = (0x5F24, 0x5A, 0x8C, 0x8D)
_ONLINE_DATA = (
    0x9F26,
    0x9F27,
    0x9F10,
    0x9F37,
    0x9F36,
    0x95,
    0x9A,
    0x9C,
    0x9F02,
    0x5F2A,
    0x82,
    0x9F1A,
    0x9F03,
    0x9F33,
    0x9F34,
    0x9F35,
    0x9F1E,
    0x84,
    0x9F09,
    0x9F41,
    0x9F74,
    0x5A,
    0x5F34,
    0x57,
)


class Decision(Enum):
    """How a transaction ended: 交易结果."""

    APPROVED_OFFLINE = "approved offline 脱机批准"
    APPROVED_ONLINE = "approved online 联机批准"
    DECLINED_OFFLINE = "declined offline 脱机拒绝"
    DECLINED_ONLINE = "declined online 联机拒绝"
    NOT_ACCEPTED = "no application in common 无可用应用"

    @property
    def approved(self) -> bool:
        """Whether goods may change hands."""
        return self in (Decision.APPROVED_OFFLINE, Decision.APPROVED_ONLINE)


@frozen(kw_only=True)
class Outcome:
    """How a transaction went."""

    decision: Decision
    assurance: Assurance = Assurance.READ_ONLY
    """How far it is believed that the genuine card took part. Never from unsigned data."""
    verdict: oda.Verdict | None = None
    tvr: Tvr = Tvr(0)
    tsi: Tsi = Tsi(0)
    code: bytes = b""
    """Authorisation response code 8A."""
    holder: HolderCheck | None = None
    holder_verified: bool = False
    """The PIN was right, and the card itself says so in signed data. 9000 alone is no proof."""
    cryptograms: tuple[Cryptogram, ...] = ()
    scripts: tuple[ScriptResult, ...] = ()
    """To be sent to the issuer in the next online message."""
    data: ApplicationData | None = None
    used_ecash: bool = False


@frozen(kw_only=True)
class _State:
    """What is known so far; every step makes a new one."""

    terminal: Terminal
    business: Business
    challenge: bytes
    data: ApplicationData
    tvr: Tvr = Tvr(0)
    tsi: Tsi = Tsi(0)
    method: oda.Method = oda.Method.NONE
    verdict: oda.Verdict
    recovered: Recovered | None = None
    holder: HolderCheck
    ecash: bool = False
    told: bytes = field(default=b"", repr=False)
    """PDOL, CDOL1, CDOL2 values, which CDA signs."""
    code: bytes = b""
    reply: AuthorisationReply | None = None
    cryptograms: tuple[Cryptogram, ...] = ()
    scripts: tuple[ScriptResult, ...] = ()

    def values(self) -> dict[int, bytes]:
        """Return everything a list of the card may ask for."""
        known = terminal_values(self.terminal, self.business, self.challenge)
        known[0x95], known[0x9B] = self.tvr.encode(), self.tsi.encode()
        known[0x9F34] = self.holder.results
        if self.code:
            known[0x8A] = self.code
        if self.reply is not None and self.reply.authentication is not None:
            known[0x91] = self.reply.authentication
        if self.verdict.dynamic is not None:
            known[0x9F4C] = self.verdict.dynamic.number
        if self.verdict.code:
            known[0x9F45] = self.verdict.code
        return {**self.data.objects, **known}


async def transact(terminal: Terminal, business: Business) -> Outcome:
    """Run one contact transaction from selection to scripts.

    Raises:
        CardFault: the card answered what the flow cannot go on with.
        BadData, LimitExceeded: its data break the standard, or do not end.
    """
    candidates = list(await build_candidate_list(terminal.supported))
    for _ in range(_MOST_APPLICATIONS):
        chosen = await choose(candidates, holder_chooses=terminal.holder_chooses)
        if chosen is None:
            break
        challenge = terminal.random(4)
        try:
            selected = await select_application(chosen.aid)
            values = terminal_values(terminal, business, challenge)
            options = await initiate(selected, {**values, 0x84: selected.name})
        except CardFault as fault:
            if fault.sw not in (_USE_NOT_SATISFIED, 0x6283, 0x6A82):
                raise
            # not to be used now: off the list, and back to selection
            candidates = [other for other in candidates if other.aid != chosen.aid]
            continue
        data = collect(selected, options, await read_records(options.afl))
        return await _go_through(terminal, business, challenge, data)
    return Outcome(decision=Decision.NOT_ACCEPTED)


async def _go_through(
    terminal: Terminal, business: Business, challenge: bytes, data: ApplicationData
) -> Outcome:
    for tag in _MANDATORY:
        data.require(tag)
    state = _State(
        terminal=terminal,
        business=business,
        challenge=challenge,
        data=data,
        verdict=oda.not_performed(terminal.policy),
        holder=HolderCheck(results=bytes.fromhex("3F0000")),
        told=data.options.told if data.options else b"",
        ecash=terminal.knows_ecash and data.value(0x9F74) is not None,
    )
    state = await _authenticate(state)
    state = evolve(state, tvr=state.tvr | restrictions(data, terminal, business))
    icc = state.recovered.icc if state.recovered else None
    card_key = icc.key if icc is not None and isinstance(icc.key, RsaKey) else None
    holder = await verify_holder(data, terminal, business, card_key)
    used = Tsi.HOLDER if holder.results != b"\x3f\0\0" else Tsi(0)
    state = evolve(state, holder=holder, tvr=state.tvr | holder.tvr, tsi=state.tsi | used)
    if state.ecash:
        wants_online = await pboc.wants_online(data, terminal, business.amount)
        ask = Ask.ARQC if wants_online else analyse(data, terminal, state.tvr)
    else:
        risk = await manage_risk(data, terminal, business)
        state = evolve(state, tvr=state.tvr | risk, tsi=state.tsi | Tsi.TERMINAL_RISK)
        ask = analyse(data, terminal, state.tvr)
    state = await _generate(state, ask, 0x8C)
    return await _complete(state, ask)


async def _authenticate(state: _State) -> _State:
    """Do SDA or DDA now; CDA comes with the cryptogram: 脱机数据认证."""
    terminal, data = state.terminal, state.data
    aip = data.require(0x82)
    able = {"sda": terminal.able(3, 8), "dda": terminal.able(3, 7), "cda": terminal.able(3, 4)}
    method = oda.choose(aip, **able)
    if method is oda.Method.NONE:
        verdict = oda.not_performed(terminal.policy)
        return evolve(state, tvr=state.tvr | _tvr(verdict))
    card = data.for_authentication()
    if method is oda.Method.SDA:
        verdict = oda.check_sda(card, terminal.keys, terminal.policy)
        return _judged(state, method, verdict, None)
    recovered = recover(card, terminal.keys, terminal.policy, dynamic=True)
    if method is oda.Method.CDA:
        return evolve(state, method=method, recovered=recovered)
    verdict = await dynamic_authentication(data, recovered, terminal, state.values())
    return _judged(state, method, verdict, recovered)


async def dynamic_authentication(
    data: ApplicationData,
    recovered: Recovered,
    terminal: Terminal,
    values: Mapping[int, bytes],
) -> oda.Verdict:
    """Let the card sign our number by INTERNAL AUTHENTICATE and judge the answer (DDA).

    A card that does not sign is not authenticated, for whatever reason.
    """
    listed = dol.parse(data.value(0x9F49) or terminal.default_ddol)
    told = dol.fill(listed, values)
    response = await exchange(Command(0x00, 0x88, 0x00, 0x00, told, le=256))
    answer = response.data if response.sw == 0x9000 else b""
    return oda.check_dda(recovered, answer, told, values[0x9F37])


def _judged(
    state: _State, method: oda.Method, verdict: oda.Verdict, recovered: Recovered | None
) -> _State:
    return evolve(
        state,
        method=method,
        verdict=verdict,
        recovered=recovered,
        tvr=state.tvr | _tvr(verdict),
        tsi=state.tsi | Tsi.ODA,
    )


def _tvr(verdict: oda.Verdict) -> Tvr:
    return Tvr(int.from_bytes(verdict.tvr, "big"))


async def _generate(state: _State, ask: Ask, list_tag: int) -> _State:
    """Send GENERATE AC; with CDA judge the signature, unless the card declined."""
    wants_signature = state.method is oda.Method.CDA and ask is not Ask.AAC
    listed = dol.parse(state.data.require(list_tag))
    values = state.values()
    if any(entry.tag == _TC_HASH for entry in listed):
        # the hash goes over what the TDOL lists; a card without one gets the terminal's, and the
        # bit that says so is in the very data that are hashed
        if state.data.value(0x97) is None:
            state = evolve(state, tvr=state.tvr | Tvr.DEFAULT_TDOL)
            values = state.values()
        tdol = state.data.value(0x97) or state.terminal.default_tdol
        values[_TC_HASH] = crypto.sha1(dol.fill(dol.parse(tdol), values))
    told = dol.fill(listed, values)
    p1 = ask | (_CDA if wants_signature else 0)
    response = await insist(Command(0x80, 0xAE, p1, 0x00, told, le=256))
    cryptogram = read_cryptogram(response.data)
    state = evolve(
        state,
        told=state.told + told,
        tsi=state.tsi | Tsi.CARD_RISK,
        cryptograms=(*state.cryptograms, cryptogram),
    )
    if wants_signature and state.recovered is not None and cryptogram.kind is not Ask.AAC:
        verdict = oda.check_cda(state.recovered, response.data, state.told, state.challenge)
        state = _judged(state, state.method, verdict, state.recovered)
        if verdict.passed and verdict.dynamic is not None:
            signed = evolve(cryptogram, ac=verdict.dynamic.cryptogram)
            state = evolve(state, cryptograms=(*state.cryptograms[:-1], signed))
    return state


async def _complete(state: _State, ask: Ask) -> Outcome:
    """Decide from the first cryptogram, or go online and ask for the second."""
    kind = state.cryptograms[0].kind
    if _stricter(kind, ask):
        raise CardFault(0x9000, "AC-ANSWER")
    broken = state.method is oda.Method.CDA and kind is not Ask.AAC and not state.verdict.passed
    if kind is Ask.AAC:
        return _ended(evolve(state, code=OFFLINE_DECLINED), Decision.DECLINED_OFFLINE)
    if kind is Ask.TC:
        if broken:
            return _ended(evolve(state, code=OFFLINE_DECLINED), Decision.DECLINED_OFFLINE)
        return _ended(evolve(state, code=OFFLINE_APPROVED), Decision.APPROVED_OFFLINE)
    if broken:
        state = await _generate(evolve(state, code=OFFLINE_DECLINED), Ask.AAC, 0x8D)
        return _ended(state, Decision.DECLINED_OFFLINE)
    return await _online(state)


def _stricter(kind: Ask, ask: Ask) -> bool:
    """Whether the card answered more than it was asked for, which no card may."""
    rank = {Ask.AAC: 0, Ask.ARQC: 1, Ask.TC: 2}
    return rank[kind] > rank[ask]


async def _online(state: _State) -> Outcome:
    """Ask the issuer, tell the card, run the scripts: 联机处理."""
    request = _request(state)
    reply = await GoOnline(request) if state.terminal.online else None
    if reply is None:
        declines = default_hit(state.data, state.terminal, state.tvr)
        code = UNABLE_ONLINE_DECLINED if declines else UNABLE_ONLINE_APPROVED
        state = await _generate(evolve(state, code=code), Ask.AAC if declines else Ask.TC, 0x8D)
        approved = state.cryptograms[-1].kind is Ask.TC and _still_believed(state)
        decision = Decision.APPROVED_OFFLINE if approved else Decision.DECLINED_OFFLINE
        return _ended(state, decision)
    state = evolve(state, reply=reply, code=reply.code)
    aip = state.data.require(0x82)
    if reply.authentication is not None and aip[0] & 0x04:
        response = await exchange(Command(0x00, 0x82, 0x00, 0x00, reply.authentication))
        failed = Tvr.ISSUER_AUTHENTICATION_FAILED if response.sw != 0x9000 else Tvr(0)
        tsi = state.tsi | Tsi.ISSUER_AUTHENTICATION
        state = evolve(state, tvr=state.tvr | failed, tsi=tsi)
    state = await _scripts(state, reply, 0x71)
    ask = Ask.TC if reply.code in (b"00", b"10", b"11") else Ask.AAC
    state = await _generate(state, ask, 0x8D)
    state = await _scripts(state, reply, 0x72)
    approved = ask is Ask.TC and state.cryptograms[-1].kind is Ask.TC and _still_believed(state)
    return _ended(state, Decision.APPROVED_ONLINE if approved else Decision.DECLINED_ONLINE)


def _still_believed(state: _State) -> bool:
    """With CDA the last signature must hold as well."""
    return state.method is not oda.Method.CDA or state.verdict.passed


async def _scripts(state: _State, reply: AuthorisationReply, template: int) -> _State:
    """Run the issuer's script of *template*: 71 before, 72 after the second cryptogram."""
    results = await run_scripts(reply.scripts, template)
    if not results:
        return state
    tvr = state.tvr
    if any(not result.done for result in results):
        tvr |= Tvr.SCRIPT_FAILED_BEFORE if template == 0x71 else Tvr.SCRIPT_FAILED_AFTER
    return evolve(state, tvr=tvr, tsi=state.tsi | Tsi.SCRIPT, scripts=(*state.scripts, *results))


def _request(state: _State) -> AuthorisationRequest:
    cryptogram = state.cryptograms[0]
    values = state.values() | {
        0x9F26: cryptogram.ac,
        0x9F27: bytes((cryptogram.cid,)),
        0x9F10: cryptogram.issuer_data,
        0x9F36: cryptogram.atc,
        0x84: state.data.selected.name,
    }
    told = tuple((tag, values[tag]) for tag in _ONLINE_DATA if tag in values)
    return AuthorisationRequest(told, cryptogram.ac, state.holder.pin, cryptogram.advice)


def _ended(state: _State, decision: Decision) -> Outcome:
    return Outcome(
        decision=decision,
        assurance=state.verdict.assurance,
        verdict=state.verdict,
        tvr=state.tvr,
        tsi=state.tsi,
        code=state.code,
        holder=state.holder,
        holder_verified=_holder_verified(state),
        cryptograms=state.cryptograms,
        scripts=state.scripts,
        data=state.data,
        used_ecash=state.ecash and decision is Decision.APPROVED_OFFLINE,
    )


def _holder_verified(state: _State) -> bool:
    """Whether the card says, in data it signed, that it checked the PIN and found it right.

    A device between card and reader can answer 9000 to VERIFY by itself. The card's own view is in
    the CVR inside 9F10; only CDA protects that on its way here.
    """
    if not state.holder.offline_pin or state.verdict.assurance < Assurance.CDA_OFFLINE:
        return False
    issuer_data = state.cryptograms[0].issuer_data
    if len(issuer_data) < 7 or issuer_data[0] != 7 or issuer_data[3] != 3:
        return False
    done, failed = issuer_data[4] & 0x04, issuer_data[4] & 0x02
    return bool(done) and not failed
