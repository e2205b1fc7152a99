"""Know how the words of an answer are written down: one by one, or from signed paper (同意流水)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.consent import (
    RECIPIENTS,
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
from szunion.domain.readable import check_readable
from szunion.domain.values import PersonId, shard_of
from szunion.ports.storage import UnitOfWork

_E = ConsentEvent


@frozen(kw_only=True)
class Pen:
    """What all words of one commit have in common."""

    work: UnitOfWork
    scope: Scope
    channel: Channel
    proof: Proof
    by_guardian: bool = False

    def word(
        self, event: ConsentEvent, person: PersonId, notice: Notice, recipient: str, consent: int
    ) -> ConsentWord:
        return ConsentWord(
            id=self.work.ids.new(shard_of(person)), consent=consent, person=person, event=event,
            purpose=notice.purpose, recipient=recipient, notice=notice.id, sha256=notice.sha256,
            channel=self.channel, at=self.work.now, by_guardian=self.by_guardian,
            proof=self.proof,
        )  # fmt: skip

    def fresh(
        self, person: PersonId, notice: Notice, recipient: str, *events: ConsentEvent
    ) -> list[ConsentWord]:
        """Return the words of a new answer: asked, and what was said."""
        id_ = self.work.ids.new(shard_of(person))
        return [self.word(each, person, notice, recipient, id_) for each in (_E.ASK, *events)]

    def keep(self, words: Sequence[ConsentWord]) -> None:
        """Keep words, and the log's entries of what was said last by each person.

        Raises:
            InvalidInput: what proves them, or a recipient, is no readable text (E-VALUE-002).
        """
        proof = self.proof
        check_readable(proof.login, proof.device, proof.paper, proof.image)
        check_readable(*{word.recipient for word in words})
        self.work.consents.add_many(self.scope, words)
        last = {word.consent: word for word in words}
        self.work.audit.add_many(
            self.scope,
            [
                AuditEntry(
                    action=f"consent.{word.event.value}",
                    subject=word.consent,
                    person=word.person,
                    after=f"{word.purpose.value}:{word.recipient}",
                    reason=word.proof.paper or f"{word.notice} {word.channel.value}",
                )
                for word in last.values()
            ],
        )


def on_paper(  # noqa: PLR0913, PLR0917 - whose, for what, on which paper
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    people: Iterable[PersonId],
    purpose: ConsentPurpose,
    paper: str,
) -> int:
    """Enter the consents on signed paper of many people; return of how many they are new.

    Whoever consents already is left alone, and so is whoever has refused or withdrawn: only the
    person can change that, by paper of his or her own.
    """
    notice = current(office.policy.privacy.notices)[purpose]
    whom = RECIPIENTS[purpose]
    wanted = sorted(set(people))
    known = work.consents.of_people(scope, wanted)
    pen = Pen(
        work=work, scope=scope, channel=Channel.PAPER,
        proof=Proof(login=scope.principal.id, paper=paper),
        by_guardian=purpose.of_a_child,
    )  # fmt: skip
    words: list[ConsentWord] = []
    new = 0
    for person in wanted:
        answer = newest(folded(known.get(person, ())), purpose, whom)
        stands = standing_of(answer, notice.sha256)
        if stands in {ConsentStanding.NONE, ConsentStanding.OLD_TEXT}:
            words += superseding(pen, answer, notice, whom)
            words += pen.fresh(person, notice, whom, _E.GIVE)
            new += 1
        elif stands is ConsentStanding.PENDING and answer is not None:
            words += answering(pen, answer, notice, whom, _E.GIVE)
            new += 1
    pen.keep(words)
    return new


def superseding(
    pen: Pen, answer: Consent | None, notice: Notice, recipient: str
) -> list[ConsentWord]:
    """Return the word that ends a given answer to an older text."""
    if answer is None or answer.state is not ConsentState.GIVEN:
        return []
    return [pen.word(_E.SUPERSEDE, answer.person, notice, recipient, answer.id)]


def answering(
    pen: Pen, answer: Consent, notice: Notice, recipient: str, event: ConsentEvent
) -> list[ConsentWord]:
    """Return the words that answer a question that waits; to another text it is asked anew."""
    if answer.state is ConsentState.ASKED and answer.sha256 == notice.sha256:
        return [pen.word(event, answer.person, notice, recipient, answer.id)]
    return pen.fresh(answer.person, notice, recipient, event)
