"""The bank's daily list closes what is left, names every difference, and twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import chain
from random import Random

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on
from tests.offices import ON_SQLITE

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.storage.sql.bulk import SqlBulk
from szunion.adapters.storage.sql.reconciliations import SqlReconciliations
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application import reconciliation
from szunion.application.access import authorise
from szunion.application.daily_list import Ahead, Comparison, Listed, compare
from szunion.application.office import Office, in_memory
from szunion.domain.access import Operation, Scope, engine
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import BankState, DailyCardList, ListedCard, Told
from szunion.domain.card_records import SAID, kept_records
from szunion.domain.inbox import Hearing
from szunion.domain.reconciliation import DifferenceKind, DifferenceState, ReconRun
from szunion.domain.values import CardRef, CardToken
from szunion.errors import Conflict, NotFound
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


def list_of(place: CardTown, *lines: ListedCard, number: int = 1, day: int = 23) -> DailyCardList:
    told = Told(event_id=f"L{number}", stream="list", sequence=number, effective=place.clock.now())
    return DailyCardList(told=told, day=date(2017, 11, day), cards=lines)


def line_of(place: CardTown, ref: CardRef) -> ListedCard:
    seen = place.bank.truth.card(ref)
    assert seen is not None
    return ListedCard(seen.card, seen.state, seen.sequence)


def kinds(place: CardTown) -> list[tuple[DifferenceKind, DifferenceState]]:
    run = place.reconciliation().last()
    assert run is not None
    return [(each.kind, each.state) for each in run.differences]


def test_a_change_that_was_never_told_becomes_a_reconciled_fact(place: CardTown) -> None:
    first, second = place.activate(place.admit(2))
    place.bank.faults = FaultPlan(delay_notice=1.0, most_delay=timedelta(days=30))
    place.bank.simulate.report_loss(first.card.ref)
    place.run()
    assert place.card(first.person).card.bank.state is BankState.ACTIVE
    lines = [line_of(place, each.card.ref) for each in (first, second)]
    place.tell(list_of(place, *lines))
    assert place.card(first.person).card.bank.state is BankState.LOSS_ORAL
    assert kinds(place) == [(DifferenceKind.NOT_TOLD, DifferenceState.CLOSED)]
    run = place.reconciliation().last()
    assert run is not None
    assert (run.ours, run.theirs, run.agreed, run.closed) == (2, 2, 1, 1)
    history = [(each.event, each.state) for each in place.cards().facts(first.id)]
    assert history[-1] == (None, BankState.LOSS_ORAL), "RECONCILED, in the card's history"
    place.bank.heal()
    place.run()
    after = place.card(first.person).card
    assert (after.bank.state, after.bank.contradictory) == (BankState.LOSS_ORAL, False)


def test_the_same_list_again_changes_nothing(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    frozen = evolve(line_of(place, kept.card.ref), state=BankState.FROZEN, sequence=7)
    place.tell(list_of(place, frozen))
    card, run = place.card(kept.person), place.reconciliation().last()
    place.tell(list_of(place, frozen))
    assert place.heard("L1").copies == 1
    assert (place.card(kept.person), place.reconciliation().last()) == (card, run)
    place.tell(list_of(place, frozen, number=2))
    after = place.reconciliation().last()
    assert after is not None
    assert (after.differences, after.agreed) == ((), 1)
    assert place.card(kept.person) == card


def test_an_unknown_card_and_one_that_is_not_listed_stay_open_until_they_are_explained(
    place: CardTown,
) -> None:
    (kept,) = place.activate(place.admit(1))
    stranger = ListedCard(CardRef(CardToken("T" * 20)), BankState.ACTIVE, 3)
    place.tell(list_of(place, stranger))
    found = {each.difference.kind for each in place.reconciliation().open()}
    assert found == {DifferenceKind.UNKNOWN_CARD, DifferenceKind.NOT_LISTED}
    place.clock.advance(days=1)
    place.tell(list_of(place, stranger, line_of(place, kept.card.ref), number=2, day=24))
    (left,) = place.reconciliation().open()
    assert left.difference.kind is DifferenceKind.UNKNOWN_CARD
    assert left.age == timedelta(days=1), "it ages from the first run that found it"
    with pytest.raises(Conflict, match="E-RECON-002"):
        place.reconciliation().resolve(left.difference.id, " ")
    place.reconciliation().resolve(left.difference.id, "测试卡，银行确认")
    assert place.reconciliation().open() == []
    with pytest.raises(NotFound, match="E-RECON-001"):
        place.reconciliation().resolve(left.difference.id, "again")


def test_a_list_does_not_bring_a_closed_card_back(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.bank.simulate.close(kept.card.ref)
    place.run()
    alive = evolve(line_of(place, kept.card.ref), state=BankState.ACTIVE, sequence=9)
    place.tell(list_of(place, alive))
    after = place.by_ref(kept.card.ref).card
    assert after.bank.state is BankState.CLOSED
    assert after.bank.contradictory
    assert kinds(place) == [(DifferenceKind.ENDED_HERE, DifferenceState.OPEN)]


def test_a_list_that_says_something_else_of_the_same_moment_contradicts(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    frozen = evolve(line_of(place, kept.card.ref), state=BankState.FROZEN)
    place.tell(list_of(place, frozen))
    assert place.card(kept.person).card.bank.contradictory
    run = place.reconciliation().last()
    assert run is not None
    (found,) = run.differences
    assert (found.kind, found.state) == (DifferenceKind.CONTRADICTORY, DifferenceState.OPEN)
    assert (found.subject, found.ours, found.theirs) == (kept.id, "ACTIVE", "FROZEN")
    assert (run.ours, run.theirs, run.agreed, run.closed) == (1, 1, 0, 0)


def test_a_list_older_than_what_we_hold_is_named_and_moves_nothing(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    old = line_of(place, kept.card.ref)
    place.bank.simulate.freeze(kept.card.ref)
    place.run()
    place.tell(list_of(place, old))
    assert place.card(kept.person).card.bank.state is BankState.FROZEN
    assert kinds(place) == [(DifferenceKind.AHEAD, DifferenceState.OPEN)]


def test_a_stop_that_the_bank_has_not_answered_is_a_difference(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.town.memberships(place.town.g(0)).move_out(kept.person)
    place.tell(list_of(place, line_of(place, kept.card.ref)))
    assert kinds(place) == [(DifferenceKind.USE_NOT_STOPPED, DifferenceState.OPEN)]
    place.run()
    place.tell(list_of(place, line_of(place, kept.card.ref), number=2, day=24))
    assert place.reconciliation().open() == []


def test_a_list_with_two_contents_under_one_id_counts_for_nothing(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.tell(list_of(place, line_of(place, kept.card.ref)))
    before = place.reconciliation().last()
    frozen = evolve(line_of(place, kept.card.ref), state=BankState.FROZEN)
    place.tell(list_of(place, frozen))
    assert place.heard("L1").hearing is Hearing.CONFLICT
    assert place.card(kept.person).card.bank.state is BankState.ACTIVE
    assert place.reconciliation().last() == before


def followed(place: CardTown, comparison: Comparison, notice: DailyCardList) -> ReconRun:
    """Follow what was seen of a list at an earlier moment; return the run."""
    office = place.office

    def follow(work: UnitOfWork) -> ReconRun:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        outcome = reconciliation.listed(office, work, scope, notice, Ahead("D", comparison))
        made = work.reconciliations.get(scope, outcome.subject)
        assert made is not None
        return made

    return office.storage.run(follow)


def seen(place: CardTown, notice: DailyCardList) -> Comparison:
    return place.look(lambda work, scope: compare(place.office, work, scope, notice))


def test_what_is_told_between_looking_and_following_is_looked_at_again(place: CardTown) -> None:
    told, here, gone, agreed = place.activate(place.admit(4))
    lines = [line_of(place, each.card.ref) for each in (told, here, agreed)]
    lines[0] = evolve(lines[0], state=BankState.FROZEN, sequence=lines[0].sequence + 1)
    lines[1] = evolve(lines[1], state=BankState.LOSS_ORAL, sequence=lines[1].sequence + 1)
    notice = list_of(place, *lines)
    before = seen(place, notice)
    assert sum(len(pile.apart) for pile in before.piles) == 2
    assert sum(len(pile.not_listed) for pile in before.piles) == 1
    place.bank.simulate.freeze(told.card.ref)
    place.bank.simulate.close(gone.card.ref)
    place.bank.simulate.freeze(agreed.card.ref)
    place.run()
    run = followed(place, before, notice)
    assert [(each.kind, each.state) for each in run.differences] == [
        (DifferenceKind.NOT_TOLD, DifferenceState.CLOSED)
    ], "the one of which nothing was told meanwhile"
    assert run.differences[0].subject == here.id
    assert (run.ours, run.agreed, run.closed) == (4, 3, 1)
    assert place.by_ref(agreed.card.ref).card.bank.state is BankState.FROZEN, "it agreed then"


def test_a_card_that_is_born_between_looking_and_following_is_not_unknown(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    notice = list_of(place, line_of(place, kept.card.ref))
    (pile,) = (pile for pile in seen(place, notice).piles if pile.ours)
    name = f"{place.office.vault.index(IndexField.CARD, kept.card.ref.token.plain()).hex()}-001"
    stranger = Listed(name, BankState.ACTIVE, notice.cards[0].sequence)
    before = Comparison(None, [evolve(pile, ours=0, agreed=0, unknown=[stranger])])
    run = followed(place, before, notice)
    assert (run.differences, run.ours, run.agreed) == ((), 1, 1)


def test_planted_differences_are_found_and_nothing_else(place: CardTown) -> None:
    """Random lists of real cards, some twice, against what two dictionaries say."""
    cards, chance = place.activate(place.admit(24)), Random(7)
    held = {each.card.ref: each.id for each in cards}
    for turn in range(6):
        refs = [each.card.ref for each in chance.sample(cards, 20)]
        refs += [CardRef(CardToken(f"STRANGER{at}")) for at in range(turn)]
        refs += chance.choices(refs, k=turn)
        some = (BankState.ACTIVE, BankState.ACTIVE, BankState.ACTIVE, *BankState)
        lines = [ListedCard(ref, chance.choice(some), at) for at, ref in enumerate(refs)]
        theirs = {line.card: line for line in lines}
        piles = seen(place, list_of(place, *lines)).piles
        assert {(kept.card, told.sequence) for pile in piles for told, kept in pile.apart} == {
            (held[ref], line.sequence)
            for ref, line in theirs.items()
            if ref in held and line.state is not BankState.ACTIVE
        }
        assert {told.sequence for pile in piles for told in pile.unknown} == {
            line.sequence for ref, line in theirs.items() if ref not in held
        }
        assert {kept.card for pile in piles for kept in pile.not_listed} == {
            card for ref, card in held.items() if ref not in theirs
        }
        assert (sum(pile.ours for pile in piles), sum(pile.agreed for pile in piles)) == (
            24, sum(1 for ref in held if ref in theirs and theirs[ref].state is BankState.ACTIVE)
        )  # fmt: skip


def test_a_store_joins_records_of_what_it_holds(place: CardTown) -> None:
    cards = place.activate(place.admit(len(BankState)))
    lines = [
        ListedCard(each.card.ref, state, 50) for each, state in zip(cards, BankState, strict=True)
    ]
    place.tell(list_of(place, *lines))

    def both(work: UnitOfWork, scope: Scope) -> tuple[list[bytes], list[bytes]]:
        rows = chain.from_iterable(work.cards.states(scope))
        return sorted(chain.from_iterable(work.cards.records(scope))), sorted(kept_records(rows))

    joined, made = place.look(both)
    assert joined == made
    assert len({record[SAID - 1] for record in joined}) > len(BankState) // 2


def test_if_another_list_was_followed_since_all_is_compared_again(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    notice = list_of(place, line_of(place, kept.card.ref), day=24)
    before = seen(place, notice)
    frozen = evolve(line_of(place, kept.card.ref), state=BankState.FROZEN, sequence=9)
    place.tell(list_of(place, frozen))
    run = followed(place, before, notice)
    assert [each.kind for each in run.differences] == [DifferenceKind.AHEAD]


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_others_write_while_a_list_is_gone_through(office: Office) -> None:
    """The bank's list waits, half dealt, until somebody else's change is committed."""
    others: list[int] = []

    def dealt(pages: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
        with ThreadPoolExecutor(1) as thread:
            others.append(thread.submit(write).result())
        return in_memory(pages)

    def write() -> int:
        entry = AuditEntry(action="recon.ask", subject=1, after="", reason="")
        office.storage.run(
            lambda work: work.audit.add(authorise(work, engine(), Operation.BANK_DESK), entry)
        )
        return 1

    place = card_town_on(evolve(office, piles=dealt))
    (kept,) = place.activate(place.admit(1))
    place.tell(list_of(place, line_of(place, kept.card.ref)))
    assert others == [1, 1], "a deal of each side, and none within the commit"
    run = place.reconciliation().last()
    assert run is not None
    assert (run.ours, run.agreed) == (1, 1)


@ON_SQLITE
@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_whatever_differs_is_followed_in_little_memory(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies anywhere in a city's tables does not fill SQLite's cache of pages."""
    place, met = card_town_on(office), dict[str, int]()
    same, apart, missed = place.activate(place.admit(3))

    def cache() -> int:
        storage = office.storage
        assert isinstance(storage, SqliteStorage)
        found: int = storage._connection().execute("PRAGMA cache_size").fetchone()[0]
        return -found

    def spied(noun: type, verb: str) -> Callable[..., object]:
        do = getattr(noun, verb)

        def done(*args: object) -> object:
            met[verb] = cache()
            return do(*args)

        return done

    usual = cache()
    for noun, verb in (
        (SqlBulk, "cards_called"), (SqlBulk, "bank_states"), (SqlBulk, "cards"),
        (SqlBulk, "put_cards"), (SqlReconciliations, "add"),
    ):  # fmt: skip
        monkeypatch.setattr(noun, verb, spied(noun, verb))
    place.tell(
        list_of(
            place,
            line_of(place, same.card.ref),
            evolve(line_of(place, apart.card.ref), state=BankState.FROZEN, sequence=9),
            ListedCard(CardRef(CardToken("T" * 20)), BankState.ACTIVE, 3),
        )
    )
    assert met.keys() == {"cards_called", "bank_states", "cards", "put_cards", "add"}
    assert all(kib <= usual / 8 for kib in met.values()), met
    assert cache() == usual, "the next commit has its pages again"
    assert len(kinds(place)) == len({apart, missed}) + 1


def test_a_list_that_comes_among_others_is_heard_in_its_turn(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    line = line_of(place, kept.card.ref)
    frozen = evolve(line, state=BankState.FROZEN, sequence=line.sequence + 1)
    again = evolve(line, state=BankState.ACTIVE, sequence=line.sequence + 2)
    place.tell(
        list_of(place, line), list_of(place, frozen, number=2), list_of(place, again, number=3)
    )
    states = [each.state for each in place.cards().facts(kept.id)][-2:]
    assert states == [BankState.FROZEN, BankState.ACTIVE]
    assert [place.heard(f"L{number}").hearing for number in (1, 2, 3)] == [Hearing.OBEYED] * 3
