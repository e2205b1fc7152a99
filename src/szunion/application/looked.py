"""Know how the bank's daily list is gone through before anything follows from it (先比后记).

A city's list takes half a minute to compare, and on SQLite whoever writes keeps all others from
writing. So both sides are compared in a transaction that only reads; the one that follows looks
again at the few cards that differed, and is short.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from szunion.application.listed import Compared, compared, told_records
from szunion.application.office import Office
from szunion.application.wire import digest
from szunion.domain.access import Scope
from szunion.domain.bank import DailyCardList
from szunion.domain.reconciliation import ReconKind
from szunion.ports.storage import UnitOfWork


@frozen
class Looked:
    """What was found of a list beside ours."""

    last: int | None
    """The newest run of its kind by then."""
    piles: Sequence[Compared]


def look(office: Office, work: UnitOfWork, scope: Scope, notice: DailyCardList) -> Looked:
    """Compare every card with the bank's list pile by pile, and change nothing.

    Almost every card agrees to the letter: its record is compared as it is, and not read. Memory
    grows with what differs.
    """
    theirs = office.piles(told_records(work.vault, notice.cards))
    ours = office.piles(work.cards.records(scope))
    return Looked(newest(work, scope), tuple(map(compared, theirs, ours)))


def newest(work: UnitOfWork, scope: Scope) -> int | None:
    """Return the id of the newest comparison of cards."""
    last = work.reconciliations.last(scope, ReconKind.CARDS)
    return None if last is None else last.id


@frozen
class Ahead:
    """What is known of a list before the commit in which it is obeyed."""

    digest: str
    looked: Looked | None
    """None: a notice of its event id was heard before."""


def ahead(
    office: Office, notice: DailyCardList, source: str, scope: Callable[[UnitOfWork], Scope]
) -> Ahead:
    """Go through a list outside of the commit in which it is obeyed."""

    def see(work: UnitOfWork) -> Looked | None:
        sees = scope(work)
        if work.inbox.get(sees, source, notice.told.event_id) is not None:
            return None
        return look(office, work, sees, notice)

    return Ahead(digest(office.vault, notice), office.storage.read(see))
