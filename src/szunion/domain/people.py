"""Know who a person is: names and documents in dated versions, and which files are one person."""

from __future__ import annotations

from datetime import date, datetime

from attrs import evolve, field, frozen

from szunion.domain.city_time import a_day
from szunion.domain.identity import DocumentKind, Gender, IdentityDocument, Mobile, PersonName
from szunion.domain.values import Labelled, PersonId
from szunion.errors import Conflict


class Origin(Labelled):
    """Where a version of somebody's identity comes from (来源)."""

    ROSTER = "ROSTER", "花名册", "a union's roster"
    MEMBER = "MEMBER", "本人更正", "the person's own correction, with paper"
    BANK = "BANK", "银行核验", "the bank's check"
    CITY = "CITY", "市总更正", "correction by the city federation"


@frozen(kw_only=True)
class IdentityVersion:
    """A name and a document as they were believed from a moment on (身份版本).

    What was sent to the bank stays pinned to the version that it was sent with.
    """

    number: int
    name: PersonName
    document: IdentityDocument
    recorded: datetime
    origin: Origin


@frozen(kw_only=True)
class HeldDocument:
    """A document that a person holds or held (证件). Several are linked; none *is* the person."""

    document: IdentityDocument
    since: date | None = field(default=None, validator=a_day)
    until: date | None = field(default=None, validator=a_day)

    def valid_on(self, day: date) -> bool:
        """Return whether it was valid on *day*, as far as its dates are known."""
        begun = self.since is None or self.since <= day
        return begun and (self.until is None or day < self.until)


@frozen(kw_only=True)
class Person:
    """One person (人员), with every version of the identity and every document."""

    id: PersonId
    versions: tuple[IdentityVersion, ...]
    """Oldest first; never empty."""
    documents: tuple[HeldDocument, ...] = ()
    mobile: Mobile | None = None
    """A way to reach somebody. It is no identity: numbers change owners."""
    declared_gender: Gender | None = None
    """As the roster says it, for documents whose number does not."""
    declared_birth: date | None = None
    merged_into: PersonId | None = None
    version: int = 0

    @property
    def present(self) -> IdentityVersion:
        """The version that holds now."""
        return self.versions[-1]

    @property
    def gender(self) -> Gender | None:
        """As the present document says it, or else as declared."""
        return self.present.document.gender() or self.declared_gender

    @property
    def birth_date(self) -> date | None:
        """As the present document says it, or else as declared."""
        return self.present.document.birth_date() or self.declared_birth

    def holds(self, document: IdentityDocument) -> bool:
        """Return whether *document* is or was this person's."""
        return any(document == held.document for held in self.documents) or any(
            document == version.document for version in self.versions
        )

    def valid_documents(self, day: date) -> tuple[IdentityDocument, ...]:
        """Return the documents that are valid on *day*, as far as their dates are known."""
        return tuple(held.document for held in self.documents if held.valid_on(day))

    def documents_of(self, kind: DocumentKind) -> tuple[HeldDocument, ...]:
        """Return the documents of one kind, oldest first."""
        return tuple(held for held in self.documents if held.document.kind is kind)


def new_person(  # noqa: PLR0913 — a person begins with what a roster row says
    id_: PersonId,
    name: PersonName,
    document: IdentityDocument,
    *,
    recorded: datetime,
    mobile: Mobile | None = None,
    gender: Gender | None = None,
    birth: date | None = None,
) -> Person:
    """Return a person with a first version of name and document."""
    first = IdentityVersion(
        number=1, name=name, document=document, recorded=recorded, origin=Origin.ROSTER
    )
    return Person(
        id=id_,
        versions=(first,),
        documents=(HeldDocument(document=document),),
        mobile=mobile,
        declared_gender=gender,
        declared_birth=birth,
    )


def corrected(
    person: Person,
    *,
    name: PersonName | None = None,
    document: IdentityDocument | None = None,
    recorded: datetime,
    origin: Origin,
) -> Person:
    """Return the person with a new version; the same person if nothing is new (更正).

    A document that was corrected stays among the person's documents: answers to what was sent
    with it must still find their way.

    Raises:
        Conflict: the person was merged into another (E-PERSON-001).
    """
    _check_alive(person)
    old = person.present
    new = evolve(
        old,
        number=old.number + 1,
        name=name or old.name,
        document=document or old.document,
        recorded=recorded,
        origin=origin,
    )
    if (new.name, new.document) == (old.name, old.document):
        return person
    grown = evolve(person, versions=(*person.versions, new))
    known = any(held.document == new.document for held in person.documents)
    return grown if known else link(grown, HeldDocument(document=new.document))


def link(person: Person, held: HeldDocument) -> Person:
    """Return the person with one more document, or with new dates for a known one (关联证件).

    Raises:
        Conflict: the person was merged into another (E-PERSON-001).
    """
    _check_alive(person)
    others = tuple(each for each in person.documents if each.document != held.document)
    return evolve(person, documents=(*others, held))


def merge(loser: Person, survivor: Person) -> tuple[Person, Person]:
    """Return both after a merge: *loser* points to *survivor*, who holds all documents (合并).

    Versions stay where they were recorded; the merge can be undone from them.

    Raises:
        Conflict: one of them was merged before (E-PERSON-001), or both are one (E-PERSON-002).
    """
    _check_alive(loser)
    _check_alive(survivor)
    if loser.id == survivor.id:
        raise Conflict("E-PERSON-002", current=loser.id, allowed=())
    for held in loser.documents:
        if not survivor.holds(held.document):
            survivor = link(survivor, held)
    return evolve(loser, merged_into=survivor.id), survivor


def _check_alive(person: Person) -> None:
    if person.merged_into is not None:
        raise Conflict("E-PERSON-001", current=person.id, allowed=(person.merged_into,))
