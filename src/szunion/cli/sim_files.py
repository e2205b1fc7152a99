"""Know how the simulated bank exchanges files on the command line, in a process of its own."""

from __future__ import annotations

import signal
import threading
from datetime import datetime
from pathlib import Path
from types import FrameType

import click
from attrs import evolve

from szunion.adapters.bank.batch_file.make import layout_named
from szunion.adapters.bank.batch_file.peer import FilePeer
from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.habits import Habits
from szunion.adapters.bank.server.storm import read_storm
from szunion.adapters.bank.simulated import SIMULATED, SimulatedBank
from szunion.adapters.system import SystemClock
from szunion.cli.frame import Frame, framed, helps
from szunion.ports.system import Clock
from szunion.testing.clock import SimClock


@click.command(
    help=helps(
        "模拟银行，用文件收发，单独的进程。The simulated bank that exchanges files.",
        "szunion sim bank files --dir exchange --layout fixed --auto",
        "szunion sim bank files --dir exchange --layout our-bank.toml --faults storm.toml --once",
    )
)
@click.option(
    "--dir", "folder", default="szunion-sim-files",
    help="收发文件夹：out 工会送出，in 银行送来  The folder",
    type=click.Path(file_okay=False, path_type=Path),
)  # fmt: skip
@click.option(
    "--layout", default="fixed", metavar="NAME", help="fixed、delimited 或布局文件  Layout"
)
@click.option("--faults", type=click.Path(path_type=Path), help="故障计划 storm.toml  Faults")
@click.option("--seed", type=int, help="种子，缺省 7  The seed")
@click.option(
    "--clock", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY",
    help="模拟时钟，从这一天 9 点起  A simulated clock",
)  # fmt: skip
@click.option("--auto", is_flag=True, help="银行自己核验、制卡、入账  The bank acts by itself")
@click.option("--once", is_flag=True, help="办完全部待办即结束  Until there is nothing to do")
@click.option("--every", default=1.0, type=click.FloatRange(0.01), help="隔几秒看一次  Seconds")
@framed
def files(  # noqa: PLR0913 - each is one thing to choose
    frame: Frame,
    *,
    folder: Path,
    layout: str,
    faults: Path | None,
    seed: int | None,
    clock: datetime | None,
    auto: bool,
    once: bool,
    every: float,
) -> int:
    plan = FaultPlan.none() if faults is None else read_storm(faults, seed=seed)
    number = 7 if seed is None else seed
    time: Clock = SystemClock() if clock is None else SimClock(clock.date())
    home = folder / "bank"
    home.mkdir(parents=True, exist_ok=True)
    # What befalls files is the peer's; the bank's own line takes the rest of the plan.
    line = evolve(plan, truncate_file=0.0, wrong_total=0.0)
    bank = SimulatedBank.open(
        home / "journal", seed=number, clock=time, faults=line,
        info=evolve(SIMULATED, name="sim"), habits=Habits(seed=number) if auto else None,
    )  # fmt: skip
    peer = FilePeer(
        layout_named(layout), folder / "out", folder / "in", home, bank, time, faults=plan
    )
    try:
        return _until_idle(frame, peer) if once else _until_stopped(frame, peer, folder, every)
    finally:
        bank.close()


def _until_idle(frame: Frame, peer: FilePeer) -> int:
    steps = 0
    while peer.step() or peer.under_way:
        steps += 1
    frame.value({"steps": steps})
    frame.say("已做 {steps} 轮", "{steps:|round|rounds}", steps=steps)
    return 0


def _until_stopped(frame: Frame, peer: FilePeer, folder: Path, every: float) -> int:
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    frame.note(
        "模拟银行在 {folder} 收发文件；Ctrl-C 结束",
        "the simulated bank exchanges files in {folder}; Ctrl-C ends it",
        folder=folder.name,
    )
    while not stop.is_set():
        peer.visit()
        stop.wait(every)
    return 0
