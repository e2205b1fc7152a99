"""Know what must hold after any storm: nothing doubled, nothing lost, nothing stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from szunion.adapters.bank.records import OrderState
from szunion.adapters.bank.truth import BankTruth
from szunion.domain.bank import BankNotice, CardProduced, OrderSettled, StatementKind
from szunion.domain.bank_requests import Answer
from szunion.domain.values import Fen, RequestKey

DAY: Final = timedelta(hours=24)


@frozen(kw_only=True)
class Findings:
    """What is wrong; all empty when all is well."""

    doubled: tuple[RequestKey, ...] = ()
    """Had an effect more than once."""
    lost: tuple[RequestKey, ...] = ()
    """Were acknowledged as accepted and had no effect."""
    unasked: tuple[RequestKey, ...] = ()
    """Had an effect although nobody attempted them."""
    refused_yet_done: tuple[RequestKey, ...] = ()
    """Were acknowledged as refused and had an effect all the same."""
    stuck: tuple[RequestKey, ...] = ()
    """Were attempted longer ago than allowed, and nobody knows yet what became of them."""
    broken: tuple[str, ...] = ()
    """Laws of the bank itself that do not hold, in words."""

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong."""
        return self == Findings()


def check_effects(
    *,
    attempted: Mapping[RequestKey, datetime],
    acknowledged: Mapping[RequestKey, Answer],
    effects: Mapping[RequestKey, int],
    now: datetime,
    stuck_after: timedelta = DAY,
) -> Findings:
    """Compare what was attempted and acknowledged with what had an effect.

    Args:
        attempted: When each key was first sent.
        acknowledged: What we believe was answered; a key still unknown is not in it.
        effects: How often each key had an effect, by the bank's truth (requests alone).
        now: The present moment.
        stuck_after: How long a key may stay unknown.
    """
    accepted = {key for key, answer in acknowledged.items() if answer is Answer.ACCEPTED}
    refused = acknowledged.keys() - accepted
    return Findings(
        doubled=_sorted(key for key, count in effects.items() if count > 1),
        lost=_sorted(key for key in accepted if not effects.get(key)),
        unasked=_sorted(key for key in effects if effects[key] and key not in attempted),
        refused_yet_done=_sorted(key for key in refused if effects.get(key)),
        stuck=_sorted(
            key
            for key, since in attempted.items()
            if key not in acknowledged and now - since > stuck_after
        ),
    )


def check_bank(truth: BankTruth) -> Findings:
    """Check the bank's own laws: effects, streams, event ids, one card a row, money.

    A bank that was told to contradict itself breaks the law of event ids, and is found out.
    """
    told = truth.told
    broken = [*_streams(told), *_once(told), *_money(truth)]
    return Findings(
        doubled=_sorted(key for key, count in truth.effects.items() if count > 1),
        broken=tuple(broken),
    )


def check_collected(truth: BankTruth, collected: Iterable[BankNotice]) -> Findings:
    """Check that everything the bank told was collected at least once, and nothing else was."""
    got = {notice.told.event_id for notice in collected}
    sent = {notice.told.event_id for notice in truth.told}
    broken = [f"{one} was told and never collected" for one in sorted(sent - got)]
    broken += [f"{one} was collected and never told" for one in sorted(got - sent)]
    return Findings(broken=tuple(broken))


def _streams(told: Iterable[BankNotice]) -> list[str]:
    broken = []
    last: dict[str, int] = {}
    ids: set[str] = set()
    for notice in told:
        where = notice.told
        if where.event_id in ids:
            broken.append(f"event id {where.event_id} stands for two notices")
            continue
        ids.add(where.event_id)
        if where.sequence != last.get(where.stream, 0) + 1:
            broken.append(f"stream {where.stream} has a hole before {where.sequence}")
        last[where.stream] = where.sequence
    return broken


def _once(told: Iterable[BankNotice]) -> list[str]:
    ids: set[str] = set()
    cards: Counter[RequestKey] = Counter()
    paid: Counter[RequestKey] = Counter()
    for notice in told:
        if notice.told.event_id in ids:
            continue
        ids.add(notice.told.event_id)
        match notice:
            case CardProduced(row=row):
                cards[row] += 1
            case OrderSettled(order=order):
                paid[order] += 1
            case _:
                pass
    broken = [f"row {key} has {count} cards" for key, count in cards.items() if count > 1]
    return broken + [
        f"order {key} was paid {count} times" for key, count in paid.items() if count > 1
    ]


def _money(truth: BankTruth) -> list[str]:
    broken = []
    balances = Fen(sum(account.fen.amount for account in truth.accounts))
    if balances + truth.paying != Fen(0):
        broken.append(f"balances {balances} and the paying account {truth.paying} do not balance")
    moved = 0
    for day in truth.days:
        for movement in truth.movements(day):
            paid = movement.kind is StatementKind.PAID
            moved += movement.fen if paid else -movement.fen
    if Fen(-moved) != truth.paying:
        broken.append(f"movements of {Fen(moved)} do not explain the paying account")
    settled = sum(
        order.fen.amount for order in truth.orders.values() if order.state is OrderState.SETTLED
    )
    if Fen(settled) != balances:
        broken.append(f"settled orders of {Fen(settled)} do not explain balances of {balances}")
    return broken


def _sorted(keys: Iterable[RequestKey]) -> tuple[RequestKey, ...]:
    return tuple(sorted(keys))
