"""Know how consents are seen and entered on the command line, and the notices they rest on."""

from __future__ import annotations

import click

from szunion.cli.frame import ORG, Frame, framed, helps
from szunion.cli.streams import put
from szunion.domain.access import Purpose, Role
from szunion.domain.consent import ConsentPurpose, Proof
from szunion.text import Text

_CONSENT_TITLES = (
    Text("目的", "purpose"),
    Text("接收方", "recipient"),
    Text("现状", "standing"),
    Text("告知", "notice"),
    Text("途径", "channel"),
    Text("时间", "when"),
)
_PURPOSE = click.Choice([each.value for each in ConsentPurpose])


@click.command(
    help=helps(
        "查看或录入一名会员的同意；录入须有签字纸件编号。See or enter a member's consents.",
        "szunion privacy consent m_…",
        "szunion privacy consent m_… --give bank --paper 同意书7 --org 440305-0001",
        "szunion privacy consent m_… --withdraw bank --paper 撤回书3 --org 440305-0001",
    )
)
@click.argument("who")
@click.option("--give", type=_PURPOSE, help="录入同意  Enter a consent")
@click.option("--withdraw", type=_PURPOSE, help="录入撤回  Enter a withdrawal")
@click.option("--paper", default="", metavar="NO", help="签字纸件编号  Number of the paper")
@click.option("--guardian", is_flag=True, help="由监护人同意  Given by a guardian")
@ORG
@framed
def consent(  # noqa: PLR0913 - an answer with its proof
    frame: Frame,
    who: str,
    *,
    give: str | None,
    withdraw: str | None,
    paper: str,
    guardian: bool,
    org: str | None,
) -> None:
    desk = frame.desk(Role.CITY, Purpose.RIGHTS, org)
    person = frame.member(desk, who)
    if give:
        desk.consents.give(
            person, ConsentPurpose(give), proof=Proof(paper=paper), guardian=guardian
        )
    if withdraw:
        done = desk.consents.withdraw(person, ConsentPurpose(withdraw), proof=Proof(paper=paper))
        frame.note(
            "已停止 {stopped} 项；接收方已有 {there} 项，由其按自己的依据处理",
            "{stopped:|thing|things} stopped; the recipient has {there}, on its own ground",
            stopped=sum(done.cancelled.values()),
            there=done.at_recipient,
        )
    frame.rows(
        ("purpose", "recipient", "standing", "notice", "channel", "at"),
        _CONSENT_TITLES,
        [
            (
                each.purpose, each.recipient, each.standing,
                each.consent.notice if each.consent else None,
                each.consent.channel if each.consent else None,
                frame.local(each.consent.answered) if each.consent else None,
            )
            for each in desk.consents.of(person)
        ],
    )  # fmt: skip


@click.command(
    help=helps(
        "现行告知的全文和摘要：bank、insurer、merchant、medical、child 等。A notice and its hash.",
        "szunion privacy notice bank",
        "szunion --lang en privacy notice medical",
    )
)
@click.argument("purpose", type=_PURPOSE, metavar="PURPOSE")
@framed
def notice(frame: Frame, purpose: str) -> None:
    shown = frame.desk(Role.CITY, Purpose.RIGHTS).consents.notice(ConsentPurpose(purpose))
    frame.value(
        {"notice": shown.id, "sha256": shown.sha256, "title": shown.title.zh, "body": shown.body.zh}
    )
    if not frame.as_json:
        put(shown.title.say(frame.language))
        put(shown.body.say(frame.language))
        put(f"{shown.id}  sha256:{shown.sha256}")
