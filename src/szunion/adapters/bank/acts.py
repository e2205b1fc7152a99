"""Know what the simulated bank can do, and what it tells when it does it.

Every act is a function of the books and of one line of the journal. It first checks that it may
be done (and raises), then does it whole; nothing is half done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from attrs import evolve

from szunion.adapters.bank import extras
from szunion.adapters.bank.books import Books, Op, missing, refuse
from szunion.adapters.bank.payments import reject_order, return_payment, settle
from szunion.adapters.bank.records import (
    CARD_MOVES,
    LIFTS,
    BankAccount,
    BankCard,
    BankRow,
    RowState,
)
from szunion.domain.bank import (
    BankEvent,
    BankNotice,
    BankState,
    CardChanged,
    CardProduced,
    DailyCardList,
    FaceSignResult,
    FeeWaiversUsed,
    ListedCard,
    NumberAnswered,
    NumberResult,
    OrderReturned,
    OrderSettled,
    PlasticEvent,
    PlasticMoved,
    RequestAnswered,
    RowDeclined,
    RowFaceSigned,
    RowReason,
    RowRejected,
    RowVerified,
    Statement,
    StatementLine,
)
from szunion.domain.bank_requests import AccountClass
from szunion.domain.values import Fen

_LOSSES: Final = {
    BankState.LOSS_ORAL: BankEvent.LOSS_ORAL,
    BankState.LOSS_WRITTEN: BankEvent.LOSS_WRITTEN,
}


# --- rows -----------------------------------------------------------------------------------


def verify(books: Books, op: Op) -> None:
    """Check names (实名核验): verified, or sent back because the bank's own rules say so."""
    for row in _rows(books, op, {RowState.RECEIVED}, ("核验", "verify")):
        _check(books, row)


def _check(books: Books, row: BankRow) -> None:
    if not row.encodable:
        _send_back(books, row, RowReason.OTHER, "CHARSET", "姓名有本行系统不能登记的字")
    elif (
        row.account_class is AccountClass.I
        and books.class_one.get(row.person, row.key.text) != row.key.text
    ):
        _send_back(books, row, RowReason.CLASS1_EXISTS, "A001", "该客户已有一类户")
    else:
        row.state = RowState.VERIFIED
        if row.account_class is AccountClass.I:
            books.class_one[row.person] = row.key.text
        books.tell(RowVerified(told=books.row_told(row), row=row.key))


def reject(books: Books, op: Op) -> None:
    """Send rows back for a reason (银行退回)."""
    for row in _rows(books, op, {RowState.RECEIVED, RowState.VERIFIED}, ("退回", "send back")):
        _send_back(books, row, RowReason(op["reason"]), op["code"], op["text"])


def _send_back(books: Books, row: BankRow, reason: RowReason, code: str, text: str) -> None:
    row.state = RowState.REJECTED
    _free_class_one(books, row)
    told = books.row_told(row)
    books.tell(RowRejected(told=told, row=row.key, reason=reason, bank_code=code, bank_text=text))


def decline(books: Books, op: Op) -> None:
    """Note that members refused at the counter (放弃)."""
    open_states = {RowState.RECEIVED, RowState.VERIFIED, RowState.PRODUCED}
    rows = _rows(books, op, open_states, ("放弃", "decline"))
    for row in rows:
        if row.card >= 0 and books.cards[row.card].signed:
            raise refuse(("放弃", "decline"), ("已面签", "signed for"))
    for row in rows:
        row.state = RowState.DECLINED
        if row.card < 0:
            _free_class_one(books, row)
        books.tell(RowDeclined(told=books.row_told(row), row=row.key))


def produce(books: Books, op: Op) -> None:
    """Make cards (制卡), after the name check where that is still to come."""
    ready = {RowState.RECEIVED, RowState.VERIFIED}
    rows = _rows(books, op, ready, ("制卡", "produce"))
    for row in rows:
        if row.state is RowState.RECEIVED:
            _check(books, row)
    for row in rows:
        if row.state is RowState.VERIFIED:
            books.accounts.append(BankAccount(row.person, row.account_class))
            kept = extras.kept_for(books, row)
            wish = row.wish if kept is None else kept.digits
            row.card = books.new_card(row.key, len(books.accounts) - 1, wish, None)
            if kept is not None:
                extras.use_number(books, kept)
            row.state = RowState.PRODUCED
            books.effect(row.key.text)
            card = books.cards[row.card]
            books.tell(
                CardProduced(
                    told=books.card_told(card),
                    row=row.key,
                    card=card.ref,
                    last_four=card.last_four,
                    account_class=row.account_class,
                    collect_at_branch=bool(op.get("branch", False)),
                )
            )


def _rows(books: Books, op: Op, states: set[RowState], what: tuple[str, str]) -> list[BankRow]:
    rows = books.standing(op["rows"])
    for row in rows:
        if row.state not in states:
            raise refuse(what, (row.state.value, row.state.name))
    return rows


def _free_class_one(books: Books, row: BankRow) -> None:
    if books.class_one.get(row.person) == row.key.text:
        del books.class_one[row.person]


def elsewhere(books: Books, op: Op) -> None:
    """Note that a person has a class I account that did not come from here (已有一类户)."""
    books.class_one.setdefault(op["person"], "elsewhere")


# --- cards ----------------------------------------------------------------------------------


def change(books: Books, op: Op) -> None:
    """Let one thing happen to cards; what still stands against a card is told again after it."""
    event = BankEvent(op["event"])
    cards = [books.cards[serial] for serial in op["cards"]]
    for card in cards:
        _may(card, event)
    for card in cards:
        _remember(books, card, event, blocked=bool(op.get("blocked", False)))
        _move(books, card, event, reason=str(op.get("reason", "")))
        if event is BankEvent.CLOSED:
            _close_account(books, card)
        if event in LIFTS:
            _tell_what_stands(books, card)


def _may(card: BankCard, event: BankEvent) -> None:
    what = (event.label, event.label_en)
    if card.state not in CARD_MOVES[event][0]:
        raise refuse(what, (card.state.label, card.state.label_en))
    if event in LIFTS and not card.signed:
        raise refuse(what, ("未面签", "not signed for"))


def _move(
    books: Books,
    card: BankCard,
    event: BankEvent,
    *,
    reason: str = "",
    successor: BankCard | None = None,
) -> None:
    card.state = CARD_MOVES[event][1]
    books.tell(
        CardChanged(
            told=books.card_told(card),
            card=card.ref,
            event=event,
            state=card.state,
            row=card.row if event is BankEvent.ACTIVATED else None,
            successor=None if successor is None else successor.ref,
            successor_last_four="" if successor is None else successor.last_four,
            reason=reason,
        )
    )


def _remember(books: Books, card: BankCard, event: BankEvent, *, blocked: bool) -> None:
    match event:
        case BankEvent.ACTIVATED:
            card.signed = True
        case BankEvent.LOSS_ORAL | BankEvent.LOSS_WRITTEN:
            card.loss = CARD_MOVES[event][1]
        case BankEvent.LOSS_LAPSED | BankEvent.LOSS_UNDONE:
            card.loss = None
        case BankEvent.FROZEN:
            card.frozen = True
            books.accounts[card.account].blocked = blocked
        case BankEvent.UNFROZEN:
            card.frozen = False
            books.accounts[card.account].blocked = False
        case _:
            pass


def _tell_what_stands(books: Books, card: BankCard) -> None:
    if card.frozen:
        _move(books, card, BankEvent.FROZEN)
    elif card.loss is not None:
        _move(books, card, _LOSSES[card.loss])


def _close_account(books: Books, card: BankCard) -> None:
    if card.successor >= 0:
        return
    account = books.accounts[card.account]
    account.open = False
    if account.account_class is AccountClass.I:
        books.class_one.pop(account.person, None)


def replace(books: Books, op: Op) -> None:
    """Replace a card (换卡): the same number with the next PSN, or a new number."""
    old = books.cards[op["card"]]
    same = bool(op["same"])
    _may(old, BankEvent.REPLACED)
    if same and old.loss is not None:
        raise refuse(
            ("用原卡号换卡", "replace with the same number"), (old.state.label, old.state.label_en)
        )
    serial = books.new_card(None, old.account, old.wish, old.ref if same else None)
    old.successor = serial
    new = books.cards[serial]
    _move(books, old, BankEvent.REPLACED, successor=new)
    books.tell(
        CardChanged(
            told=books.card_told(new), card=new.ref, event=BankEvent.ISSUED, state=BankState.ISSUED
        )
    )


def plastic(books: Books, op: Op) -> None:
    """Hand out or destroy a piece of plastic (实体卡)."""
    card = books.cards[op["card"]]
    books.tell(
        PlasticMoved(
            told=books.next_of(f"plastic-{card.serial:09d}"),
            card=card.ref,
            event=PlasticEvent(op["event"]),
        )
    )


# --- files, answers, contradictions ---------------------------------------------------------


def _day_of(books: Books, op: Op) -> date:
    """Return the day an act is about: the one that was named, or that of the act itself."""
    return date.fromisoformat(op["day"]) if "day" in op else books.today


def daily_list(books: Books, op: Op) -> None:
    """Tell every card of the programme (日终全量)."""
    cards = tuple(ListedCard(card.ref, card.state, card.told) for card in books.cards)
    books.tell(DailyCardList(told=books.next_of("list"), day=_day_of(books, op), cards=cards))


def statement(books: Books, op: Op) -> None:
    """Tell every movement of a day on the paying account (流水)."""
    day = _day_of(books, op)
    lines = tuple(
        StatementLine(each.order, each.kind, Fen(each.fen)) for each in books.movements.get(day, ())
    )
    books.tell(Statement(told=books.next_of("statement"), day=day, lines=lines))


def receipt(books: Books, op: Op) -> None:
    """Tell again, as a notice, what was answered to a request (回执)."""
    answered = books.answers[op["key"]]
    told = books.next_of(f"request-{op['key']}")
    books.tell(RequestAnswered(told=told, receipt=answered.receipt))


def refuse_next(books: Books, op: Op) -> None:
    """Refuse the next new request as a whole (整批退回)."""
    books.refuse_next = op["code"]


def same_id(books: Books, op: Op) -> None:
    """Tell the last notice of a stream again: same event id, other content (F9)."""
    for notice in reversed(books.log):
        if notice.told.stream == op["stream"]:
            books.tell(_twisted(notice))
            return
    raise missing("通知", "notice")


def _twisted(notice: BankNotice) -> BankNotice:  # noqa: C901, PLR0911  (one for each kind)
    match notice:
        case CardChanged(state=BankState.ACTIVE):
            return evolve(notice, event=BankEvent.FROZEN, state=BankState.FROZEN)
        case CardChanged():
            return evolve(notice, event=BankEvent.ACTIVATED, state=BankState.ACTIVE)
        case CardProduced():
            return evolve(notice, last_four=f"{(int(notice.last_four) + 1) % 10_000:04d}")
        case OrderSettled() | OrderReturned():
            return evolve(notice, fen=notice.fen + Fen(1))
        case FeeWaiversUsed():
            return evolve(notice, used=notice.used + 1)
        case NumberAnswered():
            return evolve(notice, result=NumberResult.NOT_OFFERED, until=None)
        case RowFaceSigned(result=FaceSignResult.SIGNED):
            return evolve(notice, result=FaceSignResult.NOT_THE_PERSON)
        case RowFaceSigned():
            return evolve(notice, result=FaceSignResult.SIGNED)
        case RowVerified():
            return RowDeclined(told=notice.told, row=notice.row)
        case RowRejected(reason=RowReason.OTHER):
            return evolve(notice, reason=RowReason.AML)
        case RowRejected():
            return evolve(notice, reason=RowReason.OTHER)
        case _:
            raise refuse(("自相矛盾", "contradict itself"), ("无可改", "with nothing to change"))


def revive_closed(books: Books, op: Op) -> None:
    """Tell that a closed or replaced card was activated; it was not (F9, race 26)."""
    card = books.cards[op["card"]]
    if card.state not in {BankState.CLOSED, BankState.REPLACED}:
        raise refuse(("自相矛盾", "contradict itself"), (card.state.label, card.state.label_en))
    books.tell(
        CardChanged(
            told=books.card_told(card),
            card=card.ref,
            event=BankEvent.ACTIVATED,
            state=BankState.ACTIVE,
        )
    )


ACTS: Final[dict[str, Callable[[Books, Op], None]]] = {
    "verify": verify,
    "reject": reject,
    "decline": decline,
    "produce": produce,
    "elsewhere": elsewhere,
    "change": change,
    "replace": replace,
    "plastic": plastic,
    "settle": settle,
    "reject_order": reject_order,
    "return_payment": return_payment,
    "daily_list": daily_list,
    "statement": statement,
    "receipt": receipt,
    "sign": extras.sign,
    "free_service": extras.free_service,
    "exhaust_number": extras.exhaust_number,
    "lapse_number": extras.lapse_number,
    "refuse_next": refuse_next,
    "same_id": same_id,
    "revive_closed": revive_closed,
}
"""Every act that a person or the bank's own habits can start, by its name in the journal."""
