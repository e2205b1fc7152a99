"""Know what begins a transaction on PostgreSQL: clean, at its level, and past the gate (开始)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from szunion.adapters.storage.postgres.asking import Commands
from szunion.adapters.storage.postgres.citus import TO_COMMIT_TOGETHER
from szunion.adapters.storage.postgres.connection import SCHEMA

_CLEAN: Final = (b"RESET SESSION AUTHORIZATION", b"RESET ALL")
"""Nothing that an earlier user of the connection has set reaches this transaction."""

_GATES: Final[Sequence[str]] = (
    "ROW SHARE",  # all at once
    "SHARE UPDATE EXCLUSIVE",  # those who have to do it again queue, and hinder nobody else
    "SHARE UPDATE EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "EXCLUSIVE",  # alone: nothing can be in the way
)
"""How the gate is locked at each try. The lock comes before the snapshot, so who has waited for it
sees what those before it have done."""

_QUEUE: Final[Sequence[str]] = (*("SHARE UPDATE EXCLUSIVE",) * (len(_GATES) - 1), "EXCLUSIVE")
"""How it is locked on Citus: each node knows only what was read and written there, so no node sees
two decisions that passed each other on two nodes. Whoever decides queues from the first try."""

Messages = Sequence[Commands]


@frozen
class Begins:
    """What begins a change at each try, in as few messages as may be."""

    decided: Sequence[Messages]
    guarded: Sequence[Messages]
    """For a unit that decides nothing by what it has read."""


_SERIALISABLE: Final = b"BEGIN ISOLATION LEVEL SERIALIZABLE"
_COMMITTED: Final = b"BEGIN ISOLATION LEVEL READ COMMITTED"
_TOGETHER: Final = TO_COMMIT_TOGETHER.encode()


def _gates(modes: Sequence[str]) -> Commands:
    """Return the lock of each try."""
    return tuple(f"LOCK TABLE {SCHEMA}.write_gate IN {mode} MODE".encode() for mode in modes)


LOOK: Final[Commands] = (*_CLEAN, b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
"""What begins a look, in one message with the first thing that it asks."""

BEGIN: Final = Begins(
    [((*_CLEAN, _SERIALISABLE, gate),) for gate in _gates(_GATES)],
    [((*_CLEAN, _COMMITTED, gate),) for gate in _gates(_GATES)],
)
#: A text that holds a RESET Citus sends on as a whole: it goes alone, before the transaction.
BEGIN_SPREAD: Final = Begins(
    [(_CLEAN, (_SERIALISABLE, gate, _TOGETHER)) for gate in _gates(_QUEUE)],
    [(_CLEAN, (_COMMITTED, gate, _TOGETHER)) for gate in _gates(_GATES)],
)
