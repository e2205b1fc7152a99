"""Know how cards, instructions, custody lists and entitlements are kept in memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.officers import OfficerTables, check_two_sides
from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.as_of import CardStanding
from szunion.domain.bank import BankState
from szunion.domain.card_files import CustodyList, KeptCard, ListState
from szunion.domain.card_records import kept_records
from szunion.domain.cards import Card, UnionState
from szunion.domain.facets import BankFact, fold
from szunion.domain.holds import Hold
from szunion.domain.instructions import Instruction
from szunion.domain.packs import Entitlement
from szunion.domain.values import (
    BatchId,
    CardId,
    CardRef,
    CardToken,
    InstructionId,
    OrganisationId,
    PersonId,
    RowId,
)
from szunion.ports.keys import IndexField, Vault
from szunion.ports.storage.races import KeyTaken, lost_race


def _current(row: KeptCard) -> Hashable | None:
    return (row.person, row.programme) if row.card.current else None


@define
class CardTables:
    """Cards with their holds, facts, instructions, custody lists, entitlements."""

    cards: Table[CardId, KeptCard] = field(
        factory=lambda: Table(
            "card",
            {"ref": lambda row: row.card.ref, "current": _current},
        )
    )
    of_person: dict[PersonId, list[CardId]] = field(factory=dict)
    standings: dict[CardId, list[CardStanding]] = field(factory=dict)
    facts: Table[tuple[CardId, str, str], BankFact] = field(factory=lambda: Table("card_fact"))
    facts_of: dict[CardId, list[BankFact]] = field(factory=dict)
    instructions: Table[InstructionId, Instruction] = field(
        factory=lambda: Table(
            "instruction",
            {
                "cause": lambda row: (row.card, row.kind, row.cause),
                "order": lambda row: (row.card, row.sequence),
            },
        )
    )
    lists: Table[int, CustodyList] = field(factory=lambda: Table("custody_list"))
    entitlements: Table[str, Entitlement] = field(factory=lambda: Table("entitlement"))


@frozen
class MemoryCards:
    """Cards in memory."""

    tables: CardTables
    sight: Sight
    undo: Undo
    vault: Vault
    now: datetime

    def add(self, scope: Scope, card: KeptCard) -> None:
        self.tables.cards.insert(self.undo, card.id, card)
        ids = self.tables.of_person.setdefault(card.person, [])
        ids.append(card.id)
        self.undo.append(lambda: ids.remove(card.id))
        self._note(evolve(card.card, version=0))

    def _note(self, card: Card) -> None:
        """Keep what the union has decided of a card, if it is another than before."""
        noted = self.tables.standings.setdefault(card.id, [])
        new = CardStanding(
            card=card.id, version=card.version, recorded=self.now, union=card.union,
            current=card.current, replaced_by=card.replaced_by,
            holds=tuple(evolve(hold, card=card.id, note="") for hold in card.holds),
        )  # fmt: skip
        last = noted[-1] if noted else None
        if last is None or evolve(last, version=new.version, recorded=new.recorded) != new:
            noted.append(new)
            self.undo.append(lambda: noted.remove(new))

    def standings(self, scope: Scope, person: PersonId) -> Sequence[CardStanding]:
        mine = [row for row in self.of_person_ids(person) if self._seen(scope, row)]
        found = [each for row in mine for each in self.tables.standings.get(row.id, ())]
        return sorted(found, key=lambda each: (each.recorded, each.card, each.version))

    def get(self, scope: Scope, card: CardId) -> KeptCard | None:
        return self._seen(scope, self.tables.cards.get(card))

    def by_ref(self, scope: Scope, ref: CardRef) -> KeptCard | None:
        return self._seen(scope, self.tables.cards.find("ref", ref))

    def _seen(self, scope: Scope, kept: KeptCard | None) -> KeptCard | None:
        if kept is None or not self.sight.person(scope, kept.person):
            return None
        bank = fold(self.tables.facts_of.get(kept.id, ()))
        return evolve(kept, card=evolve(kept.card, bank=bank))

    def of_token(self, scope: Scope, token: CardToken) -> Sequence[KeptCard]:
        found = [self._seen(scope, k) for k in self.tables.cards if k.card.ref.token == token]
        return sorted((k for k in found if k is not None), key=lambda kept: kept.id)

    def usable(self, scope: Scope) -> Iterator[tuple[CardRef, PersonId]]:
        for kept in sorted(self.tables.cards, key=lambda each: each.id):
            card, bank = kept.card, fold(self.tables.facts_of.get(kept.id, ()))
            told = bank.state is BankState.ACTIVE and not bank.contradictory
            ours = card.union.state is UnionState.ENABLED and not card.open_holds
            if card.current and told and ours:
                yield card.ref, kept.person

    def by_row(self, scope: Scope, row: RowId) -> KeptCard | None:
        return next(iter(self.of_rows(scope, [row])), None)

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[KeptCard]:
        ids = sorted(self.tables.of_person.get(person, ()))
        found = (self.get(scope, id_) for id_ in ids)
        return [kept for kept in found if kept is not None]

    def of_people(self, scope: Scope, people: Sequence[PersonId]) -> Sequence[KeptCard]:
        found = [kept for person in set(people) for kept in self.of_person(scope, person)]
        return sorted(found, key=lambda kept: kept.id)

    def of_rows(self, scope: Scope, rows: Sequence[RowId]) -> Sequence[KeptCard]:
        wanted = frozenset(rows)
        found = (self._seen(scope, kept) for kept in self.tables.cards if kept.row in wanted)
        return sorted((kept for kept in found if kept is not None), key=lambda kept: kept.id)

    def current(self, scope: Scope, person: PersonId, programme: str) -> KeptCard | None:
        return self._seen(scope, self.tables.cards.find("current", (person, programme)))

    def put(self, scope: Scope, card: KeptCard) -> None:
        old = self.tables.cards.get(card.id)
        if old is None or old.card.version != card.card.version:
            current = None if old is None else old.card.version
            raise lost_race("card", card.card.version, current)
        # A hold that has moved to another card leaves this one, as its one row does in a database.
        known = {hold.id: hold for hold in old.card.holds} | {h.id: h for h in card.card.holds}
        moved = {
            hold.id
            for other in self.of_person_ids(card.person)
            if other.id != card.id
            for hold in other.card.holds
        }
        holds = tuple(
            known[id_]
            for id_ in sorted(known, key=lambda id_: (known[id_].since, id_))
            if id_ not in moved or known[id_] in card.card.holds
        )
        kept = evolve(card.card, holds=holds, version=card.card.version + 1)
        self.tables.cards.replace(self.undo, card.id, evolve(card, card=kept))
        self._take_holds(card)
        self._note(evolve(kept, holds=card.card.holds))

    def of_person_ids(self, person: PersonId) -> Sequence[KeptCard]:
        """Return the person's cards as they stand, whoever may see them."""
        return [self.tables.cards.rows[id_] for id_ in self.tables.of_person.get(person, ())]

    def _take_holds(self, card: KeptCard) -> None:
        mine = {hold.id for hold in card.card.holds}
        others = (kept for kept in self.tables.cards if mine and kept.person != card.person)
        if any(hold.id in mine for kept in others for hold in kept.card.holds):
            raise KeyTaken("E-STORE-004", constraint="card_hold")
        for other in self.of_person_ids(card.person):
            left = tuple(hold for hold in other.card.holds if hold.id not in mine)
            if other.id != card.id and len(left) != len(other.card.holds):
                changed = evolve(other, card=evolve(other.card, holds=left))
                self.tables.cards.replace(self.undo, other.id, changed)

    def facts(self, scope: Scope, card: CardId) -> Sequence[BankFact]:
        if self.get(scope, card) is None:
            return []
        told = self.tables.facts_of.get(card, ())
        return sorted(told, key=lambda fact: (fact.sequence, fact.event_id, fact.digest))

    def add_fact(self, scope: Scope, card: CardId, fact: BankFact) -> None:
        key = (card, fact.event_id, fact.digest)
        if self.tables.facts.get(key) is None:
            self.tables.facts.insert(self.undo, key, fact)
            told = self.tables.facts_of.setdefault(card, [])
            told.append(fact)
            self.undo.append(lambda: told.remove(fact))

    def ending_holds(self, scope: Scope, now: datetime, most: int) -> Sequence[CardId]:
        found = [
            kept.id
            for kept in self.tables.cards
            if any(hold.due(now) for hold in kept.card.open_holds)
        ]
        return sorted(found)[:most]

    def holds_of(self, scope: Scope, owner: OrganisationId) -> Sequence[Hold]:
        found = [
            hold
            for kept in self.tables.cards
            for hold in kept.card.open_holds
            if hold.owner == owner
        ]
        return sorted(found, key=lambda hold: hold.id)

    def holds_on(self, scope: Scope, person: PersonId) -> Sequence[Hold]:
        found = [hold for kept in self.of_person_ids(person) for hold in kept.card.holds]
        return sorted(found, key=lambda hold: hold.id)

    def held_by(self, scope: Scope, holder: OrganisationId) -> Sequence[KeptCard]:
        found = (
            self._seen(scope, kept) for kept in self.tables.cards if kept.custody.holder == holder
        )
        return sorted((kept for kept in found if kept is not None), key=lambda kept: kept.id)

    def states(self, scope: Scope) -> Iterator[Sequence[tuple[bytes, int, str | None, CardId]]]:
        for kept in self.tables.cards:
            ref, bank = kept.card.ref, fold(self.tables.facts_of.get(kept.id, ()))
            index = self.vault.index(IndexField.CARD, ref.token.plain())
            yield [(index, ref.psn, bank.state and bank.state.value, kept.id)]

    def records(self, scope: Scope) -> Iterator[Sequence[bytes]]:
        return map(kept_records, self.states(scope))


@frozen
class MemoryInstructions:
    """Instructions to the bank in memory."""

    tables: CardTables
    undo: Undo

    def add(self, scope: Scope, instruction: Instruction) -> None:
        self.tables.instructions.insert(self.undo, instruction.id, instruction)

    def get(self, scope: Scope, instruction: InstructionId) -> Instruction | None:
        return self.tables.instructions.get(instruction)

    def of_card(self, scope: Scope, card: CardId) -> Sequence[Instruction]:
        found = [each for each in self.tables.instructions if each.card == card]
        return sorted(found, key=lambda each: each.sequence)

    def put(self, scope: Scope, instruction: Instruction) -> None:
        check_version(self.tables.instructions.get(instruction.id), instruction, "instruction")
        kept = evolve(instruction, version=instruction.version + 1)
        self.tables.instructions.replace(self.undo, instruction.id, kept)


@frozen
class MemoryCustodyLists:
    """Custody lists in memory."""

    tables: CardTables
    sight: Sight
    officers: OfficerTables
    undo: Undo

    def add(self, scope: Scope, made: CustodyList) -> None:
        self.tables.lists.insert(self.undo, made.id, made)

    def get(self, scope: Scope, list_id: int) -> CustodyList | None:
        found = self.tables.lists.get(list_id)
        within = found is not None and self.sight.union(scope, found.organisation)
        return found if within else None

    def put(self, scope: Scope, changed: CustodyList) -> None:
        check_version(self.tables.lists.get(changed.id), changed, "custody_list")
        if changed.state is ListState.SIGNED:
            pair = (changed.made_by, changed.signed_by)
            check_two_sides(self.officers, "custody_list", *pair, changed.made)
        self.tables.lists.replace(
            self.undo, changed.id, evolve(changed, version=changed.version + 1)
        )

    def of_batch(self, scope: Scope, batch: BatchId) -> Sequence[CustodyList]:
        found = [
            each
            for each in self.tables.lists
            if each.batch == batch and self.sight.union(scope, each.organisation)
        ]
        return sorted(found, key=lambda each: each.id)


@frozen
class MemoryEntitlements:
    """Entitlements in memory."""

    tables: CardTables
    undo: Undo

    def add(self, scope: Scope, entitlement: Entitlement) -> bool:
        if self.tables.entitlements.get(entitlement.key) is not None:
            return False
        self.tables.entitlements.insert(self.undo, entitlement.key, entitlement)
        return True

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Entitlement]:
        return self.of_people(scope, [person])

    def of_people(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[Entitlement]:
        wanted = {person for person in people if scope.only_person in (None, person)}
        found = [row for row in self.tables.entitlements if row.person in wanted]
        return sorted(found, key=lambda row: (row.person, row.programme, row.item))
