"""Know how rosters are checked and imported on the command line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from szunion.adapters.roster.writer import ExcelRosterWriter
from szunion.application.enrolment import ImportResult
from szunion.cli.frame import PARTLY, Frame, framed, helps, progress
from szunion.domain.access import Purpose, Role
from szunion.domain.roster_rows import PlainVerdict
from szunion.errors import InvalidInput
from szunion.text import Text

_MOST_SHOWN = 20
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
@framed
def template(frame: Frame, out: str) -> None:
    _write(out, ExcelRosterWriter(frame.language).template())
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
    )
)
@click.argument("file")
@_ORG
@_SHEET
@click.option("--all", "every", is_flag=True, help="列出全部错行  Show all rejected rows")
@framed
def check(frame: Frame, file: str, *, org: str, sheet: str | None, every: bool) -> int:
    result = _read(frame, file, org, sheet, dry_run=True)
    _print(frame, file, result, every=every)
    good = result.read
    frame.say(
        "可导入 {good:,} 行，错 {bad:,} 行。未写入任何数据。",
        "{good:,} rows can be imported, {bad:,} are rejected. Nothing was written.",
        good=good,
        bad=len(result.result.rejected),
    )
    return PARTLY if result.result.rejected else 0


@roster.command(
    "import",
    help=helps(
        "导入；错行写入“待修正”工作簿，改好再导。Import; bad rows go to a workbook.",
        "szunion roster import 花名册.xlsx --org 440305-0001",
        "szunion roster import 花名册-待修正.xlsx --org 440305-0001",
        "szunion roster import 花名册.xlsx --org 440305-0001 --dry-run",
    ),
)
@click.argument("file")
@_ORG
@_SHEET
@click.option("--mend", metavar="FILE", help="待修正工作簿  Where rejected rows go")
@click.option("--dry-run", is_flag=True, help="只检查，不写入  Judge only")
@framed
def import_(  # noqa: PLR0913 - what the person at the desk decides
    frame: Frame, file: str, *, org: str, sheet: str | None, mend: str | None, dry_run: bool
) -> int:
    read = _read(frame, file, org, sheet, dry_run=dry_run)
    result = read.result
    _print(frame, file, read, every=False)
    if result.rejected and not dry_run:
        target = mend or str(Path(file).with_name(f"{Path(file).stem}-待修正.xlsx"))
        _write(target, ExcelRosterWriter(frame.language).to_mend(result.heading, result.rejected))
        frame.say(
            "{count:,} 行写入 {target}：改好后直接再导入",
            "{count:,} rows went to {target}: mend and import it as it is",
            count=len(result.rejected),
            target=target,
        )
    if not dry_run:
        frame.say(
            "已导入 {rows:,} 人（新增 {added:,} · 更新 {changed:,} · 未变 {same:,}）",
            "imported {rows:,} people ({added:,} new, {changed:,} changed, {same:,} the same)",
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
@framed
def rejects(frame: Frame, file: str, *, org: str, sheet: str | None, out: str | None) -> int:
    read = _read(frame, file, org, sheet, dry_run=True)
    result = read.result
    if out:
        _write(out, ExcelRosterWriter(frame.language).to_mend(result.heading, result.rejected))
        frame.note("已写 {out}", "wrote {out}", out=out)
    _print_rejected(frame, result, every=True)
    return PARTLY if result.rejected else 0


class _Read:
    """A result, and how many rows were fit to be imported."""

    def __init__(self, result: ImportResult, read: int) -> None:
        self.result = result
        self.read = read


def _read(frame: Frame, file: str, org: str, sheet: str | None, *, dry_run: bool) -> _Read:
    desk = frame.desk(Role.GRASSROOTS, Purpose.ENROL, org)
    union = frame.union(org)
    seen: Counter[str] = Counter()

    def count(verdict: PlainVerdict) -> None:
        seen[type(verdict).__name__] += 1
        if sum(seen.values()) % 1000 == 0:
            progress(sum(seen.values()), None, frame.text("已读", "read"))

    try:
        result = desk.roster.import_file(file, union.id, dry_run=dry_run, on_row=count, sheet=sheet)
    except OSError as error:
        raise _unreadable(file, error) from None
    return _Read(result, seen["PlainRow"])


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
            }
        )
        return
    frame.say(
        "读取 {file} › “{sheet}”  {encoding}",
        "read {file} › “{sheet}”  {encoding}",
        file=Path(file).name,
        sheet=result.sheet,
        encoding=result.encoding,
    )
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
    if result.rejected:
        _print_rejected(frame, result, every=every)


def _print_rejected(frame: Frame, result: ImportResult, *, every: bool) -> None:
    errors = [error for row in result.rejected for error in row.errors]
    shown = errors if every or frame.as_json else errors[:_MOST_SHOWN]
    frame.rows(
        _KEYS,
        _TITLES,
        [
            (
                error.row,
                error.column.label if error.column else None,
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


def _write(path: str, data: bytes) -> None:
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> InvalidInput:
    return InvalidInput("E-CLI-005", path=Path(path).name, reason=error.strerror or "")
