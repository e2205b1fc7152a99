"""Know what the activation of a card gives its holder, once and for all (激活大礼包)."""

from __future__ import annotations

from datetime import date

from attrs import frozen

from szunion.domain.catalogue import Pack
from szunion.domain.city_time import months_later
from szunion.domain.values import CardId, PersonId


@frozen(kw_only=True)
class Entitlement:
    """What a person was given with the activation pack (激活礼包): once, whatever the card."""

    key: str
    """``pack:programme:item:person``: unique in the store."""
    person: PersonId
    programme: str
    item: str
    card: CardId
    """The card whose activation gave it."""
    since: date
    until: date | None
    """The first day on which it no longer holds; None: no end."""


def pack_key(programme: str, item: str, person: PersonId) -> str:
    """Return the business key of one item of the pack for one person."""
    return f"pack:{programme}:{item}:{person}"


def open_pack(  # noqa: PLR0913 — what an activation is made of
    pack: Pack,
    *,
    programme: str,
    person: PersonId,
    card: CardId,
    activated: date,
    carries_benefits: bool,
    had: bool,
) -> tuple[Entitlement, ...]:
    """Return what the activation of a card gives its holder (激活大礼包).

    A second card, or the same activation told twice, gives nothing: the pack is once per person
    and programme. Neither does an activation by somebody whose membership carries no benefits.

    Args:
        pack: The city's pack.
        programme: The card programme.
        person: Who activated.
        card: The card that was activated.
        activated: The business day of the activation.
        carries_benefits: Whether the membership carries benefits, by policy.
        had: Whether the person was given this programme's pack before.
    """
    if had or not carries_benefits:
        return ()
    return tuple(
        Entitlement(
            key=pack_key(programme, item.id, person),
            person=person,
            programme=programme,
            item=item.id,
            card=card,
            since=activated,
            until=months_later(activated, item.months) if item.months else None,
        )
        for item in pack.items
    )
