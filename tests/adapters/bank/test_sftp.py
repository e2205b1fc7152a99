"""Files over SFTP, to OpenSSH's own server: the pinned key, whole files, failures that say what
they mean."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve, frozen
from tests.adapters.bank.filed import SOON, filed
from tests.adapters.bank.sample import batch

from szunion.adapters.bank.batch_file.carrier import MaybeCarried, NotCarried
from szunion.adapters.bank.batch_file.config import BatchFileConfig, SftpConfig
from szunion.adapters.bank.batch_file.make import batch_file_bank
from szunion.domain.bank_requests import Answer
from szunion.errors import BankOutcomeUnknown, BankUnavailable, ConfigError
from szunion.testing.clock import SimClock

sftp = pytest.importorskip("szunion.adapters.bank.batch_file.sftp", reason="no paramiko")

_SSHD: Final = shutil.which("sshd") or "/usr/sbin/sshd"
pytestmark = [
    pytest.mark.sshd,
    pytest.mark.skipif(not Path(_SSHD).exists(), reason="OpenSSH's server is not installed"),
]
_UP_WITHIN: Final = 10.0


@frozen
class Server:
    """An OpenSSH server on loopback."""

    root: Path
    port: int
    host_key: str
    child: subprocess.Popen[bytes]

    @property
    def config(self) -> BatchFileConfig:
        return BatchFileConfig(
            layout="fixed",
            spool=str(self.root / "spool"),
            outbox=str(self.root / "out"),
            inbox=str(self.root / "in"),
            sftp=SftpConfig(
                host="127.0.0.1",
                port=self.port,
                user=getuser(),
                key_file=str(self.root / "client"),
                host_key=self.host_key,
            ),
        )

    @property
    def carrier(self) -> sftp.SftpCarrier:  # type: ignore[name-defined]
        place = self.config.sftp
        return sftp.SftpCarrier(
            sftp.SftpPlace(
                host=place.host, port=place.port, user=place.user, key_file=place.key_file,
                host_key=place.host_key, outbox=self.config.outbox, inbox=self.config.inbox,
            )
        )  # fmt: skip


def key_at(path: Path) -> str:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True
    )
    return path.with_suffix(".pub").read_text("ascii").strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("sshd")
    root.chmod(0o755)
    for name in ("out", "in"):
        (root / name).mkdir()
    host = key_at(root / "host")
    (root / "authorized").write_text(key_at(root / "client") + "\n")
    port = free_port()
    (root / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {root / 'host'}\n"
        f"AuthorizedKeysFile {root / 'authorized'}\nPidFile none\nUsePAM no\nStrictModes no\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        "Subsystem sftp internal-sftp\nMaxStartups 100\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (root / "log").open("wb") as log:
        child = subprocess.Popen([_SSHD, "-D", "-e", "-f", str(root / "config")], stderr=log)
    try:
        end = time.monotonic() + _UP_WITHIN
        while child.poll() is None and time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            pytest.fail((root / "log").read_text("utf-8", "replace"))
        yield Server(root, port, host, child)
    finally:
        child.terminate()
        child.wait(10)


@pytest.fixture
def server(started: Server) -> Iterator[Server]:
    yield started
    for name in ("out", "in", "spool"):
        shutil.rmtree(started.root / name, ignore_errors=True)
    for name in ("out", "in"):
        (started.root / name).mkdir()


def test_a_request_goes_to_the_server_and_its_answer_comes_back(server: Server) -> None:
    clock = SimClock("2017-11-23")
    line = batch_file_bank(server.config, clock)
    bank_side = filed(server.root, clock=clock)
    request = batch(count=20)
    with pytest.raises(BankOutcomeUnknown):
        line.send(request, deadline=SOON)
    (laid,) = (server.root / "out").iterdir()
    assert laid.name == "KK201711230001.txt", "whole, under its name, and nothing beside it"
    bank_side.peer.step()
    receipt = line.ask(request.key, deadline=SOON)
    assert receipt is not None
    assert (receipt.answer, receipt.rows) == (Answer.ACCEPTED, 20)
    bank_side.bank.simulate.verify(request.key)
    bank_side.peer.step()
    assert len(list(line.collect(after=None))) == 20
    assert line.troubles == ()


def test_the_servers_key_is_the_one_agreed_on_or_nothing_is_said(
    server: Server, tmp_path: Path
) -> None:
    other = key_at(tmp_path / "other")
    config = evolve(server.config, sftp=evolve(server.config.sftp, host_key=other))
    line = batch_file_bank(config, SimClock("2017-11-23"))
    with pytest.raises(BankUnavailable):
        line.send(batch(), deadline=SOON)
    with pytest.raises(BankUnavailable):
        list(line.collect(after=None))
    assert list((server.root / "out").iterdir()) == []
    with pytest.raises(sftp.WrongHost):
        evolve(server.carrier, place=evolve(server.carrier.place, host_key=other)).seen(seconds=5)


def test_a_fingerprint_is_as_good_as_the_key(server: Server) -> None:
    mark = sftp.fingerprint_of(server.host_key)
    told = subprocess.run(
        ["ssh-keygen", "-lf", str(server.root / "host.pub")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert mark in told
    place = evolve(server.carrier.place, host_key=mark)
    assert list(evolve(server.carrier, place=place).seen(seconds=5)) == []


@pytest.mark.parametrize("wrong", ["", "ssh-ed25519", "ssh-ed25519 !!", "MD5:aa:bb"])
def test_a_host_key_that_is_none_is_refused_at_start(server: Server, wrong: str) -> None:
    config = evolve(server.config, sftp=evolve(server.config.sftp, host_key=wrong))
    with pytest.raises(ConfigError, match="E-FILE-005"):
        batch_file_bank(config, SimClock("2017-11-23"))


def test_another_key_of_ours_does_not_get_in(server: Server, tmp_path: Path) -> None:
    key_at(tmp_path / "stranger")
    stranger = evolve(server.carrier.place, key_file=str(tmp_path / "stranger"))
    with pytest.raises(NotCarried):
        evolve(server.carrier, place=stranger).seen(seconds=5)
    missing = evolve(server.carrier.place, key_file=str(tmp_path / "none"))
    with pytest.raises(NotCarried):
        evolve(server.carrier, place=missing).seen(seconds=5)


def test_a_server_that_is_away_is_unavailable(server: Server) -> None:
    away = evolve(server.config, sftp=evolve(server.config.sftp, port=free_port()))
    line = batch_file_bank(away, SimClock("2017-11-23"))
    with pytest.raises(BankUnavailable):
        line.send(batch(), deadline=SOON)
    with pytest.raises(BankUnavailable):
        line.ask(batch().key, deadline=SOON)


def test_a_folder_that_is_not_there_means_that_nothing_arrived(server: Server) -> None:
    shutil.rmtree(server.root / "out")
    line = batch_file_bank(server.config, SimClock("2017-11-23"))
    with pytest.raises(BankUnavailable):
        line.send(batch(), deadline=SOON)


def test_a_line_that_breaks_while_the_file_gets_its_name_is_unknown(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    import paramiko

    real = paramiko.SFTPClient.posix_rename

    def breaks(self: paramiko.SFTPClient, old: str, new: str) -> None:
        real(self, old, new)
        raise EOFError

    monkeypatch.setattr(paramiko.SFTPClient, "posix_rename", breaks)
    path = server.root / "KK201711230009.txt"
    path.write_bytes(b"x" * 100_000)
    with pytest.raises(MaybeCarried):
        server.carrier.put(path, seconds=5)
    monkeypatch.undo()
    assert (server.root / "out" / path.name).exists(), "it is there, and nobody could know"
    server.carrier.put(path, seconds=5)
    assert (server.root / "out" / path.name).stat().st_size == 100_000


def test_a_file_of_megabytes_comes_whole(server: Server, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (server.root / "in" / "big.bin").write_bytes(data)
    (seen,) = server.carrier.seen(seconds=5)
    assert (seen.name, seen.size) == ("big.bin", len(data))
    server.carrier.fetch("big.bin", tmp_path / "big.bin", seconds=30)
    assert (tmp_path / "big.bin").read_bytes() == data
    with pytest.raises(NotCarried):
        server.carrier.fetch("none.bin", tmp_path / "none.bin", seconds=5)
    assert not (tmp_path / "none.bin").exists()
