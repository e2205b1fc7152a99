"""Know how the audit log is verified and exported on the command line."""

from __future__ import annotations

from pathlib import Path

import click

from szunion.adapters.keys.file import signed_by
from szunion.cli.frame import Frame, framed, helps, unusable
from szunion.domain.access import Purpose, Role
from szunion.domain.audit import Checkpoint
from szunion.domain.audit_export import Verified, checkpoint_from, verify
from szunion.errors import InvalidInput


@click.group(
    help=helps(
        "审计日志。The audit log.",
        "szunion audit verify",
        "szunion audit export --out 日志.jsonl",
        "szunion audit verify --file 日志.jsonl --key 公钥.hex",
    )
)
def audit() -> None: ...


@audit.command(
    "verify",
    help=helps(
        "核验日志：本库的，或一份导出的（只要公钥）。Verify this log, or an export with its key.",
        "szunion audit verify",
        "szunion audit verify --file 日志.jsonl --key 公钥.hex",
        "szunion audit verify --known 检查点.json",
    ),
)
@click.option("--file", metavar="FILE", help="一份导出的日志  An exported log")
@click.option("--key", metavar="HEX|FILE", help="公钥，十六进制  The public key, hex")
@click.option("--known", metavar="FILE", help="从前保存的检查点  A checkpoint kept outside")
@framed
def verify_(frame: Frame, *, file: str | None, key: str | None, known: str | None) -> int:
    kept = checkpoint_from(_text(known)) if known else None
    if file is not None:
        if key is None:
            raise click.UsageError(frame.text("--file 要有 --key", "--file needs --key"))
        return _told(frame, _verified(_text(file).splitlines(), key, kept), 0)
    desk = frame.desk(Role.CITY, Purpose.AUDIT).audit
    public = frame.system().office.signer.public.hex()
    return _told(frame, _verified(list(desk.export()), key or public, kept), desk.state().unsealed)


@audit.command(
    help=helps(
        "导出已封存的日志，逐行 JSON。Export the sealed log as lines of JSON.",
        "szunion audit export --out 日志.jsonl",
        "szunion audit export > 日志.jsonl",
    )
)
@click.option("--out", metavar="FILE", help="文件，缺省标准输出  File, else stdout")
@framed
def export(frame: Frame, *, out: str | None) -> None:
    lines = frame.desk(Role.CITY, Purpose.AUDIT).audit.export()
    if out is None:
        for line in lines:
            click.echo(line)
        return
    text = "".join(line + "\n" for line in lines)
    try:
        Path(out).write_text(text, "utf-8")
    except OSError as error:
        raise unusable(out, error) from None
    public = frame.system().office.signer.public.hex()
    frame.value({"file": out, "key": public})
    frame.say("已写 {out}；公钥 {key}", "wrote {out}; public key {key}", out=out, key=public)


def _verified(lines: list[str], key: str, known: Checkpoint | None) -> Verified:
    word = _text(key).strip() if Path(key).is_file() else key
    try:
        public = bytes.fromhex(word)
    except ValueError:
        raise InvalidInput("E-CLI-006", name="--key") from None
    return verify(lines, public, signed_by, known)


def _told(frame: Frame, found: Verified, unsealed: int) -> int:
    frame.value(
        {
            "sound": found.sound,
            "entries": found.entries,
            "checkpoints": found.checkpoints,
            "unsealed": unsealed,
            "problems": [{"at": each.at, "finding": each.finding.value} for each in found.problems],
        }
    )
    if not frame.as_json:
        mark = "✔" if found.sound else "✘"
        click.echo(f"{mark} {found.text.say(frame.language)}")
        if unsealed:
            frame.say("未封存 {count:,} 条", "{count:,} not sealed yet", count=unsealed)
    return 0 if found.sound else 1


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path, error) from None
