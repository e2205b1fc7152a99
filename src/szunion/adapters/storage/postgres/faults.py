"""Know what each of PostgreSQL's error codes means to us; its words never leave.

A driver's message quotes the row: ``Key (…)=(…18 digits…) already exists``. What goes on is the
five characters of the SQLSTATE and the name of a constraint, and the driver's exception is not
even kept as the context of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias

import psycopg

from szunion.errors import (
    Conflict,
    InvalidInput,
    StorageBusy,
    StorageError,
    StorageFull,
    StorageUnreachable,
)
from szunion.ports.storage.races import KeyTaken

AGAIN: Final = frozenset({"40001", "40P01", "26000"})
"""Serialisation failure, deadlock, a prepared statement that somebody had the server forget: the
decision is to be made again."""

FORBIDDEN: Final = "42501"
"""The role may not do this."""

MOVED_AWAY: Final = "SZ001"
"""What a node says of a member whose shards it has given away."""

#: The beginning of a SQLSTATE, and what of ours it is; what is not here is E-STORE-005.
_MEANINGS: Final[Sequence[tuple[str, type[StorageError | InvalidInput], str]]] = (
    ("55P03", StorageBusy, "E-STORE-001"),  # a lock was held for longer than lock_timeout
    ("53300", StorageBusy, "E-STORE-001"),  # the server has no connection left
    ("57014", StorageBusy, "E-STORE-021"),  # statement_timeout
    ("53100", StorageFull, "E-STORE-002"),
    ("08", StorageUnreachable, "E-STORE-020"),
    ("57P", StorageUnreachable, "E-STORE-020"),  # the server is told to stop, or was killed
    ("25P03", StorageUnreachable, "E-STORE-020"),  # it did not wait for an idle transaction
    ("25P04", StorageUnreachable, "E-STORE-020"),
    ("22003", InvalidInput, "E-VALUE-004"),  # a number out of range
    ("22008", InvalidInput, "E-VALUE-004"),  # a date out of range
    ("22021", InvalidInput, "E-VALUE-004"),  # a character that the server has not: NUL is one
    (MOVED_AWAY, StorageError, "E-NODES-021"),
)

_CONSTRAINTS: Final[Mapping[str, str]] = {
    "23502": "NOT NULL",
    "23503": "FOREIGN KEY",
    "23505": "UNIQUE",
    "23514": "CHECK",
    "23P01": "EXCLUDE",
    "P0001": "TRIGGER",
}

_INTERNAL: Final = "XX000"
_WORKER_DIED: Final = (
    "failure on connection marked as essential",
    "server closed the connection unexpectedly",
)
"""How Citus words that a worker died within a transaction: it has no SQLSTATE of its own."""

_OF_A_SHARD: Final = re.compile(r'constraint "([a-z_]+?)(?:_\d+)?"')

_KEY: Final = "_pkey"
_LOG_ID: Final = "audit_by_person"
"""The log's own id is a unique index, for its rows lie in the order of their commits."""


Ours: TypeAlias = StorageError | Conflict | InvalidInput


class TryAgain(StorageBusy):
    """The engine asks for the decision to be made again; nobody outside the store sees this."""


class AlreadyThere(Conflict):
    """A unique key is taken; perhaps by somebody whom this decision could not see yet."""


def ours(error: psycopg.Error) -> Ours:
    """Return the error of ours that a driver's means, without its text."""
    state = error.sqlstate
    if state is None:
        return _without_state(error)
    if state in _CONSTRAINTS:
        return _constraint(state, error.diag)
    if state in AGAIN:
        return TryAgain("E-STORE-001")
    if state == _INTERNAL and (error.diag.message_primary or "").startswith(_WORKER_DIED):
        return StorageUnreachable("E-STORE-020")
    for beginning, kind, code in _MEANINGS:
        if state.startswith(beginning):
            return kind(code)
    return StorageError("E-STORE-005", kind=f"SQLSTATE {state}")


def _without_state(error: psycopg.Error) -> StorageError | InvalidInput:
    """Return what an error means that the server did not send: the line, or the driver itself."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StorageUnreachable("E-STORE-020")
    if isinstance(error, psycopg.DataError):
        return InvalidInput("E-VALUE-004")
    return StorageError("E-STORE-005", kind=type(error).__name__)


def _constraint(state: str, found: psycopg.errors.Diagnostic) -> Conflict:
    column = f"{found.table_name}.{found.column_name}" if found.column_name else ""
    name = found.constraint_name or column or found.table_name or _named(found.message_primary)
    words = f"{_CONSTRAINTS[state]}({name})" if name else _CONSTRAINTS[state]
    if state != "23505":
        return Conflict("E-STORE-004", constraint=words)
    by_id = name.endswith(_KEY) or name == _LOG_ID
    return (KeyTaken if by_id else AlreadyThere)("E-STORE-004", constraint=words)


def _named(words: str | None) -> str:
    """Return the constraint that a message names: of what a worker of Citus refuses, that is all.

    The values of a row stand in its detail, which is not looked at; a shard's number is left off.
    """
    name = _OF_A_SHARD.search(words or "")
    return name[1] if name else ""


@contextmanager
def translated() -> Iterator[None]:
    """Turn every driver error into one of ours, without its text, also not as a context."""
    failed: Ours | None = None
    try:
        yield
    except psycopg.Error as error:
        failed = ours(error)
    if failed is not None:
        try:
            raise failed
        finally:  # whoever leaves a ``with`` block by an exception still handles it here
            failed.__context__ = None
