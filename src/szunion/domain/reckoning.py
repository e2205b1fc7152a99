"""Know what a claim comes to, and why: rule by rule, to the fen (计算过程).

The reckoning is made from the catalogue, the cover and what happened, and from nothing else. It
is shown to whoever claims, and kept with the decision.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from attrs import field, frozen

from szunion.domain.benefits import Benefit
from szunion.domain.catalogue import Plan
from szunion.domain.city_time import a_day
from szunion.domain.claims import ClaimReason
from szunion.domain.enrolments import Covered, Enrolment
from szunion.domain.values import EnrolmentId, Fen
from szunion.errors import InvalidInput
from szunion.text import Text, counted

LONGEST_STAY: Final = 3660
"""Days: more is a slip of the pen."""


@frozen(kw_only=True)
class Happening:
    """What is claimed for (申领事项): a birth, a stay in hospital."""

    on: date = field(validator=a_day)
    """The day of birth, of admission."""
    until: date | None = field(default=None, validator=a_day)
    """The day of discharge."""
    days: int = 0
    """How many days the hospital's papers count; of a birth none."""
    cause: str = field(default="", repr=False)
    """A word of the catalogue's that decides the daily rate, such as ``cancer``."""

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.days <= LONGEST_STAY or len(self.cause) > 32:  # noqa: PLR2004 - a word
            raise InvalidInput("E-CLAIM-003")
        if self.until is not None:
            if self.until < self.on or self.days > (self.until - self.on).days + 1:
                raise InvalidInput("E-CLAIM-003")
        elif self.days:
            raise InvalidInput("E-CLAIM-003")

    def meets(self, other: Happening) -> bool:
        """Return whether two stays share a day beyond that of moving from one to the other."""
        mine, theirs = self.until or self.on, other.until or other.on
        return self.on == other.on or (self.on < theirs and other.on < mine)


@frozen(kw_only=True)
class Reckoning:
    """What a claim comes to, with everything that went into it (计算过程)."""

    plan: str
    catalogue: str
    """The version of the catalogue that it was reckoned by."""
    enrolment: EnrolmentId
    since: date | None
    until: date | None
    days: int
    counted: int
    """Days that count."""
    rate: Fen
    """What a day gives; nothing where the plan gives a fixed amount."""
    whole: Fen
    """Before the cap."""
    claims_before: int
    most_claims: int | None
    paid_before: Fen
    cap: Fen | None
    fen: Fen
    """What it comes to."""
    against: tuple[ClaimReason, ...] = ()
    """Why nothing is paid."""
    cuts: tuple[ClaimReason, ...] = ()
    """Why less is paid than was claimed."""

    def lines(self) -> tuple[Text, ...]:
        """Return the reckoning as people read it, line by line."""
        period = f"{self.since or '?'} – {self.until or '?'}"
        found = [
            Text(f"保障期：{period}（止日不含）", f"cover: {period} (the last day not included)"),
            Text(f"依据目录：{self.catalogue}", f"by the catalogue of {self.catalogue}"),
        ]
        if self.rate != Fen(0):
            found += [
                Text(
                    f"住院 {self.days} 天，计 {self.counted} 天",
                    f"{counted(self.days, 'day', 'days')} in hospital, {self.counted} counted",
                ),
                Text(f"每天 {self.rate} 元", f"{self.rate} yuan a day"),
                Text(f"小计 {self.whole} 元", f"{self.whole} yuan before limits"),
            ]
        if self.most_claims is not None:
            found.append(
                Text(
                    f"本保障期已核定 {self.claims_before} 次，最多 {self.most_claims} 次",
                    f"{self.claims_before} claims decided before, at most {self.most_claims}",
                )
            )
        if self.cap is not None:
            found.append(
                Text(
                    f"本保障期已核定 {self.paid_before} 元，上限 {self.cap} 元",
                    f"{self.paid_before} yuan decided before, at most {self.cap}",
                )
            )
        found += [Text(f"核减：{each.text.zh}", f"cut: {each.text.en}") for each in self.cuts]
        found += [
            Text(f"不予给付：{each.text.zh}", f"not paid: {each.text.en}") for each in self.against
        ]
        found.append(Text(f"应付 {self.fen} 元", f"to be paid: {self.fen} yuan"))
        return tuple(found)


@frozen(kw_only=True)
class Known:
    """What the registry knows of a claim beside cover and happening."""

    member: bool
    """Whether the membership carried benefits on the day of the event."""
    elsewhere: bool = False
    """Whether the same days stand in another claim of the same person."""
    filed: date
    filing_days: int | None = None
    """Within how many days of the event a claim is to be filed; None: no such term."""


def reckon(plan: Plan, cover: Enrolment, what: Happening, known: Known) -> Reckoning:
    """Return what a claim comes to under *plan*, by the limits that were frozen with the cover.

    Raises:
        InvalidInput: no amounts are published for the plan (E-CLAIM-002), or days are missing
            where it gives a daily allowance (E-CLAIM-003).
    """
    benefit = plan.benefit
    if benefit is None:
        raise InvalidInput("E-CLAIM-002", plan=plan.id)
    against = list(_against(cover, what, known))
    days, counted, rate, whole = _whole(benefit, what)
    cuts = [ClaimReason.LIMIT_DAYS] if counted < days else []
    if cover.most_claims is not None and cover.claims >= cover.most_claims:
        against.append(ClaimReason.LIMIT_COUNT)
    fen = whole
    if cover.cap is not None and whole > cover.cap - cover.paid:
        fen = max(Fen(0), cover.cap - cover.paid)
        (cuts if fen > Fen(0) else against).append(ClaimReason.CAP_REACHED)
    return Reckoning(
        plan=plan.id, catalogue=cover.catalogue, enrolment=cover.id, since=cover.since,
        until=cover.until, days=days, counted=counted, rate=rate, whole=whole,
        claims_before=cover.claims, most_claims=cover.most_claims, paid_before=cover.paid,
        cap=cover.cap, fen=Fen(0) if against else fen, against=tuple(against), cuts=tuple(cuts),
    )  # fmt: skip


def _against(cover: Enrolment, what: Happening, known: Known) -> list[ClaimReason]:
    found = []
    if not known.member:
        found.append(ClaimReason.NOT_MEMBER_AT_EVENT)
    match cover.on(what.on):
        case Covered.NO:
            found.append(ClaimReason.OUT_OF_COVER)
        case Covered.WAITING:
            found.append(ClaimReason.WAITING_PERIOD)
        case Covered.YES:
            pass
    if known.elsewhere:
        found.append(ClaimReason.DUPLICATE_EVENT)
    if known.filing_days is not None:
        last = (what.until or what.on) + timedelta(days=known.filing_days)
        if known.filed > last:
            found.append(ClaimReason.LATE)
    return found


def _whole(benefit: Benefit, what: Happening) -> tuple[int, int, Fen, Fen]:
    """Return days, days that count, what a day gives, and what it all comes to."""
    if not benefit.daily:
        fixed = benefit.amount({})
        return 0, 0, Fen(0), Fen(0) if fixed is None else fixed
    if what.days <= 0:
        raise InvalidInput("E-CLAIM-003")
    reckoned = benefit.allowance(what.days, what.cause, 0, Fen(0))
    return what.days, reckoned.days_counted, reckoned.rate, reckoned.before_cap
