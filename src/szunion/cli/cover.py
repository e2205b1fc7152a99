"""Know how plans are joined and covers accepted on the command line, and heirs are named."""

from __future__ import annotations

from datetime import datetime

import click

from szunion.application.plans import Joined, NotJoined
from szunion.cli.endings import PARTLY
from szunion.cli.frame import ORG, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.enrolments import Enrolment
from szunion.domain.values import EnrolmentId
from szunion.text import Text

_KEYS = ("enrolment", "member", "plan", "state", "since", "until", "claims", "paid")
_TITLES = (
    Text("参保", "enrolment"),
    Text("会员", "member"),
    Text("计划", "plan"),
    Text("状态", "state"),
    Text("起日", "since"),
    Text("止日", "until"),
    Text("已核定次数", "claims"),
    Text("已核定（元）", "paid"),
)
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(
    help=helps(
        "保障：参加计划、承保、用了多少。Covers: join a plan, accept, what is used.",
        "szunion cover list m_…",
        "szunion cover join m_… ma-hospital --org 440305-0001",
        "szunion --user 甲 cover accept en_… --document 收据12 --until 2019-01-01",
    )
)
def cover() -> None: ...


def _row(frame: Frame, one: Enrolment) -> tuple[object, ...]:
    paid: object = one.paid.amount if frame.as_json else str(one.paid)
    used = f"{one.claims}/{one.most_claims}" if one.most_claims is not None else str(one.claims)
    return (
        frame.outward("en", one.id),
        frame.outward("m", one.person),
        one.plan,
        one.state,
        one.since,
        one.until,
        used,
        paid,
    )


@cover.command(
    "list",
    help=helps(
        "一名会员的保障；不写会员则列出待承保的。A member's covers; without, those that wait.",
        "szunion cover list m_…",
        "szunion cover list",
    ),
)
@click.argument("who", required=False)
@ORG
@framed
def list_(frame: Frame, who: str | None, org: str | None) -> None:
    if who is not None:
        desk = frame.desk(Role.CITY, Purpose.SERVE, org)
        found = desk.plans.of_person(frame.member(desk, who))
        frame.rows(_KEYS, _TITLES, [_row(frame, each) for each in found])
        return
    plans = frame.desk(Role.REVIEW, Purpose.AID_REVIEW).plans
    rows: list[tuple[object, ...]] = []
    after: EnrolmentId | None = None
    while page := plans.waiting(after=after):
        rows += [_row(frame, each) for each in page]
        after = page[-1].id
    frame.rows(_KEYS, _TITLES, rows)


@cover.command(
    help=helps(
        "为会员提交参保。Ask for a member's cover.",
        "szunion cover join m_… ma-hospital --org 440305-0001",
    )
)
@click.argument("who")
@click.argument("plan")
@click.option("--since", type=_DAY, help="起日，缺省今天  First day, else today")
@ORG
@framed
def join(frame: Frame, who: str, plan: str, *, since: datetime | None, org: str | None) -> int:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    begins = None if since is None else since.date()
    match desk.plans.join(frame.member(desk, who), plan, since=begins):
        case Joined(enrolment=asked):
            frame.rows(_KEYS, _TITLES, [_row(frame, asked)])
            return 0
        case NotJoined(reasons=reasons):
            frame.value({"against": [each.value for each in reasons]})
            words = "、".join(frame.cell(each) for each in reasons)
            frame.say("不能参加：{why}", "cannot join: {why}", why=words)
            return PARTLY


@cover.command(
    help=helps(
        "承保；期间和限额自此固定。Accept: period and limits are fixed from now on.",
        "szunion --user 甲 cover accept en_… --document 收据12",
        "szunion --user 甲 cover accept en_… --document 收据12 --until 2019-01-01",
    )
)
@click.argument("name")
@click.option("--document", default="", help="缴费凭证  The payment of the fee")
@click.option("--until", type=_DAY, help="止日（不含）  First day after the cover")
@framed
def accept(frame: Frame, name: str, *, document: str, until: datetime | None) -> None:
    plans = frame.desk(Role.REVIEW, Purpose.AID_REVIEW).plans
    ends = None if until is None else until.date()
    id_ = EnrolmentId(frame.inward("en", name))
    frame.rows(_KEYS, _TITLES, [_row(frame, plans.accept(id_, until=ends, document=document))])


@cover.command(
    help=helps(
        "不予承保，写明原因。Refuse, with the reason.",
        "szunion --user 甲 cover refuse en_… --reason 名册不全",
    )
)
@click.argument("name")
@click.option("--reason", required=True, help="原因  The reason")
@framed
def refuse(frame: Frame, name: str, *, reason: str) -> None:
    plans = frame.desk(Role.REVIEW, Purpose.AID_REVIEW).plans
    id_ = EnrolmentId(frame.inward("en", name))
    frame.rows(_KEYS, _TITLES, [_row(frame, plans.refuse(id_, reason))])


@cover.command(
    help=helps(
        "指明已故会员未领款项的继承人；另一人用同一命令确认（此前退出码 3）。Name who receives "
        "for a dead member; another person confirms with the same command.",
        "szunion --user 甲 cover heir m_… --to m_… --document 公证书9号",
        "szunion --user 乙 cover heir m_… --to m_… --document 公证书9号",
    )
)
@click.argument("who")
@click.option("--to", "to", required=True, help="继承人  The heir")
@click.option("--document", required=True, help="继承材料编号  The document's number")
@framed
def heir(frame: Frame, who: str, *, to: str, document: str) -> int:
    desk = frame.desk(Role.CITY, Purpose.SERVE)
    deceased, receiver = frame.member(desk, who), frame.member(desk, to)
    proposal = desk.heirs.name(deceased, receiver, document=document)
    if proposal.maker == frame.user:
        frame.note("须另一人用同一命令确认", "another person confirms with the same command")
        return PARTLY
    named = desk.heirs.confirm(proposal.id)
    keys = ("deceased", "heir", "document", "named_by", "confirmed_by")
    titles = (
        Text("已故会员", "deceased"),
        Text("继承人", "heir"),
        Text("材料", "document"),
        Text("提请", "named by"),
        Text("确认", "confirmed by"),
    )
    row = (
        frame.outward("m", named.person), frame.outward("m", named.heir), named.document,
        named.named_by, named.confirmed_by,
    )  # fmt: skip
    frame.rows(keys, titles, [row])
    return 0
