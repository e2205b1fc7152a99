"""Know what an installation's settings name: what may be loaded, the city, the keys, the witness.

Whoever needs one of them opens no store for it.
"""

from __future__ import annotations

import shlex

from szunion.adapters.keys.named import key_file, open_keys
from szunion.adapters.storage.addressed import file_of
from szunion.adapters.system import SystemClock
from szunion.adapters.witness.command import CommandWitness
from szunion.domain.cities import City, city_from
from szunion.domain.signed_notes import NoteKey
from szunion.plugins import Registry, collect
from szunion.ports.keys import Vault
from szunion.ports.witness import Witness
from szunion.settings import Settings


def registry_of(settings: Settings) -> Registry:
    """Return the adapters and cities that announce themselves and may be loaded."""
    allow = frozenset(filter(None, settings.load_plugins.split(","))) or None
    return collect(allow=allow)


def city_named(registry: Registry, name: str) -> City:
    """Return the city of a name; without one, the only one that is installed."""
    if not name and len(registry.cities) == 1:
        (name,) = registry.cities
    return city_from(registry.city(name).read)


def city_of(settings: Settings) -> City:
    """Return the city that *settings* name."""
    return city_named(registry_of(settings).sound(), settings.city)


def vault_of(settings: Settings) -> Vault:
    """Return the vault of the keys that *settings* name, which are there.

    Raises:
        KeysUnavailable: the key file is not there, or cannot be read (E-KEYS-003).
    """
    spec = registry_of(settings).sound().keys(settings.key_store.name)
    told = {"crypto": settings.crypto, **settings.key_store.settings}
    file = key_file(settings.keys, file_of(settings.database))
    return open_keys(spec, told, SystemClock(), file=file, used=lambda: True).vault()


def witness_of(settings: Settings) -> Witness | None:
    """Return who outside signs the audit log's checkpoints; None: nobody is named."""
    told = settings.witness
    if not told.command:
        return None
    return CommandWitness(NoteKey.of(told.key), tuple(shlex.split(told.command)))
