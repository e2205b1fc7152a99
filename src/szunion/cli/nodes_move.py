"""Know how a range of shards is moved from one node to another on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from szunion.adapters.storage.addressed import is_postgres, postgres
from szunion.adapters.system import SystemChance, SystemClock, SystemIds
from szunion.application.spreading import may_move
from szunion.cli.endings import PARTLY
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.nodes import nodes
from szunion.cli.speech import progress
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.nodes import Node, Shards, shard_range
from szunion.errors import ConfigError
from szunion.nodes import Nodes, settings_of
from szunion.text import Text

if TYPE_CHECKING:
    from szunion.adapters.storage.postgres.moving import Move, Side

__all__ = ["nodes"]


@nodes.command(
    help=helps(
        "把一段分片从一个节点搬到另一个，用新的节点图运行；两边搬完之前只读，可中断后继续。"
        "Move a range of shards between nodes, by the new map; both are read-only meanwhile.",
        "szunion --config new.toml nodes move low high 512-1023 --plan",
        "szunion --config new.toml nodes move low high 512-1023",
        "szunion --config new.toml nodes move low high 512-1023 --undo",
    )
)
@click.argument("source")
@click.argument("target")
@click.argument("shards")
@click.option("--owner-from", metavar="URL", help="原节点的表的所有者  The owner at the source")
@click.option("--owner-to", metavar="URL", help="新节点的表的所有者  The owner at the target")
@click.option("--plan", is_flag=True, help="只看要搬多少、什么还没了结  Only look")
@click.option("--undo", is_flag=True, help="撤回还没有切换的搬迁  Take back what is not switched")
@framed
def move(  # noqa: PLR0913 - what a move is of
    frame: Frame,
    *,
    source: str,
    target: str,
    shards: str,
    owner_from: str | None,
    owner_to: str | None,
    plan: bool,
    undo: bool,
) -> int:
    found = Nodes.from_settings(frame.whole_settings())
    frame.closing(found.close)
    range_ = _meant(found, source, target, shards)
    found.check_keys()
    clock = SystemClock()
    made: Move = postgres("moving").Move(
        source=_side(frame, found, source, owner_from),
        target=_side(frame, found, target, owner_to),
        shards=range_,
        now=clock.now(),
        ids=SystemIds(clock, SystemChance()),
        progress=lambda table, rows: progress(rows, None, table),
    )
    if plan:
        return _planned(frame, made)
    if undo:
        made.undo()
        frame.say("已撤回，两个节点恢复写入", "undone: both nodes are written again")
        return 0
    moved = made.run()
    frame.value({"shards": range_.shown, "rows": moved.rows, "sha256": moved.digest})
    frame.say(
        "分片 {shards} 已在 {target}：{rows:,} 行，逐表校验一致。现在换上新的节点图",
        "shards {shards} are {target}'s: {rows:,|row|rows}, every checksum agrees. Now put the "
        "new map on every application server",
        shards=range_.shown, target=target, rows=moved.rows,
    )  # fmt: skip
    return 0


def _meant(found: Nodes, source: str, target: str, words: str) -> Shards:
    """Return the range, if by the new map it is the target's and no more the source's.

    Raises:
        ConfigError: it is not (E-NODES-022), or it is no range (E-NODES-002).
    """
    shards = Shards(*shard_range(target, words))
    here, there = found.map.named(source), found.map.named(target)
    ends = (shards.first, shards.last)
    inside = shards.first <= shards.last and all(each in there.shards for each in ends)
    if here.city != there.city or not inside:
        raise ConfigError("E-NODES-022", shards=shards.shown, source=source, target=target)
    return shards


def _side(frame: Frame, found: Nodes, name: str, owner: str | None) -> Side:
    node: Node = found.map.named(name)
    settings = settings_of(frame.whole_settings(), node)
    if not is_postgres(settings.database):
        raise ConfigError("E-CONFIG-002", scheme=settings.database.partition(":")[0])
    by = Principal(id=frame.user, role=Role.CITY, purpose=Purpose.ENROL)
    side: Side = postgres("moving").Side(
        name=name,
        application=settings.database,
        owner=owner or settings.database_owner,
        scope=found.ask(name, lambda system: may_move(system.office, by)),
    )
    return side


def _planned(frame: Frame, made: Move) -> int:
    counts, waits = made.plan()
    words = {each.name: each.text for each in postgres("moved_rows").UNFINISHED}
    frame.rows(
        ("what", "rows", "in_the_way"),
        (Text("表，或未了结的事", "table, or what is not at rest"), Text("行", "rows"),
         Text("妨碍搬迁", "in the way")),
        [
            *((frame.cell(_Said(words[name])), None, count) for name, count in waits.items()),
            *((name, count, None) for name, count in counts.items() if count),
        ],
    )  # fmt: skip
    return PARTLY if waits else 0


class _Said:
    """Words as a cell shows them."""

    def __init__(self, text: Text) -> None:
        self.text = text
