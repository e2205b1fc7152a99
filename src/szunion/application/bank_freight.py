"""Know what each kind of dispatch carries: the request, and what its fate does to its subject."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from attrs import evolve, frozen

from szunion.application.applications import mobiles_of, request_of, row_entries
from szunion.application.bank_queue import same_content
from szunion.application.card_moves import request_of_use
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank_requests import (
    Answer,
    AskCardList,
    AskStatement,
    BankRequest,
    Receipt,
)
from szunion.domain.batches import BATCH, Batch, BatchEvent, BatchState, row_set_hash
from szunion.domain.instructions import INSTRUCTION, Instruction, InstructionEvent, InstructionState
from szunion.domain.machine import Gap
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.rows import ROW, Row, RowEvent, RowState
from szunion.domain.values import BatchId, InstructionId, RequestKey
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork


class Freight(Protocol):
    """What one kind of dispatch carries. Each call is part of the commit of the dispatch's move."""

    def leaving(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch
    ) -> tuple[BankRequest, str] | None:
        """Write down that it leaves; return its request and the request's digest.

        None: nothing of it is left to send.

        Raises:
            Conflict: it cannot leave in this state, or its content is not what was queued.
        """
        ...

    def unreached(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        """Follow that it never arrived."""
        ...

    def no_answer(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        """Follow that nobody knows whether it arrived."""
        ...

    def not_found(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> bool:
        """Follow that the bank never saw it; return whether it may be sent again."""
        ...

    def answered(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch, receipt: Receipt
    ) -> None:
        """Follow the bank's answer to it as a whole."""
        ...


@frozen
class OpeningCards:
    """A batch on its way to the bank (批量申办)."""

    office: Office

    def leaving(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch
    ) -> tuple[BankRequest, str]:
        batch = self._batch(work, scope, dispatch)
        waiting = {RowState.QUEUED, RowState.SENT, RowState.UNKNOWN}
        rows = [row for row in work.rows.of_batch(scope, batch.id) if row.state in waiting]
        if row_set_hash(rows) != batch.frozen:
            raise Conflict("E-BANK-016", current=batch.state, allowed=())
        people = work.people.many(scope, [row.person for row in rows])
        if dispatch.sent is None:
            mobiles = mobiles_of(rows, people)
            work.rows.pin_mobiles(scope, mobiles)
        else:
            mobiles = work.rows.pinned_mobiles(scope, batch.id)
        request = request_of(batch, rows, people, mobiles)
        content = same_content(work, dispatch, request)
        if batch.state is not BatchState.UNKNOWN:  # the same bytes again move nothing
            self._move(work, scope, batch, BatchEvent.SEND, RowEvent.SEND)
        return request, content

    def unreached(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        batch = self._batch(work, scope, dispatch)
        self._move(work, scope, batch, BatchEvent.UNREACHED, RowEvent.UNREACHED)

    def no_answer(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        batch = self._batch(work, scope, dispatch)
        self._move(work, scope, batch, BatchEvent.NO_ANSWER, RowEvent.NO_ANSWER)

    def not_found(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> bool:
        batch = self._batch(work, scope, dispatch)
        return self._move(work, scope, batch, BatchEvent.NOT_FOUND, RowEvent.NOT_FOUND)

    def answered(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch, receipt: Receipt
    ) -> None:
        batch = self._batch(work, scope, dispatch)
        work.rows.unpin_mobiles(scope, batch.id)
        if receipt.answer is Answer.REFUSED:
            named = evolve(batch, outcome=receipt.bank_code)
            self._move(work, scope, named, BatchEvent.FILE_NACK, RowEvent.FILE_BACK)
            return
        if BATCH.transition(batch.state, BatchEvent.FILE_ACK) is None:
            if batch.receipt_missing:
                work.batches.put(scope, evolve(batch, receipt_missing=False))
            return
        _keep(work, scope, batch, batch.receipt(receipt), "batch.file_ack")

    def _batch(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> Batch:
        batch = work.batches.get(scope, BatchId(dispatch.subject))
        if batch is None:
            raise NotFound("E-BATCH-010")
        return batch

    def _move(
        self, work: UnitOfWork, scope: Scope, batch: Batch, event: BatchEvent, row_event: RowEvent
    ) -> bool:
        """Move a batch and those of its rows that the table lets move; return whether it moved.

        Rows that were answered meanwhile are past it, and so may be the batch: then nothing moves.
        """
        if BATCH.transition(batch.state, event) is None:
            if event is BatchEvent.SEND:
                raise BATCH.conflict(batch.state, event)
            return False
        _keep(work, scope, batch, batch.after(event), f"batch.{event.value}")
        old: list[Row] = []
        new: list[Row] = []
        for row in work.rows.of_batch(scope, batch.id):
            step = ROW.transition(row.state, row_event)
            if step is not None:
                old.append(row)
                pinned = 0 if row_event is RowEvent.FILE_BACK else row.identity_version
                new.append(
                    evolve(row, state=step.target, changed=work.now, identity_version=pinned)
                )
        work.rows.put_many(scope, new)
        work.audit.add_many(scope, row_entries(f"row.{row_event.value}", old, new))
        return True


def _keep(work: UnitOfWork, scope: Scope, old: Batch, new: Batch, action: str) -> None:
    work.batches.put(scope, new)
    entry = AuditEntry(
        action=action,
        subject=new.id,
        before=old.state.value,
        after=new.state.value,
        reason=new.outcome,
    )
    work.audit.add(scope, entry)


@frozen
class SettingUse:
    """An instruction on its way to the bank (联动指令)."""

    office: Office

    def leaving(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch
    ) -> tuple[BankRequest, str]:
        instruction = self._instruction(work, scope, dispatch)
        kept = work.cards.get(scope, instruction.card)
        if kept is None:
            raise NotFound("E-CARD-010")
        request = request_of_use(instruction, kept)
        content = same_content(work, dispatch, request)
        again = instruction.state is InstructionState.UNKNOWN
        event = InstructionEvent.RESEND if again else InstructionEvent.SEND
        self._put(work, scope, instruction, instruction.after(event))
        return request, content

    def unreached(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        self._engine(work, scope, dispatch, InstructionEvent.UNREACHED)

    def no_answer(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        self._engine(work, scope, dispatch, InstructionEvent.NO_ANSWER)

    def _engine(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch, event: InstructionEvent
    ) -> None:
        instruction = self._instruction(work, scope, dispatch)
        if INSTRUCTION.transition(instruction.state, event) is not None:
            self._put(work, scope, instruction, instruction.after(event))

    def not_found(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> bool:
        return self._told(work, scope, dispatch, InstructionEvent.NOT_FOUND, "", "")

    def answered(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch, receipt: Receipt
    ) -> None:
        taken_in = receipt.answer is Answer.ACCEPTED
        event = InstructionEvent.ACK if taken_in else InstructionEvent.NACK
        self._told(work, scope, dispatch, event, receipt.bank_code, receipt.bank_text)

    def _told(  # noqa: PLR0913, PLR0917 - the bank's word with its code
        self,
        work: UnitOfWork,
        scope: Scope,
        dispatch: Dispatch,
        event: InstructionEvent,
        code: str,
        text: str,
    ) -> bool:
        instruction = self._instruction(work, scope, dispatch)
        match instruction.told(event, code, text):
            case Gap():
                return False
            case after:
                self._put(work, scope, instruction, after, code)
                return True

    def _instruction(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> Instruction:
        found = work.instructions.get(scope, InstructionId(dispatch.subject))
        if found is None:
            raise NotFound("E-CARD-010")
        return found

    def _put(
        self, work: UnitOfWork, scope: Scope, old: Instruction, new: Instruction, reason: str = ""
    ) -> None:
        work.instructions.put(scope, new)
        entry = AuditEntry(
            action=f"instruction.{new.state.name.lower()}",
            subject=new.id,
            person=new.person,
            before=old.state.value,
            after=new.state.value,
            reason=reason,
        )
        work.audit.add(scope, entry)


def list_request(kind: DispatchKind, key: RequestKey, day: date) -> AskCardList | AskStatement:
    """Return the request for a day's list or statement."""
    if kind is DispatchKind.CARD_LIST:
        return AskCardList(key=key, day=day)
    return AskStatement(key=key, day=day)


@frozen
class AskingFor:
    """A request for a day's list or statement: it moves nothing; what comes is told (索取)."""

    office: Office

    def leaving(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch
    ) -> tuple[BankRequest, str]:
        del scope
        request = list_request(dispatch.kind, dispatch.key, date.fromordinal(dispatch.subject))
        return request, same_content(work, dispatch, request)

    def unreached(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        """Nothing hangs on it but the dispatch."""

    def no_answer(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        """Nothing hangs on it but the dispatch."""

    def not_found(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> bool:
        del work, scope, dispatch
        return True

    def answered(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch, receipt: Receipt
    ) -> None:
        """Nothing hangs on it but the dispatch."""
