"""What a look presumes decides nothing: whatever it is, the outcome is what the server says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import evolve, frozen
from tests.databases import database_for
from tests.offices import Town, applicant, office_on, operating, serving, town_on

import szunion
from szunion.adapters.storage.postgres import presumed
from szunion.adapters.storage.postgres.connection import Connection, Limits, ask, connect, tell
from szunion.adapters.storage.postgres.dialect import statements
from szunion.adapters.storage.postgres.faults import TryAgain
from szunion.adapters.storage.postgres.net import NET
from szunion.adapters.storage.postgres.presumed import Latest, Presumed
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.adapters.storage.sql.session import Row
from szunion.application.access import authorise
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.officers import Officers
from szunion.application.organisations import Organisations
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import AuditEntry
from szunion.domain.officers import Post
from szunion.domain.organisations import Organisation, OrganisationReason
from szunion.errors import NotAllowed, StorageBusy, StorageError
from szunion.ports.storage import UnitOfWork

pytestmark = pytest.mark.postgres

LOGIN = "g-0"
"""The officer of the first union; so the town calls them."""
OURS, THEIRS = (applicant(index).document for index in (1, 2))
"""Documents of a member of that union, and of one of a union in another district."""


@frozen
class Two:
    """One database, and two programs at it: one that looks, and one that changes things."""

    town: Town
    here: Office
    post: Post

    @property
    def by(self) -> Principal:
        return serving(self.town.g(0))

    @property
    def latest(self) -> Latest:
        storage = self.here.storage
        assert isinstance(storage, PostgresStorage)
        return storage._latest

    def find(self, document: Any = OURS, *, meanwhile: Callable[[], object] = bool) -> object:
        """Look a member up; *meanwhile* is what another program does before anything is asked."""
        left = [meanwhile]

        def look(work: UnitOfWork) -> object:
            scope = authorise(work, self.by, Operation.PERSON_READ)
            while left:
                left.pop()()
            found = work.people.with_document(scope, document)
            return None if found is None else found[0].present.document

        return self.here.storage.read(look)

    def leave(self) -> None:
        Officers(self.town.office, operating(self.town.c1)).leave(self.post.id, why="调离")

    def desk(self) -> Organisations:
        return Organisations(self.town.office, self.town.c1)

    def union(self) -> Organisation:
        return self.town.unions[0]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    there = office_on("postgres", tmp_path)
    town = town_on(there)
    town.admit(0, applicant(1))
    town.admit(2, applicant(2))
    made = Officers(there, operating(town.c1)).appoint(LOGIN, town.g(0).role, town.unions[0].id)
    assert isinstance(made, Post)
    here = office_on("postgres", tmp_path)
    found = Two(town, here, made)
    assert found.find() == OURS, "from here on the answers are known"
    yield found
    here.storage.close()
    there.storage.close()


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have what was waited for counted."""
    waits: list[int] = []
    wait = Connection.wait

    def counted(connection: Connection, *given: Any) -> Any:
        waits.append(1)
        return wait(connection, *given)

    monkeypatch.setattr(psycopg.Connection, "wait", counted)
    return waits


def test_a_member_is_looked_up_in_one_message(two: Two, messages: list[int]) -> None:
    """How the union stands, which posts the officer holds, and the file: asked in one."""
    desk = Members(two.here, two.by)
    for _ in range(3):
        messages.clear()
        found = desk.find(OURS.number.plain())
        assert found is not None
        assert found.document == OURS
        assert len(messages) == 1
    assert desk.find(THEIRS.number.plain()) is None


def test_what_is_not_known_yet_is_asked_first(two: Two, messages: list[int]) -> None:
    for each in [*two.latest._rows]:
        two.latest.forget(each[0], each[1])
    messages.clear()
    assert two.find() == OURS
    assert len(messages) == 3


def test_a_post_that_ends_before_the_question_is_ended(two: Two) -> None:
    with pytest.raises(NotAllowed, match="E-ACCESS-012"):
        two.find(meanwhile=two.leave)


def test_a_post_that_has_ended_elsewhere_is_ended(two: Two) -> None:
    two.leave()
    for _ in range(2):
        with pytest.raises(NotAllowed, match="E-ACCESS-012"):
            two.find()


def test_who_was_turned_away_and_then_appointed_is_let_in(two: Two) -> None:
    """Being turned away rests on what was presumed just as a row does."""
    two.leave()
    with pytest.raises(NotAllowed):
        two.find()
    with pytest.raises(NotAllowed):
        two.find()
    Officers(two.town.office, operating(two.town.c1)).appoint(LOGIN, two.by.role, two.union().id)
    assert two.find() == OURS


def test_a_union_that_moves_meanwhile_is_asked_for_where_it_is(two: Two) -> None:
    """Its place is what the scope is made of: under the old one nobody would be found."""
    above = two.town.districts[1].id

    def move() -> None:
        two.desk().reparent(two.union().id, above)

    assert two.find(meanwhile=move) == OURS
    assert two.find() == OURS


def test_a_union_that_is_closed_meanwhile_is_closed(two: Two) -> None:
    def close() -> None:
        waiting = two.desk().dissolve(
            two.union().id, reason=OrganisationReason.UNIT_ENDED, document="深工发2"
        )
        Organisations(two.town.office, two.town.c2).confirm(waiting.id)

    with pytest.raises(NotAllowed, match="E-ACCESS-003"):
        two.find(meanwhile=close)


def _elsewhere(path: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [(path, *rows[0][1:])]


WRONG: list[tuple[str, Callable[[list[Row]], list[Row]]]] = [
    ("organisation.standing", _elsewhere("/")),
    ("organisation.standing", _elsewhere("/5/6/")),
    ("organisation.standing", lambda rows: [(rows[0][0], "DISSOLVED", rows[0][2])]),
    ("organisation.standing", lambda rows: rows[:0]),
    ("officer.posts", lambda rows: rows[:0]),
    ("officer.posts", lambda rows: [(*rows[0][:6], rows[0][4], *rows[0][7:])]),
    ("officer.posts", lambda rows: rows * 2),
]
"""What may be presumed wrongly: wider, elsewhere, closed, gone; no post, an ended one, too many."""


@pytest.mark.parametrize(("name", "wrong"), WRONG)
@pytest.mark.parametrize("document", [OURS, THEIRS])
def test_whatever_is_presumed_the_outcome_is_the_servers(
    two: Two, name: str, wrong: Callable[[list[Row]], list[Row]], document: Any
) -> None:
    assert _plant(two, name, wrong)
    assert two.find(document) == (OURS if document is OURS else None)


def _plant(two: Two, name: str, wrong: Callable[[list[Row]], list[Row]]) -> bool:
    known = [(key, rows) for key, rows in two.latest._rows.items() if key[0] == name]
    for (_, given), rows in known:
        two.latest.keep(name, given, wrong(list(rows)))
    return bool(known)


def test_what_is_not_compared_would_be_let_out(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: without the comparison the tests above see another union's member."""
    monkeypatch.setattr(Presumed, "compare", lambda self, _: self._taken.clear())
    _plant(two, *WRONG[0])
    assert two.find(THEIRS) == THEIRS
    two.leave()
    assert two.find(THEIRS) == THEIRS


def test_a_look_that_presumed_wrongly_is_over_whatever_it_catches(two: Two) -> None:
    _plant(two, *WRONG[0])
    tries = []

    def hides(work: UnitOfWork) -> object:
        tries.append(1)
        scope = authorise(work, two.by, Operation.PERSON_READ)
        with suppress(StorageError):
            return work.people.with_document(scope, THEIRS)
        with suppress(StorageError):
            return work.people.with_document(scope, THEIRS)
        return "hidden"

    assert two.here.storage.read(hides) is None
    assert len(tries) == 2


def test_a_look_that_asks_nothing_more_is_confirmed_as_well(two: Two) -> None:
    """So is one that writes, which no look does, and one that reads row by row."""

    def allowed(work: UnitOfWork) -> str:
        authorise(work, two.by, Operation.PERSON_READ)
        return "yes"

    def writes(work: UnitOfWork) -> None:
        scope = authorise(work, two.by, Operation.PERSON_READ)
        work.audit.add(scope, AuditEntry(action="test.note", subject=1))

    def streams(work: UnitOfWork) -> int:
        scope = authorise(work, two.by, Operation.ORGANISATION_READ)
        return len(list(work.organisations.all(scope)))

    read = two.here.storage.read
    assert read(allowed) == "yes"
    with pytest.raises(StorageError, match="25006"):
        read(writes)
    assert read(streams) == 1
    _plant(two, *WRONG[0])
    assert read(streams) == 1
    looks: list[Callable[[UnitOfWork], object]] = [allowed, writes, streams]
    two.leave()
    for look in looks:
        two.latest.keep("officer.posts", {"login": LOGIN}, _held(two))
        with pytest.raises(NotAllowed, match="E-ACCESS-012"):
            read(look)


def _held(two: Two) -> list[Row]:
    post = two.post
    since = int(post.since.timestamp() * 1_000_000)
    return [(post.id, LOGIN, post.role.value, post.organisation, since, post.by, None, "", 0)]


def test_what_fails_beside_what_was_presumed_is_asked_again_in_turn(
    two: Two, tmp_path: Path
) -> None:
    """Who holds no post any more is told so, not that the question failed."""
    admin = connect(database_for(tmp_path).admin, Limits())
    application = connect(database_for(tmp_path).app, Limits())
    role = application.info.user
    application.close()
    tell(admin, f"REVOKE SELECT ON szunion.person_document FROM {role}")
    try:
        with pytest.raises(StorageError, match="E-STORE"):
            two.find()
        with pytest.raises(NotAllowed, match="E-ACCESS-012"):
            two.find(meanwhile=two.leave)
    finally:
        tell(admin, f"GRANT SELECT ON szunion.person_document TO {role}")
        admin.close()


def test_a_line_that_breaks_beside_what_was_presumed_is_sought_again(
    two: Two, tmp_path: Path
) -> None:
    """What that look comes to does not count, whatever it makes of it."""
    admin = connect(database_for(tmp_path).admin, Limits())
    others = """SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    left = [lambda: ask(admin, others)]

    def hides(work: UnitOfWork) -> object:
        scope = authorise(work, two.by, Operation.PERSON_READ)
        if left:
            left.pop()()
        with suppress(StorageError):
            return work.people.with_document(scope, OURS)
        return "hidden"

    assert two.here.storage.read(hides) != "hidden"
    assert not left
    assert two.find(meanwhile=lambda: ask(admin, others)) == OURS
    admin.close()


def test_who_is_always_presumed_wrongly_hears_that_the_store_is_busy(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends, and nothing is let out."""
    monkeypatch.setattr(Latest, "forget", lambda *_: None)
    _plant(two, *WRONG[0])
    with pytest.raises(StorageBusy, match="E-STORE-001") as caught:
        two.find(THEIRS)
    assert not isinstance(caught.value, TryAgain)


def test_a_change_presumes_nothing(two: Two) -> None:
    _plant(two, *WRONG[0])

    def change(work: UnitOfWork) -> object:
        scope = authorise(work, two.by, Operation.PERSON_READ)
        return work.people.with_document(scope, THEIRS)

    assert two.here.storage.run(change) is None


def test_a_delegation_is_presumed_and_compared_too(two: Two) -> None:
    """Who acts for another holds a post, the other holds one, and it was given."""
    office, town = two.town.office, two.town
    Officers(office, operating(town.c1)).appoint("deputy", two.by.role, two.union().id)
    given = Officers(office, two.by).delegate(
        "deputy", [Operation.PERSON_READ], until=two.here.clock.now() + timedelta(days=7)
    )
    acting = evolve(two.by, id="deputy", acting_for=LOGIN)
    desk = Members(two.here, acting)
    for _ in range(2):
        assert desk.find(OURS.number.plain()) is not None
    Officers(office, two.by).end_delegation(given.id)
    with pytest.raises(NotAllowed, match="E-ACCESS-013"):
        desk.find(OURS.number.plain())


def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presumed, "MOST", 2)
    latest = Latest()
    for number in range(3):
        latest.keep("officer.posts", {"login": str(number)}, [(number,)])
    found = [latest.get("officer.posts", {"login": str(number)}) for number in range(3)]
    assert found == [None, [(1,)], [(2,)]]


def test_what_is_presumed_lies_beyond_the_net() -> None:
    """It is asked in whatever scope comes next, so no scope may have a say in its answer."""
    sources = Path(szunion.__file__).parent.rglob("*.py")
    asked = {
        name
        for source in sources
        for name in re.findall(r'\.foreseen\("([a-z_.]+)"', source.read_text("utf-8"))
    }
    assert asked == {"officer.posts", "officer.between", "organisation.standing"}
    for name in asked:
        tables = re.findall(r"\b(?:FROM|JOIN) (\w+)", statements()[name])
        assert tables
        assert not NET.keys() & set(tables)
