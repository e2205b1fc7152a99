"""Know the settings of one installation: what they are called, and where they are read."""

from __future__ import annotations

from typing import Any

import typed_settings
from attrs import evolve, field, frozen
from attrs.validators import in_

from szunion.errors import ConfigError
from szunion.log import LEVELS


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


def load_settings(file: str | None = None, *, database: str | None = None) -> Settings:
    """Return the settings from *file* (or ``./szunion.toml``) and the environment.

    Raises:
        ConfigError: a setting is unknown or of the wrong kind (E-CONFIG-001).
    """
    path = f"!{file}" if file else "szunion.toml"
    try:
        settings = typed_settings.load(
            Settings, appname="szunion", config_files=[path], env_nested_delimiter="__"
        )
    except (typed_settings.exceptions.TsError, OSError, ValueError) as error:
        raise ConfigError("E-CONFIG-001", problem=type(error).__name__) from None
    return evolve(settings, database=database) if database else settings
