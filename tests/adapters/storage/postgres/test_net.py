"""Row-level security alone shows each officer their own: the filters of all statements are off.

Promise 23. On random organisation trees: what a scope may see is worked out by a model of a few
lines, and what the database shows is read by statements that filter nothing. The model knows what
the product means: somebody belongs where their newest membership is, with all that they ever were.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from attrs import frozen

from szunion.adapters.storage.postgres.connection import Connection, Limits, ask, connect, tell
from szunion.adapters.storage.postgres.net import NET
from szunion.adapters.storage.postgres.reach import REACH, SPREAD_REACH
from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.sql.migrations import split
from szunion.domain.access import (
    OnePerson,
    Operation,
    Principal,
    Purpose,
    Reach,
    Role,
    Scope,
    Subtree,
    WholeCity,
)
from szunion.domain.issuing import issue
from szunion.domain.values import OrganisationId, PersonId
from szunion.testing.postgres_databases import CITUS_DSN, Database, Databases, ready

pytestmark = pytest.mark.postgres

TREES = 16 if os.environ.get(CITUS_DSN) else 240
"""On Citus each is asked of three servers at once: it takes ten times as long."""
MANY_TREES = 10_000
BATCH = 8
"""Trees that lie side by side in one database: each is a city's, with its own first id."""

#: What each of these shows is asked in one statement, for a round trip costs more than a row.
EVERYTHING = {
    "person": "json_agg(person_id) FROM person",
    "salt": "json_agg(person_id) FROM person_salt",
    "membership": "json_agg(membership_id) FROM membership",
    "joined": "json_agg(p.person_id) FROM person p JOIN membership m"
    " ON m.shard = p.shard AND m.person_id = p.person_id",
    "counted": "json_build_array(count(*)) FROM person",
    "message": "json_agg(person_id) FROM message",
    "transfer": "json_agg(transfer_id) FROM transfer",
    "quarantine": "json_agg(person_id) FROM quarantine",
}
UNFILTERED = {"all": "SELECT " + ", ".join(f"(SELECT {text})" for text in EVERYTHING.values())}


@frozen
class Tree:
    """A random tree of unions, and who has been a member of what."""

    paths: dict[int, str]
    episodes: list[tuple[int, int, int]]
    """Person, membership, union; the highest membership of a person is the newest."""
    transfers: list[tuple[int, int, int, int]]
    """Transfer, person, source, target."""

    def newest(self, person: int) -> int:
        return max((m, union) for p, m, union in self.episodes if p == person)[1]

    @property
    def people(self) -> set[int]:
        return {person for person, _, _ in self.episodes}

    def sees(self, reach: Reach) -> dict[str, object]:
        """Return what the model shows to a reach, by the names of :data:`EVERYTHING`."""

        def below(union: int) -> bool:
            return isinstance(reach, Subtree) and self.paths[union].startswith(reach.path)

        def whose(person: int) -> bool:
            return isinstance(reach, OnePerson) and reach.person == person

        city = isinstance(reach, WholeCity)
        people = {p for p in self.people if city or whose(p) or below(self.newest(p))}
        rows = [
            (p, m)
            for p, m, union in self.episodes
            if city or whose(p) or p in people or below(union)
        ]
        return {
            "person": people,
            "salt": people,
            "membership": {m for _, m in rows},
            "joined": {p for p, _ in rows if p in people},
            "counted": {len(people)},
            "message": people,
            "transfer": {
                t for t, p, a, b in self.transfers if city or whose(p) or below(a) or below(b)
            },
            "quarantine": people if city else set(),
        }


def grown(luck: random.Random, base: int) -> Tree:
    """Grow a tree of up to four levels below its city, and let people come and go."""
    paths = {base: f"/{base}/"}
    for id_ in range(base + 1, base + luck.randint(2, 12)):
        near = luck.choice(list(paths))
        if near != base and luck.random() < 0.3:
            # A neighbour whose number begins as its own does: without its slash a path would leak.
            above, number = paths[near].removesuffix(f"{near}/"), int(f"{near}{luck.randint(0, 9)}")
        else:
            above, number = paths[near], id_
        if above.count("/") < 6 and number not in paths:
            paths[number] = f"{above}{number}/"
    unions, episodes, member = list(paths), list[tuple[int, int, int]](), base * 100
    for person in range(base, base + luck.randint(1, 8)):
        for _ in range(luck.choice([1, 1, 1, 2, 3])):
            member += 1
            episodes.append((person, member, luck.choice(unions)))
    transfers = [
        (base * 100 + n, luck.choice(episodes)[0], luck.choice(unions), luck.choice(unions))
        for n in range(luck.randint(0, 3))
    ]
    return Tree(paths, episodes, transfers)


def scope_of(reach: Reach) -> Scope:
    """Return a scope of that reach."""
    by = Principal(
        id="x", purpose=Purpose.SERVE,
        role={WholeCity: Role.CITY, OnePerson: Role.MEMBER, Subtree: Role.UPPER}[type(reach)],
        person=reach.person if isinstance(reach, OnePerson) else None,
        organisation=OrganisationId(1),
    )  # fmt: skip
    return issue(by, Operation.CARD_READ, reach)


def many_cities(database: Database) -> None:
    """Make our tables, for a forest: a database of ours has one city."""
    ready(database)
    admin = connect(database.admin, Limits())
    tell(admin, "DROP INDEX szunion.organisation_root")
    admin.close()


@pytest.fixture
def forest(databases: Databases) -> Iterator[Database]:
    with databases.lent("forest", many_cities) as found:
        yield found


def plant(admin: Connection, tree: Tree) -> None:
    """Write a tree as the administrator; what is written is never looked at."""
    rows = admin.cursor()
    rows.executemany(
        "INSERT INTO szunion.organisation (organisation_id, code, name, kind, state, path, version,"
        " parent_id) VALUES (%s, %s, '工会', %s, 'ACTIVE', %s, 0, %s)",
        [
            (id_, f"c{id_}", "CITY" if path.count("/") == 2 else "GRASSROOTS", path,
             None if path.count("/") == 2 else int(path.split("/")[-3]))
            for id_, path in tree.paths.items()
        ],
    )  # fmt: skip
    for table, values in (
        ("person (shard, person_id, version)", "0, %s, 0"),
        ("person_salt (shard, person_id, salt)", "0, %s, decode(repeat('00', 16), 'hex')"),
        ("message (shard, person_id, message_id, template, fields, created, due, attempts, state)",
         "0, %s, 0, 't', '{{}}', 0, 0, 0, 'WAITING'"),
        ("quarantine (shard, person_id, on_file, organisation_id, import_id, line, recorded)",
         "0, %s, 0, 0, 0, 0, 0"),
    ):  # fmt: skip
        numbered = values.replace("%s, 0, 't'", "%s, %s, 't'")
        twice = numbered.count("%s") == 2
        rows.executemany(
            f"INSERT INTO szunion.{table} VALUES ({numbered.replace('{{}}', '{}')})",
            [(person, person) if twice else (person,) for person in sorted(tree.people)],
        )
    rows.executemany(
        "INSERT INTO szunion.membership (shard, person_id, membership_id, state, organisation_id,"
        " applied, version, holds_from, recorded)"
        " VALUES (0, %s, %s, 'LEFT', %s, '2017-01-01', 0, '2017-01-01', 0)",
        tree.episodes,
    )
    rows.executemany(
        "INSERT INTO szunion.transfer (shard, transfer_id, person_id, membership_id, source_id,"
        " target_id, requested, answer_by, state, reason, version)"
        " VALUES (0, %s, %s, 0, %s, %s, 0, 0, 'WITHDRAWN', '', 0)",
        tree.transfers,
    )


def shown(session: PostgresSession) -> dict[str, object]:
    """Return what the server shows, by the names of :data:`EVERYTHING`."""
    row = session.one("all")
    assert row is not None
    return {name: set(found or ()) for name, found in zip(EVERYTHING, row, strict=True)}


def differences(database: Database, seed: int, trees: int) -> list[str]:
    """Plant *trees* and compare, for every kind of scope, what is shown with the model."""
    luck = random.Random(seed)
    admin, app = connect(database.admin, Limits()), connect(database.app, Limits())
    wrong: list[str] = []
    try:
        for start in range(0, trees, BATCH):
            forest = [
                grown(luck, 1_000 * (start + n + 1)) for n in range(min(BATCH, trees - start))
            ]
            with admin.transaction():
                for tree in forest:
                    plant(admin, tree)
            with app.transaction():
                wrong += list(_compared(app, forest, luck))
            with admin.transaction():
                tell(admin, "SET LOCAL session_replication_role = replica")
                for table in ("transfer", "membership", "quarantine", "message", "person_salt",
                              "person", "organisation"):  # fmt: skip
                    tell(admin, f"DELETE FROM szunion.{table}")
    finally:
        app.close()
        admin.close()
    return wrong


def _compared(app: Connection, forest: list[Tree], luck: random.Random) -> Iterator[str]:
    """Ask one transaction in many scopes, in any order, as a unit of work is."""
    session = PostgresSession(app, UNFILTERED, ())
    whole = Tree(
        {key: path for tree in forest for key, path in tree.paths.items()},
        [row for tree in forest for row in tree.episodes],
        [row for tree in forest for row in tree.transfers],
    )
    for tree in forest:
        reaches: list[Reach] = [Subtree(path) for path in tree.paths.values()]
        reaches += [OnePerson(PersonId(person)) for person in tree.people]
        for reach in luck.sample(reaches, min(3, len(reaches))):
            session.within(scope_of(reach))
            if (found := shown(session)) != (model := tree.sees(reach)):
                yield f"{reach}: {found}, not {model}"
    session.within(scope_of(WholeCity()))
    if shown(session) != whole.sees(WholeCity()):
        yield "the city does not see all"
    session.within(None)
    if any(found not in (set(), {0}) for found in shown(session).values()):
        yield "who has said nothing sees something"


def test_without_any_filter_everybody_sees_what_the_model_shows(forest: Database) -> None:
    assert differences(forest, 7, TREES) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(11, 21))
def test_without_any_filter_on_ten_thousand_trees(forest: Database, seed: int) -> None:
    assert differences(forest, seed, MANY_TREES // 10) == []


PLANTS = {
    "a prefix without its slash": (
        "in_reach", "o.path >= {p} AND o.path < left({p}, -1) || '0'",
        "o.path LIKE rtrim({p}, '/') || '%'",
    ),
    "any membership, not the newest": ("in_reach", "ORDER BY m.membership_id DESC LIMIT 1",
                                       "ORDER BY 1 DESC LIMIT 1"),
    "a table that forgets": ("message", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("plant_", PLANTS)
def test_a_hole_in_the_net_is_found(plant_: str, forest: Database) -> None:
    """Planted: each of them shows somebody to a union that is not theirs."""
    from szunion.adapters.storage.postgres import net

    what, old, new = PLANTS[plant_]
    owner = connect(forest.owner, Limits())
    try:
        if what == "in_reach":
            place = "(SELECT nullif(current_setting('szunion.scope', true), ''))"
            whole = SPREAD_REACH if forest.engine else REACH
            text = next(each for each in split(whole) if "in_reach(person " in each)
            assert old.format(p=place) in text
            tell(owner, text.replace(old.format(p=place), new.format(p=place)))
        else:
            tell(owner, f"ALTER TABLE szunion.{what} DISABLE ROW LEVEL SECURITY")
        assert any(differences(forest, seed, BATCH) for seed in range(7, 13))
    finally:
        net.secure(owner, net_application(forest))
        owner.close()


STAND_INS = """
CREATE TEMPORARY TABLE membership AS
    SELECT 0::bigint AS shard, {person}::bigint AS person_id, 1 AS membership_id,
           1 AS organisation_id;
CREATE TEMPORARY TABLE organisation AS SELECT 1 AS organisation_id, '{path}' AS path;
GRANT SELECT ON pg_temp.membership, pg_temp.organisation TO public
"""
LOGGED = """
INSERT INTO szunion.audit (shard, audit_id, person_id, at, actor, role, node, purpose, action,
    subject, before, after, reason)
VALUES (0, %s, %s, 0, 'x', 'CITY', 0, 'ENROL', 'x', 0, '', '', '')
"""


@pytest.mark.parametrize(("left_out", "seen"), [("", [8]), (", pg_temp", [9])])
def test_a_temporary_table_does_not_stand_in_for_one_of_ours(
    left_out: str, seen: list[int], forest: Database
) -> None:
    """Who gets a statement of their own in could say so who belongs where.

    Planted: temporary tables have no place in the path, so they are looked at first.
    """
    from szunion.adapters.storage.postgres import net

    tree = Tree({7: "/7/", 8: "/7/8/", 9: "/7/9/"}, [(8, 8, 8), (9, 9, 9)], [])
    owner, admin, app = (
        connect(each, Limits()) for each in (forest.owner, forest.admin, forest.app)
    )
    try:
        for function in split(SPREAD_REACH if forest.engine else REACH):
            tell(owner, function.replace(left_out, ""))
        with admin.transaction():
            plant(admin, tree)
            admin.cursor().executemany(LOGGED, [(person, person) for person in sorted(tree.people)])
        with app.transaction(force_rollback=True):
            tell(app, "SET LOCAL szunion.scope = '/7/8/'")
            tell(app, STAND_INS.format(person=9, path="/7/8/"))
            # the log: on Citus it lies where the temporary table does
            assert ask(app, "SELECT json_agg(person_id) FROM audit") == (seen,)
    finally:
        net.secure(owner, net_application(forest))
        for connection in (owner, admin, app):
            connection.close()


def net_application(forest: Database) -> str:
    connection = connect(forest.app, Limits())
    try:
        return connection.info.user
    finally:
        connection.close()


def test_the_net_is_forced_on_every_table_of_people_and_on_their_owner(forest: Database) -> None:
    """The owner passes by a policy of its own, which migrations need; nobody else has it."""
    app = connect(forest.app, Limits())
    session = PostgresSession(app, {table: f"SELECT count(*) FROM {table}" for table in NET}, ())
    for table in NET:
        assert session.one(table) == (0,)
    app.close()
