"""Know how money is planned, approved and followed on the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import click

from szunion.application.payable_now import LeftOut
from szunion.application.treasury import Treasury
from szunion.cli.endings import EXIT, PARTLY
from szunion.cli.frame import DRY_RUN, Frame, framed, helps
from szunion.cli.money_words import fen_of
from szunion.domain.access import Purpose, Role
from szunion.domain.orders import OrderState
from szunion.domain.outbox import DispatchKind, DispatchState
from szunion.domain.payouts import PayoutBatch
from szunion.domain.values import Fen, PayoutBatchId, RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, InvalidInput
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
        most = fen_of(frame, ceiling)
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
        "为一个项目一年的应付未付款项制单；列出笔数、合计、最大一笔、暂不发放的。Make a pay-out.",
        "szunion --user 甲 pay plan 项目 2018 --dry-run",
        "szunion --user 甲 pay plan 项目 2018",
        "szunion --user 甲 pay plan 项目 2018 --most 100",
        "szunion --user 甲 pay plan 项目 2018 --again KEY",
    )
)
@click.argument("item")
@click.argument("year", type=int)
@click.option(
    "--most", default=5000, type=click.IntRange(1), metavar="N",
    help="最多多少笔  How many orders at most",
)  # fmt: skip
@click.option(
    "--again", multiple=True, metavar="KEY",
    help="只付这一指令的应付：银行对它说法矛盾，已核对确未到账  Only what this order was for: the "
    "bank contradicts itself about it, and it is clear that nothing arrived",
)  # fmt: skip
@DRY_RUN
@framed
def plan(  # noqa: PLR0913 - what is to be paid, and how much of it
    frame: Frame, item: str, year: int, *, most: int, again: tuple[str, ...], dry_run: bool
) -> int:
    desk = _desk(frame)
    only = [desk.order(RequestKey(key.upper())).obligation for key in again]
    if dry_run:
        seen = desk.preview(item, year, only=only, most=most)
        aside = seen.left_out
        left = Counter(why for _, why in aside)
        if frame.as_json:
            told = {"orders": seen.orders, "total": seen.total.amount}
            frame.value(told | {"largest": seen.largest.amount, "left_out": _codes(left)})
        frame.say(
            "将制单 {count:,} 笔，合计 {total} 元，最大一笔 {largest} 元",
            "would draft {count:,|order|orders}, {total} yuan, the largest {largest}",
            count=seen.orders,
            total=seen.total,
            largest=seen.largest,
        )
    else:
        draft = desk.draft(item, year, only=only, most=most)
        aside = draft.left_out
        left = Counter(why for _, why in aside)
        if draft.payout is not None:
            _print_payout(frame, desk, draft.payout, left)
        else:
            frame.value({"orders": 0, "total": 0, "left_out": _codes(left)})
            frame.say("没有待付的款项", "nothing to pay")
    for reason, count in left.items():
        frame.note(
            "暂不发放 {count:,} 笔：{why}",
            "{count:,} left out: {why}",
            count=count,
            why=frame.cell(reason),
        )
    for obligation, reason in aside:
        if reason is LeftOut.CONTRADICTED:
            key = desk.tries(obligation)[-1].key.text
            frame.note("核对后：--again {key}", "once it is clear: --again {key}", key=key)
    return PARTLY if left else 0


def _codes(left: Counter[LeftOut]) -> dict[str, int]:
    return {str(why.value): count for why, count in left.items()}


def _print_payout(
    frame: Frame, desk: Treasury, payout: PayoutBatch, left: Counter[LeftOut] | None = None
) -> None:
    """Show what a checker compares: total, count, the largest, payees named twice."""
    orders = desk.orders(payout.id)
    largest = max((order.fen for order in orders), default=Fen(0))
    twice = len(orders) - len({order.payee for order in orders})
    if frame.as_json:
        told: dict[str, object] = dict(zip(_KEYS, _row(frame, payout), strict=True))
        told |= {"largest": largest.amount, "payees_twice": twice}
        told |= {"states": _states(Counter(order.state for order in orders))}
        if left is not None:
            told |= {"left_out": _codes(left)}
        frame.value(told)
        return
    frame.rows(_KEYS, _TITLES, [_row(frame, payout)])
    frame.say(
        "合计 {total} 元，{count:,} 笔，最大一笔 {largest} 元，同一收款人重复 {twice} 笔",
        "{total} yuan, {count:,|order|orders}, the largest {largest}, payees named twice {twice}",
        total=payout.total,
        count=len(orders),
        largest=largest,
        twice=twice,
    )


def _states(counts: Counter[OrderState]) -> dict[str, int]:
    return {str(state.value): count for state, count in counts.items()}


@pay.command(
    help=helps(
        "复核；复核人不能是制单人。Approve; never the maker.",
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
    wanted = fen_of(frame, total)
    if dry_run:
        payout = desk.get(id_)
        if payout.total != wanted:
            raise InvalidInput("E-PAY-010", total=wanted, ours=payout.total)
    else:
        payout = desk.approve(id_, total=wanted)
    _print_payout(frame, desk, payout)


@pay.command(
    help=helps(
        "作废未发出的批次；应付款仍在。Give up a pay-out of which nothing has left.",
        "szunion --user 甲 pay cancel p_… --reason 名单有误",
        "szunion --user 甲 pay cancel p_… --reason 名单有误 --dry-run",
    )
)
@click.argument("name")
@click.option("--reason", required=True, help="原因  The reason")
@DRY_RUN
@framed
def cancel(frame: Frame, name: str, *, reason: str, dry_run: bool) -> None:
    desk = _desk(frame)
    id_ = PayoutBatchId(frame.inward("p", name))
    payout = desk.get(id_) if dry_run else desk.cancel(id_, reason)
    _print_payout(frame, desk, payout)


@pay.command(
    help=helps(
        "把已复核的送到银行，收取结果。退出码：6 银行未送达，稍后再运行；7 有结果未知的，系统会"
        "自行询问，不要另开一笔。Send what is approved; fetch what became of it. Exit 6: the bank "
        "was not reached; 7: an outcome is unknown and is asked for, never order it again.",
        "szunion pay run",
        "szunion pay run --dry-run",
        "szunion --json pay run",
    )
)
@DRY_RUN
@framed
def run(frame: Frame, *, dry_run: bool) -> int:
    if not dry_run:
        frame.system().run_until_idle()
    counts = _desk(frame).in_flight()
    if frame.as_json:
        frame.value({str(state.value): count for state, count in counts.items()})
    else:
        titles = (Text("在途", "on its way"), Text("笔数", "orders"))
        frame.rows(("state", "orders"), titles, list(counts.items()))
    if dry_run:
        return 0
    if counts.get(OrderState.UNKNOWN):
        return EXIT[BankOutcomeUnknown]
    if _due_now(frame):
        return EXIT[BankUnavailable]
    return _differences(frame, _desk(frame))


def _due_now(frame: Frame) -> bool:
    """Return whether something that was tried waits for the bank to be reached."""
    books = frame.desk(Role.FINANCE, Purpose.PAY).bank_books
    waiting = books.dispatches((DispatchState.QUEUED,))
    return any(each.kind is DispatchKind.PAY_OUT and each.attempts for each in waiting)


@pay.command(
    help=helps(
        "全部拨付，或一个批次的结果；有差异，退出码 3。Pay-outs, and the books.",
        "szunion pay show",
        "szunion pay show p_…",
    )
)
@click.argument("name", required=False)
@framed
def show(frame: Frame, name: str | None) -> int:
    desk = _desk(frame)
    if name is not None:
        payout = desk.get(PayoutBatchId(frame.inward("p", name)))
        _print_payout(frame, desk, payout)
        if not frame.as_json:
            states = Counter(order.state for order in desk.orders(payout.id))
            titles = (Text("结果", "outcome"), Text("笔数", "orders"))
            frame.rows(("outcome", "orders"), titles, list(states.items()))
        return 0
    rows: list[tuple[object, ...]] = []
    after = 0
    while page := desk.listed(after=after):
        rows += [_row(frame, each) for each in page]
        after = page[-1].id
    frame.rows(_KEYS, _TITLES, rows)
    return _differences(frame, desk)


def _differences(frame: Frame, desk: Treasury) -> int:
    """Say how many differences stand open between the books and the bank's statements."""
    books = desk.books()
    count = len(books.lines) + len(books.not_shown)
    frame.say(
        "账面与银行流水未解释的差异 {count}",
        "unexplained differences between books and statements {count}",
        count=count,
    )
    return PARTLY if count else 0


_LINE_KEYS = ("day", "position", "order", "kind", "yuan", "verdict", "explained")
_LINE_TITLES = (
    Text("日期", "day"),
    Text("行", "line"),
    Text("指令", "order"),
    Text("类别", "kind"),
    Text("金额（元）", "yuan"),
    Text("核对", "verdict"),
    Text("说明", "explained"),
)


@pay.command(
    help=helps(
        "银行流水逐行核对的结果；不写日期则只列未说明的差异。A day's statement, line by line; "
        "without a day, the differences that nobody has explained.",
        "szunion pay statement",
        "szunion pay statement 2018-02-05",
    )
)
@click.argument("day", required=False, type=click.DateTime(["%Y-%m-%d"]))
@framed
def statement(frame: Frame, day: datetime | None) -> int:
    desk = _desk(frame)
    lines = desk.books().lines if day is None else desk.statement(day.date())
    rows: Sequence[tuple[object, ...]] = [
        (
            line.day, line.position, line.key.text, line.kind,
            line.fen.amount if frame.as_json else str(line.fen), line.verdict,
            line.explained or None,
        )
        for line in lines
    ]  # fmt: skip
    frame.rows(_LINE_KEYS, _LINE_TITLES, rows)
    return PARTLY if any(line.differs for line in lines) else 0


@pay.command(
    help=helps(
        "说明一行流水为什么有差异，之后不再挡住新的拨付。Say why a line differs.",
        "szunion --user 甲 pay explain 2018-02-05 3 --why 银行更正通知3号",
    )
)
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("position", type=int)
@click.option("--why", required=True, help="原因  The reason")
@framed
def explain(frame: Frame, day: datetime, position: int, *, why: str) -> int:
    desk = _desk(frame)
    desk.explain(day.date(), position, why)
    return _differences(frame, desk)
