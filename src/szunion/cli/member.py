"""Know how members are looked up, moved and ended on the command line; everything is masked."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from szunion.application.exports import HEAD
from szunion.application.members import Member
from szunion.application.timeline import Event
from szunion.cli.as_of import member_as_of
from szunion.cli.endings import EXIT
from szunion.cli.files import must_be_new, unusable, write_new
from szunion.cli.frame import CODE, DRY_RUN, FORCE, ORG, Frame, framed, helps
from szunion.cli.streams import hand_over, put
from szunion.domain.access import Purpose, Role
from szunion.domain.cells import csv_text
from szunion.domain.disclosures import Revealed
from szunion.errors import NotFound
from szunion.text import Text

_MOST_BYTES: Final = 16 << 20
_KEYS = ("member", "name", "document", "mobile", "state", "since")
_TITLES = (
    Text("会员", "member"),
    Text("姓名", "name"),
    Text("证件", "document"),
    Text("手机", "mobile"),
    Text("会籍", "membership"),
    Text("起于", "since"),
)

_TIMELINE = (
    Text("时间", "when"),
    Text("事项", "what"),
    Text("之前", "before"),
    Text("之后", "after"),
    Text("经办", "who"),
    Text("角色", "as"),
    Text("依据", "why"),
)


@click.group(
    help=helps(
        "会员；姓名、证件、手机只显示一部分。Members; everything personal is masked.",
        "szunion member list --org 440305-0001",
        "szunion member find 440301199003071230",
        "szunion member timeline m_…",
    )
)
def member() -> None: ...


member.add_command(member_as_of)


def _rows(frame: Frame, members: Iterable[Member]) -> list[tuple[object, ...]]:
    return [
        (
            frame.outward("m", each.id),
            str(each.name),
            str(each.document.number),
            str(each.mobile) if each.mobile else None,
            each.membership.state if each.membership else None,
            each.membership.since if each.membership else None,
        )
        for each in members
    ]


@member.command(
    "list",
    help=helps(
        "一家工会的在籍会员；不写 --org 则列出全市的前若干名。Members of a union.",
        "szunion member list --org 440305-0001",
        "szunion --json member list --most 1000",
    ),
)
@ORG
@click.option("--most", default=50, metavar="N", help="最多几名  How many at most")
@framed
def list_(frame: Frame, org: str | None, most: int) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    unions = [frame.union(org)] if org else [union for _, union in desk.organisations.tree()]
    persons = [row.person for union in unions for row in desk.members.of_union(union.id)]
    frame.rows(_KEYS, _TITLES, _rows(frame, desk.members.show_many(persons[:most])))
    if len(persons) > most:
        frame.note(
            "共 {all:,} 名，列出 {most:,} 名；--most 可多列",
            "{most:,} of {all:,}; see --most",
            all=len(persons),
            most=most,
        )


@member.command(
    help=helps(
        "一名会员：会员编号（m_…）或证件号码，- 表示从标准输入读。One member.",
        "szunion member show m_…",
        "echo 号码 | szunion member show -",
    )
)
@click.argument("who")
@ORG
@framed
def show(frame: Frame, who: str, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    person = frame.member(desk, who)
    frame.rows(_KEYS, _TITLES, _rows(frame, [desk.members.get(person)]))
    if not frame.as_json:
        cards = desk.cards.of_person(person)
        for kept in cards:
            frame.say(
                "卡 {card}  银行 {bank} · 工会 {union}",
                "card {card}  bank {bank} · union {union}",
                card=frame.outward("c", kept.id),
                bank=frame.cell(kept.card.bank.state),
                union=frame.cell(kept.card.union.state),
            )


@member.command(
    help=helps(
        "按证件号码查找；查无此人，退出码 4。Find by document number.",
        "szunion member find 440301199003071230",
        "echo 号码 | szunion member find -",
    )
)
@click.argument("number")
@ORG
@framed
def find(frame: Frame, number: str, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    found = desk.members.get(frame.member(desk, number))
    frame.rows(_KEYS, _TITLES, _rows(frame, [found]))


@member.command(
    help=helps(
        "提出接转到另一家工会。Ask to move a member to another union.",
        "szunion member transfer m_… --to 440307-0001 --org 440307-0001",
        "szunion member transfer m_… --to 440307-0001 --dry-run",
    )
)
@click.argument("who")
@click.option("--to", "target", required=True, metavar="CODE", help="转入工会  The new union")
@ORG
@DRY_RUN
@framed
def transfer(frame: Frame, who: str, *, target: str, org: str | None, dry_run: bool) -> None:
    looking = frame.desk(Role.CITY, Purpose.SERVE)
    person = frame.member(looking, who)
    union = frame.union(target)
    if dry_run:
        frame.say("将提出接转到 {name}", "would ask for a move to {name}", name=union.name)
        return
    desk = frame.desk(Role.CITY, Purpose.ENROL, org or target)
    made = desk.transfers.request(person, union.id)
    frame.value({"transfer": frame.outward("t", made.id), "state": made.state})
    frame.say(
        "接转 {id}：{state}",
        "transfer {id}: {state}",
        id=frame.outward("t", made.id),
        state=frame.cell(made.state),
    )


@member.command(
    help=helps(
        "办理退会，写明申请的编号；卡随之停用。Accept that a member quits.",
        "szunion member leave m_… --document 申请2018-7 --org 440305-0001",
        "szunion member leave m_… --document 申请2018-7 --dry-run",
    )
)
@click.argument("who")
@click.option("--document", required=True, metavar="NO", help="申请编号  Number of the request")
@ORG
@DRY_RUN
@framed
def leave(frame: Frame, who: str, *, document: str, org: str | None, dry_run: bool) -> None:
    desk = frame.desk(Role.CITY, Purpose.ENROL, org)
    person = frame.member(desk, who)
    if dry_run:
        cards = [kept for kept in desk.cards.of_person(person) if kept.card.current]
        frame.say(
            "将终止会籍，并停用 {cards} 张卡",
            "would end the membership and stop {cards:|card|cards}",
            cards=len(cards),
        )
        return
    row = desk.memberships.quit(person, document=document)
    frame.value({"member": frame.outward("m", person), "state": row.state, "until": row.until})
    frame.say(
        "会籍：{state}，止于 {until}",
        "membership: {state}, until {until}",
        state=frame.cell(row.state),
        until=row.until,
    )


REASON = click.option("--reason", default="", metavar="TEXT", help="事由，记入审计  What for")


@member.command(
    help=helps(
        "导出一家工会的会员名册（掩码、计数、带水印）。Export members: masked, counted, marked.",
        "szunion member export --org 440305-0001 --reason 中秋慰问 --code 123456 --to 名册.csv",
        "szunion member export --org 440305-0001 --reason 中秋慰问 --code 123456 > list.csv",
    )
)
@click.option("--org", required=True, metavar="CODE", help="哪家工会  Of which union")
@REASON
@CODE
@click.option("--to", "target", metavar="FILE", help="写到文件；不写则输出  File; else stdout")
@FORCE
@framed
def export(  # noqa: PLR0913 - what an export asks
    frame: Frame, *, org: str, reason: str, code: str, target: str | None, force: bool
) -> None:
    if target is not None:
        must_be_new(target, force=force)
    desk = frame.desk(Role.GRASSROOTS, Purpose.SERVE, org, code=code)
    made = desk.exports.members(frame.union(org).id, reason=reason)
    lines = csv_text([[title.say(frame.language) for title in HEAD], *made.rows])
    if target is None:
        hand_over(lines)
    else:
        write_new(target, lines.encode("utf-8-sig"), force=force)
    frame.note(
        "已导出 {members:,} 名会员，已计数并记入审计；另有标记行，请勿外传",
        "{members:,|member|members} exported, counted, logged; "
        "the file has marks: do not pass it on",
        members=made.members,
    )


@member.command(
    help=helps(
        "查出泄露的名册由谁导出；- 表示从标准输入读。Whose export a leaked copy comes from.",
        "szunion member trace leaked.csv",
        "szunion --json member trace -",
    )
)
@click.argument("copy")
@framed
def trace(frame: Frame, copy: str) -> int:
    desk = frame.desk(Role.AUDITOR, Purpose.AUDIT)
    found = desk.exports.trace(_lines(copy))
    keys = ("actor", "at", "rows", "canaries", "in_order", "pairs", "reason")
    titles = (
        Text("导出人", "who"), Text("时间", "when"), Text("行数", "rows"),
        Text("标记行", "canaries"), Text("顺序相符", "in order"), Text("比对", "of"),
        Text("事由", "what for"),
    )  # fmt: skip
    frame.rows(keys, titles, [
        (each.of.actor, frame.local(each.of.at), each.of.rows, each.suspicion.canaries,
         each.suspicion.in_order, each.suspicion.pairs, each.of.reason)
        for each in found
    ])  # fmt: skip
    return 0 if found else EXIT[NotFound]


def _lines(copy: str) -> list[str]:
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES) if copy == "-" else _start_of(copy)
        return data.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(copy, error) from None


def _start_of(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(_MOST_BYTES)


@member.command(
    help=helps(
        "查看一个明文：先二次验证，计数并记入审计。One plain value: confirmed, counted, logged.",
        "szunion member reveal m_… --what document --reason 核对办卡 --code 123456",
        "szunion member reveal m_… --what mobile --reason 联系本人 --code 123456 --org 440305-0001",
    )
)
@click.argument("who")
@click.option("--what", required=True, type=click.Choice([each.value for each in Revealed]),
              help="看哪一项  Which value")  # fmt: skip
@REASON
@CODE
@ORG
@framed
def reveal(  # noqa: PLR0913 - what a look asks
    frame: Frame, who: str, *, what: str, reason: str, code: str, org: str | None
) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org, code=code)
    person = frame.member(desk, who)
    value = desk.reveals.show(person, Revealed(what), reason=reason)
    if frame.as_json:
        frame.value({"member": frame.outward("m", person), "what": what, "value": value})
    else:
        put(value)


@member.command(
    help=helps(
        "会员的办理经过：何时、何事、谁办、依据。What happened, who did it, and why.",
        "szunion member timeline m_…",
        "szunion --json member timeline m_…",
    )
)
@click.argument("who")
@ORG
@framed
def timeline(frame: Frame, who: str, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    person = frame.member(desk, who)
    events = desk.timeline(person)
    if frame.as_json:
        keys = ("at", "action", "text", "before", "after", "actor", "role", "why")
        frame.rows(keys, (), [_event(frame, each) for each in events])
        return
    said = [
        (
            frame.local(each.at),
            each.text.say(frame.language),
            each.before_text.say(frame.language) or None,
            each.after_text.say(frame.language) or None,
            each.actor,
            each.role,
            each.why_text.say(frame.language) or None,
        )
        for each in events
    ]
    frame.rows((), _TIMELINE, said)


def _event(frame: Frame, each: Event) -> tuple[object, ...]:
    return (
        frame.local(each.at),
        each.action,
        each.text.say(frame.language),
        each.before or None,
        each.after or None,
        each.actor,
        each.role,
        each.why or None,
    )
