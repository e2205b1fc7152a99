"""Know how a card pays over the air with one command: qPBOC 快速借贷记.

The answer to GET PROCESSING OPTIONS is the whole transaction. An offline approval is written
when the last record has been read: a card pulled away before that has paid nothing.

Spec: JR/T 0025.12, 7 and annexes D, E.
"""

from __future__ import annotations

from szunion.emv import cryptogram, tlv
from szunion.emv.apdu import Response
from szunion.emv.card.cells import ATC, BALANCE, MEMO, SINGLE_LIMIT, amount
from szunion.emv.card.content import RecordId, RsaPrivate
from szunion.emv.card.decision import Answer, Memo
from szunion.emv.card.generate import (
    application_cryptogram,
    approved_offline,
    ecash_covers,
    issuer_application_data,
    risk_of,
)
from szunion.emv.card.session import OK, Context, Stage, tlv_object
from szunion.emv.card.signing import Signer, sign_dynamic
from szunion.emv.errors import BadTlv

_OFFLINE_ONLY, _ONLINE_WANTED, _FDDA_01 = 0x08, 0x80, 0x80
_LARGEST_IN_ANSWER = 128
"""Bytes of a signature that fits the answer; a longer one stands in the last record."""


def answer(card: Context) -> Response:
    """Answer GET PROCESSING OPTIONS of a qPBOC terminal."""
    now, content = card.now, card.content
    chosen = content.options[now.path]
    now.first = decide(card)
    risk = risk_of(card, now.first)
    iad = issuer_application_data(card, risk, content.cvn_contactless)
    ac = application_cryptogram(card, cryptogram.PBOC_17, chosen.aip, iad)
    now.first_ac = ac
    told = [(0x82, chosen.aip), (ATC, card.atc)]
    now.stage = Stage.DONE
    if now.first is Answer.TC:
        told += _approved(card, chosen.afl)
        afl_end = _last_of(chosen.afl)
        if afl_end is None:
            _settle(card)
        now.last_record = afl_end
    tags = [0x57, 0x5F34, 0x9F6C]
    tags += [0x9F5D] if 0x9F5D in content.readable or now.first is Answer.TC else []
    tags += [0x9F63, 0x5F20] if now.first is Answer.ARQC else []
    for tag in tags:
        value = available(card) if tag == 0x9F5D else card.cells.get(tag)
        if value is not None:
            told.append((tag, value))
    told += [(0x9F10, iad), (0x9F26, ac)]
    body = b"".join(tlv_object(tag, value) for tag, value in told)
    if now.first is Answer.ARQC:
        card.cells.write({MEMO: bytes((card.cells.memo | Memo.ONLINE_OPEN,))})
    return Response(OK, tlv_object(0x77, body))


def decide(card: Context) -> Answer:
    """Return the card's decision: offline when the purse covers it and nobody wants online."""
    ttq = card.value(0x9F66, 4)
    spent = amount(card.value(0x9F02, 6))
    if ttq[1] & _ONLINE_WANTED == 0 and spent is not None and ecash_covers(card, spent):
        return Answer.TC
    return Answer.AAC if ttq[0] & _OFFLINE_ONLY else Answer.ARQC


def available(card: Context) -> bytes | None:
    """Return 9F5D, what can still be spent offline, if the issuer wants it told."""
    if card.cells.get(0x9F5D) is None:
        return None
    return card.cells.get(BALANCE) or card.cells.get(SINGLE_LIMIT)


def _approved(card: Context, afl: bytes) -> list[tuple[int, bytes]]:
    """Prepare an offline approval and return what the answer tells of it."""
    now, signer = card.now, card.signer
    now.pending = approved_offline(card, amount(card.value(0x9F02, 6)) or 0)
    told = [(0x94, afl)] if afl else []
    if signer is None:
        return told
    signed = _fast_signature(card, signer)
    if isinstance(signer, RsaPrivate) and signer.size > _LARGEST_IN_ANSWER and afl:
        now.fresh[0x9F4B] = signed
        return told
    return [*told, (0x9F4B, signed)]


def _fast_signature(card: Context, signer: Signer) -> bytes:
    """Return fDDA 00 over the terminal's number, or 01 over amount and card data too."""
    terminal = card.value(0x9F37, 4)
    if card.value(0x9F66, 4)[3] & _FDDA_01 and card.cells.get(0x9F69) is not None:
        ctq = card.cells.get(0x9F6C) or bytes(2)
        own = b"\x01" + card.chance.bytes(4) + ctq + b"\0"
        card.now.fresh[0x9F69] = own
        terminal += card.value(0x9F02, 6) + card.value(0x5F2A, 2) + own
    return sign_dynamic(signer, b"\x02" + card.atc, terminal)


def _last_of(afl: bytes) -> RecordId | None:
    return (afl[-4] >> 3, afl[-2]) if len(afl) >= 4 else None


def _settle(card: Context) -> None:
    """Write the approval: balance, counters and log in one step."""
    pending, card.now.pending = card.now.pending, None
    if pending:
        card.cells.write(pending)


def read(card: Context, record: RecordId, raw: bytes) -> Response:
    """Answer a record; the last one of an approval carries what is fresh, and settles it."""
    now = card.now
    if not card.contactless:
        return Response(OK, raw)
    if now.fresh:
        raw = _refreshed(card, raw, last=record == now.last_record)
    if now.pending and record == now.last_record:
        _settle(card)
    return Response(OK, raw)


def _refreshed(card: Context, raw: bytes, *, last: bool) -> bytes:
    """Return the record with this transaction's 9F69, and the signature at the end of the last."""
    try:
        nodes = tlv.parse(raw)
    except BadTlv:
        return raw
    if len(nodes) != 1 or nodes[0].tag != 0x70:
        return raw
    fresh = card.now.fresh
    children = [
        tlv.Node.of(child.tag, fresh[child.tag]) if child.tag in fresh else child
        for child in nodes[0].children
    ]
    signed = fresh.get(0x9F4B)
    if last and signed is not None and all(child.tag != 0x9F4B for child in children):
        children.append(tlv.Node.of(0x9F4B, signed))
    return tlv.Node.of(0x70, children).encode()
