"""An office on either store, with a simulated clock, and a small city of unions and officers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve, frozen
from tests.canaries import canary
from tests.databases import lasting
from tests.places import opened

from szunion.adapters.keys.file import Ed25519Signer, FileKeys
from szunion.adapters.storage.memory.storage import MemoryStorage
from szunion.adapters.storage.postgres.connection import Limits
from szunion.adapters.system import ChineseCalendar
from szunion.application.access import authorise
from szunion.application.filing import Applicant
from szunion.application.hotline import Hotline, Opened
from szunion.application.membership import Memberships
from szunion.application.office import Office
from szunion.application.organisations import NewUnion, Organisations
from szunion.application.transfers import Transfers
from szunion.domain.access import Assurance, Operation, Principal, Purpose, Role
from szunion.domain.calls import Challenge
from szunion.domain.cities import City, city_from
from szunion.domain.identity import IdentityDocument, Mobile, PersonName
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.organisations import Organisation, OrganisationKind
from szunion.domain.values import OrganisationId, PersonId
from szunion.ports.storage import UnitOfWork
from szunion.testing.clock import SeededChance, SeededIds, SimClock

ENGINES: Final = (
    "memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)
)  # fmt: skip
"""Every engine that a store can be on."""

STORE: Final = "SZUNION_TEST_STORE"
"""The engine on which runs what would on SQLite."""

ON_SQLITE = pytest.mark.skipif(
    os.environ.get(STORE, "sqlite") != "sqlite",
    reason=f"about SQLite itself; {STORE} names another",
)
"""For what looks at SQLite itself: its file, or the statements that it is told."""

PAPER: Final = "同意书2017-11"
"""Where the signed consents of everybody in the tests are filed."""


@cache
def shenzhen() -> City:
    """Return the city that comes with the product."""
    folder = files("szunion.domain.cities").joinpath("shenzhen")
    return city_from(lambda name: folder.joinpath(name).read_text("utf-8"))


def engine_of(kind: str) -> str:
    """Return the engine on which what is asked to be on *kind* runs in this run."""
    return os.environ.get(STORE, kind) if kind == "sqlite" else kind


def office_on(  # noqa: PLR0913 - each is a part that a test may bring
    kind: str,
    folder: Path,
    *,
    day: str = "2017-11-23",
    seed: int = 7,
    city: City | None = None,
    keys: FileKeys | None = None,
    limits: Limits | None = None,
) -> Office:
    """Return an office whose store is of *kind*: ``memory``, ``sqlite`` or ``postgres``."""
    clock = SimClock(day)
    ids = SeededIds(clock)
    keys = keys or FileKeys(bytes(range(32)))
    vault = keys.vault(chance=SeededChance(seed).bytes)
    storage: Any
    kind = engine_of(kind)
    if kind == "memory":
        storage = MemoryStorage(clock, ids, vault)
    else:
        storage = opened(kind, folder, clock=clock, ids=ids, vault=vault, limits=limits)
    chosen = city or shenzhen()
    signer: Ed25519Signer = keys.signer(f"szunion/{chosen.policy.code}")
    return Office(
        storage=storage, clock=clock, ids=ids, vault=vault, signer=signer,
        calendar=ChineseCalendar(), policy=chosen.policy, catalogue=chosen.catalogue,
    )  # fmt: skip


@contextmanager
def lasting_office(kind: str, folder: Path) -> Iterator[Office]:
    """Have an office that many tests look at, one after the other."""
    with lasting(folder) if engine_of(kind) == "postgres" else nullcontext():
        made = office_on(kind, folder)
        try:
            yield made
        finally:
            made.storage.close()


def clock_of(office: Office) -> SimClock:
    """Return the office's clock, to move it."""
    assert isinstance(office.clock, SimClock)
    return office.clock


#: What somebody of a role is there for, unless a test says otherwise.
_DUTY = {
    Role.FINANCE: Purpose.PAY, Role.REVIEW: Purpose.AID_REVIEW, Role.PROVIDER: Purpose.SERVE,
    Role.HOTLINE: Purpose.SERVE, Role.AUDITOR: Purpose.AUDIT, Role.LOG_ADMIN: Purpose.AUDIT,
    Role.ENGINE: Purpose.OPERATE,
}  # fmt: skip


def officer(name: str, role: Role, union: Organisation | OrganisationId | None = None) -> Principal:
    """Return somebody who acts for a union or an organ."""
    id_ = union.id if isinstance(union, Organisation) else union
    return Principal(
        id=name, role=role, purpose=_DUTY.get(role, Purpose.ENROL), organisation=id_,
        assurance=Assurance.STEP_UP,
    )  # fmt: skip


def serving(by: Principal) -> Principal:
    """Return the same person at the same union, there to serve members."""
    return evolve(by, purpose=Purpose.SERVE)


def at_work(by: Principal) -> Principal:
    """Return the same person, there to serve where he or she would else enrol."""
    return serving(by) if by.purpose is Purpose.ENROL else by


def operating(by: Principal) -> Principal:
    """Return the same person at the same union, there to run the system."""
    return evolve(by, purpose=Purpose.OPERATE)


def engine() -> Principal:
    """Return the engine."""
    return Principal(id="engine", role=Role.ENGINE, purpose=Purpose.OPERATE)


def member(person: PersonId) -> Principal:
    """Return a member who acts for themselves."""
    return Principal(id=f"m{person}", role=Role.MEMBER, purpose=Purpose.SERVE, person=person)


def counted(
    office: Office, by: Principal | None = None
) -> Mapping[tuple[OrganisationKind, MembershipState, MembershipReason | None], int]:
    """Return what the store counts in somebody's reach, before small counts are left out."""
    return office.storage.read(
        lambda work: work.members.counts(authorise(work, by or engine(), Operation.STATISTICS_READ))
    )


def on_call(
    office: Office, person: PersonId, name: str = "12351-1", topic: str = "member-service"
) -> Principal:
    """Return an operator of the hotline to whom a member has just identified themselves."""
    clerk = officer(name, Role.HOTLINE)
    scope_of = officer("city-1", Role.CITY)

    def known(work: UnitOfWork) -> tuple[str, dict[Challenge, str]]:
        scope = authorise(work, scope_of, Operation.PERSON_READ)
        file, row = work.people.get(scope, person), work.members.newest(scope, person)
        assert file is not None
        assert file.mobile is not None
        assert row is not None
        union = work.organisations.get(scope, row.organisation)
        assert union is not None
        said = {Challenge.MOBILE: file.mobile.plain(), Challenge.UNION: union.code}
        return file.present.document.number.plain(), said

    number, said = office.storage.read(known)
    ticket = Hotline(office, clerk).take(topic)
    assert isinstance(Hotline(office, clerk).open(ticket.id, number, said), Opened)
    return evolve(clerk, ticket=ticket.id)


@frozen
class Town:
    """A city federation, two districts, and unions below them, with an officer each."""

    office: Office
    city: Organisation
    districts: tuple[Organisation, Organisation]
    community: Organisation
    industry: Organisation
    unions: tuple[Organisation, ...]
    """Three grassroots unions: two in the first district, one in the second."""

    @property
    def c1(self) -> Principal:
        return officer("city-1", Role.CITY)

    @property
    def c2(self) -> Principal:
        return officer("city-2", Role.CITY)

    def upper(self, index: int, name: str = "upper") -> Principal:
        return officer(f"{name}-{index}", Role.UPPER, self.districts[index])

    def g(self, index: int, name: str = "g") -> Principal:
        return officer(f"{name}-{index}", Role.GRASSROOTS, self.unions[index])

    def memberships(self, by: Principal) -> Memberships:
        return Memberships(self.office, by)

    def transfers(self, by: Principal) -> Transfers:
        return Transfers(self.office, by)

    def organisations(self, by: Principal) -> Organisations:
        return Organisations(self.office, by)

    def admit(self, index: int, applicant: Applicant) -> PersonId:
        """Return somebody who has become a member of the union of that index."""
        desk = self.memberships(self.g(index))
        row = desk.apply(applicant, self.unions[index].id)
        if row.state.value == "APPLIED":
            desk.approve(row.person)
        return row.person


def town_on(office: Office) -> Town:
    """Return a small town in *office*."""
    return town_of(
        office,
        ("440304-001", "甲一工会", "440304"),
        ("440304-002", "甲二工会", "440304"),
        ("440305-001", "乙一工会", "440305"),
    )


def town_of(office: Office, *unions: tuple[str, str, str]) -> Town:
    """Return a town of two districts, a park, an industry, and unions by code, name, parent."""
    desk = Organisations(office, officer("city-1", Role.CITY))
    city = desk.found_city(code="440300", name="市总工会")
    kinds = OrganisationKind
    forms = [
        ("440304", "甲区总工会", kinds.DISTRICT, "440300"),
        ("440305", "乙区总工会", kinds.DISTRICT, "440300"),
        ("440304-SQ1", "园区工会", kinds.COMMUNITY, "440304"),
        ("440304-HY1", "行业工会联合会", kinds.INDUSTRY, "440304"),
        *((code, name, kinds.GRASSROOTS, parent) for code, name, parent in unions),
    ]
    made = desk.register_many([NewUnion(code=c, name=n, kind=k, parent_code=p)
                               for c, n, k, p in forms], document="深工发〔2017〕12号")  # fmt: skip
    return Town(office, city, (made[0], made[1]), made[2], made[3], tuple(made[4:]))


def applicant(index: int) -> Applicant:
    """Return the synthetic applicant of that index, the same in every run: a canary."""
    one = canary(index)
    return Applicant(
        name=PersonName(one.name),
        document=IdentityDocument.read(one.number),
        mobile=Mobile(one.mobile),
    )
