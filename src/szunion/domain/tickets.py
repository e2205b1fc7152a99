"""Know one matter of one caller of the 12351 hotline, and its way to an answer (工单)."""

from __future__ import annotations

from typing import Final

from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import Labelled
from szunion.text import Text


class TicketState(Labelled):
    """Where a ticket stands (工单状态)."""

    NEW = "NEW", "新建", "new"
    ANSWERED = "ANSWERED", "即时答复", "answered in the call"
    ASSIGNED = "ASSIGNED", "已派单", "assigned"
    WORKING = "WORKING", "办理中", "being worked on"
    WAITING_MEMBER = "WAITING_MEMBER", "待会员补充", "waiting for the member"
    REPLIED = "REPLIED", "已答复", "replied"
    CALLBACK = "CALLBACK", "回访中", "being called back"
    REOPENED = "REOPENED", "重办", "reopened"
    CLOSED = "CLOSED", "已办结", "closed"
    MERGED = "MERGED", "已并单", "merged"
    FORWARDED = "FORWARDED", "已转办", "forwarded"
    WITHDRAWN = "WITHDRAWN", "已撤诉", "withdrawn"


class TicketEvent(Labelled):
    """What happens to a ticket."""

    ANSWER = "answer", "即时答复", "answer in the call"
    ASSIGN = "assign", "派单", "assign"
    MERGE = "merge", "并单", "merge"
    FORWARD = "forward", "转办", "forward"
    ACCEPT = "accept", "签收", "accept"
    BOUNCE = "bounce", "退单", "bounce"
    ASK_MEMBER = "ask_member", "请会员补充", "ask the member"
    MEMBER_ANSWERS = "member_answers", "会员已补充", "the member answers"
    SILENT = "silent", "逾期未补充", "no answer from the member"
    EXTEND = "extend", "延期", "extend"
    OVERDUE = "overdue", "超期", "overdue"
    REPLY = "reply", "答复", "reply"
    CALL_BACK = "call_back", "回访", "call back"
    SATISFIED = "satisfied", "满意", "satisfied"
    UNREACHABLE = "unreachable", "无法联系", "cannot be reached"
    UNSATISFIED = "unsatisfied", "不满意", "not satisfied"
    WITHDRAW = "withdraw", "撤诉", "withdraw"
    CLOSE = "close", "办结", "close"


_S = TicketState
_E = TicketEvent
_RECORD: Final = Text("参加记录", "participation record")

TICKET: Final = Machine(
    name="ticket",
    text=Text("12351工单", "hotline ticket"),
    instance=Text("一位来电人的一件事", "one matter of one caller"),
    owner=Owner.UNION,
    states=TicketState,
    events=TicketEvent,
    start=_S.NEW,
    final=frozenset({_S.CLOSED, _S.MERGED, _S.FORWARDED, _S.WITHDRAWN}),
    moves=(
        command(
            _S.NEW,
            _E.ANSWER,
            _S.ANSWERED,
            Actor.HOTLINE,
            guard=Text("通话中已答复", "answered in the call"),
            effect=Text("保留答复", "answer kept"),
        ),
        command(
            _S.NEW,
            _E.ASSIGN,
            _S.ASSIGNED,
            Actor.HOTLINE,
            guard=Text("事项类别决定时限", "the class of matter sets the clock"),
            effect=Text("按工作日起算", "clock starts, in working days"),
        ),
        command(
            _S.NEW,
            _E.MERGE,
            _S.MERGED,
            Actor.HOTLINE,
            guard=Text("同一人同一事", "same person and matter"),
            effect=Text("来电人并入保留的工单", "the caller is on the surviving ticket"),
        ),
        command(
            _S.NEW,
            _E.FORWARD,
            _S.FORWARDED,
            Actor.HOTLINE,
            guard=Text(
                "不属工会职责：12345、外市；挂失转银行专线",
                "not the union's duty: 12345, another city; the bank's own line for a loss",
            ),
            effect=Text(
                "转办记录；卡丢失的同时加保护性锁定",
                "hand-over record; for a lost card a protective hold as well",
            ),
        ),
        engine(_S.ANSWERED, _E.CLOSE, _S.CLOSED, effect=_RECORD),
        command(_S.ASSIGNED, _E.ACCEPT, _S.WORKING, Actor.HANDLER),
        command(
            _S.ASSIGNED,
            _E.BOUNCE,
            _S.NEW,
            Actor.HANDLER,
            guard=Text(
                "说明原因；在退单次数内，超过由市总决定",
                "a reason; within the bounce limit, after it the city federation decides",
            ),
            effect=Text("计次；时限不停", "counted; the clock keeps running"),
        ),
        engine(
            (_S.NEW, _S.ASSIGNED, _S.WORKING),
            _E.OVERDUE,
            None,
            guard=Text(
                "未按时派出、签收，或已过期限",
                "not passed on or not accepted in time, or deadline passed",
            ),
            effect=Text(
                "记超期；上升一级，每次超期一次", "breach recorded; one level up, once each"
            ),
        ),
        command(
            (_S.NEW, _S.ASSIGNED, _S.WAITING_MEMBER, _S.REOPENED),
            _E.WITHDRAW,
            _S.WITHDRAWN,
            Actor.MEMBER,
        ),
        command(
            _S.WORKING,
            _E.WITHDRAW,
            _S.WITHDRAWN,
            Actor.MEMBER,
            guard=Text("涉及安全或公共利益的不可撤", "not where safety or the public is concerned"),
        ),
        command(
            _S.WORKING,
            _E.ASK_MEMBER,
            _S.WAITING_MEMBER,
            Actor.HANDLER,
            effect=Text("时限暂停", "clock paused"),
        ),
        command(
            _S.WORKING,
            _E.EXTEND,
            _S.WORKING,
            Actor.HANDLER,
            two=True,
            guard=Text(
                "期限之前；承办人申请、主管批准；计次",
                "before the deadline; asked by the handler, granted by the supervisor; counted",
            ),
            effect=Text("新期限", "new deadline"),
        ),
        command(
            _S.WORKING,
            _E.REPLY,
            _S.REPLIED,
            Actor.HANDLER,
            guard=Text("有答复和依据", "answer and evidence"),
            effect=Text("时限停止", "clock stops"),
        ),
        command(
            _S.WAITING_MEMBER,
            _E.MEMBER_ANSWERS,
            _S.WORKING,
            Actor.MEMBER,
            Actor.HOTLINE,
            effect=Text("时限续算", "clock runs"),
        ),
        engine(
            _S.WAITING_MEMBER,
            _E.SILENT,
            _S.REPLIED,
            guard=Text("超过规定天数", "too many days"),
            effect=Text("答复写明所缺", "the answer says what is missing"),
        ),
        command(
            _S.REPLIED,
            _E.CALL_BACK,
            _S.CALLBACK,
            Actor.HOTLINE,
            guard=Text("回访人不是承办人", "not the handler"),
        ),
        command(
            _S.CALLBACK,
            _E.SATISFIED,
            _S.CLOSED,
            Actor.MEMBER,
            guard=Text("坐席记录；质检通过", "recorded by the operator; quality check passed"),
            effect=_RECORD,
        ),
        engine(
            _S.CALLBACK,
            _E.UNREACHABLE,
            _S.CLOSED,
            guard=Text("达到规定次数", "so many attempts"),
            effect=Text("标明无法联系，另行统计", "marked unreachable, counted apart"),
        ),
        command(
            _S.CALLBACK,
            _E.UNSATISFIED,
            _S.REOPENED,
            Actor.MEMBER,
            guard=Text("坐席记录", "recorded by the operator"),
        ),
        command(
            _S.REOPENED,
            _E.ASSIGN,
            _S.ASSIGNED,
            Actor.CITY,
            guard=Text("换承办单位，或上升一级", "another handler, or one level up"),
            effect=Text("新时限；原时限留在记录里", "new clock; the first stays in the record"),
        ),
    ),
)
