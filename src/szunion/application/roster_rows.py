"""Know what becomes of a roster row whose document is on file already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from attrs import evolve, frozen

from szunion.application import consequences
from szunion.application.binding_moves import recheck_bindings
from szunion.application.filing import Applicant, file_for
from szunion.application.membership_moves import keep_step, open_affiliation
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.members import Membership, MembershipEvent, MembershipState
from szunion.domain.people import Origin, Person, corrected
from szunion.domain.roster_rows import PlainRow, RosterRow
from szunion.domain.values import MembershipId, OrganisationId, PersonId, shard_of
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.imports import Looked
from szunion.ports.storage.people import QuarantineSource


@frozen
class Enrolled:
    """A row's member, and what the row did."""

    person: PersonId
    added: bool = False
    changed: bool = False


def enrol_known(  # noqa: PLR0913, PLR0917 - who, where, by which import, when
    work: UnitOfWork,
    scope: Scope,
    looked: Looked,
    union: OrganisationId,
    run: int,
    today: date,
) -> Mapping[int, Enrolled]:
    """Return what became of each row that is on file, by its position.

    Rows that say what is known of a member of this union are told apart in two statements; only
    the others are worked on one by one.
    """
    ids = list(looked.on_file.values())
    mine = {person.id: person for person in work.people.many(scope, ids)} if ids else {}
    open_here = {
        row.person: row
        for row in (work.members.open_of_many(scope, ids) if ids else ())
        if row.organisation == union and row.state is not MembershipState.APPLIED
    }
    done: dict[int, Enrolled] = {}
    for at, id_ in looked.on_file.items():
        row, person = looked.rows[at], mine.get(id_)
        if person is not None and id_ in open_here and _says_the_same(row, person):
            done[at] = Enrolled(id_)
        else:
            source = QuarantineSource(organisation=union, import_id=run, line=row.row)
            done[at] = _enrol(work, scope, row.checked(), source, today)
    return done


def _says_the_same(row: PlainRow, person: Person) -> bool:
    now = person.present
    return (
        now.name.plain() == row.name
        and now.document.number.plain() == row.number
        and (row.mobile is None or (person.mobile and person.mobile.plain()) == row.mobile)
    )


def _enrol(
    work: UnitOfWork, scope: Scope, row: RosterRow, source: QuarantineSource, today: date
) -> Enrolled:
    applicant = Applicant(
        name=row.name, document=row.document, mobile=row.mobile, gender=row.gender, birth=row.birth
    )
    union = source.organisation
    filed = file_for(work, scope, applicant, source)
    member = filed.membership
    if member is not None and member.organisation != union:
        # An officer above both: the row asks for a move, which is the member's to ask for.
        return Enrolled(filed.person)
    if member is None:
        _admit(work, scope, filed.person, union, row.joined or today, f"import {source.import_id}")
        return Enrolled(filed.person, added=True)
    if member.state is MembershipState.APPLIED:
        approved = member.after(MembershipEvent.APPROVE, today)
        keep_step(work, scope, member, approved, MembershipEvent.APPROVE, today)
        return Enrolled(filed.person, added=True)
    return Enrolled(filed.person, changed=_update(work, scope, filed.person, row))


def _admit(  # noqa: PLR0913, PLR0917 - who, where, since when, why
    work: UnitOfWork,
    scope: Scope,
    person: PersonId,
    union: OrganisationId,
    since: date,
    note: str,
) -> None:
    """Open an episode for somebody with a file: one who comes back, or one in quarantine."""
    earlier = work.members.newest(scope, person)
    if earlier is not None and earlier.until is not None:
        since = max(since, earlier.until)
    row = Membership(
        id=MembershipId(work.ids.new(shard_of(person))),
        person=person,
        state=MembershipState.ACTIVE,
        organisation=union,
        applied=since,
        since=since,
    )
    work.members.add(scope, row, since)
    open_affiliation(work, scope, row, since)
    entry = AuditEntry(  # the same words as for everybody else in the file
        action="membership.import",
        subject=row.id,
        person=person,
        after=row.state.value,
        reason=note,
    )
    work.audit.add(scope, entry)
    consequences.membership_began(work, scope, row)


def _update(work: UnitOfWork, scope: Scope, person: PersonId, row: RosterRow) -> bool:
    """Bring a member's file up to what the union's newest roster says; return whether it changed.

    Another name for the same document makes a new identity version: what was sent to the bank
    stays pinned to the old one.
    """
    old = work.people.get(scope, person)
    if old is None:
        return False
    new = old
    if old.present.name != row.name:
        new = corrected(new, name=row.name, recorded=work.now, origin=Origin.ROSTER)
    if row.mobile is not None:
        new = evolve(new, mobile=row.mobile)
    if new == old:
        return False
    work.people.put(scope, new)
    renamed = new.present.number != old.present.number
    entry = AuditEntry(
        action="person.correct" if renamed else "person.mobile",
        subject=person,
        person=person,
        before=f"v{old.present.number}",
        after=f"v{new.present.number}",
        reason=Origin.ROSTER.value,
    )
    work.audit.add(scope, entry)
    if renamed:
        recheck_bindings(work, scope, person)
    return True
