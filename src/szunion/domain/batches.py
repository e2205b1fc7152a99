"""Know what an application batch is: one file of one union, its totals, and its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from attrs import evolve, frozen

from szunion.domain.bank_requests import Receipt
from szunion.domain.machine import Actor, Machine, Owner, command, engine, fact
from szunion.domain.rows import Row, RowState
from szunion.domain.values import BatchId, Labelled, OrganisationId, RequestKey
from szunion.errors import Conflict, NotAllowed
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


def row_set_hash(rows: Iterable[Row]) -> str:
    """Return the hash of a set of rows, as hex: what is approved is what was submitted.

    It covers each row's key, attempt and account class, in the order of the keys. No personal
    data is in it: the identity version is pinned by the approval.
    """
    lines = sorted(f"{row.key}|{row.attempt}|{row.account_class.value}" for row in rows)
    return sha256("\n".join(lines).encode()).hexdigest()


@frozen(kw_only=True)
class Batch:
    """One file of one union (批次). It ends with the sum of its rows; rows live on."""

    id: BatchId
    organisation: OrganisationId
    programme: str
    state: BatchState = BatchState.DRAFT
    created: datetime
    created_by: str
    submitted_by: str | None = None
    approved_by: str | None = None
    frozen: str | None = None
    """The hash of the row set, from submission on."""
    row_count: int = 0
    """How many rows go to the bank, from submission on: the control total."""
    key: RequestKey | None = None
    """The bank's key of the request, from approval on."""
    outcome: str = ""
    """The bank's code, or why it was returned."""
    receipt_missing: bool = False
    """GAP: rows were answered before the receipt."""
    moved_on: int = 0
    """Rows that were answered and then went to a later batch."""
    version: int = 0

    def after(self, event: BatchEvent) -> Batch:
        """Return the batch after *event* (E-STATE-001 if the table has no such step)."""
        return evolve(self, state=BATCH.after(self.state, event))

    def submitted(self, rows: Iterable[Row], by: str) -> Batch:
        """Return the batch with its row set frozen.

        Raises:
            Conflict: no row is valid (E-BATCH-001); or E-STATE-001.
        """
        valid = [row for row in rows if row.state is RowState.VALID]
        if not valid:
            raise Conflict("E-BATCH-001", current=self.state, allowed=(BatchEvent.EDIT,))
        return evolve(
            self.after(BatchEvent.SUBMIT),
            submitted_by=by,
            frozen=row_set_hash(valid),
            row_count=len(valid),
        )

    def approved(self, rows: Iterable[Row], by: str, key: RequestKey) -> Batch:
        """Return the batch approved by a second person, with its key for ever.

        Raises:
            NotAllowed: it is the submitter (E-BATCH-002).
            Conflict: the rows are not those that were submitted (E-BATCH-003); or E-STATE-001.
        """
        state = BATCH.after(self.state, BatchEvent.APPROVE)
        if by == self.submitted_by:
            raise NotAllowed("E-BATCH-002", batch=self.id)
        valid = [row for row in rows if row.state is RowState.VALID]
        if len(valid) != self.row_count or row_set_hash(valid) != self.frozen:
            raise Conflict(
                "E-BATCH-003",
                current=len(valid),
                allowed=(BatchEvent.RETURN,),
                now=len(valid),
                then=self.row_count,
            )
        return evolve(self, state=state, approved_by=by, key=key)

    def returned(self, reason: str) -> Batch:
        """Return the batch to be mended: the row set is open again."""
        cleared = evolve(self, submitted_by=None, frozen=None, row_count=0, outcome=reason)
        return evolve(cleared, state=BATCH.after(self.state, BatchEvent.RETURN))

    def receipt(self, told: Receipt) -> Batch:
        """Return the batch after the bank's receipt for the file.

        Raises:
            Conflict: the bank counted other rows than we sent (E-BATCH-004); or E-STATE-001.
        """
        if told.rows != self.row_count:
            raise Conflict(
                "E-BATCH-004",
                current=self.state,
                allowed=(),
                ours=self.row_count,
                theirs=told.rows,
            )
        return evolve(
            self.after(BatchEvent.FILE_ACK), receipt_missing=False, outcome=told.bank_code
        )

    def row_answered(self) -> Batch:
        """Return the batch after an answer for one of its rows, before or after the receipt."""
        early = self.state in {BatchState.SENT, BatchState.UNKNOWN}
        after = self.after(BatchEvent.ROW_FEEDBACK)
        return evolve(after, receipt_missing=self.receipt_missing or early)


_WAITING: Final = frozenset(
    {
        RowState.NEW,
        RowState.VALID,
        RowState.QUEUED,
        RowState.SENT,
        RowState.UNKNOWN,
        RowState.VERIFIED,
    }
)


@frozen
class Outcomes:
    """What became of the rows that a batch sent (核对), to the row."""

    sent: int
    counts: Mapping[RowState, int]
    moved_on: int = 0

    @property
    def answered(self) -> int:
        """How many rows the bank has answered for good."""
        done = sum(count for state, count in self.counts.items() if state not in _WAITING)
        return done + self.moved_on

    @property
    def complete(self) -> bool:
        """Whether every row that was sent has its outcome: the sums agree to the row."""
        return self.answered == self.sent


def outcomes(batch: Batch, rows: Iterable[Row]) -> Outcomes:
    """Return the count of *rows* (those that were sent) by state, beside the control total."""
    return Outcomes(batch.row_count, Counter(row.state for row in rows), batch.moved_on)
