from __future__ import annotations

import pytest
from attrs import evolve
from tests.emv.published import raw

from szunion.emv import crypto, cryptogram
from szunion.emv.crypto import Algorithm, MasterKeyOption, Padding, Sm4Mac, Sm4Session
from szunion.emv.cryptogram import PBOC_01, PBOC_17, Part, Session, Sm4Rules, Version
from szunion.emv.mismatch import Explanation, explain_arqc
from szunion.emv.vault import Account, MasterKeys, SoftwareVault

TDES, SM4 = Algorithm.TDES, Algorithm.SM4
VAULT = SoftwareVault(
    {
        (1, TDES): MasterKeys(ac=b"A" * 16, mac=b"M" * 16, enc=b"E" * 16),
        (1, SM4): MasterKeys(ac=b"a" * 16, mac=b"m" * 16, enc=b"e" * 16),
        (2, TDES): MasterKeys(ac=b"2" * 16, mac=b"3" * 16, enc=b"4" * 16),
    }
)
ACCOUNT = Account(pan="6200000000000000018", psn="03")
TOLD: dict[cryptogram.Input, bytes] = {
    0x9F02: raw("000000012345"),
    0x9F03: raw("000000000067"),
    0x9F1A: raw("0156"),
    0x95: raw("0000048000"),
    0x5F2A: raw("0840"),
    0x9A: raw("261124"),
    0x9C: raw("01"),
    0x9F37: raw("9ABCDEF1"),
    0x82: raw("7D00"),
    0x9F36: raw("0102"),
    0x9F10: raw("07010103A0110001"),
}


def made(  # noqa: PLR0913
    *,
    version: Version = PBOC_01,
    algorithm: Algorithm = TDES,
    index: int = 1,
    use: str = "ac",
    psn: str = "03",
    option: MasterKeyOption = MasterKeyOption.A,
    session: Session = Session.PBOC,
    padding: Padding = Padding.METHOD_2,
    sm4: Sm4Rules = cryptogram.PART_17,
    told: dict[cryptogram.Input, bytes] | None = None,
) -> bytes:
    """Make a cryptogram in one way, right or wrong."""
    values = told or TOLD
    key = getattr(VAULT.keys[index, algorithm], use)
    master = crypto.master_key(algorithm, key, ACCOUNT.pan, psn, option)
    own = cryptogram.session_key(
        session, algorithm, master, atc=values[0x9F36], unpredictable=values[0x9F37], sm4=sm4
    )
    data = cryptogram.assemble(version, values)
    return cryptogram.cryptogram(algorithm, own, data, padding, sm4)


def explained(claimed: bytes, told: dict[cryptogram.Input, bytes] | None = None) -> Explanation:
    return explain_arqc(VAULT, ACCOUNT, (told or TOLD) | {0x9F26: claimed})


def test_a_right_cryptogram_is_called_right() -> None:
    found = explained(made())
    assert found.right
    assert found.sentences() == ["密文正确"]
    assert found.sentences("en") == ["the cryptogram is right"]


SM_TOLD = TOLD | {0x9F10: raw("07010103A0110004")}

CASES = {
    "psn": (made(psn="00"), TOLD, "derived with sequence number 00"),
    "option": (made(option=MasterKeyOption.B), TOLD, "by option B"),
    "use": (made(use="mac"), TOLD, "the mac master key"),
    "key_index": (made(index=2), TOLD, "the key of index 02"),
    "session": (made(session=Session.EMV_ATC), TOLD, "EMV common session key"),
    "session, Visa": (made(session=Session.VISA), TOLD, "Visa: master key xor ATC"),
    "session, M/Chip": (made(session=Session.EMV_ATC_UN), TOLD, "R = ATC 0000 UN"),
    "session, none": (made(session=Session.NONE), TOLD, "the master key itself"),
    "session, tree": (made(session=Session.TREE), TOLD, "EMV 2000 key tree"),
    "padding": (made(padding=Padding.METHOD_1), TOLD, "padding is METHOD_1"),
    "version": (made(version=PBOC_17), TOLD, "inputs are those of PBOC-17"),
    "version, whole 9F10": (
        made(version=evolve(PBOC_01, inputs=(*PBOC_01.inputs[:-1], Part.IAD))),
        TOLD,
        "inputs are those of Visa-CVN18",
    ),
    "algorithm": (made(algorithm=SM4), TOLD, "the algorithm is SM4"),
    "sm4, part 5": (
        made(algorithm=SM4, sm4=Sm4Rules(session=Sm4Session.PART_5)),
        SM_TOLD,
        "another part of the standard",
    ),
    "sm4, part 7": (
        made(algorithm=SM4, sm4=Sm4Rules(mac=Sm4Mac.FOLDED)),
        SM_TOLD,
        "another part of the standard",
    ),
    "slip, zero": (made(told=TOLD | {0x9F03: bytes(6)}), TOLD, "9F03 zero"),
    "slip, ATC": (made(told=TOLD | {0x9F36: raw("0103")}), TOLD, "9F36 +1"),
    "slip, exchanged": (
        made(told=TOLD | {0x9F1A: raw("0840"), 0x5F2A: raw("0156")}),
        TOLD,
        "9F1A and 5F2A exchanged",
    ),
    "slip, amounts": (
        made(told=TOLD | {0x9F02: TOLD[0x9F03], 0x9F03: TOLD[0x9F02]}),
        TOLD,
        "9F02 and 9F03 exchanged",
    ),
    "slip, length byte": (
        made(told=TOLD | {Part.CVR: raw("A01100")}),
        TOLD,
        "CVR without its first byte",
    ),
    "slip, left out": (
        made(version=evolve(PBOC_01, inputs=tuple(i for i in PBOC_01.inputs if i != 0x82))),
        TOLD,
        "without 82",
    ),
    "slip, reversed": (made(told=TOLD | {0x9A: raw("241126")}), TOLD, "9A with its bytes reversed"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_recipe_is_named(name: str) -> None:
    claimed, told, words = CASES[name]
    found = explained(claimed, told)
    assert not found.right
    best = found.matches[0]
    assert best.differences == (name.split(",", maxsplit=1)[0],)
    assert words in " ".join(found.sentences("en"))
    assert all(any("一" <= c <= "鿿" for c in line) for line in found.sentences())


def test_two_mistakes_at_once_are_both_named() -> None:
    found = explained(made(psn="00", padding=Padding.METHOD_1))
    assert found.matches[0].differences == ("psn", "padding")
    assert len(found.sentences()) == 2


def test_a_tc_hash_in_front_is_found() -> None:
    told = TOLD | {0x98: b"\x99" * 20}
    claimed = made(version=cryptogram.PBOC_01_HASH, told=told)
    assert explained(claimed, told).matches[0].differences == ("version",)


def test_what_fits_nothing_is_said_to_fit_nothing() -> None:
    found = explained(bytes(8))
    assert (found.right, found.matches) == (False, ())
    assert found.tried > 10_000
    assert "none of" in found.sentences("en")[0]
    assert "都不相符" in found.sentences()[0]


def test_missing_and_odd_inputs_are_told() -> None:
    told = {tag: value for tag, value in TOLD.items() if tag != 0x95} | {0x9F02: b"\1"}
    found = explain_arqc(VAULT, ACCOUNT, told | {0x9F26: bytes(8)})
    assert found.missing == ("95",)
    assert found.odd == (("9F02", 6, 1),)
    assert "95" in " ".join(found.sentences())
    assert "9F02 should have 6 bytes" in found.sentences("en")[0]


@pytest.mark.parametrize("told", [{}, {0x9F26: b"12"}, {0x9F26: bytes(8)}, {0x9F10: b"\7"}])
def test_hopeless_input_never_raises(told: dict[int, bytes]) -> None:
    found = explain_arqc(VAULT, Account(pan="6200000000000000018"), told)
    assert not found.right
    assert found.missing
    assert found.sentences("en")


def test_an_unknown_version_and_another_schemes_9f10_are_read_as_plain_pboc() -> None:
    for iad in ("0701EE03A0110001", "06010A03A0B800"):
        told = TOLD | {0x9F10: raw(iad), Part.CVR: raw("03A01100")}
        claimed = made(told=told)
        assert explained(claimed, told).matches[0].recipe.version == "PBOC-01"


def test_a_short_unpredictable_number_is_no_crash() -> None:
    told = TOLD | {0x9F37: b"\1"}
    assert not explained(bytes(8), told).matches


def test_keys_of_another_length_are_passed_over() -> None:
    vault = SoftwareVault({(1, TDES): MasterKeys(ac=b"A" * 16, mac=b"", enc=b"")})
    told = TOLD | {0x9F26: made()}
    assert explain_arqc(vault, ACCOUNT, told).right


def test_an_explanation_shows_no_number_and_no_key() -> None:
    shown = repr(explained(made(psn="00")))
    assert ACCOUNT.pan not in shown
    assert "AAAA" not in shown
