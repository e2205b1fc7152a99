"""Know how a terminal finds the applications of a card that it can use: 应用选择.

Spec: JR/T 0025.5, 6.4; JR/T 0025.6, 7.1; EMV book 1, 12.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from attrs import field, frozen

from szunion.emv import tlv
from szunion.emv.apdu import Command, Response
from szunion.emv.errors import BadTlv, CardFault, LimitExceeded
from szunion.emv.exchange import exchange
from szunion.emv.flow import Candidate, ChooseApplication
from szunion.emv.tlv import Node, Nodes

MOST_CANDIDATES = 32
"""Applications we list; an endless directory is a hostile one."""

MOST_DIRECTORY_RECORDS = 30
"""Records of one directory file."""

CARD_BLOCKED = 0x6A81
"""Status word of a blocked card, to everything: 卡片锁定."""

APPLICATION_BLOCKED = 0x6283
"""Warning of a blocked application: only its logs can be read: 应用锁定."""


class Directory(Enum):
    """Where a card lists its applications: 支付系统环境."""

    PSE = b"1PAY.SYS.DDF01"
    """Over contacts: a file of records."""
    PPSE = b"2PAY.SYS.DDF01"
    """Over the air: the answer to SELECT itself."""


@frozen
class Supported:
    """An application the terminal can use."""

    aid: bytes = field(repr=lambda aid: aid.hex().upper())
    partial: bool = True
    """Whether longer names of the card match too: 部分名称选择."""

    def matches(self, name: bytes) -> bool:
        """Whether the card's DF name *name* is this application."""
        return name == self.aid or (self.partial and name.startswith(self.aid))


UNION_PAY: tuple[Supported, ...] = (Supported(bytes.fromhex("A0000003330101")),)
"""What a union terminal supports: every UnionPay application, by partial name."""


@frozen
class Selected:
    """An application after its final SELECT: 已选应用."""

    aid: bytes
    """What was selected."""
    name: bytes
    """DF name 84, as the card gave it."""
    fci: Sequence[Node] = field(repr=False)
    raw: bytes = field(repr=False)
    blocked: bool = False

    def value(self, tag: int) -> bytes | None:
        """Return the value of *tag* in the FCI, None when it is not there."""
        return tlv.first(self.fci, tag)

    @property
    def pdol(self) -> bytes:
        """Processing options data object list 9F38; empty when the card wants nothing."""
        return self.value(0x9F38) or b""

    @property
    def log_entry(self) -> tuple[int, int] | None:
        """SFI and number of records of the transaction log 9F4D: 交易日志入口."""
        return _entry(self.value(0x9F4D))

    @property
    def load_log_entry(self) -> tuple[int, int] | None:
        """SFI and number of records of the load log DF4D: 圈存日志入口."""
        return _entry(self.value(0xDF4D))


def _entry(value: bytes | None) -> tuple[int, int] | None:
    if value is None or len(value) != 2 or not 1 <= value[0] <= 30:
        return None
    return value[0], value[1]


def plain(raw: bytes) -> str:
    r"""Return card text for people: printable ASCII as it is, everything else as ``\xNN``.

    A card may hold escape sequences; a label never needs them.

    >>> print(plain(b"PBOC \x1b[2J"))
    PBOC \x1b[2J
    """
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in raw)


def read_fci(raw: bytes) -> Nodes:
    """Return the nodes of the FCI template in the answer *raw* to SELECT.

    Raises:
        CardFault: it is no FCI template 6F with a DF name 84.
    """
    try:
        nodes = tlv.parse(raw)
    except BadTlv as error:
        raise CardFault(0x9000, "SELECT-FCI") from error
    if len(nodes) != 1 or nodes[0].tag != 0x6F or tlv.first(nodes, 0x84) is None:
        raise CardFault(0x9000, "SELECT-FCI")
    return nodes


async def select(name: bytes, *, following: bool = False) -> Response:
    """Send SELECT by name; *following* asks for the next application whose name begins so."""
    return await exchange(Command(0x00, 0xA4, 0x04, 0x02 if following else 0x00, name, le=256))


async def select_application(aid: bytes, *, blocked_too: bool = False) -> Selected:
    """Select the application finally and check that it is the one that was asked for.

    The name is not authenticated by anything, so a reader in the middle may swap brands; the
    answer must at least be about the same name.

    Args:
        aid: The name to select.
        blocked_too: Accept a blocked application, for reading its logs.

    Raises:
        CardFault: not selected; an answer without FCI; another application answered.
    """
    response = await select(aid)
    blocked = response.sw == APPLICATION_BLOCKED
    if response.sw != 0x9000 and not (blocked and blocked_too):
        raise CardFault(response.sw)
    nodes = read_fci(response.data)
    name = tlv.first(nodes, 0x84) or b""
    if not name.startswith(aid):
        raise CardFault(0x9000, "SELECT-OTHER-NAME")
    return Selected(aid, name, nodes, response.data, blocked)


async def build_candidate_list(
    supported: Sequence[Supported] = UNION_PAY, directory: Directory | None = Directory.PSE
) -> tuple[Candidate, ...]:
    """Return the applications both sides have, in order of priority; empty: not accepted.

    A directory that is missing, blocked, broken, or lists nothing of ours is no end: then every
    supported name is tried.

    Args:
        supported: What the terminal can use, in its own order.
        directory: Where to look first; None: only try the names.

    Raises:
        CardFault: the card is blocked (6A81).
        LimitExceeded: the card lists more than `MOST_CANDIDATES`.

    Spec: EMV book 1, 12.3.
    """
    found: tuple[Candidate, ...] = ()
    if directory is Directory.PSE:
        found = await _from_pse(supported)
    elif directory is Directory.PPSE:
        found = await _from_ppse(supported)
    if not found:
        found = await _by_name(supported)
    return in_order(found)


def in_order(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Sort by priority 1 to 15, those without last, equals as the card gave them."""
    return tuple(sorted(candidates, key=lambda candidate: candidate.rank))


def must_ask(candidates: Sequence[Candidate]) -> bool:
    """Whether the holder has to choose or confirm: 持卡人选择或确认."""
    return len(candidates) > 1 or any(c.needs_confirmation for c in candidates)


async def choose(
    candidates: Sequence[Candidate], *, holder_chooses: bool = True, again: bool = False
) -> Candidate | None:
    """Let the holder choose, or take the first that needs no confirmation; None: nothing.

    Args:
        candidates: In order.
        holder_chooses: Whether there is a way to ask.
        again: What the holder chose could not be used, so even a single other one is asked about.

    Spec: EMV book 1, 12.4.
    """
    if not candidates:
        return None
    if not must_ask(candidates) and not (again and holder_chooses):
        return candidates[0]
    if holder_chooses:
        return await ChooseApplication(tuple(candidates))
    return next((c for c in candidates if not c.needs_confirmation), None)


def _matching(supported: Sequence[Supported], name: bytes) -> bool:
    return any(wanted.matches(name) for wanted in supported)


def _directory_entries(nodes: Iterable[Node], supported: Sequence[Supported]) -> list[Candidate]:
    found: list[Candidate] = []
    for entry in tlv.find_all(nodes, 0x61):
        inside = entry.children
        name = tlv.first(inside, 0x4F) or b""
        if not 5 <= len(name) <= 16 or not _matching(supported, name):
            continue
        priority = tlv.first(inside, 0x87) or b"\0"
        label = tlv.first(inside, 0x50) or b""
        found.append(Candidate(name, priority[0], plain(label)))
    return found


def _limited(found: list[Candidate]) -> tuple[Candidate, ...]:
    if len(found) > MOST_CANDIDATES:
        raise LimitExceeded("applications on one card", MOST_CANDIDATES)
    return tuple(found)


async def _from_pse(supported: Sequence[Supported]) -> tuple[Candidate, ...]:
    response = await select(Directory.PSE.value)
    if response.sw == CARD_BLOCKED:
        raise CardFault(CARD_BLOCKED, "SELECT-CARD-BLOCKED")
    if response.sw != 0x9000:
        return ()
    try:
        sfi = tlv.first(read_fci(response.data), 0x88)
    except CardFault:
        return ()
    if sfi is None or len(sfi) != 1 or not 1 <= sfi[0] <= 10:
        return ()
    found: list[Candidate] = []
    for number in range(1, MOST_DIRECTORY_RECORDS + 1):
        record = await exchange(Command(0x00, 0xB2, number, sfi[0] << 3 | 4, le=256))
        if record.sw == 0x6A83:
            return _limited(found)
        if record.sw != 0x9000:
            return ()
        try:
            nodes = tlv.parse(record.data)
        except BadTlv:
            return ()
        found += _directory_entries(nodes, supported)
    raise LimitExceeded("directory records", MOST_DIRECTORY_RECORDS)


async def _from_ppse(supported: Sequence[Supported]) -> tuple[Candidate, ...]:
    response = await select(Directory.PPSE.value)
    if response.sw == CARD_BLOCKED:
        raise CardFault(CARD_BLOCKED, "SELECT-CARD-BLOCKED")
    if response.sw != 0x9000:
        return ()
    try:
        nodes = read_fci(response.data)
    except CardFault:
        return ()
    return _limited(_directory_entries(nodes, supported))


def _named(response: Response) -> tuple[bytes, Nodes] | None:
    """Return DF name and FCI of an answer to SELECT, None when it has none."""
    try:
        nodes = read_fci(response.data)
    except CardFault:
        return None
    return tlv.first(nodes, 0x84) or b"", nodes


async def _by_name(supported: Sequence[Supported]) -> tuple[Candidate, ...]:
    """Try every supported name; the next ones with P2 = 02.  Spec: EMV book 1, 12.3.3."""
    found: list[Candidate] = []
    answered = False
    for wanted in supported:
        seen: set[bytes] = set()
        response = await select(wanted.aid)
        if response.sw == CARD_BLOCKED and not answered:
            raise CardFault(CARD_BLOCKED, "SELECT-CARD-BLOCKED")
        while response.sw in (0x9000, APPLICATION_BLOCKED):
            answered = True
            named = _named(response)
            if named is None:
                break
            name, nodes = named
            if name in seen or not name.startswith(wanted.aid):
                break  # it knows no next one, or answers about something else
            seen.add(name)
            if response.sw == 0x9000 and wanted.matches(name):
                priority = tlv.first(nodes, 0x87) or b"\0"
                label = plain(tlv.first(nodes, 0x50) or b"")
                found.append(Candidate(name, priority[0], label, response.data))
                _limited(found)
            if name == wanted.aid or not wanted.partial:
                break
            response = await select(wanted.aid, following=True)
    return tuple(found)
