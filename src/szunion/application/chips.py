"""Know who may see the plain values of a chip, and that the audit log says so first: 查看明文."""

from __future__ import annotations

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import AuditEntry
from szunion.emv.pan import CardNumber
from szunion.errors import InvalidInput
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork

_LONGEST_REASON = 200


@frozen
class Chips:
    """What a chip holds, as one principal may see it (芯片)."""

    office: Office
    by: Principal

    @one_commit
    def reveal(self, work: UnitOfWork, number: CardNumber | None, reason: str) -> None:
        """Write into the audit log that plain values of a chip are about to be shown.

        Show nothing before this has returned. The log keeps no card number but its blind index:
        who has the number finds the line, who has the log does not find the number.

        Args:
            work: The unit of work.
            number: The card; None: what is shown names none.
            reason: What it is for; nothing personal.

        Raises:
            NotAllowed: the role may not (E-ACCESS-001), or its union cannot now (E-ACCESS-003).
            InvalidInput: no reason was given, or a whole story (E-READER-025).
        """
        words = reason.strip()
        if not words or len(words) > _LONGEST_REASON:
            raise InvalidInput("E-READER-025")
        scope = authorise(work, self.by, Operation.CHIP_REVEAL)
        index = self.office.vault.index(IndexField.CARD, number.plain()).hex() if number else ""
        entry = AuditEntry(action="chip.reveal", subject=0, after=index, reason=words)
        work.audit.add(scope, entry)
