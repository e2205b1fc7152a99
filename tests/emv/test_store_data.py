"""A card is personalised by STORE DATA over a secure channel, and is the card that was ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.world import BUSINESS, Line, content, performer, terminal

from szunion.emv import crypto
from szunion.emv.card import dgi
from szunion.emv.card.blank import BlankCard
from szunion.emv.card.channel import (
    MOST_AT_ONCE,
    ChannelKeys,
    Session,
    blocks,
    open_channel,
    session_keys,
    store_data,
)
from szunion.emv.card.content import PaymentApplication, RsaPrivate
from szunion.emv.card.dgi import Grouping
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import DEBIT_AID
from szunion.emv.card.profiles import Scheme
from szunion.emv.crypto import Algorithm
from szunion.emv.errors import BadData, BadField, CardFault, KeyRefused, LimitExceeded
from szunion.emv.flow import Flow, Performer, run
from szunion.emv.oda_keys import Assurance
from szunion.emv.outcome import Decision
from szunion.emv.pboc import Fast, tap
from szunion.emv.terminal import terminal_values
from szunion.emv.transaction import transact

KEYS = ChannelKeys(enc=bytes(range(16)), mac=bytes(range(16, 32)), dek=bytes(range(32, 48)))
CHALLENGE = bytes.fromhex("0001020304050607")
NOBODY = evolve(KEYS, mac=bytes(16))


def ordered(**changes: Any) -> PaymentApplication:
    one = content(Scheme.RSA, **changes).applications[0]
    assert isinstance(one, PaymentApplication)
    return one


def blank() -> BlankCard:
    return BlankCard(DEBIT_AID, KEYS, 3)


async def personalised(
    wanted: PaymentApplication,
    change: Callable[[Iterable[Grouping]], Iterable[Grouping]] = lambda told: told,
    keys: ChannelKeys = KEYS,
) -> int:
    session = await open_channel(keys, CHALLENGE)
    return await store_data(session, change(dgi.groupings(wanted, session.seal)))


def done(card: BlankCard, flow: Flow[Any]) -> Any:
    return run(flow, Performer(transmit=card.process_bytes))


@pytest.mark.parametrize(("bits", "pin_bits"), [(1024, None), (1152, None), (1152, 1024)])
def test_the_card_is_the_one_that_was_ordered(bits: int, pin_bits: int | None) -> None:
    card, wanted = blank(), ordered(icc_bits=bits, pin_bits=pin_bits, issuer_data=3)
    commands = done(card, personalised(wanted))
    assert card.application == wanted
    assert 10 < commands < 70


def test_it_pays_over_contacts_and_in_the_air_like_the_other() -> None:
    card = blank()
    done(card, personalised(ordered()))
    assert card.application is not None
    whole = evolve(content(), applications=(card.application,))
    held = SimulatedCard(whole, 5)
    held.reset()
    outcome = run(transact(terminal(), BUSINESS), performer(held, line=Line()))
    assert outcome.decision is Decision.APPROVED_ONLINE
    assert outcome.assurance is Assurance.CDA_OFFLINE
    assert outcome.holder_verified
    held.reset(contactless=True)
    made = terminal(floor_limit=50_000)
    values = terminal_values(made, BUSINESS, b"\1\2\3\4")
    assert run(tap(made, BUSINESS, values), performer(held)).decision is Fast.APPROVED_OFFLINE


def test_an_application_without_pin_key_or_air_goes_the_same_way() -> None:
    wanted = evolve(ordered(contactless=False, ecash=None, pin=None), rsa=None)
    card = blank()
    done(card, personalised(wanted))
    assert card.application == wanted


def test_no_grouping_is_known_for_sm_keys() -> None:
    one = content(Scheme.SM).applications[0]
    assert isinstance(one, PaymentApplication)
    with pytest.raises(BadField, match="SM2"):
        dgi.groupings(one, bytes)


# --- the form of groupings ----------------------------------------------------------------------


@settings(derandomize=True, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=600)), max_size=5))
def test_what_is_written_is_read(pairs: list[tuple[int, bytes]]) -> None:
    made = tuple(Grouping(number, data) for number, data in pairs)
    raw = b"".join(one.encode() for one in made)
    assert dgi.read_groupings(raw) == made
    for cut in range(1, min(len(raw), 30)):
        try:
            kept = dgi.read_groupings(raw[:-cut])
        except BadField:
            continue
        assert b"".join(one.encode() for one in kept) == raw[:-cut]


def test_groupings_are_bounded_and_do_not_print() -> None:
    with pytest.raises(LimitExceeded):
        dgi.read_groupings(bytes.fromhex("010100") * 257)
    assert "AA" not in repr(Grouping(0x8000, b"\xaa")).upper().replace("GROUPING", "")


def test_long_groupings_are_cut_and_secret_ones_travel_alone() -> None:
    told = [Grouping(0x0101, bytes(10)), Grouping(0x0102, bytes(300)), Grouping(0x8010, bytes(8)),
            Grouping(0x9010, b"\3\3")]  # fmt: skip
    parts = list(blocks(told))
    assert [p1 for p1, _ in parts] == [0, 0, 0, 0x60, 0]
    assert all(len(data) <= MOST_AT_ONCE for _, data in parts)
    assert dgi.read_groupings(b"".join(data for _, data in parts)) == tuple(told)


def _without(number: int) -> Callable[[Iterable[Grouping]], Iterable[Grouping]]:
    return lambda told: [one for one in told if one.dgi != number]


def _with(number: int, change: Callable[[bytes], bytes]) -> Any:
    return lambda told: [
        Grouping(one.dgi, change(one.data)) if one.dgi == number else one for one in told
    ]


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes((data[-1] ^ 0x10,))


BROKEN = {
    "no keys": _without(0x8000),
    "no check values": _without(0x9000),
    "no FCI": _without(0x9102),
    "no issuer data": _without(0x9200),
    "a part of the RSA key missing": _without(0x8204),
    "a wrong check value": _with(0x9000, _flipped),
    "keys that were not enciphered": _with(0x8000, lambda data: bytes(len(data))),
    "keys too short": _with(0x8000, lambda data: data[:40]),
    "keys that are no blocks": _with(0x8000, lambda data: data[:41]),
    "a wrong part of the RSA key": _with(0x8201, lambda data: data[::-1]),
    "primes that are none": _with(0x8205, lambda data: data[::-1]),
    "a PIN that is none": _with(0x8010, _flipped),
    "issuer data of another form": _with(0x9200, lambda data: b"\6" + data[1:]),
    "options without AIP": _with(0x9104, lambda data: data[4:]),
    "an FCI that does not parse": _with(0x9102, lambda data: data[:-1]),
    "a grouping nobody knows": lambda told: [*told, Grouping(0xBEEF, b"\1")],
    "a grouping told twice": lambda told: [*told, Grouping(0x9010, b"\5\5")],
    "a cut file": _with(0x0D01, lambda data: data[:-1]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_personalises_nothing(what: str) -> None:
    card = blank()
    with pytest.raises(CardFault) as caught:
        done(card, personalised(ordered(), BROKEN[what]))
    assert caught.value.sw == 0x6A80
    assert card.application is None
    done(card, personalised(ordered()))  # and the card can still be made
    assert card.application == ordered()


def test_the_parts_of_two_equal_primes_are_refused() -> None:
    """A modulus that is a square has no right q^-1 mod p."""
    wanted = ordered()
    assert wanted.rsa is not None
    same = RsaPrivate(modulus=wanted.rsa.p**2, p=wanted.rsa.p, q=wanted.rsa.p)
    told = dgi.groupings(wanted, lambda data: data)
    half = same.p.to_bytes(wanted.rsa.size // 2, "big")
    changed = [Grouping(one.dgi, crypto.pad(half, 8)) if one.dgi == 0x8204 else one for one in told]
    with pytest.raises(BadData):
        dgi.application(DEBIT_AID, changed, lambda data: data)


# --- the channel ------------------------------------------------------------------------------


def test_session_keys_and_cryptograms_follow_the_formulas() -> None:
    """Written once more from the book: constant, counter, zeros under 3DES-CBC."""
    sequence = bytes.fromhex("0007")
    made = session_keys(KEYS, sequence)
    for got, constant, key in (
        (made.enc, "0182", KEYS.enc), (made.mac, "0101", KEYS.mac), (made.dek, "0181", KEYS.dek),
    ):  # fmt: skip
        first = crypto.encrypt(Algorithm.TDES, key, bytes.fromhex(constant) + sequence + bytes(4))
        assert got == first + crypto.encrypt(Algorithm.TDES, key, first)
    session = Session(made, sequence, bytes(6), CHALLENGE)
    assert session.of_card() != session.of_host()
    assert len(session.of_card()) == 8


def test_a_card_with_other_keys_is_not_told_anything() -> None:
    sent: list[bytes] = []
    card = BlankCard(DEBIT_AID, evolve(KEYS, enc=bytes(16)))

    def transmit(raw: bytes) -> bytes:
        sent.append(raw)
        return card.process_bytes(raw)

    with pytest.raises(KeyRefused):
        run(personalised(ordered()), Performer(transmit=transmit))
    assert len(sent) == 1


def test_somebody_without_the_keys_cannot_personalise() -> None:
    card = blank()
    with pytest.raises(CardFault) as caught:
        done(card, personalised(ordered(), keys=NOBODY))
    assert caught.value.sw == 0x6982
    assert card.application is None


def test_every_changed_bit_of_a_command_ends_the_session() -> None:
    recorded: list[bytes] = []
    card = blank()

    def transmit(raw: bytes) -> bytes:
        recorded.append(raw)
        return card.process_bytes(raw)

    run(personalised(ordered()), Performer(transmit=transmit))
    stored = next(at for at, raw in enumerate(recorded) if raw[1] == 0xE2)
    for bit in range(0, len(recorded[stored]) * 8, 5):
        if bit // 8 in (0, 1, 4):
            continue  # another command, or another length altogether
        held = blank()
        for raw in recorded[:stored]:
            assert held.process_bytes(raw)[-2:] == b"\x90\0"
        changed = bytearray(recorded[stored])
        changed[bit // 8] ^= 0x80 >> bit % 8
        assert held.process_bytes(bytes(changed)) == bytes.fromhex("6982")
        assert held.process_bytes(recorded[stored]) == bytes.fromhex("6985")
        assert held.application is None


def test_a_recorded_session_cannot_be_played_again() -> None:
    recorded: list[bytes] = []
    card = blank()

    def transmit(raw: bytes) -> bytes:
        recorded.append(raw)
        return card.process_bytes(raw)

    with pytest.raises(CardFault):
        run(personalised(ordered(), BROKEN["no keys"]), Performer(transmit=transmit))
    assert card.process_bytes(recorded[0])[-2:] == b"\x90\0"
    assert card.process_bytes(recorded[1]) == bytes.fromhex("6982")


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("00A4040008A000000333010101", "9000"),
        ("00A4040008A000000333010102", "6A82"),
        ("8050000007000102030405060000", "6700"),
        ("8482010000", "6985"),
        ("84E2800000", "6985"),
        ("80CA9F3600", "6D00"),
        ("00", "6700"),
    ],
)
def test_wrong_commands_have_their_status(command: str, status: str) -> None:
    assert blank().process_bytes(bytes.fromhex(command))[-2:].hex().upper() == status


def test_parts_out_of_order_and_endless_files_are_refused() -> None:
    card = blank()

    async def wrong_number() -> None:
        session = await open_channel(KEYS, CHALLENGE)
        parts = [Grouping(0x0101, bytes(200)) for _ in range(400)]
        await store_data(session, parts)

    with pytest.raises(CardFault) as caught:
        done(card, wrong_number())
    assert caught.value.sw == 0x6A80


def test_a_finished_card_is_not_personalised_again() -> None:
    card = blank()
    done(card, personalised(ordered()))
    with pytest.raises(CardFault) as caught:
        done(card, personalised(ordered()))
    assert caught.value.sw == 0x6985


def test_an_answer_of_another_length_is_the_cards_fault() -> None:
    with pytest.raises(CardFault, match="CHANNEL-ANSWER"):
        run(open_channel(KEYS, CHALLENGE), Performer(transmit=lambda _: bytes(27) + b"\x90\0"))


def test_the_blank_card_never_raises() -> None:
    from random import Random

    dice, card = Random(4), blank()
    heads = ["80500000", "84820100", "84E20000", "84E28000", "00A40400"]
    for _ in range(3_000):
        body = dice.randbytes(dice.randrange(0, 40))
        raw = bytes.fromhex(dice.choice(heads)) + bytes((len(body),)) + body
        assert len(card.process_bytes(raw[: dice.randrange(1, len(raw) + 1)])) >= 2


def test_a_published_session_is_opened_with_the_published_bytes() -> None:
    """Numbers of osmocom/pysim, tests (GPL-2.0; bare values): keys, answer, and what follows."""
    tail = bytes.fromhex("02030405060708090A0B0C0D0E0F")
    keys = ChannelKeys(enc=b"\x10\x01" + tail, mac=b"\x10\x11" + tail, dek=b"\x10\x21" + tail)
    answers = ["00000000000000000000700200016B4524ABEE7CF32EA3838BC148F3", ""]
    sent: list[str] = []

    def transmit(raw: bytes) -> bytes:
        sent.append(raw.hex().upper())
        return bytes.fromhex(answers.pop(0)) + b"\x90\0"

    run(open_channel(keys, bytes.fromhex("40A62C37FA6304F8")), Performer(transmit=transmit))
    assert sent[1] == "8482010010BA6961667737C5BCEBECE14C7D6A4376"
