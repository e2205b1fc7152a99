"""Know how an entry of the log is told to the person whom it concerns (访问记录)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from szunion.domain.access import Purpose, Role, Scope
from szunion.domain.audit import LoggedEntry
from szunion.domain.rights import Access
from szunion.domain.wording import action_text
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

#: Actions by which somebody has seen, or taken out, what is kept; all others changed something.
_SEEN: Final = frozenset(
    {"reveal", "copy", "show", "open", "look", "read", "access_log", "file", "double"}
)
_TAKEN_OUT: Final = frozenset({"export", "copy", "send", "resend", "hand_out"})


@frozen(kw_only=True)
class Looked:
    """One line of a person's access log (访问记录): who, by role and union; what; what for."""

    at: datetime
    role: Role
    union: str | None
    """Code and name of the union that the officer acted for."""
    own: bool
    """It was the person."""
    access: Access
    action: str
    text: Text
    purpose: Purpose


def looked_at(work: UnitOfWork, scope: Scope, logged: LoggedEntry) -> Looked:
    """Return how an entry of the log is told to the person: an officer by role and union."""
    verb = logged.entry.action.rpartition(".")[2]
    access = Access.CHANGED
    if verb in _TAKEN_OUT:
        access = Access.HANDED_OUT
    elif verb in _SEEN:
        access = Access.READ
    union = None if logged.node is None else work.organisations.get(scope, logged.node)
    return Looked(
        at=logged.at, role=logged.role,
        union=None if union is None else f"{union.code} {union.name}",
        own=logged.role is Role.MEMBER, access=access, action=logged.entry.action,
        text=action_text(logged.entry.action), purpose=logged.purpose,
    )  # fmt: skip
