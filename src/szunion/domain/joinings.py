"""Know how a union signs its members up for an item that they join together (集体参与)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from szunion.domain.catalogue import ServiceItem
from szunion.domain.eligibility import Ineligible, ItemTerms, against_terms
from szunion.domain.identity import Gender
from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.members import Rights
from szunion.domain.values import Labelled, OrganisationId, PersonId
from szunion.errors import InvalidInput
from szunion.text import Text

MOST_PLACES: Final = 10_000
MOST_LISTED: Final = 500
"""So many members may be on one list."""
MOST_WORDS: Final = 100
_LONGEST: Final = timedelta(days=366)


class JoiningState(Labelled):
    """Where a sign-up stands (集体参与状态)."""

    ASKED = "ASKED", "已报名", "asked for"
    ACCEPTED = "ACCEPTED", "已排期", "accepted, with a day"
    HELD = "HELD", "已举办，待确认名单", "held; who came waits for a second person"
    CLOSED = "CLOSED", "已办结", "closed"
    DECLINED = "DECLINED", "未受理", "declined"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"
    CANCELLED = "CANCELLED", "已取消", "cancelled"
    LAPSED = "LAPSED", "逾期未办结", "lapsed"


class JoiningEvent(Labelled):
    """What happens to a sign-up."""

    ACCEPT = "accept", "受理排期", "accept"
    DECLINE = "decline", "不受理", "decline"
    WITHDRAW = "withdraw", "撤回", "withdraw"
    CANCEL = "cancel", "取消", "cancel"
    HOLD = "hold", "举办", "hold"
    CLOSE = "close", "办结", "close"
    LAPSE = "lapse", "逾期", "lapse"


_S = JoiningState
_E = JoiningEvent
_ORGANISERS: Final = (Actor.UPPER, Actor.CITY, Actor.PROVIDER)
_LIST_GOES: Final = Text("名单即清除；已告知的会员得知", "the list goes; who was told is told so")

JOINING: Final = Machine(
    name="joining",
    text=Text("集体参与", "collective joining"),
    instance=Text(
        "一家工会、一个集体项目、一次报名", "one union's sign-up for one collective item"
    ),
    owner=Owner.UNION,
    states=JoiningState,
    events=JoiningEvent,
    start=_S.ASKED,
    final=frozenset({_S.CLOSED, _S.DECLINED, _S.WITHDRAWN, _S.CANCELLED, _S.LAPSED}),
    moves=(
        command(
            _S.ASKED,
            _E.ACCEPT,
            _S.ACCEPTED,
            *_ORGANISERS,
            guard=Text("受理人不是报名人；写明日期和名额", "not who asked; with a day and places"),
            effect=Text("名单上的会员得知日期和地点", "who is listed is told day and place"),
        ),
        command(
            _S.ASKED,
            _E.DECLINE,
            _S.DECLINED,
            *_ORGANISERS,
            guard=Text("受理人不是报名人；写明原因", "not who asked; with a reason"),
            effect=_LIST_GOES,
        ),
        command((_S.ASKED, _S.ACCEPTED), _E.WITHDRAW, _S.WITHDRAWN, Actor.UNION, effect=_LIST_GOES),
        command(
            _S.ACCEPTED,
            _E.CANCEL,
            _S.CANCELLED,
            *_ORGANISERS,
            guard=Text("写明原因", "with a reason"),
            effect=_LIST_GOES,
        ),
        command(
            _S.ACCEPTED,
            _E.HOLD,
            _S.HELD,
            Actor.UNION,
            guard=Text("已到举办日", "its day has come"),
            effect=Text("经办人写明谁到场", "an officer says who came"),
        ),
        command(
            _S.HELD,
            _E.CLOSE,
            _S.CLOSED,
            Actor.UNION,
            two=True,
            guard=Text("另一名经办人确认谁到场", "a second officer confirms who came"),
            effect=Text("参加记录；名单即清除", "participation records; the list goes"),
        ),
        engine(
            (_S.ASKED, _S.ACCEPTED, _S.HELD),
            _E.LAPSE,
            _S.LAPSED,
            guard=Text("过期日数已满", "too long after its last day"),
            effect=Text("名单即清除", "the list goes"),
        ),
    ),
)

OPEN: Final = frozenset({_S.ASKED, _S.ACCEPTED, _S.HELD})
"""It waits for somebody, and has a list."""


def occasion_of(joining: int) -> str:
    """Return the name of a sign-up's occasion in the record of taking part."""
    return f"joining-{joining}"


@frozen(kw_only=True)
class Joining:
    """One union's sign-up for one item that is joined through the union (集体报名)."""

    id: int
    item: str
    organisation: OrganisationId
    first: date
    """The first day that is wished for."""
    last: date
    """The last; accepted, both are the day on which it is held."""
    session: str = ""
    """Which session of it, or what time (场次、时间); empty: as the organiser says."""
    place: str
    number: int
    """How many are expected; accepted, how many places there are."""
    asked: datetime
    asked_by: str
    """The officer who signed up: to whom the organiser turns (联系人)."""
    decided_by: str = ""
    state: JoiningState = _S.ASKED
    reason: str = ""
    """Why it was declined or called off."""
    came: int = 0
    """How many of the list came, when it is closed."""
    changed: datetime
    version: int = 0

    @property
    def open(self) -> bool:
        """Whether it waits for somebody."""
        return self.state in OPEN

    @property
    def occasion(self) -> str:
        """The name of its occasion, by list and by tap alike."""
        return occasion_of(self.id)

    def after(self, event: JoiningEvent, at: datetime) -> Joining:
        """Return it after an event of the table (E-STATE-001 if there is no such step)."""
        return evolve(self, state=JOINING.after(self.state, event), changed=at)

    def accepted(self, by: str, at: datetime, *, on: date, places: int, session: str) -> Joining:
        """Return it accepted for a day, with so many places (受理)."""
        return evolve(
            self.after(_E.ACCEPT, at), decided_by=by, first=on, last=on, number=places,
            session=session.strip() or self.session,
        )  # fmt: skip

    def ended(self, event: JoiningEvent, at: datetime, why: str, by: str) -> Joining:
        """Return it declined or cancelled by an organiser, or withdrawn, with the reason."""
        own = event is _E.WITHDRAW
        if len(why.strip()) > MOST_WORDS or not (why.strip() or own):
            raise InvalidInput("E-JOIN-005", most=MOST_WORDS)
        decided = self.decided_by if own else by
        return evolve(self.after(event, at), reason=why.strip(), decided_by=decided)


@frozen(kw_only=True)
class Listing:
    """One member's place on the list of a sign-up that is open (集体参与名单)."""

    joining: int
    item: str
    organisation: OrganisationId
    first: date
    last: date
    session: str
    where: str
    state: JoiningState
    came: bool
    """An officer says that he or she came; a second one has not confirmed it yet."""


def checked(joining: Joining, today: date) -> Joining:
    """Return a sign-up that can be (E-JOIN-003 if it cannot)."""
    problem = _problem(joining, today)
    if problem is not None:
        raise InvalidInput("E-JOIN-003", problem=problem.zh, problem_en=problem.en)
    return joining


def _problem(joining: Joining, today: date) -> Text | None:
    if not today <= joining.first <= joining.last:
        return Text("日期已过或先后颠倒", "its days are past or out of order")
    if joining.last - today > _LONGEST:
        return Text("日期在一年以后", "its days are more than a year ahead")
    if not 1 <= joining.number <= MOST_PLACES:
        return Text(f"人数为 1 到 {MOST_PLACES}", f"1 to {MOST_PLACES} people")
    if not 1 <= len(joining.place) <= MOST_WORDS or len(joining.session) > MOST_WORDS:
        return Text(
            f"写明地点；地点、场次至多 {MOST_WORDS} 字",
            f"say where; place and session in at most {MOST_WORDS} characters",
        )
    return None


class NoListing(Labelled):
    """Why somebody cannot be on the list, beside what the item itself asks (不能列入的原因)."""

    NOT_OURS = "NOT_OURS", "不是本工会（含下级）在籍会员", "no member of this union or one below"


def against(item: ServiceItem, rights: Rights, gender: Gender | None) -> tuple[Ineligible, ...]:
    """Return everything that stands against a member joining *item* through the union, or by a tap.

    It is the rule of every item; that the union asks is as it should be, and its officer vouches
    for the real name.
    """
    terms = ItemTerms(mode=item.mode, gender=item.eligibility.gender)
    found = against_terms(terms, rights=rights, gender=gender, level=0, least_level=0)
    return tuple(each for each in found if each is not Ineligible.BY_UNION)


def listed_once(people: Iterable[PersonId], most: int = MOST_LISTED) -> tuple[PersonId, ...]:
    """Return people, each once, in order (E-JOIN-004 if they are more than *most*)."""
    found = tuple(sorted(set(people)))
    if len(found) > min(most, MOST_LISTED):
        raise InvalidInput("E-JOIN-004", most=min(most, MOST_LISTED))
    return found
