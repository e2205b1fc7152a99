"""Know which adapters and cities szunion itself brings, through the same door as a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable

from attrs import frozen

from szunion.adapters.bank.batch_file.config import BatchFileConfig
from szunion.adapters.bank.signed_http_config import SignedHttpConfig
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.identity.simulated import SimulatedIdentity
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.keys.pkcs11 import Pkcs11Config, token_keys
from szunion.adapters.keys.store import chosen
from szunion.adapters.notifier.recording import RecordingNotifier
from szunion.adapters.reader.pcsc import PcscReader
from szunion.adapters.reader.simulated import SimulatedReader
from szunion.adapters.reader.vpcd import PORT, VpcdReader
from szunion.domain.cities import name_from
from szunion.plugins import (
    AdapterSpec,
    BankSpec,
    CitySpec,
    IdentitySpec,
    KeysSpec,
    NoConfig,
    NotifierSpec,
    ReaderSpec,
    hookimpl,
)
from szunion.ports.bank import BankAdapter
from szunion.ports.system import Clock
from szunion.text import Text


@frozen
class SimulatedBankConfig:
    """The settings of the simulated bank."""

    seed: int = 7
    journal: str = ""
    """The file in which the bank keeps what it did; empty: it forgets when the process ends."""


def _bank(config: SimulatedBankConfig, clock: Clock) -> SimulatedBank:
    if config.journal:
        return SimulatedBank.open(config.journal, seed=config.seed, clock=clock)
    return SimulatedBank(seed=config.seed, clock=clock)


@frozen
class FileKeysConfig:
    """The settings of keys in a file."""

    file: str
    crypto: str = ""
    """``intl`` or ``gm``; empty: as the file says, and ``intl`` for a new one."""


def _file_keys(config: FileKeysConfig, clock: Clock) -> FileKeys:
    return FileKeys.open(config.file, profile=chosen(config.crypto), at=clock.now())


@frozen
class PcscConfig:
    """The settings of real readers."""

    seconds: float = 5.0
    """How long one call may take before its reader counts as lost."""


@frozen
class VpcdConfig:
    """The settings of the virtual reader, for development only: the way has no authentication."""

    host: str = "127.0.0.1"
    port: int = PORT
    seconds: float = 5.0


def _batch_file(config: BatchFileConfig, clock: Clock) -> BankAdapter:
    # Loaded when it is asked for, like the line over HTTP.
    from szunion.adapters.bank.batch_file.make import batch_file_bank  # noqa: PLC0415

    return batch_file_bank(config, clock)


def _signed_http(config: SignedHttpConfig, clock: Clock) -> BankAdapter:
    # Loaded when it is asked for: who has another bank does not pay for HTTP at start.
    from szunion.adapters.assembly import signed_http_bank  # noqa: PLC0415

    return signed_http_bank(config, clock)


@hookimpl
def szunion_adapters() -> Iterable[AdapterSpec]:
    """Offer the simulated adapters, the readers, and the notifier that records."""
    yield BankSpec(
        name="simulated",
        title=Text("模拟银行", "simulated bank"),
        config=SimulatedBankConfig,
        make=_bank,
        promises="szunion.testing.bank.references:SimulatedPromises",
    )
    yield BankSpec(
        name="batch_file",
        title=Text("批量文件（共享目录或 SFTP）", "batch files, over a folder or SFTP"),
        config=BatchFileConfig,
        make=_batch_file,
        promises="szunion.testing.bank.references:BatchFilePromises",
    )
    yield BankSpec(
        name="signed_http",
        title=Text("签名 JSON 接口", "signed JSON over HTTP"),
        config=SignedHttpConfig,
        make=_signed_http,
        promises="szunion.testing.bank.references:SignedHttpPromises",
    )
    yield ReaderSpec(
        name="simulated",
        title=Text("模拟读卡器", "simulated reader"),
        config=NoConfig,
        make=lambda _config, _clock: SimulatedReader(),
    )
    yield ReaderSpec(
        name="pcsc",
        title=Text("真实读卡器（PC/SC）", "real readers (PC/SC)"),
        config=PcscConfig,
        make=lambda config, _clock: PcscReader(seconds=config.seconds),
    )
    yield ReaderSpec(
        name="vpcd",
        title=Text("虚拟读卡器或手机（仅开发）", "virtual reader or phone (development only)"),
        config=VpcdConfig,
        make=lambda config, _clock: VpcdReader((config.host, config.port), seconds=config.seconds),
    )
    yield NotifierSpec(
        name="recording",
        title=Text("只记录的通知", "notifier that records"),
        config=NoConfig,
        make=lambda _config, _clock: RecordingNotifier(),
    )
    yield KeysSpec(
        name="file",
        title=Text("密钥文件（开发、单机）", "keys in a file (development, one machine)"),
        config=FileKeysConfig,
        make=_file_keys,
    )
    yield KeysSpec(
        name="pkcs11",
        title=Text("主密钥在密码设备里（PKCS#11）", "master key in a token (PKCS#11)"),
        config=Pkcs11Config,
        make=token_keys,
    )
    yield IdentitySpec(
        name="simulated",
        title=Text("模拟实名认证", "simulated identity proofs"),
        config=NoConfig,
        make=lambda _config, _clock: SimulatedIdentity(),
    )


@hookimpl
def szunion_cities() -> Iterable[CitySpec]:
    """Offer every city whose folder lies in the package."""
    folder = files("szunion.domain.cities")
    for city in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if city.is_dir() and city.joinpath("city.toml").is_file():
            read = _reader(city)
            yield CitySpec(name=city.name, title=name_from(read), read=read)


def _reader(folder: Traversable) -> Callable[[str], str]:
    return lambda name: folder.joinpath(name).read_text("utf-8")
