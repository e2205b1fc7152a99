"""Know a card to try things with: a bank, a card of every ability, and the line to its issuer."""

from __future__ import annotations

from datetime import date
from typing import Final, Self

from attrs import field, frozen

from szunion.adapters.reader.simulated import SimulatedReader
from szunion.emv import sm2
from szunion.emv.card.bank import TestBank
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import PersonalisedCard
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import personalise
from szunion.emv.card.profiles import Profile, Scheme, pan_of
from szunion.emv.card.testca import sm2_private
from szunion.emv.files import Membership, bind, issue
from szunion.emv.flow import AuthorisationReply, AuthorisationRequest
from szunion.emv.issuer import NotGenuine
from szunion.emv.pan import CardNumber, Track2
from szunion.emv.vault import Account

SEED: Final = 7
PIN: Final = "1234"
"""The PIN of every sample card; it protects nothing."""

_LAYOUT: Final = date(2024, 1, 1), date(2031, 12, 31)


@frozen(kw_only=True)
class SampleCard:
    """A test bank and a card of it: debit with both cryptographies, e-cash, transit, membership.

    样卡. The same seed makes the same bank and card, byte for byte. Nothing of it is anybody's.
    """

    seed: int
    bank: TestBank
    content: PersonalisedCard = field(repr=False)

    @classmethod
    def grow(cls, seed: int = SEED, *, scheme: Scheme = Scheme.BOTH) -> Self:
        """Make bank and card; this takes about half a second.

        Args:
            seed: Any number.
            scheme: Which cryptography the card carries.
        """
        bank = TestBank.grow(seed)
        pan = pan_of(seed, length=16)
        profile = Profile(
            pan=pan,
            scheme=scheme,
            effective=_LAYOUT[0],
            expires=_LAYOUT[1],
            pin=PIN,
            purse=3_560,
            membership=_membership(seed, pan),
        )
        return cls(seed=seed, bank=bank, content=personalise(bank, profile, seed))

    def card(self, number: int = 0) -> SimulatedCard:
        """Return a fresh card: its counters stand where the personaliser left them."""
        return SimulatedCard(self.content, self.seed + number)

    def reader(self, contact: str, contactless: str) -> SimulatedReader:
        """Return a reader with two places, a fresh card in each."""
        reader = SimulatedReader(contact, contactless=(contactless,))
        reader.insert(contact, self.card())
        reader.insert(contactless, self.card(1))
        return reader

    def online(self, request: AuthorisationRequest) -> AuthorisationReply | None:
        """Answer as the card's bank does: approve what the card's keys made, decline the rest."""
        values = dict(request.data)
        track = Track2.parse(values[0x57])
        account = Account(pan=track.pan.plain(), psn=values[0x5F34].hex())
        host = self.bank.host()
        found = host.verify(account, values)
        if isinstance(found, NotGenuine):
            return AuthorisationReply(b"05")
        answer = host.answer(found, b"00", ())
        return AuthorisationReply(answer.code, answer.authentication)


def _membership(seed: int, pan: str) -> bytes:
    """Return a signed record of membership that is bound to the card."""
    chance = Chance(seed)
    key, member = sm2_private(chance), chance.bytes(16)
    record = Membership(
        organisation="DEMO-0001",
        member=member,
        binding=bind(CardNumber(pan), "01", member),
        begins=_LAYOUT[0],
        expires=_LAYOUT[1],
        key_id=b"\0\0\0\1",
    )
    return issue(record, lambda body: sm2.sign(sm2.PrivateKey(key.d), body))
