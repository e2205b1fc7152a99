"""Know what a death does to money that has not left yet, and what its undoing takes back (去世).

What was sent runs out: the bank may have paid. What has not left is stopped in the same commit,
and stays owed: to the heir, or to the member again if it was the wrong person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from szunion.application.money_moves import Moved, keep_moves
from szunion.domain.access import Scope
from szunion.domain.orders import Order, OrderEvent, OrderState
from szunion.domain.outbox import DispatchState
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork

_WAITING: Final = frozenset({OrderState.APPROVED, OrderState.BATCHED})


def stop_payments(work: UnitOfWork, scope: Scope, person: PersonId) -> None:
    """Stop what was approved for a dead member and has not left."""
    _stop(work, scope, person, lambda order: order.payee == person, "DECEASED")


def stop_heirs_payments(work: UnitOfWork, scope: Scope, person: PersonId) -> None:
    """Stop what was to go to an heir of somebody who is alive after all."""
    _stop(work, scope, person, lambda order: order.payee != person, "NOT_DECEASED")


def _stop(
    work: UnitOfWork,
    scope: Scope,
    person: PersonId,
    concerned: Callable[[Order], bool],
    why: str,
) -> None:
    owed = [each.id for each in work.obligations.of_person(scope, person)]
    if not owed:
        return
    orders = [
        order
        for tries in work.orders.of_obligations(scope, owed).values()
        for order in tries
        if order.state in _WAITING and concerned(order) and _still_here(work, scope, order)
    ]
    keep_moves(
        work,
        scope,
        [Moved(order, order.after(OrderEvent.STOP), "order.stop", why) for order in orders],
    )


def _still_here(work: UnitOfWork, scope: Scope, order: Order) -> bool:
    """Return whether nothing of an order's request can have reached the bank."""
    if order.batch is None:
        return True
    for dispatch in work.outbox.of(scope, order.batch):
        if dispatch.sequence == order.part:
            return dispatch.state is DispatchState.QUEUED and dispatch.sent is None
    return True
