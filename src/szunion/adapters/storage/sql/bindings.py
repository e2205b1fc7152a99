"""Know how portal accounts are kept in SQL: by the shard of the account, and from the person."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment
from szunion.domain.access import Scope
from szunion.domain.bindings import Binding, BindingState, Portal
from szunion.domain.values import BindingId, PersonId, shard_of


def _binding(row: Row) -> Binding:
    id_, portal, account, person, state, identity, wrong, began, locked, bound, version = row
    return Binding(
        id=BindingId(id_), portal=Portal(portal), account=account.hex(), state=BindingState(state),
        person=None if person is None else PersonId(person), identity_version=identity,
        wrong=wrong, window_began=maybe_moment(began), locked_until=maybe_moment(locked),
        since=maybe_moment(bound), version=version,
    )  # fmt: skip


def _columns(binding: Binding) -> dict[str, object]:
    return {
        "shard": shard_of(binding.id), "id": binding.id, "portal": binding.portal.value,
        "account": bytes.fromhex(binding.account), "person": binding.person,
        "state": binding.state.value,
        "identity_version": binding.identity_version, "wrong": binding.wrong,
        "window_began": maybe_micros(binding.window_began),
        "locked_until": maybe_micros(binding.locked_until),
        "bound": maybe_micros(binding.since), "version": binding.version,
    }  # fmt: skip


@frozen
class SqlBindings:
    """Portal accounts in SQL."""

    session: Session

    def get(self, scope: Scope, portal: Portal, account: str, shard: int) -> Binding | None:
        key = {"shard": shard, "portal": portal.value, "account": bytes.fromhex(account)}
        row = self.session.one("binding.get", key)
        if row is None:
            return None
        found = _binding(row)
        foreign = scope.only_person is not None and found.person not in {None, scope.only_person}
        return None if foreign else found

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Binding]:
        if scope.only_person not in {None, person}:
            return []
        rows = self.session.all("binding.of_person", {"shard": shard_of(person), "person": person})
        return [_binding(row) for row in rows]

    def add(self, scope: Scope, binding: Binding) -> None:
        self.session.do("binding.add", _columns(binding))
        self._tie(binding, None)

    def put(self, scope: Scope, binding: Binding) -> None:
        columns = _columns(binding)
        row = self.session.one("binding.get", columns)
        self.session.put("binding.put", columns, "binding")
        self._tie(binding, None if row is None else _binding(row).person)

    def _tie(self, binding: Binding, before: PersonId | None) -> None:
        tail = (binding.portal.value, bytes.fromhex(binding.account))
        if before is not None and before != binding.person:
            self.session.do("binding.untie", (shard_of(before), before, *tail))
        if binding.person is not None:
            row = (shard_of(binding.person), binding.person, shard_of(binding.id), *tail)
            self.session.do("binding.tie", row)
