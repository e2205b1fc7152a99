"""Know how what is kept of a person in memory is taken away, and the journal of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, Protocol

from attrs import evolve, frozen

from szunion.adapters.storage.memory.bank_words import BankWordTables
from szunion.adapters.storage.memory.batches import BatchTables
from szunion.adapters.storage.memory.bindings import BindingTables
from szunion.adapters.storage.memory.calls import CallTables
from szunion.adapters.storage.memory.cards import CardTables
from szunion.adapters.storage.memory.claims import ClaimTables
from szunion.adapters.storage.memory.core import CoreTables
from szunion.adapters.storage.memory.joinings import JoiningTables
from szunion.adapters.storage.memory.members import MemberTables
from szunion.adapters.storage.memory.money import MoneyTables
from szunion.adapters.storage.memory.people import PeopleTables
from szunion.adapters.storage.memory.rights import RightsTables
from szunion.adapters.storage.memory.services import ServiceTables
from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.rights import Erasure
from szunion.domain.values import ClaimId, PersonId
from szunion.errors import Conflict


class Everything(Protocol):
    """The tables that an erasure goes through."""

    @property
    def core(self) -> CoreTables: ...
    @property
    def people(self) -> PeopleTables: ...
    @property
    def members(self) -> MemberTables: ...
    @property
    def bindings(self) -> BindingTables: ...
    @property
    def batches(self) -> BatchTables: ...
    @property
    def cards(self) -> CardTables: ...
    @property
    def bank_words(self) -> BankWordTables: ...
    @property
    def services(self) -> ServiceTables: ...
    @property
    def money(self) -> MoneyTables: ...
    @property
    def claims(self) -> ClaimTables: ...
    @property
    def calls(self) -> CallTables: ...
    @property
    def joinings(self) -> JoiningTables: ...
    @property
    def rights(self) -> RightsTables: ...


Rows = Callable[[Everything, PersonId], Iterator[tuple[Table[Any, Any], Any]]]


def _of(pick: Callable[[Everything], Table[Any, Any]]) -> Rows:
    """Return how the rows of a table that carry a person's id are found."""

    def rows(tables: Everything, person: PersonId) -> Iterator[tuple[Table[Any, Any], Any]]:
        table = pick(tables)
        for key, row in list(table.rows.items()):
            if row.person == person:
                yield table, key

    return rows


def _by_key(pick: Callable[[Everything], Table[Any, Any]]) -> Rows:
    """Return how the row that lies under a person's id is found."""

    def rows(tables: Everything, person: PersonId) -> Iterator[tuple[Table[Any, Any], Any]]:
        table = pick(tables)
        if person in table.rows:
            yield table, person

    return rows


def _of_cards(pick: Callable[[Everything], Table[Any, Any]], first: bool) -> Rows:  # noqa: FBT001
    """Return how rows that lie under a card's id are found."""

    def rows(tables: Everything, person: PersonId) -> Iterator[tuple[Table[Any, Any], Any]]:
        table = pick(tables)
        mine = {kept.id for kept in tables.cards.cards if kept.person == person}
        for key in list(table.rows):
            if (key[0] if first else key) in mine:
                yield table, key

    return rows


def _of_claims(tables: Everything, person: PersonId) -> Iterator[tuple[Table[Any, Any], Any]]:
    mine = {claim.id for claim in tables.claims.claims if claim.person == person}
    for key, claim in list(tables.claims.held.rows.items()):
        if claim in mine:
            yield tables.claims.held, key


def _stones(tables: Everything, person: PersonId) -> Iterator[tuple[Table[Any, Any], Any]]:
    for key in list(tables.people.tombstones.rows):
        if key[1] == person:
            yield tables.people.tombstones, key


def _paid(tables: Everything, person: PersonId) -> Iterator[tuple[Table[Any, Any], Any]]:
    for key, order in list(tables.money.orders.rows.items()):
        if order.payee == person:
            yield tables.money.orders, key


def _none(tables: Everything, person: PersonId) -> Iterator[tuple[Table[Any, Any], Any]]:
    """Find nothing: here it is part of another row, or is not kept at all."""
    del tables, person
    return iter(())


#: Deeds that take rows away.
_TAKE: Final[Mapping[str, Rows]] = {
    "binding": _of(lambda tables: tables.bindings.bindings),
    "binding_of_person": _none,
    "message": _of(lambda tables: tables.core.messages),
    "wish": _of(lambda tables: tables.services.wishes),
    "referral": _of(lambda tables: tables.calls.referrals),
    "joining_member": _of(lambda tables: tables.joinings.places),
    "fee_waiver": _of(lambda tables: tables.bank_words.waivers),
    "number_reservation": _of(lambda tables: tables.bank_words.reservations),
    "heir": _by_key(lambda tables: tables.claims.heirs),
    "quarantine": _by_key(lambda tables: tables.people.quarantine),
    "end_claimed": _of_claims,
    "end_claim": _of(lambda tables: tables.claims.claims),
    "end_enrolment": _of(lambda tables: tables.claims.enrolments),
    "end_bank_name": _none,
    "end_card_fact": _of_cards(lambda tables: tables.cards.facts, first=True),
    "end_custody_item": _none,
    "end_card_counter": _of_cards(lambda tables: tables.services.counters, first=False),
    "end_card_hold": _none,
    "end_card_standing": _none,  # with the card
    "end_instruction": _of(lambda tables: tables.cards.instructions),
    "end_card": _of(lambda tables: tables.cards.cards),
    "end_face_sign": _of(lambda tables: tables.bank_words.signs),
    "end_application": _of(lambda tables: tables.batches.rows),
    "end_entitlement": _of(lambda tables: tables.cards.entitlements),
    "end_person_tombstone": _stones,
    "end_consent_word": _of(lambda tables: tables.rights.words),
    "end_rights_request": _of(lambda tables: tables.rights.requests),
}

_PROOF: Final = frozenset({"end_card_fact", "end_consent_word"})
"""What the bank told, and what was consented to: only of one who stands in the journal."""

#: Deeds that leave the row and take words out of it.
_STRIP: Final[Mapping[str, tuple[Rows, Callable[[Any], Any]]]] = {
    "application": (
        _of(lambda tables: tables.batches.rows),
        lambda row: evolve(row, wish=None, bank_text=""),
    ),
    "face_sign": (
        _of(lambda tables: tables.bank_words.signs), lambda row: evolve(row, bank_text="")
    ),
    "instruction": (
        _of(lambda tables: tables.cards.instructions), lambda row: evolve(row, bank_text="")
    ),
    "card_hold": (
        _of(lambda tables: tables.cards.cards),
        lambda row: evolve(
            row,
            card=evolve(row.card, holds=tuple(evolve(each, note="") for each in row.card.holds)),
        ),
    ),
    "transfer": (
        _of(lambda tables: tables.members.transfers), lambda row: evolve(row, reason="")
    ),
    "pay_order": (_paid, lambda row: evolve(row, bank_text="")),
    "rights_request": (
        _of(lambda tables: tables.rights.requests), lambda row: evolve(row, wanted={})
    ),
}  # fmt: skip


@frozen
class MemoryErasures:
    """The journal of erasures and their deeds, in memory."""

    tables: Everything
    undo: Undo

    @property
    def _rights(self) -> RightsTables:
        return self.tables.rights

    def get(self, scope: Scope, person: PersonId) -> Erasure | None:
        return self._rights.erasures.get(person)

    def put(self, scope: Scope, erasure: Erasure) -> None:
        old = self._rights.erasures.get(erasure.person)
        if old is None:
            self._rights.erasures.insert(self.undo, erasure.person, erasure)
            return
        new = evolve(old, lines=erasure.lines, next_due=erasure.next_due, files=erasure.files)
        self._rights.erasures.replace(self.undo, erasure.person, new)

    def journal(self, scope: Scope, after: PersonId, most: int) -> Sequence[Erasure]:
        later = (each for each in self._rights.erasures if each.person > after)
        return sorted(later, key=lambda each: each.person)[:most]

    def due(self, scope: Scope, day: date, most: int) -> Sequence[Erasure]:
        found = [
            (each.next_due, each.person, each)
            for each in self._rights.erasures
            if each.next_due is not None and each.next_due <= day
        ]
        return [each for _, _, each in sorted(found, key=lambda row: row[:2])][:most]

    def wipe(self, scope: Scope, person: PersonId, deeds: Iterable[str]) -> None:
        for deed in deeds:
            if deed in _STRIP:
                rows, strip = _STRIP[deed]
                for table, key in rows(self.tables, person):
                    table.replace(self.undo, key, strip(table.rows[key]))
                continue
            if deed == "end_card":
                self._forget_cards(person)
            if deed == "end_application":
                self._forget_rows(person)
            for table, key in _TAKE[deed](self.tables, person):
                if deed in _PROOF and person not in self._rights.erasures.rows:
                    raise Conflict("E-STORE-004", constraint="TRIGGER")
                table.delete(self.undo, key)
        self._forget_mobiles(person)

    def _forget_cards(self, person: PersonId) -> None:
        """Take what lies beside the table of cards: facts and decisions, cards by person."""
        cards = self.tables.cards
        for id_ in self._popped(cards.of_person, person) or ():
            self._popped(cards.standings, id_)
            self._popped(cards.facts_of, id_)

    def _forget_rows(self, person: PersonId) -> None:
        """Take what lies beside the table of applications: rows by person and by batch."""
        batches = self.tables.batches
        for id_ in self._popped(batches.of_person, person) or ():
            ids = batches.of_batch[batches.rows.rows[id_].batch]
            if id_ in ids:
                ids.remove(id_)
                self.undo.append(lambda ids=ids, id_=id_: ids.append(id_))  # type: ignore[misc]

    def _popped(self, rows: dict[Any, Any], key: object) -> Any:  # noqa: ANN401
        found = rows.pop(key, None)
        if found is not None:
            self.undo.append(lambda: rows.__setitem__(key, found))
        return found

    def _forget_mobiles(self, person: PersonId) -> None:
        pinned = self.tables.batches.mobiles
        for row in self.tables.batches.rows:
            if row.person == person and row.id in pinned:
                old = pinned.pop(row.id)
                self.undo.append(lambda id_=row.id, old=old: pinned.__setitem__(id_, old))  # type: ignore[misc]

    def wipe_claims(self, scope: Scope, person: PersonId, claims: Iterable[int]) -> None:
        for claim in claims:
            for key, holder in list(self.tables.claims.held.rows.items()):
                if holder == claim:
                    self.tables.claims.held.delete(self.undo, key)
            self.tables.claims.claims.delete(self.undo, ClaimId(claim))

    def keep_name(self, scope: Scope, person: PersonId, name: str, until: date) -> None:
        if self._rights.names.get(person) is None:
            self._rights.names.insert(self.undo, person, (name, until))
        else:
            self._rights.names.replace(self.undo, person, (name, until))

    def name_of(self, scope: Scope, person: PersonId) -> tuple[str, date] | None:
        return self._rights.names.get(person)

    def drop_name(self, scope: Scope, person: PersonId) -> None:
        if self._rights.names.get(person) is not None:
            self._rights.names.delete(self.undo, person)
