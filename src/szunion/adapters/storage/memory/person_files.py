"""Know how everything that is kept of one person in memory is found and counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from szunion.adapters.storage.memory.erasures import Everything
from szunion.domain.access import Scope
from szunion.domain.bank_words import WaiverUse
from szunion.domain.ratings import Rating
from szunion.domain.values import CardId, PersonId


def _count(rows: Iterable[Any], person: PersonId) -> int:
    return sum(1 for row in rows if row.person == person)


@frozen
class MemoryPersonFiles:
    """What no other noun finds by person, in memory."""

    tables: Everything

    def fee_waivers(self, scope: Scope, person: PersonId) -> Sequence[WaiverUse]:
        mine = [row for row in self.tables.bank_words.waivers if row.person == person]
        return sorted(mine, key=lambda row: (row.month, row.card, row.kind.value))

    def ratings(self, scope: Scope, person: PersonId) -> Sequence[Rating]:
        mine = [row for row in self.tables.services.ratings if row.person == person]
        return sorted(mine, key=lambda row: (row.at, row.participation))

    def plastic(self, scope: Scope, cards: Iterable[CardId]) -> Sequence[tuple[int, CardId, bool]]:
        wanted = list(cards)
        return [
            (each.id, card, card in each.pieces)
            for card in wanted
            for each in sorted(self.tables.cards.lists, key=lambda row: row.id)
            if card in each.pieces or card in each.missing
        ]

    def counters(
        self, scope: Scope, cards: Iterable[CardId]
    ) -> Sequence[tuple[CardId, int, datetime | None]]:
        kept = self.tables.services.counters.rows
        return [(card, kept[card], None) for card in cards if card in kept]

    def merged(self, scope: Scope, person: PersonId) -> Sequence[PersonId]:
        found: list[PersonId] = []
        for each in sorted(
            row.id for row in self.tables.people.people if row.merged_into == person
        ):
            found += [each, *self.merged(scope, each)]
        return found

    def counts(self, scope: Scope, person: PersonId) -> Mapping[str, int]:
        t = self.tables
        cards = [kept for kept in t.cards.cards if kept.person == person]
        ids = {kept.id for kept in cards}
        there = int(person in t.people.people.rows)
        versions = [row for row in t.members.versions if row.membership.person == person]
        episodes = _count(t.people.memberships, person)
        held = [key for key, holder in t.people.documents.rows.items() if holder == person]
        mobile = t.people.people.rows[person].mobile if there else None
        plastic = self.plastic(scope, ids)
        rows = _count(t.batches.rows, person)
        return {
            "person": there, "person_salt": there, "person_document": len(held),
            "person_mobile": int(mobile is not None), "membership": episodes,
            "membership_past": len(versions) - episodes,
            "affiliation": _count(t.members.affiliations, person),
            "transfer": _count(t.members.transfers, person),
            "binding": _count(t.bindings.bindings, person),
            "binding_of_person": _count(t.bindings.bindings, person),
            "quarantine": int(person in t.people.quarantine.rows),
            "consent_word": _count(t.rights.words, person),
            "rights_request": _count(t.rights.requests, person),
            "application": rows, "number_reservation": _count(t.bank_words.reservations, person),
            "face_sign": _count(t.bank_words.signs, person), "card": len(cards),
            "card_standing": sum(len(t.cards.standings.get(each, ())) for each in ids),
            "card_hold": sum(len(kept.card.holds) for kept in cards),
            "instruction": _count(t.cards.instructions, person),
            "fee_waiver": _count(t.bank_words.waivers, person),
            "entitlement": _count(t.cards.entitlements, person),
            "heir": int(person in t.claims.heirs.rows),
            "booking": _count(t.services.bookings, person),
            "participation": _count(t.services.participations, person),
            "rating": _count(t.services.ratings, person),
            "wish": _count(t.services.wishes, person),
            "referral": _count(t.calls.referrals, person),
            "joining_member": _count(t.joinings.places, person),
            "message": _count(t.core.messages, person),
            "audit": sum(1 for row in t.core.audit if row.entry.person == person),
            "card_fact": sum(1 for key in t.cards.facts.rows if key[0] in ids),
            "card_counter": sum(1 for key in t.services.counters.rows if key in ids),
            "custody_item": len(plastic), "bank_name": len(ids) + rows,
        }  # fmt: skip
