"""Know how somebody who applies gets a file: a new one, the old one, or one in quarantine.

A document that is on file for somebody in another union must not be told to the officer who
enters it: that would make every entry form a way to ask who is a member where. The new file looks
and behaves like any other; the city federation finds it in quarantine and decides.
"""

from __future__ import annotations

from datetime import date

from attrs import evolve, field, frozen

from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.city_time import a_day
from szunion.domain.documents import TELLING, leading
from szunion.domain.identity import (
    DocumentKind,
    DocumentNumber,
    Gender,
    IdentityDocument,
    Mobile,
    PersonName,
)
from szunion.domain.members import Membership
from szunion.domain.people import HeldDocument, Origin, Person, link, new_person
from szunion.domain.values import OrganisationId, PersonId
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.people import QuarantineSource


@frozen(kw_only=True)
class Applicant:
    """What a form or a row of a roster says of somebody (申请人)."""

    name: PersonName
    document: IdentityDocument
    mobile: Mobile | None = None
    gender: Gender | None = None
    birth: date | None = field(default=None, validator=a_day)


@frozen
class Filed:
    """An applicant's file, and the episode that is open in it."""

    person: PersonId
    membership: Membership | None


def counterpart(document: IdentityDocument) -> IdentityDocument | None:
    """Return the other form of a resident's number: of 15 digits the 18, and the reverse.

    Births before 1900 or after 1999 never had a number of 15 digits.
    """
    number = document.number.plain()
    if document.kind is DocumentKind.RESIDENT and number[6:8] == "19":
        old = DocumentNumber(number[:6] + number[8:17])
        return IdentityDocument(DocumentKind.RESIDENT_15, old)
    return document.successor()


def file_for(
    work: UnitOfWork, scope: Scope, applicant: Applicant, source: QuarantineSource
) -> Filed:
    """Return the applicant's file in the eyes of the union that asks, opening one if need be."""
    mine = work.people.find(scope, applicant.document)
    if mine is not None:
        return Filed(mine, work.members.open_of(scope, mine))
    holder = work.people.on_file(scope, applicant.document)
    linked = _linked(work, scope, applicant)
    holder = linked if holder is None else holder
    # Asked for nobody too: as much is done for who is on file nowhere as for who is elsewhere.
    who = PersonId(0) if holder is None else holder.id
    elsewhere = work.members.open_anywhere(scope, who)
    within = work.people.get(scope, who)
    if holder is None:
        person = _new(work, applicant)
        work.people.add(scope, person)
        return Filed(person.id, None)
    if holder.present.name == applicant.name:
        if elsewhere is None:
            return Filed(_brought_up(work, scope, holder, applicant), None)
        if within is not None:
            person_id = _brought_up(work, scope, holder, applicant)
            return Filed(person_id, work.members.open_of(scope, person_id))
    person = _new(work, applicant)
    work.people.add_in_quarantine(scope, person, holder.id, source)
    return Filed(person.id, None)


def _new(work: UnitOfWork, applicant: Applicant) -> Person:
    shard = work.vault.route(leading(applicant.document.number.plain()))
    told = applicant.document.kind in TELLING
    return new_person(
        PersonId(work.ids.new(shard)),
        applicant.name,
        applicant.document,
        recorded=work.now,
        mobile=applicant.mobile,
        gender=None if told else applicant.gender,
        birth=None if told else applicant.birth,
    )


def _linked(work: UnitOfWork, scope: Scope, applicant: Applicant) -> Person | None:
    """Return whose other form of this number is on file, under the same name.

    Numbers of 15 digits were given to two people now and then: the number alone links nobody.
    """
    other = counterpart(applicant.document)
    holder = None if other is None else work.people.on_file(scope, other)
    return holder if holder is not None and holder.present.name == applicant.name else None


def _brought_up(work: UnitOfWork, scope: Scope, person: Person, applicant: Applicant) -> PersonId:
    """Bring an old file up to date with the form; nothing of it is shown by that."""
    known = (
        person
        if person.holds(applicant.document)
        else link(person, HeldDocument(document=applicant.document))
    )
    if applicant.mobile is not None:
        known = evolve(known, mobile=applicant.mobile)
    if known != person:
        work.people.put(scope, known)
        entry = AuditEntry(
            action="person.update",
            subject=person.id,
            person=person.id,
            reason=Origin.ROSTER.value,
        )
        work.audit.add(scope, entry)
    return person.id


def quarantine_source(organisation: OrganisationId) -> QuarantineSource:
    """Return the source of a file that an officer entered by hand."""
    return QuarantineSource(organisation=organisation)
