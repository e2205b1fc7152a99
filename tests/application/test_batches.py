"""Applications for cards: one union collects and applies for its members (M03)."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on
from tests.offices import ON_SQLITE, PAPER, applicant, engine, office_on

from szunion.adapters.bank.simulated import SIMULATED
from szunion.application.access import authorise
from szunion.application.batches import Application
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.domain.access import Operation
from szunion.domain.bank import RowReason
from szunion.domain.bank_requests import AccountClass
from szunion.domain.batches import BatchState
from szunion.domain.identity import PersonName
from szunion.domain.outbox import DispatchState
from szunion.domain.rows import RowState
from szunion.errors import Conflict, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


def test_m03_the_grassroots_union_applies_for_all_its_members_in_one_file(place: CardTown) -> None:
    people = place.admit(4)
    batch = place.produce(people)
    assert place.batches().get(batch.id).state is BatchState.RECONCILED
    assert len(place.bank.truth.rows) == 4
    assert {place.row(person).state for person in people} == {RowState.PRODUCED}


def test_drafting_the_same_people_twice_changes_nothing(place: CardTown) -> None:
    people = place.admit(3)
    first = place.batches().draft(people, paper=PAPER)
    again = place.batches(place.town.g(0, "other")).draft(people, paper=PAPER)
    assert (again.batches, again.rows) == ((), ())
    assert again.already == tuple(sorted(people))
    assert [row.state for row in place.batches().rows(first.batches[0].id)] == [RowState.NEW] * 3


def test_members_of_another_union_are_not_here(place: CardTown) -> None:
    (mine,), (theirs,) = place.admit(1), place.admit(1, union=2, start=1)
    drafted = place.batches().draft([mine, theirs], paper=PAPER)
    assert drafted.not_here == (theirs,)
    assert [row.person for row in drafted.rows] == [mine]
    with pytest.raises(NotFound, match="E-BATCH-010"):
        place.batches(place.town.g(2)).get(drafted.batches[0].id)


def test_a_file_never_has_more_rows_than_the_bank_takes(office: Office) -> None:
    place = card_town_on(office, info=evolve(SIMULATED, most_rows=2))
    drafted = place.batches().draft(place.admit(5), paper=PAPER)
    sizes = [len(place.batches().rows(batch.id)) for batch in drafted.batches]
    assert sizes == [2, 2, 1]


def test_bad_rows_are_kept_and_marked_and_can_be_mended(office: Office) -> None:
    place = card_town_on(office, info=evolve(SIMULATED, charset="gb2312"))
    good, bad = place.admit(2)
    desk = Members(place.office, place.town.g(0))
    desk.correct(bad, name=PersonName("测试䶮"), paper="表 1")
    (batch,) = place.batches().draft([good, bad], paper=PAPER).batches
    _, rows = place.batches().check(batch.id)
    verdicts = {row.person: (row.state, row.problems) for row in rows}
    assert verdicts == {
        good: (RowState.VALID, ()),
        bad: (RowState.INVALID, ("E-BATCH-023",)),
    }
    submitted = place.batches().submit(batch.id)
    assert submitted.row_count == 1
    desk.correct(bad, name=PersonName("测试言"), paper="表 2")
    mended = place.batches().mend(place.row(bad).id)
    assert (mended.state, mended.attempt) == (RowState.NEW, 2)
    place.batches(place.town.c1).approve(batch.id)
    again = place.batches().draft([bad], paper=PAPER)
    assert [row.key for row in again.rows] == [mended.key], "under the same key"
    _, rows = place.batches().check(again.batches[0].id)
    assert [row.state for row in rows] == [RowState.VALID]


def test_nobody_approves_what_they_submitted_and_the_totals_must_agree(place: CardTown) -> None:
    (batch,) = place.batches(place.town.upper(0)).draft(place.admit(2), paper=PAPER).batches
    upper = place.batches(place.town.upper(0))
    upper.check(batch.id)
    upper.submit(batch.id)
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        upper.approve(batch.id)
    other = place.batches(place.town.upper(0, "other"))
    with pytest.raises(Conflict, match="E-BATCH-011"):
        other.approve(batch.id, rows=3)
    approved = other.approve(batch.id, rows=2)
    assert approved.state is BatchState.APPROVED
    assert other.approve(batch.id) == approved, "again is the same approval"
    assert len(place.books().dispatches()) == 1
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        place.batches(place.town.g(0)).approve(batch.id)


def test_a_returned_batch_can_be_mended_and_submitted_again(place: CardTown) -> None:
    (batch,) = place.batches().draft(place.admit(2), paper=PAPER).batches
    place.batches().check(batch.id)
    place.batches().submit(batch.id)
    upper = place.batches(place.town.upper(0))
    with pytest.raises(Conflict, match="E-BATCH-012"):
        place.batches().exclude(place.batches().rows(batch.id)[0].id, "wrong")
    assert upper.return_(batch.id, "名单有误").state is BatchState.DRAFT
    place.batches().check(batch.id)
    place.batches().exclude(place.batches().rows(batch.id)[0].id, "名单有误")
    assert place.batches().submit(batch.id).row_count == 1


def test_the_bank_sends_a_row_back_and_it_goes_again_under_the_same_key(place: CardTown) -> None:
    person, other = place.admit(2)
    place.bank.simulate.has_class_one(applicant(0).document)
    batch = place.approve([person, other])
    place.run()
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    place.run()
    back = place.row(person)
    assert (back.state, back.reason) == (RowState.BANK_REJECTED, RowReason.CLASS1_EXISTS)
    assert place.batches().get(batch.id).state is BatchState.RECONCILED
    place.batches().mend(back.id, AccountClass.II)
    second = place.approve([person])
    assert place.row(person).key == back.key
    place.run()
    assert second.key is not None
    place.bank.simulate.produce(second.key)
    place.run()
    assert place.row(person).state is RowState.PRODUCED
    assert place.card(person).card.account_class is AccountClass.II
    done = place.batches().outcomes(batch.id)
    assert (done.answered, done.complete) == (2, True), "the sums still agree to the row"
    told = [letter.message.template for letter in place.notifier.letters]
    assert told.count("row.sent_back") == 1


def test_a_file_that_comes_back_whole_is_rebuilt_with_new_key_and_old_row_keys(
    place: CardTown,
) -> None:
    people = place.admit(2)
    place.bank.simulate.refuse_next()
    batch = place.approve(people)
    keys = {place.row(person).key for person in people}
    place.run()
    back = place.batches().get(batch.id)
    assert (back.state, back.outcome) == (BatchState.FILE_REJECTED, "B006")
    assert {place.row(person).state for person in people} == {RowState.VALID}
    city = place.batches(place.town.c1)
    assert city.rebuild(batch.id).state is BatchState.DRAFT
    place.batches().check(batch.id)
    place.batches().submit(batch.id)
    again = city.approve(batch.id)
    assert again.key != batch.key
    place.run()
    assert place.batches().get(batch.id).state is BatchState.ANSWERING
    assert {place.row(person).key for person in people} == keys
    assert {row.state for row in place.batches().rows(batch.id)} == {RowState.SENT}


def test_a_batch_is_cancelled_only_while_it_cannot_have_left(place: CardTown) -> None:
    people = place.admit(2)
    batch = place.approve(people[:1])
    city = place.batches(place.town.c1)
    assert city.cancel(batch.id).state is BatchState.CANCELLED
    place.run()
    assert place.bank.truth.rows == {}
    sent = place.approve(people[1:])
    place.run()
    with pytest.raises(Conflict, match="E-STATE-001"):
        city.cancel(sent.id)


def test_m33_a_member_may_wish_for_digits_in_the_card_number(place: CardTown) -> None:
    (person,) = place.admit(1)
    batch = place.approve([Application(person=person, wish="12351")])
    place.run()
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    place.run()
    (seen,) = place.bank.truth.cards
    assert "12351" in seen.number.plain()
    assert place.card(person).card.last_four == seen.last_four


def test_no_personal_data_lies_in_the_outbox_and_a_changed_file_does_not_leave(
    place: CardTown,
) -> None:
    (person,) = place.admit(1)
    batch = place.approve([person])
    (dispatch,) = place.books().dispatches()
    document = applicant(0).document.number.plain()
    assert document not in repr(dispatch)

    def tamper(work: UnitOfWork) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        row = work.rows.of_batch(scope, batch.id)[0]
        work.rows.put(scope, evolve(row, account_class=AccountClass.II))

    place.office.storage.run(tamper)
    place.run()
    (after,) = place.books().dispatches()
    assert (after.state, after.outcome) == (DispatchState.QUEUED, "E-BANK-016")
    assert place.bank.truth.rows == {}


@ON_SQLITE
def test_an_application_costs_a_fixed_number_of_statements(tmp_path: Path) -> None:
    """What 3 people cost in statements, 30 do too: sets, not loops."""
    counts = []
    for number in (3, 30):
        folder = tmp_path / str(number)
        folder.mkdir()
        place = card_town_on(office_on("sqlite", folder))
        people = place.admit(number)
        connection = place.office.storage._connection()  # type: ignore[attr-defined]
        seen: list[str] = []
        connection.set_trace_callback(seen.append)
        (batch,) = place.batches().draft(people, paper=PAPER).batches
        place.batches().check(batch.id)
        place.batches().submit(batch.id)
        connection.set_trace_callback(None)
        counts.append(sum(1 for each in seen if each.lstrip("- ").startswith("SELECT")))
        place.office.storage.close()
    assert counts[0] == counts[1]
