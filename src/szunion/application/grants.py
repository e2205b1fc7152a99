"""Know how help is granted: asked for, decided by another, owed exactly once (帮扶、补助).

Whom a grant counts for (a household, a student, a child) is named by a number of its own, such as
that of the household register. It is kept as a blind index only: the same household has the same
key, and nobody reads from the store which household it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit, one_look
from szunion.application.payment_news import item_words
from szunion.application.proposals import decide, propose
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.benefits import Benefit, OncePer, Period, Subject
from szunion.domain.catalogue import ServiceItem, ServiceKind, grant_key
from szunion.domain.city_time import day_of
from szunion.domain.eligibility import Ineligible, ineligible
from szunion.domain.members import Rights
from szunion.domain.payouts import Obligation
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import Fen, Labelled, ObligationId, PersonId, shard_of
from szunion.errors import InvalidInput, NotFound
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork

_DECIDE: Final = "grant.decide"
_SCHOOL_STARTS: Final = 9
_WINTER_STARTS: Final = 7


class NoGrant(Labelled):
    """Why nothing can be granted (不予发放的原因)."""

    NOT_A_MEMBER = "NOT_A_MEMBER", "不是可享受服务的会员", "no member with benefits"
    NO_AMOUNT = "NO_AMOUNT", "不属于任何一档", "none of its tiers fits"


@frozen(kw_only=True)
class Proposed:
    """It waits for a second person (待核准)."""

    proposal: Proposal
    fen: Fen


@frozen(kw_only=True)
class AlreadyGranted:
    """The same household, student or child was given it before (已发放过).

    It says when, and nothing about whom it was paid to.
    """

    on: date


@frozen(kw_only=True)
class NotGranted:
    """It cannot be granted, with everything that stands against it."""

    reasons: tuple[NoGrant | Ineligible, ...]


@frozen(kw_only=True)
class Granted:
    """It is owed now (已核准)."""

    obligation: Obligation


Asked: TypeAlias = Proposed | AlreadyGranted | NotGranted
Decided: TypeAlias = Granted | AlreadyGranted | NotGranted


@frozen(kw_only=True)
class _Terms:
    """What an item of the menu says about being granted."""

    item: ServiceItem
    benefit: Benefit


def period_of(once: OncePer | None, day: date) -> str:
    """Return the name of the span in which once means once, for *day* (期间).

    A Spring Festival's help is handed out from the second half of the year before; a school year
    begins in September.
    """
    match once.period if once else Period.EVER:
        case Period.SPRING_FESTIVAL:
            return str(day.year + (day.month >= _WINTER_STARTS))
        case Period.SCHOOL_YEAR:
            start = day.year - (day.month < _SCHOOL_STARTS)
            return f"{start}-{start + 1}"
        case Period.MONTH:
            return f"{day:%Y-%m}"
        case Period.EVER:
            return "ever"


@frozen
class Grants:
    """The desk where help is asked for and decided (困难帮扶、助学、津贴)."""

    office: Office
    by: Principal

    @one_commit
    def propose(  # noqa: PLR0913 - a grant with all that decides it
        self,
        work: UnitOfWork,
        person: PersonId,
        item: str,
        *,
        subject: str = "",
        answers: Mapping[str, str] | None = None,
        day: date | None = None,
    ) -> Asked:
        """Ask for a grant to a member (提请).

        Args:
            work: Given by the office.
            person: Into whose account it goes.
            item: An item of the menu; what the activation pack covers is claimed.
            subject: The number that names the household, student or child; it is kept blind.
                Where a grant counts for the member, it is left out.
            answers: What decides its tier, such as ``{"study": "bachelor"}``.
            day: The day it is for; None: today.

        Raises:
            NotFound: no such item that gives a fixed amount (E-SERVICE-002), or no such member
                within reach (E-SERVICE-003).
            InvalidInput: *subject* is missing (E-SERVICE-004).
        """
        scope = authorise(work, self.by, Operation.GRANT_WRITE)
        terms = self._terms(item)
        if work.people.get(scope, person) is None:
            raise NotFound("E-SERVICE-003")
        on = day or day_of(work.now)
        fen = terms.benefit.amount(answers or {})
        against = self._against(work, scope, person, terms)
        if fen is None:
            against = (*against, NoGrant.NO_AMOUNT)
        if against or fen is None:
            return NotGranted(reasons=against)
        key = self._key(work, terms, person, subject, on)
        known = work.obligations.granted(scope, key)
        if known is not None:
            return AlreadyGranted(on=day_of(known.decided))
        # The subject of the proposal is the grant itself: twins are two, one child is one.
        about = int.from_bytes(work.vault.index(IndexField.GRANT, f"proposal:{key}")[:7])
        words = {
            "person": str(person), "item": item, "fen": str(fen.amount), "key": key,
            "day": on.isoformat(),
        }  # fmt: skip
        waiting = work.proposals.open_of(scope, _DECIDE, about)
        if waiting is not None:
            if waiting.terms["person"] != str(person):
                return AlreadyGranted(on=day_of(waiting.made))
            words["day"] = waiting.terms["day"]  # asked for again on a later day: the same grant
        return Proposed(proposal=propose(work, scope, _DECIDE, about, words), fen=fen)

    @one_commit
    def decide(self, work: UnitOfWork, proposal: int) -> Decided:
        """Grant what another person asked for: from now on it is owed (核准).

        Eligibility is looked at again; a grant that was given meanwhile is not given twice.

        Raises:
            NotAllowed: it is who asked (E-ACCESS-004).
            NotFound, Conflict: there is no such proposal, or it was decided (E-PROPOSAL-001).
        """
        scope = authorise(work, self.by, Operation.GRANT_DECIDE)
        decided = self._decided(work, scope, proposal, ProposalState.CONFIRMED)
        person = PersonId(int(decided.terms["person"]))
        terms = self._terms(decided.terms["item"])
        against = self._against(work, scope, person, terms)
        if against:
            self._tell_refused(work, scope, person, terms.item.id, against[0].label)
            return NotGranted(reasons=against)
        obligation = Obligation(
            id=ObligationId(work.ids.new(shard_of(person))),
            key=decided.terms["key"],
            payee=person,
            item=terms.item.id,
            year=day_of(work.now).year,
            fen=Fen(int(decided.terms["fen"])),
            decided=work.now,
            decided_by=self.by.id,
        )
        known = work.obligations.add(scope, obligation)
        if known is not None:
            return AlreadyGranted(on=day_of(known.decided))
        entry = AuditEntry(
            action="grant.grant",
            subject=obligation.id,
            person=person,
            after=f"{terms.item.id}:{obligation.fen.amount}",
            reason=self.office.catalogue.version,
        )
        work.audit.add(scope, entry)
        name, _ = item_words(self.office, terms.item.id)
        words = {"item": name.zh, "item_en": name.en, "yuan": str(obligation.fen)}
        work.messages.add(scope, person, "grant.decided", words)
        return Granted(obligation=obligation)

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int, reason: str) -> Proposal:
        """Refuse what another person asked for, with the reason (不予核准)."""
        scope = authorise(work, self.by, Operation.GRANT_DECIDE)
        decided = self._decided(work, scope, proposal, ProposalState.REFUSED)
        person = PersonId(int(decided.terms["person"]))
        self._tell_refused(work, scope, person, decided.terms["item"], reason)
        return decided

    @one_look
    def of_person(self, work: UnitOfWork, person: PersonId) -> Sequence[Obligation]:
        """Return what a member was granted, with how much of it has arrived."""
        scope = authorise(work, self.by, Operation.SERVICE_READ)
        return work.obligations.of_person(scope, person)

    # --- within -----------------------------------------------------------------------------

    def _decided(
        self, work: UnitOfWork, scope: Scope, proposal: int, state: ProposalState
    ) -> Proposal:
        def within(found: Proposal) -> bool:
            return work.people.get(scope, PersonId(int(found.terms["person"]))) is not None

        return decide(work, scope, proposal, (_DECIDE,), state, within=within)

    def _tell_refused(
        self, work: UnitOfWork, scope: Scope, person: PersonId, item: str, reason: str
    ) -> None:
        name, _ = item_words(self.office, item)
        words = {"item": name.zh, "item_en": name.en, "reason": reason}
        work.messages.add(scope, person, "grant.refused", words)

    def _terms(self, item: str) -> _Terms:
        catalogue = self.office.catalogue
        found = catalogue.item(item)
        grants = {ServiceKind.GRANT, ServiceKind.PAYOUT}
        if found is None or found.kind not in grants or found.benefit is None:
            raise NotFound("E-SERVICE-002", item=item)
        return _Terms(item=found, benefit=found.benefit)

    def _against(
        self, work: UnitOfWork, scope: Scope, person: PersonId, terms: _Terms
    ) -> tuple[NoGrant | Ineligible, ...]:
        membership = work.members.newest(scope, person)
        policy = self.office.policy
        rights = Rights()
        if membership is not None:
            rights = policy.rights_of(membership.state, membership.reason)
        file = work.people.get(scope, person)
        gender = file.present.document.gender() if file is not None else None
        # A union asks for its member: the least level is for members who ask by themselves.
        return ineligible(terms.item, rights=rights, gender=gender, level=0, least_level=0)

    def _key(
        self, work: UnitOfWork, terms: _Terms, person: PersonId, subject: str, on: date
    ) -> str:
        once = terms.item.once_per
        kind = once.subject if once else Subject.MEMBER
        if kind is Subject.MEMBER:
            blind = str(person)
        else:
            plain = "".join(subject.split()).upper()
            if not plain:
                raise InvalidInput("E-SERVICE-004", kind=kind.label, kind_en=kind.label_en)
            blind = work.vault.index(IndexField.GRANT, f"{kind.value}:{plain}").hex()
        return grant_key(terms.item, period_of(once, on), blind)
