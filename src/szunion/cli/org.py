"""Know how unions are listed, shown and registered on the command line."""

from __future__ import annotations

import click

from szunion.cli.as_of import union_members
from szunion.cli.frame import DRY_RUN, ORG, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.organisations import Organisation, OrganisationKind, OrganisationState
from szunion.text import Text

_KEYS = ("code", "name", "kind", "state")
_TITLES = (Text("代码", "code"), Text("名称", "name"), Text("类型", "kind"), Text("状态", "state"))


def _row(union: Organisation, depth: int = 0) -> tuple[object, ...]:
    return union.code, "　" * depth + union.name, union.kind, union.state


@click.group(
    help=helps(
        "组织。Unions.",
        "szunion org list",
        "szunion org show 440305-0001",
        "szunion org register 440305-0009 新工会 --parent 440305",
    )
)
def org() -> None: ...


org.add_command(union_members)


@org.command(
    "list", help=helps("全部工会，按隶属关系列出。All unions, as a tree.", "szunion org list")
)
@ORG
@framed
def list_(frame: Frame, org: str | None) -> None:
    tree = frame.desk(Role.CITY, Purpose.OPERATE, org).organisations.tree()
    shown = [_row(union, 0 if frame.as_json else depth) for depth, union in tree]
    frame.rows(_KEYS, _TITLES, shown)


@org.command(
    help=helps("一家工会和它的下级。One union, and those below it.", "szunion org show 440305")
)
@click.argument("code")
@framed
def show(frame: Frame, code: str) -> None:
    union = frame.union(code)
    below = frame.desk(Role.CITY, Purpose.OPERATE).organisations.below(union.id)
    frame.rows(_KEYS, _TITLES, [_row(union), *(_row(each, 1) for each in below)])


@org.command(
    help=helps("按名称或代码查找。Find by a part of the name or code.", "szunion org find 物流")
)
@click.argument("words")
@framed
def find(frame: Frame, words: str) -> int:
    tree = frame.desk(Role.CITY, Purpose.OPERATE).organisations.tree()
    found = [_row(union) for _, union in tree if words in union.name or words in union.code]
    frame.rows(_KEYS, _TITLES, found)
    return 0 if found else 4


@org.command(
    help=helps(
        "职工经哪家工会入会；单位没有工会的，经社区、园区或行业工会。Through which union to join.",
        "szunion org joins 440305",
        "szunion org joins 440305 --unit 440305-0009",
    )
)
@click.argument("near")
@click.option("--unit", default="", metavar="CODE", help="单位工会的代码  Union of the unit")
@framed
def joins(frame: Frame, near: str, *, unit: str) -> int:
    place = frame.union(near)
    found = frame.desk(Role.CITY, Purpose.OPERATE).organisations.joins_at(place.id, unit)
    frame.rows(_KEYS, _TITLES, [] if found is None else [_row(found)])
    return 4 if found is None else 0


@org.command(
    help=helps(
        "登记筹建的工会；--found 建市总工会。Register a union; --found enters the city federation.",
        "szunion org register 440300 市总工会 --found",
        "szunion org register 440305 一区总工会 --kind DISTRICT --parent 440300",
        "szunion org register 440305-0009 新工会 --parent 440305",
    )
)
@click.argument("code")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice([each.value for each in OrganisationKind]),
    default="GRASSROOTS",
    help="类型  Kind",
)
@click.option("--parent", metavar="CODE", help="上级代码  The union above")
@click.option("--found", is_flag=True, help="市总工会，只一次  The city federation, once")
@ORG
@DRY_RUN
@framed
def register(  # noqa: PLR0913 - what a registration form asks
    frame: Frame,
    code: str,
    name: str,
    *,
    kind: str,
    parent: str | None,
    found: bool,
    org: str | None,
    dry_run: bool,
) -> None:
    if found:
        if dry_run:
            frame.say(
                "将建立市总工会 {code} {name}",
                "would enter the city federation {code} {name}",
                code=code,
                name=name,
            )
            return
        desk = frame.desk(Role.CITY, Purpose.OPERATE)
        _told(frame, desk.organisations.found_city(code=code, name=name))
        return
    if parent is None:
        raise click.UsageError(
            frame.text("须写 --parent 或 --found", "--parent or --found is needed")
        )
    above = frame.union(parent)
    if dry_run:
        frame.say(
            "将在 {above} 下登记 {code} {name}",
            "would register {code} {name} below {above}",
            above=above.name,
            code=code,
            name=name,
        )
        return
    desk = frame.desk(Role.CITY, Purpose.OPERATE, org)
    made = desk.organisations.register(
        code=code, name=name, kind=OrganisationKind(kind), parent=above.id
    )
    _told(frame, made)


@org.command(
    help=helps(
        "批准成立，写明文号。Approve the founding on a document.",
        "szunion org approve 440305-0009 --document 深工发〔2017〕12号",
    )
)
@click.argument("code")
@click.option("--document", required=True, metavar="NO", help="文号  Number of the document")
@ORG
@DRY_RUN
@framed
def approve(frame: Frame, code: str, *, document: str, org: str | None, dry_run: bool) -> None:
    union = frame.union(code)
    if dry_run:
        frame.say("将批准 {name}", "would approve {name}", name=union.name)
        return
    if union.state is not OrganisationState.ACTIVE:
        desk = frame.desk(Role.CITY, Purpose.OPERATE, org)
        union = desk.organisations.approve(union.id, document=document)
    _told(frame, union)


def _told(frame: Frame, union: Organisation) -> None:
    frame.rows(_KEYS, _TITLES, [_row(union)])
