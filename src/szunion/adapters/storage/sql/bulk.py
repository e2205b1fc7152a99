"""Know how a whole part of the bank's notices is read and written by SQL, each set at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from attrs import frozen

from szunion.adapters.storage.sql.bank_words import known_sign, sign_of
from szunion.adapters.storage.sql.batches import batch_of, row_of
from szunion.adapters.storage.sql.card_files import (
    instruction_of,
    known_entitlement,
    known_instruction,
)
from szunion.adapters.storage.sql.cards import SqlCards, fact_of, known_fact
from szunion.adapters.storage.sql.claims import known_enrolment
from szunion.adapters.storage.sql.inbox import heard_of, known_notice, waiting_of
from szunion.adapters.storage.sql.members import membership_of
from szunion.adapters.storage.sql.money import obligation_of
from szunion.adapters.storage.sql.services import known_participation
from szunion.adapters.storage.sql.session import Row as Raw
from szunion.adapters.storage.sql.session import Session
from szunion.domain.access import Scope
from szunion.domain.bank import BankState
from szunion.domain.bank_words import FaceSign
from szunion.domain.batches import Batch
from szunion.domain.card_files import KeptCard
from szunion.domain.enrolments import Enrolment
from szunion.domain.facets import BankFact
from szunion.domain.inbox import HeardNotice, WaitingNotice
from szunion.domain.instructions import Instruction
from szunion.domain.members import Membership
from szunion.domain.packs import Entitlement
from szunion.domain.participation import Participation
from szunion.domain.payouts import Obligation
from szunion.domain.rows import Row, RowState
from szunion.domain.values import (
    BatchId,
    CardId,
    CardRef,
    ObligationId,
    PersonId,
    RequestKey,
    RowId,
)


@frozen
class SqlBulk:
    """Sets of things, by SQL."""

    session: Session
    _cards: SqlCards

    def _all(self, scope: Scope, name: str, **sets: Iterable[object]) -> list[Raw]:
        """Ask for a set of keys; a scope that is not the whole city's finds nothing."""
        if not scope.whole_city:
            return []
        wanted = {key: json.dumps(list(each)) for key, each in sets.items()}
        return self.session.all(f"bulk.{name}", wanted)

    def scattered(self) -> AbstractContextManager[None]:
        return self.session.scattered()

    def heard(self, scope: Scope, source: str, event_ids: Iterable[str]) -> Sequence[HeardNotice]:
        if not scope.whole_city:
            return []
        where = {"source": source, "events": json.dumps(list(event_ids))}
        return [heard_of(raw) for raw in self.session.all("bulk.heard", where)]

    def waiting(self, scope: Scope, abouts: Iterable[str]) -> Sequence[WaitingNotice]:
        return [waiting_of(raw) for raw in self._all(scope, "waiting", abouts=abouts)]

    def rows_named(self, scope: Scope, keys: Iterable[RequestKey]) -> Sequence[Row]:
        raws = self._all(scope, "rows_named", keys=(key.text for key in keys))
        return [row_of(raw) for raw in raws]

    def rows(self, scope: Scope, ids: Iterable[RowId]) -> Sequence[Row]:
        return [row_of(raw) for raw in self._all(scope, "rows", ids=ids)]

    def batches(self, scope: Scope, ids: Iterable[BatchId]) -> Sequence[Batch]:
        return [batch_of(raw) for raw in self._all(scope, "batches", ids=ids)]

    def row_counts(
        self, scope: Scope, batches: Iterable[BatchId]
    ) -> Mapping[BatchId, Mapping[RowState, int]]:
        found: dict[BatchId, dict[RowState, int]] = {}
        for batch, state, count in self._all(scope, "row_counts", ids=batches):
            found.setdefault(BatchId(batch), {})[RowState(state)] = count
        return found

    def cards(self, scope: Scope, ids: Iterable[CardId]) -> Sequence[KeptCard]:
        return self._cards.many(scope, ids) if scope.whole_city else []

    def cards_named(self, scope: Scope, refs: Iterable[CardRef]) -> Sequence[KeptCard]:
        return self._cards.named(scope, refs) if scope.whole_city else []

    def bank_states(
        self, scope: Scope, cards: Iterable[CardId]
    ) -> Mapping[CardId, BankState | None]:
        raws = self._all(scope, "bank_states", ids=cards)
        return {CardId(id_): None if state is None else BankState(state) for id_, state in raws}

    def cards_called(self, scope: Scope, names: Iterable[str]) -> Mapping[str, CardId]:
        raws = self._all(scope, "cards_called", names=names)
        return {name: CardId(id_) for name, id_ in raws}

    def facts(self, scope: Scope, cards: Iterable[CardId]) -> Mapping[CardId, Sequence[BankFact]]:
        if not scope.whole_city:
            return {}
        found: dict[CardId, list[BankFact]] = {}
        where = {"ids": json.dumps(list(cards))}
        for card, fact in map(fact_of, self.session.all("card.facts", where)):
            found.setdefault(card, []).append(fact)
        return found

    def newest(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[Membership]:
        return [membership_of(raw) for raw in self._all(scope, "newest", people=people)]

    def face_signs(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[FaceSign]:
        return [sign_of(raw) for raw in self._all(scope, "face_signs", people=people)]

    def instructions(self, scope: Scope, cards: Iterable[CardId]) -> Sequence[Instruction]:
        if not scope.whole_city:
            return []
        where = {"ids": json.dumps(list(cards))}
        return [instruction_of(raw) for raw in self.session.all("instruction.of_cards", where)]

    def obligations(self, scope: Scope, ids: Iterable[ObligationId]) -> Sequence[Obligation]:
        return [obligation_of(raw) for raw in self._all(scope, "obligations", ids=ids)]

    # --- written at the end -----------------------------------------------------------------

    def hear(self, scope: Scope, notices: Sequence[HeardNotice]) -> int:
        return self.session.many("inbox.hear", map(known_notice, notices))

    def put_heard(self, scope: Scope, notices: Sequence[HeardNotice]) -> None:
        self.session.send("inbox.put", map(known_notice, notices))

    def add_cards(self, scope: Scope, cards: Sequence[KeptCard]) -> None:
        self._cards.add_many(scope, cards)

    def add_facts(self, scope: Scope, facts: Sequence[tuple[CardId, BankFact]]) -> None:
        self.session.send("card.add_fact", (known_fact(card, fact) for card, fact in facts))

    def put_cards(self, scope: Scope, cards: Sequence[KeptCard]) -> None:
        self._cards.put_many(scope, cards)

    def add_instructions(self, scope: Scope, asked: Sequence[Instruction]) -> None:
        self.session.send("instruction.add", map(known_instruction, asked))

    def add_entitlements(self, scope: Scope, given: Sequence[Entitlement]) -> int:
        return self.session.many("entitlement.add", map(known_entitlement, given))

    def add_enrolments(self, scope: Scope, enrolments: Sequence[Enrolment]) -> int:
        return self.session.many("enrolment.add", map(known_enrolment, enrolments))

    def add_participations(self, scope: Scope, records: Sequence[Participation]) -> int:
        return self.session.many("participation.add", map(known_participation, records))

    def add_face_signs(self, scope: Scope, signs: Sequence[FaceSign]) -> int:
        return self.session.many("face_sign.add", map(known_sign, signs))
