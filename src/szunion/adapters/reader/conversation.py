"""Know how a flow of the card layer talks to the card in a reader, and what its errors mean: 会话.

The card layer is an island with errors of its own; here they become errors of the reader.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from attrs import define, field

from szunion.application.card_faults import told_as_card_faults
from szunion.emv.apdu import Command, Response
from szunion.emv.explain_trace import Exchange
from szunion.emv.flow import (
    AskPin,
    AuthorisationReply,
    AuthorisationRequest,
    Candidate,
    CheckDocument,
    Flow,
    Performer,
    Pin,
    run,
)
from szunion.errors import CardRemoved
from szunion.log import APDU, say
from szunion.ports.reader import CardChannel

T = TypeVar("T")


_LEFT, _LEFT_AT = "E-READER-003", "E-READER-013"
"""The card left; the second says at which command."""


def _nobody(_question: object) -> None:
    """Answer a question that nobody is there to hear."""


def _the_only_one(candidates: Sequence[Candidate]) -> Candidate | None:
    return candidates[0] if len(candidates) == 1 else None


@define(kw_only=True)
class Conversation:
    """What goes between us and one card, written down. It holds personal data: see ``redact``.

    The functions answer what a flow may ask besides the card; by default nobody does.
    """

    channel: CardChannel
    choose: Callable[[Sequence[Candidate]], Candidate | None] = _the_only_one
    ask_pin: Callable[[AskPin], Pin | None] = _nobody
    check_document: Callable[[CheckDocument], bool | None] = _nobody
    go_online: Callable[[AuthorisationRequest], AuthorisationReply | None] = _nobody
    clock: Callable[[], float] = time.monotonic
    exchanges: list[Exchange] = field(factory=list, init=False, repr=False)
    """Everything so far, with milliseconds."""
    _millis: float = field(default=0.0, init=False)
    _sent: int = field(default=0, init=False)

    def hold(self, flow: Flow[T]) -> T:
        """Drive *flow* with this card and return its result.

        Raises:
            CardFault: the card refused (E-READER-020), or broke the standard (E-READER-021).
            KeyRefused: a key of ours must not be used.
            CardRemoved: the card left (E-READER-013 says when) or was swapped (E-READER-004).
            ReaderError: as the reader raises it.
        """
        performer = Performer(
            transmit=self._transmit,
            choose=self.choose,
            ask_pin=self.ask_pin,
            check_document=self.check_document,
            go_online=self.go_online,
            heard=self._heard,
            clock=self.clock,
        )
        with told_as_card_faults():
            return run(flow, performer)

    def _transmit(self, raw: bytes) -> bytes:
        self._sent += 1
        begun = self.clock()
        try:
            answer = self.channel.transmit(raw)
        except CardRemoved as error:
            if error.code != _LEFT:
                raise
            raise CardRemoved(_LEFT_AT, number=self._sent, **error.context) from error
        self._millis = (self.clock() - begun) * 1000
        return answer

    def _heard(self, command: Command, response: Response) -> None:
        say(
            "card", APDU, "card.apdu", apdu=command.encode()[:4].hex().upper(),
            got=len(response.data), sw=f"{response.sw:04X}", ms=round(self._millis),
        )  # fmt: skip
        self.exchanges.append(Exchange(command, response, round(self._millis, 3)))
