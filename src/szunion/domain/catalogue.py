"""Know what a city's union offers: service items, what they give, to whom, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from attrs import field, frozen

from szunion.domain.identity import Gender
from szunion.domain.members import Rights
from szunion.domain.policy import Source, structured, unmark
from szunion.domain.values import Fen, Labelled
from szunion.errors import ConfigError
from szunion.text import Text


class Mode(Labelled):
    """Who asks for it (参加方式)."""

    INDIVIDUAL = "individual", "个人申请", "each member for himself or herself"
    COLLECTIVE = "collective", "基层工会集体参与", "joined collectively through the union"
    UNION = "union", "工会发起", "started by a union"
    BANK = "bank", "银行办理", "between the bank and the holder"


class ServiceKind(Labelled):
    """What kind of thing it is (服务类型)."""

    COVER = "cover", "保障计划", "cover under a plan"
    CASE = "case", "事项办理", "a case that is handled"
    GRANT = "grant", "补助", "grant"
    PAYOUT = "payout", "发放", "pay-out"
    ENROLMENT = "enrolment", "报名", "enrolment in a course"
    BOOKING = "booking", "预约", "booking"
    ACCOUNT = "account", "账号", "account"
    DISCOUNT = "discount", "优惠", "discount"
    FEE_WAIVER = "fee-waiver", "免费项目", "waived fee"
    TRANSIT = "transit-purse", "交通钱包", "transit purse"
    ACTIVITY = "activity", "集体活动", "collective activity"


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
class Category:
    """A shelf of the catalogue (服务类别)."""

    code: str
    name: Text


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


@frozen(kw_only=True)
class Eligibility:
    """What it asks for beyond membership (条件); empty: nothing (零门槛)."""

    gender: Gender | None = None


@frozen(kw_only=True)
class CoverTerms:
    """For how long a plan covers who joins it (保障条款); what is not published is left out."""

    months: int | None = None
    """None: whoever accepts a member says until when."""
    waiting_days: int = 0
    """Days from the start in which nothing is paid yet (等待期)."""
    fee: Fen | None = None
    """What joining costs; None: not published, so the document of the payment is asked for."""
    insurer: str | None = None
    """The other handler that insures it (承保机构): its name asks for a consent of its own."""


@frozen(kw_only=True)
class ServiceItem:
    """One thing on the menu (服务项目)."""

    id: str
    category: str
    name: Text
    mode: Mode
    kind: ServiceKind
    eligibility: Eligibility = Eligibility()
    benefit: Benefit | None = None
    cover: CoverTerms | None = None
    """Of a plan: how long it covers. None: not published."""
    once_per: OncePer | None = None
    pay_to_card: bool = False
    price_percent: int | None = None
    """What is paid of the full price, in per cent; None: not published."""
    topic: str | None = None
    """Of a case: the hotline's topic under which it is handled; None: it is asked for in person."""
    count: int | None = None
    """How many times in a period it is given."""
    count_period: Period | None = None


@frozen(kw_only=True)
class PackItem:
    """One thing in the activation pack (礼包项目)."""

    id: str
    name: Text
    kind: ServiceKind
    benefit: Benefit | None = None
    once_per: OncePer | None = None
    months: int | None = None
    """How long it lasts from activation; None: not published."""
    pay_to_card: bool = False
    price: Fen | None = None


@frozen(kw_only=True)
class Pack:
    """What the first activation gives (激活大礼包), once per person."""

    items: tuple[PackItem, ...]


@frozen(kw_only=True)
class CollectiveItem:
    """An item that members join through their union (集体项目)."""

    id: str
    name: Text
    category: str = ""
    """The shelf on which the menu shows it; empty: none was published."""
    eligibility: Eligibility = Eligibility()

    def on_menu(self) -> ServiceItem:
        """Return it as the menu shows it."""
        return ServiceItem(
            id=self.id, category=self.category, name=self.name, mode=Mode.COLLECTIVE,
            kind=ServiceKind.ACTIVITY, eligibility=self.eligibility,
        )  # fmt: skip


@frozen(kw_only=True)
class Topic:
    """What the hotline is asked about (来电事项)."""

    id: str
    name: Text
    to_bank: bool = False
    """The card is lost: the caller is led to the bank's own line (转银行挂失)."""


@frozen(kw_only=True)
class Counts:
    """How many there are, as the city published it; it may name fewer."""

    items: int
    collective: int
    categories: int
    mutual_aid_plans: int


@frozen(kw_only=True)
class Plan:
    """A plan that covers its members (保障计划): of the menu, or given with the pack."""

    id: str
    name: Text
    terms: CoverTerms
    benefit: Benefit | None
    """None: no amounts are published, so nothing can be reckoned."""
    once_per: OncePer | None
    item: ServiceItem | None
    """The item of the menu that members join; None: it comes with the pack."""


@frozen(kw_only=True)
class Catalogue:
    """What a city's union offers (服务目录)."""

    version: str
    """Decisions cite it."""
    valid_from: date
    counts: Counts
    categories: tuple[Category, ...]
    items: tuple[ServiceItem, ...]
    pack: Pack
    collective: tuple[CollectiveItem, ...] = ()
    topics: tuple[Topic, ...] = ()
    sources: Mapping[str, Source] = field(factory=dict)
    """Where each value comes from, by its path such as ``items[3].benefit.fen``."""

    @property
    def menu(self) -> tuple[ServiceItem, ...]:
        """Everything that members are shown: the items, and what they join through their union."""
        return (*self.items, *(each.on_menu() for each in self.collective))

    def item(self, id_: str) -> ServiceItem | None:
        """Return the item of the menu of that id."""
        found = next((each for each in self.items if each.id == id_), None)
        if found is not None:
            return found
        return next((each.on_menu() for each in self.collective if each.id == id_), None)

    def pack_item(self, id_: str) -> PackItem | None:
        """Return the pack's item of that id."""
        return next((each for each in self.pack.items if each.id == id_), None)

    def plan(self, id_: str) -> Plan | None:
        """Return the plan of that id, from the menu or the pack; None: it is no plan."""
        item, packed = self.item(id_), self.pack_item(id_)
        if item is not None and item.kind is ServiceKind.COVER:
            return Plan(
                id=id_, name=item.name, terms=item.cover or CoverTerms(), benefit=item.benefit,
                once_per=item.once_per, item=item,
            )  # fmt: skip
        if packed is not None and packed.kind is ServiceKind.COVER:
            terms = CoverTerms(months=packed.months, fee=Fen(0))
            return Plan(
                id=id_, name=packed.name, terms=terms, benefit=packed.benefit,
                once_per=packed.once_per, item=None,
            )  # fmt: skip
        return None

    def topic(self, id_: str) -> Topic | None:
        """Return the hotline's topic of that id."""
        return next((each for each in self.topics if each.id == id_), None)

    def topic_name(self, id_: str) -> Text:
        """Return what a topic is called; one that the city has no more keeps its id."""
        found = self.topic(id_)
        return Text(id_, id_) if found is None else found.name

    def in_category(self, code: str) -> tuple[ServiceItem, ...]:
        """Return the items on one shelf, in the order of the menu."""
        return tuple(each for each in self.items if each.category == code)


class Ineligible(Labelled):
    """Why somebody may not have an item (不符合条件的原因)."""

    NO_BENEFITS = "NO_BENEFITS", "会籍不享受服务", "the membership carries no benefits"
    GENDER = "GENDER", "性别不符", "for the other sex"
    GENDER_UNKNOWN = "GENDER_UNKNOWN", "性别待核", "sex not known"
    REAL_NAME = "REAL_NAME", "实名等级不够", "real-name level too low"
    BY_UNION = "BY_UNION", "须由工会集体参与", "joined through the union only"


def ineligible(
    item: ServiceItem, *, rights: Rights, gender: Gender | None, level: int, least_level: int
) -> tuple[Ineligible, ...]:
    """Return everything that stands against a member asking for *item*; empty means eligible.

    Every member is treated alike: an item asks for membership, a real name, and what the item
    itself says; nothing else of the person enters (普惠).

    Args:
        item: What is asked for.
        rights: What the membership carries.
        gender: Of the member, if known.
        level: The member's real-name level, 0 to 3.
        least_level: The level that the city asks for.
    """
    terms = ItemTerms(mode=item.mode, gender=item.eligibility.gender)
    return against_terms(terms, rights=rights, gender=gender, level=level, least_level=least_level)


@frozen(kw_only=True)
class ItemTerms:
    """What an item asks of a member: all of it that eligibility rests on (享受条件)."""

    mode: Mode
    gender: Gender | None = None


def against_terms(
    terms: ItemTerms, *, rights: Rights, gender: Gender | None, level: int, least_level: int
) -> tuple[Ineligible, ...]:
    """Return everything that stands against a member by an item's terms; see ``ineligible``."""
    against: list[Ineligible] = []
    if not rights.benefits:
        against.append(Ineligible.NO_BENEFITS)
    if terms.mode in {Mode.COLLECTIVE, Mode.UNION}:
        against.append(Ineligible.BY_UNION)
    if terms.gender is not None and gender is not terms.gender:
        against.append(Ineligible.GENDER_UNKNOWN if gender is None else Ineligible.GENDER)
    if level < least_level:
        against.append(Ineligible.REAL_NAME)
    return tuple(against)


def grant_key(item: ServiceItem, period: str, subject: str, instalment: int = 1) -> str:
    """Return the business key of a grant: the same subject and period, the same key (同一事项).

    Args:
        item: The service item.
        period: The span's own name, such as ``2026``.
        subject: The id of the household, student, child or member that it counts for.
        instalment: Which part of it, where it is paid in parts.
    """
    kind = item.once_per.subject if item.once_per else Subject.MEMBER
    return f"pay:{item.id}:{period}:{kind.value}:{subject}:{instalment}"


def catalogue_from(given: Mapping[str, Any]) -> Catalogue:
    """Return the catalogue that a city's file says.

    Args:
        given: The file's content as plain mappings, lists and values.

    Raises:
        ConfigError: something is missing, unknown or malformed (E-CATALOGUE-001), an id is used
            twice (E-CATALOGUE-002), a category or topic does not exist (E-CATALOGUE-003 and 006),
            more is listed than the city's own count (E-CATALOGUE-004), or a benefit contradicts
            itself (E-CATALOGUE-005); also E-POLICY-002 and E-POLICY-003 for sources.
    """
    plain, sources = unmark(given)
    named = {path: str(source.value) for path, source in sources.items()}
    found = structured({**plain, "sources": named}, Catalogue, "E-CATALOGUE-001")
    catalogue = cast("Catalogue", found)
    _check_ids(catalogue)
    for kind, listed, count in (
        ("items", len(catalogue.items), catalogue.counts.items),
        ("collective", len(catalogue.collective), catalogue.counts.collective),
        ("categories", len(catalogue.categories), catalogue.counts.categories),
    ):
        if listed > count:
            raise ConfigError("E-CATALOGUE-004", path=kind, listed=listed, count=count)
    benefits = [(each.id, each.benefit) for each in catalogue.items]
    benefits += [(each.id, each.benefit) for each in catalogue.pack.items]
    for id_, benefit in benefits:
        if benefit is not None:
            _check_benefit(id_, benefit)
    return catalogue


def _check_ids(catalogue: Catalogue) -> None:
    codes = {each.code for each in catalogue.categories}
    ids = [each.id for each in catalogue.items]
    ids += [each.id for each in catalogue.pack.items]
    ids += [each.id for each in catalogue.collective]
    for group in (ids, [each.id for each in catalogue.topics]):
        for index, id_ in enumerate(group):
            if id_ in group[:index]:
                raise ConfigError("E-CATALOGUE-002", id=id_)
    for item in catalogue.items:
        if item.category not in codes:
            raise ConfigError("E-CATALOGUE-003", id=item.id, category=item.category)
        if item.topic is not None and catalogue.topic(item.topic) is None:
            raise ConfigError("E-CATALOGUE-006", id=item.id, topic=item.topic)
    for each in catalogue.collective:
        if each.category and each.category not in codes:
            raise ConfigError("E-CATALOGUE-003", id=each.id, category=each.category)


def _check_benefit(id_: str, benefit: Benefit) -> None:
    ways = (benefit.fen is not None) + bool(benefit.tiers) + bool(benefit.daily)
    if ways != 1:
        raise ConfigError("E-CATALOGUE-005", id=id_, what="fen / tiers / daily")
    answers = [answer for tier in benefit.tiers for answer in tier.answers]
    if len(answers) != len(set(answers)):
        raise ConfigError("E-CATALOGUE-005", id=id_, what="tiers")
    limited = benefit.most_claims is not None and benefit.most_days is not None
    if benefit.daily and benefit.cap is not None and limited:
        best = max(each.fen for each in benefit.daily)
        times = (benefit.most_claims or 0) * (benefit.most_days or 0)
        if best * times != benefit.cap:
            raise ConfigError("E-CATALOGUE-005", id=id_, what="cap")
