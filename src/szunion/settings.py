"""Know the settings of one installation: what they are called, and where they are read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import typed_settings
import typed_settings.exceptions as wrong
from attrs import evolve, field, frozen
from attrs.validators import in_

from szunion.errors import ConfigError
from szunion.log import LEVELS
from szunion.text import Text

__all__ = [
    "AdapterSettings",
    "KeyStoreSettings",
    "NodeSettings",
    "NodesSettings",
    "NotifierSettings",
    "ReaderSettings",
    "Settings",
    "WitnessSettings",
    "load_settings",
]

_SECTION: Final = "szunion"
_USUAL: Final = f"{_SECTION}.toml"
_PLACE: Final = re.compile(r"line ([0-9]+), column ([0-9]+)", re.ASCII)
_TROUBLES: Final = (
    (FileNotFoundError, Text("没有这个文件", "there is no such file")),
    (OSError, Text("文件读不了", "the file cannot be read")),
    (UnicodeDecodeError, Text("文件不是 UTF-8 文本", "the file is not UTF-8 text")),
    (
        wrong.UnknownFormatError,
        Text("文件名要以 .toml 结尾", "the name of the file must end with .toml"),
    ),
)
#: How the loader says which setting it could not take: by its path, or a check by its name.
_NAMED: Final = re.compile(r"for option '([\w.]+)'|\(\"'(\w+)' must be", re.ASCII)


@frozen(kw_only=True)
class AdapterSettings:
    """Which adapter, and what it is told."""

    name: str = "simulated"
    settings: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class NotifierSettings(AdapterSettings):
    """The way to people. A class of its own: a loader knows the defaults of classes alone."""

    name: str = "recording"


@frozen(kw_only=True)
class ReaderSettings(AdapterSettings):
    """The way to cards; without a name this installation has no counter."""

    name: str = ""


@frozen(kw_only=True)
class WitnessSettings:
    """Who outside signs the audit log's checkpoints; without a command nobody is asked."""

    key: str = ""
    """The witness's public key, as it told it: ``name+id+…``."""
    command: str = ""
    """What reaches it: ``ssh bank szunion audit witness sign DIR``; no shell reads it."""


@frozen(kw_only=True)
class NodeSettings:
    """One machine of several: whose members lie there, and where its own settings are."""

    city: str = ""
    shards: str = ""
    """Such as ``0-511``; empty: all members of the city."""
    config: str = ""
    """Its settings file; empty: this one."""
    database: str = ""
    """Its database; empty: as its settings file says."""


@frozen(kw_only=True)
class NodesSettings:
    """The map of nodes, where there is more than one machine."""

    version: int = 1
    at: dict[str, NodeSettings] = field(factory=dict)


@frozen(kw_only=True)
class KeyStoreSettings(AdapterSettings):
    """Where the keys live: in a file, or with the key that wraps them in a token."""

    name: str = "file"


@frozen(kw_only=True)
class Settings:
    """The settings of one installation: ``szunion.toml``, then ``SZUNION_…``, then options."""

    city: str = ""
    """The city's name; may be left out where only one is installed."""
    database: str = "sqlite:///szunion.db"
    database_owner: str = ""
    """PostgreSQL: the address with the role that owns the tables, for ``db init|migrate`` alone."""
    keys: str = ""
    """The key file; empty: beside the database."""
    key_store: KeyStoreSettings = KeyStoreSettings()
    crypto: str = ""
    """``intl`` or ``gm``, chosen when the keys are made; empty: as the key file says."""
    bank: AdapterSettings = AdapterSettings()
    notifier: NotifierSettings = NotifierSettings()
    identity: AdapterSettings = AdapterSettings()
    reader: ReaderSettings = ReaderSettings()
    witness: WitnessSettings = WitnessSettings()
    nodes: NodesSettings = NodesSettings()
    node: str = ""
    """Which of them this is."""
    log: str = field(default="warn", validator=in_(tuple(LEVELS)))
    """What is said on stderr by the commands: ``off``, ``warn``, ``info``, ``debug``, ``apdu``."""
    load_plugins: str = ""
    """Names of plug-ins that may be loaded, with commas; empty: all that are installed."""


def _check_section(path: Path) -> None:
    """Check that a file has settings of ours: a slip in the section's name hides them all."""
    found = tomllib.loads(path.read_text("utf-8"))
    if found and _SECTION not in found:
        zh, en = f"没有 [{_SECTION}] 一节", f"there is no section [{_SECTION}]"
        raise ConfigError("E-CONFIG-001", problem=zh, problem_en=en)


def _problem(error: Exception) -> Text:
    """Return what is wrong: where, and which settings, but never a value: it may be a secret."""
    if isinstance(error, tomllib.TOMLDecodeError):
        place = _PLACE.search(str(error))
        if place is None:
            return Text("文件不是 TOML：没有写完", "the file is not TOML: it ends too early")
        line, column = place.groups()
        return Text(
            f"文件不是 TOML：第 {line} 行第 {column} 列",
            f"the file is not TOML: line {line}, column {column}",
        )
    if isinstance(error, wrong.InvalidOptionsError):
        names = str(error).rpartition(": ")[2]
        return Text(
            f"没有这样的设置，或不是一组设置：{names}",
            f"no such setting, or no group of settings: {names}",
        )
    if isinstance(error, wrong.InvalidSettingsError):
        found = _NAMED.findall(" ".join(map(str, error.exceptions)))
        names = ", ".join(sorted({name for each in found for name in each if name}))
        return Text(f"值不对：{names}", f"of the wrong kind: {names}")
    own = type(error).__name__
    return next((text for kind, text in _TROUBLES if isinstance(error, kind)), Text(own, own))


def load_settings(file: str | None = None, *, database: str | None = None) -> Settings:
    """Return the settings from *file* (or ``./szunion.toml``) and the environment.

    Raises:
        ConfigError: there is no such file, or it has no settings of ours; a setting is unknown or
            of the wrong kind (E-CONFIG-001).
    """
    path = Path(file or _USUAL)
    try:
        if file or path.exists():
            _check_section(path)
        settings = typed_settings.load(
            Settings, appname=_SECTION, config_files=[path], env_nested_delimiter="__"
        )
    except (wrong.TsError, OSError, ValueError) as error:
        what = _problem(error)
        raise ConfigError("E-CONFIG-001", problem=what.zh, problem_en=what.en) from None
    return evolve(settings, database=database) if database else settings
