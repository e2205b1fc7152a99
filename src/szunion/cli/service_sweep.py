"""Know how all members are asked about one service on the command line (资格普查)."""

from __future__ import annotations

import json
from pathlib import Path

import click

from szunion.adapters.files import appear
from szunion.application.sweep import Swept, Tally
from szunion.application.system import Desk
from szunion.cli.files import unusable
from szunion.cli.frame import ORG, Frame, framed, helps
from szunion.cli.speech import dumps, progress
from szunion.cli.streams import put
from szunion.domain.access import Purpose, Role
from szunion.domain.values import SHARDS, OrganisationId
from szunion.errors import InvalidInput
from szunion.text import Text

_UNION_KEYS = ("union", "name", "members", "entitled", "not_entitled")
_UNION_TITLES = (
    Text("工会", "union"),
    Text("名称", "name"),
    Text("会员", "members"),
    Text("可办", "entitled"),
    Text("不可办", "not entitled"),
)
_LIST_KEYS = ("union", "member", "entitled", "reasons")


@click.command(
    help=helps(
        "全体会员中谁能办一个项目、谁不能、为什么；中断后可续。"
        "Which of all members may have an item, which not, and why; goes on after a stop.",
        "szunion service sweep cu-events",
        "szunion service sweep cu-events --by-union",
        "szunion service sweep cu-events --list",
        "szunion service sweep cu-events --resume sweep.json",
    )
)
@click.argument("item")
@click.option("--by-union", is_flag=True, help="逐个工会列出  A line for each union")
@click.option(
    "--list", "listed", is_flag=True, help="逐人列出，每行一个 JSON  A line for each member"
)
@click.option("--resume", metavar="FILE", help="进度文件：有则接着做  Go on from this file")
@ORG
@framed
def sweep(  # noqa: PLR0913 - what is asked for, and in which shape
    frame: Frame, item: str, *, by_union: bool, listed: bool, resume: str | None, org: str | None
) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    if listed:
        _list(frame, desk, item)
        return
    saved = Path(resume) if resume else None
    words = frame.text("已普查", "swept")

    def on_part(found: Swept) -> None:
        if saved is not None:
            _save(saved, found)
        progress(found.shards, SHARDS, words)

    found = desk.sweeps.count(item, since=_saved(saved), on_part=on_part)
    if saved is not None:
        saved.unlink(missing_ok=True)
    if by_union:
        _print_unions(frame, desk, found)
    else:
        _print_whole(frame, found)


def _print_whole(frame: Frame, found: Swept) -> None:
    whole = found.whole
    reasons = sorted(found.reasons.items(), key=lambda each: -each[1])
    if frame.as_json:
        frame.value(
            {
                "item": found.item, "members": whole.members, "entitled": whole.entitled,
                "reasons": [{"zh": why.zh, "en": why.en, "members": count}
                            for why, count in reasons],
            }
        )  # fmt: skip
        return
    frame.say(
        "{item}：会员 {members} 人，可办 {entitled} 人，不可办 {others} 人",
        "{item}: {members:|member|members}, {entitled} entitled, {others} not",
        item=found.item, members=whole.members, entitled=whole.entitled,
        others=whole.members - whole.entitled,
    )  # fmt: skip
    if reasons:
        titles = (
            Text("原因（一人可有几项）", "reason (one may have several)"),
            Text("人数", "members"),
        )
        frame.rows(("reason", "members"), titles, reasons_in(frame, reasons))


def reasons_in(frame: Frame, reasons: list[tuple[Text, int]]) -> list[tuple[object, ...]]:
    """Return rows of reasons in the spoken language."""
    return [(why.say(frame.language), count) for why, count in reasons]


def _print_unions(frame: Frame, desk: Desk, found: Swept) -> None:
    rows = [
        (union.code, union.name, tally.members, tally.entitled, tally.members - tally.entitled)
        for _, union in desk.organisations.tree()
        if (tally := found.unions.get(union.id)) is not None
    ]
    frame.rows(_UNION_KEYS, _UNION_TITLES, rows)


def _list(frame: Frame, desk: Desk, item: str) -> None:
    """Print a line for each member as it comes: a city does not fit into a table."""
    codes = {union.id: union.code for _, union in desk.organisations.tree()}
    for done, each in enumerate(desk.sweeps.listed(item), start=1):
        why = [reason.say(frame.language) for reason in each.against]
        row = (codes[each.organisation], frame.outward("m", each.person), not why, why)
        put(dumps(dict(zip(_LIST_KEYS, row, strict=True))))
        if done % 1000 == 0:
            progress(done, None, frame.text("已列出", "listed"))


# --- going on -------------------------------------------------------------------------------


def _save(path: Path, found: Swept) -> None:
    """Write what is found so far, whole or not at all."""
    value = {
        "item": found.item, "shards": found.shards,
        "unions": [[union, one.members, one.entitled] for union, one in found.unions.items()],
        "reasons": [[why.zh, why.en, count] for why, count in found.reasons.items()],
    }  # fmt: skip
    plain = json.dumps(value, ensure_ascii=False).encode()
    try:
        appear(path, lambda out: out.write(plain), durable=False)
    except OSError as error:
        raise unusable(path, error) from None


def _saved(path: Path | None) -> Swept | None:
    """Return what an earlier run has found; None: there was none."""
    if path is None or not path.exists():
        return None
    try:
        value = json.loads(path.read_text("utf-8"))
        return Swept(
            item=value["item"], shards=value["shards"],
            unions={OrganisationId(union): Tally(members, entitled)
                    for union, members, entitled in value["unions"]},
            reasons={Text(zh, en): count for zh, en, count in value["reasons"]},
        )  # fmt: skip
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path, error) from None
    except (ValueError, KeyError, TypeError):
        raise InvalidInput("E-CLI-005", path=path.name, reason="不是普查的进度文件",
                           reason_en="it is not a saved sweep") from None  # fmt: skip
