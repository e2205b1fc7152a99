"""Know what a service item gives: how much, for whom it counts, and how often (待遇)."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from szunion.domain.values import Fen, Labelled
from szunion.text import Text


class Subject(Labelled):
    """Whom a benefit counts for (计量对象)."""

    HOUSEHOLD = "household", "户", "household"
    STUDENT = "student", "学生", "student"
    CHILD = "child", "子女", "child"
    MEMBER = "member", "会员", "member"


class Period(Labelled):
    """In which span once means once (期间)."""

    SPRING_FESTIVAL = "spring-festival-year", "春节年度", "year of the Spring Festival"
    SCHOOL_YEAR = "school-year", "学年", "school year"
    MONTH = "month", "月", "month"
    EVER = "ever", "永久", "ever"


@frozen(kw_only=True)
class OncePer:
    """How often: once per subject and period, perhaps across the whole household."""

    subject: Subject
    period: Period = Period.EVER
    across_household: bool = False


@frozen(kw_only=True)
class Tier:
    """One amount, for those who answer a question in one of some ways (档次)."""

    name: Text
    question: str
    answers: frozenset[str]
    fen: Fen


@frozen(kw_only=True)
class DailyRate:
    """What a day is worth (每日标准); ``cause`` None is the rate for every other cause."""

    cause: str | None = None
    fen: Fen


@frozen(kw_only=True)
class Benefit:
    """What it gives, in fen (待遇)."""

    per: Subject
    fen: Fen | None = None
    tiers: tuple[Tier, ...] = ()
    daily: tuple[DailyRate, ...] = ()
    most_claims: int | None = None
    """In one period of cover."""
    most_days: int | None = None
    """In one claim."""
    cap: Fen | None = None
    """The published ceiling of all claims in one period of cover."""

    def amount(self, answers: Mapping[str, str]) -> Fen | None:
        """Return the amount of a grant, by its tiers if it has any; None: no tier fits.

        Args:
            answers: What is known of the subject, such as ``{"study": "bachelor"}``.
        """
        if not self.tiers:
            return self.fen
        for tier in self.tiers:
            if answers.get(tier.question) in tier.answers:
                return tier.fen
        return None

    def rate(self, cause: str) -> Fen:
        """Return what a day is worth for *cause*; nothing if there is no daily rate."""
        general = Fen(0)
        for each in self.daily:
            if each.cause == cause:
                return each.fen
            if each.cause is None:
                general = each.fen
        return general

    def allowance(self, days: int, cause: str, claims_before: int, paid_before: Fen) -> Allowance:
        """Return what a stay of *days* days gives, with the reckoning (住院津贴).

        Args:
            days: Days of the stay.
            cause: What it was for, such as ``cancer``.
            claims_before: Claims already granted in this period of cover.
            paid_before: What they came to.
        """
        rate = self.rate(cause)
        if self.most_claims is not None and claims_before >= self.most_claims:
            return Allowance(days, 0, rate, Fen(0), Fen(0))
        counted = days if self.most_days is None else min(days, self.most_days)
        whole = rate * counted
        left = whole if self.cap is None else max(Fen(0), self.cap - paid_before)
        return Allowance(days, counted, rate, whole, min(whole, left))


@frozen
class Allowance:
    """A daily benefit reckoned (计算过程): shown to who claims it, kept with the decision."""

    days: int
    days_counted: int
    rate: Fen
    before_cap: Fen
    fen: Fen
