"""Know what a union organisation is, where it hangs in the tree, and how it begins and ends."""

from __future__ import annotations

from typing import Final

from szunion.domain.machine import Actor, Machine, Owner, command
from szunion.domain.values import Labelled
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
                "keep membership, card and services; the upper union watches batches, plastic, tickets",
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
