"""Know what stands against erasing somebody, what an erasure destroys, and what the law keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from attrs import frozen

from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bookings import BOOKING
from szunion.domain.city_time import day_of
from szunion.domain.claim_files import Claim
from szunion.domain.claims import CLAIM
from szunion.domain.enrolments import ENROLMENT, Enrolment
from szunion.domain.erasing import AT_THE_END, NOW, kept_until, next_due, over
from szunion.domain.instructions import INSTRUCTION
from szunion.domain.inventory import Table, inventory
from szunion.domain.lawful import Retention
from szunion.domain.orders import DISBURSEMENT, Order
from szunion.domain.payouts import Obligation
from szunion.domain.rights import Erasure, ErasureLine, Fate, StillOpen
from szunion.domain.values import ClaimId, PersonId
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork


def everyone(work: UnitOfWork, scope: Scope, person: PersonId) -> tuple[PersonId, ...]:
    """Return all files of a person: the surviving one first, then those merged into it.

    Raises:
        NotFound: there is none, or it was erased (E-ACCESS-002).
    """
    found = work.people.get(scope, person)
    while found is not None and found.merged_into is not None:
        found = work.people.get(scope, found.merged_into)
    if found is None:
        raise NotFound("E-ACCESS-002")
    return (found.id, *work.files.merged(scope, found.id))


def still_open(
    work: UnitOfWork, scope: Scope, people: Sequence[PersonId], request: int = 0
) -> tuple[StillOpen, ...]:
    """Return everything that stands against erasing *people* now; empty: nothing."""
    found = {each for person in people for each in _open_of(work, scope, person, request)}
    waiting = {each for row in work.people.quarantined(scope) for each in (row.person, row.on_file)}
    if waiting & set(people):
        found.add(StillOpen.QUARANTINE)
    return tuple(sorted(found, key=list(StillOpen).index))


def _open_of(work: UnitOfWork, scope: Scope, person: PersonId, request: int) -> Iterable[StillOpen]:
    cards = work.cards.of_person(scope, person)
    owed = work.obligations.of_person(scope, person)
    found = {
        StillOpen.MEMBERSHIP: work.members.open_of(scope, person) is not None,
        StillOpen.TRANSFER: work.transfers.open_of(scope, person) is not None,
        StillOpen.APPLICATION: any(row.open for row in work.rows.of_person(scope, person)),
        StillOpen.CARD: any(kept.card.bank.absorbing is None for kept in cards),
        StillOpen.INSTRUCTION: any(
            each.state not in INSTRUCTION.final
            for kept in cards
            for each in work.instructions.of_card(scope, kept.id)
        ),
        StillOpen.HOLD: any(hold.open for kept in cards for hold in kept.card.holds),
        StillOpen.CLAIM: any(
            each.state not in CLAIM.final for each in work.claims.of_person(scope, person)
        ),
        StillOpen.COVER: any(
            each.state not in ENROLMENT.final for each in work.enrolments.of_person(scope, person)
        ),
        StillOpen.ORDER: any(each.settled < each.fen for each in owed)
        or any(
            order.state not in DISBURSEMENT.final
            for each in owed
            for order in work.orders.of_obligation(scope, each.id)
            if order.state.value not in _STANDS
        ),
        StillOpen.BOOKING: any(
            each.state not in BOOKING.final for each in work.bookings.of_person(scope, person)
        ),
        StillOpen.RESERVATION: any(
            each.open for each in work.reservations.of_person(scope, person)
        ),
        StillOpen.REFERRAL: any(each.open for each in work.referrals.of_person(scope, person)),
        StillOpen.REQUEST: any(
            each.open and each.id != request for each in work.requests.of_person(scope, person)
        ),
    }
    return [each for each, there in found.items() if there]


_STANDS: Final = frozenset({"SETTLED"})
"""Money that arrived may still come back, for ever: it does not wait for anything."""


@frozen(kw_only=True)
class Found:
    """What there is of somebody that an erasure goes through."""

    claims: tuple[Claim, ...]
    owed: tuple[Obligation, ...]
    orders: tuple[Order, ...]
    covers: tuple[Enrolment, ...]

    @property
    def unpaid(self) -> tuple[Claim, ...]:
        """Claims under which nothing was paid: they go at once."""
        return tuple(claim for claim in self.claims if claim.obligation is None)


def found_of(work: UnitOfWork, scope: Scope, people: Sequence[PersonId]) -> Found:
    """Return what there is of *people*."""
    owed = [each for person in people for each in work.obligations.of_person(scope, person)]
    return Found(
        claims=tuple(each for who in people for each in work.claims.of_person(scope, who)),
        covers=tuple(each for who in people for each in work.enrolments.of_person(scope, who)),
        owed=tuple(owed),
        orders=tuple(order for each in owed for order in work.orders.of_obligation(scope, each.id)),
    )


@frozen(kw_only=True)
class _Book:
    """Writes the lines of the answer."""

    office: Office
    today: date

    def line(
        self, table: Table, count: int, ended: date | None = None, subject: int = 0
    ) -> list[ErasureLine]:
        """Return the line of *count* rows of a table by what the inventory says of it."""
        if count == 0 or table.fate is None:
            return []
        terms = self.office.policy.privacy.retention
        until = kept_until(table.after, terms, ended or self.today)
        return [
            ErasureLine(table=table.name, fate=table.fate, count=count, subject=subject,
                 retention=table.after, until=until)
        ]  # fmt: skip

    def voucher(self, table: str, ended: date, subject: int) -> ErasureLine:
        """Return the line of something that is kept because money was paid."""
        terms = self.office.policy.privacy.retention
        until = kept_until(Retention.VOUCHER, terms, ended)
        return ErasureLine(table=table, fate=Fate.KEPT, count=1, subject=subject,
                    retention=Retention.VOUCHER, until=until)  # fmt: skip


def lines_of(
    office: Office, work: UnitOfWork, scope: Scope, people: Sequence[PersonId], found: Found
) -> tuple[ErasureLine, ...]:
    """Return the whole answer: table by table, and thing by thing where a term counts from it."""
    book, tables = _Book(office=office, today=office.clock.today()), inventory()
    apart = {"claim", "claimed", "enrolment", "obligation", "granted", "pay_order", "payee_name"}
    lines: list[ErasureLine] = []
    counted = dict.fromkeys(tables, 0)
    for person in people:
        for name, count in work.files.counts(scope, person).items():
            counted[name] += count
    ends = _ends(work, scope, people)
    for name, table in tables.items():
        if name not in apart:
            lines += book.line(table, counted[name], ends.get(table.after))
    return (*lines, *_money(book, found), *_covers(book, found))


def _money(book: _Book, found: Found) -> Iterable[ErasureLine]:
    """Yield the lines of what was owed and paid: vouchers, each with its own day."""
    for owed in found.owed:
        yield book.voucher("obligation", day_of(owed.decided), owed.id)
    for order in found.orders:
        yield book.voucher("pay_order", order.due, order.id)
    if found.owed:
        last = max([order.due for order in found.orders], default=book.today)
        yield book.voucher("payee_name", last, 0)


def _covers(book: _Book, found: Found) -> Iterable[ErasureLine]:
    """Yield the lines of claims and covers: what was not paid goes at once."""
    paid = {claim.enrolment for claim in found.claims if claim.obligation is not None}
    for claim in found.claims:
        if claim.obligation is None:
            yield ErasureLine(table="claim", fate=Fate.DESTROYED, count=1, subject=claim.id)
        else:
            yield book.voucher("claim", day_of(claim.changed), claim.id)
    for cover in found.covers:
        if cover.id in paid:
            yield book.voucher("enrolment", cover.until or book.today, cover.id)
        else:
            yield from book.line(inventory()["enrolment"], 1, cover.until, cover.id)


def _ends(work: UnitOfWork, scope: Scope, people: Sequence[PersonId]) -> dict[Retention, date]:
    """Return the day from which a term counts: of cards, the last thing that happened to one."""
    days = [day_of(row.changed) for who in people for row in work.rows.of_person(scope, who)]
    days += [
        day_of(fact.received)
        for who in people
        for kept in work.cards.of_person(scope, who)
        for fact in work.cards.facts(scope, kept.id)
    ]
    return {Retention.DISPUTE: max(days)} if days else {}


def destroy(  # noqa: PLR0913, PLR0917 - whom, at whose request, and what is known of it
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    people: Sequence[PersonId],
    request: int,
    why: str,
    action: str = "person.erase",
) -> Erasure:
    """Erase *people*, all files of one person, and write the journal: in this commit, for good."""
    found = found_of(work, scope, people)
    lines = lines_of(office, work, scope, people, found)
    present = work.people.get(scope, people[0])
    name = None if present is None else present.present.name.plain()
    keep = next((line.until for line in lines if line.table == "payee_name"), None)
    if name is not None and keep is not None:
        work.erasures.keep_name(scope, people[0], name, keep)
    for person in people:
        gone = [ClaimId(claim.id) for claim in found.unpaid if claim.person == person]
        work.erasures.wipe_claims(scope, person, gone)
        work.erasures.wipe(scope, person, NOW)
    files = work.people.destroy_key(scope, people[0])
    erasure = Erasure(
        person=people[0], at=work.now, by=scope.principal.id, request=request, lines=lines,
        next_due=next_due(lines), files=files,
    )  # fmt: skip
    for person in people:
        # The answer is of all files; one that was merged has its own terms beside, for the end.
        mine = lines if person == people[0] else _rest(office, work, scope, person)
        work.erasures.put(
            scope,
            Erasure(
                person=person, at=work.now, by=scope.principal.id, request=request, lines=mine,
                next_due=next_due(mine), files=files if person == people[0] else 0,
            ),
        )  # fmt: skip
        entry = AuditEntry(action=action, subject=person, person=person, reason=why)
        work.audit.add(scope, entry)
    return erasure


def _rest(
    office: Office, work: UnitOfWork, scope: Scope, person: PersonId
) -> tuple[ErasureLine, ...]:
    """Return what is still kept of one merged file, after its key was destroyed."""
    lines = lines_of(office, work, scope, [person], found_of(work, scope, [person]))
    return tuple(line for line in lines if line.fate is not Fate.DESTROYED)


def end_terms(
    office: Office, work: UnitOfWork, scope: Scope, erasure: Erasure
) -> frozenset[Retention]:
    """Destroy what was kept of somebody and whose term is over; return which terms."""
    done, after = over(erasure, office.clock.today())
    deeds = [deed for kept in AT_THE_END if kept in done for deed in AT_THE_END[kept]]
    if Retention.DISPUTE in done and _keeps(after, "enrolment"):
        deeds.remove("end_enrolment")  # a paid claim keeps its cover: all go with the voucher
    work.erasures.wipe(scope, erasure.person, deeds)
    if Retention.VOUCHER in done:
        work.erasures.drop_name(scope, erasure.person)
    work.erasures.put(scope, after)
    for kept in sorted(done, key=lambda each: each.value):
        entry = AuditEntry(
            action="person.erase_rest", subject=erasure.person, person=erasure.person,
            reason=kept.value,
        )  # fmt: skip
        work.audit.add(scope, entry)
    return done


def _keeps(erasure: Erasure, table: str) -> bool:
    return any(line.table == table and line.fate is not Fate.DESTROYED for line in erasure.lines)
