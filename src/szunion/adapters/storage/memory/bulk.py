"""Know how a whole part of the bank's notices is read and written in memory: one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain

from attrs import frozen

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
from szunion.ports.storage import UnitOfWork


@frozen
class MemoryBulk:
    """Sets of things in memory: the same questions, asked of the repositories one by one."""

    work: UnitOfWork

    @staticmethod
    def scattered() -> AbstractContextManager[None]:
        return nullcontext()

    def heard(self, scope: Scope, source: str, event_ids: Iterable[str]) -> Sequence[HeardNotice]:
        if not scope.whole_city:
            return []
        found = (self.work.inbox.get(scope, source, each) for each in event_ids)
        return [each for each in found if each is not None]

    def waiting(self, scope: Scope, abouts: Iterable[str]) -> Sequence[WaitingNotice]:
        if not scope.whole_city:
            return []
        found = [each for about in set(abouts) for each in self.work.inbox.waiting(scope, about)]
        return sorted(found, key=lambda each: each.id)

    def rows_named(self, scope: Scope, keys: Iterable[RequestKey]) -> Sequence[Row]:
        if not scope.whole_city:
            return []
        found = (self.work.rows.by_key(scope, key) for key in keys)
        return [each for each in found if each is not None]

    def rows(self, scope: Scope, ids: Iterable[RowId]) -> Sequence[Row]:
        if not scope.whole_city:
            return []
        found = (self.work.rows.get(scope, id_) for id_ in ids)
        return [each for each in found if each is not None]

    def batches(self, scope: Scope, ids: Iterable[BatchId]) -> Sequence[Batch]:
        if not scope.whole_city:
            return []
        found = (self.work.batches.get(scope, id_) for id_ in ids)
        return [each for each in found if each is not None]

    def row_counts(
        self, scope: Scope, batches: Iterable[BatchId]
    ) -> Mapping[BatchId, Mapping[RowState, int]]:
        if not scope.whole_city:
            return {}
        found = {id_: self.work.rows.counts(scope, id_) for id_ in batches}
        return {id_: counts for id_, counts in found.items() if counts}

    def cards(self, scope: Scope, ids: Iterable[CardId]) -> Sequence[KeptCard]:
        if not scope.whole_city:
            return []
        found = (self.work.cards.get(scope, id_) for id_ in ids)
        return [each for each in found if each is not None]

    def cards_named(self, scope: Scope, refs: Iterable[CardRef]) -> Sequence[KeptCard]:
        if not scope.whole_city:
            return []
        found = (self.work.cards.by_ref(scope, ref) for ref in refs)
        return [each for each in found if each is not None]

    def bank_states(
        self, scope: Scope, cards: Iterable[CardId]
    ) -> Mapping[CardId, BankState | None]:
        return {kept.id: kept.card.bank.state for kept in self.cards(scope, cards)}

    def cards_called(self, scope: Scope, names: Iterable[str]) -> Mapping[str, CardId]:
        if not scope.whole_city:
            return {}
        wanted = set(names)
        called = (
            (f"{index.hex()}-{psn:03d}", card)
            for index, psn, _, card in chain.from_iterable(self.work.cards.states(scope))
        )
        return {name: card for name, card in called if name in wanted}

    def facts(self, scope: Scope, cards: Iterable[CardId]) -> Mapping[CardId, Sequence[BankFact]]:
        if not scope.whole_city:
            return {}
        found = {id_: self.work.cards.facts(scope, id_) for id_ in cards}
        return {id_: facts for id_, facts in found.items() if facts}

    def newest(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[Membership]:
        if not scope.whole_city:
            return []
        found = (self.work.members.newest(scope, person) for person in people)
        return [each for each in found if each is not None]

    def face_signs(self, scope: Scope, people: Iterable[PersonId]) -> Sequence[FaceSign]:
        if not scope.whole_city:
            return []
        signs = self.work.face_signs
        found = [each for person in set(people) for each in signs.of_person(scope, person)]
        return sorted(found, key=lambda each: (each.row, each.sequence))

    def instructions(self, scope: Scope, cards: Iterable[CardId]) -> Sequence[Instruction]:
        if not scope.whole_city:
            return []
        asked = self.work.instructions
        return [each for card in sorted(set(cards)) for each in asked.of_card(scope, card)]

    def obligations(self, scope: Scope, ids: Iterable[ObligationId]) -> Sequence[Obligation]:
        if not scope.whole_city:
            return []
        found = (self.work.obligations.get(scope, id_) for id_ in ids)
        return [each for each in found if each is not None]

    # --- written at the end -----------------------------------------------------------------

    def hear(self, scope: Scope, notices: Sequence[HeardNotice]) -> int:
        return sum(self.work.inbox.hear(scope, each) is None for each in notices)

    def put_heard(self, scope: Scope, notices: Sequence[HeardNotice]) -> None:
        for each in notices:
            self.work.inbox.put(scope, each)

    def add_cards(self, scope: Scope, cards: Sequence[KeptCard]) -> None:
        for each in cards:
            self.work.cards.add(scope, each)

    def add_facts(self, scope: Scope, facts: Sequence[tuple[CardId, BankFact]]) -> None:
        for card, fact in facts:
            self.work.cards.add_fact(scope, card, fact)

    def put_cards(self, scope: Scope, cards: Sequence[KeptCard]) -> None:
        for each in cards:
            self.work.cards.put(scope, each)

    def add_instructions(self, scope: Scope, asked: Sequence[Instruction]) -> None:
        for each in asked:
            self.work.instructions.add(scope, each)

    def add_entitlements(self, scope: Scope, given: Sequence[Entitlement]) -> int:
        return sum(self.work.entitlements.add(scope, each) for each in given)

    def add_enrolments(self, scope: Scope, enrolments: Sequence[Enrolment]) -> int:
        return sum(self.work.enrolments.add(scope, each) for each in enrolments)

    def add_participations(self, scope: Scope, records: Sequence[Participation]) -> int:
        return sum(self.work.participations.add(scope, each) for each in records)

    def add_face_signs(self, scope: Scope, signs: Sequence[FaceSign]) -> int:
        return sum(self.work.face_signs.add(scope, each) for each in signs)
