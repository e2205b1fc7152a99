"""Know how what differs from the bank is looked at on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import click

from szunion.application.statements import OF_MONEY
from szunion.cli.endings import PARTLY
from szunion.cli.frame import DRY_RUN, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.reconciliation import ReconKind, ReconRun
from szunion.errors import BankUnavailable, Conflict, NotFound
from szunion.text import Text

_KEYS = ("kind", "day", "ours", "bank", "agreed", "settled")
_TITLES = (
    Text("种类", "kind"),
    Text("日期", "day"),
    Text("工会", "ours"),
    Text("银行", "bank"),
    Text("一致", "agreed"),
    Text("核平", "settled"),
)

_NAMES = {
    ReconKind.CARDS: Text("卡的全量清单", "the list of cards"),
    ReconKind.MONEY: Text("流水", "the statement"),
}


@click.group(
    help=helps(
        "对账。Reconciliation.",
        "szunion recon run",
        "szunion recon show",
        "szunion recon resolve d_… --note 已核对回单",
    )
)
def recon() -> None: ...


@recon.command(
    help=helps(
        "收取银行的清单和流水并对账；有差异退出码 3，收不到 6。Fetch the bank's lists and compare.",
        "szunion recon run",
        "szunion recon run --day 2017-11-23",
        "szunion --json recon run",
    )
)
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY",
    help="先向银行索取这一天的清单和流水  Ask for this day's lists first",
)  # fmt: skip
@framed
def run(frame: Frame, *, day: datetime | None) -> int:
    asked = [] if day is None else _ask(frame, day.date())
    system = frame.system()
    system.run_until_idle()
    shown = _shown(frame)
    if not system.worker().desk.ear.reaches(system.bank):
        # Said last: "no difference" must not be read where nothing could be fetched.
        raise BankUnavailable("E-BANK-028", bank=system.bank.info.name)
    if day is not None:
        _must_have_come(frame, day.date(), asked)
    return shown


def _ask(frame: Frame, day: date) -> list[ReconKind]:
    """Ask for a day's list and statement; return what the bank takes an asking for."""
    desk = frame.desk(Role.CITY, Purpose.OPERATE).reconciliation
    asked = []
    for kind in ReconKind:
        try:
            desk.ask_for(kind, day)
            asked.append(kind)
        except Conflict as error:
            if error.code != "E-BANK-011":
                raise
            frame.note(
                "银行不受理索取{kind}，只用它自己送来的",
                "the bank does not take requests for {kind}: only what it sends is compared",
                kind=frame.cell(kind),
            )
    return asked


def _must_have_come(frame: Frame, day: date, asked: Sequence[ReconKind]) -> None:
    """Check that a day was compared: what was asked for, and what the bank sends unasked.

    Raises:
        BankUnavailable: something is not there yet (E-RECON-003).
    """
    desk = frame.desk(Role.CITY, Purpose.OPERATE).reconciliation
    sent = [each for each in ReconKind if each in asked or desk.last(each) is not None]
    if late := [each for each in sent if desk.last(each, day) is None]:
        raise BankUnavailable(
            "E-RECON-003", day=day.isoformat(),
            kind="和".join(_NAMES[each].zh for each in late),
            kind_en=" and ".join(_NAMES[each].en for each in late),
        )  # fmt: skip


@recon.command(
    help=helps(
        "写明查明的情况，了结一项差异；资金差异由财务了结。Close a difference with what was found.",
        "szunion recon resolve d_… --note '银行确认系统升级补记'",
    )
)
@click.argument("name")
@click.option("--note", default="", metavar="TEXT", help="查明的情况  What was found")
@DRY_RUN
@framed
def resolve(frame: Frame, name: str, *, note: str, dry_run: bool) -> None:
    id_ = frame.inward("d", name)
    open_ = frame.desk(Role.CITY, Purpose.OPERATE).reconciliation.open()
    found = next((each.difference for each in open_ if each.difference.id == id_), None)
    if dry_run:
        if found is None:
            raise NotFound("E-RECON-001")
        words = frame.cell(found.kind)
        frame.say("将了结：{words}。未写入", "would close: {words}; nothing written", words=words)
        return
    about_money = found is not None and found.kind in OF_MONEY
    role, purpose = (Role.FINANCE, Purpose.PAY) if about_money else (Role.CITY, Purpose.OPERATE)
    closed = frame.desk(role, purpose).reconciliation.resolve(id_, note)
    frame.value({"difference": name, "state": closed.state})
    frame.say("已了结：{kind}", "closed: {kind}", kind=frame.cell(closed.kind))


@recon.command(
    help=helps("最近一次对账和未结差异。The last run, and what is open.", "szunion recon show")
)
@framed
def show(frame: Frame) -> int:
    return _shown(frame)


def _shown(frame: Frame) -> int:
    desk = frame.desk(Role.CITY, Purpose.OPERATE).reconciliation
    runs = [found for kind in ReconKind if (found := desk.last(kind)) is not None]
    frame.rows(_KEYS, _TITLES, [_row(frame, each) for each in runs])
    still = desk.open()
    if still:
        titles = (
            Text("差异", "difference"),
            Text("种类", "kind"),
            Text("工会", "ours"),
            Text("银行", "bank"),
            Text("天数", "days"),
        )
        rows = [
            (
                frame.outward("d", each.difference.id),
                each.difference.kind,
                each.difference.ours or None,
                each.difference.theirs or None,
                each.age.days,
            )
            for each in still
        ]
        frame.rows(("difference", "kind", "ours", "bank", "days"), titles, rows)
    frame.say("未解释的差异 {count}", "unexplained differences {count}", count=len(still))
    return PARTLY if still else 0


def _row(frame: Frame, one: ReconRun) -> tuple[object, ...]:
    counts = (one.ours, one.theirs, one.agreed, one.closed)
    shown = counts if frame.as_json else [f"{each:,}" for each in counts]
    return one.kind, one.day, *shown
