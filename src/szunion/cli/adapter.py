"""Know how installed adapters and cities are listed on the command line."""

from __future__ import annotations

import click

from szunion.cli.frame import Frame, framed, helps
from szunion.plugins import collect
from szunion.text import Text


@click.group(help=helps("适配器。Adapters.", "szunion adapter list", "szunion --json adapter list"))
def adapter() -> None: ...


@adapter.command(
    "list",
    help=helps(
        "装了哪些适配器和城市；有装不上的退出码 1。What is installed, and what cannot be used.",
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
