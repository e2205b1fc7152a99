"""Know how many messages a second go to a bank over signed HTTP, beside a bare post of httpx.

The bank is the simulated one in a process of its own, over loopback; a bare post goes to the same
place with the same bytes, signed once, so that the server does the same. Ours and the peer's are
measured in turns. Through the bank desk each message is three commits on SQLite besides.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from tests.cardtown import card_town_on
from tests.offices import office_on

from szunion.adapters.assembly import keyring, signed_http_bank
from szunion.adapters.bank.http_peer import HttpPeer
from szunion.adapters.bank.json_text import read_json, write_json
from szunion.adapters.bank.json_wire import receipt_from_plain, receipt_to_plain, request_to_plain
from szunion.adapters.bank.signatures import CheckingKey, Keyring, SigningKey, sign
from szunion.adapters.bank.signed_http import SignedHttpBank
from szunion.adapters.bank.signed_http_config import KeyConfig, SignedHttpConfig
from szunion.adapters.bank.simulated import SIMULATED, SimulatedBank
from szunion.adapters.http import HttpAnswer
from szunion.adapters.keys.messages import HmacSha256
from szunion.adapters.system import SystemClock
from szunion.application.bank_desk import TOGETHER
from szunion.application.worker import Worker
from szunion.domain.bank import Statement, StatementKind, StatementLine, Told
from szunion.domain.bank_requests import Answer, Receipt, SetCardUse
from szunion.domain.values import CardRef, CardToken, Fen, RequestKey
from szunion.ports.bank import Deadline
from szunion.ports.system import Clock
from szunion.testing.clock import SimClock

ROUNDS = 5
MESSAGES = 200
MEMBERS = ROUNDS * TOGETHER
CALLBACK_LIMIT_US = 200.0
SOON = Deadline(30.0)
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _key(number: int) -> RequestKey:
    digits = []
    for _ in range(26):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return RequestKey("".join(digits))


class Bank:
    """The bank's process."""

    def __init__(self, home: Path, clock: str | None) -> None:
        command = [
            sys.executable, "-c", "from szunion.cli import main; main()", "--json", "sim", "bank",
            "serve", "--port", "0", "--home", str(home),
        ]  # fmt: skip
        command += [] if clock is None else ["--clock", clock]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.url: str = told["url"]
        self._headers = {"x-szunion-control": told["control"]}
        self.config = SignedHttpConfig(
            url=self.url + "/union/v1",
            sign=[KeyConfig(id="union-1", file=str(home / "union.key"))],
            verify=[KeyConfig(id="bank-1", file=str(home / "bank.key"))],
            loopback=True,
        )

    def bare(self, client: httpx.Client, clock: Clock) -> Callable[[int], None]:
        """Return a bare post: the same bytes each time, to the place where ours go."""
        body = write_json(request_to_plain(_use(0)))
        target = "/union/v1/requests"
        ring = keyring(self.config.sign, self.config.verify)
        headers = sign(ring, id_=_key(0).text, now=clock.now(), word="POST", path=target, body=body)

        def post(_: int) -> None:
            answer = client.post(self.url + target, content=body, headers=headers)
            assert answer.status_code == 200, answer.status_code

        return post

    def press(self, act: str, target: str) -> None:
        said = {"act": act, "target": target}
        httpx.post(f"{self.url}/sim/do", json=said, headers=self._headers).raise_for_status()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()


def _rate(work: Callable[[int], None], count: int, first: int) -> float:
    start = time.perf_counter()
    for number in range(first, first + count):
        work(number)
    return count / (time.perf_counter() - start)


def _line(name: str, ours: float, peer: float, floor: float) -> dict[str, Any]:
    ratio = ours / peer
    return {
        "name": name, "ours": ours, "peer": peer, "limit": None, "ratio": ratio, "floor": floor,
        "ok": ratio >= floor,
    }  # fmt: skip


def _adapter_alone(folder: Path) -> dict[str, Any]:
    bank = Bank(folder / "alone", None)
    clock = SystemClock()
    line = signed_http_bank(bank.config, clock)
    try:
        with httpx.Client() as client:
            post = bank.bare(client, clock)

            def send(number: int) -> None:
                line.send(_use(number), deadline=SOON)

            _rate(post, 20, 0)
            _rate(send, 20, 10**6)
            ours, peers = [], []
            for turn in range(ROUNDS):
                peers.append(_rate(post, MESSAGES, 0))
                ours.append(_rate(send, MESSAGES, turn * MESSAGES))
    finally:
        line.close()
        bank.close()
    name = "signed_http: messages/s, signed and verified both ways / bare httpx post"
    return _line(name, statistics.median(ours), statistics.median(peers), 0.3)


def _use(number: int) -> SetCardUse:
    card = CardRef(CardToken("T" * 24))
    return SetCardUse(key=_key(number), card=card, allowed=False, reason="LEFT_UNION")


def _through_the_desk(folder: Path) -> dict[str, Any]:
    bank = Bank(folder / "desk", "2017-11-23")
    place = card_town_on(office_on("sqlite", folder))
    line = signed_http_bank(bank.config, place.clock)
    worker = Worker(office=place.office, bank=line, notifier=place.notifier)
    try:
        people = place.admit(MEMBERS)
        asked = place.approve(people)
        worker.run_until_idle()
        assert asked.key is not None
        bank.press("produce", asked.key.text)
        bank.press("face_sign", asked.key.text)
        worker.run_until_idle()
        members = place.town.memberships(place.town.g(0))
        for number, person in enumerate(people):
            members.quit(person, document=f"退会申请 {number}")
        ours, peers = [], []
        with httpx.Client() as client:
            post = bank.bare(client, place.clock)
            for _ in range(ROUNDS):
                peers.append(_rate(post, TOGETHER, 0))
                start = time.perf_counter()
                assert worker.desk.deliver(), "a set is due in each round"
                ours.append(TOGETHER / (time.perf_counter() - start))
        assert not worker.desk.deliver(), "and no more"
    finally:
        line.close()
        bank.close()
        place.office.storage.close()
    name = "bank_desk + signed_http: messages/s, on SQLite with its commits / bare httpx post"
    return _line(name, statistics.median(ours), statistics.median(peers), 0.03)


def _callback() -> dict[str, Any]:
    """Return the median time of verifying and reading one callback of 4 KiB."""
    clock, key = SimClock(), HmacSha256(b"k" * 32)
    ring = Keyring(
        signing=(SigningKey(id="k", signer=key),), checking=(CheckingKey(id="k", verifier=key),)
    )
    peer = HttpPeer(SimulatedBank(clock=clock), ring, clock)
    bank = SignedHttpBank(
        info=SIMULATED, line=_NoLine(), ring=ring, clock=clock, ids=lambda: "q"
    )  # fmt: skip
    lines = tuple(StatementLine(_key(n), StatementKind.PAID, Fen(300_000)) for n in range(55))
    told = Told(event_id="E1", stream="statement", sequence=1, effective=clock.now())
    notice = Statement(told=told, day=clock.today(), lines=lines)
    (call,) = peer.callbacks(notice)
    assert 3_500 < len(call.body) < 4_700, len(call.body)
    ours, peers = [], []
    for _ in range(2_000):
        start = time.perf_counter()
        bank.receive(call.headers, call.body)
        middle = time.perf_counter()
        json.loads(call.body)
        key.sign(call.body)
        ours.append((middle - start) * 1e6)
        peers.append((time.perf_counter() - middle) * 1e6)
    mine, bare = statistics.median(ours), statistics.median(peers)
    return {
        "name": "callback of 4 KiB: µs, verified and read / bare json.loads and one HMAC",
        "ours": mine, "peer": bare, "limit": CALLBACK_LIMIT_US, "ratio": mine / bare,
        "floor": None, "ok": mine <= CALLBACK_LIMIT_US,
    }  # fmt: skip


class _NoLine:
    def call(self, *_: object, **__: object) -> HttpAnswer:
        raise AssertionError


def _wire() -> dict[str, Any]:
    """Return how many receipts a second are written and read, beside bare JSON."""
    receipt = Receipt(key=_key(1), answer=Answer.ACCEPTED, rows=5000, total=Fen(10**9))
    body = write_json(receipt_to_plain(receipt))

    def both(_: int) -> None:
        write_json(receipt_to_plain(receipt))
        receipt_from_plain(read_json(body))

    plain = json.loads(body)

    def bare(_: int) -> None:
        json.dumps(plain, ensure_ascii=False).encode()
        json.loads(body)

    ours = [_rate(both, 2_000, 0) for _ in range(ROUNDS)]
    peers = [_rate(bare, 2_000, 0) for _ in range(ROUNDS)]
    name = "json_wire: receipts/s written and read to the letter / bare json"
    return _line(name, statistics.median(ours), statistics.median(peers), 0.1)


def lines() -> list[dict[str, Any]]:
    """Return the lines of the signed HTTP bank."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [_adapter_alone(folder), _through_the_desk(folder), _callback(), _wire()]
