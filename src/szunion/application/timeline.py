"""Know what happened to a member, who did it and why: the audit log as people read it (时间线)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_look
from szunion.domain.access import Operation, Principal, Role
from szunion.domain.audit import LoggedEntry
from szunion.domain.values import OrganisationId, PersonId
from szunion.domain.wording import action_text, reason_text, state_text
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork
from szunion.text import Text


@frozen(kw_only=True)
class Event:
    """One thing that happened (事件)."""

    at: datetime
    text: Text
    """What happened."""
    actor: str
    """The login that did it."""
    role: Role
    union: OrganisationId | None
    """For which union the actor acted."""
    before: str
    after: str
    why: str
    """The reason code or the document that it rests on."""
    action: str

    @property
    def before_text(self) -> Text:
        """The state before, in words."""
        return state_text(self.action, self.before)

    @property
    def after_text(self) -> Text:
        """The state after, in words."""
        return state_text(self.action, self.after)

    @property
    def why_text(self) -> Text:
        """The reason in words, where it is one of a table."""
        return reason_text(self.why)

    @property
    def label(self) -> str:
        """What happened, in Chinese."""
        return self.text.zh

    @property
    def label_en(self) -> str:
        """What happened, in English."""
        return self.text.en


@frozen
class Timeline:
    """The desk that tells what happened."""

    office: Office
    by: Principal = field()

    @one_look
    def of(self, work: UnitOfWork, person: PersonId) -> Sequence[Event]:
        """Return everything that was written of a person within reach, oldest first.

        Raises:
            NotFound: not there, or not within reach (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.PERSON_READ)
        if work.people.get(scope, person) is None:
            raise NotFound("E-ACCESS-002")
        return [_event(entry) for entry in work.audit.of_person(scope, person)]


def _event(logged: LoggedEntry) -> Event:
    what = logged.entry
    return Event(
        at=logged.at,
        text=action_text(what.action),
        actor=logged.actor,
        role=logged.role,
        union=logged.node,
        before=what.before,
        after=what.after,
        why=what.reason,
        action=what.action,
    )
