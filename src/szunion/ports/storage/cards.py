"""Know how cards are kept: their facts, holds, plastic, instructions and what came with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.as_of import CardStanding
from szunion.domain.card_files import CustodyList, KeptCard
from szunion.domain.facets import BankFact
from szunion.domain.holds import Hold
from szunion.domain.instructions import Instruction
from szunion.domain.packs import Entitlement
from szunion.domain.values import (
    BatchId,
    CardId,
    CardRef,
    CardToken,
    InstructionId,
    OrganisationId,
    PersonId,
    RowId,
)


class Cards(Protocol):
    """Cards. Who sees the person's membership sees the card."""

    def add(self, scope: Scope, card: KeptCard) -> None:
        """Keep a card that was born.

        Raises:
            Conflict: token and PSN are known, or the person has a current card (E-STORE-004).
        """
        ...

    def get(self, scope: Scope, card: CardId) -> KeptCard | None:
        """Return a card with its holds; None: it is not there, or not within the scope."""
        ...

    def by_ref(self, scope: Scope, ref: CardRef) -> KeptCard | None:
        """Return the card that the bank names so."""
        ...

    def of_token(self, scope: Scope, token: CardToken) -> Sequence[KeptCard]:
        """Return the cards of one token, whatever their PSN, oldest first."""
        ...

    def usable(self, scope: Scope) -> Iterator[tuple[CardRef, PersonId]]:
        """Yield the current cards that are in order themselves, and whose they are.

        Active at the bank, enabled by the union, no hold, no contradiction; what the membership
        carries is not looked at.
        """
        ...

    def by_row(self, scope: Scope, row: RowId) -> KeptCard | None:
        """Return the card that was made for a row."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[KeptCard]:
        """Return a person's cards, oldest first."""
        ...

    def of_people(self, scope: Scope, people: Sequence[PersonId]) -> Sequence[KeptCard]:
        """Return the cards of many people: the bulk path."""
        ...

    def of_rows(self, scope: Scope, rows: Sequence[RowId]) -> Sequence[KeptCard]:
        """Return the cards that were made for rows: the bulk path."""
        ...

    def current(self, scope: Scope, person: PersonId, programme: str) -> KeptCard | None:
        """Return a person's current card in a programme."""
        ...

    def put(self, scope: Scope, card: KeptCard) -> None:
        """Keep a changed card with its holds; its ``version`` is the one that was read.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...

    def facts(self, scope: Scope, card: CardId) -> Sequence[BankFact]:
        """Return all that the bank has told of a card, by sequence, event id and content."""
        ...

    def standings(self, scope: Scope, person: PersonId) -> Sequence[CardStanding]:
        """Return what the union ever decided of a person's cards, in the order of recording."""
        ...

    def add_fact(self, scope: Scope, card: CardId, fact: BankFact) -> None:
        """Record one thing that the bank told; the same thing again changes nothing."""
        ...

    def ending_holds(self, scope: Scope, now: datetime, most: int) -> Sequence[CardId]:
        """Return cards with an open hold whose end has passed."""
        ...

    def holds_of(self, scope: Scope, owner: OrganisationId) -> Sequence[Hold]:
        """Return the open holds that a union has placed."""
        ...

    def holds_on(self, scope: Scope, person: PersonId) -> Sequence[Hold]:
        """Return every hold on a person's cards, wherever the person is: for deciding alone."""
        ...

    def held_by(self, scope: Scope, holder: OrganisationId) -> Sequence[KeptCard]:
        """Return the cards whose plastic a union has in hand, or has missed."""
        ...

    def states(self, scope: Scope) -> Iterator[Sequence[tuple[bytes, int, str | None, CardId]]]:
        """Yield every card, some thousands at a time and in no order.

        Each is ``(blind index, PSN, bank state's code, id)``.
        """
        ...

    def records(self, scope: Scope) -> Iterator[Sequence[bytes]]:
        """Yield the same as records: :func:`szunion.domain.card_records.kept_records` of them."""
        ...


class Instructions(Protocol):
    """What the union asked of the bank about cards."""

    def add(self, scope: Scope, instruction: Instruction) -> None:
        """Keep a new one.

        Raises:
            Conflict: the card has one of that kind for that cause (E-STORE-004).
        """
        ...

    def get(self, scope: Scope, instruction: InstructionId) -> Instruction | None:
        """Return one."""
        ...

    def of_card(self, scope: Scope, card: CardId) -> Sequence[Instruction]:
        """Return a card's instructions in their order."""
        ...

    def put(self, scope: Scope, instruction: Instruction) -> None:
        """Keep a changed one (E-STORE-008)."""
        ...


class CustodyLists(Protocol):
    """Lists of plastic that one person makes and another signs."""

    def add(self, scope: Scope, made: CustodyList) -> None:
        """Keep a new list with its pieces."""
        ...

    def get(self, scope: Scope, list_id: int) -> CustodyList | None:
        """Return a list; None: it is not there, or not within the scope."""
        ...

    def put(self, scope: Scope, changed: CustodyList) -> None:
        """Keep a list that was signed or dropped; its pieces stay (E-STORE-004, E-STORE-008)."""
        ...

    def of_batch(self, scope: Scope, batch: BatchId) -> Sequence[CustodyList]:
        """Return the lists made for a batch, oldest first."""
        ...


class Entitlements(Protocol):
    """What people were given with the activation pack."""

    def add(self, scope: Scope, entitlement: Entitlement) -> bool:
        """Keep it unless the person has that item in that programme; return whether it is new."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Entitlement]:
        """Return what a person was given, oldest first."""
        ...

    def of_people(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[Entitlement]:
        """Return what many people were given: the bulk path."""
        ...
