"""Know what nobody is asked about any more: closed cases and old logs, when their term is over."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.erasing import end_terms
from szunion.application.office import Office, one_commit
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.erasing import months_before, years_after
from szunion.ports.storage import UnitOfWork

MOST: Final = 200
"""Of each kind in one commit, at most."""


@frozen(kw_only=True)
class Over:
    """What is over its term (到期): counted, at most as many as were asked for."""

    people: int
    """Erased people of whom something was kept."""
    cases: int
    """Claims that ended without money, and matters at unions that are closed."""
    log: int
    """Disclosures to officers; the audit log itself keeps them as entries of its tree."""

    def __bool__(self) -> bool:
        return bool(self.people or self.cases or self.log)


def look_for(office: Office, work: UnitOfWork, scope: Scope, most: int) -> Over:
    """Return what :func:`end` would destroy now."""
    day = months_before(office.clock.today(), office.policy.privacy.retention.log_months)
    closed = _cases_before(office, work)
    return Over(
        people=len(work.erasures.due(scope, office.clock.today(), most)),
        cases=len(work.claims.over(scope, closed, most))
        + len(work.referrals.over(scope, closed, most)),
        log=work.disclosures.older(scope, day, most),
    )


def end(office: Office, work: UnitOfWork, scope: Scope, most: int) -> Over:
    """Destroy what is over its term, and write down of whom and how much.

    The entries of the audit log stay: they hold pseudonyms, and the tree is made of all of them.
    """
    due = work.erasures.due(scope, office.clock.today(), most)
    for each in due:
        end_terms(office, work, scope, each)
    closed = _cases_before(office, work)
    claims = work.claims.over(scope, closed, most)
    work.claims.end_files(scope, [claim for claim, _ in claims])
    referrals = work.referrals.over(scope, closed, most)
    work.referrals.end_files(scope, [referral for referral, _ in referrals])
    work.audit.add_many(
        scope,
        [
            AuditEntry(action=f"{noun}.term_over", subject=subject, person=person)
            for noun, over in (("claim", claims), ("referral", referrals))
            for subject, person in over
        ],
    )
    day = months_before(office.clock.today(), office.policy.privacy.retention.log_months)
    log = work.disclosures.end_older(scope, day, most)
    if log:
        reason = f"{log} < {day}"
        work.audit.add(scope, AuditEntry(action="disclosure.term_over", subject=0, reason=reason))
    return Over(people=len(due), cases=len(claims) + len(referrals), log=log)


def _cases_before(office: Office, work: UnitOfWork) -> datetime:
    today, years = office.clock.today(), office.policy.privacy.retention.case_years
    return work.now - (today - years_after(today, -years))


@frozen
class Terms:
    """The engine's clock for what is kept for a term (到期清理)."""

    office: Office
    by: Principal

    @one_commit
    def keep(self, work: UnitOfWork) -> bool:
        """Destroy what is over; return whether there was anything."""
        scope = authorise(work, self.by, Operation.RIGHTS_ERASE)
        return bool(end(self.office, work, scope, MOST))
