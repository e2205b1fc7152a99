"""Know what a city's union offers: the menu of services, the pack, and how each is given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from attrs import field, frozen

from szunion.domain.benefits import Benefit, OncePer, Period, Subject
from szunion.domain.identity import Gender
from szunion.domain.policy import Source
from szunion.domain.values import Fen, Labelled
from szunion.errors import NotFound
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


@frozen(kw_only=True)
class Category:
    """A shelf of the catalogue (服务类别)."""

    code: str
    name: Text


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

    def offered(self, id_: str) -> ServiceItem:
        """Return the item of the menu of that id.

        Raises:
            NotFound: the catalogue has no such item (E-SERVICE-002).
        """
        found = self.item(id_)
        if found is None:
            raise NotFound("E-SERVICE-002", item=id_)
        return found

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
