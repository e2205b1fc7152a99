"""Know the line to 海潮银行: what is called, and what it means when a call fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import httpx
from attrs import field, frozen

from szunion.domain import BankNotice, BankRequest, Receipt, RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, SignatureInvalid
from szunion.ports import BankAdapter, BankInfo, Clock, Collected, Cursor, Deadline
from szunion_bank_haichao import messages
from szunion_bank_haichao.signing import Signing

_QUESTION_SECONDS = 30.0


@frozen(kw_only=True)
class HaichaoConfig:
    """The settings of this line (szunion.toml, ``[szunion.bank.settings]``)."""

    url: str
    """The bank's address, such as ``https://bank.example``."""
    secret: str = field(repr=False)
    """The shared secret of the signatures."""
    most_rows: int = 1000


class HaichaoBank:
    """A bank adapter: see :class:`szunion.ports.BankAdapter`."""

    def __init__(
        self,
        config: HaichaoConfig,
        clock: Clock,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Make the line; nothing is connected yet. *transport* is for tests."""
        self._config = config
        self._signing = Signing(config.secret, clock)
        self._client = httpx.Client(
            base_url=config.url, transport=transport, trust_env=False, follow_redirects=False
        )

    @property
    def info(self) -> BankInfo:
        """What this bank accepts and promises."""
        return BankInfo(
            name="haichao",
            accepts=messages.ACCEPTS,
            most_rows=self._config.most_rows,
            charset="utf-8",
            idempotent_send=True,
            settling=timedelta(hours=24),
        )

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Hand *request* over.

        Raises:
            BankUnavailable: it never arrived.
            BankOutcomeUnknown: it may have arrived.
        """
        if deadline.seconds <= 0:
            raise self._unavailable()
        unknown = BankOutcomeUnknown("E-BANK-002", bank="haichao", key=request.key)
        try:
            answer = self._call(
                "POST", messages.REQUESTS, messages.write_request(request), deadline.seconds
            )
            if answer.status_code != httpx.codes.OK:
                raise unknown
            return messages.read_receipt(answer.content, request.key)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise self._unavailable() from None
        except (httpx.TransportError, messages.UnreadableError):
            raise unknown from None

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        """Return what became of *key*; None: the bank says that it never saw it.

        Raises:
            BankUnavailable: no answer came.
        """
        try:
            answer = self._call("GET", f"{messages.REQUESTS}/{key.text}", b"", deadline.seconds)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            if answer.status_code != httpx.codes.OK:
                raise self._unavailable()
            return messages.read_receipt(answer.content, key)
        except (httpx.TransportError, messages.UnreadableError):
            raise self._unavailable() from None

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Yield what the bank has told since *after*.

        Raises:
            BankUnavailable: nothing could be fetched now.
        """
        place = int(after or 0)
        try:
            answer = self._call("GET", f"{messages.NEWS}{place}", b"", _QUESTION_SECONDS)
            if answer.status_code != httpx.codes.OK:
                raise self._unavailable()
            news = messages.read_news(answer.content)
        except (httpx.TransportError, messages.UnreadableError):
            raise self._unavailable() from None
        for at, notice in news:
            yield Collected(notice=notice, cursor=Cursor(str(at)))

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        """Verify *body* as it came, then return what it tells.

        Raises:
            SignatureInvalid: it is forged, stale or malformed.
        """
        self._signing.verify(headers, body)
        try:
            return [notice for _, notice in messages.read_news(body)]
        except messages.UnreadableError:
            raise SignatureInvalid("E-SIG-001") from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, method: str, path: str, body: bytes, seconds: float) -> httpx.Response:
        headers = self._signing.headers(body)
        return self._client.request(method, path, content=body, headers=headers, timeout=seconds)

    def _unavailable(self) -> BankUnavailable:
        return BankUnavailable("E-BANK-001", bank="haichao")


def _conforms(bank: HaichaoBank) -> BankAdapter:
    return bank  # mypy prints what is expected if a method drifts
