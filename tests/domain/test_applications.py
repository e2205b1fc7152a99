"""Batches, rows, instructions, custody: the loop between a roster and an activated card."""

from __future__ import annotations

from itertools import permutations

import pytest
from attrs import evolve
from tests.domain.cards_for_tests import NOON

from szunion.domain.bank_requests import AccountClass, Answer, Receipt
from szunion.domain.batches import (
    Batch,
    BatchEvent,
    BatchState,
    outcomes,
    row_set_hash,
)
from szunion.domain.custody import Custody, CustodyEvent, CustodyState
from szunion.domain.instructions import (
    Instruction,
    InstructionEvent,
    InstructionKind,
    InstructionState,
    next_to_send,
    queued,
)
from szunion.domain.machine import Gap
from szunion.domain.rows import Row, RowEvent, RowState
from szunion.domain.values import (
    BatchId,
    CardId,
    Fen,
    InstructionId,
    OrganisationId,
    PersonId,
    RequestKey,
    RowId,
)
from szunion.errors import Conflict, NotAllowed

KEY = RequestKey("B" * 26)


def row(number: int = 1, state: RowState = RowState.VALID) -> Row:
    return Row(
        id=RowId(number),
        batch=BatchId(1),
        person=PersonId(number),
        programme="P",
        key=RequestKey("ABCDEFGHIJ"[number] * 26),
        state=state,
        changed=NOON,
    )


ROWS = (row(1), row(2), row(3, RowState.INVALID))


def batch(state: BatchState = BatchState.CHECKED) -> Batch:
    return Batch(
        id=BatchId(1),
        organisation=OrganisationId(93),
        programme="P",
        state=state,
        created=NOON,
        created_by="clerk",
    )


def receipt(rows: int) -> Receipt:
    return Receipt(key=KEY, answer=Answer.ACCEPTED, rows=rows, total=Fen(0), bank_code="00")


def test_a_union_submits_another_approves_and_the_row_set_is_frozen() -> None:
    """M03: the grassroots union collects and applies; the upper one approves what was submitted."""
    submitted = batch().submitted(ROWS, "clerk")
    assert (submitted.row_count, submitted.frozen) == (2, row_set_hash(ROWS[:2]))
    sent = submitted.approved(ROWS, "upper", KEY)
    assert (sent.state, sent.approved_by, sent.key) == (BatchState.APPROVED, "upper", KEY)
    with pytest.raises(NotAllowed, match="E-BATCH-002"):
        submitted.approved(ROWS, "clerk", KEY)
    changed = (evolve(ROWS[0], account_class=AccountClass.II), *ROWS[1:])
    for rows in (changed, ROWS[:1], (*ROWS, row(4))):
        with pytest.raises(Conflict, match="E-BATCH-003"):
            submitted.approved(rows, "upper", KEY)
    with pytest.raises(Conflict, match="E-BATCH-001"):
        batch().submitted(ROWS[2:], "clerk")


def test_a_returned_batch_is_open_again() -> None:
    back = batch().submitted(ROWS, "clerk").returned("names missing")
    assert (back.state, back.frozen, back.row_count, back.submitted_by) == (
        BatchState.DRAFT,
        None,
        0,
        None,
    )


def test_the_hash_does_not_depend_on_the_order_of_rows() -> None:
    assert len({row_set_hash(order) for order in permutations(ROWS)}) == 1


def test_rows_may_be_answered_before_the_receipt_and_the_gap_is_filled() -> None:
    """Race 3."""
    sent = batch().submitted(ROWS, "clerk").approved(ROWS, "upper", KEY).after(BatchEvent.SEND)
    early = sent.row_answered()
    assert (early.state, early.receipt_missing) == (BatchState.ANSWERING, True)
    filled = early.receipt(receipt(2))
    assert (filled.state, filled.receipt_missing, filled.outcome) == (
        BatchState.ANSWERING,
        False,
        "00",
    )
    assert sent.receipt(receipt(2)).row_answered().receipt_missing is False
    with pytest.raises(Conflict, match="E-BATCH-004"):
        sent.receipt(receipt(3))


def test_outcomes_add_up_to_the_row() -> None:
    sent = batch().submitted(ROWS, "clerk")
    waiting = outcomes(sent, [row(1, RowState.SENT), row(2, RowState.PRODUCED)])
    assert (waiting.answered, waiting.complete) == (1, False)
    done = outcomes(sent, [row(1, RowState.BANK_REJECTED), row(2, RowState.ACTIVATED)])
    assert (done.answered, done.complete) == (2, True)
    moved = outcomes(evolve(sent, moved_on=1), [row(2, RowState.PRODUCED)])
    assert moved.complete


BANK = (RowEvent.VERIFIED, RowEvent.PRODUCED, RowEvent.ACTIVATED)


def test_the_banks_facts_in_any_order_end_in_an_activated_row_without_gaps() -> None:
    """M05: name check, production and face-signed activation are fed back, however they come."""
    for events in permutations(BANK):
        now = row(1, RowState.SENT)
        waiting: list[RowEvent] = []
        for sequence, event in enumerate(events, 1):
            after = now.told(event, NOON, sequence)
            if isinstance(after, Gap):
                waiting.append(event)
            else:
                now = after
        assert (now.state, now.missing, waiting) == (RowState.ACTIVATED, (), [])


def test_an_activation_alone_shows_what_has_not_been_told() -> None:
    after = row(1, RowState.UNKNOWN).told(RowEvent.ACTIVATED, NOON, 1)
    assert isinstance(after, Row)
    assert after.missing == (RowEvent.VERIFIED, RowEvent.PRODUCED)


def test_a_fact_without_a_step_waits() -> None:
    assert isinstance(row(1, RowState.QUEUED).told(RowEvent.VERIFIED, NOON, 1), Gap)


def test_a_mended_row_keeps_its_key_and_counts_its_attempts() -> None:
    rejected = row(1, RowState.BANK_REJECTED)
    mended = rejected.mended(NOON, AccountClass.II)
    assert (mended.state, mended.attempt, mended.key, mended.account_class) == (
        RowState.NEW,
        2,
        rejected.key,
        AccountClass.II,
    )
    assert mended.open
    assert not row(1, RowState.EXCLUDED).open


# --- instructions ---------------------------------------------------------------------------


def instruction(number: int, kind: InstructionKind, state: InstructionState) -> Instruction:
    return Instruction(
        id=InstructionId(number),
        card=CardId(1),
        person=PersonId(7),
        kind=kind,
        cause=f"cause {number}",
        reason="LEFT_CITY",
        key=KEY,
        sequence=number,
        state=state,
        created=NOON,
    )


STOP = instruction(1, InstructionKind.STOP, InstructionState.QUEUED)
RESTORE = instruction(2, InstructionKind.RESTORE, InstructionState.QUEUED)


def test_an_unsent_stop_is_superseded_and_a_sent_one_stays_before_the_restore() -> None:
    """Race 24, M07: never reordered."""
    cancelled, placed = queued([STOP], RESTORE)
    assert [each.state for each in cancelled] == [InstructionState.CANCELLED]
    assert placed.sequence == 2
    sent = STOP.after(InstructionEvent.SEND)
    assert queued([sent], RESTORE) == ((), RESTORE)
    assert next_to_send([sent, RESTORE]) is None
    done = sent.told(InstructionEvent.ACK, "00", "ok")
    assert isinstance(done, Instruction)
    assert next_to_send([done, RESTORE]) == RESTORE


def test_never_seen_is_no_proof_so_such_a_stop_is_sent_again_before_anything_newer() -> None:
    doubtful = STOP.after(InstructionEvent.SEND).after(InstructionEvent.NO_ANSWER)
    unseen = doubtful.told(InstructionEvent.NOT_FOUND)
    assert isinstance(unseen, Instruction)
    assert (unseen.state, unseen.may_have_arrived) == (InstructionState.QUEUED, True)
    assert queued([unseen], RESTORE) == ((), RESTORE)
    assert next_to_send([unseen, RESTORE]) == unseen
    never_left = STOP.after(InstructionEvent.SEND).after(InstructionEvent.UNREACHED)
    assert len(queued([never_left], RESTORE)[0]) == 1


def test_an_answer_to_what_was_not_sent_waits() -> None:
    assert isinstance(STOP.told(InstructionEvent.ACK), Gap)
    assert (InstructionKind.STOP.allows, InstructionKind.RESTORE.allows) == (False, True)


# --- the plastic ----------------------------------------------------------------------------


def test_the_holder_of_the_plastic_is_known_while_a_union_has_it_or_missed_it() -> None:
    """Race 32: missing at a count, then activated at a branch."""
    with_union = Custody(card=CardId(1)).after(CustodyEvent.COLLECT, OrganisationId(93))
    missing = with_union.after(CustodyEvent.MISS)
    assert (missing.state, missing.holder) == (CustodyState.MISSING, OrganisationId(93))
    used = missing.after(CustodyEvent.USED)
    assert (used.state, used.holder) == (CustodyState.WITH_MEMBER, None)
    with pytest.raises(Conflict, match="E-STATE-001"):
        used.after(CustodyEvent.COLLECT)
