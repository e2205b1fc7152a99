"""Know how people are asked, answer and withdraw, and which operations wait for the answer (同意).

Each purpose and recipient is asked for by itself. What an officer enters rests on signed paper;
what comes with a roster is no consent, but a question that waits for the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.consent_gate import refused
from szunion.application.consent_stops import stop_what_rests_on
from szunion.application.consent_words import Pen, answering, on_paper, superseding
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Purpose, Role, Scope
from szunion.domain.consent import (
    CONSENT,
    RECIPIENTS,
    REFUSALS,
    Channel,
    Consent,
    ConsentEvent,
    ConsentPurpose,
    ConsentStanding,
    ConsentState,
    ConsentWord,
    Proof,
    folded,
    newest,
    standing_of,
)
from szunion.domain.consent_notices import Notice, current
from szunion.domain.values import PersonId
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

_E = ConsentEvent
_P = ConsentPurpose


@frozen(kw_only=True)
class Answer:
    """How a person stands to one purpose and recipient (同意现状)."""

    purpose: ConsentPurpose
    recipient: str
    standing: ConsentStanding
    consent: Consent | None


@frozen(kw_only=True)
class Withdrawn:
    """What a withdrawal did at once, and what runs on elsewhere (撤回的结果)."""

    consent: Consent
    cancelled: Mapping[str, int]
    """How many of our own things stopped, by noun: applications, claims, covers, numbers."""
    at_recipient: int
    """How many things the recipient has already; it handles them on its own ground."""


@frozen
class Consents:
    """The desk of consents (同意)."""

    office: Office
    by: Principal

    def notice(self, purpose: ConsentPurpose) -> Notice:
        """Return the text that is to be shown for *purpose* now (告知)."""
        return current(self.office.policy.privacy.notices)[purpose]

    @one_commit
    def ask(
        self,
        work: UnitOfWork,
        people: Iterable[PersonId],
        purpose: ConsentPurpose,
        recipient: str | None = None,
    ) -> int:
        """Put a question to people, to be answered by themselves (征求); return to how many.

        Nothing may be processed on this ground until they have answered.
        """
        scope = self._scope(work)
        notice, whom = self.notice(purpose), recipient or RECIPIENTS[purpose]
        here = [each.id for each in work.people.many(scope, list(people))]
        known = work.consents.of_people(scope, here)
        pen = Pen(
            work=work, scope=scope, channel=Channel.LIST, proof=Proof(login=self.by.id)
        )  # fmt: skip
        fresh = [
            pen.fresh(person, notice, whom)
            for person in here
            if standing_of(newest(folded(known.get(person, ())), purpose, whom), notice.sha256)
            is ConsentStanding.NONE
        ]
        pen.keep([word for words in fresh for word in words])
        for words in fresh:
            fields = {"purpose": purpose.label, "purpose_en": purpose.label_en}
            work.messages.add(scope, words[0].person, "consent.ask", fields)
        return len(fresh)

    @one_commit
    def give(  # noqa: PLR0913 - an answer with its proof
        self,
        work: UnitOfWork,
        person: PersonId,
        purpose: ConsentPurpose,
        *,
        recipient: str | None = None,
        shown: str | None = None,
        channel: Channel = Channel.PORTAL,
        proof: Proof = Proof(),  # noqa: B008 - a frozen value
        guardian: bool = False,
    ) -> Consent:
        """Consent (同意): by the person, or entered by an officer from signed paper.

        Args:
            work: Given by the office.
            person: Whose consent it is.
            purpose: To what; each has a consent of its own.
            recipient: To whom data go; None: whom the purpose names.
            shown: The hash of the text that was shown; None: the present one was.
            channel: How it came; what an officer enters is always paper.
            proof: What proves it; an officer gives the paper's number.
            guardian: Whether a guardian gives it for a child.

        Raises:
            NotFound: not within reach (E-ACCESS-002).
            InvalidInput: an officer names no paper (E-CONSENT-005).
            NotAllowed: it is a guardian's to give (E-CONSENT-004).
            Conflict: another text was shown than the present one (E-CONSENT-007).
        """
        scope, pen = self._writing(work, person, channel, proof, guardian=guardian)
        if purpose.of_a_child and not guardian:
            raise NotAllowed("E-CONSENT-004")
        return self._answered(work, scope, pen, person, purpose, recipient, shown, _E.GIVE)

    @one_commit
    def refuse(  # noqa: PLR0913 - an answer with its proof
        self,
        work: UnitOfWork,
        person: PersonId,
        purpose: ConsentPurpose,
        *,
        recipient: str | None = None,
        channel: Channel = Channel.PORTAL,
        proof: Proof = Proof(),  # noqa: B008 - a frozen value
    ) -> Consent:
        """Refuse (不同意): no service that does not need the data is refused for it."""
        scope, pen = self._writing(work, person, channel, proof)
        return self._answered(work, scope, pen, person, purpose, recipient, None, _E.REFUSE)

    @one_commit
    def withdraw(  # noqa: PLR0913 - an answer with its proof
        self,
        work: UnitOfWork,
        person: PersonId,
        purpose: ConsentPurpose,
        *,
        recipient: str | None = None,
        channel: Channel = Channel.PORTAL,
        proof: Proof = Proof(),  # noqa: B008 - a frozen value
    ) -> Withdrawn:
        """Withdraw a consent (撤回): no reason is asked for, and it holds from this commit on.

        What has not left is cancelled in the same commit; what the recipient has already is
        counted and told to the person.

        Raises:
            Conflict: there is nothing to withdraw (E-CONSENT-006).
        """
        scope, pen = self._writing(work, person, channel, proof)
        whom = recipient or RECIPIENTS[purpose]
        answer = newest(folded(work.consents.of_person(scope, person)), purpose, whom)
        if answer is None or CONSENT.transition(answer.state, _E.WITHDRAW) is None:
            state = ConsentState.ASKED if answer is None else answer.state
            raise Conflict(
                "E-CONSENT-006", current=state, allowed=(), purpose=purpose.label,
                purpose_en=purpose.label_en,
            )  # fmt: skip
        word = pen.word(_E.WITHDRAW, person, self.notice(purpose), whom, answer.id)
        pen.keep([word])
        # What stops lies in files of the union and of the bank desk: the engine follows the word.
        following = Principal(id=self.by.id, role=Role.ENGINE, purpose=Purpose.OPERATE)
        reaching = authorise(work, following, Operation.BANK_DESK)
        cancelled, there = stop_what_rests_on(self.office, work, reaching, person, purpose)
        fields = {
            "purpose": purpose.label, "purpose_en": purpose.label_en, "there": str(there),
            "cancelled": str(sum(cancelled.values())),
        }  # fmt: skip
        work.messages.add(scope, person, "consent.withdrawn", fields)
        return Withdrawn(consent=answer.after(word), cancelled=cancelled, at_recipient=there)

    @one_commit
    def enter(
        self, work: UnitOfWork, people: Iterable[PersonId], purpose: ConsentPurpose, paper: str
    ) -> int:
        """Enter the signed papers of many people at once (批量录入签字纸件).

        Returns:
            Of how many a consent is new.

        Raises:
            InvalidInput: no paper is named (E-CONSENT-005).
        """
        scope = self._scope(work)
        if not paper.strip():
            raise InvalidInput("E-CONSENT-005")
        here = [each.id for each in work.people.many(scope, list(people))]
        return on_paper(self.office, work, scope, here, purpose, paper.strip())

    @one_look
    def of(self, work: UnitOfWork, person: PersonId) -> Sequence[Answer]:
        """Return how a person stands to every purpose, and to each recipient ever named."""
        scope = authorise(work, self.by, Operation.CONSENT_READ)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        answers = folded(work.consents.of_person(scope, person))
        named = {(each.purpose, each.recipient) for each in answers}
        pairs = named | {(purpose, whom) for purpose, whom in RECIPIENTS.items()}
        return [
            Answer(
                purpose=purpose, recipient=whom, consent=(last := newest(answers, purpose, whom)),
                standing=standing_of(last, self.notice(purpose).sha256),
            )
            for purpose, whom in sorted(pairs, key=lambda pair: (list(_P).index(pair[0]), pair[1]))
        ]  # fmt: skip

    @one_look
    def history(self, work: UnitOfWork, person: PersonId) -> Sequence[ConsentWord]:
        """Return every word that was ever written of a person's consents, oldest first."""
        scope = authorise(work, self.by, Operation.CONSENT_READ)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        return work.consents.of_person(scope, person)

    @one_look
    def check(
        self,
        work: UnitOfWork,
        person: PersonId,
        purpose: ConsentPurpose,
        recipient: str | None = None,
    ) -> None:
        """Check that a person consents now: for operations of a city's own (E-CONSENT-001 to 003).

        Raises:
            NotFound: not within reach (E-ACCESS-002).
            NotAllowed: the person does not.
        """
        scope = authorise(work, self.by, Operation.CONSENT_READ)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        whom = recipient or RECIPIENTS[purpose]
        answer = newest(folded(work.consents.of_person(scope, person)), purpose, whom)
        stands = standing_of(answer, self.notice(purpose).sha256)
        if stands is not ConsentStanding.GIVEN:
            raise refused(REFUSALS[stands], purpose)

    # --- within -----------------------------------------------------------------------------

    def _scope(self, work: UnitOfWork) -> Scope:
        return authorise(work, self.by, Operation.CONSENT_WRITE)

    def _writing(
        self,
        work: UnitOfWork,
        person: PersonId,
        channel: Channel,
        proof: Proof,
        *,
        guardian: bool = False,
    ) -> tuple[Scope, Pen]:
        scope = self._scope(work)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        own = self.by.role is Role.MEMBER
        if not own and not proof.paper.strip():
            raise InvalidInput("E-CONSENT-005")
        told = Proof(
            login=proof.login or self.by.id, device=proof.device, paper=proof.paper.strip(),
            image=proof.image,
        )  # fmt: skip
        pen = Pen(
            work=work, scope=scope, channel=channel if own else Channel.PAPER, proof=told,
            by_guardian=guardian,
        )  # fmt: skip
        return scope, pen

    def _answered(  # noqa: PLR0913, PLR0917 - an answer with its proof
        self,
        work: UnitOfWork,
        scope: Scope,
        pen: Pen,
        person: PersonId,
        purpose: ConsentPurpose,
        recipient: str | None,
        shown: str | None,
        event: ConsentEvent,
    ) -> Consent:
        notice, whom = self.notice(purpose), recipient or RECIPIENTS[purpose]
        if shown is not None and shown != notice.sha256:
            raise Conflict("E-CONSENT-007", current=notice.id, allowed=(), notice=notice.id)
        known = work.consents.of_person(scope, person)
        answer = newest(folded(known), purpose, whom)
        if event is _E.GIVE and standing_of(answer, notice.sha256) is ConsentStanding.GIVEN:
            assert answer is not None
            return answer
        words = superseding(pen, answer, notice, whom)
        if answer is None:
            words += pen.fresh(person, notice, whom, event)
        else:
            words += answering(pen, answer, notice, whom, event)
        pen.keep(words)
        made = newest(folded([*known, *words]), purpose, whom)
        assert made is not None
        return made
