"""A town on PostgreSQL whose desks are watched by the server's administrator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import count
from typing import Any, Final

import psycopg
from attrs import define, field
from tests.offices import Town, applicant, officer

from szunion.adapters.roster.reader import read_roster
from szunion.application.organisations import NewUnion
from szunion.application.roster import ImportResult, Rosters
from szunion.domain.access import Principal, Role
from szunion.domain.organisations import Organisation, OrganisationKind

TABLES: Final = (
    "person", "person_salt", "person_document", "person_mobile", "membership", "affiliation",
    "audit",
)  # fmt: skip


@define
class Hall:
    """A town whose desks are watched; each case has people of its own."""

    town: Town
    admin: psycopg.Connection[Any]
    numbers: Iterator[int] = field(factory=lambda: count(1, 12))

    def blocked(self) -> int:
        (found,) = self.all(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(found[0])

    def all(self, question: str, *given: Any) -> list[tuple[Any, ...]]:
        return self.admin.execute(question.encode(), given).fetchall()

    def taken(self, by: Principal, people: Sequence[int]) -> ImportResult:
        lines = [
            f"{one.name.plain()},{one.document.number.plain()},{one.mobile.plain()}"
            for one in map(applicant, people)
            if one.mobile is not None
        ]
        data = BytesIO("\n".join(["姓名,身份证号,手机", *lines]).encode())
        return Rosters(self.town.office, by, read_roster).import_file(data)

    def born_before_2000(self) -> Sequence[int]:
        """Return people whose numbers have an old form."""
        for first in self.numbers:
            numbers = [applicant(at).document.number.plain() for at in range(first, first + 4)]
            if all(number[6:8] == "19" for number in numbers):
                return range(first, first + 4)
        raise AssertionError

    def new_union(self) -> tuple[Organisation, Principal]:
        code = f"440304-{next(self.numbers)}"
        desk = self.town.organisations(self.town.c1)
        form = NewUnion(
            code=code, name="会", kind=OrganisationKind.GRASSROOTS, parent_code="440304"
        )
        (union,) = desk.register_many([form], document="1")
        return union, officer(f"g-{code}", Role.GRASSROOTS, union)

    def outcome(self, results: Sequence[Any], rosters: Sequence[Sequence[int]]) -> object:
        """Return what two imports came to, by the rows' places: the same for other people."""
        for each in results:
            if isinstance(each, BaseException):
                return repr(each)
        waiting = {person for (person,) in self.all("SELECT person_id FROM szunion.quarantine")}
        accepted = [
            dict(zip(people, each.accepted, strict=True))
            for people, each in zip(rosters, results, strict=True)
        ]
        shared = [number for number in rosters[0] if number in rosters[1]]
        people = sorted({person for each in accepted for person in each.values()})
        per_person = "SELECT count(*) FROM szunion.{} WHERE person_id = ANY(%s)"
        return (
            [(r.added, r.changed, r.unchanged, len(r.duplicates)) for r in results],
            [[person in waiting for person in each.values()] for each in accepted],
            [accepted[0][number] == accepted[1][number] for number in shared],
            [self.all(per_person.format(table), people) for table in TABLES],
            self.all(
                "SELECT added, changed, unchanged FROM szunion.roster_import"
                " WHERE import_id = ANY(%s) ORDER BY added, unchanged",
                sorted({r.import_id for r in results}),
            ),
        )


def hall_of(town: Town, address: str) -> Iterator[Hall]:
    with psycopg.connect(address, autocommit=True) as admin:
        yield Hall(town, admin)
