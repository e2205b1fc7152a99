"""A row lies in the shard of its member, but for what is found by a key of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.application.everything import everything_on
from tests.offices import ON_SQLITE, office_on
from tests.places import FILE

from szunion.adapters.storage.postgres.net import NET
from szunion.adapters.storage.sqlite.session import connect

BY_A_KEY: Final = {"binding", "person_document", "person_mobile", "person_tombstone"}
"""Tables whose rows lie by an account's name or a document, on Citus perhaps on another node."""

_ASKS_FOR_THE_MEMBER: Final = "in_reach(person_id)"


@ON_SQLITE
def test_every_row_of_a_member_with_everything_lies_by_the_member(tmp_path: Path) -> None:
    full = everything_on(office_on("sqlite", tmp_path))
    full.office.storage.close()
    file = connect(tmp_path / FILE)
    try:
        elsewhere, seen = set(), set()
        for table in NET:
            columns = {row[1] for row in file.execute(f"PRAGMA table_info({table})")}
            if {"shard", "person_id"} <= columns and table != "audit":
                rows = file.execute(
                    f"SELECT count(*), count(*) FILTER (WHERE shard <> person_id >> 53)"
                    f" FROM {table} WHERE person_id > 0"
                ).fetchone()
                seen |= {table} if rows[0] else set()
                elsewhere |= {table} if rows[1] else set()
    finally:
        file.close()
    assert len(seen) > 20
    assert elsewhere <= BY_A_KEY


def test_no_rule_of_citus_looks_for_a_member_on_the_node_of_a_key() -> None:
    for table, shown in NET.items():
        assert table not in BY_A_KEY or _ASKS_FOR_THE_MEMBER not in shown.spread, table
        assert "SELECT" not in shown.spread, table
