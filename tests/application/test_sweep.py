"""All members at once: the sweep says of everybody what the desk says of one; counts hide few."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cardtown import CardTown, card_town_on
from tests.counting import counted, grown
from tests.offices import ON_SQLITE, applicant, office_on, serving

from szunion.adapters.keys.vault import KeysetVault
from szunion.adapters.storage.sql import figures
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application import statistics, sweep
from szunion.application.services import Services
from szunion.application.standing import needs_card
from szunion.application.statistics import Grouping, Statistics
from szunion.application.sweep import Sweeps, Swept, Tally, reasons_of
from szunion.domain.access import Principal
from szunion.domain.holds import HoldReason
from szunion.domain.identity import Gender
from szunion.domain.members import MembershipReason
from szunion.domain.suppression import LEAST, shown, shown_in_groups
from szunion.domain.values import SHARDS, PersonId
from szunion.errors import Conflict
from szunion.text import Text


def mixed_town(kind: str, folder: Path) -> tuple[CardTown, list[PersonId]]:
    """Return a town whose members stand in every way that a service asks about."""
    folder.mkdir(exist_ok=True)
    place = card_town_on(office_on(kind, folder))
    people = [*place.admit(10), *place.admit(3, union=2, start=20)]
    place.activate(people[:8])
    place.produce(people[8:9])
    bank, cards = place.bank.simulate, place.cards(place.town.c1)
    bank.report_loss(place.card(people[0]).card.ref, written=True)
    bank.freeze(place.card(people[1]).card.ref)
    place.run()
    for person, reasons in ((people[2], 1), (people[3], 2)):
        for reason in (HoldReason.DATA_DOUBT, HoldReason.INVESTIGATION)[:reasons]:
            cards.lock(place.card(person).id, reason, note="纸")
    desk = place.town.memberships(place.town.g(0))
    desk.retain(people[5], reason=MembershipReason.RETIRED)
    desk.retain(people[9], reason=MembershipReason.UNEMPLOYED)
    desk.quit(people[6], document="退会申请")
    desk.apply(applicant(40), place.town.unions[0].id)
    place.run()
    return place, people


Answers = dict[PersonId, tuple[Text, ...]]


def one_by_one(place: CardTown, by: Principal, people: list[PersonId], item: str) -> Answers:
    """Return what the desk says of each member."""
    desk = Services(place.office, by)
    return {person: reasons_of(desk.show(item, person).standing) for person in people}


def expected(answers: Answers) -> tuple[Tally, dict[Text, int]]:
    free = sum(not against for against in answers.values())
    return Tally(len(answers), free), Counter(why for each in answers.values() for why in each)


def members(place: CardTown) -> list[PersonId]:
    """Return everybody who is a member, or waits for admission."""
    unions = [union.id for union in (place.town.community, place.town.industry, *place.town.unions)]
    found = place.look(lambda work, scope: list(work.figures.each(scope, "", unions)))
    return [person for person, _, _ in found]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_sweep_says_of_everybody_what_the_desk_says_of_one(kind: str, tmp_path: Path) -> None:
    place, people = mixed_town(kind, tmp_path)
    here = members(place)
    assert people[6] not in here  # who has left is no member
    assert len(here) == len(people)  # and one waits for admission
    for by in map(serving, (place.town.c1, place.town.upper(0), place.town.g(0))):
        desk = Sweeps(place.office, by)
        for item in place.office.catalogue.items:
            listed = {each.person: each.against for each in desk.listed(item.id)}
            answers = one_by_one(place, by, sorted(listed), item.id)
            assert listed == answers, item.id
            swept = desk.count(item.id)
            assert (swept.whole, dict(swept.reasons)) == expected(answers), item.id
            assert (sorted(listed) == sorted(here)) == (by.id == place.town.c1.id)
    kinds = {needs_card(item) for item in place.office.catalogue.items}
    genders = {item.eligibility.gender for item in place.office.catalogue.items}
    assert kinds == {True, False}
    assert len(genders) == 3
    place.office.storage.close()


def test_looks_side_by_side_take_turns_at_opening_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, people = mixed_town("sqlite", tmp_path)
    turns, opened = threading.Lock(), list[bool]()
    open_many = KeysetVault.open_many

    def opening(
        vault: KeysetVault, table: str, rows: Iterable[tuple[int, bytes, bytes]]
    ) -> list[bytes]:
        plains = open_many(vault, table, rows)
        opened.extend([turns.locked()] * len(plains))
        return plains

    monkeypatch.setattr(figures, "_TURN", turns)
    monkeypatch.setattr(KeysetVault, "open_many", opening)
    item = next(
        item.id for item in place.office.catalogue.items if item.eligibility.gender is not None
    )
    found = Sweeps(place.office, serving(place.town.c1)).count(item)
    held = len({people[2], people[3]})  # they come one by one, and are few
    assert Counter(opened) == {True: found.whole.members - held, False: held}
    assert not turns.locked()
    place.office.storage.close()


@ON_SQLITE
def test_whose_file_does_not_open_any_more_is_of_no_known_sex(tmp_path: Path) -> None:
    place, people = mixed_town("sqlite", tmp_path)

    def by_sex() -> Counter[Gender | None]:
        programme = place.office.policy.cards.programme
        found = place.look(
            lambda work, scope: work.figures.shapes_by_gender(scope, programme, range(SHARDS))
        )
        return sum((Counter({gender: count}) for _, gender, count in found), Counter())

    before = by_sex()
    assert None not in before
    storage = place.office.storage
    assert isinstance(storage, SqliteStorage)
    storage._connection().execute("DELETE FROM person_salt WHERE person_id = ?", (people[4],))
    after = by_sex()
    assert after[None] == 1
    assert sum(after.values()) == sum(before.values())
    assert (before - after).total() == 1, "of each other the file was opened as before"
    place.office.storage.close()


def test_a_sweep_that_is_stopped_at_any_part_goes_on_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, _ = mixed_town("sqlite", tmp_path)
    desk = Sweeps(place.office, serving(place.town.c1))
    item = next(item.id for item in place.office.catalogue.items if needs_card(item))
    whole = desk.count(item)
    monkeypatch.setattr(sweep, "_PART", 100)
    for stop in range(1, 12):
        kept: list[Swept] = []

        def stopping(found: Swept, kept: list[Swept] = kept, stop: int = stop) -> None:
            kept.append(found)
            if len(kept) == stop:
                raise InterruptedError

        with suppress(InterruptedError):
            desk.count(item, on_part=stopping)
        again = desk.count(item, since=kept[-1])
        assert (again.unions, again.reasons, again.done) == (whole.unions, whole.reasons, True)
    with pytest.raises(Conflict, match="E-SERVICE-010"):
        desk.count(place.office.catalogue.items[-1].id, since=Swept(item="another"))
    place.office.storage.close()


def test_sweep_and_statistics_ask_as_often_for_many_as_for_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_PART", SHARDS)  # few people leave many small parts empty
    asked = []
    for size in (3, 9):
        (tmp_path / str(size)).mkdir()
        place = card_town_on(office_on("sqlite", tmp_path / str(size)))
        people = place.admit(size)
        place.activate(people)
        for person in people:
            kept = place.card(person)
            place.cards(place.town.c1).lock(kept.id, HoldReason.DATA_DOUBT, note="纸")
        by = serving(place.town.c1)
        with counted() as statements:
            for item in place.office.catalogue.items:
                Sweeps(place.office, by).count(item.id)
                list(Sweeps(place.office, by).listed(item.id))
            for grouping in Grouping:
                Statistics(place.office, by).count(grouping)
        asked.append(statements)
        place.office.storage.close()
    assert grown(*asked) == {}


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_statistics_count_members_cards_activations_and_uses(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "shown", dict)
    monkeypatch.setattr(statistics, "total_shown", lambda cells: sum(cells.values()))
    monkeypatch.setattr(statistics, "shown_in_groups", partial(shown_in_groups, least=0))
    place, _ = mixed_town(kind, tmp_path)
    desk = Statistics(place.office, place.town.c1)
    by_union = {line.place: line for line in desk.count(Grouping.UNION).lines}
    first = by_union["440304-001"]
    # Ten of the first union, one of them left, one waits; eight activated, the leaver among them.
    assert (first.members, first.cards, first.active, first.activated) == (10, 7, 3, 7)
    other = by_union["440305-001"]
    assert (other.members, other.cards, other.active, other.activated, other.uses) == (
        3,
        0,
        0,
        0,
        0,
    )
    districts = desk.count(Grouping.DISTRICT)
    assert [(line.place, line.members) for line in districts.lines] == [
        ("440304", 10), ("440305", 3),
    ]  # fmt: skip
    assert (districts.whole.members, districts.whole.activated) == (13, 7)
    (month,) = desk.count(Grouping.MONTH).lines
    assert (month.place, month.members, month.activated) == ("2017-11", None, 7)
    own = Statistics(place.office, place.town.g(2)).count(Grouping.UNION)
    assert [line.place for line in own.lines] == ["440305-001"]
    place.office.storage.close()


def test_few_people_are_not_shown(tmp_path: Path) -> None:
    place, _ = mixed_town("memory", tmp_path)
    report = Statistics(place.office, place.town.c1).count(Grouping.DISTRICT)
    assert [line.members for line in report.lines] == [None, None]  # 3, and 10 that give it away
    assert report.whole.members is None, "13 less 10 is 3"
    assert report.whole.active is None


@given(st.dictionaries(st.integers(), st.integers(0, 60), max_size=9))
def test_what_is_left_out_cannot_be_reckoned_from_the_sum(cells: dict[int, int]) -> None:
    out = shown(cells)
    hidden = [key for key, count in out.items() if count is None]
    assert all(count is None or count == cells[key] for key, count in out.items())
    assert all(count == 0 or count >= LEAST for count in out.values() if count is not None)
    if hidden and any(count for count in out.values()):
        assert len(hidden) > 1
        assert sum(cells[key] for key in hidden) >= LEAST
    if all(count == 0 or count >= LEAST for count in cells.values()):
        assert out == cells
