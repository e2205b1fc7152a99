"""Know how the bank's side of a wire is played: read what the adapter wrote, write what it reads.

An author subclasses :class:`PeerBank` and writes three methods in their bank's own words. Whether
the call is made over HTTP, a function or a socket, is theirs to choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.values import RequestKey
from szunion.testing.bank.behind import BankBehind, News, Trouble, TroubleKind

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@frozen(kw_only=True)
class PeerCall:
    """What the adapter sent: for HTTP its method, path with query, headers and body."""

    method: str = "POST"
    path: str = "/"
    headers: Mapping[str, str] = field(default=_NO_HEADERS, repr=False)
    body: bytes = field(default=b"", repr=False)


@frozen(kw_only=True)
class PeerAnswer:
    """What the bank answers."""

    status: int = 200
    headers: Mapping[str, str] = field(default=_NO_HEADERS, repr=False)
    body: bytes = field(default=b"", repr=False)


@frozen
class NewsAfter:
    """A call that asks for what the bank has told behind a place; 0: from the beginning."""

    place: int = 0


class PeerBank:
    """Your bank's side of the wire (对端): a codec over the kit's bank.

    It keeps no books and makes no faults; see :class:`~szunion.testing.bank.BankBehind`.
    """

    def __init__(self, behind: BankBehind) -> None:
        """Speak for the bank behind *behind*."""
        self.behind = behind

    # --- the codec: three methods of yours --------------------------------------------------

    def read(self, call: PeerCall) -> BankRequest | RequestKey | NewsAfter:
        """Return what *call* is: a request, a question by key, or a call for news."""
        raise NotImplementedError

    def write_receipt(self, receipt: Receipt | None) -> PeerAnswer:
        """Return the answer to a request or a question; None: the bank never saw the key."""
        raise NotImplementedError

    def write_news(self, news: Sequence[News]) -> PeerAnswer:
        """Return the answer to a call for news."""
        raise NotImplementedError

    # --- the rest is done -------------------------------------------------------------------

    def answer(self, call: PeerCall) -> PeerAnswer:
        """Answer one call of the adapter's.

        Raises:
            ConnectionError: the bank cannot be reached: let your transport say so.
            TimeoutError: no answer comes: likewise.
        """
        try:
            answer = self._answer(self.read(call))
        except Trouble as trouble:
            if trouble.kind is TroubleKind.NEVER_ARRIVED:
                raise ConnectionError from None
            if trouble.kind is TroubleKind.NO_ANSWER:
                raise TimeoutError from None
            return PeerAnswer(status=500, body=b"<h1>500 Internal Server Error</h1>")
        return evolve(answer, body=self.behind.wire(answer.body))

    def _answer(self, asked: BankRequest | RequestKey | NewsAfter) -> PeerAnswer:
        if isinstance(asked, NewsAfter):
            return self.write_news(self.behind.news(asked.place))
        if isinstance(asked, RequestKey):
            return self.write_receipt(self.behind.question(asked))
        return self.write_receipt(self.behind.take(asked))
