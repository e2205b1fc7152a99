"""Know how a card is stopped, for which union, and how its locks pass to another (锁卡、接管)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import evolve

from szunion.application.card_moves import instruct, keep, with_card
from szunion.application.office import Office
from szunion.domain.access import Principal, Role, Scope
from szunion.domain.card_files import KeptCard
from szunion.domain.holds import Hold, HoldReason
from szunion.domain.instructions import InstructionKind
from szunion.domain.machine import Actor
from szunion.domain.values import HoldId, OrganisationId, PersonId, shard_of
from szunion.errors import InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

_PLACED_AS: Final = {
    Role.GRASSROOTS: Actor.UNION,
    Role.UPPER: Actor.UPPER,
    Role.CITY: Actor.CITY,
    Role.HOTLINE: Actor.HOTLINE,
}
_OF_THE_ENGINE: Final = frozenset({HoldReason.CONFLICT})


def place_hold(  # noqa: PLR0913 - what a hold says
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    kept: KeptCard,
    reason: HoldReason,
    *,
    until: datetime | None,
    note: str,
) -> KeptCard:
    """Place a hold within a commit: the engine's own reasons are not for people.

    Raises:
        InvalidInput: the reason is the engine's (E-CARD-017).
        NotAllowed: the hotline's hold must end within the city's limit (E-CARD-014).
    """
    by = scope.principal
    owner = acting_union(work, by)
    if reason in _OF_THE_ENGINE:
        raise InvalidInput("E-CARD-017")
    if by.role is Role.HOTLINE:
        limit = office.policy.hotline_hold_limit()
        if until is None or not work.now < until <= work.now + limit:
            raise NotAllowed("E-CARD-014", days=limit.days)
    for open_ in kept.card.open_holds:
        if open_.owner == owner and open_.reason is reason:
            return kept
    hold = Hold(
        id=HoldId(work.ids.new(shard_of(kept.id))), card=kept.id, owner=owner, reason=reason,
        since=work.now, until=until, placed_as=_PLACED_AS[by.role], note=note,
    )  # fmt: skip
    after = lock(work, scope, kept, hold)
    if reason in office.policy.cards.holds_told_to_bank:
        stop_at_bank(work, scope, after, hold)
    return after


def lock(
    work: UnitOfWork, scope: Scope, kept: KeptCard, hold: Hold, action: str = "hold.place"
) -> KeptCard:
    """Keep a hold on a card; tell the holder why it is locked and who can lift it."""
    locked = with_card(kept, kept.card.locked(hold))
    after = keep(work, scope, kept, locked, action, hold.reason.value)
    owner = work.organisations.get(scope, hold.owner)
    words = {
        "reason": hold.reason.label,
        "reason_en": hold.reason.label_en,
        "owner": owner.name if owner else hold.placed_as.label,
    }
    work.messages.add(scope, kept.person, "card.locked", words)
    return after


def stop_at_bank(work: UnitOfWork, scope: Scope, kept: KeptCard, hold: Hold) -> None:
    """Ask the bank to stop a card because of a hold, once."""
    cause = f"hold:{hold.id}"
    instruct(work, scope, kept, InstructionKind.STOP, cause, hold.reason.value)


def stop_for_conflict(work: UnitOfWork, scope: Scope, kept: KeptCard) -> KeptCard:
    """Lock a card of which the bank has contradicted itself, once; the hold is the city's."""
    if any(hold.reason is HoldReason.CONFLICT for hold in kept.card.open_holds):
        return kept
    owner = work.organisations.root()
    if owner is None:
        raise NotFound("E-ACCESS-002")
    hold = Hold(
        id=HoldId(work.ids.new(shard_of(kept.id))), card=kept.id, owner=owner,
        reason=HoldReason.CONFLICT, since=work.now, placed_as=Actor.ENGINE,
    )  # fmt: skip
    return lock(work, scope, kept, hold, "card.stop")


def acting_union(work: UnitOfWork, by: Principal) -> OrganisationId:
    """Return for which union somebody acts: the own; the hotline for the city's."""
    if by.organisation is not None:
        return by.organisation
    root = work.organisations.root()
    if root is None or by.role not in {Role.CITY, Role.HOTLINE}:
        raise NotAllowed("E-ACCESS-002")
    return root


def holds_of_union(
    work: UnitOfWork, scope: Scope, person: PersonId, union: OrganisationId
) -> Sequence[int]:
    """Return the open holds that *union* placed on a person: the new union must take them over."""
    found = work.cards.holds_on(scope, person)
    return [hold.id for hold in found if hold.open and hold.owner == union]


def take_over_holds(
    work: UnitOfWork,
    scope: Scope,
    person: PersonId,
    source: OrganisationId,
    target: OrganisationId,
) -> None:
    """Give the open holds of *source* on a person to *target*, who said yes to each."""
    for kept in work.cards.of_person(scope, person):
        give_holds(work, scope, kept, source, target)


def give_holds(
    work: UnitOfWork,
    scope: Scope,
    kept: KeptCard,
    source: OrganisationId,
    target: OrganisationId,
) -> None:
    """Give the open holds of one union on a card to another; their history stays (接管锁定)."""
    holds = tuple(
        hold.taken_over(target) if hold.open and hold.owner == source else hold
        for hold in kept.card.holds
    )
    if holds != kept.card.holds:
        after = with_card(kept, evolve(kept.card, holds=holds))
        keep(work, scope, kept, after, "hold.take_over", f"{source} → {target}")
