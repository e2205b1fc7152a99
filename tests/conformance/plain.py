"""A bank that speaks plain JSON, an adapter for it, and its peer: what planted bugs are put into.

Everything that an adapter can get wrong is a small method here, so that a bug is a few lines.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, get_args

from attrs import has
from cattrs import BaseValidationError, Converter

from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.values import Fen, Masked, RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, SignatureInvalid
from szunion.ports.bank import BankAdapter, BankInfo, Collected, Cursor, Deadline
from szunion.ports.system import Clock
from szunion.testing.bank import (
    BankBehind,
    BankPromises,
    News,
    NewsAfter,
    PeerAnswer,
    PeerBank,
    PeerCall,
)

UNREADABLE: Final = (ValueError, KeyError, TypeError, BaseValidationError)
SECRET: Final = b"a secret of this test and of nothing else"
WINDOW: Final = timedelta(seconds=300)
_KINDS: Final = {kind.__name__: kind for kind in (*get_args(BankRequest), *get_args(BankNotice))}

Transport = Callable[[str, bytes], tuple[int, bytes]]
"""Path and body in, status and body out; ConnectionError: it never left; TimeoutError: perhaps."""


def _converter() -> Converter:
    made = Converter(forbid_extra_keys=True)
    plain = lambda value: value.plain() if isinstance(value, Masked) else value.text  # noqa: E731
    made.register_unstructure_hook_func(_is((Masked, RequestKey)), plain)
    made.register_structure_hook_func(_is((Masked, RequestKey)), lambda text, kind: kind(text))
    made.register_unstructure_hook_func(_is((Enum,)), lambda value: value.value)
    made.register_structure_hook_func(_is((Enum,)), lambda text, kind: kind(text))
    made.register_unstructure_hook(Fen, lambda fen: fen.amount)
    made.register_structure_hook(Fen, lambda amount, _: Fen(amount))
    for kind in (datetime, date):
        made.register_unstructure_hook(kind, lambda value: value.isoformat())
        made.register_structure_hook(kind, lambda text, kind: kind.fromisoformat(text))
    return made


def _is(kinds: tuple[type, ...]) -> Callable[[Any], bool]:
    return lambda kind: isinstance(kind, type) and issubclass(kind, kinds)


CONVERTER: Final = _converter()


def to_json(value: Any) -> Any:
    assert has(type(value))
    return {"what": type(value).__name__, **CONVERTER.unstructure(value)}


def from_json(plain: Any) -> Any:
    rest = dict(plain)
    return CONVERTER.structure(rest, _KINDS[rest.pop("what")])


class PlainBank:
    """A correct adapter."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self.transport = transport
        self.clock = clock

    @property
    def info(self) -> BankInfo:
        return BankInfo(
            name="plain", accepts=frozenset(get_args(BankRequest)), most_rows=500,
            idempotent_send=True, gapless=True,
        )  # fmt: skip

    # --- the port ---------------------------------------------------------------------------

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        if self.too_late(deadline):
            raise self.unavailable()
        try:
            status, body = self.transport("/requests", self.write(request))
        except ConnectionError as error:
            return self.unreached(request, error)
        except TimeoutError as error:
            return self.no_answer(request, error)
        if status != 200:
            return self.failed(request, status, body)
        try:
            return self.read_receipt(request, body)
        except UNREADABLE:
            return self.garbled(request, body)

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        assert deadline.seconds > 0
        try:
            status, body = self.transport(f"/requests/{key.text}", b"")
            if status == 404:
                return None
            if status != 200:
                raise self.unavailable()
            return CONVERTER.structure(json.loads(body), Receipt)
        except (OSError, *UNREADABLE):
            return self.no_answer_to_a_question(key)

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        for place, notice in self.page(self.begin(after)):
            yield Collected(notice=notice, cursor=self.cursor(place))

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        at, signature = headers.get("x-at", ""), headers.get("x-signature", "")
        if not (at.isascii() and at.isdigit() and len(at) == 10):
            raise SignatureInvalid("E-SIG-001")
        if not self.genuine(at, body, signature) or not self.timely(int(at)):
            raise SignatureInvalid("E-SIG-001")
        try:
            return [from_json(each) for each in json.loads(body)]
        except UNREADABLE:
            raise SignatureInvalid("E-SIG-001") from None

    # --- what can be got wrong --------------------------------------------------------------

    def too_late(self, deadline: Deadline) -> bool:
        return deadline.seconds <= 0

    def write(self, request: BankRequest) -> bytes:
        return json.dumps(to_json(request), ensure_ascii=False).encode()

    def read_receipt(self, request: BankRequest, body: bytes) -> Receipt:
        receipt: Receipt = CONVERTER.structure(json.loads(body), Receipt)
        if receipt.key != request.key:
            raise ValueError("somebody else's answer")
        return receipt

    def unreached(self, request: BankRequest, error: Exception) -> Receipt:
        del request, error
        raise self.unavailable()

    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        del error
        raise self.unknown(request.key)

    def failed(self, request: BankRequest, status: int, body: bytes) -> Receipt:
        del status, body
        raise self.unknown(request.key)

    def garbled(self, request: BankRequest, body: bytes) -> Receipt:
        del body
        raise self.unknown(request.key) from None

    def no_answer_to_a_question(self, key: RequestKey) -> Receipt | None:
        del key
        raise self.unavailable() from None

    def begin(self, after: Cursor | None) -> int:
        return int(after or 0)

    def cursor(self, place: int) -> Cursor:
        return Cursor(str(place))

    def page(self, after: int) -> list[tuple[int, BankNotice]]:
        try:
            status, body = self.transport(f"/news?after={after}", b"")
            if status != 200:
                raise self.unavailable()
            return self.read_page(body)
        except (OSError, *UNREADABLE):
            raise self.unavailable() from None

    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        return [(place, self.read_notice(plain)) for place, plain in json.loads(body)["news"]]

    def read_notice(self, plain: Any) -> BankNotice:
        notice: BankNotice = from_json(plain)
        return notice

    def genuine(self, at: str, body: bytes, signature: str) -> bool:
        return hmac.compare_digest(sign(at, body).encode(), signature.encode("utf-8", "replace"))

    def timely(self, at: int) -> bool:
        return abs(self.clock.now() - datetime.fromtimestamp(at, UTC)) <= WINDOW

    def unavailable(self) -> BankUnavailable:
        return BankUnavailable("E-BANK-001", bank="plain")

    def unknown(self, key: RequestKey) -> BankOutcomeUnknown:
        return BankOutcomeUnknown("E-BANK-002", bank="plain", key=key)


def sign(at: str, body: bytes) -> str:
    return hmac.new(SECRET, f"{at}.".encode() + body, hashlib.sha256).hexdigest()


class PlainPeer(PeerBank):
    """The bank's side of the wire: it reads, asks the kit's bank, and writes."""

    def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        answer = self.answer(PeerCall(path=path, body=body))
        return answer.status, answer.body

    def read(self, call: PeerCall) -> BankRequest | RequestKey | NewsAfter:
        if call.path == "/requests":
            request: BankRequest = from_json(json.loads(call.body))
            return request
        if call.path.startswith("/requests/"):
            return RequestKey(call.path.removeprefix("/requests/"))
        return NewsAfter(int(call.path.removeprefix("/news?after=")))

    def write_receipt(self, receipt: Receipt | None) -> PeerAnswer:
        if receipt is None:
            return PeerAnswer(status=404, body=b"{}")
        return PeerAnswer(body=_json(CONVERTER.unstructure(receipt)))

    def write_news(self, news: Sequence[News]) -> PeerAnswer:
        return PeerAnswer(body=_json({"news": [[n.place, to_json(n.notice)] for n in news]}))


def _json(plain: Any) -> bytes:
    return json.dumps(plain, ensure_ascii=False).encode()


class PlainPromises(BankPromises):
    """The promises, for :class:`PlainBank` and every bug that is put into it."""

    adapter: type[PlainBank] = PlainBank
    strange = MappingProxyType({
        b'"answer": "ACCEPTED"': b'"answer": "HALLOWED"',
        b'"what": "OrderSettled"': b'"what": "OrderBlessed"',
    })  # fmt: skip

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        return self.adapter(PlainPeer(behind), behind.clock)

    def make_callback(
        self, behind: BankBehind, notices: Sequence[BankNotice]
    ) -> tuple[Mapping[str, str], bytes]:
        at = str(int(behind.clock.now().timestamp()))
        body = behind.wire(_json([to_json(each) for each in notices]))
        return {"x-at": at, "x-signature": sign(at, body)}, body
