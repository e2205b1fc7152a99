"""Know what stands against a member using a service now: the item's conditions, and the card's.

The same question is asked in two ways. One by one it gives every reason; for many people at once
the store names those against whom nothing stands, and only the others are looked at singly.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from attrs import frozen

from szunion.application.binding_moves import level_of
from szunion.application.office import Office
from szunion.domain.access import Role, Scope
from szunion.domain.card_files import KeptCard
from szunion.domain.catalogue import Mode, ServiceItem, ServiceKind
from szunion.domain.eligibility import Ineligible, ineligible
from szunion.domain.identity import Gender
from szunion.domain.joinings import against
from szunion.domain.members import Membership, Rights
from szunion.domain.use import Why, use
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork

_HIGHEST: Final = 3
_WITH_CARD: Final = frozenset({ServiceKind.BOOKING, ServiceKind.ENROLMENT})
_BY_OTHERS: Final = frozenset({Mode.COLLECTIVE, Mode.UNION})


@frozen(kw_only=True)
class Standing:
    """What stands against one person using one item; nothing: he or she may."""

    item: tuple[Ineligible, ...] = ()
    card: frozenset[Why] = frozenset()
    no_card: bool = False
    """There is no card yet, where one is needed."""

    @property
    def free(self) -> bool:
        """Whether nothing stands against it."""
        return not (self.item or self.card or self.no_card)


def needs_card(item: ServiceItem) -> bool:
    """Return whether the person's card must be usable too, for *item* as the menu offers it."""
    return item.kind in _WITH_CARD


def least_level(office: Office, role: Role) -> int:
    """Return the real-name level asked of a member who acts; an officer vouches for the member."""
    return office.policy.services.realname_level if role is Role.MEMBER else 0


@frozen(kw_only=True)
class Facts:
    """What is known of a person now that any item may ask about."""

    membership: Membership | None
    gender: Gender | None
    level: int
    least_level: int
    card: KeptCard | None


def facts_of(
    office: Office, work: UnitOfWork, scope: Scope, person: PersonId, *, level: int
) -> Facts:
    """Return the facts of a person; *level* is the least real-name level that is asked for."""
    file = work.people.get(scope, person)
    return Facts(
        membership=work.members.newest(scope, person),
        gender=file.present.document.gender() if file is not None else None,
        level=level_of(work, scope, file).number if file is not None and level else 0,
        least_level=level,
        card=work.cards.current(scope, person, office.policy.cards.programme),
    )


def standing_from(office: Office, facts: Facts, item: ServiceItem, *, with_card: bool) -> Standing:
    """Return everything that stands against somebody of *facts* using *item*."""
    policy, membership = office.policy, facts.membership
    rights = Rights()
    if membership is not None:
        rights = policy.rights_of(membership.state, membership.reason)
    free = item.kind is ServiceKind.CASE and not policy.services.legal_threshold
    found = ineligible(
        item, rights=rights, gender=facts.gender, level=facts.level,
        least_level=0 if free else facts.least_level,
    )  # fmt: skip
    if not with_card:
        return Standing(item=found)
    if facts.card is None:
        return Standing(item=found, no_card=True)
    return Standing(item=found, card=use(facts.card.card, membership, policy))


def standing_of(  # noqa: PLR0913 - who wants what, and how strictly it is asked
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    person: PersonId,
    item: ServiceItem,
    *,
    level: int,
    with_card: bool,
) -> Standing:
    """Return everything that stands against *person* using *item*.

    Args:
        office: The office.
        work: The transaction in which it is decided.
        scope: One in which the person is within reach.
        person: Who wants it.
        item: What is wanted.
        level: The least real-name level.
        with_card: Whether the person's card must be usable too.
    """
    facts = facts_of(office, work, scope, person, level=level)
    return standing_from(office, facts, item, with_card=with_card)


def unfit(  # noqa: PLR0913, PLR0917 - who is here, and for what
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    person: PersonId,
    membership: Membership | None,
    item: str,
) -> tuple[Ineligible, ...]:
    """Return what *item* itself asks that a person who is there has not: the rule of a list.

    No real-name level is asked: whoever serves has the card, or the person, before them. What comes
    with the pack asks for the card alone.
    """
    known = office.catalogue.item(item)
    if known is None:
        return ()
    rights = Rights()
    if membership is not None:
        rights = office.policy.rights_of(membership.state, membership.reason)
    genders = work.people.genders(scope, [person]) if known.eligibility.gender else {}
    return against(known, rights, genders.get(person))


def asked_together(office: Office, item: ServiceItem) -> bool:
    """Return whether :func:`free_people` says of whom nothing stands against using *item*."""
    if item.mode in _BY_OTHERS or item.eligibility.gender is not None:
        return False
    return office.policy.services.realname_level <= _HIGHEST


def free_people(
    office: Office, work: UnitOfWork, scope: Scope, people: Collection[PersonId]
) -> frozenset[PersonId]:
    """Return those of *people* of whom it is certain that nothing stands against them.

    It holds for every item that many are :func:`asked_together` about. Whoever is missing is asked
    about with :func:`standing_of`; a person who is here would be found free by it, whatever
    real-name level is asked for.
    """
    clean = work.bookings.clean(scope, people, office.policy.cards.programme)
    rights = {
        standing: office.policy.rights_of(*standing) for standing in set(clean.values())
    }  # fmt: skip
    may = {standing for standing, found in rights.items() if found.benefits and found.card}
    if len(may) == len(rights):  # most of a crowd stand alike
        return frozenset(clean)
    return frozenset(person for person, standing in clean.items() if standing in may)
