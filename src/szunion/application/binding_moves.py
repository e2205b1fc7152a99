"""Know how a binding is kept, what real-name level follows from it, and what ends it (绑定变动)."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from szunion.application.bank_words import signed_versions
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bindings import (
    Binding,
    BindingEvent,
    BindingState,
    Evidence,
    RealNameLevel,
    real_name_level,
)
from szunion.domain.people import Person
from szunion.domain.rows import RowState
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork

_NOT_CHECKED: Final = frozenset(
    {
        RowState.NEW,
        RowState.INVALID,
        RowState.VALID,
        RowState.QUEUED,
        RowState.SENT,
        RowState.UNKNOWN,
        RowState.BANK_REJECTED,
        RowState.EXCLUDED,
    }
)


def evidence_of(work: UnitOfWork, scope: Scope, person: Person) -> Evidence:
    """Return what a real-name level can rest on: what the bank said of which identity version."""
    rows = work.rows.of_person(scope, person.id)
    checked = {row.identity_version for row in rows if row.state not in _NOT_CHECKED}
    signed = {row.identity_version for row in rows if row.state is RowState.ACTIVATED}
    signed |= signed_versions(work.face_signs.of_person(scope, person.id))
    return Evidence(
        present_version=person.present.number,
        verified_versions=frozenset(checked - {0}),
        face_signed_versions=frozenset(signed - {0}),
    )


def level_of(work: UnitOfWork, scope: Scope, person: Person) -> RealNameLevel:
    """Return the real-name level that stands for a person's present identity version."""
    present = person.present.number
    bound = next(
        (
            row
            for row in work.bindings.of_person(scope, person.id)
            if row.state is BindingState.BOUND and row.identity_version == present
        ),
        None,
    )
    return real_name_level(evidence_of(work, scope, person), bound)


def keep_binding(work: UnitOfWork, scope: Scope, row: Binding, event: BindingEvent) -> Binding:
    """Keep one step of a binding, and write it into the log."""
    return keep_binding_as(work, scope, row, row.after(event), event)


def keep_binding_as(
    work: UnitOfWork, scope: Scope, row: Binding, moved: Binding, event: BindingEvent
) -> Binding:
    """Keep a step of a binding that changes more than its state."""
    work.bindings.put(scope, moved)
    entry = AuditEntry(
        action=f"binding.{event.value}",
        subject=row.id,
        person=moved.person or row.person or PersonId(0),
        before=row.state.value,
        after=moved.state.value,
        reason=row.portal.value,
    )
    work.audit.add(scope, entry)
    return evolve(moved, version=moved.version + 1)


def close_bindings(work: UnitOfWork, scope: Scope, person: PersonId) -> None:
    """End every binding of somebody who died, was merged or erased."""
    for row in work.bindings.of_person(scope, person):
        if row.state is not BindingState.UNBOUND:
            keep_binding(work, scope, row, BindingEvent.CLOSE)


def recheck_bindings(work: UnitOfWork, scope: Scope, person: PersonId) -> None:
    """Ask for a new proof after the identity changed: the old one was of another version."""
    for row in work.bindings.of_person(scope, person):
        if row.state is BindingState.BOUND:
            keep_binding(work, scope, row, BindingEvent.RECHECK)
