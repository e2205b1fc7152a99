"""Members move from one node to another, whole; who dies on the way goes on, or takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from tests.databases import OF_A_RANGE
from tests.offices import applicant
from tests.system.two_nodes import AT_REST, Dead, TwoNodes, asked, table_sums, told, two_nodes

from szunion.adapters.keys.checks import signature_holds
from szunion.adapters.storage.postgres.admin import bring_up
from szunion.adapters.storage.postgres.moved_rows import FRAMES, MOVED, UNFINISHED
from szunion.adapters.storage.postgres.moving import Step
from szunion.adapters.storage.sql.tables import Sum
from szunion.application.audit import AuditLog
from szunion.application.membership import Memberships
from szunion.application.office import Office
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.audit_export import verify
from szunion.domain.nodes import Node, Shards
from szunion.domain.values import SHARDS, OrganisationId, shard_of
from szunion.errors import Conflict, StorageBusy, StorageError
from szunion.testing.postgres_databases import Database

pytestmark = [pytest.mark.postgres, OF_A_RANGE]

AUDITOR = Principal(id="auditor", role=Role.AUDITOR, purpose=Purpose.AUDIT)
SEALER = Principal(id="sealer", role=Role.ENGINE, purpose=Purpose.OPERATE)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoNodes]:
    with two_nodes(tmp_path) as made:
        yield made


def test_what_is_not_at_rest_is_told_and_nothing_is_held(two: TwoNodes) -> None:
    counts, waits = two.move().plan()
    assert counts["person"] > 1
    assert {"payments", "lists"} <= waits.keys()
    assert waits.keys() <= {each.name for each in UNFINISHED}
    with pytest.raises(Conflict, match="E-NODES-017") as found:
        two.move().run()
    assert all(name in str(found.value) for name in waits)
    assert two.writes() == (True, True)
    assert two.logged(two.here) == []


def dies_with(table: str, _rows: int) -> None:
    if table == "card":
        raise Dead


def dies_at(step: Step) -> Callable[[Step], None]:
    def reached(done: Step) -> None:
        if done is step:
            raise Dead

    return reached


def nothing(sums: Mapping[str, Sum]) -> bool:
    return not any(each.rows for each in sums.values())


def loose(database: Database) -> list[object]:
    """Return how many moved rows refer to a batch, list, offer or payout that is not there."""
    return [
        asked(
            database,
            f"SELECT count(*) FROM szunion.{frame.by} LEFT JOIN szunion.{frame.table} f"
            f" USING ({frame.key}) WHERE f.version IS NULL",
        )
        for frame in FRAMES
    ]


def test_a_move_that_is_taken_back_leaves_both_as_they_were(two: TwoNodes) -> None:
    told(two.here, AT_REST)
    assert two.move().plan()[1] == {}
    sums = table_sums(two.here, two.shards)
    with pytest.raises(Dead):
        two.move(progress=dies_with).run()
    assert not nothing(table_sums(two.there, two.shards))
    assert two.writes() == (False, False)
    with pytest.raises(StorageBusy, match="E-NODES-016"):
        bring_up(two.here.owner, two.here.app, at=0)
    with pytest.raises(Conflict, match="E-NODES-018"):
        evolve(two.move(), shards=Shards(1, 2)).run()
    two.move().undo()
    two.move().undo()
    assert two.writes() == (True, True)
    assert table_sums(two.here, two.shards) == sums
    assert nothing(table_sums(two.there, two.shards))
    assert two.logged(two.here) == ["shards.out.held", "shards.out.undone"]
    assert two.logged(two.there) == ["shards.in.held", "shards.in.undone"]


#: step: who may write after a death there.
WRITTEN: Final[Mapping[Step, tuple[bool, bool]]] = {
    Step.TARGET_HELD: (True, False),
    Step.SOURCE_HELD: (False, False),
    Step.COPIED: (False, False),
    Step.SWITCHED: (False, True),
    Step.FORGOTTEN: (False, True),
    Step.SOURCE_FREE: (True, True),
}


def test_a_member_with_everything_moves_whole_whoever_dies_at_any_step(two: TwoNodes) -> None:
    told(two.here, AT_REST)
    sums = table_sums(two.here, two.shards)
    assert sum(each.rows > 0 for each in sums.values()) > 25
    for step, written in WRITTEN.items():
        if step is Step.COPIED:
            with pytest.raises(Dead):
                two.move(progress=dies_with).run()
        with pytest.raises(Dead):
            two.move(dies_at(step)).run()
        assert two.writes() == written, step
        if written[1]:
            with pytest.raises(Conflict, match="E-NODES-019"):
                two.move().undo()
    moved = two.move().run()
    assert moved.rows == sum(each.rows for each in sums.values())
    assert two.writes() == (True, True)
    assert table_sums(two.there, two.shards) == sums
    assert nothing(table_sums(two.here, two.shards))
    assert loose(two.there) == [0] * len(FRAMES)
    assert two.logged(two.here) == ["shards.out.held", "shards.moved_out"]
    assert two.logged(two.there) == ["shards.in.held", "shards.moved_in"]


def test_an_old_map_registers_nobody_until_the_range_comes_back(two: TwoNodes) -> None:
    told(two.here, AT_REST)
    two.move().run()
    union = asked(two.here, "SELECT min(organisation_id) FROM szunion.organisation"
                            " WHERE kind = 'GRASSROOTS' AND state = 'ACTIVE'")  # fmt: skip
    assert isinstance(union, int)
    by = Principal(
        id="g", role=Role.GRASSROOTS, purpose=Purpose.ENROL, organisation=OrganisationId(union)
    )

    def join(office: Office, index: int) -> int:
        form = applicant(index)
        return Memberships(office, by).apply(form, OrganisationId(union)).person

    with pytest.raises(StorageError, match="E-NODES-021"):
        join(two.office, 7001)
    person = join(two.other, 7001)
    part = evolve(two.back(), shards=Shards(shard_of(person), shard_of(person)))
    told(two.there, AT_REST)
    part.run()
    assert join(two.office, 7001) == person
    with pytest.raises(StorageError, match="E-NODES-021"):
        join(two.other, 7001)
    stranger = next(
        index for index in range(7002, 7100)
        if two.office.vault.route(applicant(index).document.number.plain()) != shard_of(person)
    )  # fmt: skip
    with pytest.raises(StorageError, match="E-NODES-021"):
        join(two.office, stranger)


def test_a_target_that_cannot_take_them_is_refused(two: TwoNodes) -> None:
    told(two.here, AT_REST)
    told(two.there, "UPDATE szunion.index_key SET key_id = 9 WHERE field = 'mobile'")
    with pytest.raises(Conflict, match="E-NODES-020"):
        two.move().run()
    told(two.there, "UPDATE szunion.index_key SET key_id = 3 WHERE field = 'mobile'")
    told(two.there, "INSERT INTO szunion.person (shard, person_id, version) VALUES (1, 1, 0)")
    with pytest.raises(Conflict, match="E-NODES-020"):
        two.move().run()
    told(two.there, "SET session_replication_role = replica; DELETE FROM szunion.person")
    two.move().run()


def test_what_arrives_otherwise_is_not_switched(two: TwoNodes) -> None:
    told(two.here, AT_REST)

    def altered(step: Step) -> None:
        if step is Step.COPIED:
            told(two.there, "UPDATE szunion.membership SET version = version + 1")

    with pytest.raises(Conflict, match="E-STORE-017"):
        two.move(altered).run()
    assert two.writes() == (False, False)
    two.move().undo()
    two.move().run()


def test_both_logs_are_verified_after_the_move_under_the_new_names(two: TwoNodes) -> None:
    told(two.here, AT_REST)
    first = AuditLog(two.office, SEALER).seal_all()
    assert first is not None
    two.move().run()
    for office, name, half in (
        (two.office, "low", (0, SHARDS // 2 - 1)), (two.other, "high", (SHARDS // 2, SHARDS - 1)),
    ):  # fmt: skip
        node = Node(name=name, city="shenzhen", first=half[0], last=half[1])
        named = AuditLog(evolve(office, node=node), SEALER)
        assert named.seal_all() is not None
        lines = AuditLog(evolve(office, node=node), AUDITOR).export()
        assert verify(lines, named.keys, signature_holds).sound


def test_every_table_of_members_moves() -> None:
    assert len(MOVED) == len(set(MOVED))
    assert {"person", "bank_name", "pay_order_name"} <= set(MOVED)
