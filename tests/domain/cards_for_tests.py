"""Cards, facts and members that tests of the domain are made with. Everybody is invented."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from attrs import evolve

from szunion.domain.bank import BankEvent, BankState
from szunion.domain.cards import Card
from szunion.domain.cities import City, city_from
from szunion.domain.facets import BankFact, fold
from szunion.domain.holds import Hold, HoldReason
from szunion.domain.machine import Actor
from szunion.domain.members import Membership, MembershipReason, MembershipState
from szunion.domain.values import (
    CardId,
    CardRef,
    CardToken,
    HoldId,
    MembershipId,
    OrganisationId,
    PersonId,
)

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@cache
def first_city() -> City:
    """Return the city whose files ship with the product."""
    folder = ROOT / "src" / "szunion" / "domain" / "cities" / "shenzhen"
    return city_from(lambda name: (folder / name).read_text("utf-8"))


@cache
def yunhai() -> City:
    """Return the invented city."""
    folder = ROOT / "tests" / "cities" / "yunhai"
    return city_from(lambda name: (folder / name).read_text("utf-8"))


def told(sequence: int, event: BankEvent, state: BankState, content: str = "") -> BankFact:
    """Return a fact; *content* makes another text of the same event id."""
    return BankFact(
        event_id=f"E{sequence}",
        sequence=sequence,
        digest=f"{sequence}/{event.value}/{state.value}/{content}",
        event=event,
        state=state,
        effective=NOON,
        received=NOON + timedelta(seconds=sequence),
    )


def card(*facts: BankFact, id_: int = 1) -> Card:
    """Return a member's current card as the bank's *facts* leave it, not yet enabled."""
    ref = CardRef(CardToken(f"TESTCARD{id_:04d}"))
    return Card(
        id=CardId(id_),
        person=PersonId(7),
        ref=ref,
        last_four=f"{id_:04d}",
        bank=fold(facts),
        current=True,
    )


def active_card(id_: int = 1) -> Card:
    """Return a card that is issued, activated and enabled: usable."""
    facts = (
        told(1, BankEvent.ISSUED, BankState.ISSUED),
        told(2, BankEvent.ACTIVATED, BankState.ACTIVE),
    )
    return card(*facts, id_=id_).settled(carries_use=True)


def with_bank(one: Card, state: BankState) -> Card:
    """Return the card with the bank's word that it is in *state*."""
    sequence = one.bank.latest.sequence + 1 if one.bank.latest else 1
    events = {
        BankState.ISSUED: BankEvent.ISSUED,
        BankState.ACTIVE: BankEvent.ACTIVATED,
        BankState.LOSS_ORAL: BankEvent.LOSS_ORAL,
        BankState.LOSS_WRITTEN: BankEvent.LOSS_WRITTEN,
        BankState.FROZEN: BankEvent.FROZEN,
        BankState.DORMANT: BankEvent.DORMANT,
        BankState.EXPIRED: BankEvent.EXPIRED,
        BankState.REPLACED: BankEvent.REPLACED,
        BankState.CLOSED: BankEvent.CLOSED,
    }
    return evolve(one, bank=one.bank.told(told(sequence, events[state], state)))


def hold(
    id_: int = 1,
    reason: HoldReason = HoldReason.MISUSE,
    *,
    until: datetime | None = None,
    placed_as: Actor = Actor.UNION,
) -> Hold:
    """Return an open hold of union 93."""
    return Hold(
        id=HoldId(id_),
        card=CardId(1),
        owner=OrganisationId(93),
        reason=reason,
        since=NOON,
        until=until,
        placed_as=placed_as,
    )


def member(
    state: MembershipState = MembershipState.ACTIVE, reason: MembershipReason | None = None
) -> Membership:
    """Return an episode in *state*."""
    return Membership(
        id=MembershipId(5),
        person=PersonId(7),
        organisation=OrganisationId(93),
        state=state,
        applied=date(2026, 1, 5),
        since=date(2026, 1, 6),
        reason=reason,
    )
