"""Know how a card is changed: kept with its audit entry, and what is asked of the bank with it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from szunion.application.bank_queue import dispatch_of
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank_requests import SetCardUse
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import Card
from szunion.domain.custody import Custody
from szunion.domain.instructions import Instruction, InstructionKind, InstructionState, queued
from szunion.domain.outbox import DispatchState
from szunion.domain.values import CardId, InstructionId, shard_of
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork


def standing(card: Card) -> str:
    """Return where a card stands, in the words of the audit log: bank, union, how many holds."""
    bank = card.bank.state.value if card.bank.state else "-"
    flag = "!" if card.bank.contradictory else ""
    return f"{bank}{flag}/{card.union.state.value}/{len(card.open_holds)}"


def keep(  # noqa: PLR0913, PLR0917 - what an audit entry says
    work: UnitOfWork,
    scope: Scope,
    before: KeptCard,
    after: KeptCard,
    action: str,
    reason: str = "",
) -> KeptCard:
    """Keep a changed card with its audit entry; return it as it now stands in the store."""
    work.cards.put(scope, after)
    entry = AuditEntry(
        action=action,
        subject=after.id,
        person=after.person,
        before=standing(before.card),
        after=standing(after.card),
        reason=reason,
    )
    work.audit.add(scope, entry)
    return evolve(after, card=evolve(after.card, version=after.card.version + 1))


def with_card(kept: KeptCard, card: Card) -> KeptCard:
    """Return *kept* with another state of its card."""
    return evolve(kept, card=card)


def move_plastic(  # noqa: PLR0913, PLR0917 - what an audit entry says
    work: UnitOfWork, scope: Scope, kept: KeptCard, after: Custody, action: str, reason: str = ""
) -> KeptCard:
    """Keep a card whose plastic has changed hands."""
    moved = evolve(kept, custody=after)
    work.cards.put(scope, moved)
    entry = AuditEntry(
        action=action,
        subject=kept.id,
        person=kept.person,
        before=kept.custody.state.value,
        after=after.state.value,
        reason=reason,
    )
    work.audit.add(scope, entry)
    return evolve(moved, card=evolve(moved.card, version=moved.card.version + 1))


def card_of(work: UnitOfWork, scope: Scope, card: CardId) -> KeptCard:
    """Return a card.

    Raises:
        NotFound: it is not there, or not within the scope (E-CARD-010).
    """
    kept = work.cards.get(scope, card)
    if kept is None:
        raise NotFound("E-CARD-010")
    return kept


def instruct(  # noqa: PLR0913, PLR0917 - what an instruction says
    work: UnitOfWork,
    scope: Scope,
    kept: KeptCard,
    kind: InstructionKind,
    cause: str,
    reason: str,
) -> Instruction:
    """Ask the bank to stop or allow a card: once for a cause, in the order of the causes.

    An earlier one that never left is superseded; one that may have left stays, and this one waits
    behind it.
    """
    earlier = work.instructions.of_card(scope, kept.id)
    for each in earlier:
        if each.kind is kind and each.cause == cause:
            return each
    key = work.vault.request_key(f"status:{kept.id}:{kind.value}:{cause}")
    new = Instruction(
        id=InstructionId(work.ids.new(shard_of(kept.id))),
        card=kept.id,
        person=kept.person,
        kind=kind,
        cause=cause,
        reason=reason,
        key=key,
        sequence=max((each.sequence for each in earlier), default=0) + 1,
        created=work.now,
    )
    _supersede(work, scope, earlier, new)
    work.instructions.add(scope, new)
    # Its order counts within the card.
    dispatch = dispatch_of(
        work, request_of_use(new, kept), new.id, new.sequence, aggregate=new.card,
        shard=shard_of(new.card),
    )  # fmt: skip
    work.outbox.add(scope, dispatch)
    entry = AuditEntry(
        action=f"instruction.{kind.name.lower()}",
        subject=new.id,
        person=kept.person,
        after=new.state.value,
        reason=reason,
    )
    work.audit.add(scope, entry)
    return new


def request_of_use(asked: Instruction, kept: KeptCard) -> SetCardUse:
    """Return the request of an instruction about a card: the same whenever it is built."""
    return SetCardUse(
        key=asked.key, card=kept.card.ref, allowed=asked.kind.allows, reason=asked.reason
    )


def _supersede(
    work: UnitOfWork,
    scope: Scope,
    earlier: Sequence[Instruction],
    new: Instruction,
) -> None:
    unsent = []
    for each in earlier:
        if each.state is InstructionState.QUEUED:
            dispatch = work.outbox.by_key(scope, each.key)
            if dispatch is not None and dispatch.sent is None:
                unsent.append(each)
                work.outbox.put(scope, dispatch.ended(DispatchState.CANCELLED, "SUPERSEDED"))
    cancelled, _ = queued(unsent, new)
    for each in cancelled:
        work.instructions.put(scope, each)
        entry = AuditEntry(
            action="instruction.supersede",
            subject=each.id,
            person=each.person,
            before=InstructionState.QUEUED.value,
            after=each.state.value,
        )
        work.audit.add(scope, entry)


def stop_is_told(work: UnitOfWork, scope: Scope, card: CardId) -> bool:
    """Return whether the last thing that the bank was asked about a card is to stop it."""
    asked = [
        each
        for each in work.instructions.of_card(scope, card)
        if each.state not in {InstructionState.CANCELLED, InstructionState.REJECTED}
    ]
    return bool(asked) and asked[-1].kind is InstructionKind.STOP


def allow_again(work: UnitOfWork, scope: Scope, kept: KeptCard, reason: str) -> None:
    """Ask the bank to allow a card if it was told to stop it, once for this state of the facet."""
    if stop_is_told(work, scope, kept.id):
        cause = f"union:{kept.card.union.sequence}"
        instruct(work, scope, kept, InstructionKind.ALLOW, cause, reason)


def stop_use(work: UnitOfWork, scope: Scope, kept: KeptCard, reason: str) -> None:
    """Ask the bank to stop a card because of the union's last decision on it."""
    cause = f"union:{kept.card.union.sequence}"
    instruct(work, scope, kept, InstructionKind.STOP, cause, reason)
