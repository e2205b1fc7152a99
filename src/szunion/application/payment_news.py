"""Know what a payment that arrived, or did not, leaves with its payee: a message, and a record."""

from __future__ import annotations

from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.orders import Order, OrderState
from szunion.domain.participation import Means, Participation, participation_key
from szunion.domain.values import ParticipationId, shard_of
from szunion.ports.storage import UnitOfWork
from szunion.text import Text


def item_words(office: Office, item: str) -> tuple[Text, str]:
    """Return what an item of the menu or the pack is called, and its category."""
    found = office.catalogue.item(item)
    if found is not None:
        return found.name, found.category
    packed = office.catalogue.pack_item(item)
    return (packed.name if packed else Text(item, item)), "pack"


def tell(office: Office, work: UnitOfWork, scope: Scope, old: Order, new: Order) -> None:
    """Tell the payee what became of a payment, and record that it arrived (M09)."""
    if new.state is old.state or new.state not in {OrderState.SETTLED, OrderState.RETURNED}:
        return
    obligation = work.obligations.get(scope, new.obligation)
    if obligation is None:
        return
    name, category = item_words(office, obligation.item)
    words = {"item": name.zh, "item_en": name.en, "yuan": str(new.fen)}
    if new.state is OrderState.RETURNED:
        work.messages.add(scope, new.payee, "payout.returned", words)
        return
    work.messages.add(scope, new.payee, "payout.settled", words)
    occasion = f"obligation-{obligation.id}"
    work.participations.add(
        scope,
        Participation(
            id=ParticipationId(work.ids.new(shard_of(new.payee))),
            key=participation_key(obligation.item, occasion, new.payee),
            person=new.payee,
            item=obligation.item,
            category=category,
            occasion=occasion,
            at=work.now,
            recorded=work.now,
            means=Means.PAYOUT,
            card=new.card,
            author=scope.principal.id,
        ),
    )
