"""Know how what goes to the bank is looked at and taken up again on the command line."""

from __future__ import annotations

from collections.abc import Sequence

import click

from szunion.application.bank_books import STUCK
from szunion.cli.frame import DRY_RUN, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.outbox import Dispatch, DispatchState
from szunion.domain.values import RequestKey
from szunion.ports.bank import FileTrouble, ReadsFiles
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
        "发件箱；--stuck 只看结果未知和已搁置的，有则退出码 3。What was sent, and what is stuck.",
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
    files = _files(frame)
    for notice in troubles:
        frame.note(
            "来报 {event}（{kind}）：{hearing} {reason}",
            "notice {event} ({kind}): {hearing} {reason}",
            event=notice.event_id,
            kind=notice.kind,
            hearing=frame.cell(notice.hearing),
            reason=notice.reason,
        )
    for file in files:
        frame.note(
            "来盘文件 {name} 没有采用：{reason}",
            "file {name} of the bank's was not taken: {reason}",
            name=file.name,
            reason=file.reason,
        )
    return 3 if stuck and (rows or troubles or files) else 0


def _files(frame: Frame) -> Sequence[FileTrouble]:
    """Look at the bank's files once more: what is wrong with one is known by reading it."""
    bank = frame.system().bank
    if not isinstance(bank, ReadsFiles):
        return ()
    frame.system().worker().desk.collect()
    return bank.troubles


@outbox.command(
    help=helps(
        "一项发送任务的全部情况。All that is known of one dispatch.",
        "szunion outbox show KEY",
    )
)
@click.argument("key")
@framed
def show(frame: Frame, key: str) -> None:
    books = frame.desk(Role.CITY, Purpose.OPERATE).bank_books
    one = books.dispatch(RequestKey(key.upper()))
    frame.rows(_KEYS, _TITLES, [_row(frame, one)])
    frame.say(
        "入队 {created}，送出 {sent}，出错 {faults} 次，次序 {sequence}",
        "queued {created}, sent {sent}, faults {faults}, place {sequence}",
        created=frame.local(one.created),
        sent=frame.local(one.sent) if one.sent else "-",
        faults=one.faults,
        sequence=one.sequence,
    )


@outbox.command(
    help=helps(
        "手工搁置还没送出的一项。Set aside by hand what has not left.",
        "szunion outbox park KEY --why '名单有误，待更正'",
    )
)
@click.argument("key")
@click.option("--why", default="", metavar="TEXT", help="原因，记入审计日志  Why, for the log")
@framed
def park(frame: Frame, key: str, *, why: str) -> None:
    books = frame.desk(Role.CITY, Purpose.OPERATE).bank_books
    done = books.park(RequestKey(key.upper()), why)
    frame.rows(_KEYS, _TITLES, [_row(frame, done)])


@outbox.command(
    help=helps(
        "重读一个来盘文件；处理过的不再生效。Read a bank's file again; nothing is done twice.",
        "szunion outbox reread JG201711230001.txt",
    )
)
@click.argument("name")
@framed
def reread(frame: Frame, name: str) -> None:
    count = frame.system().worker().reread(name)
    frame.value({"file": name, "notices": count})
    frame.say("{name}：{count} 条", "{name}: {count:|notice|notices}", name=name, count=count)


@outbox.command(
    help=helps(
        "把已搁置的重新排队；可能已送达的先问银行。Queue again what was set aside; the same key.",
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
