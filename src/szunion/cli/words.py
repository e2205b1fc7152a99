"""Know click's own words in Chinese: usage, headings, and what is wrong with a command line."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

_MODULES: Final = (
    "core", "decorators", "exceptions", "formatting", "parser", "termui", "types",
)  # fmt: skip

#: Every text of click's that a person can meet on our command line. The fields stay as they are.
CHINESE: Final[Mapping[str, str]] = {
    "Usage:": "用法：",
    "Options": "选项",
    "Commands": "命令",
    "Positional arguments": "参数",
    "Aborted!": "已中止。",
    "deprecated": "已停用",
    "default: {default}": "缺省：{default}",
    "env var: {var}": "环境变量：{var}",
    "(dynamic)": "（视情况）",
    "required": "必填",
    "Missing command.": "缺少命令。",
    "Missing argument": "缺少参数",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing {param_type}": "缺少{param_type}",
    "Missing parameter: {param_name}": "缺少参数：{param_name}",
    "Error: {message}": "错误：{message}",
    "Error: invalid input": "错误：输入无效",
    "Error: The two entered values do not match.": "错误：两次输入不一致。",
    "Repeat for confirmation": "再输入一次",
    "Do you want to continue?": "是否继续？",
    "Confirm the action without prompting.": "不再询问，直接执行。",
    "Show the version and exit.": "显示版本。",
    "Show this message and exit.": "显示帮助。",
    "Try '{command} {option}' for help.": "帮助：{command} {option}",
    "Invalid value: {message}": "值无效：{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值无效：{message}",
    "No such option {name!r}.": "没有选项 {name}。",
    "No such command {name!r}.": "没有命令 {name}。",
    "No such option: {name}": "没有选项 {name}",
    "Did you mean {possibility}?": "是不是 {possibility}？",
    "(Did you mean one of: {possibilities}?)": "（是不是其中之一：{possibilities}？）",
    "(Possible options: {possibilities})": "（可用选项：{possibilities}）",
    "Option {name!r} does not take a value.": "选项 {name} 不带值。",
    "Option {name!r} requires an argument.": "选项 {name} 须带一个值。",
    "Option {name!r} requires {nargs} arguments.": "选项 {name} 须带 {nargs} 个值。",
    "Argument {name!r} takes {nargs} values.": "参数 {name} 须有 {nargs} 个值。",
    "Got unexpected extra argument ({args})": "多出的参数：{args}",
    "Got unexpected extra arguments ({args})": "多出的参数：{args}",
    "Could not open file {filename!r}: {message}": "打不开文件 {filename}：{message}",
    "Choose from:\n\t{choices}": "可选：\n\t{choices}",
    "{value!r} is not {choice}.": "{value} 不是 {choice}。",
    "{value!r} is not one of {choices}.": "{value} 不在其中：{choices}。",
    "{value!r} is not a valid {number_type}.": "{value} 不是有效的数字（{number_type}）。",
    "{value!r} is not a valid {type}.": "{value} 不是有效的{type}。",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 内。",
    "{value!r} does not match the format {format}.": "{value} 应写成 {format} 的形式。",
    "{value!r} does not match the formats {formats}.": "{value} 应写成其中一种形式：{formats}。",
    "file": "文件",
    "directory": "文件夹",
    "path": "路径",
    "{name} {filename!r} does not exist.": "{name} {filename} 不存在。",
    "{name} {filename!r} is a file.": "{name} {filename} 是文件，不是文件夹。",
    "{name} {filename!r} is a directory.": "{name} {filename} 是文件夹，不是文件。",
    "{name} {filename!r} is not readable.": "{name} {filename} 不可读。",
    "{name} {filename!r} is not writable.": "{name} {filename} 不可写。",
    "unknown error": "未知错误",
}


def _said_in_chinese(message: str) -> str:
    return CHINESE.get(message, message)


def _counted_in_chinese(one: str, many: str, count: int) -> str:
    words = one if count == 1 else many
    return CHINESE.get(words, words)


def _as_they_are(message: str) -> str:
    return message


def _counted_as_they_are(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def speak(*, chinese: bool) -> None:
    """Let click say its own words in Chinese, or as it was born with them.

    click takes its words from the machine's locale through names in its modules; the command
    line's language is the user's choice, whatever the machine's is, so the names are set here.
    """
    one = _said_in_chinese if chinese else _as_they_are
    many = _counted_in_chinese if chinese else _counted_as_they_are
    for name in _MODULES:
        module = import_module(f"click.{name}")
        for attribute, say in (("_", one), ("ngettext", many)):
            if hasattr(module, attribute):
                setattr(module, attribute, say)
