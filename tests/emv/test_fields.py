"""Data elements with a name for every bit, and the card's two lists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.codec import cases, unhex

from szunion.emv import fields
from szunion.emv.bits import Bit, BitField
from szunion.emv.errors import BadField, LimitExceeded
from szunion.emv.iad import CID_REASONS, Cid, Cryptogram, Cvr, Iad
from szunion.emv.lists import MOST_RECORDS, AflEntry, CvmList, CvmRule
from szunion.emv.tags import Scheme

BIT_FIELDS = [
    fields.Aip, fields.Auc, fields.Tvr, fields.Tsi, fields.TerminalCapabilities,
    fields.AdditionalCapabilities, fields.Ttq, fields.Ctq, fields.ProductFeatures,
]  # fmt: skip


@pytest.mark.parametrize("kind", BIT_FIELDS, ids=lambda kind: kind.__name__)
def test_every_bit_goes_on_and_off_alone(kind: type[BitField]) -> None:
    everything = kind.of(*kind.bits())
    assert everything.on() == kind.bits()
    assert everything.unnamed() == ()
    for bit in kind.bits():
        assert kind.of(bit).on() == (bit,)
        assert bit not in everything.minus(bit).on()
        assert kind.of(bit).raw[bit.byte - 1] == bit.mask
        assert bit.zh
        assert bit.en
    places = [(bit.byte, bit.bit) for bit in kind.bits()]
    assert len(set(places)) == len(places)
    assert places == sorted(places, key=lambda place: (place[0], -place[1]))
    with pytest.raises(BadField, match=kind.NAME):
        kind(bytes(kind.LENGTH + 1))


def test_reserved_bits_are_seen() -> None:
    assert fields.Tsi(unhex("0301")).unnamed() == ((1, 2), (1, 1), (2, 1))
    assert bytes(fields.Tsi(unhex("0301"))) == unhex("0301")
    assert repr(fields.Tsi(unhex("E800"))) == "Tsi(E800)"


def test_b07_the_masks_of_9f33_are_the_book_s() -> None:
    """B07: plain PIN b8, online PIN b7, signature b6, enciphered b5, no CVM b4, document b1."""
    capabilities = fields.TerminalCapabilities
    assert capabilities.of(capabilities.PLAIN_PIN).raw.hex() == "008000"
    assert capabilities.of(capabilities.ONLINE_PIN).raw.hex() == "004000"
    assert capabilities.of(capabilities.SIGNATURE).raw.hex() == "002000"
    assert capabilities.of(capabilities.ENCIPHERED_OFFLINE_PIN).raw.hex() == "001000"
    assert capabilities.of(capabilities.NO_CVM).raw.hex() == "000800"
    assert capabilities.of(capabilities.ID_DOCUMENT).raw.hex() == "000100"


@pytest.mark.parametrize(
    ("bit", "raw"),
    [
        (fields.Tvr.ODA_NOT_PERFORMED, "8000000000"),
        (fields.Tvr.NEW_CARD, "0008000000"),
        (fields.Tvr.PIN_TRY_LIMIT_EXCEEDED, "0000200000"),
        (fields.Tvr.FLOOR_LIMIT_EXCEEDED, "0000008000"),
        (fields.Tvr.SCRIPT_FAILED_AFTER, "0000000010"),
    ],
)
def test_bits_of_the_tvr_stand_where_the_book_has_them(bit: Bit, raw: str) -> None:
    assert fields.Tvr.of(bit).raw == unhex(raw)


def test_the_ttq_is_pboc_s_and_not_visa_s() -> None:
    ttq = fields.Ttq(unhex("36800080"))
    assert [bit.en for bit in ttq.on()] == [
        "qPBOC supported",
        "contact PBOC debit/credit supported",
        "online PIN supported",
        "signature supported",
        "online cryptogram required",
        "fDDA version 01 supported",
    ]


# --- AFL ---


@settings(derandomize=True, max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9), st.integers(0, 9)), max_size=9))
def test_an_afl_is_read_as_it_was_built(rows: list[tuple[int, int, int]]) -> None:
    entries = tuple(AflEntry(sfi, at, at + more, more) for sfi, at, more in rows)
    assert AflEntry.parse(AflEntry.build(entries)) == entries


def test_an_afl_says_which_records_are_signed() -> None:
    (entry,) = AflEntry.parse(unhex("18010301"))
    assert list(entry.records()) == [(1, True), (2, False), (3, False)]


@pytest.mark.parametrize(
    "raw",
    [
        "080102",
        "00010100",
        "F8010100",
        "08000100",
        "08020100",
        "09010100",
        "08010203",
        "08010100" * 64,
    ],
)
def test_a_wrong_afl_is_refused(raw: str) -> None:
    with pytest.raises(BadField):
        AflEntry.parse(unhex(raw))


def test_an_afl_that_never_ends_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        AflEntry.parse(unhex("0801FF00") * 30)
    assert len(AflEntry.parse(unhex("0801FF00"), most=255)) == 1
    assert MOST_RECORDS < 255


# --- CVM list ---


@pytest.mark.parametrize("case", cases("cvm-list"), ids=lambda case: str(case["why"]))
def test_published_cvm_lists_are_read_and_written(case: Any) -> None:
    raw = unhex(case["cvm_list"])
    if case["error"]:
        with pytest.raises(BadField):
            CvmList.parse(raw)
        return
    read = CvmList.parse(raw)
    assert (read.x, read.y) == (case["x"], case["y"])
    assert [[r.code, r.go_on, r.condition] for r in read.rules] == case["rules"]
    assert read.encode() == raw


@settings(derandomize=True, max_examples=100)
@given(st.binary(min_size=10, max_size=252).filter(lambda raw: len(raw) % 2 == 0))
def test_any_cvm_list_is_written_as_it_was_read(raw: bytes) -> None:
    assert CvmList.parse(raw).encode() == raw


def test_a_cvm_list_out_of_range_cannot_be_made() -> None:
    rule = CvmRule(0x1F, go_on=False, condition=0)
    with pytest.raises(BadField):
        CvmRule(0x41, go_on=False, condition=0)
    with pytest.raises(BadField):
        CvmList(-1, 0, (rule,))
    with pytest.raises(BadField):
        CvmList(0, 0, ())


# --- CID, CVR, IAD ---


def test_the_cid_has_three_parts() -> None:
    cid = Cid.parse(b"\x8a")
    assert (cid.cryptogram, cid.advice, CID_REASONS[cid.reason][1]) == (
        Cryptogram.ARQC,
        True,
        "PIN try limit exceeded",
    )
    assert Cid(0x00).cryptogram.zh.startswith("AAC")
    assert Cid(0x40).cryptogram.en.startswith("TC")
    with pytest.raises(BadField):
        Cid.parse(b"")
    with pytest.raises(BadField):
        Cid(256)


def test_b18_the_eight_bytes_of_a_pboc_card_are_not_unknown() -> None:
    """B18: 07 is a length and not Visa's 06; eight bytes are the usual case."""
    iad = Iad.parse(unhex("07010103A4300201"))
    assert (iad.scheme, iad.key_index, iad.version, iad.algorithm) == (Scheme.PBOC, 1, 1, 1)
    cvr = iad.pboc_cvr
    assert (cvr.first, cvr.second, cvr.scripts) == (Cryptogram.ARQC, None, 0)
    assert cvr.has(Cvr.OFFLINE_PIN_DONE)
    assert cvr.has(Cvr.VELOCITY_EXCEEDED)
    assert cvr.has(Cvr.DDA_PERFORMED)
    assert iad.idd is None
    assert iad.decision is Cryptogram.ARQC


def test_the_decision_of_a_qpboc_card_is_in_the_fifth_byte() -> None:
    decisions = [Iad.parse(unhex(f"07011703{byte}000001")).decision for byte in ("90", "A0", "80")]
    assert decisions == [Cryptogram.TC, Cryptogram.ARQC, Cryptogram.AAC]
    assert Cvr(unhex("03500010")).second is Cryptogram.TC
    assert Cvr(unhex("03500010")).scripts == 1


def test_the_published_issuer_data_are_read() -> None:
    facts = cases("pboc-spec-examples")["issuer_application_data"]
    raw = unhex(facts["personalised"])[3:]
    iad = Iad.parse(raw)
    assert f"{iad.version:02X}" == facts["cvn"]
    assert f"{iad.algorithm:02X}" == facts["algorithm"]
    assert raw[8] == facts["idd_length"]
    assert iad.rest == unhex(facts["idd_id"])
    assert iad.idd is not None
    assert iad.idd.kind is None


def test_issuer_discretionary_data_have_amounts_and_a_mac() -> None:
    one = Iad.parse(unhex("07011003000000010A010000012345AABBCCDD")).idd
    assert one is not None
    assert (one.kind, one.amounts, one.mac) == (1, (12345,), unhex("AABBCCDD"))
    two = Iad.parse(unhex("07011003000000040F0400000001000000000200AABBCCDD")).idd
    assert two is not None
    assert two.amounts == (100, 200)
    for static in ("07011003000000010A01000001234FAABBCCDD", "0701100300000001030A0B0C"):
        idd = Iad.parse(unhex(static)).idd
        assert idd is not None
        assert (idd.kind, idd.amounts, idd.mac) == (None, (), b"")


def test_other_schemes_have_their_own_forms() -> None:
    visa = Iad.parse(unhex("06010A03A4A002"))
    assert (visa.scheme, visa.key_index, visa.version) == (Scheme.VISA, 1, 0x0A)
    assert visa.idd is None
    second = Iad.parse(unhex("1F2201" + "A000000000" + "00" * 24))
    assert (second.scheme, second.version, second.key_index) == (Scheme.VISA, 0x22, 1)
    chip = Iad.parse(unhex("0110A0000322000004000000000000000000"), Scheme.MASTERCARD)
    assert (chip.scheme, chip.cvr) == (Scheme.MASTERCARD, unhex("A00003220000"))
    with pytest.raises(BadField, match="VISA"):
        _ = visa.pboc_cvr
    for wrong in ("", "07", "0701010400000001", "08010103A4300201"):
        with pytest.raises(BadField):
            Iad.parse(unhex(wrong))
    with pytest.raises(BadField, match="03"):
        Cvr(unhex("04000000"))


def test_a_value_is_a_set_of_bits() -> None:
    tvr = fields.Tvr
    value = tvr.of(tvr.EXPIRED) | tvr.NEW_CARD | tvr.of(tvr.SDA_FAILED)
    assert value == tvr.of(tvr.SDA_FAILED, tvr.EXPIRED, tvr.NEW_CARD)
    assert tvr.EXPIRED in value
    assert tvr.NOT_YET_EFFECTIVE not in value
    assert value.meets(unhex("0040000000"))
    assert not value.meets(unhex("8020FFFFFF"))
