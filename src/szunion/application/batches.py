"""Know how a union applies for its members' cards: draft, check, submit, approve, and mend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import evolve, frozen

from szunion.application.access import authorise, second_person
from szunion.application.applications import (
    NewRows,
    apply_for,
    batch_of,
    problems_of,
    queue_request,
    row_entries,
    row_of,
    with_problems,
)
from szunion.application.consent_gate import lacking, refused
from szunion.application.consent_words import on_paper
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank_requests import AccountClass
from szunion.domain.batches import Batch, BatchEvent, BatchState, Outcomes
from szunion.domain.consent import ConsentPurpose
from szunion.domain.outbox import DispatchState
from szunion.domain.rows import Row, RowEvent, RowState
from szunion.domain.values import BatchId, PersonId, RowId
from szunion.errors import Conflict, NotAllowed
from szunion.ports.storage import UnitOfWork


@frozen(kw_only=True)
class Application:
    """One person for whom a card is applied for (申办人)."""

    person: PersonId
    account_class: AccountClass = AccountClass.I
    wish: str | None = None
    """Digits wished for in the card number, such as ``12351`` (吉祥号)."""


@frozen(kw_only=True)
class Drafted:
    """What became of a wish to apply for people: each is in exactly one of the three."""

    batches: tuple[Batch, ...]
    """One file each, of as many rows as the bank takes in one."""
    rows: tuple[Row, ...]
    already: tuple[PersonId, ...]
    """They have an application on its way, or a card."""
    not_here: tuple[PersonId, ...]
    """They are not members of this union or of one below it."""


@frozen
class Batches:
    """Applications for cards, as one principal may make and approve them (批量申办)."""

    office: Office
    by: Principal

    # --- making -----------------------------------------------------------------------------

    @one_commit
    def draft(
        self,
        work: UnitOfWork,
        people: Iterable[PersonId | Application],
        programme: str | None = None,
        *,
        paper: str = "",
    ) -> Drafted:
        """Begin an application for members of the own union (起草批次).

        The same people a second time change nothing: who has an open application or a card is
        named in ``already``. Rows that were mended, or came back with their whole file, go in.

        Args:
            work: Given by the office.
            people: Whom to apply for.
            programme: The bank's name of the card programme; None: the city's.
            paper: The number under which their signed consents to the hand-over to the bank are
                filed; empty: none is entered here, and rows without a consent will not be valid.
        """
        scope = authorise(work, self.by, Operation.BATCH_WRITE)
        if self.by.organisation is None:
            raise NotAllowed("E-ACCESS-002")
        wanted: dict[PersonId, Application] = {}
        for each in people:
            one = each if isinstance(each, Application) else Application(person=each)
            wanted.setdefault(one.person, one)
        made = NewRows(
            office=self.office,
            organisation=self.by.organisation,
            programme=programme or self.office.policy.cards.programme,
        )
        terms = {one.person: (one.account_class, one.wish) for one in wanted.values()}
        batches, rows, already, not_here = apply_for(work, scope, made, terms)
        if paper.strip():
            signed = [row.person for row in rows]
            on_paper(self.office, work, scope, signed, ConsentPurpose.BANK, paper.strip())
        return Drafted(batches=batches, rows=rows, already=already, not_here=not_here)

    @one_commit
    def check(self, work: UnitOfWork, batch: BatchId) -> tuple[Batch, Sequence[Row]]:
        """Give every row its verdict; bad rows are kept and marked, not dropped (校验)."""
        scope = authorise(work, self.by, Operation.BATCH_WRITE)
        old = batch_of(work, scope, batch)
        new = old.after(BatchEvent.CHECK)
        rows = work.rows.of_batch(scope, batch)
        fresh = [row for row in rows if row.state is RowState.NEW]
        found = problems_of(self.office, work, scope, fresh)
        judged = [with_problems(row, found.get(row.id, ()), work.now) for row in fresh]
        work.rows.put_many(scope, judged)
        work.audit.add_many(scope, row_entries("row.check", fresh, judged))
        return self._kept(work, scope, old, new, "batch.check"), work.rows.of_batch(scope, batch)

    @one_commit
    def edit(self, work: UnitOfWork, batch: BatchId) -> Batch:
        """Open a checked batch again (修改)."""
        return self._moved(work, Operation.BATCH_WRITE, batch, BatchEvent.EDIT)

    @one_commit
    def submit(self, work: UnitOfWork, batch: BatchId) -> Batch:
        """Hand a checked batch in; its valid rows and their hash are frozen (提交)."""
        scope = authorise(work, self.by, Operation.BATCH_WRITE)
        old = batch_of(work, scope, batch)
        if old.state is BatchState.SUBMITTED and old.submitted_by == self.by.id:
            return old
        new = old.submitted(work.rows.of_batch(scope, batch), self.by.id)
        return self._kept(work, scope, old, new, "batch.submit")

    @one_commit
    def mend(self, work: UnitOfWork, row: RowId, account_class: AccountClass | None = None) -> Row:
        """Take a row that was not valid, or that the bank sent back, for another try (更正).

        What was wrong has been put right before: in the person's file, or by another class of
        account. The next draft takes the row in, under the same key.
        """
        scope = authorise(work, self.by, Operation.BATCH_WRITE)
        old = row_of(work, scope, row)
        new = old.mended(work.now, account_class)
        work.rows.put(scope, new)
        work.audit.add_many(scope, row_entries("row.mend", [old], [new]))
        if old.state is RowState.BANK_REJECTED:
            batch = work.batches.get(scope, old.batch)
            if batch is not None:
                work.batches.put(scope, evolve(batch, moved_on=batch.moved_on + 1))
        return evolve(new, version=new.version + 1)

    @one_commit
    def exclude(self, work: UnitOfWork, row: RowId, reason: str) -> Row:
        """Take a row out, with a reason (剔除)."""
        scope = authorise(work, self.by, Operation.BATCH_WRITE)
        old = row_of(work, scope, row)
        if old.state is RowState.EXCLUDED:
            return old
        batch = work.batches.get(scope, old.batch)
        if batch is not None and batch.state is BatchState.SUBMITTED:
            raise Conflict("E-BATCH-012", current=batch.state, allowed=(BatchEvent.RETURN,))
        new = old.after(RowEvent.EXCLUDE, work.now)
        work.rows.put(scope, new)
        work.audit.add_many(scope, row_entries("row.exclude", [old], [new], reason))
        return evolve(new, version=new.version + 1)

    # --- approving --------------------------------------------------------------------------

    @one_commit
    def return_(self, work: UnitOfWork, batch: BatchId, reason: str) -> Batch:
        """Give a submitted batch back to be mended (退回修改)."""
        scope = authorise(work, self.by, Operation.BATCH_APPROVE)
        old = batch_of(work, scope, batch)
        return self._kept(work, scope, old, old.returned(reason), "batch.return", reason)

    @one_commit
    def approve(self, work: UnitOfWork, batch: BatchId, *, rows: int | None = None) -> Batch:
        """Approve another person's batch and queue it for the bank, in one commit (审核通过).

        Args:
            work: Given by the office.
            batch: The batch.
            rows: How many rows the approver believes to approve: the control total.

        Raises:
            NotAllowed: it is the submitter (E-ACCESS-004), or somebody's consent does not hold
                any more (E-CONSENT-001 to 003): return the batch.
            Conflict: the rows are not those that were submitted (E-BATCH-003), or not as many as
                the approver says (E-BATCH-011); or E-STATE-001.
        """
        scope = authorise(work, self.by, Operation.BATCH_APPROVE)
        old = batch_of(work, scope, batch)
        if old.key is not None and old.approved_by == self.by.id:
            return old
        second_person(work, old.submitted_by or "", self.by, old.created)
        if rows is not None and rows != old.row_count:
            raise Conflict(
                "E-BATCH-011", current=old.row_count, allowed=(), rows=rows, ours=old.row_count
            )
        found = work.rows.of_batch(scope, batch)
        again = work.outbox.next_sequence(scope, batch)
        key = work.vault.request_key(f"batch:{batch}:{old.frozen}:{again}")
        new = old.approved(found, self.by.id, key)
        valid = [row for row in found if row.state is RowState.VALID]
        asked = [row.person for row in valid]
        without = lacking(self.office, work, scope, "batch.approve", ConsentPurpose.BANK, asked)
        if without:
            raise refused(next(iter(without.values())), ConsentPurpose.BANK)
        people = work.people.many(scope, asked)
        versions = {person.id: person.present.number for person in people}
        if lost := [row.person for row in valid if row.person not in versions]:
            raise Conflict("E-BATCH-013", current=len(lost), allowed=(BatchEvent.RETURN,))
        pinned = [
            evolve(row.after(RowEvent.FREEZE, work.now), identity_version=versions[row.person])
            for row in valid
        ]
        work.rows.put_many(scope, pinned)
        work.audit.add_many(scope, row_entries("row.queue", valid, pinned))
        queue_request(work, scope, new, pinned, people)
        return self._kept(work, scope, old, new, "batch.approve")

    @one_commit
    def cancel(self, work: UnitOfWork, batch: BatchId) -> Batch:
        """Give a batch up before it has left; its rows may go into another (取消)."""
        scope = authorise(work, self.by, Operation.BATCH_WRITE)
        old = batch_of(work, scope, batch)
        if old.state in {BatchState.SUBMITTED, BatchState.APPROVED, BatchState.FILE_REJECTED}:
            scope = authorise(work, self.by, Operation.BATCH_APPROVE)
        new = old.after(BatchEvent.CANCEL)
        if old.state is BatchState.APPROVED:
            self._unqueue(work, scope, old)
        return self._kept(work, scope, old, new, "batch.cancel")

    def _unqueue(self, work: UnitOfWork, scope: Scope, batch: Batch) -> None:
        dispatch = work.outbox.by_key(scope, batch.key) if batch.key else None
        if dispatch is None or dispatch.sent is not None:
            raise Conflict("E-BATCH-014", current=batch.state, allowed=())
        work.outbox.put(scope, dispatch.ended(DispatchState.CANCELLED, "CANCELLED"))
        queued = [
            row for row in work.rows.of_batch(scope, batch.id) if row.state is RowState.QUEUED
        ]
        freed = [row.after(RowEvent.MEMBER_GONE, work.now) for row in queued]
        work.rows.put_many(scope, freed)
        work.audit.add_many(scope, row_entries("row.withdraw", queued, freed))

    @one_commit
    def rebuild(self, work: UnitOfWork, batch: BatchId) -> Batch:
        """Open a batch that the bank sent back whole, to be drafted anew (重新组批)."""
        scope = authorise(work, self.by, Operation.CARD_DECIDE)
        old = batch_of(work, scope, batch)
        new = evolve(
            old.after(BatchEvent.REBUILD),
            submitted_by=None, approved_by=None, frozen=None, row_count=0, key=None, outcome="",
        )  # fmt: skip
        # The rows keep their keys; a new hash, and so a new key, comes with the next submission.
        rows = [row for row in work.rows.of_batch(scope, batch) if row.state is RowState.VALID]
        work.rows.put_many(scope, [evolve(row, identity_version=0) for row in rows])
        return self._kept(work, scope, old, new, "batch.rebuild")

    @one_commit
    def close(self, work: UnitOfWork, batch: BatchId) -> Batch:
        """Close a reconciled batch; its rows live on (办结)."""
        return self._moved(work, Operation.CARD_DECIDE, batch, BatchEvent.CLOSE)

    # --- looking ----------------------------------------------------------------------------

    @one_look
    def get(self, work: UnitOfWork, batch: BatchId) -> Batch:
        """Return a batch.

        Raises:
            NotFound: it is not there, or not within reach (E-BATCH-010).
        """
        return batch_of(work, authorise(work, self.by, Operation.BATCH_READ), batch)

    @one_look
    def rows(self, work: UnitOfWork, batch: BatchId) -> Sequence[Row]:
        """Return a batch's rows."""
        return work.rows.of_batch(authorise(work, self.by, Operation.BATCH_READ), batch)

    @one_look
    def of_person(self, work: UnitOfWork, person: PersonId) -> Sequence[Row]:
        """Return a person's applications, oldest first."""
        return work.rows.of_person(authorise(work, self.by, Operation.BATCH_READ), person)

    @one_look
    def listed(
        self,
        work: UnitOfWork,
        states: Sequence[BatchState] = (),
        *,
        after: int = 0,
        most: int = 200,
    ) -> Sequence[Batch]:
        """Return a page of batches, by id."""
        scope = authorise(work, self.by, Operation.BATCH_READ)
        return work.batches.listed(scope, states, after=after, most=most)

    @one_look
    def outcomes(self, work: UnitOfWork, batch: BatchId) -> Outcomes:
        """Return what became of a batch's rows: the sums agree to the row."""
        scope = authorise(work, self.by, Operation.BATCH_READ)
        kept = batch_of(work, scope, batch)
        return Outcomes(kept.row_count, work.rows.counts(scope, batch), kept.moved_on)

    # --- within -----------------------------------------------------------------------------

    def _moved(
        self, work: UnitOfWork, operation: Operation, batch: BatchId, event: BatchEvent
    ) -> Batch:
        scope = authorise(work, self.by, operation)
        old = batch_of(work, scope, batch)
        return self._kept(work, scope, old, old.after(event), f"batch.{event.value}")

    def _kept(  # noqa: PLR0913, PLR0917 - what an audit entry says
        self,
        work: UnitOfWork,
        scope: Scope,
        old: Batch,
        new: Batch,
        action: str,
        reason: str = "",
    ) -> Batch:
        work.batches.put(scope, new)
        entry = AuditEntry(
            action=action,
            subject=new.id,
            before=old.state.value,
            after=new.state.value,
            reason=reason,
        )
        work.audit.add(scope, entry)
        return evolve(new, version=new.version + 1)
