"""Know how a card's debit/credit application answers each command: 借贷记应用.

Spec: JR/T 0025.5; JR/T 0025.13 for electronic cash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from szunion.emv import crypto, tlv
from szunion.emv.apdu import Command, Response
from szunion.emv.card import fast
from szunion.emv.card.cells import (
    ATC,
    LOAD_LOG,
    LOG,
    MEMO,
    PIN,
    PIN_TRIES,
    Cells,
    amount,
    record_cell,
)
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import Path, PaymentApplication
from szunion.emv.card.decision import Ada, Memo
from szunion.emv.card.generate import ecash_covers, external_authenticate, generate_ac
from szunion.emv.card.secure import SCRIPT_COMMANDS, script_command
from szunion.emv.card.session import (
    CONDITIONS,
    NO_RECORD,
    NOT_FOUND,
    OK,
    WRONG_DATA,
    WRONG_LENGTH,
    WRONG_P1P2,
    Context,
    Session,
    Stage,
    entries,
    split,
    tlv_object,
    wanted_size,
)
from szunion.emv.card.signing import decipher, sign_dynamic
from szunion.emv.errors import BadTlv

LAST_ATC = 0xFFFF
"""At this counter the application is dead for ever."""

_LISTS = (0x8C, 0x8D, 0x9F49)


class DebitCard:
    """The application at work. It changes in place, like the chip.

    Args:
        content: What was personalised.
        cells: Its part of the memory.
        chance: The card's dice.
    """

    def __init__(self, content: PaymentApplication, cells: Cells, chance: Chance) -> None:
        self._card = Context(content, cells, chance, lists=_lists_of(content))

    @property
    def aid(self) -> bytes:
        """The DF name."""
        return self._card.content.aid

    def reachable(self, *, contactless: bool) -> bool:
        """Whether the application can be selected on this interface."""
        return not contactless or self._card.content.fci_contactless is not None

    def power_up(self, *, contactless: bool) -> None:
        """Forget everything volatile."""
        card = self._card
        card.contactless = contactless
        card.scripts_shut = False
        card.challenge = b""
        card.now = Session()

    def select(self) -> Response:
        """Answer SELECT: a new transaction begins; a blocked application warns."""
        card = self._card
        card.now = Session()
        card.challenge = b""
        blocked = Memo.BLOCKED in card.cells.memo
        return Response(0x6283 if blocked else OK, card.fci)

    def process(self, command: Command) -> tuple[Response, bool]:
        """Answer one command; the flag says that the whole card is blocked from now on."""
        header = command.cla, command.ins
        if header in SCRIPT_COMMANDS:
            return script_command(self._card, command)
        answer = _COMMANDS.get(header)
        if answer is None:
            known = any(ins == command.ins for _, ins in _COMMANDS)
            return Response(0x6E00 if known else 0x6D00), False
        return answer(self._card, command), False


def _lists_of(content: PaymentApplication) -> Mapping[int, bytes]:
    found: dict[int, bytes] = {}
    for record in content.records.values():
        try:
            nodes = tlv.parse(record)
        except BadTlv:
            continue
        for tag in _LISTS:
            value = tlv.first(nodes, tag)
            if value is not None:
                found.setdefault(tag, value)
    return MappingProxyType(found)


def _pdol(card: Context) -> bytes:
    try:
        return tlv.first(tlv.parse(card.fci), 0x9F38) or b""
    except BadTlv:
        return b""


def _pdol_data(data: bytes) -> bytes | None:
    """Return what stands in the command template 83, None when it is none."""
    try:
        nodes = tlv.parse(data)
    except BadTlv:
        return None
    return nodes[0].value if len(nodes) == 1 and nodes[0].tag == 0x83 else None


def _choose_path(card: Context) -> Path | None:
    """Return the way this transaction goes; None: the card cannot go where it is asked to."""
    options = card.content.options
    national = card.value(0xDF69, 1) == b"\x01"

    def either(plain: Path, national_one: Path) -> Path | None:
        if national and national_one in options:
            return national_one
        return plain if plain in options else None

    if card.contactless:
        asked = card.value(0x9F66, 4)[0] & 0x20
        return either(Path.QPBOC, Path.QPBOC_SM) if asked else None
    if card.value(0x9F7A, 1) == b"\x01" and ecash_covers(card, amount(card.value(0x9F02, 6)) or 0):
        path = either(Path.ECASH, Path.ECASH_SM)
        if path is not None:
            return path
    return either(Path.DEBIT, Path.DEBIT_SM)


def get_processing_options(card: Context, command: Command) -> Response:  # noqa: PLR0911 - one status word for each refusal
    """Begin a transaction: the counter goes up, the way is chosen: 应用初始化."""
    now, cells = card.now, card.cells
    if command.p1 or command.p2:
        return WRONG_P1P2
    if now.stage is not Stage.SELECTED:
        return CONDITIONS
    told = _pdol_data(command.data)
    if told is None:
        return WRONG_DATA
    pdol = _pdol(card)
    if len(told) != wanted_size(pdol):
        return WRONG_LENGTH
    now.pdol, now.values = told, split(pdol, told)
    path = _choose_path(card)
    atc = cells.number(ATC)
    if path is None or atc >= LAST_ATC:
        return CONDITIONS
    if card.contactless and Memo.BLOCKED in cells.memo:
        return CONDITIONS
    now.path = path
    now.pin_blocked_before = cells.get(PIN_TRIES) == b"\0"
    cells.write({ATC: (atc + 1).to_bytes(2, "big")} | _pin_memory(card))
    now.blocked = Memo.BLOCKED in cells.memo
    now.stage = Stage.INITIATED
    if card.contactless:
        return fast.answer(card)
    chosen = card.content.options[path]
    return Response(OK, tlv_object(0x80, chosen.aip + chosen.afl))


def _pin_memory(card: Context) -> dict[int, bytes]:
    """Return the block that follows from PIN tries used up in an earlier transaction."""
    ada = Ada(int.from_bytes((card.cells.get(0x9F52) or b"")[:2].ljust(2, b"\0"), "big"))
    if card.now.pin_blocked_before and Ada.PIN_BEFORE_BLOCKS in ada:
        blocked = card.cells.memo | Memo.BLOCKED | Memo.BLOCKED_BY_PIN
        return {MEMO: bytes((blocked,))}
    return {}


def read_record(card: Context, command: Command) -> Response:
    """Answer READ RECORD: records, the transaction log, the load log: 读记录."""
    sfi, form = command.p2 >> 3, command.p2 & 7
    if form != 4 or not 1 <= sfi <= 30:
        return WRONG_P1P2
    entry = _log_entry(card, 0x9F4D)
    if entry == sfi:
        return _log_record(card, LOG, 0x9F4F, 0, command.p1)
    if _log_entry(card, 0xDF4D) == sfi:
        if command.p1 == 0:
            return _whole_load_log(card)
        return _log_record(card, LOAD_LOG, 0xDF4F, 14, command.p1)
    record = card.cells.get(record_cell(sfi, command.p1))
    if record is None:
        record = card.content.records.get((sfi, command.p1))
    if record is None:
        known = any(sfi == other for other, _ in card.content.records)
        return NO_RECORD if known else Response(0x6A82)
    return fast.read(card, (sfi, command.p1), record)


def _log_entry(card: Context, tag: int) -> int | None:
    try:
        value = tlv.first(tlv.parse(card.content.fci), tag)
    except BadTlv:
        return None
    return value[0] if value else None


def _log_record(card: Context, cell: int, layout: int, fixed: int, number: int) -> Response:
    size = fixed + sum(entry.length for entry in entries(card.cells.get(layout) or b""))
    log = card.cells.get(cell) or b""
    record = log[(number - 1) * size : number * size] if number else b""
    return Response(OK, record) if record else NO_RECORD


def _whole_load_log(card: Context) -> Response:
    """Answer the whole load log with a MAC: ATC, count, records of 22 bytes."""
    layout = entries(card.cells.get(0xDF4F) or b"")
    size = 14 + sum(entry.length for entry in layout)
    log = card.cells.get(LOAD_LOG) or b""
    records = b""
    for at in range(0, min(len(log), 10 * size), size):
        record = log[at : at + size]
        told = split(card.cells.get(0xDF4F) or b"", record[14:])
        records += record[:14] + told.get(0x9A, bytes(3)) + told.get(0x9F21, bytes(3))
        records += told.get(ATC, bytes(2))
    body = card.atc + bytes((len(records) // 22,)) + records
    key = card.session_key(card.keys.mac)
    mac = crypto.card_mac(card.now.path.algorithm, key, body, card.content.sm4.mac)[:4]
    return Response(OK, body + mac)


def get_data(card: Context, command: Command) -> Response:
    """Answer GET DATA for what anybody may know: 取数据."""
    tag = command.p1 << 8 | command.p2
    value = card.cells.get(tag) if tag in card.content.readable else None
    return NOT_FOUND if value is None else Response(OK, tlv_object(tag, value))


def get_challenge(card: Context, command: Command) -> Response:
    """Answer eight bytes that serve one enciphered PIN: 取随机数."""
    if command.p1 or command.p2:
        return WRONG_P1P2
    card.challenge = card.chance.bytes(8)
    return Response(OK, card.challenge)


def internal_authenticate(card: Context, command: Command) -> Response:
    """Sign the terminal's data with the card's key (DDA): 内部认证."""
    now, signer = card.now, card.signer
    if command.p1 or command.p2:
        return WRONG_P1P2
    if now.stage is not Stage.INITIATED or signer is None:
        return CONDITIONS
    if not card.content.options[now.path].aip[0] & 0x20:
        return CONDITIONS
    if len(command.data) != (wanted_size(card.lists.get(0x9F49, b"")) or 4):
        return WRONG_LENGTH
    number = card.chance.bytes(8)
    now.dynamic = True
    signed = sign_dynamic(signer, bytes((len(number),)) + number, command.data)
    return Response(OK, tlv_object(0x80, signed))


def verify(card: Context, command: Command) -> Response:  # noqa: PLR0911 - one status word for each refusal
    """Check a PIN. The try is written off before it is looked at, so no plug can win it back."""
    now, cells = card.now, card.cells
    if command.p1 or command.p2 not in (0x80, 0x88):
        return WRONG_P1P2
    if now.stage is not Stage.INITIATED or card.contactless:
        return CONDITIONS
    right = cells.get(PIN)
    if right is None:
        return CONDITIONS
    tries = cells.number(PIN_TRIES)
    if not tries:
        return Response(0x6983 if now.pin_spent else 0x6984)
    block = _clear_block(card, command)
    if isinstance(block, Response):
        return block
    cells.write({PIN_TRIES: bytes((tries - 1,))})
    now.pin_done = True
    if crypto.same(block, right):
        now.pin_failed = False
        cells.write({PIN_TRIES: bytes((card.content.pin_tries,))})
        return Response(OK)
    now.pin_failed = True
    if tries == 1:
        now.pin_spent = True
        ada = Ada(int.from_bytes((cells.get(0x9F52) or b"")[:2].ljust(2, b"\0"), "big"))
        if Ada.PIN_BLOCKS in ada:
            now.blocked = True
            cells.write({MEMO: bytes((cells.memo | Memo.BLOCKED | Memo.BLOCKED_BY_PIN,))})
    return Response(0x63C0 | tries - 1)


def _clear_block(card: Context, command: Command) -> bytes | Response:
    """Return the 8-byte PIN block of a plain or an enciphered VERIFY."""
    if command.p2 == 0x80:
        return command.data if len(command.data) == 8 else WRONG_LENGTH
    challenge, card.challenge = card.challenge, b""
    key = card.content.rsa_pin or card.content.rsa
    if key is None or not challenge:
        return CONDITIONS
    clear = decipher(key, command.data)
    if clear is None:
        return WRONG_LENGTH
    if clear[0] != 0x7F or not crypto.same(clear[9:17], challenge):
        return Response(0x6984)
    return clear[1:9]


_COMMANDS: Mapping[tuple[int, int], Callable[[Context, Command], Response]] = MappingProxyType(
    {
        (0x00, 0x20): verify,
        (0x00, 0x82): external_authenticate,
        (0x00, 0x84): get_challenge,
        (0x00, 0x88): internal_authenticate,
        (0x00, 0xB2): read_record,
        (0x80, 0xA8): get_processing_options,
        (0x80, 0xAE): generate_ac,
        (0x80, 0xCA): get_data,
    }
)
