"""Know what goes with each step of a membership: affiliation, cards, log, message, one commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from attrs import evolve

from szunion.application import consequences
from szunion.application.binding_moves import close_bindings
from szunion.domain.access import Principal, Role, Scope
from szunion.domain.affiliations import Affiliation, close_affiliation
from szunion.domain.audit import AuditEntry
from szunion.domain.members import Membership, MembershipEvent, MembershipState
from szunion.domain.organisations import OrganisationKind, check_active
from szunion.domain.transfers import TransferEvent
from szunion.domain.values import AffiliationId, OrganisationId, PersonId, shard_of
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

_E = MembershipEvent


def check_takes_members(
    work: UnitOfWork, scope: Scope, organisation: OrganisationId, *, anywhere: bool = False
) -> None:
    """Check that workers can join a union now.

    Raises:
        NotFound: it is not there, or not within reach (E-ACCESS-002).
        Conflict: it is not active (E-ORG-001), or takes no members (E-MEMBER-005).
    """
    standing = work.organisations.standing(organisation)
    if standing is None or not (anywhere or scope.covers(standing.path)):
        raise NotFound("E-ACCESS-002")
    check_active(standing.state)
    kind = standing.kind
    if not (kind.takes_members or kind is OrganisationKind.POOL):
        raise Conflict(
            "E-MEMBER-005", current=kind, allowed=(), kind=kind.label, kind_en=kind.label_en
        )


def in_charge(work: UnitOfWork, by: Principal, scope: Scope, organisation: OrganisationId) -> bool:
    """Return whether *by* acts for a union: an officer of it, or above a pool or a stopped one."""
    if organisation == by.organisation:
        return True
    standing = work.organisations.standing(organisation)
    return (
        standing is not None
        and by.role in {Role.UPPER, Role.CITY}
        and scope.covers(standing.path)
        and standing.kind is OrganisationKind.POOL
    )


def keep_step(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
    work: UnitOfWork,
    scope: Scope,
    row: Membership,
    moved: Membership,
    event: MembershipEvent,
    day: date,
    note: str = "",
) -> Membership:
    """Keep one step of a membership with all that goes with it in the same commit."""
    work.members.put(scope, moved, day)
    now = evolve(moved, version=moved.version + 1)
    log_membership(work, scope, now, event, row.state, note)
    if row.state is MembershipState.APPLIED and now.state is MembershipState.ACTIVE:
        open_affiliation(work, scope, now, day)
        consequences.membership_began(work, scope, now)
    elif row.since is not None and not now.open:
        shard = shard_of(row.person)
        rows = work.members.affiliations_anywhere(scope, row.person)
        closing = close_affiliation(rows, day, work.now, AffiliationId(work.ids.new(shard)))
        work.members.rewrite(scope, closing)
        _stop_transfer(work, scope, row.person)
        if event is _E.DEATH:
            close_bindings(work, scope, row.person)
        consequences.membership_ended(work, scope, now)
    elif row.since is not None:
        consequences.membership_changed(work, scope, now)
    return now


def open_affiliation(work: UnitOfWork, scope: Scope, row: Membership, since: date) -> None:
    """Open where an episode belongs: the union in charge of it."""
    work.members.add_affiliation(
        scope,
        Affiliation(
            id=AffiliationId(work.ids.new(shard_of(row.person))),
            membership=row.id,
            person=row.person,
            organisation=row.organisation,
            since=since,
            recorded=work.now,
        ),
    )


def _stop_transfer(work: UnitOfWork, scope: Scope, person: PersonId) -> None:
    """Take back the transfer of somebody who is no member any more."""
    transfer = work.transfers.open_of(scope, person)
    if transfer is None:
        return
    work.transfers.put(scope, transfer.after(TransferEvent.WITHDRAW))
    entry = AuditEntry(
        action="transfer.withdraw",
        subject=transfer.id,
        person=person,
        before=transfer.state.value,
        after="WITHDRAWN",
    )
    work.audit.add(scope, entry)


_TOLD: Mapping[MembershipEvent, str] = {
    _E.APPROVE: "membership.approved",
    _E.REJECT: "membership.rejected",
    _E.TRANSFER_IN: "membership.approved",
    _E.RETAIN: "membership.retained",
    _E.RESUME: "membership.resumed",
    _E.QUIT: "membership.ended",
    _E.LAPSE: "membership.ended",
    _E.EXPEL: "membership.ended",
    _E.MOVE_OUT: "membership.ended",
    _E.REINSTATE: "membership.reinstated",
}


def log_membership(  # noqa: PLR0913, PLR0917 - the columns of the log
    work: UnitOfWork,
    scope: Scope,
    row: Membership,
    event: MembershipEvent,
    before: MembershipState | None,
    note: str = "",
) -> None:
    """Write the audit entry of a step, and the message to the person."""
    codes = [row.reason.value] if row.reason else []
    entry = AuditEntry(
        action=f"membership.{event.value}",
        subject=row.id,
        person=row.person,
        before=before.value if before else "",
        after=row.state.value,
        reason=" ".join([*codes, *([note] if note else [])]),
    )
    work.audit.add(scope, entry)
    template = _TOLD.get(event)
    if template is not None:
        why = row.reason.text if row.reason else Text("", "")
        words = {"reason": why.zh, "reason_en": why.en}
        work.messages.add(scope, row.person, template, words)
