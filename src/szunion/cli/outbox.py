"""Know how what goes to the bank is looked at and taken up again on the command line."""

from __future__ import annotations

import click

from szunion.application.bank_books import STUCK
from szunion.cli.frame import DRY_RUN, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.outbox import Dispatch, DispatchState
from szunion.domain.values import RequestKey
from szunion.text import Text

_KEYS = ("key", "kind", "state", "attempts", "due", "outcome")
_TITLES = (
    Text("请求键", "key"),
    Text("种类", "kind"),
    Text("状态", "state"),
    Text("次数", "tries"),
    Text("下次", "due"),
    Text("银行", "outcome"),
)


@click.group(
    help=helps(
        "与银行的收发。What goes to the bank, and comes from it.",
        "szunion outbox list --stuck",
        "szunion outbox retry KEY",
    )
)
def outbox() -> None: ...


def _row(frame: Frame, one: Dispatch) -> tuple[object, ...]:
    due = None if one.state is DispatchState.DONE else frame.local(one.due)
    return one.key.text, one.kind, one.state, one.attempts, due, one.outcome or None


@outbox.command(
    "list",
    help=helps(
        "出站；--stuck 只看结果未知和已搁置的，退出码 3 表示有。What was sent, and what is stuck.",
        "szunion outbox list",
        "szunion outbox list --stuck",
    ),
)
@click.option("--stuck", is_flag=True, help="只看卡住的  Only what is stuck")
@framed
def list_(frame: Frame, *, stuck: bool) -> int:
    books = frame.desk(Role.CITY, Purpose.OPERATE).bank_books
    states = STUCK if stuck else tuple(DispatchState)
    rows, after = [], 0
    while page := books.dispatches(states, after=after):
        rows += [_row(frame, each) for each in page]
        after = page[-1].id
    frame.rows(_KEYS, _TITLES, rows)
    troubles = books.troubles()
    for notice in troubles:
        frame.note(
            "来报 {event}（{kind}）：{hearing} {reason}",
            "notice {event} ({kind}): {hearing} {reason}",
            event=notice.event_id,
            kind=notice.kind,
            hearing=frame.cell(notice.hearing),
            reason=notice.reason,
        )
    return 3 if stuck and (rows or troubles) else 0


@outbox.command(
    help=helps(
        "把已搁置的再排队；可能已送达的先问银行。Queue again what was set aside; the same key.",
        "szunion outbox retry KEY",
        "szunion outbox retry KEY --dry-run",
    )
)
@click.argument("key")
@DRY_RUN
@framed
def retry(frame: Frame, key: str, *, dry_run: bool) -> None:
    books = frame.desk(Role.CITY, Purpose.OPERATE).bank_books
    wanted = RequestKey(key.upper())
    done = books.dispatch(wanted) if dry_run else books.retry(wanted)
    frame.rows(_KEYS, _TITLES, [_row(frame, done)])
