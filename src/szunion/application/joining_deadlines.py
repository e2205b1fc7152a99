"""Know when a sign-up that nobody brought to its end lapses, and its list with it (逾期未办结)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.joinings import CLOSE
from szunion.application.office import Office, one_commit
from szunion.application.proposals import let_lapse
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import AuditEntry
from szunion.domain.joinings import JoiningEvent
from szunion.ports.storage import UnitOfWork

_TOGETHER: Final = 100


@frozen
class JoiningDeadlines:
    """The engine's clock for what is joined together."""

    office: Office
    by: Principal

    @one_commit
    def keep(self, work: UnitOfWork) -> bool:
        """Let sign-ups lapse whose last day is long past; return whether there was one."""
        scope = authorise(work, self.by, Operation.BANK_DESK)
        days = self.office.policy.deadlines.joining
        day = self.office.clock.today() - timedelta(days=days)
        found = work.joinings.past(scope, day, _TOGETHER)
        for old in found:
            new = old.after(JoiningEvent.LAPSE, work.now)
            work.joinings.put_people(scope, new, {})
            work.joinings.put(scope, new)
            let_lapse(work, scope, CLOSE, old.id)
            entry = AuditEntry(
                action="joining.lapse", subject=old.id, before=old.state.value,
                after=new.state.value, reason=str(days),
            )  # fmt: skip
            work.audit.add(scope, entry)
        return bool(found)
