"""Know how ``szunion demo`` is run and what it prints."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from szunion import __version__
from szunion.cli.files import unusable
from szunion.cli.frame import Frame, framed
from szunion.cli.streams import put
from szunion.cli.tables import table
from szunion.domain.values import Fen
from szunion.errors import Conflict, InvalidInput
from szunion.text import Text

if TYPE_CHECKING:
    from szunion.testing.demo_facts import DemoFacts

SEED: Final = 20171123
_OURS: Final = frozenset(
    {
        "union.db", "union.db-wal", "union.db-shm", "union.keys", "bank.jsonl", "szunion.toml",
        "report.html", "facts.json", "rosters",
    }
)  # fmt: skip


@click.command()
@click.option("--out", default="./szunion-demo", metavar="DIR", help="文件夹  Folder to write")
@click.option("--seed", default=SEED, metavar="N", help="种子：同样的种子，同样的数字  Seed")
@click.option("--force", is_flag=True, help="覆盖上一次的演示  Overwrite the last demo")
@framed
def demo(frame: Frame, out: str, seed: int, force: bool) -> int:  # noqa: FBT001 - click's
    """
    \b
    szunion demo
    szunion demo --force --seed 7
    szunion --lang en --json demo --out /tmp/demo

    五分钟演示：一座模拟城市的六十天。Sixty days of a simulated city, in seconds.
    """  # noqa: D205, D212, D301, D415 - click's own mark for text that is not wrapped
    from szunion.testing.demo import demo_run  # noqa: PLC0415 - `szunion --help` stays light
    from szunion.testing.demo_facts import facts_of  # noqa: PLC0415
    from szunion.testing.demo_report import report_html  # noqa: PLC0415

    _need_excel()
    folder = Path(out)
    _clear(folder, force=force)
    began = time.perf_counter()

    def progress(what: Text, day: int) -> None:
        frame.note("  第 {day} 天 {what}", "  day {day}: {what}",
                   day=day, what=what.say(frame.language))  # fmt: skip

    with demo_run(folder, seed=seed, progress=progress) as run:
        run.live()
        facts = facts_of(run)
    (folder / "report.html").write_text(report_html(facts, frame.language), "utf-8")
    plain = json.dumps(facts.plain(), ensure_ascii=False, indent=1, default=str)
    (folder / "facts.json").write_text(plain + "\n", "utf-8")
    spent = time.perf_counter() - began
    if frame.as_json:
        told = {"seconds": round(spent, 1), "report": str(folder / "report.html")}
        frame.value(facts.plain() | told)
    else:
        _print(frame, facts, folder, spent)
    return 0 if facts.fine else 1


def _need_excel() -> None:
    for package in ("xlsxwriter", "python_calamine"):
        if find_spec(package) is None:
            raise InvalidInput("E-ROSTER-009", package=package.replace("_", "-"))


def _clear(folder: Path, *, force: bool) -> None:
    """Make room for a new demo; only what a demo has written is ever removed.

    The folder itself, and its mode, are whoever's made it.

    Raises:
        Conflict: a demo is there, and *force* is not said (E-CLI-004), or something that is not
            a demo's (E-CLI-009).
        InvalidInput: it is no folder, or cannot be made (E-CLI-005).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(folder.iterdir())
        if others := _others(folder, there):
            names = "、".join(others[:3])
            raise Conflict("E-CLI-009", current="", allowed=(), folder=str(folder), names=names)
        if there and not force:
            raise Conflict("E-CLI-004", current=str(folder), allowed=(), folder=str(folder))
        for each in there:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    except OSError as error:
        raise unusable(folder, error) from None


def _others(folder: Path, there: Sequence[Path]) -> list[str]:
    """Return what is no demo's in *folder*: all of it, where a demo's settings do not lie.

    A union's own folder has files of the same names.
    """
    from szunion.testing.demo import SIGN  # noqa: PLC0415 - loaded by now
    from szunion.testing.world import DEMO_UNIONS  # noqa: PLC0415 - likewise

    settings = folder / "szunion.toml"
    if not (settings.is_file() and settings.read_bytes().startswith(SIGN.encode())):
        return [each.name for each in there]
    rosters = folder / "rosters"
    handed = sorted(rosters.iterdir()) if rosters.is_dir() else []
    ends = (".xlsx", ".csv", "-待修正.xlsx")
    known = {f"{union.name}{end}" for union in DEMO_UNIONS for end in ends}
    strange = [each for each in handed if each.is_dir() or each.name not in known]
    return [each.name for each in there if each.name not in _OURS] + [
        f"rosters/{each.name}" for each in strange
    ]


def _print(frame: Frame, facts: DemoFacts, folder: Path, spent: float) -> None:
    frame.say(
        "szunion {version} 演示：模拟银行 · 模拟卡 · SQLite"
        "（种子 {seed}，虚拟时间 {start} 起 {days} 天）\n",
        "szunion {version} demo: simulated bank · simulated card · SQLite "
        "(seed {seed}, {days:|day|days} from {start})\n",
        version=__version__, seed=facts.seed, start=facts.start, days=facts.days,
    )  # fmt: skip
    _print_funnel(frame, facts)
    _print_faults(frame, facts)
    _print_money(frame, facts)
    _print_ways_on(frame, folder)
    frame.say("耗时 {spent:.1f} 秒", "took {spent:.1f} s", spent=spent)


def _print_funnel(frame: Frame, facts: DemoFacts) -> None:
    from szunion.testing.demo_facts import STEPS  # noqa: PLC0415 - loaded by now

    rows = []
    before: int | None = None
    for (_, name, _), step in zip(STEPS, facts.funnel, strict=True):
        share = "—" if before is None else f"{step.people / max(before, 1):.1%}"
        slowest = f"{step.slowest_days:.1f}" if step.slowest_days else "—"
        rows.append((name.say(frame.language), f"{step.people:,}", share, slowest))
        before = step.people
    head = (
        frame.text("环节", "step"), frame.text("人数", "people"),
        frame.text("占上一步", "of the last"), frame.text("最慢用时（天）", "slowest (days)"),
    )  # fmt: skip
    put(table(head, rows) + "\n")


def _print_faults(frame: Frame, facts: DemoFacts) -> None:
    from szunion.testing.demo_facts import fault_text  # noqa: PLC0415 - loaded by now

    faults = " · ".join(
        f"{fault_text(kind).say(frame.language)} {count}" for kind, count in facts.faults
    )
    frame.say("注入的故障  {faults}", "faults injected  {faults}", faults=faults or "0")
    frame.say(
        "重复发卡 {issued} · 重复付款 {paid} · 未解释的对账差异 {open}（日终对账 {runs} 次，"
        "先后 {closed} 处不同，全部核平）",
        "issued twice {issued} · paid twice {paid} · unexplained differences {open} "
        "({runs:|daily comparison|daily comparisons}; {closed:|difference|differences}, "
        "all settled)",
        issued=facts.issued_twice, paid=facts.paid_twice, open=facts.differences,
        runs=len(facts.recons), closed=sum(each.closed for each in facts.recons),
    )  # fmt: skip
    frame.say(
        "花名册      {rows:,} 行，{bad} 行待修正（错在哪、怎么改都写在“待修正”工作簿里）",
        "rosters     {rows:,|row|rows}, {bad} to mend "
        "(what and how stands in the to-mend workbooks)",
        rows=facts.rows, bad=facts.rows - sum(each.accepted for each in facts.files),
    )  # fmt: skip


def _print_money(frame: Frame, facts: DemoFacts) -> None:
    money = facts.money
    frame.say(
        "送温暖      {households:,} 户 × {each} 元 = {ours} 元，银行到账 {bank} 元，差额 {off} 元"
        "（指令 {orders:,} 笔，退票重拨 {returned} 笔）",
        "aid         {households:,|household|households} × {each} = {ours} yuan; "
        "the bank paid {bank}; "
        "difference {off} ({orders:,|order|orders}, {returned} came back and went again)",
        households=money.households, each=Fen(money.each), ours=Fen(money.ours),
        bank=Fen(money.bank), off=Fen(money.ours - money.bank), orders=money.orders,
        returned=money.returned,
    )  # fmt: skip


def _ours() -> str:
    """Return how this command is called from here: `make demo` leaves it out of the PATH."""
    if shutil.which("szunion") is not None:
        return "szunion"
    called = Path(sys.argv[0])
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)


def _print_ways_on(frame: Frame, folder: Path) -> None:
    report, config = folder / "report.html", folder / "szunion.toml"
    frame.say("报告    {report}    （双击打开，离线可看）",
              "report    {report}    (opens offline)", report=report)  # fmt: skip
    if find_spec("lets_plot") is None:
        frame.say(
            "        没有安装 szunion[report]，报告里是表格，没有图",
            "          szunion[report] is not installed: tables instead of pictures",
        )
    frame.say("数据库  {db}    查看：{szunion} member list --config {config}",
              "database  {db}    look: {szunion} member list --config {config}",
              db=folder / "union.db", config=config, szunion=_ours())  # fmt: skip
