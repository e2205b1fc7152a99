"""Know which of what is owed can be paid now, into which account, and why not the rest (可发放)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from szunion.application.heirs import dead
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.card_files import KeptCard
from szunion.domain.orders import Order, OrderState
from szunion.domain.payouts import Obligation
from szunion.domain.policy import Payable
from szunion.domain.reconciliation import OF_ACCOUNTS
from szunion.domain.use import payable
from szunion.domain.values import Labelled, ObligationId
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork

_PAGE: Final = 500


class LeftOut(Labelled):
    """Why something that is owed is not in a pay-out now (暂不发放的原因)."""

    NO_CARD = "NO_CARD", "没有可入账的卡", "no card whose account takes money"
    TO_CHECK = "TO_CHECK", "账户须先核对", "the account is to be checked first"
    DECEASED = "DECEASED", "收款人已去世，待指明继承人", "the payee has died; no heir is named"
    DIFFERENCE = "DIFFERENCE", "卡有未结的对账差异", "an open difference about the card"
    IN_DRAFT = "IN_DRAFT", "已在另一待复核批次中", "in another draft already"


def still_owed(  # noqa: PLR0913, PLR0917 - which of what is owed
    work: UnitOfWork,
    scope: Scope,
    item: str,
    year: int,
    only: Sequence[ObligationId],
    most: int,
) -> list[Obligation]:
    """Return what is owed for an item and year and not on its way: *only* these, or all."""
    found: list[Obligation] = []
    if only:
        for id_ in dict.fromkeys(only):
            one = work.obligations.get(scope, id_)
            if one is None or (one.item, one.year) != (item, year):
                raise NotFound("E-PAY-009")
            if one.settled + one.in_flight < one.fen:
                found.append(one)
        return found
    after: ObligationId | None = None
    while len(found) < most:
        page = work.obligations.unpaid(
            scope, item, year, after=after, most=min(_PAGE, most - len(found))
        )
        if not page:
            break
        found.extend(page)
        after = page[-1].id
    return found


def chosen_of(
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    open_: Sequence[Obligation],
    tried: Mapping[ObligationId, Sequence[Order]],
) -> tuple[list[tuple[Obligation, KeptCard]], list[tuple[ObligationId, LeftOut]]]:
    """Return what can be paid, each with the card whose account takes it; and the rest.

    What a dead member was owed goes to the heir who is named, or waits until one is.
    """
    people = sorted({each.payee for each in open_})
    gone = dead(work, scope, people)
    heirs = {one: each.heir for one, each in work.heirs.of_people(scope, gone).items()}
    gone_too = dead(work, scope, set(heirs.values()))
    takers = sorted({*people, *heirs.values()})
    cards = {kept.person: kept for kept in work.cards.of_people(scope, takers) if kept.card.current}
    differing = {
        each.subject for each in work.reconciliations.open(scope, sorted(OF_ACCOUNTS, key=str))
    }
    chosen: list[tuple[Obligation, KeptCard]] = []
    left_out: list[tuple[ObligationId, LeftOut]] = []
    for each in open_:
        taker = heirs.get(each.payee, each.payee)
        kept = cards.get(taker)
        can = payable(kept.card, office.policy) if kept is not None else Payable.NO
        if any(order.state is OrderState.DRAFT for order in tried.get(each.id, ())):
            left_out.append((each.id, LeftOut.IN_DRAFT))
        elif taker in gone or taker in gone_too:
            left_out.append((each.id, LeftOut.DECEASED))
        elif kept is None or can is Payable.NO:
            left_out.append((each.id, LeftOut.NO_CARD))
        elif kept.id in differing:
            left_out.append((each.id, LeftOut.DIFFERENCE))
        elif can is Payable.CHECK:
            left_out.append((each.id, LeftOut.TO_CHECK))
        else:
            chosen.append((each, kept))
    return chosen, left_out
