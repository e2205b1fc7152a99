"""Facts of the bank and decisions of the union, in every order: one end, equal to the in-order one.

M07 and M08 meet here: what the bank tells and what the union decides write different registers,
so whatever arrives first, doubled or late, the card ends where the two owners put it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import permutations
from typing import Final, TypeVar

import pytest
from attrs import evolve, frozen
from tests.cardtown import CardTown, card_town_on
from tests.offices import Town, engine

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.storage.memory.storage import MemoryStorage
from szunion.application.access import authorise
from szunion.application.bank_desk import BankDesk
from szunion.application.card_facts import has_gap
from szunion.application.card_moves import standing
from szunion.application.cards import Cards
from szunion.application.membership import Memberships
from szunion.application.office import Office
from szunion.domain.access import Operation
from szunion.domain.bank import BankNotice, CardChanged
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import UnionState
from szunion.domain.holds import HoldReason
from szunion.domain.use import use
from szunion.ports.storage import UnitOfWork

T = TypeVar("T")
Act = Callable[[Office], object]


class _UndoneError(Exception):
    """Raised at the end of a trial, so that the store forgets it."""


@frozen
class Inside:
    """A store inside one unit of work: every desk's commit becomes a part of it."""

    unit: UnitOfWork

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:  # noqa: ARG002
        return work(self.unit)

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        return look(self.unit)

    @property
    def side_by_side(self) -> int:
        return 1

    def close(self) -> None:
        return None


@contextmanager
def trial(office: Office, then: Callable[[Office], None]) -> Iterator[None]:
    """Run *then* in an office whose changes are undone afterwards."""

    def work(unit: UnitOfWork) -> None:
        then(evolve(office, storage=Inside(unit)))
        raise _UndoneError

    with pytest.raises(_UndoneError):
        office.storage.run(work)
    yield


def tell(bank: SimulatedBank, notice: BankNotice) -> Act:
    """Return the act of telling *notice*."""
    return lambda office: BankDesk(office=office, bank=bank).ear.receive([notice])


def end_of(office: Office, kept: KeptCard) -> object:
    """Return where a card stands, without what only says when and in which order."""

    def look(work: UnitOfWork) -> object:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        after = work.cards.get(scope, kept.id)
        assert after is not None
        membership = work.members.newest(scope, kept.person)
        against = {type(each).__name__ for each in use(after.card, membership, office.policy)}
        # With a hold open, "not yet enabled" and "suspended" say the same: the last hold decides.
        stopped = after.card.union.state in {UnionState.PENDING, UnionState.SUSPENDED}
        held = stopped and after.card.open_holds
        return (
            after.card.bank.state,
            after.card.bank.contradictory,
            after.gap,
            "HELD" if held else after.card.union.state,
            after.card.union.reason,
            after.card.current,
            after.custody.state,
            sorted(hold.reason.value for hold in after.card.open_holds),
            sorted(against),
            sorted(each.kind.value for each in work.instructions.of_card(scope, kept.id)),
            sorted(each.item for each in work.entitlements.of_person(scope, kept.person)),
            [(row.state, row.missing) for row in work.rows.of_person(scope, kept.person)],
        )

    return office.storage.read(look)


def check_chain(office: Office, kept: KeptCard) -> None:
    """Check that the log tells a card's life without a hole: each entry begins where one ended.

    Entries about a card's plastic and its holder's pack say something else than where it stands.
    """

    def look(work: UnitOfWork) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        steps = [
            each.entry
            for each in work.audit.of_person(scope, kept.person)
            if each.entry.subject == kept.id and each.entry.after.count("/") == 2
        ]
        now = work.cards.get(scope, kept.id)
        assert now is not None
        ends = [each.after for each in steps]
        assert ends, "else nothing is looked at"
        assert [each.before for each in steps[1:]] == ends[:-1]
        assert ends[-1] == standing(now.card)

    office.storage.read(look)


def produced(office: Office) -> tuple[CardTown, KeptCard]:
    place = card_town_on(office)
    (person,) = place.admit(1)
    place.produce([person])
    return place, place.card(person)


def news(place: CardTown) -> list[BankNotice]:
    """Return four things that then happen to the one card at the bank, untold."""
    before = len(place.bank.truth.told)
    (card,) = place.bank.truth.cards
    place.bank.simulate.activate(card.card)
    place.bank.simulate.report_loss(card.card, written=True)
    place.bank.simulate.undo_loss(card.card)
    place.bank.simulate.freeze(card.card)
    told = list(place.bank.truth.told)[before:]
    assert all(isinstance(each, CardChanged) for each in told)
    return told


def lift_all(office: Office, kept: KeptCard, town: Town) -> None:
    """Lift every hold of the union."""
    desk = Cards(office, town.c1)
    for hold in desk.get(kept.id).card.open_holds:
        desk.unlock(kept.id, hold.id, "cleared")


LOOKED_AT: Final = 36
"""Of so many orders, one has its log read, too."""


def ends_in_every_order(place: CardTown, kept: KeptCard, acts: list[Act]) -> set[str]:
    """Return every end that some order of *acts*, plain or with one of them doubled, leads to.

    An end is where the card stands then, and where it stands when the union's holds are lifted.
    """
    ends: set[str] = set()
    every = 1 if isinstance(place.office.storage, MemoryStorage) else 9
    for number, order in enumerate(permutations(acts)):
        if number % every:
            continue  # all of them in memory, a sample in the database
        doubled = (*order, order[number % len(order)])
        for story in (order, doubled):

            def then(office: Office, story: tuple[Act, ...] = story, number: int = number) -> None:
                for act in story:
                    act(office)
                held = end_of(office, kept)
                lift_all(office, kept, place.town)
                ends.add(repr((held, end_of(office, kept))))
                if number % LOOKED_AT == 0:
                    check_chain(office, kept)

            with trial(place.office, then):
                pass
    return ends


def test_six_facts_of_both_owners_have_one_end_in_all_720_orders_also_doubled(
    office: Office,
) -> None:
    place, kept = produced(office)
    g, upper = place.town.g(0), place.town.upper(0)
    acts: list[Act] = [tell(place.bank, notice) for notice in news(place)]
    acts += [
        lambda office: Cards(office, g).lock(kept.id, HoldReason.MISUSE),
        lambda office: Cards(office, upper).lock(kept.id, HoldReason.INVESTIGATION),
    ]
    (end,) = ends_in_every_order(place, kept, acts)
    assert "FROZEN" in end
    assert "HELD" in end
    assert "ENABLED" in end, "as soon as the union's holds are lifted"


def test_leaving_among_five_facts_has_one_end_but_for_the_pack(office: Office) -> None:
    place, kept = produced(office)
    person, g = kept.person, place.town.g(0)
    acts: list[Act] = [tell(place.bank, notice) for notice in news(place)]

    def leave(office: Office) -> None:
        desk = Memberships(office, g)
        membership = office.storage.read(
            lambda work: work.members.open_of(
                authorise(work, g, Operation.MEMBERSHIP_WRITE), person
            )
        )
        if membership is not None:
            desk.quit(person, document="退会申请 1")

    ends = ends_in_every_order(place, kept, [*acts, leave])
    packs = {end.count("gp-") for end in ends}
    # Race 8: who leaves before the activation is told gets no pack; all else is one end.
    assert (len(ends), packs) == (2, {0, 2 * len(place.office.catalogue.pack.items)})


def test_a_hole_in_the_sequence_is_a_gap_until_it_is_filled(office: Office) -> None:
    place, kept = produced(office)
    first, second, third, fourth = news(place)
    for notice in (first, fourth):
        tell(place.bank, notice)(place.office)
    assert place.card(kept.person).gap
    facts = place.look(lambda work, scope: work.cards.facts(scope, kept.id))
    assert not has_gap(facts, gapless=False), "for a bank that leaves holes, nothing is missing"
    for notice in (third, second):
        tell(place.bank, notice)(place.office)
    assert not place.card(kept.person).gap
