"""The simulated bank as a process of its own, and the union's line to it over real sockets."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from attrs import define, field

from szunion.adapters.assembly import signed_http_bank
from szunion.adapters.bank.signed_http import SignedHttpBank
from szunion.adapters.bank.signed_http_config import KeyConfig, SignedHttpConfig
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.ports.system import Clock
from szunion.testing.clock import SimClock

COMMAND = (sys.executable, "-c", "from szunion.cli import main; main()")
PATH = "/union/v1"


@define
class BankProcess:
    """A bank that was started on the command line. Its truth is its journal."""

    home: Path
    arguments: tuple[str, ...] = ()
    seed: int = 7
    day: str | None = "2017-11-23"
    """Where its simulated clock begins; None: the machine's clock."""
    url: str = field(default="", init=False)
    _control: str = field(default="", init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _lines: list[SignedHttpBank] = field(factory=list, init=False)

    def start(self) -> Self:
        self._lines.clear()
        command = (
            *COMMAND, "--json", "sim", "bank", "serve", "--port", "0", "--home", str(self.home),
            "--seed", str(self.seed), *(("--clock", self.day) if self.day else ()),
            *self.arguments,
        )  # fmt: skip
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(self._process.communicate()[1].decode()[-2000:])
        told = json.loads(line)
        self.url, self._control = told["url"], told["control"]
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> bytes:
        """Stop it and return what it said on stderr."""
        for line in self._lines:
            line.close()
        assert self._process is not None
        self._process.send_signal(how)
        _, said = self._process.communicate(timeout=30)
        self._process = None
        return said

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.stop()

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    # --- control ----------------------------------------------------------------------------

    def control(self, what: str, **told: object) -> Any:
        """Make one control call; its answer."""
        status, body = self.http(
            "POST", f"/sim/{what}", json.dumps(told).encode(), {"x-szunion-control": self._control}
        )
        assert status == 200, (status, body)
        return json.loads(body) if what != "snapshot" else body

    def http(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Make one plain call over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def truth(self) -> SimulatedBank:
        """Return the bank that rises from this one's journal."""
        return SimulatedBank.restore(
            self.control("snapshot"), seed=self.seed, clock=SimClock("2040-01-01")
        )

    # --- the union's side -------------------------------------------------------------------

    def config(self, *, port: int | None = None, **more: Any) -> SignedHttpConfig:
        """Return the union's settings for this bank, or for a proxy in front of it."""
        return SignedHttpConfig(
            url=f"http://127.0.0.1:{port or self.port}{PATH}",
            sign=[KeyConfig(id="union-1", file=str(self.home / "union.key"))],
            verify=[KeyConfig(id="bank-1", file=str(self.home / "bank.key"))],
            loopback=True,
            gapless=True,
            **more,
        )

    def line(
        self, clock: Clock, *, port: int | None = None, config: SignedHttpConfig | None = None
    ) -> SignedHttpBank:
        """Return the union's line to this bank; it is closed when the bank stops."""
        made = signed_http_bank(config or self.config(port=port), clock)
        self._lines.append(made)
        return made

    def weather(self, **plan: object) -> None:
        """Let other faults strike from now on; without any, none."""
        self.control("faults", **plan)


class SharedClock(SimClock):
    """A simulated clock that moves the bank's with it."""

    def __init__(self, bank: BankProcess) -> None:
        super().__init__("2017-11-23")
        self._bank = bank

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> Any:
        before = self.now()
        after = super().advance(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._bank.control("clock", advance=(after - before).total_seconds())
        return after
