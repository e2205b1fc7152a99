"""Know how installed adapters and cities are listed on the command line."""

from __future__ import annotations

import attrs
import click

from szunion.adapters.system import SystemClock
from szunion.cli.adapter_kit import conform, matrix
from szunion.cli.frame import Frame, framed, helps
from szunion.plugins import collect
from szunion.ports.bank import ReceivesCallbacks
from szunion.text import Text


@click.group(help=helps("适配器。Adapters.", "szunion adapter list", "szunion --json adapter list"))
def adapter() -> None: ...


@adapter.command(
    "list",
    help=helps(
        "已安装的适配器和城市；有不能用的，退出码 1。What is installed, and what cannot be used.",
        "szunion adapter list",
        "szunion --json adapter list",
    ),
)
@framed
def list_(frame: Frame) -> int:
    allow = frozenset(filter(None, frame.settings().load_plugins.split(","))) or None
    found = collect(allow=allow)
    rows: list[tuple[object, ...]] = [
        (kind.removesuffix("Spec").lower(), name, spec.title.say(frame.language), spec.distribution)
        for (kind, name), spec in sorted(found.adapters.items())
    ]
    rows += [
        ("city", name, spec.title.say(frame.language), spec.distribution)
        for name, spec in sorted(found.cities.items())
    ]
    titles = (
        Text("种类", "kind"),
        Text("名称", "name"),
        Text("说明", "title"),
        Text("来自", "from"),
    )
    frame.rows(("kind", "name", "title", "distribution"), titles, rows)
    for each in found.broken:
        frame.note(
            "✘ {name}（{source}）用不了：{problem}",
            "✘ {name} ({source}) cannot be used: {problem}",
            name=each.name,
            source=each.distribution,
            problem=each.problem,
        )
    return 1 if found.broken else 0


@adapter.command(
    help=helps(
        "查看一个银行适配器能否装配、自述了什么；不联系银行。What an adapter says of itself.",
        "szunion adapter check simulated",
        "szunion --json adapter check simulated",
    )
)
@click.argument("name")
@framed
def check(frame: Frame, name: str) -> int:
    """Build the adapter with the settings of this installation, and look at its info."""
    settings = frame.settings()
    allow = frozenset(filter(None, settings.load_plugins.split(","))) or None
    spec = collect(allow=allow).sound().bank(name)
    given = settings.bank.settings if settings.bank.name == name else {}
    bank = spec.build(given, SystemClock())
    info = bank.info
    seen = {
        "name": info.name,
        "accepts": sorted(kind.__name__ for kind in info.accepts),
        "most_rows": info.most_rows,
        "charset": info.charset,
        "idempotent_send": info.idempotent_send,
        "settling_seconds": int(info.settling.total_seconds()),
        "gapless": info.gapless,
        "callbacks": isinstance(bank, ReceivesCallbacks),
        "promises": spec.promises,
        "settings": [each.name for each in attrs.fields(spec.config)],
        "distribution": spec.distribution,
    }
    frame.value(seen)
    if not frame.as_json:
        shown = [(key, ", ".join(v) if isinstance(v, list) else v) for key, v in seen.items()]
        frame.rows(("what", "value"), (Text("项目", "what"), Text("值", "value")), shown)
    close = getattr(bank, "close", None)
    if callable(close):
        close()
    return 0


adapter.add_command(conform)
adapter.add_command(matrix)
