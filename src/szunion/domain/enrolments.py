"""Know who takes part in which plan for which period (参保、参加), and the activation pack."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Final

from attrs import frozen

from szunion.domain.catalogue import Pack
from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import CardId, Labelled, PersonId
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


@frozen(kw_only=True)
class Entitlement:
    """What a person was given with the activation pack (激活礼包): once, whatever the card."""

    key: str
    """``pack:programme:item:person``: unique in the store."""
    person: PersonId
    programme: str
    item: str
    card: CardId
    """The card whose activation gave it."""
    since: date
    until: date | None
    """The first day on which it no longer holds; None: no end."""


def months_later(day: date, months: int) -> date:
    """Return the same day *months* later, or the last day of that month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def pack_key(programme: str, item: str, person: PersonId) -> str:
    """Return the business key of one item of the pack for one person."""
    return f"pack:{programme}:{item}:{person}"


def open_pack(  # noqa: PLR0913 — what an activation is made of
    pack: Pack,
    *,
    programme: str,
    person: PersonId,
    card: CardId,
    activated: date,
    carries_benefits: bool,
    had: bool,
) -> tuple[Entitlement, ...]:
    """Return what the activation of a card gives its holder (激活大礼包).

    A second card, or the same activation told twice, gives nothing: the pack is once per person
    and programme. Neither does an activation by somebody whose membership carries no benefits.

    Args:
        pack: The city's pack.
        programme: The card programme.
        person: Who activated.
        card: The card that was activated.
        activated: The business day of the activation.
        carries_benefits: Whether the membership carries benefits, by policy.
        had: Whether the person was given this programme's pack before.
    """
    if had or not carries_benefits:
        return ()
    return tuple(
        Entitlement(
            key=pack_key(programme, item.id, person),
            person=person,
            programme=programme,
            item=item.id,
            card=card,
            since=activated,
            until=months_later(activated, item.months) if item.months else None,
        )
        for item in pack.items
    )
