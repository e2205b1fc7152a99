"""Know how the database is made, looked at and brought up to date on the command line."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click

from szunion.adapters.storage.sql.times import micros
from szunion.adapters.storage.sqlite.migrate import migrate as apply
from szunion.adapters.storage.sqlite.migrate import migrations, pending, version
from szunion.adapters.storage.sqlite.session import APPLICATION_ID, connect
from szunion.adapters.system import SystemClock
from szunion.cli import db_postgres
from szunion.cli.frame import DRY_RUN, Frame, framed, helps
from szunion.cli.keys import CRYPTO
from szunion.errors import ConfigError, StorageError

_SQLITE = "sqlite:///"


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
    )
)
@CRYPTO
@db_postgres.OWNER
@framed
def init(frame: Frame, *, crypto: str | None, owner: str | None) -> None:
    if db_postgres.here(frame):
        db_postgres.init(frame, owner, crypto or "")
        return
    path = _path(frame)
    there = path.is_file()
    frame.system(create=True, crypto=crypto or "")
    frame.value({"database": str(path), "made": not there, "schema": len(migrations())})
    if there:
        frame.say("{path} 已在，未改动", "{path} is there; nothing was changed", path=path)
        return
    frame.say(
        "已建 {path}（模式 {schema}），密钥 {keys}：另行保管，丢了密钥，数据就读不出来",
        "made {path} (schema {schema}) and keys {keys}: without them the data cannot be read",
        path=path,
        schema=len(migrations()),
        keys=path.with_suffix(".keys"),
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
        "SQLite {engine} · 模式 {found}/{known} · {mode} · {size:,} 字节 · 完整性 {sound}",
        "SQLite {engine} · schema {found}/{known} · {mode} · {size:,} bytes · integrity {sound}",
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
        "升级模式；--plan 只看。Bring the schema up to date.",
        "szunion db migrate --plan",
        "szunion db migrate",
    )
)
@click.option("--plan", is_flag=True, help="同 --dry-run  The same as --dry-run")
@DRY_RUN
@db_postgres.OWNER
@framed
def migrate(frame: Frame, *, plan: bool, dry_run: bool, owner: str | None) -> None:
    if db_postgres.here(frame):
        db_postgres.migrate(frame, owner, look=plan or dry_run)
        return
    _, connection = _opened(frame)
    try:
        begun, steps = version(connection), pending(connection)
        if not (plan or dry_run):
            apply(connection, at=micros(SystemClock().now()))
        done = version(connection)
    finally:
        connection.close()
    frame.value({"from": begun, "to": done, "steps": [each.name for each in steps]})
    if not steps:
        frame.say("模式 {found}，已是最新", "schema {found}, up to date", found=begun)
        return
    for each in steps:
        frame.say("{name}", "{name}", name=each.name)
    newest = steps[-1].number
    if plan or dry_run:
        frame.say(
            "将从模式 {found} 升级到 {newest}；未写入。先备份数据库文件和密钥文件",
            "would bring schema {found} to {newest}; nothing written. Back up both files first",
            found=begun, newest=newest,
        )  # fmt: skip
    else:
        frame.say("已升级：{found} → {done}", "brought up to date: {found} → {done}",
                  found=begun, done=done)  # fmt: skip


def _path(frame: Frame) -> Path:
    database = frame.settings().database
    if not database.startswith(_SQLITE):
        raise ConfigError("E-CONFIG-002", scheme=database.partition(":")[0])
    return Path(database.removeprefix(_SQLITE))


def _opened(frame: Frame) -> tuple[Path, sqlite3.Connection]:
    path = _path(frame)
    if not path.is_file():
        raise StorageError("E-STORE-009", path=path.name)
    connection = connect(path)
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        connection.close()
        raise StorageError("E-STORE-009", path=path.name)
    return path, connection
