"""Keys change while the office works: nothing fails, nothing is lost, nothing is there twice."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve
from tests.application.everything import Everything, everything_on
from tests.databases import ONE_SERVER
from tests.keyrings import Files, Process, brought, city, duplicates, everyone, filed
from tests.offices import applicant, engine, engine_of, office_on, officer, town_on

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.sql.blind import BlindIndex, document_key, documents_of
from szunion.application.keys import KeyCare
from szunion.domain.access import Role
from szunion.domain.keyset import KeyProfile, KeyUse
from szunion.domain.roster_rows import PlainRow
from szunion.domain.values import PersonId
from szunion.errors import Conflict, KeysUnavailable, NotAllowed
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork

everywhere = pytest.mark.parametrize("files", ["sqlite", "postgres"], indirect=True)
NOW = datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    made = Files(tmp_path, request.param)
    yield made
    for each in made.opened:
        each.office.storage.close()


# --- one rotation ---------------------------------------------------------------------------


@everywhere
def test_after_a_walk_nothing_is_left_under_the_old_key(files: Files) -> None:
    here = files.process()
    people = everyone(here, 10)
    old = here.keys.keyset().primary[KeyUse.SEAL]
    new = here.care.rotate(KeyUse.SEAL)
    late = here.add(10)
    assert files.keys_in_columns()["person.sealed"] == {old, new.id}
    with pytest.raises(Conflict, match="E-KEYS-013") as refused:
        here.care.retire(old)
    assert "10" in str(refused.value)
    brought(here)
    assert here.care.rows() == {new.id: 11}
    assert set().union(*files.keys_in_columns().values()) == {new.id}
    here.care.retire(old)
    here.care.destroy(old)
    again = files.process()
    assert [again.find(index) for index in range(11)] == [*people, late]
    assert all(again.get(person) is not None for person in people)


def test_only_who_runs_the_system_may_touch_keys(files: Files) -> None:
    here = files.process()
    everyone(here, 1)
    clerk = evolve(here.care, by=officer("g", Role.GRASSROOTS))
    before = here.keys.keyset()
    for refused in (
        lambda: clerk.rotate(KeyUse.SEAL), clerk.rewrap, lambda: clerk.destroy(1),
        lambda: clerk.retire(1), lambda: clerk.enable(1), lambda: list(clerk.bring()),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            refused()
    assert here.keys.keyset() == before


def test_what_was_done_with_keys_is_in_the_log(files: Files) -> None:
    here = files.process()
    everyone(here, 1)
    new = here.care.rotate(KeyUse.SEAL)
    brought(here)
    here.care.retire(1)
    here.care.enable(1)
    here.care.retire(1)
    here.care.destroy(1)
    here.care.rewrap()

    logged = files.raw(
        "SELECT action, subject FROM audit WHERE action LIKE 'key.%' ORDER BY audit_id"
    )
    assert logged == [
        ("key.rotate", new.id), ("key.retire", 1), ("key.enable", 1), ("key.retire", 1),
        ("key.destroy", 1), ("key.rewrap", here.keys.keyset().generation),
    ]  # fmt: skip


def test_a_walk_that_is_broken_off_goes_on_where_it_was(files: Files) -> None:
    here = files.process()
    everyone(here, 9)
    for use in (KeyUse.DOCUMENT, KeyUse.MOBILE, KeyUse.SEAL):
        here.care.rotate(use)
    seen: dict[str, int] = {}
    for _ in range(60):  # a process that dies after every step
        walk = files.process().care.bring(most=2)
        step = next(walk, None)
        while step is not None and step.ended and step.name in seen and seen[step.name] == 9:
            step = next(walk, None)  # what was walked through is not begun again
        if step is None:
            break
        assert step.seen > seen.get(step.name, 0), "it began anew"
        seen[step.name] = step.seen
    assert set(seen.values()) == {9}
    present = here.keys.keyset().primary
    assert set().union(*files.keys_in_columns().values()) == {present[KeyUse.SEAL]}


def copied(full: Everything) -> dict[str, object]:
    """Return the sections of the member's own copy; that it was made is in the log."""
    sections: dict[str, object] = json.loads(full.rights().copy(full.person).to_json())["sections"]
    return sections


def test_a_member_with_everything_is_shown_the_same_after_all_keys_have_changed(
    tmp_path: Path,
) -> None:
    """Every sealed column really filled by the office, not by a test; each opens afterwards."""
    keys = FileKeys.open(tmp_path / "union.keys")
    full = everything_on(office_on("sqlite", tmp_path, keys=keys))
    try:
        files, care = Files(tmp_path, engine_of("sqlite")), KeyCare(full.office, keys, engine())
        assert not [name for name, used in files.keys_in_columns().items() if used - {1}]
        empty = {name for name, used in files.keys_in_columns().items() if not used}
        assert len(empty) <= 3, f"the member with everything has nothing in {sorted(empty)}"
        before = copied(full)
        for use in (KeyUse.SEAL, KeyUse.DOCUMENT, KeyUse.MOBILE, KeyUse.TOMBSTONE):
            care.rotate(use, profile=KeyProfile.GM)
        for _ in care.bring(most=2):
            pass
        new = keys.keyset().primary[KeyUse.SEAL]
        assert set().union(*files.keys_in_columns().values()) == {new}
        for key in (1, 2, 3, 7):
            care.retire(key)
            care.destroy(key)
        after = copied(full)
        assert {name for name in before if after[name] != before[name]} <= {"log"}
    finally:
        full.office.storage.close()


def test_algorithms_are_changed_by_rotation(files: Files) -> None:
    here = files.process()
    people = everyone(here, 4)
    for use in (KeyUse.SEAL, KeyUse.DOCUMENT, KeyUse.MOBILE, KeyUse.TOMBSTONE):
        here.care.rotate(use, profile=KeyProfile.GM)
    brought(here)
    suites = {sealed[0] for (sealed,) in files.raw("SELECT sealed FROM person")}
    assert suites == {3}, "a row is not under SM4"
    there = files.process()
    assert [there.find(index) for index in range(4)] == people
    assert there.keys.keyset().profile is KeyProfile.GM


# --- indexes --------------------------------------------------------------------------------


def expected(process: Process, people: list[PersonId], field: IndexField, key: int) -> set[bytes]:
    index, found = process.office.vault.index, set()
    for each in people:
        person = process.get(each)
        assert person is not None
        if field is IndexField.MOBILE:
            assert person.mobile is not None
            found.add(index(field, person.mobile.plain(), key=key))
        else:
            found |= {index(field, document_key(one), key=key) for one in documents_of(person)}
    return found


@everywhere
@pytest.mark.parametrize(
    ("use", "table"), [(KeyUse.DOCUMENT, "person_document"), (KeyUse.MOBILE, "person_mobile")]
)
def test_an_index_is_found_under_both_keys_and_then_under_the_new_one(
    files: Files, use: KeyUse, table: str
) -> None:
    here, there = files.process(), files.process()
    people, name = everyone(here, 8), IndexField(use.value)
    (old,) = there.office.vault.index_keys(name)
    new = here.care.rotate(use).id
    walk = here.care.bring(most=3)
    next(walk)
    late = [here.add(8), there.add(9)]
    # Half are brought, the late ones are filed under the new key: each process finds them all.
    rows = set(files.index_rows(table))
    assert rows & expected(here, people, name, old)
    assert rows & expected(here, people, name, new)
    for process in (here, there, files.process()):
        assert [process.find(index) for index in range(10)] == [*people, *late]
        assert [process.by_mobile(index) for index in range(10)] == [[x] for x in [*people, *late]]
    with pytest.raises(Conflict, match="E-KEYS-014"):
        here.care.retire(old)
    for _ in walk:
        pass
    rows = set(files.index_rows(table))
    assert rows == expected(here, [*people, *late], name, new)
    here.care.retire(old)
    here.care.destroy(old)
    for process in (here, there, files.process()):
        assert [process.find(index) for index in range(10)] == [*people, *late]


@everywhere
def test_a_document_is_on_file_once_also_in_the_middle_of_a_rotation(files: Files) -> None:
    """Whoever files, under whichever key they knew: the second one is refused."""
    here, stale = files.process(), files.process()
    everyone(here, 6)
    stale.find(0)  # its keys are loaded, and become old now
    here.care.rotate(KeyUse.DOCUMENT)
    walk = here.care.bring(most=2)
    next(walk)
    for process in (here, stale, files.process()):
        for index in range(6):
            with pytest.raises(Conflict, match="E-STORE-004"):
                process.add(index)
    here.add(6)
    with pytest.raises(Conflict, match="E-STORE-004"):
        stale.add(6)
    for _ in walk:
        pass
    assert duplicates(files) == 0


@everywhere
def test_a_machine_that_has_not_got_the_new_key_yet_files_nobody(
    files: Files, tmp_path: Path
) -> None:
    """Two machines with copies of the key file: the one that is behind waits, and says so."""
    here = files.process()
    everyone(here, 2)
    behind = tmp_path / "behind.keys"
    shutil.copy(files.folder / "union.keys", behind)
    there = files.process(behind)
    new = here.care.rotate(KeyUse.DOCUMENT)
    with pytest.raises(KeysUnavailable, match=f"E-KEYS-001.*{new.id}"):
        there.add(2)
    assert there.find(1) is not None
    shutil.copy(files.folder / "union.keys", behind)
    assert there.find(2) is None
    there.add(2)
    assert duplicates(files) == 0


def test_a_vault_that_forgets_the_other_key_is_found_out(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: nothing is brought under the new key before it is filed there."""
    here = files.process()
    everyone(here, 3)
    here.care.rotate(KeyUse.DOCUMENT)
    monkeypatch.setattr(BlindIndex, "bring", lambda *_: 0)
    here.add(1)
    assert duplicates(files) == 1


@everywhere
def test_rows_prepared_before_a_rotation_are_kept_under_the_new_keys(files: Files) -> None:
    """A chunk is sealed and indexed before its transaction; the keys may change in between."""
    here = files.process()
    town = town_on(here.office)
    one = applicant(1)
    row = PlainRow(
        1, one.name.plain(), one.document.kind, one.document.number.plain(), None, None, None, None
    )
    prepare = here.office.storage.read(lambda work: work.imports.preparer(city(work)))
    prepared = prepare([row], NOW)
    for use in (KeyUse.DOCUMENT, KeyUse.SEAL):
        here.care.rotate(use)

    def keep(work: UnitOfWork) -> list[PersonId]:
        scope = city(work)
        looked = work.imports.look_up(scope, prepared)
        return list(work.imports.admit(scope, looked, [0], town.unions[0].id, NOW.date(), 1))

    (person,) = here.office.storage.run(keep)
    assert files.process().find(1) == person
    keys = here.keys.keyset().primary
    assert expected(here, [person], IndexField.DOCUMENT, keys[KeyUse.DOCUMENT]) <= set(
        files.index_rows("person_document")
    )
    rows = here.office.storage.read(lambda work: work.sealed.rows(city(work), "person.sealed"))
    assert rows == {keys[KeyUse.SEAL]: 1}


@everywhere
def test_an_import_finds_those_filed_under_the_old_key(files: Files) -> None:
    """The bulk path looks under both keys, too: nobody is admitted a second time."""
    here = files.process()
    town = town_on(here.office)
    first = town.admit(0, applicant(1))
    here.care.rotate(KeyUse.DOCUMENT)
    second = town.admit(1, applicant(2))
    rows = [
        PlainRow(index, one.name.plain(), one.document.kind, one.document.number.plain(), None,
                 None, None, None)
        for index in (1, 2, 3) for one in [applicant(index)]
    ]  # fmt: skip

    def look(work: UnitOfWork) -> list[PersonId]:
        scope = city(work)
        prepared = work.imports.preparer(scope)(rows, work.now)
        looked = work.imports.look_up(scope, prepared)
        assert looked.on_file == {0: first, 1: second}
        return list(work.imports.admit(scope, looked, [2], town.unions[0].id, NOW.date(), 1))

    (third,) = here.office.storage.run(look)
    assert files.process().find(3) == third
    new = here.keys.keyset().primary[KeyUse.DOCUMENT]
    assert expected(here, [third], IndexField.DOCUMENT, new) <= set(
        files.index_rows("person_document")
    )


@pytest.mark.parametrize("files", ["postgres"], indirect=True)
@pytest.mark.postgres
@ONE_SERVER
def test_a_key_is_not_retired_while_somebody_may_still_seal_under_it(files: Files) -> None:
    """Many write at once: who began before the key was changed is waited for, and counted."""
    here, there = files.process(), files.process()
    town_on(here.office)
    old = here.keys.keyset().primary[KeyUse.SEAL]
    sealing, go_on = threading.Event(), threading.Event()

    def slowly(work: UnitOfWork) -> None:
        filed(work, 1)
        sealing.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(here.office.storage.run, slowly)
        assert sealing.wait(60)
        there.care.rotate(KeyUse.SEAL)
        brought(there)
        retired = pool.submit(there.care.retire, old)
        files.until_it_waits(retired)
        go_on.set()
        late.result()
        with pytest.raises(Conflict, match="E-KEYS-013"):
            retired.result()
    brought(there)
    there.care.retire(old)
    assert here.find(1) is not None
    assert there.get(here.find(1) or PersonId(0)) is not None
