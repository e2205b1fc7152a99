"""What PostgreSQL makes of our statements: sets of ids are met by keys, behind the net as well."""

from __future__ import annotations

import re
from itertools import count

import pytest

from szunion.adapters.storage.postgres.connection import Limits, connect, tell
from szunion.adapters.storage.postgres.dialect import POSTGRES, statements
from szunion.adapters.storage.postgres.net import NET
from szunion.adapters.storage.sql.dialect import written
from szunion.testing.postgres_databases import Database

pytestmark = pytest.mark.postgres

_PARAMETER = re.compile(r"%\((\w+)\)s|%s")
_SCANNED = re.compile(r"Seq Scan on (\w+)")


def _numbered(text: str) -> str:
    numbers = count(1)
    return _PARAMETER.sub(lambda _: f"${next(numbers)}", text)


def test_a_set_of_ids_is_met_by_keys_behind_the_net(database: Database) -> None:
    """Behind row-level security an index serves only what a leakproof comparison asks of it."""
    app = connect(database.app, Limits())
    if app.info.server_version < 160000:
        pytest.skip("EXPLAIN (GENERIC_PLAN) came with PostgreSQL 16")
    tell(app, "SET enable_seqscan = off")
    asked = [name for name, text in written(POSTGRES).items() if "EACH_ID" in text]
    assert len(asked) > 20
    for name in asked:
        text = _numbered(statements()[name])
        question = f"EXPLAIN (GENERIC_PLAN, COSTS OFF) {text}".encode()
        plan = app.execute(question, prepare=False).fetchall()
        scanned = _SCANNED.findall("\n".join(line for (line,) in plan))
        assert not NET.keys() & set(scanned), name
    app.close()
