"""Know how a card answers GENERATE AC and EXTERNAL AUTHENTICATE: 应用密文与发卡行认证.

Spec: JR/T 0025.5, 7.8 to 7.11, annexes D and E; JR/T 0025.17, 6.
"""

from __future__ import annotations

from szunion.emv import crypto, cryptogram
from szunion.emv.apdu import Command, Response
from szunion.emv.card import decision
from szunion.emv.card.cells import (
    ABROAD,
    ATC,
    BALANCE,
    FOREIGN,
    LAST_ONLINE,
    LOG,
    MEMO,
    PIN_TRIES,
    SCRIPTS,
    TOTAL,
    amount,
    digits,
)
from szunion.emv.card.content import Path
from szunion.emv.card.decision import Ada, Answer, Memo, Risk
from szunion.emv.card.session import (
    CONDITIONS,
    OK,
    WRONG_LENGTH,
    WRONG_P1P2,
    Context,
    Stage,
    entries,
    split,
    tlv_object,
    wanted_size,
)
from szunion.emv.card.signing import digest, sign_dynamic

_CDA = 0x10
_UNABLE_ONLINE = (b"Y3", b"Z3")
_MOST_LOG = 30
_ECASH = (Path.ECASH, Path.ECASH_SM)


def generate_ac(card: Context, command: Command) -> Response:
    """Answer GENERATE AC, the first or the second; a third is 6985."""
    kind, cda = command.p1 & 0xC0, bool(command.p1 & _CDA)
    if kind == 0xC0 or command.p1 & 0x2F or command.p2:
        return WRONG_P1P2
    now = card.now
    if now.stage is Stage.INITIATED:
        dol = card.lists.get(0x8C, b"")
    elif now.stage is Stage.ONLINE:
        dol = card.lists.get(0x8D, b"")
    else:
        return CONDITIONS
    if len(command.data) != wanted_size(dol):
        return WRONG_LENGTH
    answer = Answer(kind)
    if now.stage is Stage.ONLINE and answer is Answer.ARQC:
        return WRONG_P1P2
    now.values |= split(dol, command.data)
    now.cdol += command.data
    return _first(card, answer, cda=cda) if now.first is None else _second(card, answer, cda=cda)


def _first(card: Context, wanted: Answer, *, cda: bool) -> Response:
    now, cells = card.now, card.cells
    risk = risk_of(card, wanted)
    answer = decision.first(risk)
    spent = amount(card.value(0x9F02, 6)) or 0
    if answer is Answer.TC and now.path in _ECASH and not ecash_covers(card, spent):
        answer = Answer.ARQC
    now.first = answer
    changes = _after_first(card, answer, spent)
    if changes:
        cells.write(changes)
    now.stage = Stage.ONLINE if answer is Answer.ARQC else Stage.DONE
    return _answer(card, answer, risk, cda=cda, advice=decision.wants_advice(risk, answer))


def _after_first(card: Context, answer: Answer, spent: int) -> dict[int, bytes]:
    """Return what the card remembers of its first answer."""
    cells, memo = card.cells, card.cells.memo
    if answer is Answer.ARQC:
        return {MEMO: bytes((memo | Memo.ONLINE_OPEN,))}
    if answer is Answer.TC:
        return approved_offline(card, spent)
    tvr = card.value(0x95, 5)
    if tvr[0] & 0x40:
        memo |= Memo.SDA_FAILED
    if tvr[0] & 0x0C:
        memo |= Memo.DDA_FAILED
    return {MEMO: bytes((memo,))} if memo != cells.memo else {}


def approved_offline(card: Context, spent: int) -> dict[int, bytes]:
    """Return the changes of an offline approval: counters or balance, and the log record."""
    cells = card.cells
    changes = {LOG: _logged(card)}
    if card.now.path in (Path.DEBIT, Path.DEBIT_SM):
        if is_domestic(card):
            changes[TOTAL] = digits(min((cells.amount(TOTAL) or 0) + spent, 999_999_999_999))
        else:
            changes[ABROAD] = bytes((min(cells.number(ABROAD) + 1, 255),))
        if card.value(0x9F1A, 2) != cells.get(0x9F57):
            changes[FOREIGN] = bytes((min(cells.number(FOREIGN) + 1, 255),))
    else:
        changes[BALANCE] = digits((cells.amount(BALANCE) or 0) - spent)
    return changes


def _logged(card: Context) -> bytes:
    """Return the log with this transaction in front: 交易日志.  Spec: JR/T 0025.13, table 9."""
    layout = entries(card.cells.get(0x9F4F) or b"")
    size = sum(entry.length for entry in layout)
    record = b"".join(
        (card.atc if entry.tag == ATC else card.value(entry.tag, entry.length))[
            : entry.length
        ].ljust(entry.length, b"\0")
        for entry in layout
    )
    return (record + (card.cells.get(LOG) or b""))[: size * _MOST_LOG]


def is_domestic(card: Context) -> bool:
    """Whether the amount is in the application's own currency."""
    own = card.cells.get(0x9F51) or card.content.currency
    return card.value(0x5F2A, 2) == own


def ecash_covers(card: Context, spent: int) -> bool:
    """Whether electronic cash can pay *spent* fen.  Spec: JR/T 0025.13, figure 2."""
    cells = card.cells
    balance = cells.amount(BALANCE)
    if balance is None or spent > balance or not is_domestic(card):
        return False
    single = cells.amount(0x9F78)
    if single is not None and spent > single:
        return False
    tries = cells.get(PIN_TRIES)
    pending = Memo.AUTHENTICATION_FAILED | Memo.SCRIPT_FAILED | Memo.BLOCKED
    return not cells.memo & pending and tries != b"\0"


def risk_of(card: Context, wanted: Answer) -> Risk:
    """Return everything that the card's decision depends on."""
    now, cells = card.now, card.cells
    since = int.from_bytes(card.atc, "big") - cells.number(LAST_ONLINE)
    total = (cells.amount(TOTAL) or 0) + (
        (amount(card.value(0x9F02, 6)) or 0) if is_domestic(card) else 0
    )
    abroad = cells.number(ABROAD) + (not is_domestic(card))
    foreign = cells.number(FOREIGN) + (card.value(0x9F1A, 2) != cells.get(0x9F57))

    def beyond(tag: int, number: int) -> bool:
        return cells.get(tag) is not None and number > cells.number(tag)

    lower = beyond(0x9F58, since) or beyond(0x9F53, abroad) or beyond(0x9F72, foreign)
    cttal, upper_total = cells.amount(0x9F54), cells.amount(0x9F5C)
    fresh_ecash = now.path not in (Path.DEBIT, Path.DEBIT_SM)
    return Risk(
        wanted=wanted,
        ada=Ada(int.from_bytes((cells.get(0x9F52) or b"")[:2].ljust(2, b"\0"), "big")),
        memo=cells.memo & ~Memo.BLOCKED | (Memo.BLOCKED if now.blocked else Memo(0)),
        is_new=not cells.number(LAST_ONLINE),
        pin_blocked_before=now.pin_blocked_before,
        pin_blocked_now=now.pin_spent,
        over_lower=not fresh_ecash and (lower or (cttal is not None and total > cttal)),
        over_upper=not fresh_ecash
        and (beyond(0x9F59, since) or (upper_total is not None and total > upper_total)),
        authentication_mandatory=bool(cells.number(0x9F56) & 0x80),
        authentication=now.authentication,
    )


def _second(card: Context, wanted: Answer, *, cda: bool) -> Response:
    now, cells = card.now, card.cells
    code = card.value(0x8A, 2)
    now.offline = code in _UNABLE_ONLINE
    risk = risk_of(card, wanted)
    answer = decision.second_offline(risk) if now.offline else decision.second(risk)
    now.second = answer
    response = _answer(card, answer, risk, cda=cda, advice=decision.wants_advice(risk, answer))
    spent = amount(card.value(0x9F02, 6)) or 0
    if not now.offline:
        changes = _after_online(card, answer)
        if answer is Answer.TC:
            changes[LOG] = _logged(card)
    else:
        changes = approved_offline(card, spent) if answer is Answer.TC else {}
        if now.path in _ECASH:
            changes.pop(BALANCE, None)  # what went online was never paid from the balance
    if changes:
        cells.write(changes)
    now.stage = Stage.DONE
    return response


def _after_online(card: Context, answer: Answer) -> dict[int, bytes]:
    """Return what the card remembers of an issuer that was reached.  Spec: part 5, 7.10."""
    cells, now = card.cells, card.now
    memo = cells.memo
    mandatory = bool(cells.number(0x9F56) & 0x80)
    if now.authentication is False:
        memo |= Memo.AUTHENTICATION_FAILED
    elif now.authentication is None and mandatory:
        memo |= Memo.AUTHENTICATION_MISSING
    trusted = now.authentication or (now.authentication is None and not mandatory)
    if not trusted:
        return {MEMO: bytes((memo,))}
    memo &= Memo.BLOCKED | Memo.BLOCKED_BY_PIN
    changes = {MEMO: bytes((memo,)), SCRIPTS: b"\0"}
    if answer is Answer.TC or now.authentication:
        changes |= {LAST_ONLINE: card.atc, TOTAL: digits(0), ABROAD: b"\0", FOREIGN: b"\0"}
    return changes


def _cvr(card: Context, risk: Risk) -> bytes:
    """Return the card verification results 卡片验证结果, with their length 03 in front."""
    now, memo = card.now, risk.memo
    coded = {Answer.AAC: 0, Answer.TC: 1, Answer.ARQC: 2}
    second = 2 if now.second is None else coded[now.second]
    byte2 = second << 6 | coded[now.first or Answer.AAC] << 4
    byte2 |= (now.authentication is False) << 3 | now.pin_done << 2
    byte2 |= now.pin_failed << 1 | now.offline
    byte3 = bool(memo & Memo.ONLINE_OPEN) << 7
    byte3 |= (now.pin_spent or now.pin_blocked_before) << 6 | risk.over_lower << 5
    byte3 |= risk.is_new << 4 | bool(memo & Memo.AUTHENTICATION_FAILED) << 3
    byte3 |= bool(memo & Memo.AUTHENTICATION_MISSING) << 2
    byte3 |= bool(memo & Memo.BLOCKED_BY_PIN) << 1 | bool(memo & Memo.SDA_FAILED)
    byte4 = card.cells.number(SCRIPTS) << 4 | bool(memo & Memo.SCRIPT_FAILED) << 3
    byte4 |= bool(memo & Memo.DDA_FAILED) << 2 | now.dynamic << 1
    return bytes((3, byte2, byte3, byte4))


def issuer_application_data(card: Context, risk: Risk, cvn: int) -> bytes:
    """Return 9F10 发卡行应用数据: key index, version, CVR, algorithm, issuer-defined data."""
    content, algorithm = card.content, card.now.path.algorithm
    head = bytes((7, content.key_index, cvn)) + _cvr(card, risk) + bytes((algorithm.value,))
    number = content.issuer_data
    if number is None:
        return head
    cells = card.cells
    five = {
        1: (BALANCE,),
        2: (TOTAL,),
        3: (BALANCE, TOTAL),
        4: (TOTAL, 0x9F54),
        5: (0x9F5D,),
    }[number]
    amounts = b"".join((cells.get(tag) or bytes(6))[-5:] for tag in five)
    key = card.session_key(card.keys.mac)
    mac = cryptogram.issuer_data_mac(algorithm, key, card.atc, amounts, content.sm4)
    return head + cryptogram.issuer_data(number, amounts, mac)


def application_cryptogram(
    card: Context, version: cryptogram.Version, aip: bytes, iad: bytes
) -> bytes:
    """Return the 8-byte cryptogram over what the terminal told and what the card knows."""
    sizes = {0x9F02: 6, 0x9F03: 6, 0x9F1A: 2, 0x95: 5, 0x5F2A: 2, 0x9A: 3, 0x9C: 1, 0x9F37: 4}
    values: dict[cryptogram.Input, bytes] = {
        tag: card.value(tag, size) for tag, size in sizes.items()
    }
    values |= {0x82: aip, ATC: card.atc, 0x9F10: iad, 0x98: card.value(0x98, 20)}
    algorithm, sm4 = card.now.path.algorithm, card.content.sm4
    key = card.session_key(card.keys.ac)
    data = cryptogram.assemble(version, values)
    return cryptogram.cryptogram(algorithm, key, data, version.padding, sm4)


def _answer(card: Context, answer: Answer, risk: Risk, *, cda: bool, advice: bool) -> Response:
    now, content = card.now, card.content
    signer = card.signer
    aip = content.options[now.path].aip
    signs = (
        cda
        and signer is not None
        and bool(aip[0] & 0x01)
        and (answer is not Answer.AAC or content.signs_aac)
    )
    if signs:
        now.dynamic = True
    iad = issuer_application_data(card, risk, content.cvn)
    with_hash = any(entry.tag == 0x98 for entry in entries(card.lists.get(0x8C, b"")))
    version = cryptogram.PBOC_01_HASH if with_hash else cryptogram.PBOC_01
    ac = application_cryptogram(card, version, aip, iad)
    if not now.first_ac:
        now.first_ac = ac
    cid = bytes((answer | (0x08 if advice else 0),))
    if not signs or signer is None:
        body = cid + card.atc + ac + iad
        return Response(OK, tlv_object(0x80, body))
    told = tlv_object(0x9F27, cid) + tlv_object(ATC, card.atc) + tlv_object(0x9F10, iad)
    number = card.chance.bytes(8)
    transaction = digest(signer, now.pdol + now.cdol + told)
    dynamic = bytes((len(number),)) + number + cid + ac + transaction
    signed = sign_dynamic(signer, dynamic, card.value(0x9F37, 4))
    return Response(OK, tlv_object(0x77, told + tlv_object(0x9F4B, signed)))


def external_authenticate(card: Context, command: Command) -> Response:
    """Check the issuer's answer; once in a transaction: 外部认证."""
    now = card.now
    if command.p1 or command.p2:
        return WRONG_P1P2
    if now.stage is not Stage.ONLINE or now.authentication is not None:
        return CONDITIONS
    if not 10 <= len(command.data) <= 16:
        return WRONG_LENGTH
    algorithm = now.path.algorithm
    key = card.session_key(card.keys.ac)
    expected = cryptogram.arpc_1(algorithm, key, now.first_ac, command.data[8:10])
    now.authentication = crypto.same(expected, command.data[:8])
    return Response(OK if now.authentication else 0x6300)
