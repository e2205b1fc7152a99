"""Reading and tracing the chip from the command line, on the simulated reader."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from attrs import evolve
from tests.cli.speaking import Said, say
from tests.emv.test_purse import with_shenzhen_tong

from szunion.adapters.reader.simulated import SimulatedReader
from szunion.cli import card_chip
from szunion.cli.card_shown import Conclusion, Seen, conclusion
from szunion.cli.places import Place
from szunion.emv.explain_trace import read_trace
from szunion.emv.look import PublicData
from szunion.emv.oda_keys import Assurance
from szunion.testing.cards import SampleCard

NUMBER = "6200000000000070"
MASKED = "620000******0070"
NAME = "测试甲"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file of anybody's, and no daemon: the simulated readers are there."""
    monkeypatch.chdir(tmp_path)
    for name in ("SZUNION_LANG", "SZUNION_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def card(*words: str) -> Said:
    """Run a verb on the simulated card, whatever other readers this machine has."""
    given = ("--reader", "szunion-sim") if "--reader" not in words else ()
    return say(["card", *words, *given])


def instructions(path: Path) -> list[int]:
    return [exchange.command.ins for exchange in read_trace(path.read_text("utf-8"))]


# --- readers ------------------------------------------------------------------------------------


def test_the_simulated_readers_are_always_listed() -> None:
    told = say(["--json", "reader", "list"])
    assert told.status == 0
    simulated = [row for row in told.rows if row["reader"].startswith("szunion-sim")]
    assert [row["kind"] for row in simulated] == ["接触", "非接触"]
    assert simulated[0]["atr"] == "3B690000535A554E494F4E0000"
    people = say(["--lang", "en", "reader", "list"])
    assert "simulated union card (seed 7)" in people.out
    assert "contactless" in people.out


def test_why_real_readers_cannot_be_asked_is_said_beside_the_list() -> None:
    told = say(["reader", "list"])
    assert told.status == 0
    real = [line for line in told.out.splitlines() if "szunion-sim" not in line][2:]
    assert real or told.err.startswith("[E-READER-0")
    if told.err:
        assert "处理" in told.err


def test_watching_says_what_is_there_and_ends_when_nothing_changes() -> None:
    rows = say(["--json", "reader", "watch", "--reader", "szunion-sim"]).rows
    assert rows == [{"reader": "szunion-sim", "card": True}]
    told = say(["--lang", "en", "reader", "watch", "--reader", "szunion-sim"])
    assert told.out.endswith("  card\n")
    assert say(["reader", "watch", "--reader", "nobody"]).status == 6


# --- read ---------------------------------------------------------------------------------------


def test_reading_is_masked_and_costs_the_card_nothing(tmp_path: Path) -> None:
    told = card("read", "--save", str(tmp_path / "t.jsonl"))
    assert told.status == 0
    assert MASKED in told.out
    assert "计数未变" in told.out
    assert "只作提示" in told.out
    assert "测**" in told.out
    assert NUMBER not in told.out + told.err
    assert NAME not in told.out
    sent = instructions(tmp_path / "t.jsonl")
    assert not {0xA8, 0xAE, 0x20, 0x82, 0x88} & set(sent)


def test_words_stand_below_each_other_in_both_languages() -> None:
    for language in ("zh", "en"):
        head, *lines = card("--lang", language, "read").out.splitlines()
        assert head.startswith(
            ("工会会员服务卡（接触，模拟）", "union member service card (contact")
        )
        assert len(lines) >= 10
        assert all(line.startswith("  ") and line[2] != " " for line in lines)


def test_json_has_the_same_keys_in_both_languages() -> None:
    zh, en = (card("--json", "--lang", language, "read").data for language in ("zh", "en"))
    assert zh.keys() == en.keys()
    assert zh["applications"] == en["applications"]
    assert zh["conclusion"] == "HINT"
    (found,) = zh["applications"]
    assert found["number"] == MASKED
    assert found["number_checks"] is True
    assert found["within_dates"] is True
    assert found["document"] == {"kind": "ID_CARD", "number": "●●●●"}
    assert found["ecash"] == {"balance": 10_000, "limit": 100_000}
    assert found["assurance"] == "READ_ONLY"
    assert zh["transit"]["balance"] == 3_560
    assert zh["membership"]["organisation"] == "DEMO-0001"


def test_m27_the_transit_purse_is_shown_with_the_service_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """M27: a purse of Shenzhen Tong on the member's card: whose, how much; its number masked."""
    sample = SampleCard.grow()
    reader = SimulatedReader("counter 0")
    reader.insert("counter 0", with_shenzhen_tong(sample))
    (seen,) = reader.list()
    place = Place(number=0, adapter="simulated", seen=seen, reader=reader, sample=sample)
    monkeypatch.setattr(card_chip, "places", lambda _: ((place,), ()))
    told = say(["--json", "card", "read"]).data
    assert (told["transit"]["system"], told["transit"]["balance"]) == ("SHENZHEN_TONG", 10_000)
    assert told["membership"]["organisation"] == "DEMO-0001"
    assert told["applications"][0]["label"] == "PBOC DEBIT"
    people = say(["--lang", "zh", "card", "read"]).out
    (line,) = [line for line in people.splitlines() if line.strip().startswith("交通")]
    assert "深圳通" in line
    assert "100.00" in line
    assert "123456789" not in people


@pytest.mark.parametrize(
    ("reader", "method"), [("szunion-sim", "DDA"), ("szunion-sim-air", "FDDA")]
)
def test_authentication_costs_one_count_and_says_so(reader: str, method: str) -> None:
    told = card("--json", "read", "--reader", reader, "--authenticate").data
    (found,) = told["applications"]
    assert (found["assurance"], found["method"]) == ("DDA_OFFLINE", method)
    assert found["counter"] == 1
    assert told["conclusion"] == "GENUINE"
    people = card("read", "--reader", reader, "--authenticate")
    assert "交易计数 ATC +1" in people.out
    assert f"{method} 通过（CA 公钥索引 E2，测试根）" in people.out
    assert "资金" in people.out


def test_logs_are_read_only_when_asked_for(tmp_path: Path) -> None:
    def log_reads(*words: str) -> int:
        path = tmp_path / "log.jsonl"
        card("read", *words, "--save", str(path), "--force")
        trace = read_trace(path.read_text("utf-8"))
        logs = {0x0B << 3 | 4, 0x0C << 3 | 4}
        return sum(each.command.ins == 0xB2 and each.command.p2 in logs for each in trace)

    assert log_reads() == 0
    assert log_reads("--logs") > 0


def test_plain_values_of_a_simulated_card_are_nobodys() -> None:
    told = card("read", "--reveal")
    assert told.status == 0
    assert NUMBER in told.out
    assert NAME in told.out


def test_what_is_saved_never_has_plain_values_even_when_they_are_shown(tmp_path: Path) -> None:
    trace, page = tmp_path / "t.jsonl", tmp_path / "p.html"
    told = card("read", "--reveal", "--save", str(trace), "--html", str(page))
    assert told.status == 0
    assert "t.jsonl" in told.err
    for text in (trace.read_text("utf-8"), page.read_text("utf-8")):
        assert NUMBER not in text
        assert NUMBER.encode().hex().upper() not in text
        assert NAME not in text
        assert NAME.encode("gbk").hex().upper() not in text


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    for option in ("--save", "--html"):
        told = card("read", option, str(tmp_path / "none" / "t"))
        assert (told.status, told.code) == (2, "E-CLI-005")


@pytest.mark.parametrize("verb", ["read", "trace"])
def test_a_reader_that_is_not_there_is_named(verb: str) -> None:
    told = card(verb, "--reader", "nobody")
    assert (told.status, told.code) == (6, "E-READER-001")
    assert "nobody" in told.err
    as_json = card("--json", verb, "--reader", "nobody")
    assert '"error": "E-READER-001"' in as_json.err
    assert as_json.out == ""


# --- trace --------------------------------------------------------------------------------------


def test_a_trace_is_a_line_a_step_and_a_tree_with_explain() -> None:
    short = card("trace").out.splitlines()
    assert short[0] == "#1 00A40400 [14] → 9000 [30]  选择支付系统环境 PSE"
    long = card("trace", "--authenticate", "--explain").out
    for words in (
        "须提供 10 字节",  # PDOL
        "支持国密 是",  # data of GET PROCESSING OPTIONS by its labels
        "b1.6  支持 DDA",  # every bit
        "交易计数 ATC +1",
        "证书链完整",
        "动态签名（DDA）  签名正确",
        MASKED,
    ):
        assert words in long
    assert NUMBER not in long
    english = card("--lang", "en", "trace", "--authenticate", "--explain").out
    assert "the chain holds" in english
    assert not re.search(r"[\u4e00-\u9fff]", english.replace("测**", ""))


def test_a_trace_by_itself_changes_nothing() -> None:
    data = card("--json", "trace").data
    assert data["changed"] is False
    assert card("--json", "trace", "--authenticate").data["changed"] is True


def test_a_whole_transaction_needs_a_yes() -> None:
    told = card("trace", "--transact")
    assert (told.status, told.code) == (2, "E-CLI-007")
    assert told.out == ""
    agreed = card("--json", "trace", "--transact", "--yes", "--amount", "10.00").data
    assert agreed["changed"] is True
    assert agreed["outcome"]["decision"]
    assert agreed["outcome"]["holder_verified"] is False
    people = card("trace", "--transact", "--yes")
    assert "TVR" in people.out
    assert "新卡" in people.out
    assert "结果" in people.out


@pytest.mark.parametrize("amount", ["", "-1", "1.234", "１", "1,0", "x", "9" * 14, "."])
def test_an_amount_that_is_none_is_refused_before_the_card_is_touched(amount: str) -> None:
    told = card("trace", "--transact", "--yes", "--amount", amount)
    assert (told.status, told.code) == (2, "E-READER-028")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            if name == "href":
                self.links.add((value or "").removeprefix("#"))


def test_the_page_holds_the_chain_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    path = tmp_path / "p.html"
    assert card("trace", "--authenticate", "--html", str(path)).status == 0
    text = path.read_text("utf-8")
    page = _Page()
    page.feed(text)
    assert page.links <= page.ids
    assert {"certificates", "tags", "9f38", "step-1"} <= page.ids
    assert "证书链完整" in text
    assert NUMBER not in text


# --- what to make of it ---------------------------------------------------------------------------


TODAY = date(2026, 11, 24)
FOUND = PublicData(
    aid=bytes.fromhex("A000000333010101"), label="PBOC DEBIT", number=None, sequence="01",
    begins=date(2024, 1, 1), expires=date(2031, 12, 31),
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "means"),
    [
        ((), Conclusion.TRANSIT_ONLY),
        ((FOUND,), Conclusion.HINT),
        ((evolve(FOUND, expires=None),), Conclusion.HINT),
        ((evolve(FOUND, assurance=Assurance.DDA_OFFLINE),), Conclusion.GENUINE),
        ((evolve(FOUND, assurance=Assurance.DDA_OFFLINE), FOUND), Conclusion.HINT),
        ((evolve(FOUND, assurance=Assurance.SDA),), Conclusion.HINT),
        (
            (evolve(FOUND, assurance=Assurance.CDA_OFFLINE, expires=date(2026, 11, 23)),),
            Conclusion.EXPIRED,
        ),
        (
            (evolve(FOUND, assurance=Assurance.CDA_OFFLINE, begins=date(2026, 11, 25)),),
            Conclusion.EXPIRED,
        ),
    ],
)
def test_the_strictest_application_decides_what_to_make_of_a_look(
    found: tuple[PublicData, ...], means: Conclusion
) -> None:
    seen = Seen(applications=found, transit=None, membership=None, today=TODAY)
    assert conclusion(seen) is means
