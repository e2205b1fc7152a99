"""Know what szunion asks of a bank adapter.

Four members, and requests are values: a new kind of request does not break an adapter that
another city wrote last year, because what is not in ``info.accepts`` is never sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NewType, Protocol, runtime_checkable

from attrs import frozen

from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.values import CardToken, RequestKey
from szunion.emv.pan import CardNumber

Cursor = NewType("Cursor", str)
"""Where collecting goes on: made and read by the adapter alone, kept by us."""


@frozen
class Deadline:
    """How long a call may take, in seconds from the moment it is made."""

    seconds: float


@frozen(kw_only=True)
class BankInfo:
    """What an adapter says of itself and its bank."""

    name: str
    accepts: frozenset[type[BankRequest]]
    most_rows: int = 5000
    """The largest number of rows or lines in one request."""
    charset: str = "utf-8"
    """What a name must be encodable in, or it is refused before it is sent."""
    idempotent_send: bool = False
    """Whether the same key and bytes may be sent again while the outcome is unknown."""
    settling: timedelta = timedelta(hours=24)
    """After this long "never seen" is a word to rely on."""
    gapless: bool = False
    """Whether a stream's sequence has no holes, so that a hole is something missing."""


@frozen(kw_only=True)
class Collected:
    """One notice and the cursor that stands behind it."""

    notice: BankNotice
    cursor: Cursor


class BankAdapter(Protocol):
    """A line to one bank. Every method may be called from any thread, one call at a time."""

    @property
    def info(self) -> BankInfo:
        """What this bank accepts and promises."""
        ...

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Hand *request* over; the same key a second time gives the same receipt.

        Raises:
            BankUnavailable: it never arrived.
            BankOutcomeUnknown: it may have arrived.
        """
        ...

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        """Return what became of *key*; None: the bank never saw it.

        Raises:
            BankUnavailable: the question never arrived, or no answer came.
        """
        ...

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Yield what the bank has told since *after*, in any order, each as often as it likes.

        Raises:
            BankUnavailable: nothing could be fetched now.
        """
        ...


@frozen
class FileTrouble:
    """A file of the bank's that is not read: nothing of it was taken (来盘异常)."""

    name: str
    reason: str
    """A code of the adapter's: the file was cut, its total is wrong, one before it is missing …"""


@runtime_checkable
class ReadsFiles(Protocol):
    """An optional ability: the bank tells by files, which people can look after."""

    @property
    def troubles(self) -> Sequence[FileTrouble]:
        """Files that could not be read, as far as this process has seen them."""
        ...

    def reread(self, name: str) -> Iterable[BankNotice]:
        """Return what a file tells once more; what was heard before changes nothing.

        Raises:
            NotFound: no such file was fetched.
            InvalidInput: it is not whole.
        """
        ...


@runtime_checkable
class ReceivesCallbacks(Protocol):
    """An optional ability: the bank calls us."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        """Verify *body* as it came, then return what it tells.

        Raises:
            SignatureInvalid: it is forged, stale, replayed or malformed; never said which.
        """
        ...


@runtime_checkable
class NamesCards(Protocol):
    """An optional ability: the bank says by which token it calls the card of a number.

    A counter reads a number off the chip; the register knows the token. Where a bank gives no
    tokens the number itself stands in their place, and this ability is not needed.
    """

    def token_of(self, number: CardNumber) -> CardToken | None:
        """Return the token of a card number; None: no card of this bank."""
        ...
