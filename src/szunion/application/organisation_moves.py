"""Know how a union is found, and how each step of one is kept and written down (组织变动)."""

from __future__ import annotations

from attrs import evolve

from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.organisations import Organisation, OrganisationEvent, OrganisationState
from szunion.domain.values import OrganisationId
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork


def union_of(work: UnitOfWork, scope: Scope, organisation: OrganisationId) -> Organisation:
    """Return a union.

    Raises:
        NotFound: it is not there, or not within reach (E-ACCESS-002).
    """
    found = work.organisations.get(scope, organisation)
    if found is None:
        raise NotFound("E-ACCESS-002")
    return found


def keep_new(work: UnitOfWork, scope: Scope, union: Organisation) -> None:
    """Keep a union that is entered."""
    work.organisations.add(scope, union)
    work.audit.add(scope, entry_of(union, OrganisationEvent.REGISTER, None))


def keep_moved(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
    work: UnitOfWork,
    scope: Scope,
    old: Organisation,
    new: Organisation,
    event: OrganisationEvent,
    reason: str = "",
) -> Organisation:
    """Keep one step of a union."""
    work.organisations.put(scope, new)
    work.audit.add(scope, entry_of(new, event, old.state, reason))
    return evolve(new, version=new.version + 1)


def entry_of(
    union: Organisation,
    event: OrganisationEvent,
    before: OrganisationState | None,
    reason: str = "",
) -> AuditEntry:
    """Return what the log says of a step of a union."""
    return AuditEntry(
        action=f"organisation.{event.value}",
        subject=union.id,
        before=before.value if before else "",
        after=union.state.value,
        reason=reason,
    )
