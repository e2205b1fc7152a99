"""Know what a store that came out of a backup lacks, and when it may be written again (恢复后核对).

The backup ends at a moment; the bank has gone on. What it has told since is heard again from the
cursor that the backup kept, what may have left since is asked for by its key, and what the bank
knows of that this store has never heard of is said, to the last notice. Nothing is sent.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.bank_books import BankBooks
from szunion.application.bank_desk import BankDesk
from szunion.application.office import Office, one_commit
from szunion.application.reconciliation import Reconciliation
from szunion.application.treasury import Treasury
from szunion.domain.access import Operation, Principal, Purpose, Role
from szunion.domain.audit import AuditEntry
from szunion.domain.inbox import Hearing
from szunion.errors import Conflict
from szunion.ports.bank import BankAdapter
from szunion.ports.storage import UnitOfWork

_MOST_ROUNDS: Final = 100_000
_PAGE: Final = 1000


@frozen(kw_only=True)
class Gap:
    """What lay between the backup and the bank (缺口)."""

    reached: bool
    """Whether the bank could be reached at all."""
    heard: int
    """Notices that the bank had told, and the backup did not have."""
    doubtful: int
    """Dispatches that the backup holds as waiting, and that may have left since."""
    unknown: int
    """Notices about what this store has never heard of: what was asked of the bank since."""
    aside: int
    """Notices that could not be obeyed."""
    differences: int
    """Open differences of the last lists and statements."""
    explained: bool
    """Whether each line of the bank's statements stands in the books, or is explained."""

    @property
    def closed(self) -> bool:
        """Whether nothing is left to be explained: the store may be written again."""
        return self.reached and self.explained and not (
            self.unknown or self.aside or self.differences
        )  # fmt: skip


@frozen
class Aftermath:
    """The desk of a store that came out of a backup (恢复后核对)."""

    office: Office
    by: Principal
    bank: BankAdapter

    def _desk(self) -> BankDesk:
        return BankDesk(office=self.office, bank=self.bank, by=self.by)

    def catch_up(self) -> Gap:
        """Hear all that the bank has told since, and return what is missing then.

        It may be done again: after lists and statements came, or after a difference was closed.
        """
        desk = self._desk()
        reached = desk.ear.reaches(self.bank)
        doubtful = desk.doubt()
        heard = 0
        if reached:
            for _ in range(_MOST_ROUNDS):
                found = desk.collect()
                heard += found
                if not found and not desk.ear.look_again():
                    break
        return self._gap(reached=reached, heard=heard, doubtful=doubtful)

    def _gap(self, *, reached: bool, heard: int, doubtful: int) -> Gap:
        city = Principal(id=self.by.id, role=Role.CITY, purpose=Purpose.OPERATE)
        finance = Principal(id=self.by.id, role=Role.FINANCE, purpose=Purpose.PAY)
        troubles = BankBooks(self.office, city).troubles(most=_PAGE)
        aside = sum(each.hearing is Hearing.ASIDE for each in troubles)
        return Gap(
            reached=reached,
            heard=heard,
            doubtful=doubtful,
            unknown=len(troubles) - aside,
            aside=aside,
            differences=len(Reconciliation(self.office, city).open()),
            explained=Treasury(self.office, finance).books().explained,
        )

    def released(self, gap: Gap, *, note: str) -> None:
        """Write into the log that the store is let go, and with what gap.

        Raises:
            Conflict: something is not explained, and nobody says why it may be (E-STORE-015).
        """
        if not gap.closed and not note.strip():
            raise Conflict("E-STORE-015", unknown=gap.unknown, aside=gap.aside,
                           differences=gap.differences)  # fmt: skip
        self._log(gap, note)

    @one_commit
    def _log(self, work: UnitOfWork, gap: Gap, note: str) -> None:
        scope = authorise(work, self.by, Operation.BANK_DESK)
        after = f"{gap.heard}/{gap.doubtful}/{gap.unknown}/{gap.aside}/{gap.differences}"
        entry = AuditEntry(action="store.release", subject=0, after=after, reason=note)
        work.audit.add(scope, entry)
