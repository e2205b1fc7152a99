"""Know what a person, or a test, may press at the simulated bank, and what is ready for it.

Each press is one act of ``bank.simulate``; its name and its target come as words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from szunion.adapters.bank.buttons import Simulate
from szunion.adapters.bank.records import CARD_MOVES, OrderState, RowState
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.domain.bank import BankEvent, BankState
from szunion.domain.values import CardRef, CardToken, RequestKey
from szunion.errors import InvalidInput
from szunion.text import Text

Press = Callable[[Simulate, str], object]


def _key(press: Callable[[Simulate, RequestKey], object]) -> Press:
    return lambda bank, word: press(bank, RequestKey(word))


def _card(press: Callable[[Simulate, CardRef], object]) -> Press:
    return lambda bank, word: press(bank, card_named(word))


def card_named(word: str) -> CardRef:
    """Return the card of a word as :func:`name_of` writes it.

    Raises:
        InvalidInput: it is none (E-VALUE-002, E-SIM-007).
    """
    token, _, psn = word.rpartition(".")
    if not (psn.isascii() and psn.isdigit() and len(psn) <= 4):  # noqa: PLR2004
        raise InvalidInput("E-SIM-007", name="card")
    return CardRef(CardToken(token), int(psn))


def name_of(card: CardRef) -> str:
    """Return the word by which a card is named in a form."""
    return f"{card.token.plain()}.{card.psn}"


#: Everything that can be pressed: its label, and what it does with its target.
PRESSES: Final[Mapping[str, tuple[Text, Press]]] = {
    # a batch
    "verify": (Text("核验", "verify"), _key(lambda bank, key: bank.verify(key))),
    "produce": (Text("制卡", "produce"), _key(lambda bank, key: bank.produce(key))),
    "face_sign": (
        Text("面签并激活", "face-sign, activate"),
        _key(lambda bank, key: bank.face_sign(key)),
    ),
    # a row
    "reject": (Text("退回", "send back"), _key(lambda bank, key: bank.reject(key))),
    "decline": (Text("放弃", "decline"), _key(lambda bank, key: bank.decline(key))),
    "sign_face": (Text("只面签", "face-sign only"), _key(lambda bank, key: bank.sign_face(key))),
    # a card
    "activated": (Text("激活", "activate"), _card(lambda bank, card: bank.activate(card))),
    "loss_oral": (
        Text("口头挂失", "report loss orally"),
        _card(lambda bank, card: bank.report_loss(card)),
    ),
    "loss_written": (
        Text("书面挂失", "report loss in writing"),
        _card(lambda bank, card: bank.report_loss(card, written=True)),
    ),
    "loss_undone": (Text("解挂", "undo loss"), _card(lambda bank, card: bank.undo_loss(card))),
    "loss_lapsed": (
        Text("挂失失效", "let the report lapse"),
        _card(lambda bank, card: bank.lapse_loss(card)),
    ),
    "frozen": (Text("冻结", "freeze"), _card(lambda bank, card: bank.freeze(card))),
    "unfrozen": (Text("解冻", "unfreeze"), _card(lambda bank, card: bank.unfreeze(card))),
    "dormant": (Text("转睡眠", "let go dormant"), _card(lambda bank, card: bank.dormant(card))),
    "revived": (Text("恢复", "revive"), _card(lambda bank, card: bank.revive(card))),
    "expired": (Text("到期", "expire"), _card(lambda bank, card: bank.expire(card))),
    "replaced": (Text("换卡", "replace"), _card(lambda bank, card: bank.replace(card))),
    "closed": (Text("销卡", "close"), _card(lambda bank, card: bank.close(card))),
    # money
    "settle": (Text("入账", "settle"), _key(lambda bank, key: bank.settle(key))),
    "reject_order": (Text("拒付", "refuse"), _key(lambda bank, key: bank.reject_order(key))),
    "return_payment": (Text("退票", "return"), _key(lambda bank, key: bank.return_payment(key))),
    # files, and the next request
    "daily_list": (Text("发送日终清单", "send daily list"), lambda bank, _: bank.daily_list()),
    "statement": (Text("发送流水", "send statement"), lambda bank, _: bank.statement()),
    "refuse_next": (
        Text("下一批整批退回", "refuse the next batch"),
        lambda bank, _: bank.refuse_next(),
    ),
}

_EVENTS: Final = {event.value: event for event in BankEvent if event.value in PRESSES}


def press(bank: SimulatedBank, what: str, target: str) -> None:
    """Let the bank do *what* to *target*.

    Raises:
        Conflict: it would not do that in this state (E-SIM-002).
        NotFound: it has no such thing (E-SIM-003).
        InvalidInput: there is no such button, or the target is not well-formed.
    """
    if what not in PRESSES:
        raise InvalidInput("E-SIM-007", name=what[:40])
    PRESSES[what][1](bank.simulate, target)


@frozen(kw_only=True)
class BatchRow:
    """A batch as the page shows it."""

    key: str
    states: Mapping[RowState, int]
    ready: tuple[str, ...]


def batches_of(bank: SimulatedBank, most: int) -> list[BatchRow]:
    """Return the newest batches, and what is ready to be pressed for each."""
    found: dict[RequestKey, dict[RowState, int]] = {}
    for row in bank.truth.rows.values():
        states = found.setdefault(row.batch, {})
        states[row.state] = states.get(row.state, 0) + 1
    newest = list(found.items())[-most:][::-1]
    return [
        BatchRow(key=key.text, states=states, ready=tuple(_ready_of_batch(states)))
        for key, states in newest
    ]


def _ready_of_batch(states: Mapping[RowState, int]) -> list[str]:
    ready = []
    if RowState.RECEIVED in states:
        ready.append("verify")
    if RowState.RECEIVED in states or RowState.VERIFIED in states:
        ready.append("produce")
    if RowState.PRODUCED in states:
        ready.append("face_sign")
    return ready


def ready_of_card(state: BankState) -> tuple[str, ...]:
    """Return what can be pressed for a card in *state*."""
    return tuple(what for what, event in _EVENTS.items() if state in CARD_MOVES[event][0])


def ready_of_order(state: OrderState) -> tuple[str, ...]:
    """Return what can be pressed for an order in *state*."""
    match state:
        case OrderState.ACCEPTED:
            return "settle", "reject_order"
        case OrderState.SETTLED:
            return ("return_payment",)
        case _:
            return ()
