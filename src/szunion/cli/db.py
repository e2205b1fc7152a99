"""Know how the database is made, looked at and brought up to date on the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import click

from szunion.adapters.keys.named import key_file
from szunion.adapters.storage.addressed import is_made
from szunion.adapters.storage.sql.times import micros
from szunion.adapters.storage.sqlite.backing import opened
from szunion.adapters.storage.sqlite.migrate import migrate as apply
from szunion.adapters.storage.sqlite.migrate import migrations, pending, planned, rehearse, version
from szunion.adapters.system import SystemClock
from szunion.cli import db_postgres
from szunion.cli.databases import file_at
from szunion.cli.db_upgrade import Upgrade, tell
from szunion.cli.frame import DRY_RUN, Frame, framed, helps
from szunion.cli.keys import CRYPTO
from szunion.errors import ConfigError


@click.group(
    help=helps(
        "数据库。The database.",
        "szunion db init --db sqlite:///union.db",
        "szunion db status",
        "szunion db migrate --plan",
    )
)
def db() -> None: ...


@db.command(
    help=helps(
        "新建数据库和密钥文件。Make a database and its key file.",
        "szunion db init --db union.db",
        "szunion db init --crypto gm",
        "szunion db init --db postgresql://app@/union --owner postgresql://owner@/union",
        "szunion db init --db postgresql://app@/nation --owner postgresql://owner@/nation "
        "--distributed citus",
    )
)
@CRYPTO
@db_postgres.OWNER
@db_postgres.DISTRIBUTED
@framed
def init(frame: Frame, *, crypto: str | None, owner: str | None, distributed: str | None) -> None:
    if db_postgres.here(frame):
        db_postgres.init(frame, owner, crypto or "", distributed)
        return
    if distributed:
        raise ConfigError("E-STORE-036", reason="不是 PostgreSQL", reason_en="it is no PostgreSQL")
    path = file_at(frame.settings().database)
    there = is_made(frame.settings().database)
    frame.system(create=True, crypto=crypto or "")
    frame.value({"database": str(path), "made": not there, "schema": len(migrations())})
    if there:
        frame.say("{path} 已存在，未改动", "{path} is there; nothing was changed", path=path)
        return
    frame.say(
        "已建 {path}（结构版本 {schema}），密钥 {keys}：请另行保管，丢失密钥，数据就无法读取",
        "made {path} (schema {schema}) and keys {keys}: without them the data cannot be read",
        path=path,
        schema=len(migrations()),
        keys=key_file(frame.settings().keys, path),
    )


@db.command(
    help=helps(
        "版本、完整性、大小。Schema, integrity, size.",
        "szunion db status",
        "szunion --json db status",
    )
)
@framed
def status(frame: Frame) -> int:
    if db_postgres.here(frame):
        return db_postgres.status(frame)
    path, connection = _opened(frame)
    try:
        found, steps = version(connection), pending(connection)
        sound = connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    finally:
        connection.close()
    told = {
        "database": str(path),
        "schema": found,
        "known": len(migrations()),
        "sound": sound,
        "journal": mode,
        "bytes": path.stat().st_size,
    }
    frame.value(told)
    frame.say(
        "SQLite {engine} · 结构版本 {found}/{known} · {mode} · {size:,} 字节 · 完整性 {sound}",
        "SQLite {engine} · schema {found}/{known} · {mode} · {size:,|byte|bytes} · "
        "integrity {sound}",
        engine=sqlite3.sqlite_version,
        found=found,
        known=len(migrations()),
        mode=mode,
        size=path.stat().st_size,
        sound="ok" if sound else frame.text("有问题", "not sound"),
    )
    return 0 if sound and not steps else 1


@db.command(
    help=helps(
        "升级数据库结构；--plan 只看，--dry-run 在事务里试一遍再撤销。Bring the schema up to date.",
        "szunion db migrate --plan",
        "szunion db migrate --dry-run",
        "szunion db migrate",
    )
)
@click.option("--plan", is_flag=True, help="列出每条语句、行数和锁  Say what each statement does")
@DRY_RUN
@db_postgres.OWNER
@framed
def migrate(frame: Frame, *, plan: bool, dry_run: bool, owner: str | None) -> None:
    of = db_postgres.upgraded if db_postgres.here(frame) else _upgraded
    tell(frame, of(frame, owner, plan=plan, dry_run=dry_run), plan=plan, dry_run=dry_run)


def _upgraded(frame: Frame, _owner: str | None, *, plan: bool, dry_run: bool) -> Upgrade:
    _, connection = _opened(frame)
    with closing(connection):
        begun, steps = version(connection), pending(connection)
        what = planned(connection) if plan else []
        if dry_run and not plan:
            rehearse(connection, at=micros(SystemClock().now()))
        elif not plan:
            apply(connection, at=micros(SystemClock().now()))
        return Upgrade(begun=begun, done=version(connection), steps=steps, what=what)


def _opened(frame: Frame) -> tuple[Path, sqlite3.Connection]:
    path = file_at(frame.settings().database)
    return path, opened(path)
