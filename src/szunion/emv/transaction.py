"""Know the whole contact transaction, step by step in the order of the book: 接触式交易流程.

The outcome is a value: approved or declined, online or not, or not accepted. What raises is a card
that breaks the standard, or a reader that lost it.

Spec: JR/T 0025.6, 7; EMV book 3, 10; EMV book 4, 6.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from szunion.emv.cvm import NOTHING_TO_DO, HolderCheck, verify_holder
from szunion.emv.errors import CardFault
from szunion.emv.exchange import exchange, insist
from szunion.emv.fields import Aip, TerminalCapabilities, Tsi, Tvr
from szunion.emv.flow import AuthorisationReply, AuthorisationRequest, Candidate, GoOnline
from szunion.emv.generated import Cryptogram, read_cryptogram
from szunion.emv.issuer_script import ScriptResult, run_scripts
from szunion.emv.oda_keys import Assurance, Recovered, recover
from szunion.emv.outcome import Decision, Outcome
from szunion.emv.reading import ApplicationData, Options, collect, initiate, read_records
from szunion.emv.reasons import Reason
from szunion.emv.risk import listed, manage_risk, restrictions
from szunion.emv.selection import (
    Selected,
    build_candidate_list,
    choose,
    must_ask,
    select_application,
)
from szunion.emv.terminal import Business, Terminal, terminal_values

_CDA, _TC_HASH = 0x10, 0x98
_USE_NOT_SATISFIED = 0x6985
_APPROVES = (b"00", b"10", b"11")
_MOST_APPLICATIONS = 8
_NOT_SIGNED = frozenset({Reason.ANSWER_FORM, Reason.DYNAMIC_SIGNATURE_MISSING})
_MANDATORY = (0x5F24, 0x5A, 0x8C, 0x8D)
_ONLINE_DATA = (
    0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x9C,
    0x9F02, 0x5F2A, 0x82, 0x9F1A, 0x9F03, 0x9F33, 0x9F34, 0x9F35,
    0x9F1E, 0x84, 0x9F09, 0x9F41, 0x9F74, 0x5A, 0x5F34, 0x57,
)  # fmt: skip


@frozen(kw_only=True)
class _State:
    """What is known so far; every step makes a new one."""

    terminal: Terminal
    business: Business
    challenge: bytes
    data: ApplicationData
    tvr: Tvr = Tvr.of()
    tsi: Tsi = Tsi.of()
    method: oda.Method = oda.Method.NONE
    verdict: oda.Verdict
    recovered: Recovered | None = None
    holder: HolderCheck
    ecash: bool = False
    told: bytes = field(default=b"", repr=False)
    """PDOL, CDOL1, CDOL2 values, which CDA signs."""
    signs: bool = False
    """Whether the card is asked for a signature with its cryptograms."""
    code: bytes = b""
    reply: AuthorisationReply | None = None
    cryptograms: tuple[Cryptogram, ...] = ()
    scripts: tuple[ScriptResult, ...] = ()

    def values(self) -> dict[int, bytes]:
        """Return everything a list of the card may ask for."""
        known = terminal_values(self.terminal, self.business, self.challenge)
        known[0x84] = known[0x9F06] = self.data.selected.name
        known[0x95], known[0x9B] = self.tvr.raw, self.tsi.raw
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
    asked = False
    for _ in range(_MOST_APPLICATIONS):
        chosen = await choose(candidates, holder_chooses=terminal.holder_chooses, again=asked)
        if chosen is None:
            break
        asked = asked or (terminal.holder_chooses and must_ask(candidates))
        challenge = terminal.random(4)
        begun = await _begin(chosen, terminal, business, challenge)
        if begun is not None:
            selected, options = begun
            data = collect(selected, options, await read_records(options.afl), once=True)
            return await _go_through(terminal, business, challenge, data)
        candidates = [other for other in candidates if other.aid != chosen.aid]
    return Outcome(decision=Decision.NOT_ACCEPTED)


async def _begin(
    chosen: Candidate, terminal: Terminal, business: Business, challenge: bytes
) -> tuple[Selected, Options] | None:
    """Select the application finally and initiate it; None: not to be used now, take another.

    Spec: EMV book 1, 12.4 (any refusal of the final SELECT, and another name than the one that
    was selected); book 3, 10.1 (6985).
    """
    try:
        selected = await select_application(chosen.aid)
    except CardFault as fault:
        if fault.code == "FLOW-ANSWER":  # the reader's fault, not the application's
            raise
        return None
    if selected.name != chosen.aid:  # the card itself told the whole name
        return None
    values = terminal_values(terminal, business, challenge)
    try:
        return selected, await initiate(
            selected, {**values, 0x84: selected.name, 0x9F06: selected.name}
        )
    except CardFault as fault:
        if fault.sw != _USE_NOT_SATISFIED:
            raise
        return None


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
        holder=HolderCheck(results=NOTHING_TO_DO),
        told=data.options.told if data.options else b"",
        ecash=terminal.knows_ecash and data.value(0x9F74) is not None,
    )
    state = await _authenticate(state)
    state = evolve(state, tvr=state.tvr | restrictions(data, terminal, business))
    holder = await verify_holder(data, terminal, business)
    state = evolve(state, holder=holder, tvr=state.tvr | holder.tvr)
    if holder.results != NOTHING_TO_DO:
        state = evolve(state, tsi=state.tsi | Tsi.CARDHOLDER_VERIFICATION_PERFORMED)
    # electronic cash has limits of its own: floor, chance and velocity are not looked at
    risk = listed(business) if state.ecash else await manage_risk(data, terminal, business)
    tsi = state.tsi | Tsi.TERMINAL_RISK_MANAGEMENT_PERFORMED
    state = evolve(state, tvr=state.tvr | risk, tsi=tsi)
    ask = analyse(data, terminal, state.tvr)
    if state.ecash and ask is Ask.TC and await pboc.wants_online(data, terminal, business.amount):
        ask = Ask.ARQC
    state = await _generate(state, ask, 0x8C)
    return await _complete(state)


async def _authenticate(state: _State) -> _State:
    """Do SDA or DDA now; CDA comes with the cryptogram: 脱机数据认证."""
    terminal, data = state.terminal, state.data
    method = oda.choose(Aip(data.require(0x82)), TerminalCapabilities(terminal.capabilities))
    if method is oda.Method.NONE:
        verdict = oda.not_performed(terminal.policy)
        return evolve(state, tvr=state.tvr | verdict.tvr)
    card = data.for_authentication()
    if method is oda.Method.SDA:
        verdict = oda.check_sda(card, terminal.keys, terminal.policy)
        return _judged(state, method, verdict, None)
    recovered = recover(card, terminal.keys, terminal.policy, dynamic=True)
    if method is oda.Method.CDA:
        if recovered.reasons:  # the card and the issuer hear of it, and no signature is asked for
            return _judged(state, method, oda.unrecovered(recovered), recovered)
        return evolve(state, method=method, recovered=recovered, signs=True)
    verdict = await dynamic_authentication(data, recovered, terminal, state.values(), pays=True)
    return _judged(state, method, verdict, recovered)


async def dynamic_authentication(
    data: ApplicationData,
    recovered: Recovered,
    terminal: Terminal,
    values: Mapping[int, bytes],
    *,
    pays: bool,
) -> oda.Verdict:
    """Let the card sign our number by INTERNAL AUTHENTICATE and judge the answer (DDA).

    A signature that is wrong is told in the TVR; no signature at all ends a payment. Who only
    looks reads on: a card that does not sign is not authenticated, for whatever reason.

    Raises:
        CardFault: in a payment, another status word than 9000, or an answer without a signature.

    Spec: EMV book 3, 6.3.5 (table 5) and 6.5.9.4.
    """
    wishes = dol.parse(data.value(0x9F49) or terminal.default_ddol)
    told = dol.fill(wishes, values)
    send = insist if pays else exchange
    response = await send(Command(0x00, 0x88, 0x00, 0x00, told, le=256))
    answer = response.data if response.sw == 0x9000 else b""
    verdict = oda.check_dda(recovered, answer, told, values[0x9F37])
    if pays and not _NOT_SIGNED.isdisjoint(verdict.reasons):
        raise CardFault(0x9000, "DDA-ANSWER")
    return verdict


def _judged(
    state: _State, method: oda.Method, verdict: oda.Verdict, recovered: Recovered | None
) -> _State:
    return evolve(
        state,
        method=method,
        verdict=verdict,
        recovered=recovered,
        tvr=state.tvr | verdict.tvr,
        tsi=state.tsi | Tsi.ODA_PERFORMED,
    )


async def _generate(state: _State, ask: Ask, list_tag: int) -> _State:
    """Send GENERATE AC; with CDA judge the signature, unless the card declined."""
    wants_signature = state.signs and ask is not Ask.AAC
    wishes = dol.parse(state.data.require(list_tag))
    values = state.values()
    if any(entry.tag == _TC_HASH for entry in wishes):
        # the hash goes over what the TDOL lists; a card without one gets the terminal's, and the
        # bit that says so is in the very data that are hashed
        tdol = state.data.value(0x97)
        if tdol is None and state.terminal.default_tdol:
            state = evolve(state, tvr=state.tvr | Tvr.DEFAULT_TDOL_USED)
            values = state.values()
        hashed = dol.parse(state.terminal.default_tdol if tdol is None else tdol)
        values[_TC_HASH] = crypto.sha1(dol.fill(hashed, values))
    told = dol.fill(wishes, values)
    p1 = ask | (_CDA if wants_signature else 0)
    response = await insist(Command(0x80, 0xAE, p1, 0x00, told, le=256))
    cryptogram = read_cryptogram(response.data)
    state = evolve(
        state,
        told=state.told + told,
        tsi=state.tsi | Tsi.CARD_RISK_MANAGEMENT_PERFORMED,
        cryptograms=(*state.cryptograms, cryptogram),
    )
    if not cryptogram.within(ask):
        if list_tag == 0x8C:
            raise CardFault(0x9000, "AC-ANSWER")
        return state  # all is done but to read it as a decline.  Spec: EMV book 3, 9.3
    if wants_signature and state.recovered is not None and cryptogram.kind is not Ask.AAC:
        verdict = oda.check_cda(state.recovered, response.data, state.told, state.challenge)
        state = _judged(state, state.method, verdict, state.recovered)
        if verdict.passed and verdict.dynamic is not None:
            signed = evolve(cryptogram, ac=verdict.dynamic.cryptogram)
            state = evolve(state, cryptograms=(*state.cryptograms[:-1], signed))
    return state


async def _complete(state: _State) -> Outcome:
    """Decide from the first cryptogram, or go online and ask for the second."""
    kind = state.cryptograms[0].kind
    broken = state.signs and kind is not Ask.AAC and not state.verdict.passed
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


async def _online(state: _State) -> Outcome:
    """Ask the issuer, tell the card, run the scripts: 联机处理."""
    request = _request(state)
    reply = await GoOnline(request) if state.terminal.online else None
    if reply is None:
        declines = default_hit(state.data, state.terminal, state.tvr)
        code = UNABLE_ONLINE_DECLINED if declines else UNABLE_ONLINE_APPROVED
        ask = Ask.AAC if declines else Ask.TC
        state = await _generate(evolve(state, code=code), ask, 0x8D)
        decision = Decision.APPROVED_OFFLINE if _agreed(state, ask) else Decision.DECLINED_OFFLINE
        return _ended(state, decision)
    state = evolve(state, reply=reply, code=reply.code)
    supported = Aip.ISSUER_AUTHENTICATION in Aip(state.data.require(0x82))
    if reply.authentication is not None and supported:
        response = await exchange(Command(0x00, 0x82, 0x00, 0x00, reply.authentication))
        state = evolve(state, tsi=state.tsi | Tsi.ISSUER_AUTHENTICATION_PERFORMED)
        if response.sw != 0x9000:
            state = evolve(state, tvr=state.tvr | Tvr.ISSUER_AUTHENTICATION_FAILED)
    state = await _scripts(state, reply, 0x71)
    ask = Ask.TC if reply.code in _APPROVES else Ask.AAC
    state = await _generate(state, ask, 0x8D)
    approved = _agreed(state, ask)
    state = await _scripts(state, reply, 0x72)
    return _ended(state, Decision.APPROVED_ONLINE if approved else Decision.DECLINED_ONLINE)


def _agreed(state: _State, ask: Ask) -> bool:
    """Whether an approval was asked for and given; with CDA the last signature must hold too."""
    approves = ask is Ask.TC and state.cryptograms[-1].cid & 0xC0 == Ask.TC
    return approves and (not state.signs or state.verdict.passed)


async def _scripts(state: _State, reply: AuthorisationReply, template: int) -> _State:
    """Run the issuer's script of *template*: 71 before, 72 after the second cryptogram."""
    results = await run_scripts(reply.scripts, template)
    if not results:
        return state
    tvr = state.tvr
    if any(not result.done for result in results):
        tvr |= Tvr.SCRIPT_FAILED_BEFORE if template == 0x71 else Tvr.SCRIPT_FAILED_AFTER
    tsi = state.tsi | Tsi.SCRIPT_PERFORMED
    return evolve(state, tvr=tvr, tsi=tsi, scripts=(*state.scripts, *results))


def _request(state: _State) -> AuthorisationRequest:
    cryptogram = state.cryptograms[0]
    values = state.values() | {
        0x9F26: cryptogram.ac,
        0x9F27: bytes((cryptogram.cid,)),
        0x9F10: cryptogram.issuer_data,
        0x9F36: cryptogram.atc,
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
