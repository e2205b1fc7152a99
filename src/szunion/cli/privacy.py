"""Know how requests about own data are worked on the command line, and what is kept of people."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.rights import Rights
from szunion.cli.duplicates import duplicate
from szunion.cli.files import must_be_new, unusable, write_lines_new, write_new
from szunion.cli.frame import DRY_RUN, FORCE, ORG, Frame, framed, helps
from szunion.cli.privacy_consents import consent, notice
from szunion.cli.streams import hand_over
from szunion.domain.access import Purpose, Role
from szunion.domain.erasure_journal import read_journal
from szunion.domain.inventory import inventory
from szunion.domain.lawful import GROUNDS
from szunion.domain.rights import ErasureLine, Refusal, RequestKind, RequestState, RightsRequest
from szunion.errors import Conflict, NotFound
from szunion.text import Text

_REQUEST_KEYS = ("request", "member", "kind", "state", "asked", "due", "limit", "refusal")
_REQUEST_TITLES = (
    Text("请求", "request"),
    Text("会员", "member"),
    Text("种类", "kind"),
    Text("状态", "state"),
    Text("提出", "asked"),
    Text("应答复", "due"),
    Text("最迟", "limit"),
    Text("理由", "reason"),
)
_LINE_TITLES = (
    Text("内容", "what"),
    Text("处置", "what is done"),
    Text("数量", "how many"),
    Text("原因", "why"),
    Text("保留至", "until"),
)
_LOG_TITLES = (
    Text("时间", "when"),
    Text("谁", "who"),
    Text("工会", "union"),
    Text("做了什么", "did"),
    Text("事项", "what"),
    Text("用途", "what for"),
)
_KIND = click.Choice([each.value for each in RequestKind])
_WHY = click.Choice([each.value for each in Refusal])


@click.group(
    help=helps(
        "个人信息：同意、副本、更正、删除、访问记录、清单。Personal data and the rights to them.",
        "szunion privacy consent m_… --give bank --paper 同意书7",
        "szunion privacy request m_… copy --paper 申请7 --org 440305-0001",
        "szunion privacy inventory",
    )
)
def privacy() -> None: ...


def _desk(frame: Frame, org: str | None) -> Rights:
    return frame.desk(Role.CITY, Purpose.RIGHTS, org).rights


def _id(frame: Frame, name: str) -> int:
    return frame.inward("q", name)


def _request(frame: Frame, one: RightsRequest) -> tuple[object, ...]:
    return (
        frame.outward("q", one.id), frame.outward("m", one.person), one.kind, one.state,
        frame.local(one.asked), one.due, one.limit, one.refusal,
    )  # fmt: skip


def _told(frame: Frame, *requests: RightsRequest) -> None:
    frame.rows(_REQUEST_KEYS, _REQUEST_TITLES, [_request(frame, one) for one in requests])


@privacy.command(
    "request",
    help=helps(
        "代收一件书面请求：查阅、更正、删除、解释。Take a written request.",
        "szunion privacy request m_… copy --paper 申请7 --org 440305-0001",
        "echo 新姓名 | szunion privacy request m_… correct --what name --paper 申请8",
        "szunion privacy request m_… erase --paper 申请9",
    ),
)
@click.argument("who")
@click.argument("kind", type=_KIND)
@click.option("--paper", required=True, metavar="NO", help="书面请求编号  Number of the paper")
@click.option(
    "--what",
    type=click.Choice(["name", "document", "mobile"]),
    help="更正哪一项，内容从标准输入读  What to correct, read from stdin",
)
@ORG
@framed
def request_(  # noqa: PLR0913 - a request has these parts
    frame: Frame, who: str, kind: str, *, paper: str, what: str | None, org: str | None
) -> None:
    desk = frame.desk(Role.CITY, Purpose.RIGHTS, org)
    person = frame.member(desk, who)
    wanted = {what: sys.stdin.readline().strip()} if what else None
    _told(frame, desk.rights.ask(person, RequestKind(kind), wanted=wanted, paper=paper))


@privacy.command(
    "list",
    help=helps(
        "待答复的请求，最急的在前。Requests that wait, the most urgent first.",
        "szunion privacy list --org 440305-0001",
        "szunion --json privacy list --all",
    ),
)
@click.option("--all", "every", is_flag=True, help="含已办结的  Also those that are done")
@ORG
@framed
def list_(frame: Frame, *, every: bool, org: str | None) -> None:
    desk = _desk(frame, org)
    _told(frame, *(desk.listed(tuple(RequestState)) if every else desk.listed()))


@privacy.command(
    help=helps(
        "记录核实本人身份的凭据。Note by what the person was identified.",
        "szunion privacy verify q_… --evidence 当面核对身份证 --org 440305-0001",
    )
)
@click.argument("name")
@click.option("--evidence", required=True, metavar="WORDS", help="凭据  By what")
@ORG
@framed
def verify(frame: Frame, name: str, *, evidence: str, org: str | None) -> None:
    _told(frame, _desk(frame, org).verify(_id(frame, name), evidence))


@privacy.command(
    help=helps(
        "答复：更正按请求办理，其余记为已办结；或拒绝并写明理由。Answer a request.",
        "szunion privacy answer q_… --paper 户口簿复印件12",
        "szunion privacy answer q_… --refuse LAW_KEEPS_IT",
    )
)
@click.argument("name")
@click.option("--paper", default="", metavar="NO", help="依据的编号  What it rests on")
@click.option("--refuse", type=_WHY, help="拒绝的理由  Why it is refused")
@ORG
@framed
def answer(frame: Frame, name: str, *, paper: str, refuse: str | None, org: str | None) -> None:
    desk, number = _desk(frame, org), _id(frame, name)
    if refuse:
        _told(frame, desk.refuse(number, Refusal(refuse)))
        return
    asked = next((each for each in desk.listed() if each.id == number), None)
    if asked is not None and asked.kind is RequestKind.CORRECT:
        _told(frame, desk.correct(number, paper=paper))
    else:
        _told(frame, desk.answer(number, paper))


@privacy.command(
    help=helps(
        "本人副本：JSON 或可离线打开的网页；写入日志，带水印。A person's own copy.",
        "szunion privacy copy m_… --request q_… --out 副本.html --org 440305-0001",
        "szunion privacy copy m_… --request q_… --out 副本.json",
    )
)
@click.argument("who")
@click.option("--request", "name", required=True, metavar="q_…", help="已核实的请求  The request")
@click.option("--out", required=True, metavar="FILE", help=".json 或 .html  Where to")
@FORCE
@ORG
@framed
def copy(  # noqa: PLR0913 - a copy has these parts
    frame: Frame, who: str, *, name: str, out: str, force: bool, org: str | None
) -> None:
    must_be_new(out, force=force)
    desk = frame.desk(Role.CITY, Purpose.RIGHTS, org)
    person = frame.member(desk, who)
    made = desk.rights.copy(person, request=_id(frame, name))
    page = made.to_html(frame.language) if out.endswith((".html", ".htm")) else made.to_json()
    write_new(out, page.encode(), force=force, private=True)
    frame.value({"file": out, "mark": made.mark})
    frame.say("已写 {out}，水印 {mark}", "wrote {out}, mark {mark}", out=out, mark=made.mark)


@privacy.command(
    help=helps(
        "删除已核实请求人的个人信息；--dry-run 先看会销毁和保留什么。Erase a person's data.",
        "szunion privacy erase q_… --dry-run",
        "szunion --user 另一人 privacy erase q_… --journal 删除日志.jsonl",
    )
)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="只看，不删除  Look, erase nothing")
@click.option("--journal", metavar="FILE", help="删除后把整本日志写到这里  Where the journal goes")
@framed
def erase(frame: Frame, name: str, *, dry_run: bool, journal: str | None) -> int:
    desk, number = _desk(frame, None), _id(frame, name)
    if dry_run:
        asked = next((each for each in desk.listed() if each.id == number), None)
        if asked is None:
            raise NotFound("E-PRIVACY-003")
        found = desk.preview(asked.person)
        _lines(frame, found.lines)
        if found.against:
            words = "、".join(frame.cell(each) for each in found.against)
            frame.note("暂不能删除：{why}", "cannot be erased now: {why}", why=words)
            return 3
        return 0
    if journal:
        _journal_grows(journal, desk)  # before what cannot be undone
    done = desk.erase(number)
    storage = frame.system().office.storage
    if isinstance(storage, SqliteStorage):
        storage.checkpoint()  # what was destroyed is in no journal of the file any more
    _lines(frame, done.lines)
    if journal:
        _write(frame, journal, desk)
    return 0


def _lines(frame: Frame, lines: tuple[ErasureLine, ...]) -> None:
    tables = inventory()
    rows = [
        (
            line.table if frame.as_json else tables[line.table].title.say(frame.language),
            line.fate, line.count, line.retention, line.until,
        )
        for line in lines
    ]  # fmt: skip
    frame.rows(("table", "fate", "count", "retention", "until"), _LINE_TITLES, rows)


def _write(frame: Frame, path: str, desk: Rights) -> None:
    _journal_grows(path, desk)
    write_lines_new(path, desk.journal(), force=True)
    frame.note(
        "删除日志已写入 {path}：请与备份分开保存", "journal in {path}: keep it away from backups",
        path=path,
    )  # fmt: skip


def _journal_grows(path: str, desk: Rights) -> None:
    """Check that a journal at *path* says nothing that this database's does not.

    Raises:
        InvalidInput: what is there is no journal (E-PRIVACY-009), or cannot be read (E-CLI-005).
        Conflict: people of it are not erased here: the database is older (E-PRIVACY-011).
    """
    file = Path(path)
    if not file.is_file():
        return
    there = {each.person for each in read_journal(_lines_of(file))}
    if missing := there - {each.person for each in read_journal(desk.journal())}:
        raise Conflict("E-PRIVACY-011", path=file.name, count=len(missing))


def _lines_of(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(file, error) from None


@privacy.command(
    help=helps(
        "导出删除日志；恢复备份后用它重做。The journal of erasures, and doing it again.",
        "szunion privacy journal --out 删除日志.jsonl",
        "szunion privacy journal --again 删除日志.jsonl",
    )
)
@click.option("--out", metavar="FILE", help="写到文件  Where to")
@click.option("--again", metavar="FILE", help="按日志重做  Do again what it says")
@framed
def journal(frame: Frame, *, out: str | None, again: str | None) -> None:
    desk = _desk(frame, None)
    if again:
        count = desk.erase_again(_lines_of(Path(again)))
        frame.value({"erased_again": count})
        frame.say("重新删除 {count} 人", "{count:|person|people} erased again", count=count)
    elif out:
        _write(frame, out, desk)
    else:
        for line in desk.journal():
            hand_over(line, end="\n")


@privacy.command(
    help=helps(
        "销毁到期的留存：已删除的人、未付款的申领、日志。Destroy what is over its term.",
        "szunion privacy sweep --dry-run",
        "szunion privacy sweep",
    )
)
@DRY_RUN
@framed
def sweep(frame: Frame, *, dry_run: bool) -> None:
    desk = _desk(frame, None)
    found = desk.over() if dry_run else desk.sweep()
    told = {"people": found.people, "cases": found.cases, "log": found.log}
    frame.value({"dry_run": dry_run, **told})
    frame.say(
        "到期：已删除的人 {people}，申领 {cases}，明文与导出 {log}",
        "over: {people:|erased person|erased people}, {cases:|claim|claims}, "
        "{log:|disclosure|disclosures}",
        **told,
    )


@privacy.command(
    "access-log",
    help=helps(
        "谁查看、变更、对外提供过一名会员的信息。Who saw, changed, handed out a member's data.",
        "szunion privacy access-log m_… --org 440305-0001",
        "szunion --json privacy access-log m_…",
    ),
)
@click.argument("who")
@ORG
@framed
def access_log(frame: Frame, who: str, org: str | None) -> None:
    desk = frame.desk(Role.CITY, Purpose.RIGHTS, org)
    person = frame.member(desk, who)
    frame.rows(
        ("at", "who", "union", "did", "what", "purpose"),
        _LOG_TITLES,
        [
            (
                frame.local(each.at), each.role, each.union, each.access,
                each.action if frame.as_json else each.text.say(frame.language), each.purpose,
            )
            for each in desk.rights.access_log(person)
        ],
    )  # fmt: skip


@privacy.command(
    "inventory",
    help=helps(
        "个人信息清单：每一列属于谁、哪一级、为什么、存多久、删除时怎么办。The inventory.",
        "szunion privacy inventory",
        "szunion --json privacy inventory",
    ),
)
@framed
def inventory_(frame: Frame) -> None:
    keys = ("table", "column", "class", "subject", "use", "basis", "keep", "erased")
    rows = [
        (
            table.name, column.name, column.data_class.value,
            " ".join(each.value for each in column.subjects), column.use,
            GROUNDS[column.use].basis if column.personal else None, column.keep, table.note,
        )
        for table in inventory().values()
        for column in table.columns
        if column.personal or frame.as_json
    ]  # fmt: skip
    frame.rows(keys, [Text(key, key) for key in keys], rows)


for command in (consent, notice, duplicate):
    privacy.add_command(command)
