"""Know how a cover is kept, begins and ends, and how one comes with the activation pack (参保)."""

from __future__ import annotations

from attrs import evolve

from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.enrolments import Enrolment, EnrolmentEvent, EnrolmentState, accepted
from szunion.domain.packs import Entitlement
from szunion.domain.values import EnrolmentId, shard_of
from szunion.ports.storage import UnitOfWork

_E = EnrolmentEvent


def keep_cover(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
    work: UnitOfWork,
    scope: Scope,
    old: Enrolment,
    new: Enrolment,
    event: EnrolmentEvent,
    reason: str = "",
) -> Enrolment:
    """Keep one step of a cover, and what is written of it."""
    work.enrolments.put(scope, new)
    work.audit.add(scope, entry_of(old.state, new, event, reason))
    return evolve(new, version=new.version + 1)


def entry_of(
    before: EnrolmentState | None, new: Enrolment, event: EnrolmentEvent, reason: str = ""
) -> AuditEntry:
    """Return the audit entry of a step."""
    return AuditEntry(
        action=f"enrolment.{event.value}",
        subject=new.id,
        person=new.person,
        before=before.value if before else "",
        after=new.state.value,
        reason=reason or new.plan,
    )


def follow_dates(office: Office, work: UnitOfWork, scope: Scope, row: Enrolment) -> Enrolment:
    """Take every step that the dates ask for by today: waiting, cover, end."""
    today = office.clock.today()
    while (event := row.due(today)) is not None:
        row = keep_cover(work, scope, row, row.after(event), event)
        if event is _E.EXPIRE:
            plan = office.catalogue.plan(row.plan)
            words = {"plan": row.plan, "plan_en": row.plan}
            if plan is not None:
                words = {"plan": plan.name.zh, "plan_en": plan.name.en}
            work.messages.add(scope, row.person, "cover.ended", words)
    return row


def cover_of_pack(office: Office, work: UnitOfWork, scope: Scope, given: Entitlement) -> None:
    """Let the cover begin that comes with the pack; what is no plan, or is there, does nothing."""
    plan = office.catalogue.plan(given.item)
    if plan is None:
        return
    asked = Enrolment(
        id=EnrolmentId(work.ids.new(shard_of(given.person))),
        key=given.key,
        person=given.person,
        plan=given.item,
        asked=work.now,
        asked_by=scope.principal.id,
    ).after(_E.SUBMIT)
    if not plan.terms.months and given.until is None:
        return  # no length is published: nothing that could be claimed under
    row = accepted(
        asked, plan, _E.ACCEPT_AUTO, since=given.since, until=given.until,
        catalogue=office.catalogue.version, by=scope.principal.id,
    )  # fmt: skip
    steps = [entry_of(EnrolmentState.SUBMITTED, row, _E.ACCEPT_AUTO)]
    today = office.clock.today()
    while (event := row.due(today)) not in {None, _E.EXPIRE}:
        assert event is not None
        began = row.after(event)
        steps.append(entry_of(row.state, began, event))
        row = began
    if work.enrolments.add(scope, row):
        work.audit.add_many(scope, steps)
