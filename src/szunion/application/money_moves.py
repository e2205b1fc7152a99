"""Know how one step of an order moves the books, the obligation and the budget with it, at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import evolve, field, frozen

from szunion.application.claim_moves import follow_money
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.ledger import Entry, Transfer, ending, fund, member_account, reversal
from szunion.domain.orders import IN_FLIGHT, Order, OrderState
from szunion.domain.values import Fen, ObligationId, OrderId, PayoutBatchId, PersonId
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork

_ENDED: Final = frozenset({Entry.POST, Entry.VOID})


def pseudonym(work: UnitOfWork, person: PersonId) -> str:
    """Return the account of what a member has received."""
    return member_account(work.vault.outward("member", person))


def _sums(state: OrderState, fen: Fen) -> tuple[Fen, Fen]:
    """Return what an order counts for its obligation: settled, in flight."""
    nothing = Fen(0)
    if state is OrderState.SETTLED:
        return fen, nothing
    return (nothing, fen) if state in IN_FLIGHT else (nothing, nothing)


@frozen
class Moved:
    """One order before and after a step, and why."""

    old: Order
    new: Order
    action: str
    reason: str = ""


@frozen
class _Books:
    """The transfers of some orders so far: what is pending, what was posted."""

    known: dict[str, list[Transfer]] = field(factory=dict)
    accounts: dict[PayoutBatchId | None, tuple[str, int]] = field(factory=dict)

    def account(self, work: UnitOfWork, scope: Scope, order: Order) -> tuple[str, int]:
        """Return item and year of the money that an order draws on."""
        if order.batch not in self.accounts:
            payout = work.payouts.get(scope, order.batch) if order.batch is not None else None
            if payout is None:
                raise NotFound("E-PAY-008")
            self.accounts[order.batch] = (payout.item, payout.year)
        return self.accounts[order.batch]

    @classmethod
    def of(cls, work: UnitOfWork, scope: Scope, orders: Iterable[Order]) -> _Books:
        books = cls()
        codes = [order.key.text for order in orders]
        for each in work.ledger.of_codes(scope, codes) if codes else ():
            books.known.setdefault(each.code, []).append(each)
        return books

    def pending(self, order: Order) -> Transfer | None:
        rows = self.known.get(order.key.text, [])
        ended = {row.of for row in rows if row.entry in _ENDED}
        open_ = [row for row in rows if row.entry is Entry.PENDING and row.id not in ended]
        return open_[0] if open_ else None

    def posted(self, order: Order) -> Transfer | None:
        rows = self.known.get(order.key.text, [])
        back = {row.of for row in rows if row.entry is Entry.DIRECT}
        posts = [row for row in rows if row.entry is Entry.POST and row.id not in back]
        return posts[0] if posts else None

    def write(self, transfer: Transfer) -> Transfer:
        self.known.setdefault(transfer.code, []).append(transfer)
        return transfer


def keep_moves(work: UnitOfWork, scope: Scope, moves: Sequence[Moved]) -> None:
    """Keep what became of orders, with books, obligations, budgets, claims and audit entries.

    Every order is there once, with its last state; the sums move by the difference.

    Raises:
        Conflict: more than is owed would be on its way (E-PAY-005), or more than the year's
            budget (E-PAY-006); or somebody else was faster (E-STORE-008).
    """
    if not moves:
        return
    books = _Books.of(work, scope, (move.old for move in moves))
    sums: dict[ObligationId, tuple[Fen, Fen]] = {}
    drawn: dict[tuple[str, int], Fen] = {}
    transfers: list[Transfer] = []
    for move in moves:
        old = _sums(move.old.state, move.old.fen)
        new = _sums(move.new.state, move.new.fen)
        one, two = sums.get(move.new.obligation, (Fen(0), Fen(0)))
        sums[move.new.obligation] = (one + new[0] - old[0], two + new[1] - old[1])
        difference = new[0] + new[1] - old[0] - old[1]
        written = _transfers(work, scope, books, move, old, new)
        transfers += written
        if difference != Fen(0):
            account = books.account(work, scope, move.new)
            drawn[account] = drawn.get(account, Fen(0)) + difference
    changed = {id_: both for id_, both in sums.items() if both != (Fen(0), Fen(0))}
    _move_obligations(work, scope, changed, moves)
    for (item, year), fen in sorted(drawn.items()):
        if fen != Fen(0) and not work.budgets.commit(scope, item, year, fen):
            raise _over(work, scope, item, year, fen)
    work.ledger.add_many(scope, transfers)
    work.orders.put_many(scope, [move.new for move in moves])
    work.audit.add_many(scope, [_entry(move) for move in moves])
    follow_money(work, scope, changed)


def _move_obligations(
    work: UnitOfWork,
    scope: Scope,
    changed: dict[ObligationId, tuple[Fen, Fen]],
    moves: Sequence[Moved],
) -> None:
    try:
        work.obligations.move(scope, changed)
    except Conflict as error:
        if error.code != "E-STORE-004":
            raise
        fen = sum((move.new.fen.amount for move in moves), 0)
        raise Conflict(
            "E-PAY-005", current=len(moves), allowed=(), orders=len(moves), fen=Fen(fen)
        ) from None


def _over(work: UnitOfWork, scope: Scope, item: str, year: int, fen: Fen) -> Conflict:
    budget = work.budgets.get(scope, item, year)
    if budget is None:
        return Conflict("E-PAY-007", current=None, allowed=(), item=item, year=year)
    return Conflict(
        "E-PAY-006",
        current=budget.left,
        allowed=(),
        item=item,
        year=year,
        left=budget.left,
        fen=fen,
    )


def _transfers(  # noqa: PLR0913, PLR0917 - a step and what it counted before and after
    work: UnitOfWork,
    scope: Scope,
    books: _Books,
    move: Moved,
    old: tuple[Fen, Fen],
    new: tuple[Fen, Fen],
) -> list[Transfer]:
    """Return what a step writes into the books: pending, post, void, reversal, or nothing."""
    nothing = Fen(0)
    written: list[Transfer] = []
    order = move.new
    if old == (nothing, nothing) != new:
        # Approved: the money is set aside. Or the bank paid what it had refused: both at once.
        item, year = books.account(work, scope, order)
        pending = Transfer(
            id=work.ids.new(), debit=pseudonym(work, order.payee), credit=fund(item, year),
            fen=order.fen, entry=Entry.PENDING, code=order.key.text, at=work.now,
        )  # fmt: skip
        written.append(books.write(pending))
        if new[0] == nothing:
            return written
    waiting = books.pending(order)
    came_back = order.state is OrderState.RETURNED and move.old.state is not OrderState.RETURNED
    arrived = new[0] != nothing and old[0] == nothing
    if waiting is not None and (arrived or came_back):  # what comes back has left before
        post = ending(waiting, Entry.POST, id_=work.ids.new(), at=work.now)
        written.append(books.write(post))
    elif waiting is not None and new == (nothing, nothing):
        void = ending(waiting, Entry.VOID, id_=work.ids.new(), at=work.now)
        written.append(books.write(void))
    if came_back:
        posted = books.posted(order)
        if posted is not None:
            back = reversal(posted, id_=work.ids.new(), at=work.now)
            written.append(books.write(back))
    return written


def _entry(move: Moved) -> AuditEntry:
    return AuditEntry(
        action=move.action,
        subject=move.new.id,
        person=move.new.payee,
        before=move.old.state.value,
        after=move.new.state.value,
        reason=move.reason,
    )


def merged(moves: Iterable[Moved]) -> list[Moved]:
    """Return several steps of an order as one: before the first, after the last."""
    found: dict[OrderId, Moved] = {}
    for move in moves:
        first = found.get(move.new.id)
        if first is None:
            found[move.new.id] = move
        else:
            new = evolve(move.new, version=first.old.version)
            found[move.new.id] = evolve(move, old=first.old, new=new)
    return list(found.values())
