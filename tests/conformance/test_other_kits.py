"""Our own stores, readers and keys keep what the kits ask; a planted bug in each does not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import BrokenBarrierError, Lock
from typing import Any, TypeVar, cast

import pytest
from attrs import define, evolve, field, frozen

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.reader.simulated import SimulatedReader
from szunion.adapters.storage.memory.storage import MemoryStorage
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.domain.access import WholeCity
from szunion.domain.inbox import Hearing
from szunion.domain.issuing import issue
from szunion.domain.keyset import KeyProfile
from szunion.emv.card.machine import SimulatedCard
from szunion.errors import Conflict, StorageBusy, StorageClosed
from szunion.ports.keys import Place, Vault
from szunion.ports.reader import CardChannel, CardReader, ReaderSeen
from szunion.ports.storage import Storage, UnitOfWork
from szunion.testing import SeededChance, SeededIds, SimClock
from szunion.testing.cards import SampleCard
from szunion.testing.keys import Keys, KeysPromises
from szunion.testing.reader import CardBench, ReaderPromises
from szunion.testing.storage import StorageParts, StoragePromises, StorageWorld
from szunion.testing.storage_desks import DeskPromises
from szunion.testing.storage_files import FilePromises
from szunion.testing.storage_money import MoneyPromises
from szunion.testing.storage_people import PeoplePromises

T = TypeVar("T")


class TestMemory(StoragePromises):
    durable = False

    def make_storage(self, parts: StorageParts) -> Storage:
        return MemoryStorage(parts.clock, parts.ids, parts.vault)


class TestSqlite(StoragePromises):
    def make_storage(self, parts: StorageParts) -> Storage:
        return SqliteStorage.open(
            parts.folder / "union.db", clock=parts.clock, ids=parts.ids, vault=parts.vault
        )


class TestSqliteUnderChineseAlgorithms(TestSqlite):
    def make_vault(self) -> Vault:
        keys = FileKeys(profile=KeyProfile.GM, chance=SeededChance(8).bytes)
        return keys.vault(chance=SeededChance(7).bytes)


class TestFileKeys(KeysPromises):
    def make_keys(self, folder: Path) -> Keys:
        store = FileKeys.open(folder / "union.keys")
        return Keys(store.vault(), store.signer("szunion/test"), store)


class TestFileKeysOfTheFirstRelease(KeysPromises):
    def make_keys(self, folder: Path) -> Keys:
        path = folder / "union.keys"
        if not path.exists():
            root = base64.b64encode(bytes(range(32))).decode()
            path.write_text(json.dumps({"format": "szunion-keys/1", "root": root}), "ascii")
            path.chmod(0o600)
        store = FileKeys.open(path)
        return Keys(store.vault(), store.signer("szunion/test"), store)


class TestFileKeysForChineseAlgorithms(KeysPromises):
    def make_keys(self, folder: Path) -> Keys:
        store = FileKeys.open(folder / "union.keys", profile=KeyProfile.GM)
        return Keys(store.vault(), store.signer("szunion/test"), store)


class TestSimulatedReader(ReaderPromises):
    def make_reader(self, bench: CardBench) -> CardReader:
        reader = SimulatedReader(bench.name)

        def moved(card: SimulatedCard | None) -> None:
            if card is None:
                reader.remove(bench.name)
            else:
                reader.insert(bench.name, card)

        bench.on_move(moved)
        return reader


# --- the kits find bugs ---------------------------------------------------------------------


def test_a_vault_that_does_not_bind_the_place_is_found(tmp_path: Path) -> None:
    store = FileKeys.open(tmp_path / "union.keys")
    vault = store.vault()

    class Loose:
        def seal(self, place: Place, plain: bytes, *, salt: bytes = b"") -> bytes:
            return vault.seal(Place("any", 0, 0), plain, salt=salt)

        def open(self, place: Place, sealed: bytes, *, salt: bytes = b"") -> bytes:
            return vault.open(Place("any", 0, 0), sealed, salt=salt)

    keys = Keys(Loose(), store.signer("t"))  # type: ignore[arg-type]
    with pytest.raises(pytest.fail.Exception):
        KeysPromises().test_what_is_moved_does_not_open(keys, "id")


class Reconnecting:
    """A reader whose channel connects anew when the card is another, as if nothing had been."""

    atr = b""

    def __init__(self, reader: CardReader, name: str) -> None:
        self.reader = reader
        self.name = name

    def connect(self, name: str) -> CardChannel:
        del name
        return self

    def transmit(self, command: bytes) -> bytes:
        channel = self.reader.connect(self.name)
        try:
            return channel.transmit(command)
        finally:
            channel.close()

    def close(self) -> None:
        """Nothing is open."""

    def list(self) -> Sequence[ReaderSeen]:
        return self.reader.list()

    def wait(self, name: str, *, present: bool, seconds: float) -> bool:
        return self.reader.wait(name, present=present, seconds=seconds)


def test_a_reader_that_connects_anew_by_itself_is_found() -> None:
    bench = CardBench()
    reader = Reconnecting(TestSimulatedReader().make_reader(bench), bench.name)
    with pytest.raises(pytest.fail.Exception):
        ReaderPromises().test_a_swapped_card_is_another_conversation(
            reader, bench, SampleCard.grow()
        )


@define
class HandsOn:
    """A store that hands everything on to another; what a planted one does otherwise, it says."""

    storage: Storage

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        return self.storage.run(work, guarded=guarded)

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        return self.storage.read(look)

    @property
    def side_by_side(self) -> int:
        return 1

    def close(self) -> None:
        self.storage.close()


class StepByStep(HandsOn):
    """A store that keeps what a failing unit did before it failed."""

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        failed: list[RuntimeError] = []

        def swallowed(unit: UnitOfWork) -> T | None:
            try:
                return work(unit)
            except RuntimeError as error:
                failed.append(error)
                return None

        done = self.storage.run(swallowed, guarded=guarded)
        for error in failed:
            raise error
        return done  # type: ignore[return-value]


def test_a_store_that_commits_step_by_step_is_found() -> None:
    clock = SimClock("2017-11-23")
    vault = FileKeys(bytes(range(32))).vault(chance=SeededChance(7).bytes)
    store = StepByStep(MemoryStorage(clock, SeededIds(clock), vault))
    with pytest.raises(AssertionError):
        StoragePromises().test_a_unit_that_fails_leaves_nothing(StorageWorld(store, lambda: store))


@define
class OneLine(HandsOn):
    """A store whose looks share a line, and which says that two may go on at once."""

    _line: Lock = field(factory=Lock, init=False)

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        if not self._line.acquire(blocking=False):
            raise StorageBusy("E-STORE-001")
        try:
            return self.storage.read(look)
        finally:
            self._line.release()

    @property
    def side_by_side(self) -> int:
        return 2


def test_a_store_that_looks_at_less_at_once_than_it_says_is_found() -> None:
    clock = SimClock("2017-11-23")
    vault = FileKeys(bytes(range(32))).vault(chance=SeededChance(7).bytes)
    store = OneLine(MemoryStorage(clock, SeededIds(clock), vault))
    with pytest.raises((StorageBusy, BrokenBarrierError)):
        StoragePromises().test_so_many_looks_go_on_at_once_as_it_says(
            StorageWorld(store, lambda: store)
        )


@define
class Reopening(HandsOn):
    """A store that opens again, silently, whenever it is asked after its end."""

    make: Callable[[], Storage]

    def close(self) -> None:
        self.storage.close()
        self.storage = self.make()


class BreakingOff(Reopening):
    """A store that breaks off whoever is at work when it is closed."""

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        before = self.storage

        def broken_off(unit: UnitOfWork) -> T:
            done = work(unit)
            if self.storage is not before:
                raise StorageClosed("E-STORE-038")
            return done

        return before.run(broken_off, guarded=guarded)


@pytest.mark.parametrize(
    ("promise", "kind"),
    [
        ("test_a_closed_store_is_used_no_more", Reopening),
        ("test_a_unit_that_has_begun_ends_when_its_store_is_closed", Reopening),
        ("test_a_unit_that_has_begun_ends_when_its_store_is_closed", BreakingOff),
    ],
)
def test_a_store_that_does_not_end_as_it_should_is_found(
    promise: str, kind: type[Reopening]
) -> None:
    clock = SimClock("2017-11-23")
    vault = FileKeys(bytes(range(32))).vault(chance=SeededChance(7).bytes)
    make = partial(MemoryStorage, clock, SeededIds(clock), vault)
    store = kind(make(), make)
    with pytest.raises((StorageClosed, pytest.fail.Exception)):
        getattr(StoragePromises(), promise)(StorageWorld(store, lambda: store))


# --- a store that forgets what a desk relies on ---------------------------------------------


class _With:
    """A unit of work of which one repository does something else."""

    def __init__(self, unit: UnitOfWork, noun: str, **instead: Any) -> None:
        self._unit, self._noun, self._instead = unit, noun, instead

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._unit, name)
        if name != self._noun:
            return found
        return _Box(found, self._instead)


class _Box:
    def __init__(self, box: Any, instead: Mapping[str, Any]) -> None:
        self._box, self._instead = box, instead

    def __getattr__(self, name: str) -> Any:
        plain = getattr(self._box, name)
        return partial(self._instead[name], plain) if name in self._instead else plain


@frozen
class Planted:
    """A store with one wrong method."""

    storage: Storage
    noun: str
    instead: Mapping[str, Any]

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        return self.storage.run(
            lambda unit: work(cast("UnitOfWork", _With(unit, self.noun, **self.instead))),
            guarded=guarded,
        )

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        return self.storage.read(
            lambda unit: look(cast("UnitOfWork", _With(unit, self.noun, **self.instead)))
        )

    @property
    def side_by_side(self) -> int:
        return 1

    def close(self) -> None:
        self.storage.close()


#: promise: the repository, and what its method does instead.
PLANTED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "test_a_day_has_so_many_rows_for_an_officer_and_no_more": (
        "disclosures", {"add": lambda plain, scope, shown, _most: plain(scope, shown, 99)},
    ),
    "test_old_disclosures_end_with_their_counts_and_younger_ones_stay": (
        "disclosures",
        {"end_older": lambda plain, scope, day, most: plain(scope, day + timedelta(days=1), most)},
    ),
    "test_an_operator_has_one_member_open": (
        "calls", {"put": lambda plain, scope, row: row.id == 1 and plain(scope, row)},
    ),
    "test_wrong_answers_are_counted_for_each_subject": (
        "calls", {"tries": lambda plain, scope, _subject: plain(scope, "clerk")},
    ),
    "test_a_matter_is_listed_without_words_and_kept_with_them": (
        "referrals",
        {"add": lambda plain, scope, referral: plain(scope, referral.without_words())},
    ),
    "test_a_list_is_put_in_whole_and_goes_with_its_union": (
        "joinings",
        {"put_people": lambda plain, scope, joining, people: people and plain(
            scope, joining, people
        )},
    ),
    "test_a_post_is_held_once_and_its_end_is_kept": (
        "officers", {"put": lambda _plain, _scope, _post: None},
    ),
    "test_who_acts_for_another_is_on_that_one_s_side": (
        "officers", {"one_side": lambda _plain, maker, checker, _made: maker == checker},
    ),
    "test_words_of_a_consent_are_added_and_none_is_another_s": (
        "consents", {"of_people": lambda plain, scope, people: plain(scope, list(people)[:1])},
    ),
    "test_a_request_is_kept_whole_and_changed_by_who_read_it_last": (
        "requests", {"listed": lambda plain, scope, states, _most: plain(scope, states, 9)},
    ),
    "test_members_are_counted_by_shape_and_uses_as_corrected": (
        "figures",
        {"shapes": lambda plain, scope, programme, _shards: plain(scope, programme, range(1024))},
    ),
    "test_an_index_is_paged_in_order_and_equal_values_have_one_token": (
        "people",
        {"entries": lambda plain, scope, index, _after, most: plain(scope, index, None, most)},
    ),
    "test_what_became_of_a_confirmed_proposal_is_kept_by_who_read_it_last": (
        "proposals", {"put_terms": lambda _plain, _scope, _now, _before: None},
    ),
    "test_the_journal_of_erasures_says_what_is_due": (
        "erasures", {"drop_name": lambda _plain, _scope, _person: None},
    ),
    "test_cards_are_counted_by_shape_and_those_with_a_hold_apart": (
        "figures", {"held": lambda _plain, _scope, _programme, _shards: []},
    ),
    "test_an_activation_counts_once_in_the_month_that_it_has_in_the_city": (
        "figures",
        {"activations": lambda plain, scope, programme, shards: [
            evolve(each, month=10) for each in plain(scope, programme, shards)
        ]},
    ),
    "test_who_is_of_one_union_counts_and_finds_nothing_of_another_s": (
        "requests", {"get": lambda plain, scope, request: plain(
            issue(scope.principal, scope.operation, WholeCity()), request
        )},
    ),
    "test_what_is_one_person_s_is_found_by_the_person": (
        "files", {"merged": lambda _plain, _scope, _person: []},
    ),
    "test_an_erasure_takes_what_it_names_and_nothing_of_another_s": (
        "erasures",
        {"wipe": lambda plain, scope, person, deeds: plain(scope, person, list(deeds)[1:])},
    ),
    "test_what_is_proof_goes_only_with_an_erasure_in_the_journal": (
        "erasures", {"wipe": lambda _plain, _scope, _person, _deeds: None},
    ),
    "test_a_claim_that_is_erased_lets_go_of_its_event": (
        "claims", {"holder": lambda _plain, _scope, _keys: None},
    ),
    "test_only_a_contradiction_stands_against_what_it_is_about": (
        "inbox",
        {"contradicted": lambda plain, scope, ids: {
            each.subject: each.received for each in plain.__self__.listed(scope, Hearing)
            if each.subject in set(ids)
        }},
    ),
    "test_the_newest_contradiction_counts": (
        "inbox",
        {"contradicted": lambda plain, scope, ids: {
            each.subject: each.received
            for each in reversed(plain.__self__.listed(scope, [Hearing.CONFLICT]))
            if each.subject in set(ids)
        }},
    ),
    "test_a_notice_that_turns_out_a_contradiction_has_the_moment_of_that": (
        "inbox",
        {"put": lambda plain, scope, row: plain(scope, evolve(
            row, received=plain.__self__.get(scope, row.source, row.event_id).received
        ))},
    ),
    "test_the_lines_of_an_order_are_found_whatever_their_day": (
        "statements",
        {"of_keys": lambda plain, scope, keys: [
            each for each in plain(scope, keys) if each.day == plain.__self__.last_day(scope)
        ]},
    ),
    "test_a_line_is_found_by_its_order_as_it_stands": (
        "statements",
        {"of_keys": lambda plain, scope, keys: [
            evolve(each, explained="") for each in plain(scope, keys)
        ]},
    ),
}  # fmt: skip


DESKS = (DeskPromises, FilePromises, MoneyPromises, PeoplePromises)


@pytest.mark.parametrize("promise", PLANTED)
def test_a_store_that_breaks_a_promise_to_a_desk_is_found(promise: str) -> None:
    clock = SimClock("2017-11-23")
    vault = FileKeys(bytes(range(32))).vault(chance=SeededChance(7).bytes)
    noun, instead = PLANTED[promise]
    store = Planted(MemoryStorage(clock, SeededIds(clock), vault), noun, instead)
    with pytest.raises((AssertionError, pytest.fail.Exception, Conflict)):
        getattr(StoragePromises(), promise)(StorageWorld(store, lambda: store))


def test_every_promise_to_a_desk_has_a_store_that_breaks_it() -> None:
    asked = {name for kit in DESKS for name in vars(kit)}
    assert set(PLANTED) == {name for name in asked if name.startswith("test_")}
