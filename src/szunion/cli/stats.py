"""Know how members, cards, activations and uses are counted on the command line (统计)."""

from __future__ import annotations

import click

from szunion.application.statistics import MEASURES, Counts, Grouping
from szunion.cli.frame import ORG, Frame, framed, helps
from szunion.cli.speech import progress
from szunion.domain.access import Purpose, Role
from szunion.domain.suppression import LEAST
from szunion.domain.values import SHARDS
from szunion.text import Text

_TITLES = (
    Text("工会或月份", "union or month"),
    Text("名称", "name"),
    Text("会员", "members"),
    Text("当前卡", "cards"),
    Text("可用", "active"),
    Text("激活", "activated"),
    Text("使用", "uses"),
)


@click.command(
    help=helps(
        "会员、卡、激活、使用的人数：按区、按工会或按月；不足十人的不显示。"
        "Members, cards, activations, uses: by district, union or month; few people are not shown.",
        "szunion stats",
        "szunion stats --by union --org GH0001",
        "szunion --json stats --by month",
    )
)
@click.option(
    "--by", "grouping", type=click.Choice([each.value for each in Grouping]),
    default=Grouping.DISTRICT.value, help="口径  By what",
)  # fmt: skip
@ORG
@framed
def stats(frame: Frame, *, grouping: str, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.OPERATE, org)
    words = frame.text("已统计", "counted")
    report = desk.statistics.count(
        Grouping(grouping), on_part=lambda done: progress(done, SHARDS, words)
    )
    keys = ("place", "name", *MEASURES)
    frame.rows(keys, _TITLES, [_row(frame, each) for each in (*report.lines, report.whole)])
    small_are_left_out(frame)


def small_are_left_out(frame: Frame) -> None:
    """Say below a table of counts what a dash in it means."""
    if not frame.as_json:
        frame.note(
            "— 不显示：不足 {least} 人，或会由此推算出来",
            "— not shown: fewer than {least:|person|people}, or they could be reckoned from it",
            least=LEAST,
        )


def _row(frame: Frame, line: Counts) -> tuple[object, ...]:
    place = line.place or (None if frame.as_json else frame.text("合计", "in all"))
    return (place, line.name, *(getattr(line, measure) for measure in MEASURES))
