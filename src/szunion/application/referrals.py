"""Know how a union answers what the hotline passed on to it, and the hotline calls back (派单).

What was said is read one matter at a time, and each reading is in the log; lists carry no words.
An operator reads a matter by taking it in hand. Its clock counts working days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, TypeAlias

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.authority import check_actor
from szunion.application.office import Office, one_commit, one_look
from szunion.application.standing import least_level, standing_of
from szunion.application.working_days import working_day
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.catalogue import ServiceKind
from szunion.domain.eligibility import Ineligible
from szunion.domain.machine import Actor
from szunion.domain.organisations import Organisation, OrganisationState
from szunion.domain.referrals import AT_HOTLINE, OPEN, Referral, checked
from szunion.domain.tickets import TICKET, TicketEvent, TicketState
from szunion.domain.values import OrganisationId, PersonId, shard_of
from szunion.errors import Conflict, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

_S = TicketState
_E = TicketEvent
_MOST: Final = 200
"""How many are listed at once."""


@frozen(kw_only=True)
class OpenedReferral:
    """One matter, whole, and whose it is: the name masked (派单详情)."""

    referral: Referral
    name: str
    """Empty where the person is not within reach, or was erased."""
    union: str


@frozen(kw_only=True)
class Asked:
    """It is kept, and waits for the hotline to pass it on (已提交)."""

    referral: Referral


@frozen(kw_only=True)
class NotAsked:
    """It is not for this member, with everything that stands against it (不符合条件)."""

    against: tuple[Ineligible, ...]


AskedFor: TypeAlias = Asked | NotAsked


@frozen
class Referrals:
    """The desk of what the hotline passed on (热线派单)."""

    office: Office
    by: Principal

    # --- the call ----------------------------------------------------------------------------

    @one_commit
    def make(self, work: UnitOfWork, words: str, *, to: str = "") -> Referral:
        """Pass the caller's matter on to a union, which ends the call (派单).

        Args:
            work: Given by the office.
            words: What the caller said; it is kept sealed.
            to: The union's code; empty: the caller's own.

        Raises:
            NotAllowed: no ticket opens a member now (E-ACCESS-011).
            NotFound: there is no such union that works now (E-REFERRAL-003).
            InvalidInput: nothing was said, or too much (E-REFERRAL-002).
        """
        scope = authorise(work, self.by, Operation.REFERRAL_MAKE)
        ticket = work.calls.ticket(self.by.ticket)
        who = scope.only_person
        assert ticket is not None, "the ticket made the scope"
        assert who is not None, "a ticket opens one person"
        union = self._union(work, to, self._home(work, scope, who))
        passed = ticket.assigned()
        work.calls.put(scope, passed)
        accept_by, due = self._clock(ticket.topic)
        made = Referral(
            id=work.ids.new(shard_of(who)), ticket=ticket.id, person=who, organisation=union.id,
            topic=ticket.topic, words=checked(words), made=work.now, clerk=self.by.id, due=due,
            watch=min(accept_by, due), changed=work.now,
        )  # fmt: skip
        work.referrals.add(scope, made)
        entry = AuditEntry(
            action="ticket.assign", subject=ticket.id, person=who, before=ticket.state.value,
            after=passed.state.value, reason=union.code,
        )  # fmt: skip
        work.audit.add(scope, entry)
        self._log(work, scope, "referral.make", made, union.code)
        told = {"union": union.name, "due": due.isoformat()}
        work.messages.add(scope, who, "referral.made", told)
        return made

    # --- the member --------------------------------------------------------------------------

    @one_commit
    def ask(
        self, work: UnitOfWork, item: str, words: str, person: PersonId | None = None
    ) -> AskedFor:
        """Ask for a service of the menu that is handled as a case (申请办理): legal help.

        It waits for the hotline, which passes it on to a union; its clock runs from now on, as if
        it had been passed on at once. What is kept sealed begins with what was asked for.

        Args:
            work: Given by the office.
            item: The item of the catalogue.
            words: What it is about, in the member's own words.
            person: For whom the hotline writes it down.

        Raises:
            NotFound: no such item (E-SERVICE-002), or no such member (E-SERVICE-003).
            Conflict: it is not asked for as a case (E-REFERRAL-008).
            InvalidInput: nothing was said, or too much (E-REFERRAL-002).
        """
        scope = authorise(work, self.by, Operation.REFERRAL_OWN)
        wanted, who = self.office.catalogue.offered(item), person or self.by.person
        if wanted.kind is not ServiceKind.CASE or wanted.topic is None:
            raise Conflict("E-REFERRAL-008", current=wanted.kind, allowed=(), item=item)
        if who is None or work.people.get(scope, who) is None:
            raise NotFound("E-SERVICE-003")
        found = standing_of(
            self.office, work, scope, who, wanted, level=least_level(self.office, self.by.role),
            with_card=False,
        )  # fmt: skip
        if not found.free:
            return NotAsked(against=found.item)
        checked(words)
        accept_by, due = self._clock(wanted.topic)
        made = Referral(
            id=work.ids.new(shard_of(who)), ticket=0, person=who, topic=wanted.topic,
            organisation=self._home(work, scope, who), state=_S.NEW, made=work.now, clerk="",
            words=checked(f"{wanted.name.zh}：{words.strip()}"), due=due,
            watch=min(accept_by, due), changed=work.now,
        )  # fmt: skip
        work.referrals.add(scope, made)
        self._log(work, scope, "referral.ask", made, item)
        told = {"item": wanted.name.zh, "item_en": wanted.name.en, "due": due.isoformat()}
        work.messages.add(scope, who, "referral.asked", told)
        return Asked(referral=made)

    @one_look
    def of_person(self, work: UnitOfWork, person: PersonId) -> Sequence[Referral]:
        """Return a member's matters, oldest first; an operator sees how they stand, no words."""
        scope = authorise(work, self.by, Operation.REFERRAL_OWN)
        found = work.referrals.of_person(scope, person)
        if self.by.role is Role.MEMBER:
            return found
        return [each.without_words() for each in found]

    @one_commit
    def withdraw(self, work: UnitOfWork, referral: int) -> Referral:
        """Take a matter back: the member, or the operator to whom he or she says so (撤诉)."""
        scope = authorise(work, self.by, Operation.REFERRAL_OWN)
        old = self._get(work, scope, referral)
        check_actor(TICKET, old.state, _E.WITHDRAW, {Actor.MEMBER})
        new = evolve(old.after(_E.WITHDRAW, work.now), watch=None)
        return self._kept(work, scope, old, new, "referral.withdraw")

    # --- the union ---------------------------------------------------------------------------

    @one_look
    def listed(
        self,
        work: UnitOfWork,
        states: Iterable[TicketState] = OPEN,
        *,
        late: bool = False,
        most: int = _MOST,
    ) -> Sequence[Referral]:
        """Return matters within reach, the most urgent first, without words (派单列表).

        Args:
            work: Given by the office.
            states: In which states.
            late: Only those that were overdue: the union above sees to them.
            most: How many at most.
        """
        scope = authorise(work, self.by, Operation.REFERRAL_READ)
        return work.referrals.listed(scope, states, late=late, most=min(most, _MOST))

    @one_commit
    def read(self, work: UnitOfWork, referral: int) -> OpenedReferral:
        """Return one matter, whole, and write down that it was read (查看派单).

        Raises:
            NotFound: there is none within reach (E-REFERRAL-001).
        """
        scope = authorise(work, self.by, Operation.REFERRAL_WORK)
        found = self._get(work, scope, referral)
        self._log(work, scope, "referral.read", found)
        return self._opened(work, scope, found)

    @one_commit
    def accept(self, work: UnitOfWork, referral: int) -> Referral:
        """Accept a matter for the union: its clock is the day of the answer now (签收)."""
        scope = authorise(work, self.by, Operation.REFERRAL_WORK)
        old = self._get(work, scope, referral)
        check_actor(TICKET, old.state, _E.ACCEPT, {Actor.HANDLER})
        new = old.accepted(self.by.id, work.now)
        return self._kept(work, scope, old, new, "referral.accept")

    @one_commit
    def bounce(self, work: UnitOfWork, referral: int, why: str) -> Referral:
        """Send a matter back that is not the union's; the clock runs on (退单)."""
        scope = authorise(work, self.by, Operation.REFERRAL_WORK)
        old = self._get(work, scope, referral)
        check_actor(TICKET, old.state, _E.BOUNCE, {Actor.HANDLER})
        return self._kept(work, scope, old, old.bounced(why, work.now), "referral.bounce")

    @one_commit
    def reply(self, work: UnitOfWork, referral: int, words: str) -> Referral:
        """Answer a matter; the hotline calls the member back about it (答复)."""
        scope = authorise(work, self.by, Operation.REFERRAL_WORK)
        old = self._get(work, scope, referral)
        check_actor(TICKET, old.state, _E.REPLY, {Actor.HANDLER})
        new = old.replied(self.by.id, words, work.now)
        work.messages.add(scope, old.person, "referral.replied", {})
        return self._kept(work, scope, old, new, "referral.reply")

    # --- the hotline again -------------------------------------------------------------------

    @one_commit
    def take(self, work: UnitOfWork, referral: int) -> OpenedReferral:
        """Take a matter in hand: to call back about an answer, or to pass it on again (回访).

        Raises:
            NotFound: there is none (E-REFERRAL-001).
            Conflict: it does not wait for the hotline (E-REFERRAL-004).
            NotAllowed: whoever answered does not call back (E-REFERRAL-005).
        """
        scope = authorise(work, self.by, Operation.REFERRAL_CALL)
        old = self._get(work, scope, referral)
        if old.state not in AT_HOTLINE:
            raise Conflict("E-REFERRAL-004", current=old.state, allowed=())
        if old.handler == self.by.id:
            raise NotAllowed("E-REFERRAL-005")
        new = self._kept(work, scope, old, old.taken(self.by.id, work.now), "referral.take")
        return self._opened(work, scope, new)

    @one_commit
    def satisfied(self, work: UnitOfWork, referral: int) -> Referral:
        """Note that the member is satisfied, which closes the matter (满意，办结)."""
        scope = authorise(work, self.by, Operation.REFERRAL_CALL)
        old = self._in_hand(work, scope, referral)
        return self._kept(
            work, scope, old, old.after(_E.SATISFIED, work.now), "referral.satisfied"
        )  # fmt: skip

    @one_commit
    def unsatisfied(self, work: UnitOfWork, referral: int, why: str) -> Referral:
        """Note that the member is not satisfied: the city federation passes it on anew (不满意)."""
        scope = authorise(work, self.by, Operation.REFERRAL_CALL)
        old = self._in_hand(work, scope, referral)
        return self._kept(work, scope, old, old.unsatisfied(why, work.now), "referral.unsatisfied")

    @one_commit
    def missed(self, work: UnitOfWork, referral: int) -> Referral:
        """Note that the member was not reached; after so many times it is closed so (无法联系)."""
        scope = authorise(work, self.by, Operation.REFERRAL_CALL)
        old = self._in_hand(work, scope, referral)
        new = old.missed(self.office.policy.referrals.calls, work.now)
        return self._kept(work, scope, old, new, "referral.missed")

    @one_commit
    def assign(self, work: UnitOfWork, referral: int, to: str) -> Referral:
        """Pass on again what was sent back, or was answered and did not satisfy (重新派单).

        Raises:
            NotAllowed: it was sent back too often, or did not satisfy: that is for the city
                federation to decide (E-REFERRAL-006, E-ACCESS-005).
            NotFound: there is no such matter (E-REFERRAL-001), or union (E-REFERRAL-003).
        """
        scope = authorise(work, self.by, Operation.REFERRAL_CALL)
        old = self._get(work, scope, referral)
        city = self.by.role is Role.CITY
        check_actor(
            TICKET, old.state, _E.ASSIGN, {Actor.HOTLINE, *([Actor.CITY] if city else [])}
        )  # fmt: skip
        if old.bounces > self.office.policy.referrals.bounces and not city:
            raise NotAllowed("E-REFERRAL-006")
        union = self._union(work, to, old.organisation)
        accept_by, due = self._clock(old.topic)
        new = old.assigned(union.id, self.by.id, work.now, accept_by=accept_by, due=due)
        if not old.ticket and not old.bounces and old.state is _S.NEW:
            told = {"union": union.name, "due": new.due.isoformat()}
            work.messages.add(scope, old.person, "referral.made", told)
        return self._kept(work, scope, old, new, "referral.assign", union.code)

    # --- within ------------------------------------------------------------------------------

    def _clock(self, topic: str) -> tuple[date, date]:
        """Return by which day a union accepts a matter of a topic, and answers it."""
        today, rules = self.office.clock.today(), self.office.policy.referrals
        days = rules.answer_days_of.get(topic, rules.answer_days)
        calendar = self.office.calendar
        return working_day(calendar, today, rules.accept_days), working_day(calendar, today, days)

    def _home(self, work: UnitOfWork, scope: Scope, who: PersonId) -> OrganisationId:
        membership = work.members.newest(scope, who)
        return OrganisationId(0) if membership is None else membership.organisation

    def _union(self, work: UnitOfWork, code: str, own: OrganisationId) -> Organisation:
        unions = authorise(work, self.by, Operation.ORGANISATION_READ)
        if code.strip():
            found = work.organisations.by_code(unions, code.strip())
        else:
            found = work.organisations.get(unions, own)
        if found is None or found.state is not OrganisationState.ACTIVE:
            raise NotFound("E-REFERRAL-003", code=code.strip() or "-")
        return found

    def _get(self, work: UnitOfWork, scope: Scope, referral: int) -> Referral:
        found = work.referrals.get(scope, referral)
        if found is None:
            raise NotFound("E-REFERRAL-001")
        return found

    def _in_hand(self, work: UnitOfWork, scope: Scope, referral: int) -> Referral:
        """Return one that is being called back about by this operator; by any, for the city."""
        found = self._get(work, scope, referral)
        if found.state is not _S.CALLBACK:
            raise Conflict("E-REFERRAL-004", current=found.state, allowed=())
        if self.by.role is Role.HOTLINE and found.clerk != self.by.id:
            raise NotAllowed("E-REFERRAL-007")
        return found

    def _opened(self, work: UnitOfWork, scope: Scope, found: Referral) -> OpenedReferral:
        person = work.people.get(scope, found.person)
        union = work.organisations.get(scope, found.organisation)
        return OpenedReferral(
            referral=found, name="" if person is None else str(person.present.name),
            union="" if union is None else f"{union.code} {union.name}",
        )  # fmt: skip

    def _kept(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
        self,
        work: UnitOfWork,
        scope: Scope,
        old: Referral,
        new: Referral,
        action: str,
        why: str = "",
    ) -> Referral:
        work.referrals.put(scope, new)
        self._log(work, scope, action, new, why, old)
        return evolve(new, version=new.version + 1)

    def _log(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
        self,
        work: UnitOfWork,
        scope: Scope,
        action: str,
        referral: Referral,
        why: str = "",
        old: Referral | None = None,
    ) -> None:
        """Write it down: what was said is never part of it."""
        entry = AuditEntry(
            action=action, subject=referral.id, person=referral.person,
            before=old.state.value if old else "", after=referral.state.value, reason=why,
        )  # fmt: skip
        work.audit.add(scope, entry)
