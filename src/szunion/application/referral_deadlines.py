"""Know the clock of what the hotline passed on to unions: overdue goes one level up (超期升级)."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.referrals import Referral
from szunion.domain.values import OrganisationId
from szunion.ports.storage import UnitOfWork

_TOGETHER: Final = 100


@frozen
class ReferralDeadlines:
    """The engine's clock for matters at unions."""

    office: Office
    by: Principal

    @one_commit
    def keep(self, work: UnitOfWork) -> bool:
        """Note every breach once, and give it to the union above; return whether there was one."""
        scope = authorise(work, self.by, Operation.BANK_DESK)
        today = self.office.clock.today()
        found = work.referrals.due(scope, today, _TOGETHER)
        for old in found:
            new = old.overdue(today, self._above(work, scope, old), work.now)
            work.referrals.note_breach(scope, new)
            entry = AuditEntry(
                action="referral.overdue", subject=old.id, person=old.person,
                before=old.state.value, after=new.state.value, reason=str(new.breaches),
            )  # fmt: skip
            work.audit.add(scope, entry)
        return bool(found)

    def _above(self, work: UnitOfWork, scope: Scope, referral: Referral) -> OrganisationId:
        """Return the union one level above whoever was to see to it; above the city is nobody."""
        at = referral.raised or referral.organisation
        union = work.organisations.get(scope, at)
        return at if union is None or union.parent is None else union.parent
