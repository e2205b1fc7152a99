"""Know how a unit is committed, and what is known of it afterwards.

A server whose synchronous standby is gone lets a commit wait for ever, and no limit of its own ends
that. Ours lets go of the line instead of calling the commit off: what is called off is visible at
once and may be lost with this server, while what still waits is seen by nobody until a standby has
it, so nobody can act upon what is lost later.
"""

from __future__ import annotations

import selectors
import time
from contextlib import suppress
from typing import Final

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

from szunion.adapters.storage.postgres.asking import leave, say
from szunion.adapters.storage.postgres.connection import Connection
from szunion.adapters.storage.postgres.faults import Ours, ours
from szunion.errors import CommitUnknown, StorageError, StorageUnreachable

_COMMIT: Final = b"COMMIT"
_Selector: Final[type[selectors.BaseSelector]] = getattr(
    selectors, "PollSelector", selectors.SelectSelector
)


class _Late(Exception):
    """No answer came in time."""


def undo(connection: Connection) -> None:
    """Roll back; a line that is broken has nothing to roll back, and its pool closes it.

    The driver is not told: it would have the server forget all that is prepared. A look that has
    asked nothing has not begun.
    """
    if connection.info.transaction_status is TransactionStatus.IDLE:
        return
    try:
        say(connection, (b"ROLLBACK",))
    except psycopg.Error:
        connection.close()


def commit(connection: Connection, seconds: float) -> None:
    """Commit, and know what came of it.

    An answer with a code other than a farewell means that nothing was kept. A line that broke
    says nothing. A warning says that it was kept here, and that the standby did not confirm it.

    Args:
        connection: A connection within a transaction.
        seconds: How long the answer may take.

    Raises:
        StorageUnreachable: the line had broken before, and the unit did not say so (E-STORE-020).
        CommitUnknown: nobody knows whether it was kept (E-STORE-011), or the server did not answer
            in time, most likely because its standby is gone (E-STORE-031).
    """
    _check_there(connection)
    warned: list[str | None] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        warned.append(notice.sqlstate)

    failed: Ours | None = None
    done = b""
    connection.add_notice_handler(hear)
    try:
        done = answer(connection, seconds)
    except psycopg.Error as error:
        failed = ours(error)
    except _Late:
        failed = CommitUnknown("E-STORE-031", seconds=f"{seconds:g}")
    finally:
        connection.remove_notice_handler(hear)
    if isinstance(failed, StorageUnreachable) or (done == _COMMIT and warned):
        failed = CommitUnknown("E-STORE-011")
    if isinstance(failed, CommitUnknown):
        connection.close()
        raise failed
    if failed is None and done != _COMMIT:
        failed = _hidden()
    if failed is not None:
        undo(connection)
        raise failed


def let_go(connection: Connection) -> None:
    """Tell the server that a look is over, and do not wait for its word: who asks next hears it.

    What was seen is with us already, and nothing was written that could be lost.

    Raises:
        StorageUnreachable: the line had broken before, and the look did not say so (E-STORE-020).
        StorageError: a statement failed, and the look did not say so (E-STORE-005).
    """
    _check_there(connection)
    if connection.info.transaction_status is not TransactionStatus.INTRANS:
        undo(connection)
        raise _hidden()
    with suppress(psycopg.Error):  # whoever has it next finds it broken
        leave(connection, _COMMIT)


def _check_there(connection: Connection) -> None:
    """Check that there is a line: one that broke before its end was told has kept nothing."""
    if connection.info.transaction_status is TransactionStatus.UNKNOWN:
        raise StorageUnreachable("E-STORE-020")


def _hidden() -> StorageError:
    """Return the error for a unit that did not say that a statement of it failed."""
    return StorageError("E-STORE-005", kind="SQLSTATE 25P02")


def answer(connection: Connection, seconds: float) -> bytes:
    """Return what the server says to ``COMMIT``: that word, or ``ROLLBACK``.

    Raises:
        psycopg.Error: what it says instead, or the line broke.
    """
    line = connection.pgconn
    with connection.lock, _Selector() as ready:
        line.send_query(_COMMIT)
        ready.register(line.socket, selectors.EVENT_READ)
        until = time.monotonic() + seconds
        while line.flush() or line.is_busy():
            if not ready.select(max(0.0, until - time.monotonic())):
                raise _Late
            line.consume_input()
        found = line.get_result()
        while line.get_result() is not None:
            pass
    if found is None:
        raise psycopg.OperationalError
    if found.status != ExecStatus.COMMAND_OK:
        raise error_from_result(found, connection.info.encoding)
    return found.command_status or b""
