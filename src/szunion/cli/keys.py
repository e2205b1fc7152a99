"""Know how a city's keys are looked at and changed on the command line."""

from __future__ import annotations

import click

from szunion.application.keys import AT_ONCE, KeyCare
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.speech import progress
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.city_time import day_of
from szunion.domain.keyset import ROTATES, KeyEntry, KeyProfile, KeyUse
from szunion.text import Text

_USES = [use.value for use in KeyUse if use in ROTATES]
_KEYS = ("key", "use", "suite", "status", "primary", "created", "rows")
_TITLES = (
    Text("编号", "key"),
    Text("用途", "use"),
    Text("算法", "suite"),
    Text("状态", "status"),
    Text("在用", "present"),
    Text("日期", "date"),
    Text("行数", "rows"),
)
CRYPTO = click.option(
    "--crypto",
    type=click.Choice([each.value for each in KeyProfile]),
    help="密码算法  Algorithms: intl, gm",
)


@click.group(
    help=helps(
        "密钥。Keys: which there are, new ones, the end of old ones.",
        "szunion keys status --count",
        "szunion keys rotate seal",
        "szunion keys reseal",
        "szunion keys retire 1",
    )
)
def keys() -> None: ...


def _care(frame: Frame) -> KeyCare:
    by = Principal(id=frame.user, role=Role.CITY, purpose=Purpose.OPERATE)
    return frame.system().key_care(by)


def _told(frame: Frame, entry: KeyEntry) -> dict[str, object]:
    told: dict[str, object] = {
        "key": entry.id, "use": entry.use.value, "suite": entry.suite, "status": entry.status.value,
    }  # fmt: skip
    frame.value(told)
    return told


@keys.command(
    help=helps(
        "有哪些密钥；--count 数出各自加密的行数。Which keys there are.",
        "szunion keys status",
        "szunion keys status --count",
    )
)
@click.option("--count", is_flag=True, help="逐行清点（大库要几分钟）  Count rows; looks at all")
@framed
def status(frame: Frame, *, count: bool) -> None:
    care = _care(frame)
    counted = care.rows() if count else {}
    shown: list[tuple[object, ...]] = []
    for each, new in care.entries():
        present = frame.text("是", "yes") if new else None
        day = day_of(each.created).isoformat() if each.created else None
        rows = counted.get(each.id, 0) if count and each.use is KeyUse.SEAL else None
        shown.append((each.id, each.use, each.suite, each.status, present, day, rows))
    frame.rows(_KEYS, _TITLES, shown)


@keys.command(
    help=helps(
        "换钥：新数据从此用新密钥，旧数据照常可读。A new key for new rows; old rows stay readable.",
        "szunion keys rotate seal",
        "szunion keys rotate document",
        "szunion keys rotate seal --crypto gm",
    )
)
@click.argument("use", type=click.Choice(_USES))
@CRYPTO
@framed
def rotate(frame: Frame, *, use: str, crypto: str | None) -> None:
    profile = KeyProfile(crypto) if crypto else None
    entry = _care(frame).rotate(KeyUse(use), profile=profile)
    _told(frame, entry)
    frame.say(
        "新密钥 {key}（{use}，{suite}）；请重新备份密钥文件",
        "new key {key} ({use}, {suite}); back up the key file again",
        key=entry.id, use=frame.cell(entry.use), suite=entry.suite,
    )  # fmt: skip
    if entry.use is KeyUse.TOMBSTONE:
        frame.say(
            "已有的墓碑仍用旧密钥，不能改换（原文不保存）；旧密钥启用期间，仍能识别它们。"
            "留存期满后，先 szunion keys retire，再 szunion keys destroy",
            "existing tombstones stay under the old key and cannot be changed over (their text is "
            "not stored); the old key recognises them while it is enabled. When their term is "
            "over: szunion keys retire, then szunion keys destroy",
        )
    else:
        frame.say(
            "接着运行 szunion keys reseal，把已有的行换过来",
            "next, move the existing rows to it: szunion keys reseal",
        )


@keys.command(
    help=helps(
        "把已有的行改用在用的密钥；可中断，再次运行会接着做。Bring old rows under present keys.",
        "szunion keys reseal",
        "szunion keys reseal --most 100",
    )
)
@click.option(
    "--most",
    type=click.IntRange(1, 10_000),
    default=AT_ONCE,
    show_default=True,
    help="每个事务的行数  Rows in one transaction",
)
@framed
def reseal(frame: Frame, *, most: int) -> None:
    changed: dict[str, int] = {}
    for step in _care(frame).bring(most=most):
        changed[step.name] = step.changed
        progress(step.seen, None, step.name)
    for name, count in changed.items():
        frame.say(
            "{name}：换了 {count} 行", "{name}: {count:|row|rows} brought", name=name, count=count
        )
    frame.value({"changed": changed})
    if not changed:
        frame.say("全部已使用在用的密钥", "everything is under the present keys already")


@keys.command(
    help=helps(
        "停用一把旧密钥；仍有行使用它则拒绝。Disable an old key; refused while rows need it.",
        "szunion keys retire 1",
    )
)
@click.argument("key", type=int)
@framed
def retire(frame: Frame, *, key: int) -> None:
    entry = _care(frame).retire(key)
    _told(frame, entry)
    frame.say("已停用 {key}", "disabled {key}", key=key)
    if entry.use is KeyUse.TOMBSTONE:
        frame.say(
            "它的墓碑不再认得出已删除的人；留存期未过的，请 szunion keys enable {key}",
            "its tombstones recognise nobody who was erased any more; if their time is not over: "
            "szunion keys enable {key}",
            key=key,
        )


@keys.command(
    help=helps(
        "重新启用停用的密钥。Enable a key that was disabled.",
        "szunion keys enable 1",
    )
)
@click.argument("key", type=int)
@framed
def enable(frame: Frame, *, key: int) -> None:
    entry = _care(frame).enable(key)
    _told(frame, entry)
    frame.say("已启用 {key}", "enabled {key}", key=key)


@keys.command(
    help=helps(
        "销毁已停用的密钥：用它加密的数据，备份里也无法再打开。Destroy a disabled key for good.",
        "szunion keys destroy 1 --yes",
    )
)
@click.argument("key", type=int)
@click.option("--yes", is_flag=True, help="确认：销毁后无法恢复  Yes, for good")
@framed
def destroy(frame: Frame, *, key: int, yes: bool) -> None:
    if not yes:
        raise click.UsageError(
            frame.text(
                "销毁后无法恢复，旧备份也打不开；确认请加 --yes",
                "it does not come back, and old backups do not open; say --yes",
            )
        )
    entry = _care(frame).destroy(key)
    _told(frame, entry)
    frame.say(
        "已销毁 {key}；密钥文件的旧备份里还有它，也须销毁",
        "destroyed {key}; destroy the key file's old backups too, or it is still there",
        key=key,
    )


@keys.command(
    help=helps(
        "更换包装所有密钥的主密钥；数据不变。A fresh key that wraps all others; data stay.",
        "szunion keys rewrap",
    )
)
@framed
def rewrap(frame: Frame) -> None:
    care = _care(frame)
    care.rewrap()
    frame.value({"wrapped": len(care.entries())})
    frame.say(
        "主密钥已更换，{count} 把密钥已重新包装；请重新备份密钥文件",
        "{count:|key is|keys are} wrapped anew; back up the key file again",
        count=len(care.entries()),
    )
