"""Know the secure channel by which a personaliser speaks to a blank card: 安全通道 SCP02.

Both ends, over keys and challenges that come in as arguments: `open_channel` and `store` are the
personaliser's side as coroutines, `Session` is what both ends share once they know each other.

Spec: GlobalPlatform Card Specification 2.3, annex E (option i = 15: initiation by the card's
challenge, MAC chained with an enciphered vector); EMV Card Personalization Specification, 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import define, field, frozen

from szunion.emv import crypto
from szunion.emv.apdu import Command
from szunion.emv.card.dgi import SECRET, Grouping
from szunion.emv.crypto import Algorithm, Padding
from szunion.emv.errors import CardFault, KeyRefused
from szunion.emv.exchange import insist

#: one STORE DATA with its MAC stays within a short command
MOST_AT_ONCE: Final = 247
_MAC: Final = 8
_LAST, _SEALED = 0x80, 0x60
_MAC_CONSTANT, _ENC_CONSTANT, _DEK_CONSTANT = (bytes.fromhex(t) for t in ("0101", "0182", "0181"))


@frozen(kw_only=True)
class ChannelKeys:
    """The three keys of a channel, 16 bytes each: 通道密钥. They do not print."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    dek: bytes = field(repr=False)


def session_keys(keys: ChannelKeys, sequence: bytes) -> ChannelKeys:
    """Return the keys of one session: the card's counter under the static keys."""

    def derived(constant: bytes, key: bytes) -> bytes:
        return crypto.encrypt_cbc(Algorithm.TDES, key, constant + sequence + bytes(12))

    return ChannelKeys(
        enc=derived(_ENC_CONSTANT, keys.enc),
        mac=derived(_MAC_CONSTANT, keys.mac),
        dek=derived(_DEK_CONSTANT, keys.dek),
    )


@define
class Session:
    """A session at either end: its keys and the chain of MACs, which goes on with every command."""

    keys: ChannelKeys
    sequence: bytes
    card_challenge: bytes
    host_challenge: bytes
    chain: bytes = field(default=b"", init=False, repr=False)

    def of_card(self) -> bytes:
        """Return the cryptogram by which the personaliser knows the card."""
        told = self.host_challenge + self.sequence + self.card_challenge
        return crypto.des_mac(self.keys.enc, told)

    def of_host(self) -> bytes:
        """Return the cryptogram by which the card knows the personaliser."""
        told = self.sequence + self.card_challenge + self.host_challenge
        return crypto.des_mac(self.keys.enc, told)

    def mac(self, command: Command) -> bytes:
        """Return the MAC of *command*, whose data are without it; the chain goes on."""
        head = (command.cla, command.ins, command.p1, command.p2, len(command.data) + _MAC)
        filled = crypto.pad(bytes(head) + command.data, 8)
        if self.chain:
            vector = crypto.encrypt(Algorithm.TDES, self.keys.mac[:8], self.chain)
            filled = crypto.xor(filled[:8], vector) + filled[8:]
        self.chain = crypto.retail_mac(self.keys.mac, filled, Padding.METHOD_1)
        return self.chain

    def checked(self, command: Command) -> bytes | None:
        """Return the data of *command* without its MAC; None if that is not right."""
        data, mac = command.data[:-_MAC], command.data[-_MAC:]
        bare = Command(command.cla, command.ins, command.p1, command.p2, data)
        return data if crypto.same(self.mac(bare), mac) else None

    def wrapped(self, command: Command) -> Command:
        """Return *command* with its MAC behind the data."""
        data = command.data + self.mac(command)
        return Command(command.cla, command.ins, command.p1, command.p2, data)

    def seal(self, data: bytes) -> bytes:
        """Encipher whole blocks under the data key."""
        return crypto.encrypt(Algorithm.TDES, self.keys.dek, data)

    def unseal(self, data: bytes) -> bytes:
        """Decipher whole blocks under the data key."""
        return crypto.decrypt(Algorithm.TDES, self.keys.dek, data)


async def open_channel(keys: ChannelKeys, challenge: bytes) -> Session:
    """Open a channel to the card: each side proves that it has the keys.

    Args:
        keys: The static keys.
        challenge: 8 fresh random bytes.

    Raises:
        CardFault: an answer that is none, or the card does not accept us.
        KeyRefused: the card does not have these keys.
    """
    answer = (await insist(Command(0x80, 0x50, 0x00, 0x00, challenge, le=256))).data
    if len(answer) != 28:
        raise CardFault(0x9000, "CHANNEL-ANSWER")
    sequence = answer[12:14]
    session = Session(session_keys(keys, sequence), sequence, answer[14:20], challenge)
    if not crypto.same(session.of_card(), answer[20:]):
        raise KeyRefused(
            "KEY", reason="CHANNEL", zh="卡片没有这组通道密钥", en="the card has other channel keys"
        )
    await insist(session.wrapped(Command(0x84, 0x82, 0x01, 0x00, session.of_host())))
    return session


def blocks(groupings: Iterable[Grouping]) -> Iterator[tuple[int, bytes]]:
    """Yield what each STORE DATA carries: P1 without the mark of the last one, and the data.

    Small groupings share a command, long ones are cut; enciphered ones have commands of their own.
    """
    open_ones = b""
    for grouping in groupings:
        raw = grouping.encode()
        if grouping.dgi not in SECRET and len(open_ones) + len(raw) <= MOST_AT_ONCE:
            open_ones += raw
            continue
        if open_ones:
            yield 0, open_ones
            open_ones = b""
        p1 = _SEALED if grouping.dgi in SECRET else 0
        for at in range(0, len(raw), MOST_AT_ONCE):
            yield p1, raw[at : at + MOST_AT_ONCE]
    if open_ones:
        yield 0, open_ones


async def store_data(session: Session, groupings: Iterable[Grouping]) -> int:
    """Send the groupings by STORE DATA; return how many commands it took.

    Raises:
        CardFault: the card refuses one.
    """
    parts = list(blocks(groupings))
    for number, (p1, data) in enumerate(parts):
        last = _LAST if number == len(parts) - 1 else 0
        command = Command(0x84, 0xE2, p1 | last, number & 0xFF, data)
        await insist(session.wrapped(command))
    return len(parts)
