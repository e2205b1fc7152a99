"""Know how a card at a counter is read: what it tells, and how far it is to be believed (读卡).

Reading is a look: no PIN, nothing that the card counts, and a copy would answer the same. Where
more is at stake the card must sign a number of ours; then a copy is found out, and the card's own
counter rises by one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from attrs import field, frozen

from szunion.application.card_faults import told_as_card_faults
from szunion.domain.values import CardRef, CardToken
from szunion.emv.capk import CaKeys
from szunion.emv.flow import Performer, run
from szunion.emv.look import Authentication, Probes, PublicData, read_public
from szunion.emv.oda_keys import Assurance, Policy
from szunion.emv.pan import CardNumber
from szunion.emv.selection import Directory
from szunion.emv.terminal import Terminal
from szunion.errors import InvalidInput
from szunion.ports.bank import NamesCards
from szunion.ports.reader import CardReader
from szunion.ports.system import Chance, Clock

_FLOOR: Final = 5_000
"""Fen; a payment of nothing below it is signed by the card over the air."""


class NumbersAreTokens:
    """A bank that gives no tokens: the card number is what it calls a card."""

    def token_of(self, number: CardNumber) -> CardToken | None:
        """See :class:`szunion.ports.bank.NamesCards`."""
        try:
            return CardToken(number.plain())
        except InvalidInput:
            return None


@frozen(kw_only=True)
class Equipment:
    """What stands on a counter (服务点设备)."""

    reader: CardReader
    roots: Callable[[date], CaKeys] = field(repr=False)
    """The roots that are believed on a day (根公钥)."""
    names: NamesCards = field(factory=NumbersAreTokens, repr=False)
    clock: Clock
    chance: Chance = field(repr=False)


@frozen(kw_only=True)
class Seen:
    """What a card told. It holds a number, and prints masked."""

    ref: CardRef | None
    """What the bank calls it; None: the bank does not know such a number."""
    number: CardNumber | None
    assurance: Assurance
    asked: bool
    """Whether the card was asked to prove itself."""
    counter: int | None
    """The card's own counter, told when it was asked to prove itself."""
    relay_suspect: bool
    """It answered slower than a card that is here."""
    reasons: tuple[str, ...] = ()
    """Why it was not believed: the card layer's own names."""

    @property
    def proved(self) -> bool:
        """Whether it has proved that it is the genuine card, and not from afar."""
        return self.assurance >= Assurance.DDA_OFFLINE and not self.relay_suspect


def contactless(atr: bytes) -> bool:
    """Return whether an ATR is one that a reader makes up for a card in the air.

    Spec: PC/SC part 3, 3.1.3.2.3: 3B, 8 with the number of historical bytes, 80, 01.

    >>> contactless(bytes.fromhex("3B8180018080")), contactless(bytes.fromhex("3BF1800180"))
    (True, False)
    """
    return atr[:1] == b"\x3b" and b"\x80" <= atr[1:2] <= b"\x8f" and atr[2:4] == b"\x80\x01"


def read_card(equipment: Equipment, reader: str, *, prove: bool) -> Seen | None:
    """Read the card in *reader*; None: it has no application of ours.

    Args:
        equipment: What stands on the counter.
        reader: The reader's name.
        prove: Let the card prove itself; its counter rises by one.

    Raises:
        ReaderError: the card went away, or the reader did; nothing is known then.
        CardFault: the card refused, or its answers break the standard.
    """
    channel = equipment.reader.connect(reader)
    try:
        performer = Performer(transmit=channel.transmit, clock=equipment.clock.monotonic)
        air = contactless(channel.atr)
        probes = Probes(directory=Directory.PPSE if air else Directory.PSE)
        asked = _asked(equipment, air=air) if prove else None
        with told_as_card_faults():
            found = run(read_public(probes, asked), performer)
    finally:
        channel.close()
    if found is None:
        return None
    return Seen(
        ref=_ref(equipment, found),
        number=found.number,
        assurance=found.assurance,
        asked=prove,
        counter=found.counter,
        relay_suspect=performer.relay_suspect,
        reasons=tuple(each.name for each in found.verdict.reasons) if found.verdict else (),
    )


def _asked(equipment: Equipment, *, air: bool) -> Authentication:
    today = equipment.clock.today()
    terminal = Terminal(
        keys=equipment.roots(today),
        policy=Policy(today=today),
        random=equipment.chance.bytes,
        floor_limit=_FLOOR,
        knows_sm=True,
    )
    return Authentication(terminal=terminal, date=f"{today:%y%m%d}", contactless=air)


def _ref(equipment: Equipment, found: PublicData) -> CardRef | None:
    """Return what the bank calls the card: its token and its PSN (卡序列号; none told: 0)."""
    if found.number is None:
        return None
    token = equipment.names.token_of(found.number)
    return None if token is None else CardRef(token, int(found.sequence or "0"))
