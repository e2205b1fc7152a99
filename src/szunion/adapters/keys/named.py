"""Know how the key store of a name is opened: it is told its file and algorithms (密钥库)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import fields_dict

from szunion.errors import ConfigError, KeysUnavailable
from szunion.plugins import KeysSpec
from szunion.ports.keys import KeyStore
from szunion.ports.system import Clock


def key_file(given: str | Path | None, database: Path | None) -> Path | None:
    """Return the key file: the one that is given, or beside the database's; None: there is none."""
    if given:
        return Path(given)
    return None if database is None else database.with_suffix(".keys")


def open_keys(
    spec: KeysSpec[Any],
    told: Mapping[str, object],
    clock: Clock,
    *,
    file: Path | None,
    used: Callable[[], bool],
) -> KeyStore:
    """Build a key store, telling it of the file and the algorithms if it asks for them.

    Args:
        spec: The key store.
        told: Its settings; a file among them goes before *file*.
        clock: What time it is.
        file: Where its file is.
        used: Whether the store is in use, and the file must be there already; it is asked where
            there is none.

    Raises:
        ConfigError: it asks for a file, and there is no place for one (E-CONFIG-003).
        KeysUnavailable: the file is not there and must be, or cannot be read (E-KEYS-003).
        KeysUnavailable: there is none, and none can be written (E-KEYS-024).
    """
    asked = fields_dict(spec.config)
    known = {name: value for name, value in told.items() if name != "crypto" or name in asked}
    if "file" in asked and not known.get("file"):
        if file is None:
            raise ConfigError("E-CONFIG-003")
        known["file"] = str(file)
    if "file" in asked and not Path(str(known["file"])).exists() and used():
        raise KeysUnavailable("E-KEYS-003", path=Path(str(known["file"])).name)
    store: KeyStore = spec.build(known, clock)
    return store
