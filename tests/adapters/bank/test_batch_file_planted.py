# ruff: noqa: ANN001, ANN202, ARG005 - planted bugs are written by hand
"""Bugs that adapters of files have, each planted, each found by a scenario that passes without."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from tests.adapters.bank.filed import SOON, Filed, filed, sheet_of
from tests.adapters.bank.sample import batch, stop
from tests.adapters.bank.test_batch_file import CARD, orders

from szunion.adapters.bank.batch_file import records
from szunion.adapters.bank.batch_file.channels import Channels
from szunion.adapters.bank.batch_file.charset import Charset
from szunion.adapters.bank.batch_file.layout import DIGEST, TOTAL, FieldLayout, FileLayout
from szunion.adapters.bank.batch_file.line import BatchFileBank
from szunion.adapters.bank.batch_file.names import Sequence
from szunion.adapters.bank.batch_file.records import Record
from szunion.adapters.bank.batch_file.sheets import Head, Sheet
from szunion.adapters.bank.batch_file.spool import Spool
from szunion.domain.bank_requests import Answer
from szunion.domain.identity import PersonName
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports.bank import Cursor

Plant = Callable[[pytest.MonkeyPatch], None]
Scenario = Callable[[Filed], None]


# --- scenarios --------------------------------------------------------------------------------


def half_a_file(both: Filed) -> None:
    data = sheet_of(both.layout, "orders", orders(9))
    for cut in (len(data) // 3, len(data) // 2, len(data) - 1):
        both.lay("orders", 1, data[:cut])
        assert both.collected() == [], cut


def lines_that_were_exchanged(both: Filed) -> None:
    data = sheet_of(both.layout, "orders", orders(4))
    first, one, two, *rest = data.split(b"\r\n")
    both.lay("orders", 1, b"\r\n".join([first, two, one, *rest]))
    assert both.collected() == []


def an_amount_that_was_changed(both: Filed) -> None:
    data = sheet_of(both.layout, "orders", orders(1, fen=100))
    both.lay("orders", 1, data.replace(b"000000000000100", b"000000000900100", 1))
    assert both.collected() == []


def a_file_that_is_missing(both: Filed) -> None:
    both.lay("orders", 2, sheet_of(both.layout, "orders", orders(1), number=2))
    assert both.collected() == []


def another_file_under_the_name(both: Filed) -> None:
    both.lay("orders", 1, sheet_of(both.layout, "orders", orders(3)))
    first = next(iter(both.line.collect(after=None)))
    both.lay("orders", 1, sheet_of(both.layout, "orders", orders(3, start=7)))
    rest = [each.notice for each in both.collected(first.cursor)]
    assert rest == orders(3)[1:]


def a_name_the_charset_lacks(both: Filed) -> None:
    gbk = filed(both.root / "gbk", evolve(both.layout, charset="gbk"))
    request = batch(count=1)
    row = evolve(request.rows[0], name=PersonName("张䶮"))
    try:
        receipt = gbk.line.send(evolve(request, rows=(row,)), deadline=SOON)
    except BankOutcomeUnknown:
        raise AssertionError from None
    assert receipt.answer is Answer.REFUSED
    assert list(gbk.outbox.glob("*.txt")) == []


def a_separator_in_a_character(both: Filed) -> None:
    fields = (FieldLayout(field="name"), FieldLayout(field="row"))
    file = FileLayout(name="x", header=(), detail=fields, trailer=(), form="delimited")
    record = Record.of(fields, file, both.layout)
    name = bytes.fromhex("817c").decode("gb18030")
    try:
        assert record.read(record.write({"name": name, "row": "7"})) == {"name": name, "row": "7"}
    except records.BadField:
        raise AssertionError from None


def a_request_sent_again(both: Filed) -> None:
    request = stop("again", CARD)
    for _ in range(3):
        with pytest.raises(BankOutcomeUnknown):
            both.new_line().send(request, deadline=SOON)
    assert len(list(both.outbox.glob("*.txt"))) == 1, "two files for one key"


def laid_and_not_answered(both: Filed) -> None:
    try:
        both.line.send(batch(count=1), deadline=SOON)
    except BankOutcomeUnknown:
        pass
    except BankUnavailable:
        raise AssertionError from None  # it did arrive: it would be sent again as if it had not
    try:
        assert both.line.ask(batch(count=1).key, deadline=SOON) is not None
    except BankUnavailable:
        return


def killed_in_the_middle(both: Filed) -> None:
    both.lay("orders", 1, sheet_of(both.layout, "orders", orders(6)))
    heard = []
    cursor: Cursor | None = None
    for _ in range(20):
        each = next(iter(both.new_line().collect(after=cursor)), None)
        if each is None:
            break
        heard.append(each.notice)
        cursor = each.cursor
    assert heard == orders(6)


def yuan_and_fen(both: Filed) -> None:
    del both
    for fen in (115, 1, 29, 100_000_000_000_001):
        assert records._yuan(f"{fen // 100}.{fen % 100:02d}") == fen


SCENARIOS: tuple[Scenario, ...] = (
    half_a_file, lines_that_were_exchanged, an_amount_that_was_changed, a_file_that_is_missing,
    another_file_under_the_name, a_name_the_charset_lacks, a_separator_in_a_character,
    a_request_sent_again, laid_and_not_answered, killed_in_the_middle, yuan_and_fen,
)  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_without_a_bug_every_scenario_passes(tmp_path: Path, scenario: Scenario) -> None:
    scenario(filed(tmp_path))


# --- bugs ---------------------------------------------------------------------------------------


def _whatever_came(monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(self: Sheet, file: io.BufferedReader) -> Head:
        file.seek(0)
        lines = [line for line in file if len(line) == self.detail.width + 2]
        return Head({"day": None}, len(lines), 0)

    monkeypatch.setattr(Sheet, "verify", verify)


def _unchecked(*names: str) -> Plant:
    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = FileLayout.checks.fget  # type: ignore[attr-defined]
        monkeypatch.setattr(
            FileLayout, "checks", property(lambda self: real(self) - frozenset(names))
        )

    return plant


def _any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sequence, "follows", lambda self, before, place: True)


def _the_newest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Channels, "begun", lambda self, name, positions: False)


def _question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Charset, "write", lambda self, text: text.encode(self.python_name, "replace")
    )


def _parts_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def split(self: Record, line: bytes) -> list[str]:
        parts = line.split(self.separator.encode())
        if len(parts) != len(self.fields):
            raise records.BadField("-", "LENGTH")
        return [part.decode("gb18030") for part in parts]

    monkeypatch.setattr(Record, "_split", split)


def _forgets_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spool, "entry_of", lambda self, key: None)


def _no_answer_is_no_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        BatchFileBank, "_unknown", lambda self, key: BankUnavailable("E-BANK-001", bank="x")
    )


def _no_answer_is_never_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchFileBank, "ask", lambda self, key, *, deadline: None)


def _begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Channels._file
    monkeypatch.setattr(
        Channels,
        "_file",
        lambda self, channel, path, place, done: real(self, channel, path, place, 0),
    )


def _skips_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Channels._file

    def file(self, channel, path, place, done):  # type: ignore[no-untyped-def]
        return real(self, channel, path, place, done + 1 if done else 0)

    monkeypatch.setattr(Channels, "_file", file)


def _floats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_yuan", lambda text: int(float(text) * 100))


@pytest.mark.parametrize(
    ("plant", "scenario"),
    [
        (_whatever_came, half_a_file),
        (_unchecked(DIGEST), lines_that_were_exchanged),
        (_unchecked(DIGEST, TOTAL), an_amount_that_was_changed),
        (_any_order, a_file_that_is_missing),
        (_the_newest_counts, another_file_under_the_name),
        (_question_marks, a_name_the_charset_lacks),
        (_parts_bytes, a_separator_in_a_character),
        (_forgets_its_number, a_request_sent_again),
        (_no_answer_is_no_arrival, laid_and_not_answered),
        (_no_answer_is_never_seen, laid_and_not_answered),
        (_begins_anew, killed_in_the_middle),
        (_skips_one, killed_in_the_middle),
        (_floats, yuan_and_fen),
    ],
)
def test_a_planted_bug_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Plant, scenario: Scenario
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        scenario(filed(tmp_path))
