"""Know how services are listed, booked, wished for and rated on the command line."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

import click

from szunion.application.bookings import Booked, NotBooked, Outcome, Queued
from szunion.application.services import Shown
from szunion.application.system import Desk
from szunion.cli.frame import DRY_RUN, ORG, Frame, framed, helps
from szunion.cli.service_join import join
from szunion.cli.service_sweep import sweep
from szunion.cli.stats import small_are_left_out
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.bookings import NoPlace, Offer
from szunion.domain.values import BookingId, OfferId, ParticipationId, PersonId
from szunion.errors import InvalidInput
from szunion.text import Text

_CITY: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_KEYS = ("item", "category", "name", "mode", "kind", "eligible", "ratings", "stars", "offers")
_TITLES = (
    Text("项目", "item"),
    Text("类别", "shelf"),
    Text("名称", "name"),
    Text("方式", "mode"),
    Text("类型", "kind"),
    Text("可办", "eligible"),
    Text("评价数", "ratings"),
    Text("平均星级", "stars"),
    Text("可预约", "to book"),
)
_OFFER_KEYS = ("offer", "item", "title", "stock", "left", "opens", "closes", "waiting_list")
_OFFER_TITLES = (
    Text("编号", "offer"),
    Text("项目", "item"),
    Text("名称", "title"),
    Text("名额", "stock"),
    Text("剩余", "left"),
    Text("开放", "opens"),
    Text("截止", "closes"),
    Text("候补", "waiting list"),
)


@click.group(
    help=helps(
        "服务：看、选、预约、评价、提心愿。Services: see, choose, book, rate, ask for.",
        "szunion service list --member m_…",
        "szunion service book o_… m_…",
        "szunion service rate j_… 5 --member m_…",
    )
)
def service() -> None: ...


def _desk(frame: Frame, org: str | None = None) -> Desk:
    return frame.desk(Role.CITY, Purpose.SERVE, org)


def _as_member(frame: Frame, person: PersonId) -> Desk:
    """Return a member's own desk, at which somebody writes down what the member says.

    The log names who sat at it.
    """
    who = Principal(id=frame.user, role=Role.MEMBER, purpose=Purpose.SERVE, person=person)
    return frame.system().desk(who)


def _row(frame: Frame, shown: Shown, *, known: bool) -> tuple[object, ...]:
    item = shown.item
    name: object = {"zh": item.name.zh, "en": item.name.en} if frame.as_json else item.name
    eligible: object = shown.free if frame.as_json else frame.text(
        "是" if shown.free else "否", "yes" if shown.free else "no"
    )  # fmt: skip
    return (
        item.id, item.category, name if frame.as_json else item.name.say(frame.language),
        item.mode, item.kind, eligible if known else None, shown.ratings, _average(shown),
        len(shown.offers) or None,
    )  # fmt: skip


def _average(shown: Shown) -> str | None:
    if not shown.ratings or shown.stars is None:
        return None
    hundredths = (shown.stars * 100 + shown.ratings // 2) // shown.ratings
    return f"{hundredths // 100}.{hundredths % 100:02d}"


@service.command(
    "list",
    help=helps(
        "服务目录；给出会员时逐项注明能否办理。The menu; with a member, whether each is for him.",
        "szunion service list",
        "szunion service list --member m_…",
        "szunion --json service list --category culture",
    ),
)
@click.option("--member", "who", metavar="WHO", help="会员名或证件号码  Member")
@click.option("--category", metavar="CODE", help="只列一个类别  One shelf only")
@ORG
@framed
def list_(frame: Frame, *, who: str | None, category: str | None, org: str | None) -> None:
    desk = _desk(frame, org)
    person = None if who is None else frame.member(desk, who)
    menu = [
        shown for shown in desk.services.menu(person)
        if category in {None, shown.item.category}
    ]  # fmt: skip
    frame.rows(_KEYS, _TITLES, [_row(frame, shown, known=person is not None) for shown in menu])


@service.command(
    help=helps(
        "一个项目：能否办理、为什么不能、可预约的。One item: may it be had, and why not.",
        "szunion service show cu-events",
        "szunion service show cu-events --member m_…",
    )
)
@click.argument("item")
@click.option("--member", "who", metavar="WHO", help="会员名或证件号码  Member")
@ORG
@framed
def show(frame: Frame, item: str, *, who: str | None, org: str | None) -> None:
    desk = _desk(frame, org)
    person = None if who is None else frame.member(desk, who)
    shown = desk.services.show(item, person)
    if frame.as_json:
        told = dict(zip(_KEYS, _row(frame, shown, known=person is not None), strict=True))
        offers = [dict(zip(_OFFER_KEYS, _offer_row(frame, o), strict=True)) for o in shown.offers]
        price = shown.item.price_percent
        how = None if shown.how is None else {"zh": shown.how.zh, "en": shown.how.en}
        more = {"price_percent": price, "how": how, "against": _against(shown), "offers": offers}
        frame.value(told | more)
        return
    frame.rows(_KEYS, _TITLES, [_row(frame, shown, known=person is not None)])
    say_price(frame, shown.item.price_percent)
    if shown.how is not None:
        frame.say("{how}", "{how}", how=shown.how.say(frame.language))
    for reason in shown.standing.item:
        frame.say("不能办理：{why}", "not eligible: {why}", why=frame.cell(reason))
    for why in shown.standing.card:
        frame.say("不能用卡：{why}", "card not usable: {why}", why=why.text.say(frame.language))
    if shown.standing.no_card:
        frame.say("还没有会员服务卡", "there is no card yet")
    if shown.offers:
        _print_offers(frame, shown.offers)


def say_price(frame: Frame, percent: int | None) -> None:
    """Print what is paid of the full price, where the city says so."""
    if percent is not None:
        frame.say("实付原价的 {n}%", "{n} % of the full price is paid", n=percent)


def _against(shown: Shown) -> list[str]:
    found = [reason.value for reason in shown.standing.item]
    found += sorted(type(why).__name__ for why in shown.standing.card)
    return [*found, "NO_CARD"] if shown.standing.no_card else found


def _offer_row(frame: Frame, offer: Offer) -> tuple[object, ...]:
    title: object = {"zh": offer.title.zh, "en": offer.title.en}
    if not frame.as_json:
        title = offer.title.say(frame.language)
    waiting: object = offer.waiting_list
    if not frame.as_json:
        waiting = frame.text("有", "yes") if offer.waiting_list else None
    return (
        frame.outward("o", offer.id), offer.item, title, offer.stock, offer.left,
        frame.local(offer.opens), frame.local(offer.closes), waiting,
    )  # fmt: skip


def _print_offers(frame: Frame, offers: tuple[Offer, ...]) -> None:
    frame.rows(_OFFER_KEYS, _OFFER_TITLES, [_offer_row(frame, each) for each in offers])


@service.command(
    help=helps(
        "发布可预约的，或列出现有的。Put something up for booking, or list what there is.",
        "szunion service offer",
        "szunion service offer cu-events --title 音乐会 --title-en concert --stock 200"
        " --opens '2018-09-20 10:00' --closes '2018-09-24 18:00'",
    )
)
@click.argument("item", required=False)
@click.option("--title", metavar="TEXT", help="中文名称  Chinese title")
@click.option("--title-en", metavar="TEXT", help="英文名称  English title")
@click.option("--stock", type=click.IntRange(min=1), metavar="N", help="名额  Places")
@click.option("--opens", metavar="TIME", help="何时开放，本市时间  When it opens")
@click.option("--closes", metavar="TIME", help="何时截止  When it closes")
@click.option("--ends", metavar="TIME", help="活动何时结束  When the event is over")
@click.option("--each", "per_person", type=click.IntRange(min=1), default=1, metavar="N",
              help="每人几个  How many a member may have")  # fmt: skip
@click.option("--waiting-list", is_flag=True, help="满了可以候补  Those too late may wait")
@ORG
@DRY_RUN
@framed
def offer(  # noqa: PLR0913 - what an offer says
    frame: Frame, item: str | None, *, title: str | None, title_en: str | None, stock: int | None,
    opens: str | None, closes: str | None, ends: str | None, per_person: int, waiting_list: bool,
    org: str | None, dry_run: bool,
) -> None:  # fmt: skip
    desk = _desk(frame, org)
    if item is None:
        _print_offers(frame, tuple(desk.bookings.open()))
        return
    if title is None or stock is None or opens is None or closes is None:
        raise click.UsageError(frame.text(
            "发布要有 --title、--stock、--opens、--closes",
            "to put something up: --title, --stock, --opens, --closes",
        ))  # fmt: skip
    start, stop = _moment(opens), _moment(closes)
    if dry_run:
        desk.services.show(item)
        return
    made = desk.bookings.put_up(
        item, Text(title, title_en or title), stock=stock, opens=start, closes=stop,
        ends=_moment(ends) if ends else None, per_person=per_person, waiting_list=waiting_list,
    )  # fmt: skip
    _print_offers(frame, (made,))


def _moment(words: str) -> datetime:
    """Return a moment in the city's time (E-BOOKING-009 if it is none)."""
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        raise InvalidInput("E-BOOKING-009", given=words) from None
    return found if found.tzinfo else found.replace(tzinfo=_CITY)


@service.command(
    help=helps(
        "替会员预约；约满、排队、不符合都会说明。Book for a member; the outcome in words.",
        "szunion service book o_… m_…",
        "szunion --json service book o_… m_… --confirm",
    )
)
@click.argument("offer")
@click.argument("who")
@click.option("--confirm", is_flag=True, help="同时确认  Confirm at once")
@DRY_RUN
@framed
def book(frame: Frame, offer: str, who: str, *, confirm: bool, dry_run: bool) -> int:
    id_, person = OfferId(frame.inward("o", offer)), frame.member(_desk(frame), who)
    desk = _as_member(frame, person)
    if dry_run:
        item = desk.bookings.offer(id_).item
        frame.value({"offer": offer, "against": _against(desk.services.show(item, person))})
        return 0
    answer = desk.bookings.book(id_, person)
    code = None
    if confirm and isinstance(answer, Booked):
        code = desk.bookings.confirm(answer.booking.id).code
    return _say(frame, answer, code)


def _say(frame: Frame, answer: Outcome, code: str | None) -> int:
    match answer:
        case Booked(booking=booking):
            name, until = frame.outward("b", booking.id), frame.local(booking.confirm_by)
            state = "CONFIRMED" if code else booking.state.value
            frame.value({"outcome": state, "booking": name, "confirm_by": until, "code": code})
            if code:
                frame.say("预约成功，凭证号 {code}", "booked; code {code}", code=code)
            else:
                words = {"name": name, "until": until}
                frame.say(
                    "已占位 {name}，请在 {until} 前确认",
                    "held as {name}; confirm by {until}",
                    **words,
                )
            return 0
        case Queued(booking=booking, ahead=ahead):
            name = frame.outward("b", booking.id)
            frame.value({"outcome": "WAITLISTED", "booking": name, "ahead": ahead})
            frame.say(
                "已约满，候补 {name}，前面 {ahead} 人",
                "full; waiting as {name}, {ahead} before",
                name=name,
                ahead=ahead,
            )
            return 0
        case NotBooked():
            _say_no(frame, answer)
            return 5


def _say_no(frame: Frame, answer: NotBooked) -> None:
    yours = [frame.outward("b", each.id) for each in answer.yours]
    against = [getattr(why, "value", type(why).__name__) for why in answer.against]
    frame.value({"outcome": "REFUSED", "reason": answer.reason, "against": against, "yours": yours})
    frame.say("没有约到：{why}", "not booked: {why}", why=frame.cell(answer.reason))
    for why in answer.against:
        frame.say("  {why}", "  {why}", why=frame.cell(why))
    if answer.reason is NoPlace.QUOTA:
        for name in yours:
            frame.say("  已有预约 {name}", "  booked already: {name}", name=name)


@service.command(
    help=helps(
        "确认占位，得到凭证号。Confirm a held place; prints its code.",
        "szunion service confirm b_… m_…",
    )
)
@click.argument("booking")
@click.argument("who")
@framed
def confirm(frame: Frame, booking: str, who: str) -> None:
    desk = _as_member(frame, frame.member(_desk(frame), who))
    done = desk.bookings.confirm(BookingId(frame.inward("b", booking)))
    frame.value({"booking": booking, "state": done.booking.state, "code": done.code})
    frame.say("预约成功，凭证号 {code}", "booked; code {code}", code=done.code)


@service.command(
    help=helps(
        "取消预约；名额给排在前面的人。Give a place up; the next in the queue has it then.",
        "szunion service cancel b_… m_…",
    )
)
@click.argument("booking")
@click.argument("who")
@DRY_RUN
@framed
def cancel(frame: Frame, booking: str, who: str, *, dry_run: bool) -> None:
    id_, person = BookingId(frame.inward("b", booking)), frame.member(_desk(frame), who)
    if dry_run:
        return
    done = _as_member(frame, person).bookings.cancel(id_)
    frame.value({"booking": booking, "state": done.state})
    frame.say("已取消", "cancelled")


@service.command(
    help=helps(
        "会员的参加记录，可据以评价。What a member took part in, and may rate.",
        "szunion service history m_…",
    )
)
@click.argument("who")
@ORG
@framed
def history(frame: Frame, who: str, *, org: str | None) -> None:
    desk = _desk(frame, org)
    titles = (
        Text("记录", "record"), Text("项目", "item"), Text("时间", "at"), Text("方式", "means"),
        Text("结果", "outcome"), Text("记录人", "recorded by"),
    )  # fmt: skip
    rows = [
        (frame.outward("j", each.id), each.item, frame.local(each.at), each.means, each.outcome,
         each.author)
        for each in desk.services.history(frame.member(desk, who))
    ]  # fmt: skip
    frame.rows(("record", "item", "at", "means", "outcome", "by"), titles, rows)


@service.command(
    help=helps(
        "评价一次参加，1 到 5 星；再评以后一次为准。Rate a part, one to five stars.",
        "szunion service rate j_… 5 --member m_…",
    )
)
@click.argument("record")
@click.argument("stars", type=int)
@click.option("--member", "who", required=True, metavar="WHO", help="评价的会员  Who rates")
@DRY_RUN
@framed
def rate(frame: Frame, record: str, stars: int, *, who: str, dry_run: bool) -> None:
    person = frame.member(_desk(frame), who)
    id_ = ParticipationId(frame.inward("j", record))
    if dry_run:
        return
    done = _as_member(frame, person).services.rate(id_, stars)
    frame.value({"record": record, "item": done.item, "stars": done.stars})
    frame.say("已评价：{stars} 星", "rated: {stars}", stars=done.stars)


@service.command(
    help=helps(
        "替会员提心愿：目录里的项目，或目录里没有的。Ask for an item, or for something new.",
        "szunion service wish m_… --item cu-events",
        "szunion service wish m_… --category fitness --words 晚间太极班",
    )
)
@click.argument("who")
@click.option("--item", default="", metavar="ITEM", help="目录里的项目  An item of the menu")
@click.option("--category", default="", metavar="CODE", help="类别  The shelf")
@click.option("--words", default="", metavar="TEXT", help="想要什么  What is wanted")
@DRY_RUN
@framed
def wish(  # noqa: PLR0913 - what a wish says
    frame: Frame, who: str, *, item: str, category: str, words: str, dry_run: bool
) -> None:
    person = frame.member(_desk(frame), who)
    if dry_run:
        return
    done = _as_member(frame, person).services.wish(
        item=item, category=category, words=words, person=person
    )
    name = frame.outward("w", done.id)
    frame.value({"wish": name, "item": done.item or None, "category": done.category})
    frame.say("已记下 {name}", "kept as {name}", name=name)


@service.command(
    help=helps(
        "需求和评估：每个项目多少人要、多少人用、评价、经费。Demand, use, ratings, money.",
        "szunion service demand",
        "szunion --json service demand",
    )
)
@ORG
@framed
def demand(frame: Frame, *, org: str | None) -> None:
    titles = (
        Text("项目", "item"), Text("需求", "demand"), Text("心愿", "wishes"),
        Text("已约", "booked"), Text("候补", "waiting"), Text("参加", "took part"),
        Text("未到", "no show"), Text("待核", "at risk"), Text("评价数", "ratings"),
        Text("平均星级", "stars"), Text("预算（元）", "ceiling"), Text("已用（元）", "committed"),
    )  # fmt: skip
    keys = ("item", "demand", "wishes", "booked", "waiting", "took_part", "no_show", "at_risk",
            "ratings", "hundredths", "ceiling", "committed")  # fmt: skip
    rows = []
    found = _desk(frame, org).services.evaluation()
    for one in sorted(found, key=lambda each: -(each.demand or 0)):
        money = (one.ceiling, one.committed)
        shown = [None if fen is None else fen.amount if frame.as_json else str(fen)
                 for fen in money]  # fmt: skip
        stars: object = one.hundredths
        if not frame.as_json and one.hundredths is not None:
            stars = f"{one.hundredths // 100}.{one.hundredths % 100:02d}"
        rows.append((one.item, one.demand, one.wishes, one.booked, one.waiting, one.took_part,
                     one.no_show, one.at_risk, one.ratings, stars, *shown))  # fmt: skip
    frame.rows(keys, titles, rows)
    small_are_left_out(frame)


service.add_command(sweep)
service.add_command(join)
