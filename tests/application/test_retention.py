"""What nobody asks about any more goes when its term is over, and no day before; the log stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from tests.application.everything import rights_officer
from tests.canaries import found_in_text
from tests.claimtown import STAY, ClaimTown, claim_town_on, stay
from tests.counting import counted, grown
from tests.offices import ENGINES, clock_of, engine, member, office_on

from szunion.adapters.keys.checks import signature_holds
from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.retention import Over, Terms
from szunion.application.rights import Rights
from szunion.domain.access import Operation, Purpose, Role
from szunion.domain.audit_export import verify
from szunion.domain.claims import CLAIM
from szunion.domain.disclosures import Disclosure, DisclosureKind
from szunion.domain.erasing import months_before
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork

NOTHING = Over(people=0, cases=0, log=0)


@pytest.fixture(params=ENGINES)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ClaimTown]:
    made = claim_town_on(office_on(request.param, tmp_path))
    yield made
    made.office.storage.close()


def withdrawn(town: ClaimTown, person: PersonId, count: int = 1) -> None:
    for number in range(count):
        claim = town.file(person, STAY, stay(town.today, 2 + number), f"ZY{number}")
        town.claims(member(person)).withdraw(claim.id)


def disclosed(town: ClaimTown, count: int = 1) -> None:
    """Show so many plain values today."""

    def write(work: UnitOfWork) -> None:
        scope = authorise(work, town.money.cards.town.c1, Operation.CONSENT_WRITE)
        for _ in range(count):
            shown = Disclosure(
                id=work.ids.new(0), kind=DisclosureKind.REVEAL, actor="wang", role=Role.GRASSROOTS,
                node=town.money.cards.town.unions[0].id, purpose=Purpose.SERVE,
                day=town.office.clock.today(), at=work.now, rows=1, person=PersonId(0), what="x",
                reason="r",
            )  # fmt: skip
            assert work.disclosures.add(scope, shown, 1_000)

    town.office.storage.run(write)


def desk(town: ClaimTown) -> Rights:
    return Rights(town.office, rights_officer())


def to(town: ClaimTown, day: date) -> None:
    clock_of(town.office).advance(days=(day - town.office.clock.today()).days)


def test_a_claim_that_ended_without_money_goes_three_years_later(town: ClaimTown) -> None:
    (person,) = town.people(1)
    town.decide(town.file(person, STAY, stay(town.today, 4), "PAID"))
    town.pay(STAY)
    withdrawn(town, person)
    ended = town.office.clock.today()
    to(town, ended.replace(year=ended.year + 3))
    assert desk(town).over() == NOTHING, "the last day of the term"
    clock_of(town.office).advance(days=1)
    assert desk(town).over().cases == 1
    assert len(town.claims_of(person)) == 2, "it was looked at, nothing was destroyed"
    assert desk(town).sweep().cases == 1
    (paid,) = town.claims_of(person)
    assert paid.obligation is not None, "what was paid is a voucher"
    assert desk(town).sweep().cases == 0


def test_every_end_without_money_is_one_whose_term_runs(town: ClaimTown) -> None:
    """The store's statement names the final states; a new one must come into it."""
    (person,) = town.people(1)
    claim = town.file(person, STAY, stay(town.today, 2), "ZY1")
    later = town.office.clock.now() + timedelta(days=1)

    def each(work: UnitOfWork) -> None:
        scope = authorise(work, town.money.cards.town.c1, Operation.CONSENT_WRITE)
        for state in CLAIM.states:
            now = work.claims.get(scope, claim.id)
            assert now is not None
            work.claims.put(scope, evolve(now, state=state))
            found = [id_ for id_, _ in work.claims.over(scope, later, 9)]
            assert (claim.id in found) is (state in CLAIM.final), state

    town.office.storage.run(each)


def test_what_was_shown_is_kept_for_the_log_s_months(town: ClaimTown) -> None:
    disclosed(town, 2)
    clock_of(town.office).advance(days=40)
    disclosed(town)
    to(town, date(2019, 5, 31))
    assert desk(town).over() == NOTHING, "of November 2017, kept to the end of the 18th month"
    to(town, date(2019, 6, 1))
    assert desk(town).over().log == 2
    assert desk(town).sweep().log == 2

    def left(work: UnitOfWork) -> tuple[int, ...]:
        scope = authorise(work, town.money.cards.town.c1, Operation.CONSENT_WRITE)
        kind, box = DisclosureKind.REVEAL, work.disclosures
        days = (date(2017, 11, 23), date(2018, 1, 2))
        return len(box.listed(scope, kind)), *(box.counted(scope, "wang", d, kind) for d in days)

    assert town.office.storage.read(left) == (1, 0, 1)


def test_the_engine_does_it_and_the_log_is_whole_and_says_so(town: ClaimTown) -> None:
    (person,) = town.people(1)
    withdrawn(town, person)
    disclosed(town)
    log = AuditLog(town.office, engine())
    log.seal_all()
    before = sum('"entry"' in line for line in log.lines())
    clock_of(town.office).advance(days=3 * 366)
    terms = Terms(town.office, engine())
    assert terms.keep()
    assert not terms.keep()
    log.seal_all()
    lines = list(log.lines())
    assert verify(lines, [log.key], signature_holds).sound
    added = [line for line in lines if '"entry"' in line][before:]
    assert sum("claim.term_over" in line for line in added) == 1
    assert sum("disclosure.term_over" in line for line in added) == 1
    assert not found_in_text("".join(lines))


def test_many_go_together(town: ClaimTown) -> None:
    """Twice as many are no more statements; what is above the most waits for the next turn."""
    (person,) = town.people(1)
    asked = []
    for count in (2, 4):
        withdrawn(town, person, count)
        disclosed(town, count)
        clock_of(town.office).advance(days=3 * 366)
        with counted() as each:
            assert desk(town).sweep() == Over(people=0, cases=count, log=count)
        asked.append(each)
    assert grown(*asked) == {}
    withdrawn(town, person, 3)
    clock_of(town.office).advance(days=3 * 366)
    assert [desk(town).sweep(most=2).cases for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize(
    ("day", "months", "first"),
    [
        (date(2019, 5, 31), 18, date(2017, 11, 1)),
        (date(2019, 6, 1), 18, date(2017, 12, 1)),
        (date(2020, 1, 31), 1, date(2019, 12, 1)),
        (date(2020, 12, 5), 12, date(2019, 12, 1)),
        (date(2020, 12, 5), 0, date(2020, 12, 1)),
    ],
)
def test_months_are_counted_from_the_first(day: date, months: int, first: date) -> None:
    assert months_before(day, months) == first
