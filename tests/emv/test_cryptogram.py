from __future__ import annotations

from typing import Any

import pytest
from tests.emv.published import cases, raw

from szunion.emv import crypto, cryptogram, scripts
from szunion.emv.crypto import Algorithm, MasterKeyOption, Padding, Sm4Mac
from szunion.emv.cryptogram import (
    OTHERS,
    PBOC_01,
    PBOC_01_HASH,
    PBOC_17,
    Amount,
    Arpc,
    Part,
    Session,
    Sm4Rules,
)
from szunion.emv.errors import BadField
from szunion.emv.vault import Account, Ask, MasterKeys, ScriptSession, SoftwareVault

TDES = Algorithm.TDES
VERSIONS = {version.name: version for version in OTHERS}
NAMED = {"cvr": Part.CVR, "counters": Part.COUNTERS}


def vault_of(case: dict[str, Any]) -> SoftwareVault:
    keys = MasterKeys(ac=raw(case["imk_ac"]), mac=raw(case["imk_mac"]), enc=raw(case["imk_enc"]))
    return SoftwareVault({(1, TDES): keys})


def account_of(case: dict[str, Any]) -> Account:
    return Account(pan=case["pan"], psn=case["psn"])


def scheme_cases(op: str) -> list[Any]:
    found = [case for case in cases("scheme-cvn") if case["op"] == op]
    return [pytest.param(case, id=case["scheme"]) for case in found]


@pytest.mark.parametrize("case", scheme_cases("ac"))
def test_published_cryptograms_of_other_schemes(case: dict[str, Any]) -> None:
    values: dict[cryptogram.Input, bytes] = {
        NAMED[tag] if tag in NAMED else int(tag, 16): raw(value)
        for tag, value in case["inputs"].items()
    }
    version = VERSIONS[case["scheme"]]
    ask = Ask(
        account=account_of(case),
        algorithm=TDES,
        key_index=1,
        version=version,
        atc=values[0x9F36],
        unpredictable=values[0x9F37],
        data=cryptogram.assemble(version, values),
        claimed=raw(case["out"]),
    )
    vault = vault_of(case)
    assert vault.check(ask)
    wrong = crypto.xor(raw(case["out"]), b"\0" * 7 + b"\1")
    assert not vault.check(Ask(**{**_fields(ask), "claimed": wrong}))


def _fields(ask: Ask) -> dict[str, Any]:
    names = ("account", "algorithm", "key_index", "version", "atc", "unpredictable", "data")
    return {name: getattr(ask, name) for name in names}


@pytest.mark.parametrize("case", scheme_cases("arpc"))
def test_published_answers_of_other_schemes(case: dict[str, Any]) -> None:
    told = case["inputs"]
    ask = Ask(
        account=account_of(case),
        algorithm=TDES,
        key_index=1,
        version=VERSIONS[case["scheme"]],
        atc=raw(told.get("9F36", "0000")),
        unpredictable=raw(told.get("9F37", "00000000")),
        data=b"",
        claimed=raw(told["9F26"]),
    )
    code = raw(told.get("arpc_rc") or told.get("csu"))
    assert vault_of(case).respond(ask, code, check=False) == raw(case["out"])


@pytest.mark.parametrize("case", scheme_cases("command_mac"))
def test_published_script_macs_of_other_schemes(case: dict[str, Any]) -> None:
    told = case["inputs"]
    header = raw(told["command_header"])
    rules = scripts.OTHERS[case["scheme"]]
    session = ScriptSession(
        account=account_of(case),
        algorithm=TDES,
        key_index=1,
        atc=raw(told.get("9F36", "0000")),
        first=raw(told["9F26"]),
        rules=rules,
    )
    order = scripts.Order(cla=header[0], ins=header[1], p1=header[2], p2=header[3])
    sealed = vault_of(case).seal(session, order)
    assert sealed.encode() == header + raw(case["out"])


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["scheme"]) for case in cases("pin-change")["command"]]
)
def test_published_pin_changes_of_other_schemes(case: dict[str, Any]) -> None:
    session = ScriptSession(
        account=account_of(case),
        algorithm=TDES,
        key_index=1,
        atc=raw(case["atc"]) or bytes(2),
        first=raw(case["arqc"]),
        rules=scripts.OTHERS[case["scheme"]],
    )
    sealed = vault_of(case).seal_pin(session, case["pin"], case["current_pin"])
    assert sealed.encode() == raw(case["out"])


@pytest.mark.parametrize("case", cases("pin-change")["blocks"], ids=str)
def test_published_pin_blocks(case: dict[str, Any]) -> None:
    form = scripts.PinBlock.CARD_KEY if case["format"] == "VIS" else scripts.PinBlock.ISO_2
    key = raw(case.get("mk_ac")) or bytes(16)
    made = scripts.pin_block(case["pin"], key, case.get("current_pin"), form)
    assert made == raw(case["out"])


FORMS = {
    "LEN_PAD80_ECB": scripts.Encipherment.LENGTH_ECB_ALWAYS,
    "PAD80_IF_NEEDED_CBC": scripts.Encipherment.CBC,
    "PAD80_ALWAYS_CBC": scripts.Encipherment.CBC_ALWAYS,
}


@pytest.mark.parametrize("case", cases("script-mac")["encipher"], ids=str)
def test_published_encipherment(case: dict[str, Any]) -> None:
    made = scripts.encipher(TDES, raw(case["key"]), raw(case["data"]), FORMS[case["format"]])
    assert made == raw(case["out"])


SCRIPT_SESSIONS = {"EMV_CSK(ARQC)": Session.EMV_CRYPTOGRAM, "VISA_SM_XOR": Session.VISA}


def _script_key(case: dict[str, Any], imk: str) -> bytes:
    master = crypto.master_key(TDES, raw(case[imk]), case["pan"], case["psn"])
    return cryptogram.session_key(
        SCRIPT_SESSIONS[case["session_key"]],
        TDES,
        master,
        atc=raw(case["atc"]),
        cryptogram=raw(case["arqc"]),
    )


@pytest.mark.parametrize("case", cases("script-mac")["host"], ids=str)
def test_published_script_macs_from_issuer_keys(case: dict[str, Any]) -> None:
    assert scripts.script_mac(TDES, _script_key(case, "imk"), raw(case["mac_input"]), 8) == raw(
        case["mac"]
    )


@pytest.mark.parametrize("case", cases("pin-change")["host"], ids=str)
def test_published_pin_changes_from_issuer_keys(case: dict[str, Any]) -> None:
    key = _script_key(case, "imk_script")
    form = scripts.PinBlock.CARD_KEY if case["pin_block"] == "VIS" else scripts.PinBlock.ISO_2
    master = crypto.master_key(TDES, raw(case["imk_ac"]), case["pan"], case["psn"])
    block = scripts.pin_block(case["pin"], master, case["current_pin"], form)
    assert block == raw(case["pin_block_clear"])
    sealed = scripts.encipher(TDES, key, block, FORMS[case["format"]])
    assert sealed == raw(case["enciphered"])
    covered = raw(case["mac_input_prefix"]) + sealed
    assert scripts.script_mac(TDES, key, covered, 8) == raw(case["mac"])


@pytest.mark.parametrize("case", cases("arqc-arpc")["arpc"], ids=str)
def test_published_answers(case: dict[str, Any]) -> None:
    key, arqc = raw(case["key"]), raw(case["arqc"])
    if case["method"] == 1:
        assert cryptogram.arpc_1(TDES, key, arqc, raw(case["arc"])) == raw(case["out"])
    else:
        made = cryptogram.arpc_2(key, arqc, raw(case["csu"]), raw(case["proprietary"]))
        assert made == raw(case["out"])


HOST_SESSIONS = {
    "VISA_NONE": Session.NONE,
    "MCHIP": Session.EMV_ATC_UN,
    "EMV_CSK": Session.EMV_ATC,
}


@pytest.mark.parametrize("case", cases("arqc-arpc")["host"], ids=str)
def test_published_issuer_jobs(case: dict[str, Any]) -> None:
    option = MasterKeyOption(case["option"])
    padding = Padding.METHOD_2 if case["padding"] == "80" else Padding.METHOD_1
    own = None if case["arpc_key"] == "session key" else Session.NONE

    def ask(arpc: Arpc) -> Ask:
        version = cryptogram.Version(
            name="published",
            inputs=(),
            session=HOST_SESSIONS[case["session_key"]],
            padding=padding,
            arpc=arpc,
            arpc_session=own,
        )
        return Ask(
            account=account_of(case),
            algorithm=TDES,
            key_index=1,
            version=version,
            atc=raw(case["atc"]),
            unpredictable=raw(case["un"]),
            data=raw(case["data"]),
            claimed=raw(case["arqc"]),
            option=option,
        )

    vault = SoftwareVault({(1, TDES): MasterKeys(ac=raw(case["imk"]), mac=b"", enc=b"")})
    assert vault.respond(ask(Arpc.METHOD_1), raw(case["arc"])) == raw(case["arpc1"])
    if case["arpc2"]:
        assert vault.respond(ask(Arpc.METHOD_2), raw(case["csu"])) == raw(case["arpc2"])


# --- PBOC -----------------------------------------------------------------------------------------


def test_the_inputs_of_pboc_have_the_lengths_of_the_standard() -> None:
    values: dict[cryptogram.Input, bytes] = {
        0x9F02: bytes(6),
        0x9F03: bytes(6),
        0x9F1A: bytes(2),
        0x95: bytes(5),
        0x5F2A: bytes(2),
        0x9A: bytes(3),
        0x9C: bytes(1),
        0x9F37: bytes(4),
        0x82: bytes(2),
        0x9F36: bytes(2),
        0x9F10: raw("0701170311223301"),
        0x98: b"\x77" * 20,
    }
    contact = cryptogram.assemble(PBOC_01, values)
    assert len(contact) == 37
    assert contact[-4:] == raw("03112233")
    assert cryptogram.assemble(PBOC_01_HASH, values) == b"\x77" * 20 + contact
    fast = cryptogram.assemble(PBOC_17, values)
    assert len(fast) == 13
    assert fast[-1:] == b"\x11"
    del values[0x95]
    with pytest.raises(BadField, match="95"):
        cryptogram.assemble(PBOC_01, values)


def test_a_short_9f10_is_a_missing_input_and_not_a_short_one() -> None:
    with pytest.raises(BadField, match="IAD_5"):
        cryptogram.assemble(
            PBOC_17, {0x9F02: bytes(6), 0x9F37: bytes(4), 0x9F36: bytes(2), 0x9F10: b"\7\1"}
        )
    with pytest.raises(BadField, match="CVR"):
        cryptogram.assemble(
            cryptogram.Version(name="x", inputs=(Part.CVR,), session=Session.PBOC),
            {0x9F10: b"\7\1"},
        )


def test_issuer_application_data_of_the_standard_is_read() -> None:
    published = cases("pboc-spec-examples")["issuer_application_data"]
    tlv = raw(published["personalised"])
    iad = tlv[3 : 3 + tlv[2]]
    head, rest = cryptogram.read_issuer_header(iad), iad[cryptogram.ISSUER_HEADER :]
    assert head.key_index == int(published["key_index"], 16)
    assert head.cvn == int(published["cvn"], 16)
    assert head.algorithm is TDES
    assert rest[0] == published["idd_length"]
    assert rest[1] == int(published["idd_id"], 16)


@pytest.mark.parametrize(
    "bad", ["06010A03A0B80001", "0701010300000002", "07010103", "0701010400000001"]
)
def test_issuer_application_data_of_another_form_are_refused(bad: str) -> None:
    with pytest.raises(BadField):
        cryptogram.read_issuer_header(raw(bad))


@pytest.mark.parametrize(
    "case", cases("pboc-spec-examples")["idd_mac_input"], ids=lambda c: c["id"]
)
def test_issuer_defined_data_are_filled_to_whole_blocks(case: dict[str, Any]) -> None:
    told = cryptogram.ISSUER_DATA[int(case["id"], 16)]
    covered = cryptogram.issuer_data_input(b"\0\7", b"\x11" * 5 * len(told))
    assert len(covered) == case["bytes"]
    assert covered.endswith(bytes(int(case["parts"][-1][-1])))
    key = bytes(range(16))
    for algorithm in Algorithm:
        mac = cryptogram.issuer_data_mac(algorithm, key, b"\0\7", b"\x11" * 5 * len(told))
        assert mac == crypto.card_mac(algorithm, key, covered)[:4]
        whole = cryptogram.issuer_data(int(case["id"], 16), b"\x11" * 5 * len(told), mac)
        assert whole[0] == len(whole) - 1 == 5 * len(told) + 5
    assert all(isinstance(amount, Amount) for amount in told)


def test_other_schemes_recipes_do_not_take_sm4() -> None:
    with pytest.raises(BadField, match="SM4"):
        cryptogram.session_key(Session.EMV_ATC, Algorithm.SM4, bytes(16), atc=bytes(2))


def test_every_session_recipe_gives_another_key() -> None:
    made = {
        method: cryptogram.session_key(
            method, TDES, bytes(range(16)), atc=b"\0\5", unpredictable=b"abcd", cryptogram=b"x" * 8
        )
        for method in Session
    }
    assert len(set(made.values())) == len(Session)


def test_an_sm4_answer_takes_the_left_half_of_one_block() -> None:
    key, arqc = bytes(range(16)), b"\x10" * 8
    block = crypto.xor(arqc, b"00" + bytes(6)) + bytes(8)
    assert (
        cryptogram.arpc_1(Algorithm.SM4, key, arqc, b"00")
        == crypto.encrypt(Algorithm.SM4, key, block)[:8]
    )


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("size", [0, 7, 8, 15, 16, 37])
@pytest.mark.parametrize("sm4", [cryptogram.PART_17, Sm4Rules(mac=Sm4Mac.FOLDED)])
def test_checking_and_answering_under_one_key_is_checking_and_then_answering(
    algorithm: Algorithm, size: int, sm4: Sm4Rules
) -> None:
    key, data = bytes(range(16)), bytes(range(size))
    right = cryptogram.cryptogram(algorithm, key, data, sm4=sm4)
    answer = cryptogram.arpc_1(algorithm, key, right, b"00")
    assert cryptogram.checked_arpc_1(algorithm, key, data, right, b"00", sm4=sm4) == answer
    wrong = bytes((right[0] ^ 1,)) + right[1:]
    assert cryptogram.checked_arpc_1(algorithm, key, data, wrong, b"00", sm4=sm4) is None


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_block_after_a_mac_is_enciphered_as_alone(algorithm: Algorithm) -> None:
    key, block = bytes(range(16)), bytes(range(algorithm.block))
    mac, encipher = crypto.mac_and_more(algorithm, key, b"what comes before")
    assert mac == crypto.card_mac(algorithm, key, b"what comes before")
    assert encipher(block) == crypto.encrypt(algorithm, key, block)
