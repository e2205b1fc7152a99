"""Know how transfers between unions are kept in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.adapters.storage.sql.within import within
from szunion.domain.access import Scope
from szunion.domain.transfers import Transfer, TransferState
from szunion.domain.values import (
    MembershipId,
    OrganisationId,
    PersonId,
    TransferId,
    shard_of,
)


def _transfer(row: Row) -> Transfer:
    id_, membership, person, source, target, requested, by, state, refused, reason, version = row
    return Transfer(
        id=TransferId(id_), membership=MembershipId(membership), person=PersonId(person),
        source=OrganisationId(source), target=OrganisationId(target),
        requested=moment(requested), answer_by=moment(by), state=TransferState(state),
        refused=maybe_moment(refused), reason=reason, version=version,
    )  # fmt: skip


@frozen
class SqlTransfers:
    """Transfers in SQL."""

    session: Session

    def get(self, scope: Scope, transfer: TransferId) -> Transfer | None:
        parameters = {"shard": shard_of(transfer), "id": transfer, **within(scope)}
        row = self.session.one("transfer.get", parameters)
        return None if row is None else _transfer(row)

    def open_of(self, scope: Scope, person: PersonId) -> Transfer | None:
        parameters = {"shard": shard_of(person), "person": person, **within(scope)}
        row = self.session.one("transfer.open_of", parameters)
        return None if row is None else _transfer(row)

    def of_membership(
        self, scope: Scope, person: PersonId, membership: MembershipId
    ) -> Sequence[Transfer]:
        parameters = {"shard": shard_of(person), "person": person, "membership": membership}
        rows = self.session.all("transfer.of_membership", parameters | within(scope))
        return [_transfer(row) for row in rows]

    def open_touching(self, scope: Scope, organisation: OrganisationId) -> Sequence[Transfer]:
        parameters = {"organisation": organisation, **within(scope)}
        return [_transfer(row) for row in self.session.all("transfer.open_touching", parameters)]

    def due(self, scope: Scope, now: datetime, most: int) -> Sequence[Transfer]:
        rows = self.session.all("transfer.due", {"now": micros(now), "most": most})
        return [_transfer(row) for row in rows]

    def add(self, scope: Scope, transfer: Transfer) -> None:
        self.session.do("transfer.add", _columns(transfer))

    def put(self, scope: Scope, transfer: Transfer) -> None:
        self.session.put("transfer.put", _columns(transfer), "transfer")


def _columns(transfer: Transfer) -> dict[str, object]:
    return {
        "shard": shard_of(transfer.person), "id": transfer.id, "person": transfer.person,
        "membership": transfer.membership, "source": transfer.source, "target": transfer.target,
        "requested": micros(transfer.requested), "answer_by": micros(transfer.answer_by),
        "state": transfer.state.value, "refused": maybe_micros(transfer.refused),
        "reason": transfer.reason, "version": transfer.version,
    }  # fmt: skip
