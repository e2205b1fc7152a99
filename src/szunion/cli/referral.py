"""Know how matters that the hotline passed on are answered on the command line, and called back.

What is said is read from stdin: it stands in no history of a shell.
"""

from __future__ import annotations

import sys

import click

from szunion.application.referrals import Asked, NotAsked, OpenedReferral, Referrals
from szunion.cli.endings import REFUSED
from szunion.cli.frame import ORG, Frame, framed, helps
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.referrals import Referral
from szunion.text import Text

KIND = "rf"
_REFERRAL = click.argument("referral", metavar="rf_…")
_CITY = click.option("--city", is_flag=True, help="以市总名义  As the city federation")


@click.group(
    help=helps(
        "热线派单：工会签收、答复，热线回访。Matters that the hotline passed on to a union.",
        "szunion referral list --org 440305-0001",
        "szunion referral reply rf_… --org 440305-0001 < 答复.txt",
        "szunion --user 12351-7 referral take rf_…",
    )
)
def referral() -> None: ...


def _union(frame: Frame, org: str | None) -> Referrals:
    return frame.desk(Role.CITY, Purpose.SERVE, org).referrals


def _operator(frame: Frame, *, city: bool) -> Referrals:
    return frame.desk(Role.CITY if city else Role.HOTLINE, Purpose.SERVE).referrals


def said(frame: Frame) -> str:
    """Return what is said on stdin; whoever sits at a terminal is told how to end."""
    if sys.stdin.isatty():
        frame.note("内容（Ctrl-D 结束）：", "what is said (end with Ctrl-D):")
    return sys.stdin.read().strip()


def topic_of(frame: Frame, topic: str) -> str:
    """Return a topic: its id for programs, what the city calls it for people."""
    name = frame.system().office.catalogue.topic_name(topic)
    return topic if frame.as_json else name.say(frame.language)


def shown(frame: Frame, *found: Referral) -> None:
    """Print matters, without a word of what was said."""
    keys = ("referral", "topic", "state", "union", "made", "due", "breaches", "raised")
    titles = (
        Text("派单", "matter"), Text("事项", "topic"), Text("状态", "state"),
        Text("承办工会", "union"), Text("派单时间", "passed on"), Text("答复期限", "due"),
        Text("超期次数", "overdue"), Text("督办工会", "seen to by"),
    )  # fmt: skip
    answering = [each.organisation for each in found]
    above = [each.raised for each in found if each.raised is not None]
    codes = frame.codes([*answering, *above])
    frame.rows(
        keys,
        titles,
        [
            (
                frame.outward(KIND, each.id), topic_of(frame, each.topic), each.state,
                codes[each.organisation], frame.local(each.made), each.due, each.breaches,
                None if each.raised is None else codes[each.raised],
            )
            for each in found
        ],
    )  # fmt: skip


def _whole(frame: Frame, opened: OpenedReferral) -> None:
    one = opened.referral
    frame.value(
        {
            "referral": frame.outward(KIND, one.id), "member": frame.outward("m", one.person),
            "name": opened.name, "union": opened.union, "topic": one.topic, "state": one.state,
            "due": one.due, "words": one.words, "answer": one.answer, "notes": one.notes,
        }
    )  # fmt: skip
    frame.say(
        "{name}  {union}  {topic}  {state}  期限 {due}",
        "{name}  {union}  {topic}  {state}  due {due}",
        name=opened.name, union=opened.union, topic=topic_of(frame, one.topic),
        state=frame.cell(one.state), due=one.due,
    )  # fmt: skip
    frame.say("来电：{words}", "said: {words}", words=one.words)
    for note in one.notes:
        frame.say("  经过：{note}", "  note: {note}", note=note)
    if one.answer:
        frame.say("答复：{answer}", "answer: {answer}", answer=one.answer)


# --- the member --------------------------------------------------------------------------------


@referral.command(
    help=helps(
        "代会员申请办理目录里的事项（法律服务等），内容从标准输入读。Ask for a case of the menu.",
        "szunion referral ask la-lawyer m_… < 诉求.txt",
    )
)
@click.argument("item")
@click.argument("who")
@framed
def ask(frame: Frame, item: str, who: str) -> int:
    person = frame.member(frame.desk(Role.CITY, Purpose.SERVE, None), who)
    own = Principal(id=frame.user, role=Role.MEMBER, purpose=Purpose.SERVE, person=person)
    match frame.system().desk(own).referrals.ask(item, said(frame)):
        case Asked(referral=made):
            shown(frame, made)
            return 0
        case NotAsked(against=against):
            frame.value({"against": [each.value for each in against]})
            words = frame.text("、", ", ").join(frame.cell(each) for each in against)
            frame.say("不能申请：{why}", "cannot be asked for: {why}", why=words)
            return REFUSED


# --- the union ----------------------------------------------------------------------------------


@referral.command(
    "list",
    help=helps(
        "派单列表，急的在前；--late 只列超期的。Matters, the most urgent first; no words.",
        "szunion referral list --org 440305-0001",
        "szunion referral list --org 440305 --late",
        "szunion --user 12351-7 --json referral list --hotline",
    ),
)
@ORG
@click.option("--late", is_flag=True, help="只列超期的  Only overdue ones")
@click.option("--hotline", is_flag=True, help="以坐席名义  As an operator")
@framed
def list_(frame: Frame, org: str | None, *, late: bool, hotline: bool) -> None:
    desk = _operator(frame, city=False) if hotline else _union(frame, org)
    shown(frame, *desk.listed(late=late))


@referral.command(
    help=helps(
        "查看一件派单的内容，查看记入日志。Read one matter; the reading is in the log.",
        "szunion referral show rf_… --org 440305-0001",
    )
)
@_REFERRAL
@ORG
@framed
def show(frame: Frame, referral: str, org: str | None) -> None:
    _whole(frame, _union(frame, org).read(frame.inward(KIND, referral)))


@referral.command(
    help=helps(
        "签收派单。Accept a matter for the union.",
        "szunion referral accept rf_… --org 440305-0001",
    )
)
@_REFERRAL
@ORG
@framed
def accept(frame: Frame, referral: str, org: str | None) -> None:
    shown(frame, _union(frame, org).accept(frame.inward(KIND, referral)))


@referral.command(
    help=helps(
        "退单，原因从标准输入读；时限不停。Send a matter back, with the reason from stdin.",
        "szunion referral bounce rf_… --org 440305-0001 < 原因.txt",
    )
)
@_REFERRAL
@ORG
@framed
def bounce(frame: Frame, referral: str, org: str | None) -> None:
    shown(frame, _union(frame, org).bounce(frame.inward(KIND, referral), said(frame)))


@referral.command(
    help=helps(
        "答复，内容从标准输入读。Answer a matter, with the words from stdin.",
        "szunion referral reply rf_… --org 440305-0001 < 答复.txt",
    )
)
@_REFERRAL
@ORG
@framed
def reply(frame: Frame, referral: str, org: str | None) -> None:
    shown(frame, _union(frame, org).reply(frame.inward(KIND, referral), said(frame)))


# --- the hotline again --------------------------------------------------------------------------


@referral.command(
    help=helps(
        "坐席接手：回访，或重新派单之前查看。Take a matter in hand, to call back about it.",
        "szunion --user 12351-7 referral take rf_…",
    )
)
@_REFERRAL
@_CITY
@framed
def take(frame: Frame, referral: str, *, city: bool) -> None:
    _whole(frame, _operator(frame, city=city).take(frame.inward(KIND, referral)))


@referral.command(
    help=helps(
        "回访满意，办结。The member is satisfied: closed.",
        "szunion --user 12351-7 referral satisfied rf_…",
    )
)
@_REFERRAL
@_CITY
@framed
def satisfied(frame: Frame, referral: str, *, city: bool) -> None:
    shown(frame, _operator(frame, city=city).satisfied(frame.inward(KIND, referral)))


@referral.command(
    help=helps(
        "回访不满意，原因从标准输入读；由市总重新派单。The member is not satisfied.",
        "szunion --user 12351-7 referral unsatisfied rf_… < 原因.txt",
    )
)
@_REFERRAL
@_CITY
@framed
def unsatisfied(frame: Frame, referral: str, *, city: bool) -> None:
    desk = _operator(frame, city=city)
    shown(frame, desk.unsatisfied(frame.inward(KIND, referral), said(frame)))


@referral.command(
    help=helps(
        "回访未接通；满规定次数即办结。The member was not reached; closed after some times.",
        "szunion --user 12351-7 referral missed rf_…",
    )
)
@_REFERRAL
@_CITY
@framed
def missed(frame: Frame, referral: str, *, city: bool) -> None:
    shown(frame, _operator(frame, city=city).missed(frame.inward(KIND, referral)))


@referral.command(
    help=helps(
        "重新派单：退回的，或不满意的（市总）。Pass a matter on again, to the union of a code.",
        "szunion --user 12351-7 referral assign rf_… 440305-0002",
        "szunion referral assign rf_… 440305 --city",
    )
)
@_REFERRAL
@click.argument("union")
@_CITY
@framed
def assign(frame: Frame, referral: str, union: str, *, city: bool) -> None:
    shown(frame, _operator(frame, city=city).assign(frame.inward(KIND, referral), union))
