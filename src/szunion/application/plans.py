"""Know how members join plans, alone or through their union, and who accepts them (参保)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.authority import acting_as, check_actor
from szunion.application.binding_moves import level_of
from szunion.application.consent_gate import lacking, refused
from szunion.application.cover_moves import entry_of, follow_dates, keep_cover
from szunion.application.membership_moves import in_charge
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, propose
from szunion.application.recovery import void_cover
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.catalogue import Mode, Plan
from szunion.domain.consent import ConsentPurpose
from szunion.domain.eligibility import Ineligible, ineligible
from szunion.domain.enrolments import (
    ENROLMENT,
    LIVE,
    Enrolment,
    EnrolmentEvent,
    EnrolmentState,
    accepted,
    ended_on,
    enrolment_key,
)
from szunion.domain.machine import Actor
from szunion.domain.members import Rights
from szunion.domain.people import Person
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import EnrolmentId, Fen, Labelled, PersonId, shard_of
from szunion.errors import InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork

_E = EnrolmentEvent
_VOID: Final = "enrolment.void"


class NoCover(Labelled):
    """Why somebody cannot join a plan now (不能参保的原因)."""

    COVERED = "COVERED", "同一计划已在保障期内", "covered by the same plan already"
    ASKED = "ASKED", "已提交，待审核", "asked for already, and waits"
    NO_CONSENT = "NO_CONSENT", "没有同意向承保机构提供信息", "no consent to the insurer"


@frozen(kw_only=True)
class Joined:
    """It waits for acceptance (已提交)."""

    enrolment: Enrolment


@frozen(kw_only=True)
class NotJoined:
    """It was not asked for, with everything that stands against it."""

    person: PersonId
    reasons: tuple[Ineligible | NoCover, ...]


JoinResult: TypeAlias = Joined | NotJoined


@frozen
class Plans:
    """The desk of plans (保障计划): join, accept, end."""

    office: Office
    by: Principal

    # --- joining ----------------------------------------------------------------------------

    @one_commit
    def join(
        self, work: UnitOfWork, person: PersonId, plan: str, *, since: date | None = None
    ) -> JoinResult:
        """Ask for a member's cover under a plan of the menu (提交参保).

        Args:
            work: Given by the office.
            person: The member.
            plan: The plan's id.
            since: From which day; None: today. A renewal begins where the old cover ends.

        Raises:
            NotFound: no such plan that is joined (E-PLAN-001), or no such member within reach
                (E-SERVICE-003).
            NotAllowed: another handler insures it, and the member does not consent to that
                (E-CONSENT-001 to 003).
        """
        scope = authorise(work, self.by, Operation.PLAN_WRITE)
        terms = self._joined(plan)
        without = self._without_consent(work, scope, terms, (person,))
        if person in without:
            raise refused(without[person], ConsentPurpose.INSURER)
        return self._join(work, scope, person, terms, since)

    @one_commit
    def join_many(
        self,
        work: UnitOfWork,
        people: Sequence[PersonId],
        plan: str,
        *,
        since: date | None = None,
    ) -> Sequence[JoinResult]:
        """Ask for the cover of many members of a union at once (集体参保); each has its answer."""
        scope = authorise(work, self.by, Operation.PLAN_WRITE)
        terms = self._joined(plan)
        without = self._without_consent(work, scope, terms, people)
        return [
            NotJoined(person=one, reasons=(NoCover.NO_CONSENT,))
            if one in without
            else self._join(work, scope, one, terms, since)
            for one in dict.fromkeys(people)
        ]

    def _without_consent(
        self, work: UnitOfWork, scope: Scope, plan: Plan, people: Sequence[PersonId]
    ) -> Mapping[PersonId, str]:
        insurer = plan.terms.insurer
        if insurer is None:
            return {}
        purpose = ConsentPurpose.INSURER
        return lacking(self.office, work, scope, "plan.join", purpose, people, insurer)

    @one_commit
    def cancel(self, work: UnitOfWork, enrolment: EnrolmentId) -> Enrolment:
        """Take back what was asked for, before cover begins (取消)."""
        scope = authorise(work, self.by, Operation.PLAN_WRITE)
        old = self._get(work, scope, enrolment)
        actors = self._actors(work, scope, old.person)
        check_actor(ENROLMENT, old.state, _E.CANCEL, actors)
        return keep_cover(work, scope, old, old.after(_E.CANCEL), _E.CANCEL)

    # --- deciding ---------------------------------------------------------------------------

    @one_commit
    def accept(
        self,
        work: UnitOfWork,
        enrolment: EnrolmentId,
        *,
        since: date | None = None,
        until: date | None = None,
        document: str = "",
    ) -> Enrolment:
        """Accept a member: from now on the period and its limits are fixed (承保).

        Args:
            work: Given by the office.
            enrolment: What was asked for.
            since: The first day; None: as was asked for.
            until: The first day after; None: as long as the catalogue says.
            document: The payment of the fee, unless the plan is free.

        Raises:
            InvalidInput: the payment is missing (E-PLAN-003), or the end of the cover (E-PLAN-004).
        """
        scope = authorise(work, self.by, Operation.PLAN_DECIDE)
        old = self._get(work, scope, enrolment)
        check_actor(ENROLMENT, old.state, _E.ACCEPT, acting_as(self.by.role))
        plan = self._plan(old.plan)
        if plan.terms.fee != Fen(0) and not document.strip():
            raise InvalidInput("E-PLAN-003", plan=plan.id)
        begins = since or old.since or self.office.clock.today()
        new = accepted(
            old, plan, _E.ACCEPT, since=begins, until=until,
            catalogue=self.office.catalogue.version, by=self.by.id, document=document.strip(),
        )  # fmt: skip
        others = [
            each
            for each in work.enrolments.of_person(scope, old.person)
            if each.plan == old.plan and each.id != old.id
        ]
        if any(each.overlaps(begins, new.until) for each in others):
            raise InvalidInput("E-PLAN-006", plan=plan.id)
        kept = keep_cover(work, scope, old, new, _E.ACCEPT, document.strip())
        words = {
            "plan": plan.name.zh, "plan_en": plan.name.en, "since": str(new.since),
            "until": str(new.until),
        }  # fmt: skip
        work.messages.add(scope, old.person, "cover.accepted", words)
        return follow_dates(self.office, work, scope, kept)

    @one_commit
    def refuse(self, work: UnitOfWork, enrolment: EnrolmentId, reason: str) -> Enrolment:
        """Refuse a member, with the reason (不予承保)."""
        scope = authorise(work, self.by, Operation.PLAN_DECIDE)
        old = self._get(work, scope, enrolment)
        check_actor(ENROLMENT, old.state, _E.REJECT, acting_as(self.by.role))
        self._reasoned(reason)
        plan = self._plan(old.plan)
        words = {"plan": plan.name.zh, "plan_en": plan.name.en, "reason": reason}
        work.messages.add(scope, old.person, "cover.refused", words)
        return keep_cover(work, scope, old, old.after(_E.REJECT), _E.REJECT, reason)

    @one_commit
    def terminate(
        self, work: UnitOfWork, enrolment: EnrolmentId, reason: str, *, on: date | None = None
    ) -> Enrolment:
        """End a cover before its time; what happened before the day stays covered (终止)."""
        scope = authorise(work, self.by, Operation.PLAN_DECIDE)
        old = self._get(work, scope, enrolment)
        check_actor(ENROLMENT, old.state, _E.TERMINATE, acting_as(self.by.role))
        self._reasoned(reason)
        new = ended_on(old, on or self.office.clock.today(), reason, self.by.id)
        return keep_cover(work, scope, old, new, _E.TERMINATE, reason)

    @one_commit
    def void(self, work: UnitOfWork, enrolment: EnrolmentId, reason: str) -> Proposal:
        """Propose that a cover never was: a duplicate, or never eligible; another confirms."""
        scope = authorise(work, self.by, Operation.PLAN_DECIDE)
        old = self._get(work, scope, enrolment)
        check_actor(ENROLMENT, old.state, _E.VOID, acting_as(self.by.role))
        self._reasoned(reason)
        return propose(work, scope, _VOID, old.id, {"reason": reason})

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> Enrolment:
        """Confirm, as another reviewer, that a cover is void: what was paid is on the list (追回).

        Raises:
            NotAllowed: it is who proposed (E-ACCESS-004).
        """
        scope = authorise(work, self.by, Operation.PLAN_DECIDE)
        decided = decide(work, scope, proposal, (_VOID,))
        old = self._get(work, scope, EnrolmentId(decided.subject))
        why = decided.terms["reason"]
        void_cover(work, scope, old.id, work.claims.of_person(scope, old.person), why)
        return keep_cover(work, scope, old, old.after(_E.VOID), _E.VOID, why)

    @one_commit
    def keep_it(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Refuse, as another reviewer, to make a cover void."""
        scope = authorise(work, self.by, Operation.PLAN_DECIDE)
        return decide(work, scope, proposal, (_VOID,), ProposalState.REFUSED)

    # --- looking ----------------------------------------------------------------------------

    @one_look
    def of_person(self, work: UnitOfWork, person: PersonId) -> Sequence[Enrolment]:
        """Return a member's covers, with what of each is used."""
        scope = authorise(work, self.by, Operation.PLAN_READ)
        return work.enrolments.of_person(scope, person)

    @one_look
    def waiting(
        self, work: UnitOfWork, *, after: EnrolmentId | None = None, most: int = 200
    ) -> Sequence[Enrolment]:
        """Return a page of those that wait for acceptance, by id."""
        scope = authorise(work, self.by, Operation.PLAN_DECIDE)
        return work.enrolments.asked(scope, after=after, most=most)

    # --- within -----------------------------------------------------------------------------

    def _plan(self, plan: str) -> Plan:
        found = self.office.catalogue.plan(plan)
        if found is None:
            raise NotFound("E-PLAN-001", plan=plan)
        return found

    def _joined(self, plan: str) -> Plan:
        found = self._plan(plan)
        if found.item is None:
            raise NotFound("E-PLAN-001", plan=plan)
        return found

    def _get(self, work: UnitOfWork, scope: Scope, enrolment: EnrolmentId) -> Enrolment:
        found = work.enrolments.get(scope, enrolment)
        if found is None:
            raise NotFound("E-PLAN-002")
        return found

    def _reasoned(self, reason: str) -> None:
        if not reason.strip():
            raise InvalidInput("E-PLAN-007")

    def _actors(self, work: UnitOfWork, scope: Scope, person: PersonId) -> frozenset[Actor]:
        membership = work.members.newest(scope, person)
        own = membership is not None and in_charge(work, self.by, scope, membership.organisation)
        return frozenset(acting_as(self.by.role, own=own))

    def _join(
        self,
        work: UnitOfWork,
        scope: Scope,
        person: PersonId,
        plan: Plan,
        since: date | None,
    ) -> JoinResult:
        file = work.people.get(scope, person)
        if file is None:
            raise NotFound("E-SERVICE-003")
        check_actor(ENROLMENT, EnrolmentState.DRAFT, _E.SUBMIT, self._actors(work, scope, person))
        known = work.enrolments.of_person(scope, person)
        mine = [each for each in known if each.plan == plan.id]
        begins = since or self.office.clock.today()
        against = self._against(work, scope, file, plan, mine, begins)
        if against:
            return NotJoined(person=person, reasons=against)
        row = Enrolment(
            id=EnrolmentId(work.ids.new(shard_of(person))),
            key=enrolment_key(plan.id, person, len(mine) + 1),
            person=person,
            plan=plan.id,
            asked=work.now,
            asked_by=self.by.id,
            since=begins,
            follows=mine[-1].id if mine else None,
        ).after(_E.SUBMIT)
        work.enrolments.add(scope, row)
        work.audit.add(scope, entry_of(EnrolmentState.DRAFT, row, _E.SUBMIT))
        return Joined(enrolment=row)

    def _against(  # noqa: PLR0913, PLR0917 - who, which plan, from when
        self,
        work: UnitOfWork,
        scope: Scope,
        file: Person,
        plan: Plan,
        mine: Sequence[Enrolment],
        since: date,
    ) -> tuple[Ineligible | NoCover, ...]:
        assert plan.item is not None
        membership, policy = work.members.newest(scope, file.id), self.office.policy
        rights = Rights()
        if membership is not None:
            rights = policy.rights_of(membership.state, membership.reason)
        alone = self.by.role is Role.MEMBER
        found: list[Ineligible | NoCover] = list(
            ineligible(
                plan.item, rights=rights, gender=file.present.document.gender(),
                level=level_of(work, scope, file).number if alone else 0,
                least_level=policy.services.realname_level if alone else 0,
            )
        )  # fmt: skip
        if plan.item.mode is Mode.COLLECTIVE and not alone:
            found = [each for each in found if each is not Ineligible.BY_UNION]
        if any(each.state is EnrolmentState.SUBMITTED for each in mine):
            found.append(NoCover.ASKED)
        elif any(each.state in LIVE and each.overlaps(since, None) for each in mine):
            found.append(NoCover.COVERED)
        return tuple(found)
