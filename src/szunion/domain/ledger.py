"""Know where money stands: double entry in whole fen, pending first, never changed afterwards.

One transfer moves both sides, so the books balance by construction (复式记账). Approval makes it
*pending*, settlement *posts* it, refusal *voids* it; a correction is a transfer the other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import evolve, field, frozen

from szunion.domain.values import Fen, Labelled
from szunion.errors import Conflict, InvalidInput


class Entry(Labelled):
    """What a transfer does (分录种类)."""

    PENDING = "PENDING", "挂起", "pending"
    POST = "POST", "入账", "post of a pending one"
    VOID = "VOID", "撤销", "void of a pending one"
    DIRECT = "DIRECT", "直接入账", "posted at once"


def fund(item: str, year: int) -> str:
    """Return the account of a service item's money in a year (项目经费)."""
    return f"fund:{item}:{year}"


def bank_clearing(bank: str) -> str:
    """Return the account of money on its way at a bank (银行在途)."""
    return f"bank_clearing:{bank}"


def member_account(pseudonym: str) -> str:
    """Return the account of what a member has received; named by a pseudonym (会员)."""
    return f"member:{pseudonym}"


RETURNED = "returned"
"""Money that came back and is owed again (退票)."""


@frozen(kw_only=True)
class Transfer:
    """One movement from *credit* to *debit* (一笔). It is never changed and never deleted."""

    id: int
    debit: str
    credit: str
    fen: Fen = field()
    entry: Entry
    of: int | None = None
    """Of a post or void: the pending transfer it ends. Of a reversal: the one it takes back."""
    code: str
    """What it is for: an order's id, a statement line."""
    at: datetime

    @fen.validator
    def _positive(self, _: object, value: Fen) -> None:
        if value <= Fen(0):
            raise InvalidInput("E-LEDGER-001", given=value)

    def __attrs_post_init__(self) -> None:
        if self.debit == self.credit:
            raise InvalidInput("E-LEDGER-002", account=self.debit)


def ending(pending: Transfer, entry: Entry, *, id_: int, at: datetime) -> Transfer:
    """Return the transfer that posts or voids *pending*."""
    return evolve(pending, id=id_, entry=entry, of=pending.id, at=at)


def reversal(posted: Transfer, *, id_: int, at: datetime) -> Transfer:
    """Return the transfer that takes *posted* back: the other way round (冲回)."""
    return evolve(
        posted,
        id=id_,
        debit=posted.credit,
        credit=posted.debit,
        entry=Entry.DIRECT,
        of=posted.id,
        at=at,
    )


@frozen
class Balance:
    """What an account holds: posted, and reserved by pending transfers."""

    debit: Fen = Fen(0)
    credit: Fen = Fen(0)
    pending_debit: Fen = Fen(0)
    pending_credit: Fen = Fen(0)

    @property
    def net(self) -> Fen:
        """Posted debit minus posted credit."""
        return self.debit - self.credit

    @property
    def drawn(self) -> Fen:
        """What has left or is reserved to leave: posted and pending credit minus posted debit."""
        return self.credit + self.pending_credit - self.debit


def balances(transfers: Iterable[Transfer]) -> Mapping[str, Balance]:
    """Return every account's balance after *transfers*, in their order.

    Raises:
        Conflict: a post or void names no open pending transfer of the same amount and accounts
            (E-LEDGER-003).
    """
    sums: dict[str, Balance] = {}
    open_: dict[int, Transfer] = {}
    for each in transfers:
        pending = each.fen if each.entry is Entry.PENDING else Fen(0)
        posted = each.fen if each.entry in {Entry.POST, Entry.DIRECT} else Fen(0)
        if each.entry is Entry.PENDING:
            open_[each.id] = each
        elif each.entry is not Entry.DIRECT:
            ended = open_.pop(each.of, None) if each.of is not None else None
            same = ended is not None and (ended.debit, ended.credit, ended.fen) == (
                each.debit,
                each.credit,
                each.fen,
            )
            if not same:
                raise Conflict("E-LEDGER-003", current=each.of, allowed=tuple(open_), id=each.id)
            pending = -each.fen
        old = sums.get(each.debit, Balance())
        sums[each.debit] = evolve(
            old, debit=old.debit + posted, pending_debit=old.pending_debit + pending
        )
        old = sums.get(each.credit, Balance())
        sums[each.credit] = evolve(
            old, credit=old.credit + posted, pending_credit=old.pending_credit + pending
        )
    return sums
