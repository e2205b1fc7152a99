"""Know the bank's side of the signed HTTP line: what it answers to a call, and how it calls back.

No sockets: a call comes in as values and goes out as values, so the same peer stands behind a real
server, behind a test in process, and behind a kit. What the line then does to an answer is part of
the answer: said, or silence. The bank itself is the simulated one; it owns the truth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import Final, TypeAlias

from attrs import evolve, field, frozen

from szunion.adapters.bank.faults import Fault, FaultKind
from szunion.adapters.bank.json_text import read_json, write_json
from szunion.adapters.bank.json_wire import (
    notice_to_plain,
    receipt_to_plain,
    request_from_plain,
)
from szunion.adapters.bank.signatures import ID, SIGNATURE, Keyring, check, sign
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.http import HttpAnswer, MayHaveArrived
from szunion.domain.bank import BankNotice
from szunion.domain.values import RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, InvalidInput, SignatureInvalid
from szunion.ports.bank import Cursor, Deadline
from szunion.ports.system import Clock

_ASK: Final = re.compile(r"/requests/([A-Z2-7]{26})", re.ASCII)
_PAGE: Final = re.compile(
    r"/notices\?after=([A-Za-z0-9_-]{0,128})&most=([1-9][0-9]{0,3})", re.ASCII
)
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_PAGE_BYTES: Final = 1024 * 1024
"""A page is closed once it is so long; one notice alone may be longer."""
_AT_ONCE: Final = Deadline(3600.0)
_MOST_REQUEST: Final = 16 * 1024 * 1024
_STALE: Final = timedelta(seconds=600)
_HTML: Final = "<!doctype html><html><body><h1>系统维护中</h1></body></html>".encode()
_JSON: Final = "application/json; charset=utf-8"

_SILENT: Final = frozenset(
    {
        FaultKind.DROP_REQUEST,
        FaultKind.DELAY_REQUEST,
        FaultKind.DROP_RESPONSE,
        FaultKind.ERROR_AFTER_ACTING,
        FaultKind.DROP_QUESTION,
    }
)


class Delivery(Enum):
    """How an answer goes over the line."""

    WHOLE = "whole"
    CUT = "cut"
    """It breaks off half-way."""
    DRIP = "drip"
    """It drips and never ends."""


@frozen(kw_only=True)
class Said:
    """An answer, and how the line delivers it."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(factory=dict)
    kind: str = _JSON
    delivery: Delivery = Delivery.WHOLE


@frozen
class Silence:
    """No answer, because of a fault: the connection ends."""

    fault: FaultKind


Reply: TypeAlias = Said | Silence


@frozen
class Callback:
    """One callback as it is sent, and the fault that made it; None: it is genuine."""

    headers: Mapping[str, str]
    body: bytes
    fault: FaultKind | None = None


class HttpPeer:
    """The bank's side of one partnership.

    Args:
        bank: The bank, with its faults.
        ring: The bank's keys and the union's.
        clock: What time it is at the bank.
        path: Under which path the three calls lie.
        callback_path: The path at which the union is called, as it is signed.
    """

    def __init__(
        self,
        bank: SimulatedBank,
        ring: Keyring,
        clock: Clock,
        *,
        path: str = "",
        callback_path: str = "/bank/callback",
    ) -> None:
        self.bank = bank
        self.happened: list[Fault] = []
        """Every fault of the wire that happened; those of the bank's line stand at the bank."""
        self._ring = ring
        self._clock = clock
        self._path = path
        self._callback_path = callback_path
        self._counts: dict[str, int] = {}
        self._earlier: Said | None = None
        self._last_call: Callback | None = None

    # --- answering --------------------------------------------------------------------------

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one call of the union."""
        try:
            id_ = check(
                self._ring,
                headers,
                now=self._clock.now(),
                word=method,
                path=target,
                body=body,
                most=_MOST_REQUEST,
            )
        except SignatureInvalid:
            asked = {name.lower(): value for name, value in headers.items()}.get(ID, "")
            if _ID.fullmatch(asked) is None:
                return Said(status=401, body=write_json({"error": "SIGNATURE"}))
            return self._signed(401, {"error": "SIGNATURE"}, asked, target)
        return self._obey(method, target, id_, body)

    def _obey(self, method: str, target: str, id_: str, body: bytes) -> Reply:
        inside = target.removeprefix(self._path)
        if not target.startswith(self._path):
            return self._signed(404, {"error": "NO_SUCH_PLACE"}, id_, target)
        if method == "POST" and inside == "/requests":
            return self._send(id_, target, body)
        if method == "GET" and (asked := _ASK.fullmatch(inside)):
            return self._ask(RequestKey(asked[1]), id_, target)
        if method == "GET" and (page := _PAGE.fullmatch(inside)):
            return self._page(page[1], int(page[2]), id_, target)
        return self._signed(404, {"error": "NO_SUCH_PLACE"}, id_, target)

    def _send(self, id_: str, target: str, body: bytes) -> Reply:
        try:
            request = request_from_plain(read_json(body))
        except ValueError:
            return self._signed(422, {"error": "BAD_REQUEST"}, id_, target)
        if request.key.text != id_:
            return self._signed(422, {"error": "BAD_REQUEST"}, id_, target)
        if type(request) not in self.bank.info.accepts:
            return self._signed(422, {"error": "NOT_ACCEPTED"}, id_, target)
        try:
            receipt = self.bank.send(request, deadline=_AT_ONCE)
        except BankUnavailable:
            return self._signed(503, {"error": "NOT_NOW"}, id_, target)
        except BankOutcomeUnknown:
            return Silence(self._why())
        return self._said(200, receipt_to_plain(receipt), id_, target, request.key.text)

    def _ask(self, key: RequestKey, id_: str, target: str) -> Reply:
        try:
            receipt = self.bank.ask(key, deadline=_AT_ONCE)
        except BankUnavailable:
            return Silence(FaultKind.DROP_QUESTION)
        if receipt is None:
            return self._said(404, {"error": "NOT_SEEN"}, id_, target, f"ask-{key.text}")
        return self._said(200, receipt_to_plain(receipt), id_, target, f"ask-{key.text}")

    def _page(self, after: str, most: int, id_: str, target: str) -> Reply:
        items: list[dict[str, object]] = []
        broken = more = False
        size = 0
        try:
            for each in self.bank.collect(after=Cursor(after) if after else None):
                more = len(items) == most or size > _PAGE_BYTES
                if more:
                    break
                plain = notice_to_plain(each.notice)
                size += len(write_json(plain))
                items.append({"cursor": str(each.cursor), "notice": plain})
        except InvalidInput:
            return self._signed(400, {"error": "BAD_CURSOR"}, id_, target)
        except BankUnavailable:
            broken = True
        page = {"items": items, "more": more}
        said = self._said(200, page, id_, target, "collect")
        if broken and isinstance(said, Said):
            return evolve(said, delivery=Delivery.CUT)
        return said

    def _why(self) -> FaultKind:
        """Return the fault because of which the bank's line said nothing: the last such one."""
        kinds = (fault.kind for fault in reversed(self.bank.happened))
        return next(kind for kind in kinds if kind in _SILENT)

    # --- calling back -----------------------------------------------------------------------

    def callbacks(self, notice: BankNotice) -> list[Callback]:
        """Return the calls by which *notice* is brought: what faults put in front, and itself."""
        plain = notice_to_plain(notice)
        event = notice.told.event_id
        nth = self._count(f"call-{event}")
        genuine = self._call(event, write_json(plain))
        calls = []
        if self._strikes(FaultKind.REPLAY_CALLBACK, event, nth) and self._last_call:
            calls.append(evolve(self._last_call, fault=FaultKind.REPLAY_CALLBACK))
        if self._strikes(FaultKind.FORGE_CALLBACK, event, nth):
            told = {**plain["told"], "sequence": plain["told"]["sequence"] + 1}
            forged = write_json({**plain, "told": told})
            calls.append(Callback(genuine.headers, forged, FaultKind.FORGE_CALLBACK))
        if self._strikes(FaultKind.STALE_CALLBACK, event, nth):
            stale = self._call(event, genuine.body, late=_STALE)
            calls.append(evolve(stale, fault=FaultKind.STALE_CALLBACK))
        self._last_call = genuine
        return [*calls, genuine]

    def _call(self, event: str, body: bytes, late: timedelta = timedelta(0)) -> Callback:
        now = self._clock.now() - late
        path = self._callback_path
        headers = sign(self._ring, id_=event, now=now, word="POST", path=path, body=body)
        return Callback({**headers, "content-type": _JSON}, body)

    # --- what the wire does to an answer ----------------------------------------------------

    def _said(self, status: int, value: object, id_: str, target: str, about: str) -> Reply:
        """Return the answer as the wire delivers it: one fault at most strikes it."""
        nth = self._count(about)
        said = self._signed(status, value, id_, target)
        struck = said
        match next((kind for kind in _WIRE if self._strikes(kind, about, nth)), None):
            case FaultKind.HTML_ANSWER:
                struck = Said(status=200, body=_HTML, kind="text/html; charset=utf-8")
            case FaultKind.TRUNCATE_ANSWER:
                struck = evolve(said, delivery=Delivery.CUT)
            case FaultKind.SLOW_ANSWER:
                struck = evolve(said, delivery=Delivery.DRIP)
            case FaultKind.WRONG_CHARSET:
                body = said.body.decode().encode("utf-16")
                struck = self._signed_body(status, body, id_, target)
            case FaultKind.FORGED_ANSWER:
                flipped = _flipped(said.headers[SIGNATURE])
                struck = evolve(said, headers={**said.headers, SIGNATURE: flipped})
            case FaultKind.STALE_ANSWER:
                struck = self._signed_body(status, said.body, id_, target, late=_STALE)
            case FaultKind.SWAPPED_ANSWER:
                struck = self._earlier or said
            case _:
                self._earlier = said
        return struck

    def _signed(self, status: int, value: object, id_: str, target: str) -> Said:
        return self._signed_body(status, write_json(value), id_, target)

    def _signed_body(
        self, status: int, body: bytes, id_: str, target: str, late: timedelta = timedelta(0)
    ) -> Said:
        now = self._clock.now() - late
        word = f"{status:03d}"
        headers = sign(self._ring, id_=id_, now=now, word=word, path=target, body=body)
        return Said(status=status, body=body, headers=headers)

    def _count(self, about: str) -> int:
        """Return the how-manieth answer about this it is; counted while faults are about."""
        if self.bank.faults.quiet:
            return 0
        nth = self._counts[about] = self._counts.get(about, 0) + 1
        return nth

    def _strikes(self, kind: FaultKind, subject: str, nth: int) -> bool:
        if not self.bank.faults.happens(kind, subject, nth):
            return False
        self.happened.append(Fault(kind, subject, nth))
        return True


_WIRE: Final = (
    FaultKind.HTML_ANSWER,
    FaultKind.TRUNCATE_ANSWER,
    FaultKind.SLOW_ANSWER,
    FaultKind.WRONG_CHARSET,
    FaultKind.FORGED_ANSWER,
    FaultKind.STALE_ANSWER,
    FaultKind.SWAPPED_ANSWER,
)


def _flipped(signature: str) -> str:
    return ("1" if signature[0] == "0" else "0") + signature[1:]


@frozen
class PeerLine:
    """A line in process: what :class:`szunion.adapters.http.HttpLine` is over sockets."""

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
        """Let the peer answer.

        Raises:
            MayHaveArrived: it kept silent, or its answer did not come whole.
        """
        del seconds
        match self.peer.answer(method, target, headers, body):
            case Silence(FaultKind.ERROR_AFTER_ACTING):
                return HttpAnswer(status=500, headers={}, body=b"Internal Server Error")
            case Said(delivery=Delivery.WHOLE) as said:
                return HttpAnswer(status=said.status, headers=said.headers, body=said.body)
            case _:
                raise MayHaveArrived
