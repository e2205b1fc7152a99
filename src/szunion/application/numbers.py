"""Know how a chosen card number is asked for on behalf of a member (吉祥号预留)."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.bank_outcomes import Outcome
from szunion.application.bank_queue import dispatch_of, same_content
from szunion.application.consent_gate import require
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import NumberAnswered
from szunion.domain.bank_requests import Answer, BankRequest, Receipt, ReserveNumber
from szunion.domain.bank_words import Reservation, ReservationId
from szunion.domain.consent import ConsentPurpose
from szunion.domain.inbox import Hearing
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.people import Person
from szunion.domain.values import PersonId, shard_of
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork


@frozen
class Numbers:
    """Card numbers that were asked for (吉祥号)."""

    office: Office
    by: Principal

    @one_commit
    def reserve(self, work: UnitOfWork, person: PersonId, digits: str) -> Reservation:
        """Ask the bank to keep a number with *digits* for a person's next card.

        The same asked for again returns what is under way.

        Raises:
            NotFound: there is no such person (E-PERSON-001).
            Conflict: the bank's adapter does not offer it (E-BANK-011), or other digits are
                reserved for the person already (E-BANK-023).
            InvalidInput: *digits* are not digits (E-BATCH-005).
            NotAllowed: the person does not consent to it (E-CONSENT-001 to 003).
        """
        scope = authorise(work, self.by, Operation.BATCH_APPROVE)
        if ReserveNumber not in self.office.bank_info.accepts:
            kind = DispatchKind.RESERVE_NUMBER
            raise Conflict("E-BANK-011", current=kind, allowed=())
        who = work.people.get(scope, person)
        if who is None:
            raise NotFound("E-PERSON-001")
        require(self.office, work, scope, "number.reserve", ConsentPurpose.BANK, person)
        programme = self.office.policy.cards.programme
        earlier = work.reservations.of_person(scope, person)
        mine = [each for each in earlier if each.programme == programme]
        for each in mine:
            if each.open and each.digits == digits:
                return each
            if each.open:
                raise Conflict("E-BANK-023", current=each.digits, allowed=())
        number = len(mine) + 1
        made = Reservation(
            id=ReservationId(work.ids.new(shard_of(person))),
            person=person,
            programme=programme,
            digits=digits,
            number=number,
            key=work.vault.request_key(f"number:{person}:{programme}:{number}"),
            identity_version=who.present.number,
            asked=work.now,
            asked_by=self.by.id,
        )
        work.reservations.add(scope, made)
        self._queue(work, scope, made, who)
        entry = AuditEntry(action="number.reserve", subject=made.id, person=person, after=digits)
        work.audit.add(scope, entry)
        return made

    def _queue(self, work: UnitOfWork, scope: Scope, made: Reservation, who: Person) -> None:
        request = request_of(made, who)
        shard = shard_of(made.person)
        work.outbox.add(scope, dispatch_of(work, request, made.id, 1, shard=shard))

    @one_look
    def of(self, work: UnitOfWork, person: PersonId) -> Sequence[Reservation]:
        """Return what was asked for a person, oldest first."""
        scope = authorise(work, self.by, Operation.BATCH_READ)
        return work.reservations.of_person(scope, person)


def request_of(reservation: Reservation, person: Person | None) -> ReserveNumber:
    """Return the request, with the identity that was pinned when it was asked for.

    Raises:
        Conflict: that identity is not there any more (E-BATCH-013).
    """
    for version in person.versions if person else ():
        if version.number == reservation.identity_version:
            return ReserveNumber(
                key=reservation.key,
                programme=reservation.programme,
                name=version.name,
                document=version.document,
                digits=reservation.digits,
            )
    raise Conflict("E-BATCH-013", current=1, allowed=())


@frozen
class Reserving:
    """A wish for a number on its way to the bank."""

    office: Office

    def leaving(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch
    ) -> tuple[BankRequest, str]:
        made = _of(work, scope, dispatch)
        request = request_of(made, work.people.get(scope, made.person))
        return request, same_content(work, dispatch, request)

    def unreached(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        """Nothing hangs on it but the dispatch."""

    def no_answer(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        """Nothing hangs on it but the dispatch."""

    def not_found(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> bool:
        return _of(work, scope, dispatch).result is None

    def answered(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch, receipt: Receipt
    ) -> None:
        made = _of(work, scope, dispatch)
        if receipt.answer is Answer.REFUSED and made.result is None:
            work.reservations.put(scope, evolve(made, refused=receipt.bank_code[:64] or "-"))


def _of(work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> Reservation:
    found = work.reservations.get(scope, ReservationId(dispatch.subject))
    if found is None:
        raise NotFound("E-BANK-015")
    return found


def told(work: UnitOfWork, scope: Scope, notice: NumberAnswered) -> Outcome:
    """Follow the bank's word on a number (预留结果)."""
    dispatch = work.outbox.by_key(scope, notice.reservation)
    if dispatch is None or dispatch.kind is not DispatchKind.RESERVE_NUMBER:
        raise NotFound("E-BANK-015")
    made = _of(work, scope, dispatch)
    after = made.told(notice.result, notice.until, notice.told.sequence)
    if after is None:
        return Outcome(hearing=Hearing.LATE, subject=made.id)
    work.reservations.put(scope, after)
    entry = AuditEntry(
        action="number.told",
        subject=made.id,
        person=made.person,
        before=made.result.value if made.result else "",
        after=notice.result.value,
    )
    work.audit.add(scope, entry)
    words = {"result": notice.result.label, "result_en": notice.result.label_en}
    work.messages.add(scope, made.person, "number.answered", words)
    return Outcome(hearing=Hearing.OBEYED, subject=made.id)
