"""Know how unions are founded, hung in the tree, suspended and ended, with nothing left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from attrs import field, frozen

from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.office import Office, one_commit, one_look
from szunion.application.organisation_moves import entry_of, keep_moved, keep_new, union_of
from szunion.application.proposals import decide, propose
from szunion.application.succession import end_union
from szunion.application.ways_in import way_in
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.machine import Actor
from szunion.domain.organisations import (
    ORGANISATION,
    Levels,
    Organisation,
    OrganisationEvent,
    OrganisationKind,
    OrganisationReason,
    OrganisationState,
    check_active,
    check_called,
    register,
    reparent,
)
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import OrganisationId
from szunion.errors import Conflict, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

_BY_TWO = frozenset({"organisation.merge", "organisation.dissolve", "organisation.restore"})


@frozen(kw_only=True)
class NewUnion:
    """What a registration form says of a union; unions above come before those below."""

    code: str
    name: str
    kind: OrganisationKind
    parent_code: str
    credit_code: str | None = None


@frozen
class Organisations:
    """The desk for unions (组织管理)."""

    office: Office
    by: Principal = field()

    # --- looking -----------------------------------------------------------------------------

    @one_look
    def get(self, work: UnitOfWork, organisation: OrganisationId) -> Organisation:
        """Return a union.

        Raises:
            NotFound: it is not there, or not within reach (E-ACCESS-002).
        """
        return union_of(work, authorise(work, self.by, Operation.ORGANISATION_READ), organisation)

    @one_look
    def find(self, work: UnitOfWork, code: str) -> Organisation | None:
        """Return the union of a code, or None."""
        scope = authorise(work, self.by, Operation.ORGANISATION_READ)
        return work.organisations.by_code(scope, code)

    @one_look
    def below(self, work: UnitOfWork, organisation: OrganisationId) -> Sequence[Organisation]:
        """Return the living unions directly below one, by code."""
        scope = authorise(work, self.by, Operation.ORGANISATION_READ)
        if work.organisations.get(scope, organisation) is None:
            return ()
        return work.organisations.children(scope, organisation)

    @one_look
    def joins_at(
        self, work: UnitOfWork, organisation: OrganisationId, unit: str = ""
    ) -> Organisation | None:
        """Return the union through which a worker joins (入会途径, M04); None: there is none yet.

        Args:
            work: Given by the office.
            organisation: The union of the place of work: of the park, the street or the district.
            unit: The code of the union of the worker's unit, if it has one.

        Raises:
            NotFound: *organisation* is not there, or not within reach (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.ORGANISATION_READ)
        own = work.organisations.by_code(scope, unit) if unit else None
        return way_in(work, scope, union_of(work, scope, organisation), own)

    @one_look
    def tree(self, work: UnitOfWork) -> Sequence[tuple[int, Organisation]]:
        """Return every union within reach with its depth, in the order of the tree."""
        scope = authorise(work, self.by, Operation.ORGANISATION_READ)
        return list(_with_depth(work.organisations.all(scope)))

    @one_look
    def counts(self, work: UnitOfWork) -> Mapping[tuple[OrganisationKind, OrganisationState], int]:
        """Return how many unions there are within reach, by kind and state (M30)."""
        scope = authorise(work, self.by, Operation.STATISTICS_READ)
        return work.organisations.counts(scope)

    # --- founding ----------------------------------------------------------------------------

    @one_commit
    def found_city(self, work: UnitOfWork, *, code: str, name: str) -> Organisation:
        """Enter the city federation (市总工会), the root of the tree; once.

        Raises:
            NotAllowed: only the city federation may (E-ACCESS-002).
            InvalidInput: its code or name is no line of text (E-VALUE-002).
        """
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        root = work.organisations.root()
        if root is not None:
            return _same(union_of(work, scope, root), code, name)
        if self.by.role is not Role.CITY:
            raise NotAllowed("E-ACCESS-002")
        check_called(code, name)
        state = ORGANISATION.after(None, OrganisationEvent.REGISTER)
        state = ORGANISATION.after(state, OrganisationEvent.APPROVE)
        city = Organisation(
            id=OrganisationId(work.ids.new()),
            code=code,
            name=name,
            kind=OrganisationKind.CITY,
            state=state,
        )
        keep_new(work, scope, city)
        return city

    @one_commit
    def register(  # noqa: PLR0913 - what a registration form asks
        self,
        work: UnitOfWork,
        *,
        code: str,
        name: str,
        kind: OrganisationKind,
        parent: OrganisationId,
        since: date | None = None,
        credit_code: str | None = None,
    ) -> Organisation:
        """Register a union that is being founded (登记筹建).

        The same registration again returns what is there.

        Raises:
            NotFound: the parent is not within reach (E-ACCESS-002).
            InvalidInput: its code or name is no line of text (E-VALUE-002).
            Conflict: the code is somebody else's (E-ORG-005), the credit code is a living
                union's (E-STORE-004), the parent is not active (E-ORG-001), the kind may not
                hang there (E-ORG-002).
        """
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        known = work.organisations.by_code(scope, code)
        if known is not None:
            return _same(known, code, name)
        above = union_of(work, scope, parent)
        check_actor(ORGANISATION, None, OrganisationEvent.REGISTER, self._actors(above, below=True))
        union = register(
            OrganisationId(work.ids.new()),
            code=code,
            name=name,
            kind=kind,
            parent=above,
            since=since or self.office.clock.today(),
            levels=self._levels,
            credit_code=credit_code,
        )
        keep_new(work, scope, union)
        return union

    @one_commit
    def register_many(
        self, work: UnitOfWork, unions: Iterable[NewUnion], *, document: str
    ) -> Sequence[Organisation]:
        """Enter unions that exist already, founding approved by *document*: thousands at once.

        Those whose code is on file are passed over, so the same list twice changes nothing.

        Raises:
            NotFound: a parent's code is neither in the list nor within reach (E-ACCESS-002).
            Conflict: as :meth:`register`.
        """
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        known = {union.code: union for union in work.organisations.all(scope)}
        new: list[Organisation] = []
        for form in unions:
            if form.code in known:
                continue
            above = known.get(form.parent_code)
            if above is None:
                raise NotFound("E-ACCESS-002")
            actors = self._actors(above, below=True)
            check_actor(ORGANISATION, None, OrganisationEvent.REGISTER, actors)
            union = register(
                OrganisationId(work.ids.new()),
                code=form.code,
                name=form.name,
                kind=form.kind,
                parent=above,
                since=self.office.clock.today(),
                levels=self._levels,
                credit_code=form.credit_code,
            ).after(OrganisationEvent.APPROVE)
            known[form.code] = union
            new.append(union)
        work.organisations.add_many(scope, new)
        work.audit.add_many(
            scope,
            (
                entry_of(union, event, before, document)
                for union in new
                for event, before in (
                    (OrganisationEvent.REGISTER, None),
                    (OrganisationEvent.APPROVE, OrganisationState.REGISTERED),
                )
            ),
        )
        return new

    @one_commit
    def approve(
        self, work: UnitOfWork, organisation: OrganisationId, *, document: str
    ) -> Organisation:
        """Approve the founding (批准成立) on *document*, such as 深工发〔2017〕12号."""
        return self._move(work, organisation, OrganisationEvent.APPROVE, note=document)

    @one_commit
    def reject(self, work: UnitOfWork, organisation: OrganisationId, *, why: str) -> Organisation:
        """Refuse the founding (不予批准)."""
        return self._move(work, organisation, OrganisationEvent.REJECT, note=why)

    # --- living ------------------------------------------------------------------------------

    @one_commit
    def suspend(
        self, work: UnitOfWork, organisation: OrganisationId, *, reason: OrganisationReason
    ) -> Organisation:
        """Suspend a union (暂停): its officers can only look; members keep everything."""
        return self._move(work, organisation, OrganisationEvent.SUSPEND, reason=reason)

    @one_commit
    def resume(self, work: UnitOfWork, organisation: OrganisationId) -> Organisation:
        """Let a suspended union work again (恢复)."""
        return self._move(work, organisation, OrganisationEvent.RESUME)

    @one_commit
    def reparent(
        self,
        work: UnitOfWork,
        organisation: OrganisationId,
        parent: OrganisationId,
        *,
        since: date | None = None,
    ) -> Organisation:
        """Hang a union, with all below it, under another one from a day (调整隶属).

        Scopes follow in the same commit; both places must be within reach.
        """
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        union, above = union_of(work, scope, organisation), union_of(work, scope, parent)
        event = OrganisationEvent.REPARENT
        check_actor(ORGANISATION, union.state, event, self._actors(union))
        standing = work.organisations.standing(parent)
        path = standing.path if standing else "/"
        day = since or self.office.clock.today()
        moved = reparent(union, above, path, day, self._levels)
        return keep_moved(work, scope, union, moved, event, above.code)

    # --- ending: two persons -----------------------------------------------------------------

    @one_commit
    def merge(
        self,
        work: UnitOfWork,
        organisation: OrganisationId,
        *,
        target: OrganisationId,
        document: str,
    ) -> Proposal:
        """Propose that a union merges into *target*, which has agreed (合并); another confirms."""
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        union, into = union_of(work, scope, organisation), union_of(work, scope, target)
        self._may_end(union, OrganisationEvent.MERGE)
        check_active(into.state)
        terms = {"target": str(target), "document": document}
        return propose(work, scope, "organisation.merge", union.id, terms)

    @one_commit
    def dissolve(
        self,
        work: UnitOfWork,
        organisation: OrganisationId,
        *,
        reason: OrganisationReason,
        document: str,
    ) -> Proposal:
        """Propose that a union ends (撤销); another person confirms."""
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        union = union_of(work, scope, organisation)
        self._may_end(union, OrganisationEvent.DISSOLVE)
        terms = {"reason": reason.value, "document": document}
        return propose(work, scope, "organisation.dissolve", union.id, terms)

    @one_commit
    def restore(self, work: UnitOfWork, organisation: OrganisationId, *, document: str) -> Proposal:
        """Propose that a union that was ended by mistake is back (更正恢复)."""
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        union = union_of(work, scope, organisation)
        self._may_end(union, OrganisationEvent.RESTORE)
        return propose(work, scope, "organisation.restore", union.id, {"document": document})

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> Organisation:
        """Confirm, as another person, what was proposed: the change happens in this commit.

        Raises:
            NotAllowed: the proposer confirms (E-ACCESS-004), or it is not yours (E-ACCESS-005).
            Conflict: it was decided before (E-PROPOSAL-001), or the union's state has moved on.
        """
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        decided = self._decided(work, scope, proposal, ProposalState.CONFIRMED)
        union = union_of(work, scope, OrganisationId(decided.subject))
        note = decided.terms["document"]
        match decided.operation:
            case "organisation.merge":
                self._may_end(union, OrganisationEvent.MERGE)
                into = union_of(work, scope, OrganisationId(int(decided.terms["target"])))
                check_active(into.state)
                return end_union(work, scope, self.office, union, into=into, note=note)
            case "organisation.dissolve":
                self._may_end(union, OrganisationEvent.DISSOLVE)
                reason = OrganisationReason(decided.terms["reason"])
                return end_union(work, scope, self.office, union, reason=reason, note=note)
            case _:
                return self._move(work, union.id, OrganisationEvent.RESTORE, note=note)

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Refuse, as another person who might confirm it, what was proposed.

        Raises:
            NotAllowed: the proposer refuses (E-ACCESS-004), or it is not yours (E-ACCESS-005).
        """
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        decided = self._decided(work, scope, proposal, ProposalState.REFUSED)
        union = union_of(work, scope, OrganisationId(decided.subject))
        event = OrganisationEvent(decided.operation.partition(".")[2])
        if ORGANISATION.transition(union.state, event) is not None:  # else it has moved on
            self._may_end(union, event)
        return decided

    # --- inside ------------------------------------------------------------------------------

    def _decided(
        self, work: UnitOfWork, scope: Scope, proposal: int, state: ProposalState
    ) -> Proposal:
        def within(found: Proposal) -> bool:
            return work.organisations.get(scope, OrganisationId(found.subject)) is not None

        return decide(work, scope, proposal, _BY_TWO, state, within=within)

    @property
    def _levels(self) -> Levels:
        return self.office.policy.organisation.levels

    def _actors(self, union: Organisation, *, below: bool = False) -> frozenset[Actor]:
        above = below or union.id != self.by.organisation
        return acting_as(self.by.role, above=above)

    def _may_end(self, union: Organisation, event: OrganisationEvent) -> None:
        check_actor(ORGANISATION, union.state, event, self._actors(union))

    def _move(
        self,
        work: UnitOfWork,
        organisation: OrganisationId,
        event: OrganisationEvent,
        *,
        reason: OrganisationReason | None = None,
        note: str = "",
    ) -> Organisation:
        scope = authorise(work, self.by, Operation.ORGANISATION_WRITE)
        union = union_of(work, scope, organisation)
        check_actor(ORGANISATION, union.state, event, self._actors(union))
        moved = union.after(event, reason=reason)
        return keep_moved(work, scope, union, moved, event, reason.value if reason else note)


def _same(known: Organisation, code: str, name: str) -> Organisation:
    if (known.code, known.name) != (code, name):
        raise Conflict("E-ORG-005", current=known.code, allowed=(), code=known.code)
    return known


def _with_depth(unions: Iterable[Organisation]) -> Iterator[tuple[int, Organisation]]:
    depth: dict[OrganisationId, int] = {}
    for union in unions:
        above = union.parent
        depth[union.id] = 0 if above is None else depth.get(above, -1) + 1
        yield depth[union.id], union
