"""Write the pages of the manual that are generated: ``python docs/generate.py [--check]``.

States and the card layer's dictionaries come from their tables in the package; codes from
``codes/*.toml``; settings from the settings' classes; commands from the command line itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import click
from bank_language import bank_language_page
from bank_laws import bank_laws_pages
from glossary import glossary_page
from permission_pages import permission_page
from privacy_pages import inventory_page, rights_page

from szunion.adapters.builtin import szunion_adapters
from szunion.cli import main as command_line
from szunion.cli.dress import dressed
from szunion.cli.words import speak
from szunion.domain import diagrams
from szunion.emv import reference
from szunion.errors import CodePage, code_pages
from szunion.settings import Settings
from szunion.text import Language, Text

DOCS: Final = Path(__file__).parent

#: What each setting is for. A setting without a line here stops the generator.
SETTINGS: Final[Mapping[str, Text]] = {
    "city": Text(
        "城市的名称；只装了一座城市时可以省略",
        "the city's name; not needed where only one is installed",
    ),
    "database": Text(
        "`sqlite:///路径`、`postgresql://角色@主机/库名`，或 `memory:`（只用于试验）",
        "`sqlite:///path`, `postgresql://role@host/name`, or `memory:` (for trials)",
    ),
    "database_owner": Text(
        "PostgreSQL：表的所有者的地址，只用于 `db init` 和 `db migrate`",
        "PostgreSQL: the address of the tables' owner, for `db init` and `db migrate` alone",
    ),
    "keys": Text(
        "密钥文件；空：在数据库旁边，同名，后缀 `.keys`",
        "the key file; empty: beside the database, same name, `.keys`",
    ),
    "crypto": Text(
        "密码算法 `intl` 或 `gm`，建密钥时定下；空：按密钥文件",
        "`intl` or `gm`, chosen when the keys are made; empty: as the key file says",
    ),
    "key_store.name": Text(
        "密钥在哪里：`file`，或 `pkcs11`（主密钥在密码设备里）",
        "where the keys live: `file`, or `pkcs11` (the master key in a token)",
    ),
    "key_store.settings": Text("交给该适配器的设置", "what the adapter is told"),
    "log": Text(
        "命令往 stderr 写的日志：`off`、`warn`、`info`（每次与银行通话一行）、`debug`、"
        "`apdu`（每条卡片指令一行，无数据）；不含个人信息",
        "what the commands log to stderr: `off`, `warn`, `info` (a line for each call of the "
        "bank), `debug`, `apdu` (one for each command to a card, without data); nothing personal",
    ),
    "load_plugins": Text(
        "允许装入的插件名，用逗号分隔；空：已安装的全部",
        "names of plug-ins that may be loaded, with commas; empty: all",
    ),
    "bank.name": Text("银行适配器", "the bank adapter"),
    "notifier.name": Text("通知适配器", "the notifier"),
    "identity.name": Text("实名认证适配器", "the identity adapter"),
    "reader.name": Text(
        "读卡器适配器；空：本机没有服务点", "the reader adapter; empty: no counter here"
    ),
    "witness.key": Text(
        "审计日志见证人的公钥，由见证人交来", "the public key of the audit log's witness"
    ),
    "witness.command": Text(
        "怎样请见证人签名；空：没有见证人", "what reaches the witness; empty: nobody is asked"
    ),
    "node": Text("几台机器时：这是哪个节点", "more than one machine: which node this is"),
    "nodes.version": Text(
        "几台机器时：节点图的版本，每改一次加 1",
        "more than one machine: the version of the map of nodes; grows with every change",
    ),
    "nodes.at": Text(
        "每个节点一张表：`city`、`shards`（如 `0-511`；空：全市）、"
        "`config`（该节点的设置文件）、`database`",
        "a table for each node: `city`, `shards` (such as `0-511`; empty: the whole city), "
        "`config` (the node's own settings file), `database`",
    ),
    "bank.settings": Text("交给该适配器的设置", "what the adapter is told"),
    "notifier.settings": Text("交给该适配器的设置", "what the adapter is told"),
    "identity.settings": Text("交给该适配器的设置", "what the adapter is told"),
    "reader.settings": Text("交给该适配器的设置", "what the adapter is told"),
}

CODES: Final = (
    Text("错误码", "Codes"),
    Text(
        "`E-` 是错误，`W-` 是提醒；中间是领域，编号永不改作他用。"
        "`szunion explain 代码` 显示同样的内容。花括号里的是出错时填入的值，其中没有个人信息。",
        "`E-` is an error, `W-` a warning; the area stands in the middle, and a number is never "
        "used again. `szunion explain CODE` prints the same. What stands in braces is filled in, "
        "and is never personal data.",
    ),
    Text("代码", "code"),
    Text("含义", "what happened"),
    Text("处理", "what to do"),
    Text("。原因：", ". Why: "),
)
SETTINGS_PAGE: Final = (
    Text("设置", "Settings"),
    Text(
        "先读 `szunion.toml`（当前文件夹，或 `--config`），再读环境变量，最后是命令行选项；"
        "后者优先。未知的键、种类不对的值会被拒绝。适配器自己的设置只能写在文件里。",
        "`szunion.toml` first (in the current folder, or `--config`), then the environment, then "
        "options; the later wins. An unknown key or a value of the wrong kind is refused. An "
        "adapter's own settings stand in the file alone.",
    ),
    Text("键", "key"),
    Text("环境变量", "environment"),
    Text("缺省", "default"),
    Text("含义", "what it is"),
    Text("本库自带的适配器", "Adapters that come with the library"),
    Text(
        "别人的适配器带来自己的设置：见它们的说明，`szunion adapter list` 列出已安装的。",
        "Others bring their own: see their manuals; `szunion adapter list` shows what there is.",
    ),
    Text("种类", "kind"),
    Text("名称", "name"),
    Text("设置（缺省）", "settings (default)"),
)
COMMANDS: Final = (
    Text("命令", "Commands"),
    Text(
        "数据写到标准输出，进度写到标准错误。",
        "Data goes to standard output, progress to standard error.",
    ),
    Text("退出码", "Exit codes"),
    Text("码", "code"),
    Text("参数", "arguments"),
    Text("含义", "meaning"),
)
EXITS: Final[Mapping[int, Text]] = {
    0: Text("成功", "done"),
    1: Text("失败", "failed"),
    2: Text("用法不对，或输入读不了", "wrong usage, or input that cannot be read"),
    3: Text("部分完成：有被拒的行、有差异", "partly done: rejected rows, differences"),
    4: Text("找不到", "not found"),
    5: Text("冲突，或不允许", "conflict, or not allowed"),
    6: Text("银行或读卡器暂时不可用，稍后再试", "bank or reader unavailable, try later"),
    7: Text("结果未知，不要重复", "outcome unknown, do not repeat"),
    130: Text("被中断；再次运行会接着做", "interrupted; run it again to go on"),
}


def generated(made_from: str, language: Language) -> str:
    """Return the sentence that keeps people from editing a page."""
    return Text(
        f"本页由 `docs/generate.py` 从 {made_from} 生成，请勿手工修改。",
        f"Made by `docs/generate.py` from {made_from.replace('、', ', ')}; do not edit.",
    ).say(language)


def row(cells: Iterable[str]) -> str:
    """Return one row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def rows(head: Sequence[Text], body: Iterable[Sequence[str]], language: Language) -> list[str]:
    """Return a Markdown table."""
    titles = [title.say(language) for title in head]
    return [row(titles), row("---" for _ in titles), *(row(cells) for cells in body)]


def codes_page(language: Language) -> str:
    """Return the page of all codes, by area."""
    title, intro, code, what, do, why = CODES
    areas: dict[str, list[CodePage]] = {}
    for page in code_pages().values():
        areas.setdefault(page.code.split("-")[1], []).append(page)
    lines = [f"# {title.say(language)}", "", generated("`codes/*.toml`", language), ""]
    lines += [intro.say(language), ""]
    for area in sorted(areas):
        body = [
            (
                f"`{page.code}`",
                plain(page.what.say(language))
                + (f"{why.say(language)}{plain(page.why.say(language))}" if page.why else ""),
                plain(page.do.say(language)),
            )
            for page in areas[area]
        ]
        lines += [f"## {area}", "", *rows((code, what, do), body, language), ""]
    return "\n".join(lines)


def plain(words: str) -> str:
    """Return words in which Markdown sees no marks of its own; a brace written twice is one."""
    return words.replace("*", "\\*").replace("<", "&lt;").replace("{{", "{").replace("}}", "}")


def settings() -> Iterator[tuple[str, object]]:
    """Yield each setting's key and default, nested ones with a dot."""
    for field in _fields(Settings):
        default = field.default
        if attrs.has(type(default)):
            for inner in _fields(default):
                yield f"{field.name}.{inner.name}", getattr(default, inner.name)
        else:
            yield field.name, default


def _by_group(setting: tuple[str, object]) -> tuple[int, list[str]]:
    """Order plain settings first, then each adapter with its name before its settings."""
    parts = setting[0].split(".")
    return len(parts), parts


def _fields(kind: Any) -> Iterable[attrs.Attribute[Any]]:
    fields: Iterable[attrs.Attribute[Any]] = kind.__attrs_attrs__
    return fields


def _told(config: type[Any]) -> str:
    return ", ".join(f"`{each.name}` ({_default(each)})" for each in _fields(config))


def _default(setting: attrs.Attribute[Any]) -> str:
    if setting.default is attrs.NOTHING:
        return "—"
    factory = getattr(setting.default, "factory", None)
    return repr(setting.default if factory is None else factory())


def settings_page(language: Language) -> str:
    """Return the page of all settings, and of those of our own adapters."""
    title, intro, key, env, default, meaning, own, others, kind, name, told = SETTINGS_PAGE
    body = [
        (
            f"`{each}`",
            "—" if isinstance(value, dict) else f"`SZUNION_{each.upper().replace('.', '__')}`",
            f"`{value}`" if value != "" else "",
            SETTINGS[each].say(language),
        )
        for each, value in sorted(settings(), key=_by_group)
    ]
    adapters = [
        (type(spec).__name__.removesuffix("Spec").lower(), f"`{spec.name}`", _told(spec.config))
        for spec in szunion_adapters()
    ]
    return "\n".join([
        f"# {title.say(language)}", "", generated("`szunion.settings.Settings`", language), "",
        intro.say(language), "", *rows((key, env, default, meaning), body, language), "",
        "```toml", "[szunion]", 'database = "sqlite:///union.db"', "",
        "[szunion.bank]", 'name = "simulated"', 'settings = { seed = 7, journal = "bank.jsonl" }',
        "```", "", f"## {own.say(language)}", "", others.say(language), "",
        *rows((kind, name, told), adapters, language), "",
    ])  # fmt: skip


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with its whole name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))
    else:
        yield " ".join(path), command


def options(command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield the arguments and options of a command, and what each is."""
    context = click.Context(command)
    for each in command.params:
        record = each.get_help_record(context)
        if record is not None:
            yield f"`{record[0]}`", plain(record[1])
        elif isinstance(each, click.Argument):
            yield f"`{each.make_metavar(context)}`", ""


def commands_page(language: Language) -> str:
    """Return the page of all commands, as the command line itself tells."""
    title, intro, exits, code, arguments, meaning = COMMANDS
    lines = [f"# {title.say(language)}", "", generated("`szunion.cli`", language), ""]
    lines += [intro.say(language), ""]
    shown = dressed(command_line, chinese=language is Language.ZH)
    lines += [*rows((arguments, meaning), options(shown), language), ""]
    lines += [f"## {exits.say(language)}", ""]
    told = [(str(each), text.say(language)) for each, text in EXITS.items()]
    lines += [*rows((code, meaning), told, language), ""]
    command_line.chinese = language is Language.ZH
    for name, command in commands(command_line, ("szunion",)):
        lines += [f"## `{name}`", "", *described(command)]
        body = list(options(command))
        lines += [*rows((arguments, meaning), body, language), ""] if body else []
    return "\n".join(lines)


def described(command: click.Command) -> Iterator[str]:
    """Yield what a command says of itself: its examples as code, its sentence as text."""
    for block in (command.help or "").strip().split("\n\n"):
        text = [line.strip() for line in block.strip().splitlines() if line.strip() != "\b"]
        example = block.lstrip().startswith("\b")
        yield from (("```text", *text, "```", "") if example else (plain(" ".join(text)), ""))


def pages() -> dict[str, str]:
    """Return every generated page, by its path under ``docs/``."""
    speak(chinese=False)
    made: dict[str, str] = {**diagrams.pages()}
    made |= {name.removeprefix("docs/"): text for name, text in reference.pages().items()}
    writers: Mapping[str, Any] = {
        "codes": codes_page, "settings": settings_page, "commands": commands_page,
    }  # fmt: skip
    for name, write in writers.items():
        made |= {f"{each.value}/reference/{name}.md": write(each) for each in Language}
    for each in Language:
        laws = bank_laws_pages(each, generated("`szunion.testing.bank.laws`", each))
        made |= {f"{each.value}/{name}": text for name, text in laws.items()}
    for each in Language:
        told = generated("`docs/glossary.py`", each)
        made[f"{each.value}/reference/glossary.md"] = glossary_page(each, told)
        told = generated("`domain/inventory.toml`", each)
        made[f"{each.value}/reference/personal-data-inventory.md"] = inventory_page(each, told)
        told = generated("`szunion.domain.consent`、`lawful`、`rights`", each)
        made[f"{each.value}/reference/personal-data-rules.md"] = rights_page(each, told)
    made |= {
        f"{each.value}/reference/bank-language.md": bank_language_page(
            each, generated("`szunion.domain.bank_requests`、`bank`", each)
        )
        for each in Language
    }
    made |= {
        f"{each.value}/reference/permissions.md": permission_page(
            each, generated("`szunion.domain.permissions`", each)
        )
        for each in Language
    }
    return {name: text.rstrip("\n") + "\n" for name, text in made.items()}


def main(arguments: list[str]) -> int:
    """Write every generated page, or with ``--check`` only say which are out of date."""
    stale = 0
    for name, text in pages().items():
        page = DOCS / name
        fresh = page.exists() and page.read_text("utf-8") == text
        if fresh:
            continue
        stale += 1
        if "--check" in arguments:
            print(f"out of date: docs/{name}; run python docs/generate.py")
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf-8")
            print(f"written: docs/{name}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
