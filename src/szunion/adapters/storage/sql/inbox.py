"""Know how notices of the bank are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.domain.access import Scope
from szunion.domain.inbox import HeardNotice, Hearing, WaitingNotice
from szunion.ports.bank import Cursor


def heard_of(row: Row) -> HeardNotice:
    source, event_id, kind, stream, sequence, digest, received, hearing, subject, copies, why = row
    return HeardNotice(
        source=source, event_id=event_id, kind=kind, stream=stream, sequence=sequence,
        digest=digest, received=moment(received), hearing=Hearing(hearing), subject=subject,
        copies=copies, reason=why,
    )  # fmt: skip


def waiting_of(row: Row) -> WaitingNotice:
    id_, source, event_id, about, sealed, received = row
    return WaitingNotice(
        id=id_, source=source, event_id=event_id, about=about, sealed=sealed,
        received=moment(received),
    )  # fmt: skip


def known_notice(notice: HeardNotice) -> dict[str, object]:
    """Return the columns of a notice."""
    return {
        "source": notice.source, "event_id": notice.event_id, "kind": notice.kind,
        "stream": notice.stream, "sequence": notice.sequence, "digest": notice.digest,
        "received": micros(notice.received), "hearing": notice.hearing.value,
        "subject": notice.subject, "copies": notice.copies, "reason": notice.reason,
    }  # fmt: skip


@frozen
class SqlInbox:
    """The inbox in SQL."""

    session: Session

    def hear(self, scope: Scope, notice: HeardNotice) -> HeardNotice | None:
        if self.session.do("inbox.hear", known_notice(notice)) == 1:
            return None
        return self.get(scope, notice.source, notice.event_id)

    def put(self, scope: Scope, notice: HeardNotice) -> None:
        self.session.do("inbox.put", known_notice(notice))

    def get(self, scope: Scope, source: str, event_id: str) -> HeardNotice | None:
        row = self.session.one("inbox.get", {"source": source, "event_id": event_id})
        return None if row is None else heard_of(row)

    def listed(
        self, scope: Scope, hearings: Iterable[Hearing], *, most: int = 200
    ) -> Sequence[HeardNotice]:
        words = json.dumps([hearing.value for hearing in hearings])
        rows = self.session.all("inbox.listed", {"hearings": words, "most": most})
        return [heard_of(row) for row in rows]

    def contradicted(self, scope: Scope, subjects: Iterable[int]) -> Mapping[int, datetime]:
        rows = self.session.all("inbox.contradicted", {"subjects": json.dumps(list(subjects))})
        return {subject: moment(since) for subject, since in rows}

    def wait(self, scope: Scope, waiting: WaitingNotice) -> None:
        self.session.do(
            "inbox.wait",
            (
                waiting.id, waiting.source, waiting.event_id, waiting.about, waiting.sealed,
                micros(waiting.received),
            ),
        )  # fmt: skip

    def waiting(self, scope: Scope, about: str) -> Sequence[WaitingNotice]:
        return [waiting_of(row) for row in self.session.all("inbox.waiting", {"about": about})]

    def waiting_longest(self, scope: Scope, most: int) -> Sequence[WaitingNotice]:
        return [
            waiting_of(row) for row in self.session.all("inbox.waiting_longest", {"most": most})
        ]

    def waits_no_more(self, scope: Scope, waiting: WaitingNotice) -> None:
        self.session.do("inbox.waits_no_more", {"id": waiting.id})

    def cursor(self, scope: Scope, source: str) -> Cursor | None:
        row = self.session.one("inbox.cursor", {"source": source})
        return None if row is None else Cursor(row[0])

    def move_cursor(self, scope: Scope, source: str, cursor: Cursor, now: datetime) -> None:
        moved = {"source": source, "cursor": cursor, "now": micros(now)}
        self.session.do("inbox.move_cursor", moved)
