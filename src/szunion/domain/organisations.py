"""Know what a union organisation is, where it hangs in the tree, and how it begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from attrs import evolve, frozen

from szunion.domain.machine import Actor, Machine, Owner, command
from szunion.domain.readable import check_name
from szunion.domain.values import Labelled, OrganisationId
from szunion.errors import Conflict
from szunion.text import Text


class OrganisationState(Labelled):
    """Where a union stands (组织状态)."""

    REGISTERED = "REGISTERED", "已登记（筹建）", "registered, being founded"
    ACTIVE = "ACTIVE", "正常", "active"
    SUSPENDED = "SUSPENDED", "暂停", "suspended"
    MERGED = "MERGED", "已合并", "merged"
    DISSOLVED = "DISSOLVED", "已撤销", "dissolved"


class OrganisationEvent(Labelled):
    """What is done with a union."""

    REGISTER = "register", "登记", "register"
    APPROVE = "approve", "批准成立", "approve founding"
    REJECT = "reject", "不予批准", "refuse founding"
    SUSPEND = "suspend", "暂停", "suspend"
    RESUME = "resume", "恢复", "resume"
    REPARENT = "reparent", "调整隶属", "move in the tree"
    MERGE = "merge", "合并", "merge"
    DISSOLVE = "dissolve", "撤销", "dissolve"
    RESTORE = "restore", "更正恢复", "restore, as a correction"


class OrganisationReason(Labelled):
    """Why a union is suspended, ended or restored (原因)."""

    NO_COMMITTEE = "NO_COMMITTEE", "无任期内委员会", "no committee in office"
    UNIT_STOPPED = "UNIT_STOPPED", "单位停业", "the unit stopped its business"
    ACCOUNT_MISUSED = "ACCOUNT_MISUSED", "账号被滥用", "accounts were misused"
    UNIT_ENDED = "UNIT_ENDED", "单位终止", "the unit came to its end"
    RESOLVED = "RESOLVED", "会员大会决议", "resolved by the members' meeting"
    BOOKED_WRONGLY = "BOOKED_WRONGLY", "登记有误", "was entered by mistake"


_S = OrganisationState
_E = OrganisationEvent

ORGANISATION: Final = Machine(
    name="organisation",
    text=Text("工会组织", "organisation"),
    instance=Text(
        "组织树上一个位置的一家工会；分立是一次新登记加若干会籍接转",
        "one union at one place in the tree; a split is a new registration and transfers",
    ),
    owner=Owner.UNION,
    states=OrganisationState,
    events=OrganisationEvent,
    start=None,
    final=frozenset({_S.MERGED, _S.DISSOLVED}),
    reasons=OrganisationReason,
    moves=(
        command(
            None,
            _E.REGISTER,
            _S.REGISTERED,
            Actor.UPPER,
            Actor.CITY,
            guard=Text(
                "有且只有一个上级，且上级正常；类型已定；单位的统一社会信用代码不在其他存续工会名下",
                "exactly one parent, and it is active; kind given; the unit's credit code is on no "
                "other living organisation",
            ),
            effect=Text(
                "发给编码；自某日起在树上开出节点", "code given; placed in the tree from a day"
            ),
        ),
        command(
            _S.REGISTERED,
            _E.APPROVE,
            _S.ACTIVE,
            Actor.UPPER,
            guard=Text(
                "上一级工会批准成立，附文件；至少一名干部在任",
                "founding approved by the next upper union, document attached; an officer in "
                "office",
            ),
            effect=Text(
                "干部取得权限；可以发展会员、制作批次",
                "officers get their scope; it may admit members and make batches",
            ),
        ),
        command(
            _S.REGISTERED,
            _E.REJECT,
            _S.DISSOLVED,
            Actor.UPPER,
            guard=Text("说明原因；尚无会员和批次", "a reason; no member and no batch yet"),
            effect=Text("关闭节点", "its place in the tree is closed"),
        ),
        command(
            _S.ACTIVE,
            _E.SUSPEND,
            _S.SUSPENDED,
            Actor.UPPER,
            Actor.CITY,
            guard=Text("有原因代码", "reason code"),
            effect=Text(
                "同一事务内干部失去写权限并退出登录；会员保留会籍、卡和服务；在办批次、实体卡、工单由上级照看",
                "in the same commit officers lose their write scope and are logged out; members "
                "keep membership, card and services; the upper union watches what is open",
            ),
        ),
        command(
            _S.SUSPENDED,
            _E.RESUME,
            _S.ACTIVE,
            Actor.UPPER,
            Actor.CITY,
            guard=Text("暂停原因已消除；重新任命干部", "the reason ended; officers named again"),
            effect=Text("交还权限", "scope given back"),
        ),
        command(
            (_S.ACTIVE, _S.SUSPENDED),
            _E.REPARENT,
            None,
            Actor.UPPER,
            guard=Text(
                "新上级正常；不成环；有生效日", "the new parent is active; no circle; from a date"
            ),
            effect=Text(
                "组织树留版本；同一事务内原上级干部失去权限、新上级干部取得权限",
                "the tree keeps versions; in the same commit the old line of officers loses scope "
                "and the new one gains it",
            ),
        ),
        command(
            (_S.ACTIVE, _S.SUSPENDED),
            _E.MERGE,
            _S.MERGED,
            Actor.UPPER,
            two=True,
            guard=Text(
                "并入方正常且已同意；有文件", "the target is active and has agreed; document"
            ),
            effect=Text(
                "同一时刻，所有存续归属、锁定、批次、代管的卡、工单、预算转给并入方；历史保留原名",
                "at one instant every open affiliation, hold, batch, card in custody, ticket and "
                "budget moves to the target; history keeps the old name",
            ),
        ),
        command(
            (_S.ACTIVE, _S.SUSPENDED),
            _E.DISSOLVE,
            _S.DISSOLVED,
            Actor.UPPER,
            two=True,
            guard=Text(
                "单位终止并有证据，或会员大会决议并经上一级工会批准",
                "the unit ended, with evidence, or the members resolved it and the next upper "
                "union approved",
            ),
            effect=Text(
                "会员转入上级的待转会员库；批次、保管清单、工单交上级；在途接转升级处理；干部权限终止",
                "members go to the upper union's pool; batches, custody lists and tickets to the "
                "upper union; open transfers escalate; officers' scope ends",
            ),
        ),
        command(
            (_S.MERGED, _S.DISSOLVED),
            _E.RESTORE,
            _S.ACTIVE,
            Actor.CITY,
            two=True,
            guard=Text(
                "登记有误；此前为正常或暂停",
                "it was entered by mistake; it was active or suspended before",
            ),
            effect=Text(
                "组织连同历史恢复；会员逐人接转回来，不是整体撤回",
                "the organisation is back with its history; members return by transfer, one by one",
            ),
        ),
    ),
)


class OrganisationKind(Labelled):
    """What kind of union it is (组织类型)."""

    CITY = "CITY", "市总工会", "city federation"
    DISTRICT = "DISTRICT", "区（新区）总工会", "district federation"
    STREET = "STREET", "街道总工会", "street federation"
    COMMUNITY = "COMMUNITY", "社区（园区）工会", "community or park union"
    INDUSTRY = "INDUSTRY", "行业工会联合会", "industry federation"
    GRASSROOTS = "GRASSROOTS", "单独基层工会", "separate grassroots union"
    JOINT = "JOINT", "联合基层工会", "joint grassroots union"
    POOL = "POOL", "待转会员库", "pool of members waiting for a union"

    @property
    def takes_members(self) -> bool:
        """Whether workers join it directly (直接发展会员)."""
        return self in _TAKES_MEMBERS


_WAYS_IN: Final = (
    OrganisationKind.GRASSROOTS,
    OrganisationKind.JOINT,
    OrganisationKind.COMMUNITY,
    OrganisationKind.INDUSTRY,
    OrganisationKind.POOL,
)
"""Through which kinds workers join, those first that come first."""
_TAKES_MEMBERS: Final = frozenset(_WAYS_IN) - {OrganisationKind.POOL}


@frozen
class Placement:
    """Under which union one hangs, from a day until before another (隶属)."""

    parent: OrganisationId
    since: date
    until: date | None = None


@frozen(kw_only=True)
class Organisation:
    """One union (工会组织). Its name may change; its history keeps the names of its time."""

    id: OrganisationId
    code: str
    name: str
    kind: OrganisationKind
    state: OrganisationState
    placements: tuple[Placement, ...] = ()
    """Oldest first; empty for the city federation alone."""
    credit_code: str | None = None
    """The unit's unified social credit code (统一社会信用代码)."""
    reason: OrganisationReason | None = None
    successor: OrganisationId | None = None
    """Of a merged union: the one that it went into."""
    version: int = 0

    @property
    def parent(self) -> OrganisationId | None:
        """The union above it by the newest placement."""
        return self.placements[-1].parent if self.placements else None

    def parent_on(self, day: date) -> OrganisationId | None:
        """Return the union above it on *day*."""
        for place in reversed(self.placements):
            if place.since <= day and (place.until is None or day < place.until):
                return place.parent
        return None

    @property
    def living(self) -> bool:
        """Whether it has not been merged or dissolved."""
        return self.state not in ORGANISATION.final

    def after(
        self, event: OrganisationEvent, *, reason: OrganisationReason | None = None
    ) -> Organisation:
        """Return the union after *event* (E-STATE-001 if the table has no such step)."""
        return evolve(self, state=ORGANISATION.after(self.state, event), reason=reason)


Levels = Mapping[OrganisationKind, frozenset[OrganisationKind]]
"""Which kinds a kind may hang under: a city's own table."""


def check_called(code: str, name: str) -> None:
    """Check what a union is called.

    Raises:
        InvalidInput: its code or name is no line of text (E-VALUE-002).
    """
    check_name(Text("工会代码", "code of a union"), code)
    check_name(Text("工会名称", "name of a union"), name)


def register(  # noqa: PLR0913 — what a registration form asks
    id_: OrganisationId,
    *,
    code: str,
    name: str,
    kind: OrganisationKind,
    parent: Organisation,
    since: date,
    levels: Levels,
    credit_code: str | None = None,
) -> Organisation:
    """Return a newly registered union under *parent*.

    Raises:
        InvalidInput: its code or name is no line of text (E-VALUE-002).
        Conflict: the parent is not active (E-ORG-001), or the kind may not hang there (E-ORG-002).
    """
    check_called(code, name)
    _check_parent(kind, parent, levels)
    return Organisation(
        id=id_,
        code=code,
        name=name,
        kind=kind,
        state=ORGANISATION.after(None, OrganisationEvent.REGISTER),
        placements=(Placement(parent.id, since),),
        credit_code=credit_code,
    )


def reparent(
    union: Organisation, parent: Organisation, parent_path: str, since: date, levels: Levels
) -> Organisation:
    """Return *union* under a new parent from a day on.

    Args:
        union: Who moves, with all that is below it.
        parent: The new union above it.
        parent_path: The new parent's place in the tree, such as ``/1/7/``.
        since: The first day under the new parent.
        levels: Which kinds may hang under which.

    Raises:
        Conflict: as :func:`register`; or it would hang below itself (E-ORG-003); or the day is
            before the present placement began (E-ORG-004); or E-STATE-001.
    """
    _check_parent(union.kind, parent, levels)
    if f"/{union.id}/" in parent_path:
        raise Conflict("E-ORG-003", current=union.parent, allowed=(), name=union.name)
    last = union.placements[-1]
    if since < last.since:
        raise Conflict("E-ORG-004", current=last.since, allowed=(), since=last.since, on=since)
    placed = (*union.placements[:-1], evolve(last, until=since), Placement(parent.id, since))
    return evolve(union.after(OrganisationEvent.REPARENT), placements=placed)


def check_active(state: OrganisationState) -> None:
    """Check that a union in *state* does business.

    Raises:
        Conflict: it does not (E-ORG-001).
    """
    if state is not OrganisationState.ACTIVE:
        raise Conflict(
            "E-ORG-001",
            current=state,
            allowed=(OrganisationState.ACTIVE,),
            state=state.label,
            state_en=state.label_en,
        )


def _check_parent(kind: OrganisationKind, parent: Organisation, levels: Levels) -> None:
    check_active(parent.state)
    above = levels.get(kind, frozenset())
    if parent.kind not in above:
        raise Conflict(
            "E-ORG-002",
            current=parent.kind,
            allowed=tuple(sorted(above, key=lambda each: str(each.value))),
            kind=kind.label,
            kind_en=kind.label_en,
            parent=parent.kind.label,
            parent_en=parent.kind.label_en,
        )


def path_under(parent_path: str, id_: OrganisationId) -> str:
    """Return the place in the tree of a union under *parent_path* (``/`` is above the root)."""
    return f"{parent_path}{id_}/"


def joins_at(nearby: Iterable[Organisation]) -> Organisation | None:
    """Return the union through which a worker joins (入会途径), None: none of *nearby* is one.

    The unit's own union first; a worker whose unit has none joins through the community or park
    union of the place, or the industry federation; only where there is none either, through the
    pool of members waiting for a union.

    Args:
        nearby: The unit's own union, if it has one, and those of the place and the industry.
    """
    fitting = [
        each for each in nearby if each.kind in _WAYS_IN and each.state is OrganisationState.ACTIVE
    ]
    return min(fitting, key=lambda each: (_WAYS_IN.index(each.kind), each.id), default=None)
