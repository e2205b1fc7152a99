"""Know what a card issuer's host does online: check the cryptogram, answer, seal scripts.

Issuer host 发卡行主机. Master keys stay behind a `szunion.emv.vault.Vault`. Whether to approve is
the caller's decision: this module says whether a card is genuine (真卡), and makes the answer.

Spec: JR/T 0025.5, C and D; JR/T 0025.7, 11; JR/T 0025.17, 6 to 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from typing import NamedTuple, final

from attrs import field, frozen

from szunion.emv import crypto, cryptogram, scripts
from szunion.emv.apdu import Command
from szunion.emv.cryptogram import PBOC_VERSIONS, Amount, Sm4Rules, Values, Version
from szunion.emv.errors import AuthenticationFailed, BadField, KeyRefused
from szunion.emv.vault import Account, Ask, ScriptSession, Vault

# --- decisions ------------------------------------------------------------------------------------


@unique
class NotGenuine(Enum):
    """Why a cryptogram does not count: 中文, English."""

    WRONG_CRYPTOGRAM = "密文不对", "the cryptogram is wrong"
    ATC_REPLAYED = "交易计数器没有增加", "the transaction counter did not rise"
    UNKNOWN_VERSION = "不认识的密文版本", "the cryptogram version is unknown"
    NOT_PBOC = "9F10 不是 PBOC 格式", "9F10 has not the form of PBOC"
    MISSING_DATA = "缺少密文的输入数据", "an input of the cryptogram is missing"
    WRONG_ISSUER_DATA = "自定义数据的鉴别码不对", "the MAC of the issuer-defined data is wrong"
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

    def issuer_data(self, genuine: Genuine, values: Values) -> Mapping[Amount, int] | NotGenuine:
        """Return the amounts that the card added to 9F10, in fen, if their MAC is right.

        An empty mapping where the card added none, or static bytes without a MAC.

        Args:
            genuine: the finding about the same message.
            values: the message.
        """
        rest = values[0x9F10][cryptogram.ISSUER_HEADER :]
        told = cryptogram.ISSUER_DATA.get(rest[1]) if len(rest) > 1 else None
        if told is None or rest[0] != 5 + 5 * len(told) or len(rest) != rest[0] + 1:
            return {}
        amounts, mac = rest[2:-4], rest[-4:]
        covered = cryptogram.issuer_data_input(genuine.ask.atc, amounts)
        if not crypto.same(self.vault.mac(self.script_session(genuine), covered)[:4], mac):
            return NotGenuine.WRONG_ISSUER_DATA
        digits = [amounts[at : at + 5].hex() for at in range(0, len(amounts), 5)]
        if not all(text.isdecimal() for text in digits):
            return NotGenuine.WRONG_ISSUER_DATA
        return dict(zip(told, map(int, digits), strict=True))

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
