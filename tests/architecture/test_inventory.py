"""Every stored column is tagged, no tag is left over, and what is made from the tags agrees."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from importlib.resources import files

import pytest

from szunion.adapters.storage.postgres.dialect import POSTGRES
from szunion.adapters.storage.sql import dialect
from szunion.adapters.storage.sqlite import migrate, session
from szunion.domain.erasing import AT_THE_END, NOW
from szunion.domain.inventory import DataClass, DataSubject, inventory, read
from szunion.domain.lawful import FLOORS, GROUNDS, LegalBasis, Retention, RetentionTerms, Use
from szunion.domain.own_copy_words import SECTIONS
from szunion.domain.rights import Fate
from szunion.errors import ConfigError

#: Words that belong to no row of ours: they are never kept (JR/T 0171, PCI DSS 3.2).
NEVER_STORED = re.compile(
    r"cvv|cvn|pin\b|track|password|expiry|fingerprint|face_template", re.ASCII
)


def schema_of(connection: sqlite3.Connection) -> dict[str, set[str]]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        for (name,) in tables
        if not name.startswith("sqlite_")
    }


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    made = session.connect(":memory:")
    migrate.migrate(made, at=0)
    yield made
    made.close()


def difference(schema: dict[str, set[str]]) -> set[str]:
    """Return every column without a tag, and every tag without a column."""
    tagged = {
        name: [column.name for column in table.columns] for name, table in inventory().items()
    }
    there = {f"{table}.{column}" for table, columns in schema.items() for column in columns}
    said = {f"{table}.{column}" for table, columns in tagged.items() for column in columns}
    twice = {
        f"{table}.{column}"
        for table, columns in tagged.items()
        for column in columns
        if columns.count(column) > 1
    }
    return (there ^ said) | twice


def test_every_column_of_the_migrated_database_has_its_tag(connection: sqlite3.Connection) -> None:
    """To add a column, tag it in domain/inventory.toml: whose, which class, what for, how long."""
    assert difference(schema_of(connection)) == set()


def test_a_column_that_nobody_tagged_is_noticed(connection: sqlite3.Connection) -> None:
    schema = schema_of(connection)
    schema["person"].add("blood_type")
    schema["membership"].remove("reason")
    assert difference(schema) == {"person.blood_type", "membership.reason"}


def test_nothing_of_class_c3_is_stored(connection: sqlite3.Connection) -> None:
    columns = {f"{table}.{each}" for table, all_ in schema_of(connection).items() for each in all_}
    assert {each for each in columns if NEVER_STORED.search(each)} == set()


def test_what_a_person_owns_has_a_fate_and_a_place_in_the_copy() -> None:
    for table in inventory().values():
        if table.of_members:
            assert table.fate is not None, table.name
            shown = {
                each.name
                for each in table.columns
                if DataSubject.MEMBER in each.subjects and each.data_class is not DataClass.DERIVED
            }
            assert bool(shown) == bool(table.section), table.name
        if table.section:
            assert table.section in SECTIONS, table.name
    assert set(SECTIONS) == {table.section for table in inventory().values() if table.section}


def test_purposes_name_their_basis_and_terms_their_floor() -> None:
    assert set(GROUNDS) == set(Use)
    used = {each.use for table in inventory().values() for each in table.columns}
    assert used == set(Use)
    for table in inventory().values():
        for each in table.columns:
            assert (each.basis is LegalBasis.NOT_PERSONAL) == (not each.personal)
    terms = RetentionTerms()
    for name, floor in FLOORS.items():
        assert getattr(terms, name) >= floor.least


def test_the_deeds_of_an_erasure_are_what_the_inventory_says() -> None:
    tables = inventory()
    whole = {"person", "person_salt", "person_document", "person_mobile"}  # with the key
    paid = {"claim", "claimed"}  # by the claim, not by the table
    at_once = {
        name
        for name, table in tables.items()
        if table.fate in {Fate.DESTROYED, Fate.STRIPPED} and name not in whole | paid
    }
    assert at_once == set(NOW)
    for kept, deeds in AT_THE_END.items():
        for deed in deeds:
            table = tables[deed.removeprefix("end_")]
            allowed = (
                {table.after, Retention.VOUCHER} if table.name == "enrolment" else {table.after}
            )
            assert kept in allowed, deed
    ended = {deed.removeprefix("end_") for deeds in AT_THE_END.values() for deed in deeds}
    for name, table in tables.items():
        if table.after in {Retention.DISPUTE, Retention.FRAUD, Retention.PROOF}:
            assert name in ended | {"erasure"}, f"{name} would be kept for ever"


def test_every_deed_has_its_statement_and_none_is_left_over() -> None:
    names = {
        name.partition(".")[2] for name in dialect.written(POSTGRES) if name.startswith("erasure.")
    }
    journal = {"get", "put", "journal", "due", "keep_name", "name_of", "drop_name",
               "claim_keys", "claim_one"}  # fmt: skip
    deeds = set(NOW) | {deed for deeds in AT_THE_END.values() for deed in deeds}
    assert names == journal | deeds


@pytest.mark.parametrize(
    "change",
    [{"use": "fun"}, {"keep": "ever"}, {"subject": "alien"}, {"erased": "burnt"}, {"C4": "x"}],
)
def test_a_tag_that_says_something_unknown_is_refused(change: dict[str, str]) -> None:
    told = tomllib.loads(files("szunion.domain").joinpath("inventory.toml").read_text("utf-8"))
    with pytest.raises(ConfigError, match="E-PRIVACY-010"):
        read({"person": told["person"] | change})
