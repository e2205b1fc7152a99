"""Know what the bank's word does to a card: facts in any order, one end (银行来报对卡的影响)."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from szunion.application.card_holds import stop_for_conflict
from szunion.application.card_moves import (
    keep,
    move_plastic,
    stop_use,
    with_card,
)
from szunion.application.cover_moves import cover_of_pack
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import BankEvent, BankState
from szunion.domain.bank_requests import AccountClass
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import Card, make_current
from szunion.domain.custody import CUSTODY, Custody, CustodyEvent, CustodyState
from szunion.domain.facets import CARD_BANK, BankFact, Verdict, take
from szunion.domain.machine import Gap
from szunion.domain.members import Membership, MembershipState
from szunion.domain.packs import open_pack
from szunion.domain.rows import Row
from szunion.domain.values import CardId, CardRef, PersonId, RowId, shard_of
from szunion.ports.storage import UnitOfWork

_ENDED = frozenset({MembershipState.LEFT, MembershipState.VOID})


def born(  # noqa: PLR0913 - what a card is when it is born
    work: UnitOfWork,
    scope: Scope,
    *,
    person: PersonId,
    programme: str,
    ref: CardRef,
    last_four: str,
    account_class: AccountClass,
    row: RowId | None = None,
    replaces: CardId | None = None,
) -> KeptCard:
    """Keep a card that the bank has made or named (制卡). Its plastic is at the bank.

    The card of somebody whose membership has ended meanwhile is born revoked, and the bank is
    asked to stop it: what was ordered before runs out, but opens nothing.
    """
    id_ = CardId(work.ids.new(shard_of(person)))
    card = Card(
        id=id_,
        person=person,
        ref=ref,
        last_four=last_four,
        account_class=account_class,
        replaces=replaces,
    )
    kept = KeptCard(
        card=card, custody=Custody(card=id_), programme=programme, row=row, born=work.now
    )
    work.cards.add(scope, kept)
    work.audit.add(scope, AuditEntry(action="card.born", subject=id_, person=person))
    membership = work.members.newest(scope, person)
    if membership is not None and membership.state in _ENDED:
        return end_use(work, scope, kept, membership)
    return kept


def end_use(work: UnitOfWork, scope: Scope, kept: KeptCard, membership: Membership) -> KeptCard:
    """Revoke the use of a card because a membership ended, and tell the bank: once for a cause."""
    ended = kept.card.ended(membership.reason)
    if ended == kept.card:
        return kept
    reason = ended.union.reason.value if ended.union.reason else ""
    after = keep(work, scope, kept, with_card(kept, ended), "card.membership_ended", reason)
    if ended.bank.absorbing is None:
        stop_use(work, scope, after, reason)
    if ended.union.reason is not None:
        why = ended.union.reason
        words = {"reason": why.label, "reason_en": why.label_en}
        work.messages.add(scope, kept.person, "card.stopped", words)
    return after


def has_gap(facts: Iterable[BankFact], *, gapless: bool) -> bool:
    """Return whether something must have happened that the bank has not told (缺口).

    A step that the table lacks is one sign; of a bank that leaves no holes in its sequence, a hole
    is another. What the daily list says closes everything before it.
    """
    told = sorted(facts, key=lambda fact: fact.rank)
    state: BankState | None = None
    gap, last = False, 0
    for fact in told:
        if fact.event is None:
            gap = False
        elif fact.state is not state:
            gap = gap or isinstance(CARD_BANK.step(state, fact.event), Gap)
        if gapless and fact.event is not None and fact.sequence > last + 1:
            gap = True
        state = fact.state if not (fact.birth and state is not None) else state
        last = max(last, fact.sequence)
    return gap


def hear(
    office: Office, work: UnitOfWork, scope: Scope, kept: KeptCard, fact: BankFact
) -> tuple[KeptCard, Verdict]:
    """Record one fact of the bank and fold it; return the card and what became of the fact."""
    known = work.cards.facts(scope, kept.id)
    facet, verdict = take(known, fact)
    work.cards.add_fact(scope, kept.id, fact)
    if verdict is Verdict.DUPLICATE:
        return kept, verdict
    told = (*known, fact)
    gap = has_gap(told, gapless=office.bank_info.gapless)
    after = evolve(kept, card=evolve(kept.card, bank=facet), gap=gap)
    action = f"card.bank.{fact.event.value if fact.event else 'reconciled'}"
    after = keep(work, scope, kept, after, action, verdict.value)
    if _quarrels(told) and (verdict is Verdict.CONFLICT or not _quarrels(known)):
        after = stop_for_conflict(work, scope, after)
    if kept.card.bank.state is not facet.state and facet.state is not None:
        words = {"state": facet.state.label, "state_en": facet.state.label_en}
        work.messages.add(scope, kept.person, "card.bank_state", words)
    if fact.event is BankEvent.ACTIVATED and verdict is not Verdict.CONFLICT:
        after = _activated(office, work, scope, after)
    return after, verdict


def _quarrels(facts: Iterable[BankFact]) -> bool:
    """Return whether the bank has ever contradicted itself on a card: of the set, not the order."""
    contents: dict[str, str] = {}
    states: dict[int, BankState] = {}
    known = tuple(facts)
    for each in known:
        if contents.setdefault(each.event_id, each.digest) != each.digest:
            return True
        if not each.birth and states.setdefault(each.sequence, each.state) is not each.state:
            return True
    over = [each.rank for each in known if each.state in CARD_BANK.absorbing]
    return any(
        each.rank > min(over) for each in known if over and each.state not in CARD_BANK.absorbing
    )


def _activated(office: Office, work: UnitOfWork, scope: Scope, kept: KeptCard) -> KeptCard:
    """Follow an activation: the pointer, the plastic, the use, the pack — each once."""
    if CUSTODY.transition(kept.custody.state, CustodyEvent.USED) is not None:
        was_missing = kept.custody.state is CustodyState.MISSING
        note = "INCIDENT" if was_missing else "GAP"
        used = kept.custody.after(CustodyEvent.USED)
        kept = move_plastic(work, scope, kept, used, "custody.used", note)
    kept = _pointed(work, scope, kept)
    membership = work.members.newest(scope, kept.person)
    kept = settle(office, work, scope, kept, membership)
    _give_pack(office, work, scope, kept, membership)
    return kept


def _pointed(work: UnitOfWork, scope: Scope, kept: KeptCard) -> KeptCard:
    old = work.cards.current(scope, kept.person, kept.programme)
    if old is not None and (old.id == kept.id or _follows(work, scope, old, kept)):
        return kept
    successor, predecessor = make_current(kept.card, old.card if old else None)
    if old is not None and predecessor is not None:
        keep(work, scope, old, with_card(old, predecessor), "card.superseded")
    return keep(work, scope, kept, with_card(kept, successor), "card.current")


def _follows(work: UnitOfWork, scope: Scope, late: KeptCard, early: KeptCard) -> bool:
    """Return whether *late* replaces *early*, directly or through others."""
    seen: set[CardId] = set()
    step: KeptCard | None = late
    while step is not None and step.card.replaces is not None and step.id not in seen:
        if step.card.replaces == early.id:
            return True
        seen.add(step.id)
        step = work.cards.get(scope, step.card.replaces)
    return False


def settle(
    office: Office, work: UnitOfWork, scope: Scope, kept: KeptCard, membership: Membership | None
) -> KeptCard:
    """Enable a card whose holder is a member and has signed for it face to face (启用)."""
    if not kept.card.current or membership is None:
        return kept
    rights = office.policy.rights_of(membership.state, membership.reason)
    settled = kept.card.settled(carries_use=rights.card)
    if settled == kept.card:
        return kept
    return keep(work, scope, kept, with_card(kept, settled), "card.enable")


def _give_pack(
    office: Office, work: UnitOfWork, scope: Scope, kept: KeptCard, membership: Membership | None
) -> None:
    if membership is None:
        return
    had = any(
        each.programme == kept.programme for each in work.entitlements.of_person(scope, kept.person)
    )
    rights = office.policy.rights_of(membership.state, membership.reason)
    given = open_pack(
        office.catalogue.pack,
        programme=kept.programme,
        person=kept.person,
        card=kept.id,
        activated=office.clock.today(),
        carries_benefits=rights.benefits,
        had=had,
    )
    new = [each for each in given if work.entitlements.add(scope, each)]
    for each in new:
        cover_of_pack(office, work, scope, each)
    work.audit.add_many(
        scope,
        [
            AuditEntry(action="pack.grant", subject=kept.id, person=kept.person, after=each.item)
            for each in new
        ],
    )
    if new:
        work.messages.add(scope, kept.person, "pack.granted", {"items": str(len(new))})


def replaced(
    work: UnitOfWork,
    scope: Scope,
    old: KeptCard,
    ref: CardRef,
    last_four: str,
) -> KeptCard:
    """Link the successor that the bank names; it is a card of its own from now on (换卡)."""
    known = work.cards.by_ref(scope, ref)
    if known is None:
        known = born(
            work,
            scope,
            person=old.person,
            programme=old.programme,
            ref=ref,
            last_four=last_four,
            account_class=old.card.account_class,
            replaces=old.id,
        )
    linked = evolve(old, card=evolve(old.card, replaced_by=known.id))
    keep(work, scope, old, linked, "card.replaced")
    return known


def card_of_row(work: UnitOfWork, scope: Scope, row: Row, ref: CardRef) -> tuple[KeptCard, Row]:
    """Return the card that the bank activated for a row before it told that it was made (缺口)."""
    kept = born(
        work,
        scope,
        person=row.person,
        programme=row.programme,
        ref=ref,
        last_four="",
        account_class=row.account_class,
        row=row.id,
    )
    return kept, evolve(row, card=kept.id)
