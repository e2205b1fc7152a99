"""Know how ``szunion doctor`` finds out why something does not work: one text that can be pasted.

Nothing personal and no setting's value is in it.
"""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from attrs import evolve, frozen

from szunion import __version__
from szunion.adapters.keys.checks import signature_holds
from szunion.adapters.reader.pcsc import PcscReader
from szunion.adapters.storage.addressed import is_postgres, postgres
from szunion.adapters.storage.sqlite.migrate import migrations
from szunion.adapters.system import ChineseCalendar, SystemClock
from szunion.application.witnesses import Witnesses
from szunion.bootstrap import UnionSystem
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.speech import dumps
from szunion.cli.streams import put
from szunion.domain.access import Principal, Purpose, Role, engine
from szunion.errors import ReaderError, StorageError, SzunionError, code_pages
from szunion.plugins import collect
from szunion.text import Text, counted

_EXTRAS = (
    ("excel", ("xlsxwriter", "python_calamine"), Text("Excel 花名册", "Excel rosters")),
    ("postgres", ("psycopg",), Text("PostgreSQL", "PostgreSQL")),
    ("report", ("lets_plot",), Text("报告里的图", "pictures in reports")),
)


@frozen
class Finding:
    """One thing that was looked at: ``ok``, ``warning`` or ``error``."""

    level: str
    text: Text
    code: str = ""


@click.command(
    help=helps(
        "诊断：检查各部分是否正常，输出可以转给别人看。Why does it not work? To be pasted.",
        "szunion doctor",
        "szunion --config szunion-demo/szunion.toml doctor",
        "szunion --json doctor",
    )
)
@framed
def doctor(frame: Frame) -> int:
    findings = list(_findings(frame))
    marks = {"ok": "✔", "warning": "!", "error": "✘"}
    for each in findings:
        if frame.as_json:
            said = each.text.say(frame.language)
            put(dumps({"level": each.level, "code": each.code, "text": said}))
            continue
        code = f"{each.code} " if each.code else ""
        put(f"{marks[each.level]} {code}{each.text.say(frame.language)}")
        page = code_pages().get(each.code)
        if page is not None:
            put(f"    {frame.text('处理', 'do')}  {page.do.say(frame.language)}")
    errors = sum(1 for each in findings if each.level == "error")
    warnings = sum(1 for each in findings if each.level == "warning")
    frame.say(
        "结论：{errors} 项错误，{warnings} 项警告",
        "result: {errors:|error|errors}, {warnings:|warning|warnings}",
        errors=errors,
        warnings=warnings,
    )
    return 1 if errors else 0


def _findings(frame: Frame) -> Iterator[Finding]:
    words = (
        f"Python {platform.python_version()} · szunion {__version__} · "
        f"SQLite {sqlite3.sqlite_version} · {platform.system()} {platform.machine()}"
    )
    yield Finding("ok", Text(words, words))
    yield from _extras()
    yield from _reader()
    yield from _calendar()
    yield from _adapters(frame)
    yield from _system(frame)


def _extras() -> Iterator[Finding]:
    for name, packages, purpose in _EXTRAS:
        missing = [each.replace("_", "-") for each in packages if find_spec(each) is None]
        if missing:
            lacking = "、".join(missing)
            yield Finding(
                "warning",
                Text(
                    f"没有 {lacking}（{purpose.zh}）：pip install “szunion[{name}]”",
                    f"no {lacking} ({purpose.en}): pip install “szunion[{name}]”",
                ),
            )
        else:
            yield Finding("ok", Text(f"{purpose.zh}可用", f"{purpose.en}: available"))


def _reader() -> Iterator[Finding]:
    """Ask the service itself: that pyscard can be imported proves nothing."""
    try:
        found = PcscReader().list()
    except ReaderError as error:
        yield evolve(_of(error), level="warning")
        return
    cards = sum(1 for seen in found if seen.atr is not None)
    words = Text(
        f"PC/SC 服务可用：{len(found)} 台读卡器，{cards} 张卡",
        f"the PC/SC service answers: {counted(len(found), 'reader', 'readers')}, "
        f"{counted(cards, 'card', 'cards')}",
    )
    yield Finding("ok", words)


def _calendar() -> Iterator[Finding]:
    today = SystemClock().today()
    last = date(today.year + 1, 12, 31)
    for year in ChineseCalendar().missing(today, last):
        yield Finding(
            "warning",
            Text(
                f"没有 {year} 年的节假日，按周一至周五为工作日计算",
                f"no holidays of {year}: Monday to Friday are taken for working days",
            ),
            "W-CAL-001",
        )


def _adapters(frame: Frame) -> Iterator[Finding]:
    try:
        allow = frozenset(filter(None, frame.settings().load_plugins.split(","))) or None
        found = collect(allow=allow)
    except SzunionError as error:
        yield _of(error)
        return
    for each in found.broken:
        words = f"{each.name}（{each.distribution}）：{each.problem}"
        yield Finding("error", Text(f"不能用的适配器 {words}", f"adapter cannot be used: {words}"))
    names = " · ".join(
        sorted(f"{kind.removesuffix('Spec').lower()} {name}" for kind, name in found.adapters)
    )
    count = len(found.adapters)
    yield Finding(
        "ok",
        Text(f"适配器 {count} 个：{names}", f"{counted(count, 'adapter', 'adapters')}: {names}"),
    )


def _system(frame: Frame) -> Iterator[Finding]:
    try:
        database = frame.settings().database
        path = Path(database.removeprefix("sqlite:///"))
        name, schema = path.name, len(migrations())
        if is_postgres(database):
            known = postgres("admin").state(database)
            name, schema = known.name, known.schema
            yield from _server(known)
        elif not path.is_file():
            yield Finding(
                "warning",
                Text(
                    f"数据库 {path.name} 尚未建立：运行 szunion db init，或先 szunion demo",
                    f"no database {path.name} yet: szunion db init, or first szunion demo",
                ),
            )
            return
        system = frame.system()
        by = Principal(id=frame.user, role=Role.CITY, purpose=Purpose.AUDIT)
        state = system.desk(by).audit.state()
        witnessed = list(_witness(system))
    except SzunionError as error:
        yield _of(error)
        return
    size = state.checkpoint.size if state.checkpoint else 0
    yield Finding(
        "ok",
        Text(
            f"数据库 {name} 结构版本 {schema}，已是最新；密钥可用；"
            f"审计日志已封存 {size:,} 条，未封存 {state.unsealed:,} 条",
            f"database {name}, schema {schema}, up to date; keys are there; "
            f"{counted(size, 'audit entry', 'audit entries')} sealed, {state.unsealed:,} not yet",
        ),
    )
    yield from witnessed


def _server(known: Any) -> Iterator[Finding]:  # noqa: ANN401 - of an extra: see bootstrap.postgres
    """Say how the server keeps what it acknowledges; what is unsafe was refused before."""
    seen = known.seen
    words = (
        f"PostgreSQL {seen.version} · fsync {seen.fsync} · full_page_writes "
        f"{seen.full_page_writes} · synchronous_commit {seen.synchronous_commit}"
    )
    net = Text("行级安全完整", "row-level security whole")
    if known.holes:
        yield _of(StorageError("E-STORE-024", tables=", ".join(known.holes)))
    else:
        yield Finding("ok", Text(f"{words} · {net.zh}", f"{words} · {net.en}"))
    for code in seen.warnings:
        yield Finding("warning", code_pages()[code].what, code)
    yield _standby(known.standby)


def _standby(found: Any) -> Finding:  # noqa: ANN401 - of an extra, as above
    """Say whether another server has what is acknowledged here."""
    if not found.names:
        return Finding("warning", code_pages()["W-STORE-011"].what, "W-STORE-011")
    if found.silent:
        return _of(
            StorageError(
                "E-STORE-032", names=found.names, waiting=found.waiting,
                seconds=f"{found.seconds:.0f}",
            )
        )  # fmt: skip
    words = f"{found.names} · {found.connected}"
    return Finding("ok", Text(f"同步备库 {words}", f"synchronous standby {words}"))


def _witness(system: UnionSystem) -> Iterator[Finding]:
    """Ask the witness itself: a no is the one sign of an old copy that was brought back."""
    if system.witness is None:
        return
    name = system.witness.key.name
    asked = Witnesses(system.office, engine(), signature_holds).ask(system.witness)
    why = None if asked is None else asked.refusal
    if why is None:
        words = Text(
            f"见证人 {name} 已见证最新检查点", f"the witness {name} has seen the newest log"
        )
        yield Finding("ok", words)
    else:
        yield Finding(
            "error",
            Text(
                f"见证人 {name} 拒签：{why.why.text.zh}（它见过 {why.size:,} 条）",
                f"the witness {name} refuses: {why.why.text.en} (it has seen {why.size:,})",
            ),
        )


def _of(error: SzunionError) -> Finding:
    from szunion.text import Language  # noqa: PLC0415 - only here

    return Finding("error", Text(error.what(), error.what(Language.EN)), error.code)
