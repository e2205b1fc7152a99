"""Only the bank's own events can be facts of the bank's facet."""

from szunion.domain.bank import BankState, CardChanged, Told
from szunion.domain.cards import UnionEvent
from szunion.domain.values import CardRef


def fake(told: Told, card: CardRef) -> CardChanged:
    event = UnionEvent.ENABLE
    return CardChanged(told=told, card=card, event=event, state=BankState.ACTIVE)  # bad: arg-type
