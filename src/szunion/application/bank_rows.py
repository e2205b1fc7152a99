"""Know what the bank's word does to an application row, and to the batch that it was sent with."""

from __future__ import annotations

from attrs import evolve

from szunion.application import card_facts
from szunion.application.applications import row_entries
from szunion.application.bank_outcomes import Outcome, card_name, row_name
from szunion.application.card_moves import move_plastic, with_card
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import (
    BankEvent,
    BankState,
    CardChanged,
    CardProduced,
    PlasticEvent,
    PlasticMoved,
    RowDeclined,
    RowRejected,
    RowVerified,
)
from szunion.domain.batches import BATCH, Batch, BatchEvent, BatchState, Outcomes
from szunion.domain.card_files import KeptCard
from szunion.domain.custody import CUSTODY, CustodyEvent
from szunion.domain.facets import BankFact, Verdict, as_fact
from szunion.domain.inbox import Hearing
from szunion.domain.machine import Gap
from szunion.domain.rows import ROW, Row, RowEvent
from szunion.domain.values import RequestKey
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork

_PLASTIC = {
    PlasticEvent.COLLECTED_AT_BRANCH: CustodyEvent.COLLECTED_AT_BRANCH,
    PlasticEvent.DESTROYED: CustodyEvent.DESTROYED,
}
HEARD = {
    Verdict.APPLIED: Hearing.OBEYED,
    Verdict.LATE: Hearing.LATE,
    Verdict.DUPLICATE: Hearing.DUPLICATE,
    Verdict.CONFLICT: Hearing.CONFLICT,
    Verdict.GAP: Hearing.GAP,
}


def row_by_key(work: UnitOfWork, scope: Scope, key: RequestKey) -> Row:
    """Return the row that the bank names.

    Raises:
        NotFound: we never had such a row (E-BANK-015).
    """
    row = work.rows.by_key(scope, key)
    if row is None:
        raise NotFound("E-BANK-015")
    return row


def answered(
    work: UnitOfWork, scope: Scope, notice: RowVerified | RowDeclined, event: RowEvent
) -> Outcome:
    """Follow what the bank found of a row: verified, or not to be opened (核验结果)."""
    row = row_by_key(work, scope, notice.row)
    return tell_row(work, scope, row, event, notice.told.sequence)


def sent_back(work: UnitOfWork, scope: Scope, notice: RowRejected) -> Outcome:
    """Follow that the bank sends a row back, and tell the person why (退回)."""
    row = row_by_key(work, scope, notice.row)
    outcome = tell_row(work, scope, row, RowEvent.REJECTED, notice.told.sequence, notice)
    if outcome.hearing in {Hearing.OBEYED, Hearing.GAP}:
        words = {"reason": notice.reason.label, "reason_en": notice.reason.label_en}
        work.messages.add(scope, row.person, "row.sent_back", words)
    return outcome


def tell_row(  # noqa: PLR0913, PLR0917 - a fact and where it stands
    work: UnitOfWork,
    scope: Scope,
    row: Row,
    event: RowEvent,
    sequence: int = 0,
    notice: RowRejected | None = None,
) -> Outcome:
    """Move a row by a fact, and its batch with it.

    Args:
        work: The unit of work.
        scope: The bank desk's.
        row: The row.
        event: The fact.
        sequence: Its place in the row's own stream; 0: it was told in the card's stream.
        notice: What the bank said of a row that it sends back.
    """
    name = row_name(row.key)
    fills = event in row.missing
    if 0 < sequence < row.sequence and not fills:
        return Outcome(hearing=Hearing.LATE, subject=row.id)
    told = row.told(event, work.now, sequence)
    if isinstance(told, Gap):
        if row.state in ROW.final:
            return Outcome(hearing=Hearing.LATE, subject=row.id)
        return Outcome(hearing=Hearing.WAITING, subject=row.id, about=name)
    if notice is not None:
        told = evolve(
            told,
            reason=notice.reason,
            bank_code=notice.bank_code[:64],
            bank_text=notice.bank_text[:256],
        )
    batch = work.batches.get(scope, row.batch)
    work.rows.put(scope, told)
    work.audit.add_many(scope, row_entries(f"row.{event.value}", [row], [told]))
    if batch is not None:
        _answer_batch(work, scope, batch)
    gap = bool(set(told.missing) - set(row.missing))
    hearing = Hearing.GAP if gap else Hearing.OBEYED
    return Outcome(hearing=hearing, subject=row.id, moved=(name,))


def _answer_batch(work: UnitOfWork, scope: Scope, batch: Batch) -> None:
    if BATCH.transition(batch.state, BatchEvent.ROW_FEEDBACK) is None:
        return  # of a later draft: its own file has not left yet
    after = batch.row_answered()
    if after.state is BatchState.ANSWERING:
        counts = work.rows.counts(scope, batch.id)
        if Outcomes(after.row_count, counts, after.moved_on).complete:
            after = after.after(BatchEvent.ALL_ROWS_FINAL)
    if after != batch:
        work.batches.put(scope, after)
        entry = AuditEntry(
            action="batch.row_feedback",
            subject=batch.id,
            before=batch.state.value,
            after=after.state.value,
        )
        work.audit.add(scope, entry)


# --- cards ----------------------------------------------------------------------------------


def produced(
    office: Office, work: UnitOfWork, scope: Scope, notice: CardProduced, content: str
) -> Outcome:
    """Let a card be born for a row (制卡完成)."""
    row = row_by_key(work, scope, notice.row)
    kept = work.cards.by_ref(scope, notice.card)
    if kept is None:
        kept = card_facts.born(
            work,
            scope,
            person=row.person,
            programme=row.programme,
            ref=notice.card,
            last_four=notice.last_four,
            account_class=notice.account_class,
            row=row.id,
        )
    elif not kept.card.last_four:
        kept = _named(work, scope, kept, notice)
    fact = BankFact(
        event_id=notice.told.event_id,
        sequence=notice.told.sequence,
        digest=content,
        event=BankEvent.ISSUED,
        state=BankState.ISSUED,
        effective=notice.told.effective,
        received=work.now,
    )
    kept, verdict = card_facts.hear(office, work, scope, kept, fact)
    if row.card is None:
        row = evolve(row, card=kept.id)
        work.rows.put(scope, row)
        row = evolve(row, version=row.version + 1)
        work.messages.add(scope, row.person, "card.produced", {})
    told = tell_row(work, scope, row, RowEvent.PRODUCED)
    if verdict is Verdict.CONFLICT:
        return Outcome(hearing=Hearing.CONFLICT, subject=kept.id)
    return evolve(told, subject=kept.id, moved=(*told.moved, card_name(work, notice.card)))


def _named(work: UnitOfWork, scope: Scope, kept: KeptCard, notice: CardProduced) -> KeptCard:
    card = evolve(kept.card, last_four=notice.last_four, account_class=notice.account_class)
    named = with_card(kept, card)
    work.cards.put(scope, named)
    return evolve(named, card=evolve(card, version=card.version + 1))


def changed(
    office: Office, work: UnitOfWork, scope: Scope, notice: CardChanged, content: str
) -> Outcome:
    """Let the bank's word change a card (卡状态变更)."""
    kept = work.cards.by_ref(scope, notice.card)
    moved: tuple[str, ...] = ()
    if kept is None:
        row = work.rows.by_key(scope, notice.row) if notice.row else None
        if row is None or row.card is not None:
            return Outcome(hearing=Hearing.WAITING, about=card_name(work, notice.card))
        kept, named = card_facts.card_of_row(work, scope, row, notice.card)
        work.rows.put(scope, named)
        moved = (card_name(work, notice.card),)
    fact = as_fact(notice, content, work.now)
    kept, verdict = card_facts.hear(office, work, scope, kept, fact)
    if notice.event is BankEvent.REPLACED and notice.successor is not None:
        last_four = notice.successor_last_four
        card_facts.replaced(work, scope, kept, notice.successor, last_four)
        moved = (*moved, card_name(work, notice.successor))
    if notice.event is BankEvent.ACTIVATED and verdict is not Verdict.CONFLICT:
        row = work.rows.get(scope, kept.row) if kept.row else None
        if row is not None:
            told = tell_row(work, scope, row, RowEvent.ACTIVATED)
            moved = (*moved, *told.moved)
            if told.hearing is Hearing.WAITING:
                return evolve(told, subject=kept.id, moved=moved)
    return Outcome(hearing=HEARD[verdict], subject=kept.id, moved=moved)


def plastic(work: UnitOfWork, scope: Scope, notice: PlasticMoved) -> Outcome:
    """Follow what the bank did with a piece of plastic (实体卡)."""
    kept = work.cards.by_ref(scope, notice.card)
    if kept is None:
        return Outcome(hearing=Hearing.WAITING, about=card_name(work, notice.card))
    event = _PLASTIC[notice.event]
    if CUSTODY.transition(kept.custody.state, event) is None:
        reached = {one.target for one in CUSTODY.edges() if one.event is event}
        if kept.custody.state in reached:
            return Outcome(hearing=Hearing.LATE, subject=kept.id)
        about = card_name(work, notice.card)
        return Outcome(hearing=Hearing.WAITING, subject=kept.id, about=about)
    move_plastic(work, scope, kept, kept.custody.after(event), f"custody.{event.value}")
    return Outcome(hearing=Hearing.OBEYED, subject=kept.id)
