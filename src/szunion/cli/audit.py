"""Know how the audit log is checked, proved, exported and asked on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from szunion.adapters.keys.checks import signature_holds
from szunion.application.audit import AuditLog
from szunion.cli.files import unusable, write_lines_new, write_new
from szunion.cli.frame import FORCE, Frame, framed, helps
from szunion.cli.streams import hand_over, put
from szunion.cli.witness import witness
from szunion.domain.access import Purpose, Role
from szunion.domain.audit_export import Verified, verify
from szunion.domain.city_time import CITY_TIME, meant
from szunion.domain.signed_notes import Checkpoint, Inclusion, NoteKey, encoded
from szunion.domain.wording import action_text
from szunion.errors import InvalidInput, NotFound
from szunion.text import Text


@click.group(
    help=helps(
        "审计日志：核验、证明、导出、见证、泄露范围。The audit log.",
        "szunion audit verify",
        "szunion audit export --out 日志.jsonl",
        "szunion audit verify --file 日志.jsonl --key 公钥.txt --checkpoint 旧检查点.txt",
    )
)
def audit() -> None: ...


audit.add_command(witness)
_KEY = click.option(
    "--key", "keys", metavar="KEY|FILE", multiple=True, help="日志的公钥  The log's key"
)
_OUT = click.option("--out", metavar="FILE", help="文件，缺省标准输出  File, else stdout")


_LONG_AGO = datetime(1970, 1, 2, tzinfo=CITY_TIME)
_FAR_OFF = datetime(9000, 1, 1, tzinfo=CITY_TIME)


def _log(frame: Frame) -> AuditLog:
    return frame.desk(Role.CITY, Purpose.AUDIT).audit


@audit.command(
    "verify",
    help=helps(
        "核验日志：本库的，或一份导出的（只要公钥）。Verify this log, or an export with its key.",
        "szunion audit verify",
        "szunion audit verify --file 日志.jsonl --key 公钥.txt",
        "szunion audit verify --file 日志.jsonl --key 公钥.txt --checkpoint 旧检查点.txt",
    ),
)
@click.option("--file", metavar="FILE", help="一份导出的日志  An exported log")
@_KEY
@click.option("--checkpoint", metavar="FILE", help="从前保存的检查点  A checkpoint kept outside")
@click.option(
    "--witness", "witnesses", metavar="KEY|FILE", multiple=True,
    help="至少要有其中一位见证人签过名  At least one of these must have signed",
)  # fmt: skip
@framed
def verify_(
    frame: Frame,
    *,
    file: str | None,
    keys: tuple[str, ...],
    checkpoint: str | None,
    witnesses: tuple[str, ...],
) -> int:
    known = Checkpoint.of(_text(checkpoint)) if checkpoint else None
    seen_by = [_witness_of(each) for each in witnesses]
    if file is not None:
        if not keys:
            raise click.UsageError(frame.text("--file 要有 --key", "--file needs --key"))
        with _lines(file) as lines:
            found = verify(lines, [key_of(each) for each in keys], signature_holds, known, seen_by)
        return _told(frame, found, 0)
    log = _log(frame)
    own = [key_of(each) for each in keys] or list(log.keys)
    found = verify(log.lines(), own, signature_holds, known, seen_by)
    return _told(frame, found, log.state().unsealed)


@audit.command(
    help=helps(
        "导出已封存的日志，逐行 JSON。Export the sealed log as lines of JSON.",
        "szunion audit export --out 日志.jsonl",
        "szunion audit export > 日志.jsonl",
    )
)
@_OUT
@FORCE
@framed
def export(frame: Frame, *, out: str | None, force: bool) -> None:
    log = _log(frame)
    if out is None:
        for line in log.export():
            hand_over(line, end="\n")
        return
    write_lines_new(out, log.export(), force=force)
    frame.value({"file": out, "key": str(log.key)})
    frame.say("已写 {out}；公钥 {key}", "wrote {out}; public key {key}", out=out, key=log.key)


@audit.command(
    help=helps(
        "最新的检查点：存到外面，日后用来核验。The newest checkpoint, to be kept outside.",
        "szunion audit checkpoint",
        "szunion audit checkpoint --out 检查点.txt",
        "szunion audit checkpoint --size 1200",
    )
)
@click.option("--size", type=click.IntRange(1), metavar="N", help="哪一个，缺省最新  Which one")
@_OUT
@FORCE
@framed
def checkpoint(frame: Frame, *, size: int | None, out: str | None, force: bool) -> None:
    found = _log(frame).checkpoint(size)
    if found is None:
        raise NotFound("E-AUDIT-003", size=size or 0)
    _written(out, found.note, force=force)


@audit.command(
    help=helps(
        "日志的公钥：交给要核验的人。The log's public key, for whoever checks it.",
        "szunion audit key",
        "szunion audit key --out 公钥.txt",
    )
)
@_OUT
@FORCE
@framed
def key(frame: Frame, *, out: str | None, force: bool) -> None:
    _written(out, f"{_log(frame).key}\n", force=force)


@audit.command(
    help=helps(
        "证明一条记录在日志里；--check 核验一份证明。Prove that an entry is in the log.",
        "szunion audit prove 7205759403792794",
        "szunion audit prove 7205759403792794 --out 证明.txt",
        "szunion audit prove --check 证明.txt --key 公钥.txt",
    )
)
@click.argument("entry", metavar="ENTRY", type=int, required=False)
@_OUT
@FORCE
@click.option("--check", metavar="FILE", help="核验一份证明  Check a proof")
@_KEY
@framed
def prove(  # noqa: PLR0913 - a proof is made, or checked
    frame: Frame,
    *,
    entry: int | None,
    out: str | None,
    force: bool,
    check: str | None,
    keys: tuple[str, ...],
) -> int:
    if check is not None:
        if not keys:
            raise click.UsageError(frame.text("--check 要有 --key", "--check needs --key"))
        proof = Inclusion.of(_text(check))
        sound = any(proof.holds(key_of(each), signature_holds) for each in keys)
        frame.value({"sound": sound, "entry": proof.leaf.decode("utf-8", "replace")})
        words = ("✔ 在日志里：", "✔ in the log: ") if sound else ("✘ 证明不成立：", "✘ no proof: ")
        frame.say("{head}{leaf}", "{head}{leaf}", head=frame.text(*words),
                  leaf=proof.leaf.decode("utf-8", "replace"))  # fmt: skip
        return 0 if sound else 1
    if entry is None:
        raise click.UsageError(frame.text("要有条目编号", "an entry's id is needed"))
    _written(out, _log(frame).prove(entry).text, force=force)
    return 0


@audit.command(
    help=helps(
        "一致性证明：新日志由旧日志只增不改而来。Prove that the log of NEW grew from OLD.",
        "szunion audit consistency 1200 5000",
    )
)
@click.argument("old", metavar="OLD", type=click.IntRange(0))
@click.argument("new", metavar="NEW", type=click.IntRange(0))
@framed
def consistency(frame: Frame, *, old: int, new: int) -> None:
    hashes = [encoded(each) for each in _log(frame).consistency(old, new)]
    frame.value({"old": old, "new": new, "proof": hashes})
    if not frame.as_json:
        for each in hashes:
            put(each)


@audit.command(
    help=helps(
        "泄露范围：某账号在一段时间里看过、改过的全部事项。What an account touched in a time.",
        "szunion audit scope 张经办",
        "szunion audit scope 张经办 --from 2026-03-01 --to 2026-03-09",
    )
)
@click.argument("account", metavar="ACCOUNT")
@click.option("--from", "since", type=click.DateTime(), help="从何时起  From")
@click.option("--to", "until", type=click.DateTime(), help="到何时前  To, exclusive")
@framed
def scope(frame: Frame, *, account: str, since: datetime | None, until: datetime | None) -> None:
    first, last = meant(since or _LONG_AGO), meant(until or _FAR_OFF)
    log, people, count = _log(frame), set[int](), 0
    for each in log.touched(account, first, last):
        count += 1
        what, person = each.entry, each.entry.person
        people.update({person} - {0})
        name = frame.outward("m", person) if person else ""
        line = {
            "at": frame.local(each.at), "action": what.action, "subject": what.subject,
            "member": name, "before": what.before, "after": what.after, "entry": each.id,
        }  # fmt: skip
        frame.value(line)
        frame.say(
            "{at}  {what}  {name}", "{at}  {what}  {name}", at=line["at"],
            what=action_text(what.action).say(frame.language), name=name or what.subject,
        )  # fmt: skip
    frame.note(
        "{account}：{count:,} 条记录，涉及 {people:,} 人",
        "{account}: {count:,|entry|entries}, {people:,|person|people}",
        account=account, count=count, people=len(people),
    )  # fmt: skip


def key_of(text: str) -> NoteKey:
    """Return a verifier key that is given itself, or as a file of it."""
    try:
        a_file = Path(text).is_file()
    except OSError:  # no file's name is that long
        a_file = False
    return NoteKey.of(_text(text) if a_file else text)


def _witness_of(text: str) -> NoteKey:
    """Return a witness's key: the log's own signature is nobody else's word for it."""
    found = key_of(text)
    if not found.witness:
        raise InvalidInput("E-AUDIT-001", what="见证人的公钥", what_en="a witness's key")
    return found


def _told(frame: Frame, found: Verified, unsealed: int) -> int:
    frame.value(
        {
            "sound": found.sound,
            "entries": found.entries,
            "root": encoded(found.root),
            "checkpoints": found.checkpoints,
            "witnesses": list(found.witnesses),
            "unsealed": unsealed,
            "problems": [{"at": each.at, "finding": each.finding.value} for each in found.problems],
        }
    )
    if not frame.as_json:
        mark = "✔" if found.sound else "✘"
        put(f"{mark} {found.text.say(frame.language)}")
        if found.witnesses:
            names = Text("、".join(found.witnesses), ", ".join(found.witnesses))
            frame.say("已见证：{who}", "seen by {who}", who=names.say(frame.language))
        if unsealed:
            frame.say("未封存 {count:,} 条", "{count:,} not sealed yet", count=unsealed)
    return 0 if found.sound else 1


def _written(path: str | None, text: str, *, force: bool) -> None:
    if path is None:
        hand_over(text)
        return
    write_new(path, text.encode(), force=force)


@contextmanager
def _lines(path: str) -> Iterator[Iterable[str]]:
    """Give the lines of a file one by one, whatever its length."""
    try:
        with Path(path).open(encoding="utf-8", newline="\n") as file:
            yield (line.removesuffix("\n") for line in file)
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path, error) from None


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path, error) from None
