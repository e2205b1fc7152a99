"""Know what a point without a line keeps its records in until they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from szunion.domain.offline import OfflineReceipt, OfflineRecord


class PointJournal(Protocol):
    """The records of one point: on disk before the member is let in, kept until answered."""

    def next_number(self) -> int:
        """Return the number of the next record."""
        ...

    def add(self, record: OfflineRecord) -> None:
        """Keep a record; it survives whatever happens next."""
        ...

    def waiting(self) -> Sequence[OfflineRecord]:
        """Return the records that were not answered, oldest first."""
        ...

    def every(self) -> Sequence[OfflineRecord]:
        """Return all records of this journal, oldest first."""
        ...

    def answered(self, receipts: Sequence[OfflineReceipt]) -> None:
        """Keep the receipts; their records wait no more."""
        ...
