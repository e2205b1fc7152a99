"""Know the store in which a promise is tested: who works on it, its unions, the time there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, TypeVar

import pytest
from attrs import frozen

from szunion.application.access import authorise
from szunion.domain.access import Operation, Scope, engine
from szunion.domain.organisations import (
    Organisation,
    OrganisationKind,
    OrganisationState,
    Placement,
)
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import Conflict
from szunion.ports.storage import Storage, UnitOfWork

T = TypeVar("T")
Step = Callable[[UnitOfWork, Scope], T]

NOON: Final = datetime(2017, 11, 23, 4, tzinfo=UTC)
DAY: Final = date(2017, 11, 23)
SHIFT: Final = 53
"""Below a shard: what of an id grows with time."""
WHO: Final = PersonId((5 << SHIFT) + 1)
OTHER: Final = PersonId((6 << SHIFT) + 1)
CITY: Final = OrganisationId(1)
"""The federation above every union."""


def own(number: int, person: PersonId) -> int:
    """Return the id of something of a person's: it lies in that one's shard."""
    return person + number


def union(id_: OrganisationId) -> Organisation:
    """Return a union that works: the city's federation, or one under it."""
    top = id_ == CITY
    return Organisation(
        id=id_, code=f"44030{id_}", name="工会", state=OrganisationState.ACTIVE,
        kind=OrganisationKind.CITY if top else OrganisationKind.DISTRICT,
        placements=() if top else (Placement(parent=CITY, since=DAY),),
    )  # fmt: skip


@frozen
class StorageWorld:
    """One store under test, and who works on it."""

    storage: Storage
    make: Callable[[], Storage]

    def run(self, step: Step[T]) -> T:
        """Run *step* as one unit of work of the engine."""
        return self.storage.run(
            lambda work: step(work, authorise(work, engine(), Operation.BANK_DESK))
        )

    def loses(self, step: Step[object], to: object) -> None:
        """Check that *step* comes too late, and is told which version or state stands now."""
        with pytest.raises(Conflict, match="E-STORE-008") as told:
            self.run(step)
        assert told.value.current == to
