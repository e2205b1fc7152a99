"""Know how adapters and cities announce themselves; the only module that knows pluggy.

pluggy only announces: an adapter comes in as a typed spec and from then on works through its
Protocol. szunion's own adapters come in by the same door as a stranger's, the entry point group
``szunion``. There is no manager at import: two cities in one process do not share plug-ins.

A stranger's distribution needs three things::

    # pyproject.toml
    [project.entry-points.szunion]
    yunhai = "szunion_bank_yunhai"

    # szunion_bank_yunhai/__init__.py
    @hookimpl
    def szunion_adapters() -> Iterable[AdapterSpec]:
        yield BankSpec(name="yunhai", title=Text("云海银行", "Bank of Yunhai"),
                       config=YunhaiConfig, make=YunhaiBank)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed_entry_points
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

import cattrs
import pluggy
from attrs import evolve, field, frozen

from szunion.errors import ConfigError, PluginError
from szunion.ports.bank import BankAdapter
from szunion.ports.identity import IdentityProofs
from szunion.ports.keys import KeyStore
from szunion.ports.notifier import Notifier
from szunion.ports.reader import CardReader
from szunion.ports.system import Clock
from szunion.text import Text

__all__ = [
    "AdapterSpec",
    "BankSpec",
    "BrokenPlugin",
    "CitySpec",
    "Hooks",
    "IdentitySpec",
    "KeysSpec",
    "NoConfig",
    "NotifierSpec",
    "ReaderSpec",
    "Registry",
    "Spec",
    "collect",
    "hookimpl",
]

GROUP: Final = "szunion"

C = TypeVar("C")
A = TypeVar("A")

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@frozen
class NoConfig:
    """The configuration of an adapter that needs none."""


@frozen(kw_only=True)
class Spec(Generic[C, A]):
    """An adapter that can be made: its name, its settings, and how it is made of them."""

    name: str
    title: Text
    config: type[C]
    make: Callable[[C, Clock], A]
    promises: str = ""
    """Where the conformance kit finds its promises, ``module:Class``: a subclass of the kit's with
    its factory, which ``szunion adapter conform`` runs. Nothing of it is loaded before."""
    distribution: str = ""
    """Who brought it; filled in when it is collected."""

    def build(self, settings: Mapping[str, object], clock: Clock) -> A:
        """Make the adapter from plain settings.

        Raises:
            ConfigError: a setting is unknown, missing or of the wrong kind (E-PLUGIN-004).
        """
        converter = cattrs.Converter(forbid_extra_keys=True)
        try:
            config = converter.structure(dict(settings), self.config)
        except cattrs.BaseValidationError as error:
            where = "; ".join(cattrs.transform_error(error))
            raise ConfigError("E-PLUGIN-004", name=self.name, where=where) from None
        return self.make(config, clock)


class BankSpec(Spec[C, BankAdapter]):
    """A line to a bank (银行适配器)."""


class ReaderSpec(Spec[C, CardReader]):
    """A way to cards (读卡器适配器)."""


class NotifierSpec(Spec[C, Notifier]):
    """A way to people (通知适配器)."""


class KeysSpec(Spec[C, KeyStore]):
    """A place where a city's keys live (密钥库适配器).

    A configuration with a field ``file`` is told where the key file lies, one with a field
    ``crypto`` which algorithms the city has chosen.
    """


class IdentitySpec(Spec[C, IdentityProofs]):
    """Somebody who can say that a person is who they say (实名认证适配器)."""


AdapterSpec: TypeAlias = (
    BankSpec[Any] | ReaderSpec[Any] | NotifierSpec[Any] | IdentitySpec[Any] | KeysSpec[Any]
)


@frozen(kw_only=True)
class CitySpec:
    """A city's policy as data: the texts of its ``city.toml`` and ``catalogue.toml``."""

    name: str
    title: Text
    read: Callable[[str], str]
    """Returns the text of one of the city's files by its name."""
    distribution: str = ""


class Hooks:
    """What a plug-in may answer. A third hook needs a plug-in that really uses it."""

    @hookspec
    def szunion_adapters(self) -> Iterable[AdapterSpec]:  # type: ignore[empty-body]
        """Offer adapters."""

    @hookspec
    def szunion_cities(self) -> Iterable[CitySpec]:  # type: ignore[empty-body]
        """Offer cities."""


@frozen
class BrokenPlugin:
    """A plug-in that could not be loaded, and why: the kind of the error, not its text."""

    name: str
    distribution: str
    problem: str


def _by_name(kind: type) -> Callable[[Registry, str], Any]:
    def find(registry: Registry, name: str) -> Any:  # noqa: ANN401 - typed by its callers
        spec = registry.adapters.get((kind.__name__, name))
        if spec is None:
            known = sorted(key[1] for key in registry.adapters if key[0] == kind.__name__)
            raise PluginError("E-PLUGIN-001", name=name, known=", ".join(known) or "-")
        return spec

    return find


@frozen
class Registry:
    """The adapters and cities that announced themselves."""

    adapters: Mapping[tuple[str, str], AdapterSpec] = field(factory=dict)
    cities: Mapping[str, CitySpec] = field(factory=dict)
    broken: tuple[BrokenPlugin, ...] = ()

    def sound(self) -> Registry:
        """Return this registry if every plug-in could be loaded.

        Raises:
            PluginError: one could not; names its distribution (E-PLUGIN-003). An adapter that
                vanished silently is worse than a start that fails.
        """
        for broken in self.broken:
            raise PluginError(
                "E-PLUGIN-003",
                name=broken.name, distribution=broken.distribution, problem=broken.problem,
            )  # fmt: skip
        return self

    def bank(self, name: str) -> BankSpec[Any]:
        """Return the bank adapter of that name, or raise PluginError (E-PLUGIN-001)."""
        spec: BankSpec[Any] = _by_name(BankSpec)(self, name)
        return spec

    def reader(self, name: str) -> ReaderSpec[Any]:
        """Return the reader adapter of that name, or raise PluginError (E-PLUGIN-001)."""
        spec: ReaderSpec[Any] = _by_name(ReaderSpec)(self, name)
        return spec

    def notifier(self, name: str) -> NotifierSpec[Any]:
        """Return the notifier of that name, or raise PluginError (E-PLUGIN-001)."""
        spec: NotifierSpec[Any] = _by_name(NotifierSpec)(self, name)
        return spec

    def identity(self, name: str) -> IdentitySpec[Any]:
        """Return the identity adapter of that name, or raise PluginError (E-PLUGIN-001)."""
        spec: IdentitySpec[Any] = _by_name(IdentitySpec)(self, name)
        return spec

    def keys(self, name: str) -> KeysSpec[Any]:
        """Return the key store of that name, or raise PluginError (E-PLUGIN-001)."""
        spec: KeysSpec[Any] = _by_name(KeysSpec)(self, name)
        return spec

    def city(self, name: str) -> CitySpec:
        """Return the city of that name, or raise PluginError (E-PLUGIN-001)."""
        spec = self.cities.get(name)
        if spec is None:
            raise PluginError("E-PLUGIN-001", name=name, known=", ".join(sorted(self.cities)))
        return spec


def collect(
    plugins: Iterable[object] = (),
    *,
    installed: bool = True,
    allow: frozenset[str] | None = None,
) -> Registry:
    """Return what *plugins* and the installed distributions offer.

    Args:
        plugins: Objects with hook implementations, for an application's own adapters and tests.
        installed: Whether to look at the entry points of installed distributions.
        allow: Names of entry points that may be loaded; None: all. ``builtin`` is always loaded.

    Raises:
        PluginError: two offers have one name (E-PLUGIN-002), or a hook is misspelt
            (E-PLUGIN-005).
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    owners: dict[str, str] = {}
    broken: list[BrokenPlugin] = []
    for number, plugin in enumerate(plugins):
        owners[_register(manager, plugin, f"given-{number}")] = "-"
    if installed:
        for point in sorted(installed_entry_points(group=GROUP), key=lambda point: point.name):
            if allow is None or point.name in allow or point.name == "builtin":
                _load(manager, point, owners, broken)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        name = manager.get_name(error.plugin) or "-"
        raise PluginError("E-PLUGIN-005", name=name, distribution=owners.get(name, "-")) from None
    return _offers(manager, owners, broken)


def _register(manager: pluggy.PluginManager, plugin: object, name: str) -> str:
    return manager.register(plugin, name) or name


def _load(
    manager: pluggy.PluginManager,
    point: EntryPoint,
    owners: dict[str, str],
    broken: list[BrokenPlugin],
) -> None:
    distribution = point.dist.name if point.dist else "-"
    try:
        plugin = point.load()
    except Exception as error:  # noqa: BLE001 - a stranger's import may raise anything
        broken.append(BrokenPlugin(point.name, distribution, type(error).__name__))
        return
    owners[_register(manager, plugin, point.name)] = distribution


def _offers(
    manager: pluggy.PluginManager, owners: Mapping[str, str], broken: list[BrokenPlugin]
) -> Registry:
    adapters: dict[tuple[str, str], AdapterSpec] = {}
    cities: dict[str, CitySpec] = {}
    hook = manager.hook
    for owner, offer in _answers(hook.szunion_adapters, Spec, owners, broken):
        key = (type(offer).__name__, offer.name)
        _unique(adapters.get(key), offer.name, owner)
        adapters[key] = evolve(offer, distribution=owner)
    for owner, city in _answers(hook.szunion_cities, CitySpec, owners, broken):
        _unique(cities.get(city.name), city.name, owner)
        cities[city.name] = evolve(city, distribution=owner)
    return Registry(adapters, cities, tuple(broken))


def _answers(
    hook: pluggy.HookCaller, kind: type[Any], owners: Mapping[str, str], broken: list[BrokenPlugin]
) -> Iterator[tuple[str, Any]]:
    """Yield what every plug-in offers, with whose it is; one that cannot answer is reported."""
    for impl in sorted(hook.get_hookimpls(), key=lambda impl: impl.plugin_name):
        owner = owners[impl.plugin_name]
        try:
            offers = list(cast(Iterable[object], impl.function()))
        except Exception as error:  # noqa: BLE001 - a stranger's hook may raise anything
            broken.append(BrokenPlugin(impl.plugin_name, owner, type(error).__name__))
            continue
        if all(isinstance(offer, kind) for offer in offers):
            yield from ((owner, offer) for offer in offers)
        else:
            broken.append(BrokenPlugin(impl.plugin_name, owner, TypeError.__name__))


def _unique(earlier: AdapterSpec | CitySpec | None, name: str, owner: str) -> None:
    if earlier is not None:
        raise PluginError("E-PLUGIN-002", name=name, one=earlier.distribution, other=owner)
