"""Know how an upgrade of the schema is told on the command line, whatever the engine."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from szunion.adapters.storage.sql.migrations import Migration, Planned
from szunion.cli.frame import Frame


@frozen(kw_only=True)
class Upgrade:
    """From which version to which, by which steps, and what each statement of them is about."""

    begun: int
    done: int
    """The version now; where it was only looked at, the one before."""
    steps: Sequence[Migration]
    what: Sequence[Planned] = ()


def tell(frame: Frame, found: Upgrade, *, plan: bool, dry_run: bool) -> None:
    """Say what was done, or would be."""
    frame.value(
        {
            "from": found.begun, "to": found.done, "steps": [each.name for each in found.steps],
            "statements": [
                {
                    "step": each.migration.number, "verb": each.statement.verb,
                    "table": each.statement.table, "rows": each.rows,
                    "lock": each.lock.say(frame.language),
                }
                for each in found.what
            ],
        }
    )  # fmt: skip
    if not found.steps:
        frame.say("结构版本 {found}，已是最新", "schema {found}, up to date", found=found.begun)
        return
    _list(frame, found)
    if plan or dry_run:
        tried = frame.text("；已试过一遍并撤销", "; tried, and undone") if dry_run else ""
        frame.say(
            "将从结构版本 {found} 升级到 {newest}{tried}；未写入。请先 szunion db backup",
            "would bring schema {found} to {newest}{tried}; nothing written. Back up first",
            found=found.begun, newest=found.steps[-1].number, tried=tried,
        )  # fmt: skip
    else:
        frame.say("已升级：{found} → {done}", "brought up to date: {found} → {done}",
                  found=found.begun, done=found.done)  # fmt: skip


def _list(frame: Frame, found: Upgrade) -> None:
    for each in found.steps:
        frame.say("{name}", "{name}", name=each.name)
        for one in found.what:
            if one.migration is each:
                frame.say(
                    "  {verb} {table}（{rows} 行）", "  {verb} {table} ({rows:|row|rows})",
                    verb=one.statement.verb, table=one.statement.table, rows=one.rows,
                )  # fmt: skip
    tables: dict[str, list[str]] = {}
    for one in found.what:
        about = tables.setdefault(one.lock.say(frame.language), [])
        if one.statement.table not in about:
            about.append(one.statement.table)
    for lock, about in tables.items():
        frame.say("锁：{lock}（{tables}）", "locks: {lock} ({tables})", lock=lock,
                  tables=", ".join(about))  # fmt: skip
