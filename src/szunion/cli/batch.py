"""Know how applications for cards are listed, submitted and approved on the command line."""

from __future__ import annotations

import click

from szunion.cli.endings import PARTLY
from szunion.cli.frame import CONSENT, DRY_RUN, ORG, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.batches import Batch, BatchState
from szunion.domain.rows import RowState
from szunion.domain.values import BatchId
from szunion.text import Text

_KEYS = ("batch", "state", "rows", "created", "by", "approved_by", "outcome")
_TITLES = (
    Text("批次", "batch"),
    Text("状态", "state"),
    Text("行数", "rows"),
    Text("起草", "created"),
    Text("经办", "by"),
    Text("审核", "approved by"),
    Text("银行", "bank"),
)


@click.group(
    help=helps(
        "批量申办。Applications for cards.",
        "szunion batch submit --consent 同意书2018-07 --org 440305-0001",
        "szunion batch list",
        "szunion --user 另一人 batch approve b_…",
    )
)
def batch() -> None: ...


def _row(frame: Frame, one: Batch) -> tuple[object, ...]:
    name = frame.outward("b", one.id)
    made = frame.local(one.created)
    return (
        name,
        one.state,
        one.row_count,
        made,
        one.created_by,
        one.approved_by,
        one.outcome or None,
    )


@batch.command(
    "list",
    help=helps("全部批次。All batches.", "szunion batch list", "szunion batch list --open"),
)
@ORG
@click.option("--open", "only_open", is_flag=True, help="只看未办结的  Only open ones")
@framed
def list_(frame: Frame, org: str | None, *, only_open: bool) -> None:
    desk = frame.desk(Role.CITY, Purpose.ENROL, org)
    ended = {BatchState.CLOSED, BatchState.CANCELLED, BatchState.RECONCILED}
    states = tuple(each for each in BatchState if not only_open or each not in ended)
    rows, after = [], 0
    while page := desk.batches.listed(states, after=after):
        rows += [_row(frame, each) for each in page]
        after = page[-1].id
    frame.rows(_KEYS, _TITLES, rows)


@batch.command(
    help=helps("一个批次和各行的结果。One batch, and its rows.", "szunion batch show b_…")
)
@click.argument("name")
@ORG
@framed
def show(frame: Frame, name: str, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.ENROL, org)
    one = desk.batches.get(BatchId(frame.inward("b", name)))
    counts = desk.batches.outcomes(one.id).counts
    if frame.as_json:
        told = {state.value: count for state, count in counts.items()}
        frame.value(dict(zip(_KEYS, _row(frame, one), strict=True)) | {"counts": told})
        return
    frame.rows(_KEYS, _TITLES, [_row(frame, one)])
    titles = (Text("结果", "outcome"), Text("行数", "rows"))
    frame.rows(("outcome", "rows"), titles, list(counts.items()))


@batch.command(
    help=helps(
        "为一家工会尚无卡的会员起草、校验并提交；不合格的行留下并注明。Draft, check and submit.",
        "szunion batch submit --consent 同意书2018-07 --org 440305-0001",
        "szunion batch submit --org 440305-0001 --dry-run",
    )
)
@click.option("--org", required=True, metavar="CODE", help="工会代码  Code of the union")
@CONSENT
@DRY_RUN
@framed
def submit(frame: Frame, *, org: str, consent: str, dry_run: bool) -> int:
    union = frame.union(org)
    desk = frame.desk(Role.GRASSROOTS, Purpose.ENROL, org)
    people = [row.person for row in desk.members.of_union(union.id)]
    if dry_run:
        frame.value({"members": len(people)})
        frame.say(
            "{name} 有 {count:,} 名在籍会员，将为其中还没有卡、也没有在途申办的起草",
            "{name} has {count:,|member|members}; "
            "those without card or application would be drafted",
            name=union.name,
            count=len(people),
        )
        return 0
    drafted = desk.batches.draft(people, paper=consent)
    bad = 0
    for draft in drafted.batches:
        _, rows = desk.batches.check(draft.id)
        bad += sum(1 for row in rows if row.state is RowState.INVALID)
        _told(frame, desk.batches.submit(draft.id))
    if not drafted.batches:
        frame.say("没有要申办的会员", "nobody to apply for")
    if bad:
        frame.note(
            "{bad:,} 行未通过校验，未提交", "{bad:,|row is|rows are} not valid and stay", bad=bad
        )
    return PARTLY if bad else 0


@batch.command(
    help=helps(
        "审核通过；审核人不能是提交人。Approve; never the submitter.",
        "szunion --user 审核人 batch approve b_…",
        "szunion --user 审核人 batch approve b_… --rows 388",
        "szunion batch approve b_… --dry-run",
    )
)
@click.argument("name")
@click.option("--rows", type=int, metavar="N", help="控制总数：应有多少行  Control total")
@ORG
@DRY_RUN
@framed
def approve(frame: Frame, name: str, *, rows: int | None, org: str | None, dry_run: bool) -> None:
    desk = frame.desk(Role.CITY, Purpose.ENROL, org)
    id_ = BatchId(frame.inward("b", name))
    if dry_run:
        one = desk.batches.get(id_)
        frame.say(
            "将审核 {rows:,} 行（{state}，提交人 {by}）",
            "would approve {rows:,|row|rows} ({state}, submitted by {by})",
            rows=one.row_count,
            state=frame.cell(one.state),
            by=one.submitted_by or "—",
        )
        return
    _told(frame, desk.batches.approve(id_, rows=rows))


def _told(frame: Frame, one: Batch) -> None:
    frame.rows(_KEYS, _TITLES, [_row(frame, one)])
