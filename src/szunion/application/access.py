"""Know how somebody's request becomes a scope, or is turned away: the authoriser (授权).

This is the only maker of a :class:`~szunion.domain.access.Scope`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from szunion.domain.access import (
    Assurance,
    OnePerson,
    Operation,
    Principal,
    Range,
    Reach,
    Scope,
    Subtree,
    WholeCity,
)
from szunion.domain.issuing import issue
from szunion.domain.officers import OF_UNIONS, OFFICERS, post_of
from szunion.domain.organisations import OrganisationKind, OrganisationState
from szunion.domain.permission_rules import Rule
from szunion.domain.permissions import MATRIX, purposes_of
from szunion.domain.purposes import APART
from szunion.errors import NotAllowed
from szunion.ports.storage import UnitOfWork
from szunion.text import Language


def authorise(work: UnitOfWork, principal: Principal, operation: Operation) -> Scope:
    """Return the scope in which *principal* may do *operation*.

    Raises:
        NotAllowed: the role does not do this (E-ACCESS-001) or anything at a desk (E-ACCESS-006),
            the purpose is none of it (E-ACCESS-007), it needs a second thing (E-ACCESS-008), the
            principal's own union is not there (E-ACCESS-002) or cannot do business now
            (E-ACCESS-003), no ticket opens a member to the operator now (E-ACCESS-011), the
            registry has no such post now (E-ACCESS-012), or no such delegation (E-ACCESS-013).
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
    reach = _reach(work, principal, rule, cell)
    if principal.role in OFFICERS:
        _check_post(work, principal, operation)
    return issue(principal, operation, reach)


def authorise_each(
    work: UnitOfWork, principals: Sequence[Principal], operation: Operation
) -> Iterator[Scope | NotAllowed]:
    """Yield what :func:`authorise` comes to for each of a crowd; being turned away is a value here.

    A member's permission rests on role, purpose and assurance, and reaches the own person: that is
    looked at once for all members who come with the same. Anybody else's, who may hold a post, a
    ticket or a delegation, is looked at once for each principal.
    """
    rule = MATRIX.get(operation)
    cells = {} if rule is None else rule.cells
    known: dict[object, Scope] = {}
    last: Principal | None = None
    """The last member who was let in: most of a crowd come with the same."""
    for who in principals:
        if (
            last is not None
            and who.person is not None
            and who.role is last.role
            and who.purpose is last.purpose
            and who.assurance is last.assurance
        ):
            yield issue(who, operation, OnePerson(who.person))
            continue
        person = who.person if cells.get(who.role) is Range.PERSON else None
        alone = person is None or who.role in OFFICERS
        alike: object = who if alone else (who.role, who.purpose, who.assurance)
        scope = known.get(alike)
        if scope is None:
            try:
                scope = known[alike] = authorise(work, who, operation)
            except NotAllowed as error:
                yield error
                continue
        elif not alone and person is not None:
            scope = issue(who, operation, OnePerson(person))
        last = last if alone else who
        yield scope


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
        if principal.role in OF_UNIONS:
            raise NotAllowed("E-ACCESS-002")
        return WholeCity()
    standing = work.organisations.standing(own)
    if standing is None:
        raise NotAllowed("E-ACCESS-002")
    if principal.role not in OF_UNIONS and standing.kind is not OrganisationKind.CITY:
        raise NotAllowed("E-ACCESS-002")  # an organ of the city sits at the city federation
    if standing.state is not OrganisationState.ACTIVE and not (
        rule.reads and standing.state is OrganisationState.SUSPENDED
    ):
        state = standing.state.text
        raise NotAllowed("E-ACCESS-003", state=state.say(), state_en=state.say(Language.EN))
    return WholeCity() if cell is Range.CITY else Subtree(standing.path)


def _check_post(work: UnitOfWork, principal: Principal, operation: Operation) -> None:
    """Check a login that the registry knows against it; of others the host's word is taken.

    It is read anew each time, in the transaction of the act: who has left is out at once.
    """
    own, now = work.officers.posts(principal.id), work.now
    if not principal.acting_for:
        if own and post_of(own, principal, now) is None:
            raise NotAllowed("E-ACCESS-012")
        return
    theirs = work.officers.posts(principal.acting_for)
    given = work.officers.delegations(principal.id, principal.acting_for)
    if (
        not any(each.held(now) for each in own)
        or post_of(theirs, principal, now) is None
        or not any(each.allows(operation, now) for each in given)
    ):
        raise NotAllowed("E-ACCESS-013")


def second_person(work: UnitOfWork, maker: str, checker: Principal, made: datetime) -> None:
    """Check that *checker* is a second person to *maker*; the database checks it again.

    They are one side if one acts for the other, or both for a third, by a delegation that had not
    ended when it was made.

    Raises:
        NotAllowed: they are one person, or one side (E-ACCESS-004).
    """
    if maker == checker.id or work.officers.one_side(maker, checker.id, made):
        raise NotAllowed("E-ACCESS-004")
