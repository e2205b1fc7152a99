"""Money goes from decision to account, twice never, and back to finance when it comes back."""

from __future__ import annotations

import sqlite3

import pytest
from attrs import evolve
from tests.moneytown import WARMTH, YEAR, MoneyTown, money_town_on
from tests.offices import engine

from szunion.adapters.storage.memory.money import MemoryLedger
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.application.grants import AlreadyGranted, Granted, NoGrant, NotGranted, Proposed
from szunion.application.money_moves import pseudonym
from szunion.application.office import Office
from szunion.domain.access import Operation
from szunion.domain.bank import Statement, StatementKind
from szunion.domain.card_files import KeptCard
from szunion.domain.ledger import Entry, fund
from szunion.domain.orders import OrderState
from szunion.domain.participation import Means
from szunion.domain.payouts import PayoutState
from szunion.domain.statement_lines import LineVerdict
from szunion.domain.values import Fen
from szunion.errors import Conflict, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

STUDY = "ha-golden-autumn"


@pytest.fixture
def town(office: Office) -> MoneyTown:
    return money_town_on(office)


def arrived(town: MoneyTown, kept: KeptCard) -> Fen:
    account = town.cards.bank.truth.account_of(kept.card.ref)
    assert account is not None
    return account.fen


def test_m21_m22_warmth_of_3000_yuan_goes_from_decision_to_account(town: MoneyTown) -> None:
    """M21, M22: on success the money is paid into the card's account."""
    (person,) = town.cards.admit(1)
    (kept,) = town.cards.activate([person])
    owed = town.grant(person)
    assert owed.fen == Fen(300_000)
    payout = town.pay()
    assert town.treasury().budget(WARMTH, YEAR).committed == Fen(300_000)  # type: ignore[union-attr]
    town.cards.run()
    (order,) = town.orders(payout)
    assert order.state is OrderState.ACCEPTED
    assert arrived(town, kept) == Fen(0)
    town.settle(payout)
    (order,) = town.orders(payout)
    assert order.state is OrderState.SETTLED
    assert arrived(town, kept) == Fen(300_000)
    assert town.owed(owed).settled == Fen(300_000)
    name = town.cards.look(lambda work, _: pseudonym(work, person))
    assert town.treasury().account(name).net == Fen(300_000)
    assert town.treasury().account(fund(WARMTH, YEAR)).drawn == Fen(300_000)
    records = town.cards.look(lambda work, scope: work.participations.of_person(scope, person))
    assert [(each.item, each.means) for each in records] == [(WARMTH, Means.PAYOUT)]
    town.check_books()


def test_m22_warmth_is_once_a_household_in_a_spring_festivals_year(town: MoneyTown) -> None:
    """M22: 3,000 yuan a household: the spouse's request is answered with the day of the first."""
    husband, wife, other = town.cards.admit(3)
    town.grant(husband, "HK-1001")
    again = town.grants().propose(wife, WARMTH, subject="hk-1001 ")
    assert again == AlreadyGranted(on=town.cards.clock.today())
    assert town.grant(other, "HK-1002").fen == Fen(300_000)
    town.cards.pass_time(days=300)
    assert town.grant(wife, "HK-1001").payee == wife, "the next Spring Festival is another one"


def test_m22_who_asks_again_on_a_later_day_finds_what_waits(town: MoneyTown) -> None:
    """A kill between asking and deciding, and a clock that went on, change nothing."""
    (person,) = town.cards.admit(1)
    town.cards.activate([person])
    first = town.grants().propose(person, WARMTH, subject="HK-1")
    town.cards.clock.advance(days=2)
    assert town.grants().propose(person, WARMTH, subject="HK-1") == first


def test_m22_two_requests_at_once_for_one_household_are_one_grant(town: MoneyTown) -> None:
    husband, wife = town.cards.admit(2)
    first = town.grants().propose(husband, WARMTH, subject="HK-1")
    assert isinstance(first, Proposed)
    second = town.grants().propose(wife, WARMTH, subject="HK-1")
    assert isinstance(second, AlreadyGranted)
    assert isinstance(town.grants(town.cards.town.c1).decide(first.proposal.id), Granted)
    third = town.grants().propose(wife, WARMTH, subject="HK-1")
    assert isinstance(third, AlreadyGranted)


@pytest.mark.parametrize(
    ("study", "yuan"),
    [
        ("senior-high", 2500),
        ("secondary-vocational", 2500),
        ("junior-college", 3500),
        ("bachelor", 3500),
    ],
)
def test_m22_study_aid_by_level_goes_to_the_account_and_is_once_a_school_year(
    town: MoneyTown, study: str, yuan: int
) -> None:
    """M21, M22: 2,500 yuan for 高中、中专, 3,500 for 大专、本科, paid into the card's account."""
    (person,) = town.cards.admit(1)
    (kept,) = town.cards.activate([person])
    town.treasury().set_budget(STUDY, YEAR, Fen(1_000_000))
    owed = town.grant(person, "学籍号 A-1", item=STUDY, study=study)
    assert owed.fen == Fen(yuan * 100)
    payout = town.pay(STUDY)
    town.cards.run()
    town.settle(payout)
    assert arrived(town, kept) == Fen(yuan * 100)
    again = town.grants().propose(person, STUDY, subject="学籍号A-1", answers={"study": "bachelor"})
    assert isinstance(again, AlreadyGranted)
    town.cards.pass_time(days=300)
    assert town.grant(person, "学籍号 A-1", item=STUDY, study=study).fen == Fen(yuan * 100)
    town.check_books()


def test_m22_a_level_of_study_without_a_tier_is_not_granted(town: MoneyTown) -> None:
    (person,) = town.cards.admit(1)
    asked = town.grants().propose(person, STUDY, subject="S", answers={"study": "doctorate"})
    assert asked == NotGranted(reasons=(NoGrant.NO_AMOUNT,))


def test_m21_what_comes_back_is_owed_again_and_the_books_take_it_back(town: MoneyTown) -> None:
    (person,) = town.cards.admit(1)
    (kept,) = town.cards.activate([person])
    owed = town.grant(person)
    payout = town.pay()
    town.cards.run()
    town.settle(payout)
    (order,) = town.orders(payout)
    town.cards.bank.simulate.return_payment(order.key, "账号户名不符")
    town.cards.run()
    (order,) = town.orders(payout)
    assert (order.state, order.bank_text) == (OrderState.RETURNED, "账号户名不符")
    assert town.owed(owed).settled == Fen(0)
    name = town.cards.look(lambda work, _: pseudonym(work, person))
    assert town.treasury().account(name).net == Fen(0)
    assert town.treasury().account(fund(WARMTH, YEAR)).drawn == Fen(0)
    budget = town.treasury().budget(WARMTH, YEAR)
    assert budget is not None
    assert budget.committed == Fen(0)
    assert arrived(town, kept) == Fen(0)
    again = town.pay()
    town.cards.run()
    town.settle(again)
    assert arrived(town, kept) == Fen(300_000)
    town.check_books()


def test_m21_the_books_agree_with_the_banks_statement_to_the_fen(town: MoneyTown) -> None:
    """Paid, returned, paid again: every line agrees, and the sums are the bank's own."""
    people = town.cards.admit(5)
    cards = town.cards.activate(people)
    for person in people:
        town.grant(person)
    payout = town.pay()
    town.cards.run()
    town.settle(payout)
    first = town.orders(payout)[0]
    town.cards.bank.simulate.return_payment(first.key)
    town.cards.run()
    again = town.pay()
    town.cards.run()
    town.settle(again)
    town.cards.bank.simulate.statement()
    town.cards.run()
    day = town.cards.clock.today()
    lines = town.treasury().statement(day)
    assert len(lines) == 7
    assert {line.verdict for line in lines} == {LineVerdict.AGREES}
    paid = sum(line.fen.amount for line in lines if line.kind is StatementKind.PAID)
    back = sum(line.fen.amount for line in lines if line.kind is StatementKind.RETURNED)
    books = town.treasury().books()
    assert books.explained
    drawn = town.treasury().account(fund(WARMTH, YEAR)).drawn
    assert drawn == Fen(paid - back) == -town.cards.bank.truth.paying
    assert [arrived(town, kept) for kept in cards] == [Fen(300_000)] * 5


def test_m21_a_line_that_differs_blocks_the_next_pay_out_until_it_is_explained(
    town: MoneyTown,
) -> None:
    first, second = town.cards.admit(2)
    town.cards.activate([first, second])
    town.grant(first)
    payout = town.pay()
    town.cards.run()
    town.settle(payout)
    town.cards.bank.simulate.statement()
    statement = town.cards.bank.truth.told[-1]
    assert isinstance(statement, Statement)
    wrong = evolve(statement.lines[0], fen=Fen(299_999))
    town.cards.tell(evolve(statement, lines=(wrong,)))
    town.grant(second)
    draft = town.treasury().draft(WARMTH, YEAR).payout
    assert draft is not None
    with pytest.raises(Conflict, match="E-PAY-014"):
        town.treasury(town.f2).approve(draft.id)
    (line,) = town.treasury().books().lines
    assert line.verdict is LineVerdict.OTHER_AMOUNT
    town.treasury().explain(line.day, line.position, "银行更正通知 3 号")
    assert town.treasury(town.f2).approve(draft.id).state is PayoutState.APPROVED


def test_m21_maker_and_checker_differ_and_the_checker_gives_the_total(town: MoneyTown) -> None:
    (person,) = town.cards.admit(1)
    town.cards.activate([person])
    town.grant(person)
    draft = town.treasury().draft(WARMTH, YEAR).payout
    assert draft is not None
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        town.treasury(town.f1).approve(draft.id, total=draft.total)
    with pytest.raises(Conflict, match="E-PAY-010"):
        town.treasury(town.f2).approve(draft.id, total=Fen(1))
    assert town.treasury(town.f2).approve(draft.id, total=draft.total).approved_by == "finance-2"


def test_m21_posted_rows_of_the_books_are_never_changed_nor_deleted(
    town: MoneyTown,
) -> None:
    """The database itself refuses, whoever asks: also on the connection of the application."""
    (person,) = town.cards.admit(1)
    town.cards.activate([person])
    town.grant(person)
    payout = town.pay()
    town.cards.run()
    town.settle(payout)
    storage = town.office.storage
    if not isinstance(storage, SqliteStorage):
        names = set(dir(MemoryLedger))
        assert not {name for name in names if name.startswith(("put", "delete", "remove"))}
        return
    connection = storage._connection()
    (before,) = connection.execute("SELECT count(*), sum(fen) FROM ledger").fetchall()
    rest = "debit, credit, 1, entry, of, code, at"
    for statement in (
        "UPDATE ledger SET fen = fen + 1",
        "UPDATE ledger SET debit = 'suspense'",
        "UPDATE ledger SET entry = 'VOID' WHERE entry = 'POST'",
        "DELETE FROM ledger",
        "DELETE FROM ledger WHERE entry = 'PENDING'",
        f"INSERT OR REPLACE INTO ledger SELECT transfer_id, {rest} FROM ledger",
        f"INSERT OR REPLACE INTO ledger SELECT transfer_id + 1, {rest} FROM ledger WHERE of > 0",
    ):
        for each in (connection, sqlite3.connect(storage.path)):
            with pytest.raises(sqlite3.IntegrityError):
                each.execute(statement)
            if each is not connection:
                each.close()
    assert connection.execute("SELECT count(*), sum(fen) FROM ledger").fetchall() == [before]
    for statement in (
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)


def test_m21_every_transfer_has_two_sides_and_a_pending_one_ends_once(town: MoneyTown) -> None:
    (person,) = town.cards.admit(1)
    town.cards.activate([person])
    town.grant(person)
    payout = town.pay()
    town.cards.run()
    town.settle(payout)
    (order,) = town.orders(payout)
    rows = town.cards.look(lambda work, scope: work.ledger.of_codes(scope, [order.key.text]))
    assert [row.entry for row in rows] == [Entry.PENDING, Entry.POST]
    assert rows[1].of == rows[0].id

    def again(work: UnitOfWork) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        work.ledger.add_many(scope, [evolve(rows[1], id=work.ids.new())])

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(again)
    town.check_books()


def test_what_the_pack_covers_is_claimed_and_never_granted_beside_it(town: MoneyTown) -> None:
    """M25: one child has one way to 1,000 yuan."""
    (person,) = town.cards.admit(1)
    for item in ("gp-maternity", "gp-hospital-allowance", "ma-women", "nothing"):
        with pytest.raises(NotFound, match="E-SERVICE-002"):
            town.grants().propose(person, item, subject="P1")
