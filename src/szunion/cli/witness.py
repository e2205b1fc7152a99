"""Know how a witness of the audit log is begun, told whom to watch, and asked (见证人)."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from szunion.adapters.keys.checks import signature_holds
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.system import SystemClock
from szunion.adapters.witness.command import CommandWitness, answer_text
from szunion.adapters.witness.directory import WitnessDirectory, begin_witness, witness_name
from szunion.application.witnesses import Asked, Witnesses
from szunion.cli.files import unusable
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.streams import hand_over
from szunion.domain.access import engine
from szunion.domain.signed_notes import NoteKey, Signature
from szunion.errors import InvalidInput


@click.group(
    help=helps(
        "见证人：保存日志的检查点，只给只增不改的日志签名。A witness signs what only ever grew.",
        "szunion audit witness new /var/lib/witness --name bank.example/witness",
        "szunion audit witness trust /var/lib/witness 公钥.txt",
        "szunion audit witness ask --key 见证公钥.txt -- ssh bank szunion audit witness sign DIR",
    )
)
def witness() -> None: ...


def _opened(directory: str) -> WitnessDirectory:
    path = Path(directory)
    name = witness_name(path)
    signer = FileKeys.open(path / "witness.keys").signer(name)
    return WitnessDirectory(path, signer, signature_holds, SystemClock())


def _key(text: str) -> NoteKey:
    try:
        return NoteKey.of(Path(text).read_text("utf-8") if Path(text).is_file() else text)
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(text, error) from None


@witness.command(
    help=helps(
        "在见证人自己的机器上建立见证目录。Make a witness's directory, on its own machine.",
        "szunion audit witness new /var/lib/witness --name bank.example/witness",
    )
)
@click.argument("directory", metavar="DIR")
@click.option("--name", required=True, metavar="NAME", help="见证人的名字  The witness's name")
@framed
def new(frame: Frame, *, directory: str, name: str) -> None:
    if name.split() != [name] or "+" in name:
        raise InvalidInput("E-AUDIT-001", what="见证人的名字", what_en="a witness's name")
    begin_witness(Path(directory), name)
    key = _opened(directory).key
    frame.value({"directory": directory, "key": str(key)})
    frame.say("见证公钥 {key}", "the witness's key {key}", key=key)


@witness.command(
    help=helps(
        "开始见证一份日志；公钥须由人当面交来。Watch a log; its key came by hand.",
        "szunion audit witness trust /var/lib/witness 公钥.txt",
    )
)
@click.argument("directory", metavar="DIR")
@click.argument("key", metavar="KEY|FILE")
@framed
def trust(frame: Frame, *, directory: str, key: str) -> None:
    log = _key(key)
    _opened(directory).trust(log)
    frame.value({"log": log.name})
    frame.say("开始见证 {log}", "{log} is watched", log=log.name)


@witness.command(
    help=helps(
        "回答一次请求：标准输入进，签名或拒签出。Answer a question on stdin, on stdout.",
        "szunion audit witness sign /var/lib/witness < 请求.txt",
    )
)
@click.argument("directory", metavar="DIR")
@framed
def sign(frame: Frame, *, directory: str) -> int:  # noqa: ARG001 - what is said is for a program
    answer = _opened(directory).answer(sys.stdin.read())
    hand_over(answer_text(answer))
    return 0 if isinstance(answer, Signature) else 1


@witness.command(
    help=helps(
        "请见证人在最新检查点上签名；缺省是设置里的那位。Have the newest checkpoint signed.",
        "szunion audit witness ask",
        "szunion audit witness ask --key 见证公钥.txt -- szunion audit witness sign DIR",
    )
)
@click.option("--key", metavar="KEY|FILE", help="见证人的公钥  The witness's key")
@click.argument("command", nargs=-1, metavar="-- COMMAND…")
@framed
def ask(frame: Frame, *, key: str | None, command: tuple[str, ...]) -> int:
    system = frame.system()
    if key is not None and command:
        asked = Witnesses(system.office, engine(), signature_holds).ask(
            CommandWitness(_key(key), command)
        )
    elif system.witness is not None:
        asked = Witnesses(system.office, engine(), signature_holds).ask(system.witness)
    else:
        raise click.UsageError(
            frame.text("设置里没有见证人", "the settings name no witness: --key KEY -- COMMAND")
        )
    return _told(frame, asked)


def _told(frame: Frame, asked: Asked | None) -> int:
    if asked is None:
        frame.value({"asked": False})
        frame.say("没有新的检查点要见证", "there is no new checkpoint to be seen")
        return 0
    refusal = asked.refusal
    why = None if refusal is None else refusal.why
    seen = None if refusal is None else refusal.size
    frame.value({"asked": True, "size": asked.size, "refused": why and why.value, "seen": seen})
    if why is None:
        frame.say("✔ {who} 已见证 {size:,} 条", "✔ {who} has seen {size:,|entry|entries}",
                  who=asked.witness, size=asked.size)  # fmt: skip
        return 0
    frame.say(
        "✘ {who} 拒签：{why}（见证人见过 {seen:,} 条，本库 {size:,} 条）",
        "✘ {who} refuses: {why} (it has seen {seen:,|entry|entries}, here are {size:,})",
        who=asked.witness, why=why.text.say(frame.language), seen=seen, size=asked.size,
    )  # fmt: skip
    return 1
