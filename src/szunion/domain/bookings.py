"""Know how limited stock is booked: an offer, one person's booking, and its way to being used."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from szunion.domain.catalogue import Mode, ServiceItem, ServiceKind
from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import BookingId, Labelled, OfferId, PersonId
from szunion.text import Text


class BookingState(Labelled):
    """Where a booking stands (预约状态)."""

    REQUESTED = "REQUESTED", "已请求", "requested"
    HELD = "HELD", "已占位", "held"
    CONFIRMED = "CONFIRMED", "已确认", "confirmed"
    WAITLISTED = "WAITLISTED", "候补", "on the waiting list"
    USED = "USED", "已使用", "used"
    NO_SHOW = "NO_SHOW", "未到场", "no show"
    CANCELLED = "CANCELLED", "已取消", "cancelled"
    EXPIRED = "EXPIRED", "已失效", "expired"
    REFUSED = "REFUSED", "未成功", "refused"


class BookingEvent(Labelled):
    """What happens to a booking."""

    HOLD = "hold", "占位", "hold a place"
    QUEUE = "queue", "进入候补", "queue"
    REFUSE = "refuse", "拒绝", "refuse"
    PROMOTE = "promote", "候补转正", "promote from the list"
    CLOSE = "close", "候补截止", "the list closes"
    CONFIRM = "confirm", "确认", "confirm"
    LAPSE = "lapse", "超时释放", "lapse"
    CANCEL = "cancel", "取消", "cancel"
    CHECK_IN = "check_in", "核销", "check in"
    MISS = "miss", "未到场", "did not come"
    CORRECT = "correct", "更正", "correct"


_S = BookingState
_E = BookingEvent
_BACK: Final = Text("库存和个人名额退回", "stock and the person's quota given back")

BOOKING: Final = Machine(
    name="booking",
    text=Text("预约/抢票", "booking"),
    instance=Text("一人、一场活动或一张票", "one person, one event or ticket"),
    owner=Owner.UNION,
    states=BookingState,
    events=BookingEvent,
    start=_S.REQUESTED,
    final=frozenset({_S.USED, _S.NO_SHOW, _S.CANCELLED, _S.EXPIRED, _S.REFUSED}),
    moves=(
        engine(
            _S.REQUESTED,
            _E.HOLD,
            _S.HELD,
            guard=Text(
                "此刻有资格；卡可用；库存一次原子扣减；个人名额在同一事务内",
                "eligible now; card usable; one atomic decrement of the stock; the person's own "
                "quota in the same commit",
            ),
            effect=Text("确认期限", "deadline to confirm"),
        ),
        engine(
            _S.REQUESTED,
            _E.QUEUE,
            _S.WAITLISTED,
            guard=Text("库存已尽，候补开放", "stock gone, list open"),
            effect=Text("告知排位", "place in the queue told"),
        ),
        engine(
            _S.REQUESTED,
            _E.REFUSE,
            _S.REFUSED,
            guard=Text("原因代码和判定过程", "reason code and trace"),
        ),
        engine(
            _S.WAITLISTED,
            _E.PROMOTE,
            _S.HELD,
            guard=Text("库存退回；再次判定资格", "stock came back; eligibility checked again"),
            effect=Text("有期限的名额", "offer with a deadline"),
        ),
        engine(
            _S.WAITLISTED, _E.CLOSE, _S.EXPIRED, guard=Text("活动已开始", "the event has begun")
        ),
        command((_S.WAITLISTED, _S.HELD), _E.CANCEL, _S.CANCELLED, Actor.MEMBER, effect=_BACK),
        command(
            _S.HELD,
            _E.CONFIRM,
            _S.CONFIRMED,
            Actor.MEMBER,
            guard=Text("期限之前", "before the deadline"),
            effect=Text("出票或出码", "ticket or code"),
        ),
        engine(
            _S.HELD, _E.LAPSE, _S.EXPIRED, guard=Text("已过期限", "deadline passed"), effect=_BACK
        ),
        command(
            _S.CONFIRMED,
            _E.CHECK_IN,
            _S.USED,
            Actor.PROVIDER,
            guard=Text(
                "凭卡或二维码凭证；离线凭签名状态清单",
                "card, or QR certificate; offline with a signed status list",
            ),
            effect=Text("参加记录", "participation record"),
        ),
        engine(
            _S.CONFIRMED,
            _E.MISS,
            _S.NO_SHOW,
            guard=Text("活动已结束", "event over"),
            effect=Text("参加记录；按本市规则", "participation record; the city's own rule"),
        ),
        command(
            _S.CONFIRMED,
            _E.CANCEL,
            _S.CANCELLED,
            Actor.MEMBER,
            Actor.PROVIDER,
            guard=Text("服务方取消须说明原因", "a provider gives a reason"),
            effect=_BACK,
        ),
        command(
            _S.NO_SHOW,
            _E.CORRECT,
            _S.USED,
            Actor.PROVIDER,
            two=True,
            guard=Text("期限内有证据", "evidence within the window"),
            effect=Text("记录更正，不是覆盖", "record corrected, not overwritten"),
        ),
    ),
)


class NoPlace(Labelled):
    """Why no place was given (未成功原因)."""

    NOT_OPEN = "NOT_OPEN", "未到开放时间", "not open yet"
    OVER = "OVER", "已截止", "over"
    QUOTA = "QUOTA", "已达个人限额", "the person's own quota is used up"
    SOLD_OUT = "SOLD_OUT", "已约满", "sold out"
    NOT_ELIGIBLE = "NOT_ELIGIBLE", "不符合条件", "not eligible"
    CARD_NOT_USABLE = "CARD_NOT_USABLE", "卡不可用", "the card is not usable"


_PUT_UP: Final = frozenset(
    {ServiceKind.BOOKING, ServiceKind.ENROLMENT, ServiceKind.DISCOUNT, ServiceKind.ACCOUNT}
)


def may_be_put_up(item: ServiceItem) -> bool:
    """Return whether there may be places of *item* that members ask for each by themselves.

    Cover, cases and money have ways of their own; what is joined through the union,
    started by one or done at the bank nobody can book.
    """
    return item.mode is Mode.INDIVIDUAL and item.kind in _PUT_UP


@frozen(kw_only=True)
class Offer:
    """Something of which there is only so much (可预约项目): an event, a course, tickets."""

    id: OfferId
    item: str
    """The service item of the catalogue."""
    title: Text
    stock: int
    per_person: int = 1
    opens: datetime
    closes: datetime
    """From then on nobody can ask for a place, and the waiting list is closed."""
    ends: datetime | None = None
    """When the event is over; None: when it closes."""
    waiting_list: bool = False
    taken: int = 0
    """Places held, confirmed or used now. The store changes it with a guarded decrement."""
    version: int = 0

    @property
    def over(self) -> datetime:
        """From when on a place that was not used is a no-show."""
        return self.ends or self.closes

    @property
    def left(self) -> int:
        """How many places are left."""
        return self.stock - self.taken


@frozen(kw_only=True)
class Booking:
    """One person's place, or wish for one (预约)."""

    id: BookingId
    offer: OfferId
    person: PersonId
    place: int = 1
    """The person's how-manieth of this offer; two at once cannot have the same."""
    state: BookingState = BookingState.REQUESTED
    asked: datetime
    confirm_by: datetime | None = None
    refused: NoPlace | None = None
    version: int = 0

    @property
    def counts(self) -> bool:
        """Whether it counts against the person's own quota: a place, or a place in the queue."""
        return self.state in PLACES or self.state is BookingState.WAITLISTED

    @property
    def takes_a_place(self) -> bool:
        """Whether it counts against the stock."""
        return self.state in PLACES

    def after(self, event: BookingEvent) -> Booking:
        """Return the booking after *event* (E-STATE-001 if the table has no such step)."""
        return evolve(self, state=BOOKING.after(self.state, event))


PLACES: Final = frozenset({_S.HELD, _S.CONFIRMED, _S.USED, _S.NO_SHOW})
"""States that take a place of the stock."""


def decide(
    offer: Offer, mine: int, now: datetime, left: int | None = None
) -> BookingEvent | NoPlace:
    """Return what becomes of a request: a place, a place in the queue, or why neither.

    The store repeats the count inside the transaction; this is the same rule for both.

    Args:
        offer: The offer with its places taken now.
        mine: How many places of it, or in its queue, the person has.
        now: When the request is decided.
        left: How many places are left, where more were taken than *offer* says.
    """
    if now < offer.opens:
        return NoPlace.NOT_OPEN
    if now >= offer.closes:
        return NoPlace.OVER
    if mine >= offer.per_person:
        return NoPlace.QUOTA
    if (offer.left if left is None else left) > 0:
        return BookingEvent.HOLD
    return BookingEvent.QUEUE if offer.waiting_list else NoPlace.SOLD_OUT
