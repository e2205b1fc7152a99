"""Know which of what is owed can be paid now, into which account, and why not the rest (可发放)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from szunion.application.heirs import dead
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.card_files import KeptCard
from szunion.domain.claims import ClaimState
from szunion.domain.orders import Order, OrderState
from szunion.domain.payouts import Obligation
from szunion.domain.policy import Payable
from szunion.domain.reconciliation import OF_ACCOUNTS
from szunion.domain.use import payable
from szunion.domain.values import Fen, Labelled, ObligationId, OrderId
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork

_PAGE: Final = 500
_NOT_DUE: Final = frozenset({ClaimState.RECOVERY, ClaimState.CLOSED})
"""A claim that is closed was paid: what is open of it was got back, or never to be paid."""


class LeftOut(Labelled):
    """Why something that is owed is not in a pay-out now (暂不发放的原因)."""

    NO_CARD = "NO_CARD", "没有可入账的卡", "no card whose account takes money"
    TO_CHECK = "TO_CHECK", "账户须先核对", "the account is to be checked first"
    DECEASED = "DECEASED", "收款人已去世，待指明继承人", "the payee has died; no heir is named"
    DIFFERENCE = "DIFFERENCE", "卡有未结的对账差异", "an open difference about the card"
    IN_DRAFT = "IN_DRAFT", "已在另一待复核批次中", "in another draft already"
    CONTRADICTED = (
        "CONTRADICTED",
        "银行对先前的拨付说法矛盾，核对后点名再付",
        "the bank contradicts itself about an earlier order: pay it by name once that is clear",
    )
    NOT_DUE = "NOT_DUE", "多付或保障无效，不再给付", "found overpaid, or its cover is void"


@frozen(kw_only=True)
class PayableNow:
    """What is owed for an item and year: what of it can be paid now, and what not, and why."""

    chosen: Sequence[tuple[Obligation, KeptCard]]
    """Each with the card whose account takes it."""
    left_out: tuple[tuple[ObligationId, LeftOut], ...]
    tried: Mapping[ObligationId, Sequence[Order]]
    """Every attempt so far to pay what is owed."""


def payable_now(  # noqa: PLR0913, PLR0917 - which of what is owed
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    item: str,
    year: int,
    only: Sequence[ObligationId],
    most: int,
) -> PayableNow:
    """Return what of an item and year can be paid now: of *only* these, or of all that is owed.

    Raises:
        NotFound: nothing is owed, and the catalogue has no such item (E-SERVICE-002), or one of
            these is not owed for it (E-PAY-009).
    """
    open_ = _still_owed(work, scope, item, year, only, most)
    if not open_:
        must_be_listed(office, item)
    tried = work.orders.of_obligations(scope, [each.id for each in open_])
    chosen, left_out = _chosen(office, work, scope, open_, tried, only)
    return PayableNow(chosen=chosen, left_out=tuple(left_out), tried=tried)


def must_be_listed(office: Office, item: str) -> None:
    """Check that the catalogue knows *item*.

    Raises:
        NotFound: it does not (E-SERVICE-002).
    """
    known = office.catalogue
    if known.item(item) is None and known.pack_item(item) is None:
        raise NotFound("E-SERVICE-002", item=item)


def _still_owed(  # noqa: PLR0913, PLR0917 - which of what is owed
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
            if one.open > Fen(0):
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


def not_due(work: UnitOfWork, scope: Scope, ids: Collection[ObligationId]) -> set[ObligationId]:
    """Return obligations of claims that two have found should not be paid (追回)."""
    claims = work.claims.of_obligations(scope, ids) if ids else ()
    return {each.obligation for each in claims if each.obligation and each.state in _NOT_DUE}


def contradicted(
    work: UnitOfWork, scope: Scope, tried: Mapping[ObligationId, Sequence[Order]]
) -> dict[ObligationId, datetime]:
    """Return obligations of which the bank has said of an order what cannot be, and since when."""
    orders = {order.id: id_ for id_, orders in tried.items() for order in orders}
    found: dict[ObligationId, datetime] = {}
    for order, since in (work.inbox.contradicted(scope, orders) if orders else {}).items():
        id_ = orders[OrderId(order)]
        found[id_] = max(since, found.get(id_, since))
    return found


def _chosen(  # noqa: PLR0913, PLR0917 - what is owed, what of it was tried, what is named
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    open_: Sequence[Obligation],
    tried: Mapping[ObligationId, Sequence[Order]],
    named: Collection[ObligationId] = (),
) -> tuple[list[tuple[Obligation, KeptCard]], list[tuple[ObligationId, LeftOut]]]:
    """Return what can be paid, each with the card whose account takes it; and the rest.

    What a dead member was owed goes to the heir who is named, or waits until one is. What the bank
    contradicts itself about is paid again only when finance names it.
    """
    doubtful = contradicted(work, scope, tried).keys() - set(named)
    overpaid = not_due(work, scope, [each.id for each in open_])
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
        elif each.id in overpaid:
            left_out.append((each.id, LeftOut.NOT_DUE))
        elif each.id in doubtful:
            left_out.append((each.id, LeftOut.CONTRADICTED))
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
