"""Know what a disk may hold when the power fails: what was synced, and any part of what was not.

The disk is a harsh one. What was written and not synced since may be there or not, each write on
its own, and a write may be torn at any 512 bytes. A new name, a name that was taken away and a
renamed one are durable when the folder was synced, and not before.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field, frozen
from tests.system.recorded import Call, text

SECTOR: Final = 512
_HELD: Final = (
    frozenset({"writev", "pwritev", "pwritev2", "truncate", "fallocate", "sync_file_range"})
    | {"unlinkat", "renameat", "renameat2", "link", "linkat", "creat", "dup", "dup2", "dup3"}
)  # fmt: skip


@frozen(eq=False)
class Write:
    """Bytes that were handed over and may not be on disk yet."""

    at: int
    data: bytes

    def onto(self, content: bytearray) -> None:
        if len(content) < self.at:
            content.extend(bytes(self.at - len(content)))
        content[self.at : self.at + len(self.data)] = self.data

    def torn(self, luck: random.Random) -> list[Write]:
        """Return the sectors of it that made it."""
        return [
            Write(self.at + start, self.data[start : start + SECTOR])
            for start in range(0, len(self.data), SECTOR)
            if luck.random() < 0.5
        ]


@frozen(eq=False)
class Cut:
    """A new length."""

    length: int

    def onto(self, content: bytearray) -> None:
        if len(content) > self.length:
            del content[self.length :]
        else:
            content.extend(bytes(self.length - len(content)))


Change = Write | Cut


@define
class Inode:
    """One file: what is on disk, and what was asked of it since."""

    durable: bytearray = field(factory=bytearray)
    since: list[Change] = field(factory=list)
    syncs: int = 0

    def sync(self) -> None:
        for change in self.since:
            change.onto(self.durable)
        self.since.clear()
        self.syncs += 1

    def with_(self, kept: Sequence[Change]) -> bytearray:
        content = bytearray(self.durable)
        for change in kept:
            change.onto(content)
        return content


@frozen
class Named:
    """A name that appeared (with its inode) or went away (without)."""

    name: str
    inode: int | None


@define
class Disk:
    """The files of one folder as a process sees them, and what of it no loss of power takes."""

    folder: str
    inodes: list[Inode] = field(factory=list)
    seen: dict[str, int] = field(factory=dict)
    durable: dict[str, int] = field(factory=dict)
    since: list[Named] = field(factory=list)
    _open: dict[int, tuple[str, int]] = field(factory=dict)
    _forgets: Callable[[str], bool] = lambda _what: False

    def take(self, call: Call) -> str:
        """Do what *call* did; return the name of what it touched, or nothing."""
        words = call.arguments()
        match call.name:
            case "openat" | "open":
                return self._opens(words, call)
            case "close":
                self._open.pop(int(words[0]), None)
                return ""
            case "unlink" | "rename":
                return self._renames(call.name, words)
            case "mmap":
                return self._mapped(words)
            case _:
                return self._written(call, words)

    def _written(self, call: Call, words: list[str]) -> str:
        held = self._open.get(int(words[0])) if words[0].isdecimal() else None
        if held is None:
            return ""
        name, inode = held
        assert call.name not in _HELD, f"{call.name} is not known here"
        if name != ".":
            self._changes(call, self.inodes[inode], name, words)
        elif call.name in {"fsync", "fdatasync"} and not self._forgets(name):
            self._sync_names()
        return name

    def _renames(self, call: str, words: list[str]) -> str:
        names = [self._inside(text(each.strip('"')).decode()) for each in words[:2]]
        if call == "unlink":
            if names[0]:
                self._name(Named(names[0], None))
            return names[0]
        old, new = names
        assert bool(old) == bool(new), "a file left or entered the folder"
        if old:
            self._name(Named(new, self.seen[old]))
            self._name(Named(old, None))
        return new

    def _changes(self, call: Call, file: Inode, name: str, words: list[str]) -> None:
        match call.name:
            case "pwrite64":
                data = call.data()
                assert len(data) == call.answer, "the record holds less than was written"
                file.since.append(Write(int(words[3]), data))
            case "write":
                msg = f"{name}: SQLite was expected to say where it writes"
                raise AssertionError(msg)
            case "ftruncate":
                file.since.append(Cut(int(words[1])))
            case "fsync" | "fdatasync":
                if not self._forgets(name):
                    file.sync()
            case _:
                pass

    def _inside(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        return name if folder == self.folder and not name.endswith("-shm") else ""

    def _opens(self, words: list[str], call: Call) -> str:
        path = text(words[1].strip('"')).decode()
        if path == self.folder:
            self._open[call.answer] = (".", -1)
            return ""
        name = self._inside(path)
        self._open.pop(call.answer, None)
        if not name:
            return ""
        new = name not in self.seen
        if new:
            assert "O_CREAT" in words[2], f"{name} was opened, and is not there"
            self.inodes.append(Inode())
            self._name(Named(name, len(self.inodes) - 1))
        self._open[call.answer] = (name, self.seen[name])
        if "O_TRUNC" in words[2]:
            self.inodes[self.seen[name]].since.append(Cut(0))
        return name if new else ""

    def _mapped(self, words: list[str]) -> str:
        if "PROT_WRITE" in words[2] and "MAP_SHARED" in words[3] and int(words[4]) in self._open:
            msg = "a file was written through memory: the record does not hold what"
            raise AssertionError(msg)
        return ""

    def _name(self, change: Named) -> None:
        self.since.append(change)
        applied(self.seen, change)

    def _sync_names(self) -> None:
        for change in self.since:
            applied(self.durable, change)
        self.since.clear()

    # --- what a loss of power leaves -----------------------------------------------------------

    def now(self) -> State:
        """Return what the process sees."""
        return State({name: (at, list(self.inodes[at].since)) for name, at in self.seen.items()})

    def after_power_loss(
        self, keep: Callable[[Sequence[Change]], list[Change]], names: Callable[[Named], bool]
    ) -> State:
        """Return one state: of each file what *keep* keeps, of the names likewise."""
        there = dict(self.durable)
        for change in self.since:
            if names(change):
                applied(there, change)
        return State({name: (at, keep(self.inodes[at].since)) for name, at in there.items()})

    def key(self, state: State) -> object:
        """Return what makes this state another than others before the next commit."""
        return tuple(
            (name, at, self.inodes[at].syncs, *map(id, kept))
            for name, (at, kept) in sorted(state.kept.items())
        )


@frozen
class State:
    """One state of a disk: of each name, its inode and what was kept of what it was not told."""

    kept: dict[str, tuple[int, list[Change]]]


def applied(names: dict[str, int], change: Named) -> None:
    if change.inode is None:
        names.pop(change.name, None)
    else:
        names[change.name] = change.inode
