"""Know through which union a worker joins, also one whose unit has none (入会途径)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from szunion.domain.access import Scope
from szunion.domain.organisations import Organisation, OrganisationKind, joins_at
from szunion.ports.storage import UnitOfWork

_OF_ONE_UNIT = frozenset({OrganisationKind.GRASSROOTS, OrganisationKind.JOINT})


def way_in(
    work: UnitOfWork, scope: Scope, place: Organisation, own: Organisation | None
) -> Organisation | None:
    """Return the union through which a worker joins, the nearest to *place*; None: there is none.

    Args:
        work: What is read.
        scope: What of it is within reach.
        place: The union of the place where the worker works: of the park, street or district.
        own: The union of the worker's unit, if it has one.
    """
    pool: Organisation | None = None
    for near in chain([[own]] if own else [], _around(work, scope, place)):
        found = joins_at(near)
        if found is not None and found.kind is not OrganisationKind.POOL:
            return found  # what hangs further up is not read
        pool = pool or found
    return pool


def _around(work: UnitOfWork, scope: Scope, place: Organisation) -> Iterator[list[Organisation]]:
    """Yield *place*, then what hangs below it and below each union above it, units' unions not."""
    above: Organisation | None = place
    yield [place]
    while above is not None:
        yield [
            each
            for each in work.organisations.children(scope, above.id)
            if each.kind not in _OF_ONE_UNIT
        ]
        above = None if above.parent is None else work.organisations.get(scope, above.parent)
