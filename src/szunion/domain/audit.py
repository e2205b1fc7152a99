"""Know the audit log's entries: what one says, and the bytes of it that are hashed (审计日志).

An entry has ids and states, never personal data. Where it must be provable which personal value
was there, it has a commitment: a keyed hash under the person's salt. Whoever holds value and salt
can show that they belong together; when the salt is destroyed nobody can, and no leaf changes.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from attrs import field, frozen

from szunion.domain.access import Purpose, Role
from szunion.domain.city_time import check_aware
from szunion.domain.merkle import Frontier
from szunion.domain.signed_notes import Checkpoint, Signature
from szunion.domain.values import OrganisationId, PersonId

_SHORTEST: Final = 11
_SOMEBODYS: Final = re.compile(
    r"(?<![0-9A-Za-z])"
    r"(?:[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
    r"|1[3-9][0-9]{9}"
    r"|62[0-9]{14}(?:[0-9]{3})?)"
    r"(?![0-9A-Za-z])",
    re.ASCII,
)
"""Resident numbers, mobiles, card numbers: people type them where only a paper's number belongs."""


def _without_numbers(text: str) -> str:
    """Return *text* with what looks like somebody's number masked: leaves are kept for ever."""
    if len(text) < _SHORTEST:
        return text
    return _SOMEBODYS.sub(lambda found: "***" + found[0][-4:], text)


@frozen(kw_only=True)
class AuditEntry:
    """What was done to one thing: only ids and states, never personal data."""

    action: str
    """A dotted name, ``card.revoke``; its first word is the noun."""
    subject: int
    """The id of the thing."""
    person: PersonId = field(default=PersonId(0))
    """The person whom it concerns; 0: nobody."""
    before: str = ""
    after: str = ""
    reason: str = field(default="", converter=_without_numbers)
    """A code, or the number of a paper; what looks like somebody's number is masked."""
    committed: Mapping[str, str] = field(factory=dict)
    """Of a personal value by its name: the commitment, see :func:`commitment`."""


@frozen(kw_only=True)
class AuditStep:
    """What one step did to many things (同一步骤): an entry for each of them, said once.

    As in an entry there are only ids and states, never personal data.
    """

    action: str
    subjects: Sequence[int]
    """The ids of the things."""
    people: Sequence[PersonId]
    """Whom each concerns."""
    before: str = ""
    after: str = ""


def commitment(salt: bytes, name: str, value: str) -> str:
    """Return what stands in the log for a person's *value* (承诺值): 32 hex digits.

    Args:
        salt: The person's, which is destroyed when the person is erased.
        name: What kind of value it is, so that two kinds never meet.
        value: The value, which the log does not have.
    """
    return hmac.digest(salt, f"szunion/audit/{name}\n{value}".encode(), "sha256")[:16].hex()


@frozen(kw_only=True)
class LoggedEntry:
    """An entry as it stands in the log."""

    id: int
    at: datetime
    actor: str
    role: Role
    node: OrganisationId | None
    purpose: Purpose
    entry: AuditEntry

    def canonical(self) -> bytes:
        """Return the bytes that are hashed: one JSON array, UTF-8, nothing left open."""
        what = self.entry
        micros = int(self.at.timestamp()) * 1_000_000 + self.at.microsecond
        return canonical(
            self.id, what.person, micros, self.actor, self.role.value, self.node or 0,
            self.purpose.value, what.action, what.subject, what.before, what.after, what.reason,
            committed_text(what.committed),
        )  # fmt: skip


def committed_text(committed: Mapping[str, str]) -> str:
    """Return commitments as an entry is kept with them; empty: there are none."""
    return json.dumps(committed, separators=(",", ":"), sort_keys=True) if committed else ""


#: Logins, actions, states and reasons come again and again; a text is quoted once.
_quoted = lru_cache(4096)(json.JSONEncoder(ensure_ascii=False).encode)


def canonical(  # noqa: PLR0913, PLR0917 - the columns of the log, in their order
    id_: int,
    person: int,
    micros: int,
    actor: str,
    role: str,
    node: int,
    purpose: str,
    action: str,
    subject: int,
    before: str,
    after: str,
    reason: str,
    committed: str = "",
) -> bytes:
    """Return the bytes of an entry that are hashed, from its columns as they are kept.

    ``[1, id, micros, actor, role, node, purpose, action, subject, person, before, after, reason]``
    as JSON without spaces; with commitments the version is 2, and they follow as an object.
    """
    version, end = (2, f",{committed}]") if committed else (1, "]")
    return (
        f"[{version},{id_},{micros},{_quoted(actor)},{_quoted(role)},{node},{_quoted(purpose)},"
        f"{_quoted(action)},{subject},{person},{_quoted(before)},{_quoted(after)},"
        f"{_quoted(reason)}{end}"
    ).encode()


@frozen(kw_only=True)
class Touching:
    """Whose doings are asked for, from a moment to before another (泄露范围)."""

    actor: str
    since: datetime
    until: datetime

    def __attrs_post_init__(self) -> None:
        check_aware(self.since)
        check_aware(self.until)


@frozen(kw_only=True)
class Sealed:
    """How far the log is sealed: the newest checkpoint as its own store has it (封存位置)."""

    origin: str
    at: datetime
    size: int
    edge: tuple[bytes, ...]
    signature: Signature
    """The log's own, over the checkpoint's text."""

    @property
    def tree(self) -> Frontier:
        """The right edge of the tree."""
        return Frontier(self.size, self.edge)

    def checkpoint(self, witnesses: Iterable[Signature] = ()) -> Checkpoint:
        """Return it as a note, signed by the log and by *witnesses*."""
        return Checkpoint(
            origin=self.origin, size=self.size, root=self.tree.root,
            signatures=(self.signature, *witnesses),
        )  # fmt: skip
