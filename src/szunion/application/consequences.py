"""Know what else must happen in the commit in which a membership or a union changes.

The registry calls these; each slice that keeps something of a member or of a union (cards, rows,
custody, bookings, tickets) follows here, so that nothing is left behind and nothing comes later.
"""

from __future__ import annotations

from collections.abc import Mapping

from szunion.application import card_consequences, death
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.members import Membership, MembershipReason
from szunion.domain.succession import Belonging
from szunion.domain.values import OrganisationId, PersonId
from szunion.ports.storage import UnitOfWork


def membership_began(work: UnitOfWork, scope: Scope, membership: Membership) -> None:
    """Follow an episode that became active: approved, come in, or reinstated."""
    card_consequences.use_comes_back(work, scope, membership)
    death.stop_heirs_payments(work, scope, membership.person)


def membership_changed(work: UnitOfWork, scope: Scope, membership: Membership) -> None:
    """Follow an episode that was retained or resumed; whether the card works, the policy says."""
    card_consequences.use_comes_back(work, scope, membership)


def membership_ended(work: UnitOfWork, scope: Scope, membership: Membership) -> None:
    """Follow an episode that ended; its reason says how (left the city, own wish, death …)."""
    card_consequences.use_ends(work, scope, membership)
    if membership.reason is MembershipReason.DECEASED:
        death.stop_payments(work, scope, membership.person)


def persons_merged(work: UnitOfWork, scope: Scope, loser: PersonId, survivor: PersonId) -> None:
    """Follow two files that turned out to be one person."""
    card_consequences.merge_cards(work, scope, loser, survivor)


def union_ended(
    work: UnitOfWork,
    scope: Scope,
    union: OrganisationId,
    heirs: Mapping[Belonging, OrganisationId],
) -> None:
    """Hand over what hung on a union that merged or was dissolved, each thing to its heir."""
    card_consequences.hand_over(work, scope, union, heirs)
    _give_joinings(work, scope, union, heirs[Belonging.JOININGS])
    heir = heirs[Belonging.TICKETS]
    moved = work.referrals.move_open(scope, union, heir)
    work.audit.add_many(
        scope,
        [
            AuditEntry(
                action="referral.hand_over", subject=id_, person=who, before=str(union),
                after=str(heir),
            )
            for id_, who in moved
        ],
    )  # fmt: skip


def _give_joinings(
    work: UnitOfWork, scope: Scope, union: OrganisationId, heir: OrganisationId
) -> None:
    moved = work.joinings.move_open(scope, union, heir)
    entries = [
        AuditEntry(action="joining.hand_over", subject=id_, before=str(union), after=str(heir))
        for id_ in moved
    ]
    work.audit.add_many(scope, entries)
