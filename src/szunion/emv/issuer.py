"""Know what a card issuer's host does online: check the cryptogram, answer, seal scripts.

Issuer host 发卡行主机. Master keys stay behind the `Vault`, a handful of methods behind which an
HSM can stand; `SoftwareVault` is the one for tests and simulations. Whether to approve is the
caller's decision: this module says whether the card is genuine (真卡), and makes the answer.

Spec: JR/T 0025.5, C and D; JR/T 0025.7, 11; JR/T 0025.17, 6 to 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from typing import NamedTuple, Protocol, final

from attrs import Factory, field, frozen

from szunion.emv import crypto, cryptogram, scripts
from szunion.emv.apdu import Command
from szunion.emv.crypto import Algorithm, MasterKeyOption, PreparedKey
from szunion.emv.cryptogram import PBOC_VERSIONS, Arpc, Session, Sm4Rules, Values, Version
from szunion.emv.errors import AuthenticationFailed, BadField, KeyRefused


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
    """Where issuer master keys live. An HSM adapter implements these four.

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
        mac = scripts.script_mac(
            session.algorithm,
            self._script_key(session, keys.mac),
            covered,
            rules.mac_length,
            rules.sm4,
        )
        return scripts.sealed(order, data, mac)

    def seal_pin(self, session: ScriptSession, pin: str, current: str | None) -> Command:
        """Make a sealed PIN CHANGE; *current* where the card shall check the old PIN too."""
        keys = self.issuer_keys(session.key_index, session.algorithm)
        rules = session.rules
        card_key = self._card_key(session, keys.ac if rules.pin_block_key_is_ac else keys.enc)
        block = scripts.pin_block(pin, card_key, current, rules.pin_block)
        order = scripts.change_pin(block, with_current=current is not None)
        return self.seal(session, order)


# --- decisions ------------------------------------------------------------------------------------


@unique
class NotGenuine(Enum):
    """Why a cryptogram does not count: 中文, English."""

    WRONG_CRYPTOGRAM = "密文不对", "the cryptogram is wrong"
    ATC_REPLAYED = "交易计数器没有增加", "the transaction counter did not rise"
    UNKNOWN_VERSION = "不认识的密文版本", "the cryptogram version is unknown"
    NOT_PBOC = "9F10 不是 PBOC 格式", "9F10 has not the form of PBOC"
    MISSING_DATA = "缺少密文的输入数据", "an input of the cryptogram is missing"
    NO_KEY = "没有对应的主密钥", "there is no master key of that index and algorithm"

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en


class _Seal(NamedTuple):
    """What a finding was made with; one altered by ``attrs.evolve`` no longer fits its seal."""

    ask: Ask
    kind: int


@final
@frozen(kw_only=True)
class Genuine:
    """A cryptogram that `IssuerHost.verify` found right; nobody else can make one."""

    ask: Ask
    kind: int
    """What the card decided at first: CVR byte 2, bits 6-5: 0 AAC, 1 TC, 2 ARQC."""
    _seal: object = field(repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self._seal, _Seal) or self._seal != (self.ask, self.kind):
            raise AuthenticationFailed(
                "AUTH", reason="FORGED", zh="只有发卡行主机能确认", en="only the host confirms"
            )


@frozen(kw_only=True)
class Answer:
    """What goes back to the terminal."""

    code: bytes
    """Authorisation response code 8A, two characters such as b"00"."""
    authentication: bytes
    """Tag 91 发卡行认证数据: ARPC, then the code: 10 bytes."""
    script: bytes = field(default=b"", repr=False)
    """A template 72, or nothing."""


@frozen(kw_only=True)
class IssuerHost:
    """An issuer's answers to its own PBOC cards.

    Args:
        vault: where the keys are.
        versions: third byte of 9F10 -> cryptogram version.
        script_rules: how scripts are sealed.
        sm4: how part 17 and its rivals are read.
    """

    vault: Vault
    versions: Mapping[int, Version] = PBOC_VERSIONS
    script_rules: scripts.Rules = scripts.PBOC
    sm4: Sm4Rules = cryptogram.PART_17

    def read(self, account: Account, values: Values) -> Ask | NotGenuine:
        """Put together what a message says: 9F10 names version, key index and algorithm."""
        iad = values.get(0x9F10)
        if iad is None:
            return NotGenuine.MISSING_DATA
        try:
            head = cryptogram.read_issuer_header(iad)
        except BadField:
            return NotGenuine.NOT_PBOC
        version = self.versions.get(head.cvn)
        if version is None:
            return NotGenuine.UNKNOWN_VERSION
        try:
            data = cryptogram.assemble(version, values)
            atc, claimed = values[0x9F36], values[0x9F26]
        except (BadField, KeyError):
            return NotGenuine.MISSING_DATA
        return Ask(
            account=account,
            algorithm=head.algorithm,
            key_index=head.key_index,
            version=version,
            atc=atc,
            unpredictable=values.get(0x9F37, b""),
            data=data,
            claimed=claimed,
            sm4=self.sm4,
        )

    def verify(
        self, account: Account, values: Values, *, last_atc: int = -1
    ) -> Genuine | NotGenuine:
        """Check a cryptogram, whatever its kind.

        Args:
            account: number and sequence number, from the message.
            values: the message's data elements by tag (9F26 9F10 9F36 9F37 and the inputs).
            last_atc: the highest ATC seen of this card; the new one must be above it.
        """
        ask = self.read(account, values)
        if isinstance(ask, NotGenuine):
            return ask
        try:
            right = self.vault.check(ask)
        except KeyRefused:
            return NotGenuine.NO_KEY
        return self._judged(ask, values, right=right, last_atc=last_atc)

    @staticmethod
    def _judged(ask: Ask, values: Values, *, right: bool, last_atc: int) -> Genuine | NotGenuine:
        if not right:
            return NotGenuine.WRONG_CRYPTOGRAM
        if int.from_bytes(ask.atc, "big") <= last_atc:
            return NotGenuine.ATC_REPLAYED
        kind = values[0x9F10][4] >> 4 & 3
        return Genuine(ask=ask, kind=kind, seal=_Seal(ask, kind))

    def answer(self, genuine: Genuine, code: bytes, script: tuple[Command, ...] = ()) -> Answer:
        """Make the answer for a genuine cryptogram: response code, tag 91, script.

        Raises:
            BadField: the code is not two bytes, or the cryptogram is not PBOC's.
            LimitExceeded: the script does not fit 128 bytes.
        """
        arpc = self.vault.respond(genuine.ask, _code(code), check=False)
        return _answered(arpc, code, script)

    def verify_and_answer(
        self, account: Account, values: Values, code: bytes, *, last_atc: int = -1
    ) -> tuple[Genuine, Answer] | NotGenuine:
        """Check and answer with one call of the vault, the way HSMs like it."""
        ask = self.read(account, values)
        if isinstance(ask, NotGenuine):
            return ask
        try:
            arpc = self.vault.respond(ask, _code(code))
        except KeyRefused:
            return NotGenuine.NO_KEY
        judged = self._judged(ask, values, right=arpc is not None, last_atc=last_atc)
        if isinstance(judged, NotGenuine):
            return judged
        return judged, _answered(arpc, code, ())

    def script_session(self, genuine: Genuine) -> ScriptSession:
        """Return what binds scripts to the transaction of *genuine*."""
        ask = genuine.ask
        return ScriptSession(
            account=ask.account,
            algorithm=ask.algorithm,
            key_index=ask.key_index,
            atc=ask.atc,
            first=ask.claimed,
            rules=self.script_rules,
            option=ask.option,
        )

    def script(self, genuine: Genuine, *orders: scripts.Order) -> tuple[Command, ...]:
        """Seal *orders* for the card of *genuine*, in order."""
        session = self.script_session(genuine)
        return tuple(self.vault.seal(session, order) for order in orders)

    def pin_script(self, genuine: Genuine, pin: str, current: str | None = None) -> Command:
        """Seal a PIN CHANGE for the card of *genuine*."""
        return self.vault.seal_pin(self.script_session(genuine), pin, current)


def _code(code: bytes) -> bytes:
    if len(code) != 2:
        raise BadField("FIELD-LENGTH", name="8A", want=2, got=len(code))
    return code


def _answered(arpc: bytes | None, code: bytes, script: tuple[Command, ...]) -> Answer:
    if arpc is None or len(arpc) != 8:
        raise BadField("FIELD-CONTENT", name="91", why="ARPC 8 || ARC 2")
    return Answer(
        code=code,
        authentication=arpc + code,
        script=scripts.pack(script) if script else b"",
    )
