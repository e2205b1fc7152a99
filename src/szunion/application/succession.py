"""Know how a union ends: who takes over its members, its unions below, its open transfers."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from szunion.application import consequences
from szunion.application.office import Office
from szunion.application.organisation_moves import keep_moved, keep_new
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.members import Membership
from szunion.domain.organisations import (
    Levels,
    Organisation,
    OrganisationEvent,
    OrganisationKind,
    OrganisationReason,
    register,
    reparent,
)
from szunion.domain.succession import Belonging, heirs_of_dissolution, heirs_of_merger
from szunion.domain.transfers import TRANSFER, TransferEvent
from szunion.domain.values import OrganisationId
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork


def end_union(  # noqa: PLR0913 - what the two ways of ending need
    work: UnitOfWork,
    scope: Scope,
    office: Office,
    union: Organisation,
    *,
    into: Organisation | None = None,
    reason: OrganisationReason | None = None,
    note: str,
) -> Organisation:
    """End *union* by merging it into another, or by dissolving it; leave nothing behind.

    In this commit every member belongs to the target or to the upper union's pool (待转会员库),
    unions below hang under the target or the upper union, and what else hung on it goes to its
    heirs. Transfers from or to it go to the upper union for a decision; the posts of its officers
    end.
    """
    above = _above(work, scope, union)
    event = OrganisationEvent.MERGE if into else OrganisationEvent.DISSOLVE
    levels, today = office.policy.organisation.levels, office.clock.today()
    if into is None:
        heirs = heirs_of_dissolution(above.id, pool_of(work, scope, office, above).id)
    else:
        heirs = heirs_of_merger(into.id)
    _hang_below(work, scope, union, heirs[Belonging.BELOW], levels, office)
    moved = work.members.move_all(scope, union.id, heirs[Belonging.MEMBERS], today)
    _tell_moved(work, scope, union, moved)
    _escalate(work, scope, union, into)
    consequences.union_ended(work, scope, union.id, heirs)
    work.officers.end_of(scope, union.id, work.now, event.value)
    ended = union.after(event, reason=reason)
    if into is not None:
        ended = evolve(ended, successor=into.id)
    return keep_moved(work, scope, union, ended, event, reason.value if reason else note)


def _above(work: UnitOfWork, scope: Scope, union: Organisation) -> Organisation:
    above = None if union.parent is None else work.organisations.get(scope, union.parent)
    if above is None:
        raise Conflict("E-ORG-006", current=union.state, allowed=())
    return above


def _hang_below(  # noqa: PLR0913, PLR0917 - who, where, by which rules
    work: UnitOfWork,
    scope: Scope,
    union: Organisation,
    heir: OrganisationId,
    levels: Levels,
    office: Office,
) -> None:
    for child in work.organisations.children(scope, union.id):
        above, standing = work.organisations.get(scope, heir), work.organisations.standing(heir)
        if above is None or standing is None:
            raise Conflict("E-ORG-006", current=union.state, allowed=())
        moved = reparent(child, above, standing.path, office.clock.today(), levels)
        reason = f"{union.code} → {above.code}"
        keep_moved(work, scope, child, moved, OrganisationEvent.REPARENT, reason)


def pool_of(work: UnitOfWork, scope: Scope, office: Office, above: Organisation) -> Organisation:
    """Return the pool of members waiting for a union at or above *above*; make it if need be."""
    levels = office.policy.organisation.levels
    union: Organisation | None = above
    while union is not None:
        below = work.organisations.children(scope, union.id)
        for child in below:
            if child.kind is OrganisationKind.POOL:
                return child
        if union.kind in levels.get(OrganisationKind.POOL, frozenset()):
            pool = register(
                OrganisationId(work.ids.new()),
                code=f"{union.code}-POOL",
                name=f"{union.name}{OrganisationKind.POOL.label}",
                kind=OrganisationKind.POOL,
                parent=union,
                since=office.clock.today(),
                levels=levels,
            ).after(OrganisationEvent.APPROVE)
            keep_new(work, scope, pool)
            return pool
        union = None if union.parent is None else work.organisations.get(scope, union.parent)
    raise Conflict("E-ORG-006", current=above.state, allowed=())


def _tell_moved(
    work: UnitOfWork, scope: Scope, union: Organisation, moved: Sequence[Membership]
) -> None:
    work.audit.add_many(
        scope,
        (
            AuditEntry(
                action="membership.follow_union",
                subject=each.id,
                person=each.person,
                before=union.code,
                after=str(each.organisation),
            )
            for each in moved
        ),
    )
    for each in moved:
        work.messages.add(scope, each.person, "membership.follow_union", {"union": union.name})


def _escalate(
    work: UnitOfWork, scope: Scope, union: Organisation, into: Organisation | None
) -> None:
    """Send transfers from or to *union* to the upper union; a merged one is named by its heir."""
    for transfer in work.transfers.open_touching(scope, union.id):
        changed = transfer
        if TransferEvent.ORPHAN in TRANSFER.allowed(transfer.state):
            changed = transfer.after(TransferEvent.ORPHAN)
        if into is not None and transfer.source == union.id:
            changed = evolve(changed, source=into.id)
        if into is not None and transfer.target == union.id:
            changed = evolve(changed, target=into.id)
        work.transfers.put(scope, changed)
        entry = AuditEntry(
            action="transfer.orphan",
            subject=transfer.id,
            person=transfer.person,
            before=transfer.state.value,
            after=changed.state.value,
        )
        work.audit.add(scope, entry)
