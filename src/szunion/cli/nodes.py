"""Know how several machines are looked at on the command line: the map, and what each answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

from szunion.application.doubles import MOST_OF_ONE
from szunion.application.statistics import MEASURES
from szunion.cli.endings import PARTLY
from szunion.cli.frame import Frame, framed, helps
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.doubles import At
from szunion.errors import ConfigError, NodeDown, SzunionError
from szunion.nodes import Nodes, map_of
from szunion.text import Text

_NODE = Text("节点", "node")
_CITY = Text("城市", "city")


@click.group(
    help=helps(
        "多台机器：节点图，和各节点的回答。More than one machine: the map, and what each answers.",
        "szunion nodes list",
        "szunion nodes check",
        "szunion nodes stats",
        "szunion nodes doubles CITY",
    )
)
def nodes() -> None: ...


def _opened(frame: Frame) -> Nodes:
    found = Nodes.from_settings(frame.whole_settings())
    frame.closing(found.close)
    return found


def _by(frame: Frame, purpose: Purpose = Purpose.OPERATE) -> Principal:
    return Principal(id=frame.user, role=Role.CITY, purpose=purpose)


@nodes.command(
    "list",
    help=helps(
        "节点图：哪座城市、哪些分片在哪个节点；不连接。The map of nodes; nothing is connected.",
        "szunion nodes list",
        "szunion --json nodes list",
    ),
)
@framed
def list_(frame: Frame) -> None:
    found = map_of(frame.whole_settings())
    titles = (_NODE, _CITY, Text("分片", "shards"))
    frame.rows(
        ("node", "city", "shards"), titles,
        [(node.name, node.city, node.shown) for node in found.nodes],
    )  # fmt: skip
    frame.note(
        "节点图版本 {version} · {digest}：每台应用服务器上都应相同",
        "map {version} · {digest}: the same on every application server",
        version=found.version, digest=found.digest,
    )  # fmt: skip


@nodes.command(
    help=helps(
        "逐个检查：是否可用、密钥是否一致、有无别处的会员和卡住的发送；有异常，退出码 1。"
        "Open each: usable, same keys, no strays, what is stuck. One that is not well: exit 1.",
        "szunion nodes check",
        "szunion --json nodes check",
    )
)
@framed
def check(frame: Frame) -> int:
    found = _opened(frame)
    found.check_keys()
    stray, stuck = found.check(_by(frame)), found.backlog(_by(frame))
    rows, troubles = [], list[SzunionError]()
    for node in found.map.nodes:
        lost, waits = stray[node.name], stuck[node.name]
        down = next((each for each in (lost, waits) if isinstance(each, NodeDown)), None)
        if down is not None:
            troubles.append(down)
        elif lost:
            troubles.append(ConfigError("E-NODES-013", node=node.name, count=lost))
        fine = frame.text("可用", "usable") if down is None else str(down.context["cause"])
        shown = (None if isinstance(each, NodeDown) else each for each in (lost, waits))
        rows.append((node.name, node.city, fine, *shown))
    titles = (
        _NODE, _CITY, Text("状态", "state"), Text("别处的会员", "strays"), Text("卡住", "stuck"),
    )  # fmt: skip
    frame.rows(("node", "city", "state", "strays", "stuck"), titles, rows)
    for trouble in troubles:
        frame.note("[{code}] {what}", "[{code}] {what}", code=trouble.code,
                   what=trouble.what(frame.language))  # fmt: skip
    return 1 if troubles else 0


@nodes.command(
    help=helps(
        "各节点的合计；有节点不可用时退出码 3。The sums of each node; exit 3 when one is down.",
        "szunion nodes stats",
        "szunion --json nodes stats",
    )
)
@framed
def stats(frame: Frame) -> int:
    found = _opened(frame)
    answers = found.statistics(_by(frame))
    rows = [(name, *_sums(answer)) for name, answer in answers.items()]
    titles = (
        _NODE, Text("会员", "members"), Text("当前卡", "cards"), Text("可用", "active"),
        Text("激活", "activated"), Text("使用", "uses"),
    )  # fmt: skip
    frame.rows(("node", *MEASURES), titles, rows)
    return _told(frame, answers)


def _sums(answer: Any) -> tuple[int | None, ...]:  # noqa: ANN401 - counts, or that it is down
    return tuple(getattr(answer, measure, None) for measure in MEASURES)


def _told(frame: Frame, answers: Mapping[str, object]) -> int:
    """Say which nodes are down; return 3 if one is."""
    down = [answer for answer in answers.values() if isinstance(answer, NodeDown)]
    for each in down:
        frame.note("{what}", "{what}", what=each.what(frame.language))
    return PARTLY if down else 0


@nodes.command(
    help=helps(
        "把城市第一个节点的组织树带到它的其他节点；可以重复。"
        "Bring the unions of a city's first node to its others; may be repeated.",
        "szunion nodes spread CITY",
    )
)
@click.argument("city")
@framed
def spread(frame: Frame, *, city: str) -> None:
    changed = _opened(frame).spread_unions(city, _by(frame, Purpose.ENROL))
    titles = (_NODE, Text("新增或更新的工会", "unions new or changed"))
    frame.rows(("node", "unions"), titles, changed.items())


_DOUBLES: Final = (
    _NODE, Text("档案", "file"), Text("另一节点", "other node"), Text("另一档案", "other file"),
    Text("相同之处", "alike"),
)  # fmt: skip


@nodes.command(
    help=helps(
        "查重：同一座城市两个节点上疑似同一人的档案，只列编号和相同之处；由市总核实后分别办理。"
        "Files at two nodes of a city that may be one person's: ids and what is alike, no more.",
        "szunion nodes doubles CITY",
        "szunion --json nodes doubles CITY",
    ),
)
@click.argument("city")
@framed
def doubles(frame: Frame, *, city: str) -> None:
    held = _opened(frame)
    held.check_keys()
    told = held.doubles(city, _by(frame, Purpose.RIGHTS))

    def outward(at: At) -> str:
        return held.system(at.node).office.vault.outward("m", at.person)

    rows = [
        (each.one.node, outward(each.one), each.other.node, outward(each.other), each.alike)
        for each in told.found
    ]
    frame.rows(("node", "file", "other_node", "other_file", "alike"), _DOUBLES, rows)
    if told.more:
        frame.note("还有更多：办完这些再查", "there are more: resolve these and ask again")
    if told.shared:
        frame.note(
            "{shared} 个手机号各有 {most} 份以上的档案，是单位的号码，没有逐份比较",
            "{shared:|mobile is|mobiles are} of more than {most:|file|files} each: "
            "a union's own, not gone into",
            shared=told.shared, most=MOST_OF_ONE,
        )  # fmt: skip
