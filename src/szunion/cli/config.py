"""Know how the settings are shown on the command line: names and places, never values."""

from __future__ import annotations

import os

import click
from attrs import fields

from szunion.cli.frame import Frame, framed, helps
from szunion.settings import AdapterSettings, NodesSettings, Settings
from szunion.text import Text


@click.group(
    help=helps(
        "设置。Settings.", "szunion config show", "szunion --config szunion.toml config show"
    )
)
def config() -> None: ...


@config.command(
    help=helps(
        "现在生效的设置；适配器的值不显示。The settings in force; adapters' values hidden.",
        "szunion config show",
        "szunion --json config show",
    )
)
@framed
def show(frame: Frame) -> None:
    settings = frame.settings()
    rows: list[tuple[object, ...]] = []
    for each in fields(Settings):
        value = getattr(settings, each.name)
        if isinstance(value, AdapterSettings):
            rows.append((each.name, value.name, _source(each.name)))
            rows += [(f"{each.name}.{key}", "***", None) for key in sorted(value.settings)]
        elif isinstance(value, NodesSettings):
            rows += [(f"nodes.{name}", at.city, None) for name, at in sorted(value.at.items())]
        else:
            rows.append((each.name, value or None, _source(each.name)))
    titles = (Text("设置", "setting"), Text("值", "value"), Text("环境变量", "environment"))
    frame.rows(("setting", "value", "environment"), titles, rows)


def _source(name: str) -> str | None:
    variable = f"SZUNION_{name.upper()}"
    return variable if variable in os.environ else None
