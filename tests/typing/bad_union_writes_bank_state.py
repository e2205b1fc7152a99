"""The union's event does not move the bank's facet."""

from szunion.domain.bank import BankState
from szunion.domain.cards import UnionEvent
from szunion.domain.facets import CARD_BANK

CARD_BANK.step(BankState.ISSUED, UnionEvent.ENABLE)  # bad: arg-type
