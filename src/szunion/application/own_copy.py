"""Know how everything that is kept of a person becomes that person's own copy (本人副本)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Final

import attrs
from attrs import define, field

from szunion.application.joining_lists import listings_of
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import LoggedEntry
from szunion.domain.inventory import DataClass, inventory
from szunion.domain.own_copy import Record
from szunion.domain.values import Fen, Labelled, OrganisationId, PersonId
from szunion.domain.wording import action_text
from szunion.ports.storage import UnitOfWork

#: What an heir sees of the dead: what is still to be received, and nothing else of the file.
FOR_HEIRS: Final = ("covers", "claims", "obligations", "orders")

_UNIONS: Final = frozenset(
    {"organisation", "source", "target", "holder", "owner", "union", "node", "raised"}
)
_IDS: Final = frozenset(
    {
        "id", "person", "payee", "card", "row", "batch", "membership", "enrolment", "obligation",
        "order", "consent", "follows", "payout", "offer", "replaces", "replaced_by", "corrects",
        "survivor", "merged_into", "heir", "list", "participation", "claim", "ticket", "joining",
    }
)  # fmt: skip
_KEYS: Final = frozenset({"key", "keys", "account", "digest", "event_id", "token_index"})
"""What says nothing to anybody: the copy names these as derived."""


@cache
def officers() -> frozenset[str]:
    """Return the fields that hold the login of an officer: they are shown by role, in the log."""
    named = {
        column.name
        for table in inventory().values()
        for column in table.columns
        if column.data_class is DataClass.OFFICER
    }
    return frozenset(named - {"login"}) | {"login"}


@define
class Unfolder:
    """Turns values of ours into records: fields by name, secrets in plain, ids as opaque names."""

    office: Office
    work: UnitOfWork
    scope: Scope
    _unions: dict[int, str | None] = field(factory=dict, init=False)

    def record(self, value: Any, **more: object) -> dict[str, Any]:  # noqa: ANN401
        """Return the fields of *value*, and *more* after them."""
        found: dict[str, Any] = {}
        for each in attrs.fields(type(value)):
            name = each.name.lstrip("_")
            if name in _KEYS or name in officers():
                continue
            found[name] = self._field(name, getattr(value, each.name))
        found |= {name: self._field(name, each) for name, each in more.items()}
        return found

    def _field(self, name: str, value: Any) -> Any:  # noqa: ANN401
        if name in _UNIONS and isinstance(value, int):
            return self._union(OrganisationId(value))
        if name in _IDS and type(value) is int:
            return self.office.vault.outward("m" if name in _PEOPLE else "x", value)
        return self._plain(value)

    def _plain(self, value: Any) -> Any:  # noqa: ANN401, PLR0911 - one line a kind of value
        match value:
            case None | bool() | int() | str() | datetime() | date() | Labelled():
                return value
            case Fen():
                return value.amount
            case Enum():
                return value.value
            case Mapping():
                return {str(key): self._plain(each) for key, each in value.items()}
            case tuple() | list():
                return [self._plain(each) for each in value]
            case frozenset() | set():
                return sorted((self._plain(each) for each in value), key=str)
            case _:
                return self._other(value)

    def _other(self, value: Any) -> Any:  # noqa: ANN401
        plain = getattr(value, "plain", None)
        if callable(plain):
            return plain()
        if attrs.has(type(value)):
            return self.record(value)
        return str(value)

    def _union(self, union: OrganisationId) -> str | None:
        if union not in self._unions:
            found = self.work.organisations.get(self.scope, union)
            self._unions[union] = None if found is None else f"{found.code} {found.name}"
        return self._unions[union]


_PEOPLE: Final = frozenset({"person", "payee", "heir", "survivor", "merged_into"})


def sections_of(
    office: Office, work: UnitOfWork, scope: Scope, person: PersonId
) -> Mapping[str, Sequence[Record]]:
    """Return every section of a person's copy, also those in which nothing is."""
    unfold = Unfolder(office, work, scope)
    return {name: list(make(unfold, person)) for name, make in _SECTIONS.items()}


Section = Callable[[Unfolder, PersonId], Iterable[Record]]


def _person(own: Unfolder, person: PersonId) -> Iterable[Record]:
    found = own.work.people.get(own.scope, person)
    return [] if found is None else [own.record(found)]


def _memberships(own: Unfolder, person: PersonId) -> Iterable[Record]:
    return [
        own.record(each.membership, holds_from=each.holds_from, recorded=each.recorded)
        for each in own.work.members.versions(own.scope, person)
    ]


def _transfers(own: Unfolder, person: PersonId) -> Iterable[Record]:
    return [
        own.record(transfer)
        for episode in own.work.members.episodes(own.scope, person)
        for transfer in own.work.transfers.of_membership(own.scope, person, episode.id)
    ]


def _applications(own: Unfolder, person: PersonId) -> Iterable[Record]:
    found = []
    for row in own.work.rows.of_person(own.scope, person):
        mobile = own.work.rows.pinned_mobiles(own.scope, row.batch).get(row.id)
        found.append(own.record(row, mobile=mobile))
    return found


def _cards(own: Unfolder, person: PersonId) -> Iterable[Record]:
    for kept in own.work.cards.of_person(own.scope, person):
        card = own.record(kept.card)
        card.pop("holds")
        card.pop("ref")
        yield card | {
            "token": kept.card.ref.token.plain(),
            "last_four": kept.card.last_four,
            "psn": kept.card.ref.psn,
            "custody": kept.custody.state,
            "holder": own._field("holder", kept.custody.holder),  # noqa: SLF001 - one class
            "programme": kept.programme,
            "gap": kept.gap,
            "born": kept.born,
        }


def _holds(own: Unfolder, person: PersonId) -> Iterable[Record]:
    return [own.record(hold) for hold in own.work.cards.holds_on(own.scope, person)]


def _facts(own: Unfolder, person: PersonId) -> Iterable[Record]:
    return [
        own.record(fact, card=kept.id)
        for kept in own.work.cards.of_person(own.scope, person)
        for fact in own.work.cards.facts(own.scope, kept.id)
    ]


def _instructions(own: Unfolder, person: PersonId) -> Iterable[Record]:
    return [
        own.record(each)
        for kept in own.work.cards.of_person(own.scope, person)
        for each in own.work.instructions.of_card(own.scope, kept.id)
    ]


def _orders(own: Unfolder, person: PersonId) -> Iterable[Record]:
    return [
        own.record(order)
        for owed in own.work.obligations.of_person(own.scope, person)
        for order in own.work.orders.of_obligation(own.scope, owed.id)
    ]


def _heirs(own: Unfolder, person: PersonId) -> Iterable[Record]:
    return [own.record(each) for each in own.work.heirs.of_people(own.scope, [person]).values()]


def _log(own: Unfolder, person: PersonId) -> Iterable[Record]:
    return [_entry(own, each) for each in own.work.audit.of_person(own.scope, person)]


def _entry(own: Unfolder, logged: LoggedEntry) -> Record:
    what = logged.entry
    return {
        "at": logged.at, "who": logged.role, "role": logged.role,
        "union": None if logged.node is None else own._union(logged.node),  # noqa: SLF001
        "purpose": logged.purpose, "action": what.action, "text": action_text(what.action).zh,
        "before": what.before, "after": what.after, "reason": what.reason,
    }  # fmt: skip


def _plastic(own: Unfolder, person: PersonId) -> Iterable[Record]:
    cards = [kept.id for kept in own.work.cards.of_person(own.scope, person)]
    return [
        {"list": own._field("list", list_id), "card": own._field("card", card), "there": there}  # noqa: SLF001
        for list_id, card, there in own.work.files.plastic(own.scope, cards)
    ]


def _counters(own: Unfolder, person: PersonId) -> Iterable[Record]:
    cards = [kept.id for kept in own.work.cards.of_person(own.scope, person)]
    return [
        {"card": own._field("card", card), "counter": counter, "at": at}  # noqa: SLF001
        for card, counter, at in own.work.files.counters(own.scope, cards)
    ]


def _referrals(own: Unfolder, person: PersonId) -> Iterable[Record]:
    name = own.office.catalogue.topic_name
    return [
        own.record(each, topic=name(each.topic))
        for each in own.work.referrals.of_person(own.scope, person)
    ]


def _plainly(find: Callable[[UnitOfWork, Scope, PersonId], Iterable[Any]]) -> Section:
    """Return the section of values that one repository finds by person."""
    return lambda own, person: [own.record(each) for each in find(own.work, own.scope, person)]


_SECTIONS: Final[Mapping[str, Section]] = {
    "person": _person,
    "memberships": _memberships,
    "affiliations": _plainly(lambda work, scope, who: work.members.affiliations(scope, who)),
    "transfers": _transfers,
    "bindings": _plainly(lambda work, scope, who: work.bindings.of_person(scope, who)),
    "consents": _plainly(lambda work, scope, who: work.consents.of_person(scope, who)),
    "requests": _plainly(lambda work, scope, who: work.requests.of_person(scope, who)),
    "applications": _applications,
    "reservations": _plainly(lambda work, scope, who: work.reservations.of_person(scope, who)),
    "face_signs": _plainly(lambda work, scope, who: work.face_signs.of_person(scope, who)),
    "cards": _cards,
    "card_facts": _facts,
    "card_standings": _plainly(lambda work, scope, who: work.cards.standings(scope, who)),
    "holds": _holds,
    "card_counters": _counters,
    "instructions": _instructions,
    "plastic": _plastic,
    "fee_waivers": _plainly(lambda work, scope, who: work.files.fee_waivers(scope, who)),
    "pack": _plainly(lambda work, scope, who: work.entitlements.of_person(scope, who)),
    "covers": _plainly(lambda work, scope, who: work.enrolments.of_person(scope, who)),
    "claims": _plainly(lambda work, scope, who: work.claims.of_person(scope, who)),
    "heirs": _heirs,
    "obligations": _plainly(lambda work, scope, who: work.obligations.of_person(scope, who)),
    "orders": _orders,
    "bookings": _plainly(lambda work, scope, who: work.bookings.of_person(scope, who)),
    "participations": _plainly(lambda work, scope, who: work.participations.of_person(scope, who)),
    "ratings": _plainly(lambda work, scope, who: work.files.ratings(scope, who)),
    "wishes": _plainly(lambda work, scope, who: work.wishes.of_person(scope, who)),
    "referrals": _referrals,
    "joinings": _plainly(lambda work, scope, who: listings_of(work, scope, scope, who)),
    "messages": _plainly(lambda work, scope, who: work.messages.of_person(scope, who)),
    "log": _log,
}
