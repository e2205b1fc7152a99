"""Know what a whole part of the bank's notices reads and writes at once, instead of row by row.

What is read ahead is for deciding on what the bank tells, whose words know no union: a scope that
is narrower than the whole city finds nothing here. What is written is written in the given order,
so one thing may be there twice, with the version that the write before has made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.bank import BankState
from szunion.domain.bank_words import FaceSign
from szunion.domain.batches import Batch
from szunion.domain.card_files import KeptCard
from szunion.domain.enrolments import Enrolment
from szunion.domain.facets import BankFact
from szunion.domain.inbox import HeardNotice, WaitingNotice
from szunion.domain.instructions import Instruction
from szunion.domain.members import Membership
from szunion.domain.packs import Entitlement
from szunion.domain.participation import Participation
from szunion.domain.payouts import Obligation
from szunion.domain.rows import Row, RowState
from szunion.domain.values import (
    BatchId,
    CardId,
    CardRef,
    ObligationId,
    PersonId,
    RequestKey,
    RowId,
)


class Bulk(Protocol):
    """Sets of things, each with one statement (成批读写)."""

    def scattered(self) -> AbstractContextManager[None]:
        """Say that what is met until it ends lies here and there, and is not met again (散读).

        A few thousand of a city's cards touch as many pages of its tables: a store that keeps pages
        in the memory of this process keeps few of them.
        """
        ...

    # --- read ahead -------------------------------------------------------------------------

    def heard(self, scope: Scope, source: str, event_ids: Iterable[str]) -> Sequence[HeardNotice]:
        """Return those of a source's notices that are known."""
        ...

    def waiting(self, scope: Scope, abouts: Iterable[str]) -> Sequence[WaitingNotice]:
        """Return what waits for any of *abouts*, in the order in which it came."""
        ...

    def rows_named(self, scope: Scope, keys: Iterable[RequestKey]) -> Sequence[Row]:
        """Return the application rows that the bank knows by *keys*."""
        ...

    def rows(self, scope: Scope, ids: Iterable[RowId]) -> Sequence[Row]:
        """Return application rows."""
        ...

    def batches(self, scope: Scope, ids: Iterable[BatchId]) -> Sequence[Batch]:
        """Return application batches."""
        ...

    def row_counts(
        self, scope: Scope, batches: Iterable[BatchId]
    ) -> Mapping[BatchId, Mapping[RowState, int]]:
        """Return how many rows of each batch stand where."""
        ...

    def cards(self, scope: Scope, ids: Iterable[CardId]) -> Sequence[KeptCard]:
        """Return cards."""
        ...

    def cards_named(self, scope: Scope, refs: Iterable[CardRef]) -> Sequence[KeptCard]:
        """Return the cards that the bank names so."""
        ...

    def bank_states(
        self, scope: Scope, cards: Iterable[CardId]
    ) -> Mapping[CardId, BankState | None]:
        """Return where the bank says that cards stand."""
        ...

    def cards_called(self, scope: Scope, names: Iterable[str]) -> Mapping[str, CardId]:
        """Return the cards of keyed names: blind index in hex, a dash, PSN with three digits."""
        ...

    def facts(self, scope: Scope, cards: Iterable[CardId]) -> Mapping[CardId, Sequence[BankFact]]:
        """Return all that the bank has told of cards, each by sequence, event id and content."""
        ...

    def newest(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[Membership]:
        """Return the newest episode of each person, open or ended."""
        ...

    def face_signs(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[FaceSign]:
        """Return the results of signing face to face of many people, by row and sequence."""
        ...

    def instructions(self, scope: Scope, cards: Iterable[CardId]) -> Sequence[Instruction]:
        """Return what the bank was asked about cards, of each in its order."""
        ...

    def obligations(self, scope: Scope, ids: Iterable[ObligationId]) -> Sequence[Obligation]:
        """Return what is owed."""
        ...

    # --- written at the end -----------------------------------------------------------------

    def hear(self, scope: Scope, notices: Sequence[HeardNotice]) -> int:
        """Write notices down that are new; return how many were."""
        ...

    def put_heard(self, scope: Scope, notices: Sequence[HeardNotice]) -> None:
        """Keep what became of notices."""
        ...

    def add_cards(self, scope: Scope, cards: Sequence[KeptCard]) -> None:
        """Keep cards that were born.

        Raises:
            Conflict: a token and PSN are known (E-STORE-004).
        """
        ...

    def add_facts(self, scope: Scope, facts: Sequence[tuple[CardId, BankFact]]) -> None:
        """Record what the bank told of cards; the same thing again changes nothing."""
        ...

    def put_cards(self, scope: Scope, cards: Sequence[KeptCard]) -> None:
        """Keep changed cards with their holds (E-STORE-008)."""
        ...

    def add_instructions(self, scope: Scope, asked: Sequence[Instruction]) -> None:
        """Keep what the bank is asked about cards.

        Raises:
            Conflict: a card has one of that kind for that cause (E-STORE-004).
        """
        ...

    def add_entitlements(self, scope: Scope, given: Sequence[Entitlement]) -> int:
        """Keep those that are new; return how many were."""
        ...

    def add_enrolments(self, scope: Scope, enrolments: Sequence[Enrolment]) -> int:
        """Keep those that are new; return how many were."""
        ...

    def add_participations(self, scope: Scope, records: Sequence[Participation]) -> int:
        """Keep those that are new; return how many were."""
        ...

    def add_face_signs(self, scope: Scope, signs: Sequence[FaceSign]) -> int:
        """Keep those that are new; return how many were."""
        ...
