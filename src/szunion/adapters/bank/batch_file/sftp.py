"""Know how files go to the bank's SFTP server and come from it; alone it knows paramiko.

The server is the one whose host key was agreed on, or nothing is said to it. A file is written
under a name of its own and renamed when it is whole, so the bank never sees a part of one.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import paramiko
from attrs import field, frozen

from szunion.adapters.bank.batch_file.carrier import MaybeCarried, NotCarried, Seen
from szunion.adapters.files import appear

_SECOND: Final = 1_000_000_000
_LONGEST: Final = 30.0
_FAILS: Final = (paramiko.SSHException, OSError, EOFError)


class WrongHost(NotCarried):
    """The server's key is not the one that was agreed on: somebody may be in between."""


@frozen(kw_only=True)
class SftpPlace:
    """Where the bank's server is, and who we are there."""

    host: str
    user: str
    key_file: str
    """Our private key."""
    host_key: str
    """The server's key as ``ssh-ed25519 AAAA…`` or its fingerprint ``SHA256:…``."""
    port: int = 22
    outbox: str
    """The folder there in which we lay files."""
    inbox: str
    """The folder there in which the bank lays files."""


@frozen
class SftpCarrier:
    """A :class:`~szunion.adapters.bank.batch_file.carrier.Carrier` over SFTP, a session a call."""

    place: SftpPlace
    fingerprint: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", fingerprint_of(self.place.host_key))

    def put(self, file: Path, *, seconds: float) -> None:
        """See :class:`Carrier`."""
        name = f"{self.place.outbox}/{file.name}"
        beside = f"{self.place.outbox}/.{file.name}.part"
        renaming = False
        try:
            with self._session(seconds) as sftp:
                with file.open("rb") as source, sftp.open(beside, "wb") as out:
                    out.set_pipelined(True)
                    shutil.copyfileobj(source, out)
                _same_size(sftp.stat(beside).st_size, file.stat().st_size)
                renaming = True
                sftp.posix_rename(beside, name)
        except NotCarried:
            raise
        except _FAILS as error:
            raise (MaybeCarried if renaming else NotCarried)(type(error).__name__) from error

    def seen(self, *, seconds: float) -> Iterable[Seen]:
        """See :class:`Carrier`."""
        try:
            with self._session(seconds) as sftp:
                return sorted(
                    Seen(each.filename, each.st_size or 0, (each.st_mtime or 0) * _SECOND)
                    for each in sftp.listdir_attr(self.place.inbox)
                    if stat.S_ISREG(each.st_mode or 0) and not each.filename.startswith(".")
                )
        except NotCarried:
            raise
        except _FAILS as error:
            raise NotCarried(type(error).__name__) from error

    def fetch(self, name: str, into: Path, *, seconds: float) -> None:
        """See :class:`Carrier`."""
        try:
            there = f"{self.place.inbox}/{name}"
            with self._session(seconds) as sftp, sftp.open(there, "rb") as source:
                source.prefetch()
                appear(into, lambda out: shutil.copyfileobj(source, out), durable=False)
        except NotCarried:
            raise
        except _FAILS as error:
            raise NotCarried(type(error).__name__) from error

    @contextmanager
    def _session(self, seconds: float) -> Iterator[paramiko.SFTPClient]:
        limit = min(seconds, _LONGEST)
        place = self.place
        key = paramiko.PKey.from_path(place.key_file)
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(_Pinned(self.fingerprint))
        try:
            client.connect(
                place.host, place.port, place.user, pkey=key, timeout=limit,
                banner_timeout=limit, auth_timeout=limit, allow_agent=False, look_for_keys=False,
            )  # fmt: skip
            sftp = client.open_sftp()
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(limit)
            yield sftp
        finally:
            client.close()


def _same_size(there: int | None, here: int) -> None:
    if there != here:
        raise NotCarried("SIZE")


class _Pinned(paramiko.MissingHostKeyPolicy):
    """Take the one key that was agreed on, and no other."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        """Refuse *key* unless it is the one."""
        del client, hostname
        if _fingerprint(key.asbytes()) != self._fingerprint:
            raise WrongHost("HOST_KEY")


def fingerprint_of(told: str) -> str:
    """Return the fingerprint of a host key, however it was written.

    Raises:
        ValueError: it is no host key.
    """
    if told.startswith("SHA256:"):
        return told.rstrip("=")
    parts = told.split()
    if len(parts) < 2:  # noqa: PLR2004 - kind and key
        msg = "no host key"
        raise ValueError(msg)
    return _fingerprint(base64.b64decode(parts[1], validate=True))


def _fingerprint(key: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
