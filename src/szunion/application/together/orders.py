"""Know how what is asked of the bank about cards is read ahead and held back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from szunion.application.together.cards import CardsTogether
from szunion.application.together.held import Held, Together
from szunion.domain.access import Scope
from szunion.domain.instructions import Instruction
from szunion.domain.outbox import Dispatch
from szunion.domain.values import CardId
from szunion.ports.storage import UnitOfWork


class InstructionsTogether(Together):
    """Instructions to the bank: :class:`szunion.ports.storage.cards.Instructions`.

    Most notices lead to none. So they are fetched when the first is asked for, of all the cards
    that are at hand then; a card that is held back itself has none in the store.
    """

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held, cards: CardsTogether) -> None:
        super().__init__(work, scope, held, "instructions")
        self._cards = cards
        self._known: dict[CardId, list[Instruction]] = {}
        self._fetched = False
        self._new: list[Instruction] = []

    def forget(self) -> None:
        self._known = {}

    def of_card(self, scope: Scope, card: CardId) -> Sequence[Instruction]:
        if not self._fetched:
            self._fetch()
        if card not in self._known:
            if not self._cards.waits(card):
                self.held.write()
                return self.work.instructions.of_card(scope, card)
            self._known[card] = []
        return tuple(self._known[card])

    def _fetch(self) -> None:
        self._fetched = True
        cards = self._cards.fetched()
        self._known = {card: [] for card in cards}
        for each in self.work.bulk.instructions(self.scope, cards) if cards else ():
            self._known[each.card].append(each)

    def add(self, scope: Scope, instruction: Instruction) -> None:
        known = self._known.get(instruction.card)
        if known is None:
            self.held.write()
            self.work.instructions.add(scope, instruction)
            return
        known.append(instruction)
        self._new.append(instruction)

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            self.work.bulk.add_instructions(self.scope, new)


class OutboxTogether(Together):
    """The outbox: what is queued goes there in one set."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "outbox")
        self._new: list[Dispatch] = []

    def add(self, scope: Scope, dispatch: Dispatch) -> None:  # noqa: ARG002 - the port's
        self._new.append(dispatch)

    def add_many(self, scope: Scope, dispatches: Iterable[Dispatch]) -> None:  # noqa: ARG002
        self._new.extend(dispatches)

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            self.work.outbox.add_many(self.scope, new)
