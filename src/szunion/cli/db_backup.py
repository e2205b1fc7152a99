"""Know how the database is backed up, checked, restored, let go and copied on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from szunion.adapters.files import appear
from szunion.adapters.storage.backing import Database, back_up
from szunion.adapters.storage.backing import copy as copied
from szunion.adapters.storage.backup import MAGIC, Contents, verify
from szunion.adapters.storage.sql.carry import Carried
from szunion.adapters.storage.sql.times import micros
from szunion.adapters.system import SystemClock
from szunion.application.aftermath import Aftermath, Gap
from szunion.cli.databases import database_at
from szunion.cli.db import db
from szunion.cli.db_postgres import OWNER
from szunion.cli.endings import PARTLY
from szunion.cli.files import unusable
from szunion.cli.frame import FORCE, Frame, framed, helps
from szunion.cli.speech import progress
from szunion.domain.access import Purpose, Role, engine
from szunion.errors import Conflict
from szunion.text import Text

__all__ = ["db"]

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@db.command(
    help=helps(
        "在线备份，加密，只写到指定的文件。An encrypted backup, while others go on writing.",
        "szunion db backup /backup/2017-11-23.szb",
        "szunion db verify /backup/2017-11-23.szb",
    )
)
@_FILE
@FORCE
@framed
def backup(frame: Frame, *, file: Path, force: bool) -> None:
    from szunion.installed import city_of, vault_of  # noqa: PLC0415 - other commands stay light

    settings = frame.settings()
    _may_be_written(file, force=force)
    database, vault = _database(frame), vault_of(settings)
    city, at = city_of(settings).policy.code, SystemClock().now()
    made: list[Contents] = []

    def write(out: BinaryIO) -> None:
        made.append(back_up(database, vault, out, city=city, at=at, progress=_shown))

    try:
        appear(file, write)
    except OSError as error:
        raise unusable(file, error) from None
    _say(
        frame,
        made[0],
        "已备份 {rows:,} 行（{tables} 张表，结构版本 {schema}）：密钥文件另行保管",
        "backed up {rows:,|row|rows} ({tables:|table|tables}, schema {schema}); "
        "keep the keys elsewhere",
    )


def _may_be_written(file: Path, *, force: bool) -> None:
    """Check that a backup may stand at *file*: ``--force`` is about an older backup alone.

    Raises:
        Conflict: there is a file (E-CLI-008); it is no backup (E-CLI-012).
        InvalidInput: it cannot be read (E-CLI-005).
    """
    if not file.exists():
        return
    if not force:
        raise Conflict("E-CLI-008", path=file.name)
    try:
        begins = None
        if file.is_file():  # a pipe would wait, and a device is not to be put aside
            with file.open("rb") as there:
                begins = there.read(len(MAGIC))
    except OSError as error:
        raise unusable(file, error) from None
    if begins not in (b"", MAGIC):
        raise Conflict("E-CLI-012", path=file.name)


@db.command(
    "verify",
    help=helps(
        "检查备份：解密、计数、校验，不写任何东西。Read a backup to its end; nothing is written.",
        "szunion db verify /backup/2017-11-23.szb",
    ),
)
@_FILE
@framed
def verify_(frame: Frame, *, file: Path) -> None:
    from szunion.installed import vault_of  # noqa: PLC0415 - as above

    try:
        with file.open("rb") as source:
            contents = verify(source, vault_of(frame.settings()))
    except OSError as error:
        raise unusable(file, error) from None
    _say(
        frame,
        contents,
        "完好：{made} 的备份，{rows:,} 行（{tables} 张表，结构版本 {schema}）",
        "sound: a backup of {made}, {rows:,|row|rows} ({tables:|table|tables}, schema {schema})",
    )


@db.command(
    "restore",
    help=helps(
        "从备份新建数据库，核对之前只读。Make a database from a backup, held read-only.",
        "szunion db restore /backup/2017-11-23.szb --db restored.db",
        "szunion db restore /backup/2017-11-23.szb --db postgresql://app@/new",
        "szunion db reconcile",
        "szunion db release",
    ),
)
@_FILE
@OWNER
@framed
def restore_(frame: Frame, *, file: Path, owner: str | None) -> None:
    from szunion.installed import vault_of  # noqa: PLC0415 - as above

    database, vault = _database(frame, owner), vault_of(frame.settings())
    try:
        with file.open("rb") as source:
            contents = database.restore(source, vault, at=SystemClock().now(), progress=_shown)
    except OSError as error:
        raise unusable(file, error) from None
    _say(
        frame,
        contents,
        "已恢复到 {made}：{rows:,} 行；现在只读，请运行 szunion db reconcile",
        "restored to {made}: {rows:,|row|rows}; read-only until szunion db reconcile and release",
    )


@db.command(
    help=helps(
        "恢复后与银行核对，列出缺口。Compare a restored database with the bank; say the gap.",
        "szunion db reconcile",
        "szunion db reconcile --erasures 删除日志.jsonl",
    )
)
@click.option(
    "--erasures", type=click.Path(path_type=Path), metavar="FILE",
    help="按删除日志重做备份之后的删除  Do again what was erased after the backup",
)  # fmt: skip
@framed
def reconcile(frame: Frame, *, erasures: Path | None) -> int:
    desk = _aftermath(frame)
    if erasures is not None:
        try:
            lines = erasures.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise unusable(erasures, error) from None
        count = frame.desk(Role.CITY, Purpose.RIGHTS).rights.erase_again(lines)
        frame.say("重新删除 {count} 人", "{count:|person|people} erased again", count=count)
    gap = desk.catch_up()
    _tell(frame, gap)
    return 0 if gap.closed else PARTLY


@db.command(
    "release",
    help=helps(
        "核对后放行，恢复写入。Let a restored database be written again.",
        "szunion db release",
        "szunion db release --note '备份后的一批已由银行重报'",
    ),
)
@click.option("--note", default="", metavar="TEXT", help="为什么可以放行  Why it may be let go")
@framed
def release_(frame: Frame, *, note: str) -> None:
    desk = _aftermath(frame)
    gap = desk.catch_up()
    _tell(frame, gap)
    desk.released(gap, note=note)
    _database(frame).release(at=SystemClock().now(), note=note)
    frame.say("已放行，可以写入", "released: it may be written again")


@db.command(
    help=helps(
        "复制到另一个数据库，可中断后继续。Copy into another database; it can go on after a break.",
        "szunion db copy union.db other.db",
        "szunion db copy union.db postgresql://app@/union --owner postgresql://owner@/union",
    )
)
@click.argument("source")
@click.argument("target")
@OWNER
@framed
def copy(frame: Frame, *, source: str, target: str, owner: str | None) -> None:
    here, there = database_at(source), database_at(target, _owner(frame, owner))
    done = copied(here, there, at=micros(SystemClock().now()), progress=_shown)
    _copied(frame, done)


def _copied(frame: Frame, done: Carried) -> None:
    tables = {name: {"rows": each.rows} for name, each in done.sums.items()}
    frame.value({"rows": done.rows, "new": done.new, "tables": tables})
    frame.say(
        "已复制 {new:,} 行（共 {rows:,} 行，{tables} 张表），逐表校验一致",
        "copied {new:,|row|rows} ({rows:,} in all, {tables:|table|tables}); every checksum agrees",
        new=done.new, rows=done.rows, tables=len(done.sums),
    )  # fmt: skip


def _database(frame: Frame, owner: str | None = None) -> Database:
    return database_at(frame.settings().database, _owner(frame, owner))


def _owner(frame: Frame, given: str | None) -> str:
    return given or frame.settings().database_owner


def _aftermath(frame: Frame) -> Aftermath:
    """Return the desk of a restored store, which it may write.

    Raises:
        Conflict: the store did not come out of a backup, or was released (E-STORE-018).
    """
    if _database(frame).restored() is None:
        raise Conflict("E-STORE-018")
    system = frame.system(recovering=True)
    return Aftermath(system.office, engine(), system.bank)


def _shown(table: str, rows: int) -> None:
    progress(rows, None, table)


def _say(frame: Frame, contents: Contents, zh: str, en: str) -> None:
    head = contents.head
    sums = {name: {"rows": one.rows, "sha256": one.sha256} for name, one in contents.sums.items()}
    frame.value(
        {
            "backup": head.name.hex(), "city": head.city, "made": head.made.isoformat(),
            "schema": head.schema, "audit": head.audit.partition(":")[0], "rows": contents.rows,
            "tables": sums,
        }
    )  # fmt: skip
    frame.say(
        zh, en, rows=contents.rows, tables=len(contents.sums), schema=head.schema,
        made=frame.local(head.made),
    )  # fmt: skip


#: What a gap is made of, in words.
_GAP = {
    "heard": Text("补收的来报", "notices heard again"),
    "doubtful": Text("可能已发出的", "dispatches that may have left"),
    "unknown": Text("所指不明的来报", "notices about something unknown"),
    "aside": Text("搁置的来报", "notices set aside"),
    "differences": Text("未结差异", "open differences"),
}


def _tell(frame: Frame, gap: Gap) -> None:
    frame.value(
        {name: getattr(gap, name) for name in _GAP}
        | {"reached": gap.reached, "explained": gap.explained, "closed": gap.closed}
    )
    for name, words in _GAP.items():
        frame.say("{what}：{count:,}", "{what}: {count:,}", what=frame.cell(_Labelled(words)),
                  count=getattr(gap, name))  # fmt: skip
    if not gap.reached:
        frame.say("连不上银行：来报没有收全", "the bank cannot be reached: not all is heard")
    if not gap.explained:
        frame.say("银行流水与账不符", "the bank's statements and the books differ")


class _Labelled:
    """Words as a cell shows them."""

    def __init__(self, text: Text) -> None:
        self.text = text
