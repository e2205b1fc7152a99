"""Know what a payment application forgets when the power goes: one transaction: 交易过程状态."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import define, field

from szunion.emv import crypto, dol, tlv
from szunion.emv.apdu import Response
from szunion.emv.card.cells import ATC, Cells
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import ApplicationKeys, Path, PaymentApplication
from szunion.emv.card.decision import Answer
from szunion.emv.card.signing import Signer
from szunion.emv.errors import BadDol

OK = 0x9000
WRONG_LENGTH = Response(0x6700)
CONDITIONS = Response(0x6985)
WRONG_P1P2 = Response(0x6A86)
NOT_FOUND = Response(0x6A88)
NO_RECORD = Response(0x6A83)
WRONG_DATA = Response(0x6A80)


class Stage(Enum):
    """Where the transaction is.  Spec: JR/T 0025.5, table of card states 卡片状态."""

    SELECTED = "selected"
    INITIATED = "initiated"
    """After GET PROCESSING OPTIONS."""
    ONLINE = "online"
    """After an ARQC."""
    DONE = "done"
    """After a TC or an AAC; scripts may still come."""


@define
class Session:
    """One transaction, from SELECT to the next SELECT or reset."""

    stage: Stage = Stage.SELECTED
    path: Path = Path.DEBIT
    pdol: bytes = b""
    cdol: bytes = b""
    """CDOL1 data, then CDOL2 data as well."""
    values: dict[int, bytes] = field(factory=dict)
    """What the terminal told, by tag; later lists overwrite earlier ones."""
    first: Answer | None = None
    second: Answer | None = None
    first_ac: bytes = b""
    authentication: bool | None = None
    """How EXTERNAL AUTHENTICATE went; None: not done."""
    dynamic: bool = False
    pin_done: bool = False
    pin_failed: bool = False
    pin_spent: bool = False
    """The last try was used up in this transaction."""
    pin_blocked_before: bool = False
    blocked: bool = False
    """The application was blocked when this transaction began, or by its own PIN tries."""
    offline: bool = False
    """The terminal said that the issuer could not be reached."""
    pending: dict[int, bytes] | None = None
    """qPBOC: what is written when the last record is read."""
    last_record: tuple[int, int] | None = None
    fresh: dict[int, bytes] = field(factory=dict)
    """qPBOC: objects made for this transaction that are told in records (9F4B, 9F69)."""


@define
class Context:
    """A payment application at work: what was personalised, what it remembers, the moment."""

    content: PaymentApplication
    cells: Cells
    chance: Chance
    contactless: bool = False
    scripts_shut: bool = False
    """One bad MAC shuts the door for scripts until the power goes."""
    challenge: bytes = b""
    now: Session = field(factory=Session)
    lists: Mapping[int, bytes] = field(factory=dict)
    """CDOL1 8C, CDOL2 8D, DDOL 9F49 as they stand in the records."""

    @property
    def atc(self) -> bytes:
        """Application transaction counter, 2 bytes."""
        return self.cells.get(ATC) or bytes(2)

    @property
    def keys(self) -> ApplicationKeys:
        """The card's keys of this path."""
        return self.content.keys[self.now.path.algorithm]

    def session_key(self, master: bytes) -> bytes:
        """Return the session key of this transaction grown from *master*."""
        algorithm = self.now.path.algorithm
        return crypto.pboc_session_key(algorithm, master, self.atc, self.content.sm4.session)

    @property
    def signer(self) -> Signer | None:
        """The card's signing key of this path."""
        if self.now.path.algorithm is crypto.Algorithm.SM4:
            return self.content.sm2
        return self.content.rsa

    @property
    def fci(self) -> bytes:
        """The answer to SELECT on this interface."""
        own = self.content.fci_contactless if self.contactless else None
        return own if own is not None else self.content.fci

    def value(self, tag: int, size: int) -> bytes:
        """Return what the terminal told of *tag*, zeros when it did not."""
        return self.now.values.get(tag, bytes(size))


def entries(listed: bytes) -> tuple[dol.Entry, ...]:
    """Return the entries of a list of the card's own; a broken one lists nothing."""
    try:
        return dol.parse(listed)
    except BadDol:
        return ()


def wanted_size(listed: bytes) -> int:
    """Return how many bytes the terminal must send for *listed*."""
    return sum(entry.length for entry in entries(listed))


def split(listed: bytes, data: bytes) -> dict[int, bytes]:
    """Return the values in *data* by tag."""
    out: dict[int, bytes] = {}
    at = 0
    for entry in entries(listed):
        out[entry.tag] = data[at : at + entry.length]
        at += entry.length
    return out


def tlv_object(tag: int, value: bytes) -> bytes:
    """Return one object as bytes."""
    return tlv.Node.of(tag, value).encode()
