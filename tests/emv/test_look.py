"""The reader without side effects, and the union's own file."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve
from tests.emv.world import (
    BUSINESS,
    PBOC_DEBIT,
    TODAY,
    Heard,
    Line,
    card,
    content,
    performer,
    profile,
    terminal,
)

from szunion.emv import scripts, sm2
from szunion.emv.apdu import Command
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import FileApplication
from szunion.emv.card.file_card import update_mac
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import MEMBERSHIP_AID as PERSONALISED_AID
from szunion.emv.card.profiles import Flaw, Holder, Scheme
from szunion.emv.card.testca import sm2_private
from szunion.emv.errors import AuthenticationFailed, BadField, CardFault, EmvError
from szunion.emv.files import (
    MEMBERSHIP_AID,
    Membership,
    bind,
    issue,
    read_file,
    read_membership,
    read_signed,
    update_file,
    verify,
)
from szunion.emv.flow import Performer, run
from szunion.emv.look import Authentication, Probes, PublicData, look, read_public
from szunion.emv.oda_keys import Assurance
from szunion.emv.pan import CardNumber
from szunion.emv.selection import Directory, Supported, select_application
from szunion.emv.tlv import Node, build, parse
from szunion.emv.transaction import transact
from szunion.emv.transit import Settings

SCHEMES = [Scheme.RSA, Scheme.SM, Scheme.BOTH]


def reading(held: SimulatedCard, *args: Any, heard: Heard | None = None) -> PublicData:
    found = run(read_public(*args), Performer(transmit=held.process_bytes, heard=heard))
    assert found is not None
    return found


def authentication(**more: Any) -> Authentication:
    return Authentication(terminal=terminal(knows_sm=True), date="261124", **more)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_look_costs_the_card_nothing_b22(scheme: Scheme) -> None:
    held = card(scheme)
    heard = Heard()
    before = dict(held._memory._cells)
    found = reading(held, heard=heard)
    assert dict(held._memory._cells) == before
    assert not {"80A8", "0020", "80AE", "0088"} & set(heard.names())
    assert found.number == CardNumber(profile().pan)
    assert (found.sequence, found.expires) == ("01", date(2031, 12, 31))
    assert found.assurance is Assurance.READ_ONLY
    assert found.label == "PBOC DEBIT"
    assert found.ecash is not None
    assert found.ecash.balance == 10_000


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("contactless", [False, True])
def test_authenticated_when_asked(scheme: Scheme, contactless: bool) -> None:  # noqa: FBT001
    held = card(scheme, contactless=contactless)
    heard = Heard()
    found = reading(held, None, authentication(contactless=contactless), heard=heard)
    assert found.assurance is Assurance.DDA_OFFLINE
    assert found.verdict is not None
    assert found.verdict.passed
    assert found.number == CardNumber(profile().pan)
    assert found.expires == date(2031, 12, 31)
    assert held.cell(PBOC_DEBIT, 0x9F36) == b"\0\1"
    assert "0020" not in heard.names()
    assert found.counter == 1


def test_a_challenge_of_the_server_is_the_one_that_is_signed() -> None:
    heard = Heard()
    challenge = bytes.fromhex("A1B2C3D4")
    found = reading(card(), None, authentication(challenge=challenge), heard=heard)
    assert found.assurance is Assurance.DDA_OFFLINE
    signed = next(command for command, _ in heard.lines if command.ins == 0x88)
    assert signed.data == challenge
    assert challenge.hex() not in repr(authentication(challenge=challenge))
    with pytest.raises(BadField):
        reading(card(), None, authentication(challenge=b"short"))


@pytest.mark.parametrize("flaw", [Flaw.CLONED, Flaw.REVOKED, Flaw.ROCA, Flaw.UNKNOWN_ROOT])
def test_a_flawed_card_is_read_and_not_believed(flaw: Flaw) -> None:
    found = reading(card(flaw=flaw), None, authentication())
    assert found.assurance is Assurance.READ_ONLY
    assert found.verdict is not None
    assert found.verdict.reasons


def test_a_card_without_dda_is_read_and_not_believed() -> None:
    found = reading(card(aip=b"\x5c\0"), None, authentication())
    assert found.assurance is Assurance.READ_ONLY


def test_nothing_personal_prints() -> None:
    found = reading(card(holder=Holder(name="测试甲")))
    shown = repr(found) + str(found)
    for secret in (profile().pan, "测试甲", "44030019900101001X"):
        assert secret not in shown
    assert "620000******0013" in shown
    assert "测**" in shown


def test_logs_are_read_only_when_asked_for() -> None:
    held = card()
    line = Line(orders=(scripts.set_ecash_balance(2_000),))
    assert run(transact(terminal(), BUSINESS), performer(held, line=line)).decision.approved
    held.reset()
    assert reading(held).transactions == ()
    held.reset()
    found = reading(held, Probes(logs=True))
    assert [(record.amount, record.atc) for record in found.transactions] == [(1_000, 1)]
    assert [(load.old, load.new) for load in found.loads] == [(10_000, 2_000)]
    assert "SZUNION" not in repr(found)


def test_a_blocked_application_still_shows_its_logs() -> None:
    held = card()
    line = Line(orders=(scripts.block_application(),))
    run(transact(terminal(), BUSINESS), performer(held, line=line))
    held.reset()
    found = reading(held, Probes(logs=True))
    assert len(found.transactions) == 1


def test_a_whole_card_is_looked_at_at_once() -> None:
    held = card(purse=5_000, membership=signed_file())
    view = run(
        look(Probes(transit=Settings(), membership=True)), Performer(transmit=held.process_bytes)
    )
    assert len(view.applications) == 1
    assert view.transit is not None
    assert view.transit.balance == 5_000
    assert view.membership is not None
    assert view.membership.membership.organisation == "SZ-0001"
    plain = run(look(), Performer(transmit=card().process_bytes))
    assert (plain.transit, plain.membership) == (None, None)


def test_a_card_that_is_not_ours_is_none() -> None:
    other = Probes(supported=(Supported(b"OTHER"),))
    held = card()
    assert run(read_public(other), Performer(transmit=held.process_bytes)) is None


def test_the_directory_and_the_places_are_settings() -> None:
    held = card()
    heard = Heard()
    found = reading(held, Probes(directory=None, places=(), ecash=False), heard=heard)
    assert found.number is None
    assert heard.names().count("00B2") == 0
    air = card(contactless=True)
    assert reading(air, Probes(directory=Directory.PPSE)).number is not None


# --- hostile cards -------------------------------------------------


def changed(held: SimulatedCard, change: Any) -> Performer:
    def transmit(raw: bytes) -> bytes:
        answer = held.process_bytes(raw)
        if raw[1] == 0xB2 and answer[:1] == b"\x70":
            return build([Node.of(0x70, change(parse(answer[:-2])[0].children))]) + b"\x90\0"
        return answer

    return Performer(transmit=transmit)


def at_once() -> SimulatedCard:
    held = SimulatedCard(evolve(content(), get_response=False), 5)
    held.reset()
    return held


def test_two_numbers_on_one_card_are_refused() -> None:
    def change(children: Any) -> Any:
        return [
            Node.of(0x5A, bytes.fromhex("6200001234567894")) if node.tag == 0x5A else node
            for node in children
        ]

    with pytest.raises(CardFault) as fault:
        run(read_public(), changed(at_once(), change))
    assert fault.value.code == "LOOK-TWO-NUMBERS"


def test_hostile_text_is_shown_as_escapes() -> None:
    def change(children: Any) -> Any:
        return [
            Node.of(0x5F20, b"\x1b[2J=cmd\r\n") if node.tag == 0x5F20 else node for node in children
        ]

    found = run(read_public(), changed(at_once(), change))
    assert found is not None
    assert "\x1b" not in repr(found)
    assert found.name is None or "\x1b" not in found.name.name.plain()


def test_odd_objects_are_left_out_and_the_rest_is_read() -> None:
    odd = {0x5F24: b"\xff\xff\xff", 0x9F61: b"\xff" * 50, 0x5F34: b"\1\2", 0x57: b"\x12"}

    def change(children: Any) -> Any:
        return [Node.of(n.tag, odd[n.tag]) if n.tag in odd else n for n in children]

    found = run(read_public(), changed(at_once(), change))
    assert found is not None
    assert (found.expires, found.document, found.sequence) == (None, None, None)
    assert found.number == CardNumber(profile().pan)


def test_a_number_only_on_track_2_is_read_too() -> None:
    found = run(read_public(), changed(at_once(), lambda c: [n for n in c if n.tag != 0x5A]))
    assert found is not None
    assert found.number == CardNumber(profile().pan)


def test_records_that_are_no_templates_are_passed_over() -> None:
    held = at_once()

    def transmit(raw: bytes) -> bytes:
        if raw[1] == 0xB2 and raw[3] >> 3 == 2:
            return b"\x71\0\x90\0"
        if raw[1] == 0xB2 and raw[3] >> 3 == 3:
            return b"\x70\x90\0"
        return held.process_bytes(raw)

    found = run(read_public(), Performer(transmit=transmit))
    assert found is not None
    assert found.number == CardNumber(profile().pan)


@pytest.mark.parametrize("answer", ["9F79", "9F36020001", "5A00", ""])
def test_get_data_that_answers_something_else_is_refused(answer: str) -> None:
    held = at_once()

    def transmit(raw: bytes) -> bytes:
        if raw[1] == 0xCA:
            return bytes.fromhex(answer) + b"\x90\0"
        return held.process_bytes(raw)

    with pytest.raises(CardFault):
        run(read_public(), Performer(transmit=transmit))


@pytest.mark.parametrize("answer", ["80", "8001", "82027C00", "77039F3600", "7700", "8000"])
def test_gpo_that_answers_something_else_is_refused(answer: str) -> None:
    held = at_once()

    def transmit(raw: bytes) -> bytes:
        if raw[1] == 0xA8:
            return bytes.fromhex(answer) + b"\x90\0"
        return held.process_bytes(raw)

    with pytest.raises(EmvError):
        run(read_public(None, authentication()), Performer(transmit=transmit))


@pytest.mark.parametrize("answer", ["", "70", "7100", "7000" * 2])
def test_a_record_of_the_afl_that_is_no_template_is_refused(answer: str) -> None:
    held = at_once()

    def transmit(raw: bytes) -> bytes:
        if raw[1] == 0xB2 and raw[3] != 0x0C:
            return bytes.fromhex(answer) + b"\x90\0"
        return held.process_bytes(raw)

    with pytest.raises(EmvError):
        run(read_public(None, authentication()), Performer(transmit=transmit))


def test_a_card_that_does_not_sign_is_not_believed() -> None:
    held = at_once()

    def transmit(raw: bytes) -> bytes:
        return b"\x69\x85" if raw[1] == 0x88 else held.process_bytes(raw)

    found = run(read_public(None, authentication()), Performer(transmit=transmit))
    assert found is not None
    assert found.assurance is Assurance.READ_ONLY


# --- the union's file ----------------------------------------------

UNION_KEY = sm2_private(Chance(3))
NUMBER = CardNumber(profile().pan)
MEMBER = bytes(range(16))
RECORD = Membership(
    organisation="SZ-0001",
    member=MEMBER,
    binding=bind(NUMBER, "01", MEMBER),
    begins=date(2026, 1, 1),
    expires=date(2026, 12, 31),
    key_id=b"\0\0\0\1",
)


def signed_file(record: Membership = RECORD) -> bytes:
    return issue(record, lambda body: sm2.sign(sm2.PrivateKey(UNION_KEY.d), body))


def judged(raw: bytes, **more: Any) -> Membership:
    known: dict[str, Any] = {"today": TODAY, "number": NUMBER, "sequence": "01", **more}
    return verify(read_signed(raw), sm2.PublicKey.decode(UNION_KEY.public), **known)


def test_the_record_is_read_from_the_card_and_believed() -> None:
    held = card(membership=signed_file() + bytes(20))
    found = run(read_membership(), Performer(transmit=held.process_bytes))
    assert found is not None
    key = sm2.PublicKey.decode(UNION_KEY.public)
    assert verify(found, key, today=TODAY, number=NUMBER, sequence="01") == RECORD
    assert run(read_membership(), Performer(transmit=card().process_bytes)) is None
    assert PERSONALISED_AID == MEMBERSHIP_AID
    assert MEMBER.hex() not in repr(found)
    assert repr(MEMBER) not in repr(found)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"number": CardNumber("6200000000000021")}, "NOT_THIS_CARD"),
        ({"sequence": "02"}, "NOT_THIS_CARD"),
        ({"today": date(2027, 1, 1)}, "OUT_OF_DATE"),
        ({"today": date(2025, 12, 31)}, "OUT_OF_DATE"),
    ],
)
def test_a_copied_or_old_record_is_refused(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(AuthenticationFailed) as failed:
        judged(signed_file(), **more)
    assert failed.value.reason == reason
    assert str(failed.value)


def test_every_changed_byte_of_a_record_is_found() -> None:
    raw = signed_file()
    for at in range(len(raw)):
        bad = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
        with pytest.raises((AuthenticationFailed, CardFault)):
            judged(bad)


@pytest.mark.parametrize("raw", ["", "E1", "E100C800", "5A00", "E103C10101C800"])
def test_a_file_that_is_no_record_is_told(raw: str) -> None:
    with pytest.raises(CardFault):
        read_signed(bytes.fromhex(raw))
    held = card(membership=bytes.fromhex(raw) or b"\1")
    with pytest.raises(CardFault):
        run(read_membership(), Performer(transmit=held.process_bytes))


def test_another_version_is_not_guessed_at() -> None:
    raw = signed_file()
    at = raw.index(b"\xc1\x01\x01") + 2
    with pytest.raises(CardFault):
        read_signed(raw[:at] + b"\2" + raw[at + 1 :])


@pytest.mark.parametrize(
    "wrong", [{"organisation": ""}, {"organisation": "工会"}, {"member": b""}, {"key_id": b"1"}]
)
def test_a_record_that_cannot_be_written_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadField):
        evolve(RECORD, **wrong)


def test_a_long_file_is_read_in_pieces() -> None:
    content_of = bytes(number % 251 for number in range(300))
    held = card(membership=content_of)

    async def both() -> bytes:
        await select_application(MEMBERSHIP_AID)
        return await read_file(1)

    got = run(both(), Performer(transmit=held.process_bytes))
    # READ BINARY by file identifier reaches 256 offsets and one piece more
    assert got == content_of[: len(got)]
    assert len(got) == 300


def test_the_file_changes_only_with_the_key() -> None:
    held = card(membership=b"0123456789")
    made = content(membership=b"0123456789")
    key = next(a for a in made.applications if isinstance(a, FileApplication)).key or b""
    wired = Performer(transmit=held.process_bytes)
    run(select_application(MEMBERSHIP_AID), wired)
    run(update_file(1, 2, b"ab", lambda c, h, d: update_mac(key, c, h, d)), wired)
    assert run(read_file(1), wired) == b"01ab456789"
    for mac, sw in ((lambda *_: bytes(4), 0x6988), (lambda *_: b"", 0x6987)):
        with pytest.raises(CardFault) as fault:
            run(update_file(1, 2, b"cd", mac), wired)
        assert fault.value.sw == sw
    assert run(read_file(1), wired) == b"01ab456789"


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00B0010000", 0x6A86),
        ("00B0820000", 0x6A82),
        ("00B0810A00", 0x6B00),
        ("04D68100050102030405", 0x6982),
        ("04D60100050102030405", 0x6A86),
        ("00D6810001FF", 0x6D00),
        ("0084010008", 0x6D00),
    ],
)
def test_every_wrong_command_to_the_file_has_its_status(command: str, sw: int) -> None:
    held = card(membership=b"0123456789")
    held.process(Command(0, 0xA4, 4, 0, MEMBERSHIP_AID, 256))
    assert held.process(Command.decode(bytes.fromhex(command))).sw == sw


def test_an_update_beyond_the_file_or_without_data_is_refused() -> None:
    made = content(membership=b"0123456789")
    key = next(a for a in made.applications if isinstance(a, FileApplication)).key or b""
    held = card(membership=b"0123456789")
    wired = Performer(transmit=held.process_bytes)
    run(select_application(MEMBERSHIP_AID), wired)
    for offset, data, sw in ((9, b"ab", 0x6B00), (0, b"", 0x6987)):
        with pytest.raises(CardFault) as fault:
            run(update_file(1, offset, data, lambda c, h, d: update_mac(key, c, h, d)), wired)
        assert fault.value.sw == sw


def test_the_extended_name_is_the_whole_one() -> None:
    """EMV book 3, annex A: 9F0B is the whole name, when it is longer than 26 characters."""
    held = SimulatedCard(evolve(content(), get_response=False), 5)
    held.reset()
    long = "欧阳测试甲乙丙丁戊己庚辛壬癸子"

    def between(raw: bytes) -> bytes:
        answer = held.process_bytes(raw)
        if raw[1] != 0xB2 or not answer.endswith(b"\x90\0") or b"\x5f\x20" not in answer:
            return answer
        children = [*parse(answer[:-2])[0].children, Node.of(0x9F0B, long.encode("gbk"))]
        return build([Node.of(0x70, children)]) + b"\x90\0"

    found = run(read_public(), Performer(transmit=between))
    assert found is not None
    assert found.name is not None
    assert found.name.name.plain() == long


def test_a_refusal_is_told_with_its_meaning() -> None:
    fault = CardFault(0x6985)
    assert fault.what("en") == "the card answered 6985: conditions of use not satisfied"
    assert fault.what("zh").endswith("使用条件不满足")
    assert CardFault(0x63C2).what("en").endswith("verification failed, tries left: 2")
