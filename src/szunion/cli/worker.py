"""Know how the engine runs on the command line: until stopped, or once."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click
from attrs import evolve

from szunion.cli.frame import Frame, framed, helps
from szunion.errors import BankUnavailable, KeysUnavailable

_LONGEST_WAIT = 30.0


@click.command(
    help=helps(
        "后台作业：发送、询问、收取、到期、封存日志。The engine: send, ask, listen, seal.",
        "szunion worker",
        "szunion worker --once",
    )
)
@click.option("--once", is_flag=True, help="办完全部待办即结束  Until nothing is due")
@click.option("--name", default="engine", metavar="NAME", help="作业名  The worker's name")
@framed
def worker(frame: Frame, *, once: bool, name: str) -> int:
    missing: dict[str, KeysUnavailable] = {}

    def without_keys(error: KeysUnavailable) -> None:
        if error.code not in missing:
            missing[error.code] = error
            frame.note("{what}", "{what}", what=error.what(frame.language))

    engine = evolve(frame.system().worker(name), without_keys=without_keys)
    if once:
        rounds = engine.run_until_idle()
        frame.value({"rounds": rounds})
        frame.say(
            "已做 {rounds} 轮，没有待办了", "{rounds:|round|rounds}; nothing is due", rounds=rounds
        )
        if not engine.desk.ear.reaches(engine.bank):
            # "Nothing is due" must not be read as "the bank has told nothing".
            raise BankUnavailable("E-BANK-028", bank=engine.bank.info.name)
        for error in missing.values():
            raise error  # some of it is due, and waits for its keys
        return 0
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    frame.note("作业 {name} 开始；Ctrl-C 结束", "worker {name} began; Ctrl-C ends it", name=name)
    while not stop.is_set():
        engine.run_until_idle()
        wait = engine.idle_for()
        stop.wait(_LONGEST_WAIT if wait is None else min(wait.total_seconds(), _LONGEST_WAIT))
    frame.note("已停，下次接着做", "stopped; the next one goes on from here")
    return 0
