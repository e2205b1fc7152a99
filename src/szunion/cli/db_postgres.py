"""Know how a PostgreSQL database is made, looked at and brought up to date on the command line."""

from __future__ import annotations

from types import ModuleType
from typing import Final

import click

from szunion.adapters.storage.addressed import is_postgres, postgres
from szunion.adapters.storage.sql.times import micros
from szunion.adapters.system import SystemClock
from szunion.cli.db_upgrade import Upgrade
from szunion.cli.frame import Frame
from szunion.errors import ConfigError

OWNER: Final = click.option(
    "--owner", metavar="URL", help="PostgreSQL 表的所有者  The owner of the tables (PostgreSQL)"
)

DISTRIBUTED: Final = click.option(
    "--distributed", metavar="ENGINE",
    help="把表分布到多个节点：citus  Spread the tables over nodes: citus (PostgreSQL)",
)  # fmt: skip


def here(frame: Frame) -> bool:
    """Return whether the command is about a PostgreSQL database."""
    return is_postgres(frame.settings().database)


def _admin() -> ModuleType:
    return postgres("admin")


def owner_of(frame: Frame, given: str | None) -> str:
    """Return the address in the role of the tables' owner.

    Raises:
        ConfigError: nobody named it (E-STORE-023).
    """
    owner = given or frame.settings().database_owner
    if not owner:
        raise ConfigError("E-STORE-023")
    return owner


def init(frame: Frame, owner: str | None, crypto: str, distributed: str | None) -> None:
    """Make the tables as the owner, weave the net, and make the keys."""
    settings = frame.settings()
    at = micros(SystemClock().now())
    steps = _admin().bring_up(
        owner_of(frame, owner), settings.database, at=at, distributed=distributed or ""
    )
    frame.system(create=True, crypto=crypto)
    known = _admin().state(settings.database)
    frame.value(
        {
            "database": known.name, "made": bool(steps), "schema": known.schema,
            "distributed": known.engine or None,
        }
    )  # fmt: skip
    if not steps:
        frame.say("{name} 已存在，未改动", "{name} is there; nothing was changed", name=known.name)
        return
    frame.say(
        "已建 {name}（PostgreSQL，结构版本 {schema}，行级安全 {tables} 张表）；"
        "密钥请另行保管，丢失密钥，数据就无法读取",
        "made {name} (PostgreSQL, schema {schema}, row-level security on {tables:|table|tables}); "
        "keep the keys apart: without them the data cannot be read",
        name=known.name,
        schema=known.schema,
        tables=len(postgres("net").NET),
    )
    if known.engine:
        places = list(postgres("citus").TABLES.values())
        place = postgres("citus").Place
        frame.say(
            "已分布（{engine}）：按 shard {shards} 张表，各节点复制 {copies}，协调节点 {rest}",
            "tables are spread ({engine}): {shards} by shard, {copies} copied to every node, "
            "{rest} on the coordinator",
            engine=known.engine,
            shards=places.count(place.SHARD),
            copies=places.count(place.REFERENCE),
            rest=places.count(place.COORDINATOR),
        )


def status(frame: Frame) -> int:
    """Say what the database is; 1: it cannot be opened as it is."""
    known = _admin().state(frame.settings().database)
    frame.value(
        {
            "database": known.name,
            "server": known.seen.version,
            "schema": known.schema,
            "known": known.known,
            "sound": known.sound,
            "holes": list(known.holes),
            "distributed": known.engine or None,
            "astray": list(known.astray),
            "checksums": known.seen.checksums == "on",
            "bytes": known.bytes,
        }
    )
    fine = frame.text("完整", "whole") if not known.holes else ", ".join(known.holes)
    frame.say(
        "PostgreSQL {server} · 结构版本 {found}/{known} · {size:,} 字节 · 校验和 {sums} · "
        "行级安全 {net}",
        "PostgreSQL {server} · schema {found}/{known} · {size:,|byte|bytes} · checksums {sums} · "
        "row-level security {net}",
        server=known.seen.version,
        found=known.schema,
        known=known.known,
        size=known.bytes,
        sums=known.seen.checksums,
        net=fine,
    )
    if known.engine:
        frame.say(
            "分布 {engine} · 各表位置 {places}",
            "spread by {engine} · places of the tables {places}",
            engine=known.engine,
            places=", ".join(known.astray) or frame.text("正确", "as they should be"),
        )  # fmt: skip
    return 0 if known.sound else 1


def upgraded(frame: Frame, owner: str | None, *, plan: bool, dry_run: bool) -> Upgrade:
    """Bring the schema up to date as the owner, or try it and undo it, or say what it would be."""
    as_owner, application = owner_of(frame, owner), frame.settings().database
    begun, steps = _admin().to_do(as_owner)
    at = micros(SystemClock().now())
    what = _admin().plan(as_owner) if plan else ()
    if dry_run and not plan:
        _admin().rehearsed(as_owner, application, at=at)
    elif not plan:
        steps = _admin().bring_up(as_owner, application, at=at)
    done = begun if plan or dry_run else begun + len(steps)
    return Upgrade(begun=begun, done=done, steps=steps, what=what)
