"""Know how readers are listed and watched on the command line."""

from __future__ import annotations

import click

from szunion.cli.frame import Frame, framed, helps
from szunion.cli.places import Place, named, places
from szunion.text import Text

_KEYS = ("number", "reader", "card", "kind", "atr")
_TITLES = (
    Text("号", "no"),
    Text("读卡器", "reader"),
    Text("卡", "card"),
    Text("方式", "kind"),
    Text("ATR", "ATR"),
)


@click.group(
    help=helps(
        "读卡器。Card readers.",
        "szunion reader list",
        "szunion --json reader list",
        "szunion reader watch --reader 0 --seconds 30",
    )
)
def reader() -> None: ...


def _row(frame: Frame, place: Place) -> tuple[object, ...]:
    if place.seen.atr is None:
        card: str | None = None
    elif place.sample is not None:
        seed = place.sample.seed
        card = frame.text(f"有卡：模拟工会卡（种子 {seed}）", f"simulated union card (seed {seed})")
    else:
        card = frame.text("有卡", "card")
    kind = (
        frame.text("非接触", "contactless") if place.contactless else frame.text("接触", "contact")
    )
    atr = place.seen.atr.hex().upper() if place.seen.atr else None
    return place.number, place.seen.name, card, kind if card else None, atr


@reader.command(
    "list",
    help=helps(
        "列出读卡器；模拟读卡器始终可用。List the readers; the simulated one is always there.",
        "szunion reader list",
    ),
)
@framed
def list_(frame: Frame) -> None:
    found, problems = places(frame)
    frame.rows(_KEYS, _TITLES, [_row(frame, place) for place in found])
    for problem in problems:
        frame.note("[{code}] {what}；处理：{do}", "[{code}] {what}; do: {do}", code=problem.code,
                   what=problem.what(frame.language), do=problem.do(frame.language))  # fmt: skip


@reader.command(
    help=helps(
        "监视一台读卡器，放卡、取卡各打印一行。Watch one reader: a line when a card comes or goes.",
        "szunion reader watch --reader 0",
        "szunion --json reader watch --seconds 60",
    )
)
@click.option("--reader", "asked", metavar="N|NAME", help="读卡器  Reader")
@click.option("--seconds", type=click.FloatRange(min=0), default=60.0, show_default=True,
              help="没有变化时等多久  How long to wait for a change")  # fmt: skip
@click.option("--events", type=click.IntRange(min=1), default=None, metavar="N",
              help="多少次变化后结束  End after so many changes")  # fmt: skip
@framed
def watch(frame: Frame, *, asked: str | None, seconds: float, events: int | None) -> None:
    found, _ = places(frame)
    place = found[0] if asked is None else named(found, asked)
    name, present = place.seen.name, place.seen.atr is not None
    _say(frame, name, present=present)
    left = events
    while left is None or left > 0:
        if not place.reader.wait(name, present=not present, seconds=seconds):
            return
        present = not present
        _say(frame, name, present=present)
        left = None if left is None else left - 1


def _say(frame: Frame, name: str, *, present: bool) -> None:
    frame.value({"reader": name, "card": present})
    words = frame.text("有卡", "card") if present else frame.text("无卡", "no card")
    frame.say("{name}  {words}", "{name}  {words}", name=name, words=words)
