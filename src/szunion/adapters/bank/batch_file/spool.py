"""Know our own side of the exchange: what was laid out, fetched and read (本地收发区).

A file appears in the spool whole or not at all: it is written beside its place and renamed, and
what we send is on disk, with its name, before it leaves. Which number a request got stands in the
name of its entry, so that a process which dies anywhere finds, with the same key, the same name
and the same bytes.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final, Self

from attrs import field, frozen

from szunion.adapters.bank.batch_file.names import Place
from szunion.adapters.bank.batch_file.sheets import digest_of
from szunion.adapters.files import appear

_ENTRY: Final = re.compile(
    r"([A-Za-z]{1,32})\.([0-9]{1,8})\.([0-9]{1,10})\.([A-Z0-9]{1,64})\.([0-9a-f]{16})", re.ASCII
)


@frozen
class Entry:
    """Which file a request became: its place in the sequence, and a digest of its content."""

    kind: str
    place: Place
    key: str
    content: str

    @property
    def name(self) -> str:
        """Its name in the index."""
        place = self.place
        return f"{self.kind}.{place.day}.{place.number}.{self.key}.{self.content}"

    @classmethod
    def of(cls, name: str) -> Self | None:
        """Return the entry of that name; None: it is none."""
        found = _ENTRY.fullmatch(name)
        if found is None:
            return None
        kind, day, number, key, content = found.groups()
        return cls(kind, Place(int(day), int(number)), key, content)


@frozen
class Spool:
    """The folder that is ours alone."""

    root: Path
    _folders: tuple[Path, ...] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        folders = (self.index, self.out, self.incoming, self.done)
        for folder in folders:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        object.__setattr__(self, "_folders", folders)

    @property
    def index(self) -> Path:
        """Which request is which file."""
        return self.root / "index"

    @property
    def out(self) -> Path:
        """What was laid out, for ever."""
        return self.root / "out"

    @property
    def incoming(self) -> Path:
        """What was fetched and is not read to its end."""
        return self.root / "in"

    @property
    def done(self) -> Path:
        """What was read to its end."""
        return self.root / "done"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes out meanwhile."""
        with (self.root / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # --- what was laid out ------------------------------------------------------------------

    def entries(self) -> Iterator[Entry]:
        """Yield every entry of the index."""
        for path in self.index.iterdir():
            entry = Entry.of(path.name)
            if entry is not None:
                yield entry

    def entry_of(self, key: str) -> Entry | None:
        """Return the entry of a request; None: it was never laid out from here."""
        return next((entry for entry in self.entries() if entry.key == key), None)

    def next_place(self, kind: str, day: date, *, daily: bool) -> Place:
        """Return the next place in the sequence of a kind of file."""
        on = day.toordinal()
        used = (each.place for each in self.entries() if each.kind == kind)
        numbers = [place.number for place in used if place.day == on or not daily]
        return Place(on, max(numbers, default=0) + 1)

    def keep(self, entry: Entry) -> None:
        """Give a place to a request, for ever."""
        appear(self.index / entry.name, lambda out: out.write(b""))

    # --- what was fetched -------------------------------------------------------------------

    def archive(self, name: str) -> None:
        """Note that a file was read to its end."""
        source = self.incoming / name
        if source.exists():
            source.replace(self.done / name)

    def stamp(self, name: str, changed: int) -> None:
        """Note of what age a file of the bank's was when it was fetched or looked at."""
        for folder in (self.incoming, self.done):
            path = folder / name
            if path.exists():
                os.utime(path, ns=(changed, changed))

    def fingerprint(self, name: str) -> str:
        """Return the digest of a file that was fetched, whether it was read or not; else empty."""
        for folder in (self.done, self.incoming):
            try:
                with (folder / name).open("rb") as file:
                    return digest_of(file)
            except FileNotFoundError:
                continue
        return ""
