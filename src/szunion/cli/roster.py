"""Know how rosters are checked and imported on the command line."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from itertools import count
from pathlib import Path

import click

from szunion.adapters.roster.writer import ExcelRosterWriter
from szunion.application.roster import ImportResult
from szunion.cli.endings import PARTLY
from szunion.cli.files import must_be_new, unusable, write_new
from szunion.cli.frame import CONSENT, FORCE, Frame, framed, helps
from szunion.cli.speech import progress
from szunion.domain.access import Purpose, Role
from szunion.domain.roster_rows import PlainRow, PlainVerdict, RowWarning
from szunion.errors import Conflict, code_pages
from szunion.text import Text

_MOST_SHOWN = 20
_ROWS_SHOWN = 8
_BLANK = re.compile(r"\{[^{}]*\}")
_ORG = click.option("--org", required=True, metavar="CODE", help="工会代码  Code of the union")
_SHEET = click.option("--sheet", metavar="NAME", help="工作表  Sheet to read")
_KEYS = ("row", "column", "code", "value", "what", "do")
_TITLES = (
    Text("行", "row"),
    Text("列", "column"),
    Text("代码", "code"),
    Text("内容", "value"),
    Text("错误", "what is wrong"),
    Text("怎么改", "what to do"),
)


@click.group(
    help=helps(
        "花名册。Rosters.",
        "szunion roster template --out 花名册模板.xlsx",
        "szunion roster check 花名册.xlsx --org 440305-0001",
        "szunion roster import 花名册.xlsx --org 440305-0001",
    )
)
def roster() -> None: ...


@roster.command(
    help=helps(
        "写一份空模板。Write an empty template.", "szunion roster template --out 花名册模板.xlsx"
    )
)
@click.option("--out", default="花名册模板.xlsx", metavar="FILE", help="文件  File to write")
@FORCE
@framed
def template(frame: Frame, *, out: str, force: bool) -> None:
    write_new(out, ExcelRosterWriter(frame.language).template(), force=force)
    frame.value({"file": out})
    frame.say(
        "已写 {out}：证件和手机两列是文本，有下拉列表和说明",
        "wrote {out}: text columns, drop-downs, notes",
        out=out,
    )


@roster.command(
    help=helps(
        "检查，不写入任何数据。Judge every row; write nothing.",
        "szunion roster check 花名册.xlsx --org 440305-0001",
        "szunion roster check 花名册.csv --org 440305-0001 --all",
        "szunion roster check 花名册.xlsx --org 440305-0001 --show fixes",
    )
)
@click.argument("file")
@_ORG
@_SHEET
@click.option("--all", "every", is_flag=True, help="列出全部错行  Show all rejected rows")
@click.option("--show", type=click.Choice(["fixes"]), help="另列自动修正  List what was mended too")
@framed
def check(  # noqa: PLR0913 - what is to be shown
    frame: Frame, file: str, *, org: str, sheet: str | None, every: bool, show: str | None
) -> int:
    result = _read(frame, file, org, sheet, dry_run=True)
    _print(frame, file, result, every=every)
    if show:
        _print_fixes(frame, result.result)
    _say_fit(frame, result)
    return PARTLY if result.result.rejected else 0


@roster.command(
    "import",
    help=helps(
        "导入；错行写入“待修正”工作簿，改好再导。Import; bad rows go to a workbook.",
        "szunion roster import 花名册.xlsx --org 440305-0001",
        "szunion roster import 花名册-待修正.xlsx --org 440305-0001",
        "szunion roster import 花名册.xlsx --org 440305-0001 --consent 同意书2018-07",
        "szunion roster import 花名册.xlsx --org 440305-0001 --dry-run",
    ),
)
@click.argument("file")
@_ORG
@_SHEET
@click.option("--mend", metavar="FILE", help="待修正工作簿  Where rejected rows go")
@FORCE
@CONSENT
@click.option("--dry-run", is_flag=True, help="只检查，不写入  Judge only")
@framed
def import_(  # noqa: PLR0913 - what the person at the desk decides
    frame: Frame,
    file: str,
    *,
    org: str,
    sheet: str | None,
    mend: str | None,
    force: bool,
    consent: str,
    dry_run: bool,
) -> int:
    if mend is not None and not dry_run:
        must_be_new(mend, force=force)
    read = _read(frame, file, org, sheet, dry_run=dry_run, paper=consent)
    result = read.result
    _print(frame, file, read, every=False)
    if result.rejected and not dry_run:
        target = _to_mend(frame, file, result, mend, force=force)
        frame.say(
            "{count:,} 行写入 {target}：改好后直接再导入",
            "{count:,|row|rows} went to {target}: mend and import it as it is",
            count=len(result.rejected),
            target=target,
        )
    if dry_run:
        _say_fit(frame, read)
    else:
        frame.say(
            "已导入 {rows:,} 人（新增 {added:,} · 更新 {changed:,} · 未变 {same:,}）",
            "imported {rows:,|person|people} "
            "({added:,} new, {changed:,} changed, {same:,} the same)",
            rows=len(result.accepted),
            added=result.added,
            changed=result.changed,
            same=result.unchanged,
        )
    return PARTLY if result.rejected else 0


@roster.command(
    help=helps(
        "再看一个文件的错行，或写成待修正工作簿。The rejected rows of a file.",
        "szunion roster rejects 花名册.xlsx --org 440305-0001",
        "szunion roster rejects 花名册.xlsx --org 440305-0001 --out 改.xlsx",
    )
)
@click.argument("file")
@_ORG
@_SHEET
@click.option("--out", metavar="FILE", help="写成工作簿  Write a to-mend workbook")
@FORCE
@framed
def rejects(  # noqa: PLR0913 - which file, and where to
    frame: Frame, file: str, *, org: str, sheet: str | None, out: str | None, force: bool
) -> int:
    read = _read(frame, file, org, sheet, dry_run=True)
    result = read.result
    if out:
        data = ExcelRosterWriter(frame.language).to_mend(result.heading, result.rejected)
        write_new(out, data, force=force)
        frame.note("已写 {out}", "wrote {out}", out=out)
    _print_rejected(frame, result, every=True)
    return PARTLY if result.rejected else 0


def _say_fit(frame: Frame, read: _Read) -> None:
    frame.say(
        "可导入 {good:,} 行，错 {bad:,} 行。未写入任何数据。",
        "{good:,|row|rows} can be imported, {bad:,|is|are} rejected. Nothing was written.",
        good=read.read,
        bad=len(read.result.rejected),
    )


def _to_mend(
    frame: Frame, file: str, result: ImportResult, mend: str | None, *, force: bool
) -> Path:
    """Write the workbook of rejected rows; unasked, never over one that somebody may have mended.

    The rows are in the registry by now: where nobody has named a workbook and one is there, the new
    one gets the next free name.
    """
    data = ExcelRosterWriter(frame.language).to_mend(result.heading, result.rejected)
    if mend is not None:
        write_new(mend, data, force=force)
        return Path(mend)
    stem = re.sub(r"-待修正[0-9]*$", "", Path(file).stem, flags=re.ASCII)
    for number in count(1):
        target = Path(file).with_name(f"{stem}-待修正{number if number > 1 else ''}.xlsx")
        with suppress(Conflict):
            write_new(target, data, force=force and number == 1)
            return target
    raise AssertionError


class _Read:
    """A result, how many rows were fit to be imported, and what is odd in them."""

    def __init__(self, result: ImportResult, read: int, odd: list[RowWarning]) -> None:
        self.result = result
        self.read = read
        self.odd = odd


def _read(  # noqa: PLR0913 - what the person at the desk decides
    frame: Frame, file: str, org: str, sheet: str | None, *, dry_run: bool, paper: str = ""
) -> _Read:
    desk = frame.desk(Role.GRASSROOTS, Purpose.ENROL, org)
    union = frame.union(org)
    seen: Counter[str] = Counter()
    odd: list[RowWarning] = []

    def noted(verdict: PlainVerdict) -> None:
        seen[type(verdict).__name__] += 1
        if isinstance(verdict, PlainRow):
            odd.extend(verdict.warnings)
        if sum(seen.values()) % 1000 == 0:
            progress(sum(seen.values()), None, frame.text("已读", "read"))

    try:
        result = desk.roster.import_file(
            file, union.id, dry_run=dry_run, on_row=noted, sheet=sheet, paper=paper
        )
    except OSError as error:
        raise unusable(file, error) from None
    return _Read(result, seen["PlainRow"], odd)


def _print(frame: Frame, file: str, read: _Read, *, every: bool) -> None:
    result = read.result
    if frame.as_json:
        frame.value(
            {
                "import": result.import_id,
                "sheet": result.sheet,
                "encoding": result.encoding,
                "sha256": result.sha256,
                "fit": read.read,
                "accepted": len(result.accepted),
                "added": result.added,
                "changed": result.changed,
                "unchanged": result.unchanged,
                "rejected": [
                    {
                        "row": error.row,
                        "column": error.column.name if error.column else None,
                        "code": error.code,
                        "value": error.value_masked,
                    }
                    for row in result.rejected
                    for error in row.errors
                ],
                "fixes": len(result.fixes),
                "warnings": dict(Counter(each.code for each in read.odd)),
                "passed_over": dict(_passed_over(result)),
            }
        )
        return
    heading = result.heading
    frame.say(
        "读取 {file} › “{sheet}”  表头在第 {line} 行  {encoding}",
        "read {file} › “{sheet}”  header in row {line}  {encoding}",
        file=Path(file).name,
        sheet=result.sheet,
        line=heading.line,
        encoding=result.encoding,
    )
    columns = "  ".join(f"{frame.cell(each)}←{heading.header(each)}" for each in heading.columns)
    unused = frame.text("、", ", ").join(heading.unused)
    frame.say("列对应：{columns}{unused}", "columns: {columns}{unused}", columns=columns,
              unused=unused and frame.text(f"  （未用：{unused}）", f"  (not used: {unused})"),
              )  # fmt: skip
    if result.fixes:
        steps = Counter(fix.step for fix in result.fixes)
        words = " · ".join(
            f"{step.text.say(frame.language)} {n}" for step, n in steps.most_common()
        )
        frame.say(
            "自动修正 {count} 处：{words}",
            "mended {count}: {words}",
            count=len(result.fixes),
            words=words,
        )
    _say_odd(frame, read)
    if result.rejected:
        _print_rejected(frame, result, every=every)


def _passed_over(result: ImportResult) -> Counter[str]:
    rows = Counter(each.code for each in result.passed_over)
    return rows + Counter(code for code, _ in result.file_passed_over)


def _say_odd(frame: Frame, read: _Read) -> None:
    """Say what is odd and what was passed over: nothing stands against it, but it is told."""
    sheets = read.result.file_passed_over
    codes = Counter(each.code for each in read.odd) + _passed_over(read.result)
    comma = frame.text("、", ", ")
    for code, number in sorted(codes.items()):
        rows = [str(each.row) for each in read.odd if each.code == code]
        named = comma.join(f"“{sheet}”" for each, sheet in sheets if each == code)
        shown = comma.join(rows[:_ROWS_SHOWN]) + ("…" if len(rows) > _ROWS_SHOWN else "")
        where = named or (frame.text(f"第 {shown} 行", f"rows {shown}") if shown else "")
        frame.say(
            "提示 {code} {what}：{number:,} 处{where}",
            "note {code} {what}: {number:,}{where}",
            code=code,
            what=_BLANK.sub("…", code_pages()[code].what.say(frame.language)),
            number=number,
            where=where and frame.text(f"（{where}）", f" ({where})"),
        )


def _print_fixes(frame: Frame, result: ImportResult) -> None:
    titles = (
        Text("行", "row"), Text("列", "column"), Text("修正", "mended"), Text("之前", "before"),
        Text("之后", "after"),
    )  # fmt: skip
    rows = [
        (each.row, each.column, each.step, each.before_masked, each.after_masked)
        for each in result.fixes
    ]
    frame.rows(("row", "column", "step", "before", "after"), titles, rows)


def _print_rejected(frame: Frame, result: ImportResult, *, every: bool) -> None:
    errors = [error for row in result.rejected for error in row.errors]
    shown = errors if every or frame.as_json else errors[:_MOST_SHOWN]
    frame.rows(
        _KEYS,
        _TITLES,
        [
            (
                error.row,
                error.column,
                error.code,
                error.value_masked,
                error.what.say(frame.language),
                error.hint.say(frame.language),
            )
            for error in shown
        ],
    )
    if len(shown) < len(errors):
        frame.say(
            "… 还有 {more:,} 条：--all", "… {more:,} more: --all", more=len(errors) - len(shown)
        )
