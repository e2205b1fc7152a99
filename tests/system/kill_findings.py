"""What must be true of a town that was killed again and again, once it has settled down."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from attrs import define, field
from tests.offices import counted, officer, operating
from tests.system.kill_client import AID, YEAR, Client, T, rosters

from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.bank_books import BankBooks
from szunion.application.members import Members
from szunion.application.treasury import Treasury
from szunion.domain.access import Operation, Role, Scope
from szunion.domain.bank_requests import Answer
from szunion.domain.bank_words import ReservationId
from szunion.domain.ledger import fund
from szunion.domain.outbox import Dispatch, DispatchKind, DispatchState
from szunion.domain.rows import RowState
from szunion.domain.values import (
    BatchId,
    Fen,
    InstructionId,
    PayoutBatchId,
    PersonId,
)
from szunion.ports.storage import UnitOfWork
from szunion.testing.checks import check_bank, check_effects

# --- what must be true at the end ----------------------------------------------------------


def wrong_with(client: Client) -> list[str]:
    """Return, in words, everything that is wrong when all has settled down."""
    findings = Findings(client)
    findings.members()
    findings.cards()
    findings.post()
    findings.money()
    findings.log()
    return findings.wrong


@define
class Findings:
    """What was found when the acknowledgements, the store and the bank's truth were compared."""

    client: Client
    wrong: list[str] = field(factory=list)

    def check(self, holds: bool, words: str) -> None:  # noqa: FBT001
        if not holds:
            self.wrong.append(words)

    def look(self, view: Callable[[UnitOfWork, Scope], T]) -> T:
        return self.client.office.storage.read(
            lambda work: view(work, authorise(work, self.client.worker.by, Operation.BANK_DESK))
        )

    @property
    def expected(self) -> set[str]:
        """Return every identity number that was handed in and is good."""
        files = [roster for union in rosters(self.client.seed) for roster in union]
        return {number for roster in files for _, number, _ in roster.clean}

    @property
    def acknowledged(self) -> list[int]:
        known = self.client.acks.known
        return [one for name, people in known.items() if name[:7] == "import-" for one in people]

    def members(self) -> None:
        """Nobody is lost, nobody is on file twice, and each acknowledged id is theirs."""
        counts = counted(self.client.office, self.client.city)
        total = sum(counts.values())
        self.check(total == len(self.expected), f"{total} members of {len(self.expected)}")
        look = Members(self.client.office, self.client.city)
        found = {number: look.find(number) for number in self.expected}
        lost = [number[:6] for number, one in found.items() if one is None]
        self.check(not lost, f"{len(lost)} good rows are on file nowhere")
        ids = {one.id for one in found.values() if one is not None}
        self.check(ids == set(self.acknowledged), "other people than those acknowledged")

    def cards(self) -> None:
        """Each has one row and one card, here and at the bank, and both say the same of it."""
        truth = self.client.bank.truth
        people = [PersonId(one) for one in self.acknowledged]
        rows = self.look(lambda work, scope: [work.rows.of_person(scope, p) for p in people])
        cards = self.look(lambda work, scope: [work.cards.of_person(scope, p) for p in people])
        self.check({len(each) for each in rows} == {1}, "somebody has not exactly one row")
        good = [not row.problems for row in chain.from_iterable(rows)]
        states = {row.state for row in chain.from_iterable(rows) if not row.problems}
        self.check(states == {RowState.ACTIVATED}, f"good rows are {states}")
        self.check([len(each) for each in cards] == good, "not one card for each good row")
        self.check(len(truth.cards) == sum(good), f"{len(truth.cards)} cards made for {sum(good)}")
        self.check(check_bank(truth).fine, str(check_bank(truth)))
        for kept in chain.from_iterable(cards):
            seen = truth.card(kept.card.ref)
            same = seen is not None and seen.state is kept.card.bank.state and not kept.gap
            self.check(same, "a card stands here otherwise than at the bank")

    def post(self) -> None:
        """Nothing is left in the outbox or aside, nothing was done twice or unasked."""
        sent = self.dispatches
        open_ = [each for each in sent if each.state is not DispatchState.DONE]
        self.check(not open_, f"{len(open_)} dispatches are not done")
        orphans = [each for each in sent if not self.subject_of(each)]
        self.check(not orphans, f"{len(orphans)} dispatches without what they are about")
        keys = {key for name, made in self.client.acks.known.items()
                if name[:6] == "apply-" for key in made}  # fmt: skip
        lost = keys - {each.key.text for each in sent}
        self.check(not lost, f"{len(lost)} approved batches are in no outbox")
        told = check_effects(
            attempted={each.key: each.created for each in sent},
            acknowledged={each.key: Answer.ACCEPTED for each in sent},
            effects={key: count for key, count in self.client.bank.truth.effects.items()
                     if key in self.client.bank.truth.arrived},
            now=self.client.clock.now(),
        )  # fmt: skip
        self.check(told.fine, str(told))
        troubles = BankBooks(self.client.office, operating(self.client.city)).troubles()
        self.check(not troubles, f"{len(troubles)} notices wait or are set aside")

    def money(self) -> None:
        """Everybody who was granted aid has it once, here, at the bank and in the books."""
        acks, truth = self.client.acks.known, self.client.bank.truth
        granted = [PersonId(one) for name, people in acks.items()
                   if name[:6] == "grant-" for one in people]  # fmt: skip
        self.check(len(granted) > 0, "nobody was granted anything")
        owed = [self.look(lambda work, scope, who=one: work.obligations.of_person(scope, who))  # type: ignore[misc]
                for one in granted]  # fmt: skip
        self.check({len(each) for each in owed} == {1}, "somebody has not exactly one grant")
        whole = sum(one.fen.amount for each in owed for one in each)
        paid = {one.settled == one.fen for each in owed for one in each}
        self.check(paid == {True}, "something that is owed has not arrived")
        fen = [self._at_bank(one) for one in granted]
        self.check(set(fen) == {300_000}, f"accounts at the bank hold {sorted(set(fen))}")
        others = {account.account: account.fen.amount for account in truth.accounts}
        self.check(sum(others.values()) == whole, "the bank paid somebody else")
        self.check(truth.paying.amount == -whole, f"the bank paid {-truth.paying.amount}")
        desk = Treasury(self.client.office, self.client.finance(1))
        books = desk.books()
        same = books.whole.debit == books.whole.credit
        self.check(same and books.whole.pending_debit == Fen(0), "the books do not balance")
        self.check(books.explained, "books and statements differ")
        drawn = desk.account(fund(AID, YEAR)).drawn
        self.check(drawn == Fen(whole), f"{drawn} drawn for {whole}")
        budget = desk.budget(AID, YEAR)
        self.check(
            budget is not None and budget.committed == Fen(whole), "budget and grants differ"
        )
        approved = sum(sum(made) for name, made in acks.items() if name[:8] == "approve-")
        self.check(approved == whole + 300_000, f"{approved} approved for {whole} and one again")

    def _at_bank(self, person: PersonId) -> int:
        cards = self.look(lambda work, scope: work.cards.of_person(scope, person))
        accounts = {self.client.bank.truth.account_of(kept.card.ref) for kept in cards}
        return sum(each.fen.amount for each in accounts if each is not None)

    @property
    def dispatches(self) -> list[Dispatch]:
        books, found = BankBooks(self.client.office, operating(self.client.city)), list[Dispatch]()
        while page := books.dispatches(after=found[-1].id if found else 0):
            found += page
        return found

    def subject_of(self, dispatch: Dispatch) -> object:
        match dispatch.kind:
            case DispatchKind.OPEN_CARDS:
                id_ = BatchId(dispatch.subject)
                return self.look(lambda work, scope: work.batches.get(scope, id_))
            case DispatchKind.SET_CARD_USE:
                asked = InstructionId(dispatch.subject)
                return self.look(lambda work, scope: work.instructions.get(scope, asked))
            case DispatchKind.PAY_OUT:
                payout = PayoutBatchId(dispatch.subject)
                return self.look(lambda work, scope: work.payouts.get(scope, payout))
            case DispatchKind.RESERVE_NUMBER:
                number = ReservationId(dispatch.subject)
                return self.look(lambda work, scope: work.reservations.get(scope, number))
            case DispatchKind.CARD_LIST | DispatchKind.STATEMENT:
                return dispatch.subject

    def log(self) -> None:
        """Each member's import stands in the log once, and the log is whole."""
        log = AuditLog(self.client.office, officer("auditor", Role.AUDITOR))
        lines = list(log.lines())
        imports = sum("membership.import" in line for line in lines)
        self.check(imports == len(self.expected), f"{imports} imports in the log")
        # That it was taken away just now stands in it too, and is not sealed yet.
        self.check(log.state().unsealed <= 1, "the log is not sealed to its end")
