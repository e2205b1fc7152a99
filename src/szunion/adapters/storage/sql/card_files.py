"""Know how instructions, custody lists and entitlements are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date

from attrs import frozen

from szunion.adapters.storage.sql.session import Row as Raw
from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sql.times import (
    maybe_day,
    maybe_iso,
    maybe_micros,
    maybe_moment,
    micros,
    moment,
)
from szunion.adapters.storage.sql.within import paths
from szunion.domain.access import Scope
from szunion.domain.card_files import CustodyList, ListState
from szunion.domain.custody import CustodyEvent
from szunion.domain.instructions import Instruction, InstructionKind, InstructionState
from szunion.domain.packs import Entitlement
from szunion.domain.values import (
    BatchId,
    CardId,
    InstructionId,
    OrganisationId,
    PersonId,
    RequestKey,
    shard_of,
)


def instruction_of(raw: Raw) -> Instruction:
    (
        id_, card, person, kind, cause, reason, key, sequence, state, created, code, text, version
    ) = raw  # fmt: skip
    return Instruction(
        id=InstructionId(id_), card=CardId(card), person=PersonId(person),
        kind=InstructionKind(kind), cause=cause, reason=reason, key=RequestKey(key),
        sequence=sequence, state=InstructionState(state), created=moment(created),
        bank_code=code, bank_text=text, version=version,
    )  # fmt: skip


def known_instruction(asked: Instruction) -> tuple[object, ...]:
    """Return the columns of a new one."""
    return (
        shard_of(asked.id), asked.id, asked.card, asked.person, asked.kind.value, asked.cause,
        asked.reason, asked.key.text, asked.sequence, asked.state.value, micros(asked.created),
        asked.bank_code, asked.bank_text,
    )  # fmt: skip


@frozen
class SqlInstructions:
    """Instructions to the bank in SQL."""

    session: Session

    def add(self, scope: Scope, instruction: Instruction) -> None:
        self.session.do("instruction.add", known_instruction(instruction))

    def get(self, scope: Scope, instruction: InstructionId) -> Instruction | None:
        where = {"shard": shard_of(instruction), "id": instruction}
        raw = self.session.one("instruction.get", where)
        return None if raw is None else instruction_of(raw)

    def of_card(self, scope: Scope, card: CardId) -> Sequence[Instruction]:
        where = {"shard": shard_of(card), "card": card}
        return [instruction_of(raw) for raw in self.session.all("instruction.of_card", where)]

    def put(self, scope: Scope, instruction: Instruction) -> None:
        known = {
            "shard": shard_of(instruction.id), "id": instruction.id,
            "state": instruction.state.value, "bank_code": instruction.bank_code,
            "bank_text": instruction.bank_text, "version": instruction.version,
        }  # fmt: skip
        self.session.put("instruction.put", known, "instruction")


@frozen
class SqlCustodyLists:
    """Custody lists in SQL."""

    session: Session

    def add(self, scope: Scope, made: CustodyList) -> None:
        self.session.do(
            "custody.add",
            {
                "id": made.id, "organisation": made.organisation, "event": made.event.value,
                "batch": made.batch, "state": made.state.value, "made_by": made.made_by,
                "made": micros(made.made), "note": made.note,
            },
        )  # fmt: skip
        pieces = [(card, 1) for card in made.pieces] + [(card, 0) for card in made.missing]
        self.session.many(
            "custody.add_item", ((shard_of(card), made.id, card, there) for card, there in pieces)
        )

    def get(self, scope: Scope, list_id: int) -> CustodyList | None:
        raw = self.session.one("custody.get", {"id": list_id, **paths(scope)})
        return None if raw is None else self._list(raw)

    def of_batch(self, scope: Scope, batch: BatchId) -> Sequence[CustodyList]:
        where = {"batch": batch, **paths(scope)}
        return [self._list(raw) for raw in self.session.all("custody.of_batch", where)]

    def _list(self, raw: Raw) -> CustodyList:
        id_, union, event, batch, state, made_by, made, signed_by, signed, note, version = raw
        items = self.session.all("custody.items", {"id": id_})
        return CustodyList(
            id=id_, organisation=OrganisationId(union), event=CustodyEvent(event),
            pieces=tuple(CardId(card) for card, there in items if there),
            missing=tuple(CardId(card) for card, there in items if not there),
            batch=BatchId(batch) if batch else None, state=ListState(state), made_by=made_by,
            made=moment(made), signed_by=signed_by, signed=maybe_moment(signed), note=note,
            version=version,
        )  # fmt: skip

    def put(self, scope: Scope, changed: CustodyList) -> None:
        known = {
            "id": changed.id, "state": changed.state.value, "signed_by": changed.signed_by,
            "signed": maybe_micros(changed.signed), "version": changed.version,
        }  # fmt: skip
        self.session.put("custody.put", known, "custody_list")


def _entitlement(raw: Raw) -> Entitlement:
    person, programme, item, key, card, since, until = raw
    return Entitlement(
        key=key, person=PersonId(person), programme=programme, item=item, card=CardId(card),
        since=date.fromisoformat(since), until=maybe_day(until),
    )  # fmt: skip


def known_entitlement(given: Entitlement) -> tuple[object, ...]:
    """Return the columns of an entitlement."""
    return (
        shard_of(given.person), given.person, given.programme, given.item, given.key, given.card,
        given.since.isoformat(), maybe_iso(given.until),
    )  # fmt: skip


@frozen
class SqlEntitlements:
    """Entitlements in SQL."""

    session: Session

    def add(self, scope: Scope, entitlement: Entitlement) -> bool:
        return self.session.do("entitlement.add", known_entitlement(entitlement)) == 1

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Entitlement]:
        return self.of_people(scope, [person])

    def of_people(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[Entitlement]:
        wanted = [person for person in people if scope.only_person in (None, person)]
        rows = self.session.all("entitlement.of_people", {"people": json.dumps(wanted)})
        return [_entitlement(raw) for raw in rows]
