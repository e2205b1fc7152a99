"""Know the line to a bank that takes signed JSON over HTTP (签名 JSON 接口).

Three calls and a callback, all signed both ways (``signatures.py``), all in the words of
``json_wire.py``::

    POST {path}/requests              a request          -> its receipt
    GET  {path}/requests/{key}        what became of it  -> its receipt, or signed 404
    GET  {path}/notices?after=&most=  what was told      -> notices, each with its cursor
    POST {callback path}              one notice, brought by the bank

Only a signed word counts. A signed ``error`` says that nothing was done: ``BAD_REQUEST`` and
``NOT_ACCEPTED`` for good, any other for now, as if the request had never arrived. Anything else
that is not a signed receipt (a 500, a page in HTML, half a body, a wrong signature, silence) says
nothing at all: it may have arrived.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from attrs import frozen

from szunion.adapters.bank.json_text import read_json, write_json
from szunion.adapters.bank.json_wire import (
    notice_from_plain,
    receipt_from_plain,
    request_to_plain,
)
from szunion.adapters.bank.signatures import Keyring, check, sign
from szunion.adapters.http import MOST_ANSWER, HttpAnswer, MayHaveArrived, NeverArrived
from szunion.domain.bank import BankNotice, NotUnderstood
from szunion.domain.bank_requests import Answer, BankRequest, Receipt
from szunion.domain.values import Fen, RequestKey
from szunion.errors import (
    BankOutcomeUnknown,
    BankUnavailable,
    InvalidInput,
    SignatureInvalid,
)
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.ports.system import Clock

_OK: Final = 200
_NOT_SEEN: Final = "NOT_SEEN"
_FOR_GOOD: Final = frozenset({"BAD_REQUEST", "NOT_ACCEPTED"})
"""Signed errors that another try would not change: the bank has refused the request."""
_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_ERROR: Final = re.compile(r"[A-Z0-9_]{1,32}", re.ASCII)
_PAGE: Final = 200
_PAGE_SECONDS: Final = 30.0
_MOST_PAGES: Final = 100_000


class Line(Protocol):
    """What carries a call; :class:`szunion.adapters.http.HttpLine` is one."""

    def call(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        seconds: float,
    ) -> HttpAnswer:
        """Send one request and return the whole answer.

        Raises:
            NeverArrived: not a byte of it reached the other side.
            MayHaveArrived: anything else that is not an answer.
        """
        ...


@runtime_checkable
class ClosableLine(Protocol):
    """A line that holds connections open."""

    def close(self) -> None:
        """Close what is open. A second time does nothing."""
        ...


@frozen
class _Said:
    """What a signed answer says."""

    value: Any
    error: str


class SignedHttpBank:
    """A bank adapter over signed JSON.

    Args:
        info: What this bank accepts and promises.
        line: What carries the calls.
        ring: Our keys and theirs; an HSM stands behind the same two protocols.
        clock: What time it is.
        ids: Makes the id of a question; a request's id is its key.
        path: Under which path the bank's three calls lie.
        callback_path: The path at which the bank calls us, as it is signed.
        most_answer: An answer longer than so many bytes is refused.
    """

    def __init__(  # noqa: PLR0913 - see above
        self,
        *,
        info: BankInfo,
        line: Line,
        ring: Keyring,
        clock: Clock,
        ids: Callable[[], str],
        path: str = "",
        callback_path: str = "/bank/callback",
        most_answer: int = MOST_ANSWER,
    ) -> None:
        self._info = info
        self._most_answer = most_answer
        self._line = line
        self._ring = ring
        self._clock = clock
        self._ids = ids
        self._path = path
        self._callback_path = callback_path

    @property
    def info(self) -> BankInfo:
        """What this bank accepts and promises."""
        return self._info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Hand *request* over; the same key a second time gives the same receipt.

        Raises:
            BankUnavailable: it never arrived, or the bank says that it did nothing.
            BankOutcomeUnknown: it may have arrived.
        """
        key = request.key
        body = write_json(request_to_plain(request))
        try:
            said = self._call("POST", "/requests", key.text, body, deadline.seconds)
            if said.error in _FOR_GOOD:
                return _refused(key, said.error)
            if said.error:
                raise self._unavailable()
            receipt = receipt_from_plain(said.value)
        except NeverArrived:
            raise self._unavailable() from None
        except (MayHaveArrived, SignatureInvalid, ValueError):
            raise self._unknown(key) from None
        if receipt.key != key:
            raise self._unknown(key)
        return receipt

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        """Return what became of *key*; None: the bank never saw it, and has signed that.

        Raises:
            BankUnavailable: the question never arrived, or no answer came.
        """
        try:
            said = self._call("GET", f"/requests/{key.text}", self._ids(), b"", deadline.seconds)
            if said.error == _NOT_SEEN:
                return None
            if said.error:
                raise self._unavailable()
            receipt = receipt_from_plain(said.value)
        except (NeverArrived, MayHaveArrived, SignatureInvalid, ValueError):
            raise self._unavailable() from None
        if receipt.key != key:
            raise self._unavailable()
        return receipt

    def collect(self, *, after: Cursor | None) -> Iterator[Collected]:
        """Yield what the bank has told since *after*, page by page.

        Raises:
            BankUnavailable: nothing, or nothing more, could be fetched now.
            InvalidInput: the cursor is not one of this adapter's (E-BANK-061).
        """
        at = "" if after is None else str(after)
        if at and _CURSOR.fullmatch(at) is None:
            raise InvalidInput("E-BANK-061")
        for _ in range(_MOST_PAGES):
            items, more = self._page(at)
            for cursor, notice in items:
                at = cursor
                yield Collected(notice=notice, cursor=Cursor(cursor))
            if not (more and items):
                return

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        """Verify *body* as it came, then return the one notice that it tells.

        That it was not brought before is seen by the inbox (``ports/storage/inbox.py``), which
        hears an event id once, for ever; the id in the signed header is the notice's own.

        Raises:
            SignatureInvalid: it is forged, stale or malformed; never said which (E-SIG-001).
        """
        path = self._callback_path
        now = self._clock.now()
        id_ = check(self._ring, headers, now=now, word="POST", path=path, body=body)
        try:
            notice = notice_from_plain(read_json(body))
        except ValueError:
            raise SignatureInvalid("E-SIG-001") from None
        if notice.told.event_id != id_ and not isinstance(notice, NotUnderstood):
            raise SignatureInvalid("E-SIG-001")
        return (notice,)

    def close(self) -> None:
        """Let the line go. A second time does nothing."""
        if isinstance(self._line, ClosableLine):
            self._line.close()

    # --- within -----------------------------------------------------------------------------

    def _page(self, at: str) -> tuple[list[tuple[str, BankNotice]], bool]:
        """Return the notices behind *at* with their cursors, and whether there are more."""
        target = f"/notices?after={at}&most={_PAGE}"
        try:
            said = self._call("GET", target, self._ids(), b"", _PAGE_SECONDS)
            page = said.value
            if said.error or not isinstance(page, dict) or page.keys() != {"items", "more"}:
                raise self._unavailable()
            items, more = page["items"], page["more"]
            if type(items) is not list or type(more) is not bool or len(items) > _PAGE:
                raise self._unavailable()
            return [_item(each) for each in items], more
        except (NeverArrived, MayHaveArrived, SignatureInvalid, ValueError):
            raise self._unavailable() from None

    def _call(self, method: str, target: str, id_: str, body: bytes, seconds: float) -> _Said:
        """Make one signed call and return what the signed answer says.

        Raises:
            NeverArrived: it did not.
            MayHaveArrived: it may have.
            SignatureInvalid: something answered, and it was not the bank, or not to this.
            ValueError: the bank's answer is not strict JSON.
        """
        path = self._path + target
        headers = sign(
            self._ring, id_=id_, now=self._clock.now(), word=method, path=path, body=body
        )
        headers["content-type"] = "application/json; charset=utf-8"
        answer = self._line.call(method, path, headers=headers, body=body, seconds=seconds)
        told = check(
            self._ring,
            answer.headers,
            now=self._clock.now(),
            word=f"{answer.status:03d}",
            path=path,
            body=answer.body,
            most=self._most_answer,
        )
        if told != id_:
            raise SignatureInvalid("E-SIG-001")
        value = read_json(answer.body)
        if answer.status == _OK:
            return _Said(value, "")
        error = value.get("error") if isinstance(value, dict) else None
        if not isinstance(error, str) or _ERROR.fullmatch(error) is None:
            msg = "an error without its name"
            raise ValueError(msg)
        return _Said(None, error)

    def _unavailable(self) -> BankUnavailable:
        return BankUnavailable("E-BANK-001", bank=self._info.name)

    def _unknown(self, key: RequestKey) -> BankOutcomeUnknown:
        return BankOutcomeUnknown("E-BANK-002", bank=self._info.name, key=key)


def _refused(key: RequestKey, error: str) -> Receipt:
    return Receipt(key=key, answer=Answer.REFUSED, rows=0, total=Fen(0), bank_code=error)


def _item(plain: object) -> tuple[str, BankNotice]:
    if not isinstance(plain, dict) or plain.keys() != {"cursor", "notice"}:
        msg = "no item of a page"
        raise ValueError(msg)
    cursor = plain["cursor"]
    if type(cursor) is not str or _CURSOR.fullmatch(cursor) is None:
        msg = "no cursor"
        raise ValueError(msg)
    return cursor, notice_from_plain(plain["notice"])
