"""Know how files come to the bank and from it: through a folder that both can see."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from attrs import frozen

from szunion.adapters.files import appear


class NotCarried(OSError):
    """A file did not get there."""


class MaybeCarried(OSError):
    """A file may be there, or not."""


@frozen(order=True)
class Seen:
    """A file as the other side shows it: what is cheap to know of it."""

    name: str
    size: int
    changed: int


class Carrier(Protocol):
    """The way between our spool and the bank."""

    def put(self, file: Path, *, seconds: float) -> None:
        """Lay *file* out for the bank, whole or not at all; the same again changes nothing.

        Raises:
            NotCarried: it is not there.
            MaybeCarried: nobody knows.
        """
        ...

    def seen(self, *, seconds: float) -> Iterable[Seen]:
        """Return what the bank has laid out.

        Raises:
            NotCarried: nothing can be seen now.
        """
        ...

    def fetch(self, name: str, into: Path, *, seconds: float) -> None:
        """Let a file of the bank's appear at *into*, whole or not at all.

        Raises:
            NotCarried: it did not.
        """
        ...


@frozen
class FolderCarrier:
    """Two folders that both sides can see: one for what goes, one for what comes."""

    outbox: Path
    inbox: Path

    def put(self, file: Path, *, seconds: float) -> None:
        """See :class:`Carrier`."""
        del seconds
        try:
            with file.open("rb") as source:
                appear(self.outbox / file.name, lambda out: shutil.copyfileobj(source, out))
        except OSError as error:
            # What failed may have been the last step, when the name was there already.
            there = (self.outbox / file.name).exists()
            raise (MaybeCarried if there else NotCarried)(type(error).__name__) from error

    def seen(self, *, seconds: float) -> Iterable[Seen]:
        """See :class:`Carrier`."""
        del seconds
        found = []
        try:
            for path in self.inbox.iterdir():
                if not path.name.startswith("."):
                    stat = path.stat()
                    found.append(Seen(path.name, stat.st_size, stat.st_mtime_ns))
        except OSError as error:
            raise NotCarried(type(error).__name__) from error
        return sorted(found)

    def fetch(self, name: str, into: Path, *, seconds: float) -> None:
        """See :class:`Carrier`."""
        del seconds
        try:
            with (self.inbox / name).open("rb") as source:
                appear(into, lambda out: shutil.copyfileobj(source, out), durable=False)
        except OSError as error:
            raise NotCarried(type(error).__name__) from error
