"""The card is taken out after any command of any conversation: one typed error, at once.

Each conversation is run once for every command it has. Twice: the card goes before the command
reaches it, or it does its work and its answer is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.emv.purses import AID as PURSE_AID
from tests.emv.purses import load_once, pay_once, purse_card
from tests.emv.world import BUSINESS, PBOC_DEBIT, Line, card, performer, terminal

from szunion.adapters.reader.simulated import SimulatedReader
from szunion.emv import scripts
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Scheme
from szunion.emv.errors import EmvError
from szunion.emv.flow import Performer, run
from szunion.emv.look import Authentication, Probes, look, read_public
from szunion.emv.outcome import Decision
from szunion.emv.pboc import Fast, tap
from szunion.emv.purse import Kind, balance
from szunion.emv.selection import select_application
from szunion.emv.terminal import ActionCodes, terminal_values
from szunion.emv.transaction import transact
from szunion.emv.transit import Settings
from szunion.errors import CardRemoved

Transmit = Callable[[bytes], bytes]
Work = Callable[[Transmit], object]
_MOST_COMMANDS = 150


def contact(scheme: Scheme) -> Work:
    def work(transmit: Transmit) -> object:
        line = Line(scheme, orders=(scripts.set_ecash_balance(2_000), scripts.unblock_pin()))
        made = terminal(knows_sm=True)
        outcome = run(transact(made, BUSINESS), performer(card(), line=line, transmit=transmit))
        assert [result.done for result in outcome.scripts] == [True]
        return outcome.decision

    return work


def ecash(transmit: Transmit) -> object:
    lenient = ActionCodes(online=bytes(5), default=bytes(5))
    made = terminal(knows_ecash=True, ecash_limit=9_000, action_codes=lenient)
    outcome = run(transact(made, BUSINESS), performer(card(), transmit=transmit))
    assert outcome.used_ecash
    return outcome.decision


def in_the_air(transmit: Transmit) -> object:
    made = terminal(knows_sm=True, floor_limit=50_000)
    values = terminal_values(made, BUSINESS, b"\1\2\3\4")
    return run(tap(made, BUSINESS, values), performer(card(), transmit=transmit)).decision


def looking(transmit: Transmit) -> object:
    view = run(look(Probes(logs=True, transit=Settings())), Performer(transmit=transmit))
    assert view.transit is not None
    return view.transit.balance == 10_000 and view.applications[0].number is not None


def authenticated(transmit: Transmit) -> object:
    wanted = Authentication(terminal=terminal(knows_sm=True), date="261124")
    found = run(read_public(None, wanted), Performer(transmit=transmit))
    return found is not None and found.verdict is not None and found.verdict.passed


def purse(transmit: Transmit) -> object:
    run(select_application(PURSE_AID), Performer(transmit=transmit))
    load_once(transmit, 500)
    pay_once(transmit, 300)
    return run(balance(Kind.EP), Performer(transmit=transmit))


CONVERSATIONS: dict[str, tuple[Callable[[], SimulatedCard], Work, bool, object]] = {
    "contact RSA": (card, contact(Scheme.RSA), False, Decision.APPROVED_ONLINE),
    "contact SM2": (
        lambda: card(Scheme.SM), contact(Scheme.SM), False, Decision.APPROVED_ONLINE
    ),
    "electronic cash": (card, ecash, False, Decision.APPROVED_OFFLINE),
    "fast contactless": (card, in_the_air, True, Fast.APPROVED_OFFLINE),
    "a look": (lambda: card(purse=10_000), looking, False, True),
    "a look with authentication": (card, authenticated, False, True),
    "purse": (purse_card, purse, False, 10_200),
}  # fmt: skip


class Desk:
    """A reader whose card is taken out around one command; counts what is sent afterwards."""

    def __init__(self, make: Callable[[], SimulatedCard], air: bool, gone: int, done: bool) -> None:  # noqa: FBT001
        self.held = make()
        self.reader = SimulatedReader("desk", contactless=["air"] if air else [])
        self.name = "air" if air else "desk"
        self.reader.insert(self.name, self.held)
        self.channel = self.reader.connect(self.name)
        self.left, self.done, self.late = gone, done, 0

    def transmit(self, raw: bytes) -> bytes:
        self.late += self.left < 0
        self.left -= 1
        if self.left == -1:
            if self.done:
                self.held.process_bytes(raw)
            self.reader.remove(self.name)
        return self.channel.transmit(raw)


@pytest.mark.parametrize("done", [False, True], ids=["before", "answer lost"])
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_card_taken_out_is_one_typed_error_at_once(name: str, done: bool) -> None:  # noqa: FBT001
    make, work, air, whole = CONVERSATIONS[name]
    codes: set[str] = set()
    for gone in range(_MOST_COMMANDS):
        desk = Desk(make, air, gone, done)
        counter = _counter(desk.held)
        try:
            found = work(desk.transmit)
        except CardRemoved as error:
            codes.add(error.code)
        else:
            assert found == whole
            assert gone > 5
            assert codes == {"E-READER-003"}
            return
        assert not desk.late, "something was sent to a card that is gone"
        with pytest.raises(CardRemoved):  # the old channel is dead for good,
            desk.channel.transmit(bytes.fromhex("80CA9F3600"))
        assert _counter(desk.held) - counter in {0, 1}
        desk.reader.insert(desk.name, make())
        with pytest.raises(CardRemoved):  # also with another card in the reader,
            desk.channel.transmit(bytes.fromhex("80CA9F3600"))
        again = desk.reader.connect(desk.name)  # which has nothing of the first one
        assert work(again.transmit) == whole
    pytest.fail("the conversation never ended")


def _counter(held: SimulatedCard) -> int:
    try:
        return int.from_bytes(held.cell(PBOC_DEBIT, 0x9F36) or b"", "big")
    except KeyError:  # a card with a purse alone
        return 0


def test_every_error_of_the_card_layer_is_not_a_removed_card() -> None:
    """The typed error is the reader's own: a flow must not turn it into a fault of the card."""
    assert not issubclass(CardRemoved, EmvError)


def test_the_money_of_a_purse_is_old_or_new_when_the_answer_is_lost() -> None:
    seen: set[Any] = set()
    for gone in range(_MOST_COMMANDS):
        desk = Desk(purse_card, air=False, gone=gone, done=True)
        try:
            purse(desk.transmit)
        except CardRemoved:
            desk.held.reset()
            transmit = Performer(transmit=desk.held.process_bytes)
            run(select_application(PURSE_AID), transmit)
            seen.add(run(balance(Kind.EP), transmit))
        else:
            break
    assert seen == {10_000, 10_500, 10_200}
