"""A database on PostgreSQL is made, looked at, brought up to date and used by the same commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.databases import ON_CITUS, one_server, url

from szunion import UnionSystem
from szunion.adapters.storage.postgres.connection import Limits, connect, tell
from szunion.adapters.storage.postgres.migrate import migrate, migrations
from szunion.cli import main
from szunion.errors import StorageError
from szunion.testing.postgres_databases import Database, Databases

pytestmark = pytest.mark.postgres


class Shell:
    """Somebody at a terminal."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.app, self.owner = url(database.app), url(database.owner)
        folder.mkdir(exist_ok=True)
        self.file = folder / "szunion.toml"
        self.file.write_text(
            f'[szunion]\ndatabase = "{self.app}"\nkeys = "{folder}/union.keys"\n', "utf-8"
        )

    def type(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.file), *words])

    def told(self, *words: str) -> Any:
        done = self.type("--json", *words)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout.splitlines()[0])


@pytest.fixture
def shell(databases: Databases, tmp_path: Path) -> Shell:
    return Shell(databases.empty(), tmp_path)


def test_a_database_is_made_and_used_by_two_roles(shell: Shell) -> None:
    refused = shell.type("db", "init")
    assert refused.exit_code == 2
    assert "E-STORE-023" in refused.stderr
    assert shell.type("db", "status").exit_code == 1
    made = shell.told("db", "init", "--owner", shell.owner)
    assert made["made"] is True
    assert shell.told("db", "init", "--owner", shell.owner)["made"] is False
    status = shell.told("db", "status")
    assert status["sound"] is True
    assert (status["schema"], status["holes"]) == (status["known"], [])
    assert "PostgreSQL" in shell.type("db", "status").stdout
    assert shell.type("member", "list").exit_code == 0
    doctor = shell.type("doctor")
    assert "synchronous_commit on" in doctor.stdout
    assert "E-STORE" not in doctor.output
    assert "W-STORE-011" in doctor.stdout


def test_the_owner_of_another_database_makes_nothing(
    shell: Shell, databases: Databases, tmp_path: Path
) -> None:
    elsewhere = Shell(databases.empty(), tmp_path / "elsewhere")
    for words in (("init",), ("migrate",), ("migrate", "--dry-run")):
        refused = shell.type("db", *words, "--owner", elsewhere.owner)
        assert (refused.exit_code, "E-STORE-040" in refused.stderr) == (2, True)
    assert shell.type("db", "status").exit_code == 1
    assert elsewhere.type("db", "status").exit_code == 1
    assert not (tmp_path / "union.keys").exists()


def test_a_database_in_use_is_not_opened_under_new_keys_and_leaves_none(
    shell: Shell, tmp_path: Path
) -> None:
    shell.told("db", "init", "--owner", shell.owner)
    right, other = tmp_path / "union.keys", tmp_path / "unoin.keys"
    right.unlink()
    shell.told("db", "init", "--owner", shell.owner)
    assert right.is_file(), "nothing is sealed yet"
    shell.told("--user", "wang", "org", "register", "440300", "市总", "--found")
    shell.file.write_text(shell.file.read_text("utf-8").replace(right.name, other.name), "utf-8")
    refused = shell.type("db", "init", "--owner", shell.owner)
    assert "E-KEYS-003" in refused.stderr
    assert not other.exists()


def test_what_is_no_database_of_ours_leaves_no_keys(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="E-STORE-009"):
        UnionSystem.open(shell.app, city="shenzhen", keys=tmp_path / "union.keys")
    assert list(tmp_path.glob("*.keys")) == []


def test_whoever_owns_the_tables_is_turned_away_from_daily_work(shell: Shell) -> None:
    shell.told("db", "init", "--owner", shell.owner)
    shell.file.write_text(shell.file.read_text("utf-8").replace(shell.app, shell.owner), "utf-8")
    refused = shell.type("member", "list")
    assert refused.exit_code == 1
    assert "E-STORE-003" in refused.stderr


def test_an_older_schema_is_refused_and_brought_up_to_date(shell: Shell) -> None:
    shell.told("db", "init", "--owner", shell.owner)
    owner = connect(shell.owner, Limits())
    tell(owner, "DROP POLICY szunion_owner ON szunion.person")
    tell(owner, "ALTER TABLE szunion.person DISABLE ROW LEVEL SECURITY")
    owner.close()
    assert "E-STORE-024" in shell.type("member", "list").stderr
    assert shell.type("db", "status").exit_code == 1
    plan = shell.told("db", "migrate", "--plan", "--owner", shell.owner)
    assert plan["from"] == plan["to"]
    shell.told("db", "migrate", "--owner", shell.owner)
    assert shell.type("db", "status").exit_code == 0


def test_the_doctor_sees_that_nobody_confirms_commits(shell: Shell, databases: Databases) -> None:
    """It writes nothing itself, so it does not wait with them."""
    if databases.server is None:
        pytest.skip("the server is not ours: its standbys are not to be changed")
    shell.told("db", "init", "--owner", shell.owner)
    admin = connect(databases.admin, Limits())
    try:
        tell(admin, "SET synchronous_commit = local")
        tell(admin, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        tell(admin, "SELECT pg_reload_conf()")
        while True:  # the server hears of it when it hears of it
            doctor = shell.type("doctor")
            if "W-STORE-011" not in doctor.stdout:
                break
    finally:
        tell(admin, "ALTER SYSTEM RESET synchronous_standby_names")
        tell(admin, "SELECT pg_reload_conf()")
        admin.close()
    assert "✘ E-STORE-032" in doctor.stdout
    assert "nobody" in doctor.stdout
    assert doctor.exit_code == 1


FOUND = ("org", "register", "440300", "市总工会", "--found")
DISTRICT = ("org", "register", "440305", "一区总工会", "--kind", "DISTRICT", "--parent", "440300")


class Another(Shell):
    """The same office, with the same keys, at another database."""

    def __init__(self, database: Database, office: Shell) -> None:
        self.app, self.owner = url(database.app), url(database.owner)
        self.file = office.file.with_name(f"{database.name}.toml")
        self.file.write_text(office.file.read_text("utf-8").replace(office.app, self.app), "utf-8")


def test_a_backup_is_restored_held_reconciled_and_released(
    shell: Shell, databases: Databases, tmp_path: Path
) -> None:
    shell.told("db", "init", "--owner", shell.owner)
    shell.told(*FOUND)
    file = str(tmp_path / "a.szb")
    made = shell.told("db", "backup", file)
    assert shell.told("db", "verify", file)["tables"] == made["tables"]
    other = Another(databases.empty(), shell)
    assert "E-STORE-023" in other.type("db", "restore", file).stderr
    done = other.told("db", "restore", file, "--owner", other.owner)
    assert done["tables"] == made["tables"]
    again = other.type("db", "restore", file, "--owner", other.owner)
    assert "E-STORE-019" in again.stderr
    held = other.type(*DISTRICT)
    assert "E-STORE-014" in held.stderr
    assert "E-STORE-018" in shell.type("db", "reconcile").stderr
    assert other.type("db", "reconcile").exit_code == 0
    assert other.type("db", "release").exit_code == 0
    other.told(*DISTRICT)


def test_a_file_is_copied_onto_a_server_and_back(shell: Shell, tmp_path: Path) -> None:
    there, again = str(tmp_path / "there.db"), str(tmp_path / "again.db")
    file = CliRunner()
    keys = ("--config", str(shell.file), "--db", there)
    assert file.invoke(main, [*keys, "db", "init"]).exit_code == 0
    assert "E-STORE-023" in shell.type("db", "copy", there, shell.app).stderr
    done = shell.told("db", "copy", there, shell.app, "--owner", shell.owner)
    assert done["rows"] > 0
    assert shell.type("db", "status").exit_code == 0
    back = shell.told("db", "copy", shell.app, again)
    assert back["tables"] == done["tables"]


def test_a_plan_and_a_trial_say_what_they_would_do_and_do_nothing(shell: Shell) -> None:
    owner = connect(shell.owner, Limits())
    migrate(owner, at=0, upto=13)
    owner.close()
    plan = shell.told("db", "migrate", "--plan", "--owner", shell.owner)
    assert (plan["from"], plan["to"]) == (13, 13)
    assert len(plan["steps"]) == len(migrations()) - 13
    assert {"step", "verb", "table", "rows", "lock"} == plan["statements"][0].keys()
    words = shell.type("db", "migrate", "--plan", "--owner", shell.owner).stdout
    assert "CREATE TABLE card_standing" in words
    assert "锁：该表：读写都等待" in words
    tried = shell.told("db", "migrate", "--dry-run", "--owner", shell.owner)
    assert (tried["from"], tried["to"], tried["steps"]) == (13, 13, plan["steps"])
    assert shell.told("db", "migrate", "--owner", shell.owner)["to"] == len(migrations())
    assert shell.type("db", "status").exit_code == 0


@one_server("about a server that has no Citus")
def test_one_server_is_not_taken_for_a_cluster(shell: Shell) -> None:
    """Neither an unknown engine nor a server without Citus is changed."""
    for engine, code in (("cockroach", "E-STORE-035"), ("citus", "E-STORE-036")):
        refused = shell.type("db", "init", "--owner", shell.owner, "--distributed", engine)
        assert code in refused.stderr
    assert shell.type("db", "status").exit_code == 1, "nothing was made"


@ON_CITUS
def test_a_whole_country_is_made_on_a_cluster_and_stays_spread(shell: Shell) -> None:
    words = ("db", "init", "--owner", shell.owner, "--distributed", "citus")
    made = shell.told(*words)
    assert (made["made"], made["distributed"]) == (True, "citus")
    assert shell.told(*words)["made"] is False, "a second time changes nothing"
    assert shell.told("db", "migrate", "--owner", shell.owner)["steps"] == []
    status = shell.told("db", "status")
    assert (status["sound"], status["distributed"], status["astray"]) == (True, "citus", [])
    assert shell.type("member", "list").exit_code == 0


@ON_CITUS
def test_a_database_in_use_is_not_spread(shell: Shell) -> None:
    shell.told("db", "init", "--owner", shell.owner)
    assert shell.told("db", "status")["distributed"] is None
    owner = connect(shell.owner, Limits())
    tell(
        owner,
        "INSERT INTO organisation (organisation_id, code, name, kind, state, path, version)"
        " VALUES (1, '1', 'x', 'CITY', 'ACTIVE', '/1/', 0)",
    )
    owner.close()
    refused = shell.type("db", "init", "--owner", shell.owner, "--distributed", "citus")
    assert "E-STORE-037" in refused.stderr
    assert shell.told("db", "status")["sound"] is True
