"""Know what an application is made of, what is wrong with it, and the request it becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.bank_queue import dispatch_of
from szunion.application.consent_gate import lacking
from szunion.application.office import Office
from szunion.domain.access import Operation, Principal, Purpose, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank_requests import AccountClass, CardApplicant, OpenCards
from szunion.domain.batches import Batch, BatchState
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import UnionState
from szunion.domain.consent import ConsentPurpose
from szunion.domain.identity import Mobile, age_on
from szunion.domain.members import Membership, MembershipState
from szunion.domain.people import Person
from szunion.domain.rows import Row, RowEvent, RowState
from szunion.domain.values import BatchId, OrganisationId, PersonId, RowId, shard_of
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork

_FREE = frozenset({RowState.NEW, RowState.VALID})
_OPEN_BATCH = frozenset({BatchState.DRAFT, BatchState.CHECKED, BatchState.SUBMITTED})
Terms = Mapping[PersonId, tuple[AccountClass, str | None]]


@frozen(kw_only=True)
class NewRows:
    """What the rows of a draft have in common."""

    office: Office
    organisation: OrganisationId
    programme: str

    @property
    def most(self) -> int:
        """The largest number of rows in one file: the city's limit, or the bank's."""
        return min(self.office.policy.limits.batch_rows, self.office.bank_info.most_rows)


def batch_of(work: UnitOfWork, scope: Scope, batch: BatchId) -> Batch:
    """Return a batch.

    Raises:
        NotFound: it is not there, or not within the scope (E-BATCH-010).
    """
    found = work.batches.get(scope, batch)
    if found is None:
        raise NotFound("E-BATCH-010")
    return found


def row_of(work: UnitOfWork, scope: Scope, row: RowId) -> Row:
    """Return a row.

    Raises:
        NotFound: it is not there, or not within the scope (E-BATCH-010).
    """
    found = work.rows.get(scope, row)
    if found is None:
        raise NotFound("E-BATCH-010")
    return found


def row_entries(
    action: str, before: Sequence[Row], after: Sequence[Row], reason: str = ""
) -> list[AuditEntry]:
    """Return the audit entries of rows that moved together."""
    return [
        AuditEntry(
            action=action,
            subject=new.id,
            person=new.person,
            before=old.state.value,
            after=new.state.value,
            reason=reason or ",".join(new.problems),
        )
        for old, new in zip(before, after, strict=True)
    ]


def apply_for(
    work: UnitOfWork, scope: Scope, made: NewRows, terms: Terms
) -> tuple[tuple[Batch, ...], tuple[Row, ...], tuple[PersonId, ...], tuple[PersonId, ...]]:
    """Put people into drafts; return batches, rows, who is in already, and who is not here."""
    people = sorted(terms)
    here = {each.person for each in work.members.open_of_many(scope, people)}
    known = work.rows.of_people(scope, people, made.programme)
    cards = _living(work.cards.of_people(scope, people), made.programme)
    open_batches: dict[BatchId, bool] = {}
    new: list[tuple[PersonId, int]] = []
    again: list[Row] = []
    already: list[PersonId] = []
    for person in people:
        rows = known.get(person, ())
        running = next((row for row in rows if row.open), None)
        if person not in here:
            continue
        if running is not None and _is_free(work, scope, running, open_batches):
            again.append(running)
        elif running is not None or person in cards:
            already.append(person)
        else:
            new.append((person, max((row.number for row in rows), default=0) + 1))
    places: list[Row | tuple[PersonId, int]] = [*again, *new]
    batches, rows_made = [], []
    for start in range(0, len(places), made.most):
        part = places[start : start + made.most]
        batch = _open_draft(work, scope, made)
        batches.append(batch)
        rows_made += _fill(work, scope, made, batch, part, terms)
    not_here = tuple(person for person in people if person not in here)
    return tuple(batches), tuple(rows_made), tuple(already), not_here


def _living(cards: Iterable[KeptCard], programme: str) -> set[PersonId]:
    return {
        kept.person
        for kept in cards
        if kept.programme == programme
        and kept.card.bank.absorbing is None
        and kept.card.union.state is not UnionState.REVOKED
    }


def _is_free(work: UnitOfWork, scope: Scope, row: Row, known: dict[BatchId, bool]) -> bool:
    """Return whether a row stands outside every file that is being made or is under way."""
    if row.state not in _FREE:
        return False
    if row.batch not in known:
        batch = work.batches.get(scope, row.batch)
        known[row.batch] = batch is not None and batch.state in _OPEN_BATCH
    return not known[row.batch]


def _open_draft(work: UnitOfWork, scope: Scope, made: NewRows) -> Batch:
    batch = Batch(
        id=BatchId(work.ids.new()),
        organisation=made.organisation,
        programme=made.programme,
        created=work.now,
        created_by=scope.principal.id,
    )
    work.batches.add(scope, batch)
    entry = AuditEntry(action="batch.draft", subject=batch.id, after=batch.state.value)
    work.audit.add(scope, entry)
    return batch


def _fill(  # noqa: PLR0913, PLR0917 - what goes where
    work: UnitOfWork,
    scope: Scope,
    made: NewRows,
    batch: Batch,
    part: Sequence[Row | tuple[PersonId, int]],
    terms: Terms,
) -> list[Row]:
    fresh, taken, old = [], [], []
    for each in part:
        if isinstance(each, Row):
            old.append(each)
            taken.append(evolve(each, batch=batch.id, changed=work.now))
            continue
        person, number = each
        account_class, wish = terms[person]
        fresh.append(
            Row(
                id=RowId(work.ids.new(shard_of(person))),
                batch=batch.id,
                person=person,
                programme=made.programme,
                number=number,
                key=work.vault.request_key(f"apply:{person}:{made.programme}:{number}"),
                account_class=account_class,
                wish=wish,
                changed=work.now,
            )
        )
    work.rows.add_many(scope, fresh)
    work.rows.put_many(scope, taken)
    work.audit.add_many(scope, row_entries("row.add", fresh, fresh))
    work.audit.add_many(scope, row_entries("row.move", old, taken))
    return [*(evolve(row, version=row.version + 1) for row in taken), *fresh]


# --- checking -------------------------------------------------------------------------------


def problems_of(
    office: Office, work: UnitOfWork, scope: Scope, rows: Sequence[Row]
) -> Mapping[RowId, tuple[str, ...]]:
    """Return the codes of what is wrong with rows; rows that are right are not in it."""
    people = [row.person for row in rows]
    files = {person.id: person for person in work.people.many(scope, people)}
    memberships = {each.person: each for each in work.members.open_of_many(scope, people)}
    without = lacking(office, work, scope, "batch.check", ConsentPurpose.BANK, people)
    _carry_packs(work, scope, list(files.values()))
    found = {
        row.id: (
            *_problems(office, files.get(row.person), memberships.get(row.person)),
            *([without[row.person]] if row.person in without else []),
        )
        for row in rows
    }
    return {row: codes for row, codes in found.items() if codes}


def _carry_packs(work: UnitOfWork, scope: Scope, people: Sequence[Person]) -> None:
    """Note what people were given who were erased and are back: a pack is given once (防重领).

    All that is left of who they were says whether a document is theirs (墓碑), and nothing else.
    """
    looking = Principal(id=scope.principal.id, role=Role.ENGINE, purpose=Purpose.OPERATE)
    anywhere = authorise(work, looking, Operation.BANK_DESK)  # they may have been elsewhere then
    before = work.people.erased_many(anywhere, people)
    if not before:
        return
    now = {old: new for new, olds in before.items() for old in olds}
    given = [
        evolve(
            each, person=now[each.person],
            key=f"pack:{each.programme}:{each.item}:{now[each.person]}",
        )
        for each in work.entitlements.of_people(anywhere, sorted(now))
    ]  # fmt: skip
    carried = [each for each in given if work.entitlements.add(scope, each)]
    work.audit.add_many(
        scope,
        [
            AuditEntry(action="pack.carry", subject=each.card, person=each.person, after=each.item)
            for each in carried
        ],
    )


def _problems(
    office: Office, person: Person | None, membership: Membership | None
) -> tuple[str, ...]:
    if person is None or membership is None or membership.state is not MembershipState.ACTIVE:
        return ("E-BATCH-021",)
    codes = []
    limits, today = office.policy.limits, office.clock.today()
    if person.birth_date is not None:
        age = age_on(person.birth_date, today)
        if not limits.youngest_applicant <= age <= limits.oldest_applicant:
            codes.append("E-BATCH-022")
    try:
        person.present.name.plain().encode(office.bank_info.charset)
    except UnicodeEncodeError:
        codes.append("E-BATCH-023")
    ended = [
        held
        for held in person.documents
        if held.document == person.present.document and not held.valid_on(today)
    ]
    if ended:
        codes.append("E-BATCH-024")
    return tuple(codes)


def with_problems(row: Row, codes: tuple[str, ...], at: datetime) -> Row:
    """Return a new row with its verdict."""
    event = RowEvent.VALIDATE_BAD if codes else RowEvent.VALIDATE_OK
    return evolve(row.after(event, at), problems=codes)


# --- the request ----------------------------------------------------------------------------


def mobiles_of(rows: Sequence[Row], people: Iterable[Person]) -> Mapping[RowId, Mobile]:
    """Return the mobile numbers of rows as their people have them now."""
    files = {person.id: person.mobile for person in people}
    found = ((row.id, files.get(row.person)) for row in rows)
    return {row: mobile for row, mobile in found if mobile is not None}


def request_of(
    batch: Batch, rows: Sequence[Row], people: Iterable[Person], mobiles: Mapping[RowId, Mobile]
) -> OpenCards:
    """Return the request that a batch becomes, from its frozen rows and pinned identities.

    Raises:
        Conflict: an identity that was pinned is not there any more (E-BATCH-013).
    """
    files = {person.id: person for person in people}
    applicants = []
    for row in sorted(rows, key=lambda each: each.id):
        person = files.get(row.person)
        pinned = [
            version
            for version in (person.versions if person else ())
            if version.number == row.identity_version
        ]
        if person is None or not pinned or batch.key is None:
            raise Conflict("E-BATCH-013", current=1, allowed=())
        applicants.append(
            CardApplicant(
                row=row.key,
                name=pinned[0].name,
                document=pinned[0].document,
                mobile=mobiles.get(row.id),
                account_class=row.account_class,
                wish=row.wish,
            )
        )
    assert batch.key is not None
    return OpenCards(key=batch.key, programme=batch.programme, rows=tuple(applicants))


def queue_request(
    work: UnitOfWork, scope: Scope, batch: Batch, rows: Sequence[Row], people: Iterable[Person]
) -> None:
    """Put a batch into the outbox: who is in it stands in its rows alone, the hash fixes it."""
    files = tuple(people)
    request = request_of(batch, rows, files, mobiles_of(rows, files))
    place = work.outbox.next_sequence(scope, batch.id)
    work.outbox.add(scope, dispatch_of(work, request, batch.id, place))
