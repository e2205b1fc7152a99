"""PostgreSQL keeps the promises that every store keeps."""

from __future__ import annotations

import pytest
from tests.databases import database_for

from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.ports.storage import Storage
from szunion.testing.storage import StorageParts, StoragePromises


@pytest.mark.postgres
class TestPostgres(StoragePromises):
    def make_storage(self, parts: StorageParts) -> Storage:
        return PostgresStorage.open(
            database_for(parts.folder).app, clock=parts.clock, ids=parts.ids, vault=parts.vault
        )
