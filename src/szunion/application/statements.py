"""Know how the bank's statement is laid beside the orders, line by line and to the fen (流水核对).

A line that differs is set aside by itself: it blocks no other line, and it blocks the next pay-out
until somebody has said why it differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Final

from attrs import field, frozen

from szunion.application.bank_outcomes import Outcome
from szunion.application.money_moves import Moved, keep_moves, merged
from szunion.application.office import Office
from szunion.application.payment_news import tell
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import Statement, StatementKind, StatementLine
from szunion.domain.city_time import start_of
from szunion.domain.inbox import Hearing
from szunion.domain.machine import Gap
from szunion.domain.orders import Order, OrderEvent, OrderState
from szunion.domain.reconciliation import (
    RECONCILED,
    Difference,
    DifferenceKind,
    DifferenceState,
    ReconKind,
    ReconRun,
)
from szunion.domain.statement_lines import CheckedLine, LineVerdict
from szunion.domain.values import Fen, ObligationId, RequestKey
from szunion.ports.storage import UnitOfWork

_OUT: Final = frozenset({OrderState.SENT, OrderState.UNKNOWN, OrderState.ACCEPTED})
_FITS: Final = frozenset({LineVerdict.AGREES, LineVerdict.NEWS})
"""What shows a movement; a second line that shows the same one differs."""
_MOST: Final = 200
_KINDS: Final[Mapping[LineVerdict, DifferenceKind]] = {
    LineVerdict.NEWS: DifferenceKind.ORDER_NOT_TOLD,
    LineVerdict.OTHER_AMOUNT: DifferenceKind.AMOUNT,
    LineVerdict.UNKNOWN_ORDER: DifferenceKind.UNKNOWN_ORDER,
    LineVerdict.NOT_EXPECTED: DifferenceKind.NOT_EXPECTED,
}
OF_MONEY: Final = frozenset({*_KINDS.values(), DifferenceKind.ORDER_NOT_LISTED})
"""Differences about money: any that is open stops the next pay-out."""


def check(
    office: Office, work: UnitOfWork, scope: Scope, notice: Statement, content: str
) -> Outcome:
    """Lay a day's statement beside the orders: news are followed, what differs is named and ages.

    A later statement of the day may have more lines; what was looked at before is not looked at
    twice, so the same statement again changes nothing.
    """
    kept = work.statements.of_day(scope, notice.day)
    fresh = _fresh(notice, kept)
    keys = {line.order for line in fresh}
    orders = dict(work.orders.by_keys(scope, keys))
    shown = {
        (each.key, each.kind)
        for each in work.statements.of_keys(scope, sorted(keys, key=str))
        if each.verdict in _FITS
    }
    room = _Room(work, scope)
    moves: list[Moved] = []
    lines = []
    named: list[Difference] = []
    for position, line in enumerate(fresh, start=len(kept)):
        order = orders.get(line.order)
        if (line.order, line.kind) in shown:  # a payment goes out once, and comes back once
            verdict, after = LineVerdict.NOT_EXPECTED, None
        else:
            verdict, after = _verdict(order, line, room)
        if verdict in _FITS:
            shown.add((line.order, line.kind))
        if order is not None and after is not None:
            moves.append(Moved(order, after, f"order.{after.state.value.lower()}", "STATEMENT"))
            orders[line.order] = after
        checked = CheckedLine(
            day=notice.day, position=position, key=line.order, kind=line.kind, fen=line.fen,
            verdict=verdict,
        )  # fmt: skip
        lines.append(checked)
        named += _named(work, order, checked)
    steps = merged(moves)
    keep_moves(work, scope, steps)
    for step in steps:
        tell(office, work, scope, step.old, step.new)
    work.statements.add_many(scope, lines)
    run = _keep_run(work, scope, notice, content, [*kept, *lines], named)
    return Outcome(hearing=Hearing.OBEYED if fresh or not kept else Hearing.DUPLICATE, subject=run)


def _fresh(notice: Statement, kept: Sequence[CheckedLine]) -> list[StatementLine]:
    """Return the lines that an earlier statement of the day did not have."""
    known = Counter((each.key, each.kind, each.fen) for each in kept)
    fresh = []
    for line in notice.lines:
        what = (line.order, line.kind, line.fen)
        if known[what]:
            known[what] -= 1
        else:
            fresh.append(line)
    return fresh


def line_name(day: date, position: int) -> str:
    """Return what a line's difference is called."""
    return f"{day.isoformat()}#{position}"


def _named(work: UnitOfWork, order: Order | None, line: CheckedLine) -> list[Difference]:
    if line.verdict is LineVerdict.AGREES:
        return []
    made = Difference(
        id=work.ids.new(),
        run=0,
        kind=_KINDS[line.verdict],
        subject=order.id if order else 0,
        name=line_name(line.day, line.position),
        ours="" if order is None else f"{order.state.value} {order.fen}",
        theirs=f"{line.kind.value} {line.fen}",
    )
    return [made.closed(RECONCILED, work.now) if line.verdict is LineVerdict.NEWS else made]


def _keep_run(  # noqa: PLR0913, PLR0917 - what a comparison says
    work: UnitOfWork,
    scope: Scope,
    notice: Statement,
    content: str,
    lines: Sequence[CheckedLine],
    named: list[Difference],
) -> int:
    """Keep the comparison: what is still there keeps its age, what is gone is closed."""
    start = start_of(_last(work, scope, notice.day)).astimezone(UTC)
    missing = list(work.statements.missing(scope, start, _MOST))
    orders = work.orders.by_keys(scope, [RequestKey(code) for code in missing])
    still = {
        each.name: each
        for each in work.reconciliations.open(scope, [DifferenceKind.ORDER_NOT_LISTED])
    }
    for code in missing:
        order = orders.get(RequestKey(code))
        if code not in still and not _explained(work, scope, code):
            named.append(
                Difference(
                    id=work.ids.new(), run=0, kind=DifferenceKind.ORDER_NOT_LISTED,
                    subject=order.id if order else 0, name=code,
                    ours="" if order is None else f"{order.state.value} {order.fen}",
                )
            )  # fmt: skip
    gone = [
        each.closed(RECONCILED, work.now) for name, each in still.items() if name not in missing
    ]
    agreed = sum(line.verdict is LineVerdict.AGREES for line in lines)
    run = ReconRun(
        id=work.ids.new(),
        kind=ReconKind.MONEY,
        day=notice.day,
        digest=content,
        at=work.now,
        ours=sum(line.verdict is not LineVerdict.UNKNOWN_ORDER for line in lines),
        theirs=len(notice.lines),
        agreed=agreed,
        closed=len(gone) + sum(each.state is DifferenceState.CLOSED for each in named),
        differences=tuple(named),
    )
    work.reconciliations.add(scope, run)
    work.reconciliations.close(scope, gone, work.now)
    open_ = sum(each.state is DifferenceState.OPEN for each in named)
    entry = AuditEntry(
        action="statement.check",
        subject=run.id,
        after=f"{len(lines)} lines, {open_} new differences",
        reason=notice.day.isoformat(),
    )
    work.audit.add(scope, entry)
    return run.id


def _last(work: UnitOfWork, scope: Scope, day: date) -> date:
    return max(work.statements.last_day(scope) or day, day)


def _explained(work: UnitOfWork, scope: Scope, code: str) -> bool:
    """Return whether a person has said why no statement shows a payment."""
    return work.reconciliations.was_closed(scope, DifferenceKind.ORDER_NOT_LISTED, code)


@frozen
class _Room:
    """Whether what the bank paid although it had refused it still fits what is owed and planned."""

    work: UnitOfWork
    scope: Scope
    taken: dict[ObligationId | tuple[str, int], Fen] = field(factory=dict)

    def take(self, order: Order) -> bool:
        """Take the room for *order*, if it is there."""
        owed = self.work.obligations.get(self.scope, order.obligation)
        if owed is None:
            return False
        place = (owed.item, owed.year)
        budget = self.work.budgets.get(self.scope, *place)
        if budget is None:
            return False
        of_owed = self.taken.get(owed.id, Fen(0)) + order.fen
        of_budget = self.taken.get(place, Fen(0)) + order.fen
        if of_owed > owed.open or of_budget > budget.left:
            return False
        self.taken.update({owed.id: of_owed, place: of_budget})
        return True


def _verdict(
    order: Order | None, line: StatementLine, room: _Room
) -> tuple[LineVerdict, Order | None]:
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
    refused = order.state is OrderState.REJECTED and event is OrderEvent.SETTLED
    if order.state not in possible and not (refused and room.take(order)):
        return LineVerdict.NOT_EXPECTED, None
    match order.told(event, order.sequence):
        case Gap():
            return LineVerdict.NOT_EXPECTED, None
        case after:
            return LineVerdict.NEWS, after


def differences(work: UnitOfWork, scope: Scope) -> tuple[list[CheckedLine], list[str]]:
    """Return lines that nobody has explained, and payments that no statement has shown.

    A payment counts as not shown once the statement of a later day is there, and until it is shown
    or somebody has said why it is not.
    """
    lines = list(work.statements.unexplained(scope, _MOST))
    open_ = work.reconciliations.open(scope, [DifferenceKind.ORDER_NOT_LISTED])
    return lines, [each.name for each in open_]


def explain(work: UnitOfWork, scope: Scope, difference: Difference, words: str) -> None:
    """Follow that a person explained a difference about money: its line blocks no more."""
    day, _, position = difference.name.partition("#")
    if position:
        work.statements.explain(scope, date.fromisoformat(day), int(position), words)
