"""Know how a file is opened in an emergency on the command line: asked, confirmed, used, listed."""

from __future__ import annotations

import sys

import click

from szunion.application.emergencies import Emergencies, Emergency
from szunion.cli.frame import CODE, ORG, Frame, framed, helps
from szunion.cli.hotline import masked
from szunion.domain.access import Purpose, Role
from szunion.domain.disclosures import Revealed
from szunion.text import Text

_KEYS = ("grant", "by", "asked", "state", "confirmed_by", "until", "reason")
_TITLES = (
    Text("编号", "grant"), Text("申请人", "by"), Text("申请", "asked"), Text("状态", "state"),
    Text("确认人", "confirmed by"), Text("到期", "until"), Text("事由", "reason"),
)  # fmt: skip
_GRANT = click.argument("grant", metavar="e_…")


@click.group(
    help=helps(
        "应急查看（破窗）：事由、第二人、告警、最长一小时。Break the glass: by two, for an hour.",
        "szunion emergency ask --reason 车间受伤 --org 440305-0001 --code 123456 < 证件号码.txt",
        "szunion --user 另一人 emergency confirm e_… --code 123456",
        "szunion emergency file e_… --org 440305-0001 --code 123456",
    )
)
def emergency() -> None: ...


def _desk(frame: Frame, org: str | None, code: str | None) -> Emergencies:
    return frame.desk(Role.CITY, Purpose.SERVE, org, code=code).emergencies


def _shown(frame: Frame, *found: Emergency) -> None:
    rows = [
        (
            frame.outward("e", each.id), each.by, frame.local(each.asked), each.state,
            each.confirmed_by, None if each.until is None else frame.local(each.until),
            each.reason,
        )
        for each in found
    ]  # fmt: skip
    frame.rows(_KEYS, _TITLES, rows)


@emergency.command(
    help=helps(
        "申请：完整的证件号码从标准输入读。Ask for one file, its document number from stdin.",
        "szunion emergency ask --reason 车间受伤 --org 440305-0001 --code 123456",
        "szunion emergency ask --reason 走失 --minutes 15 --code 123456",
    )
)
@click.option("--reason", required=True, metavar="WORDS", help="事由  Why")
@click.option("--minutes", type=int, default=60, show_default=True, help="多少分钟  How long")
@ORG
@CODE
@framed
def ask(frame: Frame, *, reason: str, minutes: int, org: str | None, code: str) -> None:
    desk = _desk(frame, org, code)
    _shown(frame, desk.ask(sys.stdin.readline().strip(), reason=reason, minutes=minutes))


@emergency.command(
    help=helps(
        "市总另一人确认或不同意；确认即告警并告知本人。Confirm or refuse, as another person.",
        "szunion --user 另一人 emergency confirm e_… --code 123456",
        "szunion --user 另一人 emergency confirm e_… --refuse --code 123456",
    )
)
@_GRANT
@click.option("--refuse", is_flag=True, help="不同意  Refuse")
@CODE
@framed
def confirm(frame: Frame, grant: str, *, refuse: bool, code: str) -> None:
    desk, id_ = _desk(frame, None, code), frame.inward("e", grant)
    _shown(frame, desk.refuse(id_) if refuse else desk.confirm(id_))


@emergency.command(
    help=helps(
        "查看打开的档案：一律掩码，逐次记入审计。The file that a grant opens, masked.",
        "szunion emergency file e_… --org 440305-0001 --code 123456",
    )
)
@_GRANT
@ORG
@CODE
@framed
def file(frame: Frame, grant: str, *, org: str | None, code: str) -> None:
    masked(frame, _desk(frame, org, code).file(frame.inward("e", grant)))


@emergency.command(
    help=helps(
        "查看已打开档案里的一个明文：计数，先记入审计。One plain value of the file that is open.",
        "szunion emergency reveal e_… mobile --org 440305-0001 --code 123456",
    )
)
@_GRANT
@click.argument("what", type=click.Choice([each.value for each in Revealed]))
@ORG
@CODE
@framed
def reveal(frame: Frame, grant: str, what: str, *, org: str | None, code: str) -> None:
    value = _desk(frame, org, code).reveal(frame.inward("e", grant), Revealed(what))
    frame.value({"value": value})
    frame.say("{value}", "{value}", value=value)


@emergency.command(
    help=helps(
        "提前关闭：申请人或市总；下一次查看即被拒绝。End a grant before its time.",
        "szunion emergency end e_… --why 已联系到家属 --org 440305-0001",
        "szunion emergency end e_… --why 不再需要",
    )
)
@_GRANT
@click.option("--why", default="", metavar="WORDS", help="原因  Why")
@ORG
@framed
def end(frame: Frame, grant: str, *, why: str, org: str | None) -> None:
    _shown(frame, _desk(frame, org, None).end(frame.inward("e", grant), why=why))


@emergency.command(
    "list",
    help=helps(
        "待确认的申请；--granted 列出曾经打开过的全部。What waits; or every grant there ever was.",
        "szunion emergency list",
        "szunion --json emergency list --granted",
    ),
)
@click.option("--granted", is_flag=True, help="曾经打开过的  Those that were confirmed")
@framed
def list_(frame: Frame, *, granted: bool) -> None:
    desk = _desk(frame, None, None)
    _shown(frame, *(desk.granted() if granted else desk.waiting()))
