"""Know what an application batch is: one file of one union, its rows, its totals and its way."""

from __future__ import annotations

from typing import Final

from szunion.domain.bank import RowReason
from szunion.domain.machine import Actor, Machine, Owner, command, engine, fact
from szunion.domain.values import Labelled
from szunion.text import Text


class BatchState(Labelled):
    """Where a batch stands (批次状态)."""

    DRAFT = "DRAFT", "草稿", "draft"
    CHECKED = "CHECKED", "已校验", "checked"
    SUBMITTED = "SUBMITTED", "已提交", "submitted"
    APPROVED = "APPROVED", "已审核", "approved"
    SENT = "SENT", "已报送", "sent"
    UNKNOWN = "UNKNOWN", "结果未知", "outcome unknown"
    FILE_REJECTED = "FILE_REJECTED", "整批退回", "sent back whole"
    ANSWERING = "ANSWERING", "回盘中", "being answered"
    RECONCILED = "RECONCILED", "已核平", "reconciled"
    CLOSED = "CLOSED", "已办结", "closed"
    CANCELLED = "CANCELLED", "已取消", "cancelled"


class BatchEvent(Labelled):
    """What happens to a batch."""

    CHECK = "check", "校验", "check"
    EDIT = "edit", "修改", "edit"
    SUBMIT = "submit", "提交", "submit"
    RETURN = "return", "退回修改", "return to be mended"
    APPROVE = "approve", "审核通过", "approve"
    SEND = "send", "报送", "send"
    FILE_ACK = "file_ack", "银行收妥", "the bank has the file"
    FILE_NACK = "file_nack", "银行整批退回", "the bank sends the file back"
    UNREACHED = "unreached", "未送达", "never arrived"
    NO_ANSWER = "no_answer", "无应答", "no answer"
    NOT_FOUND = "not_found", "银行查无此批", "the bank never saw it"
    REBUILD = "rebuild", "重新组批", "build again"
    ROW_FEEDBACK = "row_feedback", "明细回盘", "answer for a row"
    ALL_ROWS_FINAL = "all_rows_final", "全部有结果", "every row has its outcome"
    CLOSE = "close", "办结", "close"
    CANCEL = "cancel", "取消", "cancel"


_S = BatchState
_E = BatchEvent
_GAP: Final = Text("记缺口，直到回执到来", "gap until the receipt comes")
_CITY_TASK: Final = Text("给市总一项待办", "a task for the city federation")

BATCH: Final = Machine(
    name="batch",
    text=Text("批量申办", "application batch"),
    instance=Text("一家工会的一个文件", "one file of one union"),
    owner=Owner.SHARED,
    states=BatchState,
    events=BatchEvent,
    start=_S.DRAFT,
    final=frozenset({_S.CLOSED, _S.CANCELLED}),
    moves=(
        command(
            _S.DRAFT,
            _E.CHECK,
            _S.CHECKED,
            Actor.UNION,
            guard=Text(
                "每行都有结论；坏行保留并标明，不丢弃",
                "every row has a verdict; bad rows are kept and marked, not dropped",
            ),
            effect=Text(
                "错误清单：行、栏、代码、怎么改", "error file with line, field, code, what to do"
            ),
        ),
        command(_S.CHECKED, _E.EDIT, _S.DRAFT, Actor.UNION),
        command(
            _S.CHECKED,
            _E.SUBMIT,
            _S.SUBMITTED,
            Actor.UNION,
            guard=Text("至少一行有效", "at least one valid row"),
            effect=Text("明细集合与摘要冻结", "row set and hash frozen"),
        ),
        command(
            _S.SUBMITTED,
            _E.RETURN,
            _S.DRAFT,
            Actor.UPPER,
            Actor.CITY,
            guard=Text("说明原因", "a reason"),
        ),
        command(
            _S.SUBMITTED,
            _E.APPROVE,
            _S.APPROVED,
            Actor.UPPER,
            Actor.CITY,
            two=True,
            guard=Text("不是提交人；控制总数相符", "not the submitter; control totals match"),
            effect=Text("明细待报送，固定身份版本", "rows queued, identity versions pinned"),
        ),
        engine(
            _S.APPROVED,
            _E.SEND,
            _S.SENT,
            guard=Text("批号与摘要就是键", "batch id and hash are the key"),
            effect=Text(
                "发出第一个字节之前先记下；明细已报送",
                "written down before the first byte leaves; rows sent",
            ),
        ),
        fact(
            (_S.SENT, _S.UNKNOWN),
            _E.FILE_ACK,
            _S.ANSWERING,
            means=Text("银行的行数与合计和我们一致", "the bank's line count and totals are ours"),
        ),
        fact((_S.SENT, _S.UNKNOWN), _E.FILE_NACK, _S.FILE_REJECTED, effect=_CITY_TASK),
        engine(
            _S.SENT,
            _E.UNREACHED,
            _S.APPROVED,
            guard=Text("没有送达", "it never arrived"),
            effect=Text("明细退回待报送；稍后再送", "rows back to queued; back-off"),
        ),
        engine(
            _S.SENT,
            _E.NO_ANSWER,
            _S.UNKNOWN,
            guard=Text("不知是否送达，或已过时限", "may have arrived, or the deadline passed"),
            effect=Text("按键询问", "ask by key"),
        ),
        fact(
            (_S.SENT, _S.UNKNOWN),
            _E.ROW_FEEDBACK,
            _S.ANSWERING,
            means=Text("明细结果先于回执到达", "row answers before the receipt"),
            effect=_GAP,
        ),
        fact(
            _S.UNKNOWN,
            _E.NOT_FOUND,
            _S.APPROVED,
            means=Text("已过适配器声明的沉淀时间", "the adapter's settling time has passed"),
            effect=Text("用同一个键、同样的字节再送", "sent again with the same key and bytes"),
        ),
        command(
            _S.FILE_REJECTED,
            _E.REBUILD,
            _S.DRAFT,
            Actor.CITY,
            guard=Text("已查明原因", "cause found"),
            effect=Text("新批号；明细键不变", "new batch id; rows keep their keys"),
        ),
        fact(
            _S.ANSWERING,
            _E.FILE_ACK,
            _S.ANSWERING,
            means=Text("明细结果之后的回执", "receipt after row answers"),
            effect=Text("补上缺口", "gap filled"),
        ),
        fact(
            (_S.ANSWERING, _S.RECONCILED, _S.CLOSED),
            _E.ROW_FEEDBACK,
            None,
            means=Text("含明细的后续（领卡、激活）", "also the later life of a row"),
            effect=Text("明细变动", "rows move"),
        ),
        engine(
            _S.ANSWERING,
            _E.ALL_ROWS_FINAL,
            _S.RECONCILED,
            guard=Text("各行结果之和等于报送行数", "outcomes add up to the rows sent, to the row"),
        ),
        command(
            _S.RECONCILED,
            _E.CLOSE,
            _S.CLOSED,
            Actor.CITY,
            effect=Text("结果交给工会", "result given to the union"),
        ),
        command((_S.DRAFT, _S.CHECKED), _E.CANCEL, _S.CANCELLED, Actor.UNION),
        command(_S.SUBMITTED, _E.CANCEL, _S.CANCELLED, Actor.UPPER, Actor.CITY),
        command(
            (_S.APPROVED, _S.FILE_REJECTED),
            _E.CANCEL,
            _S.CANCELLED,
            Actor.CITY,
            guard=Text("未发出，或证实未送达，或已整批退回", "not sent, or proved not arrived"),
            effect=Text("明细转入新草稿，或剔除", "rows go to a new draft, or are excluded"),
        ),
    ),
)


class RowState(Labelled):
    """Where one person's application stands (明细状态)."""

    NEW = "NEW", "新录入", "new"
    INVALID = "INVALID", "校验不通过", "invalid"
    VALID = "VALID", "校验通过", "valid"
    QUEUED = "QUEUED", "待报送", "queued"
    SENT = "SENT", "已报送", "sent"
    UNKNOWN = "UNKNOWN", "结果未知", "outcome unknown"
    BANK_REJECTED = "BANK_REJECTED", "银行退回", "sent back by the bank"
    VERIFIED = "VERIFIED", "实名核验通过", "name verified"
    PRODUCED = "PRODUCED", "已制卡", "card produced"
    WITH_UNION = "WITH_UNION", "工会待发放", "at the union, to be handed out"
    HANDED = "HANDED", "已发放", "handed out"
    ACTIVATED = "ACTIVATED", "已激活", "activated"
    UNCLAIMED = "UNCLAIMED", "逾期未领未激活", "unclaimed"
    DECLINED = "DECLINED", "放弃", "declined"
    EXCLUDED = "EXCLUDED", "已剔除", "excluded"


class RowEvent(Labelled):
    """What happens to a row."""

    VALIDATE_OK = "validate_ok", "校验通过", "valid"
    VALIDATE_BAD = "validate_bad", "校验不通过", "not valid"
    FIX = "fix", "更正", "mend"
    EXCLUDE = "exclude", "剔除", "exclude"
    MEMBER_GONE = "member_gone", "会籍已终止", "membership ended"
    FREEZE = "freeze", "锁定待报", "freeze for sending"
    SEND = "send", "报送", "send"
    UNREACHED = "unreached", "未送达", "never arrived"
    NO_ANSWER = "no_answer", "无应答", "no answer"
    NOT_FOUND = "not_found", "银行查无此笔", "the bank never saw it"
    FILE_BACK = "file_back", "随整批退回", "sent back with its file"
    VERIFIED = "verified", "核验通过", "name verified"
    REJECTED = "rejected", "银行退回", "sent back by the bank"
    PRODUCED = "produced", "制卡完成", "card produced"
    RECEIVED = "received", "工会收卡", "received by the union"
    HANDED = "handed", "发放", "handed out"
    ACTIVATED = "activated", "面签激活", "activated face to face"
    UNCLAIMED = "unclaimed", "逾期", "overdue"
    GIVE_UP = "give_up", "本人放弃", "given up by the member"
    DECLINED = "declined", "银行告知放弃", "declined, as the bank tells"


_RS = RowState
_RE = RowEvent
_OUT: Final = (_RS.SENT, _RS.UNKNOWN)
_LATER: Final = (_RS.PRODUCED, _RS.WITH_UNION, _RS.HANDED, _RS.UNCLAIMED)

ROW: Final = Machine(
    name="row",
    text=Text("申办明细", "application row"),
    instance=Text(
        "一人、一项目、一次申办；结果按明细键对应，不按行号或姓名",
        "one person, programme and application; answers map by row key, never by line or name",
    ),
    owner=Owner.SHARED,
    states=RowState,
    events=RowEvent,
    start=_RS.NEW,
    final=frozenset({_RS.ACTIVATED, _RS.DECLINED, _RS.EXCLUDED}),
    reasons=RowReason,
    moves=(
        engine(
            _RS.NEW,
            _RE.VALIDATE_OK,
            _RS.VALID,
            guard=Text(
                "格式、校验位、年龄；文件内和登记簿无重复，无在途申办；有同意",
                "format, check digit, age; no duplicate in file or registry, no open application; "
                "consent",
            ),
        ),
        engine(
            _RS.NEW,
            _RE.VALIDATE_BAD,
            _RS.INVALID,
            effect=Text("每栏一个代码", "one code per field"),
        ),
        command(_RS.INVALID, _RE.FIX, _RS.NEW, Actor.UNION, Actor.MEMBER),
        command(
            _RS.BANK_REJECTED,
            _RE.FIX,
            _RS.NEW,
            Actor.UNION,
            Actor.MEMBER,
            guard=Text(
                "新的身份版本，或一类户改二类户", "new identity version, or account class I to II"
            ),
            effect=Text("明细键不变，次数加一", "same row key, attempt + 1"),
        ),
        command(
            _RS.INVALID,
            _RE.EXCLUDE,
            _RS.EXCLUDED,
            Actor.UNION,
            guard=Text("说明原因", "a reason"),
        ),
        command(
            _RS.VALID,
            _RE.EXCLUDE,
            _RS.EXCLUDED,
            Actor.UNION,
            Actor.UPPER,
            Actor.CITY,
            guard=Text("说明原因", "a reason"),
        ),
        command(
            _RS.BANK_REJECTED,
            _RE.EXCLUDE,
            _RS.EXCLUDED,
            Actor.UNION,
            Actor.CITY,
            guard=Text("说明原因", "a reason"),
        ),
        engine(
            _RS.VALID,
            _RE.FREEZE,
            _RS.QUEUED,
            guard=Text("批次已审核", "batch approved"),
            effect=Text("固定身份版本", "identity version pinned"),
        ),
        engine(_RS.QUEUED, _RE.SEND, _RS.SENT),
        engine(
            (_RS.NEW, _RS.INVALID, _RS.VALID, _RS.QUEUED),
            _RE.MEMBER_GONE,
            _RS.EXCLUDED,
            guard=Text(
                "报送前会籍终止或申请撤回",
                "membership ended, or application withdrawn, before sending",
            ),
        ),
        engine(_RS.SENT, _RE.UNREACHED, _RS.QUEUED, guard=Text("没有送达", "it never arrived")),
        engine(
            _RS.SENT,
            _RE.NO_ANSWER,
            _RS.UNKNOWN,
            guard=Text("不知是否送达，或已过时限", "may have arrived, or the deadline passed"),
            effect=Text("询问", "ask"),
        ),
        fact(
            _RS.UNKNOWN,
            _RE.NOT_FOUND,
            _RS.QUEUED,
            means=Text("已过适配器声明的沉淀时间", "the adapter's settling time has passed"),
            effect=Text("同一个键再送", "same key again"),
        ),
        fact(
            _OUT,
            _RE.FILE_BACK,
            _RS.VALID,
            means=Text("整批退回，这一行未办", "the file came back whole; nothing was done"),
            effect=Text("可进新草稿，或剔除", "may go into a new draft, or be excluded"),
        ),
        fact(
            _OUT,
            _RE.VERIFIED,
            _RS.VERIFIED,
            means=Text("实名核验通过", "real-name check passed"),
            effect=Text("实名等级 1", "level 1"),
        ),
        fact(
            (*_OUT, _RS.VERIFIED),
            _RE.REJECTED,
            _RS.BANK_REJECTED,
            means=Text("原因代码和银行自己的代码", "reason code and the bank's own code"),
            effect=Text("用工会的话告诉工会", "told to the union in its words"),
        ),
        fact(
            (*_OUT, _RS.VERIFIED),
            _RE.PRODUCED,
            _RS.PRODUCED,
            effect=Text(
                "卡诞生，在银行；缺核验结果的记缺口",
                "card born, at the bank; a gap if the check's answer is missing",
            ),
        ),
        fact(
            (*_OUT, _RS.VERIFIED, *_LATER),
            _RE.ACTIVATED,
            _RS.ACTIVATED,
            effect=Text(
                "实名等级 2；成为当前卡；缺中间消息的记缺口",
                "level 2; becomes the current card; a gap if a step before it is missing",
            ),
        ),
        fact((*_OUT, _RS.VERIFIED, *_LATER), _RE.DECLINED, _RS.DECLINED),
        command(
            _RS.PRODUCED,
            _RE.RECEIVED,
            _RS.WITH_UNION,
            Actor.UNION,
            two=True,
            guard=Text("批次的保管清单", "custody list of the batch"),
            effect=Text("实体卡在工会", "the plastic is with the union"),
        ),
        command(
            (_RS.WITH_UNION, _RS.UNCLAIMED),
            _RE.HANDED,
            _RS.HANDED,
            Actor.UNION,
            guard=Text("实体卡在工会；会员签收", "the plastic is with the union; the member signs"),
            effect=Text("实体卡在会员手中", "the plastic is with the member"),
        ),
        engine(
            (_RS.PRODUCED, _RS.WITH_UNION, _RS.HANDED),
            _RE.UNCLAIMED,
            _RS.UNCLAIMED,
            guard=Text("超过规定天数未领或未激活", "not collected or activated in so many days"),
            effect=Text(
                "提醒；退回银行或两人销毁", "reminder; back to the bank, or destroyed by two"
            ),
        ),
        command(
            _RS.UNCLAIMED,
            _RE.GIVE_UP,
            _RS.DECLINED,
            Actor.MEMBER,
            Actor.UNION,
            guard=Text("本人表示", "the member's word"),
            effect=Text("退卡；发销卡指令", "card returned; instruction to close"),
        ),
    ),
)
