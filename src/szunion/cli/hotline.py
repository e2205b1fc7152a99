"""Know how a 12351 operator works on the command line: one caller at a time, on a ticket."""

from __future__ import annotations

import sys

import click

from szunion.application.hotline import Hotline, NotOpened, Opened
from szunion.application.masked import MaskedFile
from szunion.application.system import Desk
from szunion.cli.endings import REFUSED
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.referral import said, shown, topic_of
from szunion.domain.access import Purpose, Role
from szunion.domain.calls import Ticket
from szunion.text import Text

_TICKET = click.argument("ticket", metavar="t_…")
_NOTE = click.option("--note", default="", metavar="WORDS", help="备注，不写个人信息  A note")


@click.group(
    help=helps(
        "12351 热线：接听、核身、查看、保护性锁定、转银行。The hotline: one caller at a time.",
        "szunion --user 12351-7 hotline take card-loss",
        "szunion --user 12351-7 hotline open t_…",
        "szunion --user 12351-7 hotline hand-over t_…",
    )
)
def hotline() -> None: ...


def _clerk(frame: Frame) -> Desk:
    return frame.desk(Role.HOTLINE, Purpose.SERVE)


def _asked(frame: Frame, what: str) -> str:
    """Return a line from stdin; whoever sits at a terminal is told what is asked."""
    if sys.stdin.isatty():
        frame.note("{what}：", "{what}: ", what=what)
    return sys.stdin.readline().strip()


def _on(frame: Frame, ticket: str) -> Hotline:
    return _clerk(frame).on_ticket(frame.inward("t", ticket)).hotline


@hotline.command(
    help=helps(
        "接听来电，得到工单号和核身问题；事项是本市目录的。Take a call: a ticket, what is asked.",
        "szunion --user 12351-7 hotline take card-loss",
        "szunion --json --user 12351-7 hotline take mutual-aid",
    )
)
@click.argument("topic", default="")
@framed
def take(frame: Frame, topic: str) -> None:
    desk = _clerk(frame).hotline
    ticket = desk.take(topic)
    lost = any(each.to_bank for each in desk.topics if each.id == ticket.topic)
    name = frame.outward("t", ticket.id)
    line = frame.system().office.policy.access.bank_line
    told = {"ticket": name, "questions": [each.value for each in desk.questions]}
    frame.value(told | ({"bank_line": line} if lost else {}))
    frame.say("工单 {name}", "ticket {name}", name=name)
    for each in desk.questions:
        frame.say("  问：{what}", "  ask for {what}", what=frame.cell(each))
    if lost and line:
        frame.say("  银行挂失专线 {line}", "  the bank's line for a loss: {line}", line=line)


@hotline.command(
    "open",
    help=helps(
        "核身：从标准输入逐行读证件号码和三问，答对两问即打开。Identify the caller from stdin.",
        "szunion --user 12351-7 hotline open t_…",
        "szunion --user 12351-7 hotline open t_… < 回答.txt",
    ),
)
@_TICKET
@framed
def open_(frame: Frame, ticket: str) -> int:
    desk = _clerk(frame).hotline
    number = _asked(frame, frame.text("证件号码", "document number"))
    answers = {each: _asked(frame, frame.cell(each)) for each in desk.questions}
    match desk.open(frame.inward("t", ticket), number, answers):
        case Opened(ticket=opened):
            until = frame.local(opened.until)
            frame.value({"ticket": ticket, "opened": True, "until": until})
            frame.say("核身通过，可查看至 {until}", "identified, open until {until}", until=until)
            return 0
        case NotOpened(left=left, locked_until=locked):
            end = None if locked is None else frame.local(locked)
            frame.value({"ticket": ticket, "opened": False, "left": left, "locked_until": end})
            if locked is None:
                frame.say(
                    "核身不符，还可再试 {left} 次",
                    "not identified, {left:|try|tries} left",
                    left=left,
                )
            else:
                frame.say("已锁至 {until}", "locked until {until}", until=end)
            return REFUSED


@hotline.command(
    help=helps(
        "查看来电会员：一律掩码，卡为什么不能用、谁能解除。The caller, masked, and the card.",
        "szunion --user 12351-7 hotline file t_…",
        "szunion --json --user 12351-7 hotline file t_…",
    )
)
@_TICKET
@framed
def file(frame: Frame, ticket: str) -> None:
    masked(frame, _on(frame, ticket).file())


def masked(frame: Frame, seen: MaskedFile) -> None:
    """Print a masked file: who, where, and the card with all that stops it."""
    member = frame.outward("m", seen.person)
    against = [] if seen.card is None else sorted(
        getattr(why, "value", type(why).__name__) for why in seen.card.against
    )  # fmt: skip
    card = None if seen.card is None else seen.card.card.card.last_four
    frame.value(
        {
            "member": member, "name": seen.name, "document": seen.document, "mobile": seen.mobile,
            "union": seen.union, "state": seen.state, "card": card, "against": against,
            "holds": [
                {"reason": each.reason, "until": frame.local(each.until)} for each in seen.holds
            ],
        }
    )  # fmt: skip
    words = "{member}  {name}  {document}  {mobile}  {union}  {state}"
    frame.say(
        words, words, member=member, name=seen.name, document=seen.document, mobile=seen.mobile,
        union=seen.union, state="—" if seen.state is None else frame.cell(seen.state),
    )  # fmt: skip
    if seen.card is None:
        frame.say("没有当前卡", "no current card")
        return
    frame.say("卡 …{card}", "card …{card}", card=card)
    for why in sorted(seen.card.against, key=str):
        frame.say("  {why}", "  {why}", why=frame.cell(why))
    for each in seen.holds:
        frame.say(
            "  锁定：{why}，至 {until}", "  hold: {why}, until {until}",
            why=frame.cell(each.reason), until=frame.local(each.until),
        )  # fmt: skip


@hotline.command(
    help=helps(
        "保护性锁定，最长 72 小时，到时自动解除。Protect the card for some hours, 72 at most.",
        "szunion --user 12351-7 hotline protect t_… --hours 24",
    )
)
@_TICKET
@click.option("--hours", type=int, default=72, show_default=True, help="锁定多少小时  Hours")
@_NOTE
@framed
def protect(frame: Frame, ticket: str, *, hours: int, note: str) -> None:
    kept = _on(frame, ticket).protect(hours=hours, note=note)
    frame.value({"card": kept.card.last_four, "hours": hours})
    frame.say(
        "卡 …{card} 已锁定 {hours} 小时", "card …{card} is locked for {hours:|hour|hours}",
        card=kept.card.last_four, hours=hours,
    )  # fmt: skip


@hotline.command(
    "hand-over",
    help=helps(
        "挂失转银行专线，同时保护性锁定，工单转办。Lead a loss to the bank; protect meanwhile.",
        "szunion --user 12351-7 hotline hand-over t_…",
    ),
)
@_TICKET
@_NOTE
@framed
def hand_over(frame: Frame, ticket: str, *, note: str) -> None:
    done = _on(frame, ticket).hand_over(note=note)
    frame.value({"ticket": ticket, "state": done.ticket.state, "bank_line": done.bank_line})
    frame.say(
        "已锁定，请转银行专线 {line} 挂失", "locked; lead the caller to the bank's line {line}",
        line=done.bank_line,
    )  # fmt: skip


@hotline.command(
    help=helps(
        "已答复，办结工单；会员档案随即关闭。Answered: close the ticket and the member.",
        "szunion --user 12351-7 hotline close t_…",
    )
)
@_TICKET
@_NOTE
@framed
def close(frame: Frame, ticket: str, *, note: str) -> None:
    done = _on(frame, ticket).close(note=note)
    frame.value({"ticket": ticket, "state": done.state})
    frame.say("已办结", "closed")


@hotline.command(
    help=helps(
        "派给工会办理，内容从标准输入读；通话到此办结。Pass the matter on to a union.",
        "szunion --user 12351-7 hotline refer t_… < 诉求.txt",
        "szunion --user 12351-7 hotline refer t_… --to 440305-SQ1 < 诉求.txt",
    )
)
@_TICKET
@click.option("--to", default="", metavar="CODE", help="工会代码，缺省为所在工会  A union's code")
@framed
def refer(frame: Frame, ticket: str, *, to: str) -> None:
    desk = _clerk(frame).on_ticket(frame.inward("t", ticket)).referrals
    shown(frame, desk.make(said(frame), to=to))


# --- whose a ticket is --------------------------------------------------------------------------


def _keeper(frame: Frame, *, city: bool) -> Hotline:
    return frame.desk(Role.CITY if city else Role.HOTLINE, Purpose.SERVE).hotline


def _tickets(frame: Frame, *found: Ticket) -> None:
    keys = ("ticket", "clerk", "topic", "taken", "state")
    titles = (
        Text("工单", "ticket"), Text("坐席", "operator"), Text("事项", "topic"),
        Text("接听", "taken"), Text("状态", "state"),
    )  # fmt: skip
    rows = [
        (
            frame.outward("t", each.id), each.clerk, topic_of(frame, each.topic),
            frame.local(each.taken), each.state,
        )
        for each in found
    ]  # fmt: skip
    frame.rows(keys, titles, rows)


_AS_CITY = click.option("--city", is_flag=True, help="以市总名义：全部坐席的  As the city: any")


@hotline.command(
    "list",
    help=helps(
        "未办结的工单：自己的；--city 全部坐席的。Tickets not done with: the own, or all.",
        "szunion --user 12351-7 hotline list",
        "szunion --json hotline list --city",
    ),
)
@_AS_CITY
@framed
def list_(frame: Frame, *, city: bool) -> None:
    _tickets(frame, *_keeper(frame, city=city).waiting())


@hotline.command(
    help=helps(
        "派单、交接给另一坐席；会员档案随即关闭，接手者重新核身。Give a ticket away.",
        "szunion --user 12351-7 hotline give t_… 12351-8 --why 换班",
        "szunion hotline give t_… 12351-8 --city --why 病假",
    )
)
@_TICKET
@click.argument("clerk")
@click.option("--why", default="", metavar="WORDS", help="原因  Why")
@_AS_CITY
@framed
def give(frame: Frame, ticket: str, clerk: str, *, why: str, city: bool) -> None:
    _tickets(frame, _keeper(frame, city=city).give(frame.inward("t", ticket), clerk, why=why))


@hotline.command(
    help=helps(
        "办结工单，不论是否核身。Be done with a ticket, whether it opened somebody or not.",
        "szunion --user 12351-7 hotline settle t_…",
        "szunion hotline settle t_… --city --note 来电人挂断",
    )
)
@_TICKET
@_NOTE
@_AS_CITY
@framed
def settle(frame: Frame, ticket: str, *, note: str, city: bool) -> None:
    _tickets(frame, _keeper(frame, city=city).settle(frame.inward("t", ticket), note=note))
