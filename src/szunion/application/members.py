"""Know how members are found and shown: masked, within the scope of whoever looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from attrs import evolve, field, frozen

from szunion.application.access import authorise
from szunion.application.as_of import entitled_as_of, member_as_of, moment_asked
from szunion.application.binding_moves import recheck_bindings
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.affiliations import Affiliation
from szunion.domain.as_of import AsOf, Entitled, MemberOn, Standing
from szunion.domain.audit import AuditEntry
from szunion.domain.city_time import check_day
from szunion.domain.identity import IdentityDocument, Mobile, PersonName
from szunion.domain.members import (
    Membership,
    MembershipReason,
    MembershipState,
    Rights,
)
from szunion.domain.organisations import OrganisationKind
from szunion.domain.people import HeldDocument, Origin, Person, corrected, link
from szunion.domain.suppression import shown
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork


@frozen(kw_only=True)
class Member:
    """Somebody as a desk shows them (会员): name, document and mobile print masked."""

    id: PersonId
    name: PersonName
    document: IdentityDocument
    mobile: Mobile | None
    membership: Membership | None
    """The newest episode; None: never a member."""
    rights: Rights
    """What the membership carries now, by the city's policy."""


_PAGE: Final = 2_000
_OPEN = (MembershipState.ACTIVE, MembershipState.RETAINED)


@frozen
class Members:
    """The desk at which members are looked up and their data are corrected (会员查询与更正)."""

    office: Office
    by: Principal = field()

    @one_look
    def get(self, work: UnitOfWork, person: PersonId) -> Member:
        """Return a member.

        Raises:
            NotFound: not there, or not within reach: both read the same (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.PERSON_READ)
        return self._member(work, scope, _person(work, scope, person))

    @one_look
    def find(
        self,
        work: UnitOfWork,
        id_number: str = "",
        *,
        document: IdentityDocument | None = None,
    ) -> Member | None:
        """Return who holds a document within reach, by its keyed index; None when unknown.

        Args:
            work: Given by the office.
            id_number: The number as people write it; its form tells the kind.
            document: The document, for kinds that must be declared (a passport).

        Raises:
            InvalidInput: the number is not well-formed (E-VALUE-002).
        """
        scope = authorise(work, self.by, Operation.PERSON_READ)
        found = work.people.with_document(scope, document or IdentityDocument.read(id_number))
        return None if found is None else self._shown(*found)

    @one_look
    def by_mobile(self, work: UnitOfWork, mobile: str) -> Sequence[Member]:
        """Return the members within reach who gave that mobile number."""
        scope = authorise(work, self.by, Operation.PERSON_READ)
        found = work.people.many(scope, work.people.by_mobile(scope, Mobile.of(mobile)))
        return [self._member(work, scope, person) for person in found]

    @one_look
    def of_union(
        self,
        work: UnitOfWork,
        organisation: OrganisationId,
        states: Iterable[MembershipState] = _OPEN,
    ) -> Sequence[Membership]:
        """Return the episodes that a union is in charge of, by person."""
        scope = authorise(work, self.by, Operation.PERSON_READ)
        return list(work.members.of_union(scope, organisation, states))

    @one_look
    def show_many(self, work: UnitOfWork, persons: Iterable[PersonId]) -> Sequence[Member]:
        """Return those of *persons* who are within reach, by id, in two statements."""
        scope = authorise(work, self.by, Operation.PERSON_READ)
        wanted = list(persons)
        rows = {row.person: row for row in work.members.open_of_many(scope, wanted)}
        return [
            self._shown(person, rows.get(person.id)) for person in work.people.many(scope, wanted)
        ]

    @one_look
    def episodes(self, work: UnitOfWork, person: PersonId) -> Sequence[Membership]:
        """Return all episodes of a person within reach, oldest first."""
        scope = authorise(work, self.by, Operation.PERSON_READ)
        return work.members.episodes(scope, person)

    @one_look
    def affiliations(self, work: UnitOfWork, person: PersonId) -> Sequence[Affiliation]:
        """Return all that was ever said of where a person belongs."""
        scope = authorise(work, self.by, Operation.PERSON_READ)
        return work.members.affiliations(scope, person)

    @one_look
    def standing_on(
        self, work: UnitOfWork, person: PersonId, day: date, *, known: datetime | None = None
    ) -> Standing | None:
        """Return what somebody was on *day*, as the file said at *known* (None: now).

        What is answered for a moment in the past stays the same whatever comes later.
        """
        scope = authorise(work, self.by, Operation.PERSON_READ)
        return member_as_of(self.office, work, scope, person, on=day, known=known).standing

    @one_look
    def as_of(
        self, work: UnitOfWork, person: PersonId, *, on: date, known: datetime | None = None
    ) -> AsOf:
        """Return who somebody was on a day, as was known at a moment (某日会籍，按某时所知).

        Args:
            work: Given by the office.
            person: Who is asked about.
            on: The day.
            known: The moment whose knowledge answers, aware; None: now.

        Raises:
            NotFound: not there, or not within reach (E-ACCESS-002).
            InvalidInput: the moment has not come yet (E-MEMBER-006).
        """
        scope = authorise(work, self.by, Operation.PERSON_READ)
        _person(work, scope, person)
        return member_as_of(self.office, work, scope, person, on=on, known=known)

    @one_look
    def entitled(
        self,
        work: UnitOfWork,
        person: PersonId,
        item: str,
        *,
        on: date,
        known: datetime | None = None,
    ) -> Entitled:
        """Return whether somebody was entitled to an item on a day, by what was known, and why not.

        Membership, the rules of that day, the item's own terms and the card are looked at; the
        real-name level is not: it is asked of whoever acts, at the moment of acting.

        Raises:
            NotFound: not there, or not within reach (E-ACCESS-002); the rules known then had no
                such item (E-MEMBER-007).
            InvalidInput: the moment has not come yet (E-MEMBER-006).
        """
        scope = authorise(work, self.by, Operation.PERSON_READ)
        file = _person(work, scope, person)
        return entitled_as_of(self.office, work, scope, file, item, on=on, known=known)

    def of_union_on(
        self, organisation: OrganisationId, *, on: date, known: datetime | None = None
    ) -> Iterator[MemberOn]:
        """Yield a union's members on a day, as was known at a moment, by person (某日会员名册).

        It goes in pages, in constant memory. Who has left the caller's reach since is not there.

        Raises:
            InvalidInput: the moment has not come yet (E-MEMBER-006), or the day is one
                (E-VALUE-006).
        """
        check_day(on)
        known, after = self._asked(known), 0
        while page := self._page_on(organisation, (on, known), after):
            yield from page
            after = page[-1].person

    @one_look
    def _asked(self, work: UnitOfWork, known: datetime | None) -> datetime:
        return moment_asked(work, known)

    @one_look
    def _page_on(
        self, work: UnitOfWork, organisation: OrganisationId, at: tuple[date, datetime], after: int
    ) -> Sequence[MemberOn]:
        scope = authorise(work, self.by, Operation.PERSON_READ)
        return work.members.on_day(scope, organisation, at, after, _PAGE)

    @one_look
    def counts(
        self, work: UnitOfWork
    ) -> Mapping[tuple[OrganisationKind, MembershipState, MembershipReason | None], int | None]:
        """Return how many episodes there are within reach, by kind of union and state (M30).

        A count of fewer than ten is None, and so is what would give it away.
        """
        return shown(work.members.counts(authorise(work, self.by, Operation.STATISTICS_READ)))

    # --- correcting --------------------------------------------------------------------------

    @one_commit
    def correct(
        self,
        work: UnitOfWork,
        person: PersonId,
        *,
        name: PersonName | None = None,
        document: IdentityDocument | None = None,
        paper: str,
    ) -> Person:
        """Correct a name or a number (更正): a new identity version; old ones stay for answers.

        Args:
            work: Given by the office.
            person: Whose.
            name: The right name.
            document: The right document.
            paper: What it rests on: the number of the form or letter, never personal data.

        Raises:
            NotFound: not within reach (E-ACCESS-002).
            Conflict: the document is on file for somebody else (E-STORE-004), or the file was
                merged (E-PERSON-001).
        """
        scope = authorise(work, self.by, Operation.PERSON_WRITE)
        return correct_file(work, scope, person, name=name, document=document, paper=paper)

    @one_commit
    def set_mobile(self, work: UnitOfWork, person: PersonId, mobile: Mobile | None) -> Person:
        """Note another way to reach somebody. It is no identity, so no new version of it."""
        scope = authorise(work, self.by, Operation.PERSON_CONTACT)
        old = _person(work, scope, person)
        if old.mobile == mobile:
            return old
        new = evolve(old, mobile=mobile)
        work.messages.add(scope, person, "person.mobile_changed", {})
        work.people.put(scope, new)
        _log(work, scope, old, new, "person.mobile", "")
        return evolve(new, version=new.version + 1)

    @one_commit
    def link_document(
        self, work: UnitOfWork, person: PersonId, held: HeldDocument, *, paper: str
    ) -> Person:
        """Note one more document of the same person (关联证件): linked, not equated."""
        scope = authorise(work, self.by, Operation.PERSON_WRITE)
        old = _person(work, scope, person)
        new = link(old, held)
        if new == old:
            return old
        work.people.put(scope, new)
        _log(work, scope, old, new, "person.link_document", paper)
        return evolve(new, version=new.version + 1)

    # --- inside ------------------------------------------------------------------------------

    def _member(self, work: UnitOfWork, scope: Scope, person: Person) -> Member:
        return self._shown(person, work.members.newest(scope, person.id))

    def _shown(self, person: Person, row: Membership | None) -> Member:
        rights = Rights() if row is None else self.office.policy.rights_of(row.state, row.reason)
        return Member(
            id=person.id,
            name=person.present.name,
            document=person.present.document,
            mobile=person.mobile,
            membership=row,
            rights=rights,
        )


def _person(work: UnitOfWork, scope: Scope, person: PersonId) -> Person:
    found = work.people.get(scope, person)
    if found is None:
        raise NotFound("E-ACCESS-002")
    return found


def correct_file(  # noqa: PLR0913 - whose, what, and on what it rests
    work: UnitOfWork,
    scope: Scope,
    person: PersonId,
    *,
    paper: str,
    name: PersonName | None = None,
    document: IdentityDocument | None = None,
    mobile: Mobile | None = None,
) -> Person:
    """Correct what a file says of somebody, within a commit, with all that follows from it."""
    old = _person(work, scope, person)
    new = corrected(old, name=name, document=document, recorded=work.now, origin=Origin.MEMBER)
    if mobile is not None:
        new = evolve(new, mobile=mobile)
    if new == old:
        return old
    work.people.put(scope, new)
    if new.present != old.present:
        _log(work, scope, old, new, "person.correct", paper)
        recheck_bindings(work, scope, person)
        work.messages.add(scope, person, "person.corrected", {})
    if new.mobile != old.mobile:
        _log(work, scope, old, new, "person.mobile", paper)
        work.messages.add(scope, person, "person.mobile_changed", {})
    return evolve(new, version=new.version + 1)


def _log(  # noqa: PLR0913, PLR0917 - the columns of the log
    work: UnitOfWork, scope: Scope, old: Person, new: Person, action: str, paper: str
) -> None:
    entry = AuditEntry(
        action=action,
        subject=new.id,
        person=new.id,
        before=f"v{old.present.number}",
        after=f"v{new.present.number}",
        reason=paper,
    )
    work.audit.add(scope, entry)
