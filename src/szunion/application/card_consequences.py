"""Know what a change of membership, identity or union means for cards and applications.

All of it happens in the commit of the change itself, and each is done once: a second time finds
nothing left to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from szunion.application.applications import queue_request, row_entries
from szunion.application.card_facts import end_use
from szunion.application.card_holds import give_holds
from szunion.application.card_moves import instruct, keep, move_plastic, stop_use, with_card
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.batches import Batch, BatchEvent, row_set_hash
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import UnionReason, UnionState
from szunion.domain.instructions import InstructionKind
from szunion.domain.members import Membership, MembershipReason, MembershipState
from szunion.domain.outbox import DispatchState
from szunion.domain.rows import ROW, Row, RowEvent, RowState
from szunion.domain.succession import Belonging
from szunion.domain.values import OrganisationId, PersonId
from szunion.ports.storage import UnitOfWork

_COMES_BACK = frozenset({UnionReason.LEFT_UNION, UnionReason.LEFT_CITY, UnionReason.DECEASED})


def use_comes_back(work: UnitOfWork, scope: Scope, membership: Membership) -> None:
    """Let cards be used again whose holder is a member again, and enable those that waited.

    A card that the bank has ended, that was superseded, or that the federation revoked by a
    decision stays as it is.
    """
    if membership.state is not MembershipState.ACTIVE:
        return
    for kept in work.cards.of_person(scope, membership.person):
        facet = kept.card.union
        card = kept
        if facet.state is UnionState.REVOKED:
            if facet.reason not in _COMES_BACK or kept.card.bank.absorbing is not None:
                continue
            again = with_card(kept, kept.card.rejoined())
            card = keep(work, scope, kept, again, "card.rejoin")
            _restore(work, scope, card)
        if not card.card.current:
            continue
        settled = card.card.settled(carries_use=True)
        if settled != card.card:
            card = keep(work, scope, card, with_card(card, settled), "card.enable")


def _restore(work: UnitOfWork, scope: Scope, kept: KeptCard) -> None:
    """Ask the bank to restore a card, behind whatever it was asked before."""
    cause = f"union:{kept.card.union.sequence}"
    instruct(work, scope, kept, InstructionKind.RESTORE, cause, "REJOIN")
    work.messages.add(scope, kept.person, "card.restored", {})


def use_ends(work: UnitOfWork, scope: Scope, membership: Membership) -> None:
    """Revoke the use of every card of somebody who is no member any more, and tell the bank."""
    for kept in work.cards.of_person(scope, membership.person):
        end_use(work, scope, kept, membership)
    withdraw(work, scope, work.rows.of_person(scope, membership.person))


def withdraw(work: UnitOfWork, scope: Scope, rows: Sequence[Row]) -> None:
    """Take applications out that have not left; those that may have left run out (撤回申办)."""
    for row in rows:
        if ROW.transition(row.state, RowEvent.MEMBER_GONE) is None:
            continue
        batch = work.batches.get(scope, row.batch)
        if row.state is RowState.QUEUED and not _still_here(work, scope, batch):
            continue
        after = row.after(RowEvent.MEMBER_GONE, work.now)
        work.rows.put(scope, after)
        work.audit.add_many(scope, row_entries("row.member_gone", [row], [after]))
        if batch is not None and row.state is RowState.QUEUED:
            _queue_without(work, scope, batch)


def _still_here(work: UnitOfWork, scope: Scope, batch: Batch | None) -> bool:
    """Return whether nothing of an approved batch can have reached the bank."""
    if batch is None or batch.key is None:
        return False
    dispatch = work.outbox.by_key(scope, batch.key)
    return dispatch is not None and dispatch.state is DispatchState.QUEUED and dispatch.sent is None


def _queue_without(work: UnitOfWork, scope: Scope, batch: Batch) -> None:
    """Queue an approved batch anew without a row that left it: new hash, new key, never both."""
    assert batch.key is not None
    old = work.outbox.by_key(scope, batch.key)
    assert old is not None
    work.outbox.put(scope, old.ended(DispatchState.CANCELLED, "SUPERSEDED"))
    left = [row for row in work.rows.of_batch(scope, batch.id) if row.state is RowState.QUEUED]
    if left:
        frozen = row_set_hash(left)
        again = work.outbox.next_sequence(scope, batch.id)
        key = work.vault.request_key(f"batch:{batch.id}:{frozen}:{again}")
        after = evolve(batch, frozen=frozen, row_count=len(left), key=key)
        queue_request(work, scope, after, left, work.people.many(scope, [r.person for r in left]))
    else:
        after = evolve(batch.after(BatchEvent.CANCEL), row_count=0, outcome="MEMBER_GONE")
    work.batches.put(scope, after)
    entry = AuditEntry(
        action="batch.shrink",
        subject=batch.id,
        before=f"{batch.state.value}:{batch.row_count}",
        after=f"{after.state.value}:{after.row_count}",
        reason="MEMBER_GONE",
    )
    work.audit.add(scope, entry)


def merge_cards(work: UnitOfWork, scope: Scope, loser: PersonId, survivor: PersonId) -> None:
    """Leave one current card to two files that are one person: the survivor's (重复建档)."""
    for kept in work.cards.of_person(scope, loser):
        ended = kept.card.ended(MembershipReason.DUPLICATE_PERSON)
        changed = evolve(ended, current=False)
        if changed == kept.card:
            continue
        after = keep(work, scope, kept, with_card(kept, changed), "card.duplicate", str(survivor))
        if ended != kept.card and ended.bank.absorbing is None:
            stop_use(work, scope, after, UnionReason.DUPLICATE_PERSON.value)
    withdraw(work, scope, work.rows.of_person(scope, loser))


def hand_over(
    work: UnitOfWork,
    scope: Scope,
    union: OrganisationId,
    heirs: Mapping[Belonging, OrganisationId],
) -> None:
    """Give batches, holds and plastic of a union that ends to their heirs: nothing is orphaned."""
    batches = work.batches.hand_over(scope, union, heirs[Belonging.BATCHES])
    work.audit.add_many(
        scope,
        [
            AuditEntry(
                action="batch.hand_over",
                subject=batch.id,
                before=str(union),
                after=str(batch.organisation),
            )
            for batch in batches
        ],
    )
    for card in sorted({hold.card for hold in work.cards.holds_of(scope, union)}):
        kept = work.cards.get(scope, card)
        if kept is not None:
            give_holds(work, scope, kept, union, heirs[Belonging.HOLDS])
    heir = heirs[Belonging.PLASTIC]
    for kept in work.cards.held_by(scope, union):
        moved = evolve(kept.custody, holder=heir)
        move_plastic(work, scope, kept, moved, "custody.hand_over", f"{union} → {heir}")
