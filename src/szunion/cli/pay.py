"""Know how money is planned, approved and followed on the command line."""

from __future__ import annotations

import re
from collections import Counter

import click

from szunion.application.treasury import Treasury
from szunion.cli.frame import DRY_RUN, PARTLY, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.payouts import PayoutBatch
from szunion.domain.values import Fen, PayoutBatchId
from szunion.errors import InvalidInput
from szunion.text import Text

_KEYS = ("payout", "item", "year", "state", "orders", "total", "by", "approved_by")
_TITLES = (
    Text("拨付批次", "pay-out"),
    Text("项目", "item"),
    Text("年度", "year"),
    Text("状态", "state"),
    Text("笔数", "orders"),
    Text("金额（元）", "yuan"),
    Text("制单", "made by"),
    Text("复核", "approved by"),
)
_YUAN = re.compile(r"([0-9]{1,12})(?:\.([0-9]{2}))?", re.ASCII)


@click.group(
    help=helps(
        "拨付：制单、另一人复核、银行办理。Payments: made, approved by another person, sent.",
        "szunion --user 甲 pay plan gp-xxx 2018",
        "szunion --user 乙 pay approve p_… --total 936000.00",
        "szunion pay run",
    )
)
def pay() -> None: ...


def _desk(frame: Frame) -> Treasury:
    return frame.desk(Role.FINANCE, Purpose.PAY).treasury


def _row(frame: Frame, one: PayoutBatch) -> tuple[object, ...]:
    name = frame.outward("p", one.id)
    total: object = one.total.amount if frame.as_json else str(one.total)
    return name, one.item, one.year, one.state, one.orders, total, one.made_by, one.approved_by


def _fen(frame: Frame, yuan: str) -> Fen:
    found = _YUAN.fullmatch(yuan.replace(",", ""))
    if found is None:
        raise click.UsageError(frame.text("金额写成 3000.00", "write an amount as 3000.00"))
    return Fen(int(found[1]) * 100 + int(found[2] or 0))


@pay.command(
    help=helps(
        "定一个项目一年的上限（元）。Set how much an item may cost in a year, in yuan.",
        "szunion pay budget 项目 2018 --ceiling 1000000.00",
        "szunion pay budget 项目 2018",
    )
)
@click.argument("item")
@click.argument("year", type=int)
@click.option("--ceiling", metavar="YUAN", help="上限，元  Ceiling in yuan")
@DRY_RUN
@framed
def budget(frame: Frame, item: str, year: int, *, ceiling: str | None, dry_run: bool) -> int:
    desk = _desk(frame)
    if ceiling is not None:
        most = _fen(frame, ceiling)
        if not dry_run:
            desk.set_budget(item, year, most)
    found = desk.budget(item, year)
    if found is None:
        frame.say(
            "{item} {year} 年没有预算", "{item} has no budget for {year}", item=item, year=year
        )
        return 4
    titles = (Text("项目", "item"), Text("年度", "year"), Text("上限（元）", "ceiling"))
    shown: object = found.ceiling.amount if frame.as_json else str(found.ceiling)
    frame.rows(("item", "year", "ceiling"), titles, [(item, year, shown)])
    return 0


@pay.command(
    help=helps(
        "为一个项目一年里应付未付的制单；列出笔数、合计、最大一笔、暂不发放的。Make a pay-out.",
        "szunion --user 甲 pay plan 项目 2018",
        "szunion --user 甲 pay plan 项目 2018 --most 100",
    )
)
@click.argument("item")
@click.argument("year", type=int)
@click.option("--most", default=5000, metavar="N", help="最多几笔  How many orders at most")
@framed
def plan(frame: Frame, item: str, year: int, *, most: int) -> int:
    desk = _desk(frame)
    draft = desk.draft(item, year, most=most)
    if draft.payout is not None:
        frame.rows(_KEYS, _TITLES, [_row(frame, draft.payout)])
        _print_control(frame, desk, draft.payout)
    else:
        frame.say("没有要付的", "nothing to pay")
    for reason, count in Counter(why for _, why in draft.left_out).items():
        frame.note(
            "暂不发放 {count:,} 笔：{why}",
            "{count:,} left out: {why}",
            count=count,
            why=frame.cell(reason),
        )
    return PARTLY if draft.left_out else 0


def _print_control(frame: Frame, desk: Treasury, payout: PayoutBatch) -> None:
    """Show what a checker compares: total, count, the largest, payees named twice."""
    orders = desk.orders(payout.id)
    largest = max((order.fen for order in orders), default=Fen(0))
    twice = len(orders) - len({order.payee for order in orders})
    frame.say(
        "合计 {total} 元，{count:,} 笔，最大一笔 {largest} 元，同一收款人重复 {twice} 笔",
        "{total} yuan, {count:,} orders, the largest {largest}, payees named twice {twice}",
        total=payout.total,
        count=len(orders),
        largest=largest,
        twice=twice,
    )


@pay.command(
    help=helps(
        "复核；不能是制单人。Approve; never the maker.",
        "szunion --user 乙 pay approve p_… --total 936000.00",
        "szunion --user 乙 pay approve p_… --total 936000.00 --dry-run",
    )
)
@click.argument("name")
@click.option("--total", required=True, metavar="YUAN", help="控制总额，元  Control total in yuan")
@DRY_RUN
@framed
def approve(frame: Frame, name: str, *, total: str, dry_run: bool) -> None:
    desk = _desk(frame)
    id_ = PayoutBatchId(frame.inward("p", name))
    wanted = _fen(frame, total)
    if dry_run:
        payout = desk.get(id_)
        if payout.total != wanted:
            raise InvalidInput("E-PAY-010", total=wanted, ours=payout.total)
    else:
        payout = desk.approve(id_, total=wanted)
    frame.rows(_KEYS, _TITLES, [_row(frame, payout)])
    _print_control(frame, desk, payout)


@pay.command(
    help=helps(
        "把已复核的送到银行，收取结果。Send what is approved; fetch what became of it.",
        "szunion pay run",
        "szunion --json pay run",
    )
)
@framed
def run(frame: Frame) -> int:
    frame.system().run_until_idle()
    return _shown(frame, None)


@pay.command(
    help=helps(
        "全部拨付，或一个批次的结果；有差异退出码 3。Pay-outs, and the books.",
        "szunion pay show",
        "szunion pay show p_…",
    )
)
@click.argument("name", required=False)
@framed
def show(frame: Frame, name: str | None) -> int:
    return _shown(frame, name)


def _shown(frame: Frame, name: str | None) -> int:
    desk = _desk(frame)
    if name is not None:
        payout = desk.get(PayoutBatchId(frame.inward("p", name)))
        frame.rows(_KEYS, _TITLES, [_row(frame, payout)])
        states = Counter(order.state for order in desk.orders(payout.id))
        titles = (Text("结果", "outcome"), Text("笔数", "orders"))
        frame.rows(("outcome", "orders"), titles, list(states.items()))
        return 0
    rows, after = [], 0
    while page := desk.listed(after=after):
        rows += [_row(frame, each) for each in page]
        after = page[-1].id
    frame.rows(_KEYS, _TITLES, rows)
    books = desk.books()
    count = len(books.lines) + len(books.not_shown)
    frame.say(
        "账面与银行流水未解释的差异 {count}",
        "unexplained differences between books and statements {count}",
        count=count,
    )
    return PARTLY if count else 0
