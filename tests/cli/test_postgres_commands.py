"""A database on PostgreSQL is made, looked at, brought up to date and used by the same commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.databases import url

from szunion.adapters.storage.postgres.connection import Limits, connect, tell
from szunion.cli import main
from szunion.testing.postgres_databases import Database, Databases

pytestmark = pytest.mark.postgres


class Shell:
    """Somebody at a terminal."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.app, self.owner = url(database.app), url(database.owner)
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
