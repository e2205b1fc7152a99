"""Know how somebody's request becomes a scope, or is turned away: the authoriser (授权).

This is the only maker of a :class:`~szunion.domain.access.Scope`.
"""

from __future__ import annotations

from typing import Final

from szunion.domain.access import (
    Assurance,
    OnePerson,
    Operation,
    Principal,
    Range,
    Reach,
    Role,
    Scope,
    Subtree,
    WholeCity,
)
from szunion.domain.issuing import issue
from szunion.domain.organisations import OrganisationKind, OrganisationState
from szunion.domain.permissions import APART, MATRIX, Rule, purposes_of
from szunion.errors import NotAllowed
from szunion.ports.storage import UnitOfWork
from szunion.text import Language

#: Roles that somebody has for a union alone: without one they are nobody.
_OF_A_UNION: Final = frozenset({Role.GRASSROOTS, Role.UPPER, Role.PROVIDER})


def authorise(work: UnitOfWork, principal: Principal, operation: Operation) -> Scope:
    """Return the scope in which *principal* may do *operation*.

    Raises:
        NotAllowed: the role does not do this (E-ACCESS-001) or anything at a desk (E-ACCESS-006),
            the purpose is none of it (E-ACCESS-007), it needs a second thing (E-ACCESS-008), the
            principal's own union is not there (E-ACCESS-002) or cannot do business now
            (E-ACCESS-003), or no ticket opens a member to the operator now (E-ACCESS-011).
    """
    rule = MATRIX.get(operation)
    cell = None if rule is None else rule.cells.get(principal.role)
    if rule is None or cell is None:
        raise _not_theirs(principal, operation)
    if principal.purpose not in purposes_of(operation, principal.role):
        raise NotAllowed(
            "E-ACCESS-007",
            operation=operation.value,
            purpose=principal.purpose.label,
            purpose_en=principal.purpose.label_en,
        )
    if rule.step_up and principal.assurance is not Assurance.STEP_UP:
        raise NotAllowed("E-ACCESS-008", operation=operation.value)
    return issue(principal, operation, _reach(work, principal, rule, cell))


def _not_theirs(principal: Principal, operation: Operation) -> NotAllowed:
    role = principal.role
    apart = APART.get(role)
    if apart is not None:
        return NotAllowed("E-ACCESS-006", role=role.label, role_en=role.label_en,
                          why=apart.zh, why_en=apart.en)  # fmt: skip
    return NotAllowed(
        "E-ACCESS-001", role=role.label, role_en=role.label_en, operation=operation.value
    )


def _reach(work: UnitOfWork, principal: Principal, rule: Rule, cell: Range) -> Reach:
    if cell is Range.PERSON:
        if principal.person is None:
            raise NotAllowed("E-ACCESS-002")
        return OnePerson(principal.person)
    if cell is Range.CALLER:
        ticket = work.calls.ticket(principal.ticket) if principal.ticket else None
        opened = None if ticket is None else ticket.opens(principal.id, work.now)
        if opened is None:
            raise NotAllowed("E-ACCESS-011")
        return OnePerson(opened)
    own = principal.organisation
    if own is None:
        if principal.role in _OF_A_UNION:
            raise NotAllowed("E-ACCESS-002")
        return WholeCity()
    standing = work.organisations.standing(own)
    if standing is None:
        raise NotAllowed("E-ACCESS-002")
    if principal.role not in _OF_A_UNION and standing.kind is not OrganisationKind.CITY:
        raise NotAllowed("E-ACCESS-002")  # an organ of the city sits at the city federation
    if standing.state is not OrganisationState.ACTIVE and not (
        rule.reads and standing.state is OrganisationState.SUSPENDED
    ):
        state = standing.state.text
        raise NotAllowed("E-ACCESS-003", state=state.say(), state_en=state.say(Language.EN))
    return WholeCity() if cell is Range.CITY else Subtree(standing.path)


def second_person(maker: str, checker: Principal) -> None:
    """Check that *checker* is not the *maker*; the database checks it again.

    Raises:
        NotAllowed: they are the same person (E-ACCESS-004).
    """
    if maker == checker.id:
        raise NotAllowed("E-ACCESS-004")
