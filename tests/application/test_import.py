"""Rosters become members: M02, M03, M12; what is repeated, killed, or on file elsewhere."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tests import canaries
from tests.offices import Town, applicant, counted, engine, office_on, town_on

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.roster.reader import read_roster
from szunion.adapters.storage.sql.imports import SqlImports
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.members import Members
from szunion.application.roster import ImportResult, Rosters
from szunion.application.timeline import Timeline
from szunion.domain.access import Principal
from szunion.domain.documents import check_character
from szunion.domain.keyset import KeyProfile
from szunion.domain.members import MembershipState
from szunion.domain.people import Origin
from szunion.domain.values import PersonId
from szunion.errors import Conflict, NotAllowed
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.races import KeyTaken
from szunion.testing.rosters import SyntheticRoster, synthetic_roster


def desk(town: Town, by: Principal) -> Rosters:
    return Rosters(town.office, by, read_roster)


def taken(town: Town, by: Principal, roster: SyntheticRoster, **more: object) -> ImportResult:
    return desk(town, by).import_file(BytesIO(roster.as_csv()), **more)  # type: ignore[arg-type]


def csv_of(rows: Sequence[tuple[str, str, str]]) -> BytesIO:
    lines = ["姓名,身份证号,手机", *(",".join(row) for row in rows)]
    return BytesIO("\n".join(lines).encode())


def row_of(index: int) -> tuple[str, str, str]:
    someone = applicant(index)
    assert someone.mobile is not None
    return (
        someone.name.plain(), someone.document.number.plain(), someone.mobile.plain()
    )  # fmt: skip


def test_m02_m03_a_roster_of_the_grassroots_union_becomes_members(town: Town) -> None:
    roster = synthetic_roster(3, 400)
    result = taken(town, town.g(0), roster)

    assert result.added == len(roster.clean) == len(result.accepted)
    assert {bad.row: bad.errors[0].code for bad in result.rejected} == dict(roster.codes)
    look = Members(town.office, town.g(0))
    for (name, number, mobile), person in zip(roster.clean, result.accepted, strict=True):
        found = look.find(number)
        assert found is not None
        assert (found.id, found.name.plain()) == (person, name)
        assert found.mobile is not None
        assert found.mobile.plain() == mobile
        assert found.membership is not None
        assert found.membership.state is MembershipState.ACTIVE


def test_a_roster_becomes_members_under_chinese_algorithms(tmp_path: Path) -> None:
    """The same import, its rows sealed with SM4 and indexed with SM3; a second one finds them."""
    town = town_on(office_on("sqlite", tmp_path, keys=FileKeys(profile=KeyProfile.GM)))
    try:
        roster = synthetic_roster(3, 120)
        result = taken(town, town.g(0), roster)
        assert result.added == len(roster.clean)
        look = Members(town.office, town.g(0))
        for (name, number, mobile), person in zip(roster.clean, result.accepted, strict=True):
            found = look.find(number)
            assert found is not None
            assert (found.id, found.name.plain()) == (person, name)
            assert person in {each.id for each in look.by_mobile(mobile)}
        again = taken(town, town.g(0), synthetic_roster(3, 121))
        assert again.added <= 1, "somebody was not found again"
        if isinstance(town.office.storage, SqliteStorage):
            raw = sqlite3.connect(tmp_path / "union.db")
            assert {sealed[0] for (sealed,) in raw.execute("SELECT sealed FROM person")} == {3}
            raw.close()
    finally:
        town.office.storage.close()


def test_the_same_file_twice_changes_nothing(town: Town) -> None:
    roster = synthetic_roster(4, 200)
    first = taken(town, town.g(0), roster)
    before = counted(town.office)
    second = taken(town, town.g(0), roster)

    assert second.import_id == first.import_id
    assert second.accepted == first.accepted
    assert (second.added, second.changed) == (0, 0)
    assert second.unchanged == len(first.accepted)
    assert counted(town.office) == before


def test_a_trial_run_writes_nothing(town: Town) -> None:
    seen: list[object] = []
    result = taken(town, town.g(0), synthetic_roster(5, 60), dry_run=True, on_row=seen.append)

    assert result.import_id == 0
    assert len(seen) == 60
    assert counted(town.office) == {}


def test_a_newer_roster_updates_mobiles_and_makes_new_versions_of_names(town: Town) -> None:
    name, number, _ = row_of(1)
    desk(town, town.g(0)).import_file(csv_of([row_of(1), row_of(2)]))
    result = desk(town, town.g(0)).import_file(
        csv_of([(name, number, "13700000001"), ("改名者", *row_of(2)[1:])])
    )

    assert (result.added, result.changed, result.unchanged) == (0, 2, 0)
    look = Members(town.office, town.g(0))
    first, second = look.find(number), look.find(row_of(2)[1])
    assert first is not None
    assert second is not None
    assert first.mobile is not None
    assert first.mobile.plain() == "13700000001"
    assert second.name.plain() == "改名者"

    def versions(work: UnitOfWork) -> list[Origin]:
        from szunion.application.access import authorise
        from szunion.domain.access import Operation

        scope = authorise(work, town.g(0), Operation.PERSON_READ)
        person = work.people.get(scope, second.id)
        assert person is not None
        return [version.origin for version in person.versions]

    assert town.office.storage.read(versions) == [Origin.ROSTER, Origin.ROSTER]


def test_a_member_of_another_union_is_answered_like_anybody_and_waits_for_the_city(
    town: Town,
) -> None:
    desk(town, town.g(0)).import_file(csv_of([row_of(1), row_of(2)]))
    result = desk(town, town.g(2)).import_file(csv_of([row_of(1), row_of(7)]))

    assert (result.added, result.changed, result.unchanged) == (2, 0, 0)
    assert result.duplicates == ()
    assert result.rejected == ()
    theirs = Members(town.office, town.g(2)).find(row_of(1)[1])
    ours = Members(town.office, town.g(0)).find(row_of(1)[1])
    assert theirs is not None
    assert ours is not None
    assert theirs.id == result.accepted[0] != ours.id
    assert theirs.membership is not None
    assert theirs.membership.state is MembershipState.ACTIVE

    stories = [
        [(event.label, event.why) for event in Timeline(town.office, town.g(2)).of(person)]
        for person in result.accepted
    ]
    assert stories[0] == stories[1]

    def quarantined(work: UnitOfWork) -> list[tuple[int, int]]:
        from szunion.application.access import authorise
        from szunion.domain.access import Operation

        scope = authorise(work, town.c1, Operation.QUARANTINE_READ)
        return [(each.person, each.on_file) for each in work.people.quarantined(scope)]

    assert town.office.storage.read(quarantined) == [(theirs.id, ours.id)]
    again = desk(town, town.g(2)).import_file(csv_of([row_of(1), row_of(7)]))
    assert again.accepted == result.accepted
    assert len(town.office.storage.read(quarantined)) == 1


def test_old_and_new_form_of_one_number_under_one_name_are_one_person(town: Town) -> None:
    body = "44030119680229123"
    new = body + check_character(body)
    old = new[:6] + new[8:17]
    first = desk(town, town.g(0)).import_file(csv_of([("测试甲", old, "13900000011")]))
    second = desk(town, town.g(0)).import_file(csv_of([("测试甲", new, "13900000011")]))
    other = desk(town, town.g(0)).import_file(csv_of([("测试乙", old, "13900000012")]))

    assert second.accepted == first.accepted
    assert second.added == 0
    found = Members(town.office, town.g(0)).find(new)
    assert found is not None
    assert found.id == first.accepted[0]
    assert other.accepted == first.accepted


def test_numbers_of_15_digits_given_to_two_people_do_not_make_them_one(town: Town) -> None:
    body = "44030119680229123"
    new = body + check_character(body)
    old = new[:6] + new[8:17]
    first = desk(town, town.g(0)).import_file(csv_of([("测试甲", old, "13900000011")]))
    second = desk(town, town.g(0)).import_file(csv_of([("旁人乙", new, "13900000013")]))

    assert second.added == 1
    assert second.accepted != first.accepted


def test_a_kill_between_chunks_and_a_rerun_lose_and_double_nothing(town: Town) -> None:
    roster = synthetic_roster(6, 300)
    count = 0

    def die(_: object) -> None:
        nonlocal count
        count += 1
        if count > 120:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taken(town, town.g(0), roster, on_row=die, chunk=50)
    half = sum(counted(town.office).values())
    assert half == 100
    result = taken(town, town.g(0), roster, chunk=50)

    assert len(result.accepted) == len(set(result.accepted)) == len(roster.clean)
    assert result.unchanged == 100
    assert sum(counted(town.office).values()) == len(roster.clean)


def test_a_chunk_that_is_decided_again_is_prepared_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that was taken is drawn anew; nobody comes in twice, and the file says so once."""
    if not isinstance(town.office.storage, SqliteStorage):
        return
    admit, given = SqlImports.admit, list[Sequence[PersonId]]()

    def taken_once(self: SqlImports, *words: Any) -> Sequence[PersonId]:
        given.append(admit(self, *words))
        if len(given) == 1:
            raise KeyTaken("E-STORE-004", constraint="person")
        return given[-1]

    monkeypatch.setattr(SqlImports, "admit", taken_once)
    roster = synthetic_roster(3, 60)
    result = taken(town, town.g(0), roster)
    assert result.added == len(result.accepted) == len(roster.clean)
    assert not set(given[0]) & set(given[1])
    assert list(result.accepted) == list(given[1])
    assert sum(counted(town.office).values()) == len(roster.clean)


def test_a_roster_without_a_good_row_is_logged_all_the_same(town: Town) -> None:
    result = desk(town, town.g(0)).import_file(csv_of([("测试甲", "123", "13900000011")]))
    assert (result.added, len(result.rejected)) == (0, 1)
    assert result.import_id > 0
    again = desk(town, town.g(0)).import_file(csv_of([("测试甲", "123", "13900000011")]))
    assert again.import_id == result.import_id


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_two_desks_at_once_take_a_person_in_once(kind: str, tmp_path: Path) -> None:
    """Each prepares while the other one writes; who stands on both rosters has one file."""
    town = town_on(office_on(kind, tmp_path))
    rows = [row_of(at) for at in range(60)]
    files = [csv_of(rows[:40]), csv_of(rows[20:])]
    with ThreadPoolExecutor(2) as pool:
        results = list(
            pool.map(lambda at: desk(town, town.g(at)).import_file(files[at], chunk=10), (0, 1))
        )
    assert [each.added for each in results] == [40, 40]
    look = Members(town.office, town.c1)
    found = [look.find(number) for _, number, _ in rows]
    assert all(found)
    assert len({one.id for one in found if one}) == 60
    filed = {person for result in results for person in result.accepted}
    assert len(filed) == 80, "twenty wait in quarantine, each with a file of its own"
    town.office.storage.close()


def test_m04_workers_without_a_union_join_at_the_community_or_industry_union(town: Town) -> None:
    by = Principal(
        id="sq", role=town.g(0).role, purpose=town.g(0).purpose, organisation=town.community.id
    )
    result = desk(town, by).import_file(csv_of([row_of(9)]))
    assert result.added == 1

    with pytest.raises(Conflict, match="E-MEMBER-005"):
        desk(town, town.upper(0)).import_file(csv_of([row_of(9)]), town.districts[0].id)


def test_nobody_imports_into_a_union_that_is_not_theirs(town: Town) -> None:
    with pytest.raises(Exception, match="E-ACCESS-002"):
        desk(town, town.g(0)).import_file(csv_of([row_of(1)]), town.unions[1].id)
    with pytest.raises(NotAllowed, match="E-ACCESS-002"):
        desk(town, town.upper(0)).import_file(csv_of([row_of(1)]), town.unions[1].id)


def test_each_row_has_its_log_entry_and_the_file_its_hash(town: Town) -> None:
    roster = synthetic_roster(8, 50)
    result = taken(town, town.g(0), roster)

    def actions(work: UnitOfWork) -> list[tuple[str, str]]:
        from szunion.application.access import authorise
        from szunion.domain.access import Operation

        scope = authorise(work, engine(), Operation.AUDIT_READ)
        rows = [json.loads(entry) for entry in work.audit.unsealed(scope, 10_000)]
        return [(row[7], row[12]) for row in rows]

    log = town.office.storage.read(actions)
    assert sum(action == "membership.import" for action, _ in log) == len(result.accepted)
    assert ("roster.import", f"sha256:{result.sha256}") in log


def test_an_import_asks_the_database_a_fixed_number_of_questions(town: Town) -> None:
    if not isinstance(town.office.storage, SqliteStorage):
        return
    asked: list[str] = []
    connection = town.office.storage._connection()
    counts = []
    for seed, rows in ((11, 100), (12, 400)):
        asked.clear()
        connection.set_trace_callback(asked.append)
        taken(town, town.g(0), synthetic_roster(seed, rows))
        connection.set_trace_callback(None)
        counts.append(sum(not text.startswith("INSERT") for text in asked))
    assert counts[0] == counts[1]


def test_names_and_numbers_stand_nowhere_in_the_file(town: Town) -> None:
    rows = [canaries.canary(index) for index in range(200)]
    desk(town, town.g(0)).import_file(csv_of([(c.name, c.number, c.mobile) for c in rows]))
    if not isinstance(town.office.storage, SqliteStorage):
        return
    connection = town.office.storage._connection()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    from pathlib import Path

    data = Path(town.office.storage.path).read_bytes()
    assert canaries.found_in(data) == set()
