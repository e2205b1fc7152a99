"""Know how messages to people become letters and are handed over, without blocking anything.

A set is leased, handed over outside any transaction, and ended; with the end of one the next is
leased. A worker that dies in between has delayed its set by the lease. Every letter is handed over
at least once (see the notifier's port).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, assert_never

from attrs import field, frozen

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.messages import Message, MessageSet, MessageState
from szunion.domain.values import of_columns
from szunion.domain.wording import MESSAGES
from szunion.domain.wording_bookings import BOOKING_MESSAGES
from szunion.domain.wording_cards import CARD_MESSAGES
from szunion.domain.wording_privacy import PRIVACY_MESSAGES
from szunion.domain.wording_services import SERVICE_MESSAGES
from szunion.ports.notifier import Delivery, Letter, Notifier
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

MOST_TRIES: Final = 8
LEASE: Final = timedelta(minutes=2)
"""How long a worker may be about one set before others believe that it is dead."""
TOGETHER: Final = 500
"""How many letters are a set."""
_CALL: Final = timedelta(seconds=30)
"""How long the notifier may be about one letter."""
_TURN: Final = timedelta(seconds=1)
"""How long a worker goes on from set to set before it looks after other things."""
_FIRST: Final = timedelta(minutes=1)
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
        """Hand over letters that are due, a set or, quickly, several; return if there were any.

        Raises:
            Exception: what the notifier raised, when the letters up to there have been kept.
        """
        over = self.office.clock.now() + _TURN
        taken = found = self.office.storage.run(self._lease, guarded=True)
        while taken is not None:
            taken = self._set(taken, over)
        return found is not None

    def _lease(self, work: UnitOfWork) -> MessageSet | None:
        return work.messages.lease(self._scope(work), work.now, work.now + LEASE, TOGETHER)

    def _set(self, taken: MessageSet, over: datetime) -> MessageSet | None:
        """Hand a set over, and give it back; return the next one, if it is wanted and there."""
        letters = self.office.storage.read(lambda work: self._letters(work, taken.messages))
        told: list[tuple[Message, Delivery]] = []
        try:
            self._hand_over(letters, taken.until, told)
        except Exception:
            self._give_back(taken, told)
            raise
        whole = len(told) == TOGETHER  # else there was no more, or no time
        return self._give_back(taken, told, on=whole and self.office.clock.now() < over)

    def _hand_over(
        self, letters: Iterable[Letter], until: datetime, told: list[tuple[Message, Delivery]]
    ) -> None:
        """Hand over one after the other, and note of each what became of it in *told*."""
        now, last = self.office.clock.now, until - _CALL
        for letter in letters:
            if now() > last:
                return  # nobody may be about a letter when its lease ends; the rest is given back
            if letter.words is _NO_WORDS:
                # It stays in the person's list, given up, for a look.
                told.append((letter.message, Delivery.IMPOSSIBLE))
                continue
            try:
                told.append((letter.message, self.notifier.deliver(letter)))
            except Exception:
                told.append((letter.message, Delivery.LATER))
                raise

    def _letters(self, work: UnitOfWork, taken: Sequence[Message]) -> list[Letter]:
        people = [each.person for each in taken]
        mobiles = work.people.mobiles(self._scope(work), set(people))
        return of_columns(Letter, taken, list(map(mobiles.get, people)), self._words_of(taken))

    def _words_of(self, taken: Sequence[Message]) -> list[Text]:
        """Return the words of each; what a crowd is told is said in one object, and put once."""
        known: dict[tuple[str, int], Text] = {}
        found = []
        for message in taken:
            told = message.template, id(message.fields)
            words = known.get(told)
            if words is None:
                words = known[told] = self._words(message)
            found.append(words)
        return found

    def _words(self, message: Message) -> Text:
        """Return the words of *message*; ``_NO_WORDS``: its template or a field is not known."""
        words = self.texts.get(message.template, _NO_WORDS)
        try:
            put = Text(words.zh.format_map(message.fields), words.en.format_map(message.fields))
        except (KeyError, IndexError, ValueError):
            return _NO_WORDS
        return _NO_WORDS if put == _NO_WORDS else put

    def _give_back(
        self, taken: MessageSet, told: list[tuple[Message, Delivery]], *, on: bool = False
    ) -> MessageSet | None:
        """Give the set back, keep which ways its letters went, and lease the next to go *on*.

        The next one last: who leases keeps all others from it until the commit.
        """

        def end(work: UnitOfWork) -> MessageSet | None:
            alike = defaultdict[tuple[Delivery, int], list[int]](list)
            for message, delivery in told:
                alike[delivery, message.attempts].append(message.id)
            ways = defaultdict[tuple[MessageState, datetime], list[int]](list)
            for (delivery, attempts), ids in alike.items():
                ways[_after(delivery, attempts, work.now)] += ids
            work.messages.end(self._scope(work), taken, ways)
            return self._lease(work) if on else None

        return self.office.storage.run(end, guarded=True)

    def _scope(self, work: UnitOfWork) -> Scope:
        return authorise(work, self.by, Operation.BANK_DESK)


def _after(delivery: Delivery, attempts: int, now: datetime) -> tuple[MessageState, datetime]:
    """Return what becomes of a letter after so many attempts, and when it is due if it waits."""
    match delivery:
        case Delivery.DELIVERED:
            return MessageState.DELIVERED, now
        case Delivery.IMPOSSIBLE:
            return MessageState.GIVEN_UP, now
        case Delivery.LATER if attempts + 1 >= MOST_TRIES:
            return MessageState.GIVEN_UP, now
        case Delivery.LATER:
            return MessageState.WAITING, now + _FIRST * 2**attempts
        case _:
            assert_never(delivery)
