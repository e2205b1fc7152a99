"""Know what happens to cards and applications because time has passed: the clock ends no right."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.applications import row_entries
from szunion.application.card_facts import settle
from szunion.application.card_moves import allow_again, keep, with_card
from szunion.application.office import Office, one_commit
from szunion.application.together import cards_together
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.holds import HoldEvent
from szunion.domain.rows import RowEvent
from szunion.domain.values import CardId
from szunion.ports.storage import UnitOfWork

_TOGETHER: Final = 100


@frozen
class CardDeadlines:
    """The engine at its calendar (期限)."""

    office: Office
    by: Principal

    def keep(self) -> bool:
        """Let holds run out and call unclaimed cards so; return whether anything was due."""
        ended = self.end_holds()
        called = self.call_unclaimed()
        return bool(ended or called)

    @one_commit
    def end_holds(self, work: UnitOfWork) -> int:
        """Let every hold expire whose end has passed (锁定到期); return how many did."""
        scope = authorise(work, self.by, Operation.BANK_DESK)
        cards = work.cards.ending_holds(scope, work.now, _TOGETHER)
        with cards_together(work, scope, cards) as together:
            return sum(self._ended_on(together, scope, card) for card in cards)

    def _ended_on(self, work: UnitOfWork, scope: Scope, card: CardId) -> int:
        """Let the holds on a card expire that are over; return how many did."""
        kept = work.cards.get(scope, card)
        if kept is None:
            return 0
        ended = [hold for hold in kept.card.open_holds if hold.due(work.now)]
        for hold in ended:
            after = with_card(kept, kept.card.unlocked(hold.id, HoldEvent.EXPIRE))
            kept = keep(work, scope, kept, after, "hold.expire", hold.reason.value)
            reason = hold.reason
            words = {"reason": reason.label, "reason_en": reason.label_en}
            work.messages.add(scope, kept.person, "card.unlocked", words)
        if not kept.card.open_holds:
            allow_again(work, scope, kept, HoldEvent.EXPIRE.value)
            membership = work.members.newest(scope, kept.person)
            settle(self.office, work, scope, kept, membership)
        return len(ended)

    @one_commit
    def call_unclaimed(self, work: UnitOfWork) -> int:
        """Call a card unclaimed that nobody collected or activated in time (逾期未领)."""
        scope = authorise(work, self.by, Operation.BANK_DESK)
        before = work.now - timedelta(days=self.office.policy.deadlines.unclaimed)
        old = work.rows.overdue(scope, before, _TOGETHER)
        new = [row.after(RowEvent.UNCLAIMED, work.now) for row in old]
        work.rows.put_many(scope, new)
        work.audit.add_many(scope, row_entries("row.unclaimed", old, new))
        for row in new:
            work.messages.add(scope, row.person, "row.unclaimed", {})
        return len(new)
