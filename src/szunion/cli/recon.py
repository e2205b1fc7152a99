"""Know how what differs from the bank is looked at on the command line."""

from __future__ import annotations

import click

from szunion.cli.frame import PARTLY, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.reconciliation import ReconKind, ReconRun
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


@click.group(help=helps("对账。Reconciliation.", "szunion recon run", "szunion recon show"))
def recon() -> None: ...


@recon.command(
    help=helps(
        "收取银行的清单和流水并对账；有未解释的差异退出码 3。Fetch the bank's lists and compare.",
        "szunion recon run",
        "szunion --json recon run",
    )
)
@framed
def run(frame: Frame) -> int:
    frame.system().run_until_idle()
    return _shown(frame)


@recon.command(
    help=helps("最近一次对账和未结差异。The last run, and what is open.", "szunion recon show")
)
@framed
def show(frame: Frame) -> int:
    return _shown(frame)


def _shown(frame: Frame) -> int:
    desk = frame.desk(Role.CITY, Purpose.OPERATE).reconciliation
    runs = [found for kind in ReconKind if (found := desk.last(kind)) is not None]
    frame.rows(_KEYS, _TITLES, [_row(each) for each in runs])
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


def _row(one: ReconRun) -> tuple[object, ...]:
    return one.kind, one.day, one.ours, one.theirs, one.agreed, one.closed
