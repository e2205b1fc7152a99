"""Explanations: the golden trace in both languages, what stays hidden, and that it never fails."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.codec import cases, unhex
from tests.emv.make_golden import HERE, outputs, trace

from szunion.emv.apdu import Command, Response
from szunion.emv.errors import BadData, LimitExceeded
from szunion.emv.explain import explain, explain_tlv, joined
from szunion.emv.explain_diff import as_text as diff_text
from szunion.emv.explain_diff import diff
from szunion.emv.explain_html import as_html
from szunion.emv.explain_json import as_data, as_json
from szunion.emv.explain_model import Explanation, Item, walk
from szunion.emv.explain_text import as_text, tree
from szunion.emv.explain_trace import Exchange, read_trace, redact, write_trace
from szunion.emv.tags import Scheme

GOLDEN = read_trace((HERE / "pboc.jsonl").read_text("utf-8"))
#: What the made-up card says about its made-up holder, as text and as bytes.
PERSONAL = ["6200000000000013", "440301199001011234", "张三", "深圳市工会大厦", "罗湖支行"]
PERSONAL_HEX = [
    "6200000000000013",
    b"440301199001011234".hex().upper(),
    "张三".encode("gbk").hex().upper(),
    "深圳市工会大厦".encode("gbk").hex().upper(),
]
PIN = "241234FF"


def one(command: str, answer: str, before: tuple[tuple[str, str], ...] = ()) -> Any:
    rows = [*before, (command, answer)]
    told = explain(Exchange(Command.decode(unhex(c)), Response.decode(unhex(r))) for c, r in rows)
    return told.steps[-1]


def meanings(items: tuple[Item, ...]) -> dict[str, list[str]]:
    return {path: [said.en for said in item.meaning] for path, item in walk(items)}


@pytest.mark.parametrize("name", sorted(outputs()))
def test_the_golden_trace_is_explained_as_it_was(name: str) -> None:
    written = (HERE / name).read_text("utf-8")
    assert written == outputs()[name], "run: python tests/emv/make_golden.py, and look"


def test_the_golden_trace_is_what_its_maker_makes() -> None:
    assert write_trace(trace()) == (HERE / "pboc.jsonl").read_text("utf-8")


@pytest.mark.parametrize("name", [name for name in sorted(outputs()) if "revealed" not in name])
def test_b26_nothing_personal_is_shown_unless_revealed(name: str) -> None:
    """B26: card number, name, document and PIN are in no text, JSON, page, repr or difference."""
    text = outputs()[name]
    told = explain(GOLDEN)
    text += repr(told) + str(told) + diff_text(diff(told, Explanation(())), "en")
    for secret in [*PERSONAL, *PERSONAL_HEX, PIN]:
        assert secret not in text


def test_a_revealed_explanation_shows_the_person_but_never_the_pin() -> None:
    told = explain(GOLDEN, reveal=True)
    text = as_text(told) + as_json(told) + as_html(told)
    for shown in PERSONAL:
        assert shown in text
    assert PIN not in text


def test_the_conversation_is_followed() -> None:
    step = one(
        "80A80000048302000100",
        "770A82027D009404080101009000",
        (("00A4040008A000000333010101", "6F0F8408A000000333010101A5039F38009000"),),
    )
    assert step.asked[0].wrong  # the card's list asks for nothing
    title = explain(GOLDEN).steps[8].title
    assert title.en == "read transaction log 1"


def test_a_dol_labels_what_the_terminal_said() -> None:
    options = explain(GOLDEN).steps[2]
    assert [item.label for item in options.asked] == ["9F7A", "9F02", "5F2A", "DF69"]
    assert meanings(options.asked)["DF69"] == ["SM algorithms: yes"]
    assert options.effects[0].en == "the transaction counter (ATC) goes up by one"


def test_b27_a_balance_with_the_highest_bit_is_read_without_it() -> None:
    """B27: some purses answer with bit 31 set."""
    balance = explain(GOLDEN).steps[-1].answer[0]
    assert balance.meaning[0].en == "35.60"
    assert one("805C000204", "000000649000").answer[0].meaning[0].zh == "1.00 元"
    assert one("805C000104", "0000649000").answer[0].hidden


@pytest.mark.parametrize(
    "case", cases("pboc-spec-examples")["t0"], ids=lambda case: str(case["name"])
)
def test_the_published_rounds_are_one_step(case: Any) -> None:
    rounds = [
        Exchange(Command.decode(unhex(c)), Response.decode(unhex(r)), 2.0) for c, r in case["wire"]
    ]
    (whole,) = joined(rounds)
    assert whole.response.encode() == unhex(case["r"])
    assert whole.command.name == case["c"][:8]
    assert whole.millis == 2.0 * len(rounds)


def test_the_published_contact_transaction_is_explained_without_a_fault() -> None:
    rows = cases("contact-flow")["exchanges"]
    told = explain(
        Exchange(Command.decode(unhex(row["c"])), Response.decode(unhex(row["r"]))) for row in rows
    )
    assert len(told.steps) == sum(row["r"][:2] not in {"61", "6C"} for row in rows)
    assert told.changed
    wrong = [path for step in told.steps for path, item in walk(step.answer) if item.wrong]
    assert wrong == []
    assert as_text(told, "en").count("●●●●") > 5


@pytest.mark.parametrize(
    ("tlv", "path", "said"),
    [
        ("9F2701C9", "9F27", ["AAR (reserved)", "advice required", "reason: service not allowed"]),
        ("9F3403150A02", "9F34", ["method: unknown", "condition: unknown", "result: successful"]),
        ("9F34031E0000", "9F34", ["method: signature", "condition: always", "result: unknown"]),
        ("8A025931", "8A", ['"Y1" approved offline']),
        ("8A023939", "8A", ['"99"']),
        ("870182", "87", ["2", "the holder must confirm"]),
        ("870100", "87", ["no priority", "no confirmation needed"]),
        ("9F350122", "9F35", ["merchant, attended, offline with online"]),
        ("9F350199", "9F35", []),
        ("5F2A020999", "5F2A", ["999"]),
        ("5F2A02AAAA", "5F2A", ["n is not right: BCD"]),
        ("9F360100", "9F36", ["length should be 2", "0"]),
        ("9F3600", "9F36", ["empty"]),
        ("5F2403281231", "5F24", ["2028-12-31"]),
        ("5F2403281331", "5F24", ["YYMMDD is not right: YYMMDD"]),
        ("500441424344", "50", ['"ABCD"']),
        ("9F1B0400002710", "9F1B", ["10000"]),
        ("9F08020030", "9F08", []),
        ("5F340101", "5F34", ["1"]),
        ("9F7906000000003560", "9F79", ["35.60"]),
        ("9F7A0100", "9F7A", ["e-cash: no"]),
        ("940410010100", "94", ["SFI 2 record 1"]),
        ("9C0163", "9C", ["load with cash"]),
        ("4F05A000000999", "4F", []),
    ],
)  # fmt: skip
def test_a_value_is_said_in_words(tlv: str, path: str, said: list[str]) -> None:
    assert meanings(explain_tlv(unhex(tlv)))[path] == said


def test_issuer_data_are_a_tree() -> None:
    (item,) = explain_tlv(unhex("9F101307010403A430F2040A010000003560AABBCCDD"))
    told = meanings((item,))
    assert told["9F10"] == ["key index 01", "cryptogram version 04", "algorithm SM4"]
    assert told["9F10/CVR"] == ["first: ARQC, go online", "15 script commands"]
    assert told["9F10/IDD"] == ["e-cash balance 35.60"]
    (static,) = explain_tlv(unhex("9F100B0701010350000201020A0B"))
    assert meanings((static,))["9F10/CVR"] == ["first: TC, approved", "second: TC, approved"]
    assert meanings((static,))["9F10/IDD"] == []
    (visa,) = explain_tlv(unhex("9F100706010A03A4A002"), scheme=Scheme.VISA)
    assert meanings((visa,))["9F10/CVR"] == []


def test_a_cvm_list_is_a_tree_and_unknown_codes_are_said_so() -> None:
    (item,) = explain_tlv(unhex("8E0C000186A0000003E860035544"))
    told = meanings((item,))
    assert told["8E"] == ["X = 100000, Y = 1000"]
    assert told["8E/1"] == ["when: terminal supports the CVM", "if it fails, next"]
    assert item.children[1].name.en == "unknown 15"
    assert told["8E/2"] == ["when: unknown 44", "if it fails, next"]


def test_reserved_bits_and_broken_ends_are_marked() -> None:
    (item,) = explain_tlv(unhex("82020001"))
    assert [child.wrong for child in item.children] == [True]
    whole, rest = explain_tlv(unhex("9F3602001C5A0862"))
    assert (whole.label, rest.wrong) == ("9F36", True)
    assert "✗" in "\n".join(tree((whole, rest), "en"))
    (personal,) = explain_tlv(unhex("9F620105"), reveal=True)
    assert personal.meaning[0].en == "other"
    assert explain_tlv(unhex("9F620109"), reveal=True)[0].meaning == ()
    assert explain_tlv(unhex("9F6302AABB"), reveal=True)[0].wrong
    (track,) = explain_tlv(unhex("5702AABB"))
    assert track.wrong
    assert track.hidden
    cut = explain_tlv(b"\x5f\x20\x03" + "张三".encode("gbk")[:3])[0]
    assert cut.meaning[-1].en == "a character is cut"


@pytest.mark.parametrize(
    ("command", "answer", "title"),
    [
        ("00A40000021001", "9000", "select file 1001"),
        ("00A4040207A0000003330101", "6A82", "select UnionPay (next one)"),
        ("00A4040005F000000001", "6A82", "select an application by name"),
        ("00840000", "B1B29000", "get challenge"),
        ("00B0950000", "AABB9000", "read binary file"),
        ("805000020B0100000064000000000001", "AABB9000", "purse: initialise for load"),
        ("805001020B0100000064000000000001", "AABB9000", "purse: initialise for purchase"),
        ("8050030000", "AABB9000", "initialise"),
        ("805200000B" + "00" * 11, "AABBCCDD9000", "purse: credit for load"),
        ("805401000F" + "00" * 15, "AABBCCDDAABBCCDD9000", "purse: debit for purchase"),
        ("841E000004AABBCCDD", "9000", "script: block application"),
        ("8424000004AABBCCDD", "9000", "script: PIN unblock"),
        ("04DC010C08AABBCCDDAABBCCDD", "9000", "script: update record"),
        ("04DA9F7904AABBCCDD", "9000", "script: put data 9F79 E-cash balance"),
        ("8012000001AA", "AA9000", "command 80120000"),
        ("80AE900000", "6700", "first GENERATE AC: asks for ARQC, CDA"),
        ("0088000004AABBCCDD", "8001809000", "internal authenticate (DDA)"),
        ("80CA005A00", "5A08629000", "get data 5A Application primary account number (PAN)"),
        ("00B2011C00", "AABB9000", "read record SFI 3/1"),
        ("80A80000028300", "77009000",
         "get processing options (transaction counter +1)"),
        ("80A8000003830155", "77009000", "get processing options (transaction counter +1)"),
        ("80A8000001AA", "6700", "get processing options (transaction counter +1)"),
        ("0020008008241234FFFFFFFFFF", "9000", "verify PIN"),
    ],
)  # fmt: skip
def test_every_command_has_a_title(command: str, answer: str, title: str) -> None:
    step = one(command, answer)
    assert step.title.en == title
    assert step.title.zh


def test_lists_that_cannot_be_read_do_not_stop_the_explanation() -> None:
    broken = (("80CA9F3800", "9F38019F9000"), ("80CA9F4D00", "9F4D01009000"))
    step = one("80A80000048302AABB", "77009000", broken)
    assert step.asked[0].hidden is False
    loads = (("80CADF4D00", "DF4D020C0A9000"), ("80CADF4F00", "DF4F039A039000"))
    step = one("00B2016400", "9F79" + "00" * 5 + "9000", loads)
    assert step.answer[0].label in {"P1P2", "…"}
    step = one("00B2006400", "001C00" + "00" * 4 + "9000", loads)
    assert step.answer
    logged = (("80CA9F4D00", "9F4D020B0A9000"),)
    assert one("00B2015C00", "AABB9000", logged).answer[0].hidden
    load_only = one("00B2016400", "9F79" + "000000001000" * 2 + "9000", loads[:1])
    assert [item.label for item in load_only.answer] == ["P1P2", "9F79", "9F79"]


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([exchange.command for exchange in GOLDEN]),
            st.binary(max_size=40),
            st.sampled_from([exchange.response for exchange in GOLDEN]),
            st.binary(max_size=40),
            st.integers(0, 2),
        ),
        max_size=6,
    )
)
def test_explaining_never_fails(rows: list[tuple[Command, bytes, Response, bytes, int]]) -> None:
    mixed = [
        Exchange(
            evolve(command, data=sent if choice else command.data),
            evolve(response, data=got if choice == 2 else response.data),
        )
        for command, sent, response, got, choice in rows
    ]
    told = explain(mixed, reveal=True)
    for language in ("zh", "en"):
        assert as_text(told, "zh" if language == "zh" else "en")
    json.loads(as_json(told))
    assert diff(told, told) == ()


class _Page(HTMLParser):
    """Collects the names of elements, and whether they are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_needs_nothing_and_escapes_what_the_card_says() -> None:
    label = b"<script>x</scrip"
    hostile = Exchange(
        Command.decode(unhex("80CA005000")), Response(0x9000, bytes([0x50, len(label)]) + label),
        note="<b>note</b>",
    )  # fmt: skip
    page = as_html(explain([hostile, *GOLDEN], reveal=True), "en", reference="tags.html")
    parser = _Page()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert not {"script", "b", "link", "img", "iframe"} & parser.seen
    assert "http" not in page
    assert 'href="tags.html#9f38"' in page
    assert '<html lang="en">' in page
    assert "&lt;script&gt;" in page


def test_json_has_both_languages_and_no_hidden_value() -> None:
    data = as_data(explain(GOLDEN))
    text = json.dumps(data)
    assert data["steps"][2]["title"]["en"].startswith("get processing options")
    assert '"hidden": true' in text
    assert json.loads(as_json(explain(GOLDEN))) == data


def test_two_cards_are_compared_step_by_step() -> None:
    other = [
        evolve(
            exchange,
            response=evolve(
                exchange.response,
                data=exchange.response.data.replace(unhex("000000003560"), unhex("000000000100"))
                .replace(unhex("6200000000000013"), unhex("6200000000000021")),
            ),
        )
        for exchange in GOLDEN[:-2]
    ]  # fmt: skip
    found = diff(explain(GOLDEN), explain(other))
    assert {d.path for d in found} >= {"answer/9F79", "answer/70/57", "answer/70/5A", "sw"}
    text = diff_text(found, "en")
    assert "000000003560" in text
    assert "only one side has this step" in text
    assert "6200000000000013" not in text
    assert diff_text(()) == "没有差别\n"
    added = diff(explain(other), explain(GOLDEN))
    assert any(d.left is None for d in added)
    more = diff(
        explain([Exchange(Command(0x80, 0xCA, 0x9F, 0x36), Response(0x6A88))]),
        explain([Exchange(Command(0x80, 0xCA, 0x9F, 0x36), Response(0x9000, unhex("9F3602001C")))]),
    )
    assert [(d.path, d.left, d.right) for d in more] == [
        ("sw", "6A88", "9000"),
        ("answer/9F36", None, "001C"),
    ]


# --- traces ---


def test_a_transcript_and_json_lines_are_the_same_trace() -> None:
    text = "# a card\n\n>> 00B2 02 0C 00   # READ RECORD 2, SFI 1\n<< 6C05\n"
    (exchange,) = read_trace(text)
    assert exchange == Exchange(Command(0x00, 0xB2, 2, 0x0C, le=256), Response(0x6C05),
                                note="READ RECORD 2, SFI 1")  # fmt: skip
    assert read_trace(write_trace([exchange])) == (exchange,)
    assert read_trace(write_trace(GOLDEN)) == GOLDEN
    assert as_text(explain([exchange], reveal=True)).count("READ RECORD 2") == 1


@pytest.mark.parametrize(
    "text",
    [
        "<< 9000",
        ">> 00\n",
        ">> 0084000\n",
        ">> 00840000\n>> 00840000",
        "hello",
        ">> 00840000\n<< 90",
        "{",
        '{"c": 1, "r": "9000"}',
        '{"c": "00840000", "r": "9000", "ms": "x"}',
        '{"c": "00840000", "r": "9000", "ms": NaN}',
        '{"c": "００840000", "r": "9000"}',
    ],
)
def test_a_line_that_is_none_is_named(text: str) -> None:
    with pytest.raises(BadData):
        read_trace(text)


def test_a_trace_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        read_trace(">> 00840000\n<< 9000\n" * 10_001)
    with pytest.raises(LimitExceeded):
        read_trace("# " + "x" * 140_001)


def test_a_redacted_trace_keeps_its_shape_and_loses_the_person() -> None:
    safe = tuple(redact(GOLDEN))
    text = write_trace(safe)
    for secret in [*PERSONAL_HEX, PIN]:
        assert secret not in text
    assert [len(e.response.data) for e in safe] == [len(e.response.data) for e in GOLDEN]
    assert [e.response.sw for e in safe] == [e.response.sw for e in GOLDEN]
    assert len(explain(safe).steps) == len(explain(GOLDEN).steps)
    assert "9F38" in as_text(explain(safe))
    partly = Exchange(Command(0x00, 0xB2, 1, 0x0C), Response(0x9000, unhex("70035A0111") + b"\0"))
    assert next(redact([partly])).response.data == unhex("70035A01EE00")
    odd = Exchange(Command(0x00, 0xB2, 1, 0x0C), Response(0x9000, unhex("7004005A0111")))
    assert next(redact([odd])).response.data.startswith(unhex("7004"))
    assert b"\x11" not in next(redact([odd])).response.data


def test_a_page_without_a_manual_has_a_glossary_that_every_link_leads_to() -> None:
    for language in ("zh", "en"):
        page = as_html(explain(GOLDEN), language)
        links = set(re.findall(r'href="#([0-9a-f]+)"', page))
        places = re.findall(r'<tr id="([0-9a-f]+)">', page)
        assert {"9f38", "5a", "82"} <= links == set(places)
        assert len(places) == len(set(places))
    bare = as_html(explain([]), "en")
    assert 'id="tags"' not in bare
    assert "0 steps" in bare


def test_what_was_wiped_from_a_trace_is_said_to_be_wiped_and_not_wrong() -> None:
    wiped = explain(redact(GOLDEN))
    text = as_text(wiped, "zh")
    assert "记录中已抹去" in text
    assert "✗" not in text
    assert "wiped from the trace" in as_text(wiped, "en")
    assert "铑" not in text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("9F410400000123", "123"),
        ("9F0106000000001234", "1234"),
        ("9F730400012345", "12345"),
        ("9F0206000000001234", "12.34 元"),
        ("9F7906000000001234", "12.34 元"),
    ],
)
def test_amounts_are_told_from_other_numbers(raw: str, said: str) -> None:
    """EMV book 3, annex A: n 12 is an amount, but for the names of parties."""
    (item,) = explain_tlv(bytes.fromhex(raw))
    assert [meaning.zh for meaning in item.meaning] == [said]
