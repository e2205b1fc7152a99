"""Know how the key that wraps all others lives in a token or HSM and never leaves it (PKCS#11).

The key file beside the database holds data keys that the token has wrapped, and nothing that opens
them. They are unwrapped when a process first needs them, and stay in its memory: a token that goes
away stops who starts anew, not who is at work.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import define, evolve, field, frozen

from szunion.adapters.keys import keyfile
from szunion.adapters.keys.file import FileKeys, LocalKek
from szunion.adapters.keys.store import KEY_BYTES, Wrapping, chosen, new_keyset
from szunion.adapters.keys.suites import NONCE
from szunion.domain.keyset import KeyProfile
from szunion.errors import ConfigError, KeysUnavailable
from szunion.ports.system import Clock

KIND: Final = "pkcs11"
_TAG_BITS: Final = 128
_KEK_BITS: Final = 256
_LONGEST_PIN: Final = 4096
_OTHERS: Final = 0o077


@frozen
class Pkcs11Config:
    """The settings of keys whose wrapping key is in a token. The PIN stands in none of them."""

    module: str
    """The vendor's library, such as ``/usr/lib/softhsm/libsofthsm2.so``."""
    token: str
    """The token's label."""
    key: str = "szunion-kek"
    """The label of the wrapping key; it is made in the token with the first key file."""
    pin_file: str = ""
    """A file with the PIN, readable by its owner alone; a systemd credential is one."""
    pin_env: str = ""
    """Or the name of the environment variable with the PIN."""
    file: str = ""
    """The file of the wrapped keys; empty: beside the database."""
    crypto: str = ""


def pin_source(config: Pkcs11Config) -> Callable[[], str]:
    """Return where the PIN is read from, each time that it is needed.

    Raises:
        ConfigError: not exactly one place is named (E-KEYS-020).
    """
    if bool(config.pin_file) == bool(config.pin_env):
        raise ConfigError("E-KEYS-020")
    if config.pin_file:
        return lambda: _pin_in(Path(config.pin_file))
    return lambda: _pin_from(config.pin_env)


def _pin_in(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise KeysUnavailable("E-KEYS-004", path=path.name)
            return file.read(_LONGEST_PIN).decode().strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise KeysUnavailable("E-KEYS-003", path=path.name) from None


def _pin_from(variable: str) -> str:
    pin = os.environ.get(variable, "")
    if not pin:
        raise KeysUnavailable("E-KEYS-021", variable=variable)
    return pin


@define
class Token:
    """The way to one token. A wrong PIN is said once: a token that counts is not locked by us."""

    module: str
    label: str
    _pin: Callable[[], str] = field(repr=False)
    _refused: bool = field(default=False, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    @contextmanager
    def session(self, *, write: bool = False) -> Iterator[Any]:
        """Open a session for one piece of work.

        Raises:
            KeysUnavailable: the token is not there, or its library is not (E-KEYS-016); it refuses
                the PIN (E-KEYS-017).
        """
        with self._lock:
            session = self._opened(write=write)
            try:
                yield session
            finally:
                session.close()

    def _opened(self, *, write: bool) -> Any:  # noqa: ANN401 - see `_found`
        import pkcs11  # noqa: PLC0415 - an extra: who keeps keys in a file has not got it

        if self._refused:
            raise KeysUnavailable("E-KEYS-017", token=self.label)
        pin = self._pin()
        try:
            return self._found().open(rw=write, user_pin=pin)
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked):
            self._refused = True
            raise KeysUnavailable("E-KEYS-017", token=self.label) from None
        except (pkcs11.PKCS11Error, RuntimeError, OSError):
            raise KeysUnavailable("E-KEYS-016", token=self.label) from None

    def _found(self) -> Any:  # noqa: ANN401 - the library's own type is in its C module
        import pkcs11  # noqa: PLC0415 - an extra

        library = pkcs11.lib(self.module)
        try:
            return library.get_token(token_label=self.label)
        except pkcs11.PKCS11Error:
            library.reinitialize()  # it may have been put back: a library looks once
            return library.get_token(token_label=self.label)


@frozen
class TokenKek:
    """A wrapping key inside a token: AES-256-GCM, done by the token."""

    token: Token
    key: str
    _chance: Callable[[int], bytes] = field(default=os.urandom, repr=False)

    def told(self) -> Mapping[str, str]:
        return {"kind": KIND, "token": self.token.label, "key": self.key}

    def _key(self, session: Any) -> Any:  # noqa: ANN401 - see `Token`
        import pkcs11  # noqa: PLC0415 - an extra

        try:
            return session.get_key(
                object_class=pkcs11.ObjectClass.SECRET_KEY,
                key_type=pkcs11.KeyType.AES,
                label=self.key,
            )
        except pkcs11.NoSuchKey:
            raise KeysUnavailable("E-KEYS-018", token=self.token.label, key=self.key) from None
        except pkcs11.PKCS11Error:
            raise KeysUnavailable("E-KEYS-016", token=self.token.label) from None

    def wrap(self, material: bytes, bound: bytes) -> bytes:
        import pkcs11  # noqa: PLC0415 - an extra

        nonce = self._chance(NONCE)
        how = {
            "mechanism": pkcs11.Mechanism.AES_GCM,
            "mechanism_param": pkcs11.GCMParams(nonce, bound, _TAG_BITS),
        }
        with self.token.session() as session:
            key = self._key(session)
            try:
                return nonce + bytes(key.encrypt(material, **how))
            except pkcs11.PKCS11Error:
                raise KeysUnavailable("E-KEYS-016", token=self.token.label) from None

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        import pkcs11  # noqa: PLC0415 - an extra

        how = {
            "mechanism": pkcs11.Mechanism.AES_GCM,
            "mechanism_param": pkcs11.GCMParams(wrapped[:NONCE], bound, _TAG_BITS),
        }
        with self.token.session() as session:
            key = self._key(session)
            try:
                return bytes(key.decrypt(wrapped[NONCE:], **how))
            except pkcs11.PKCS11Error:
                self._key(session)  # tokens give one error for a wrong tag and for being gone
                raise KeysUnavailable("E-KEYS-011") from None

    def made(self) -> TokenKek:
        """Make the key in the token, if it is not there; it cannot be read out.

        Raises:
            KeysUnavailable: the token makes no such key (E-KEYS-016).
        """
        import pkcs11  # noqa: PLC0415 - an extra

        with self.token.session(write=True) as session:
            try:
                self._key(session)
            except KeysUnavailable as error:
                if error.code != "E-KEYS-018":
                    raise
                try:
                    session.generate_key(
                        pkcs11.KeyType.AES,
                        _KEK_BITS,
                        label=self.key,
                        store=True,
                        capabilities=pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT,
                        template={
                            pkcs11.Attribute.SENSITIVE: True,
                            pkcs11.Attribute.EXTRACTABLE: False,
                        },
                    )
                except pkcs11.PKCS11Error:
                    raise KeysUnavailable("E-KEYS-016", token=self.token.label) from None
        return self

    def renewed(self) -> TokenKek:
        """Return the wrapping under a key made anew in the token: after ``name``, ``name-2``."""
        base, dash, number = self.key.rpartition("-")
        if dash and number.isascii() and number.isdecimal():
            return evolve(self, key=f"{base}-{int(number) + 1}").made()
        return evolve(self, key=f"{self.key}-2").made()


class TokenKeys(FileKeys):
    """The key store whose wrapping key is in a token: :class:`szunion.ports.keys.KeyStore`.

    It also reads a file whose wrapping key lies in the file; :meth:`rewrap` brings it into the
    token.
    """

    def __init__(self, path: Path, kek: TokenKek, *, chance: Callable[[int], bytes]) -> None:
        """Open the file at *path*, which is there; the token need not be."""
        self._kek = kek
        super().__init__(path=path, chance=chance)

    @classmethod
    def open_with(
        cls,
        path: str | Path,
        kek: TokenKek,
        *,
        profile: KeyProfile | None = None,
        at: datetime | None = None,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> TokenKeys:
        """Open the key file, making a new one, and the key in the token, where there is none.

        Raises:
            KeysUnavailable: the file cannot be read (E-KEYS-003, E-KEYS-004); or a new one is to
                be made and the token is not there (E-KEYS-016, E-KEYS-017).
            ConfigError: its keys are for other algorithms than *profile* says (E-KEYS-012).
        """
        file = Path(path)
        if not file.exists():
            kek.made()
            wanted = profile or KeyProfile.INTL
            keyset = new_keyset(kek, lambda _: chance(KEY_BYTES), wanted, at)
            keyfile.create(file, keyset, kek.told())
        store = cls(file, kek, chance=chance)
        store.check_profile(profile)
        return store

    def _wrapping_of(self, told: Mapping[str, str], path: Path) -> Wrapping:
        if told.get("kind") != KIND:
            return super()._wrapping_of(told, path)
        if told.get("token") != self._kek.token.label or not told.get("key"):
            raise KeysUnavailable("E-KEYS-018", token=self._kek.token.label, key="-")
        return evolve(self._kek, key=told["key"])

    def rewrap(self, wrapping: Wrapping | None = None) -> None:
        if wrapping is None and isinstance(self._wrapping, LocalKek):
            wrapping = self._kek.made()
        super().rewrap(wrapping)


def token_keys(config: Pkcs11Config, clock: Clock) -> TokenKeys:
    """Return the key store of these settings.

    Raises:
        ConfigError: no place of the PIN is named (E-KEYS-020), or the library is not installed
            (E-KEYS-022).
        KeysUnavailable: see :meth:`TokenKeys.open_with`.
    """
    try:
        import pkcs11  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise ConfigError("E-KEYS-022") from None
    kek = TokenKek(Token(config.module, config.token, pin_source(config)), config.key)
    return TokenKeys.open_with(config.file, kek, profile=chosen(config.crypto), at=clock.now())
