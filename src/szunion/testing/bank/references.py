"""Know the promises of our own bank adapters: the same kit that a stranger's are held to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from attrs import evolve, frozen

from szunion.adapters.bank.batch_file.config import BatchFileConfig
from szunion.adapters.bank.batch_file.make import batch_file_bank, layout_named
from szunion.adapters.bank.batch_file.peer import FilePeer
from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.http_peer import HttpPeer, PeerLine
from szunion.adapters.bank.json_text import read_json
from szunion.adapters.bank.json_wire import request_from_plain
from szunion.adapters.bank.signatures import CheckingKey, Keyring, SigningKey
from szunion.adapters.bank.signed_http import SignedHttpBank
from szunion.adapters.http import HttpAnswer, MayHaveArrived, NeverArrived
from szunion.adapters.keys.messages import HmacSha256
from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.values import RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, InvalidInput
from szunion.ports.bank import BankAdapter, BankInfo, Collected, Cursor, Deadline
from szunion.testing.bank.behind import BankBehind, Trouble, TroubleKind
from szunion.testing.bank.promises import BankPromises

T = TypeVar("T")

_SENDING: Final = {
    TroubleKind.NEVER_ARRIVED: FaultPlan(unreachable=1.0),
    TroubleKind.SERVER_ERROR: FaultPlan(error_after_acting=1.0),
}
_PATIENCE: Final = 30.0
_MOST_ROWS: Final = 1000
_LOST: Final = FaultPlan(drop_response=1.0, drop_question=1.0, break_collect=1.0)


@frozen
class SimulatedLine:
    """The simulated bank's own line, with the kit's troubles as faults of its plan."""

    behind: BankBehind

    @property
    def info(self) -> BankInfo:
        """What the simulated bank says of itself."""
        return self.behind.bank.info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Send as the simulated bank's line does."""
        before = self.behind.arrivals().get(request.key, 0)
        try:
            return self._troubled(lambda: self.behind.bank.send(request, deadline=deadline))
        finally:
            arrived = self.behind.arrivals().get(request.key, 0) - before
            self.behind.arrived.extend([request] * arrived)

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        """Ask as the simulated bank's line does."""
        return self._troubled(lambda: self.behind.bank.ask(key, deadline=deadline))

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Collect as the simulated bank's line does."""
        try:
            return self._troubled(lambda: self.behind.bank.collect(after=after))
        except InvalidInput:
            raise BankUnavailable("E-BANK-001", bank=self.info.name) from None

    def _troubled(self, call: Callable[[], T]) -> T:
        bank, kind = self.behind.bank, self.behind.next_trouble()
        if kind is None:
            return call()
        plan, bank.faults = bank.faults, _SENDING.get(kind, _LOST)
        try:
            return call()
        finally:
            bank.faults = plan


class SimulatedPromises(BankPromises):
    """The promises of ``simulated``."""

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        """Return the simulated bank's own line."""
        return SimulatedLine(behind)


# --- signed JSON over HTTP ------------------------------------------------------------------

_PATH: Final = "/union/v1"
_CALLBACK: Final = "/bank/callback"
_OURS: Final = HmacSha256(b"the union's key of the kit, 32 b")
_THEIRS: Final = HmacSha256(b"the bank's key of the kit, 32 by")


def _ring(signing: HmacSha256, checking: HmacSha256, name: str, other: str) -> Keyring:
    return Keyring(
        signing=(SigningKey(id=name, signer=signing),),
        checking=(CheckingKey(id=other, verifier=checking),),
    )


@frozen
class HttpLineOfTheKit:
    """What carries a call to the peer in process, through the kit's bad wire."""

    behind: BankBehind
    peer: HttpPeer

    def call(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        seconds: float,
    ) -> HttpAnswer:
        """Let the peer answer, unless something is in the way."""
        if seconds <= 0:
            raise NeverArrived
        kind = self.behind.next_trouble()
        if kind is TroubleKind.NEVER_ARRIVED:
            raise NeverArrived
        answer = self._arrive(method, target, headers, body)
        match kind:
            case None:
                return answer
            case TroubleKind.NO_ANSWER:
                raise MayHaveArrived
            case TroubleKind.SERVER_ERROR:
                return HttpAnswer(status=500, headers={}, body=b"<h1>500</h1>")
            case _:
                return evolve(answer, body=self.behind.spoilt(kind, answer.body))

    def _arrive(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        before = sum(self.behind.arrivals().values())
        try:
            return PeerLine(self.peer).call(
                method, target, headers=headers, body=body, seconds=_PATIENCE
            )
        finally:
            if method == "POST" and sum(self.behind.arrivals().values()) > before:
                self.behind.arrived.append(request_from_plain(read_json(body)))


class SignedHttpPromises(BankPromises):
    """The promises of ``signed_http``, its whole wire format in process."""

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        """Join the adapter to the bank's side of the signed line."""
        ids = itertools.count()
        return SignedHttpBank(
            info=evolve(behind.bank.info, name="signed_http", most_rows=_MOST_ROWS),
            line=HttpLineOfTheKit(behind, self._peer(behind)),
            ring=_ring(_OURS, _THEIRS, "u1", "b1"),
            clock=behind.clock,
            ids=lambda: f"q{next(ids):015d}",
            path=_PATH,
            callback_path=_CALLBACK,
        )

    def make_callback(
        self, behind: BankBehind, notices: Sequence[BankNotice]
    ) -> tuple[Mapping[str, str], bytes]:
        """Return a callback as the bank sends it: one notice each."""
        call = self._peer(behind).callbacks(notices[0])[-1]
        return call.headers, call.body

    def _peer(self, behind: BankBehind) -> HttpPeer:
        ring = _ring(_THEIRS, _OURS, "b1", "u1")
        return HttpPeer(behind.bank, ring, behind.clock, path=_PATH, callback_path=_CALLBACK)


@frozen
class BehindFiles:
    """The kit's bank, as the peer of files asks it: a call that fails is made at the next visit."""

    behind: BankBehind

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Take a request in; a call that fails is made again at the next visit."""
        del deadline
        try:
            return self.behind.take(request)
        except Trouble:
            raise BankOutcomeUnknown("E-BANK-002", bank="kit", key=request.key) from None

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Tell what there is behind *after*."""
        place = 0 if after is None else int(after)
        try:
            news = self.behind.news(place)
        except Trouble:
            raise BankUnavailable("E-BANK-001", bank="kit") from None
        return [Collected(notice=each.notice, cursor=Cursor(str(each.place))) for each in news]


class BatchFilePromises(BankPromises):
    """The promises of ``batch_file``, with the layout of fixed width."""

    layout = "fixed"

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        """Return a line of files whose other end comes by at every turn."""
        root = behind.folder / "files"
        config = BatchFileConfig(
            layout=self.layout,
            spool=str(root / "spool"),
            outbox=str(root / "out"),
            inbox=str(root / "in"),
        )
        peer = FilePeer(
            layout_named(self.layout),
            root / "out",
            root / "in",
            root / "bank",
            BehindFiles(behind),
            behind.clock,
            wire=behind.wire,
        )
        behind.every_turn(peer.visit)
        return batch_file_bank(config, behind.clock)
