"""Know how the inbox, the log and messages are read ahead and held back for a part of notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from szunion.application.together.held import Held, Together, all_new
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.inbox import HeardNotice, WaitingNotice
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork


class InboxTogether(Together):
    """The inbox: :class:`szunion.ports.storage.inbox.Inbox`."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "inbox")
        self._heard: dict[tuple[str, str], HeardNotice | None] = {}
        self._waiting: dict[str, list[WaitingNotice]] = {}
        self._new: dict[tuple[str, str], HeardNotice] = {}
        self._changed: dict[tuple[str, str], HeardNotice] = {}

    def fetch(self, source: str, event_ids: Sequence[str]) -> None:
        """Fetch which of a source's events are known."""
        self._heard = {(source, event_id): None for event_id in event_ids}
        for each in self.work.bulk.heard(self.scope, source, list(dict.fromkeys(event_ids))):
            self._heard[each.source, each.event_id] = each

    def fetch_waiting(self, abouts: Sequence[str]) -> None:
        """Fetch what waits for *abouts*."""
        self._waiting = {about: [] for about in abouts}
        for each in self.work.bulk.waiting(self.scope, list(self._waiting)):
            self._waiting[each.about].append(each)

    def forget(self) -> None:
        self._heard, self._waiting = {}, {}

    def hear(self, scope: Scope, notice: HeardNotice) -> HeardNotice | None:
        name = (notice.source, notice.event_id)
        if name not in self._heard:
            return self.work.inbox.hear(scope, notice)
        known = self._heard[name]
        if known is None:
            self._heard[name] = self._new[name] = notice
        return known

    def get(self, scope: Scope, source: str, event_id: str) -> HeardNotice | None:
        name = (source, event_id)
        return self._heard[name] if name in self._heard else self.work.inbox.get(scope, *name)

    def put(self, scope: Scope, notice: HeardNotice) -> None:
        name = (notice.source, notice.event_id)
        if name in self._new:
            self._new[name] = self._heard[name] = notice
        elif name in self._heard:
            self._changed[name] = self._heard[name] = notice
        else:
            self.work.inbox.put(scope, notice)

    def waiting(self, scope: Scope, about: str) -> Sequence[WaitingNotice]:
        if about in self._waiting:
            return tuple(self._waiting[about])
        return self.work.inbox.waiting(scope, about)

    def wait(self, scope: Scope, waiting: WaitingNotice) -> None:
        self.work.inbox.wait(scope, waiting)
        if waiting.about in self._waiting:
            self._waiting[waiting.about].append(waiting)

    def waits_no_more(self, scope: Scope, waiting: WaitingNotice) -> None:
        self.work.inbox.waits_no_more(scope, waiting)
        if waiting.about in self._waiting:
            left = [each for each in self._waiting[waiting.about] if each.id != waiting.id]
            self._waiting[waiting.about] = left

    def write(self) -> None:
        new, self._new = list(self._new.values()), {}
        changed, self._changed = list(self._changed.values()), {}
        if new:
            all_new(self.work.bulk.hear(self.scope, new), len(new), "inbox")
        if changed:
            self.work.bulk.put_heard(self.scope, changed)


class AuditTogether(Together):
    """The audit trail: entries in the order in which they were written, in one set."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "audit")
        self._new: list[tuple[Scope, AuditEntry]] = []

    def add(self, scope: Scope, entry: AuditEntry) -> None:
        self._new.append((scope, entry))

    def add_many(self, scope: Scope, entries: Iterable[AuditEntry]) -> None:
        self._new.extend((scope, entry) for entry in entries)

    def add_each(self, entries: Iterable[tuple[Scope, AuditEntry]]) -> None:
        self._new.extend(entries)

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            self.work.audit.add_each(new)


class MessagesTogether(Together):
    """Messages to people, in one set."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "messages")
        self._new: list[tuple[PersonId, str, Mapping[str, str]]] = []

    def add(
        self,
        scope: Scope,  # noqa: ARG002 - the port's
        person: PersonId,
        template: str,
        fields: Mapping[str, str],
    ) -> None:
        self._new.append((person, template, fields))

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            self.work.messages.add_many(self.scope, new)


class LogTogether:
    """What is written of everything, and told to people."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        self.messages = MessagesTogether(work, scope, held)
        self.audit = AuditTogether(work, scope, held)
