"""Know one enrolment of a person in a plan: its period, what it covers, what is used up (参保)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from szunion.domain.catalogue import Plan
from szunion.domain.city_time import months_later
from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import EnrolmentId, Fen, Labelled, PersonId
from szunion.errors import Conflict, InvalidInput
from szunion.text import Text


class EnrolmentState(Labelled):
    """Where an enrolment stands (参保状态)."""

    DRAFT = "DRAFT", "草稿", "draft"
    SUBMITTED = "SUBMITTED", "已提交", "submitted"
    ACCEPTED = "ACCEPTED", "已承保", "accepted"
    WAITING = "WAITING", "等待期", "in the waiting period"
    IN_FORCE = "IN_FORCE", "保障中", "in force"
    ENDED = "ENDED", "已期满或终止", "ended"
    REJECTED = "REJECTED", "不予承保", "not accepted"
    VOID = "VOID", "已作废", "void"
    CANCELLED = "CANCELLED", "已取消", "cancelled"


class EnrolmentEvent(Labelled):
    """What happens to an enrolment."""

    SUBMIT = "submit", "提交", "submit"
    CANCEL = "cancel", "取消", "cancel"
    REJECT = "reject", "不予承保", "refuse"
    ACCEPT = "accept", "承保", "accept"
    ACCEPT_AUTO = "accept_auto", "自动承保", "accept automatically"
    START_WAITING = "start_waiting", "进入等待期", "waiting period begins"
    START_COVER = "start_cover", "开始保障", "cover begins"
    EXPIRE = "expire", "期满", "expire"
    TERMINATE = "terminate", "终止", "terminate"
    VOID = "void", "作废", "void"


_S = EnrolmentState
_E = EnrolmentEvent

ENROLMENT: Final = Machine(
    name="enrolment",
    text=Text("参保/参加", "enrolment in a plan"),
    instance=Text(
        "一人（或一家工会附名册）、一个计划、一个期间",
        "one person (or one union with a roster) in one plan for one period",
    ),
    owner=Owner.UNION,
    states=EnrolmentState,
    events=EnrolmentEvent,
    start=_S.DRAFT,
    final=frozenset({_S.ENDED, _S.REJECTED, _S.VOID, _S.CANCELLED}),
    moves=(
        command(
            _S.DRAFT,
            _E.SUBMIT,
            _S.SUBMITTED,
            Actor.MEMBER,
            Actor.UNION,
            guard=Text(
                "集体参加由工会附名册；保存资格判定；同一计划无重叠",
                "a union for collective joining, with the roster; eligibility trace stored; no "
                "overlapping cover of the same plan",
            ),
        ),
        command((_S.DRAFT, _S.SUBMITTED), _E.CANCEL, _S.CANCELLED, Actor.MEMBER, Actor.UNION),
        command(
            _S.SUBMITTED,
            _E.REJECT,
            _S.REJECTED,
            Actor.REVIEWERS,
            guard=Text("说明原因", "a reason"),
            effect=Text("告知会员原因", "member told why"),
        ),
        command(
            _S.SUBMITTED,
            _E.ACCEPT,
            _S.ACCEPTED,
            Actor.REVIEWERS,
            guard=Text(
                "已缴费或免费；名额在同一事务内占用", "fee paid or free; quota in the same commit"
            ),
            effect=Text("期间确定；注明目录版本", "period fixed; catalogue version named"),
        ),
        engine(
            _S.SUBMITTED,
            _E.ACCEPT_AUTO,
            _S.ACCEPTED,
            guard=Text(
                "自动计划（激活礼包），按人按项目一次",
                "the plan is automatic (activation pack), once per person and programme",
            ),
            effect=Text("同承保", "as on accepting"),
        ),
        engine(
            _S.ACCEPTED,
            _E.START_WAITING,
            _S.WAITING,
            guard=Text("有等待期且未免除", "the plan has a waiting period and no waiver"),
        ),
        engine(
            (_S.ACCEPTED, _S.WAITING),
            _E.START_COVER,
            _S.IN_FORCE,
            guard=Text(
                "到起始日且无等待期，或等待期满",
                "start date reached and no waiting period, or the waiting period is over",
            ),
        ),
        command(
            _S.ACCEPTED,
            _E.CANCEL,
            _S.CANCELLED,
            Actor.MEMBER,
            Actor.UNION,
            guard=Text("保障开始之前", "before cover"),
            effect=Text("名额退回", "quota given back"),
        ),
        command(
            (_S.WAITING, _S.IN_FORCE),
            _E.TERMINATE,
            _S.ENDED,
            Actor.REVIEWERS,
            guard=Text(
                "说明原因；接转、退休、退会按计划自身规定",
                "a reason; on transfer, retirement or leaving the plan's own rule decides",
            ),
            effect=Text("终止前的事项仍受保障", "events before the end stay covered"),
        ),
        command(
            (_S.WAITING, _S.IN_FORCE),
            _E.VOID,
            _S.VOID,
            Actor.REVIEWERS,
            two=True,
            guard=Text("重复或从不符合条件", "duplicate or never eligible"),
            effect=Text(
                "已付的列入追回清单；系统不自行追回",
                "paid claims go to the recovery list; nothing is clawed back by machine",
            ),
        ),
        engine(
            _S.IN_FORCE,
            _E.EXPIRE,
            _S.ENDED,
            guard=Text("到期日", "end date"),
            effect=Text("续保是新的一条并指明本条", "a renewal is a new enrolment naming this one"),
        ),
    ),
)

_NEVER: Final = frozenset({_S.DRAFT, _S.SUBMITTED, _S.REJECTED, _S.VOID, _S.CANCELLED})
"""States in which there is no cover, whatever the days say."""
LIVE: Final = frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.WAITING, _S.IN_FORCE})
"""States that stand in the way of another enrolment for the same days."""


class Covered(Labelled):
    """Whether a day is covered (是否在保障期)."""

    YES = "YES", "在保障期", "covered"
    WAITING = "WAITING", "等待期内", "within the waiting period"
    NO = "NO", "不在保障期", "not covered"


@frozen(kw_only=True)
class Enrolment:
    """One person in one plan for one period (一次参保)."""

    id: EnrolmentId
    key: str
    """The business key: of the pack, or of person, plan and number; unique in the store."""
    person: PersonId
    plan: str
    state: EnrolmentState = _S.DRAFT
    asked: datetime
    asked_by: str
    catalogue: str = ""
    """The version of the catalogue by which it was accepted."""
    since: date | None = None
    waiting_until: date | None = None
    """The first day on which the waiting period is over; None: there is none."""
    until: date | None = None
    """The first day that is not covered any more; None: no end is fixed."""
    most_claims: int | None = None
    """Frozen on acceptance, as is ``cap``: a later catalogue takes nothing away."""
    cap: Fen | None = None
    claims: int = 0
    """Claims decided in this period; the store keeps it within ``most_claims``."""
    paid: Fen = Fen(0)
    """What they came to; the store keeps it within ``cap``."""
    follows: EnrolmentId | None = None
    """The enrolment that this one renews."""
    document: str = ""
    """What it rests on: the payment of a fee, the reason of its end."""
    decided_by: str = ""
    version: int = 0

    def after(self, event: EnrolmentEvent) -> Enrolment:
        """Return the enrolment after *event* (E-STATE-001 if the table has no such step)."""
        return evolve(self, state=ENROLMENT.after(self.state, event))

    def on(self, day: date) -> Covered:
        """Return whether *day* is covered: by the dates, so that a late engine takes nothing."""
        if self.state in _NEVER or self.since is None or day < self.since:
            return Covered.NO
        if self.until is not None and day >= self.until:
            return Covered.NO
        waits = self.waiting_until is not None and day < self.waiting_until
        return Covered.WAITING if waits else Covered.YES

    def overlaps(self, since: date, until: date | None) -> bool:
        """Return whether the days from *since* up to *until* meet this one's."""
        if self.since is None or (self.state in _NEVER and self.state is not _S.SUBMITTED):
            return False
        ends = self.until is None or since < self.until
        return ends and (until is None or self.since < until)

    def due(self, today: date) -> EnrolmentEvent | None:
        """Return what the engine does with it today; None: nothing."""
        match self.state:
            case _S.ACCEPTED if self.since is not None and self.since <= today:
                waits = self.waiting_until is not None and today < self.waiting_until
                return EnrolmentEvent.START_WAITING if waits else EnrolmentEvent.START_COVER
            case _S.WAITING if self.waiting_until is None or self.waiting_until <= today:
                return EnrolmentEvent.START_COVER
            case _S.IN_FORCE if self.until is not None and self.until <= today:
                return EnrolmentEvent.EXPIRE
            case _:
                return None


def enrolment_key(plan: str, person: PersonId, number: int) -> str:
    """Return the business key of a person's how-manieth enrolment in a plan."""
    return f"enrol:{plan}:{person}:{number}"


def accepted(  # noqa: PLR0913 - what acceptance fixes
    asked: Enrolment,
    plan: Plan,
    event: EnrolmentEvent,
    *,
    since: date,
    until: date | None = None,
    catalogue: str,
    by: str,
    document: str = "",
) -> Enrolment:
    """Return an enrolment accepted for a period, with the limits of the plan as it stands (承保).

    Args:
        asked: What was asked for.
        plan: The plan.
        event: By a reviewer, or by itself (activation pack).
        since: Its first day.
        until: The first day after it; None: as long as the plan says.
        catalogue: The version of the catalogue.
        by: Who accepts it.
        document: The payment of the fee.

    Raises:
        InvalidInput: the plan does not say how long it covers, and neither does *until*; or it
            ends before it begins (E-PLAN-004).
        Conflict: E-STATE-001.
    """
    terms, benefit = plan.terms, plan.benefit
    end = until
    if end is None and terms.months is not None:
        end = months_later(since, terms.months)
    if end is None or end <= since:
        raise InvalidInput("E-PLAN-004", plan=plan.id)
    waiting = since + timedelta(days=terms.waiting_days) if terms.waiting_days else None
    return evolve(
        asked.after(event), since=since, until=end, waiting_until=waiting, catalogue=catalogue,
        most_claims=benefit.most_claims if benefit else None, cap=benefit.cap if benefit else None,
        decided_by=by, document=document,
    )  # fmt: skip


def ended_on(enrolment: Enrolment, day: date, reason: str, by: str) -> Enrolment:
    """Return an enrolment terminated for a reason; what happened before *day* stays covered."""
    if enrolment.since is not None and day < enrolment.since:
        raise Conflict("E-PLAN-005", current=enrolment.since, allowed=())
    if enrolment.until is not None:
        day = min(day, enrolment.until)
    after = enrolment.after(EnrolmentEvent.TERMINATE)
    return evolve(after, until=day, document=reason, decided_by=by)


def covering(enrolments: Iterable[Enrolment], plan: str, day: date) -> Enrolment | None:
    """Return the enrolment in *plan* that counts for *day*: one that covers it, else the newest."""
    fitting = [each for each in enrolments if each.plan == plan and each.state not in _NEVER]
    for wanted in (Covered.YES, Covered.WAITING):
        for each in fitting:
            if each.on(day) is wanted:
                return each
    return fitting[-1] if fitting else None
