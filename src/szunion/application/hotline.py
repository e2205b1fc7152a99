"""Know how a 12351 operator serves one caller: identified by answers, masked, for a while (热线).

A document that is on file and one that is not get the same answer, and the same work is done for
both: what is looked up, what is compared, what is counted and what is written into the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.card_holds import place_hold
from szunion.application.masked import MaskedFile, masked_file
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.calls import (
    LONGEST_HOLD,
    RIGHT,
    Challenge,
    Ticket,
    Tries,
    right_answers,
)
from szunion.domain.card_files import KeptCard
from szunion.domain.catalogue import Topic
from szunion.domain.holds import HoldReason
from szunion.domain.identity import IdentityDocument
from szunion.domain.values import CardId, OrganisationId, PersonId
from szunion.errors import InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork

_NOBODY: Final = PersonId(0)
"""Whose file is looked up when there is none, so that nothing is saved by being unknown."""
_MOST: Final = 200
"""How many waiting tickets are shown at once."""
_HOUR: Final = timedelta(hours=1)


@frozen
class Opened:
    """The caller is identified: the ticket opens this one member until its time ends."""

    ticket: Ticket


@frozen
class NotOpened:
    """The answers did not do. It is not said why: not even whether there is such a member."""

    left: int
    """How many tries are left; 0: locked."""
    locked_until: datetime | None


Outcome: TypeAlias = Opened | NotOpened


@frozen(kw_only=True)
class HandedOver:
    """A loss that was led to the bank, which alone records it (转银行专线)."""

    ticket: Ticket
    bank_line: str
    card: KeptCard


@frozen
class Hotline:
    """The desk of a 12351 operator (12351坐席)."""

    office: Office
    by: Principal

    @property
    def questions(self) -> Sequence[Challenge]:
        """What a caller is asked: the same three, whoever calls."""
        return self.office.policy.access.challenge

    @property
    def topics(self) -> Sequence[Topic]:
        """What a call can be about (来电事项): the city's own list."""
        return self.office.catalogue.topics

    @one_commit
    def take(self, work: UnitOfWork, topic: str) -> Ticket:
        """Take a call (接听): a ticket that opens nobody yet.

        Args:
            work: Given by the office.
            topic: The id of one of :attr:`topics`.

        Raises:
            NotFound: the city has no such topic; the error names those it has (E-HOTLINE-005).
        """
        scope = authorise(work, self.by, Operation.CALL_TAKE)
        if self.office.catalogue.topic(topic) is None:
            raise NotFound("E-HOTLINE-005", topic=topic or "—", **self._known_topics())
        ticket = Ticket(id=work.ids.new(), clerk=self.by.id, topic=topic, taken=work.now)
        work.calls.add(scope, ticket)
        self._log(work, scope, "ticket.take", ticket, reason=topic)
        return ticket

    @one_commit
    def open(
        self, work: UnitOfWork, ticket: int, id_number: str, answers: Mapping[Challenge, str]
    ) -> Outcome:
        """Identify the caller by two of three answers, and open that one member (核身).

        Whomever the operator had open before is closed. A wrong answer is counted for the document
        and for the operator; too many lock the one or the other.

        Args:
            work: Given by the office.
            ticket: A ticket that the operator took.
            id_number: The whole document number that the caller names.
            answers: What the caller answered to :attr:`questions`.

        Raises:
            NotFound: the ticket is not there, not the operator's, or done with (E-HOTLINE-001).
            InvalidInput: the number is not well-formed (E-VALUE-002).
        """
        scope = authorise(work, self.by, Operation.CALL_TAKE)
        mine = self._mine(work, ticket)
        document = IdentityDocument.read(id_number)
        who, known = self._known(work, scope, document)
        right = right_answers(self.questions, known, answers)
        counted = self._subjects(work, document)
        tries = {subject: work.calls.tries(scope, subject) for subject in counted}
        locked = any(each.locked(work.now) for each in tries.values())
        if locked or right < RIGHT or who == _NOBODY:
            return self._missed(work, scope, mine, who, tries, counted)
        work.calls.count(scope, next(iter(counted)), Tries())
        if (other := work.calls.opening(scope, self.by.id)) is not None:
            work.calls.put(scope, other.answered())
            self._log(work, scope, "ticket.close", other)
        rules = self.office.policy.access
        opened = mine.opened(who, work.now + timedelta(minutes=rules.call_minutes))
        work.calls.put(scope, opened)
        self._log(work, scope, "ticket.open", opened)
        return Opened(evolve(opened, version=opened.version + 1))

    @one_commit
    def file(self, work: UnitOfWork) -> MaskedFile:
        """Return the caller whom the ticket opens, masked, and write down that it was read.

        Raises:
            NotAllowed: no ticket opens a member now (E-ACCESS-011).
        """
        scope = authorise(work, self.by, Operation.CALL_FILE)
        reading = authorise(work, self.by, Operation.ORGANISATION_READ)
        seen = masked_file(self.office, work, scope, reading, self._caller(scope))
        self._log(work, scope, "ticket.file", self._mine(work, self.by.ticket))
        return seen

    @one_commit
    def protect(self, work: UnitOfWork, *, hours: int, note: str = "") -> KeptCard:
        """Lock the caller's card for a time (保护性锁定): it ends by itself, nobody extends it.

        Raises:
            InvalidInput: longer than the city allows, 72 hours at most (E-HOTLINE-003).
            NotFound: the caller has no current card (E-HOTLINE-002).
        """
        scope = authorise(work, self.by, Operation.CALL_FILE)
        return self._protected(work, scope, hours, note)

    @one_commit
    def hand_over(self, work: UnitOfWork, *, note: str = "") -> HandedOver:
        """Lead a loss to the bank's own line, and protect the card meanwhile (转银行挂失).

        The bank alone records a loss. The ticket is done with, and opens nobody any more.

        Raises:
            NotFound: the caller has no current card (E-HOTLINE-002).
        """
        scope = authorise(work, self.by, Operation.CALL_FILE)
        kept = self._protected(work, scope, self._longest() // _HOUR, note)
        ticket = self._mine(work, self.by.ticket).forwarded()
        work.calls.put(scope, ticket)
        self._log(work, scope, "ticket.forward", ticket, reason=HoldReason.REPORTED_LOST.value)
        line = self.office.policy.access.bank_line
        return HandedOver(ticket=ticket, bank_line=line, card=kept)

    @one_commit
    def close(self, work: UnitOfWork, *, note: str = "") -> Ticket:
        """Close the ticket, answered within the call (答复并办结): the member is closed too."""
        scope = authorise(work, self.by, Operation.CALL_FILE)
        ticket = self._mine(work, self.by.ticket).answered()
        work.calls.put(scope, ticket)
        self._log(work, scope, "ticket.close", ticket, reason=note[:200])
        return ticket

    # --- whose a ticket is ------------------------------------------------------------------

    @one_look
    def waiting(self, work: UnitOfWork) -> Sequence[Ticket]:
        """Return tickets that are not done with, oldest first (待办工单): one's own; the city all.

        They do not say whom they open: that is between the caller and the operator.
        """
        scope = authorise(work, self.by, Operation.CALL_GIVE)
        own = self.by.id if self.by.role is Role.HOTLINE else None
        found = work.calls.waiting(scope, own, _MOST)
        return [evolve(each, person=None, until=None) for each in found]

    @one_commit
    def give(self, work: UnitOfWork, ticket: int, clerk: str, *, why: str = "") -> Ticket:
        """Give a ticket to another operator (派单、交接): one's own; the city federation any.

        It opens nobody any more: who takes over identifies the caller anew.

        Raises:
            NotFound: the ticket is not there, not the operator's, or done with (E-HOTLINE-001); or
                no operator has that login (E-HOTLINE-004).
        """
        scope = authorise(work, self.by, Operation.CALL_GIVE)
        held = self._mine(work, ticket)
        if not clerk.strip() or not self._operator(work, clerk.strip()):
            raise NotFound("E-HOTLINE-004")
        given = held.given(clerk.strip())
        work.calls.put(scope, given)
        self._log(work, scope, "ticket.give", held, reason=f"{given.clerk} {why.strip()[:200]}")
        return evolve(given, version=given.version + 1)

    @one_commit
    def settle(self, work: UnitOfWork, ticket: int, *, note: str = "") -> Ticket:
        """Be done with a ticket, whether it opened somebody or not (办结): as :meth:`give`.

        Raises:
            NotFound: the ticket is not there, not the operator's, or done with (E-HOTLINE-001).
        """
        scope = authorise(work, self.by, Operation.CALL_GIVE)
        done = self._mine(work, ticket).answered()
        work.calls.put(scope, done)
        self._log(work, scope, "ticket.close", done, reason=note.strip()[:200])
        return evolve(done, person=None, until=None, version=done.version + 1)

    # --- within -----------------------------------------------------------------------------

    def _known_topics(self) -> Mapping[str, str]:
        """Return the city's topics in words, in both languages."""
        return {
            "topics": "、".join(f"{each.id} {each.name.zh}" for each in self.topics) or "—",
            "topics_en": ", ".join(f"{each.id} ({each.name.en})" for each in self.topics) or "—",
        }

    def _known(
        self, work: UnitOfWork, scope: Scope, document: IdentityDocument
    ) -> tuple[PersonId, Mapping[Challenge, frozenset[str]]]:
        """Return who holds a document and what he or she must know; nobody's file is empty."""
        who = work.people.find(scope, document) or _NOBODY
        person = work.people.get(scope, who)
        membership = work.members.newest(scope, who)
        at = OrganisationId(0) if membership is None else membership.organisation
        union = work.organisations.get(scope, at)
        kept = work.cards.current(scope, who, self.office.policy.cards.programme)
        if kept is None:  # what a card would have cost
            work.cards.facts(scope, CardId(0))
        mobile = None if person is None else person.mobile
        since = None if membership is None else membership.since
        known = {
            Challenge.MOBILE: () if mobile is None else (mobile.plain(),),
            Challenge.UNION: () if union is None else (union.name, union.code),
            Challenge.CARD: () if kept is None else (kept.card.last_four,),
            Challenge.JOINED: () if since is None else (f"{since:%Y-%m}",),
        }
        return who if person is not None else _NOBODY, {
            each: frozenset(words) for each, words in known.items()
        }

    def _subjects(self, work: UnitOfWork, document: IdentityDocument) -> Mapping[str, int]:
        """Return for what a wrong answer counts, and how many lock it: the document, the clerk."""
        rules = self.office.policy.access
        number = f"{document.kind.value}:{document.number.plain()}"
        key = work.vault.request_key(f"challenge:{number}").text
        return {key: rules.wrong_answers, f"clerk:{self.by.id}": rules.clerk_wrong_answers}

    def _missed(  # noqa: PLR0913, PLR0917 - who tried, for whom, and how often before
        self,
        work: UnitOfWork,
        scope: Scope,
        ticket: Ticket,
        who: PersonId,
        tries: Mapping[str, Tries],
        most: Mapping[str, int],
    ) -> NotOpened:
        lock = timedelta(hours=self.office.policy.access.lock_hours)
        now = {
            subject: before.missed(work.now, most=most[subject], lock=lock)
            for subject, before in tries.items()
        }
        for subject, after in now.items():
            work.calls.count(scope, subject, after)
        # The member finds it in the access log; whoever called learns nothing from it.
        self._log(work, scope, "ticket.wrong", evolve(ticket, person=who))
        ends = [each.locked_until for each in now.values() if each.locked(work.now)]
        until = max((each for each in ends if each is not None), default=None)
        left = min(most[subject] - after.wrong for subject, after in now.items())
        return NotOpened(left=0 if until is not None else left, locked_until=until)

    def _mine(self, work: UnitOfWork, ticket: int) -> Ticket:
        """Return a ticket that waits and is one's own; any one, for the city federation."""
        found = work.calls.ticket(ticket)
        mine = found is not None and (found.clerk == self.by.id or self.by.role is Role.CITY)
        if found is None or not mine or not found.waits:
            raise NotFound("E-HOTLINE-001")
        return found

    def _operator(self, work: UnitOfWork, login: str) -> bool:
        """Return whether a login is an operator's now; of one never registered the host knows."""
        posts = work.officers.posts(login)
        return not posts or any(each.role is Role.HOTLINE and each.held(work.now) for each in posts)

    def _caller(self, scope: Scope) -> PersonId:
        who = scope.only_person
        assert who is not None, "a ticket opens one person"
        return who

    def _protected(self, work: UnitOfWork, scope: Scope, hours: int, note: str) -> KeptCard:
        if not _HOUR <= timedelta(hours=hours) <= self._longest():
            raise InvalidInput("E-HOTLINE-003", hours=self._longest() // _HOUR)
        who, programme = self._caller(scope), self.office.policy.cards.programme
        kept = work.cards.current(scope, who, programme)
        if kept is None:
            raise NotFound("E-HOTLINE-002")
        until = work.now + timedelta(hours=hours)
        return place_hold(
            self.office, work, scope, kept, HoldReason.REPORTED_LOST, until=until, note=note[:200]
        )

    def _longest(self) -> timedelta:
        return min(self.office.policy.hotline_hold_limit(), LONGEST_HOLD)

    def _log(
        self, work: UnitOfWork, scope: Scope, action: str, ticket: Ticket, reason: str = ""
    ) -> None:
        entry = AuditEntry(
            action=action, subject=ticket.id, person=ticket.person or _NOBODY,
            after=ticket.state.value, reason=reason,
        )  # fmt: skip
        work.audit.add(scope, entry)
