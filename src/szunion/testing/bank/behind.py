"""Know the bank that stands behind an adapter under test: exact, and reached over a bad wire.

Whoever writes an adapter writes a *peer* for it: the few lines that read their bank's messages and
write its answers. The peer asks this bank what to answer. It neither keeps books nor decides when
something goes wrong: both are done here, so that every adapter meets the same bank and the same
weather.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from szunion.adapters.bank.faults import draw
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.values import RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, InvalidInput
from szunion.ports.bank import Cursor, Deadline
from szunion.ports.system import Clock

_SOON: Final = Deadline(5.0)


class TroubleKind(Enum):
    """What goes wrong between an adapter and its bank."""

    NEVER_ARRIVED = "never_arrived"
    """The bank cannot be reached: nothing left, and the adapter can know it (F1)."""
    NO_ANSWER = "no_answer"
    """The bank acted and its answer is lost (F2)."""
    SERVER_ERROR = "server_error"
    """The bank acted and answered with an error of its own, such as HTTP 500 (F3)."""
    HALF = "half"
    """Half of what the bank wrote arrives (F10)."""
    HTML = "html"
    """A page of somebody else's arrives in its place: "维护中", with every sign of success."""
    CHARSET = "charset"
    """A byte arrives somewhere that is no text in any charset (F13)."""


ON_ARRIVAL: Final = frozenset(
    {TroubleKind.NEVER_ARRIVED, TroubleKind.NO_ANSWER, TroubleKind.SERVER_ERROR}
)
"""Troubles that a peer hears of as :class:`Trouble`; the others befall the bytes it writes."""
_PAGE: Final = "<!doctype html><title>系统维护中</title><h1>系统维护中，请稍后再试</h1>".encode()


class Trouble(Exception):
    """The peer is to fail now, in the way its transport fails. It never reaches an adapter.

    Args:
        kind: Which of :data:`ON_ARRIVAL`.
    """

    def __init__(self, kind: TroubleKind) -> None:
        super().__init__(kind.value)
        self.kind = kind


@frozen
class News:
    """One thing the bank tells, at its place among all it has told; places begin with 1."""

    place: int
    notice: BankNotice


@define
class BankBehind:
    """The bank behind the wire (线路另一端的银行): what a peer asks, and the kit's truth.

    Args:
        bank: The bank itself. Its own line is left alone but in storms.
        folder: A folder of this test's own, for adapters that exchange files.
        seed: Decides how the bytes of a bad wire look.
    """

    bank: SimulatedBank
    folder: Path
    seed: int = 7
    arrived: list[BankRequest] = field(factory=list, init=False)
    """Every request as the peer understood it, in the order of arrival, copies included."""
    strange: Mapping[bytes, bytes] = field(factory=dict, init=False)
    """Words of the bank's, and words that nobody has agreed on, which stand in their place."""
    strangers: int = field(default=0, init=False)
    """In how many messages a word was replaced so."""
    _coming: list[TroubleKind] = field(factory=list, init=False)
    _turns: list[Callable[[], object]] = field(factory=list, init=False)
    _written: int = field(default=0, init=False)

    @property
    def clock(self) -> Clock:
        """What time it is, on both sides of the wire."""
        return self.bank.clock

    # --- what a peer asks -------------------------------------------------------------------

    def take(self, request: BankRequest) -> Receipt:
        """Let *request* arrive and return the bank's answer.

        Raises:
            Trouble: fail as your transport fails: see its kind.
        """
        kind = self._next(ON_ARRIVAL)
        if kind is TroubleKind.NEVER_ARRIVED:
            raise Trouble(kind)
        self.arrived.append(request)
        try:
            receipt = self.bank.send(request, deadline=_SOON)
        except BankUnavailable:
            self.arrived.pop()
            raise Trouble(TroubleKind.NEVER_ARRIVED) from None
        except BankOutcomeUnknown:
            self._written += 1
            lost = draw(self.seed, "answer", request.key.text, self._written) < 0.5  # noqa: PLR2004
            raise Trouble(TroubleKind.NO_ANSWER if lost else TroubleKind.SERVER_ERROR) from None
        if kind is not None:
            raise Trouble(kind)
        return receipt

    def question(self, key: RequestKey) -> Receipt | None:
        """Return what was answered to *key*; None: the bank never saw it.

        Raises:
            Trouble: as in :meth:`take`.
        """
        kind = self._next(ON_ARRIVAL)
        if kind is not None:
            raise Trouble(kind)
        try:
            return self.bank.ask(key, deadline=_SOON)
        except BankUnavailable:
            raise Trouble(TroubleKind.NO_ANSWER) from None

    def news(self, after: int = 0) -> Sequence[News]:
        """Return what the bank tells behind the place *after*; in a storm not always all of it.

        Raises:
            Trouble: as in :meth:`take`.
        """
        kind = self._next(ON_ARRIVAL)
        if kind is not None:
            raise Trouble(kind)
        found: list[News] = []
        try:
            start = Cursor(f"p{after}") if after else None
            for place, each in enumerate(self.bank.collect(after=start), after + 1):
                found.append(News(place, each.notice))
        except BankUnavailable:
            if not found:
                raise Trouble(TroubleKind.SERVER_ERROR) from None
        except InvalidInput:
            return []  # behind a place that this bank never gave there is nothing
        return found

    def wire(self, body: bytes) -> bytes:
        """Return *body* as it arrives at the adapter: most often unchanged.

        A peer passes everything through here that it writes: answers, files, notices.
        """
        kind = self._next(frozenset(TroubleKind) - ON_ARRIVAL)
        body = self._estranged(body)
        return body if kind is None else self.spoilt(kind, body)

    def _estranged(self, body: bytes) -> bytes:
        before = body
        for word, other in self.strange.items():
            body = body.replace(word, other)
        self.strangers += body != before
        return body

    def spoilt(self, kind: TroubleKind, body: bytes) -> bytes:
        """Return what a bad wire makes of *body*."""
        self._written += 1
        match kind:
            case TroubleKind.HALF:
                share = 0.1 + 0.8 * draw(self.seed, "half", str(len(body)), self._written)
                return body[: int(len(body) * share)]
            case TroubleKind.HTML:
                return _PAGE
            case TroubleKind.CHARSET:
                place = int(len(body) * draw(self.seed, "charset", str(len(body)), self._written))
                return body[:place] + b"\xff" + body[place + 1 :]
            case _:
                msg = f"{kind} befalls no bytes"
                raise ValueError(msg)

    def every_turn(self, visit: Callable[[], object]) -> None:
        """Call *visit* whenever time passes: for a peer that comes by instead of being called.

        A peer that looks into a folder takes the requests that lie there, and lays down answers
        and notices. The visits of an adapter that was made anew replace those of the one before.
        """
        self._turns.append(visit)

    # --- what the kit turns -----------------------------------------------------------------

    def trouble(self, *kinds: TroubleKind) -> None:
        """Let *kinds* happen, in this order, to what comes next."""
        self._coming.extend(kinds)

    def next_trouble(self) -> TroubleKind | None:
        """Take the trouble that is next, of whatever kind; None: nothing is to go wrong."""
        return self._next(frozenset(TroubleKind))

    @property
    def troubles_left(self) -> int:
        """How many troubles were asked for and have not happened."""
        return len(self._coming)

    def calm(self) -> None:
        """Let nothing more go wrong that was asked for."""
        self._coming.clear()

    def turn(self) -> None:
        """Let every peer come by once."""
        for visit in tuple(self._turns):
            visit()

    def forget_peers(self) -> None:
        """Let the peers of an adapter that was killed come by no more."""
        self._turns.clear()

    def arrivals(self) -> Mapping[RequestKey, int]:
        """Return how often each request reached the bank."""
        return self.bank.truth.arrived

    def of_key(self, key: RequestKey) -> Iterator[BankRequest]:
        """Yield every request with *key* as it arrived."""
        return (request for request in self.arrived if request.key == key)

    def _next(self, among: frozenset[TroubleKind]) -> TroubleKind | None:
        if self._coming and self._coming[0] in among:
            return self._coming.pop(0)
        return None
