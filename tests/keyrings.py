"""What the tests of key rotation share: processes of one city over the same files."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from tests.databases import database_for
from tests.offices import applicant, engine, officer, shenzhen, town_on

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.postgres.connection import Limits, connect
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.adapters.storage.sql.blind import document_key, documents_of
from szunion.adapters.storage.sql.sealed import COLUMNS
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.adapters.system import ChineseCalendar, SystemChance, SystemIds
from szunion.application.access import authorise
from szunion.application.keys import KeyCare
from szunion.application.office import Office
from szunion.domain.access import Operation, Role, Scope
from szunion.domain.people import Person, new_person
from szunion.domain.values import PersonId
from szunion.ports.storage import Storage, UnitOfWork
from szunion.testing.clock import SimClock


def city(work: UnitOfWork) -> Scope:
    return authorise(work, officer("city-1", Role.CITY), Operation.MEMBERSHIP_WRITE)


def filed(work: UnitOfWork, index: int) -> PersonId:
    """File the synthetic person of that index."""
    someone = applicant(index)
    shard = work.vault.route(someone.document.number.plain())
    person = new_person(
        PersonId(work.ids.new(shard)), someone.name, someone.document, recorded=work.now,
        mobile=someone.mobile,
    )  # fmt: skip
    work.people.add(city(work), person)
    return person.id


@frozen
class Process:
    """One process of the city: its own key store, vault and connections over the same files."""

    keys: FileKeys
    office: Office

    @property
    def care(self) -> KeyCare:
        return KeyCare(self.office, self.keys, engine())

    def add(self, index: int) -> PersonId:
        return self.office.storage.run(lambda work: filed(work, index))

    def find(self, index: int) -> PersonId | None:
        document = applicant(index).document
        return self.office.storage.read(lambda work: work.people.find(city(work), document))

    def get(self, person: PersonId) -> Person | None:
        return self.office.storage.read(lambda work: work.people.get(city(work), person))

    def by_mobile(self, index: int) -> list[PersonId]:
        mobile = applicant(index).mobile
        assert mobile is not None
        return list(
            self.office.storage.read(lambda work: work.people.by_mobile(city(work), mobile))
        )


@define
class Files:
    """The files of one city, over which processes come and go."""

    folder: Path
    kind: str = "sqlite"
    clock: SimClock = field(factory=SimClock)
    opened: list[Process] = field(factory=list)

    def process(self, key_file: Path | None = None) -> Process:
        """Return another process of this city."""
        keys = FileKeys.open(key_file or self.folder / "union.keys")
        vault = keys.vault()
        ids = SystemIds(self.clock, SystemChance())
        storage: Storage
        if self.kind == "postgres":
            dsn = database_for(self.folder).app
            storage = PostgresStorage.open(dsn, clock=self.clock, ids=ids, vault=vault)
        else:
            storage = SqliteStorage.open(
                self.folder / "union.db", clock=self.clock, ids=ids, vault=vault
            )
        chosen = shenzhen()
        office = Office(
            storage=storage, clock=self.clock, ids=ids, vault=vault,
            signer=keys.signer(f"szunion/{chosen.policy.code}"), calendar=ChineseCalendar(),
            policy=chosen.policy, catalogue=chosen.catalogue,
        )  # fmt: skip
        self.opened.append(Process(keys, office))
        return self.opened[-1]

    def keys_in_columns(self) -> dict[str, set[int]]:
        """Return the numbers of the keys in each sealed column, read past all code of ours."""
        found = {}
        for table, column in COLUMNS.items():
            rows = self.raw(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
            found[f"{table}.{column}"] = {int.from_bytes(value[1:5]) for (value,) in rows}
        return found

    def index_rows(self, table: str) -> Counter[bytes]:
        """Return the indexes of documents or mobiles, read past all code of ours."""
        return Counter(blind for (blind,) in self.raw(f"SELECT blind FROM {table}"))

    def until_it_waits(self, work: Future[Any]) -> None:
        """Return when some transaction waits for a table that another one holds, or *work* ends."""
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
        while self.raw(waits) == [(0,)] and not work.done():
            time.sleep(0.01)

    def raw(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what the database answers, asked past all code of ours."""
        if self.kind == "postgres":
            server = connect(database_for(self.folder).admin, Limits())
            try:
                server.execute("SET search_path = szunion")
                return list(server.execute(sql.encode()))
            finally:
                server.close()
        raw = sqlite3.connect(self.folder / "union.db")
        try:
            return list(raw.execute(sql))
        finally:
            raw.close()


def everyone(process: Process, count: int) -> list[PersonId]:
    town_on(process.office)
    return [process.add(index) for index in range(count)]


def brought(process: Process, most: int = 3) -> None:
    for _ in process.care.bring(most=most):
        pass


def duplicates(files: Files) -> int:
    """Return how many documents are on file for two, found by opening every file."""
    process = files.process()
    ids = [PersonId(id_) for (id_,) in files.raw("SELECT person_id FROM person")]
    held: Counter[str] = Counter()
    for each in ids:
        person = process.get(each)
        assert person is not None
        held.update(document_key(one) for one in documents_of(person))
    return sum(times - 1 for times in held.values())
