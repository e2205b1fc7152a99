"""Know to which union a membership belongs, and since when, in two times (归属)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from attrs import evolve, frozen

from szunion.domain.values import AffiliationId, MembershipId, OrganisationId, PersonId
from szunion.errors import Conflict


@frozen(kw_only=True)
class Affiliation:
    """Where a membership belongs, in two times (归属：有效时间、记载时间).

    ``[since, until)`` is when it was so; ``[recorded, superseded)`` is when the file said so.
    A row is never changed but for ``superseded``, so what was known on a day stays known.
    """

    id: AffiliationId
    membership: MembershipId
    person: PersonId
    organisation: OrganisationId
    since: date
    until: date | None = None
    recorded: datetime
    superseded: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it is what the file says now, and has no end."""
        return self.until is None and self.superseded is None


@frozen
class Rewritten:
    """A change of affiliations: rows whose word ends, and rows that say it anew."""

    retired: tuple[Affiliation, ...]
    """Rows that are kept with ``superseded`` set."""
    written: tuple[Affiliation, ...]
    """New rows."""


def _the_open_one(rows: Iterable[Affiliation]) -> Affiliation:
    found = [row for row in rows if row.open]
    if len(found) != 1:
        raise Conflict("E-MEMBER-003", count=len(found), current=len(found), allowed=(1,))
    return found[0]


def close_affiliation(
    rows: Sequence[Affiliation], on: date, at: datetime, id_: AffiliationId
) -> Rewritten:
    """Return the change that ends the open affiliation on a day (会籍终止).

    Args:
        rows: The affiliations of one membership.
        on: The first day on which it no longer holds.
        at: When this is recorded.
        id_: The id of the row that is written.

    Raises:
        Conflict: not exactly one is open (E-MEMBER-003), or it would end before it began
            (E-MEMBER-004).
    """
    old = _the_open_one(rows)
    if on < old.since:
        raise Conflict("E-MEMBER-004", current=old.since, allowed=(), since=old.since, on=on)
    ended = evolve(old, id=id_, until=on, recorded=at, superseded=None)
    return Rewritten((evolve(old, superseded=at),), (ended,))


def move_affiliation(
    rows: Sequence[Affiliation],
    target: OrganisationId,
    on: date,
    at: datetime,
    ids: tuple[AffiliationId, AffiliationId],
) -> Rewritten:
    """Return the change that closes the old affiliation and opens the new at one instant (接转).

    Raises:
        Conflict: as :func:`close_affiliation`.
    """
    closing = close_affiliation(rows, on, at, ids[0])
    opened = evolve(closing.written[0], id=ids[1], organisation=target, since=on, until=None)
    return Rewritten(closing.retired, (*closing.written, opened))


def affiliation_on(
    rows: Iterable[Affiliation], day: date, known: datetime | None = None
) -> Affiliation | None:
    """Return where a membership belonged on *day*, as the file said at *known* (None: now)."""
    for row in rows:
        said = (
            row.superseded is None
            if known is None
            else row.recorded <= known and (row.superseded is None or known < row.superseded)
        )
        if said and row.since <= day and (row.until is None or day < row.until):
            return row
    return None
