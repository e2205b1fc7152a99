"""Know how claims are filed, looked at and decided on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import click

from szunion.application.claim_decisions import Decided, Decision, Rejected, ToConfirm
from szunion.application.claims import OPEN, AlreadyClaimed, Filed, NotClaimable
from szunion.cli.claim_recover import recover
from szunion.cli.endings import PARTLY
from szunion.cli.frame import CONSENT, DRY_RUN, ORG, Frame, framed, helps
from szunion.cli.money_words import fen_of
from szunion.domain.access import Purpose, Role
from szunion.domain.claim_files import Claim
from szunion.domain.claims import ClaimReason, ClaimState
from szunion.domain.reckoning import Happening, Reckoning
from szunion.domain.values import ClaimId
from szunion.text import Text

_KEYS = ("claim", "member", "plan", "state", "asked", "yuan", "reason", "reviewer")
_TITLES = (
    Text("申领", "claim"),
    Text("会员", "member"),
    Text("计划", "plan"),
    Text("状态", "state"),
    Text("提交", "asked"),
    Text("核定（元）", "yuan"),
    Text("原因", "reason"),
    Text("审核人", "reviewer"),
)
_DAY = click.DateTime(["%Y-%m-%d"])
_REASONS = click.Choice([each.value for each in ClaimReason], case_sensitive=False)
_STATES = click.Choice([each.value for each in ClaimState], case_sensitive=False)


@click.group(
    help=helps(
        "申领：提交、补件、核定；计算过程逐条列出。Claims: filed, papers, decided with reckoning.",
        "szunion claim list",
        "szunion --user 甲 claim decide cl_… --dry-run",
        "szunion --user 乙 claim decide cl_…",
    )
)
def claim() -> None: ...


claim.add_command(recover)


def _row(frame: Frame, one: Claim) -> tuple[object, ...]:
    fen: object = None
    if one.fen is not None:
        fen = one.fen.amount if frame.as_json else str(one.fen)
    return (
        frame.outward("cl", one.id),
        frame.outward("m", one.person),
        one.plan,
        one.state,
        frame.local(one.asked),
        fen,
        one.reason,
        one.reviewer,
    )


def _id(frame: Frame, name: str) -> ClaimId:
    return ClaimId(frame.inward("cl", name))


def _show(frame: Frame, one: Claim, found: Reckoning | None = None) -> None:
    """Print a claim and, line by line, what it comes to."""
    reckoning = found or one.reckoning
    lines = [line.say(frame.language) for line in reckoning.lines()] if reckoning else []
    if frame.as_json:
        more = {"missing": list(one.missing), "reckoning": lines}
        frame.value(dict(zip(_KEYS, _row(frame, one), strict=True)) | more)
        return
    frame.rows(_KEYS, _TITLES, [_row(frame, one)])
    for paper in one.missing:
        frame.say("  待补：{paper}", "  missing: {paper}", paper=paper)
    for line in lines:
        frame.say("  {line}", "  {line}", line=line)


@claim.command(
    "list",
    help=helps(
        "待办的申领；--state 看某一状态，--all 全部。Claims that wait, or of a state, or all.",
        "szunion claim list",
        "szunion claim list --state REVIEW",
        "szunion --json claim list --all",
    ),
)
@click.option("--state", "states", type=_STATES, multiple=True, help="状态  State")
@click.option("--all", "all_", is_flag=True, help="全部状态  Every state")
@framed
def list_(frame: Frame, states: Sequence[str], *, all_: bool) -> None:
    desk = frame.desk(Role.REVIEW, Purpose.AID_REVIEW).claims
    wanted: Iterable[ClaimState] = OPEN
    if all_ or states:
        wanted = tuple(map(ClaimState, states)) or tuple(ClaimState)
    rows: list[tuple[object, ...]] = []
    after: ClaimId | None = None
    while page := desk.listed(wanted, after=after):
        rows += [_row(frame, each) for each in page]
        after = page[-1].id
    frame.rows(_KEYS, _TITLES, rows)


@claim.command(
    help=helps("一件申领和计算过程。One claim, and its reckoning.", "szunion claim show cl_…")
)
@click.argument("name")
@framed
def show(frame: Frame, name: str) -> None:
    desk = frame.desk(Role.REVIEW, Purpose.AID_REVIEW).claims
    _show(frame, desk.get(_id(frame, name)))


@claim.command(
    help=helps(
        "由工会代会员提交；材料编号从标准输入读，每行一个，不进命令行历史。File for a member; "
        "the numbers of the papers come from stdin, one a line.",
        "echo P440300001 | szunion claim ask m_… gp-maternity --on 2018-03-01 --consent 同意书2 "
        "--org 440305-0001",
        "echo ZY0123 | szunion claim ask m_… gp-hospital-allowance --on 2018-03-01 "
        "--until 2018-03-09 --days 8 --consent 同意书3 --org 440305-0001",
    )
)
@click.argument("who")
@click.argument("plan")
@click.option("--on", type=_DAY, required=True, help="出生或入院日期  Day of birth, admission")
@click.option("--until", type=_DAY, help="出院日期  Day of discharge")
@click.option("--days", type=int, default=0, help="住院天数  Days in hospital")
@click.option("--cause", default="", help="目录中的原因，如 cancer  A cause of the catalogue's")
@click.option("--paper", "papers", multiple=True, help="材料名称  What is handed in")
@CONSENT
@ORG
@framed
def ask(  # noqa: PLR0913 - a claim has these parts
    frame: Frame,
    who: str,
    plan: str,
    *,
    on: datetime,
    until: datetime | None,
    days: int,
    cause: str,
    papers: Sequence[str],
    consent: str,
    org: str | None,
) -> int:
    numbers = [line.strip() for line in sys.stdin if line.strip()]
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    what = Happening(on=on.date(), until=_day(until), days=days, cause=cause)
    person = frame.member(desk, who)
    match desk.claims.ask(person, plan, what, numbers=numbers, papers=papers, paper=consent):
        case Filed(claim=filed):
            frame.rows(_KEYS, _TITLES, [_row(frame, filed)])
            return 0
        case AlreadyClaimed(on=day):
            frame.value({"already_claimed": day.isoformat()})
            frame.say("此事项已于 {day} 申领", "claimed already, on {day}", day=day)
        case NotClaimable(reasons=reasons):
            frame.value({"against": [each.value for each in reasons]})
            words = "、".join(frame.cell(each) for each in reasons)
            frame.say("不能申领：{why}", "cannot be claimed: {why}", why=words)
    return PARTLY


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


@claim.command(
    help=helps(
        "会员或工会补交材料。Hand in what was asked for.",
        "szunion claim supplement cl_… --paper 出院小结 --org 440305-0001",
    )
)
@click.argument("name")
@click.option("--paper", "papers", multiple=True, required=True, help="材料名称  What it is")
@ORG
@framed
def supplement(frame: Frame, name: str, *, papers: Sequence[str], org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org).claims
    frame.rows(_KEYS, _TITLES, [_row(frame, desk.supplement(_id(frame, name), papers))])


@claim.command(
    help=helps(
        "审核人列明缺什么；时限暂停。Ask for papers; the clock stops.",
        "szunion --user 甲 claim more cl_… --paper 出院小结 --paper 发票",
    )
)
@click.argument("name")
@click.option("--paper", "papers", multiple=True, required=True, help="缺的材料  What is missing")
@framed
def more(frame: Frame, name: str, *, papers: Sequence[str]) -> None:
    desk = frame.desk(Role.REVIEW, Purpose.AID_REVIEW).claims
    _show(frame, desk.ask_more(_id(frame, name), papers))


@claim.command(
    help=helps(
        "受理并按规则核定；超过一人权限的，另一人用同一命令确认（此前退出码 3）。Decide by the "
        "rules; above one reviewer's limit another one confirms with the same command.",
        "szunion --user 甲 claim decide cl_… --dry-run",
        "szunion --user 甲 claim decide cl_…",
        "szunion --user 甲 claim decide cl_… --reject PAPERS",
    )
)
@click.argument("name")
@click.option("--yuan", metavar="YUAN", help="少于算出的金额  Less than was reckoned")
@click.option("--reject", type=_REASONS, help="不予给付的原因  Reject, with the reason")
@click.option("--refuse", is_flag=True, help="第二人不同意  Refuse, as the second one")
@DRY_RUN
@framed
def decide(  # noqa: PLR0913 - one command for both reviewers
    frame: Frame,
    name: str,
    *,
    yuan: str | None,
    reject: str | None,
    refuse: bool,
    dry_run: bool,
) -> int:
    desk = frame.desk(Role.REVIEW, Purpose.AID_REVIEW).claims
    id_ = _id(frame, name)
    if dry_run:
        _show(frame, desk.get(id_), desk.preview(id_))
        return 0
    second = desk.second_word(id_)
    if second is not None and refuse:
        desk.refuse(second.id)
        _show(frame, desk.get(id_))
        return 0
    if second is not None and second.maker != frame.user and reject is None:
        return _told(frame, desk.confirm(second.id))
    if desk.get(id_).state in {ClaimState.SUBMITTED, ClaimState.APPEAL}:
        desk.take(id_)
    if reject is not None:
        return _told(frame, desk.reject(id_, ClaimReason(reject)))
    return _told(frame, desk.decide(id_, None if yuan is None else fen_of(frame, yuan)))


def _told(frame: Frame, found: Decision) -> int:
    match found:
        case Decided(claim=one, reckoning=reckoning):
            _show(frame, one, reckoning)
            return 0
        case Rejected(claim=one, reckoning=found_then):
            _show(frame, one, found_then)
            return 0
        case ToConfirm(claim=one, reckoning=reckoning):
            _show(frame, one, reckoning)
            frame.note(
                "超过一人核定的限额，须另一位审核人确认：szunion --user 另一人 claim decide {name}",
                "above one reviewer's limit: szunion --user ANOTHER claim decide {name}",
                name=frame.outward("cl", one.id),
            )
            return PARTLY
