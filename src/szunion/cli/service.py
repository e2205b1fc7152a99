"""Know how the menu of services is shown, used, rated and wished for on the command line."""

from __future__ import annotations

import click

from szunion.application.services import Shown
from szunion.cli.frame import DRY_RUN, ORG, Frame, framed, helps
from szunion.cli.service_book import (
    OFFER_KEYS,
    against,
    as_member,
    book,
    cancel,
    confirm,
    offer,
    offer_row,
    print_offers,
    serving,
)
from szunion.cli.service_join import join
from szunion.cli.service_sweep import sweep
from szunion.cli.stats import small_are_left_out
from szunion.domain.values import ParticipationId
from szunion.text import Text

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


@click.group(
    help=helps(
        "服务：看、选、预约、评价、提心愿。Services: see, choose, book, rate, ask for.",
        "szunion service list --member m_…",
        "szunion service book o_… m_…",
        "szunion service rate j_… 5 --member m_…",
    )
)
def service() -> None: ...


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
        "szunion service list --member m_… --suggested",
        "szunion --json service list --category culture",
    ),
)
@click.option("--member", "who", metavar="WHO", help="会员编号或证件号码  Member")
@click.option(
    "--suggested",
    is_flag=True,
    help="只列能办理的，提过心愿的、常参加的在前  Only what can be had, what suits first",
)
@click.option("--category", metavar="CODE", help="只列一个类别  One shelf only")
@ORG
@framed
def list_(
    frame: Frame, *, who: str | None, suggested: bool, category: str | None, org: str | None
) -> None:
    if suggested and who is None:
        raise click.UsageError(
            frame.text("--suggested 需与 --member 同用", "--suggested goes with --member")
        )
    desk = serving(frame, org)
    person = None if who is None else frame.member(desk, who)
    found = desk.services.suggested(person) if suggested else desk.services.menu(person)
    menu = [shown for shown in found if category in {None, shown.item.category}]
    frame.rows(_KEYS, _TITLES, [_row(frame, shown, known=person is not None) for shown in menu])


@service.command(
    help=helps(
        "一个项目：能否办理，不能的原因，可预约的名额。One item: may it be had, and why not.",
        "szunion service show cu-events",
        "szunion service show cu-events --member m_…",
    )
)
@click.argument("item")
@click.option("--member", "who", metavar="WHO", help="会员编号或证件号码  Member")
@ORG
@framed
def show(frame: Frame, item: str, *, who: str | None, org: str | None) -> None:
    desk = serving(frame, org)
    person = None if who is None else frame.member(desk, who)
    shown = desk.services.show(item, person)
    if frame.as_json:
        told = dict(zip(_KEYS, _row(frame, shown, known=person is not None), strict=True))
        offers = [dict(zip(OFFER_KEYS, offer_row(frame, o), strict=True)) for o in shown.offers]
        price = shown.item.price_percent
        how = None if shown.how is None else {"zh": shown.how.zh, "en": shown.how.en}
        more = {"price_percent": price, "how": how, "against": against(shown), "offers": offers}
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
        print_offers(frame, shown.offers)


def say_price(frame: Frame, percent: int | None) -> None:
    """Print what is paid of the full price, where the city says so."""
    if percent is not None:
        frame.say("实付原价的 {n}%", "{n} % of the full price is paid", n=percent)


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
    desk = serving(frame, org)
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
    person = frame.member(serving(frame), who)
    id_ = ParticipationId(frame.inward("j", record))
    if dry_run:
        return
    done = as_member(frame, person).services.rate(id_, stars)
    frame.value({"record": record, "item": done.item, "stars": done.stars})
    frame.say("已评价：{stars} 星", "rated: {stars}", stars=done.stars)


@service.command(
    help=helps(
        "代会员提心愿：目录里的项目，或目录里没有的。Ask for an item, or for something new.",
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
    person = frame.member(serving(frame), who)
    if dry_run:
        return
    done = as_member(frame, person).services.wish(
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
    found = serving(frame, org).services.evaluation()
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


for _each in (book, cancel, confirm, join, offer, sweep):
    service.add_command(_each)
