"""Know how the simulated world runs on the command line: a bank in a process of its own."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import FrameType

import click
from attrs import evolve

from szunion.adapters.addresses import AddressRule
from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.habits import Habits
from szunion.adapters.bank.http_peer import HttpPeer
from szunion.adapters.bank.server.push import Pusher
from szunion.adapters.bank.server.serve import BankServer
from szunion.adapters.bank.server.storm import read_storm
from szunion.adapters.bank.simulated import SIMULATED, SimulatedBank
from szunion.adapters.http import HttpLine
from szunion.adapters.sim_home import CALLBACK, PATH, certificates, open_home
from szunion.adapters.system import SystemClock
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.sim_files import files
from szunion.errors import ConfigError
from szunion.ports.system import Clock
from szunion.testing.clock import SimClock

_PUSH_EVERY = 0.5
_PAIR = click.Tuple([click.Path(dir_okay=False), click.Path(dir_okay=False)])


@click.group(
    help=helps(
        "模拟环境。The simulated world.",
        "szunion sim bank serve",
        "szunion sim bank serve --faults storm.toml --seed 7",
    )
)
def sim() -> None: ...


@sim.group(help=helps("模拟银行。The simulated bank.", "szunion sim bank serve --port 8500"))
def bank() -> None: ...


bank.add_command(files)


@bank.command(
    help=helps(
        "在单独的进程里运行模拟银行；柜台页在同一地址。"
        "Run the simulated bank in a process of its own; its page is at the same address.",
        "szunion sim bank serve --port 8500",
        "szunion sim bank serve --faults storm.toml --seed 7 --clock 2017-11-23",
        "szunion sim bank serve --callback http://127.0.0.1:8400/bank/callback --auto",
    )
)
@click.option("--host", default="127.0.0.1", help="监听地址，缺省只有本机  Where to listen")
@click.option("--port", default=8500, type=click.IntRange(0, 65535), help="端口，0 为任意  Port")
@click.option(
    "--home", default="szunion-sim-bank", type=click.Path(file_okay=False, path_type=Path),
    help="文件夹：账本、密钥、工会的设置  Journal, keys, the union's settings",
)  # fmt: skip
@click.option("--faults", type=click.Path(path_type=Path), help="故障计划 storm.toml  Faults")
@click.option("--seed", type=int, help="种子，缺省 7  The seed")
@click.option(
    "--clock",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="模拟时钟，从这一天 9 点起  A simulated clock",
)
@click.option("--auto", is_flag=True, help="银行自己核验、制卡、入账  The bank acts by itself")
@click.option("--callback", metavar="URL", help="把来报推送到此地址  Bring notices there")
@click.option("--keys", type=click.Path(path_type=Path), help="密钥清单，银行一侧  Keys")
@click.option("--tls", type=_PAIR, metavar="CERT KEY", help="证书和私钥  Certificate and key")
@click.option("--expired", type=_PAIR, metavar="CERT KEY", help="过期的证书  One that ran out")
@click.option("--clients", default="", metavar="CA", help="客户证书的根  Whose clients may come")
@framed
def serve(  # noqa: PLR0913 - each is one thing to choose
    frame: Frame,
    *,
    host: str,
    port: int,
    home: Path,
    faults: Path | None,
    seed: int | None,
    clock: datetime | None,
    auto: bool,
    callback: str | None,
    keys: Path | None,
    tls: tuple[str, str] | None,
    expired: tuple[str, str] | None,
    clients: str,
) -> int:
    plan = FaultPlan.none() if faults is None else read_storm(faults, seed=seed)
    time: Clock = SystemClock() if clock is None else SimClock(clock.date())
    shown = certificates(tls, expired, clients)
    to = None if callback is None else HttpLine(callback, rule=AddressRule.of(loopback=True))
    path = CALLBACK if to is None else to.origin.path
    number = 7 if seed is None else seed
    place = open_home(home, keys)
    behind = SimulatedBank.open(
        place.journal, seed=number, clock=time, faults=plan,
        info=evolve(SIMULATED, name="sim"), habits=Habits(seed=number) if auto else None,
    )  # fmt: skip
    try:
        peer = HttpPeer(behind, place.ring, time, path=PATH, callback_path=path)
        pusher = None if to is None else Pusher(peer, to, path, kept=place.pushed)
        try:
            server = BankServer((host, port), peer, time, pusher=pusher, certificates=shown)
        except OSError as error:
            raise ConfigError("E-SIM-009", port=port, problem=type(error).__name__) from None
        place.tell_union(server.url)
        with _serving(server) as stop:
            _announce(frame, server, host, str(place.settings))
            if clock is not None:
                _warn_of_clock(frame)
            while not stop.wait(None if pusher is None else _PUSH_EVERY):
                if pusher is not None:
                    pusher.push()
    finally:
        behind.close()
        if to is not None:
            to.close()
    frame.note("已停，账本在 {path}", "stopped; its journal is {path}", path=str(place.journal))
    return 0


def _announce(frame: Frame, server: BankServer, host: str, settings: str) -> None:
    if host not in {"127.0.0.1", "::1", "localhost"}:
        frame.note(
            "注意：监听 {host}，别的机器也能连上；柜台页仍只给本机",
            "note: listening on {host}, other machines can connect; the page stays local",
            host=host,
        )
    frame.value({"url": server.url, "path": PATH, "control": server.behind.control})
    frame.say(
        "模拟银行在 {url}（柜台页同址）；工会的设置写在 {file}；Ctrl-C 结束",
        "the simulated bank is at {url} (its page too); the union's settings are in {file}; "
        "Ctrl-C ends it",
        url=server.url,
        file=settings,
    )


def _warn_of_clock(frame: Frame) -> None:
    frame.note(
        "注意：银行用模拟时钟；时刻相差五分钟以上的报文两边互不接受，命令行用的是本机时钟",
        "note: the bank keeps simulated time; messages more than five minutes apart are refused "
        "both ways, and the command line keeps this machine's",
    )


@contextlib.contextmanager
def _serving(server: BankServer) -> Iterator[threading.Event]:
    """Serve while the block lasts; the event is set when a signal comes."""
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield stop
    finally:
        server.shut()
        serving.join(5)
