"""Know how messages to people become letters and are handed over, without blocking anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, assert_never

from attrs import evolve, field, frozen

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.messages import Message, MessageState
from szunion.domain.wording import MESSAGES
from szunion.domain.wording_bookings import BOOKING_MESSAGES
from szunion.domain.wording_cards import CARD_MESSAGES
from szunion.domain.wording_privacy import PRIVACY_MESSAGES
from szunion.domain.wording_services import SERVICE_MESSAGES
from szunion.ports.notifier import Delivery, Letter, Notifier
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

MOST_TRIES: Final = 8
_FIRST: Final = timedelta(minutes=1)
_TOGETHER: Final = 100
_NO_WORDS: Final = Text("", "")


@frozen(kw_only=True)
class LetterDesk:
    """Whoever hands letters over (通知). A gateway that is down delays letters and nothing else."""

    office: Office
    by: Principal
    notifier: Notifier
    texts: Mapping[str, Text] = field(
        factory=lambda: {
            **MESSAGES,
            **CARD_MESSAGES,
            **SERVICE_MESSAGES,
            **BOOKING_MESSAGES,
            **PRIVACY_MESSAGES,
        }
    )

    def deliver(self) -> bool:
        """Hand over the letters that are due; return whether there were any."""
        letters = self.office.storage.read(self._ready)
        if not letters:
            return False
        told = [(letter.message, self._hand_over(letter)) for letter in letters]
        self.office.storage.run(lambda work: self._keep(work, told))
        return True

    def _hand_over(self, letter: Letter) -> Delivery:
        if letter.words == _NO_WORDS:
            return Delivery.IMPOSSIBLE  # it stays in the person's list, given up, for a look
        return self.notifier.deliver(letter)

    def _ready(self, work: UnitOfWork) -> list[Letter]:
        scope = self._scope(work)
        due = work.messages.due(scope, work.now, _TOGETHER)
        people = {each.id: each for each in work.people.many(scope, [m.person for m in due])}
        letters = []
        for message in due:
            person = people.get(message.person)
            mobile = person.mobile if person else None
            letters.append(Letter(message, mobile, self._words(message)))
        return letters

    def _words(self, message: Message) -> Text:
        """Return the words of *message*; empty when its template or a field is not known."""
        words = self.texts.get(message.template)
        if words is None:
            return _NO_WORDS
        try:
            return Text(words.zh.format_map(message.fields), words.en.format_map(message.fields))
        except (KeyError, IndexError, ValueError):
            return _NO_WORDS

    def _keep(self, work: UnitOfWork, told: list[tuple[Message, Delivery]]) -> None:
        scope = self._scope(work)
        for message, delivery in told:
            tries = message.attempts + 1
            match delivery:
                case Delivery.DELIVERED:
                    after = evolve(message, state=MessageState.DELIVERED, attempts=tries)
                case Delivery.IMPOSSIBLE:
                    after = evolve(message, state=MessageState.GIVEN_UP, attempts=tries)
                case Delivery.LATER if tries >= MOST_TRIES:
                    after = evolve(message, state=MessageState.GIVEN_UP, attempts=tries)
                case Delivery.LATER:
                    due = work.now + _FIRST * 2**message.attempts
                    after = evolve(message, attempts=tries, due=due)
                case _:
                    assert_never(delivery)
            work.messages.put(scope, after)

    def _scope(self, work: UnitOfWork) -> Scope:
        return authorise(work, self.by, Operation.BANK_DESK)
