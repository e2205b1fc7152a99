"""Know how cards, their facts and their holds are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache

from attrs import field, frozen

from szunion.adapters.storage.sql.batches import people_seen
from szunion.adapters.storage.sql.card_history import is_noted, plain_holds
from szunion.adapters.storage.sql.session import Row as Raw
from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.domain.access import Scope
from szunion.domain.as_of import CardStanding
from szunion.domain.bank import BankEvent, BankState
from szunion.domain.bank_requests import AccountClass
from szunion.domain.card_files import KeptCard
from szunion.domain.card_records import RECORD, kept_records
from szunion.domain.cards import Card, UnionFacet, UnionReason, UnionState
from szunion.domain.custody import Custody, CustodyState
from szunion.domain.facets import BankFact, fold
from szunion.domain.holds import Hold, HoldReason, HoldState
from szunion.domain.machine import Actor
from szunion.domain.values import (
    CardId,
    CardRef,
    CardToken,
    HoldId,
    OrganisationId,
    PersonId,
    RowId,
    shard_of,
)
from szunion.errors import Conflict
from szunion.ports.keys import IndexField, Place, Vault
from szunion.ports.storage.races import KeyTaken, lost_of_set

#: The words of a row: found in a table they cost a tenth of what calling the kind by them does.
_STATES = {state.value: state for state in BankState}
_EVENTS = {event.value: event for event in BankEvent}
_CLASSES = {each.value: each for each in AccountClass}
_UNION_STATES = {state.value: state for state in UnionState}
_UNION_REASONS = {reason.value: reason for reason in UnionReason}
_CUSTODY = {state.value: state for state in CustodyState}
_COLUMNS = 19
"""How many columns a card has; ``card.get`` says beside them what was told of it."""

Facts = dict[CardId, list[BankFact]]
Holds = dict[CardId, list[Hold]]


def fact_of(raw: Raw, at: Callable[[int], datetime] = moment) -> tuple[CardId, BankFact]:
    """Return whose fact it is, and the fact; *at* reads its moments."""
    card, event_id, digest, sequence, event, state, effective, received = raw
    return CardId(card), BankFact(
        event_id=event_id, sequence=sequence, digest=digest,
        event=_EVENTS[event] if event else None, state=_STATES[state],
        effective=at(effective), received=at(received),
    )  # fmt: skip


def hold_of(raw: Raw) -> Hold:
    id_, card, owner, reason, since, until, state, placed_as, note = raw
    return Hold(
        id=HoldId(id_), card=CardId(card), owner=OrganisationId(owner), reason=HoldReason(reason),
        since=moment(since), until=maybe_moment(until), state=HoldState(state),
        placed_as=Actor(placed_as), note=note,
    )  # fmt: skip


def _told(lines: Iterable[Raw]) -> tuple[Facts, Holds]:
    """Return what the bank has told of cards, and what holds them, each in its order."""
    facts: Facts = {}
    holds: Holds = {}
    at = cache(moment)  # of many cards at one moment the same is told
    for what, id_, place, name, digest, hold, word, state, one, two, reason, note in lines:
        if what:
            known = hold_of((hold, id_, one, reason, place, two, state, word, note))
            holds.setdefault(known.card, []).append(known)
        else:
            card, fact = fact_of((id_, name, digest, place, word, state, one, two), at)
            facts.setdefault(card, []).append(fact)
    return facts, holds


def _known(kept: KeptCard) -> dict[str, object]:
    card, latest = kept.card, kept.card.bank.latest
    return {
        "shard": shard_of(card.id), "id": card.id, "person": card.person, "row": kept.row,
        "last_four": card.last_four, "account_class": card.account_class.value,
        "bank_state": card.bank.state.value if card.bank.state else None,
        "bank_sequence": latest.sequence if latest else 0,
        "bank_conflict": int(card.bank.contradictory), "bank_gap": int(kept.gap),
        "union_state": card.union.state.value,
        "union_reason": card.union.reason.value if card.union.reason else None,
        "union_sequence": card.union.sequence, "custody": kept.custody.state.value,
        "holder": kept.custody.holder, "current": int(card.current),
        "replaces": card.replaces, "replaced_by": card.replaced_by, "version": card.version,
    }  # fmt: skip


def _as_put(put: KeptCard, there: KeptCard | None) -> bool:
    """Return whether *put* was written; what the bank has told stands with its facts."""
    if there is None or there.card.version != put.card.version + 1:
        return False
    ours, theirs = _known(put), _known(there)
    told = {"version", "bank_state", "bank_sequence", "bank_conflict"}
    return all(ours[name] == theirs[name] for name in ours.keys() - told)


def _race(put: KeptCard, there: KeptCard | None) -> tuple[int, bool, int | None]:
    """Return what a change of a card expected, whether it was written, and what stands there."""
    return put.card.version, _as_put(put, there), None if there is None else there.card.version


def _standing(raw: Raw) -> CardStanding:
    card, version, recorded, state, reason, sequence, current, replaced_by, holds = raw
    return CardStanding(
        card=CardId(card), version=version, recorded=moment(recorded),
        union=UnionFacet(UnionState(state), UnionReason(reason) if reason else None, sequence),
        current=bool(current), replaced_by=CardId(replaced_by) if replaced_by else None,
        holds=tuple(
            hold_of((id_, card, owner, why, since, until, held, placed, ""))
            for id_, owner, why, since, until, held, placed in json.loads(holds or "[]")
        ),
    )  # fmt: skip


@frozen
class SqlCards:
    """Cards in SQL."""

    session: Session
    vault: Vault
    now: datetime
    _read: dict[CardId, Card] = field(factory=dict, init=False)
    """As they were read last."""

    def add(self, scope: Scope, card: KeptCard) -> None:
        self.add_many(scope, [card])

    def standings(self, scope: Scope, person: PersonId) -> Sequence[CardStanding]:
        if not self.of_person(scope, person):
            return []
        where = {"shard": shard_of(person), "person": person}
        return [_standing(raw) for raw in self.session.all("card.standings", where)]

    def add_many(self, scope: Scope, cards: Sequence[KeptCard]) -> None:
        """Keep cards that were born: the bulk path."""
        known, names = [], []
        for kept in cards:
            token, shard = kept.card.ref.token.plain(), shard_of(kept.id)
            index = self.vault.index(IndexField.CARD, token)
            sealed = self.vault.seal(_place(kept.id), token.encode())
            fixed = {
                "programme": kept.programme, "token_sealed": sealed, "token_index": index,
                "psn": kept.card.ref.psn, "born": micros(kept.born),
            }  # fmt: skip
            known.append(_known(kept) | fixed)
            names.append((card_name(index, kept.card.ref.psn), shard, kept.id))
        self.session.many("card.add", known)
        self.session.many("card.add_name", names)
        self._keep_holds(kept.card for kept in cards)
        self._note((kept.card, 0) for kept in cards)

    def _note(self, cards: Iterable[tuple[Card, int]]) -> None:
        """Keep what the union has decided of cards, where it is another than before.

        Of those that stand as they were read the store is not even asked.

        Args:
            cards: Each with the version that it now has. One that changed more than once in this
                commit is there with each of them, and each is noted as it was.
        """
        rows = [
            {
                "shard": shard_of(card.id), "id": card.id, "version": version,
                "person": card.person, "recorded": micros(self.now),
                "union_state": card.union.state.value,
                "union_reason": card.union.reason.value if card.union.reason else None,
                "union_sequence": card.union.sequence, "current": int(card.current),
                "replaced_by": card.replaced_by, "holds": plain_holds(card.holds),
            }
            for card, version in cards
            if not is_noted(card, self._read.get(card.id))
        ]  # fmt: skip
        if len(rows) == 1:
            self.session.add("card.note", rows[0])
        elif rows:
            self.session.send("card.note", rows)

    def _keep_holds(self, cards: Iterable[Card]) -> None:
        held = [
            {
                "shard": shard_of(hold.id), "id": hold.id, "card": card.id,
                "person": card.person, "owner": hold.owner, "reason": hold.reason.value,
                "since": micros(hold.since), "until": maybe_micros(hold.until),
                "state": hold.state.value, "placed_as": hold.placed_as.value,
                "note": hold.note,
            }
            for card in cards
            for hold in card.holds
        ]  # fmt: skip
        if held and self.session.many("card.keep_hold", held) != len(held):
            # somebody else's hold has that id
            raise KeyTaken("E-STORE-004", constraint="UNIQUE(card_hold.hold_id)")

    def get(self, scope: Scope, card: CardId) -> KeptCard | None:
        lines = self.session.all("card.get", {"shard": shard_of(card), "id": card})
        if not self._seen(scope, lines[:1]):
            return None
        told = [line[_COLUMNS:] for line in lines if line[_COLUMNS] is not None]
        facts, holds = _told(told)
        found = self._card(lines[0][:_COLUMNS], facts.get(card, ()), holds.get(card, ()))
        self._remember([found])
        return found

    def by_ref(self, scope: Scope, ref: CardRef) -> KeptCard | None:
        index = self.vault.index(IndexField.CARD, ref.token.plain())
        raw = self.session.one("card.place_of_name", {"name": card_name(index, ref.psn)})
        return None if raw is None else self.get(scope, CardId(raw[0]))

    def of_token(self, scope: Scope, token: CardToken) -> Sequence[KeptCard]:
        head = self.vault.index(IndexField.CARD, token.plain()).hex()
        where = {"low": f"{head}-", "high": f"{head}."}
        ids = [CardId(id_) for (id_,) in self.session.all("card.places_of_token", where)]
        found = [self.get(scope, id_) for id_ in sorted(ids)]
        return [kept for kept in found if kept is not None]

    def usable(self, scope: Scope) -> Iterator[tuple[CardRef, PersonId]]:
        for id_, person, sealed, psn in self.session.stream("card.usable"):
            token = self.vault.open(_place(id_), sealed).decode()
            yield CardRef(CardToken(token), psn), PersonId(person)

    def by_row(self, scope: Scope, row: RowId) -> KeptCard | None:
        return next(iter(self.of_rows(scope, [row])), None)

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[KeptCard]:
        where = {"shard": shard_of(person), "person": person}
        return self._cards(scope, self.session.all("card.of_person", where))

    def of_people(self, scope: Scope, people: Sequence[PersonId]) -> Sequence[KeptCard]:
        return self._cards(scope, self.session.all("card.of_people", {"ids": json.dumps(people)}))

    def of_rows(self, scope: Scope, rows: Sequence[RowId]) -> Sequence[KeptCard]:
        return self._cards(scope, self.session.all("card.of_rows", {"ids": json.dumps(rows)}))

    def current(self, scope: Scope, person: PersonId, programme: str) -> KeptCard | None:
        for kept in self.of_person(scope, person):
            if kept.card.current and kept.programme == programme:
                return kept
        return None

    def _cards(self, scope: Scope, raws: Sequence[Raw]) -> list[KeptCard]:
        if not raws:
            return []
        raws = self._seen(scope, raws)
        facts, holds = self._told([raw[0] for raw in raws])
        found = [self._card(raw, facts.get(raw[0], ()), holds.get(raw[0], ())) for raw in raws]
        self._remember(found)
        return found

    def _remember(self, found: Iterable[KeptCard]) -> None:
        self._read.clear()
        self._read.update((kept.id, kept.card) for kept in found)

    def _seen(self, scope: Scope, raws: Sequence[Raw]) -> Sequence[Raw]:
        """Return those of people whom *scope* sees."""
        if scope.whole_city or not raws:
            return raws
        if scope.only_person is not None:
            return [raw for raw in raws if raw[1] == scope.only_person]
        seen = people_seen(self.session, scope, [raw[1] for raw in raws])
        return [raw for raw in raws if raw[1] in seen]

    def _told(self, cards: Sequence[int]) -> tuple[Facts, Holds]:
        return _told(self.session.all("card.told", {"ids": json.dumps(cards)}))

    def _card(self, raw: Raw, facts: Iterable[BankFact], holds: Iterable[Hold]) -> KeptCard:
        (
            id_, person, programme, row, sealed, psn, last_four, class_, gap, union_state,
            union_reason, union_sequence, custody, holder, current, replaces, replaced_by, born,
            version,
        ) = raw  # fmt: skip
        token = self.vault.open(_place(id_), sealed).decode()
        card = Card(
            id=CardId(id_), person=PersonId(person), ref=CardRef(CardToken(token), psn),
            last_four=last_four, account_class=_CLASSES[class_], bank=fold(facts),
            union=UnionFacet(
                _UNION_STATES[union_state],
                _UNION_REASONS[union_reason] if union_reason else None,
                union_sequence,
            ),
            holds=tuple(holds), replaces=CardId(replaces) if replaces else None,
            replaced_by=CardId(replaced_by) if replaced_by else None, current=bool(current),
            version=version,
        )  # fmt: skip
        where = OrganisationId(holder) if holder else None
        return KeptCard(
            card=card, custody=Custody(card=card.id, state=_CUSTODY[custody], holder=where),
            programme=programme, row=RowId(row) if row else None, gap=bool(gap),
            born=moment(born),
        )  # fmt: skip

    def put(self, scope: Scope, card: KeptCard) -> None:
        self.session.put("card.put", _known(card), "card")
        self._keep_holds([card.card])
        self._note([(card.card, card.card.version + 1)])

    def put_many(self, scope: Scope, cards: Sequence[KeptCard]) -> None:
        """Keep changed cards in their order: the bulk path (E-STORE-008)."""

        def lost() -> Conflict:
            there = {each.id: each for each in self.many(scope, [each.id for each in cards])}
            return lost_of_set("card", (_race(each, there.get(each.id)) for each in cards))

        self.session.send("card.put", map(_known, cards), lost)
        self._keep_holds(kept.card for kept in cards)
        self._note((kept.card, kept.card.version + 1) for kept in cards)

    def many(self, scope: Scope, ids: Iterable[CardId]) -> Sequence[KeptCard]:
        """Return cards: the bulk path."""
        return self._cards(scope, self.session.all("bulk.cards", {"ids": json.dumps(list(ids))}))

    def named(self, scope: Scope, refs: Iterable[CardRef]) -> Sequence[KeptCard]:
        """Return the cards that the bank names so: the bulk path."""
        wanted = list(refs)
        blind = self.vault.index_many(IndexField.CARD, [ref.token.plain() for ref in wanted])
        names = [card_name(index, ref.psn) for index, ref in zip(blind, wanted, strict=True)]
        raws = self.session.all("bulk.cards_named", {"names": json.dumps(names)})
        return self._cards(scope, raws)

    def facts(self, scope: Scope, card: CardId) -> Sequence[BankFact]:
        if not scope.whole_city and self.get(scope, card) is None:
            return []
        return self._told([card])[0].get(card, [])

    def add_fact(self, scope: Scope, card: CardId, fact: BankFact) -> None:
        self.session.do("card.add_fact", known_fact(card, fact))

    def ending_holds(self, scope: Scope, now: datetime, most: int) -> Sequence[CardId]:
        rows = self.session.all("card.ending_holds", {"now": micros(now), "most": most})
        return [CardId(id_) for (id_,) in rows]

    def holds_of(self, scope: Scope, owner: OrganisationId) -> Sequence[Hold]:
        return [hold_of(raw) for raw in self.session.all("card.holds_of", {"owner": owner})]

    def holds_on(self, scope: Scope, person: PersonId) -> Sequence[Hold]:
        where = {"shard": shard_of(person), "person": person}
        return [hold_of(raw) for raw in self.session.all("card.holds_on", where)]

    def held_by(self, scope: Scope, holder: OrganisationId) -> Sequence[KeptCard]:
        return self._cards(scope, self.session.all("card.held_by", {"holder": holder}))

    def states(self, scope: Scope) -> Iterator[Sequence[tuple[bytes, int, str | None, CardId]]]:
        return self.session.pages("card.states")

    def records(self, scope: Scope) -> Iterator[Sequence[bytes]]:
        return self.session.joined("card.records", kept_records, RECORD)


def _place(card: int) -> Place:
    return Place("card", shard_of(card), card, "token_sealed")


def known_fact(card: CardId, fact: BankFact) -> tuple[object, ...]:
    """Return the columns of a fact."""
    return (
        shard_of(card), card, fact.event_id, fact.digest, fact.sequence,
        fact.event.value if fact.event else None, fact.state.value,
        micros(fact.effective), micros(fact.received),
    )  # fmt: skip


def card_name(index: bytes, psn: int) -> str:
    """Return what stands for a card that the bank names: nothing that says its number."""
    return f"{index.hex()}-{psn:03d}"
