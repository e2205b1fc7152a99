"""No bulk path asks the store once a row: twice the rows, the same statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import pytest
from tests.cardtown import CardTown, card_town_on
from tests.counting import counted, grown
from tests.moneytown import money_town_on
from tests.offices import office_on, town_on

from szunion.adapters.roster.reader import read_roster
from szunion.application.card_deadlines import CardDeadlines
from szunion.application.membership import Memberships
from szunion.application.roster import Rosters
from szunion.domain.bank import (
    BankState,
    DailyCardList,
    FaceSignResult,
    ListedCard,
    RowFaceSigned,
    RowReason,
    Told,
)
from szunion.domain.payouts import Obligation
from szunion.domain.values import CardRef, CardToken, PersonId
from szunion.testing.rosters import synthetic_roster

T = TypeVar("T")
Asked = dict[str, Counter[str]]

SMALL, LARGE = 6, 14


class Phases:
    """What each phase asked of the store."""

    def __init__(self) -> None:
        self.asked: Asked = {}

    def __call__(self, name: str, work: Callable[[], T]) -> T:
        with counted() as asked:
            done = work()
        self.asked[name] = asked
        return done


def applied(folder: Path, size: int, kind: str) -> Asked:
    """Apply for *size* cards, let the bank answer to each row, make and activate each."""
    phase = Phases()
    place = card_town_on(office_on(kind, folder))
    people, desk = place.admit(size), place.batches()
    (draft,) = phase("draft", lambda: desk.draft(people)).batches
    phase("check", lambda: desk.check(draft.id))
    phase("submit", lambda: desk.submit(draft.id))
    batch = phase("approve", lambda: place.batches(place.town.c1).approve(draft.id))
    phase("send", place.worker.desk.deliver)
    place.run()
    assert batch.key is not None
    place.bank.simulate.verify(batch.key)
    phase("verified", place.worker.desk.collect)
    signed = _signed(place, people)
    phase("signings told", lambda: place.tell(*signed))
    place.bank.simulate.produce(batch.key)
    phase("produced", place.worker.desk.collect)
    place.bank.simulate.face_sign(batch.key)
    phase("activated", place.worker.desk.collect)
    for person in people:
        place.bank.simulate.report_loss(place.card(person).card.ref, written=True)
    phase("lost", place.worker.desk.collect)
    for person in people:
        place.bank.simulate.replace(place.card(person).card.ref)
    phase("replaced", place.worker.desk.collect)
    place.office.storage.close()
    return phase.asked


def _signed(place: CardTown, people: list[PersonId]) -> list[RowFaceSigned]:
    now = place.clock.now()
    return [
        RowFaceSigned(
            told=Told(event_id=f"F{at}", stream=f"f{at}", sequence=1, effective=now),
            row=place.row(person).key,
            result=FaceSignResult.SIGNED if at % 2 else FaceSignResult.NOT_WILLING,
        )
        for at, person in enumerate(people)
    ]


def sent_back(folder: Path, size: int, kind: str) -> Asked:
    """Apply for *size* cards; the bank sends every row back."""
    phase = Phases()
    place = card_town_on(office_on(kind, folder))
    people = place.admit(size)
    place.approve(people)
    place.run()
    for person in people:
        place.bank.simulate.reject(place.row(person).key, reason=RowReason.OTHER)
    phase("sent back", place.worker.desk.collect)
    place.office.storage.close()
    return phase.asked


def stopped(folder: Path, size: int, kind: str) -> Asked:
    """Make the cards of *size* people who left meanwhile; let the locks of as many others end."""
    phase = Phases()
    place = card_town_on(office_on(kind, folder))
    gone = place.admit(size)
    batch = place.approve(gone)
    place.run()
    assert batch.key is not None
    for person in gone:
        Memberships(place.office, place.town.g(0)).move_out(person)
    place.bank.simulate.produce(batch.key)
    phase("born stopped", place.worker.desk.collect)
    assert [len(place.instructions(place.card(person))) for person in gone] == [1] * size
    place.run()
    held = place.activate(place.admit(size, start=size))
    (told,) = place.office.policy.cards.holds_told_to_bank
    for kept in held:
        place.cards().lock(kept.id, told, until=place.clock.now() + timedelta(days=3))
    place.run()
    place.clock.advance(days=4)
    phase("locks end", CardDeadlines(place.office, place.worker.by).end_holds)
    assert [len(place.instructions(kept)) for kept in held] == [2] * size
    place.office.storage.close()
    return phase.asked


def paid(folder: Path, size: int, kind: str) -> Asked:
    """Pay *size* people; every second payment comes back."""
    phase = Phases()
    place = money_town_on(office_on(kind, folder))
    people = place.cards.admit(size)
    place.cards.activate(people)
    owed: list[Obligation] = [place.grant(person) for person in people]
    assert len(owed) == size
    treasury = place.treasury()
    phase("preview", lambda: treasury.preview("ha-spring-festival", 2017))
    draft = phase("draft", lambda: treasury.draft("ha-spring-festival", 2017)).payout
    assert draft is not None
    payout = phase("approve", lambda: place.treasury(place.f2).approve(draft.id))
    phase("send", place.cards.worker.desk.deliver)
    place.cards.run()
    for key in place.request_keys(payout):
        place.cards.bank.simulate.settle(key)
    phase("settled", place.cards.worker.desk.collect)
    for order in place.orders(payout)[::2]:
        place.cards.bank.simulate.return_payment(order.key)
    phase("returned", place.cards.worker.desk.collect)
    place.cards.bank.simulate.statement()
    phase("statement", place.cards.worker.desk.collect)
    place.cards.office.storage.close()
    return phase.asked


def listed(folder: Path, size: int, kind: str) -> Asked:
    """Compare the bank's daily list with *size* cards: nothing differs, then every card."""
    phase = Phases()
    place = card_town_on(office_on(kind, folder))
    people = place.admit(size)
    place.activate(people)
    place.bank.simulate.daily_list()
    phase("listed", place.worker.desk.collect)
    cards = [place.card(person).card for person in people]
    now, day = place.clock.now(), place.clock.today()
    lines = [ListedCard(card.ref, BankState.FROZEN, 9) for card in cards]
    lines += [ListedCard(CardRef(CardToken(f"99{at:016d}")), BankState.ACTIVE, 1)
              for at in range(size)]  # fmt: skip
    told = Told(event_id="L9", stream="list", sequence=9, effective=now)
    phase("all differ", lambda: place.tell(DailyCardList(told=told, day=day, cards=tuple(lines))))
    assert {kept.card.bank.state for kept in map(place.card, people)} == {BankState.FROZEN}
    place.office.storage.close()
    return phase.asked


def imported(folder: Path, size: int, kind: str) -> Asked:
    """Import *size* rows, the same again, and a larger file with all of them in it."""
    phase = Phases()
    town = town_on(office_on(kind, folder))
    desk = Rosters(town.office, town.g(0), read_roster)
    file, more = synthetic_roster(3, 20 * size), synthetic_roster(3, 20 * size + 20)
    phase("new", lambda: desk.import_file(BytesIO(file.as_csv())))
    phase("again", lambda: desk.import_file(BytesIO(file.as_csv())))
    phase("larger", lambda: desk.import_file(BytesIO(more.as_csv())))
    town.office.storage.close()
    return phase.asked


PATHS = [imported, applied, sent_back, stopped, paid, listed]
ON = [pytest.param(path, "sqlite", id=f"{path.__name__}-sqlite") for path in PATHS] + [
    pytest.param(
        path, "postgres", id=f"{path.__name__}-postgres",
        marks=[pytest.mark.postgres, *([] if path is listed else [pytest.mark.soak])],
    )
    for path in PATHS
]  # fmt: skip
"""All on either engine; on PostgreSQL the suite has time for one."""


@pytest.mark.parametrize(("path", "kind"), ON)
def test_the_statements_of_a_bulk_path_do_not_grow_with_its_rows(
    path: Callable[[Path, int, str], Asked], kind: str, tmp_path: Path
) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "large").mkdir()
    small = path(tmp_path / "small", SMALL, kind)
    large = path(tmp_path / "large", LARGE, kind)
    assert all(small.values()), "nothing was counted"
    more = {name: grown(small[name], large[name]) for name in small}
    assert {name: asked for name, asked in more.items() if asked} == {}
