"""Know the settings of a line of files."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class SftpConfig:
    """The bank's SFTP server; without a host the folders are ours to see (共享目录)."""

    host: str = ""
    port: int = 22
    user: str = ""
    key_file: str = ""
    """Our private key, in a file that nobody else may read."""
    host_key: str = ""
    """The server's key as agreed with the bank: ``ssh-ed25519 AAAA…`` or ``SHA256:…``."""


@frozen(kw_only=True)
class BatchFileConfig:
    """The settings of a bank that takes files (批量文件)."""

    layout: str
    """``fixed``, ``delimited``, or the path of a layout of your own (TOML)."""
    spool: str
    """A folder of ours alone: what was sent, what was fetched. It holds personal data."""
    outbox: str
    """The folder in which we lay files for the bank."""
    inbox: str
    """The folder in which the bank lays files for us."""
    sftp: SftpConfig = SftpConfig()
