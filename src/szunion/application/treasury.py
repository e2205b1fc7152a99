"""Know how finance pays: budgets, pay-outs by maker and checker, the books, what differs (财务)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Final

from attrs import evolve, frozen

from szunion.application import statements
from szunion.application.access import authorise, second_person
from szunion.application.bank_queue import dispatch_of
from szunion.application.money_moves import Moved, keep_moves
from szunion.application.office import Office, one_commit, one_look
from szunion.application.payable_now import LeftOut, must_be_listed, payable_now
from szunion.application.payouts import cards_of, part_key, request_of
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.card_files import KeptCard
from szunion.domain.city_time import day_of, start_of
from szunion.domain.ledger import Balance
from szunion.domain.orders import Order, OrderEvent, OrderState
from szunion.domain.outbox import DispatchState
from szunion.domain.payouts import Budget, Obligation, PayoutBatch, PayoutState
from szunion.domain.statement_lines import CheckedLine
from szunion.domain.values import (
    Fen,
    ObligationId,
    OrderId,
    PayoutBatchId,
    RequestKey,
    shard_of,
)
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork

_BACK: Final = frozenset({OrderState.RETURNED, OrderState.REJECTED})


@frozen(kw_only=True)
class Draft:
    """A pay-out that waits for its checker, and what was left out of it."""

    payout: PayoutBatch | None
    """None: there was nothing to pay."""
    left_out: tuple[tuple[ObligationId, LeftOut], ...]


@frozen(kw_only=True)
class DraftPreview:
    """What a draft would hold, if it were made now (试算)."""

    orders: int
    total: Fen
    largest: Fen
    left_out: tuple[tuple[ObligationId, LeftOut], ...]


@frozen(kw_only=True)
class Books:
    """Where the books stand: both sides are the same, or something is very wrong."""

    whole: Balance
    lines: tuple[CheckedLine, ...]
    """Lines of statements that differ and that nobody has explained."""
    not_shown: tuple[str, ...]
    """Payments that arrived, says the bank, and that none of its statements shows."""

    @property
    def explained(self) -> bool:
        """Whether nothing stands open between the books and the bank."""
        return not self.lines and not self.not_shown


@frozen
class Treasury:
    """The desk of finance (财务拨付)."""

    office: Office
    by: Principal

    # --- budgets ----------------------------------------------------------------------------

    @one_commit
    def set_budget(self, work: UnitOfWork, item: str, year: int, ceiling: Fen) -> Budget:
        """Set how much an item may cost in a year (项目预算).

        Raises:
            NotFound: the catalogue has no such item (E-SERVICE-002).
            Conflict: more than that is committed already (E-STORE-004).
        """
        scope = authorise(work, self.by, Operation.PAY_WRITE)
        must_be_listed(self.office, item)
        work.budgets.set(scope, Budget(item=item, year=year, ceiling=ceiling))
        entry = AuditEntry(action="budget.set", subject=year, after=f"{item}:{ceiling.amount}")
        work.audit.add(scope, entry)
        found = work.budgets.get(scope, item, year)
        assert found is not None
        return found

    @one_look
    def budget(self, work: UnitOfWork, item: str, year: int) -> Budget | None:
        """Return the budget of an item and year."""
        return work.budgets.get(authorise(work, self.by, Operation.PAY_READ), item, year)

    # --- pay-outs ---------------------------------------------------------------------------

    @one_commit
    def draft(  # noqa: PLR0913 - what is to be paid, and when
        self,
        work: UnitOfWork,
        item: str,
        year: int,
        *,
        only: Sequence[ObligationId] = (),
        due: date | None = None,
        most: int = 5000,
    ) -> Draft:
        """Make a pay-out of what is owed for an item and year (制单).

        Args:
            work: Given by the office.
            item: The service item.
            year: The year whose budget it comes from.
            only: These obligations alone, also such as the bank contradicts itself about (finance
                has made sure that nothing arrived); empty: whatever is open.
            due: When it is to leave; None: as soon as it is approved.
            most: At most so many orders.

        Raises:
            NotFound: nothing is owed, and the catalogue has no such item (E-SERVICE-002).
        """
        scope = authorise(work, self.by, Operation.PAY_WRITE)
        now = payable_now(self.office, work, scope, item, year, only, most)
        if not now.chosen:
            return Draft(payout=None, left_out=now.left_out)
        day, id_ = due or day_of(work.now), PayoutBatchId(work.ids.new())
        orders = [
            self._order(work, owed, kept, now.tried.get(owed.id, ()), id_, day)
            for owed, kept in now.chosen
        ]
        total = Fen(sum(order.fen.amount for order in orders))
        content = ",".join(sorted(order.key.text for order in orders))
        payout = PayoutBatch(
            id=id_, key=work.vault.request_key(f"payout:{content}"), item=item, year=year,
            orders=len(orders), total=total, made=work.now, made_by=self.by.id,
        )  # fmt: skip
        work.payouts.add(scope, payout)
        work.orders.add_many(scope, orders)
        entries = [
            AuditEntry(
                action="order.draft", subject=order.id, person=order.payee,
                after=order.state.value,
            )
            for order in orders
        ]  # fmt: skip
        work.audit.add_many(scope, [*entries, _entry("payout.draft", None, payout)])
        return Draft(payout=payout, left_out=now.left_out)

    def _order(  # noqa: PLR0913, PLR0917 - what an order says
        self,
        work: UnitOfWork,
        owed: Obligation,
        kept: KeptCard,
        before: Sequence[Order],
        payout: PayoutBatchId,
        due: date,
    ) -> Order:
        """Return the order that pays what is left of *owed*, after those *before* it."""
        back = [each.id for each in before if each.state in _BACK]
        named = {each.replaces for each in before if each.state is not OrderState.CANCELLED}
        # Of the business, not of our ids: who decides the same again after a restore asks the
        # bank for the same payment, and not for another.
        business = f"pay:{owed.key}:{len(before) + 1}"
        return Order(
            id=OrderId(work.ids.new(shard_of(owed.payee))),
            obligation=owed.id,
            payee=kept.person,
            card=kept.id,
            fen=owed.open,
            key=work.vault.request_key(business),
            due=due,
            made_by=self.by.id,
            batch=payout,
            replaces=next((one for one in reversed(back) if one not in named), None),
        )

    @one_commit
    def approve(
        self, work: UnitOfWork, payout: PayoutBatchId, *, total: Fen | None = None
    ) -> PayoutBatch:
        """Approve another person's pay-out and queue it for the bank, in one commit (复核).

        Args:
            work: Given by the office.
            payout: The pay-out.
            total: What the checker believes to approve: the control total.

        Raises:
            NotAllowed: it is the maker (E-ACCESS-004).
            Conflict: the total is another (E-PAY-010), more than is owed would be paid
                (E-PAY-005), or more than the budget (E-PAY-006, E-PAY-007); the bank's statement
                holds something that nobody has explained (E-PAY-014); or it is past approval
                (E-PAY-015).
        """
        scope = authorise(work, self.by, Operation.PAY_WRITE)
        old = _payout(work, scope, payout)
        if old.state is PayoutState.APPROVED and old.approved_by == self.by.id:
            return old
        second_person(work, old.made_by, self.by, old.made)
        if old.state is not PayoutState.DRAFT:
            raise Conflict("E-PAY-015", current=old.state, allowed=(PayoutState.DRAFT,))
        if total is not None and total != old.total:
            raise Conflict("E-PAY-010", current=old.total, allowed=(), total=total, ours=old.total)
        lines, missing = statements.differences(work, scope)
        if lines or missing:
            open_ = len(lines) + len(missing)
            raise Conflict("E-PAY-014", current=open_, allowed=(), lines=open_)
        drafts = [
            order
            for order in work.orders.of_payout(scope, payout)
            if order.state is OrderState.DRAFT
        ]
        self._queue(work, scope, old, drafts)
        new = evolve(old, state=PayoutState.APPROVED, approved_by=self.by.id)
        work.payouts.put(scope, new)
        work.audit.add(scope, _entry("payout.approve", old, new))
        return evolve(new, version=new.version + 1)

    def _queue(
        self, work: UnitOfWork, scope: Scope, payout: PayoutBatch, drafts: list[Order]
    ) -> None:
        """Set the money aside and write the outbox, in parts that the bank takes at once."""
        cards = cards_of(work, scope, drafts)
        moves: list[Moved] = []
        most = self.office.bank_info.most_rows
        for first in range(0, len(drafts), most):
            part = work.outbox.next_sequence(scope, payout.id)
            some = []
            for draft in drafts[first : first + most]:
                batched = draft.after(OrderEvent.APPROVE).after(OrderEvent.BATCH)
                after = evolve(batched, approved_by=self.by.id, part=part)
                moves.append(Moved(draft, after, "order.approve"))
                some.append(after)
            request = request_of(part_key(work, payout.id, part), some, cards)
            due = max(work.now, start_of(max(order.due for order in some)).astimezone(UTC))
            work.outbox.add(scope, dispatch_of(work, request, payout.id, part, due=due))
        keep_moves(work, scope, moves)

    @one_commit
    def cancel(self, work: UnitOfWork, payout: PayoutBatchId, reason: str) -> PayoutBatch:
        """Give a pay-out up of which nothing has left; what is owed stays owed (取消).

        Raises:
            Conflict: something of it may have left (E-PAY-016), or it was given up before
                (E-PAY-015).
        """
        scope = authorise(work, self.by, Operation.PAY_WRITE)
        old = _payout(work, scope, payout)
        if old.state is PayoutState.CANCELLED:
            raise Conflict("E-PAY-015", current=old.state, allowed=())
        for dispatch in work.outbox.of(scope, payout):
            if dispatch.state is not DispatchState.QUEUED or dispatch.sent is not None:
                raise Conflict("E-PAY-016", current=dispatch.state, allowed=())
            work.outbox.put(scope, dispatch.ended(DispatchState.CANCELLED, "CANCELLED"))
        moves = [
            Moved(order, order.after(OrderEvent.CANCEL), "order.cancel", reason)
            for order in work.orders.of_payout(scope, payout)
            if order.state is not OrderState.CANCELLED
        ]
        keep_moves(work, scope, moves)
        new = evolve(old, state=PayoutState.CANCELLED)
        work.payouts.put(scope, new)
        work.audit.add(scope, _entry("payout.cancel", old, new, reason))
        return evolve(new, version=new.version + 1)

    # --- looking ----------------------------------------------------------------------------

    @one_look
    def preview(
        self,
        work: UnitOfWork,
        item: str,
        year: int,
        *,
        only: Sequence[ObligationId] = (),
        most: int = 5000,
    ) -> DraftPreview:
        """Return what a draft for an item and year would hold; nothing is written."""
        scope = authorise(work, self.by, Operation.PAY_READ)
        now = payable_now(self.office, work, scope, item, year, only, most)
        sums = [owed.open for owed, _ in now.chosen]
        return DraftPreview(
            orders=len(sums),
            total=Fen(sum(each.amount for each in sums)),
            largest=max(sums, default=Fen(0)),
            left_out=now.left_out,
        )

    @one_look
    def in_flight(self, work: UnitOfWork) -> Mapping[OrderState, int]:
        """Return how many orders are on their way, by state: sent, unknown, taken in (在途)."""
        return work.orders.in_flight(authorise(work, self.by, Operation.PAY_READ))

    @one_look
    def get(self, work: UnitOfWork, payout: PayoutBatchId) -> PayoutBatch:
        """Return a pay-out (E-PAY-008: there is none)."""
        return _payout(work, authorise(work, self.by, Operation.PAY_READ), payout)

    @one_look
    def orders(self, work: UnitOfWork, payout: PayoutBatchId) -> Sequence[Order]:
        """Return the orders of a pay-out, each where it stands."""
        return work.orders.of_payout(authorise(work, self.by, Operation.PAY_READ), payout)

    @one_look
    def order(self, work: UnitOfWork, key: RequestKey) -> Order:
        """Return the order that the bank calls so (E-BANK-015: there is none)."""
        scope = authorise(work, self.by, Operation.PAY_READ)
        found = work.orders.by_keys(scope, [key]).get(key)
        if found is None:
            raise NotFound("E-BANK-015")
        return found

    @one_look
    def tries(self, work: UnitOfWork, obligation: ObligationId) -> Sequence[Order]:
        """Return every attempt to pay an obligation, oldest first."""
        scope = authorise(work, self.by, Operation.PAY_READ)
        return work.orders.of_obligation(scope, obligation)

    @one_look
    def listed(self, work: UnitOfWork, *, after: int = 0, most: int = 200) -> Sequence[PayoutBatch]:
        """Return a page of pay-outs, by id."""
        scope = authorise(work, self.by, Operation.PAY_READ)
        return work.payouts.listed(scope, after=after, most=most)

    @one_look
    def books(self, work: UnitOfWork) -> Books:
        """Return where the books stand, and what stands open between them and the bank."""
        scope = authorise(work, self.by, Operation.PAY_READ)
        lines, missing = statements.differences(work, scope)
        return Books(whole=work.ledger.whole(scope), lines=tuple(lines), not_shown=tuple(missing))

    @one_look
    def account(self, work: UnitOfWork, name: str) -> Balance:
        """Return what an account of the books holds."""
        return work.ledger.balance(authorise(work, self.by, Operation.PAY_READ), name)

    @one_look
    def statement(self, work: UnitOfWork, day: date) -> Sequence[CheckedLine]:
        """Return the lines of a day's statement, each with what it was found to be."""
        return work.statements.of_day(authorise(work, self.by, Operation.PAY_READ), day)

    @one_commit
    def explain(self, work: UnitOfWork, day: date, position: int, why: str) -> None:
        """Write down why a line of a statement differs: it blocks no pay-out any more (差异说明).

        Raises:
            NotFound: no such line stands unexplained (E-PAY-017).
        """
        scope = authorise(work, self.by, Operation.PAY_WRITE)
        if not why.strip() or not work.statements.explain(scope, day, position, why.strip()):
            raise NotFound("E-PAY-017")
        name = statements.line_name(day, position)
        known = work.reconciliations.open(scope, sorted(statements.OF_MONEY, key=str))
        closed = [each.closed(self.by.id, work.now) for each in known if each.name == name]
        work.reconciliations.close(scope, closed, work.now)
        entry = AuditEntry(
            action="statement.explain", subject=day.toordinal(), after=str(position),
            reason=why.strip(),
        )  # fmt: skip
        work.audit.add(scope, entry)


def _payout(work: UnitOfWork, scope: Scope, payout: PayoutBatchId) -> PayoutBatch:
    found = work.payouts.get(scope, payout)
    if found is None:
        raise NotFound("E-PAY-008")
    return found


def _entry(action: str, old: PayoutBatch | None, new: PayoutBatch, reason: str = "") -> AuditEntry:
    return AuditEntry(
        action=action,
        subject=new.id,
        before=old.state.value if old else "",
        after=new.state.value,
        reason=reason,
    )
