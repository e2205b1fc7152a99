"""Know how plastic changes hands: counted by one person, signed by another, each piece by name."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from szunion.application.access import authorise, second_person
from szunion.application.applications import batch_of, row_entries
from szunion.application.card_holds import lock, stop_at_bank
from szunion.application.card_moves import (
    card_of,
    move_plastic,
)
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.card_files import CustodyList, KeptCard, ListState
from szunion.domain.custody import CUSTODY, CustodyEvent, CustodyState
from szunion.domain.facets import CARD_BANK
from szunion.domain.holds import Hold, HoldReason
from szunion.domain.rows import ROW, RowEvent
from szunion.domain.values import BatchId, CardId, HoldId, OrganisationId, shard_of
from szunion.errors import Conflict, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

_BY_TWO = frozenset(
    move.event for move in CUSTODY.edges() if move.two and move.event is not CustodyEvent.COLLECT
)


@frozen
class Custody:
    """The plastic in a union's hands (实体卡保管)."""

    office: Office
    by: Principal

    # --- looking ----------------------------------------------------------------------------

    @one_look
    def pieces(self, work: UnitOfWork, batch: BatchId) -> Sequence[KeptCard]:
        """Return every card that was made for a batch, wherever its plastic is."""
        scope = authorise(work, self.by, Operation.CARD_READ)
        return self._pieces(work, scope, batch)

    @one_look
    def held(self, work: UnitOfWork) -> Sequence[KeptCard]:
        """Return the pieces that the own union has in hand, or has missed."""
        scope = authorise(work, self.by, Operation.CARD_READ)
        return work.cards.held_by(scope, self._union())

    @one_look
    def lists(self, work: UnitOfWork, batch: BatchId) -> Sequence[CustodyList]:
        """Return the lists made for a batch."""
        return work.custody_lists.of_batch(authorise(work, self.by, Operation.CARD_READ), batch)

    def _pieces(self, work: UnitOfWork, scope: Scope, batch: BatchId) -> Sequence[KeptCard]:
        rows = work.rows.of_batch(scope, batch_of(work, scope, batch).id)
        return work.cards.of_rows(scope, [row.id for row in rows])

    def _union(self) -> OrganisationId:
        if self.by.organisation is None:
            raise NotAllowed("E-ACCESS-002")
        return self.by.organisation

    # --- two persons ------------------------------------------------------------------------

    @one_commit
    def collect(
        self,
        work: UnitOfWork,
        batch: BatchId,
        found: Sequence[CardId],
        missing: Sequence[CardId] = (),
    ) -> CustodyList:
        """Count what the bank hands over for a batch (领取): what is there, and what is not.

        Nothing moves until a second person has signed the list.

        Raises:
            Conflict: found and missing are not what the bank has for this batch (E-CARD-013).
        """
        scope = authorise(work, self.by, Operation.CUSTODY_WRITE)
        waiting = {
            kept.id
            for kept in self._pieces(work, scope, batch)
            if kept.custody.state is CustodyState.AT_BANK
        }
        named = {*found, *missing}
        twice = len(named) != len(found) + len(missing)
        if named != waiting or twice:
            raise Conflict(
                "E-CARD-013",
                current=len(named),
                allowed=(),
                lacking=len(waiting - named),
                extra=len(named - waiting) + twice,
            )
        made = self._list(CustodyEvent.COLLECT, found, missing, "", work)
        made = evolve(made, batch=batch)
        return self._added(work, scope, made)

    @one_commit
    def propose(
        self, work: UnitOfWork, event: CustodyEvent, pieces: Sequence[CardId], note: str = ""
    ) -> CustodyList:
        """List pieces for another move by two persons (移交、退回、销毁、找回、核销).

        Raises:
            Conflict: a piece cannot move so from where it is (E-STATE-001), or is not written off
                before the bank ended it (E-CARD-016).
        """
        scope = authorise(work, self.by, Operation.CUSTODY_WRITE)
        if event not in _BY_TWO:
            raise CUSTODY.conflict(None, event)
        for card in pieces:
            self._check(work, scope, card_of(work, scope, card), event)
        return self._added(work, scope, self._list(event, pieces, (), note, work))

    def _check(self, work: UnitOfWork, scope: Scope, kept: KeptCard, event: CustodyEvent) -> None:
        CUSTODY.after(kept.custody.state, event)
        if event is CustodyEvent.WRITE_OFF:
            if self.by.role is not Role.CITY:
                raise NotAllowed("E-ACCESS-001", **_role(self.by.role, event))
            state = kept.card.bank.state
            if state not in CARD_BANK.absorbing:
                raise Conflict("E-CARD-016", current=state, allowed=())
            return
        holder = work.organisations.standing(kept.custody.holder or OrganisationId(0))
        if holder is None or not (scope.covers(holder.path) or event is CustodyEvent.PASS_ON):
            raise Conflict("E-CARD-018", current=kept.custody.state, allowed=())

    def _list(
        self,
        event: CustodyEvent,
        pieces: Sequence[CardId],
        missing: Sequence[CardId],
        note: str,
        work: UnitOfWork,
    ) -> CustodyList:
        return CustodyList(
            id=work.ids.new(),
            organisation=self._union(),
            event=event,
            pieces=tuple(sorted(pieces)),
            missing=tuple(sorted(missing)),
            made_by=self.by.id,
            made=work.now,
            note=note,
        )

    def _added(self, work: UnitOfWork, scope: Scope, made: CustodyList) -> CustodyList:
        work.custody_lists.add(scope, made)
        count = f"{len(made.pieces)}+{len(made.missing)}"
        entry = AuditEntry(
            action=f"custody.{made.event.value}.propose", subject=made.id, after=count
        )
        work.audit.add(scope, entry)
        return made

    @one_commit
    def sign(self, work: UnitOfWork, list_id: int) -> CustodyList:
        """Sign what another person counted: now the pieces move (签字).

        Raises:
            NotFound: there is no such list within reach (E-CARD-010).
            NotAllowed: who counted cannot sign (E-CARD-012), nor who acts for them
                (E-ACCESS-004).
            Conflict: it is closed (E-CARD-011), or a piece has moved meanwhile (E-STATE-001).
        """
        scope = authorise(work, self.by, Operation.CUSTODY_WRITE)
        old = work.custody_lists.get(scope, list_id)
        if old is None:
            raise NotFound("E-CARD-010")
        if old.state is ListState.SIGNED and old.signed_by == self.by.id:
            return old
        signed = old.closed(ListState.SIGNED, self.by.id, work.now)
        second_person(work, old.made_by, self.by, old.made)
        work.custody_lists.put(scope, signed)
        entry = AuditEntry(
            action=f"custody.{old.event.value}.confirm",
            subject=old.id,
            before=old.state.value,
            after=signed.state.value,
        )
        work.audit.add(scope, entry)
        for card in (*old.pieces, *old.missing):
            self._move(work, scope, card_of(work, scope, card), old)
        return evolve(signed, version=signed.version + 1)

    def _move(self, work: UnitOfWork, scope: Scope, kept: KeptCard, signed: CustodyList) -> None:
        if signed.event is CustodyEvent.WRITE_OFF:
            self._check(work, scope, kept, signed.event)
        after = kept.custody.after(signed.event, signed.organisation)
        action = f"custody.{signed.event.value}"
        moved = move_plastic(work, scope, kept, after, action, str(signed.id))
        if signed.event is CustodyEvent.COLLECT:
            _move_row(work, scope, moved, RowEvent.RECEIVED)
            if kept.id in signed.missing:
                self._missed(work, scope, moved, "")

    @one_commit
    def drop(self, work: UnitOfWork, list_id: int) -> CustodyList:
        """Throw an unsigned list away; nothing has moved."""
        scope = authorise(work, self.by, Operation.CUSTODY_WRITE)
        old = work.custody_lists.get(scope, list_id)
        if old is None:
            raise NotFound("E-CARD-010")
        dropped = old.closed(ListState.DROPPED, self.by.id, work.now)
        work.custody_lists.put(scope, evolve(dropped, signed_by=None, signed=None))
        entry = AuditEntry(
            action=f"custody.{old.event.value}.drop",
            subject=old.id,
            before=old.state.value,
            after=dropped.state.value,
        )
        work.audit.add(scope, entry)
        return evolve(dropped, version=dropped.version + 1)

    # --- one person -------------------------------------------------------------------------

    @one_commit
    def hand_out(self, work: UnitOfWork, card: CardId, receipt: str) -> KeptCard:
        """Hand a piece to its member, who signs; or to a proxy with paper (发放).

        Args:
            work: Given by the office.
            card: The card.
            receipt: Where the signature or the proxy's paper is filed; nothing personal.
        """
        scope = authorise(work, self.by, Operation.CUSTODY_WRITE)
        kept = card_of(work, scope, card)
        if kept.custody.state is CustodyState.WITH_MEMBER:
            return kept
        if kept.custody.holder != self._union():
            raise Conflict("E-CARD-018", current=kept.custody.state, allowed=())
        after = kept.custody.after(CustodyEvent.HAND_OUT)
        moved = move_plastic(work, scope, kept, after, "custody.hand_out", receipt[:200])
        _move_row(work, scope, moved, RowEvent.HANDED)
        return moved

    @one_commit
    def give_back(self, work: UnitOfWork, card: CardId, note: str = "") -> KeptCard:
        """Take a piece back from a member who gives it up (会员交回)."""
        scope = authorise(work, self.by, Operation.CUSTODY_WRITE)
        kept = card_of(work, scope, card)
        if kept.custody.state is not CustodyState.WITH_MEMBER:
            raise CUSTODY.conflict(kept.custody.state, CustodyEvent.GIVE_BACK)
        after = kept.custody.after(CustodyEvent.GIVE_BACK)
        return move_plastic(work, scope, kept, after, "custody.give_back", note[:200])

    @one_commit
    def miss(self, work: UnitOfWork, card: CardId, note: str = "") -> KeptCard:
        """Report a piece that a count did not find: its card is locked, at the bank too (短少)."""
        scope = authorise(work, self.by, Operation.CUSTODY_WRITE)
        kept = card_of(work, scope, card)
        if kept.custody.state is CustodyState.MISSING:
            return kept
        return self._missed(work, scope, kept, note)

    def _missed(self, work: UnitOfWork, scope: Scope, kept: KeptCard, note: str) -> KeptCard:
        after = kept.custody.after(CustodyEvent.MISS)
        moved = move_plastic(work, scope, kept, after, "custody.miss", note[:200])
        hold = Hold(
            id=HoldId(work.ids.new(shard_of(kept.id))),
            card=kept.id,
            owner=self._union(),
            reason=HoldReason.PLASTIC_MISSING,
            since=work.now,
            note=note[:200],
        )
        locked = lock(work, scope, moved, hold)
        stop_at_bank(work, scope, locked, hold)
        return locked


def _role(role: Role, event: CustodyEvent) -> dict[str, object]:
    return {"role": role.label, "role_en": role.label_en, "operation": f"custody.{event.value}"}


def _move_row(work: UnitOfWork, scope: Scope, kept: KeptCard, event: RowEvent) -> None:
    """Let a row follow its card's plastic, where the table has such a step."""
    row = work.rows.get(scope, kept.row) if kept.row else None
    if row is None or ROW.transition(row.state, event) is None:
        return
    after = row.after(event, work.now)
    work.rows.put(scope, after)
    work.audit.add_many(scope, row_entries(f"row.{event.value}", [row], [after]))
