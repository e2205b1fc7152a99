"""Know what this adapter promises: the kit of szunion, and the bank's side of the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import httpx

from szunion.domain import BankNotice, BankRequest, Receipt, RequestKey
from szunion.ports import BankAdapter
from szunion.testing.bank import (
    BankBehind,
    BankPromises,
    News,
    NewsAfter,
    PeerAnswer,
    PeerBank,
    PeerCall,
)
from szunion_bank_haichao import messages
from szunion_bank_haichao.adapter import HaichaoBank, HaichaoConfig
from szunion_bank_haichao.signing import Signing

CONFIG = HaichaoConfig(url="https://bank.example", secret="a secret of the tests alone")  # noqa: S106


class HaichaoPeer(PeerBank):
    """海潮银行, as the other side of the wire sees it."""

    def read(self, call: PeerCall) -> BankRequest | RequestKey | NewsAfter:
        """Return what the adapter asked."""
        if call.path == messages.REQUESTS:
            return messages.read_request(call.body)
        if call.path.startswith(messages.NEWS):
            return NewsAfter(int(call.path.removeprefix(messages.NEWS)))
        return RequestKey(call.path.removeprefix(f"{messages.REQUESTS}/"))

    def write_receipt(self, receipt: Receipt | None) -> PeerAnswer:
        """Answer a request or a question."""
        if receipt is None:
            return PeerAnswer(status=404, body=b"{}")
        return PeerAnswer(body=messages.write_receipt(receipt))

    def write_news(self, news: Sequence[News]) -> PeerAnswer:
        """Tell what is new, as far as the bank has words for it."""
        told = [(each.place, each.notice) for each in news if type(each.notice) in messages.TELLS]
        return PeerAnswer(body=messages.write_news(told))

    @property
    def transport(self) -> httpx.BaseTransport:
        """What carries the adapter's calls to this peer."""
        return httpx.MockTransport(self._carry)

    def _carry(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode("ascii")
        call = PeerCall(method=request.method, path=path, body=request.content)
        try:
            answer = self.answer(call)
        except ConnectionError:
            raise httpx.ConnectError("refused", request=request) from None
        except TimeoutError:
            raise httpx.ReadTimeout("silence", request=request) from None
        return httpx.Response(answer.status, content=answer.body)


class HaichaoPromises(BankPromises):
    """Every promise of szunion.testing.bank, for this adapter."""

    tells = messages.TELLS
    strange = MappingProxyType({b'"ACCEPTED"': b'"HALLOWED"', b'"DF03"': b'"DF77"'})

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        """Join the adapter to its peer."""
        return HaichaoBank(CONFIG, behind.clock, transport=HaichaoPeer(behind).transport)

    def make_callback(
        self, behind: BankBehind, notices: Sequence[BankNotice]
    ) -> tuple[Mapping[str, str], bytes]:
        """Return a callback as the bank would send it."""
        body = behind.wire(messages.write_news(list(enumerate(notices, 1))))
        return Signing(CONFIG.secret, behind.clock).headers(body), body
