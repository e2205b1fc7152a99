"""Know how cards are listed, explained, locked and unlocked on the command line."""

from __future__ import annotations

import click

from szunion.application.cards import CardUse
from szunion.application.system import Desk
from szunion.cli.card_apdu import apdu
from szunion.cli.card_chip import read, trace
from szunion.cli.card_number import reserve
from szunion.cli.card_paper import explain
from szunion.cli.card_tap import tap
from szunion.cli.frame import DRY_RUN, ORG, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.card_files import KeptCard
from szunion.domain.holds import HoldReason
from szunion.domain.values import CardId, HoldId
from szunion.text import Text

_KEYS = ("card", "member", "bank", "union", "plastic", "current", "holds")
_TITLES = (
    Text("卡", "card"),
    Text("会员", "member"),
    Text("银行状态", "bank"),
    Text("工会状态", "union"),
    Text("实体卡", "plastic"),
    Text("当前", "current"),
    Text("锁定", "holds"),
)
_REASONS = tuple(each.value for each in HoldReason if each is not HoldReason.CONFLICT)


@click.group(
    help=helps(
        "卡。Cards.",
        "szunion card find m_…",
        "szunion card hold c_… --reason DATA_DOUBT",
        "szunion card read --authenticate",
    )
)
def card() -> None: ...


def _row(frame: Frame, kept: KeptCard) -> tuple[object, ...]:
    return (
        frame.outward("c", kept.id),
        frame.outward("m", kept.person),
        kept.card.bank.state,
        kept.card.union.state,
        kept.custody.state,
        frame.text("是", "yes") if kept.card.current else None,
        len(kept.card.open_holds) or None,
    )


def _print(frame: Frame, cards: list[KeptCard]) -> None:
    frame.rows(_KEYS, _TITLES, [_row(frame, kept) for kept in cards])


@card.command(
    "list",
    help=helps(
        "一家工会会员的卡。The cards of a union's members.",
        "szunion card list --org 440305-0001",
        "szunion --json card list --org 440305-0001",
    ),
)
@click.option("--org", required=True, metavar="CODE", help="工会代码  Code of the union")
@click.option("--most", default=50, metavar="N", help="最多几名会员  How many members at most")
@framed
def list_(frame: Frame, *, org: str, most: int) -> None:
    desk = frame.desk(Role.GRASSROOTS, Purpose.SERVE, org)
    members = desk.members.of_union(frame.union(org).id)
    _print(frame, [kept for row in members[:most] for kept in desk.cards.of_person(row.person)])
    if len(members) > most:
        frame.note(
            "共 {all:,} 名会员，列出 {most:,} 名；--most 可多列",
            "{most:,} of {all:,|member|members}; see --most",
            all=len(members),
            most=most,
        )


@card.command(
    help=helps(
        "一张卡能否使用；不能时的原因，谁能解除。May it be used; if not, why, and who can lift it.",
        "szunion card show c_…",
    )
)
@click.argument("name")
@ORG
@framed
def show(frame: Frame, name: str, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    use = desk.cards.use(CardId(frame.inward("c", name)))
    if frame.as_json:
        told = dict(zip(_KEYS, _row(frame, use.card), strict=True))
        free = {each.kind.value: each.used for each in desk.cards.free_services(use.card.id)}
        said = {"usable": use.usable, "against": _against(use), "free_this_month": free}
        frame.value(told | said)
        return
    _print(frame, [use.card])
    _print_use(frame, use)
    for each in desk.cards.free_services(use.card.id):
        frame.say(
            "本月免手续费 {kind}：已用 {used}，还剩 {left}",
            "free this month, {kind}: {used} used, {left} left",
            kind=frame.cell(each.kind),
            used=each.used,
            left=frame.text("不限", "any number") if each.left is None else each.left,
        )


def _against(use: CardUse) -> list[str]:
    return sorted(type(why).__name__ for why in use.against)


def _print_use(frame: Frame, use: CardUse) -> None:
    if use.usable:
        frame.say("可以使用", "it may be used")
        return
    for why in sorted(use.against, key=lambda each: type(each).__name__):
        text = getattr(why, "text", None)
        words = text.say(frame.language) if isinstance(text, Text) else type(why).__name__
        frame.say("不能使用：{words}", "not usable: {words}", words=words)


@card.command(
    help=helps(
        "一名会员的卡：会员编号（m_…）或证件号码。A member's cards.",
        "szunion card find m_…",
        "echo 号码 | szunion card find -",
    )
)
@click.argument("who")
@ORG
@framed
def find(frame: Frame, who: str, org: str | None) -> int:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    cards = list(desk.cards.of_person(frame.member(desk, who)))
    _print(frame, cards)
    return 0 if cards else 4


@card.command(
    help=helps(
        "锁定一张卡；同一工会同一原因只有一项。Lock a card.",
        "szunion card hold c_… --reason DATA_DOUBT --note 核对资料 --org 440305-0001",
        "szunion card hold c_… --reason MISUSE --dry-run",
    )
)
@click.argument("name")
@click.option("--reason", type=click.Choice(_REASONS), required=True, help="原因  Reason")
@click.option("--note", default="", metavar="TEXT", help="说明，不写个人信息  Nothing personal")
@ORG
@DRY_RUN
@framed
def hold(  # noqa: PLR0913 - what a lock says
    frame: Frame, name: str, *, reason: str, note: str, org: str | None, dry_run: bool
) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    kept = desk.cards.get(CardId(frame.inward("c", name)))
    if dry_run:
        words = frame.cell(HoldReason(reason))
        frame.say("将锁定：{words}。未写入", "would lock: {words}; nothing written", words=words)
    else:
        kept = desk.cards.lock(kept.id, HoldReason(reason), note=note)
    _print_holds(frame, desk, kept)


@card.command(
    help=helps(
        "解除锁定；只有锁定方或其上级可以。Lift a lock; its owner or a union above.",
        "szunion card lift c_… --note 资料无误 --org 440305-0001",
        "szunion card lift c_… h_… --note 资料无误",
    )
)
@click.argument("name")
@click.argument("which", required=False)
@click.option("--note", required=True, metavar="TEXT", help="依据  What it rests on")
@ORG
@DRY_RUN
@framed
def lift(  # noqa: PLR0913 - which lock, and why
    frame: Frame, name: str, which: str | None, *, note: str, org: str | None, dry_run: bool
) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    kept = desk.cards.get(CardId(frame.inward("c", name)))
    chosen = [each.id for each in kept.card.open_holds]
    if which is not None:
        chosen = [HoldId(frame.inward("h", which))]
    elif len(chosen) > 1:
        _print_holds(frame, desk, kept)
        raise click.UsageError(frame.text("有多项锁定，写明哪一项", "several locks: name one"))
    if not chosen:
        frame.note("这张卡没有锁定", "this card has no lock")
    elif dry_run:
        frame.say("将解除 1 项锁定。未写入", "would lift 1 lock; nothing written")
    for id_ in () if dry_run else chosen:
        kept = desk.cards.unlock(kept.id, id_, note)
        frame.say("已解除锁定 {name}", "lifted {name}", name=frame.outward("h", id_))
    _print_holds(frame, desk, kept)


def _print_holds(frame: Frame, desk: Desk, kept: KeptCard) -> None:
    titles = (
        Text("锁定", "hold"),
        Text("原因", "reason"),
        Text("起于", "since"),
        Text("止于", "until"),
    )
    rows = [
        (frame.outward("h", each.id), each.reason, frame.local(each.since), frame.local(each.until))
        for each in kept.card.open_holds
    ]
    if rows or frame.as_json:
        frame.rows(("hold", "reason", "since", "until"), titles, rows)
    if not frame.as_json:
        _print_use(frame, desk.cards.use(kept.id))


for _verb in (read, trace, explain, apdu, tap, reserve):
    card.add_command(_verb)
