"""Know how a line of files is made of its settings."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from szunion.adapters.bank.batch_file.carrier import Carrier, FolderCarrier
from szunion.adapters.bank.batch_file.config import BatchFileConfig
from szunion.adapters.bank.batch_file.layout import BankLayout, load_layout, read_layout
from szunion.adapters.bank.batch_file.line import BatchFileBank
from szunion.adapters.bank.batch_file.spool import Spool
from szunion.errors import ConfigError
from szunion.ports.system import Clock

_OURS: Final = ("fixed", "delimited")


def layout_named(name: str) -> BankLayout:
    """Return one of our reference layouts, or the layout in a file.

    Raises:
        ConfigError: it cannot be read, or is no such layout (E-FILE-001).
    """
    if name in _OURS:
        folder = files("szunion.adapters.bank.batch_file").joinpath("layouts")
        return read_layout(folder.joinpath(f"{name}.toml").read_text("utf-8"))
    return load_layout(Path(name))


def batch_file_bank(config: BatchFileConfig, clock: Clock) -> BatchFileBank:
    """Return the line that *config* describes.

    Raises:
        ConfigError: the layout, or a setting of the server, is wrong (E-FILE-001, E-FILE-005).
    """
    layout = layout_named(config.layout)
    spool = Path(config.spool)
    return BatchFileBank(layout, Spool(spool), _carrier(config), clock)


def _carrier(config: BatchFileConfig) -> Carrier:
    sftp = config.sftp
    if not sftp.host:
        return FolderCarrier(Path(config.outbox), Path(config.inbox))
    for name in ("user", "key_file", "host_key"):
        if not getattr(sftp, name):
            raise ConfigError("E-FILE-005", what=f"sftp.{name}")
    try:
        # An extra: who shares a folder with the bank does not install it.
        from szunion.adapters.bank.batch_file.sftp import (  # noqa: PLC0415
            SftpCarrier,
            SftpPlace,
        )
    except ImportError:
        raise ConfigError("E-FILE-005", what='pip install "szunion[sftp]"') from None
    try:
        return SftpCarrier(
            SftpPlace(
                host=sftp.host,
                port=sftp.port,
                user=sftp.user,
                key_file=sftp.key_file,
                host_key=sftp.host_key,
                outbox=config.outbox,
                inbox=config.inbox,
            )
        )
    except ValueError:
        raise ConfigError("E-FILE-005", what="sftp.host_key") from None
