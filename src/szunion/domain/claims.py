"""Know one event for which a member claims a benefit, and its way to a payment (申领、理赔)."""

from __future__ import annotations

from typing import Final

from szunion.domain.machine import Actor, Machine, Owner, command, engine, fact
from szunion.domain.values import Labelled
from szunion.text import Text


class ClaimState(Labelled):
    """Where a claim stands (申领状态)."""

    DRAFT = "DRAFT", "草稿", "draft"
    SUBMITTED = "SUBMITTED", "已提交", "submitted"
    INCOMPLETE = "INCOMPLETE", "待补材料", "papers missing"
    REVIEW = "REVIEW", "审核中", "under review"
    DECIDED = "DECIDED", "已核定", "decided"
    PAYABLE = "PAYABLE", "待支付", "to be paid"
    PAID = "PAID", "已支付", "paid"
    REJECTED = "REJECTED", "不予给付", "rejected"
    APPEAL = "APPEAL", "复核中", "under appeal"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"
    RECOVERY = "RECOVERY", "追回中", "being recovered"
    CLOSED = "CLOSED", "已办结", "closed"


class ClaimEvent(Labelled):
    """What happens to a claim."""

    SUBMIT = "submit", "提交", "submit"
    DROP = "drop", "放弃草稿", "drop the draft"
    ASK_MORE = "ask_more", "要求补件", "ask for papers"
    SUPPLEMENT = "supplement", "补件", "supplement"
    GIVE_UP = "give_up", "逾期未补", "papers not supplied in time"
    TAKE = "take", "受理审核", "take up"
    APPROVE = "approve", "核定", "approve"
    REJECT = "reject", "不予给付", "reject"
    APPEAL = "appeal", "申请复核", "appeal"
    CLOSE = "close", "办结", "close"
    RELEASE = "release", "提交支付", "release for payment"
    SETTLED = "settled", "到账", "settled"
    RETURNED = "returned", "退票", "returned"
    OVERPAID = "overpaid", "发现多付", "found overpaid"
    DONE = "done", "处理完毕", "done"
    MOVED = "moved", "办结后款项又变动", "its money moved after the end"
    WITHDRAW = "withdraw", "撤回", "withdraw"


class ClaimReason(Labelled):
    """Why nothing is paid (不予给付原因)."""

    NOT_MEMBER_AT_EVENT = "NOT_MEMBER_AT_EVENT", "事发时非会员", "no member at the event"
    OUT_OF_COVER = "OUT_OF_COVER", "不在保障期", "outside the cover"
    WAITING_PERIOD = "WAITING_PERIOD", "等待期内", "within the waiting period"
    DUPLICATE_EVENT = "DUPLICATE_EVENT", "同一事项已申领", "the event was claimed already"
    LIMIT_COUNT = "LIMIT_COUNT", "次数已满", "number of claims used up"
    LIMIT_DAYS = "LIMIT_DAYS", "天数已满", "days used up"
    CAP_REACHED = "CAP_REACHED", "金额已达上限", "cap reached"
    PAPERS = "PAPERS", "材料不符", "papers do not fit"
    CAUSE = "CAUSE", "不属保障范围", "cause not covered"
    LATE = "LATE", "逾期申领", "claimed too late"
    OTHER = "OTHER", "其他", "other"
    NOT_SUPPLEMENTED = "NOT_SUPPLEMENTED", "逾期未补材料", "papers not supplied in time"


_S = ClaimState
_E = ClaimEvent
_STOPPED: Final = Text("时限暂停", "clock stopped")
_FREE: Final = Text("事项指纹释放", "fingerprint free again")

CLAIM: Final = Machine(
    name="claim",
    text=Text("申领/理赔", "claim"),
    instance=Text(
        "一个计划或项目下的一件事（生育、住院等）",
        "one event (birth, stay in hospital, ...) under one plan or programme",
    ),
    owner=Owner.SHARED,
    states=ClaimState,
    events=ClaimEvent,
    start=_S.DRAFT,
    final=frozenset({_S.CLOSED, _S.WITHDRAWN}),
    reasons=ClaimReason,
    moves=(
        command(
            _S.DRAFT,
            _E.SUBMIT,
            _S.SUBMITTED,
            Actor.MEMBER,
            Actor.HEIR,
            Actor.UNION,
            guard=Text(
                "此事项未曾申领（按孩子计的，全家范围内）",
                "event fingerprint not claimed before (whole family where the plan is per child)",
            ),
            effect=Text("事项指纹即键", "the fingerprint is the key"),
        ),
        command(_S.DRAFT, _E.DROP, _S.WITHDRAWN, Actor.MEMBER, Actor.HEIR),
        command(
            _S.SUBMITTED,
            _E.ASK_MORE,
            _S.INCOMPLETE,
            Actor.REVIEWERS,
            Actor.UNION,
            guard=Text("列明所缺材料", "list of missing papers"),
            effect=_STOPPED,
        ),
        command(
            _S.REVIEW,
            _E.ASK_MORE,
            _S.INCOMPLETE,
            Actor.REVIEWERS,
            guard=Text("列明所缺材料", "list of missing papers"),
            effect=_STOPPED,
        ),
        command(
            _S.SUBMITTED,
            _E.TAKE,
            _S.REVIEW,
            Actor.REVIEWERS,
            effect=Text(
                "生成计算过程：天数、标准、已用额度、目录版本",
                "calculation trace built: days, rate, caps used before, catalogue version",
            ),
        ),
        command(
            (_S.SUBMITTED, _S.INCOMPLETE, _S.REVIEW),
            _E.WITHDRAW,
            _S.WITHDRAWN,
            Actor.MEMBER,
            Actor.HEIR,
            effect=_FREE,
        ),
        command(
            _S.INCOMPLETE,
            _E.SUPPLEMENT,
            _S.SUBMITTED,
            Actor.MEMBER,
            Actor.HEIR,
            Actor.UNION,
            effect=Text("时限续算", "clock runs"),
        ),
        engine(
            _S.INCOMPLETE,
            _E.GIVE_UP,
            _S.CLOSED,
            guard=Text("超过规定天数且已提醒两次", "so many days and two reminders"),
            effect=Text(
                "原因为逾期未补材料；指纹释放，可再申领",
                "papers not supplied in time; fingerprint free, may be filed again",
            ),
        ),
        command(
            _S.REVIEW,
            _E.APPROVE,
            _S.DECIDED,
            Actor.REVIEWERS,
            two=True,
            guard=Text(
                "金额不超过算出的上限；次数和额度在事务内占用；低于政策门槛可一人",
                "amount <= computed cap; counts and caps taken inside the transaction; one person "
                "below the policy's threshold",
            ),
            effect=Text("生成应付，金额固定", "obligation created, its amount fixed"),
        ),
        command(
            _S.REVIEW,
            _E.REJECT,
            _S.REJECTED,
            Actor.REVIEWERS,
            guard=Text("有原因代码", "reason code"),
            effect=Text("向会员展示计算过程", "trace shown to the member"),
        ),
        command(
            _S.REJECTED,
            _E.APPEAL,
            _S.APPEAL,
            Actor.MEMBER,
            Actor.HEIR,
            guard=Text(
                "未曾申请复核；在期限内", "no earlier appeal on this claim; within the window"
            ),
        ),
        engine(
            _S.REJECTED,
            _E.CLOSE,
            _S.CLOSED,
            guard=Text("期限已过或已复核", "window over, or already appealed"),
            effect=_FREE,
        ),
        command(
            _S.APPEAL,
            _E.TAKE,
            _S.REVIEW,
            Actor.REVIEWERS,
            guard=Text("不是原审核人", "another reviewer than before"),
        ),
        command(
            _S.DECIDED,
            _E.RELEASE,
            _S.PAYABLE,
            Actor.FINANCE,
            two=True,
            guard=Text("账户可入账，或已指明继承人", "account takes credits, or heir named"),
            effect=Text("拨付指令", "disbursement order"),
        ),
        fact(
            _S.PAYABLE,
            _E.SETTLED,
            _S.PAID,
            means=Text(
                "经拨付指令：已到账 − 已退票 = 应付",
                "through the orders: settled - returned = obligation",
            ),
            effect=Text("参加记录", "participation record"),
        ),
        fact(
            (_S.PAID, _S.CLOSED),
            _E.RETURNED,
            _S.PAYABLE,
            means=Text("不是追回后办结的", "not closed at the end of a recovery"),
            effect=Text("新指令，同一应付", "new order, same obligation"),
        ),
        engine(
            _S.PAID,
            _E.CLOSE,
            _S.CLOSED,
            guard=Text("到账后满规定天数", "so many days after settlement"),
        ),
        command(
            (_S.DECIDED, _S.PAYABLE, _S.PAID),
            _E.OVERPAID,
            _S.RECOVERY,
            Actor.REVIEWERS,
            two=True,
            guard=Text("有证据", "evidence"),
            effect=Text(
                "列入追回清单，未付的不再付；系统不自行扣款",
                "on the recovery list, and nothing more is paid; nothing is taken by machine",
            ),
        ),
        command(
            _S.RECOVERY,
            _E.DONE,
            _S.CLOSED,
            Actor.FINANCE,
            two=True,
            guard=Text("已追回或核销", "recovered or written off"),
            effect=Text("冲回分录", "reversing transfers"),
        ),
        fact(
            _S.CLOSED,
            _E.MOVED,
            _S.RECOVERY,
            means=Text(
                "追回后办结的，银行又说到账或退票",
                "closed at the end of a recovery, and the bank says paid or returned after that",
            ),
            effect=Text("重新列入追回清单，不再付", "on the recovery list again; nothing is paid"),
        ),
    ),
)
