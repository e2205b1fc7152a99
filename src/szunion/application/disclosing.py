"""Know what is written down before something is shown: who, what for, how much."""

from __future__ import annotations

from szunion.domain.access import Principal
from szunion.domain.city_time import day_of
from szunion.domain.disclosures import LONGEST_REASON, Disclosure, DisclosureKind
from szunion.domain.values import PersonId
from szunion.errors import InvalidInput
from szunion.ports.storage import UnitOfWork


def checked_reason(reason: str) -> str:
    """Return a reason without blanks around it.

    Raises:
        InvalidInput: it says nothing, or too much (E-EXPORT-001).
    """
    words = reason.strip()
    if not words or len(words) > LONGEST_REASON:
        raise InvalidInput("E-EXPORT-001", most=LONGEST_REASON)
    return words


def about_to(  # noqa: PLR0913 - who is shown what, and why
    work: UnitOfWork,
    by: Principal,
    kind: DisclosureKind,
    *,
    rows: int,
    reason: str,
    person: PersonId | None = None,
    what: str = "",
) -> Disclosure:
    """Return the record of what is about to be shown to *by*."""
    return Disclosure(
        id=work.ids.new(), kind=kind, actor=by.id, role=by.role, node=by.organisation,
        purpose=by.purpose, day=day_of(work.now), at=work.now, rows=rows,
        person=person or PersonId(0), what=what, reason=reason,
    )  # fmt: skip
