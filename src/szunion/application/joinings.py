"""Know how a union signs its members up for what they join together, until it was held (集体参与).

The union asks, and may name who takes part; the organiser (a federation above, or who answers for
the service) gives it a day and places, or says why not. Afterwards one officer says who came, and a
second one confirms it: that is the record of taking part, beside every tap on the day. A list lives
as long as its sign-up is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from attrs import evolve, frozen

from szunion.application.access import authorise, second_person
from szunion.application.authority import acting_as, check_actor
from szunion.application.joining_lists import (
    NotListed,
    Signed,
    drop_list,
    keep_list,
    listings_of,
    may_join,
    part_of,
    tell,
)
from szunion.application.membership_moves import check_takes_members
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, propose
from szunion.domain.access import Operation, Principal, Role, Scope, engine
from szunion.domain.audit import AuditEntry
from szunion.domain.catalogue import Mode, ServiceItem
from szunion.domain.joinings import (
    JOINING,
    OPEN,
    Joining,
    JoiningEvent,
    JoiningState,
    Listing,
    checked,
    listed_once,
)
from szunion.domain.machine import Actor
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import Conflict, InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork

__all__ = ["Handed", "Joinings", "NotListed", "OnList", "Signed"]

_E = JoiningEvent
_S = JoiningState
CLOSE: Final = "joining.close"
"""What a second officer confirms: who came."""
_MOST = 200
"""How many are listed at once."""
_UNION = frozenset({Actor.UNION})
"""Whoever reaches a union in the own branch acts for it."""


@frozen(kw_only=True)
class Handed:
    """Who came, as one officer says: it waits for a second one (到场名单待确认)."""

    joining: Joining
    proposal: Proposal
    refused: tuple[NotListed, ...]


@frozen(kw_only=True)
class OnList:
    """One place on a list: the name masked; empty where the person is not within reach now."""

    person: PersonId
    name: str
    came: bool


@frozen
class Joinings:
    """The desk of what is joined together (集体参与)."""

    office: Office
    by: Principal

    # --- the union ---------------------------------------------------------------------------

    @one_commit
    def ask(  # noqa: PLR0913 - what a sign-up says
        self,
        work: UnitOfWork,
        item: str,
        first: date,
        *,
        where: str,
        expected: int,
        last: date | None = None,
        session: str = "",
        people: Iterable[PersonId] = (),
        organisation: OrganisationId | None = None,
    ) -> Signed:
        """Sign a union up for something that its members join together (集体报名).

        Args:
            work: Given by the office.
            item: The item of the menu.
            first: The first day that is wished for.
            where: Where it is to be.
            expected: How many are expected.
            last: The last day that is wished for; None: the first.
            session: Which session of it, or what time.
            people: Who takes part, if it is known already.
            organisation: For which union; None: the own.

        Raises:
            NotFound: no such item (E-SERVICE-002), or no such union within reach (E-ACCESS-002).
            InvalidInput: it is not joined together (E-JOIN-001), cannot be (E-JOIN-003), or the
                list is too long (E-JOIN-004).
            Conflict: the union does not work now (E-ORG-001), or has no members (E-MEMBER-005).
        """
        scope = authorise(work, self.by, Operation.JOINING_WRITE)
        wanted = self._item(item)
        union = organisation or self.by.organisation or OrganisationId(0)
        check_takes_members(work, scope, union)
        made = Joining(
            id=work.ids.new(), item=item, organisation=union, first=first, last=last or first,
            session=session.strip(), place=where.strip(), number=expected, asked=work.now,
            asked_by=self.by.id, changed=work.now,
        )  # fmt: skip
        checked(made, self.office.clock.today())
        work.joinings.add(scope, made)
        self._log(work, scope, "joining.ask", made, item)
        return self._listed(work, scope, made, wanted, people)

    @one_commit
    def enlist(self, work: UnitOfWork, joining: int, people: Iterable[PersonId]) -> Signed:
        """Put a list in the place of the one before; who is on it is told, and who no more is.

        Raises:
            NotFound: there is no such sign-up within reach (E-JOIN-002).
            InvalidInput: the list is longer than there are places (E-JOIN-004).
            Conflict: it was held, or is over (E-STATE-001).
        """
        scope = authorise(work, self.by, Operation.JOINING_WRITE)
        old = self._get(work, scope, joining)
        check_actor(JOINING, old.state, _E.WITHDRAW, _UNION)  # as long as it may be withdrawn
        work.joinings.put(scope, evolve(old, changed=work.now))
        now = evolve(old, changed=work.now, version=old.version + 1)
        return self._listed(work, scope, now, self._item(old.item), people)

    @one_commit
    def withdraw(self, work: UnitOfWork, joining: int, why: str = "") -> Joining:
        """Take a sign-up back, before it was held (撤回)."""
        scope = authorise(work, self.by, Operation.JOINING_WRITE)
        old = self._get(work, scope, joining)
        check_actor(JOINING, old.state, _E.WITHDRAW, _UNION)
        return self._called_off(work, scope, old, _E.WITHDRAW, why)

    @one_commit
    def held(self, work: UnitOfWork, joining: int, came: Iterable[PersonId] = ()) -> Handed:
        """Say that it was held and who came; nothing is recorded before a second officer confirms.

        Who was tapped on the day is recorded already, and may be left out or named again. Whoever
        is named need not have been on the list, but is judged by the same rule, as of now.

        Raises:
            NotFound: there is no such sign-up within reach (E-JOIN-002).
            InvalidInput: more came than a list may name (E-JOIN-004).
            Conflict: its day has not come (E-JOIN-006), who came waits for a second officer
                already (E-JOIN-007), or it was not accepted (E-STATE-001).
        """
        scope = authorise(work, self.by, Operation.JOINING_WRITE)
        old = self._get(work, scope, joining)
        if work.proposals.open_of(scope, CLOSE, old.id) is not None:
            raise Conflict("E-JOIN-007", current=old.state, allowed=())
        new = old
        if old.state is not _S.HELD:  # the second officer refused the first list
            check_actor(JOINING, old.state, _E.HOLD, _UNION)
            new = old.after(_E.HOLD, work.now)
        if self.office.clock.today() < old.first:
            raise Conflict("E-JOIN-006", current=old.state, allowed=(), on=old.first)
        new = self._kept(work, scope, old, new, "joining.hold")
        named = listed_once(came)
        may, refused = may_join(self.office, work, scope, new, self._item(new.item), named)
        listed = work.joinings.people(scope, new.id)
        people = dict.fromkeys([*listed, *may], False) | dict.fromkeys(may, True)
        work.joinings.put_people(scope, new, people)
        proposal = propose(work, scope, CLOSE, new.id, {"came": str(len(may))})
        return Handed(joining=new, proposal=proposal, refused=refused)

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> Signed:
        """Confirm, as a second officer, who came: it is recorded, and the list goes (办结).

        Who is no member of the union any more is not recorded, and is named in the answer.

        Raises:
            NotFound: there is no such proposal within reach (E-ACCESS-002).
            NotAllowed: it is who said who came (E-ACCESS-004).
        """
        scope = authorise(work, self.by, Operation.JOINING_WRITE)
        old = self._decided(work, scope, proposal, ProposalState.CONFIRMED)
        check_actor(JOINING, old.state, _E.CLOSE, _UNION)
        item = self._item(old.item)
        came = [one for one, there in work.joinings.people(scope, old.id).items() if there]
        may, refused = may_join(self.office, work, scope, old, item, came)
        records = [part_of(work, old, item, person, self.by.id) for person in may]
        work.bulk.add_participations(scope, records)
        closed = evolve(old.after(_E.CLOSE, work.now), came=len(may))
        work.joinings.put_people(scope, closed, {})
        kept = self._kept(work, scope, old, closed, CLOSE, str(len(may)))
        return Signed(joining=kept, listed=may, refused=refused)

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int) -> Joining:
        """Refuse, as a second officer, what was said of who came; it may be said anew (退回)."""
        scope = authorise(work, self.by, Operation.JOINING_WRITE)
        return self._decided(work, scope, proposal, ProposalState.REFUSED)

    # --- the organiser -----------------------------------------------------------------------

    @one_commit
    def accept(
        self, work: UnitOfWork, joining: int, on: date, places: int, *, session: str = ""
    ) -> Joining:
        """Accept a sign-up for a day, with so many places; who is listed is told (受理).

        Args:
            work: Given by the office.
            joining: Which one.
            on: The day.
            places: How many may come.
            session: Which session, or what time; empty: as was asked.

        Raises:
            NotFound: there is no such sign-up within reach (E-JOIN-002).
            NotAllowed: it is who asked (E-ACCESS-004), or not the organiser (E-ACCESS-005).
            InvalidInput: the day or the places cannot be (E-JOIN-003), or more are on the list
                (E-JOIN-008).
        """
        scope, old = self._asked(work, joining, _E.ACCEPT)
        new = old.accepted(self.by.id, work.now, on=on, places=places, session=session)
        checked(new, self.office.clock.today())
        people = work.joinings.people(scope, old.id)
        if len(people) > places:  # all of them are told that they have one
            raise InvalidInput("E-JOIN-008", listed=len(people), places=places)
        kept = self._kept(work, scope, old, new, "joining.accept", f"{on} {places}")
        tell(self.office, work, scope, kept, people, "accepted")
        return kept

    @one_commit
    def decline(self, work: UnitOfWork, joining: int, why: str) -> Joining:
        """Decline a sign-up, with the reason (不受理)."""
        scope, old = self._asked(work, joining, _E.DECLINE)
        return self._called_off(work, scope, old, _E.DECLINE, why)

    @one_commit
    def cancel(self, work: UnitOfWork, joining: int, why: str) -> Joining:
        """Cancel what was accepted, with the reason (取消)."""
        scope, old = self._asked(work, joining, _E.CANCEL)
        return self._called_off(work, scope, old, _E.CANCEL, why)

    # --- looking -----------------------------------------------------------------------------

    @one_look
    def get(self, work: UnitOfWork, joining: int) -> Joining:
        """Return one sign-up.

        Raises:
            NotFound: there is none within reach (E-JOIN-002).
        """
        return self._get(work, authorise(work, self.by, Operation.JOINING_READ), joining)

    @one_look
    def listed(
        self, work: UnitOfWork, states: Iterable[JoiningState] = OPEN, *, most: int = _MOST
    ) -> Sequence[Joining]:
        """Return sign-ups within reach, the next to be held first; no names (报名列表)."""
        scope = authorise(work, self.by, Operation.JOINING_READ)
        items = None
        if self.by.role is Role.PROVIDER:
            shown = [each.id for each in self.office.catalogue.menu if each.mode is Mode.COLLECTIVE]
            items = [each for each in shown if self._answers_for(work, scope, each)]
        return work.joinings.listed(scope, states, items=items, most=min(most, _MOST))

    @one_commit
    def members(self, work: UnitOfWork, joining: int) -> Sequence[OnList]:
        """Return who is on a list, the names masked, and write down that it was read (名单)."""
        scope = authorise(work, self.by, Operation.JOINING_WRITE)
        found = self._get(work, scope, joining)
        people = work.joinings.people(scope, found.id)
        names = {one.id: str(one.present.name) for one in work.people.many(scope, people)}
        work.audit.add_many(
            scope,
            [AuditEntry(action="joining.members", subject=found.id, person=one) for one in people],
        )
        return [
            OnList(person=one, name=names.get(one, ""), came=came) for one, came in people.items()
        ]

    @one_look
    def of_person(self, work: UnitOfWork, person: PersonId) -> Sequence[Listing]:
        """Return on which lists a member is, the oldest sign-up first (我的集体参与)."""
        scope = authorise(work, self.by, Operation.JOINING_OWN)
        return listings_of(work, scope, authorise(work, engine(), Operation.BANK_DESK), person)

    # --- within ------------------------------------------------------------------------------

    def _item(self, item: str) -> ServiceItem:
        found = self.office.catalogue.offered(item)
        if found.mode is not Mode.COLLECTIVE:
            raise InvalidInput("E-JOIN-001", item=item)
        return found

    def _get(self, work: UnitOfWork, scope: Scope, joining: int) -> Joining:
        found = work.joinings.get(scope, joining)
        if found is None or (
            self.by.role is Role.PROVIDER and not self._answers_for(work, scope, found.item)
        ):
            raise NotFound("E-JOIN-002")
        return found

    def _answers_for(self, work: UnitOfWork, scope: Scope, item: str) -> bool:
        """Return whether the own union answers for an item: the project says so (责任单位)."""
        project = work.projects.get(scope, item)
        return project is not None and project.responsible == self.by.organisation

    def _asked(self, work: UnitOfWork, joining: int, event: JoiningEvent) -> tuple[Scope, Joining]:
        """Return what an organiser decides on, who is not who asked."""
        scope = authorise(work, self.by, Operation.JOINING_DECIDE)
        found = self._get(work, scope, joining)
        above = found.organisation != self.by.organisation
        check_actor(JOINING, found.state, event, acting_as(self.by.role, above=above))
        second_person(work, found.asked_by, self.by, found.asked)
        return scope, found

    def _decided(
        self, work: UnitOfWork, scope: Scope, proposal: int, state: ProposalState
    ) -> Joining:
        def within(made: Proposal) -> bool:
            return work.joinings.get(scope, made.subject) is not None

        decided = decide(work, scope, proposal, {CLOSE}, state, within=within)
        return self._get(work, scope, decided.subject)

    def _listed(
        self,
        work: UnitOfWork,
        scope: Scope,
        joining: Joining,
        item: ServiceItem,
        people: Iterable[PersonId],
    ) -> Signed:
        named = listed_once(people, joining.number)
        may, refused = may_join(self.office, work, scope, joining, item, named)
        keep_list(self.office, work, scope, joining, may)
        return Signed(joining=joining, listed=may, refused=refused)

    def _called_off(
        self, work: UnitOfWork, scope: Scope, old: Joining, event: JoiningEvent, why: str
    ) -> Joining:
        new = old.ended(event, work.now, why, self.by.id)
        drop_list(self.office, work, scope, new)
        return self._kept(work, scope, old, new, f"joining.{event.value}", new.reason)

    def _kept(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
        self,
        work: UnitOfWork,
        scope: Scope,
        old: Joining,
        new: Joining,
        action: str,
        why: str = "",
    ) -> Joining:
        work.joinings.put(scope, new)
        self._log(work, scope, action, new, why, old.state.value)
        return evolve(new, version=new.version + 1)

    def _log(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
        self,
        work: UnitOfWork,
        scope: Scope,
        action: str,
        joining: Joining,
        why: str,
        before: str = "",
    ) -> None:
        entry = AuditEntry(
            action=action, subject=joining.id, before=before, after=joining.state.value,
            reason=why,
        )  # fmt: skip
        work.audit.add(scope, entry)
