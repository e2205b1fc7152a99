"""Know which of the issuer's script commands a card obeys: 发卡行脚本与安全报文.

Spec: JR/T 0025.5, annexes B and C; JR/T 0025.6, 7.12; JR/T 0025.17, 7 and 8.1.
"""

from __future__ import annotations

from szunion.emv import crypto
from szunion.emv.apdu import Command, Response
from szunion.emv.card.cells import (
    BALANCE,
    BALANCE_LIMIT,
    LOAD_LOG,
    MEMO,
    PIN,
    PIN_TRIES,
    SCRIPTS,
    amount,
    pin_cell,
    record_cell,
)
from szunion.emv.card.decision import Memo
from szunion.emv.card.session import (
    CONDITIONS,
    NO_RECORD,
    NOT_FOUND,
    OK,
    WRONG_DATA,
    WRONG_LENGTH,
    WRONG_P1P2,
    Context,
    Stage,
    entries,
)

_MAC = 4
_BLOCK, _UNBLOCK, _CARD_BLOCK, _PIN, _PUT_DATA, _UPDATE_RECORD = 0x1E, 0x18, 0x16, 0x24, 0xDA, 0xDC
_LOAD_LOG_RECORDS = 10
SCRIPT_COMMANDS = frozenset(
    {
        (0x84, _BLOCK),
        (0x84, _UNBLOCK),
        (0x84, _CARD_BLOCK),
        (0x84, _PIN),
        (0x04, _PUT_DATA),
        (0x04, _UPDATE_RECORD),
    }
)
"""CLA and INS of what an issuer may send. A card cannot know whether it stood in a script."""

Changes = dict[int, bytes]
Wish = Response | tuple[Changes, bool]
"""A refusal, or what to write and whether the whole card is to be blocked."""


def script_command(card: Context, command: Command) -> tuple[Response, bool]:
    """Obey or refuse; the flag says that the whole card is blocked from now on.

    After one bad MAC everything is refused until the power goes. A script is refused when
    issuer authentication failed, and not when there was none.
    """
    now = card.now
    if now.first is None or card.scripts_shut or now.authentication is False:
        return CONDITIONS, False
    if len(command.data) < _MAC:
        return _failed(card, Response(0x6987)), False
    if not crypto.same(_mac(card, command), command.data[-_MAC:]):
        card.scripts_shut = True
        return _failed(card, Response(0x6988)), False
    wish = _wish(card, command, command.data[:-_MAC])
    if isinstance(wish, Response):
        return _failed(card, wish), False
    changes, blocks_card = wish
    card.cells.write(_counted(card, Memo(0)) | changes)
    return Response(OK), blocks_card


def _mac(card: Context, command: Command) -> bytes:
    """Return the MAC over header with Lc, ATC, first cryptogram, and the data as sent."""
    head = bytes((command.cla, command.ins, command.p1, command.p2, len(command.data)))
    data = head + card.atc + card.now.first_ac + command.data[:-_MAC]
    key = card.session_key(card.keys.mac)
    return crypto.card_mac(card.now.path.algorithm, key, data, card.content.sm4.mac)[:_MAC]


def _counted(card: Context, more: Memo) -> Changes:
    """Return the script counter, which counts after the second GENERATE AC, and the memo."""
    changes: Changes = {}
    if card.now.stage is Stage.DONE:
        changes[SCRIPTS] = bytes((min(card.cells.number(SCRIPTS) + 1, 15),))
    if more:
        changes[MEMO] = bytes((card.cells.memo | more,))
    return changes


def _failed(card: Context, response: Response) -> Response:
    card.cells.write(_counted(card, Memo.SCRIPT_FAILED))
    return response


def _wish(card: Context, command: Command, data: bytes) -> Wish:  # noqa: PLR0911 - one status word for each refusal
    memo = card.cells.memo
    match command.ins:
        case 0x1E | 0x18 | 0x16 if command.p1 or command.p2:
            return WRONG_P1P2
        case 0x1E | 0x18 | 0x16 if data:
            return WRONG_LENGTH
        case 0x1E:
            return {MEMO: bytes((memo | Memo.BLOCKED,))}, False
        case 0x18:
            return {MEMO: bytes((memo & ~(Memo.BLOCKED | Memo.BLOCKED_BY_PIN),))}, False
        case 0x16:
            return {}, True
        case 0x24:
            return _pin(card, command, data)
        case 0xDA:
            return _put_data(card, command.p1 << 8 | command.p2, data)
        case _:
            return _update_record(card, command, data)


def _pin(card: Context, command: Command, data: bytes) -> Wish:  # noqa: PLR0911 - one status word for each refusal
    """PIN CHANGE/UNBLOCK: reset the tries, with P2 01 or 02 a new PIN too: 个人密码修改/解锁."""
    cells = card.cells
    if command.p1 or command.p2 > 2:
        return WRONG_P1P2
    old = cells.get(PIN)
    if old is None:
        return NOT_FOUND
    reset = {PIN_TRIES: bytes((card.content.pin_tries,))}
    if not command.p2:
        return WRONG_LENGTH if data else (reset, False)
    algorithm = card.now.path.algorithm
    if len(data) != 16:
        return WRONG_LENGTH
    key = card.session_key(card.keys.enc)
    clear = crypto.decrypt(algorithm, key, data)
    if clear[0] != 8 or clear[9:] != b"\x80" + bytes(6):
        return WRONG_DATA
    block = crypto.xor(clear[1:9], bytes(4) + card.keys.enc[4:8])
    if command.p2 == 1:
        digits = old.hex()[2 : 2 + old[0] % 16]
        block = crypto.xor(block, bytes.fromhex(digits.ljust(16, "0")))
    size = block[0]
    digits = block.hex()[2 : 2 + size]
    right = 4 <= size <= 12 and not digits.strip("0123456789")
    if not right or block.hex()[2 + size :].strip("f"):
        return WRONG_DATA
    return reset | {PIN: pin_cell(digits)}, False


def _put_data(card: Context, tag: int, data: bytes) -> Wish:
    cells = card.cells
    if tag not in card.content.writable:
        return NOT_FOUND
    old = cells.get(tag)
    if old is None:
        return NOT_FOUND
    if len(old) != len(data):
        return WRONG_DATA
    changes = {tag: data}
    if tag in (BALANCE, BALANCE_LIMIT, 0x9F78, 0x9F6D):
        new = amount(data)
        limit = cells.amount(BALANCE_LIMIT)
        if new is None or (tag == BALANCE and limit is not None and new > limit):
            return WRONG_DATA
    if tag == BALANCE:
        changes[LOAD_LOG] = _load_logged(card, old, data)
    return changes, False


def _load_logged(card: Context, old: bytes, new: bytes) -> bytes:
    """Return the load log with this load in front: 圈存日志.  Spec: JR/T 0025.13, table 12."""
    fixed = (BALANCE).to_bytes(2, "big") + old + new
    layout = entries(card.cells.get(0xDF4F) or b"")
    size = len(fixed) + sum(entry.length for entry in layout)
    told = b"".join(
        (card.atc if entry.tag == 0x9F36 else card.value(entry.tag, entry.length)).ljust(
            entry.length, b"\0"
        )[: entry.length]
        for entry in layout
    )
    return (fixed + told + (card.cells.get(LOAD_LOG) or b""))[: size * _LOAD_LOG_RECORDS]


def _update_record(card: Context, command: Command, data: bytes) -> Wish:
    sfi, form = command.p2 >> 3, command.p2 & 7
    if form != 4:
        return WRONG_P1P2
    if sfi not in card.content.updatable:
        return Response(0x6982)
    if card.cells.get(record_cell(sfi, command.p1)) is None:
        return NO_RECORD
    if not data:
        return WRONG_LENGTH
    return {record_cell(sfi, command.p1): data}, False
