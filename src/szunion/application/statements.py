"""Know how the bank's statement is laid beside the orders, line by line and to the fen (流水核对).

A line that differs is set aside by itself: it blocks no other line, and it blocks the next pay-out
until somebody has said why it differs.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from typing import Final

from szunion.application.bank_rows import Outcome
from szunion.application.money_moves import Moved, keep_moves, merged
from szunion.application.office import Office
from szunion.application.payment_news import tell
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import Statement, StatementKind, StatementLine
from szunion.domain.inbox import Hearing
from szunion.domain.machine import Gap
from szunion.domain.payouts import CheckedLine, LineVerdict, Order, OrderEvent, OrderState
from szunion.ports.storage import UnitOfWork

_OUT: Final = frozenset({OrderState.SENT, OrderState.UNKNOWN, OrderState.ACCEPTED})
_CITY: Final = timezone(timedelta(hours=8))
"""The whole country keeps one time (北京时间)."""
_MOST: Final = 200


def check(office: Office, work: UnitOfWork, scope: Scope, notice: Statement) -> Outcome:
    """Keep a day's statement: every line with what it was found to be; news are followed."""
    orders = dict(work.orders.by_keys(scope, {line.order for line in notice.lines}))
    moves: list[Moved] = []
    lines = []
    for position, line in enumerate(notice.lines):
        order = orders.get(line.order)
        verdict, after = _verdict(order, line)
        if order is not None and after is not None:
            moves.append(Moved(order, after, f"order.{after.state.value.lower()}", "STATEMENT"))
            orders[line.order] = after
        lines.append(
            CheckedLine(
                day=notice.day, position=position, key=line.order, kind=line.kind, fen=line.fen,
                verdict=verdict,
            )
        )  # fmt: skip
    steps = merged(moves)
    keep_moves(work, scope, steps)
    for step in steps:
        tell(office, work, scope, step.old, step.new)
    work.statements.add_many(scope, lines)
    differs = sum(line.differs for line in lines)
    entry = AuditEntry(
        action="statement.check",
        subject=notice.day.toordinal(),
        after=f"{len(lines)} lines, {differs} differ",
    )
    work.audit.add(scope, entry)
    return Outcome(hearing=Hearing.OBEYED)


def _verdict(order: Order | None, line: StatementLine) -> tuple[LineVerdict, Order | None]:
    """Return what a line is, and the order after it if it says something new."""
    if order is None:
        return LineVerdict.UNKNOWN_ORDER, None
    if order.fen != line.fen:
        return LineVerdict.OTHER_AMOUNT, None
    if line.kind is StatementKind.PAID:
        known = order.state in {OrderState.SETTLED, OrderState.RETURNED}
        known = known and not order.settlement_missing
        event = OrderEvent.SETTLED
    else:
        known = order.state is OrderState.RETURNED
        event = OrderEvent.RETURNED
    if known:
        return LineVerdict.AGREES, None
    possible = _OUT | {OrderState.SETTLED, OrderState.RETURNED}
    if order.state is OrderState.BATCHED:
        order = order.after(OrderEvent.SEND)
    if order.state not in possible:
        return LineVerdict.NOT_EXPECTED, None
    match order.told(event, order.sequence):
        case Gap():
            return LineVerdict.NOT_EXPECTED, None
        case after:
            return LineVerdict.NEWS, after


def differences(work: UnitOfWork, scope: Scope) -> tuple[list[CheckedLine], list[str]]:
    """Return lines that nobody has explained, and payments that no statement has shown.

    Without any statement there is nothing to compare with; a payment counts as not shown once the
    statement of a later day is there.
    """
    last = work.statements.last_day(scope)
    lines = list(work.statements.unexplained(scope, _MOST))
    if last is None:
        return lines, []
    start = datetime.combine(last, time(), _CITY).astimezone(UTC)
    return lines, list(work.statements.missing(scope, start, _MOST))
