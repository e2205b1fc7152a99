"""Know what a migration is on every engine: a numbered file, and what its statements would do.

A runner of an engine applies them, each file in one transaction; what is here plans and compares.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Final

from attrs import frozen

from szunion.errors import SchemaOutOfDate, StorageError
from szunion.text import Text


@frozen
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def statements(self) -> Sequence[Statement]:
        """The statements of the file, in order."""
        return [Statement(each) for each in split(self.sql)]


def read(package: str) -> Sequence[Migration]:
    """Return the migrations in the folder ``migrations`` of *package*, in order."""
    found = [
        Migration(int(file.name[:4]), file.name, file.read_text("utf-8"))
        for file in files(package).joinpath("migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


def rest(known: Sequence[Migration], applied: Mapping[int, str], done: int) -> Sequence[Migration]:
    """Return what of *known* is still to be applied, having checked what was.

    Args:
        known: What this code has.
        applied: Checksums by number, as the database remembers them.
        done: The version of the database.

    Raises:
        StorageError: an applied migration has been edited (E-STORE-007).
        SchemaOutOfDate: the database is newer than this code (E-STORE-006).
    """
    if done > len(known):
        raise SchemaOutOfDate("E-STORE-006", found=done, wanted=len(known))
    for migration in known[:done]:
        if applied.get(migration.number) != migration.checksum:
            raise StorageError("E-STORE-007", name=migration.name)
    return known[done:]


def written(steps: Sequence[Migration]) -> frozenset[str]:
    """Return the tables in which *steps* write rows of their own, not made of others."""
    return frozenset(
        each.table
        for step in steps
        for each in step.statements
        if each.verb == "INSERT INTO" and "SELECT" not in each.text
    )


# --- statements ---------------------------------------------------------------------------------

_TOKEN: Final = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(\$[a-z_]*\$).*?\1|;|\w+|\s+|.",
    re.DOTALL | re.ASCII,
)
_HEAD: Final = re.compile(
    r"(?P<verb>CREATE(?: UNIQUE)? INDEX|CREATE TABLE|CREATE TRIGGER|CREATE VIEW|DROP TABLE"
    r"|DROP INDEX|DROP TRIGGER|ALTER TABLE|INSERT INTO|UPDATE|DELETE FROM|\w+(?: \w+)?)"
    r"(?: CONCURRENTLY)?(?: IF (?:NOT )?EXISTS)?(?: (?P<name>[\w.\"]+))?",
    re.ASCII | re.IGNORECASE,
)
_ON: Final = re.compile(r"\bON\s+([\w.]+)", re.ASCII | re.IGNORECASE)


def split(sql: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger's body is part of its statement."""
    text: list[str] = []
    words: list[str] = []
    depth = 0
    for found in _TOKEN.finditer(sql):
        piece = found[0]
        if piece.startswith(("--", "/*")):
            continue
        word = piece.upper()
        if piece == ";" and depth == 0:
            if words:
                yield "".join(text).strip()
            text, words = [], []
            continue
        if piece[0].isalpha():
            words.append(word)
            in_trigger = "TRIGGER" in words[:4]
            depth += in_trigger and word in {"BEGIN", "CASE"}
            depth -= in_trigger and word == "END"
        text.append(piece)
    if words:
        yield "".join(text).strip()


@frozen
class Statement:
    """One statement of a migration."""

    text: str

    @property
    def _head(self) -> re.Match[str]:
        found = _HEAD.match(re.sub(r"\s+", " ", self.text))
        assert found is not None, self.text[:40]
        return found

    @property
    def verb(self) -> str:
        """What it does, such as ``CREATE INDEX``."""
        return self._head["verb"].upper().replace("UNIQUE ", "")

    @property
    def table(self) -> str:
        """The table it is about."""
        on = _ON.search(self.text)
        if self.verb in {"CREATE INDEX", "CREATE TRIGGER"} or (self.verb == "DROP TRIGGER" and on):
            return on[1] if on else ""
        return (self._head["name"] or "").strip('"')

    @property
    def reads_all(self) -> bool:
        """Whether it looks at every row of a table that is there already."""
        makes_key = self.verb == "ALTER TABLE" and "PRIMARY KEY" in self.text.upper()
        return makes_key or self.verb in {"CREATE INDEX", "UPDATE", "DELETE FROM", "INSERT INTO"}


@frozen
class Planned:
    """What one statement will do: how many rows it goes through, and what it locks."""

    migration: Migration
    statement: Statement
    rows: int | None
    """None: nobody knows; 0: a table that is not there yet, or is empty."""
    lock: Text


def plan(
    steps: Sequence[Migration],
    *,
    rows: Callable[[str], int | None],
    lock: Callable[[Statement], Text],
) -> Sequence[Planned]:
    """Return what each statement of *steps* would do.

    Args:
        steps: What is pending.
        rows: Says how many rows a table has now; 0 for one that is not there.
        lock: Says what a statement keeps from others on this engine.
    """
    return [
        Planned(step, each, rows(each.table) if each.reads_all else 0, lock(each))
        for step in steps
        for each in step.statements
    ]
