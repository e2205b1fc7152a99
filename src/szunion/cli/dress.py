"""Know how a command's help is shown in one language, and in one line among its neighbours.

Help is written once, in both languages: an option's as ``文件  File``, a command's last paragraph
as ``检查，不写入。Judge; write nothing.`` Each command is shown as a copy in the language spoken.
"""

from __future__ import annotations

import copy
import inspect
import re
from typing import Final

import click

_OPTION: Final = re.compile(r"(.*\S)\s{2,}([A-Za-z0-9].*)", re.DOTALL | re.ASCII)
_SENTENCE: Final = re.compile(
    r"(.*[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\s*([A-Za-z0-9(].*)", re.DOTALL | re.ASCII
)


class _Formatter(click.HelpFormatter):
    """Help with the marks of Chinese: click writes a half-width colon, or a space after ours."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, "用法：" if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{heading}：\n")


class _Context(click.Context):
    formatter_class = _Formatter


def in_one_language(words: str, *, chinese: bool) -> str:
    """Return the half of *words* that is spoken: of an option, or of a command's sentence."""
    found = _OPTION.fullmatch(words) or _SENTENCE.fullmatch(words)
    return words if found is None else found[1 if chinese else 2].strip()


def dressed(command: click.Command, *, chinese: bool) -> click.Command:
    """Return a copy of *command* whose help is in one language; the original stays as it is."""
    shown = copy.copy(command)
    *examples, sentence = inspect.cleandoc(command.help or "").split("\n\n")
    said = in_one_language(" ".join(sentence.split()), chinese=chinese)
    shown.help = "\n\n".join([*examples, said])
    shown.short_help = said
    shown.context_class = _Context if chinese else click.Context
    shown.options_metavar = "[选项]" if chinese else "[OPTIONS]"
    shown.params = [_option(each, chinese=chinese) for each in command.params]
    if isinstance(shown, click.Group):
        shown.subcommand_metavar = "命令 [参数]..." if chinese else "COMMAND [ARGS]..."
        shown.commands = {
            name: dressed(each, chinese=chinese) for name, each in shown.commands.items()
        }
    return shown


def _option(parameter: click.Parameter, *, chinese: bool) -> click.Parameter:
    if not isinstance(parameter, click.Option) or parameter.help is None:
        return parameter
    shown = copy.copy(parameter)
    shown.help = in_one_language(parameter.help, chinese=chinese)
    return shown
