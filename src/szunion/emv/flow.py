"""Know how a conversation with a card asks for what it cannot do itself: 流程与外部动作.

A flow is a coroutine. It awaits *effects*, plain values that say what is wanted; whoever drives
it performs them and sends the reply back. There is no event loop: `run` is the whole engine,
and a test drives a flow with a function.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from enum import Enum
from typing import Any, TypeAlias, TypeVar

from attrs import define, field, frozen

from szunion.emv.apdu import Command, Response
from szunion.emv.errors import CardFault, LimitExceeded, OffScript

T = TypeVar("T")

MOST_COMMANDS = 256
"""Commands in one conversation; a card that wants more is leading us in circles."""

MOST_BYTES = 65_536
"""Answer bytes in one conversation."""


MOST_SECONDS = 15.0
"""Seconds spent waiting for the card's answers; people's time does not count."""

RELAY_SECONDS = 0.5
"""A card in the reader answers faster than this; somebody far away may not."""


class PinEntry(Enum):
    """Where an entered PIN will be checked: 密码验证方式."""

    OFFLINE = "by the card 脱机"
    ONLINE = "by the issuer 联机"


@frozen
class Pin:
    """A cardholder's PIN, 4 to 12 digits: 个人密码. It never prints.

    Raises:
        OffScript: these are not 4 to 12 digits.
    """

    digits: str = field(repr=False)

    def __attrs_post_init__(self) -> None:
        wrong = self.digits.strip("0123456789")
        if wrong or not 4 <= len(self.digits) <= 12:
            raise OffScript("FLOW-PIN")

    def __str__(self) -> str:
        return "Pin(****)"

    def block(self) -> bytes:
        """Return the 8-byte block that VERIFY carries: 2N PP .. FF.  Spec: part 5, VERIFY."""
        return bytes.fromhex(f"2{len(self.digits):X}{self.digits}".ljust(16, "F"))


@frozen
class AuthorisationRequest:
    """What the issuer is asked online: 联机授权请求."""

    data: tuple[tuple[int, bytes], ...] = field(repr=False)
    """Data elements by tag, those of the authorisation request message (field 55)."""
    cryptogram: bytes = field(repr=False)
    """The ARQC, 8 bytes."""
    pin: Pin | None = None
    """For the issuer to check, when online PIN was the method."""
    advice: bool = False
    """The card asks the issuer to be told (CID bit 4)."""

    def value(self, tag: int) -> bytes | None:
        """Return the value of *tag*, None when it is not in the request."""
        return next((value for known, value in self.data if known == tag), None)


@frozen
class AuthorisationReply:
    """What the issuer answered: 联机授权响应."""

    code: bytes
    """Authorisation response code 8A, two ASCII characters; ``00`` approves."""
    authentication: bytes | None = field(default=None, repr=False)
    """Issuer authentication data, tag 91: ARPC and ARC."""
    scripts: tuple[bytes, ...] = field(default=(), repr=False)
    """Whole issuer script templates, 71 or 72. PBOC sends one 72 at most."""


@frozen
class Candidate:
    """An application on the card that the terminal supports: 候选应用."""

    aid: bytes
    priority: int = 0
    """The whole byte 87: bits 4-1 the rank (0: none), bit 8 the holder must confirm."""
    label: str = ""
    """Text for the holder, already made harmless."""
    fci: bytes | None = field(default=None, repr=False)
    """The answer to SELECT when the list was made by selecting; None from a directory."""
    blocked: bool = False
    """SELECT warned 6283: only logs can be read."""

    @property
    def rank(self) -> int:
        """1 to 15, and 16 for those without a priority."""
        return self.priority & 0x0F or 16

    @property
    def needs_confirmation(self) -> bool:
        """The issuer forbids choosing this one without the holder."""
        return bool(self.priority & 0x80)


@frozen
class Transmit:
    """Send *command* to the card.

    The reply is the card's answer as it came, 61xx and 6Cxx included.
    """

    command: Command

    def __await__(self) -> Generator[Transmit, Response, Response]:
        return (yield self)


@frozen
class ChooseApplication:
    """Let the holder choose; the reply is a member of *candidates* or None: 应用选择."""

    candidates: tuple[Candidate, ...]

    def __await__(self) -> Generator[ChooseApplication, Candidate | None, Candidate | None]:
        return (yield self)


@frozen
class AskPin:
    """Ask the holder for the PIN; None: not entered, or no working PIN pad: 输入密码."""

    entry: PinEntry
    tries_left: int | None = None
    """Told by the card; None: it did not tell."""

    def __await__(self) -> Generator[AskPin, Pin | None, Pin | None]:
        return (yield self)


@frozen
class CheckDocument:
    """Let the attendant compare holder and document with the card: 出示证件验证.

    PBOC's cardholder verification method 20h. The reply: whether they agree; None when nobody
    can look (then the method fails).
    """

    number: bytes = field(repr=False)
    """9F61, as it is on the card; shown to the attendant, kept nowhere."""
    kind: int
    """9F62: 00 identity card 身份证, 01 military 军官证, 02 passport 护照, ..."""
    name: bytes = field(default=b"", repr=False)
    """5F20 or 9F0B."""

    def __await__(self) -> Generator[CheckDocument, bool | None, bool | None]:
        return (yield self)


@frozen
class GoOnline:
    """Ask the issuer; None: it could not be reached: 联机."""

    request: AuthorisationRequest

    def __await__(
        self,
    ) -> Generator[GoOnline, AuthorisationReply | None, AuthorisationReply | None]:
        return (yield self)


Effect: TypeAlias = Transmit | ChooseApplication | AskPin | CheckDocument | GoOnline
Flow: TypeAlias = Coroutine[Effect, Any, T]
Perform: TypeAlias = Callable[[Effect], object]


def run(flow: Flow[T], perform: Perform) -> T:
    """Drive *flow* to its end and return its result.

    Args:
        flow: The conversation; it is closed in any case.
        perform: Performs one effect. What it raises is raised where the flow awaits, so that
            the flow may tidy up, and then comes out here.
    """
    try:
        effect = flow.send(None)
        while True:
            try:
                reply = perform(effect)
            except Exception as error:  # noqa: BLE001 - the flow hears of it where it happened
                effect = flow.throw(error)
            else:
                effect = flow.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


@define
class _Spent:
    """What one conversation has cost so far."""

    commands: int = 0
    size: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

    def add(self, size: int, seconds: float) -> None:
        """Count one answer."""
        self.commands += 1
        self.size += size
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)


def _nobody(effect: object) -> None:
    """Answer a question that nobody is there to hear: there is no answer."""


@frozen(kw_only=True)
class Performer:
    """Performs effects with plain functions; counts, so that no card leads us in circles.

    Without the other functions nobody chooses, no PIN pad and no line are there; a reading
    conversation needs only the card.
    """

    transmit: Callable[[bytes], bytes] = field(repr=False)
    choose: Callable[[Sequence[Candidate]], Candidate | None] = field(
        default=lambda candidates: candidates[0] if len(candidates) == 1 else None, repr=False
    )
    ask_pin: Callable[[AskPin], Pin | None] = field(default=_nobody, repr=False)
    check_document: Callable[[CheckDocument], bool | None] = field(default=_nobody, repr=False)
    go_online: Callable[[AuthorisationRequest], AuthorisationReply | None] = field(
        default=_nobody, repr=False
    )
    heard: Callable[[Command, Response], None] | None = field(default=None, repr=False)
    """Told every command and answer, for a trace. They hold personal data."""
    clock: Callable[[], float] | None = field(default=None, repr=False)
    """Seconds that only ever grow; with it the time of each answer is watched."""
    most_commands: int = MOST_COMMANDS
    most_bytes: int = MOST_BYTES
    most_seconds: float = MOST_SECONDS
    _spent: _Spent = field(factory=_Spent, init=False, repr=False, eq=False)

    @property
    def slowest(self) -> float:
        """Seconds of the slowest answer so far; 0 without a clock."""
        return self._spent.slowest

    @property
    def relay_suspect(self) -> bool:
        """Whether an answer took longer than a card in this reader takes: 中继嫌疑.

        A relay cannot be excluded, only suspected; let no tap that is suspect move anything.
        """
        return self._spent.slowest > RELAY_SECONDS

    def __call__(self, effect: Effect) -> object:
        """Perform one effect.

        Raises:
            LimitExceeded: too many commands or answer bytes in one conversation.
            CardFault: the reader gave back something that is no answer.
        """
        match effect:
            case Transmit(command):
                return self._send(command)
            case ChooseApplication(candidates):
                return self.choose(candidates)
            case AskPin():
                return self.ask_pin(effect)
            case CheckDocument():
                return self.check_document(effect)
            case GoOnline(request):
                return self.go_online(request)

    def _send(self, command: Command) -> Response:
        spent = self._spent
        if spent.commands >= self.most_commands:
            raise LimitExceeded("commands", self.most_commands)
        begun = self.clock() if self.clock is not None else 0.0
        raw = self.transmit(command.encode())
        took = self.clock() - begun if self.clock is not None else 0.0
        if len(raw) < 2:
            raise CardFault(0, "FLOW-ANSWER", got=len(raw))
        response = Response.decode(raw)
        spent.add(len(raw), took)
        if spent.size > self.most_bytes:
            raise LimitExceeded("answer bytes", self.most_bytes)
        if spent.seconds > self.most_seconds:
            raise LimitExceeded("seconds of waiting for the card", int(self.most_seconds))
        if self.heard is not None:
            self.heard(command, response)
        return response
