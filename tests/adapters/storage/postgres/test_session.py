"""PostgreSQL is asked safely: typed errors, no leftovers, a bounded wait, a commit that is known.

On a small schema of its own, so that each of these stands by itself.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import evolve
from tests.canaries import canary

from szunion.adapters.storage import sql
from szunion.adapters.storage.postgres.arrays import KINDS
from szunion.adapters.storage.postgres.asking import owes
from szunion.adapters.storage.postgres.begins import BEGIN
from szunion.adapters.storage.postgres.commit import undo
from szunion.adapters.storage.postgres.connection import (
    Connection,
    Limits,
    Seen,
    ask,
    connect,
    look,
    tell,
)
from szunion.adapters.storage.postgres.dialect import statements
from szunion.adapters.storage.postgres.faults import TryAgain, translated
from szunion.adapters.storage.postgres.inserts import MOST_TOGETHER
from szunion.adapters.storage.postgres.pool import Pool
from szunion.adapters.storage.postgres.row_sets import MOST_ROWS, row_set
from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.sql.columns import Same
from szunion.domain.access import Operation, Principal, Purpose, Role, WholeCity
from szunion.domain.issuing import issue
from szunion.domain.values import OrganisationId
from szunion.errors import (
    Conflict,
    InvalidInput,
    StorageBusy,
    StorageClosed,
    StorageError,
    StorageUnreachable,
)
from szunion.ports.storage.races import KeyTaken
from szunion.testing.postgres_databases import APPLICATION, Database, Databases

pytestmark = pytest.mark.postgres

SCHEMA = f"""
CREATE SCHEMA szunion;
CREATE TABLE szunion.thing (
    id bigint PRIMARY KEY, name text NOT NULL UNIQUE, size bigint NOT NULL CHECK (size < 100),
    note bytea
);
CREATE TABLE szunion.write_gate ();
CREATE TABLE szunion.other (id bigint PRIMARY KEY);
GRANT USAGE ON SCHEMA szunion TO {APPLICATION};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA szunion TO {APPLICATION};
"""
STATEMENTS = {
    "size_at": "UPDATE thing SET size = %s WHERE id = %s",
    "sizes": "SELECT id, size FROM thing ORDER BY id",
    "add": "INSERT INTO thing (id, name, size) VALUES (%(id)s, %(name)s, %(size)s)",
    "add_at": "INSERT INTO thing (id, name, size) VALUES (%s, %s, %s)",
    "add_or_not": "INSERT INTO thing (id, name, size) VALUES (1, 'a', 1) ON CONFLICT DO NOTHING",
    "add_select": "INSERT INTO thing (id, name, size) SELECT max(id) + 1, 'z', 1 FROM thing",
    "add_over": "INSERT INTO thing (id, name, size) VALUES (%(id)s, %(name)s, %(size)s)"
    " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "elsewhere": "INSERT INTO other (id) VALUES (%s)",
    "end": "DELETE FROM thing WHERE id = %s",
    "note": "INSERT INTO thing (id, name, size, note) VALUES (%s, %s, 7, %s)",
    "notes": "SELECT id, name, note, size FROM thing WHERE id < 100 ORDER BY id",
    "get": "SELECT id, name, size FROM thing WHERE id = %(id)s",
    "all": "SELECT id, name FROM thing ORDER BY id",
    "set": "UPDATE thing SET size = %(size)s WHERE id = %(id)s AND size = %(version)s",
    "name": "UPDATE thing SET name = %(name)s WHERE id = %(id)s",
    "cast": "SELECT CAST(%(name)s AS integer)",
    "slow": "SELECT pg_sleep(30)",
    "whole": "SELECT CASE mod(n, 9) WHEN 7 THEN NULL ELSE convert_to("
    "repeat(lpad(n::text, 8, '0'), 40000), 'UTF8') END FROM generate_series(1, 30) n",
    "failing": "SELECT convert_to(lpad((1 / (2 - n))::text, 8, '0'), 'UTF8')"
    " FROM generate_series(1, 4) n",
    "columns": "SELECT CAST(%(numbers)s AS bigint[]), CAST(%(blobs)s AS bytea[]),"
    " CAST(%(days)s AS text[])",
    "lock": "SELECT id FROM thing WHERE id = %(id)s FOR UPDATE",
    "scope": "SELECT nullif(current_setting('szunion.scope', true), '')",
}
QUICK = Limits(connections=2, wait=0.2, lock=0.1, statement=0.5, pause=0.01)


_REPOSITORIES = sorted(Path(sql.__file__).parent.glob("*.py"))


def _source(file: Path) -> str:
    return file.read_text("utf-8")


def fill(small: Database) -> None:
    connection = connect(small.owner, Limits())
    tell(connection, SCHEMA)
    connection.close()


@pytest.fixture
def small(databases: Databases) -> Iterator[Database]:
    with databases.lent("thing", fill) as found:
        yield found


@pytest.fixture
def connection(small: Database) -> Iterator[Connection]:
    found = connect(small.app, Limits())
    yield found
    found.close()


CITY = issue(
    Principal(id="x", role=Role.CITY, purpose=Purpose.SERVE, organisation=OrganisationId(1)),
    Operation.CARD_READ, WholeCity(),
)  # fmt: skip


def session(connection: Connection) -> PostgresSession:
    return PostgresSession(connection, STATEMENTS, (), by_name=True)


def test_statements_are_asked_by_name(connection: Connection) -> None:
    with connection.transaction():
        asked = session(connection)
        assert asked.do("add", {"id": 1, "name": "a", "size": 1}) == 1
        rows = [{"id": 2 ** (20 + n), "name": f"n{n}", "size": 1} for n in range(40)]
        assert asked.many("add", rows) == 40
        assert asked.one("get", {"id": 1}) == (1, "a", 1)
        assert asked.one("get", {"id": 9}) is None
        assert len(asked.all("all")) == 41
        asked.put("set", {"id": 1, "size": 2, "version": 1}, "thing")
        asked.put("set", {"id": 1, "size": 3, "version": 1}, "thing")
        with pytest.raises(Conflict, match="E-STORE-008"):
            asked.settle()


def test_what_is_added_is_there_for_the_next_question_and_was_told_in_one(
    connection: Connection,
) -> None:
    with connection.transaction():
        asked = session(connection)
        for id_ in range(1, 6):
            asked.add("add", {"id": id_, "name": f"n{id_}", "size": 1})
        asked.add("add_at", (6, "n6", 1))
        assert ask(connection, "SELECT count(*) FROM thing") == (0,)
        assert len(asked.all("all")) == 6
        told = ask(connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE"
                   " 'WITH part0 AS (INSERT%'")  # fmt: skip
        assert told == (1,)
        for id_ in range(10, 11 + MOST_TOGETHER):  # more than one statement takes: columns
            asked.add("add", {"id": id_, "name": f"n{id_}", "size": 1})
            asked.add("add_at", (100 + id_, f"m{id_}", 1))
        assert ask(connection, "SELECT count(*) FROM thing") == (6,)
        asked.settle()
        assert ask(connection, "SELECT count(*) FROM thing") == (8 + 2 * MOST_TOGETHER,)


def test_a_change_waits_with_what_is_added_and_is_counted_when_it_is_told(
    connection: Connection,
) -> None:
    asked = session(connection)
    with connection.transaction():
        asked.many("note", [(1, "a", None), (2, "b", None)])
        asked.put("set", {"id": 1, "size": 8, "version": 7}, "thing")
        asked.add("elsewhere", (5,))
        asked.add("elsewhere", (6,))
        assert ask(connection, "SELECT sum(size) FROM thing") == (14,), "nothing was told yet"
        asked.settle()
        assert ask(connection, "SELECT sum(size) FROM thing") == (15,)
        assert ask(connection, "SELECT count(*) FROM other") == (2,)
        asked.put("set", {"id": 2, "size": 9, "version": 8}, "thing")
        asked.add("elsewhere", (7,))
        with pytest.raises(Conflict, match="E-STORE-008"):
            asked.all("all")


def test_what_touches_what_another_writes_is_told_after_it(connection: Connection) -> None:
    """A change of what was added, twice the same row, an addition by what is there."""
    asked = session(connection)
    with connection.transaction():
        asked.add("add", {"id": 1, "name": "a", "size": 1})
        asked.put("set", {"id": 1, "size": 2, "version": 1}, "thing")
        asked.put("set", {"id": 1, "size": 3, "version": 2}, "thing")
        asked.add("add_select", ())
        asked.add("add", {"id": 9, "name": "c", "size": 4})
        assert asked.all("notes") == [(1, "a", None, 3), (2, "z", None, 1), (9, "c", None, 4)]


@pytest.mark.parametrize(
    ("name", "entity"), [("all", ""), ("add_or_not", ""), ("set", ""), ("add", "thing")]
)
def test_what_might_see_what_is_added_beside_it_is_not_told_together(
    connection: Connection, name: str, entity: str
) -> None:
    asked = session(connection)
    given = {"id": 1, "name": "a", "size": 1, "version": 1}
    with pytest.raises(ValueError, match="chang"):
        asked.put(name, given, entity) if entity else asked.add(name, given)


def test_rows_that_meet_one_row_go_one_after_the_other(connection: Connection) -> None:
    asked = session(connection)
    with connection.transaction():
        asked.many("add", [{"id": n, "name": f"n{n}", "size": 1} for n in range(4)])
        steps = [(0, 1, 2), (1, 1, 5), (0, 2, 3), (2, 1, 6), (0, 3, 4), (3, 9, 9)]
        rows = [{"id": id_, "version": old, "size": new} for id_, old, new in steps]
        assert asked.many("set", rows) == 5, "one was expected elsewhere"
        assert [row[3] for row in asked.all("notes")] == [4, 5, 6, 1]
        over = [{"id": n, "name": name, "size": 1} for n, name in ((7, "x"), (7, "y"), (1, "z"))]
        assert asked.many("add_over", over) == 3
        assert [row[:2] for row in asked.all("notes")][1::3] == [(1, "z"), (7, "y")]
        assert asked.many("end", [(1,), (7,), (50,)]) == 2


def test_what_belongs_to_one_person_goes_one_after_the_other(connection: Connection) -> None:
    """Who has the name gives it up before another gets it, wherever the two rows lie."""
    asked = session(connection)
    with connection.transaction():
        asked.many("add", [{"id": n, "name": f"n{n}", "size": 1} for n in range(40)])
        moves = [(id_, name) for n in range(0, 40, 2) for id_, name in
                 ((n + 1, f"x{n}"), (n, f"n{n + 1}"))]  # fmt: skip
        rows = [{"person": n // 2, "id": id_, "name": name} for n, (id_, name) in enumerate(moves)]
        assert asked.many("name", rows) == 40
        plain = row_set(STATEMENTS["name"])
        assert plain is not None
        assert [len(part) for part in plain.parts(rows)] == [20, 20]


def test_a_set_of_rows_is_changed_by_columns_and_what_all_say_is_said_once(
    connection: Connection,
) -> None:
    with connection.transaction():
        asked = session(connection)
        asked.many("add", [{"id": n, "name": f"n{n}", "size": 1} for n in range(4)])
        assert asked.columns("size_at", (Same(7), [0, 2, 9])) == 2
        assert asked.columns("size_at", ([8, 9], [1, 3])) == 2
        assert asked.columns("size_at", (Same(7), [])) == 0
        assert asked.all("sizes") == [(0, 7), (1, 8), (2, 7), (3, 9)]
        with pytest.raises(ValueError, match="meet a row each"):
            asked.columns("size_at", ([1, 2], Same(1)))


def test_every_bulk_change_is_a_set_of_rows() -> None:
    """All but one, whose rows build on each other: a union below a union that is as new."""
    found = re.findall(
        r'session\.(?:many|send|columns)\(\s*"([a-z_.]+)"', "".join(map(_source, _REPOSITORIES))
    )
    assert len(found) > 30
    assert {name for name in found if row_set(statements()[name]) is None} == {"organisation.add"}


def test_a_key_that_is_taken_is_heard_when_what_is_added_is_told(connection: Connection) -> None:
    asked = session(connection)
    tell(connection, "BEGIN")
    asked.add("add", {"id": 1, "name": "a", "size": 1})
    asked.add("add", {"id": 1, "name": "b", "size": 1})
    with pytest.raises(KeyTaken):
        asked.settle()
    tell(connection, "ROLLBACK")
    assert ask(connection, "SELECT count(*) FROM thing") == (0,)


def test_many_rows_are_columns_of_one_statement(connection: Connection) -> None:
    """Also with holes in a column, with columns that are all holes, and with words in between."""
    with connection.transaction():
        asked = session(connection)
        rows = [(n, f"n{n}" if n % 2 else "工会" * n, bytes([n]) if n % 3 else None)
                for n in range(5)]  # fmt: skip
        assert asked.many("note", rows) == 5
        bare = [(n, f"n{n}", None) for n in range(10, 13)]
        assert asked.many("note", iter(bare)) == 3
        assert asked.many("note", []) == 0
        assert asked.all("notes") == [(*row, 7) for row in (*rows, *bare)]
        more = [(n, f"n{n}", b"") for n in range(100, 100 + MOST_ROWS + 1)]
        assert asked.many("note", more) == MOST_ROWS + 1
        alike = [(n, f"n{n}", b"same") for n in (50, 51)]
        assert asked.many("note", alike) == 2
        assert asked.all("notes")[-2:] == [(*row, 7) for row in alike]
        assert asked.many("set", [{"id": n, "size": 8, "version": 7} for n in range(5)]) == 5
        with pytest.raises(Conflict, match="E-STORE-004"):
            asked.many("note", [(200_000, "m", None), (200_000, "m", None)])


def test_a_stream_goes_on_beside_other_statements(connection: Connection) -> None:
    with connection.transaction():
        asked = session(connection)
        asked.many("add", [{"id": n, "name": f"n{n}", "size": 1} for n in range(2_500)])
        seen = [asked.one("get", {"id": id_}) for id_, _ in asked.stream("all")]
        assert len(seen) == 2_500
        assert [row[0] for row in seen if row] == list(range(2_500))


def _joined(asked: PostgresSession, name: str) -> Iterator[Sequence[bytes]]:
    return asked.joined(name, lambda _: pytest.fail("the server joins"), 8)


@pytest.mark.parametrize("hosted", [False, True])
def test_what_the_server_joins_is_all_there_in_its_order(
    connection: Connection, *, hosted: bool
) -> None:
    """Each value is more than a line holds that nobody reads, and the next is asked for already."""
    with connection.transaction():
        asked = PostgresSession(connection, STATEMENTS, (), hosted=hosted, by_name=not hosted)
        pages = list(_joined(asked, "whole"))
        assert pages == [[b"%08d" % n] * 40_000 * (n % 9 != 7) for n in range(1, 31)]
        assert asked.all("all") == []


def test_who_leaves_what_is_joined_leaves_a_line_that_can_be_asked(connection: Connection) -> None:
    with connection.transaction():
        asked = session(connection)
        pages = _joined(asked, "whole")
        assert next(pages)[0] == b"00000001"
        pages.close()  # type: ignore[attr-defined]  # it is a generator
        assert asked.all("all") == []


def test_who_asks_between_what_is_joined_is_refused_and_can_be_undone(
    connection: Connection,
) -> None:
    """The answer that comes next is not the one to that question."""
    asked = session(connection)
    asked.begin((b"BEGIN",))
    pages = _joined(asked, "whole")
    assert next(pages)[0] == b"00000001"
    with pytest.raises(StorageError):
        asked.all("all")
    undo(connection)
    assert connection.closed  # its pool opens another
    with pytest.raises(StorageError):
        next(pages)


def test_what_fails_while_the_server_is_ahead_is_an_error_of_ours(connection: Connection) -> None:
    with connection.transaction():
        pages = _joined(session(connection), "failing")
        assert next(pages) == [b"00000001"]
        with pytest.raises(StorageError, match="SQLSTATE 22012"):
            next(pages)


@pytest.mark.parametrize("hosted", [True, False])
def test_sets_that_are_sent_are_heard_before_the_next_question(
    connection: Connection, *, hosted: bool
) -> None:
    """Also more than a line holds, in the order in which they were sent."""
    asked = PostgresSession(connection, STATEMENTS, (), hosted=hosted, by_name=not hosted)
    with connection.transaction():
        ids = range(100, 100 + 4 * MOST_ROWS)
        asked.send("add", ({"id": n, "name": f"n{n}" * 40, "size": 1} for n in ids))
        asked.send("set", [{"id": n, "size": 2, "version": 1} for n in ids])
        asked.add("add", {"id": 1, "name": "last", "size": 1})
        asked.send("set", [{"id": 1, "size": 3, "version": 1}, {"id": 2, "size": 3, "version": 1}])
        assert owes(connection) is not hosted, "nobody has waited for the last ones"
        assert len(asked.all("all")) == len(ids) + 1
        assert not owes(connection)
        assert asked.one("get", {"id": 1}) == (1, "last", 3)
        assert asked.one("get", {"id": ids[-1]}) == (ids[-1], f"n{ids[-1]}" * 40, 2)


def test_a_set_of_which_a_row_is_not_met_says_so_in_the_scope_in_which_it_was_sent(
    connection: Connection,
) -> None:
    asked, scopes = session(connection), []

    def lost() -> Conflict:
        scopes.append(asked.one("scope"))
        return Conflict("E-STORE-008", entity="thing", expected=1, current=2)

    with connection.transaction():
        asked.within(CITY)
        asked.send("add_at", [(1, "a", 1)], lost)
        asked.send("set", [{"id": n, "size": 2, "version": 1} for n in (1, 2)], lost)
        asked.within(None)
        with pytest.raises(Conflict, match="E-STORE-008"):
            asked.all("all")
        assert scopes == [("*",)]


def test_what_fails_of_what_was_sent_is_heard_as_what_it_is(connection: Connection) -> None:
    """What came after it was not done; nothing of it is in the way of the next unit."""
    asked = session(connection)
    asked.begin((b"BEGIN",))
    asked.send("add_at", [(1, "a", 1)])
    asked.send("add_at", [(1, "b", 1)])
    asked.send("elsewhere", [(5,)])
    with pytest.raises(KeyTaken):
        asked.settle()
    undo(connection)
    asked = session(connection)
    asked.begin((b"BEGIN",))
    asked.send("elsewhere", [(5,)])
    asked.settle()  # it is prepared now
    asked.send("elsewhere", [(5,)])
    undo(connection)  # whoever sent it did not wait for it
    assert not owes(connection)
    asked = session(connection)
    asked.send("elsewhere", [(6,)])
    asked.settle()
    assert ask(connection, "SELECT id FROM other") == (6,)
    assert ask(connection, "SELECT count(*) FROM thing") == (0,)


def test_one_statement_is_prepared_once_whatever_the_size_of_its_numbers(
    connection: Connection,
) -> None:
    asked = session(connection)
    for number in (1, 2**15, 2**31, 2**62):
        asked.one("get", {"id": number})
    assert ask(
        connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%size FROM%'"
    ) == (1,)


PREPARED = "SELECT count(*) FROM pg_prepared_statements"


def test_only_so_many_statements_stay_prepared(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("szunion.adapters.storage.postgres.asking.MOST_NAMES", 2)
    asked = session(connection)
    for name in ("all", "sizes", "notes", "all", "sizes"):
        assert asked.all(name) == []
        assert session(connection).all(name) == [], "a name is the connection's"
    assert ask(connection, PREPARED) == (2,)


def test_a_unit_that_fails_leaves_what_is_prepared(connection: Connection) -> None:
    asked = session(connection)
    asked.begin((b"BEGIN",))
    asked.do("add", {"id": 1, "name": "a", "size": 1})
    with pytest.raises(KeyTaken):
        asked.do("add", {"id": 1, "name": "b", "size": 1})
    undo(connection)
    assert ask(connection, PREPARED) == (1,)
    assert asked.do("add", {"id": 1, "name": "b", "size": 1}) == 1
    assert ask(connection, PREPARED) == (1,)


def test_what_somebody_has_the_server_forget_is_prepared_anew(connection: Connection) -> None:
    asked = session(connection)
    assert asked.one("get", {"id": 1}) is None
    tell(connection, "DEALLOCATE ALL")
    with pytest.raises(TryAgain):
        asked.one("get", {"id": 1})
    assert asked.one("get", {"id": 1}) is None


@pytest.mark.parametrize("hosted", [True, False])
def test_elsewhere_the_driver_prepares(connection: Connection, *, hosted: bool) -> None:
    """It has the server forget all of it when a host rolls back or a table is altered."""
    asked = PostgresSession(connection, STATEMENTS, (), hosted=hosted)
    for _ in range(2):
        tell(connection, "BEGIN")
        asked.add("add", {"id": 1, "name": "a", "size": 1})
        assert asked.one("get", {"id": 1}) == (1, "a", 1)
        connection.execute("CREATE TEMP TABLE mine (x int); DROP TABLE mine", prepare=False)
        assert asked.one("get", {"id": 1}) == (1, "a", 1)
        tell(connection, "ROLLBACK")
    assert asked.all("all") == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_column_arrives_as_it_is(connection: Connection, count: int) -> None:
    """What we write as an array in binary form is what the server reads."""
    numbers, blobs = [2**62, 0, -1][:count], [b"", b"\x00\xff" * 9, b"x"][:count]
    days = ["2017-11-23", "䶮", ""][:count]
    given = {
        "numbers": KINDS["ID"][1](numbers),
        "blobs": KINDS["BLOB"][1](blobs),
        "days": KINDS["DAY"][1](days),
    }
    assert session(connection).one("columns", given) == (numbers, blobs, days)


def test_what_was_prepared_stands_after_a_unit_that_failed(small: Database) -> None:
    """The driver does not hear of it when the server forgets a statement."""
    pool = Pool(lambda: connect(small.app, QUICK), evolve(QUICK, connections=1))

    def fails() -> None:
        with pool.connection() as connection:
            session(connection).one("get", {"id": 1})
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    with pool.connection() as again:
        assert session(again).one("get", {"id": 1}) is None
    pool.close()


@pytest.mark.parametrize(
    ("name", "given", "error", "words"),
    [
        ("add", {"id": 2, "name": "{canary}", "size": 1}, Conflict, "UNIQUE(thing_name_key)"),
        ("add", {"id": 1, "name": "b", "size": 1}, KeyTaken, "UNIQUE(thing_pkey)"),
        ("add", {"id": 3, "name": None, "size": 1}, Conflict, "NOT NULL(thing.name)"),
        ("add", {"id": 3, "name": "c", "size": 100}, Conflict, "CHECK(thing_size_check)"),
        ("cast", {"name": "{canary}"}, InvalidInput, "E-VALUE-004"),
    ],
)
def test_no_words_of_the_driver_leave_the_store(
    connection: Connection, name: str, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    """The driver quotes the row; ours names a constraint, and does not even keep its exception."""
    number = canary(3).number
    asked = session(connection)
    asked.do("add", {"id": 1, "name": number, "size": 1})
    filled = {key: number if value == "{canary}" else value for key, value in given.items()}
    with pytest.raises(psycopg.Error) as theirs:
        connection.execute(STATEMENTS[name].encode(), filled)
    quotes = number in str(theirs.value)
    assert quotes or words.startswith(("CHECK", "NOT NULL", "UNIQUE(thing_pkey"))
    with pytest.raises(error) as ours:
        asked.do(name, filled)
    assert words in str(ours.value)
    assert number not in f"{ours.value!r} {ours.value} {vars(ours.value)}"
    assert ours.value.__context__ is None
    assert ours.value.__cause__ is None
    with pytest.raises(error) as many:
        asked.many(name, [filled])
    assert many.value.__context__ is None


def _in_a_transaction(connection: Connection, number: str) -> object:
    with translated(), connection.transaction():
        return connection.execute(STATEMENTS["cast"].encode(), {"name": number})


def _with_the_first(connection: Connection, command: str) -> object:
    asked = session(connection)
    asked.begin_with_the_first((command.encode(),))
    return asked.one("get", {"id": 1})


DOORS: dict[str, Callable[[Connection, str], object]] = {
    "told": lambda line, number: tell(line, f"SELECT CAST('{number}' AS integer)"),
    "asked": lambda line, number: ask(line, "SELECT CAST(%s AS integer)", number),
    "a transaction of the driver's": _in_a_transaction,
    "begun": lambda line, number: session(line).begin(
        (f"SELECT CAST('{number}' AS integer)".encode(),)
    ),
    "ahead": lambda line, number: _with_the_first(line, f"SELECT CAST('{number}' AS integer)"),
    "one": lambda line, number: session(line).one("cast", {"name": number}),
    "a host's": lambda line, number: PostgresSession(line, STATEMENTS, (), hosted=True).one(
        "cast", {"name": number}
    ),
    "one by one": lambda line, number: session(line).many("cast", [{"name": number}]),
    "pages": lambda line, number: list(session(line).pages("cast", {"name": number})),
}


@pytest.mark.parametrize("door", DOORS)
def test_the_drivers_exception_is_at_no_end_of_ours(connection: Connection, door: str) -> None:
    """Neither as its cause nor as its context: whoever logs ours with all that led to it sees none.

    Also where it leaves a ``with`` block, which handles the driver's while ours is raised.
    """
    with connection.transaction(), pytest.raises((StorageError, InvalidInput)) as found:
        DOORS[door](connection, canary(3).number)
    led: list[BaseException] = []
    ends: list[BaseException | None] = [found.value]
    while ends:
        if (each := ends.pop()) is not None and each not in led:
            led.append(each)
            ends += [each.__cause__, each.__context__]
    assert led == [found.value]


def test_what_takes_too_long_is_undone(small: Database) -> None:
    hurried = connect(small.app, QUICK)
    with pytest.raises(StorageBusy, match="E-STORE-021"):
        session(hurried).one("slow")
    hurried.close()


def test_a_lock_is_waited_for_and_not_for_ever(small: Database, connection: Connection) -> None:
    session(connection).do("add", {"id": 1, "name": "a", "size": 1})
    other = connect(small.app, QUICK)
    with connection.transaction():
        session(connection).one("lock", {"id": 1})
        with pytest.raises(StorageBusy, match="E-STORE-001"):
            session(other).one("lock", {"id": 1})
    other.close()


def test_an_address_where_nobody_answers_is_said_without_the_address() -> None:
    with pytest.raises(StorageUnreachable) as found:
        connect("postgresql://somebody:s3cret@/x?host=/nowhere", QUICK)
    assert "s3cret" not in f"{found.value} {found.value!r}"
    assert found.value.__context__ is None
    with pytest.raises(StorageUnreachable):
        connect("no address at all", QUICK)


# --- the pool -------------------------------------------------------------------------------


def test_a_pool_waits_for_a_connection_and_not_for_ever(small: Database) -> None:
    pool = Pool(lambda: connect(small.app, QUICK), QUICK)
    with pool.connection() as one, pool.connection() as other:
        assert one is not other
        with pytest.raises(StorageBusy, match="E-STORE-001"), pool.connection():
            pass
    with pool.connection() as again:
        assert again in {one, other}
    pool.close()
    assert one.closed
    assert other.closed
    with pytest.raises(StorageClosed, match="E-STORE-038"), pool.connection():
        pass


def test_who_waits_for_a_connection_gets_it_when_it_comes_back(small: Database) -> None:
    patient = evolve(QUICK, connections=1, wait=60.0)
    pool = Pool(lambda: connect(small.app, patient), patient)
    found: list[Connection] = []

    def wait() -> None:
        with pool.connection() as mine:
            found.append(mine)

    with pool.connection() as first:
        waiting = threading.Thread(target=wait)
        waiting.start()
    waiting.join()
    assert found == [first]
    pool.close()


DIRT = (
    "SET szunion.scope = '*'",
    "SET search_path = public",
    "SET statement_timeout = 1",
    f"SET ROLE {APPLICATION}",
    "SET TimeZone = 'Asia/Shanghai'",
)


@pytest.mark.parametrize("dirt", DIRT)
def test_nothing_of_one_unit_reaches_the_next(small: Database, dirt: str) -> None:
    """A connection that comes back with a setting of the session begins clean."""
    pool = Pool(lambda: connect(small.app, QUICK), evolve(QUICK, connections=1))
    with pool.connection() as first:
        clean = _state(first)
        tell(first, dirt)
        assert _state(first) != clean or dirt.startswith("SET ROLE")
    with pool.connection() as second:
        assert second is first
        PostgresSession(second).begin(BEGIN.decided[0][0])
        assert _state(second) == clean
        tell(second, "ROLLBACK")
    pool.close()


def _state(connection: Connection) -> object:
    return ask(
        connection,
        "SELECT nullif(current_setting('szunion.scope', true), ''), current_setting('search_path'),"
        " current_setting('statement_timeout'), current_setting('role'),"
        " current_setting('TimeZone')",
    )


def test_a_connection_that_comes_back_in_a_transaction_is_closed(small: Database) -> None:
    pool = Pool(lambda: connect(small.app, QUICK), QUICK)
    with pool.connection() as left_open:
        tell(left_open, "BEGIN")
    assert left_open.closed
    with pool.connection() as failed, pytest.raises(StorageError):
        tell(failed, "SELECT nothing_of_the_kind()")

    def dirty_and_fail() -> None:
        with pool.connection() as used:
            tell(used, "SET szunion.scope = '*'; CREATE TEMP TABLE mine (x int)")
            seen.append(used)
            raise KeyError

    seen: list[Connection] = []
    with pytest.raises(KeyError):
        dirty_and_fail()
    with pool.connection() as again:
        assert [again] == seen
        assert ask(again, STATEMENTS["scope"]) == (None,)
        assert ask(again, "SELECT to_regclass('mine')") == (None,)
    pool.close()


def test_the_scope_is_told_for_one_transaction_only(connection: Connection) -> None:
    """After a transaction the setting is empty, not absent: a cast of it would fail."""
    for place in ("*", "/1/7/"):
        with connection.transaction():
            tell(connection, f"SET LOCAL szunion.scope = '{place}'")
            assert ask(connection, STATEMENTS["scope"]) == (place,)
        assert ask(connection, "SELECT current_setting('szunion.scope', true)") == ("",)
        assert ask(connection, STATEMENTS["scope"]) == (None,)


# --- what is trusted ------------------------------------------------------------------------


def sound(connection: Connection) -> Seen:
    return look(connection)


def test_our_own_server_keeps_what_it_acknowledges(connection: Connection) -> None:
    """The test server is as durable as production: nobody has switched off a flush for speed."""
    seen = sound(connection)
    seen.check()
    assert seen.warnings == ()


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("fsync", "off", "fsync"),
        ("full_page_writes", "off", "full_page_writes"),
        ("synchronous_commit", "off", "synchronous_commit"),
        ("synchronous_commit", "local", "synchronous_commit"),
        ("synchronous_commit", "remote_write", "synchronous_commit"),
        ("server_encoding", "SQL_ASCII", "server_encoding"),
        ("client_encoding", "GBK", "client_encoding"),
        ("version", 14, "server_version"),
        ("superuser", True, "SUPERUSER"),
        ("bypasses", True, "BYPASSRLS"),
        ("owner", True, "OWNER"),
    ],
)
def test_an_unsafe_server_or_role_is_refused(
    connection: Connection, setting: str, value: Any, words: str
) -> None:
    weak: Seen = evolve(sound(connection), **{setting: value})
    with pytest.raises(StorageError, match="E-STORE-003") as found:
        weak.check()
    assert words in str(found.value)


def test_a_role_is_seen_for_what_it_is(small: Database) -> None:
    for dsn, trait in ((small.admin, "SUPERUSER"), (small.owner, "OWNER")):
        connection = connect(dsn, Limits())
        with pytest.raises(StorageError, match=f"E-STORE-003[^$]*{trait}"):
            look(connection).check()
        connection.close()


def test_a_session_that_commits_carelessly_is_seen(small: Database) -> None:
    connection = connect(small.app + " options='-c synchronous_commit=off'", Limits())
    with pytest.raises(StorageError, match=r"E-STORE-003[^$]*synchronous_commit"):
        look(connection).check()
    connection.close()


def test_without_checksums_there_is_a_warning(connection: Connection) -> None:
    assert evolve(sound(connection), checksums="off").warnings == ("W-STORE-001",)
