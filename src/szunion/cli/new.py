"""Know how a package for another bank begins: files that work, and are then changed (脚手架)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

import click

from szunion import __version__
from szunion.cli.frame import DRY_RUN, Frame, framed, helps
from szunion.errors import Conflict, InvalidInput
from szunion.text import Text

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_LONGEST: Final = 40
_TITLE: Final = re.compile(r"[^\x00-\x1f\"\\$`]{1,60}")

#: Where each template goes; ``$module`` and the rest are filled in, in paths and in text.
_FILES: Final[Mapping[str, str]] = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "adapter-quality.toml.txt": "adapter-quality.toml",
    "messages.md.txt": "docs/messages.md",
    "ci.txt": ".ci/run",
    "src/__init__.py.txt": "src/$module/__init__.py",
    "src/adapter.py.txt": "src/$module/adapter.py",
    "src/messages.py.txt": "src/$module/messages.py",
    "src/signing.py.txt": "src/$module/signing.py",
    "src/promises.py.txt": "src/$module/promises.py",
    "tests/test_promises.py.txt": "tests/test_promises.py",
}


@click.group(help=helps("新建。Begin something.", "szunion new bank-adapter --name zhuhai"))
def new() -> None: ...


@new.command(
    "bank-adapter",
    help=helps(
        "生成一个能通过验收的银行适配器包，再按银行的报文修改。Begin a bank adapter that works.",
        "szunion new bank-adapter --name zhuhai --bank 珠海某银行",
        "szunion new bank-adapter --name zhuhai --out .. --dry-run",
    ),
)
@click.option("--name", required=True, help="适配器名，小写字母、数字、连字符  Its name")
@click.option("--bank", "title", default="", help="银行的名称  What the bank is called")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path(),
    help="放在哪个文件夹里  In which folder",
)  # fmt: skip
@DRY_RUN
@framed
def bank_adapter(frame: Frame, name: str, title: str, out: Path, *, dry_run: bool) -> int:
    made = package(name, title or name)
    folder = out / f"szunion-bank-{name}"
    if folder.exists():
        raise Conflict("E-NEW-002", path=folder.name, current=folder.name, allowed=())
    if not dry_run:
        for path, text in made.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        (folder / ".ci/run").chmod(0o755)
    frame.rows(
        ("path", "lines"),
        (Text("文件", "file"), Text("行", "lines")),
        [(path, text.count("\n")) for path, text in made.items()],
    )
    frame.note(
        '接着：cd {folder} && pip install -e ".[test]" && pytest，再按银行的文档改 messages.py',
        'next: cd {folder} && pip install -e ".[test]" && pytest, then change messages.py',
        folder=folder,
    )
    return 0


def package(name: str, title: str) -> Mapping[str, str]:
    """Return the files of a new bank adapter, by their paths.

    Raises:
        InvalidInput: a name or title that cannot be used (E-NEW-001).
    """
    if len(name) > _LONGEST or _NAME.fullmatch(name) is None or _TITLE.fullmatch(title) is None:
        raise InvalidInput("E-NEW-001", name=name)
    words = {
        "name": name,
        "title": title,
        "distribution": f"szunion-bank-{name}",
        "module": f"szunion_bank_{name.replace('-', '_')}",
        "class_name": "".join(part.capitalize() for part in name.split("-")),
        "szunion": __version__,
    }
    folder = files("szunion.cli").joinpath("templates/bank_adapter")
    made = {
        Template(path).substitute(words): Template(
            folder.joinpath(source).read_text("utf-8")
        ).substitute(words)
        for source, path in _FILES.items()
    }
    return {**made, f"src/{words['module']}/py.typed": ""}
