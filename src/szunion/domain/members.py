"""Know what a membership is: an episode, how it begins and ends, and what it carries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from attrs import evolve, frozen

from szunion.domain.machine import Actor, Machine, Owner, command
from szunion.domain.values import Labelled, MembershipId, OrganisationId, PersonId
from szunion.errors import Conflict
from szunion.text import Text


class MembershipState(Labelled):
    """Where an episode stands (会籍状态)."""

    APPLIED = "APPLIED", "申请中", "applied"
    ACTIVE = "ACTIVE", "在籍", "active"
    RETAINED = "RETAINED", "保留会籍", "retained"
    LEFT = "LEFT", "会籍终止", "left"
    REJECTED = "REJECTED", "未获批准", "not approved"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"
    VOID = "VOID", "已作废", "void"


class MembershipEvent(Labelled):
    """What is done with an episode."""

    APPLY = "apply", "申请入会", "apply"
    TRANSFER_IN = "transfer_in", "市外转入", "come in from another city"
    APPROVE = "approve", "批准入会", "approve"
    REJECT = "reject", "不予批准", "reject"
    WITHDRAW = "withdraw", "撤回申请", "withdraw the application"
    RETAIN = "retain", "办理保留", "retain"
    RESUME = "resume", "恢复", "resume"
    QUIT = "quit", "退会", "quit"
    LAPSE = "lapse", "视为自动退会", "regard as having quit"
    EXPEL = "expel", "开除会籍", "expel"
    MOVE_OUT = "move_out", "转出本市", "leave the city"
    DEATH = "death", "去世", "death"
    REINSTATE = "reinstate", "更正恢复", "reinstate, as a correction"
    VOID_DUPLICATE = "void_duplicate", "重复会籍作废", "void a duplicate"


class MembershipReason(Labelled):
    """Why an episode is retained or ended (原因)."""

    RETIRED = "RETIRED", "退休", "retired"
    UNEMPLOYED = "UNEMPLOYED", "失业", "unemployed"
    MILITARY_SERVICE = "MILITARY_SERVICE", "服兵役", "military service"
    VOLUNTARY = "VOLUNTARY", "自愿退会", "own wish"
    AUTO_LAPSE = "AUTO_LAPSE", "视为自动退会", "regarded as having quit"
    EXPELLED = "EXPELLED", "开除", "expelled"
    LEFT_CITY = "LEFT_CITY", "离开本市就业", "left employment in the city"
    DECEASED = "DECEASED", "去世", "deceased"
    DUPLICATE_PERSON = "DUPLICATE_PERSON", "重复建档", "the person was on file twice"


_S = MembershipState
_E = MembershipEvent
_OPEN: Final = (_S.ACTIVE, _S.RETAINED)
_ENDS: Final = Text(
    "关闭归属；此人每张卡的工会使用状态终止，指令入队",
    "affiliation closed; the union facet of every card of the person ended, instruction queued",
)

MEMBERSHIP: Final = Machine(
    name="membership",
    text=Text("会籍", "membership"),
    instance=Text(
        "一段会籍；一人可有多段，至多一段存续",
        "one episode; a person has many, at most one of them open",
    ),
    owner=Owner.UNION,
    states=MembershipState,
    events=MembershipEvent,
    start=None,
    final=frozenset({_S.LEFT, _S.REJECTED, _S.WITHDRAWN, _S.VOID}),
    reasons=MembershipReason,
    moves=(
        command(
            None,
            _E.APPLY,
            _S.APPLIED,
            Actor.MEMBER,
            Actor.UNION,
            Actor.UPPER,
            guard=Text(
                "此人在任何工会都没有存续会籍；工会代办须有本人意愿的记录",
                "no open episode of this person in any union; a union applies only on the person's "
                "recorded wish",
            ),
            effect=Text("记同意；记实名等级", "consent recorded; real-name level recorded"),
        ),
        command(
            None,
            _E.TRANSFER_IN,
            _S.ACTIVE,
            Actor.UNION,
            Actor.UPPER,
            guard=Text(
                "有市外会籍证明；身份已核验；本市无存续会籍",
                "proof of membership outside the city; identity verified; no open episode here",
            ),
            effect=Text("开立归属；不算新入会", "affiliation opened; it is no new admission"),
        ),
        command(
            _S.APPLIED,
            _E.APPROVE,
            _S.ACTIVE,
            Actor.UNION,
            Actor.UPPER,
            guard=Text(
                "无基层工会时才由上级批准；身份已核验；事务内再查一次仍无其他存续会籍",
                "the upper union only where there is no grassroots one; identity verified; still "
                "no other open episode, checked again inside the transaction",
            ),
            effect=Text("开立归属", "affiliation opened"),
        ),
        command(
            _S.APPLIED,
            _E.REJECT,
            _S.REJECTED,
            Actor.UNION,
            Actor.UPPER,
            guard=Text("有原因代码", "reason code"),
            effect=Text("告知本人及申诉途径", "the person is told, with the way to appeal"),
        ),
        command(
            _S.APPLIED,
            _E.WITHDRAW,
            _S.WITHDRAWN,
            Actor.MEMBER,
            effect=Text(
                "此人待报送的申办明细剔除", "the person's queued application rows are excluded"
            ),
        ),
        command(
            _S.ACTIVE,
            _E.RETAIN,
            _S.RETAINED,
            Actor.UNION,
            Actor.UPPER,
            guard=Text(
                "原因为退休、失业或服兵役；基层工会已停止时由上级办理",
                "retired, unemployed or in military service; the upper union if the grassroots one "
                "is closed",
            ),
            effect=Text(
                "权利按政策：不缴会费、无表决权、不计入统计",
                "rights by policy: no dues, no vote, not counted",
            ),
        ),
        command(
            _S.RETAINED,
            _E.RESUME,
            _S.ACTIVE,
            Actor.UNION,
            guard=Text(
                "保留原因已消除且不是退休；可在原工会或新工会",
                "the reason ended and was not retirement; in the old union or a new one",
            ),
            effect=Text("恢复权利", "rights restored"),
        ),
        command(
            _OPEN,
            _E.QUIT,
            _S.LEFT,
            Actor.UNION,
            guard=Text("自愿退会；附本人申请", "own wish; the member's own request attached"),
            effect=_ENDS,
        ),
        command(
            _S.ACTIVE,
            _E.LAPSE,
            _S.LEFT,
            Actor.UNION,
            guard=Text(
                "无正当理由连续六个月不缴会费、不参加活动，经谈话教育无效并有记录；系统只可提出",
                "six months without dues and without taking part, no good reason, talked to in "
                "vain and recorded; the engine may only propose it",
            ),
            effect=_ENDS,
        ),
        command(
            _OPEN,
            _E.EXPEL,
            _S.LEFT,
            Actor.UNION,
            two=True,
            guard=Text("有处分决定；报上级备案", "decision document; filed with the upper union"),
            effect=_ENDS,
        ),
        command(
            _OPEN,
            _E.MOVE_OUT,
            _S.LEFT,
            Actor.UNION,
            guard=Text(
                "劳动关系在市外，凭本人说明或接收工会来函",
                "the work relation is outside the city, by the member's word or the receiving "
                "union's",
            ),
            effect=Text(
                "同退会；为下一家工会出具会籍证明",
                "as on quitting; proof of membership issued for the next union",
            ),
        ),
        command(
            _OPEN,
            _E.DEATH,
            _S.LEFT,
            Actor.UNION,
            Actor.CITY,
            two=True,
            guard=Text("有证明", "evidence"),
            effect=Text(
                "卡的工会使用状态终止；在途理赔由继承人受领；预约和未发出的拨付取消；门户账号解绑",
                "union facet ended; open claims run on with the heir as payee; bookings and unsent "
                "orders cancelled; portal accounts unbound",
            ),
        ),
        command(
            _S.LEFT,
            _E.REINSTATE,
            _S.ACTIVE,
            Actor.CITY,
            two=True,
            guard=Text(
                "终止决定本身有误（重新入会是新的一段）；没有更新的存续会籍",
                "the ending itself was wrong (coming back is a new episode); no newer episode open",
            ),
            effect=Text(
                "会籍连同全部历史恢复；卡可恢复使用",
                "the episode is open again with its whole history; cards may rejoin",
            ),
        ),
        command(
            _OPEN,
            _E.VOID_DUPLICATE,
            _S.VOID,
            Actor.CITY,
            two=True,
            guard=Text(
                "人员合并；指明保留的那一段", "persons were merged; names the surviving episode"
            ),
            effect=Text(
                "历史连同来源挂到保留的一段；可撤销",
                "history linked to the survivor with its provenance; can be undone",
            ),
        ),
    ),
)


@frozen(kw_only=True)
class Membership:
    """One episode (一段会籍). Leaving and coming back is a new one, with the old one's history."""

    id: MembershipId
    person: PersonId
    state: MembershipState
    organisation: OrganisationId
    """The union in charge: where it was applied for, then where it belongs; at last, the last."""
    applied: date
    since: date | None = None
    until: date | None = None
    reason: MembershipReason | None = None
    survivor: MembershipId | None = None
    """Of a duplicate that was made void: the episode that lives on."""
    version: int = 0

    @property
    def open(self) -> bool:
        """Whether it is applied for or runs; a person has at most one such episode."""
        return self.state not in MEMBERSHIP.final

    def after(
        self,
        event: MembershipEvent,
        on: date,
        *,
        reason: MembershipReason | None = None,
        survivor: MembershipId | None = None,
    ) -> Membership:
        """Return the episode after *event* on a day.

        Raises:
            Conflict: the table has no such step (E-STATE-001), or the reason does not go with
                the event (E-MEMBER-001), or a retirement is resumed (E-MEMBER-002).
        """
        state = MEMBERSHIP.after(self.state, event)
        fitting = REASONS.get(event)
        if fitting is not None and reason not in fitting:
            raise Conflict(
                "E-MEMBER-001",
                current=reason,
                allowed=tuple(fitting),
                event=event.label,
                event_en=event.label_en,
                reasons="、".join(each.label for each in fitting),
                reasons_en=", ".join(each.label_en for each in fitting),
            )
        if event is MembershipEvent.RESUME and self.reason is MembershipReason.RETIRED:
            raise Conflict("E-MEMBER-002", current=self.state, allowed=(MembershipEvent.QUIT,))
        begins = self.since is None and state is MembershipState.ACTIVE
        return evolve(
            self,
            state=state,
            reason=reason,
            since=on if begins else self.since,
            until=on if state in MEMBERSHIP.final else None,
            survivor=survivor,
        )


REASONS: Final = {
    MembershipEvent.RETAIN: (
        MembershipReason.RETIRED,
        MembershipReason.UNEMPLOYED,
        MembershipReason.MILITARY_SERVICE,
    ),
    MembershipEvent.QUIT: (MembershipReason.VOLUNTARY,),
    MembershipEvent.LAPSE: (MembershipReason.AUTO_LAPSE,),
    MembershipEvent.EXPEL: (MembershipReason.EXPELLED,),
    MembershipEvent.MOVE_OUT: (MembershipReason.LEFT_CITY,),
    MembershipEvent.DEATH: (MembershipReason.DECEASED,),
    MembershipEvent.VOID_DUPLICATE: (MembershipReason.DUPLICATE_PERSON,),
}
"""Which reasons go with which event; events that are not here need none."""


@frozen(kw_only=True)
class Rights:
    """What a membership carries (权利义务); computed from state and reason by the city's policy."""

    vote: bool = False
    dues: bool = False
    counted: bool = False
    benefits: bool = False
    card: bool = False


@frozen(kw_only=True)
class RightsRule:
    """A line of the city's table: what goes with a state, for some reasons or for all."""

    state: MembershipState
    reasons: frozenset[MembershipReason] = frozenset()
    """Empty: whatever the reason."""
    rights: Rights


def rights_of(
    rules: Iterable[RightsRule], state: MembershipState, reason: MembershipReason | None
) -> Rights:
    """Return the rights by the first rule that fits; no rule, no rights."""
    for rule in rules:
        if rule.state is state and (not rule.reasons or reason in rule.reasons):
            return rule.rights
    return Rights()
