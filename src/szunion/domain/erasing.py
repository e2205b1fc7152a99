"""Know in which deeds an erasure consists, now and when a term is over, and until when that is.

A deed is named after the table whose rows it touches. What each does, the stores say; which tables
are destroyed, stripped or kept, the inventory says, and a test holds both to this list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from attrs import evolve

from szunion.domain.lawful import Retention, RetentionTerms
from szunion.domain.rights import Erasure, ErasureLine, Fate

#: What is done to a person's rows at once. The identity's key is destroyed besides.
NOW: Final = (
    "binding", "binding_of_person", "message", "wish", "referral", "joining_member", "fee_waiver",
    "number_reservation", "heir", "quarantine", "application", "face_sign", "instruction",
    "card_hold", "transfer", "pay_order", "rights_request",
)  # fmt: skip

#: What is done when a term is over, in this order: what hangs on cards before the cards.
AT_THE_END: Final[Mapping[Retention, tuple[str, ...]]] = {
    Retention.DISPUTE: (
        "end_bank_name", "end_card_fact", "end_custody_item", "end_card_counter", "end_card_hold",
        "end_card_standing", "end_instruction", "end_card", "end_face_sign", "end_application",
        "end_enrolment",
    ),
    Retention.FRAUD: ("end_entitlement", "end_person_tombstone"),
    Retention.VOUCHER: ("end_claimed", "end_claim", "end_enrolment"),
    Retention.PROOF: ("end_consent_word", "end_rights_request"),
}  # fmt: skip


def years_after(day: date, years: int) -> date:
    """Return the day *years* later; of February 29 the last of that month."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)


def months_before(day: date, months: int) -> date:
    """Return the first of the month that was so many *months* before *day*'s."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def kept_until(retention: Retention, terms: RetentionTerms, ended: date) -> date | None:
    """Return the last day on which something that *ended* on a day is kept; None: no term.

    Accounts count from the end of their year (会计档案管理办法).
    """
    years = terms.years(retention)
    if years is None:
        return None
    if retention in {Retention.VOUCHER, Retention.STATEMENT}:
        return date(ended.year + years, 12, 31)
    return years_after(ended, years)


def next_due(lines: Iterable[ErasureLine]) -> date | None:
    """Return the first day on which something of *lines* is over."""
    days = [
        line.until + timedelta(days=1)
        for line in lines
        if line.until is not None and line.fate is not Fate.DESTROYED
    ]
    return min(days, default=None)


def over(erasure: Erasure, today: date) -> tuple[frozenset[Retention], Erasure]:
    """Return the terms that are over for a person, and the journal's row after them.

    A term is over with the last thing that is kept under it.
    """
    last: dict[Retention, date] = {}
    for line in erasure.lines:
        if line.fate is not Fate.DESTROYED and line.until is not None:
            last[line.retention] = max(line.until, last.get(line.retention, line.until))
    done = frozenset(kept for kept, until in last.items() if until < today)
    lines = tuple(
        evolve(line, fate=Fate.DESTROYED)
        if line.retention in done and line.fate is not Fate.DESTROYED
        else line
        for line in erasure.lines
    )
    still = [
        evolve(line, until=last[line.retention])
        for line in lines
        if line.fate is not Fate.DESTROYED and line.until is not None
    ]
    return done, evolve(erasure, lines=lines, next_due=next_due(still))
