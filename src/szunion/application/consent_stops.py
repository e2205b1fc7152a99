"""Know what stops when a consent is gone: applications, claims, covers that rest on it (撤回)."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from szunion.application.card_consequences import withdraw as withdraw_rows
from szunion.application.claim_moves import keep_claim
from szunion.application.consent_gate import plan_needs
from szunion.application.cover_moves import keep_cover
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.claims import CLAIM, ClaimEvent
from szunion.domain.consent import ConsentPurpose
from szunion.domain.enrolments import ENROLMENT, EnrolmentEvent, EnrolmentState
from szunion.domain.outbox import DispatchState
from szunion.domain.rows import ROW, RowEvent
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork


def stop_what_rests_on(
    office: Office, work: UnitOfWork, scope: Scope, person: PersonId, purpose: ConsentPurpose
) -> tuple[Mapping[str, int], int]:
    """Stop what rests on a consent that is gone; return what stopped, and what is there already."""
    match purpose:
        case ConsentPurpose.BANK:
            return _stop_at_bank(work, scope, person)
        case ConsentPurpose.MEDICAL | ConsentPurpose.CHILD:
            return _stop_claims(office, work, scope, person, purpose), 0
        case ConsentPurpose.INSURER:
            return _stop_covers(office, work, scope, person)
        case ConsentPurpose.MERCHANT | ConsentPurpose.PUBLICITY:
            return {}, 0


def _stop_at_bank(
    work: UnitOfWork, scope: Scope, person: PersonId
) -> tuple[Mapping[str, int], int]:
    rows = work.rows.of_person(scope, person)
    withdraw_rows(work, scope, rows)
    now = {row.id: row for row in work.rows.of_person(scope, person)}
    gone = sum(1 for row in rows if now[row.id].state is not row.state)
    there = sum(
        1
        for row in now.values()
        if row.open and ROW.transition(row.state, RowEvent.MEMBER_GONE) is None
    )
    numbers = 0
    for each in work.reservations.of_person(scope, person):
        dispatch = work.outbox.by_key(scope, each.key) if each.open else None
        if dispatch is None:
            continue
        if dispatch.state is DispatchState.QUEUED and dispatch.sent is None:
            work.outbox.put(scope, dispatch.ended(DispatchState.CANCELLED, "WITHDRAWN"))
            work.reservations.put(scope, evolve(each, refused="WITHDRAWN"))
            numbers += 1
        else:
            there += 1
    cards = [kept for kept in work.cards.of_person(scope, person) if kept.card.current]
    return {"applications": gone, "numbers": numbers}, there + len(cards)


def _stop_claims(
    office: Office, work: UnitOfWork, scope: Scope, person: PersonId, purpose: ConsentPurpose
) -> Mapping[str, int]:
    stopped = 0
    for claim in work.claims.of_person(scope, person):
        plan = office.catalogue.plan(claim.plan)
        needs = plan is not None and purpose in plan_needs(plan)
        if needs and CLAIM.transition(claim.state, ClaimEvent.WITHDRAW) is not None:
            after = claim.after(ClaimEvent.WITHDRAW, work.now)
            keep_claim(work, scope, claim, after, ClaimEvent.WITHDRAW, "CONSENT_WITHDRAWN")
            stopped += 1
    return {"claims": stopped}


def _stop_covers(
    office: Office, work: UnitOfWork, scope: Scope, person: PersonId
) -> tuple[Mapping[str, int], int]:
    stopped = there = 0
    for cover in work.enrolments.of_person(scope, person):
        plan = office.catalogue.plan(cover.plan)
        if plan is None or plan.terms.insurer is None:
            continue
        if ENROLMENT.transition(cover.state, EnrolmentEvent.CANCEL) is not None:
            after = cover.after(EnrolmentEvent.CANCEL)
            keep_cover(work, scope, cover, after, EnrolmentEvent.CANCEL, "CONSENT_WITHDRAWN")
            stopped += 1
        elif cover.state is EnrolmentState.IN_FORCE:
            there += 1
    return {"covers": stopped}, there
