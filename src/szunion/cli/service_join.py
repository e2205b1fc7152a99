"""Know how a union signs up on the command line for what its members join together (集体参与)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import update_wrapper
from pathlib import Path
from typing import Final

import click

from szunion.application.joinings import Joinings, NotListed
from szunion.cli.endings import PARTLY
from szunion.cli.files import unusable
from szunion.cli.frame import ORG, Frame, framed, helps
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.joinings import OPEN, Joining, JoiningState, Listing
from szunion.domain.values import PersonId
from szunion.text import Text

KIND: Final = "jn"
_DAY: Final = click.DateTime(["%Y-%m-%d"])
_JOINING = click.argument("joining", metavar="jn_…")
_PROPOSAL = click.argument("proposal", metavar="p_…")
_MEMBERS = click.option(
    "--members",
    "listed",
    metavar="FILE",
    help="会员编号，每行一个；- 表示从标准输入读  One a line",
)
_PROVIDER = click.option(
    "--provider", is_flag=True, help="以服务的责任单位名义  As who answers for the service"
)
_WHY = click.option("--why", required=True, metavar="TEXT", help="原因  Why")


@click.group(
    help=helps(
        "集体参与：工会为会员报名，受理排期，举办后确认到场。"
        "What members join through their union: sign up, accept, say who came.",
        "szunion service join ask co-quality-lecture --on 2018-10-10 --place 食堂 --number 30"
        " --org 440305-0001",
        "szunion service join list --org 440305",
        "szunion service join accept jn_… --on 2018-10-12 --places 20 --org 440305",
    )
)
def join() -> None: ...


def _desk(frame: Frame, org: str | None, *, provider: bool = False) -> Joinings:
    if not provider:
        return frame.desk(Role.CITY, Purpose.SERVE, org).joinings
    if org is None:
        raise click.UsageError(frame.text("--provider 要写明 --org", "--provider needs --org"))
    return frame.system().desk(frame.provider(org)).joinings


def _people(frame: Frame, listed: str | None) -> list[PersonId]:
    """Return the members named in a file (E-CLI-005 if it cannot be read)."""
    if listed is None:
        return []
    try:
        text = sys.stdin.read() if listed == "-" else Path(listed).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(listed, error) from error
    return [PersonId(frame.inward("m", word)) for word in text.split()]


def _days(found: Joining | Listing) -> str:
    return "/".join(sorted({found.first.isoformat(), found.last.isoformat()}))


def shown(frame: Frame, *found: Joining) -> None:
    """Print sign-ups; no names."""
    keys = ("joining", "item", "union", "state", "days", "session", "place", "number", "contact",
            "came", "reason")  # fmt: skip
    titles = (
        Text("编号", "sign-up"), Text("项目", "item"), Text("工会", "union"), Text("状态", "state"),
        Text("日期", "days"), Text("场次", "session"), Text("地点", "place"),
        Text("人数", "number"), Text("联系人", "contact"), Text("到场", "came"),
        Text("原因", "why"),
    )  # fmt: skip
    codes = frame.codes(each.organisation for each in found)
    frame.rows(
        keys,
        titles,
        [
            (
                frame.outward(KIND, each.id), each.item, codes[each.organisation], each.state,
                _days(each), each.session, each.place, each.number, each.asked_by,
                each.came if each.state is JoiningState.CLOSED else None, each.reason,
            )
            for each in found
        ],
    )  # fmt: skip


def _not_listed(frame: Frame, refused: Sequence[NotListed]) -> int:
    for each in refused:
        frame.note(
            "未列入 {who}：{why}", "not on the list, {who}: {why}",
            who=frame.outward("m", each.person),
            why=frame.text("、", ", ").join(frame.cell(why) for why in each.reasons),
        )  # fmt: skip
    return PARTLY if refused else 0


# --- the union ------------------------------------------------------------------------------------


@join.command(
    help=helps(
        "为工会报名。Sign a union up.",
        "szunion service join ask co-quality-lecture --on 2018-10-10 --place 食堂 --number 30"
        " --org 440305-0001",
        "szunion service join ask co-women-classroom --on 2018-10-10 --to 2018-10-31 --place 三楼"
        " --number 20 --members 名单.txt --org 440305-0001",
    )
)
@click.argument("item")
@click.option("--on", required=True, type=_DAY, metavar="DAY", help="希望的日期  The day")
@click.option("--to", type=_DAY, metavar="DAY", help="希望的最后一天  The last day")
@click.option("--place", required=True, metavar="TEXT", help="地点  Where")
@click.option("--number", required=True, type=int, metavar="N", help="预计人数  How many")
@click.option("--session", default="", metavar="TEXT", help="场次、时间  Which session")
@_MEMBERS
@ORG
@framed
def ask(  # noqa: PLR0913 - what a sign-up says
    frame: Frame, item: str, *, on: datetime, to: datetime | None, place: str, number: int,
    session: str, listed: str | None, org: str | None,
) -> int:  # fmt: skip
    signed = _desk(frame, org).ask(
        item, on.date(), last=None if to is None else to.date(), where=place, expected=number,
        session=session, people=_people(frame, listed),
    )  # fmt: skip
    shown(frame, signed.joining)
    return _not_listed(frame, signed.refused)


@join.command(
    "list",
    help=helps(
        "报名列表，近的在前，不列姓名。Sign-ups, the next first; no names.",
        "szunion service join list --org 440305-0001",
        "szunion service join list --all --org 440305",
        "szunion --json service join list --provider --org 440304-SQ1",
    ),
)
@click.option("--all", "also_over", is_flag=True, help="含已办结的  Also what is over")
@_PROVIDER
@ORG
@framed
def list_(frame: Frame, *, also_over: bool, provider: bool, org: str | None) -> None:
    states = JoiningState if also_over else OPEN
    shown(frame, *_desk(frame, org, provider=provider).listed(states))


@join.command(
    help=helps(
        "名单上的会员，查看记入日志。Who is on a list; the reading is in the log.",
        "szunion service join members jn_… --org 440305-0001",
    )
)
@_JOINING
@ORG
@framed
def members(frame: Frame, joining: str, *, org: str | None) -> None:
    found = _desk(frame, org).members(frame.inward(KIND, joining))
    titles = (Text("会员", "member"), Text("姓名", "name"), Text("到场", "came"))
    rows = [
        (frame.outward("m", each.person), each.name,
         each.came if frame.as_json else frame.text("是", "yes") if each.came else None)
        for each in found
    ]  # fmt: skip
    frame.rows(("member", "name", "came"), titles, rows)


@join.command(
    help=helps(
        "换一份名单：列上的、移出的会员都得知。Put another list; who is on it or off it is told.",
        "szunion service join enlist jn_… --members 名单.txt --org 440305-0001",
    )
)
@_JOINING
@_MEMBERS
@ORG
@framed
def enlist(frame: Frame, joining: str, *, listed: str | None, org: str | None) -> int:
    desk = _desk(frame, org)
    signed = desk.enlist(frame.inward(KIND, joining), _people(frame, listed))
    frame.say("名单上 {count} 人", "{count} on the list", count=len(signed.listed))
    frame.value({"joining": joining, "listed": len(signed.listed)})
    return _not_listed(frame, signed.refused)


@join.command(
    help=helps(
        "撤回报名。Take a sign-up back.",
        "szunion service join withdraw jn_… --org 440305-0001",
    )
)
@_JOINING
@click.option("--why", default="", metavar="TEXT", help="原因  Why")
@ORG
@framed
def withdraw(frame: Frame, joining: str, *, why: str, org: str | None) -> None:
    shown(frame, _desk(frame, org).withdraw(frame.inward(KIND, joining), why))


@join.command(
    help=helps(
        "已举办：写明谁到场，等另一名经办人确认；刷过卡的可以不列。"
        "It was held: say who came, for a second officer to confirm.",
        "szunion service join held jn_… --members 到场.txt --org 440305-0001",
        "szunion service join held jn_… --org 440305-0001",
    )
)
@_JOINING
@_MEMBERS
@ORG
@framed
def held(frame: Frame, joining: str, *, listed: str | None, org: str | None) -> int:
    handed = _desk(frame, org).held(frame.inward(KIND, joining), _people(frame, listed))
    name = frame.outward("p", handed.proposal.id)
    frame.value({"proposal": name, "came": int(handed.proposal.terms["came"])})
    frame.say(
        "等待另一名经办人确认：szunion service join confirm {name}",
        "waits for another officer: szunion service join confirm {name}", name=name,
    )  # fmt: skip
    return _not_listed(frame, handed.refused)


@join.command(
    help=helps(
        "由另一名经办人确认谁到场：记入参加记录，办结。Confirm who came, as another officer.",
        "szunion --user g-2 service join confirm p_… --org 440305-0001",
    )
)
@_PROPOSAL
@ORG
@framed
def confirm(frame: Frame, proposal: str, *, org: str | None) -> int:
    done = _desk(frame, org).confirm(frame.inward("p", proposal))
    shown(frame, done.joining)
    return _not_listed(frame, done.refused)


@join.command(
    help=helps(
        "由另一名经办人退回到场名单，可以重报。Refuse what was said of who came.",
        "szunion --user g-2 service join refuse p_… --org 440305-0001",
    )
)
@_PROPOSAL
@ORG
@framed
def refuse(frame: Frame, proposal: str, *, org: str | None) -> None:
    shown(frame, _desk(frame, org).refuse(frame.inward("p", proposal)))


# --- the organiser --------------------------------------------------------------------------------


@join.command(
    help=helps(
        "受理排期：哪天、多少名额；名单上的会员得知。Accept: which day, how many places.",
        "szunion service join accept jn_… --on 2018-10-12 --places 20 --org 440305",
        "szunion service join accept jn_… --on 2018-10-12 --places 20 --session 14:00"
        " --provider --org 440304-SQ1",
    )
)
@_JOINING
@click.option("--on", required=True, type=_DAY, metavar="DAY", help="哪天  Which day")
@click.option("--places", required=True, type=int, metavar="N", help="名额  How many places")
@click.option("--session", default="", metavar="TEXT", help="场次、时间  Which session")
@_PROVIDER
@ORG
@framed
def accept(  # noqa: PLR0913 - what an organiser says
    frame: Frame, joining: str, *, on: datetime, places: int, session: str, provider: bool,
    org: str | None,
) -> None:  # fmt: skip
    day: date = on.date()
    desk = _desk(frame, org, provider=provider)
    shown(frame, desk.accept(frame.inward(KIND, joining), day, places, session=session))


def _calling_off(act: Callable[[Joinings, int, str], Joining]) -> Callable[..., None]:
    """Give an act of an organiser, with its reason, what a command has."""

    @_JOINING
    @_WHY
    @_PROVIDER
    @ORG
    @framed
    def run(frame: Frame, joining: str, *, why: str, provider: bool, org: str | None) -> None:
        shown(frame, act(_desk(frame, org, provider=provider), frame.inward(KIND, joining), why))

    return update_wrapper(run, act)


@join.command(
    help=helps(
        "不受理，写明原因。Decline, and say why.",
        "szunion service join decline jn_… --why 师资不足 --org 440305",
    )
)
@_calling_off
def decline(desk: Joinings, joining: int, why: str) -> Joining:
    return desk.decline(joining, why)


@join.command(
    help=helps(
        "取消已受理的，写明原因；名单上的会员得知。Cancel what was accepted, and say why.",
        "szunion service join cancel jn_… --why 台风 --org 440305",
    )
)
@_calling_off
def cancel(desk: Joinings, joining: int, why: str) -> Joining:
    return desk.cancel(joining, why)


# --- the member -----------------------------------------------------------------------------------


@join.command(
    help=helps(
        "会员在哪些名单上。On which lists a member is.",
        "szunion service join mine m_…",
    )
)
@click.argument("who")
@framed
def mine(frame: Frame, who: str) -> None:
    person = frame.member(frame.desk(Role.CITY, Purpose.SERVE), who)
    own = Principal(id=frame.user, role=Role.MEMBER, purpose=Purpose.SERVE, person=person)
    titles = (
        Text("报名", "sign-up"), Text("项目", "item"), Text("状态", "state"), Text("日期", "days"),
        Text("场次", "session"), Text("地点", "place"),
    )  # fmt: skip
    rows = [
        (
            frame.outward(KIND, each.joining), each.item, each.state, _days(each), each.session,
            each.where,
        )
        for each in frame.system().desk(own).joinings.of_person(person)
    ]  # fmt: skip
    frame.rows(("joining", "item", "state", "days", "session", "place"), titles, rows)
