"""Know how a city's system is put together: settings, adapters, and the object that users hold.

This is the one composition root. Nothing here decides anything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

from attrs import evolve, field, frozen

from szunion.adapters.callbacks import CallbackDoor, Refusals
from szunion.adapters.crowd import Combiner
from szunion.adapters.file_piles import FilePiles
from szunion.adapters.keys.named import key_file, open_keys
from szunion.adapters.own_ids import OwnIds
from szunion.adapters.roster.reader import read_roster
from szunion.adapters.storage.addressed import (
    borrowed_storage,
    file_of,
    is_made,
    must_be_possible,
    must_exist,
    open_storage,
)
from szunion.adapters.system import ChineseCalendar, SystemChance, SystemClock, SystemIds
from szunion.application.as_of import PolicyBook
from szunion.application.audit import AuditLog, check_keys
from szunion.application.bank_fit import check_bank
from szunion.application.keys import KeyCare
from szunion.application.office import Alone, Office
from szunion.application.officers import check_registered, principal_of
from szunion.application.system import Desk
from szunion.application.witnesses import Witnesses
from szunion.application.worker import Worker
from szunion.domain.access import Assurance, Principal, Purpose, Role, engine
from szunion.domain.cities import City
from szunion.domain.nodes import Node
from szunion.domain.values import OrganisationId
from szunion.errors import ConfigError, NotAllowed, StorageClosed
from szunion.installed import city_named, registry_of, witness_of
from szunion.plugins import Registry, Spec, collect
from szunion.ports.bank import BankAdapter, NamesCards, ReceivesCallbacks
from szunion.ports.identity import Directory, IdentityProofs, Proof, StepUp
from szunion.ports.keys import KeyStore
from szunion.ports.notifier import Notifier
from szunion.ports.reader import CardReader
from szunion.ports.system import Clock, Ids
from szunion.ports.witness import Witness
from szunion.settings import Settings

if TYPE_CHECKING:
    import psycopg

    from szunion.application.card_reading import Equipment
    from szunion.application.counter import Counter
    from szunion.emv.capk import CaKeys

A = TypeVar("A")


@runtime_checkable
class Closable(Protocol):
    """An adapter that holds something open."""

    def close(self) -> None:
        """Let it go. A second time does nothing."""
        ...


@frozen(kw_only=True)
class UnionSystem:
    """The system of one city: what an application holds.

    Everything goes through a :class:`~szunion.application.system.Desk`, made for the person who
    acts. Two systems in one process share nothing.
    """

    office: Office
    keys: KeyStore
    bank: BankAdapter
    notifier: Notifier
    identity: IdentityProofs
    reader: CardReader | None
    city: City
    witness: Witness | None = None
    """Who outside signs the audit log's checkpoints."""
    directory: Directory | None = None
    """The host's own directory of officers; None: this system's registry."""
    owns_bank: bool = False
    """Whether the bank's adapter was made here, by its name, and is closed here."""
    _closed: Event = field(factory=Event, init=False, repr=False, eq=False)

    def worker(self, name: str = "engine") -> Worker:
        """Return a worker that sends, asks, listens, keeps deadlines and seals the log."""
        log = AuditLog(self.office, engine())
        more = (
            PolicyBook(self.office, engine()).keep,
            lambda: log.seal() is not None,
            self._witnessed,
        )
        return Worker(
            office=self.office, bank=self.bank, notifier=self.notifier, name=name, more=more
        )

    def _witnessed(self) -> bool:
        """Have the witness sign the newest checkpoint; a no is told by ``doctor``, every time."""
        if self.witness is None:
            return False
        from szunion.adapters.keys.checks import signature_holds  # noqa: PLC0415 - brings SM2

        return Witnesses(self.office, engine(), signature_holds).signed_now(self.witness)

    def callbacks(self, path: str = "/bank/callback") -> CallbackDoor:
        """Return the WSGI application at which the bank calls, to be mounted at *path*.

        Raises:
            ConfigError: this bank's adapter takes no callbacks (E-BANK-063).
        """
        if not isinstance(self.bank, ReceivesCallbacks):
            raise ConfigError("E-BANK-063", bank=self.bank.info.name)
        ear = self.worker().desk.ear
        refusals = Refusals(ear.refused, self.office.clock.monotonic)
        return CallbackDoor(self.bank, ear.brought, ear.brought_soon, path, refusals)

    @classmethod
    def open(  # noqa: PLR0913 - each is a part that a host may bring
        cls,
        database: str = "sqlite:///szunion.db",
        *,
        city: str | City = "",
        bank: BankAdapter | str = "simulated",
        clock: Clock | None = None,
        ids: Ids | None = None,
        keys: KeyStore | str | Path | None = None,
        key_store: str = "file",
        crypto: str = "",
        notifier: Notifier | str = "recording",
        identity: IdentityProofs | str = "simulated",
        reader: CardReader | str | None = None,
        witness: Witness | None = None,
        directory: Directory | None = None,
        plugins: Iterable[object] = (),
        registry: Registry | None = None,
        settings: Mapping[str, Mapping[str, object]] | None = None,
        create: bool = True,
        recovering: bool = False,
        node: Node | None = None,
    ) -> Self:
        """Open the system of *city* on *database*.

        Args:
            database: ``sqlite:///path`` (made when it is not there), ``postgresql://…`` (made
                before, by ``szunion db init``) or ``memory:``.
            city: A city's name or its policy; empty: the only one installed.
            bank: An adapter, or the name of an installed one.
            notifier: Likewise, the way to people.
            identity: Likewise, who proves identities.
            reader: Likewise, the way to cards; None: this installation has no counter.
            clock: What time it is; a test's clock can be moved.
            ids: Where ids come from.
            keys: The key store, or its file; None: a file beside the database. A file is made
                with the database, and must be there where that is there.
            witness: Who outside signs the audit log's checkpoints.
            directory: Where posts come from at :meth:`log_in`; None: the registry.
            key_store: The name of an installed key store, for a file.
            crypto: The algorithms of new keys, ``intl`` or ``gm``; empty: as the file says.
            plugins: Objects with hook implementations, besides the installed ones.
            registry: What has been collected already.
            settings: The settings of the named adapters: ``{"bank": {...}}``.
            create: Whether a database, and its keys, may be made where there is none.
            recovering: Whether a store that came out of a backup may be written: for what
                compares it with the bank, and for nothing else.
            node: Which part of the city's members lie on this database, where several share them:
                others are not registered here (:class:`~szunion.errors.WrongNode`).

        Raises:
            ConfigError: the database's URL is not understood (E-CONFIG-002); the bank's adapter
                lacks what the city needs (E-BANK-021), or cannot be as it says (E-BANK-022).
            PluginError: an adapter or city is missing, doubled or broken.
            StorageError: the database cannot be opened safely.
            KeysUnavailable: the key file is not there while the database is, or cannot be read
                (E-KEYS-003), or written (E-KEYS-024), or it is another database's (E-KEYS-023).
        """
        must_be_possible(database)
        if not create:
            must_exist(database)
        registry = (registry or collect(plugins)).sound()
        told = settings or {}
        clock = clock or SystemClock()
        ids = ids or SystemIds(clock, SystemChance())
        if node is not None and not node.whole:
            ids = OwnIds(ids, node.first)
        chosen = city if isinstance(city, City) else city_named(registry, city)
        if keys is None or isinstance(keys, str | Path):
            wanted = {"crypto": crypto, **told.get("keys", {})}
            file = key_file(keys, file_of(database))
            store = open_keys(
                registry.keys(key_store), wanted, clock, file=file,
                used=lambda: not create or is_made(database),
            )  # fmt: skip
        else:
            store = keys
        vault = store.vault()
        line = _part(bank, registry.bank, told.get("bank", {}), clock)
        check_bank(chosen.policy, line.info)
        office = Office(
            storage=open_storage(database, clock, ids, vault, recovering=recovering),
            clock=clock,
            ids=ids,
            vault=vault,
            signer=store.signer(f"szunion/{chosen.policy.code}"),
            calendar=ChineseCalendar(),
            policy=chosen.policy,
            catalogue=chosen.catalogue,
            bank_info=line.info,
            crowd=Combiner(),
            bank_calls=Combiner(),
            piles=FilePiles(),
            node=node,
        )
        check_keys(office)
        return cls(
            office=office,
            keys=store,
            bank=line,
            notifier=_part(notifier, registry.notifier, told.get("notifier", {}), clock),
            identity=_part(identity, registry.identity, told.get("identity", {}), clock),
            reader=None
            if reader is None
            else _part(reader, registry.reader, told.get("reader", {}), clock),
            city=chosen,
            witness=witness,
            directory=directory,
            owns_bank=isinstance(bank, str),
        )

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        create: bool = True,
        recovering: bool = False,
        node: Node | None = None,
    ) -> Self:
        """Open the system that *settings* describe.

        Raises:
            ConfigError: they name several nodes, and none is said (E-NODES-015).
        """
        if settings.nodes.at and node is None:
            raise ConfigError("E-NODES-015")
        return cls.open(
            settings.database,
            city=settings.city,
            bank=settings.bank.name,
            notifier=settings.notifier.name,
            identity=settings.identity.name,
            reader=settings.reader.name or None,
            keys=settings.keys or None,
            witness=witness_of(settings),
            key_store=settings.key_store.name,
            crypto=settings.crypto,
            registry=registry_of(settings),
            settings={
                "bank": settings.bank.settings,
                "notifier": settings.notifier.settings,
                "identity": settings.identity.settings,
                "reader": settings.reader.settings,
                "keys": settings.key_store.settings,
            },
            create=create,
            recovering=recovering,
            node=node,
        )

    def confirmed(self, principal: Principal, code: str) -> Principal:
        """Return *principal* as somebody whom a second thing has just confirmed (二次验证).

        Raises:
            NotAllowed: nobody here can confirm it (E-ACCESS-009), or the code is wrong, or no
                answer came (E-ACCESS-010).
        """
        if not isinstance(self.identity, StepUp):
            raise NotAllowed("E-ACCESS-009")
        match self.identity.confirm(principal.id, code):
            case Proof.PROVED:
                return evolve(principal, assurance=Assurance.STEP_UP)
            case Proof.WRONG | Proof.NO_ANSWER:
                raise NotAllowed("E-ACCESS-010")

    def log_in(
        self,
        login: str,
        purpose: Purpose,
        *,
        role: Role | None = None,
        organisation: OrganisationId | None = None,
        acting_for: str = "",
    ) -> Principal:
        """Return an officer of whom the host knows the login alone (登录).

        Role and union come from the registry, or from the host's directory where there is one.

        Raises:
            NotAllowed: there is no such post now (E-ACCESS-012), or several (E-OFFICER-006).
        """
        return principal_of(
            self.office, login, purpose, role=role, organisation=organisation,
            acting_for=acting_for, directory=self.directory,
        )  # fmt: skip

    def desk(self, principal: Principal) -> Desk:
        """Return the desk at which *principal* works.

        Raises:
            NotAllowed: the city takes registered officers alone, this one is none (E-ACCESS-014).
        """
        check_registered(self.office, principal)
        return Desk(office=self.office, by=principal, opens=read_roster, proofs=self.identity)

    def key_care(self, principal: Principal) -> KeyCare:
        """Return what *principal* may do with the keys of this city (密钥管理)."""
        return KeyCare(self.office, self.keys, principal)

    def equipment(
        self, *, roots: Callable[[date], CaKeys], reader: CardReader | None = None
    ) -> Equipment:
        """Return what stands on a counter of this installation (服务点设备).

        Args:
            roots: The roots to believe on a day.
            reader: The way to cards; None: the one the system was opened with.

        Raises:
            ConfigError: there is none (E-COUNTER-001).
        """
        from szunion.application.card_reading import Equipment, NumbersAreTokens  # noqa: PLC0415 - cards

        way = reader or self.reader
        if way is None:
            raise ConfigError("E-COUNTER-001")
        names = self.bank if isinstance(self.bank, NamesCards) else NumbersAreTokens()
        return Equipment(
            reader=way, roots=roots, names=names, clock=self.office.clock, chance=SystemChance()
        )

    def counter(
        self,
        principal: Principal,
        *,
        roots: Callable[[date], CaKeys],
        reader: CardReader | None = None,
    ) -> Counter:
        """Return the counter at which *principal* works: see :meth:`equipment` (服务点)."""
        from szunion.application.counter import Counter  # noqa: PLC0415 - the card layer

        return Counter(self.office, principal, self.equipment(roots=roots, reader=reader))

    def within(self, connection: sqlite3.Connection | psycopg.Connection[Any]) -> UnionSystem:
        """Return this system inside the host application's transaction on *connection*.

        What its desks change is committed, or rolled back, with the host's own changes.

        Raises:
            StorageClosed: this system was closed (E-STORE-038).
            StorageError: the connection is weaker than ours would be (E-STORE-003).
        """
        if self._closed.is_set():  # the host's connection is open, and would answer
            raise StorageClosed("E-STORE-038")
        office = self.office
        borrowed = borrowed_storage(connection, office.clock, office.ids, office.vault)
        one = Alone()
        inside = evolve(office, storage=borrowed, crowd=one, bank_calls=one)
        return evolve(self, office=inside, owns_bank=False)  # the bank's line stays this one's

    def run_until_idle(self) -> None:
        """Deliver, ask, collect and obey until nothing is due now."""
        self.worker().run_until_idle()

    def close(self) -> None:
        """Answer who waits, close the store, and the bank's line if it was opened here.

        A second time does nothing. Whatever is asked of this system later, in any thread, meets
        :class:`~szunion.errors.StorageClosed`; what is under way comes to its end.
        """
        self._closed.set()
        for crowd in (self.office.crowd, self.office.bank_calls):
            crowd.close()
        self.office.storage.close()
        if self.owns_bank and isinstance(self.bank, Closable):
            self.bank.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _part(
    given: A | str,
    spec: Callable[[str], Spec[Any, A]],
    told: Mapping[str, object],
    clock: Clock,
) -> A:
    """Return an adapter: the one that is given, or made by its name."""
    return spec(given).build(told, clock) if isinstance(given, str) else given
