"""Know how cards, members and packs are read ahead and held back for a part of notices."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from szunion.application.together.held import Held, Together, all_new
from szunion.domain.access import Scope
from szunion.domain.card_files import KeptCard
from szunion.domain.enrolments import Enrolment
from szunion.domain.facets import BankFact, fold
from szunion.domain.members import Membership
from szunion.domain.packs import Entitlement
from szunion.domain.participation import Participation
from szunion.domain.values import CardId, CardRef, PersonId
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.races import lost_race


class CardsTogether(Together):
    """Cards with what the bank has told of them: :class:`szunion.ports.storage.cards.Cards`."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "cards")
        self._cards: dict[CardId, KeptCard] = {}
        self._named: dict[CardRef, CardId | None] = {}
        self._of_person: dict[PersonId, list[CardId]] = {}
        self._facts: dict[CardId, list[BankFact]] = {}
        self._born: dict[CardId, KeptCard] = {}
        self._told: list[tuple[CardId, BankFact]] = []
        self._changed: list[KeptCard] = []

    def fetch_named(self, refs: Sequence[CardRef]) -> list[KeptCard]:
        """Fetch the cards that the bank names so."""
        self._named = dict.fromkeys(refs)
        found = self.work.bulk.cards_named(self.scope, refs) if refs else ()
        return self._keep(found)

    def fetch(self, ids: Sequence[CardId]) -> list[KeptCard]:
        """Fetch cards."""
        return self._keep(self.work.bulk.cards(self.scope, ids) if ids else ())

    def fetch_people(self, people: Sequence[PersonId]) -> None:
        """Fetch all cards of *people*, and all facts of the cards that are at hand then."""
        self._of_person = {person: [] for person in people}
        for kept in self._keep(self.work.cards.of_people(self.scope, people) if people else ()):
            self._of_person[kept.person].append(kept.id)
        self.fetch_facts()

    def fetch_facts(self) -> None:
        """Fetch all facts of the cards that are at hand."""
        told = self.work.bulk.facts(self.scope, list(self._cards)) if self._cards else {}
        self._facts = {id_: list(told.get(id_, ())) for id_ in self._cards}

    def _keep(self, found: Sequence[KeptCard]) -> list[KeptCard]:
        for kept in found:
            self._cards[kept.id] = kept
            self._named[kept.card.ref] = kept.id
        return list(found)

    def fetched(self) -> list[CardId]:
        """Return the cards that are at hand and are in the store."""
        return [card for card in self._cards if card not in self._born]

    def waits(self, card: CardId) -> bool:
        """Return whether a card was born here and is not written yet."""
        return card in self._born

    def forget(self) -> None:
        self._cards, self._named, self._of_person, self._facts = {}, {}, {}, {}

    def get(self, scope: Scope, card: CardId) -> KeptCard | None:
        return self._cards.get(card) or self.work.cards.get(scope, card)

    def by_ref(self, scope: Scope, ref: CardRef) -> KeptCard | None:
        if ref not in self._named:
            return self.work.cards.by_ref(scope, ref)
        id_ = self._named[ref]
        return None if id_ is None else self._cards[id_]

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[KeptCard]:
        if person in self._of_person:
            return [self._cards[id_] for id_ in self._of_person[person]]
        self.write()
        return self.work.cards.of_person(scope, person)

    def current(self, scope: Scope, person: PersonId, programme: str) -> KeptCard | None:
        for kept in self.of_person(scope, person):
            if kept.card.current and kept.programme == programme:
                return kept
        return None

    def facts(self, scope: Scope, card: CardId) -> Sequence[BankFact]:
        if card in self._facts:
            return tuple(self._facts[card])
        return self.work.cards.facts(scope, card)

    def add(self, scope: Scope, card: KeptCard) -> None:
        if card.person not in self._of_person:
            self.write()
            self.forget()
            self.work.cards.add(scope, card)
            return
        if self._named.get(card.card.ref) is not None:
            raise Conflict("E-STORE-004", constraint="UNIQUE(card.ref)")
        kept = evolve(card, card=evolve(card.card, bank=fold(())))
        self._keep([kept])
        self._of_person[card.person].append(card.id)
        self._facts[card.id] = []
        self._born[card.id] = card

    def add_fact(self, scope: Scope, card: CardId, fact: BankFact) -> None:
        known = self._facts.get(card)
        if known is None or card not in self._cards:
            self.work.cards.add_fact(scope, card, fact)
            return
        if any((each.event_id, each.digest) == (fact.event_id, fact.digest) for each in known):
            return
        known.append(fact)
        known.sort(key=lambda each: (each.sequence, each.event_id, each.digest))
        self._told.append((card, fact))
        kept = self._cards[card]
        self._cards[card] = evolve(kept, card=evolve(kept.card, bank=fold(known)))

    def put(self, scope: Scope, card: KeptCard) -> None:
        old = self._cards.get(card.id)
        moved = old is not None and old.person != card.person
        if old is None or moved or card.id not in self._facts:
            self.write()
            self.forget()
            self.work.cards.put(scope, card)
            return
        if old.card.version != card.card.version:
            raise lost_race("card", card.card.version, old.card.version)
        self._changed.append(card)
        after = evolve(card.card, bank=old.card.bank, version=card.card.version + 1)
        self._cards[card.id] = evolve(card, card=after)

    def write(self) -> None:
        born, self._born = list(self._born.values()), {}
        told, self._told = self._told, []
        changed, self._changed = self._changed, []
        if born:
            self.work.bulk.add_cards(self.scope, born)
        if told:
            self.work.bulk.add_facts(self.scope, told)
        if changed:
            self.work.bulk.put_cards(self.scope, changed)


class MembersTogether(Together):
    """Memberships: notices of the bank look at the newest, and change none."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "members")
        self._newest: dict[PersonId, Membership | None] = {}

    def fetch(self, people: Sequence[PersonId]) -> None:
        """Fetch the newest episode of *people*."""
        self._newest = dict.fromkeys(people)
        for each in self.work.bulk.newest(self.scope, people) if people else ():
            self._newest[each.person] = each

    def forget(self) -> None:
        self._newest = {}

    def newest(self, scope: Scope, person: PersonId) -> Membership | None:
        if person in self._newest:
            return self._newest[person]
        return self.work.members.newest(scope, person)


class EntitlementsTogether(Together):
    """What people were given with the activation pack."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "entitlements")
        self.given: dict[PersonId, list[Entitlement]] = {}
        self._new: list[Entitlement] = []

    def forget(self) -> None:
        self.given = {}

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Entitlement]:
        if person in self.given:
            found = self.given[person]
            return sorted(found, key=lambda each: (each.programme, each.item))
        return self.work.entitlements.of_person(scope, person)

    def add(self, scope: Scope, entitlement: Entitlement) -> bool:
        known = self.given.get(entitlement.person)
        if known is None:
            return self.work.entitlements.add(scope, entitlement)
        place = (entitlement.programme, entitlement.item)
        if any((each.programme, each.item) == place for each in known):
            return False
        known.append(entitlement)
        self._new.append(entitlement)
        return True

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            all_new(self.work.bulk.add_entitlements(self.scope, new), len(new), "entitlement")


class EnrolmentsTogether(Together):
    """Covers that begin with a pack: whether each is new is checked when all are written."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "enrolments")
        self._new: list[Enrolment] = []

    def add(self, scope: Scope, enrolment: Enrolment) -> bool:  # noqa: ARG002 - the port's
        self._new.append(enrolment)
        return True

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            all_new(self.work.bulk.add_enrolments(self.scope, new), len(new), "enrolment")


class ParticipationsTogether(Together):
    """Records that a payment arrived: whether each is new is checked when all are written."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "participations")
        self._new: list[Participation] = []

    def add(self, scope: Scope, record: Participation) -> bool:  # noqa: ARG002 - the port's
        self._new.append(record)
        return True

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            count = self.work.bulk.add_participations(self.scope, new)
            all_new(count, len(new), "participation")


class PackTogether:
    """What an activation, or a payment that arrives, gives to people."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        self._work, self._scope = work, scope
        self.entitlements = EntitlementsTogether(work, scope, held)
        self.enrolments = EnrolmentsTogether(work, scope, held)
        self.participations = ParticipationsTogether(work, scope, held)

    def fetch(self, people: Sequence[PersonId]) -> None:
        """Fetch what *people* were given."""
        given: dict[PersonId, list[Entitlement]] = {person: [] for person in people}
        for each in self._work.entitlements.of_people(self._scope, people) if people else ():
            given[each.person].append(each)
        self.entitlements.given = given
