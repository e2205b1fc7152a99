"""Know how places are put up, booked, confirmed and given up on the command line (预约)."""

from __future__ import annotations

from datetime import datetime

import click

from szunion.application.bookings import Booked, NotBooked, Outcome, Queued
from szunion.application.services import Shown
from szunion.application.system import Desk
from szunion.cli.endings import REFUSED
from szunion.cli.frame import DRY_RUN, ORG, Frame, framed, helps
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.bookings import NoPlace, Offer
from szunion.domain.city_time import meant
from szunion.domain.values import BookingId, OfferId, PersonId
from szunion.errors import InvalidInput
from szunion.text import Text

OFFER_KEYS = ("offer", "item", "title", "stock", "left", "opens", "closes", "waiting_list")
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


def serving(frame: Frame, org: str | None = None) -> Desk:
    """Return the desk of who serves members, for the city or a union."""
    return frame.desk(Role.CITY, Purpose.SERVE, org)


def as_member(frame: Frame, person: PersonId) -> Desk:
    """Return a member's own desk, at which somebody writes down what the member says.

    The log names who sat at it.
    """
    who = Principal(id=frame.user, role=Role.MEMBER, purpose=Purpose.SERVE, person=person)
    return frame.system().desk(who)


def against(shown: Shown) -> list[str]:
    """Return the codes of everything that stands against a member having an item."""
    found = [reason.value for reason in shown.standing.item]
    found += sorted(type(why).__name__ for why in shown.standing.card)
    return [*found, "NO_CARD"] if shown.standing.no_card else found


def offer_row(frame: Frame, offer: Offer) -> tuple[object, ...]:
    """Return the cells of :data:`OFFER_KEYS`."""
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


def print_offers(frame: Frame, offers: tuple[Offer, ...]) -> None:
    frame.rows(OFFER_KEYS, _OFFER_TITLES, [offer_row(frame, each) for each in offers])


@click.command(
    help=helps(
        "发布可预约的名额，或列出现有的。Put something up for booking, or list what there is.",
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
    desk = serving(frame, org)
    if item is None:
        print_offers(frame, tuple(desk.bookings.open()))
        return
    if title is None or stock is None or opens is None or closes is None:
        raise click.UsageError(frame.text(
            "发布须写 --title、--stock、--opens、--closes",
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
    print_offers(frame, (made,))


def _moment(words: str) -> datetime:
    """Return a moment in the city's time (E-BOOKING-009 if it is none)."""
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        raise InvalidInput("E-BOOKING-009", given=words) from None
    return meant(found)


@click.command(
    help=helps(
        "代会员预约；约满、排队、不符合都会说明。Book for a member; the outcome in words.",
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
    id_, person = OfferId(frame.inward("o", offer)), frame.member(serving(frame), who)
    desk = as_member(frame, person)
    if dry_run:
        item = desk.bookings.offer(id_).item
        frame.value({"offer": offer, "against": against(desk.services.show(item, person))})
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
            return REFUSED


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


@click.command(
    help=helps(
        "确认占位，得到凭证号。Confirm a held place; prints its code.",
        "szunion service confirm b_… m_…",
    )
)
@click.argument("booking")
@click.argument("who")
@framed
def confirm(frame: Frame, booking: str, who: str) -> None:
    desk = as_member(frame, frame.member(serving(frame), who))
    done = desk.bookings.confirm(BookingId(frame.inward("b", booking)))
    frame.value({"booking": booking, "state": done.booking.state, "code": done.code})
    frame.say("预约成功，凭证号 {code}", "booked; code {code}", code=done.code)


@click.command(
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
    id_, person = BookingId(frame.inward("b", booking)), frame.member(serving(frame), who)
    if dry_run:
        return
    done = as_member(frame, person).bookings.cancel(id_)
    frame.value({"booking": booking, "state": done.state})
    frame.say("已取消", "cancelled")
