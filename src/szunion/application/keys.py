"""Know how a city's keys are changed while it works: new keys, walks towards them, old keys' end.

A rotation has three parts, and each may be broken off and taken up again: a new key, which new
rows get at once; a walk that brings the old rows under it, some at a time; the end of the old key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.keyset import INDEXES, KeyEntry, KeyProfile, KeyStatus, KeyUse
from szunion.errors import Conflict
from szunion.ports.keys import IndexField, KeyStore
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.sealed import Walk

AT_ONCE: Final = 500
"""How many rows one transaction of a walk looks at: others wait no longer than that takes."""

_Step: TypeAlias = Callable[[UnitOfWork, Scope, Walk], Walk]

_PASSES: Final = 5
"""How often a column is walked through for rows that others wrote under the old key meanwhile."""


@frozen(kw_only=True)
class Progress:
    """How far the walks towards the present keys have come (进度)."""

    name: str
    """The column, or the index, that is walked through."""
    key: int
    seen: int
    changed: int
    ended: bool


@frozen
class KeyCare:
    """What the administrator of keys does (密钥管理)."""

    office: Office
    store: KeyStore
    by: Principal

    def _scope(self, work: UnitOfWork) -> Scope:
        return authorise(work, self.by, Operation.OPERATE)

    def entries(self) -> Sequence[tuple[KeyEntry, bool]]:
        """Return every key, and whether new rows get it."""
        keyset = self.store.keyset()
        return [(each, keyset.is_primary(each)) for each in keyset.keys]

    def rows(self) -> dict[int, int]:
        """Return how many sealed values stand under each key: it looks at every row."""

        def look(work: UnitOfWork) -> dict[int, int]:
            scope = self._scope(work)
            found: dict[int, int] = {}
            for column in work.sealed.columns():
                for key, count in work.sealed.rows(scope, column).items():
                    found[key] = found.get(key, 0) + count
            return found

        return self.office.storage.read(look)

    # --- a new key -------------------------------------------------------------------------

    def rotate(self, use: KeyUse, *, profile: KeyProfile | None = None) -> KeyEntry:
        """Make a new key for *use*; new rows get it from now on (换钥).

        Raises:
            Conflict: keys of that use do not rotate (E-KEYS-009).
            KeysUnavailable: the key store cannot be reached now.
        """
        self.office.storage.read(self._scope)  # nobody makes a key who may not
        entry = self.store.rotate(use, at=self.office.clock.now(), profile=profile)
        self._note("key.rotate", entry)
        self._file_under_present()
        return entry

    def _file_under_present(self) -> None:
        """Have the indexes filed under their present keys; also what a kill left undone."""
        primary = self.store.keyset().primary
        wanted = {IndexField(use.value): primary[use] for use in KeyUse if use in INDEXES}

        def file(work: UnitOfWork) -> None:
            scope = self._scope(work)
            for field, key in wanted.items():
                if work.sealed.filing_key(scope, field) != key:
                    work.sealed.file_under(scope, field, key)

        self.office.storage.run(file)

    # --- walks towards it ------------------------------------------------------------------

    def bring(self, *, most: int = AT_ONCE) -> Iterator[Progress]:
        """Bring every row under the present keys, *most* in a transaction; yield each step.

        It can be broken off at any step, and goes on from there when it is called again.

        Raises:
            KeysUnavailable: a key that sealed one of the rows cannot be had now (E-KEYS-001).
        """
        self._file_under_present()
        keyset = self.store.keyset()
        primary = keyset.primary
        for use in KeyUse:
            enabled = [each for each in keyset.of(use) if each.status is KeyStatus.ENABLED]
            if use in INDEXES and len(enabled) > 1:
                yield from self._index(IndexField(use.value), primary[use], most)
        for column in self.office.storage.read(lambda work: work.sealed.columns()):
            yield from self._column(column, primary[KeyUse.SEAL], most)

    def _index(self, field: IndexField, key: int, most: int) -> Iterator[Progress]:
        name = _walk_of_index(field, key)
        yield from self._walked(name, key, lambda work, scope, walk: work.sealed.reindex(
            scope, field, walk, most
        ))  # fmt: skip

    def _column(self, column: str, key: int, most: int) -> Iterator[Progress]:
        for number in range(_PASSES):
            rows = self.office.storage.read(
                lambda work: work.sealed.rows(self._scope(work), column)
            )
            if not set(rows) - {key}:
                return
            yield from self._walked(
                f"{column}/{key}/{number}",
                key,
                lambda work, scope, walk: work.sealed.reseal(scope, column, walk, most),
            )

    def _walked(self, name: str, key: int, step: _Step) -> Iterator[Progress]:
        ended = False
        while not ended:
            walk = self.office.storage.run(lambda work: self._step(work, name, step))
            ended = walk.ended
            yield Progress(
                name=name, key=key, seen=walk.seen, changed=walk.changed, ended=ended
            )  # fmt: skip

    def _step(self, work: UnitOfWork, name: str, step: _Step) -> Walk:
        scope = self._scope(work)
        walk = work.sealed.walk(scope, name)
        if not walk.ended:
            walk = step(work, scope, walk)
            work.sealed.put_walk(scope, walk)
        return walk

    # --- the old key's end -----------------------------------------------------------------

    def retire(self, key: int) -> KeyEntry:
        """Disable a key under which nothing stands any more (停用).

        A key of tombstones may go while there are some: that is how they are forgotten.

        Raises:
            NotFound: there is no such key (E-KEYS-008).
            Conflict: it is the present one (E-KEYS-010), rows stand under it (E-KEYS-013), or the
                index is not walked through yet (E-KEYS-014).
        """
        entry = self.store.keyset().entry(key)

        def end(work: UnitOfWork) -> KeyEntry:
            scope = self._scope(work)
            self._check_left(work, scope, entry)
            return self.store.change(key, KeyStatus.DISABLED)

        # Who began before the key was changed may still seal under it: they end first.
        self.office.storage.run(lambda work: work.sealed.alone(self._scope(work)))
        done = self.office.storage.run(end)
        self._note("key.retire", done)
        return done

    def _check_left(self, work: UnitOfWork, scope: Scope, entry: KeyEntry) -> None:
        if entry.use in INDEXES:
            field = IndexField(entry.use.value)
            present = work.sealed.filing_key(scope, field)
            if (
                present != entry.id
                and not work.sealed.walk(scope, _walk_of_index(field, present)).ended
            ):
                raise Conflict("E-KEYS-014", key=entry.id)
        elif entry.use is KeyUse.SEAL:
            counts = (work.sealed.rows(scope, column) for column in work.sealed.columns())
            left = sum(rows.get(entry.id, 0) for rows in counts)
            if left:
                raise Conflict("E-KEYS-013", key=entry.id, rows=left)

    def enable(self, key: int) -> KeyEntry:
        """Enable a key that was disabled (重新启用)."""
        return self._changed("key.enable", key, KeyStatus.ENABLED)

    def destroy(self, key: int) -> KeyEntry:
        """Destroy a disabled key for ever (销毁): what it made is unreadable in every copy.

        Raises:
            NotFound: there is no such key (E-KEYS-008).
            Conflict: it is not disabled (E-KEYS-010).
        """
        return self._changed("key.destroy", key, KeyStatus.DESTROYED)

    def rewrap(self) -> None:
        """Wrap every key under a fresh key-encryption key (更换主密钥)."""
        self.office.storage.read(self._scope)
        self.store.rewrap()
        entry = AuditEntry(action="key.rewrap", subject=self.store.keyset().generation)
        self.office.storage.run(lambda work: work.audit.add(self._scope(work), entry))

    def _changed(self, action: str, key: int, status: KeyStatus) -> KeyEntry:
        self.office.storage.read(self._scope)
        done = self.store.change(key, status)
        self._note(action, done)
        return done

    def _note(self, action: str, entry: KeyEntry) -> None:
        told = AuditEntry(
            action=action, subject=entry.id, after=f"{entry.use.value} {entry.status.value}"
        )
        self.office.storage.run(lambda work: work.audit.add(self._scope(work), told))


def _walk_of_index(field: IndexField, key: int) -> str:
    return f"index.{field.value}/{key}"
