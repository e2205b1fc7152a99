"""What must be true of a town that was killed again and again, once it has settled down."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from attrs import define, field
from tests.system.kill_client import Client, T, rosters

from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.bank_books import BankBooks
from szunion.application.members import Members
from szunion.domain.access import Operation, Scope
from szunion.domain.bank import Answer
from szunion.domain.bank_words import ReservationId
from szunion.domain.outbox import Dispatch, DispatchKind, DispatchState
from szunion.domain.rows import RowState
from szunion.domain.values import (
    BatchId,
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
        counts = Members(self.client.office, self.client.city).counts()
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
        troubles = BankBooks(self.client.office, self.client.city).troubles()
        self.check(not troubles, f"{len(troubles)} notices wait or are set aside")

    @property
    def dispatches(self) -> list[Dispatch]:
        books, found = BankBooks(self.client.office, self.client.city), list[Dispatch]()
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
        log = AuditLog(self.client.office, self.client.city)
        lines = list(log.export())
        imports = sum("membership.import" in line for line in lines)
        self.check(imports == len(self.expected), f"{imports} imports in the log")
        self.check(log.state().unsealed == 0, "the log is not sealed to its end")
