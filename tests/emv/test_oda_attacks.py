"""Attacks on offline data authentication: whatever a man in the middle changes, nobody believes it.

A recorded dialogue is judged by a small terminal written here: it follows AFL and DDOL as the card
gives them and knows no way to excuse a fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from attrs import evolve, frozen
from tests.emv.dialogue import POLICY, TODAY, by_list, card_of, flat, generate, ok, opened, sent
from tests.emv.published import raw

from szunion.emv import capk, certificates, oda, sm2, tlv
from szunion.emv.card import testca
from szunion.emv.card.bank import TestBank
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import RsaPrivate, Sm2Private
from szunion.emv.card.profiles import Scheme, pan_of
from szunion.emv.card.signing import private_operation
from szunion.emv.errors import EmvError
from szunion.emv.oda_keys import Assurance, CardData, Record, recover
from szunion.emv.reasons import Reason
from szunion.emv.rsa import RsaKey
from szunion.emv.tlv import Node


@pytest.fixture(scope="module")
def bank() -> TestBank:
    return TestBank.grow(7)


@pytest.fixture(scope="module")
def roots(bank: TestBank) -> capk.CaKeys:
    return bank.roots(TODAY)


@frozen(kw_only=True)
class Dialogue:
    """What a card answered, by what was asked: ``gpo``, ``sfi.record``, ``sign``."""

    aid: bytes
    answers: dict[str, bytes]
    terminal: dict[int, bytes]
    pdol_data: bytes


def recorded(bank: TestBank, *, sm: bool, cda: bool) -> Dialogue:
    seen = opened(card_of(bank, scheme=Scheme.BOTH), sm=sm)
    card = seen.card
    answers = {f"{r.sfi}.{r.number}": r.raw for r in seen.data.records}
    afl = b"".join(
        bytes((sfi << 3, first, last, count))
        for sfi, first, last, count in (
            (6, 1, 4, 0) if sm else (2, 1, 5, 0),
            (1, 1, 1, 1),
            (3, 1, 2, 2),
        )
    )
    answers["gpo"] = b"\x80\x0e" + seen.data.aip + afl
    if cda:
        answers["sign"] = generate(seen, 0x90)[0]
    else:
        answers["sign"] = ok(sent(card, "00880000", seen.terminal[0x9F37]))
    return Dialogue(
        aid=seen.data.aid, answers=answers, terminal=seen.terminal, pdol_data=seen.pdol_data
    )


def judged(talk: Dialogue, roots: capk.CaKeys, *, cda: bool) -> oda.Verdict:
    """Read the dialogue as a terminal does; what is off its script is a KeyError."""
    told = tlv.parse(talk.answers["gpo"])[0]
    if told.tag != 0x80 or len(told.value) % 4 != 2:
        raise KeyError(told.tag)
    records = []
    for at in range(2, len(told.value), 4):
        head, first, last, signed = told.value[at : at + 4]
        if head & 7 or not head or not first or first > last or signed > last - first + 1:
            raise KeyError("afl")
        records += [
            Record(
                sfi=head >> 3,
                number=number,
                raw=talk.answers[f"{head >> 3}.{number}"],
                signed=number - first < signed,
            )
            for number in range(first, last + 1)
        ]
    card = CardData(aid=talk.aid, aip=told.value[:2], records=tuple(records))
    values: dict[int, bytes] = {}
    for record in records:
        values |= flat(tlv.parse(record.raw))
    keys = recover(card, roots, POLICY, dynamic=True)
    challenge = talk.terminal[0x9F37]
    if cda:
        sent_data = talk.pdol_data + by_list(values[0x8C], talk.terminal)
        return oda.check_cda(keys, talk.answers["sign"], sent_data, challenge)
    terminal = by_list(values[0x9F49], talk.terminal)
    return oda.check_dda(keys, talk.answers["sign"], terminal, challenge)


def accepted(talk: Dialogue, roots: capk.CaKeys, *, cda: bool) -> bool:
    try:
        return judged(talk, roots, cda=cda).passed
    except (EmvError, KeyError, IndexError, ValueError):
        return False


def with_answer(talk: Dialogue, name: str, answer: bytes) -> Dialogue:
    return evolve(talk, answers=talk.answers | {name: answer})


KINDS = [
    pytest.param(sm, cda, id=f"{'SM2' if sm else 'RSA'}-{'CDA' if cda else 'DDA'}")
    for sm in (False, True)
    for cda in (False, True)
]
#: the record with the static signature 93, which dynamic authentication does not use
STATIC_ONLY = {"2.3", "6.3"}


@pytest.mark.parametrize(("sm", "cda"), KINDS)
def test_no_changed_byte_of_a_dialogue_is_accepted(
    bank: TestBank, roots: capk.CaKeys, *, sm: bool, cda: bool
) -> None:
    talk = recorded(bank, sm=sm, cda=cda)
    assert accepted(talk, roots, cda=cda)
    tried, wrong = 0, []
    for name, answer in talk.answers.items():
        if name in STATIC_ONLY:
            continue
        for at in range(len(answer)):
            # an SM2 verification takes a hundred times as long as RSA's: one change a byte
            for mask in ((0x01, 0x5A)[at % 2],) if sm else (0x01, 0x80, 0xFF):
                changed = answer[:at] + bytes((answer[at] ^ mask,)) + answer[at + 1 :]
                tried += 1
                if accepted(with_answer(talk, name, changed), roots, cda=cda):
                    wrong.append((name, at, mask))
    assert wrong == []
    assert tried > (600 if sm else 2000)


@pytest.mark.parametrize("sm", [False, True])
def test_no_changed_byte_of_a_static_signature_is_accepted(
    bank: TestBank, roots: capk.CaKeys, *, sm: bool
) -> None:
    data = opened(card_of(bank, scheme=Scheme.BOTH), sm=sm).data
    assert oda.check_sda(data, roots, POLICY).passed
    place = next(i for i, r in enumerate(data.records) if f"{r.sfi}.{r.number}" in STATIC_ONLY)
    record = data.records[place]
    for at in range(len(record.raw)):
        changed = record.raw[:at] + bytes((record.raw[at] ^ 0x11,)) + record.raw[at + 1 :]
        records = (*data.records[:place], evolve(record, raw=changed), *data.records[place + 1 :])
        assert not oda.check_sda(evolve(data, records=records), roots, POLICY).passed


def _deletions(nodes: Sequence[Node]) -> Iterator[bytes]:
    """Yield the encoding once without each object, at every level."""
    for place, node in enumerate(nodes):
        rest = (*nodes[:place], *nodes[place + 1 :])
        yield tlv.build(rest)
        for inside in _deletions(node.children):
            shorter = Node.of(node.tag, inside)
            yield tlv.build((*nodes[:place], shorter, *nodes[place + 1 :]))


@pytest.mark.parametrize(("sm", "cda"), KINDS)
def test_no_dialogue_with_a_tag_deleted_or_told_twice_is_accepted(
    bank: TestBank, roots: capk.CaKeys, *, sm: bool, cda: bool
) -> None:
    talk = recorded(bank, sm=sm, cda=cda)
    tried = 0
    for name, answer in talk.answers.items():
        if name in STATIC_ONLY:
            continue
        for shorter in _deletions(tlv.parse(answer)):
            tried += 1
            assert not accepted(with_answer(talk, name, shorter), roots, cda=cda), name
    assert tried > 30


@pytest.mark.parametrize(("sm", "cda"), KINDS)
def test_no_dialogue_cut_short_is_accepted(
    bank: TestBank, roots: capk.CaKeys, *, sm: bool, cda: bool
) -> None:
    talk = recorded(bank, sm=sm, cda=cda)
    for name, answer in talk.answers.items():
        if name in STATIC_ONLY:
            continue
        for size in range(0, len(answer), 7):
            assert not accepted(with_answer(talk, name, answer[:size]), roots, cda=cda), name


def test_the_signature_of_another_card_does_not_help(bank: TestBank, roots: capk.CaKeys) -> None:
    mine = recorded(bank, sm=False, cda=True)
    other = opened(card_of(bank, seed=6, pan=pan_of(2)))
    answer, _ = generate(other, 0x90)
    assert not accepted(with_answer(mine, "sign", answer), roots, cda=True)


def test_a_static_clone_gets_no_further_than_static(bank: TestBank, roots: capk.CaKeys) -> None:
    talk = recorded(bank, sm=False, cda=False)
    for forged in (b"", b"\x80\x80" + bytes(128), b"\x80\x81\x80" + bytes(128), b"\x80\x01\x00"):
        assert not accepted(with_answer(talk, "sign", forged), roots, cda=False)


def test_rsa_and_sm2_signatures_do_not_stand_for_each_other(
    bank: TestBank, roots: capk.CaKeys
) -> None:
    rsa_talk, sm_talk = (recorded(bank, sm=sm, cda=True) for sm in (False, True))
    crossed = with_answer(rsa_talk, "sign", sm_talk.answers["sign"])
    assert not accepted(crossed, roots, cda=True)
    crossed = with_answer(sm_talk, "sign", rsa_talk.answers["sign"])
    assert not accepted(crossed, roots, cda=True)


# --- lax recovery: blocks that were signed, with one byte wrong inside ----------------------------

KEY = testca.rsa_private(Chance(23), 1152)
CARD_KEY = testca.rsa_private(Chance(24), 1024)
PUBLIC = RsaKey(KEY.modulus, KEY.exponent)


def signed_raw(block: bytes) -> bytes:
    number = int.from_bytes(block, "big") % KEY.modulus
    return private_operation(KEY, number).to_bytes(KEY.size, "big")


def block_of(signature: bytes) -> bytes:
    return pow(int.from_bytes(signature, "big"), KEY.exponent, KEY.modulus).to_bytes(
        KEY.size, "big"
    )


def _structures() -> dict[str, tuple[bytes, object]]:
    month, serial = raw("1229"), b"\0\0\1"
    issuer = testca.certify_issuer(KEY, "620000", month, serial, CARD_KEY)
    icc = testca.certify_card(KEY, pan_of(1), month, serial, CARD_KEY, b"static")
    static = testca.sign_static(KEY, b"\1\2", b"static")
    dynamic = (b"\x05\x01\x03\x02\x00\x07").ljust(KEY.size - 22, b"\xbb")
    sdad = testca.sign_block(KEY, dynamic, b"un")

    def open_issuer(signature: bytes) -> object:
        return certificates.open_rsa_issuer(
            PUBLIC, signature, issuer.remainder, issuer.exponent, least_bits=1024
        )

    def open_icc(signature: bytes) -> object:
        return certificates.open_rsa_icc(
            PUBLIC, signature, icc.remainder, icc.exponent, b"static", least_bits=1024
        )

    def open_static(signature: bytes) -> object:
        return certificates.open_rsa_static(PUBLIC, signature, b"static")

    def open_dynamic(signature: bytes) -> object:
        return certificates.open_rsa_dynamic(PUBLIC, signature, b"un")

    return {
        "issuer certificate": (issuer.body, open_issuer),
        "card certificate": (icc.body, open_icc),
        "static signature": (static, open_static),
        "dynamic signature": (sdad, open_dynamic),
    }


@pytest.mark.parametrize("name", list(_structures()))
def test_no_changed_byte_inside_a_signed_block_is_accepted(name: str) -> None:
    signature, open_it = _structures()[name]
    assert callable(open_it)
    assert open_it(signature).value is not None
    block = block_of(signature)
    for at in range(len(block)):
        for mask in (0x01, 0x80):
            changed = block[:at] + bytes((block[at] ^ mask,)) + block[at + 1 :]
            assert open_it(signed_raw(changed)).value is None, (at, mask)


def rehashed(body: bytes, tail: bytes) -> bytes:
    return testca.sign_block(KEY, body, tail)


def test_b19_a_pkcs1_block_is_no_certificate() -> None:
    block = (b"\x00\x01" + b"\xff" * 100 + b"\x00").ljust(KEY.size, b"\x30")
    opened_ = certificates.open_rsa_static(PUBLIC, signed_raw(block), b"")
    assert {Reason.RECOVERY_HEADER, Reason.RECOVERY_TRAILER} <= set(opened_.reasons)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, 0x04, Reason.CERTIFICATE_FORMAT),
        (1, 0xA0, Reason.IIN_MISMATCH),
        (10, 0x02, Reason.HASH_ALGORITHM),
        (11, 0x04, Reason.KEY_ALGORITHM),
        (12, 0x7F, Reason.REMAINDER_WRONG),
        (13, 0x03, Reason.EXPONENT_LENGTH),
    ],
)
def test_a_rightly_hashed_certificate_with_a_wrong_field_has_its_reason(
    at: int, value: int, reason: Reason
) -> None:
    made = testca.certify_issuer(KEY, "620000", raw("1229"), b"\0\0\1", CARD_KEY)
    body = bytearray(block_of(made.body)[1:-21])
    body[at] = value
    tail = made.remainder + made.exponent
    opened_ = certificates.open_rsa_issuer(
        PUBLIC, rehashed(bytes(body), tail), made.remainder, made.exponent, least_bits=1024
    )
    assert reason in opened_.reasons
    assert opened_.value is None


def test_padding_of_a_key_that_fits_must_be_bb_and_there_is_no_remainder() -> None:
    small = testca.rsa_private(Chance(5), 768)
    made = testca.certify_issuer(KEY, "620000", raw("1229"), b"\0\0\1", small)
    assert made.remainder == b""
    good = certificates.open_rsa_issuer(PUBLIC, made.body, b"", made.exponent, least_bits=768)
    assert good.value is not None
    body = bytearray(block_of(made.body)[1:-21])
    body[-1] = 0xBA
    lax = rehashed(bytes(body), made.exponent)
    opened_ = certificates.open_rsa_issuer(PUBLIC, lax, b"", made.exponent, least_bits=768)
    assert opened_.reasons == (Reason.PADDING_WRONG,)
    extra = rehashed(block_of(made.body)[1:-21], b"\1" + made.exponent)
    opened_ = certificates.open_rsa_issuer(PUBLIC, extra, b"\1", made.exponent, least_bits=768)
    assert opened_.reasons == (Reason.REMAINDER_WRONG,)


def test_card_certificate_fields_are_checked_one_by_one() -> None:
    made = testca.certify_card(KEY, pan_of(1), raw("1229"), b"\0\0\1", CARD_KEY, b"s")
    tail = made.remainder + made.exponent + b"s"
    for at, value, reason in (
        (1, 0xAA, Reason.PAN_MISMATCH),
        (16, 9, Reason.HASH_ALGORITHM),
        (17, 9, Reason.KEY_ALGORITHM),
        (0, 2, Reason.CERTIFICATE_FORMAT),
    ):
        body = bytearray(block_of(made.body)[1:-21])
        body[at] = value
        opened_ = certificates.open_rsa_icc(
            PUBLIC,
            rehashed(bytes(body), tail),
            made.remainder,
            made.exponent,
            b"s",
            least_bits=1024,
        )
        assert reason in opened_.reasons


def test_static_and_dynamic_structures_are_checked_one_by_one() -> None:
    size = KEY.size - 22
    for body, reason in (
        (b"\x03\x02\1\2".ljust(size, b"\xbb"), Reason.HASH_ALGORITHM),
        (b"\x03\x01\1\2".ljust(size, b"\x00"), Reason.PADDING_WRONG),
    ):
        assert reason in certificates.open_rsa_static(PUBLIC, rehashed(body, b"x"), b"x").reasons
    for body, reason in (
        (b"\x05\x02\3\2ab".ljust(size, b"\xbb"), Reason.HASH_ALGORITHM),
        (b"\x05\x01\3\2ab".ljust(size, b"\x00"), Reason.PADDING_WRONG),
        (b"\x05\x01\xff\2ab".ljust(size, b"\xbb"), Reason.DYNAMIC_LENGTH),
    ):
        assert reason in certificates.open_rsa_dynamic(PUBLIC, rehashed(body, b"x"), b"x").reasons


def test_keys_too_short_to_hold_a_structure_are_no_crash() -> None:
    tiny = RsaKey(testca.rsa_private(Chance(1), 192).modulus, 3)
    signature = bytes(23) + b"\1"
    for opened_ in (
        certificates.open_rsa_issuer(tiny, signature, b"", b"\3", least_bits=1024),
        certificates.open_rsa_icc(tiny, signature, b"", b"\3", b"", least_bits=1024),
        certificates.open_rsa_static(tiny, signature, b""),
        certificates.open_rsa_dynamic(tiny, signature, b""),
    ):
        assert opened_.value is None
        assert Reason.CERTIFICATE_LENGTH in opened_.reasons


@pytest.mark.parametrize(
    ("data", "length"),
    [(b"", 20), (b"\1a", 20), (b"\x09" + bytes(9), 20), (b"\3ab", 20), (b"\2ab" + bytes(28), 20)],
)
def test_dynamic_data_of_a_wrong_length_are_refused(data: bytes, length: int) -> None:
    assert certificates.read_combined(data, length).reasons == (Reason.DYNAMIC_LENGTH,)
    if data[:1] != b"\2":
        assert certificates.read_dynamic(data).reasons == (Reason.DYNAMIC_LENGTH,)


@pytest.mark.parametrize(
    ("month", "told"),
    [
        ("1229", ()),
        ("1126", ()),
        ("1026", (Reason.CERTIFICATE_EXPIRED,)),
        ("0150", (Reason.CERTIFICATE_EXPIRED,)),  # of 1950
        ("1329", (Reason.CERTIFICATE_DATE,)),
        ("0029", (Reason.CERTIFICATE_DATE,)),
        ("AA29", (Reason.CERTIFICATE_DATE,)),
        ("12", (Reason.CERTIFICATE_DATE,)),
    ],
)
def test_a_certificate_holds_through_its_month(month: str, told: certificates.Reasons) -> None:
    assert certificates.expiry_reasons(raw(month), TODAY) == told


# --- SM2: rightly signed, wrongly filled

SM_KEY = testca.sm2_private(Chance(31))
SM_CARD = testca.sm2_private(Chance(32))
SM_PUBLIC = sm2.PublicKey.decode(SM_KEY.public)


def sm_signed(body: bytes, tail: bytes = b"") -> bytes:
    return body + sm2.sign(sm2.PrivateKey(SM_KEY.d), body + tail)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, 0x13, Reason.CERTIFICATE_FORMAT),
        (1, 0xAA, Reason.IIN_MISMATCH),
        (10, 0x01, Reason.KEY_ALGORITHM),
        (12, 0x01, Reason.KEY_ALGORITHM),
        (13, 0x41, Reason.KEY_ALGORITHM),
        (20, 0x00, Reason.POINT_NOT_ON_CURVE),
    ],
)
def test_a_rightly_signed_sm2_issuer_certificate_with_a_wrong_field_is_refused(
    at: int, value: int, reason: Reason
) -> None:
    made = testca.certify_issuer(SM_KEY, "620000", raw("1229"), b"\0\0\1", SM_CARD).body
    assert certificates.open_sm2_issuer(SM_PUBLIC, made).value is not None
    body = bytearray(made[:-64])
    body[at] = value
    opened_ = certificates.open_sm2_issuer(SM_PUBLIC, sm_signed(bytes(body)))
    assert reason in opened_.reasons
    assert opened_.value is None


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, 0x12, Reason.CERTIFICATE_FORMAT),
        (1, 0xAA, Reason.PAN_MISMATCH),
        (16, 0x01, Reason.KEY_ALGORITHM),
        (40, 0x00, Reason.POINT_NOT_ON_CURVE),
    ],
)
def test_a_rightly_signed_sm2_card_certificate_with_a_wrong_field_is_refused(
    at: int, value: int, reason: Reason
) -> None:
    made = testca.certify_card(SM_KEY, pan_of(1), raw("1229"), b"\0\0\1", SM_CARD, b"s").body
    assert certificates.open_sm2_icc(SM_PUBLIC, made, b"s").value is not None
    body = bytearray(made[:-64])
    body[at] = value
    opened_ = certificates.open_sm2_icc(SM_PUBLIC, sm_signed(bytes(body), b"s"), b"s")
    assert reason in opened_.reasons
    assert opened_.value is None


def test_sm2_structures_of_a_wrong_length_are_refused() -> None:
    made = testca.certify_issuer(SM_KEY, "620000", raw("1229"), b"\0\0\1", SM_CARD).body
    icc = testca.certify_card(SM_KEY, pan_of(1), raw("1229"), b"\0\0\1", SM_CARD, b"s").body
    for opened_ in (
        certificates.open_sm2_issuer(SM_PUBLIC, made[:-1]),
        certificates.open_sm2_issuer(SM_PUBLIC, made + b"\0"),
        certificates.open_sm2_icc(SM_PUBLIC, icc[:-1], b"s"),
        certificates.open_sm2_static(SM_PUBLIC, b"\x13" * 66, b"s"),
        certificates.open_sm2_dynamic(SM_PUBLIC, b"", b"s"),
        certificates.open_sm2_dynamic(SM_PUBLIC, b"\x15", b"s"),
    ):
        assert opened_.reasons == (Reason.CERTIFICATE_LENGTH,)


def test_root_and_issuer_of_two_kinds_make_no_certificate() -> None:
    with pytest.raises(TypeError):
        testca.certify_issuer(KEY, "620000", raw("1229"), b"\0\0\1", SM_CARD)
    with pytest.raises(TypeError):
        testca.certify_card(SM_KEY, pan_of(1), raw("1229"), b"\0\0\1", CARD_KEY, b"")


def test_test_keys_are_what_they_say() -> None:
    for bits in (768, 1024, 1152):
        key = testca.rsa_private(Chance(bits), bits, 65537)
        assert (key.modulus.bit_length(), key.p * key.q) == (bits, key.modulus)
        assert private_operation(key, pow(5, 65537, key.modulus)) == 5
    assert isinstance(SM_KEY, Sm2Private)
    assert isinstance(KEY, RsaPrivate)
    primes = [n for n in range(2000) if testca.is_prime(n, Chance(1))]
    assert primes == [2, *[n for n in range(3, 2000, 2) if all(n % d for d in range(3, n, 2))]]
    assert not testca.is_prime(561 * 1105, Chance(2))


def test_assurance_levels_are_ordered() -> None:
    assert list(Assurance) == sorted(Assurance)
    assert Assurance.SDA < Assurance.DDA_OFFLINE < Assurance.CDA_OFFLINE < Assurance.ONLINE_BANK
