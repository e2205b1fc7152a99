"""Know where an issuer's master keys live, and what is asked of that place: 密钥库.

`Vault` is a handful of methods behind which an HSM (加密机) can stand; `SoftwareVault` holds test
keys in memory. Keys go in and never come out: what comes out are verdicts, answers and MACs.

Spec: JR/T 0025.7, 11; JR/T 0025.5, C and D; JR/T 0025.17, 6 to 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, final

from attrs import Factory, field, frozen

from szunion.emv import crypto, cryptogram, scripts
from szunion.emv.apdu import Command
from szunion.emv.crypto import Algorithm, MasterKeyOption, PreparedKey
from szunion.emv.cryptogram import Arpc, Session, Sm4Rules, Version
from szunion.emv.errors import KeyRefused

_METHOD_1: Final = Arpc.METHOD_1


@frozen(kw_only=True)
class Account:
    """Whose card it is, as far as keys go. The number does not print."""

    pan: str = field(repr=False)
    """12 to 19 digits."""
    psn: str | None = None
    """Two digits of 5F34; None counts as 00."""


@frozen(kw_only=True)
class MasterKeys:
    """One issuer's master keys (主密钥), 16 bytes each; or a card's own. They do not print."""

    ac: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    enc: bytes = field(repr=False)

    def for_card(
        self,
        algorithm: Algorithm,
        account: Account,
        option: MasterKeyOption = MasterKeyOption.A,
    ) -> MasterKeys:
        """Derive the card's three keys, as the personaliser does."""
        derived = (
            crypto.master_key(algorithm, key, account.pan, account.psn, option)
            for key in (self.ac, self.mac, self.enc)
        )
        ac, mac, enc = derived
        return MasterKeys(ac=ac, mac=mac, enc=enc)


@frozen(kw_only=True)
class Ask:
    """One cryptogram and all that it was made of, ready to be checked."""

    account: Account
    algorithm: Algorithm
    key_index: int
    version: Version
    atc: bytes
    unpredictable: bytes
    data: bytes = field(repr=False)
    """The assembled input, before padding."""
    claimed: bytes
    """The card's 8 bytes (9F26)."""
    option: MasterKeyOption = MasterKeyOption.A
    sm4: Sm4Rules = cryptogram.PART_17


@frozen(kw_only=True)
class ScriptSession:
    """What binds a script to one transaction: the card, its ATC, its first cryptogram."""

    account: Account
    algorithm: Algorithm
    key_index: int
    atc: bytes
    first: bytes
    """The cryptogram of the first GENERATE AC: the ARQC, or the AAC of a decline."""
    rules: scripts.Rules = scripts.PBOC
    option: MasterKeyOption = MasterKeyOption.A


class Vault(Protocol):
    """Where issuer master keys live. An HSM adapter implements these five.

    Each raises `KeyRefused` when there is no key of that index and algorithm.
    """

    def check(self, ask: Ask) -> bool:
        """Tell, in constant time, whether the cryptogram is right."""
        ...

    def respond(
        self, ask: Ask, code: bytes, proprietary: bytes = b"", *, check: bool = True
    ) -> bytes | None:
        """Return the ARPC for *code* (response code or CSU); None if the cryptogram is wrong."""
        ...

    def mac(self, session: ScriptSession, covered: bytes) -> bytes:
        """Return the MAC of one transaction over *covered*, as long as the rules say."""
        ...

    def seal(self, session: ScriptSession, order: scripts.Order) -> Command:
        """Encipher what is secret and add the MAC."""
        ...

    def seal_pin(self, session: ScriptSession, pin: str, current: str | None) -> Command:
        """Make a sealed PIN CHANGE; *current* where the card shall check the old PIN too."""
        ...


def _no_such_key(key_index: int, algorithm: Algorithm) -> KeyRefused:
    return KeyRefused(
        "KEY",
        reason="NO_SUCH_KEY",
        zh=f"没有索引为 {key_index:02X} 的 {algorithm.name} 主密钥",
        en=f"there is no {algorithm.name} master key of index {key_index:02X}",
    )


@final
@frozen
class SoftwareVault:
    """Issuer keys in memory: for tests, simulations and personalising test cards."""

    keys: Mapping[tuple[int, Algorithm], MasterKeys] = field(repr=False)
    """By key index (DKI) and algorithm."""
    _prepared: Mapping[tuple[int, Algorithm], PreparedKey] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(
            lambda self: {
                name: crypto.prepare(name[1], keys.ac) for name, keys in self.keys.items()
            },
            takes_self=True,
        ),
    )

    def issuer_keys(self, key_index: int, algorithm: Algorithm) -> MasterKeys:
        """Return the master keys of one index.

        Raises:
            KeyRefused: there are none.
        """
        found = self.keys.get((key_index, algorithm))
        if found is None:
            raise _no_such_key(key_index, algorithm)
        return found

    def _session(self, ask: Ask, method: Session) -> bytes:
        issuer_key = self._prepared.get((ask.key_index, ask.algorithm))
        if issuer_key is None:
            raise _no_such_key(ask.key_index, ask.algorithm)
        account = ask.account
        return cryptogram.session_key(
            method,
            ask.algorithm,
            crypto.master_key(ask.algorithm, issuer_key, account.pan, account.psn, ask.option),
            atc=ask.atc,
            unpredictable=ask.unpredictable,
            sm4=ask.sm4,
        )

    def _is_right(self, ask: Ask, key: bytes) -> bool:
        right = cryptogram.cryptogram(ask.algorithm, key, ask.data, ask.version.padding, ask.sm4)
        return crypto.same(right, ask.claimed)

    def check(self, ask: Ask) -> bool:
        """Tell, in constant time, whether the cryptogram is right."""
        return self._is_right(ask, self._session(ask, ask.version.session))

    def respond(
        self, ask: Ask, code: bytes, proprietary: bytes = b"", *, check: bool = True
    ) -> bytes | None:
        """Return the ARPC for *code* (response code or CSU); None if the cryptogram is wrong."""
        version = ask.version
        key = self._session(ask, version.session)
        if check and version.arpc is _METHOD_1 and version.arpc_session is None:
            return cryptogram.checked_arpc_1(
                ask.algorithm, key, ask.data, ask.claimed, code, version.padding, ask.sm4
            )
        if check and not self._is_right(ask, key):
            return None
        if version.arpc_session is not None:
            key = self._session(ask, version.arpc_session)
        if version.arpc is Arpc.METHOD_2:
            return cryptogram.arpc_2(key, ask.claimed, code, proprietary)
        return cryptogram.arpc_1(ask.algorithm, key, ask.claimed, code)

    def _script_key(self, session: ScriptSession, issuer_key: bytes) -> bytes:
        return cryptogram.session_key(
            session.rules.session,
            session.algorithm,
            self._card_key(session, issuer_key),
            atc=session.atc,
            cryptogram=session.first,
            sm4=session.rules.sm4,
        )

    @staticmethod
    def _card_key(session: ScriptSession, issuer_key: bytes) -> bytes:
        account = session.account
        return crypto.master_key(
            session.algorithm, issuer_key, account.pan, account.psn, session.option
        )

    def mac(self, session: ScriptSession, covered: bytes) -> bytes:
        """Return the MAC of one transaction over *covered*, as long as the rules say."""
        issuer_key = self.issuer_keys(session.key_index, session.algorithm).mac
        key = self._script_key(session, issuer_key)
        rules = session.rules
        return scripts.script_mac(session.algorithm, key, covered, rules.mac_length, rules.sm4)

    def seal(self, session: ScriptSession, order: scripts.Order) -> Command:
        """Encipher what is secret and add the MAC.

        Raises:
            BadField: the data do not fit a short command.
        """
        keys = self.issuer_keys(session.key_index, session.algorithm)
        rules, data = session.rules, order.data
        if order.secret:
            enc = self._script_key(session, keys.enc)
            data = scripts.encipher(session.algorithm, enc, data, rules.encipherment)
        covered = scripts.mac_input(order, data, session.atc, session.first, rules)
        return scripts.sealed(order, data, self.mac(session, covered))

    def seal_pin(self, session: ScriptSession, pin: str, current: str | None) -> Command:
        """Make a sealed PIN CHANGE; *current* where the card shall check the old PIN too."""
        keys = self.issuer_keys(session.key_index, session.algorithm)
        rules = session.rules
        card_key = self._card_key(session, keys.ac if rules.pin_block_key_is_ac else keys.enc)
        block = scripts.pin_block(pin, card_key, current, rules.pin_block)
        order = scripts.change_pin(block, with_current=current is not None)
        return self.seal(session, order)
