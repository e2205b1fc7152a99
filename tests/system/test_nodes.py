"""More than one machine: each operation goes to the node that the map names, and to no other."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from tests.offices import applicant
from tests.province import (
    CITY,
    LOOKS,
    UNION,
    Province,
    join,
    keys_of,
    officer_at,
    parts,
    province,
    roster,
)

from szunion.adapters.storage.postgres.connection import Limits, ask, connect
from szunion.application.statistics import Counts
from szunion.application.strays import strays
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.identity import IdentityDocument
from szunion.domain.nodes import Node
from szunion.domain.organisations import OrganisationKind, OrganisationReason
from szunion.domain.values import SHARDS, PersonId, shard_of
from szunion.errors import InvalidInput, NodeDown, NotAllowed, NotFound, WrongNode
from szunion.nodes import Nodes
from szunion.testing.postgres import NoPostgres

pytestmark = pytest.mark.postgres

MEMBERS = 40


@pytest.fixture(scope="module")
def shared() -> Iterator[Province]:
    """A city on two machines, and another city on a third."""
    try:
        with province([*parts("a", 2), Node(name="b", city="b")]) as made:
            made.found()
            yield made
    except NoPostgres as error:
        pytest.skip(str(error))


def admit(nodes: Nodes, city: str, index: int) -> tuple[str, PersonId]:
    """Admit somebody where the map says; return where, and the id."""
    node = nodes.node_of_document(city, applicant(index).document.number.plain())
    return node.name, nodes.ask(node.name, lambda system: join(system, index))


def rows_at(made: Province, name: str, sql: str) -> list[int]:
    """Ask the server of a node itself, past everything of ours."""
    connection = connect(made.databases[name].admin, Limits())
    try:
        row = ask(connection, f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) f(found)")
    finally:
        connection.close()
    assert row is not None
    return list(row[0])


def everybody(made: Province, name: str) -> set[int]:
    return set(rows_at(made, name, "SELECT person_id FROM szunion.person"))


def spread_over(made: Province, city: str, members: int) -> None:
    """Admit members one by one; each lies where the map says, once, and is found again."""
    nodes = made.nodes
    went = {index: admit(nodes, city, index) for index in range(members)}
    there = {node.name: everybody(made, node.name) for node in nodes.map.of_city(city)}
    for index, (name, person) in went.items():
        assert nodes.node_of(city, person).name == name
        assert [at for at, people in there.items() if person in people] == [name]
        number = applicant(index).document.number.plain()
        assert nodes.find(number, CITY, [city]) == {name: person}
        again = admit(nodes, city, index)
        assert again == (name, person), "the same application again is the same member"
    for node in nodes.map.of_city(city):
        assert {shard_of(person) for person in there[node.name]} <= set(node.shards)
        assert len(there[node.name]) == Counter(at for at, _ in went.values())[node.name]
    assert all(count == 0 for count in nodes.check(LOOKS).values())


def test_every_member_lies_where_the_map_says_and_nowhere_else(shared: Province) -> None:
    spread_over(shared, "a", MEMBERS)
    assert everybody(shared, "b") == set()


@pytest.mark.soak
def test_ten_thousand_members_on_four_machines() -> None:
    with province(parts("a", 4)) as made:
        made.found()
        spread_over(made, "a", int(os.environ.get("SZUNION_SOAK_MEMBERS", "10000")))


def test_the_wrong_machine_registers_nobody(shared: Province) -> None:
    nodes = shared.nodes
    form = applicant(900)
    right = nodes.node_of_document("a", form.document.number.plain())
    (wrong,) = [node for node in nodes.map.of_city("a") if node is not right]
    before = everybody(shared, wrong.name)
    with pytest.raises(WrongNode, match="E-NODES-007") as found:
        join(nodes.system(wrong.name), 900)
    assert found.value.node == wrong.name
    assert everybody(shared, wrong.name) == before


def test_one_roster_is_read_at_each_machine_and_everybody_is_taken_once(
    shared: Province, tmp_path: Path
) -> None:
    nodes, path = shared.nodes, roster(100, MEMBERS, tmp_path)
    results = {
        node.name: nodes.system(node.name)
        .desk(officer_at(nodes.system(node.name)))
        .roster.import_file(str(path))
        for node in nodes.map.of_city("a")
    }
    lines = [row.row for one in results.values() for row in one.passed_over]
    assert sum(one.added for one in results.values()) == MEMBERS
    assert all(one.added for one in results.values())
    assert len(lines) == len(set(lines)) == MEMBERS, "each row is passed over by one of the two"
    assert {row.code for one in results.values() for row in one.passed_over} == {"W-NODES-001"}
    for name, one in results.items():
        assert {nodes.node_of("a", person).name for person in one.accepted} == {name}


def test_cities_share_nothing(shared: Province) -> None:
    nodes, form = shared.nodes, applicant(500)
    number = form.document.number.plain()
    at_a, at_b = admit(nodes, "a", 500), admit(nodes, "b", 500)
    assert nodes.find(number, CITY) == dict([at_a, at_b])
    assert nodes.find(number, CITY, ["b"]) == dict([at_b])
    with pytest.raises(NotFound):
        nodes.system(at_b[0]).desk(CITY).members.get(at_a[1])


def test_a_number_is_routed_as_it_is_kept_however_it_is_written(shared: Province) -> None:
    nodes = shared.nodes
    index = next(
        at for at in range(1000, 2000) if applicant(at).document.number.plain().endswith("X")
    )
    name, person = admit(nodes, "a", index)
    number = applicant(index).document.number.plain()
    for written in (number.lower(), f" {number} ", number.replace("X", "ｘ")):
        assert nodes.node_of_document("a", written).name == name
        assert nodes.find(written, CITY, ["a"]) == {name: person}
    with pytest.raises(InvalidInput, match="E-VALUE-002"):
        nodes.find("44030119900307", CITY)


def test_both_forms_of_a_residents_number_lead_to_one_machine_and_one_file(
    shared: Province,
) -> None:
    """The 15 digits come first, by the desk; the 18 issued in their place find the same person."""
    nodes, went, led = shared.nodes, set[str](), set[bool]()
    keys = keys_of("a").vault()
    for index in range(2000, 2012):
        form = applicant(index)
        number = form.document.number.plain()
        old = IdentityDocument.read(number[:6] + number[8:17])
        name = nodes.node_of_document("a", old.number.plain()).name
        assert nodes.node_of_document("a", number).name == name
        system = nodes.system(name)
        by = officer_at(system)
        assert by.organisation is not None
        memberships = system.desk(by).memberships
        first = memberships.apply(evolve(form, document=old), by.organisation).person
        assert memberships.apply(form, by.organisation).person == first
        assert nodes.find(old, CITY, ["a"]) == nodes.find(number, CITY, ["a"]) == {name: first}
        went.add(name)
        led.add(keys.route(old.number.plain()) in nodes.map.named(name).shards)
    assert len(went) == 2
    assert led == {True, False}, "some old numbers alone would have led to the other machine"
    assert set(nodes.check(LOOKS).values()) == {0}


def test_what_belongs_to_nobody_has_an_id_of_its_machine(shared: Province) -> None:
    """Two machines with the same keys never give the bank one key for two things."""
    for node in shared.nodes.map.of_city("a"):
        ids = {shard_of(shared.nodes.system(node.name).office.ids.new()) for _ in range(9)}
        assert ids == {node.first}
    assert shared.nodes.system("b").office.ids.new() >> 53 == 0


def test_each_machine_of_a_city_has_a_log_of_its_own(shared: Province) -> None:
    auditor = Principal(id="auditor", role=Role.AUDITOR, purpose=Purpose.AUDIT)
    origins = {
        node.name: shared.nodes.system(node.name).desk(auditor).audit.origin
        for node in shared.nodes.map.nodes
    }
    assert len(set(origins.values())) == 2 + 1
    assert origins["a-0"].endswith("/a-0/audit")
    assert origins["b"].count("/") == 2


def test_the_tree_is_brought_again_without_doubling_and_with_its_changes(shared: Province) -> None:
    nodes = shared.nodes
    first = nodes.system("a-0").desk(CITY).organisations
    assert nodes.spread_unions("a", CITY) == {"a-1": 0}
    union = first.find(UNION)
    assert union is not None
    first.suspend(union.id, reason=OrganisationReason.NO_COMMITTEE)
    assert nodes.spread_unions("a", CITY) == {"a-1": 1}
    other = nodes.system("a-1").desk(CITY).organisations.find(UNION)
    assert other is not None
    assert (other.id, other.state) == (union.id, evolve(other).state)
    assert other.state.value == "SUSPENDED"
    first.resume(union.id)
    assert nodes.spread_unions("a", CITY) == {"a-1": 1}


def test_an_ended_union_is_ended_where_its_members_are(shared: Province) -> None:
    nodes = shared.nodes
    first = nodes.system("a-0").desk(CITY).organisations
    root = first.find("C")
    assert root is not None
    union = first.register(
        code="GH2", name="GH2", kind=OrganisationKind.GRASSROOTS, parent=root.id
    )  # fmt: skip
    first.approve(union.id, document="1")
    assert nodes.spread_unions("a", CITY) == {"a-1": 1}
    ended = first.dissolve(union.id, reason=OrganisationReason.UNIT_ENDED, document="2")
    nodes.system("a-0").desk(evolve(CITY, id="city-2")).organisations.confirm(ended.id)
    assert nodes.spread_unions("a", CITY) == {"a-1": 1}, "the pool for who has lost a union"
    assert nodes.spread_unions("a", CITY) == {"a-1": 0}
    other = nodes.system("a-1").desk(CITY).organisations.find("GH2")
    assert other is not None
    assert other.living
    at_b = nodes.system("a-1").desk(CITY).organisations
    ended = at_b.dissolve(union.id, reason=OrganisationReason.UNIT_ENDED, document="2")
    nodes.system("a-1").desk(evolve(CITY, id="city-2")).organisations.confirm(ended.id)
    assert nodes.spread_unions("a", CITY) == {"a-1": 0}, "the same pool at both"


def test_a_dead_machine_is_named_and_the_others_go_on(shared: Province) -> None:
    nodes = shared.nodes
    admit(nodes, "a", 700)
    victim = nodes.node_of_document("a", applicant(700).document.number.plain()).name
    others = [node.name for node in nodes.map.nodes if node.name != victim]
    shared.servers[victim].kill()
    try:
        counts = nodes.statistics(LOOKS)
        down = counts[victim]
        assert isinstance(down, NodeDown)
        assert down.node == victim
        assert all(isinstance(counts[name], Counts) for name in others)
        assert isinstance(nodes.backlog(LOOKS)[victim], NodeDown)
        with pytest.raises(NodeDown, match="E-NODES-009"):
            admit(nodes, "a", 700)
        living = next(
            index for index in range(800, 900)
            if nodes.node_of_document("a", applicant(index).document.number.plain()).name
            != victim
        )  # fmt: skip
        assert admit(nodes, "a", living)[0] != victim
    finally:
        shared.servers[victim].up()
    assert not any(isinstance(each, NodeDown) for each in nodes.statistics(LOOKS).values())
    assert admit(nodes, "a", 700)[0] == victim


def test_what_is_not_allowed_is_no_dead_machine(shared: Province) -> None:
    member = Principal(id="m", role=Role.MEMBER, purpose=Purpose.SERVE, person=PersonId(1))
    with pytest.raises(NotAllowed):
        shared.nodes.statistics(member)


def test_a_map_that_has_been_cut_anew_finds_its_strays(shared: Province) -> None:
    """Nobody has moved the members: the new map is not the truth, and check says so."""
    with province(parts("a", 1), servers=[shared.servers["b"]]) as made:
        made.found()
        for index in range(12):
            admit(made.nodes, "a", index)
        there = everybody(made, "a-0")
        half = Node(name="a-0", city="a", first=0, last=SHARDS // 2 - 1)
        system = made.nodes.system("a-0")
        cut = evolve(system, office=evolve(system.office, node=half))
        wanted = sum(1 for person in there if shard_of(PersonId(person)) not in half.shards)
        assert 0 < wanted < 12
        assert strays(cut.office, LOOKS) == wanted
