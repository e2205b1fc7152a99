"""The closed loop, from a roster to a used card and back, in the first city and in an invented one.

Nothing here knows which city it is in: what differs comes from the city's two files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen
from tests.domain.cards_for_tests import first_city, yunhai

from szunion import UnionSystem
from szunion.adapters.keys.checks import signature_holds
from szunion.application.batches import Drafted
from szunion.application.grants import Granted, Proposed
from szunion.application.organisations import NewUnion
from szunion.application.system import Desk
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.audit_export import verify
from szunion.domain.batches import BatchState
from szunion.domain.cities import City
from szunion.domain.organisations import Organisation, OrganisationKind
from szunion.domain.values import Fen, PersonId
from szunion.errors import Conflict, NotAllowed, NotFound, SzunionError
from szunion.testing import SimClock, SimulatedBank
from szunion.testing.rosters import synthetic_roster
from szunion.text import Language

_K = OrganisationKind
ROWS = 60


@frozen(kw_only=True)
class Loop:
    """A city's system, who works in it, and the money it pays."""

    system: UnionSystem
    bank: SimulatedBank
    clock: SimClock
    union: Organisation
    aid: str
    """An item of this city's catalogue that is paid as money."""
    fen: int

    def desk(self, name: str, role: Role, purpose: Purpose) -> Desk:
        own = self.union.id if role is Role.GRASSROOTS else None
        return self.system.desk(Principal(id=name, role=role, purpose=purpose, organisation=own))

    @property
    def officer(self) -> Desk:
        return self.desk("officer", Role.GRASSROOTS, Purpose.ENROL)

    @property
    def city(self) -> Desk:
        return self.desk("city", Role.CITY, Purpose.ENROL)

    def finance(self, name: str) -> Desk:
        return self.desk(name, Role.FINANCE, Purpose.PAY)

    def member(self, person: PersonId) -> Desk:
        return self.system.desk(
            Principal(id=f"m{person}", role=Role.MEMBER, purpose=Purpose.SERVE, person=person)
        )

    def days(self, days: int) -> None:
        self.clock.advance(days=days)
        self.system.run_until_idle()

    def with_cards(self, folder: Path) -> list[PersonId]:
        """Take the way from a roster to active cards; return who went it."""
        file = folder / "roster.csv"
        file.write_bytes(synthetic_roster(7, ROWS).as_csv())
        result = self.officer.roster.import_file(str(file), paper="同意书1")
        assert len(result.accepted) + len(result.rejected) == ROWS
        drafted: Drafted = self.officer.batches.draft(result.accepted)
        (batch,) = drafted.batches
        self.officer.batches.check(batch.id)
        self.officer.batches.submit(batch.id)
        done = self.city.batches.approve(batch.id)
        assert done.key is not None
        self.days(1)
        self.bank.simulate.produce(done.key)
        self.days(1)
        self.bank.simulate.face_sign(done.key)
        self.days(1)
        members = [
            person for person in result.accepted
            if (use := self.officer.cards.current(person)) is not None and use.usable
        ]  # fmt: skip
        assert len(members) > ROWS // 2
        return members


def opened(city: City, folder: Path, aid: str, fen: int) -> Loop:
    clock = SimClock("2026-03-02")
    bank = SimulatedBank(seed=7, clock=clock)
    system = UnionSystem.open(f"sqlite:///{folder / 'union.db'}", city=city, bank=bank, clock=clock)
    founder = system.desk(Principal(id="founder", role=Role.CITY, purpose=Purpose.OPERATE))
    root = founder.organisations.found_city(code=city.policy.code, name=city.policy.federation.zh)
    made = founder.organisations.register_many(
        [
            NewUnion(code="D1", name="一区总工会", kind=_K.DISTRICT, parent_code=root.code),
            NewUnion(code="G1", name="一厂工会", kind=_K.GRASSROOTS, parent_code="D1"),
        ],
        document="文 1",
    )
    return Loop(system=system, bank=bank, clock=clock, union=made[-1], aid=aid, fen=fen)


@pytest.fixture(params=["first", "invented"])
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loop]:
    made = (
        opened(first_city(), tmp_path, "ha-spring-festival", 300_000)
        if request.param == "first"
        else opened(yunhai(), tmp_path, "storm-aid", 12_345)
    )
    with made.system:
        yield made


def granted(loop: Loop, person: PersonId) -> None:
    subject = "" if loop.aid == "storm-aid" else f"HK{person}"
    asked = loop.officer.for_purpose(Purpose.SERVE).grants.propose(
        person, loop.aid, subject=subject
    )
    assert isinstance(asked, Proposed), asked
    assert asked.fen == Fen(loop.fen)
    assert isinstance(
        loop.city.for_purpose(Purpose.SERVE).grants.decide(asked.proposal.id), Granted
    )


def test_m13_m32_the_whole_loop_closes_in_any_city(loop: Loop, tmp_path: Path) -> None:
    """M13, M32: roster, cards, aid to the fen, an ending told to the bank, no difference left."""
    first, second, *_ = loop.with_cards(tmp_path)
    granted(loop, first)
    loop.finance("maker").treasury.set_budget(loop.aid, 2026, Fen(1_000_000))
    payout = loop.finance("maker").treasury.draft(loop.aid, 2026).payout
    assert payout is not None
    assert payout.total == Fen(loop.fen)
    loop.finance("checker").treasury.approve(payout.id, total=payout.total)
    loop.days(1)
    for key in loop.bank.truth.orders:
        loop.bank.simulate.settle(key)
    loop.days(1)
    (paid,) = loop.city.for_purpose(Purpose.SERVE).grants.of_person(first)
    assert paid.settled == Fen(loop.fen)

    loop.officer.memberships.quit(second, document="1")
    card = loop.officer.cards.of_person(second)[-1]
    assert not loop.city.cards.use(card.id).usable
    loop.days(1)
    (told,) = loop.city.cards.instructions(card.id)
    assert told.state.value == "ACKED", told

    batches = loop.city.batches.listed()
    assert {each.state for each in batches} == {BatchState.RECONCILED}
    operate = loop.desk("city", Role.CITY, Purpose.OPERATE)
    assert list(operate.reconciliation.open()) == []
    whole = loop.finance("maker").treasury.books().whole
    assert whole.debit == whole.credit
    log = loop.desk("auditor", Role.CITY, Purpose.AUDIT).audit
    assert verify(log.export(), [log.key], signature_holds).sound
    labels = [event.label for event in loop.officer.timeline(first)]
    assert len(labels) > 8
    assert all(event.text.say(Language.EN) for event in loop.officer.timeline(first))


def test_m11_members_unions_and_organs_each_work_on_their_own_platform(
    loop: Loop, tmp_path: Path
) -> None:
    """M11: what one of the three may do, the others may not; their pages come with an own issue."""
    person, other, *_ = loop.with_cards(tmp_path)
    member, officer, city = loop.member(person), loop.officer, loop.city

    # The member's platform: the own card, the own pack, and nobody else's.
    use = member.cards.current(person)
    assert use is not None
    assert use.usable
    assert member.cards.pack(person)
    assert list(member.cards.of_person(other)) == []
    # The grassroots union's: rosters and applications, and never the approval of its own.
    ((batch, *_),) = [officer.batches.listed()]
    refused: list[Callable[[], object]] = [
        lambda: member.roster.import_file(str(tmp_path / "roster.csv"), loop.union.id),
        lambda: member.batches.draft([person]),
        lambda: member.organisations.found_city(code="X", name="x"),
        lambda: officer.batches.approve(batch.id),
        lambda: officer.treasury.set_budget(loop.aid, 2026, Fen(1)),
        lambda: city.treasury.set_budget(loop.aid, 2026, Fen(1)),
    ]
    for act in refused:
        with pytest.raises((NotAllowed, NotFound)):
            act()
    # The organs': unions, approvals, numbers of the whole city.
    assert [union.code for _, union in city.organisations.tree()][1:] == ["D1", "G1"]
    assert city.members.counts()


def test_m15_an_item_is_a_project_with_money_people_and_a_decision(
    loop: Loop, tmp_path: Path
) -> None:
    """M15: no money without a budget, no grant without a second person, every step in the books."""
    person, *_ = loop.with_cards(tmp_path)
    asked = loop.officer.for_purpose(Purpose.SERVE).grants.propose(
        person, loop.aid, subject="" if loop.aid == "storm-aid" else "HK1"
    )
    assert isinstance(asked, Proposed)
    with pytest.raises(SzunionError):
        loop.officer.for_purpose(Purpose.SERVE).grants.decide(asked.proposal.id)
    assert isinstance(
        loop.city.for_purpose(Purpose.SERVE).grants.decide(asked.proposal.id), Granted
    )
    maker, checker = loop.finance("maker").treasury, loop.finance("checker").treasury
    maker.set_budget(loop.aid, 2026, Fen(loop.fen - 1))
    payout = maker.draft(loop.aid, 2026).payout
    assert payout is not None
    with pytest.raises(NotAllowed):
        maker.approve(payout.id, total=payout.total)
    with pytest.raises(Conflict, match="E-PAY-006"):
        checker.approve(payout.id, total=payout.total)
    maker.set_budget(loop.aid, 2026, Fen(loop.fen))
    checker.approve(payout.id, total=payout.total)
