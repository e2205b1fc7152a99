"""Know how members are counted who lie on a machine that is not theirs."""

from __future__ import annotations

from collections.abc import Iterator

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.domain.access import Operation, Principal
from szunion.domain.values import SHARDS
from szunion.ports.storage import UnitOfWork


def _elsewhere(office: Office) -> Iterator[range]:
    """Yield the shards that are not this machine's."""
    if office.node is not None:
        yield range(office.node.first)
        yield range(office.node.last + 1, SHARDS)


def strays(office: Office, by: Principal) -> int:
    """Return how many members lie here whom the map of nodes gives to another machine.

    Raises:
        NotAllowed: *by* sees no statistics (E-ACCESS-001).
    """

    def count(work: UnitOfWork) -> int:
        scope = authorise(work, by, Operation.STATISTICS_READ)
        programme, found = office.policy.cards.programme, 0
        for shards in _elsewhere(office):
            if shards:
                found += sum(many for _, many in work.figures.shapes(scope, programme, shards))
                found += len({who for who, *_ in work.figures.held(scope, programme, shards)})
        return found

    return office.storage.read(count)
