"""Files at two machines that may be one person's are found, told by id, and nothing is merged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve, field, frozen
from tests.cli.speaking import Said, say
from tests.databases import of_this_run, url
from tests.offices import applicant, member
from tests.province import CITY, found_in, officer_at, roster

from szunion.application.access import authorise
from szunion.application.doubles import MOST_OF_ONE
from szunion.application.filing import Applicant
from szunion.domain.access import Operation, Principal, Purpose, Role
from szunion.domain.documents import DocumentKind
from szunion.domain.doubles import Alike, At, Double
from szunion.domain.identity import IdentityDocument, Mobile, PersonName
from szunion.domain.keyset import KeyUse
from szunion.domain.people import HeldDocument
from szunion.domain.values import PersonId
from szunion.errors import Conflict, NodeDown, NotAllowed
from szunion.nodes import Nodes
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork
from szunion.settings import load_settings

OFFICER: Final = Principal(id="city-1", role=Role.CITY, purpose=Purpose.RIGHTS)
NODES: Final = {"low": "0-341", "middle": "342-682", "high": "683-1023"}
BORN: Final = date(1981, 2, 3)


@frozen
class Shared:
    """A city on three machines."""

    config: Path
    nodes: Nodes
    _numbers: Iterator[int] = field(factory=lambda: count(10_000_000))

    def typed(self, *words: str) -> Said:
        return say(["--config", str(self.config), "--lang", "en", *words])

    def passport(self, node: str) -> IdentityDocument:
        """Return the next passport that leads to a node."""
        for number in self._numbers:
            made = IdentityDocument.of(DocumentKind.PASSPORT, f"E{number}")
            if self.leads(made) == node:
                return made
        raise AssertionError

    def leads(self, document: IdentityDocument) -> str:
        return self.nodes.node_of_document("shenzhen", document.number.plain()).name

    def join(self, form: Applicant) -> At:
        """Register somebody where the document leads to."""
        node = self.leads(form.document)
        system = self.nodes.system(node)
        by = officer_at(system)
        assert by.organisation is not None
        return At(node, system.desk(by).memberships.apply(form, by.organisation).person)

    def found(self) -> list[Double]:
        return list(self.nodes.doubles("shenzhen", OFFICER).found)

    def actions(self, at: At) -> list[tuple[str, str]]:
        """Return what the log of a machine says of looking for doubles, for one person."""

        def look(work: UnitOfWork) -> list[tuple[str, str]]:
            scope = authorise(work, OFFICER, Operation.QUARANTINE_READ)
            entries = work.audit.of_person(scope, at.person)
            return [
                (each.entry.action, each.entry.reason)
                for each in entries
                if "double" in each.entry.action
            ]

        return self.nodes.system(at.node).office.storage.read(look)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shared]:
    lines = ["[szunion]", f'keys = "{tmp_path}/union.keys"', "[szunion.nodes]", "version = 1"]
    owners: dict[str, list[str]] = {}
    for name, shards in NODES.items():
        if request.param == "postgres":
            made = of_this_run().empty()
            where, owners[name] = url(made.app), ["--owner", url(made.owner)]
        else:
            where, owners[name] = f"sqlite:///{tmp_path}/{name}.db", []
        lines += [f"[szunion.nodes.at.{name}]", 'city = "shenzhen"']
        lines += [f'shards = "{shards}"', f'database = "{where}"']
    config = tmp_path / "szunion.toml"
    config.write_text("\n".join(lines), "utf-8")
    for name, owner in owners.items():
        done = say(["--config", str(config), "--node", name, "db", "init", *owner])
        assert done.status == 0, done.err
    with Nodes.from_settings(load_settings(str(config))) as nodes:
        found_in(nodes.system("low"))
        nodes.spread_unions("shenzhen", CITY)
        yield Shared(config, nodes)


def pair(one: At, other: At, alike: Alike) -> Double:
    first, second = sorted((one, other))
    return Double(first, second, alike)


def elsewhere(node: str) -> str:
    return next(name for name in NODES if name != node)


def test_what_is_planted_is_found_and_nothing_else(city: Shared) -> None:
    first = [city.join(applicant(index)) for index in range(5)]
    forms = [applicant(index) for index in range(5)]

    def again(index: int, **other: Any) -> At:
        form, at = forms[index], first[index]
        alike = evolve(form, birth=form.document.birth_date())
        twin = evolve(alike, document=city.passport(elsewhere(at.node)), **other)
        return city.join(twin)

    whole = again(0)
    name = again(1, birth=BORN)
    born = again(2, name=PersonName("ZHANG SAN"))
    spouse = again(3, name=PersonName("某某"), birth=BORN)
    stranger = again(4, mobile=Mobile("13900000001"))
    here = city.join(evolve(forms[0], document=city.passport(first[0].node), birth=BORN))
    assert here.node == first[0].node

    assert city.found() == sorted(
        (
            pair(first[0], whole, Alike.NAME_AND_BIRTH),
            pair(here, whole, Alike.NAME),
            pair(first[1], name, Alike.NAME),
            pair(first[2], born, Alike.BIRTH),
        ),
        key=lambda double: (double.one, double.other),
    )
    assert city.actions(first[0]) == [("person.double", "NAME_AND_BIRTH")]
    assert city.actions(spouse) == city.actions(stranger) == city.actions(first[3]) == []


def test_a_document_that_two_files_have_is_found_whatever_else_they_say(city: Shared) -> None:
    kept = city.join(applicant(0))
    document = city.passport(elsewhere(kept.node))

    system = city.nodes.system(kept.node)
    desk = system.desk(officer_at(system)).members
    desk.link_document(kept.person, HeldDocument(document=document), paper="核查1号")
    assert city.found() == []
    other = city.join(evolve(applicant(1), document=document, mobile=None, birth=BORN))
    assert other.node != kept.node
    assert city.found() == [pair(kept, other, Alike.DOCUMENT)]


def test_a_pair_is_gone_when_one_of_the_two_is_no_member_any_more(city: Shared) -> None:
    kept = city.join(applicant(0))
    double = city.join(evolve(applicant(0), document=city.passport(elsewhere(kept.node))))
    assert [{each.one, each.other} for each in city.found()] == [{kept, double}]
    system = city.nodes.system(double.node)
    system.desk(member(double.person)).memberships.withdraw(double.person)
    assert city.found() == []


def test_a_number_of_a_whole_union_is_counted_and_not_gone_into(
    city: Shared, tmp_path: Path
) -> None:
    path = roster(0, 3 * MOST_OF_ONE, tmp_path)
    head, *rows = path.read_text("utf-8").splitlines()
    same = [",".join([*row.split(",")[:2], "13900000001"]) for row in rows]
    path.write_text("\n".join([head, *same]), "utf-8")
    added = 0
    for name in NODES:
        system = city.nodes.system(name)
        added += system.desk(officer_at(system)).roster.import_file(str(path)).added
    assert added == len(rows)
    told = city.nodes.doubles("shenzhen", OFFICER)
    assert (list(told.found), told.more, told.shared) == ([], False, 1)


def test_only_the_city_by_right_asks_and_a_dead_machine_leaves_no_half_answer(
    city: Shared, tmp_path: Path
) -> None:
    grassroots = evolve(officer_at(city.nodes.system("low")), purpose=Purpose.RIGHTS)
    for nobody in (member(PersonId(1)), grassroots, evolve(OFFICER, purpose=Purpose.OPERATE)):
        with pytest.raises(NotAllowed):
            city.nodes.doubles("shenzhen", nobody)

    def looked(work: UnitOfWork) -> object:
        scope = authorise(work, evolve(grassroots, purpose=Purpose.ENROL), Operation.PERSON_READ)
        return list(work.people.entries(scope, IndexField.MOBILE, None, 9))

    city.join(applicant(0))
    for name in NODES:
        assert city.nodes.system(name).office.storage.read(looked) == []
    text = city.config.read_text("utf-8").splitlines()
    at = next(at for at, line in enumerate(text) if line.endswith(".high]"))
    text[at + 3] = f'database = "sqlite:///{tmp_path}/nobody.db"'
    city.config.write_text("\n".join(text), "utf-8")
    with (
        Nodes.from_settings(load_settings(str(city.config))) as nodes,
        pytest.raises(NodeDown, match="high"),
    ):
        nodes.doubles("shenzhen", OFFICER)


def test_while_an_index_gets_a_new_key_nobody_is_told_that_there_are_none(city: Shared) -> None:
    keys = city.nodes.system("low").keys
    keys.rotate(KeyUse.MOBILE, at=city.nodes.system("low").office.clock.now())
    with pytest.raises(Conflict, match="E-NODES-023"):
        city.found()


def test_the_command_tells_names_that_an_officer_can_look_up(city: Shared) -> None:
    kept = city.join(applicant(0))
    double = city.join(evolve(applicant(0), document=city.passport(elsewhere(kept.node))))
    told = city.typed("--json", "nodes", "doubles", "shenzhen")
    assert told.status == 0, told.err
    (row,) = told.rows
    assert {row["node"], row["other_node"]} == {kept.node, double.node}
    assert row["alike"] == "NAME"
    plain = applicant(0)
    assert plain.mobile is not None
    for secret in (plain.name.plain(), plain.mobile.plain(), plain.document.number.plain()):
        assert secret not in told.out + told.err
    shown = city.typed("--node", row["node"], "--json", "member", "show", row["file"])
    assert shown.status == 0, shown.err
    assert city.typed("nodes", "doubles", "zhuhai").code == "E-NODES-008"
