"""Know how a portal account is tied to a person by the person's own proof (实名认证和绑定)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypeAlias

from attrs import evolve, field, frozen

from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.binding_moves import keep_binding, keep_binding_as, level_of
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.bindings import (
    BINDING,
    Binding,
    BindingEvent,
    BindingState,
    Portal,
    RealNameLevel,
)
from szunion.domain.people import Person
from szunion.domain.values import BindingId, PersonId
from szunion.errors import NotFound
from szunion.ports.identity import Claimed, IdentityProofs, Proof
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork

_WINDOW: Final = timedelta(hours=1)
"""Wrong proofs count together for so long."""
_LOCK: Final = timedelta(hours=24)
_E = BindingEvent


@frozen
class Bound:
    """The account is tied to a person now."""

    person: PersonId
    level: RealNameLevel


@frozen
class NotProved:
    """The proof did not hold. It is not said why: not even whether the person exists."""

    attempts_left: int


@frozen
class Locked:
    """Too many wrong proofs: nothing is tried until the lock ends or somebody releases it."""


@frozen
class Unanswered:
    """Whoever proves identities did not answer; it does not count as wrong."""


Outcome: TypeAlias = Bound | NotProved | Locked | Unanswered


@frozen
class Bindings:
    """The desk of the portals for real-name proof and binding."""

    office: Office
    by: Principal = field()
    proofs: IdentityProofs = field()

    def bind(self, portal: Portal, account: str, claimed: Claimed) -> Outcome:
        """Try to tie an account to who *claimed* says, by name, document and a second thing.

        The provider is asked between two commits, never inside one.
        """
        if isinstance(locked := self._begin(portal, account), Locked):
            return locked
        match self.proofs.prove(claimed):
            case Proof.PROVED:
                return self._settle(portal, account, claimed)
            case Proof.WRONG:
                return self._wrong(portal, account)
            case Proof.NO_ANSWER:
                self._give_up(portal, account)
                return Unanswered()

    @one_look
    def who(self, work: UnitOfWork, portal: Portal, account: str) -> PersonId | None:
        """Return to whom an account is tied; None: to nobody."""
        scope = authorise(work, self.by, Operation.PERSON_READ)
        row = _row(work, scope, portal, account)
        if row is None or row.person is None or row.state is not BindingState.BOUND:
            return None
        return None if work.people.get(scope, row.person) is None else row.person

    @one_look
    def level(self, work: UnitOfWork, person: PersonId) -> RealNameLevel:
        """Return how real a name is now (M06): what stands for the present identity version."""
        scope = authorise(work, self.by, Operation.PERSON_READ)
        found = work.people.get(scope, person)
        if found is None:
            raise NotFound("E-ACCESS-002")
        return level_of(work, scope, found)

    @one_commit
    def unbind(self, work: UnitOfWork, portal: Portal, account: str) -> Binding:
        """Untie an account (本人解绑)."""
        return self._command(work, portal, account, _E.UNBIND)

    @one_commit
    def revoke(self, work: UnitOfWork, portal: Portal, account: str) -> Binding:
        """End a binding to the wrong person, or one that was taken over (撤销绑定)."""
        return self._command(work, portal, account, _E.REVOKE)

    @one_commit
    def release(self, work: UnitOfWork, portal: Portal, account: str) -> Binding:
        """Unlock an account once the person was identified another way (核身解锁)."""
        return self._command(work, portal, account, _E.RELEASE)

    # --- inside ------------------------------------------------------------------------------

    @one_commit
    def _begin(self, work: UnitOfWork, portal: Portal, account: str) -> Locked | Binding:
        scope = authorise(work, self.by, Operation.BINDING_WRITE)
        row = _row(work, scope, portal, account)
        if row is None:
            shard = work.vault.route(account)
            key = _key(work, portal, account)
            row = Binding(id=BindingId(work.ids.new(shard)), portal=portal, account=key)
            work.bindings.add(scope, row)
        if row.state is BindingState.LOCKED:
            if row.locked_until is None or work.now < row.locked_until:
                return Locked()
            row = keep_binding(work, scope, row, _E.COOL_DOWN)
        if row.state is BindingState.UNBOUND:
            row = keep_binding(work, scope, row, _E.BEGIN)
        return row

    @one_commit
    def _settle(self, work: UnitOfWork, portal: Portal, account: str, claimed: Claimed) -> Outcome:
        scope = authorise(work, self.by, Operation.BINDING_WRITE)
        row = self._there(work, scope, portal, account)
        person = work.people.on_file(scope, claimed.document)
        if person is None or not _is_present(person, claimed):
            return self._count_wrong(work, scope, row)
        if row.state is BindingState.BOUND and row.person != person.id:
            row = _displace(work, scope, row)
        if row.state is BindingState.UNBOUND:
            row = keep_binding(work, scope, row, _E.BEGIN)
        if row.state is BindingState.PROVING:
            proved = row.proved(person.id, person.present.number, work.now)
            keep_binding_as(work, scope, row, evolve(proved, window_began=None), _E.PROVE)
            work.messages.add(scope, person.id, "binding.bound", _named(portal))
            self._only_so_many(work, scope, person.id, portal)
        return Bound(person.id, level_of(work, scope, person))

    def _only_so_many(
        self, work: UnitOfWork, scope: Scope, person: PersonId, portal: Portal
    ) -> None:
        """End the oldest bindings above the portal's limit: a newer account takes their place."""
        rows = [row for row in work.bindings.of_person(scope, person) if row.portal is portal]
        bound = [row for row in rows if row.state is BindingState.BOUND]
        for row in bound[: -self.office.policy.limits.accounts_per_portal]:
            _displace(work, scope, row)

    @one_commit
    def _wrong(self, work: UnitOfWork, portal: Portal, account: str) -> Outcome:
        scope = authorise(work, self.by, Operation.BINDING_WRITE)
        return self._count_wrong(work, scope, self._there(work, scope, portal, account))

    def _count_wrong(self, work: UnitOfWork, scope: Scope, row: Binding) -> Outcome:
        fresh = row.window_began is None or work.now - row.window_began > _WINDOW
        wrong = 1 if fresh else row.wrong + 1
        began = work.now if fresh else row.window_began
        most = self.office.policy.limits.wrong_proofs
        counted = evolve(row, wrong=wrong, window_began=began)
        if row.state is BindingState.BOUND:
            # Somebody tries to take over a bound account: the binding stands, the tries count.
            work.bindings.put(scope, counted)
            return NotProved(max(0, most - wrong))
        if wrong >= most:
            locked = evolve(counted.after(_E.TOO_MANY), locked_until=work.now + _LOCK)
            keep_binding_as(work, scope, counted, locked, _E.TOO_MANY)
            return Locked()
        keep_binding(work, scope, counted, _E.FAIL)
        return NotProved(most - wrong)

    @one_commit
    def _give_up(self, work: UnitOfWork, portal: Portal, account: str) -> None:
        scope = authorise(work, self.by, Operation.BINDING_WRITE)
        row = self._there(work, scope, portal, account)
        if row.state is BindingState.PROVING:
            keep_binding(work, scope, row, _E.GIVE_UP)

    def _there(self, work: UnitOfWork, scope: Scope, portal: Portal, account: str) -> Binding:
        row = _row(work, scope, portal, account)
        if row is None:
            raise NotFound("E-ACCESS-002")
        return row

    def _command(
        self, work: UnitOfWork, portal: Portal, account: str, event: BindingEvent
    ) -> Binding:
        scope = authorise(work, self.by, Operation.BINDING_WRITE)
        row = self._there(work, scope, portal, account)
        check_actor(BINDING, row.state, event, acting_as(self.by.role))
        return keep_binding(work, scope, row, event)


def _named(portal: Portal) -> dict[str, str]:
    return {"portal": portal.label, "portal_en": portal.label_en}


def _key(work: UnitOfWork, portal: Portal, account: str) -> str:
    """Return an account's name as it is kept: the keyed blind index, in hex."""
    return work.vault.index(IndexField.ACCOUNT, f"{portal.value}:{account}").hex()


def _row(work: UnitOfWork, scope: Scope, portal: Portal, account: str) -> Binding | None:
    key = _key(work, portal, account)
    return work.bindings.get(scope, portal, key, work.vault.route(account))


def _is_present(person: Person, claimed: Claimed) -> bool:
    now = person.present
    return (
        person.merged_into is None and now.name == claimed.name and now.document == claimed.document
    )


def _displace(work: UnitOfWork, scope: Scope, row: Binding) -> Binding:
    """End a binding for a newer one, and tell who had it."""
    if row.person is not None:
        work.messages.add(scope, row.person, "binding.displaced", _named(row.portal))
    return keep_binding(work, scope, row, _E.DISPLACE)
