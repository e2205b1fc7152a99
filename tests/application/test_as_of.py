"""Who was a member of what, and entitled to what, on day D as known on day E (capability 6)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.cardtown import CardTown, card_town_on
from tests.counting import counted
from tests.offices import (
    ENGINES,
    Town,
    applicant,
    clock_of,
    engine,
    member,
    office_on,
    officer,
    town_on,
)

from szunion.application.access import authorise
from szunion.application.as_of import PolicyBook
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.domain.access import Operation, Role, Scope
from szunion.domain.as_of import SETTLING, CardStanding, MembershipVersion, card_on
from szunion.domain.bank import BankEvent, BankState
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import Card, UnionFacet, UnionReason, UnionState
from szunion.domain.catalogue import Mode
from szunion.domain.city_time import end_of
from szunion.domain.eligibility import Ineligible
from szunion.domain.facets import BankFact
from szunion.domain.holds import Hold, HoldReason, HoldState
from szunion.domain.identity import Gender
from szunion.domain.members import MembershipReason, MembershipState, Rights, RightsRule
from szunion.domain.use import AtBank, ByUnion, Locked, NoRight
from szunion.domain.values import HoldId, OrganisationId, PersonId
from szunion.errors import InvalidInput, NotFound, SzunionError
from szunion.ports.storage import UnitOfWork

DAY = date(2017, 11, 23)


@pytest.fixture(params=ENGINES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Every engine: no answer depends on the engine."""
    made = office_on(request.param, tmp_path)
    yield made
    made.storage.close()


def look(office: Office) -> Members:
    return Members(office, officer("auditor-1", Role.CITY))


def item_of(office: Office) -> str:
    """An item that any member may ask for alone."""
    return next(
        item.id
        for item in office.catalogue.items
        if item.mode not in {Mode.COLLECTIVE, Mode.UNION} and item.eligibility.gender is None
    )


def noted(office: Office) -> bool:
    return PolicyBook(office, engine()).note()


# --- the story of the manual ----------------------------------------------------------------------


def test_a_correction_that_comes_later_leaves_what_was_known(town: Town) -> None:
    """She was paid as a member; that she had left before was told two weeks later."""
    clock = clock_of(town.office)
    person = town.admit(0, applicant(1))
    clock.advance(days=20)
    paid = clock.now()
    clock.advance(days=14)
    left = DAY + timedelta(days=8)
    town.memberships(town.g(0)).quit(person, document="退会申请", on=left)
    clock.advance(days=1)

    on = left + timedelta(days=4)
    then = look(town.office).as_of(person, on=on, known=paid)
    now = look(town.office).as_of(person, on=on)
    assert then.standing is not None
    assert then.standing.organisation == town.unions[0].id
    assert then.standing.state is MembershipState.ACTIVE
    assert then.standing.rights.benefits
    assert now.standing is None
    assert then.final
    assert not now.final, "now is not over: what is under way may still be for it"


def test_the_list_of_a_union_on_a_day_is_the_one_that_was_known(town: Town) -> None:
    clock = clock_of(town.office)
    people = [town.admit(0, applicant(index)) for index in range(5)]
    town.admit(1, applicant(7))
    clock.advance(days=10)
    before = clock.now()
    clock.advance(days=1)
    town.memberships(town.g(0)).retain(
        people[1], reason=MembershipReason.RETIRED, on=DAY + timedelta(days=3)
    )
    town.memberships(town.g(0)).quit(people[2], document="退会", on=DAY + timedelta(days=2))
    asked = town.transfers(member(people[3])).request(people[3], town.unions[2].id)
    town.transfers(town.g(0)).release(asked.id)
    town.transfers(town.g(2)).accept(asked.id)
    clock.advance(days=1)

    def listed(on: date, known: datetime | None = None, union: int = 0) -> list[tuple[int, str]]:
        rows = look(town.office).of_union_on(town.unions[union].id, on=on, known=known)
        return [(each.person, each.state.value) for each in rows]

    whole = [(person, "ACTIVE") for person in sorted(people)]
    day = DAY + timedelta(days=5)
    assert listed(day, before) == whole
    late = {people[1]: "RETAINED", people[2]: None}
    assert listed(day) == [(p, late.get(p, s) or s) for p, s in whole if late.get(p, s)]
    assert people[3] not in dict(listed(clock.today()))
    assert dict(listed(clock.today(), union=2)).keys() == {people[3]}
    assert listed(DAY - timedelta(days=1)) == []
    assert all(
        look(town.office).as_of(person, on=day, known=before).standing is not None
        for person in people
    )


def test_a_page_is_not_the_list(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    people = {town.admit(0, applicant(index)) for index in range(7)}
    monkeypatch.setattr("szunion.application.members._PAGE", 2)

    rows = list(look(town.office).of_union_on(town.unions[0].id, on=DAY))
    assert [each.person for each in rows] == sorted(people)


def test_nobody_asks_for_what_will_be_known_and_nobody_sees_other_unions(town: Town) -> None:
    person = town.admit(0, applicant(1))
    tomorrow = town.office.clock.now() + timedelta(days=1)
    stranger = Members(town.office, town.g(2))
    for ask in (
        lambda: look(town.office).as_of(person, on=DAY, known=tomorrow),
        lambda: list(look(town.office).of_union_on(town.unions[0].id, on=DAY, known=tomorrow)),
    ):
        with pytest.raises(InvalidInput, match="E-MEMBER-006"):
            ask()
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        stranger.as_of(person, on=DAY)
    with pytest.raises(NotFound, match="E-MEMBER-007"):
        look(town.office).entitled(person, "no-such-item", on=DAY)
    assert list(stranger.of_union_on(town.unions[0].id, on=DAY)) == []


# --- rules ----------------------------------------------------------------------------------------


def stricter(office: Office, valid_from: date) -> Office:
    """Return the office with rules by which nobody who is retained has benefits."""
    rules = [rule for rule in office.policy.rights if rule.state is MembershipState.ACTIVE]
    rules.append(RightsRule(state=MembershipState.RETAINED, rights=Rights(card=True)))
    return evolve(office, policy=evolve(office.policy, rights=tuple(rules), valid_from=valid_from))


def test_a_past_day_is_judged_by_the_rules_of_its_day_as_they_were_known(town: Town) -> None:
    office, clock = town.office, clock_of(town.office)
    assert noted(office)
    assert not noted(office), "the same rules are noted once"
    person = town.admit(0, applicant(1))
    town.memberships(town.g(0)).retain(person, reason=MembershipReason.RETIRED)
    clock.advance(days=30)
    before = clock.now()
    clock.advance(days=1)
    turned = DAY + timedelta(days=20)
    new = stricter(office, turned)
    assert noted(new)
    clock.advance(days=1)

    def against(on: date, known: datetime | None = None) -> tuple[Ineligible, ...]:
        return look(new).entitled(person, item_of(office), on=on, known=known).against

    assert against(turned + timedelta(days=2), before) == ()
    assert against(turned + timedelta(days=2)) == (Ineligible.NO_BENEFITS,)
    assert against(turned - timedelta(days=1)) == ()
    assert look(new).as_of(person, on=turned, known=before).rules == 1
    assert look(new).as_of(person, on=turned).rules == 2


def test_noted_rules_are_read_as_they_were_written(town: Town) -> None:
    noted(town.office)
    scope = town.office.storage.read(lambda work: authorise(work, engine(), Operation.OPERATE))
    (kept,) = town.office.storage.read(lambda work: list(work.policies.versions(scope)))

    assert kept.rights == town.office.policy.rights
    assert kept.holds_from == max(town.office.policy.valid_from, town.office.catalogue.valid_from)
    assert set(kept.items) == {item.id for item in town.office.catalogue.items}
    assert any(terms.gender is Gender.FEMALE for terms in kept.items.values())


# --- cards ----------------------------------------------------------------------------------------


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CardTown]:
    made = card_town_on(office_on(request.param, tmp_path))
    yield made
    made.office.storage.close()


def test_a_loss_that_is_told_late_counts_from_its_day_and_is_known_from_ours(
    place: CardTown,
) -> None:
    """The bank locked the card on the fifth and told it on the ninth: two answers, both right."""
    noted(place.office)
    (person,) = place.admit(1)
    (kept,) = place.activate([person])
    item, active = item_of(place.office), place.clock.today()
    place.clock.advance(days=5)
    lost = place.clock.now()
    place.clock.advance(days=2)
    before = place.clock.now()
    place.clock.advance(days=2)
    sequence = 1 + max(f.sequence for f in place.look(lambda w, s: w.cards.facts(s, kept.id)))
    fact = BankFact(
        event_id="LATE-1", sequence=sequence, digest="D", event=BankEvent.LOSS_WRITTEN,
        state=BankState.LOSS_WRITTEN, effective=lost, received=place.clock.now(),
    )  # fmt: skip
    place.office.storage.run(
        lambda work: work.cards.add_fact(
            authorise(work, engine(), Operation.BANK_DESK), kept.id, fact
        )
    )
    place.clock.advance(minutes=1)

    asked = look(place.office)
    on = lost.astimezone(end_of(active).tzinfo).date()
    assert asked.entitled(person, item, on=on, known=before).free
    assert asked.entitled(person, item, on=on).card == {AtBank(BankState.LOSS_WRITTEN)}
    assert asked.entitled(person, item, on=on - timedelta(days=1)).free
    early = asked.entitled(person, item, on=active - timedelta(days=1))
    assert early.no_card


def test_what_the_union_decided_holds_from_when_it_was_decided(place: CardTown) -> None:
    noted(place.office)
    (person,) = place.admit(1)
    (kept,) = place.activate([person])
    first = place.clock.today()
    place.clock.advance(days=2)
    place.cards().lock(kept.id, HoldReason.PLASTIC_MISSING)
    locked = place.clock.today()
    place.clock.advance(days=2)
    hold = place.card(person).card.open_holds[0]
    place.cards().unlock(kept.id, hold.id, "找到了")
    place.run()
    place.clock.advance(days=1)
    place.town.memberships(place.town.g(0)).quit(person, document="退会")
    place.clock.advance(days=1)

    def kinds(on: date) -> set[type[object]]:
        return {type(each) for each in look(place.office).entitled(person, item, on=on).card}

    item = item_of(place.office)
    assert kinds(first) == set()
    assert kinds(locked) == {Locked, ByUnion}
    assert kinds(locked + timedelta(days=2)) == set()
    assert kinds(place.clock.today()) == {ByUnion, NoRight}


def test_a_card_changes_its_history_only_when_the_union_decides(place: CardTown) -> None:
    """Plastic that moves, facts that come, write nothing into it."""
    (person,) = place.admit(1)
    (kept,) = place.activate([person])
    before = place.look(lambda work, scope: list(work.cards.standings(scope, person)))
    moved = evolve(place.card(person), gap=True)
    place.office.storage.run(
        lambda work: work.cards.put(authorise(work, engine(), Operation.BANK_DESK), moved)
    )
    after = place.look(lambda work, scope: list(work.cards.standings(scope, person)))

    assert before == after
    assert [each.version for each in before] == sorted({each.version for each in before})
    assert before[-1].current
    assert before[-1].union == kept.card.union


@pytest.mark.parametrize("in_a_set", [True, False])
def test_a_card_that_was_read_is_noted_where_the_union_decides_something_else(
    place: CardTown, *, in_a_set: bool
) -> None:
    """Whatever else of it changes leaves its history alone."""
    (kept,) = place.activate(place.admit(1))

    def after(to: Callable[[KeptCard], KeptCard]) -> int:
        """Read, change and put it; return how long its history is then."""

        def step(work: UnitOfWork) -> int:
            scope = authorise(work, engine(), Operation.BANK_DESK)
            (read,) = work.bulk.cards(scope, [kept.id])
            if in_a_set:
                work.bulk.put_cards(scope, [to(read)])
            else:
                alone = work.cards.get(scope, kept.id)
                assert alone == read
                work.cards.put(scope, to(alone))
            return len(work.cards.standings(scope, kept.person))

        return place.office.storage.run(step)

    def locked(state: HoldState) -> int:
        lock = Hold(
            id=HoldId(kept.id), card=kept.id, owner=place.town.c1.organisation or OrganisationId(1),
            reason=HoldReason.MISUSE, since=place.clock.now(), state=state,
        )  # fmt: skip
        return after(lambda read: evolve(read, card=evolve(read.card, holds=(lock,))))

    def decided(number: int) -> int:
        return after(
            lambda read: evolve(
                read, card=evolve(read.card, union=evolve(read.card.union, sequence=number))
            )
        )

    gap = partial(after, lambda read: evolve(read, gap=not read.gap))
    found = [gap(), decided(98), gap(), decided(99), locked(HoldState.OPEN), gap(),
             locked(HoldState.LIFTED)]  # fmt: skip
    assert [each - found[0] for each in found] == [0, 1, 1, 2, 3, 3, 4]


def test_of_cards_that_stand_as_they_were_read_the_history_is_not_asked(tmp_path: Path) -> None:
    place = card_town_on(office_on("sqlite", tmp_path))
    ids = [kept.id for kept in place.activate(place.admit(2))]

    def step(work: UnitOfWork, union: int) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        first, second = work.bulk.cards(scope, ids)
        decided = evolve(second.card.union, sequence=second.card.union.sequence + union)
        work.bulk.put_cards(scope, [first, evolve(second, card=evolve(second.card, union=decided))])

    for union in (0, 1):
        with counted() as asked:
            place.office.storage.run(partial(step, union=union))
        assert (asked["card.put"], asked["card.note"]) == (1, union)
    place.office.storage.close()


def test_a_card_that_changes_twice_among_others_is_noted_as_it_was_each_time(
    place: CardTown,
) -> None:
    """Changes written in a set leave the history that they leave one after the other."""
    person, other = place.admit(2)
    place.activate([person, other])
    kept, beside = place.card(person), place.card(other)
    before = place.look(lambda work, scope: list(work.cards.standings(scope, person)))
    changes = []
    for sequence in (1, 2):
        union = evolve(kept.card.union, sequence=kept.card.union.sequence + sequence)
        card = evolve(kept.card, union=union, version=kept.card.version + sequence - 1)
        changes.append(evolve(kept, card=card))
    changes.insert(1, beside)
    place.office.storage.run(
        lambda work: work.bulk.put_cards(authorise(work, engine(), Operation.BANK_DESK), changes)
    )
    after = place.look(lambda work, scope: list(work.cards.standings(scope, person)))

    new = after[len(before) :]
    assert after[: len(before)] == before
    assert [each.version for each in new] == [kept.card.version + 1, kept.card.version + 2]
    assert [each.union for each in new] == [changes[0].card.union, changes[2].card.union]


# --- no later fact changes an earlier answer --------------------------------------------------

Step = tuple[str, int, int, int]
STEPS = st.tuples(
    st.sampled_from([
        "admit", "admit", "retain", "resume", "quit", "move_out", "transfer", "lapse",
        "reinstate", "rules", "merge_union",
    ]),
    st.integers(0, 4), st.integers(0, 2), st.integers(0, 40),
)  # fmt: skip


class History:
    """A town in which things happen, some told late, some corrected; and what was asked of it."""

    def __init__(self, office: Office) -> None:
        self.town = town_on(office)
        self.office = office
        self.people: dict[int, PersonId] = {}
        noted(office)

    def happen(self, step: Step) -> None:
        """Let one thing happen; what is not possible does not."""
        what, who, union, late = step
        town, clock = self.town, clock_of(self.office)
        on = clock.today() - timedelta(days=late)
        person = self.people.get(who, PersonId(0))
        desk = town.memberships(town.g(union))
        steps: dict[str, Callable[[], object]] = {
            "retain": lambda: desk.retain(person, reason=MembershipReason.UNEMPLOYED, on=on),
            "resume": lambda: desk.resume(person, on=on),
            "quit": lambda: desk.quit(person, document="退会", on=on),
            "move_out": lambda: desk.move_out(person, on=on),
            "lapse": lambda: desk.lapse(person, document="谈话记录", on=on),
            "rules": lambda: noted(stricter(self.office, on)),
            "transfer": lambda: self._transfer(person, union),
            "reinstate": lambda: town.memberships(town.c2).confirm(
                town.memberships(town.c1).reinstate(person, document="复查").id
            ),
            "merge_union": lambda: self._merge(union, late),
        }
        with suppress(SzunionError):
            if what == "admit":
                self.people.setdefault(who, town.admit(union, applicant(who)))
            else:
                steps[what]()

    def _transfer(self, person: PersonId, union: int) -> None:
        town = self.town
        asked = town.transfers(member(person)).request(person, town.unions[union].id)
        for index in range(3):
            with suppress(SzunionError):
                town.transfers(town.g(index)).release(asked.id)
        town.transfers(town.g(union)).accept(asked.id)

    def _merge(self, union: int, late: int) -> None:
        if late != 7:  # rarely: it takes a union away
            return
        town = self.town
        desk, other = town.organisations(town.c1), town.organisations(town.c2)
        target = town.unions[(union + 1) % 3].id
        proposal = desk.merge(town.unions[union].id, target=target, document="合并")
        other.confirm(proposal.id)

    def ask(self, on: date, known: datetime) -> list[object]:
        """Ask everything that can be asked of one pair of days."""
        asked = look(self.office)
        there = [
            person for person in self.people.values()
            if any(each.recorded <= known for each in self._versions(person))
        ]  # fmt: skip
        return [
            *(evolve(asked.as_of(one, on=on, known=known), final=True) for one in there),
            *(list(asked.of_union_on(each.id, on=on, known=known)) for each in self.town.unions),
        ]

    def _versions(self, person: PersonId) -> list[MembershipVersion]:
        def view(work: UnitOfWork) -> list[MembershipVersion]:
            scope: Scope = authorise(work, engine(), Operation.BANK_DESK)
            return list(work.members.versions(scope, person))

        return self.office.storage.read(view)


@settings(derandomize=True, max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    steps=st.lists(STEPS, min_size=4, max_size=14),
    asked=st.lists(st.tuples(st.integers(-30, 60), st.integers(0, 13)), min_size=2, max_size=6),
)
def test_no_later_fact_changes_an_earlier_answer_and_both_stores_say_the_same(
    steps: list[Step], asked: list[tuple[int, int]]
) -> None:
    """For any history: the answer for (D, E) is the same right after E, at the end, everywhere."""
    answers: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("memory", "sqlite"):
            history = History(office_on(kind, Path(folder)))
            clock = clock_of(history.office)
            try:
                early: list[tuple[date, datetime, list[object]]] = []
                for index, step in enumerate(steps):
                    history.happen(step)
                    known = clock.now()
                    clock.advance(days=3, seconds=1)
                    for ahead, after in asked:
                        if after == index:
                            on = DAY + timedelta(days=ahead)
                            early.append((on, known, history.ask(on, known)))
                people = len(history.people)
                for on, known, answer in early:
                    # Who came later is asked of too, and was nobody then.
                    assert history.ask(on, known) == answer, (kind, on, known, people)
                answers.append([each[2] for each in early])
            finally:
                history.office.storage.close()
    assert answers[0] == answers[1]


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    facts=st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from(list(BankState)), st.integers(0, 20)),
        max_size=8,
    ),
    decisions=st.lists(st.sampled_from(list(UnionState)), min_size=1, max_size=8),
    on=st.integers(0, 25),
    split=st.integers(0, 8),
)
def test_no_later_fact_changes_what_was_known_of_a_card(
    facts: list[tuple[int, BankState, int]], decisions: list[UnionState], on: int, split: int
) -> None:
    """Facts come in any order and however late; the card of (D, E) is made of those known at E."""
    from tests.domain.cards_for_tests import NOON, card

    told = [
        BankFact(
            event_id=f"E{index}", sequence=sequence, digest=f"{index}", state=state,
            event=BankEvent.ACTIVATED, effective=NOON + timedelta(days=ago),
            received=NOON + timedelta(days=index),
        )
        for index, (sequence, state, ago) in enumerate(facts)
    ]  # fmt: skip
    made = [
        CardStanding(
            card=card().id, version=index, recorded=NOON + timedelta(days=index),
            union=UnionFacet(state, UnionReason.DECISION, index), current=bool(index % 2),
            replaced_by=None, holds=(),
        )
        for index, state in enumerate(decisions)
    ]  # fmt: skip
    known, day = NOON + timedelta(days=split), (NOON + timedelta(days=on)).date()
    early = card_on(
        card(), [f for f in told if f.received <= known],
        [s for s in made if s.recorded <= known], day, known,
    )  # fmt: skip
    late: Card | None = card_on(card(), told, made, day, known)
    assert late == early


def test_an_answer_is_final_when_everything_that_was_under_way_is_over(town: Town) -> None:
    person = town.admit(0, applicant(1))
    clock = clock_of(town.office)
    known = clock.now()
    clock.advance(seconds=SETTLING.total_seconds() - 1)
    assert not look(town.office).as_of(person, on=DAY, known=known).final
    clock.advance(seconds=1)
    assert look(town.office).as_of(person, on=DAY, known=known).final
