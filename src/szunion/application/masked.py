"""Know how one member's file is shown to whoever has it open for a while: every number masked."""

from __future__ import annotations

from attrs import frozen

from szunion.application.cards import CardUse
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.holds import Hold
from szunion.domain.members import MembershipState
from szunion.domain.values import PersonId
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork


@frozen(kw_only=True)
class MaskedFile:
    """What is shown of somebody (脱敏档案): who, where, and the card with all that stops it."""

    person: PersonId
    name: str
    document: str
    mobile: str
    union: str
    state: MembershipState | None
    card: CardUse | None
    holds: tuple[Hold, ...]
    """What locks the card; each names its owner and its end."""


def masked_file(
    office: Office, work: UnitOfWork, scope: Scope, unions: Scope, who: PersonId
) -> MaskedFile:
    """Return somebody's file within *scope*, masked.

    Args:
        office: The office.
        work: The unit of work.
        scope: In which the person is read.
        unions: In which the name of the union is read.
        who: Whose.

    Raises:
        NotFound: there is no such file, or it was erased (E-ACCESS-002).
    """
    person = work.people.get(scope, who)
    if person is None:
        raise NotFound("E-ACCESS-002")
    membership = work.members.newest(scope, who)
    union = None if membership is None else work.organisations.get(unions, membership.organisation)
    policy = office.policy
    kept = work.cards.current(scope, who, policy.cards.programme)
    return MaskedFile(
        person=who, name=str(person.present.name), document=str(person.present.document.number),
        mobile="" if person.mobile is None else str(person.mobile),
        union="" if union is None else f"{union.code} {union.name}",
        state=None if membership is None else membership.state,
        card=None if kept is None else CardUse.of(kept, membership, policy),
        holds=() if kept is None else kept.card.open_holds,
    )  # fmt: skip
