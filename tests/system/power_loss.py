"""Rebuild what a disk may hold after a loss of power, from a record of system calls, and open it.

What a state must be is known to the byte: the store as it was after its last acknowledged commit,
or after the one that was in flight then, and nothing in between. What a disk may do is in
``harsh_disk``.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from attrs import define, field
from tests.system.harsh_disk import Change, Disk, State, Write
from tests.system.recorded import Call, text

from szunion.adapters.storage.sqlite.session import connect
from szunion.errors import StorageError

OUR_OWN: Final = 100
"""Every so many states are also opened as the product opens them, and looked through."""


# --- which states ------------------------------------------------------------------------------

Keep = Callable[[random.Random, Sequence[Change]], list[Change]]


def _some(luck: random.Random, since: Sequence[Change]) -> list[Change]:
    share = luck.random()
    return [each for each in since if luck.random() < share]


def _torn(luck: random.Random, since: Sequence[Change]) -> list[Change]:
    """Keep all up to some write; tear that one."""
    if not since:
        return []
    at = luck.randrange(len(since))
    last = since[at]
    return [*since[:at], *(last.torn(luck) if isinstance(last, Write) else [])]


def _all_torn(luck: random.Random, since: Sequence[Change]) -> list[Change]:
    kept: list[Change] = []
    for each in since:
        kept += each.torn(luck) if isinstance(each, Write) and luck.random() < 0.3 else [each]
    return kept


#: How a disk may deal with what it was not told to sync.
POLICIES: Final[dict[str, Keep]] = {
    "all": lambda _luck, since: list(since),
    "none": lambda _luck, _since: [],
    "some": _some,
    "up to a torn one": _torn,
    "all, torn here and there": _all_torn,
    "the last alone": lambda _luck, since: list(since[-1:]),
    "all but the first": lambda _luck, since: list(since[1:]),
}


@define
class Verdict:
    """How it went: states by policy, and what was wrong."""

    states: Counter[str] = field(factory=Counter)
    opened: int = 0
    commits: int = 0
    wrong: Counter[str] = field(factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.states.values())


@define
class Bench:
    """Opens states, and says what each is; a state that was opened already is known."""

    folder: Path
    _known: dict[object, str] = field(factory=dict)
    _alive: list[State] = field(factory=list)
    _laid: dict[str, tuple[int, int, list[Change]]] = field(factory=dict)
    _images: list[bytes] = field(factory=lambda: [b"", b""])

    def expect(self, before: bytes, after: bytes) -> None:
        """Say what the store was at its last acknowledged commit, and what it may be next."""
        self._images = [before, after]
        self._known.clear()
        self._alive.clear()

    def judge(self, disk: Disk, state: State, verdict: Verdict) -> str:
        """Return what is wrong with a state; empty: nothing."""
        key = disk.key(state)
        if key not in self._known:
            verdict.opened += 1
            self._alive.append(state)  # what a key names stays there, so that no other takes its id
            self._known[key] = self._judge(disk, state)
            if not verdict.opened % OUR_OWN:
                self._known[key] = self._known[key] or self.reopened()
        return self._known[key]

    def reopened(self) -> str:
        """Open what lies in the folder as the product does; return what is wrong with that."""
        file = self.folder / "union.db"
        if not file.exists() or not file.stat().st_size:
            return ""
        self._laid.clear()
        try:
            connection = connect(file)
        except StorageError as error:
            return f"not opened: {error.code}"
        try:
            return unsound(connection)
        finally:
            connection.close()

    def _judge(self, disk: Disk, state: State) -> str:
        before, after = self._images
        try:
            image = self.image(disk, state)
        except sqlite3.DatabaseError as error:
            return f"damaged: {error.sqlite_errorname}"
        if image in (before, after):
            return ""
        if _tables(image) == 0:
            return "" if _tables(before) == 0 else "lost: everything"
        return "lost, or half there"

    def image(self, disk: Disk, state: State) -> bytes:
        """Return the database that SQLite makes of *state* after its own recovery.

        The shared index of the state before lies there still: it is not to be believed.
        """
        self._lay(disk, state)
        if "union.db" not in state.kept:
            return b""
        # What only reads recovers a WAL likewise, and does not copy it into the file at its end.
        mode = "ro"
        if "union.db-journal" in state.kept:
            mode = "rw"
            self._laid.clear()
        connection = sqlite3.connect(
            f"file:{self.folder}/union.db?mode={mode}", isolation_level=None, uri=True
        )
        try:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            return connection.serialize() if pages else b""
        finally:
            connection.close()

    def _lay(self, disk: Disk, state: State) -> None:
        """Write the files of *state*; what lies there from the last one already stays."""
        for name in ("union.db", "union.db-wal", "union.db-journal"):
            if name not in state.kept:
                (self.folder / name).unlink(missing_ok=True)
                self._laid.pop(name, None)
        for name, (at, kept) in state.kept.items():
            file = disk.inodes[at]
            laid = (at, file.syncs, kept)
            if self._laid.get(name) == laid:
                continue
            content = file.with_(kept)
            handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(handle, content)
                os.ftruncate(handle, len(content))
            finally:
                os.close(handle)
            self._laid[name] = laid


def unsound(connection: sqlite3.Connection) -> str:
    """Return what is wrong inside a database; empty: nothing."""
    (word,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    loose = connection.execute("PRAGMA foreign_key_check").fetchall()
    return "" if word == "ok" and not loose else f"integrity: {word}, foreign keys: {len(loose)}"


def unsound_image(image: bytes) -> str:
    """Return what is wrong inside a serialised database; empty: nothing."""
    if not image:
        return ""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(_without_wal(image))
        return unsound(connection)
    finally:
        connection.close()


def _without_wal(image: bytes) -> bytes:
    """Return the image with its header saying that it has no WAL: memory has none."""
    return b"%b\x01\x01%b" % (image[:18], image[20:])


def _tables(image: bytes) -> int:
    if not image:
        return 0
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(_without_wal(image))
        found: int = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        return found
    finally:
        connection.close()


@define
class Replay:
    """One record, replayed: all its states up to a number, drawn by *seed*."""

    calls: Sequence[Call]
    folder: Path
    """The folder that the recorded process kept its files in."""
    seed: int
    forgets: Callable[[str], bool] = lambda _name: False
    """A planted bug: which syncs never happened, by the name of the file; ``.`` is the folder."""

    def images(self, bench: Bench) -> Iterator[bytes]:
        """Yield the store as it was at the start, and after each acknowledged commit."""
        disk = Disk(str(self.folder / "union"))
        yield b""
        for event in self._events(disk):
            if event == "acknowledged":
                yield bench.image(disk, disk.now())

    def _events(self, disk: Disk) -> Iterator[str]:
        witness = -1
        path = str(self.folder / "witness")
        for call in self.calls:
            if call.name == "openat" and text(call.arguments()[1].strip('"')).decode() == path:
                witness = call.answer
            elif call.name == "write" and call.words.startswith(f"{witness}, "):
                yield "acknowledged"
            elif disk.take(call):
                yield call.name

    def run(self, wanted: int, *, first: bool = False) -> Verdict:
        """Open about *wanted* states; with *first*, no more than it takes to find one wrong."""
        luck = random.Random(self.seed)
        verdict = Verdict()
        scratch = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        with tempfile.TemporaryDirectory(dir=scratch) as one, tempfile.TemporaryDirectory() as two:
            bench = Bench(Path(one))
            pairs = pairwise(self._sound(Bench(Path(two)), verdict))
            bench.expect(*next(pairs))
            disk = Disk(str(self.folder / "union"), forgets=self.forgets)
            share = wanted / sum(1 for _ in self._events(Disk(disk.folder)))
            for event in self._events(disk):
                if event == "acknowledged":
                    verdict.commits += 1
                    bench.expect(*next(pairs, (bench._images[1],) * 2))
                for _ in range(int(share + luck.random())):
                    self._one(disk, luck, bench, verdict)
                if first and verdict.wrong:
                    break
        return verdict

    def _sound(self, bench: Bench, verdict: Verdict) -> Iterator[bytes]:
        """Yield every image, each of them looked through: a right state is one of them."""
        for image in self.images(bench):
            if wrong := unsound_image(image):
                verdict.wrong[wrong] += 1
            yield image

    def _one(self, disk: Disk, luck: random.Random, bench: Bench, verdict: Verdict) -> None:
        policy = luck.choice(list(POLICIES))
        keep = POLICIES[policy]
        names = luck.choice((0.0, 1.0, 0.5))
        state = disk.after_power_loss(
            lambda since: keep(luck, since), lambda _named: luck.random() < names
        )
        verdict.states[policy] += 1
        if wrong := bench.judge(disk, state, verdict):
            verdict.wrong[wrong] += 1
