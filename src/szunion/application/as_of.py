"""Know how a question about a past day is put to the store, and how rules are noted for it."""

from __future__ import annotations

from datetime import date, datetime

from attrs import define, field

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.as_of import (
    SETTLING,
    AsOf,
    CardStanding,
    Entitled,
    Standing,
    card_on,
    place_and_version,
)
from szunion.domain.audit import AuditEntry
from szunion.domain.cards import Card
from szunion.domain.eligibility import against_terms
from szunion.domain.identity import Gender
from szunion.domain.members import Membership, Rights
from szunion.domain.people import Person
from szunion.domain.policy_versions import PolicyVersion, present_rules, rules_on
from szunion.domain.use import use
from szunion.domain.values import CardId, PersonId
from szunion.errors import InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork


def moment_asked(work: UnitOfWork, known: datetime | None) -> datetime:
    """Return the moment whose knowledge is asked for; None: now.

    Raises:
        InvalidInput: it has not come yet (E-MEMBER-006): nobody knows what will be known.
    """
    if known is not None and known > work.now:
        raise InvalidInput("E-MEMBER-006", known=known.isoformat(timespec="seconds"))
    return known or work.now


def _rules(
    office: Office, work: UnitOfWork, scope: Scope, day: date, known: datetime
) -> PolicyVersion:
    """Return the rules in force on a day; number 0: none was noted, today's file stands for it."""
    found = rules_on(work.policies.versions(scope), day, known)
    return found or present_rules(office.policy, office.catalogue, number=0, recorded=known)


def member_as_of(  # noqa: PLR0913 - who, when, as known when
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    person: PersonId,
    *,
    on: date,
    known: datetime | None,
) -> AsOf:
    """Return who somebody was on a day, as was known at a moment; see ``Members.as_of``."""
    moment = moment_asked(work, known)
    rules = _rules(office, work, scope, on, moment)
    said = place_and_version(
        work.members.affiliations(scope, person), work.members.versions(scope, person), on, moment
    )
    standing = None
    if said is not None:
        place, row = said
        standing = Standing(
            membership=row.id, organisation=place.organisation, state=row.state,
            reason=row.reason, rights=rules.rights_of(row.state, row.reason),
        )  # fmt: skip
    return AsOf(
        person=person, on=on, known=moment, final=moment <= work.now - SETTLING,
        standing=standing, rules=rules.number,
    )  # fmt: skip


def entitled_as_of(  # noqa: PLR0913 - who, to what, when, as known when
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    file: Person,
    item: str,
    *,
    on: date,
    known: datetime | None,
) -> Entitled:
    """Return whether somebody was entitled to an item on a day; see ``Members.entitled``."""
    who = member_as_of(office, work, scope, file.id, on=on, known=known)
    rules = _rules(office, work, scope, on, who.known)
    terms = rules.items.get(item)
    if terms is None:
        raise NotFound("E-MEMBER-007", item=item, on=on.isoformat())
    standing = who.standing
    rights = standing.rights if standing else Rights()
    against = against_terms(
        terms, rights=rights, gender=_gender(file, who.known), level=0,
        least_level=0,
    )  # fmt: skip
    card = _current_card(office, work, scope, who)
    if card is None:
        return Entitled(who=who, item=item, against=against, no_card=True)
    membership = _membership_then(work, scope, who)
    return Entitled(who=who, item=item, against=against, card=use(card, membership, rules))


def _gender(file: Person, known: datetime) -> Gender | None:
    said = [each for each in file.versions if each.recorded <= known]
    return said[-1].document.gender() if said else None


def _membership_then(work: UnitOfWork, scope: Scope, who: AsOf) -> Membership | None:
    said = place_and_version(
        work.members.affiliations(scope, who.person), work.members.versions(scope, who.person),
        who.on, who.known,
    )  # fmt: skip
    return None if said is None else said[1]


def _current_card(office: Office, work: UnitOfWork, scope: Scope, who: AsOf) -> Card | None:
    """Return the card that was the current one at the end of that day, as it then stood."""
    said: dict[CardId, list[CardStanding]] = {}
    for each in work.cards.standings(scope, who.person):
        said.setdefault(each.card, []).append(each)
    for kept in work.cards.of_person(scope, who.person):
        if kept.programme == office.policy.cards.programme:
            facts = work.cards.facts(scope, kept.id)
            then = card_on(kept.card, facts, said.get(kept.id, ()), who.on, who.known)
            if then is not None and then.current:
                return then
    return None


@define
class PolicyBook:
    """The desk at which a city's rules are noted as they change (政策登记)."""

    office: Office
    by: Principal
    _noted: bool = field(default=False, init=False)

    def keep(self) -> bool:
        """Note the rules once in the life of a process: its files do not change; return whether."""
        if self._noted:
            return False
        done = self.note()
        self._noted = True
        return done

    @one_commit
    def note(self, work: UnitOfWork) -> bool:
        """Note the rules of the city's files, if they are others than the last; return whether."""
        scope = authorise(work, self.by, Operation.OPERATE)
        known = work.policies.versions(scope)
        number = known[-1].number + 1 if known else 1
        office = self.office
        new = present_rules(office.policy, office.catalogue, number=number, recorded=work.now)
        if known and known[-1].digest == new.digest:
            return False
        work.policies.add(scope, new)
        before = known[-1].digest[:12] if known else ""
        entry = AuditEntry(
            action="policy.note", subject=number, before=before, after=new.digest[:12],
            reason=new.catalogue,
        )  # fmt: skip
        work.audit.add(scope, entry)
        return True
