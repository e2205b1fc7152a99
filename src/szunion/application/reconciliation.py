"""Know how the bank's daily list is compared with ours, and who looks at what differs (对账)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from attrs import field, frozen

from szunion.application import statements
from szunion.application.access import authorise
from szunion.application.bank_freight import list_request
from szunion.application.bank_outcomes import Outcome
from szunion.application.bank_queue import dispatch_of
from szunion.application.card_facts import hear
from szunion.application.daily_list import Ahead, Comparison, Held, Listed, compare, newest
from szunion.application.office import Office, one_commit, one_look
from szunion.application.together import cards_together
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import BankState, DailyCardList, ListedCard
from szunion.domain.card_files import KeptCard
from szunion.domain.facets import CARD_BANK, as_listed
from szunion.domain.inbox import Hearing
from szunion.domain.instructions import InstructionKind
from szunion.domain.outbox import OPEN, REQUESTS, DispatchKind, DispatchState
from szunion.domain.reconciliation import (
    RECONCILED,
    Difference,
    DifferenceKind,
    DifferenceState,
    ReconKind,
    ReconRun,
)
from szunion.domain.values import CardId, InstructionId, RequestKey
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork

T = TypeVar("T")

_TOGETHER: Final = 512
_OF_CARDS = (
    DifferenceKind.NOT_TOLD,
    DifferenceKind.ENDED_HERE,
    DifferenceKind.AHEAD,
    DifferenceKind.CONTRADICTORY,
    DifferenceKind.UNKNOWN_CARD,
    DifferenceKind.NOT_LISTED,
    DifferenceKind.USE_NOT_STOPPED,
)
_ASKED_AS = {
    ReconKind.CARDS: DispatchKind.CARD_LIST,
    ReconKind.MONEY: DispatchKind.STATEMENT,
}
_UNANSWERED = (
    DispatchState.QUEUED,
    DispatchState.SENT,
    DispatchState.UNKNOWN,
    DispatchState.ASIDE,
)


def listed(
    office: Office, work: UnitOfWork, scope: Scope, notice: DailyCardList, known: Ahead
) -> Outcome:
    """Follow the bank's list of every card (日终全量); the same list again changes nothing.

    What the list knows better becomes a fact with reason RECONCILED, in the card's history. What
    it cannot settle stays open, by name, and ages until it does.

    What was seen of the list in an earlier transaction makes this one short: each card that
    differed is looked at again. One that agreed then agreed with this list, whatever it was told
    since. If another list was followed meanwhile, all is compared again.
    """
    if work.reconciliations.find(scope, ReconKind.CARDS, notice.day, known.digest) is not None:
        return Outcome(hearing=Hearing.DUPLICATE)
    comparison = known.comparison
    if comparison is None or comparison.last != newest(work, scope):
        comparison = compare(office, work, scope, notice)
    run = _Run(office=office, work=work, scope=scope, notice=notice, content=known.digest)
    with work.bulk.scattered():
        run.follow(comparison)
        run.look_for_unstopped()
        return Outcome(hearing=Hearing.OBEYED, subject=run.keep())


@frozen(kw_only=True)
class _Run:
    """One comparison while it is being followed."""

    office: Office
    work: UnitOfWork
    scope: Scope
    notice: DailyCardList
    content: str
    found: list[Difference] = field(factory=list)
    counts: dict[str, int] = field(factory=lambda: {"ours": 0, "agreed": 0, "closed": 0})

    def follow(self, comparison: Comparison) -> None:
        """Follow what differed then, as it is now."""
        apart: list[tuple[Listed, CardId]] = []
        unknown: list[Listed] = []
        missed: list[Held] = []
        for pile in comparison.piles:
            self.counts["ours"] += pile.ours
            self.counts["agreed"] += pile.agreed
            apart += ((told, kept.card) for told, kept in pile.apart)
            unknown += pile.unknown
            missed += pile.not_listed
        for some in _parts(unknown):
            apart += self._born(some)
        for part in _parts(missed):
            states = self.work.bulk.bank_states(self.scope, [kept.card for kept in part])
            for kept in part:
                self._not_listed(kept, states[kept.card])
        for pairs in _parts(apart):
            with cards_together(self.work, self.scope, [card for _, card in pairs]) as work:
                for told, card in pairs:
                    self._beside(work, told, card)

    def _born(self, unknown: Sequence[Listed]) -> Iterator[tuple[Listed, CardId]]:
        """Yield those that are known now."""
        cards = self.work.bulk.cards_called(self.scope, [told.name for told in unknown])
        for told in unknown:
            card = cards.get(told.name)
            if card is None:
                self._differ(DifferenceKind.UNKNOWN_CARD, 0, told.name, "", told.state)
            else:
                self.counts["ours"] += 1
                yield told, card

    def _not_listed(self, kept: Held, state: BankState | None) -> None:
        if state is None or state in CARD_BANK.absorbing:
            self.counts["agreed"] += 1
        else:
            self._differ(DifferenceKind.NOT_LISTED, kept.card, kept.name, state, None)

    def _beside(self, work: UnitOfWork, told: Listed, card: CardId) -> None:
        """Follow what the list says of a card otherwise than we."""
        kept = work.cards.get(self.scope, card)
        if kept is None:
            raise NotFound("E-CARD-010")
        if kept.card.bank.state is told.state:  # it was told so meanwhile
            self.counts["agreed"] += 1
            return
        fact = as_listed(
            kept.card.bank,
            ListedCard(kept.card.ref, told.state, told.sequence),
            event_id=f"list:{self.notice.day.isoformat()}:{told.name}",
            digest=self.content,
            at=work.now,
        )
        if fact is None:
            ours = kept.card.bank.state
            self._differ(DifferenceKind.AHEAD, card, told.name, ours, told.state)
            return
        after, _ = hear(self.office, work, self.scope, kept, fact)
        self._judge(kept, after, told.name, told.state)

    def _judge(self, before: KeptCard, after: KeptCard, name: str, listed: BankState) -> None:
        ours = before.card.bank.state
        if after.card.bank.state is listed and not after.card.bank.contradictory:
            self.counts["closed"] += 1
            self._differ(DifferenceKind.NOT_TOLD, before.id, name, ours, listed, closed=RECONCILED)
        elif before.card.bank.absorbing is not None:
            self._differ(DifferenceKind.ENDED_HERE, before.id, name, ours, listed)
        else:
            self._differ(DifferenceKind.CONTRADICTORY, before.id, name, ours, listed)

    def look_for_unstopped(self) -> None:
        """Find cards that the bank should have stopped and has not answered for."""
        for card, state in _unanswered_stops(self.work, self.scope):
            self.found.append(self._difference(DifferenceKind.USE_NOT_STOPPED, card, "", state, ""))

    def _differ(  # noqa: PLR0913 - what a difference says
        self,
        kind: DifferenceKind,
        card: int,
        name: str,
        ours: BankState | str | None,
        theirs: BankState | None,
        *,
        closed: str = "",
    ) -> None:
        mine = ours.value if isinstance(ours, BankState) else ours or ""
        made = self._difference(kind, card, name, mine, theirs.value if theirs else "")
        self.found.append(made.closed(closed, self.work.now) if closed else made)

    def _difference(
        self, kind: DifferenceKind, subject: int, name: str, ours: str, theirs: str
    ) -> Difference:
        return Difference(
            id=self.work.ids.new(),
            run=0,
            kind=kind,
            subject=subject,
            name=name,
            ours=ours,
            theirs=theirs,
        )

    def keep(self) -> int:
        """Keep the run: what is still there keeps its age, what is gone is closed."""
        still = {each.sort: each for each in self.work.reconciliations.open(self.scope, _OF_CARDS)}
        open_now = {each.sort for each in self.found if each.state is DifferenceState.OPEN}
        new = [
            each
            for each in self.found
            if each.state is DifferenceState.CLOSED or each.sort not in still
        ]
        gone = [
            each.closed(RECONCILED, self.work.now)
            for sort, each in still.items()
            if sort not in open_now
        ]
        run = ReconRun(
            id=self.work.ids.new(),
            kind=ReconKind.CARDS,
            day=self.notice.day,
            digest=self.content,
            at=self.work.now,
            ours=self.counts["ours"],
            theirs=len(self.notice.cards),
            agreed=self.counts["agreed"],
            closed=self.counts["closed"] + len(gone),
            differences=tuple(new),
        )
        self.work.reconciliations.add(self.scope, run)
        self.work.reconciliations.close(self.scope, gone, self.work.now)
        entry = AuditEntry(
            action="recon.run",
            subject=run.id,
            after=f"{run.agreed}/{run.closed}/{len(open_now)}",
            reason=run.kind.value,
        )
        self.work.audit.add(self.scope, entry)
        return run.id


def _parts(found: Sequence[T]) -> Iterator[Sequence[T]]:
    return (found[start : start + _TOGETHER] for start in range(0, len(found), _TOGETHER))


def _unanswered_stops(work: UnitOfWork, scope: Scope) -> Iterator[tuple[CardId, str]]:
    after = 0
    while page := work.outbox.listed(scope, _UNANSWERED, after=after):
        after = page[-1].id
        for dispatch in page:
            if dispatch.kind is not DispatchKind.SET_CARD_USE:
                continue
            asked = work.instructions.get(scope, InstructionId(dispatch.subject))
            if asked is not None and asked.kind is InstructionKind.STOP:
                yield asked.card, asked.state.value


@frozen
class OpenDifference:
    """A difference with its age (未结差异)."""

    difference: Difference
    age: timedelta


@frozen
class Reconciliation:
    """What comparing with the bank has found, for those who look after it (对账台)."""

    office: Office
    by: Principal

    @one_look
    def last(
        self, work: UnitOfWork, kind: ReconKind = ReconKind.CARDS, day: date | None = None
    ) -> ReconRun | None:
        """Return the newest run, over the bank's lists of one day where one is named."""
        scope = authorise(work, self.by, Operation.BANK_READ)
        return work.reconciliations.last(scope, kind, day)

    @one_look
    def get(self, work: UnitOfWork, run: int) -> ReconRun:
        """Return a run with what it was the first to find.

        Raises:
            NotFound: there is none (E-RECON-001).
        """
        found = work.reconciliations.get(authorise(work, self.by, Operation.BANK_READ), run)
        if found is None:
            raise NotFound("E-RECON-001")
        return found

    @one_look
    def open(self, work: UnitOfWork) -> Sequence[OpenDifference]:
        """Return what is still unexplained, oldest first, with its age."""
        scope = authorise(work, self.by, Operation.BANK_READ)
        now: datetime = work.now
        return [
            OpenDifference(each, now - (work.reconciliations.first_found(scope, each.id) or now))
            for each in work.reconciliations.open(scope)
        ]

    @one_commit
    def ask_for(self, work: UnitOfWork, kind: ReconKind, day: date) -> RequestKey:
        """Ask the bank for a day's list or statement, again or for the first time (索取).

        While one is under way it is the answer; after it, each asking is a new request.

        Raises:
            Conflict: the bank's adapter does not offer it (E-BANK-011).
        """
        scope = authorise(work, self.by, Operation.BANK_OPERATE)
        wanted = _ASKED_AS[kind]
        if REQUESTS[wanted] not in self.office.bank_info.accepts:
            raise Conflict("E-BANK-011", current=wanted, allowed=())
        number = 1
        while True:
            key = work.vault.request_key(f"list:{wanted.value}:{day.isoformat()}:{number}")
            earlier = work.outbox.by_key(scope, key)
            if earlier is None:
                break
            if earlier.state in OPEN:
                return key
            number += 1
        # List and statement do not wait for each other: each counts within a place of its own.
        aggregate = 2 * day.toordinal() + (kind is ReconKind.MONEY)
        place = work.outbox.next_sequence(scope, aggregate)
        request = list_request(wanted, key, day)
        asked = dispatch_of(work, request, day.toordinal(), place, aggregate=aggregate)
        work.outbox.add(scope, asked)
        entry = AuditEntry(
            action="recon.ask", subject=day.toordinal(), after=wanted.value, reason=kind.value
        )
        work.audit.add(scope, entry)
        return key

    @one_commit
    def resolve(self, work: UnitOfWork, difference: int, note: str) -> Difference:
        """Close a difference by hand, with what was found out; about money, finance does it.

        Raises:
            NotFound: there is no open one by that id (E-RECON-001).
            Conflict: no note says why (E-RECON-002).
        """
        looking = authorise(work, self.by, Operation.BANK_READ)
        if not note.strip():
            raise Conflict("E-RECON-002", current="", allowed=())
        for each in work.reconciliations.open(looking):
            if each.id == difference:
                about_money = each.kind in statements.OF_MONEY
                operation = Operation.PAY_WRITE if about_money else Operation.BANK_OPERATE
                scope = authorise(work, self.by, operation)
                statements.explain(work, scope, each, note[:200])
                closed = each.closed(self.by.id, work.now)
                work.reconciliations.close(scope, [closed], work.now)
                entry = AuditEntry(
                    action="recon.resolve",
                    subject=difference,
                    before=each.state.value,
                    after=closed.state.value,
                    reason=note[:200],
                )
                work.audit.add(scope, entry)
                return closed
        raise NotFound("E-RECON-001")
