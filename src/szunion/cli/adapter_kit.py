"""Know how an adapter is held to its promises on the command line (适配器验收)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from szunion.cli.endings import PARTLY
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.streams import put
from szunion.errors import PluginError
from szunion.plugins import BankSpec, Registry, collect
from szunion.text import Text

if TYPE_CHECKING:
    from szunion.testing.bank import BankPromises, Outcome, Tier
    from szunion.testing.bank.matrix import Score

_TIERS: Final = click.option(
    "--tier", type=click.Choice(["bronze", "silver", "gold"]), default="silver", show_default=True,
    help="检验到哪一级规则  Up to which tier",
)  # fmt: skip
_SEED: Final = click.option("--seed", type=int, default=7, show_default=True, help="种子  Seed")
_SHOWN: Final = 3
"""So many stories of broken laws are printed in full."""


@click.command(
    help=helps(
        "用验收套件检验一个银行适配器；有规则未守住，退出码 1。Hold an adapter to its promises.",
        "szunion adapter conform simulated",
        "szunion adapter conform simulated --tier gold --seed 11",
        "szunion adapter conform simulated --law a_lost_answer_is_unknown_and_settled_by_asking",
    )
)
@click.argument("name")
@_TIERS
@_SEED
@click.option("--law", "laws", multiple=True, metavar="NAME", help="只检验这几条  Only these laws")
@framed
def conform(frame: Frame, name: str, tier: str, seed: int, laws: Sequence[str]) -> int:
    from szunion.testing.bank import Verdict  # noqa: PLC0415 - the kit needs pytest

    promises = _promises(collect().sound(), name)
    found = list(_run(promises, name, tier, seed, laws))
    broken = [each for each in found if each.verdict is Verdict.BROKEN]
    frame.rows(
        ("law", "request", "tier", "verdict", "title"),
        (
            Text("规则", "law"),
            Text("请求", "request"),
            Text("级", "tier"),
            Text("结果", "result"),
            Text("名称", "title"),
        ),
        [
            (
                each.law.anchor,
                each.request,
                each.law.tier,
                each.verdict.value,
                each.law.title.say(frame.language),
            )
            for each in found
            if each.verdict is not Verdict.SKIPPED or frame.as_json
        ],
    )
    for each in broken[:_SHOWN]:
        put(f"\n{each.text}", err=True)
    kept = sum(each.verdict is Verdict.KEPT for each in found)
    frame.note(
        "{name}：守住 {kept} 项，未守住 {broken} 项，不适用 {rest} 项",
        "{name}: {kept} kept, {broken} broken, {rest} not for it",
        name=name, kept=kept, broken=len(broken), rest=len(found) - kept - len(broken),
    )  # fmt: skip
    return 1 if broken else 0


@click.command(
    help=helps(
        "按检验结果列出支持情况和等级；有未守住的，退出码 3。The support matrix, from results.",
        "szunion adapter matrix",
        "szunion adapter matrix simulated --tier gold",
        "szunion --json adapter matrix",
    )
)
@click.argument("names", nargs=-1)
@_TIERS
@_SEED
@click.option(
    "--quality", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="adapter-quality.toml：铂级由人声明的部分  What people say for platinum",
)  # fmt: skip
@framed
def matrix(frame: Frame, names: Sequence[str], tier: str, seed: int, quality: Path | None) -> int:
    from szunion.testing.bank import matrix as kit  # noqa: PLC0415 - the kit needs pytest

    said = None if quality is None else kit.read_quality(quality)
    registry = collect().sound()
    chosen = names or tuple(_with_promises(registry))
    lines: dict[str, dict[str, kit.Score]] = {}
    tiers: dict[str, Tier | None] = {}
    for name in chosen:
        promises = _promises(registry, name)
        outcomes = list(_run(promises, name, tier, seed, ()))
        accepts = promises.accepted()
        lines[name] = {score.request: score for score in kit.scores(outcomes, accepts)}
        tiers[name] = kit.tier_of(outcomes, accepts, said)
    requests = list(next(iter(lines.values()), {}))
    rows: list[Sequence[object]] = [
        (
            request,
            frame.text("是", "yes") if lines[chosen[0]][request].required else "",
            *(_cell(frame, lines[name][request]) for name in chosen),
        )
        for request in requests
    ]
    rows.append((frame.text("等级", "tier"), "", *(tiers[name] for name in chosen)))
    titles = (Text("请求", "request"), Text("必需", "required"), *(Text(n, n) for n in chosen))
    frame.rows(("request", "required", *chosen), titles, rows)
    fine = all(not score.broken for line in lines.values() for score in line.values())
    return 0 if fine else PARTLY


def _cell(frame: Frame, score: Score) -> str:
    if not score.claimed:
        return frame.text("不支持", "no")
    whole = score.kept + score.broken
    return frame.text(
        f"{'通过' if score.whole else '未通过'} {score.kept}/{whole}",
        f"{'yes' if score.whole else 'broken'} {score.kept}/{whole}",
    )


def _run(
    promises: type[BankPromises], name: str, tier: str, seed: int, laws: Sequence[str]
) -> Iterable[Outcome]:
    from szunion.testing.bank import Tier, check_promises  # noqa: PLC0415 - as above
    from szunion.testing.bank.laws import LAWS  # noqa: PLC0415 - as above

    only = [f"test_{law.removeprefix('test_').replace('-', '_')}" for law in laws]
    for law in only:
        if law not in LAWS:
            raise PluginError("E-PLUGIN-011", name=law.removeprefix("test_"))
    replay = f"szunion adapter conform {name} --tier {tier} --seed {{seed}} --law {{law}}"
    with tempfile.TemporaryDirectory(prefix="szunion-kit-") as folder:
        yield from check_promises(
            promises, Path(folder), seed=seed, tier=Tier[tier.upper()], only=only, replay=replay
        )


def _with_promises(registry: Registry) -> Iterator[str]:
    for (_, name), spec in sorted(registry.adapters.items()):
        if isinstance(spec, BankSpec) and spec.promises:
            yield name


def _promises(registry: Registry, name: str) -> type[BankPromises]:
    """Return the promises of the adapter *name*.

    Raises:
        PluginError: there is no such adapter (E-PLUGIN-001), it brings no promises or they cannot
            be loaded (E-PLUGIN-010), or the kit's own needs are not installed (E-PLUGIN-013).
    """
    try:
        from szunion.testing.bank import BankPromises  # noqa: PLC0415 - as above
    except ImportError:
        raise PluginError("E-PLUGIN-013") from None
    spec = registry.bank(name)
    module, _, attribute = spec.promises.partition(":")
    if not attribute:
        raise PluginError("E-PLUGIN-010", name=name, problem=spec.promises or "-")
    try:
        found = getattr(import_module(module), attribute)
    except Exception as error:  # noqa: BLE001 - a stranger's import may raise anything
        raise PluginError("E-PLUGIN-010", name=name, problem=type(error).__name__) from None
    if not (isinstance(found, type) and issubclass(found, BankPromises)):
        raise PluginError("E-PLUGIN-010", name=name, problem=attribute)
    return found
