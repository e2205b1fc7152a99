"""Know the command line's first word: options for every command, and where each noun lives."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import click

from szunion import __version__
from szunion.cli.dress import dressed, in_one_language
from szunion.cli.streams import any_text, put
from szunion.cli.words import speak

if TYPE_CHECKING:
    from szunion.cli.speech import Speech

__all__ = ["main"]

#: The nouns and verbs of the first level, each in the module that knows it; loaded when called.
_COMMANDS = {
    "adapter": ("szunion.cli.adapter", "adapter", "适配器  adapters"),
    "audit": ("szunion.cli.audit", "audit", "审计日志  the audit log"),
    "batch": ("szunion.cli.batch", "batch", "批量申办  applications for cards"),
    "card": ("szunion.cli.card", "card", "卡  cards"),
    "claim": ("szunion.cli.claim", "claim", "申领  claims"),
    "config": ("szunion.cli.config", "config", "设置  settings"),
    "cover": ("szunion.cli.cover", "cover", "保障  covers under plans"),
    "db": ("szunion.cli.db_backup", "db", "数据库  the database"),
    "demo": ("szunion.cli.demo", "demo", "五分钟演示  the main job in seconds"),
    "doctor": ("szunion.cli.doctor", "doctor", "诊断问题  find out what does not work"),
    "emergency": ("szunion.cli.emergency", "emergency", "应急查看  breaking the glass"),
    "explain": ("szunion.cli.explain", "explain", "错误码说明  what a code means"),
    "hotline": ("szunion.cli.hotline", "hotline", "12351 热线  the hotline"),
    "keys": ("szunion.cli.keys", "keys", "密钥  keys"),
    "member": ("szunion.cli.member", "member", "会员  members"),
    "new": ("szunion.cli.new", "new", "新建适配器  begin an adapter"),
    "nodes": ("szunion.cli.nodes_move", "nodes", "多台机器  more than one machine"),
    "officer": ("szunion.cli.officer", "officer", "经办人  officers"),
    "org": ("szunion.cli.org", "org", "组织  unions"),
    "outbox": ("szunion.cli.outbox", "outbox", "与银行的收发  what goes to the bank"),
    "pay": ("szunion.cli.pay", "pay", "拨付  payments"),
    "privacy": ("szunion.cli.privacy", "privacy", "个人信息  personal data"),
    "reader": ("szunion.cli.reader", "reader", "读卡器  card readers"),
    "recon": ("szunion.cli.recon", "recon", "对账  reconciliation"),
    "referral": ("szunion.cli.referral", "referral", "热线派单  matters at unions"),
    "roster": ("szunion.cli.roster", "roster", "花名册  rosters"),
    "service": ("szunion.cli.service", "service", "服务  services"),
    "sim": ("szunion.cli.sim", "sim", "模拟环境  the simulated world"),
    "stats": ("szunion.cli.stats", "stats", "统计  statistics"),
    "version": ("szunion.cli.version", "version", "版本  the version"),
    "worker": ("szunion.cli.worker", "worker", "后台作业  the engine"),
}


#: Options that may stand anywhere on the line: their names, and whether a value follows.
_EVERYWHERE = {
    "--config": True,
    "--db": True,
    "--user": True,
    "--node": True,
    "--lang": True,
    "--json": False,
    "--no-color": False,
    "--debug": False,
}


def _in_front(words: Sequence[str]) -> list[str]:
    """Return the command line with the options of every command before the command."""
    front: list[str] = []
    rest: list[str] = []
    coming = iter(words)
    for word in coming:
        name, _, given = word.partition("=")
        if word == "--":
            rest += [word, *coming]
        elif name in _EVERYWHERE:
            front.append(word)
            if _EVERYWHERE[name] and not given:
                front += [each for each in [next(coming, None)] if each is not None]
        else:
            rest.append(word)
    return front + rest


def _language(words: Sequence[str]) -> str:
    """Return what was asked for on the line, or in the environment: the help needs it early."""
    for at, word in enumerate(words):
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
        if word == "--lang" and at + 1 < len(words):
            return words[at + 1]
    return os.environ.get("SZUNION_LANG", "zh")


class Nouns(click.Group):
    """The first level: a command's module is loaded when the command is called."""

    chinese = True
    as_json = False

    def main(self, args: Sequence[str] | None = None, *more: Any, **named: Any) -> Any:  # noqa: ANN401
        """Run a command line; click itself speaks the language that was asked for."""
        any_text(sys.stdin, sys.stdout, sys.stderr)
        words = list(sys.argv[1:] if args is None else args)
        self.chinese = not _language(words).lower().startswith("en")
        speak(chinese=self.chinese)
        words = _in_front(words)
        self.as_json = "--json" in takewhile(lambda word: word != "--", words)
        try:
            shown = dressed(self, chinese=self.chinese)
            return click.Group.main(shown, words, *more, **named)
        except OSError as error:  # of the help's, say: a command's own are told by its frame
            from szunion.cli.endings import unexpected  # noqa: PLC0415 - light --help

            sys.exit(unexpected(self.speech(), error))

    def speech(self) -> Speech:
        """Return how to speak to whoever asked, before a command has its frame."""
        from szunion.cli.speech import Speech  # noqa: PLC0415 - light --help
        from szunion.text import Language  # noqa: PLC0415 - light --help

        return Speech(Language.ZH if self.chinese else Language.EN, self.as_json)

    def make_context(self, *args: Any, **named: Any) -> click.Context:  # noqa: ANN401 - click's
        """Read the options of every command."""
        with self._misuse_told():
            return super().make_context(*args, **named)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Read the rest of the line, and do what it says."""
        with self._misuse_told():
            return super().invoke(ctx)

    @contextmanager
    def _misuse_told(self) -> Iterator[None]:
        try:
            yield
        except click.UsageError as error:
            from szunion.cli.endings import Misused  # noqa: PLC0415 - light --help

            raise Misused(error, self.speech()) from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the names, sorted."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command, loading its module."""
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return dressed(command, chinese=self.chinese)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without loading them: help must be quick."""
        with formatter.section("命令" if self.chinese else "Commands"):
            formatter.write_dl(
                [
                    (name, in_one_language(_COMMANDS[name][2], chinese=self.chinese))
                    for name in sorted(_COMMANDS)
                ]
            )


def _show_version(context: click.Context, _option: click.Parameter, given: bool) -> None:  # noqa: FBT001
    if given:
        put(f"szunion {__version__}")
        context.exit()


@click.group(
    cls=Nouns,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--config", metavar="FILE", help="设置文件，缺省 ./szunion.toml  Settings file")
@click.option("--db", "database", metavar="URL", help="数据库：路径或 sqlite:///…  Database")
@click.option("--user", metavar="NAME", help="经办人，缺省为登录名  Who acts")
@click.option("--node", metavar="NAME", help="几台机器时：哪个节点  Which of several nodes")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="语言  Language")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON  Print JSON")
@click.option("--no-color", is_flag=True, help="不用颜色  No colour")
@click.option("--debug", is_flag=True, help="出错时显示调用栈  Show tracebacks")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False,
    callback=_show_version, help="版本  Version",
)  # fmt: skip
@click.pass_context
def main(  # noqa: PLR0913 - the options that every command has
    context: click.Context,
    *,
    config: str | None,
    database: str | None,
    user: str | None,
    node: str | None,
    lang: str | None,
    as_json: bool,
    no_color: bool,
    debug: bool,
) -> None:
    """
    \b
    szunion demo                       五分钟演示  the main job in seconds
    szunion roster check 花名册.xlsx   检查花名册  check a roster
    szunion doctor                     诊断问题  find out what does not work
    szunion explain E-ROSTER-012       错误码说明  what a code means
    szunion --help                     全部命令  all commands

    工会会员服务卡系统。The system of the union member service card.
    """  # noqa: D205, D212, D301, D415 - click's own mark for text that is not wrapped
    from szunion.cli.frame import Frame  # noqa: PLC0415 - light --help
    from szunion.cli.speech import prepare, spoken_language  # noqa: PLC0415 - light --help

    prepare(context, no_color=no_color)
    context.obj = Frame(
        language=spoken_language(lang), as_json=as_json, config=config, database=database,
        login=user, debug=debug, node=node or "",
    )  # fmt: skip
    if context.invoked_subcommand is None:
        put("\n".join(line.strip() for line in (main.help or "").split("\n")[1:7]))
