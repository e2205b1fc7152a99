"""Know who may be on the list of a sign-up, and what goes with a list: the log, and messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time

from attrs import frozen

from szunion.application.office import Office
from szunion.application.payment_news import item_words
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.catalogue import ServiceItem
from szunion.domain.city_time import CITY_TIME
from szunion.domain.eligibility import Ineligible
from szunion.domain.joinings import Joining, JoiningState, Listing, NoListing, against
from szunion.domain.participation import Means, Participation, participation_key
from szunion.domain.values import OrganisationId, ParticipationId, PersonId, shard_of
from szunion.ports.storage import UnitOfWork


@frozen(kw_only=True)
class NotListed:
    """Somebody who cannot take part, with everything that stands against it (未列入)."""

    person: PersonId
    reasons: tuple[Ineligible | NoListing, ...]


@frozen(kw_only=True)
class Signed:
    """A sign-up, who is on its list now (or was recorded), and who could not be (报名结果)."""

    joining: Joining
    listed: tuple[PersonId, ...]
    refused: tuple[NotListed, ...]


def may_join(  # noqa: PLR0913, PLR0917 - who wants what, through which union
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    joining: Joining,
    item: ServiceItem,
    people: Sequence[PersonId],
) -> tuple[tuple[PersonId, ...], tuple[NotListed, ...]]:
    """Return who of *people* may join now through the union of a sign-up, and who not, and why.

    Whoever is of another union, has left, or is nobody gets one and the same answer.
    """
    own = work.organisations.standing(joining.organisation)
    path = "" if own is None else own.path
    memberships = {each.person: each for each in work.members.open_of_many(scope, people)}
    unions = {each.organisation for each in memberships.values()}
    below = {each for each in unions if path and _at(work, each).startswith(path)}
    genders = work.people.genders(scope, memberships) if item.eligibility.gender else {}
    may, refused = [], []
    for person in people:
        membership = memberships.get(person)
        reasons: tuple[Ineligible | NoListing, ...] = (NoListing.NOT_OURS,)
        if membership is not None and membership.organisation in below:
            rights = office.policy.rights_of(membership.state, membership.reason)
            reasons = against(item, rights, genders.get(person))
        if reasons:
            refused.append(NotListed(person=person, reasons=reasons))
        else:
            may.append(person)
    return tuple(may), tuple(refused)


def _at(work: UnitOfWork, union: OrganisationId) -> str:
    standing = work.organisations.standing(union)
    return "" if standing is None else standing.path


def keep_list(
    office: Office, work: UnitOfWork, scope: Scope, joining: Joining, people: Sequence[PersonId]
) -> None:
    """Put a list in the place of the one before, and tell who is on it, and who no more is."""
    before = work.joinings.people(scope, joining.id)
    if list(before) == list(people):
        return
    work.joinings.put_people(scope, joining, dict.fromkeys(people, False))
    new = [one for one in people if one not in before]
    gone = [one for one in before if one not in people]
    accepted = joining.state is JoiningState.ACCEPTED
    tell(office, work, scope, joining, new, "accepted" if accepted else "listed")
    tell(office, work, scope, joining, gone, "unlisted")
    _log(work, scope, joining, dict.fromkeys(new, "1") | dict.fromkeys(gone, "0"))


def drop_list(office: Office, work: UnitOfWork, scope: Scope, joining: Joining) -> None:
    """Let the list of a sign-up go that comes to nothing, and tell who was on it."""
    people = work.joinings.people(scope, joining.id)
    tell(office, work, scope, joining, people, "off")
    _log(work, scope, joining, dict.fromkeys(people, "0"))
    work.joinings.put_people(scope, joining, {})


def _log(work: UnitOfWork, scope: Scope, joining: Joining, places: dict[PersonId, str]) -> None:
    work.audit.add_many(
        scope,
        [
            AuditEntry(action="joining.list", subject=joining.id, person=one, after=after)
            for one, after in places.items()
        ],
    )


def tell(  # noqa: PLR0913, PLR0917 - whom of what
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    joining: Joining,
    people: Iterable[PersonId],
    template: str,
) -> None:
    """Tell members what became of the sign-up on whose list they are or were."""
    name, _ = item_words(office, joining.item)
    days = " – ".join(sorted({str(joining.first), str(joining.last)}))
    why, state = joining.reason, joining.state.text
    fields = {
        "item": name.zh, "item_en": name.en, "when": f"{days} {joining.session}".strip(),
        "place": joining.place, "reason": why or state.zh, "reason_en": why or state.en,
    }  # fmt: skip
    work.messages.add_many(scope, [(one, f"joining.{template}", fields) for one in people])


def part_of(
    work: UnitOfWork, joining: Joining, item: ServiceItem, person: PersonId, author: str
) -> Participation:
    """Return the record that somebody came, at noon of the day on which it was held (M09)."""
    noon = datetime.combine(joining.first, time(12), CITY_TIME).astimezone(UTC)
    return Participation(
        id=ParticipationId(work.ids.new(shard_of(person))),
        key=participation_key(joining.item, joining.occasion, person), person=person,
        item=joining.item, category=item.category, occasion=joining.occasion, at=noon,
        recorded=work.now, means=Means.DESK, organisation=joining.organisation, author=author,
    )  # fmt: skip


def listings_of(
    work: UnitOfWork, scope: Scope, whole: Scope, person: PersonId
) -> Sequence[Listing]:
    """Return on which lists a person is.

    Args:
        work: The unit of work.
        scope: The permission, for the person's own places.
        whole: One in which every sign-up is within reach: whose place it is sees what it is for.
        person: Whose.
    """
    found = []
    for id_, came in work.joinings.of_person(scope, person).items():
        one = work.joinings.get(whole, id_)
        assert one is not None, "a list goes with its sign-up"
        found.append(
            Listing(
                joining=id_, item=one.item, organisation=one.organisation, first=one.first,
                last=one.last, session=one.session, where=one.place, state=one.state, came=came,
            )
        )  # fmt: skip
    return found
