"""Know what a claim rests on: its event's fingerprints, its cover, who was a member on the day."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date

from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.catalogue import Plan
from szunion.domain.city_time import day_of
from szunion.domain.claim_files import Claim, claim_key, household_wide, same_days
from szunion.domain.reckoning import Known, Reckoning, reckon
from szunion.domain.values import PersonId
from szunion.errors import InvalidInput, NotFound
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork


def plan_of(office: Office, plan: str) -> Plan:
    """Return the plan of that id.

    Raises:
        NotFound: there is none (E-CLAIM-001).
    """
    found = office.catalogue.plan(plan)
    if found is None:
        raise NotFound("E-CLAIM-001", plan=plan)
    return found


def fingerprints(
    work: UnitOfWork, plan: Plan, person: PersonId, numbers: Sequence[str]
) -> tuple[str, ...]:
    """Return the fingerprints of an event: of a child for all claimants, of a stay for one person.

    Raises:
        InvalidInput: no number is given (E-CLAIM-004).
    """
    plain = sorted({_normal(each) for each in numbers} - {""})
    if not plain:
        raise InvalidInput("E-CLAIM-004")
    whose = "" if household_wide(plan) else f"{person}:"
    blind = [work.vault.index(IndexField.GRANT, f"event:{whose}{each}") for each in plain]
    return tuple(claim_key(plan, each.hex()) for each in blind)


def reckoned(office: Office, work: UnitOfWork, scope: Scope, claim: Claim) -> Reckoning:
    """Return what a claim comes to now, by its cover and what is used of it (计算过程).

    Raises:
        NotFound: its cover is not within reach (E-PLAN-002).
        InvalidInput: nothing can be reckoned (E-CLAIM-002, E-CLAIM-003).
    """
    plan = plan_of(office, claim.plan)
    mine = work.enrolments.of_person(scope, claim.person)
    cover = next((each for each in mine if each.id == claim.enrolment), None)
    if cover is None:
        raise NotFound("E-PLAN-002")
    others = [
        each
        for each in work.claims.of_person(scope, claim.person)
        if each.plan == claim.plan
        and each.id != claim.id
        and (each.id < claim.id or each.obligation is not None)
    ]
    daily = plan.benefit is not None and bool(plan.benefit.daily)
    known = Known(
        member=member_on(office, work, scope, claim.person, claim.happening.on),
        elsewhere=daily and same_days(claim.happening, others),
        filed=day_of(claim.asked),
        filing_days=office.policy.deadlines.claim_filing,
    )
    return reckon(plan, cover, claim.happening, known)


def member_on(office: Office, work: UnitOfWork, scope: Scope, person: PersonId, day: date) -> bool:
    """Return whether a person's membership carried benefits on a day, as is known now.

    The day on which a membership ends still counts: whoever dies in hospital was a member there.
    """
    newest = {
        each.membership.id: each.membership
        for each in work.members.versions(scope, person)
        if each.holds_from <= day and each.membership.until != day
    }
    return any(
        office.policy.rights_of(row.state, row.reason).benefits
        for row in newest.values()
        if row.since is not None and row.since <= day
    )


def _normal(number: str) -> str:
    """Return a number of a paper as it is compared: one form of each digit and letter."""
    return "".join(unicodedata.normalize("NFKC", number).split()).upper()
