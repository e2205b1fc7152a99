from __future__ import annotations

import pytest
from tests.emv.cards import fci
from tests.emv.script import Script, vector

from szunion.emv.apdu import Command, Response
from szunion.emv.errors import CardFault, EmvError, LimitExceeded
from szunion.emv.flow import Candidate, ChooseApplication, Effect, Performer, run
from szunion.emv.selection import (
    UNION_PAY,
    Directory,
    Supported,
    build_candidate_list,
    choose,
    must_ask,
    plain,
    select_application,
)

VECTORS = vector("candidate-list")
SUPPORTED = tuple(Supported(bytes.fromhex(a), m == "partial") for a, m in VECTORS["supported"])


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_candidate_list_is_that_of_the_published_conversation(case: dict[str, object]) -> None:
    script = Script(case["exchanges"])
    performer = Performer(transmit=script.transmit)
    if case["outcome"] == "card blocked":
        with pytest.raises(CardFault) as fault:
            run(build_candidate_list(SUPPORTED), performer)
        assert fault.value.sw == 0x6A81
        script.finished()
        return
    found = run(build_candidate_list(SUPPORTED), performer)
    script.finished()
    assert [[c.aid.hex().upper(), c.priority, c.label] for c in found] == case["candidates"]
    assert (case["outcome"] == "ok") == bool(found)
    if found:
        assert must_ask(found) == case["cardholder_choice_or_confirmation"]


def _answers(table: dict[str, str], default: str = "6A82") -> Performer:
    def transmit(raw: bytes) -> bytes:
        return bytes.fromhex(table.get(raw.hex().upper(), default))

    return Performer(transmit=transmit)


PSE = "00A404000E315041592E5359532E444446303100"
PPSE = "00A404000E325041592E5359532E444446303100"
UNION = "00A4040007A000000333010100"


def test_6d00_on_pse_does_not_end_the_reading_b25() -> None:
    answer = fci(bytes.fromhex("A000000333010101")).hex() + "9000"
    table = {PSE: "6D00", UNION: answer}
    found = run(build_candidate_list(), _answers(table))
    assert [c.aid.hex().upper() for c in found] == ["A000000333010101"]


@pytest.mark.parametrize("broken", ["9000", "6F009000", "6F0384013F9000", "DEAD9000", "70029000"])
def test_a_directory_that_is_nonsense_is_passed_over(broken: str) -> None:
    answer = fci(bytes.fromhex("A000000333010101")).hex() + "9000"
    for name, directory in ((PSE, Directory.PSE), (PPSE, Directory.PPSE)):
        found = run(
            build_candidate_list(UNION_PAY, directory), _answers({name: broken, UNION: answer})
        )
        assert len(found) == 1


def test_ppse_lists_in_the_answer_itself_and_keeps_two_entries_b10() -> None:
    one = "61114F08A0000003330101018701015002" + "4142"
    two = "61114F08A0000003330101028701025002" + "4344"
    body = "BF0C" + f"{len(one + two) // 2:02X}" + one + two
    inner = "840E325041592E5359532E4444463031" + "A5" + f"{len(body) // 2:02X}" + body
    answer = "6F" + f"{len(inner) // 2:02X}" + inner + "9000"
    found = run(build_candidate_list(UNION_PAY, Directory.PPSE), _answers({PPSE: answer}))
    assert [(c.aid[-1], c.label) for c in found] == [(1, "AB"), (2, "CD")]


def test_a_card_that_knows_no_next_application_has_one() -> None:
    """It answers for the same one again, for ever; EMV book 1, 12.3.3 would have it say 6A82."""
    answer = fci(bytes.fromhex("A000000333010101")).hex() + "9000"
    table = {UNION: answer, "00A4040207A000000333010100": answer}
    found = run(build_candidate_list(UNION_PAY, None), _answers(table))
    assert [c.aid.hex().upper() for c in found] == ["A000000333010101"]


def _selects(supported: tuple[Supported, ...], *names: str) -> tuple[list[str], list[str]]:
    """Return the names found and the commands sent, of a card that answers each in turn."""
    sent: list[str] = []
    left = list(names)

    def transmit(raw: bytes) -> bytes:
        sent.append(raw[2:4].hex())
        return fci(bytes.fromhex(left.pop(0))) + b"\x90\0" if left else b"\x6a\x82"

    found = run(build_candidate_list(supported, None), Performer(transmit=transmit))
    return [c.aid.hex().upper() for c in found], sent


def test_an_exact_name_asks_for_no_next_application() -> None:
    """EMV book 1, 12.3.3, step 6."""
    exact = (Supported(bytes.fromhex("A0000003330101"), partial=False),)
    assert _selects(exact, "A000000333010101", "A000000333010102") == ([], ["0400"])


def test_a_card_that_answers_for_another_name_is_asked_no_more() -> None:
    """EMV book 1, 12.3.3, step 3: a DF name begins with the name asked for, or is in error."""
    assert _selects(UNION_PAY, "A0000000031010", "A000000333010101") == ([], ["0400"])


def test_names_that_never_end_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        _selects(UNION_PAY, *(f"A0000003330101{number:02X}" for number in range(1, 40)))


def test_an_endless_directory_is_refused() -> None:
    def transmit(raw: bytes) -> bytes:
        command = Command.decode(raw)
        if command.ins == 0xA4:
            return bytes.fromhex("6F15840E315041592E5359532E4444463031A5038801019000")
        return bytes.fromhex("700C610A4F08A0000003330101019000")

    with pytest.raises(LimitExceeded):
        run(build_candidate_list(), Performer(transmit=transmit))


def test_partial_selection_asks_on_until_the_card_has_no_more() -> None:
    first = fci(bytes.fromhex("A000000333010101")).hex() + "9000"
    second = fci(bytes.fromhex("A000000333010102")).hex() + "9000"

    asked = 0

    def transmit(raw: bytes) -> bytes:
        nonlocal asked
        asked += 1
        command = Command.decode(raw)
        if command.p2 == 0:
            return bytes.fromhex(first)
        return bytes.fromhex(second) if asked == 2 else bytes.fromhex("6A82")

    found = run(build_candidate_list(UNION_PAY, None), Performer(transmit=transmit))
    assert [c.aid[-1] for c in found] == [1, 2]


def test_an_application_that_answers_for_another_name_is_refused() -> None:
    answer = fci(bytes.fromhex("A0000000031010")).hex() + "9000"
    with pytest.raises(CardFault) as fault:
        run(select_application(bytes.fromhex("A0000003330101")), _answers({UNION: answer}))
    assert fault.value.code == "SELECT-OTHER-NAME"
    assert str(fault.value)


def test_a_blocked_application_is_selected_only_for_its_logs() -> None:
    aid = bytes.fromhex("A0000003330101")
    performer = _answers({UNION: fci(aid).hex() + "6283"})
    with pytest.raises(CardFault) as fault:
        run(select_application(aid), performer)
    assert fault.value.sw == 0x6283
    selected = run(select_application(aid, blocked_too=True), performer)
    assert selected.blocked
    assert selected.log_entry == (11, 10)
    assert selected.load_log_entry == (12, 10)


class TestChoice:
    one = Candidate(b"AAAAA", 1)
    two = Candidate(b"BBBBB", 2)
    careful = Candidate(b"CCCCC", 0x81)

    def choose(self, *candidates: Candidate, holder: bool = True) -> Candidate | None:
        def perform(effect: Effect) -> object:
            assert isinstance(effect, ChooseApplication)
            return effect.candidates[-1]

        return run(choose(candidates, holder_chooses=holder), perform)

    def test_nothing_to_choose(self) -> None:
        assert self.choose() is None

    def test_a_single_one_needs_no_question(self) -> None:
        assert self.choose(self.one) == self.one

    def test_the_holder_decides_among_two(self) -> None:
        assert self.choose(self.one, self.two) == self.two

    def test_a_terminal_without_screen_takes_the_first_that_needs_no_confirmation(self) -> None:
        assert self.choose(self.careful, self.two, holder=False) == self.two
        assert self.choose(self.careful, holder=False) is None

    def test_when_the_choice_could_not_be_used_even_a_single_other_one_is_asked_about(self) -> None:
        """EMV book 1, 12.4: none is selected without the holder then."""
        asked: list[Effect] = []

        def perform(effect: Effect) -> object:
            asked.append(effect)
            return None

        assert run(choose([self.one], again=True), perform) is None
        assert asked == [ChooseApplication((self.one,))]
        assert run(choose([self.one], again=True, holder_chooses=False), perform) == self.one


def test_labels_cannot_steer_a_terminal() -> None:
    assert plain(b"\x1b[2J=cmd\r\n") == "\\x1b[2J=cmd\\x0d\\x0a"
    assert plain("工会".encode("gbk")) == "\\xb9\\xa4\\xbb\\xe1"


@pytest.mark.parametrize("size", range(40))
def test_a_selection_answered_with_anything_ends_in_an_emv_error_or_a_list(size: int) -> None:
    raw = bytes((7 * size + at) & 0xFF for at in range(size))
    answer = Response(0x9000, raw).encode()
    try:
        run(build_candidate_list(), Performer(transmit=lambda _: answer))
    except EmvError:
        return


def test_a_card_that_lists_hundreds_of_applications_is_refused() -> None:
    entries = "".join(f"610A4F08A0000003330101{at:02d}" for at in range(40))
    body = f"BF0C82{len(entries) // 2:04X}{entries}"
    inner = "840E325041592E5359532E4444463031" + f"A582{len(body) // 2:04X}{body}"
    answer = f"6F82{len(inner) // 2:04X}{inner}9000"
    with pytest.raises(LimitExceeded):
        run(build_candidate_list(UNION_PAY, Directory.PPSE), _answers({PPSE: answer}))


def test_a_card_blocked_on_ppse_is_blocked() -> None:
    with pytest.raises(CardFault) as fault:
        run(build_candidate_list(UNION_PAY, Directory.PPSE), _answers({PPSE: "6A81"}))
    assert fault.value.sw == 0x6A81


def test_an_application_that_is_gone_at_the_final_selection_is_told() -> None:
    with pytest.raises(CardFault) as fault:
        run(select_application(bytes.fromhex("A0000003330101")), _answers({}))
    assert fault.value.sw == 0x6A82


def test_an_application_without_logs_has_no_entry() -> None:
    short = bytes.fromhex("6F0E") + bytes.fromhex("8407A0000003330101A503500158") + b"\x90\0"
    selected = run(
        select_application(bytes.fromhex("A0000003330101")), Performer(transmit=lambda _: short)
    )
    assert (selected.log_entry, selected.load_log_entry, selected.pdol) == (None, None, b"")
