"""Know how posts of officers, and who acts for whom, are worked on the command line."""

from __future__ import annotations

from datetime import datetime

import click

from szunion.cli.frame import CODE, ORG, Frame, framed, helps
from szunion.domain.access import Operation, Purpose, Role
from szunion.domain.city_time import end_of
from szunion.domain.officers import OFFICERS, Delegation, Post
from szunion.domain.proposals import Proposal
from szunion.domain.values import OrganisationId
from szunion.text import Text

_ROLE = click.Choice(sorted(each.value for each in OFFICERS))
_OPERATION = click.Choice(sorted(each.value for each in Operation))
_TITLES = (
    Text("任职", "post"), Text("登录名", "login"), Text("角色", "role"), Text("工会", "union"),
    Text("起", "since"), Text("止", "until"), Text("任命人", "appointed by"),
)  # fmt: skip
_KEYS = ("post", "login", "role", "union", "since", "until", "by")
_GIVEN = (
    Text("委托", "delegation"), Text("受托人", "delegate"), Text("委托人", "delegator"),
    Text("事项", "operations"), Text("起", "since"), Text("止", "until"),
)  # fmt: skip


@click.group(
    help=helps(
        "经办人：任职、离任、委托代办。Officers: posts, leaving, acting for another.",
        "szunion officer appoint wang G --org 440305-0001 --code 123456",
        "szunion officer leave y_… --why 调离 --code 123456",
        "szunion officer delegate li person.read --until 2026-12-31 --org 440305-0001",
    )
)
def officer() -> None: ...


def _code(frame: Frame, union: OrganisationId) -> str:
    return frame.desk(Role.ENGINE, Purpose.OPERATE).organisations.get(union).code


def _shown(frame: Frame, *posts: Post) -> None:
    rows = [
        (
            frame.outward("y", each.id), each.login, each.role,
            None if each.organisation is None else _code(frame, each.organisation),
            frame.local(each.since), None if each.until is None else frame.local(each.until),
            each.by,
        )
        for each in posts
    ]  # fmt: skip
    frame.rows(_KEYS, _TITLES, rows)


@officer.command(
    help=helps(
        "任命：工会的经办人当即生效；市级机关须第二人确认。Appoint; the city's organs by two.",
        "szunion officer appoint wang G --at 440305-0001 --code 123456",
        "szunion officer appoint cfo F --code 123456",
        "szunion officer appoint li U --at 440305 --org 440305 --code 123456",
    )
)
@click.argument("login")
@click.argument("role", type=_ROLE)
@click.option("--at", "where", metavar="CODE", help="在哪家工会任职  At which union")
@ORG
@CODE
@framed
def appoint(  # noqa: PLR0913 - what a post says
    frame: Frame, login: str, role: str, *, where: str | None, org: str | None, code: str
) -> None:
    desk = frame.desk(Role.CITY, Purpose.OPERATE, org, code=code).officers
    union = None if where is None else frame.union(where).id
    match desk.appoint(login, Role(role), union):
        case Post() as post:
            _shown(frame, post)
        case Proposal(id=id_):
            name = frame.outward("p", id_)
            frame.value({"proposal": name, "state": "OPEN"})
            frame.say(
                "待第二人确认 {name}", "{name} waits for a second person", name=name
            )  # fmt: skip


@officer.command(
    help=helps(
        "确认（或不同意）市级机关的任命。Confirm, or refuse, a post in an organ of the city.",
        "szunion --user 另一人 officer confirm p_… --code 123456",
        "szunion --user 另一人 officer confirm p_… --refuse --code 123456",
    )
)
@click.argument("proposal")
@click.option("--refuse", is_flag=True, help="不同意  Refuse")
@CODE
@framed
def confirm(frame: Frame, proposal: str, *, refuse: bool, code: str) -> None:
    desk = frame.desk(Role.CITY, Purpose.OPERATE, code=code).officers
    id_ = frame.inward("p", proposal)
    if refuse:
        done = desk.refuse(id_)
        frame.value({"proposal": proposal, "state": done.state})
        frame.say("未同意", "refused")
        return
    _shown(frame, desk.confirm(id_))


@officer.command(
    help=helps(
        "登记离任：这项任职的权限立即失效。End a post, at once.",
        "szunion officer leave y_… --why 调离 --code 123456",
    )
)
@click.argument("post")
@click.option("--why", required=True, metavar="WORDS", help="原因  Why")
@ORG
@CODE
@framed
def leave(frame: Frame, post: str, *, why: str, org: str | None, code: str) -> None:
    desk = frame.desk(Role.CITY, Purpose.OPERATE, org, code=code).officers
    _shown(frame, desk.leave(frame.inward("y", post), why=why))


@officer.command(
    "list",
    help=helps(
        "任职登记：一家工会的，或全部。The registry of posts: of one union, or all.",
        "szunion officer list --at 440305-0001",
        "szunion --json officer list",
    ),
)
@click.option("--at", "where", metavar="CODE", help="哪家工会  Which union")
@ORG
@framed
def list_(frame: Frame, *, where: str | None, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.OPERATE, org).officers
    if where is not None:
        _shown(frame, *desk.of_union(frame.union(where).id))
        return
    found: list[Post] = []
    while page := desk.listed(after=found[-1].id if found else 0):
        found += page
    _shown(frame, *found)


def _given(frame: Frame, *delegations: Delegation) -> None:
    rows = [
        (
            frame.outward("z", each.id), each.delegate, each.delegator,
            " ".join(sorted(operation.value for operation in each.operations)),
            frame.local(each.since), frame.local(each.until),
        )
        for each in delegations
    ]  # fmt: skip
    frame.rows(
        ("delegation", "delegate", "delegator", "operations", "since", "until"), _GIVEN, rows
    )


@officer.command(
    help=helps(
        "委托同事在一段时间内代办几件事；二人之间不能互为第二人。Let a colleague act for you.",
        "szunion officer delegate li person.read batch.write --until 2026-12-31 --org 440305-0001",
        "szunion --json officer delegate li card.read --until 2026-12-31",
    )
)
@click.argument("login")
@click.argument("operations", nargs=-1, required=True, metavar="OPERATION...", type=_OPERATION)
@click.option("--until", required=True, metavar="DAY", type=click.DateTime(["%Y-%m-%d"]),
              help="到哪天为止（含）  Until which day, included")  # fmt: skip
@ORG
@framed
def delegate(
    frame: Frame, login: str, *, operations: tuple[str, ...], until: datetime, org: str | None
) -> None:
    desk = frame.desk(Role.CITY, Purpose.ENROL, org).officers
    end = end_of(until.date())
    _given(frame, desk.delegate(login, map(Operation, operations), until=end))


@officer.command(
    help=helps(
        "我给出和收到的委托；--end 提前结束一项。Delegations of the own; end one before its time.",
        "szunion officer delegations --org 440305-0001",
        "szunion officer delegations --end z_… --org 440305-0001",
    )
)
@click.option("--end", "ending", metavar="z_…", help="提前结束  End one")
@ORG
@framed
def delegations(frame: Frame, *, ending: str | None, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.ENROL, org).officers
    if ending is not None:
        desk.end_delegation(frame.inward("z", ending))
    _given(frame, *desk.delegations())


@officer.command(
    help=helps(
        "上级查看或提前结束别人的委托。Delegations given by another; end one as who is above.",
        "szunion officer given wang --org 440305",
        "szunion officer given wang --revoke z_… --why 调岗 --org 440305 --code 123456",
    )
)
@click.argument("login")
@click.option("--revoke", "ending", metavar="z_…", help="提前结束  End one")
@click.option("--why", default="", metavar="WORDS", help="原因  Why")
@ORG
@CODE
@framed
def given(  # noqa: PLR0913 - what ends a delegation
    frame: Frame, login: str, *, ending: str | None, why: str, org: str | None, code: str
) -> None:
    if ending is not None:
        desk = frame.desk(Role.CITY, Purpose.OPERATE, org, code=code).officers
        desk.revoke(frame.inward("z", ending), why=why)
    _given(frame, *frame.desk(Role.CITY, Purpose.OPERATE, org).officers.given_by(login))
