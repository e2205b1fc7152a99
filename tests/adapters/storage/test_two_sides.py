"""The store itself holds maker and checker apart, whatever the code above it believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve
from tests.offices import ENGINES, Town, office_on, officer, town_on

from szunion.application.access import authorise
from szunion.domain.access import Operation, Role, Scope
from szunion.domain.card_files import CustodyList, ListState
from szunion.domain.custody import CustodyEvent
from szunion.domain.officers import Delegation
from szunion.domain.payouts import PayoutBatch, PayoutState
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import Fen, PayoutBatchId, RequestKey
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork

Checked = Callable[[Town, UnitOfWork, Scope, str], None]
"""Keep what ``wang`` made, and let a login check it, past every use case."""


@pytest.fixture(params=ENGINES)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """A town in which ``li`` acts for ``wang`` for a week, as ``sun`` did until today."""
    office = office_on(request.param, tmp_path)
    made = town_on(office)

    def delegate(work: UnitOfWork) -> None:
        for delegate, since, until in (
            ("li", work.now, work.now + timedelta(days=7)),
            ("sun", work.now - timedelta(days=7), work.now),
        ):
            given = Delegation(
                id=work.ids.new(0), delegate=delegate, delegator="wang", since=since, until=until,
                operations=frozenset({Operation.PAY_WRITE}), made=since,
            )  # fmt: skip
            work.officers.delegate(_city(work), given)

    office.storage.run(delegate)
    yield made
    office.storage.close()


def _city(work: UnitOfWork) -> Scope:
    return authorise(work, officer("city-1", Role.CITY), Operation.MEMBERSHIP_WRITE)


def payout(_town: Town, work: UnitOfWork, scope: Scope, by: str) -> None:
    made = PayoutBatch(
        id=PayoutBatchId(work.ids.new(0)), key=RequestKey("A" * 26), item="x", year=2017, orders=1,
        total=Fen(100), made=work.now, made_by="wang",
    )  # fmt: skip
    work.payouts.add(scope, made)
    work.payouts.put(scope, evolve(made, state=PayoutState.APPROVED, approved_by=by))


def custody(town: Town, work: UnitOfWork, scope: Scope, by: str) -> None:
    made = CustodyList(
        id=work.ids.new(0), organisation=town.unions[0].id, event=CustodyEvent.HAND_OUT, pieces=(),
        made_by="wang", made=work.now,
    )  # fmt: skip
    work.custody_lists.add(scope, made)
    signed = evolve(made, state=ListState.SIGNED, signed_by=by, signed=work.now)
    work.custody_lists.put(scope, signed)


def proposal(_town: Town, work: UnitOfWork, scope: Scope, by: str) -> None:
    made = Proposal(
        id=work.ids.new(0), operation="x.y", subject=1, terms={}, maker="wang", made=work.now
    )
    work.proposals.add(scope, made)
    work.proposals.put(scope, made.decided(ProposalState.CONFIRMED, by, work.now))


KEPT: dict[str, Checked] = {"payout": payout, "custody_list": custody, "proposal": proposal}


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("by", ["wang", "li"])
def test_whoever_made_it_or_acts_for_that_one_checks_nothing(
    town: Town, table: str, by: str
) -> None:
    with pytest.raises(Conflict, match="E-STORE-004") as refused:
        town.office.storage.run(lambda work: KEPT[table](town, work, _city(work), by))
    assert table in str(refused.value.context["constraint"])


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("by", ["zhao", "sun"])
def test_another_side_checks_it_also_who_acted_for_the_maker_before(
    town: Town, table: str, by: str
) -> None:
    """Else the test above would pass in a store that refuses everybody."""
    town.office.storage.run(lambda work: KEPT[table](town, work, _city(work), by))


@pytest.mark.parametrize("table", KEPT)
def test_who_acts_for_the_maker_later_on_is_of_that_side_too(town: Town, table: str) -> None:
    """A delegation that begins between making and checking counts: it ends after the making."""

    def later(work: UnitOfWork) -> None:
        given = Delegation(
            id=work.ids.new(0), delegate="zhao", delegator="wang", since=work.now,
            until=work.now + timedelta(days=1), operations=frozenset({Operation.PAY_WRITE}),
            made=work.now,
        )  # fmt: skip
        work.officers.delegate(_city(work), given)
        KEPT[table](town, work, _city(work), "zhao")

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(later)
