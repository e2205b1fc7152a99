"""Know what is kept beside a card: who it belongs to, its plastic, and the lists of plastic."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from szunion.domain.cards import Card
from szunion.domain.custody import Custody, CustodyEvent
from szunion.domain.values import (
    BatchId,
    CardId,
    Labelled,
    OrganisationId,
    PersonId,
    RowId,
)
from szunion.errors import Conflict, NotAllowed


@frozen(kw_only=True)
class KeptCard:
    """A card as it stands in the register: the card itself, its plastic, and where it came from."""

    card: Card
    custody: Custody
    programme: str
    row: RowId | None = None
    """The application for which it was made; a replacement has none."""
    gap: bool = False
    """Something that must have happened at the bank before has not been told."""
    born: datetime

    @property
    def id(self) -> CardId:
        """The card's id."""
        return self.card.id

    @property
    def person(self) -> PersonId:
        """Whose card it is."""
        return self.card.person


class ListState(Labelled):
    """Where a custody list stands (保管清单状态)."""

    OPEN = "OPEN", "待第二人签字", "to be signed by a second person"
    SIGNED = "SIGNED", "已签字", "signed"
    DROPPED = "DROPPED", "已作废", "dropped"


@frozen(kw_only=True)
class CustodyList:
    """Pieces of plastic that move together; one person counts, another signs (保管清单)."""

    id: int
    organisation: OrganisationId
    """The union that has the pieces when it is signed, or had them."""
    event: CustodyEvent
    pieces: tuple[CardId, ...]
    """What is there."""
    missing: tuple[CardId, ...] = ()
    """What should be there and is not: each piece is named."""
    batch: BatchId | None = None
    state: ListState = ListState.OPEN
    made_by: str
    made: datetime
    signed_by: str | None = None
    signed: datetime | None = None
    note: str = ""
    version: int = field(default=0, eq=False)

    def closed(self, state: ListState, by: str, at: datetime) -> CustodyList:
        """Return the list signed, or dropped.

        Raises:
            Conflict: it is signed or dropped already (E-CARD-011).
            NotAllowed: who made it cannot sign it (E-CARD-012).
        """
        if self.state is not ListState.OPEN:
            raise Conflict("E-CARD-011", current=self.state, allowed=())
        if state is ListState.SIGNED and by == self.made_by:
            raise NotAllowed("E-CARD-012")
        return evolve(self, state=state, signed_by=by, signed=at)
