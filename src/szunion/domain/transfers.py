"""Know how a membership moves from one union of the city to another (会籍接转)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import Labelled, MembershipId, OrganisationId, PersonId, TransferId
from szunion.text import Text


class TransferState(Labelled):
    """Where a move between two unions stands (接转状态)."""

    REQUESTED = "REQUESTED", "已提出", "requested"
    RELEASED = "RELEASED", "已同意转出", "released"
    ESCALATED = "ESCALATED", "上级协调", "with the upper union"
    ACCEPTED = "ACCEPTED", "已接转", "accepted"
    REFUSED = "REFUSED", "被拒绝", "refused"
    DENIED = "DENIED", "终局不予接转", "denied for good"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"


class TransferEvent(Labelled):
    """What is done with a move between two unions."""

    REQUEST = "request", "提出接转", "request"
    RELEASE = "release", "同意转出", "release"
    REFUSE = "refuse", "拒绝", "refuse"
    ACCEPT = "accept", "接收", "accept"
    TIMEOUT = "timeout", "逾期未办", "no answer in time"
    ORPHAN = "orphan", "一方工会已停止", "one of the unions has stopped"
    APPEAL = "appeal", "申诉", "appeal"
    ORDER = "order", "裁定接转", "order the move"
    DENY = "deny", "裁定不予", "deny the move"
    WITHDRAW = "withdraw", "撤回", "withdraw"


_S = TransferState
_E = TransferEvent
_TASK: Final = Text("给上级工会一项待办", "a task for the upper union")

TRANSFER: Final = Machine(
    name="transfer",
    text=Text("会籍接转", "transfer"),
    instance=Text(
        "本市两家工会之间的一次接转；接收之前会籍仍在原工会",
        "one move between two unions of the city; the membership stays with the old one until "
        "accepted",
    ),
    owner=Owner.UNION,
    states=TransferState,
    events=TransferEvent,
    start=None,
    final=frozenset({_S.ACCEPTED, _S.REFUSED, _S.DENIED, _S.WITHDRAWN}),
    moves=(
        command(
            None,
            _E.REQUEST,
            _S.REQUESTED,
            Actor.MEMBER,
            Actor.NEW_UNION,
            guard=Text(
                "会籍在籍或保留；没有其他在途接转；两家工会不同",
                "episode active or retained; no other open transfer; the two unions differ",
            ),
            effect=Text("向新工会展示原工会的锁定", "holds of the old union are shown to the new"),
        ),
        command(_S.REQUESTED, _E.RELEASE, _S.RELEASED, Actor.OLD_UNION),
        command(
            _S.REQUESTED,
            _E.REFUSE,
            _S.REFUSED,
            Actor.OLD_UNION,
            Actor.NEW_UNION,
            guard=Text("有原因代码", "reason code"),
            effect=Text("告知本人及申诉期限", "the member is told, with the appeal window"),
        ),
        engine(
            (_S.REQUESTED, _S.RELEASED),
            _E.TIMEOUT,
            _S.ESCALATED,
            guard=Text("期限内未答复", "no answer by the deadline"),
            effect=_TASK,
        ),
        engine(
            (_S.REQUESTED, _S.RELEASED),
            _E.ORPHAN,
            _S.ESCALATED,
            guard=Text("原工会或新工会不再正常", "the old or the new union is no longer active"),
            effect=_TASK,
        ),
        command(
            (_S.REQUESTED, _S.RELEASED, _S.ESCALATED),
            _E.WITHDRAW,
            _S.WITHDRAWN,
            Actor.MEMBER,
        ),
        command(
            _S.RELEASED,
            _E.ACCEPT,
            _S.ACCEPTED,
            Actor.NEW_UNION,
            guard=Text(
                "核对版本：先接收者为准；原工会的每项锁定明示接管，或由市总解除",
                "version checked: the first accept wins; every hold of the old union taken over "
                "with an explicit yes, or lifted by the city federation",
            ),
            effect=Text(
                "同一时刻关闭原归属、开立新归属",
                "old affiliation closed and new opened at one instant",
            ),
        ),
        command(
            _S.RELEASED,
            _E.REFUSE,
            _S.REFUSED,
            Actor.NEW_UNION,
            guard=Text("有原因代码", "reason code"),
            effect=Text("告知本人及申诉期限", "the member is told, with the appeal window"),
        ),
        command(
            _S.REFUSED,
            _E.APPEAL,
            _S.ESCALATED,
            Actor.MEMBER,
            guard=Text("在申诉期限内", "within the appeal window"),
            effect=_TASK,
        ),
        command(
            _S.ESCALATED,
            _E.ORDER,
            _S.ACCEPTED,
            Actor.UPPER,
            guard=Text("接收工会正常", "the target is active"),
            effect=Text(
                "同接收；锁定依裁定转给新工会",
                "as on accepting; holds go to the new union by order",
            ),
        ),
        command(
            _S.ESCALATED,
            _E.DENY,
            _S.DENIED,
            Actor.UPPER,
            guard=Text("说明原因", "a reason"),
            effect=Text(
                "不得再次申诉；有新事实可重新提出",
                "no second appeal; a new request needs new facts",
            ),
        ),
    ),
)


@frozen(kw_only=True)
class Transfer:
    """One move between two unions (会籍接转). Until it is accepted, nothing has moved."""

    id: TransferId
    membership: MembershipId
    person: PersonId
    source: OrganisationId
    target: OrganisationId
    requested: datetime
    answer_by: datetime
    """When the engine escalates it to the upper union."""
    state: TransferState = TransferState.REQUESTED
    refused: datetime | None = None
    reason: str = ""
    version: int = 0

    @property
    def open(self) -> bool:
        """Whether it is still on its way; a membership has at most one such transfer."""
        return self.state not in TRANSFER.final

    def after(self, event: TransferEvent, *, reason: str = "") -> Transfer:
        """Return the transfer after *event* (E-STATE-001 if the table has no such step)."""
        state = TRANSFER.after(self.state, event)
        return evolve(self, state=state, reason=reason or self.reason)
