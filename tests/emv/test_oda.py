from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from attrs import evolve
from tests.emv.dialogue import POLICY, TODAY, Opened, card_of, generate, message, ok, opened, sent
from tests.emv.published import cases, raw

from szunion.emv import capk, certificates, oda, tlv
from szunion.emv.apdu import Command
from szunion.emv.card import generate as generate_ac
from szunion.emv.card import testca
from szunion.emv.card.bank import TestBank
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import PaymentApplication
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import deck, personalise
from szunion.emv.card.profiles import (
    REFUSED_FOR,
    Flaw,
    Profile,
    Scheme,
    flawed_profiles,
    pan_of,
    standard_profiles,
)
from szunion.emv.card.signing import Signer, sign_dynamic
from szunion.emv.errors import AuthenticationFailed
from szunion.emv.fields import Aip, TerminalCapabilities, Tvr
from szunion.emv.issuer import Genuine, NotGenuine
from szunion.emv.oda import Method
from szunion.emv.oda_keys import Assurance, CardData, Policy, Record, recover, signed_value
from szunion.emv.reasons import Reason
from szunion.emv.rsa import RsaKey
from szunion.emv.tlv import Node
from szunion.emv.vault import Account

SIDES = [pytest.param(False, id="RSA"), pytest.param(True, id="SM2")]


@pytest.fixture(scope="module")
def bank() -> TestBank:
    return TestBank.grow(7)


@pytest.fixture(scope="module")
def roots(bank: TestBank) -> capk.CaKeys:
    return bank.roots(TODAY)


def challenged(seen: Opened) -> bytes:
    return ok(sent(seen.card, "00880000", seen.terminal[0x9F37]))


def dda(seen: Opened, roots: capk.CaKeys, policy: Policy = POLICY) -> oda.Verdict:
    challenge = seen.terminal[0x9F37]
    keys = recover(seen.data, roots, policy, dynamic=True)
    return oda.check_dda(keys, challenged(seen), challenge, challenge)


def cda(seen: Opened, roots: capk.CaKeys, policy: Policy = POLICY) -> tuple[oda.Verdict, bytes]:
    answer, told = generate(seen, 0x90)
    keys = recover(seen.data, roots, policy, dynamic=True)
    challenge = seen.terminal[0x9F37]
    return oda.check_cda(keys, answer, seen.pdol_data + told, challenge), answer


def fast_data(seen: Opened, **changes: Any) -> oda.FastData:
    values = seen.values
    data = oda.FastData(
        challenge=seen.terminal[0x9F37],
        amount=seen.terminal[0x9F02],
        currency=seen.terminal[0x5F2A],
        card=values.get(0x9F69),
        atc=values[0x9F36],
        ctq=values.get(0x9F6C),
    )
    return evolve(data, **changes)


def fdda(seen: Opened, roots: capk.CaKeys, *, least: int = 1, **changes: Any) -> oda.Verdict:
    keys = recover(seen.data, roots, POLICY, dynamic=True)
    signature = seen.values.get(0x9F4B)
    return oda.check_fdda(keys, signature, fast_data(seen, **changes), least_version=least)


# --- a published transaction ----------------------------------------------------------------------


def published_card() -> tuple[CardData, capk.CaKeys, bytes, bytes]:
    flow = cases("contact-flow")
    facts, root = flow["facts"], flow["keys"]["ca"]
    answers = {e["c"][:8]: raw(e["r"])[:-2] for e in flow["exchanges"] if e["r"].endswith("9000")}
    afl, records = raw(facts["afl"]), []
    for at in range(0, len(afl), 4):
        head, first, last, signed = afl[at : at + 4]
        records += [
            Record(
                sfi=head >> 3,
                number=number,
                raw=answers[f"00B2{number:02X}{head | 4:02X}"],
                signed=number - first < signed,
            )
            for number in range(first, last + 1)
        ]
    rid, index, modulus = raw(facts["rid"]), int(facts["ca_index"], 16), raw(root["n"])
    exponent = raw(root["e"])
    key = capk.rsa_key(
        rid=rid,
        index=index,
        modulus=modulus,
        exponent=exponent,
        check=capk.checksum(rid, index, modulus, exponent),
        expires=date(2030, 1, 1),
        today=date(2020, 1, 1),
    )
    card = CardData(aid=raw(facts["aid"]), aip=raw(facts["aip"]), records=tuple(records))
    answer = next(raw(e["r"])[:-2] for e in flow["exchanges"] if e["r"].startswith("8081"))
    return card, capk.CaKeys((key,)), answer, raw(facts["unpredictable_number"])


def test_a_published_card_is_authenticated_by_its_published_signature() -> None:
    card, keys, answer, challenge = published_card()
    policy = Policy(today=date(2020, 1, 1))
    recovered = recover(card, keys, policy, dynamic=True)
    flow = cases("contact-flow")
    assert recovered.reasons == ()
    assert recovered.issuer is not None
    assert recovered.icc is not None
    assert recovered.issuer.key.modulus == int(flow["keys"]["issuer"]["n"], 16)  # type: ignore[union-attr]
    assert recovered.icc.key.modulus == int(flow["keys"]["icc"]["n"], 16)  # type: ignore[union-attr]
    assert recovered.icc.pan == flow["facts"]["pan"]
    verdict = oda.check_dda(recovered, answer, challenge, challenge)
    assert (verdict.passed, verdict.assurance) == (True, Assurance.DDA_OFFLINE)
    assert verdict.tvr == Tvr.of()
    later = recover(card, keys, Policy(today=date(2031, 1, 1)), dynamic=True)
    assert Reason.KEY_EXPIRED in later.reasons


# --- whole cards ----------------------------------------------------------------------------------


def test_a_hundred_genuine_cards_are_accepted(bank: TestBank, roots: capk.CaKeys) -> None:
    accepted = 0
    for profile, content in deck(bank, standard_profiles(100)):
        for sm in (False, True):
            if not (profile.scheme.has_sm if sm else profile.scheme.has_rsa):
                continue
            card = SimulatedCard(content, 3)
            seen = opened(card, sm=sm)
            verdict = dda(seen, roots)
            combined, answer = cda(seen, roots)
            assert (verdict.reasons, combined.reasons) == ((), ()), profile.name
            assert combined.dynamic is not None
            told = message(seen, answer) | {0x9F26: combined.dynamic.cryptogram}
            account = Account(pan=profile.pan, psn=profile.psn)
            assert isinstance(bank.host().verify(account, told), Genuine)
            accepted += 1
    assert accepted >= 100


@pytest.mark.parametrize("bits", [1024, 1152, 1984])
def test_roots_of_every_size_vouch_for_cards(bits: int) -> None:
    bank = TestBank.grow(bits, root_bits=bits)
    keys = bank.roots(TODAY)
    for icc_bits in (1024, 1408):
        seen = opened(card_of(bank, icc_bits=icc_bits))
        assert oda.check_sda(seen.data, keys, POLICY).passed
        assert dda(seen, keys).passed
        assert cda(seen, keys)[0].passed


def test_b20_an_exponent_of_65537_has_three_bytes() -> None:
    issuer = testca.rsa_private(Chance(1), 1152, 65537)
    card = testca.rsa_private(Chance(2), 1024, 65537)
    made = testca.certify_card(issuer, pan_of(1), raw("1229"), b"\0\0\1", card, b"s")
    assert made.exponent == raw("010001")
    key = RsaKey(issuer.modulus, 65537)

    def certified(exponent: bytes) -> certificates.Opened[certificates.IccCertificate]:
        return certificates.open_rsa_icc(
            key, made.body, made.remainder, exponent, b"s", least_bits=1024
        )

    found = certified(made.exponent).value
    assert found is not None
    assert found.key == RsaKey(card.modulus, 65537)
    for wrong in (raw("00010001"), raw("03"), b""):
        assert certified(wrong).value is None


@pytest.mark.parametrize("sm", SIDES)
def test_each_method_has_its_level(bank: TestBank, roots: capk.CaKeys, *, sm: bool) -> None:
    card = card_of(bank, scheme=Scheme.BOTH)
    seen = opened(card, sm=sm)
    static = oda.check_sda(seen.data, roots, POLICY)
    assert (static.assurance, static.code) == (Assurance.SDA, b"\xda\xc1")
    assert static.tvr == Tvr.of(Tvr.SDA_SELECTED)
    assert dda(seen, roots).assurance is Assurance.DDA_OFFLINE
    combined, answer = cda(seen, roots)
    assert combined.assurance is Assurance.CDA_OFFLINE
    assert combined.dynamic is not None
    told = message(seen, answer) | {0x9F26: combined.dynamic.cryptogram}
    genuine = bank.host().verify(Account(pan=pan_of(1), psn="01"), told)
    assert isinstance(genuine, Genuine)
    confirmed = oda.confirmed_by_bank(combined, genuine)
    assert (confirmed.assurance, confirmed.passed) == (Assurance.ONLINE_BANK, True)
    unread = oda.not_performed(POLICY)
    assert (unread.assurance, unread.tvr) == (
        Assurance.READ_ONLY,
        Tvr.of(Tvr.ODA_NOT_PERFORMED),
    )
    assert oda.confirmed_by_bank(unread, genuine).assurance is Assurance.ONLINE_BANK


@pytest.mark.parametrize("sm", SIDES)
@pytest.mark.parametrize("bits", [1024, 1152])
def test_fast_signatures_of_both_versions(
    bank: TestBank, roots: capk.CaKeys, bits: int, *, sm: bool
) -> None:
    card = card_of(bank, scheme=Scheme.BOTH, icc_bits=bits)
    seen = opened(card, sm=sm, contactless=True)
    verdict = fdda(seen, roots)
    assert (verdict.reasons, verdict.assurance) == ((), Assurance.DDA_OFFLINE)
    older = opened(card, sm=sm, contactless=True, t9F66=raw("60000000"))
    # a card asked for version 00 does not refresh 9F69: the terminal leaves it out
    assert fdda(older, roots, card=None, least=0).passed
    assert fdda(older, roots, card=None).reasons == (Reason.FDDA_VERSION,)


def test_the_bank_must_speak_of_the_same_card_and_cryptogram(
    bank: TestBank, roots: capk.CaKeys
) -> None:
    seen = opened(card_of(bank))
    first, answer = cda(seen, roots)
    assert first.dynamic is not None
    assert first.pan == pan_of(1)
    told = message(seen, answer) | {0x9F26: first.dynamic.cryptogram}
    genuine = bank.host().verify(Account(pan=pan_of(1), psn="01"), told)
    assert isinstance(genuine, Genuine)
    again, _ = cda(opened(seen.card), roots)
    with pytest.raises(AuthenticationFailed, match="cryptogram"):
        oda.confirmed_by_bank(again, genuine)
    other = opened(card_of(bank, pan=pan_of(2)))
    with pytest.raises(AuthenticationFailed, match="card numbers"):
        oda.confirmed_by_bank(dda(other, roots), genuine)
    assert oda.confirmed_by_bank(dda(opened(seen.card), roots), genuine).pan == pan_of(1)
    failed = oda.check_sda(evolve(seen.data, records=()), roots, POLICY)
    assert failed.pan == ""


def test_the_strongest_common_method_is_chosen() -> None:
    cda, dda, sda, none = (
        TerminalCapabilities(raw(t)) for t in ["E0F9C8", "E0F9C0", "E0F980", "E0F900"]
    )
    assert oda.choose(Aip(raw("7D00")), cda) is Method.CDA
    assert oda.choose(Aip(raw("7D00")), dda) is Method.DDA
    assert oda.choose(Aip(raw("7D00")), sda) is Method.SDA
    assert oda.choose(Aip(raw("7D00")), none) is Method.NONE
    assert oda.choose(Aip(raw("5C00")), cda) is Method.SDA
    assert oda.choose(Aip(raw("1C00")), cda) is Method.NONE


# --- cards with a flaw ----------------------------------------------------------------------------


FLAWED = [
    pytest.param(profile, sm, id=f"{profile.name}-{'SM2' if sm else 'RSA'}")
    for sm, scheme in ((False, Scheme.RSA), (True, Scheme.SM))
    for profile in flawed_profiles(scheme)
]


@pytest.mark.parametrize(("profile", "sm"), FLAWED)
def test_a_flawed_card_is_refused_with_the_right_reason(
    bank: TestBank, roots: capk.CaKeys, profile: Profile, *, sm: bool
) -> None:
    card = SimulatedCard(personalise(bank, profile, 11), 11)
    seen = opened(card, sm=sm)
    verdict, answer = cda(seen, roots)
    told = message(seen, answer)
    told[0x9F26] = verdict.dynamic.cryptogram if verdict.dynamic else told.get(0x9F26, bytes(8))
    host = bank.host().verify(Account(pan=profile.pan, psn=profile.psn), told)
    if profile.flaw is Flaw.WRONG_PSN:
        assert verdict.passed
        assert host is NotGenuine.WRONG_CRYPTOGRAM
        return
    assert profile.flaw is not None
    expected = REFUSED_FOR[profile.flaw]
    if sm and expected is Reason.HASH_WRONG:
        expected = Reason.SIGNATURE_WRONG
    assert expected in verdict.reasons
    assert verdict.assurance is Assurance.READ_ONLY
    assert Tvr.CDA_FAILED in verdict.tvr
    assert verdict.dynamic is None
    if profile.flaw is Flaw.CLONED:
        assert host is NotGenuine.WRONG_CRYPTOGRAM
        # what a yes-card can do: its copied records are still signed by the issuer
        assert oda.check_sda(seen.data, roots, POLICY).assurance is Assurance.SDA
    only_the_cards = {
        Flaw.CLONED, Flaw.CARD_EXPIRED, Flaw.ROCA, Flaw.SHORT_KEY, Flaw.OTHER_PAN
    }  # fmt: skip
    if profile.flaw not in only_the_cards:
        assert not oda.check_sda(seen.data, roots, POLICY).passed


@pytest.mark.parametrize("sm", SIDES)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda dynamic: dynamic + b"\0",
        lambda dynamic: dynamic[:-1],
        lambda dynamic: bytes((dynamic[0] + 1,)) + dynamic[1:],
        lambda dynamic: dynamic[: 1 + dynamic[0]],
        lambda _: b"",
    ],
)
def test_what_a_card_signed_rightly_and_is_of_another_form_authenticates_nothing(
    bank: TestBank,
    roots: capk.CaKeys,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[bytes], bytes],
    *,
    sm: bool,
) -> None:
    """The signature holds; without a number and a hash in it nobody knows for what."""

    def signed(signer: Signer, dynamic: bytes, terminal: bytes) -> bytes:
        return sign_dynamic(signer, spoil(dynamic), terminal)

    monkeypatch.setattr(generate_ac, "sign_dynamic", signed)
    verdict, _ = cda(opened(card_of(bank, scheme=Scheme.BOTH), sm=sm), roots)
    assert Reason.DYNAMIC_LENGTH in verdict.reasons
    assert (verdict.passed, verdict.assurance) == (False, Assurance.READ_ONLY)


# --- what the terminal insists on -----------------------------------------------------------------


def test_a_method_below_the_floor_is_no_authentication(bank: TestBank, roots: capk.CaKeys) -> None:
    policy = evolve(POLICY, floor=Assurance.DDA_OFFLINE)
    seen = opened(card_of(bank))
    static = oda.check_sda(seen.data, roots, policy)
    assert (static.assurance, static.reasons) == (Assurance.READ_ONLY, (Reason.METHOD_BELOW_FLOOR,))
    assert dda(seen, roots, policy).passed


def test_short_card_keys_are_a_setting(bank: TestBank, roots: capk.CaKeys) -> None:
    card = card_of(bank, flaw=Flaw.SHORT_KEY)
    seen = opened(card)
    assert Reason.MODULUS_TOO_SHORT in dda(seen, roots).reasons
    assert dda(seen, roots, evolve(POLICY, least_bits=768)).passed


BRANDS = [
    ("A000000003", "62"), ("A000000003", "5"), ("A000000003", "35"), ("A000000003", "37"),
    ("A000000004", "62"), ("A000000004", "4"), ("A000000004", "35"), ("A000000004", "34"),
    ("A000000025", "62"), ("A000000025", "4"), ("A000000025", "5"), ("A000000025", "35"),
    ("A000000065", "62"), ("A000000065", "4"), ("A000000065", "5"), ("A000000065", "37"),
    ("A000000333", "4"), ("A000000333", "5"), ("A000000333", "35"), ("A000000333", "37"),
]  # fmt: skip


@pytest.mark.parametrize(("rid", "head"), BRANDS)
def test_an_application_of_one_brand_with_a_number_of_another_is_refused(
    roots: capk.CaKeys, rid: str, head: str
) -> None:
    number = bytes.fromhex(head.ljust(16, "0"))
    record = tlv.build([Node.of(0x70, [Node.of(0x5A, number)])])
    card = CardData(
        aid=raw(rid) + b"\1\1",
        aip=raw("7D00"),
        records=(Record(sfi=3, number=1, raw=record, signed=True),),
    )
    reasons = recover(card, roots, POLICY, dynamic=False).reasons
    assert Reason.BRAND_MISMATCH in reasons
    wide = evolve(POLICY, brands={raw(rid): (head,)})
    assert Reason.BRAND_MISMATCH not in recover(card, roots, wide, dynamic=False).reasons


def test_the_df_name_must_extend_the_chosen_aid(bank: TestBank, roots: capk.CaKeys) -> None:
    seen = opened(card_of(bank))
    for name, right in (
        (seen.data.aid, True),
        (seen.data.aid + b"\1", True),
        (seen.data.aid[:-1], False),
        (raw("A0000000031010"), False),
    ):
        verdict = oda.check_sda(evolve(seen.data, df_name=name), roots, POLICY)
        assert verdict.passed is right


# --- verdicts cannot be forged --------------------------------------------------------------------


def test_nobody_else_makes_or_improves_a_verdict(bank: TestBank, roots: capk.CaKeys) -> None:
    with pytest.raises(AuthenticationFailed):
        oda.Verdict(method=Method.CDA, assurance=Assurance.ONLINE_BANK, seal=object())
    seen = opened(card_of(bank))
    static = oda.check_sda(seen.data, roots, POLICY)
    with pytest.raises(AuthenticationFailed):
        evolve(static, assurance=Assurance.CDA_OFFLINE)
    failed = oda.check_sda(evolve(seen.data, records=()), roots, POLICY)
    with pytest.raises(AuthenticationFailed):
        evolve(failed, reasons=())
    with pytest.raises(AuthenticationFailed):
        oda.confirmed_by_bank(static, object())  # type: ignore[arg-type]
    assert copy.copy(static) == static


def test_a_card_that_failed_offline_is_not_saved_by_the_bank(
    bank: TestBank, roots: capk.CaKeys
) -> None:
    seen = opened(card_of(bank))
    combined, answer = cda(seen, roots)
    assert combined.dynamic is not None
    told = message(seen, answer) | {0x9F26: combined.dynamic.cryptogram}
    genuine = bank.host().verify(Account(pan=pan_of(1), psn="01"), told)
    assert isinstance(genuine, Genuine)
    failed = oda.check_sda(evolve(seen.data, records=()), roots, POLICY)
    assert oda.confirmed_by_bank(failed, genuine) is failed


# --- dynamic signatures ---------------------------------------------------------------------------


@pytest.mark.parametrize("sm", SIDES)
def test_a_replayed_signature_is_refused(bank: TestBank, roots: capk.CaKeys, *, sm: bool) -> None:
    seen = opened(card_of(bank, scheme=Scheme.BOTH), sm=sm)
    old = challenged(seen)
    keys = recover(seen.data, roots, POLICY, dynamic=True)
    fresh = b"\x01\x02\x03\x04"
    assert not oda.check_dda(keys, old, fresh, fresh).passed
    answer, told = generate(seen, 0x90)
    assert not oda.check_cda(keys, answer, seen.pdol_data + told + fresh, fresh).passed
    other = opened(seen.card, sm=sm, contactless=True)
    assert not fdda(other, roots, challenge=fresh).passed
    low = int.from_bytes(other.values[0x9F36], "big")
    assert fdda(other, roots, last_atc=low).reasons == (Reason.ATC_REPLAYED,)


def test_a_challenge_must_be_four_bytes_and_among_the_data(
    bank: TestBank, roots: capk.CaKeys
) -> None:
    seen = opened(card_of(bank))
    keys = recover(seen.data, roots, POLICY, dynamic=True)
    answer = challenged(seen)
    own = seen.terminal[0x9F37]
    short = oda.check_dda(keys, answer, own, own[:3])
    assert short.reasons == (Reason.CHALLENGE_TOO_SHORT,)
    absent = oda.check_dda(keys, answer, own, b"\x09" * 4)
    assert absent.reasons == (Reason.DDOL_WITHOUT_CHALLENGE,)
    fast = opened(seen.card, contactless=True)
    assert Reason.CHALLENGE_TOO_SHORT in fdda(fast, roots, challenge=b"\1\2\3").reasons


def test_answers_of_another_form_are_refused(bank: TestBank, roots: capk.CaKeys) -> None:
    seen = opened(card_of(bank))
    keys = recover(seen.data, roots, POLICY, dynamic=True)
    own = seen.terminal[0x9F37]
    answer = challenged(seen)
    signature = tlv.parse(answer)[0].value
    as_77 = tlv.build([Node.of(0x77, [Node.of(0x9F4B, signature)])])
    assert oda.check_dda(keys, as_77, own, own).passed
    for bad, reason in (
        (b"", Reason.ANSWER_FORM),
        (b"\x80\x05\1", Reason.ANSWER_FORM),
        (answer + b"\x9f\x36\x00", Reason.ANSWER_FORM),
        (tlv.build([Node.of(0x77, [Node.of(0x9F27, b"\x80")])]), Reason.DYNAMIC_SIGNATURE_MISSING),
    ):
        assert oda.check_dda(keys, bad, own, own).reasons == (reason,)
        told = oda.check_cda(keys, bad, own, own).reasons
        assert told == (reason,)
    twice = tlv.build([Node.of(0x77, [Node.of(0x9F4B, signature), Node.of(0x9F4B, signature)])])
    assert not oda.check_dda(keys, twice, own, own).passed
    assert Reason.DUPLICATE_TAG in oda.check_cda(keys, twice, own, own).reasons
    missing = oda.check_fdda(keys, None, oda.FastData(challenge=own, atc=b"\0\1"), least_version=0)
    assert missing.reasons == (Reason.DYNAMIC_SIGNATURE_MISSING,)


def test_fast_data_that_were_not_signed_are_refused(bank: TestBank, roots: capk.CaKeys) -> None:
    seen = opened(card_of(bank), contactless=True)
    own = seen.values[0x9F69]
    assert fdda(seen, roots).passed
    assert Reason.CTQ_MISMATCH in fdda(seen, roots, ctq=b"\x80\x00").reasons
    assert Reason.ATC_MISMATCH in fdda(seen, roots, atc=b"\x00\x09").reasons
    assert Reason.FDDA_DATA_MISSING in fdda(seen, roots, card=own[:7]).reasons
    assert Reason.FDDA_DATA_MISSING in fdda(seen, roots, card=b"\2" + own[1:]).reasons
    assert not fdda(seen, roots, amount=bytes(6)).passed
    assert not fdda(seen, roots, currency=b"\x08\x40").passed
    for at in range(len(own)):
        changed = own[:at] + bytes((own[at] ^ 0x40,)) + own[at + 1 :]
        assert not fdda(seen, roots, card=changed, ctq=None).passed


# --- records --------------------------------------------------------------------------------------


def with_record(seen: Opened, **change: Any) -> CardData:
    extra = Record(**{"sfi": 9, "number": 1, "signed": False, **change})
    return evolve(seen.data, records=(*seen.data.records, extra))


def test_a_tag_with_two_values_is_refused_and_one_told_twice_is_not(
    bank: TestBank, roots: capk.CaKeys
) -> None:
    seen = opened(card_of(bank))
    for tag, value in seen.values.items():
        same = tlv.build([Node.of(0x70, [Node.of(tag, value)])])
        assert oda.check_sda(with_record(seen, raw=same), roots, POLICY).passed
        other = value[:-1] + bytes((value[-1] ^ 1,))
        doubled = tlv.build([Node.of(0x70, [Node.of(tag, other)])])
        verdict = oda.check_sda(with_record(seen, raw=doubled), roots, POLICY)
        assert Reason.DUPLICATE_TAG in verdict.reasons, f"{tag:X}"


def test_an_unsigned_number_is_no_number_for_sda(bank: TestBank, roots: capk.CaKeys) -> None:
    seen = opened(card_of(bank))
    loose = evolve(
        seen.data, records=tuple(evolve(record, signed=False) for record in seen.data.records)
    )
    assert Reason.PAN_NOT_SIGNED in oda.check_sda(loose, roots, POLICY).reasons
    assert signed_value(seen.data, 0x5A) == seen.values[0x5A]
    assert signed_value(seen.data, 0x90) is None


def test_records_of_files_above_ten_are_signed_with_their_tag(
    bank: TestBank, roots: capk.CaKeys
) -> None:
    # a card whose issuer signed file 11 the way the book says: whole record, tag and length too
    seen = opened(card_of(bank))
    record = tlv.build([Node.of(0x70, [Node.of(0x5A, seen.values[0x5A])])])
    inside = {tag: seen.values[tag] for tag in (0x8F, 0x90, 0x92, 0x9F32) if tag in seen.values}
    loose = tlv.build([Node.of(0x70, [Node.of(tag, value) for tag, value in inside.items()])])

    def signed(static: bytes, sfi: int) -> oda.Verdict:
        ssad = testca.sign_static(bank.rsa.issuer, b"\0\1", static)
        card = CardData(
            aid=seen.data.aid,
            aip=seen.data.aip,
            records=(
                Record(sfi=2, number=1, raw=loose, signed=False),
                Record(
                    sfi=2,
                    number=2,
                    raw=tlv.build([Node.of(0x70, [Node.of(0x93, ssad)])]),
                    signed=False,
                ),
                Record(sfi=sfi, number=1, raw=record, signed=True),
            ),
        )
        return oda.check_sda(card, roots, POLICY)

    assert signed(record, 11).passed
    assert not signed(tlv.parse(record)[0].value, 11).passed  # B20
    assert signed(tlv.parse(record)[0].value, 10).passed
    assert not signed(record, 10).passed


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\x71\x00", Reason.RECORD_FORM),
        (b"", Reason.RECORD_FORM),
        (b"\x70\x05\x5a", Reason.RECORD_FORM),
        (b"\x70\x00\x70\x00", Reason.RECORD_FORM),
        (raw("70059F4A028284"), Reason.DUPLICATE_TAG),
    ],
)
def test_a_signed_record_of_another_form_is_refused(
    bank: TestBank, roots: capk.CaKeys, bad: bytes, reason: Reason
) -> None:
    seen = opened(card_of(bank))
    verdict = oda.check_sda(with_record(seen, raw=bad, signed=True), roots, POLICY)
    assert reason in verdict.reasons
    unsigned = oda.check_sda(with_record(seen, raw=bad), roots, POLICY)
    assert reason in unsigned.reasons
    far = oda.check_sda(with_record(seen, raw=b"\x01\x02", sfi=20), roots, POLICY)
    assert far.passed


@pytest.mark.parametrize("listed", ["9F4A00", "9F4A025A82", "9F4A0157"])
def test_a_static_list_that_is_not_the_aip_is_refused(roots: capk.CaKeys, listed: str) -> None:
    record = raw("70") + bytes((len(raw(listed)),)) + raw(listed)
    card = CardData(
        aid=raw("A000000333010101"),
        aip=raw("7D00"),
        records=(Record(sfi=1, number=1, raw=record, signed=True),),
    )
    assert Reason.STATIC_LIST in recover(card, roots, POLICY, dynamic=False).reasons
    right = evolve(
        card, aip=b"", records=(Record(sfi=1, number=1, raw=raw("70049F4A0182"), signed=True),)
    )
    assert Reason.AIP_MISSING in recover(right, roots, POLICY, dynamic=False).reasons


def test_every_missing_input_has_its_reason(bank: TestBank, roots: capk.CaKeys) -> None:
    expected = {
        0x8F: Reason.CA_INDEX_MISSING,
        0x90: Reason.ISSUER_CERTIFICATE_MISSING,
        0x9F32: Reason.ISSUER_EXPONENT_MISSING,
        0x9F46: Reason.ICC_CERTIFICATE_MISSING,
        0x9F47: Reason.ICC_EXPONENT_MISSING,
        0x93: Reason.STATIC_SIGNATURE_MISSING,
    }
    seen = opened(card_of(bank))
    for tag, reason in expected.items():
        without = tuple(
            evolve(record, raw=_without(record.raw, tag)) for record in seen.data.records
        )
        card = evolve(seen.data, records=without)
        verdict = (
            oda.check_sda(card, roots, POLICY)
            if tag == 0x93
            else oda.check_dda(
                recover(card, roots, POLICY, dynamic=True), challenged(seen), b"1234", b"1234"
            )
        )
        assert reason in verdict.reasons
        assert Tvr.ICC_DATA_MISSING in verdict.tvr
    bare = CardData(aid=seen.data.aid, aip=seen.data.aip, records=())
    assert Reason.PAN_MISSING in recover(bare, roots, POLICY, dynamic=True).reasons


def _without(record: bytes, tag: int) -> bytes:
    (node,) = tlv.parse(record)
    return tlv.build([Node.of(0x70, [child for child in node.children if child.tag != tag])])


def test_track_2_must_tell_the_same_number(bank: TestBank, roots: capk.CaKeys) -> None:
    seen = opened(card_of(bank))
    other = Node.of(0x57, raw("6200009999999999D3112201"))
    records = tuple(evolve(record, raw=_without(record.raw, 0x57)) for record in seen.data.records)
    card = evolve(seen.data, records=records, others=(other,))
    assert Reason.PAN_MISMATCH in recover(card, roots, POLICY, dynamic=False).reasons


def test_verdicts_and_keys_show_no_card_data(bank: TestBank, roots: capk.CaKeys) -> None:
    seen = opened(card_of(bank))
    keys = recover(seen.data, roots, POLICY, dynamic=True)
    shown = repr((seen.data, keys, dda(seen, roots), cda(seen, roots)[0]))
    pan = pan_of(1)
    assert pan not in shown
    assert bytes.fromhex(pan).hex() not in shown
    assert repr(bytes.fromhex(pan))[2:-1] not in shown


def test_the_personalised_card_prints_no_secret(bank: TestBank) -> None:
    profile = Profile(pan=pan_of(3), pin="7391", purse=100, membership=b"secret member")
    content = personalise(bank, profile, 1)
    (payment,) = [a for a in content.applications if isinstance(a, PaymentApplication)]
    shown = repr((profile, bank, content))
    secrets = [profile.pan, "7391", "secret member", "44030019900101001X", profile.holder.name]
    secrets += [repr(part)[2:-1] for keys in payment.keys.values() for part in (keys.ac, keys.mac)]
    secrets += [str(payment.rsa.p)] if payment.rsa else []
    secrets += [str(bank.rsa.issuer.p)] if hasattr(bank.rsa.issuer, "p") else []
    assert [secret for secret in secrets if secret in shown] == []


def test_the_same_seed_makes_the_same_card(bank: TestBank) -> None:
    profile = Profile(pan=pan_of(9), scheme=Scheme.BOTH, purse=1)
    assert personalise(bank, profile, 4) == personalise(TestBank.grow(7), profile, 4)
    assert personalise(bank, profile, 4) != personalise(bank, profile, 5)


def test_the_card_answers_by_df69_as_its_scheme_says(bank: TestBank) -> None:
    for scheme, sm, right in (
        (Scheme.SM, False, False),
        (Scheme.SM, True, True),
        (Scheme.RSA, False, True),
    ):
        card = card_of(bank, scheme=scheme)
        if right:
            assert opened(card, sm=sm).values[0x90]
        else:
            with pytest.raises(AssertionError, match="6985"):
                opened(card, sm=sm)


def test_a_command_object_never_shows_its_data() -> None:
    assert "1234" not in repr(Command(0, 0x20, 0, 0x80, raw("241234FFFFFFFFFF")))
