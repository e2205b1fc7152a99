"""Know how files that may be one person are resolved on the command line, by two of the city."""

from __future__ import annotations

import click

from szunion.application.duplicates import Duplicates
from szunion.cli.frame import Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.proposals import Proposal
from szunion.domain.values import PersonId
from szunion.text import Text

_DOCUMENT = click.option(
    "--document", required=True, metavar="NO", help="依据的文号  What it rests on"
)
_TITLES = (
    Text("待核档案", "file"), Text("已有档案", "on file"), Text("工会", "union"),
    Text("导入", "import"), Text("行", "line"), Text("登记", "since"),
)  # fmt: skip


@click.group(
    help=helps(
        "重复核查：列出、认定不是同一人、合并；市总两人办理。Possible duplicates, by two.",
        "szunion privacy duplicate list",
        "szunion privacy duplicate apart m_… --document 公安函1号",
        "szunion --user 另一人 privacy duplicate confirm p_…",
    )
)
def duplicate() -> None: ...


def _desk(frame: Frame) -> Duplicates:
    return frame.desk(Role.CITY, Purpose.RIGHTS).duplicates


def _person(frame: Frame, name: str) -> PersonId:
    return PersonId(frame.inward("m", name))


def _proposed(frame: Frame, proposal: Proposal) -> None:
    name = frame.outward("p", proposal.id)
    frame.value({"proposal": name, "state": proposal.state})
    frame.say("{name}：{state}", "{name}: {state}", name=name, state=frame.cell(proposal.state))


@duplicate.command(
    "list",
    help=helps(
        "待核的档案，先登记的在前。Files in quarantine, oldest first.",
        "szunion privacy duplicate list",
        "szunion --json privacy duplicate list",
    ),
)
@framed
def list_(frame: Frame) -> None:
    unions = frame.desk(Role.CITY, Purpose.RIGHTS).organisations
    rows = [
        (
            frame.outward("m", each.person), frame.outward("m", each.on_file),
            unions.get(each.source.organisation).code, each.source.import_id or None,
            each.source.line or None, frame.local(each.recorded),
        )
        for each in _desk(frame).waiting()
    ]  # fmt: skip
    frame.rows(("file", "on_file", "union", "import", "line", "since"), _TITLES, rows)


@duplicate.command(
    help=helps(
        "提请：这份档案是另一个人。Propose that a file is another person.",
        "szunion privacy duplicate apart m_… --document 公安函1号",
    )
)
@click.argument("who", metavar="m_…")
@_DOCUMENT
@framed
def apart(frame: Frame, who: str, document: str) -> None:
    _proposed(frame, _desk(frame).keep_apart(_person(frame, who), document=document))


@duplicate.command(
    help=helps(
        "提请：两份档案是一个人，前一份并入后一份。Propose that two files are one person.",
        "szunion privacy duplicate merge m_… --into m_… --document 核查2号",
    )
)
@click.argument("who", metavar="m_…")
@click.option("--into", required=True, metavar="m_…", help="留下的档案  The file that is left")
@_DOCUMENT
@framed
def merge(frame: Frame, who: str, into: str, document: str) -> None:
    done = _desk(frame).merge(_person(frame, who), into=_person(frame, into), document=document)
    _proposed(frame, done)


@duplicate.command(
    help=helps(
        "另一人确认或不同意。Confirm or refuse, as another person.",
        "szunion --user 另一人 privacy duplicate confirm p_…",
        "szunion --user 另一人 privacy duplicate confirm p_… --refuse",
    )
)
@click.argument("proposal", metavar="p_…")
@click.option("--refuse", is_flag=True, help="不同意  Refuse")
@framed
def confirm(frame: Frame, proposal: str, *, refuse: bool) -> None:
    desk, id_ = _desk(frame), frame.inward("p", proposal)
    if refuse:
        _proposed(frame, desk.refuse(id_))
        return
    left = frame.outward("m", desk.confirm(id_).id)
    frame.value({"proposal": proposal, "file": left})
    frame.say("已办理，留下档案 {left}", "done; the file is {left}", left=left)
