"""Memberships, where they belong in two times, and how they move between unions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.cards_for_tests import NOON, first_city, member, yunhai

from szunion.domain.affiliations import (
    Affiliation,
    Rewritten,
    affiliation_on,
    close_affiliation,
    move_affiliation,
)
from szunion.domain.members import (
    MEMBERSHIP,
    REASONS,
    MembershipEvent,
    MembershipReason,
    MembershipState,
)
from szunion.domain.transfers import Transfer, TransferEvent, TransferState
from szunion.domain.values import (
    AffiliationId,
    MembershipId,
    OrganisationId,
    PersonId,
    TransferId,
)
from szunion.errors import Conflict

E = MembershipEvent
S = MembershipState
DAY = date(2026, 3, 1)


def test_an_approved_application_begins_and_an_ending_ends_it() -> None:
    """M02: one episode, from application to its end."""
    applied = member(S.APPLIED)
    begun = applied.after(E.APPROVE, DAY)
    assert (begun.state, begun.open) == (S.ACTIVE, True)
    left = begun.after(E.MOVE_OUT, date(2026, 9, 1), reason=MembershipReason.LEFT_CITY)
    assert (left.state, left.until, left.open) == (S.LEFT, date(2026, 9, 1), False)
    back = left.after(E.REINSTATE, date(2026, 9, 2))
    assert (back.state, back.until, back.since) == (S.ACTIVE, None, begun.since)


@pytest.mark.parametrize("event", REASONS)
def test_an_ending_needs_a_reason_that_goes_with_it(event: MembershipEvent) -> None:
    """M07: the bank is told why, so there is always a why."""
    source = S.ACTIVE
    for reason in (None, *MembershipReason):
        if reason in REASONS[event]:
            after = member(source).after(event, DAY, reason=reason)
            assert (after.state, after.reason) == (MEMBERSHIP.after(source, event), reason)
        else:
            with pytest.raises(Conflict, match="E-MEMBER-001"):
                member(source).after(event, DAY, reason=reason)


def test_who_retired_does_not_resume_and_who_served_does() -> None:
    with pytest.raises(Conflict, match="E-MEMBER-002"):
        member(S.RETAINED, MembershipReason.RETIRED).after(E.RESUME, DAY)
    served = member(S.RETAINED, MembershipReason.MILITARY_SERVICE).after(E.RESUME, DAY)
    assert (served.state, served.reason) == (S.ACTIVE, None)


def test_a_refusal_names_what_would_be_possible() -> None:
    with pytest.raises(Conflict) as refused:
        member(S.LEFT).after(E.QUIT, DAY, reason=MembershipReason.VOLUNTARY)
    assert refused.value.current is S.LEFT
    assert refused.value.allowed == (E.REINSTATE,)


def test_rights_follow_from_state_and_reason_by_the_citys_table() -> None:
    """M16: every member in good standing has the same rights."""
    policy = first_city().policy
    active = policy.rights_of(S.ACTIVE, None)
    assert (active.vote, active.dues, active.counted, active.benefits, active.card) == (True,) * 5
    retired = policy.rights_of(S.RETAINED, MembershipReason.RETIRED)
    assert (retired.vote, retired.dues, retired.counted, retired.card) == (
        False,
        False,
        False,
        True,
    )
    for state in (S.APPLIED, S.LEFT, S.REJECTED, S.WITHDRAWN, S.VOID):
        rights = policy.rights_of(state, None)
        assert (rights.vote, rights.benefits, rights.card) == (False,) * 3
    unemployed = yunhai().policy.rights_of(S.RETAINED, MembershipReason.UNEMPLOYED)
    assert not unemployed.benefits


# --- two times ----------------------------------------------------------------------------------


def first_row(since: date = DAY, at: datetime = NOON) -> Affiliation:
    return Affiliation(
        id=AffiliationId(1),
        membership=MembershipId(5),
        person=PersonId(7),
        organisation=OrganisationId(93),
        since=since,
        recorded=at,
    )


def rewritten(rows: list[Affiliation], change: Rewritten) -> list[Affiliation]:
    """Return the rows after a change, as a store keeps them."""
    retired = {each.id: each for each in change.retired}
    return [retired.get(each.id, each) for each in rows] + list(change.written)


def test_a_move_closes_the_old_and_opens_the_new_at_one_instant() -> None:
    on = date(2026, 6, 1)
    later = NOON + timedelta(days=9)
    ids = (AffiliationId(2), AffiliationId(3))
    rows = rewritten(
        [first_row()], move_affiliation([first_row()], OrganisationId(94), on, later, ids)
    )
    day = timedelta(days=1)
    before, after = affiliation_on(rows, on - day), affiliation_on(rows, on)
    assert before is not None
    assert after is not None
    assert (before.organisation, after.organisation) == (OrganisationId(93), OrganisationId(94))
    assert sum(each.open for each in rows) == 1
    as_known_before = affiliation_on(rows, on, known=NOON)
    assert as_known_before is not None
    assert as_known_before.organisation == OrganisationId(93)


def test_an_affiliation_cannot_end_before_it_began_or_twice() -> None:
    with pytest.raises(Conflict, match="E-MEMBER-004"):
        close_affiliation([first_row()], DAY - timedelta(days=1), NOON, AffiliationId(2))
    closed = rewritten([first_row()], close_affiliation([first_row()], DAY, NOON, AffiliationId(2)))
    with pytest.raises(Conflict, match="E-MEMBER-003"):
        close_affiliation(closed, DAY, NOON, AffiliationId(3))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(94, 99)), max_size=8))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_at_every_instant_there_is_exactly_one_affiliation_and_the_past_stays_as_known(
    moves: list[tuple[int, int]],
) -> None:
    rows, since, at = [first_row()], DAY, NOON
    answers: dict[tuple[date, datetime], OrganisationId] = {}
    for step, (days, target) in enumerate(moves, 1):
        since, at = since + timedelta(days=days), at + timedelta(hours=1)
        ids = (AffiliationId(2 * step), AffiliationId(2 * step + 1))
        rows = rewritten(rows, move_affiliation(rows, OrganisationId(target), since, at, ids))
        assert sum(row.open for row in rows) == 1
        for day in (DAY, since, since + timedelta(days=500)):
            found = [
                row
                for row in rows
                if row.superseded is None
                and row.since <= day
                and (row.until is None or day < row.until)
            ]
            assert len(found) == 1
            answers[day, at] = found[0].organisation
    for (day, known), organisation in answers.items():
        row = affiliation_on(rows, day, known)
        assert row is not None
        assert row.organisation == organisation


# --- transfers ------------------------------------------------------------------------------------


def transfer() -> Transfer:
    return Transfer(
        id=TransferId(1),
        membership=MembershipId(5),
        person=PersonId(7),
        source=OrganisationId(93),
        target=OrganisationId(94),
        requested=datetime(2026, 11, 1, tzinfo=UTC),
        answer_by=datetime(2026, 11, 16, tzinfo=UTC),
    )


def test_the_second_union_to_accept_is_told_that_it_is_over() -> None:
    """Race 10: the first accept wins."""
    accepted = transfer().after(TransferEvent.RELEASE).after(TransferEvent.ACCEPT)
    assert (accepted.state, accepted.open) == (TransferState.ACCEPTED, False)
    with pytest.raises(Conflict) as refused:
        accepted.after(TransferEvent.ACCEPT)
    assert refused.value.current is TransferState.ACCEPTED
    assert refused.value.allowed == ()


def test_a_transfer_whose_target_is_gone_goes_to_the_upper_union() -> None:
    """Race 30."""
    orphan = transfer().after(TransferEvent.RELEASE).after(TransferEvent.ORPHAN)
    assert orphan.state is TransferState.ESCALATED
    denied = orphan.after(TransferEvent.DENY, reason="target dissolved")
    assert (denied.state, denied.reason, denied.open) == (
        TransferState.DENIED,
        "target dissolved",
        False,
    )
