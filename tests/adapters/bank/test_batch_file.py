"""A line of files: nothing is sent twice, half read, or lost, whatever happens to which file."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from attrs import evolve
from tests.adapters.bank.filed import (
    DAY,
    SOON,
    Filed,
    file_town,
    filed,
    settle,
    sheet_of,
    sheet_of_words,
)
from tests.adapters.bank.sample import batch, key, payout, stop
from tests.application.test_bank_orders import end_of, news, produced, trial
from tests.offices import office_on

from szunion.adapters import files
from szunion.adapters.bank.batch_file.carrier import FolderCarrier, MaybeCarried, NotCarried
from szunion.adapters.bank.batch_file.layout import FileLayout
from szunion.adapters.bank.batch_file.line import SAME_KEY, UNWRITABLE
from szunion.adapters.bank.batch_file.make import layout_named
from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.habits import Habits
from szunion.application.bank_desk import BankDesk
from szunion.application.office import Office
from szunion.domain.bank import (
    BankNotice,
    DailyCardList,
    NotUnderstood,
    OrderSettled,
    Statement,
    Told,
)
from szunion.domain.bank_requests import Answer
from szunion.domain.identity import PersonName
from szunion.domain.inbox import Hearing
from szunion.domain.outbox import DispatchState
from szunion.domain.rows import RowState
from szunion.domain.values import CardRef, CardToken, Fen
from szunion.errors import BankOutcomeUnknown, BankUnavailable, InvalidInput, NotFound
from szunion.ports.bank import Cursor, Deadline
from szunion.testing.checks import check_bank
from szunion.testing.clock import SimClock


@pytest.fixture
def both(tmp_path: Path) -> Filed:
    return filed(tmp_path)


def unknown(both: Filed, request: object) -> None:
    with pytest.raises(BankOutcomeUnknown):
        both.line.send(request, deadline=SOON)  # type: ignore[arg-type]


def orders(count: int, start: int = 0, fen: int = 100) -> list[BankNotice]:
    """Return that many payments that arrived."""
    return [
        OrderSettled(
            told=Told(event_id=f"E{index:06d}", stream=f"o{index}", sequence=1, effective=NOW),
            order=key(f"order-{index}"),
            fen=Fen(fen + index),
        )
        for index in range(start, start + count)
    ]


NOW = SimClock("2017-11-23").now()
CARD = CardRef(CardToken("T" + "0" * 20))


# --- sending --------------------------------------------------------------------------------


def test_sent_is_laid_out_and_unknown_until_the_answer_is_there(both: Filed) -> None:
    request = batch(count=3)
    unknown(both, request)
    (path,) = both.outbox.iterdir()
    assert path.name == "KK201711230001.txt"
    with pytest.raises(BankUnavailable):
        both.line.ask(request.key, deadline=SOON)
    both.peer.step()
    receipt = both.line.ask(request.key, deadline=SOON)
    assert receipt is not None
    assert (receipt.answer, receipt.rows) == (Answer.ACCEPTED, 3)
    assert both.line.send(request, deadline=SOON) == receipt


def test_what_was_never_laid_out_was_never_seen(both: Filed) -> None:
    assert both.line.ask(key("nobody"), deadline=SOON) is None


def test_the_same_again_is_the_same_file_and_another_content_is_refused(both: Filed) -> None:
    request = batch(count=2)
    for _ in range(3):
        unknown(both, request)
    assert len(list(both.outbox.iterdir())) == 1
    other = evolve(request, programme="ANOTHER")
    receipt = both.line.send(other, deadline=SOON)
    assert (receipt.answer, receipt.bank_code) == (Answer.REFUSED, SAME_KEY)
    both.peer.step()
    assert both.bank.truth.effects[request.key] == 1


def test_a_name_that_cannot_be_written_is_refused_with_its_row_and_no_question_mark(
    tmp_path: Path,
) -> None:
    both = filed(tmp_path)
    gbk = filed(tmp_path / "gbk", evolve(both.layout, charset="gbk"))
    request = batch(count=3)
    rows = (request.rows[0], evolve(request.rows[1], name=PersonName("张䶮")), request.rows[2])
    receipt = gbk.line.send(evolve(request, rows=rows), deadline=SOON)
    assert (receipt.answer, receipt.bank_code) == (Answer.REFUSED, UNWRITABLE)
    assert receipt.bank_text == "name: CHARSET @ 2"
    assert not gbk.outbox.exists() or not list(gbk.outbox.iterdir())
    unknown(both, evolve(request, rows=rows))
    (path,) = both.outbox.iterdir()
    data = path.read_bytes()
    assert "张䶮".encode("gb18030") in data
    assert b"?" not in data


def test_numbers_run_on_within_a_day_and_begin_anew_the_next(both: Filed) -> None:
    for index in range(3):
        unknown(both, stop(f"stop-{index}", CARD))
    both.clock.advance(days=1)
    unknown(both, stop("stop-3", CARD))
    names = sorted(path.name for path in both.outbox.iterdir())
    assert names == [
        "KZ20171123000001.txt", "KZ20171123000002.txt", "KZ20171123000003.txt",
        "KZ20171124000001.txt",
    ]  # fmt: skip


def test_a_number_is_given_once_although_the_process_dies_before_the_file(
    both: Filed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the entry and the file: the same key finds the same name, no other does."""
    first, second = stop("a", CARD), stop("b", CARD)

    class Killed(BaseException):
        pass

    real = files.appear

    def dies(path: Path, write: object) -> None:
        if path.parent.name == "out":
            raise Killed
        real(path, write)  # type: ignore[arg-type]

    monkeypatch.setattr("szunion.adapters.bank.batch_file.line.appear", dies)
    with pytest.raises(Killed):
        both.line.send(first, deadline=SOON)
    monkeypatch.undo()
    assert both.new_line().ask(first.key, deadline=SOON) is None, "no file: never seen"
    unknown(both, second)
    unknown(both, first)
    both.peer.step()
    assert {path.name for path in both.outbox.iterdir()} == {
        "KZ20171123000001.txt",
        "KZ20171123000002.txt",
    }
    assert all(both.line.ask(each.key, deadline=SOON) for each in (first, second))


@pytest.mark.parametrize(
    ("failure", "error"), [(NotCarried, BankUnavailable), (MaybeCarried, BankOutcomeUnknown)]
)
def test_a_way_that_fails_says_whether_the_file_may_be_there(
    both: Filed, monkeypatch: pytest.MonkeyPatch, failure: type[OSError], error: type[Exception]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise failure("x")

    monkeypatch.setattr(FolderCarrier, "put", fails)
    with pytest.raises(error):
        both.line.send(batch(count=1), deadline=SOON)


def test_a_folder_that_is_not_there_is_unavailable_and_nothing_is_lost(tmp_path: Path) -> None:
    both = filed(tmp_path)
    both.outbox.rmdir()
    request = batch(count=1)
    with pytest.raises(BankUnavailable):
        both.line.send(request, deadline=SOON)
    both.outbox.mkdir()
    unknown(both, request)
    assert [path.name for path in both.outbox.iterdir()] == ["KK201711230001.txt"]


def test_no_time_left_is_unavailable(both: Filed) -> None:
    with pytest.raises(BankUnavailable):
        both.line.send(batch(count=1), deadline=Deadline(0))
    with pytest.raises(BankUnavailable):
        both.line.ask(key("x"), deadline=Deadline(0))
    assert not list(both.outbox.iterdir())


# --- hearing --------------------------------------------------------------------------------


def test_files_are_read_in_their_sequence_and_a_missing_one_is_waited_for(both: Filed) -> None:
    told = orders(6)
    for number in (1, 3):
        data = sheet_of(both.layout, "orders", told[2 * number - 2 : 2 * number], number=number)
        both.lay("orders", number, data)
    found = both.collected()
    assert [each.notice for each in found] == told[:2]
    assert both.troubles == {"DR201711230003.txt": "SEQUENCE"}
    both.lay("orders", 2, sheet_of(both.layout, "orders", told[2:4], number=2))
    rest = both.collected(found[-1].cursor)
    assert [each.notice for each in rest] == told[2:]
    assert both.troubles == {}
    assert both.collected(rest[-1].cursor) == []


def test_a_channel_that_waits_does_not_hold_up_another(both: Filed) -> None:
    both.lay("orders", 2, sheet_of(both.layout, "orders", orders(1), number=2))
    both.bank.simulate.daily_list()
    both.peer.step()
    (listed,) = both.collected()
    assert isinstance(listed.notice, DailyCardList)


def test_a_file_that_comes_after_those_behind_it_is_named_and_can_be_reread(both: Filed) -> None:
    told = orders(3)
    both.lay("orders", 1, sheet_of(both.layout, "orders", told[:1]))
    tomorrow = DAY + timedelta(days=1)
    both.lay("orders", 1, sheet_of(both.layout, "orders", told[1:2], day=tomorrow), tomorrow)
    found = both.collected()
    assert len(found) == 2
    both.lay("orders", 2, sheet_of(both.layout, "orders", told[2:], number=2))
    assert both.collected(found[-1].cursor) == []
    assert both.troubles == {"DR201711230002.txt": "BEHIND"}
    assert list(both.line.reread("DR201711230002.txt")) == told[2:]


def test_the_same_file_again_changes_nothing_and_another_content_is_kept_out(both: Filed) -> None:
    told = orders(4)
    path = both.lay("orders", 1, sheet_of(both.layout, "orders", told[:2]))
    found = both.collected()
    cursor = found[-1].cursor
    data = path.read_bytes()
    path.unlink()
    both.lay("orders", 1, data)
    assert both.collected(cursor) == []
    assert both.troubles == {}
    both.lay("orders", 1, sheet_of(both.layout, "orders", told[2:]) + b"")
    assert both.collected(cursor) == []
    assert both.troubles == {"DR201711230001.txt": "OTHER_CONTENT"}
    assert list(both.line.reread("DR201711230001.txt")) == told[:2], "ours is kept"


def test_a_file_that_is_begun_cannot_be_exchanged_for_another(both: Filed) -> None:
    told = orders(8)
    both.lay("orders", 1, sheet_of(both.layout, "orders", told[:4]))
    lines = both.line.collect(after=None)
    first = next(iter(lines))
    both.lay("orders", 1, sheet_of(both.layout, "orders", told[4:]))
    rest = both.collected(first.cursor)
    assert [each.notice for each in rest] == told[1:4]
    assert both.troubles == {"DR201711230001.txt": "OTHER_CONTENT"}


def test_one_bad_line_is_set_aside_and_blocks_nobody(both: Filed) -> None:
    told = orders(5)
    data = sheet_of(both.layout, "orders", told)
    lines = data.split(b"\r\n")
    lines[2] = lines[2].replace(b"E000001", b"\xff\xff00001")
    lines[3] = b"X" + lines[3][1:]
    mended = evolve(
        both.layout,
        collect={**both.layout.collect, "orders": without_digest(both.layout.collect["orders"])},
    )
    plain = filed(both.root / "plain", mended)
    lines[-2] = lines[-2][:-64]
    plain.lay("orders", 1, b"\r\n".join(lines))
    found = [each.notice for each in plain.collected()]
    assert [found[0], *found[3:]] == [told[0], *told[3:]]
    bad, strange = found[1], found[2]
    assert isinstance(bad, NotUnderstood)
    assert isinstance(strange, NotUnderstood)
    assert (bad.named, bad.told.event_id) == ("event_id: CHARSET", "DR201711230001.txt#2")
    assert strange.named == "notice: NOTICE"
    assert plain.troubles == {}


def without_digest(file: FileLayout) -> FileLayout:
    return evolve(file, trailer=tuple(each for each in file.trailer if each.field != "digest"))


def test_a_cursor_of_somebody_else_is_refused(both: Filed) -> None:
    for wrong in ("p17", "orders=1.2", "orders=1.2.3;", "orders=x.1.1", "*"):
        with pytest.raises(InvalidInput, match="E-FILE-002"):
            list(both.line.collect(after=Cursor(wrong)))


def test_what_was_never_fetched_cannot_be_reread(both: Filed) -> None:
    with pytest.raises(NotFound, match="E-FILE-003"):
        list(both.line.reread("DR201711230001.txt"))
    with pytest.raises(NotFound, match="E-FILE-003"):
        list(both.line.reread("../../etc/passwd"))
    both.lay("orders", 1, sheet_of(both.layout, "orders", orders(2))[:-9])
    assert both.collected() == []
    with pytest.raises(InvalidInput, match="E-FILE-004"):
        list(both.line.reread("DR201711230001.txt"))


# --- cut anywhere, killed anywhere (promise 35) ------------------------------------------------


def test_35_a_file_of_ten_thousand_lines_cut_anywhere_applies_nothing(tmp_path: Path) -> None:
    """Every 4 KiB and at 1,000 random bytes; the whole one is taken whole."""
    both = filed(tmp_path, "delimited")
    data = sheet_of(both.layout, "orders", orders(10_000))
    chance = random.Random(35)
    cuts = [*range(0, len(data), 4096), *(chance.randrange(len(data)) for _ in range(1_000))]
    for cut in cuts:
        both.lay("orders", 1, data[:cut])
        assert both.collected() == [], cut
    assert both.troubles.keys() == {"DR201711230001.dat"}
    both.lay("orders", 1, data)
    assert len(both.collected()) == 10_000
    assert both.troubles == {}


def test_35_a_cut_at_the_end_of_a_line_applies_nothing(both: Filed) -> None:
    data = sheet_of(both.layout, "orders", orders(300))
    for cut in range(data.index(b"\r\n") + 2, len(data), len(data.split(b"\r\n")[1]) + 2):
        if cut < len(data):
            both.lay("orders", 1, data[:cut])
            assert both.collected() == [], cut


def test_35_reading_goes_on_after_a_kill_at_any_row(tmp_path: Path) -> None:
    """The process dies behind every row; the next one begins at the cursor that was kept."""
    told = orders(40)
    one = filed(tmp_path)
    one.lay("orders", 1, sheet_of(one.layout, "orders", told[:25]))
    one.lay("orders", 2, sheet_of(one.layout, "orders", told[25:], number=2))
    for row in range(len(told) + 1):
        kept: list[BankNotice] = []
        cursor: Cursor | None = None
        reading = iter(one.new_line().collect(after=None))
        for _ in range(row):
            each = next(reading)
            kept.append(each.notice)
            cursor = each.cursor
        del reading  # killed here
        kept += [each.notice for each in one.new_line().collect(after=cursor)]
        assert kept == told, row
    killed_at_each_row: list[BankNotice] = []
    cursor = None
    for _ in told:
        each = next(iter(one.new_line().collect(after=cursor)))
        killed_at_each_row.append(each.notice)
        cursor = each.cursor
    assert killed_at_each_row == told


# --- through the bank desk ---------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["fixed", "delimited"])
def test_from_application_to_activation_by_files(tmp_path: Path, layout: str) -> None:
    place, both = file_town(tmp_path / "files", office_on("sqlite", tmp_path), layout)
    people = place.admit(5)
    asked = place.approve(people)
    settle(place, both)
    assert place.books().dispatch(asked.key).state is DispatchState.DONE  # type: ignore[arg-type]
    assert asked.key is not None
    both.bank.simulate.produce(asked.key)
    both.bank.simulate.face_sign(asked.key)
    both.bank.simulate.daily_list()
    both.bank.simulate.statement()
    settle(place, both)
    assert {place.row(person).state for person in people} == {RowState.ACTIVATED}
    run = place.reconciliation().last()
    assert run is not None
    assert (run.ours, run.agreed) == (5, 5)
    assert place.books().troubles() == []
    assert both.line.troubles == ()
    assert check_bank(both.bank.truth).fine
    place.office.storage.close()


def test_all_720_orders_of_6_notices_with_duplicates_have_one_end_by_files(tmp_path: Path) -> None:
    """Each order is a file of its own, laid, read and obeyed."""
    place, kept = produced(office_on("memory", tmp_path))
    news(place)
    (card,) = place.bank.truth.cards
    place.bank.simulate.unfreeze(card.card)
    place.bank.simulate.dormant(card.card)
    told = list(place.bank.truth.told)[-6:]
    ends = set()
    layout = layout_named("fixed")
    for number, order in enumerate(permutations(told)):
        story = (*order[: number % 6 + 1], order[number % 6], *order[number % 6 + 1 :], order[0])
        both = filed(tmp_path / str(number), layout, clock=place.clock, bank=place.bank)
        both.lay("cards", 1, sheet_of(both.layout, "cards", story))

        def then(office: Office, both: Filed = both) -> None:
            desk = BankDesk(office=office, bank=both.line)
            assert desk.collect() == 8
            ends.add(repr(end_of(office, kept)))

        with trial(place.office, then):
            pass
    (end,) = ends
    assert "DORMANT" in end


def test_a_poisonous_line_is_listed_for_a_person_and_the_rest_is_obeyed(tmp_path: Path) -> None:
    place, both = file_town(tmp_path / "files", office_on("memory", tmp_path))
    people = place.admit(3)
    asked = place.approve(people)
    settle(place, both)
    rows = [place.row(person).key.text for person in people]
    lines = [
        {"notice": "RowVerified", "row": rows[0], "sequence": 1},
        {"notice": "RowVerified", "row": "NO SUCH ROW", "sequence": 1},
        {"notice": "RowVerified", "row": rows[2], "sequence": 1},
    ]
    both.lay("rows", 1, sheet_of_words(both.layout, "rows", lines))
    place.run()
    assert [place.row(person).state for person in people] == [
        RowState.VERIFIED, RowState.UNKNOWN, RowState.VERIFIED,
    ]  # fmt: skip
    (trouble,) = place.books().troubles()
    assert (trouble.hearing, trouble.kind) == (Hearing.ASIDE, "NotUnderstood")
    assert trouble.event_id == "JG201711230001.txt#2"
    assert asked.key is not None


def test_a_month_of_bad_files_ends_with_both_sides_agreed(tmp_path: Path) -> None:
    """Files are cut, wrong, in a wrong encoding, late and doubled; nothing is lost or doubled."""
    office = office_on("memory", tmp_path)
    place, both = file_town(tmp_path / "files", office)
    plan = FaultPlan(
        seed=11, truncate_file=0.2, wrong_total=0.2, wrong_encoding=0.2, late_file=0.2,
        double_file=0.2,
    )  # fmt: skip
    both.peer.faults = plan
    both.bank.auto(Habits(seed=3))
    people = place.admit(30)
    place.approve(people[:20])
    place.approve(people[20:], union=0)
    for _ in range(25):
        settle(place, both, rounds=9)
    both.peer.faults = FaultPlan.none()
    for _ in range(3):
        settle(place, both, rounds=9)
    assert {kind.kind.value for kind in both.peer.happened} == {
        "truncate_file", "wrong_total", "wrong_encoding", "late_file", "double_file",
    }  # fmt: skip
    assert both.peer.under_way == 0
    stuck = {name: why for name, why in both.troubles.items() if why != "OTHER_CONTENT"}
    assert stuck == {}
    assert place.books().troubles() == []
    for seen in both.bank.truth.cards:
        assert place.by_ref(seen.card).card.bank.state is seen.state
    assert check_bank(both.bank.truth).fine
    last = place.reconciliation().last()
    assert last is not None
    assert place.reconciliation().open() == []


def test_money_by_files_is_paid_once_and_statement_lines_agree(both: Filed) -> None:
    """A pay-out sent again and again, each answer file lost once, has one effect."""
    people = batch(count=2)
    unknown(both, people)
    both.peer.step()
    both.bank.simulate.produce(people.key)
    both.bank.simulate.face_sign(people.key)
    cards = [seen.card for seen in both.bank.truth.cards]
    request = payout("aid", *((f"aid-{n}", card, 300_000) for n, card in enumerate(cards)))
    for _ in range(4):
        unknown(both, request)
    both.peer.step()
    for answer in both.inbox.glob("DF*.ret"):
        answer.write_bytes(answer.read_bytes()[:-5])
    unknown(both, request)
    for taken in (both.root / "bank" / "taken").glob("DF*"):
        taken.unlink()
    both.peer.step()
    receipt = both.line.ask(request.key, deadline=SOON)
    assert receipt is not None
    assert receipt.total == request.total
    both.bank.simulate.settle(request.key)
    both.bank.simulate.statement()
    both.peer.step()
    told = [each.notice for each in both.collected()]
    (paper,) = [each for each in told if isinstance(each, Statement)]
    assert sum(line.fen.amount for line in paper.lines) == request.total.amount
    assert both.bank.truth.effects[request.key] == 1


def test_a_bank_that_is_killed_goes_on_with_the_same_files(
    both: Filed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before every write of the peer: the files are the same, and each is there once."""
    unknown(both, batch(count=4))
    both.peer.step()
    both.bank.simulate.verify(batch(count=4).key)
    both.bank.simulate.daily_list()

    class Killed(BaseException):
        pass

    real = files.appear
    for left in range(12):
        count = [left]

        def counted(path: Path, write: object, count: list[int] = count) -> None:
            if count[0] == 0:
                raise Killed
            count[0] -= 1
            real(path, write)  # type: ignore[arg-type]

        monkeypatch.setattr("szunion.adapters.bank.batch_file.peer.appear", counted)
        try:
            both.new_peer().step()
        except Killed:
            continue
        finally:
            monkeypatch.undo()
        break
    names = sorted(path.name for path in both.inbox.iterdir())
    assert [name for name in names if name.startswith(("JG", "QD"))] == [
        "JG201711230001.txt",
        "QD2017112301.txt",
    ]
    assert len(both.collected()) == 5
