"""Know how somebody's request becomes a scope, or is turned away: the authoriser (授权).

This is the only maker of a :class:`~szunion.domain.access.Scope`.
"""

from __future__ import annotations

from szunion.domain.access import (
    AT_A_COUNTER,
    MAY,
    READS,
    OnePerson,
    Operation,
    Principal,
    Reach,
    Role,
    Scope,
    Subtree,
    WholeCity,
    issue,
)
from szunion.domain.organisations import OrganisationState
from szunion.errors import NotAllowed
from szunion.ports.storage import UnitOfWork
from szunion.text import Language

_OWN_THINGS = frozenset({Role.MEMBER, Role.HEIR})
_CITY_WIDE = frozenset(
    {Role.CITY, Role.FINANCE, Role.AUDITOR, Role.ENGINE, Role.REVIEW, Role.HOTLINE, Role.BANK}
)


def authorise(work: UnitOfWork, principal: Principal, operation: Operation) -> Scope:
    """Return the scope in which *principal* may do *operation*.

    Raises:
        NotAllowed: the role does not do this (E-ACCESS-001), the principal's own union is not
            there (E-ACCESS-002) or cannot do business now (E-ACCESS-003).
    """
    if principal.role not in MAY[operation]:
        raise NotAllowed(
            "E-ACCESS-001",
            role=principal.role.label,
            role_en=principal.role.label_en,
            operation=operation.value,
        )
    return issue(principal, operation, _reach(work, principal, operation))


def _reach(work: UnitOfWork, principal: Principal, operation: Operation) -> Reach:
    if principal.role in _CITY_WIDE:
        return WholeCity()
    if principal.role in _OWN_THINGS:
        if principal.person is None:
            raise NotAllowed("E-ACCESS-002")
        return OnePerson(principal.person)
    own = principal.organisation
    standing = None if own is None else work.organisations.standing(own)
    if standing is None:
        raise NotAllowed("E-ACCESS-002")
    if standing.state is not OrganisationState.ACTIVE and operation not in READS:
        state = standing.state.text
        raise NotAllowed("E-ACCESS-003", state=state.say(), state_en=state.say(Language.EN))
    return WholeCity() if operation in AT_A_COUNTER else Subtree(standing.path)


def second_person(maker: str, checker: Principal) -> None:
    """Check that *checker* is not the *maker*; the database checks it again.

    Raises:
        NotAllowed: they are the same person (E-ACCESS-004).
    """
    if maker == checker.id:
        raise NotAllowed("E-ACCESS-004")
