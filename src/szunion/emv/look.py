"""Know how a card is looked at without changing it: the reader without side effects: 读卡.

GET PROCESSING OPTIONS is sent only when authentication is asked for: each one raises the card's
counter, and a look must cost nothing. Everything personal prints masked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from attrs import field, frozen

from szunion.emv import bcd, dol, logs, oda
from szunion.emv.apdu import Command
from szunion.emv.errors import BadData, BadField, CardFault
from szunion.emv.exchange import exchange
from szunion.emv.fields import Aip
from szunion.emv.files import Signed, read_membership
from szunion.emv.flow import Candidate
from szunion.emv.holder import Document, HolderName, Product
from szunion.emv.oda_keys import Assurance, recover
from szunion.emv.pan import CardNumber, Track2
from szunion.emv.pboc import EcashLimits, authenticate, qualifiers, read_ecash
from szunion.emv.reading import (
    PROBED,
    ApplicationData,
    collect,
    get_data,
    initiate,
    peek_application,
    read_records,
)
from szunion.emv.selection import (
    UNION_PAY,
    Directory,
    Selected,
    Supported,
    build_candidate_list,
    plain,
    select_application,
)
from szunion.emv.terminal import Business, Terminal, n12, terminal_values
from szunion.emv.transaction import dynamic_authentication
from szunion.emv.transit import Settings as TransitSettings
from szunion.emv.transit import Transit, read_transit

_MOST_LOG_RECORDS = 30
_T = TypeVar("_T")


@frozen(kw_only=True)
class Probes:
    """What is tried, and in which order."""

    supported: tuple[Supported, ...] = UNION_PAY
    directory: Directory | None = Directory.PSE
    places: tuple[tuple[int, int], ...] = PROBED
    """Records to try without an AFL: SFI and number."""
    ecash: bool = True
    logs: bool = False
    """The logs tell where somebody shopped; they are read only when asked for."""
    transit: TransitSettings | None = None
    membership: bool = False


@frozen(kw_only=True)
class Authentication:
    """Ask for offline authentication too; this raises the card's counter by one."""

    terminal: Terminal
    date: str
    """Today, YYMMDD."""
    contactless: bool = False
    """The card is in the air: fDDA for a payment of nothing, instead of DDA."""
    challenge: bytes | None = field(default=None, repr=False)
    """The unpredictable number, 4 bytes, when a server issued it for this one use; None: the
    terminal's own randomness."""


@frozen(kw_only=True)
class PublicData:
    """What one application tells everybody: 公开数据. It prints masked."""

    aid: bytes
    label: str
    number: CardNumber | None
    """主账号; None when the card did not tell it."""
    sequence: str | None
    """卡片序列号 5F34, two digits."""
    expires: date | None
    begins: date | None = None
    name: HolderName | None = None
    document: Document | None = None
    product: Product | None = None
    ecash: EcashLimits | None = None
    transactions: tuple[logs.LogRecord, ...] = field(default=(), repr=False)
    loads: tuple[logs.LoadRecord, ...] = field(default=(), repr=False)
    counter: int | None = None
    """The card's transaction counter (ATC), told when authentication was asked for. Whoever
    remembers the highest one seen notices a recording; over the air it is signed."""
    assurance: Assurance = Assurance.READ_ONLY
    """READ_ONLY: a copy would look the same. Data are a hint, not a proof."""
    verdict: oda.Verdict | None = None
    """Why the card was not believed, when authentication was asked for."""


@frozen(kw_only=True)
class CardView:
    """Everything that was seen of a card."""

    applications: tuple[PublicData, ...]
    transit: Transit | None = None
    membership: Signed | None = None


async def look(probes: Probes | None = None) -> CardView:
    """Look at a card: every application of ours, and what else the probes name.

    No GET PROCESSING OPTIONS, no VERIFY, nothing that a card counts.

    Raises:
        CardFault: the card is blocked, or its answers are not to be understood.
        LimitExceeded: its data do not end.
    """
    probes = probes or Probes()
    found = await build_candidate_list(probes.supported, probes.directory)
    views = [await _look_at(candidate, probes) for candidate in found]
    return CardView(
        applications=tuple(views),
        transit=await read_transit(probes.transit) if probes.transit is not None else None,
        membership=await read_membership() if probes.membership else None,
    )


async def read_public(
    probes: Probes | None = None, authentication: Authentication | None = None
) -> PublicData | None:
    """Read the public data of the first application of ours; None: the card has none.

    Args:
        probes: What is tried.
        authentication: None: nothing on the card changes, and a copy would look the same. With
            it the card's counter rises by one and the card must sign our number; `assurance`
            says how that went, and it is `READ_ONLY` unless every check held.

    Raises:
        CardFault: the card is blocked, or its answers are not to be understood.
        BadData, LimitExceeded: its data break the standard, or do not end.
    """
    probes = probes or Probes()
    found = await build_candidate_list(probes.supported, probes.directory)
    if not found:
        return None
    if authentication is None:
        return await _look_at(found[0], probes)
    selected = await select_application(found[0].aid)
    data, verdict = await _authenticated(selected, authentication)
    return await _public(selected, data, probes, verdict)


async def _look_at(candidate: Candidate, probes: Probes) -> PublicData:
    selected = await select_application(candidate.aid, blocked_too=True)
    data = await peek_application(selected, probes.places)
    return await _public(selected, data, probes, None)


async def _authenticated(
    selected: Selected, wanted: Authentication
) -> tuple[ApplicationData, oda.Verdict]:
    """Initiate, read what the AFL lists, and let the card sign: DDA, or fDDA over the air."""
    terminal = wanted.terminal
    business = Business(amount=0, date=wanted.date)
    challenge = terminal.random(4) if wanted.challenge is None else wanted.challenge
    if len(challenge) != 4:
        raise BadField("FIELD-LENGTH", name="9F37", want=4, got=len(challenge))
    values = terminal_values(terminal, business, challenge)
    values[0x9F66] = qualifiers(terminal, 0) if wanted.contactless else bytes(4)
    values[0x9F02] = n12(0)
    values[0x9F7A] = b"\0"
    options = await initiate(selected, values)
    data = collect(selected, options, await read_records(options.afl))
    if wanted.contactless:
        return data, authenticate(terminal, data, values)
    if Aip.DDA not in Aip(options.aip):
        return data, oda.not_performed(terminal.policy)
    recovered = recover(data.for_authentication(), terminal.keys, terminal.policy, dynamic=True)
    known = {**data.objects, **values}
    return data, await dynamic_authentication(data, recovered, terminal, known, pays=False)


async def _public(
    selected: Selected, data: ApplicationData, probes: Probes, verdict: oda.Verdict | None
) -> PublicData:
    def trusted(tag: int) -> bytes | None:
        """Return an object that decides something: once authenticated, signed ones only."""
        believed = verdict is None or not verdict.passed or tag in data.signed_tags
        return data.value(tag) if believed else None

    document = None
    if (number := data.value(0x9F61)) is not None:
        document = _soft(lambda raw: Document.parse(raw, data.value(0x9F62)), number)
    name = data.value(0x9F0B) or data.value(0x5F20)
    product = data.value(0x9F63)
    sequence = trusted(0x5F34)
    return PublicData(
        aid=selected.name,
        label=plain(selected.value(0x50) or b""),
        number=_number(data),
        sequence=sequence.hex() if sequence is not None and len(sequence) == 1 else None,
        expires=_soft(bcd.day, trusted(0x5F24)),
        begins=_soft(bcd.day, trusted(0x5F25)),
        name=HolderName.parse(name) if name is not None else None,
        document=document,
        product=_soft(Product.parse, product),
        ecash=await _ecash() if probes.ecash else None,
        transactions=await read_transactions(selected) if probes.logs else (),
        loads=await read_loads(selected) if probes.logs else (),
        counter=await _counter(data) if verdict is not None else None,
        assurance=verdict.assurance if verdict is not None else Assurance.READ_ONLY,
        verdict=verdict,
    )


async def _counter(data: ApplicationData) -> int | None:
    raw = data.value(0x9F36) or await get_data(0x9F36)
    return int.from_bytes(raw, "big") if raw is not None and len(raw) == 2 else None


async def _ecash() -> EcashLimits | None:
    limits = await read_ecash()
    return limits if limits.balance is not None else None


def _number(data: ApplicationData) -> CardNumber | None:
    """Return the number in 5A, else that of track 2.

    Raises:
        CardFault: both are there and differ: somebody wants us to see another card.
    """
    number = _soft(CardNumber.parse, data.value(0x5A))
    on_track = _soft(Track2.parse, data.value(0x57))
    if number is not None and on_track is not None and on_track.pan != number:
        raise CardFault(0x9000, "LOOK-TWO-NUMBERS")
    if number is None and on_track is not None:
        return on_track.pan
    return number


def _soft(read: Callable[[bytes], _T | None], raw: bytes | None) -> _T | None:
    """Return what *read* makes of *raw*, None when there is nothing or it is nonsense."""
    if raw is None:
        return None
    try:
        return read(raw)
    except BadData:
        return None


async def read_transactions(selected: Selected) -> tuple[logs.LogRecord, ...]:
    """Read the transaction log of the selected application, newest first: 交易日志."""
    listed = await _log_format(0x9F4F)
    records = await _log_records(selected.log_entry) if listed else ()
    found = (_soft(lambda record: logs.read_record(listed, record), raw) for raw in records)
    return tuple(record for record in found if record is not None)


async def read_loads(selected: Selected) -> tuple[logs.LoadRecord, ...]:
    """Read the load log of the selected application, newest first: 圈存日志."""
    listed = await _log_format(0xDF4F)
    records = await _log_records(selected.load_log_entry) if listed else ()
    found = (_soft(lambda record: logs.read_load(listed, record), raw) for raw in records)
    return tuple(record for record in found if record is not None)


async def _log_format(tag: int) -> tuple[dol.Entry, ...]:
    """Return what a log lists; a broken or missing format lists nothing."""
    return _soft(dol.parse, await get_data(tag)) or ()


async def _log_records(entry: tuple[int, int] | None) -> tuple[bytes, ...]:
    """Return the records of a log file; 6A83 ends it, empty ones are kept for the reader."""
    if entry is None:
        return ()
    sfi, count = entry
    found: list[bytes] = []
    for number in range(1, min(count, _MOST_LOG_RECORDS) + 1):
        response = await exchange(Command(0x00, 0xB2, number, sfi << 3 | 4, le=256))
        if response.sw != 0x9000:
            break
        found.append(response.data)
    return tuple(found)
