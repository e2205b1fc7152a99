"""What PostgreSQL makes of our statements: sets of ids are met by keys, behind the net as well."""

from __future__ import annotations

import re

import pytest
from tests.databases import planned

from szunion.adapters.storage.postgres.connection import Limits, connect, tell
from szunion.adapters.storage.postgres.dialect import POSTGRES, statements
from szunion.adapters.storage.postgres.net import NET
from szunion.adapters.storage.sql.dialect import written
from szunion.testing.postgres_databases import Database

pytestmark = pytest.mark.postgres

_SCANNED = re.compile(r"Seq Scan on (\w+)")


def test_a_set_of_ids_is_met_by_keys_behind_the_net(database: Database) -> None:
    """Behind row-level security an index serves only what a leakproof comparison asks of it."""
    app = connect(database.app, Limits())
    tell(app, "SET enable_seqscan = off")
    asked = [name for name, text in written(POSTGRES).items() if "EACH_ID" in text]
    assert len(asked) > 20
    for name in asked:
        scanned = _SCANNED.findall(planned(app, statements()[name]))
        assert not NET.keys() & set(scanned), name
    app.close()
