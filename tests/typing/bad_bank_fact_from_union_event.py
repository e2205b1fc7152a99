"""Only the bank's own events can be facts of the bank's facet."""

from szunion.domain.bank import BankState, CardChanged, CardRef, Told
from szunion.domain.cards import UnionEvent


def fake(told: Told, card: CardRef) -> CardChanged:
    return CardChanged(told=told, card=card, event=UnionEvent.ENABLE, state=BankState.ACTIVE)
